//! What a story says, in two languages: a table of sentences with places to fill.
//!
//! The table is a text, `words.txt`, so that whoever translates needs to know no Rust.

use crate::words::Language;

const TABLE: &str = include_str!("words.txt");

/// The sentence of `key` with its places filled. A key that is not there is said as it is: a
/// sentence that is missing must not be missed.
pub(super) fn fill(key: &str, values: &[(&str, String)], language: Language) -> String {
    let Some(text) = text(key, language) else {
        return format!("⟦{key}⟧");
    };
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    // In one pass, so that a value that looks like a place is not filled in turn.
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, left)) = after.split_once('}') else {
            break;
        };
        let value = values.iter().find(|(key, _)| *key == name);
        filled.push_str(value.map_or("⟦⟧", |(_, value)| value));
        rest = left;
    }
    filled.push_str(rest);
    filled
}

/// A word without places.
pub(super) fn word(key: &str, language: Language) -> String {
    fill(key, &[], language)
}

fn text(key: &str, language: Language) -> Option<&'static str> {
    let (_, ja, en) = table().find(|(name, _, _)| *name == key)?;
    Some(match language {
        Language::Ja => ja,
        Language::En => en,
    })
}

fn table() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let mut parts = line.split(" | ");
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(key), Some(ja), Some(en), None) => Some((key, ja, en)),
            (_, _, _, _) => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn places(text: &str) -> BTreeSet<&str> {
        let parts = text.split('{').skip(1);
        parts.map(|part| part.split_once('}').unwrap().0).collect()
    }

    #[test]
    fn every_sentence_is_there_once_in_both_languages_with_the_same_places() {
        let mut seen = BTreeSet::new();
        for (key, ja, en) in table() {
            assert!(seen.insert(key), "{key} is there twice");
            assert_eq!(places(ja), places(en), "{key}");
            assert!(en.is_ascii() && !ja.is_ascii(), "{key}");
        }
        let lines = TABLE
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert_eq!(lines.count(), seen.len(), "a line is no sentence");
    }

    #[test]
    fn every_sentence_that_is_told_is_in_the_table_and_none_is_left_over() {
        let code = [
            include_str!("../story.rs"),
            include_str!("cast.rs"),
            include_str!("custody.rs"),
            include_str!("tell.rs"),
            include_str!("verdict.rs"),
            include_str!("voice.rs"),
        ]
        .concat();
        let is_said = |key: &str| code.contains(&format!("\"{key}\""));
        let prefixes = ["field_", "tier_", "action_", "change_", "why_", "reason_"];
        for (key, _, _) in table() {
            let family = prefixes.iter().any(|prefix| key.starts_with(prefix));
            assert!(family || is_said(key), "{key} is never said");
        }
        for mark in ["say(", "word("] {
            for call in code.split(mark).skip(1) {
                let Some(literal) = call.trim_start().strip_prefix('"') else {
                    continue;
                };
                let key = literal.split('"').next().unwrap();
                assert!(
                    text(key, Language::En).is_some(),
                    "{key} is not in the table"
                );
            }
        }
    }

    #[test]
    fn every_word_of_the_ledger_has_one_of_the_people() {
        use wire::custody::SignInFault as Fault;
        use wire::standing::Mitigation;
        use wire::{Gap, ReasonCode, Tier};
        let spelled = |prefix: &str, word: &str| {
            let key = format!("{prefix}_{word}");
            assert!(text(&key, Language::Ja).is_some(), "{key}");
        };
        let reasons = [
            ReasonCode::Matched,
            ReasonCode::Policy,
            ReasonCode::Unregistered,
            ReasonCode::Expired,
            ReasonCode::Revoked,
            ReasonCode::NotYetValid,
            ReasonCode::Lost,
            ReasonCode::CloneSuspected,
            ReasonCode::NotStorage,
            ReasonCode::NoVisit,
            ReasonCode::RulesMissing,
            ReasonCode::RulesStale,
            ReasonCode::SelfTestFailed,
            ReasonCode::LedgerUnavailable,
            ReasonCode::ClockUntrusted,
        ];
        for reason in reasons.into_iter().chain(Gap::ALL.map(ReasonCode::from)) {
            spelled("reason", &crate::report::spelled(&reason));
        }
        for tier in [Tier::Block, Tier::Incomplete, Tier::Notice] {
            spelled("tier", &crate::report::spelled(&tier));
        }
        for action in Mitigation::ALL {
            spelled("action", &crate::report::spelled(&action));
        }
        for why in [
            Fault::Unknown,
            Fault::Ended,
            Fault::NotYetValid,
            Fault::WrongPin,
        ] {
            spelled("why", &crate::report::spelled(&why));
        }
    }

    #[test]
    fn a_value_that_looks_like_a_place_stays_as_it_is() {
        let values = [
            ("medium", "{way}".to_owned()),
            ("way", "in".to_owned()),
            ("claim", "}{".to_owned()),
        ];
        assert_eq!(
            fill("inserted", &values, Language::En),
            "The medium {way} was inserted (in): }{"
        );
        assert_eq!(word("nowhere", Language::Ja), "⟦nowhere⟧");
    }

    #[test]
    fn no_sentence_holds_a_word_of_the_verdict() {
        for word in ["使用禁止", "検査未完了", "PASS", "STOP", "NOT FINISHED"] {
            assert!(!TABLE.contains(word), "{word}");
        }
    }
}
