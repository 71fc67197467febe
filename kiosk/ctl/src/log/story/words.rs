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
        let Some((name, left)) = after.split_once('}') else {
            break;
        };
        let value = values.iter().find(|(key, _)| *key == name);
        let value = value.map_or("⟦⟧", |(_, value)| value);
        // A blank divides Latin letters from Japanese ones, and is none of Japanese.
        filled.push_str(before);
        if language == Language::Ja && is_wide(value.chars().next()) {
            close(&mut filled);
        }
        filled.push_str(value);
        rest = left;
        if language == Language::Ja
            && is_wide(value.chars().next_back())
            && let Some(short) = left.strip_prefix(' ')
            && is_wide(short.chars().next())
        {
            rest = short;
        }
    }
    filled.push_str(rest);
    // How a medium is spoken of begins with a small letter; what it is called is left as it is.
    match filled.strip_prefix("the ") {
        Some(after) if text.starts_with("{the_medium}") => format!("The {after}"),
        Some(_) | None => filled,
    }
}

/// Takes a blank behind a Japanese letter off the end.
fn close(text: &mut String) {
    let short = text.strip_suffix(' ');
    if short.is_some_and(|short| is_wide(short.chars().next_back())) {
        text.pop();
    }
}

/// Whether a letter is one of those that Japanese is written with, or its brackets.
fn is_wide(letter: Option<char>) -> bool {
    letter.is_some_and(|letter| {
        !letter.is_ascii() && (letter.is_alphanumeric() || "（）「」".contains(letter))
    })
}

/// An English sentence of the kiosk's own for staff, in Japanese: those lines of the table whose
/// key begins with `detail_` know its form. `None` for another one.
pub(super) fn translated(said: &str) -> Option<String> {
    let details = table().filter(|(key, _, _)| key.starts_with("detail_"));
    let mut known = details.filter_map(|(key, _, en)| Some((key, taken(said, en)?)));
    let (key, values) = known.next()?;
    let values: Vec<_> = values
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    Some(fill(key, &values, Language::Ja))
}

/// What stands at the places of a sentence in a text; `None` when the text is another one.
fn taken<'t>(said: &'t str, sentence: &'t str) -> Option<Vec<(&'t str, &'t str)>> {
    let mut values = Vec::new();
    let (begin, mut sentence) = sentence.split_once('{').unwrap_or((sentence, ""));
    let mut said = said.strip_prefix(begin)?;
    while let Some((name, rest)) = sentence.split_once('}') {
        let (literal, next) = rest.split_once('{').unwrap_or((rest, ""));
        let at = if literal.is_empty() {
            said.len()
        } else {
            said.find(literal)?
        };
        let (value, left) = said.split_at_checked(at)?;
        values.push((name, value));
        said = left.strip_prefix(literal)?;
        sentence = next;
    }
    said.is_empty().then_some(values)
}

/// A word without places.
pub(super) fn word(key: &str, language: Language) -> String {
    fill(key, &[], language)
}

/// The sentence of `key`, when there is one.
pub(super) fn known(key: &str, language: Language) -> Option<&'static str> {
    text(key, language)
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
            // What the kiosk says for staff may be said in fewer words.
            let is_detail = key.starts_with("detail_");
            assert!(places(ja) == places(en) || is_detail && places(ja).is_subset(&places(en)));
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
        let prefixes = [
            "field_", "tier_", "action_", "change_", "why_", "reason_", "detail_", "key_",
        ];
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
        let by = |by: &str| {
            fill(
                "visit_removed",
                &[("by", by.to_owned()), ("visit", "V".to_owned())],
                Language::Ja,
            )
        };
        assert_eq!(by("tanaka"), "tanaka が訪問 V を一覧から消した");
        assert_eq!(by("田中"), "田中が訪問 V を一覧から消した");
    }

    #[test]
    fn no_sentence_holds_a_word_of_the_verdict() {
        for word in ["使用禁止", "検査未完了", "PASS", "STOP", "NOT FINISHED"] {
            assert!(!TABLE.contains(word), "{word}");
        }
    }
}
