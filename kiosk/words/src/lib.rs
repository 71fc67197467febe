//! What findings and the ledger's entries are called, in Japanese and English: one table for the
//! screen, kioskctl and what is taken out of the ledger. Rules of YARA bring their own titles; this is for everything that the kiosk's own
//! readers find.
//!
//! The table is a text, `findings.txt`, so that whoever translates needs to know no Rust.

mod events;

pub use events::{EVENTS, event};

const TABLE: &str = include_str!("../findings.txt");

/// What a finding is called, and one sentence about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// A few words in Japanese.
    pub title_ja: &'static str,
    /// A few words in English.
    pub title_en: &'static str,
    /// One sentence in Japanese: why it matters and what to do.
    pub why_ja: &'static str,
    /// The same in English.
    pub why_en: &'static str,
}

/// The words for a rule of the kiosk's own readers; `None` for every other rule.
#[must_use]
pub fn of(rule: &str) -> Option<Words> {
    table()
        .find(|(name, _)| *name == rule)
        .map(|(_, said)| said)
}

/// Every rule of the table with its words, in the order of the table.
pub fn table() -> impl Iterator<Item = (&'static str, Words)> {
    let (mut why_ja, mut why_en) = ("", "");
    TABLE.lines().filter_map(move |line| {
        if line.starts_with('=') || line.starts_with('#') {
            (why_ja, why_en) = ("", "");
            return None;
        }
        let mut parts = line.split(" | ");
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(rule), Some(title_ja), Some(title_en), None) => {
                let said = Words {
                    title_ja,
                    title_en,
                    why_ja,
                    why_en,
                };
                Some((rule, said))
            }
            (_, _, _, _) => {
                if let Some(sentence) = line.strip_prefix("ja ") {
                    why_ja = sentence;
                } else if let Some(sentence) = line.strip_prefix("en ") {
                    why_en = sentence;
                }
                None
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_rule_a_sentence_a_group_or_a_comment() {
        for line in TABLE.lines().filter(|line| !line.is_empty()) {
            let known = ["#", "= ", "ja ", "en "]
                .iter()
                .any(|mark| line.starts_with(mark));
            assert!(known || line.split(" | ").count() == 3, "{line}");
        }
    }

    #[test]
    fn every_rule_is_there_once_with_both_languages_that_fit_the_screen() {
        let mut seen = BTreeSet::new();
        for (rule, said) in table() {
            assert!(seen.insert(rule), "{rule} is there twice");
            for text in [said.title_ja, said.title_en] {
                let cells: usize = text
                    .chars()
                    .map(|one| if one.is_ascii() { 1 } else { 2 })
                    .sum();
                // What a line of the screen has beside the kind of finding and how many.
                assert!((1..=36).contains(&cells), "{rule}: {cells} {text}");
                assert_eq!(text.trim(), text);
            }
            assert!(said.title_en.is_ascii() && said.why_en.is_ascii(), "{rule}");
            assert!(
                !said.title_ja.is_ascii() && !said.why_ja.is_ascii(),
                "{rule}"
            );
            assert!(said.why_ja.ends_with('。') && said.why_ja.matches('。').count() == 1);
            assert!(said.why_en.ends_with('.') && said.why_en.matches('.').count() == 1);
        }
        assert!(300 < seen.len(), "the table was not read");
    }

    #[test]
    fn no_title_and_no_sentence_holds_a_word_of_the_verdict() {
        for word in [
            "合格",
            "使用禁止",
            "検査未完了",
            "PASS",
            "STOP",
            "NOT FINISHED",
        ] {
            assert!(!TABLE.contains(word), "{word}");
        }
    }

    #[test]
    fn a_rule_of_somebody_else_has_no_words() {
        assert_eq!(of("havex_backdoor"), None);
        assert_eq!(of(""), None);
        assert_eq!(of("ja"), None);
        assert_eq!(
            of("zip_unlisted_member").unwrap().title_en,
            "Member that is not listed (zip)"
        );
    }
}
