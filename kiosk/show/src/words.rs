//! Everything the screen says, in both languages at once.

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;
use wire::view::OutOfService;
use wire::{Function, ReasonCode};

use crate::number;

const JA: &str = include_str!("../words/ja.ftl");
const EN: &str = include_str!("../words/en.ftl");

/// The two languages. Both are always on the screen, so there is nothing to choose.
pub struct Words {
    ja: FluentBundle<FluentResource>,
    en: FluentBundle<FluentResource>,
}

/// One statement in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Both {
    /// In Japanese.
    pub ja: String,
    /// In English.
    pub en: String,
}

impl Both {
    /// Both on one line.
    #[must_use]
    pub fn joined(&self) -> String {
        format!("{} / {}", self.ja, self.en)
    }
}

/// A statement whose two languages are known.
pub(crate) fn both(ja: &str, en: &str) -> Both {
    Both {
        ja: ja.to_owned(),
        en: en.to_owned(),
    }
}

impl Words {
    /// The words that are built into the program.
    #[must_use]
    pub fn new() -> Self {
        Self {
            ja: bundle("ja", JA),
            en: bundle("en", EN),
        }
    }

    /// What `key` says. A key that is missing shows itself as `⟨key⟩`: a screen that says a
    /// little too much is better than one that is gone.
    #[must_use]
    pub fn say(&self, key: &str) -> Both {
        self.with(key, &[])
    }

    /// What `key` says with numbers filled in.
    #[must_use]
    pub fn with(&self, key: &str, numbers: &[(&'static str, u64)]) -> Both {
        let mut arguments = FluentArgs::new();
        for (name, number) in numbers {
            arguments.set(*name, *number);
        }
        Both {
            ja: format(&self.ja, key, &arguments),
            en: format(&self.en, key, &arguments),
        }
    }

    /// Why a verdict is not PASS.
    #[must_use]
    pub fn reason(&self, code: ReasonCode, count: u64) -> Both {
        self.with(&format!("reason-{}", reason_key(code)), &[("count", count)])
    }

    /// What a device is besides storage.
    #[must_use]
    pub fn function(&self, function: Function) -> Both {
        self.say(function_key(function))
    }

    /// What the person does about it.
    #[must_use]
    pub fn next(&self, code: ReasonCode) -> Both {
        self.say(&format!("next-{}", reason_key(code)))
    }
}

impl Default for Words {
    fn default() -> Self {
        Self::new()
    }
}

/// The key's ending for a reason.
pub(crate) fn reason_key(code: ReasonCode) -> &'static str {
    match code {
        ReasonCode::Matched => "matched",
        ReasonCode::Policy => "policy",
        ReasonCode::Unregistered => "unregistered",
        ReasonCode::Expired => "expired",
        ReasonCode::Revoked => "revoked",
        ReasonCode::NotYetValid => "not-yet-valid",
        ReasonCode::Lost => "lost",
        ReasonCode::CloneSuspected => "clone-suspected",
        ReasonCode::NotStorage => "not-storage",
        ReasonCode::NoVisit => "no-visit",
        ReasonCode::Encrypted => "encrypted",
        ReasonCode::Unreadable => "unreadable",
        ReasonCode::Damaged => "damaged",
        ReasonCode::Unsupported => "unsupported",
        ReasonCode::Limit => "limit",
        ReasonCode::Timeout => "timeout",
        ReasonCode::Changed => "changed",
        ReasonCode::Removed => "removed",
        ReasonCode::RulesMissing => "rules-missing",
        ReasonCode::RulesStale => "rules-stale",
        ReasonCode::SelfTestFailed => "self-test-failed",
        ReasonCode::LedgerUnavailable => "ledger-unavailable",
        ReasonCode::ClockUntrusted => "clock-untrusted",
    }
}

/// The key of what a device is besides storage.
fn function_key(function: Function) -> &'static str {
    match function {
        Function::Keyboard => "function-keyboard",
        Function::Input => "function-input",
        Function::Network => "function-network",
        Function::Serial => "function-serial",
        Function::Phone => "function-phone",
        Function::Hub => "function-hub",
        Function::Wireless => "function-wireless",
        Function::Audio => "function-audio",
        Function::Video => "function-video",
        Function::Printer => "function-printer",
        Function::Other => "function-other",
    }
}

/// The key of why the kiosk is out of service.
pub(crate) fn out_key(why: OutOfService) -> &'static str {
    match why {
        OutOfService::Starting => "out-starting",
        OutOfService::Ledger => "out-ledger",
        OutOfService::Rules => "out-rules",
        OutOfService::Testing => "out-testing",
        OutOfService::SelfTest => "out-self-test",
        OutOfService::RulesStale => "out-rules-stale",
        OutOfService::Allowlist => "out-allowlist",
    }
}

fn bundle(language: &str, source: &str) -> FluentBundle<FluentResource> {
    // The language decides how things are counted; a test counts in both.
    let language: LanguageIdentifier = language.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new(vec![language]);
    // Otherwise every argument is wrapped in U+2068 and U+2069, which a terminal prints.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(|value, _| match value {
        FluentValue::Number(number) => Some(number::grouped(&number.as_string())),
        FluentValue::String(_)
        | FluentValue::Custom(_)
        | FluentValue::None
        | FluentValue::Error => None,
    }));
    // What parses is kept even if a line of it does not; a test holds that every line does.
    let resource = match FluentResource::try_new(source.to_owned()) {
        Ok(resource) | Err((resource, _)) => resource,
    };
    bundle.add_resource_overriding(resource);
    bundle
}

fn format(bundle: &FluentBundle<FluentResource>, key: &str, arguments: &FluentArgs<'_>) -> String {
    let pattern = bundle.get_message(key).and_then(|message| message.value());
    pattern.map_or_else(
        || format!("⟨{key}⟩"),
        |pattern| {
            bundle
                .format_pattern(pattern, Some(arguments), &mut Vec::new())
                .into_owned()
        },
    )
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
    use wire::Verdict;

    use super::*;

    #[test]
    fn both_languages_have_the_same_keys_and_variables() {
        let (ja, en) = (variables(JA), variables(EN));
        let keys = |words: &BTreeMap<String, _>| words.keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(keys(&ja), keys(&en));
        for (key, japanese) in &ja {
            let english = &en[key];
            // A sentence about one thing may leave its number out; it may not invent one.
            assert_eq!(japanese, english, "{key}");
        }
    }

    #[test]
    fn no_sentence_holds_a_verdict_word() {
        for verdict in [Verdict::Pass, Verdict::Stop, Verdict::Incomplete] {
            for source in [JA, EN] {
                assert!(!source.contains(verdict.word_ja()), "{verdict:?}");
                assert!(!source.contains(verdict.word_en()), "{verdict:?}");
                assert!(!source.contains(verdict.shape()), "{verdict:?}");
            }
        }
    }

    #[test]
    fn every_reason_has_words_and_a_next_step_in_both_languages() {
        let words = Words::new();
        for code in crate::fixtures::REASONS {
            for count in [1, 2, 1234] {
                for both in [words.reason(code, count), words.next(code)] {
                    for text in [&both.ja, &both.en] {
                        assert!(
                            !text.is_empty() && !text.contains(['⟨', '{', '\u{2068}']),
                            "{text}"
                        );
                    }
                    assert!(both.en.is_ascii(), "{}", both.en);
                    assert!(!both.ja.is_ascii(), "{}", both.ja);
                }
            }
        }
    }

    #[test]
    fn every_function_has_words_in_both_languages() {
        let words = Words::new();
        for function in [
            Function::Keyboard,
            Function::Input,
            Function::Network,
            Function::Serial,
            Function::Phone,
            Function::Hub,
            Function::Wireless,
            Function::Audio,
            Function::Video,
            Function::Printer,
            Function::Other,
        ] {
            let both = words.function(function);
            assert!(!both.ja.contains('⟨') && !both.ja.is_ascii(), "{}", both.ja);
            assert!(!both.en.contains('⟨') && both.en.is_ascii(), "{}", both.en);
        }
    }

    #[test]
    fn numbers_are_grouped_and_counted_as_each_language_counts() {
        let words = Words::new();
        assert_eq!(words.with("files", &[("count", 1)]).en, "file");
        assert_eq!(words.with("files", &[("count", 0)]).en, "files");
        assert_eq!(
            words.with("more-reasons", &[("count", 12_960)]).en,
            "12,960 more"
        );
        assert_eq!(
            words.with("age-days", &[("days", 0)]).joined(),
            "今日 / today"
        );
    }

    #[test]
    fn a_missing_key_shows_itself() {
        assert_eq!(Words::new().say("nothing").ja, "⟨nothing⟩");
    }

    fn variables(source: &str) -> BTreeMap<String, BTreeSet<String>> {
        let resource = fluent_syntax::parser::parse(source).expect("every line parses");
        let mut found = BTreeMap::new();
        for entry in resource.body {
            if let Entry::Message(message) = entry {
                let mut names = BTreeSet::new();
                collect(
                    message.value.as_ref().expect("a message says something"),
                    &mut names,
                );
                assert!(found.insert(message.id.name.to_owned(), names).is_none());
            }
        }
        found
    }

    fn collect(pattern: &Pattern<&str>, names: &mut BTreeSet<String>) {
        for element in &pattern.elements {
            let PatternElement::Placeable { expression } = element else {
                continue;
            };
            let selector = match expression {
                Expression::Inline(inline) => inline,
                Expression::Select { selector, variants } => {
                    for variant in variants {
                        collect(&variant.value, names);
                    }
                    selector
                }
            };
            if let InlineExpression::VariableReference { id } = selector {
                names.insert(id.name.to_owned());
            }
        }
    }
}
