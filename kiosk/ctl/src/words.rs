//! What findings are called, in the language of whoever reads.
//!
//! One line names one thing in one language; the rule's own name comes first, because it is
//! what waivers, bundles and other programs go by.

use std::sync::LazyLock;

use wire::view::FirstFinding;
use wire::{Finding, Title};

/// The languages of people's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Language {
    /// 日本語
    Ja,
    /// English
    En,
}

impl Language {
    /// What the locale asks for.
    pub(crate) fn of_locale() -> Self {
        *LANGUAGE
    }
}

/// What the locale asks for: Japanese, or English for everything else.
static LANGUAGE: LazyLock<Language> = LazyLock::new(|| {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
    language(names.into_iter().find_map(set).as_deref())
});

fn language(locale: Option<&str>) -> Language {
    if locale.is_some_and(|locale| locale.starts_with("ja")) {
        Language::Ja
    } else {
        Language::En
    }
}

/// The rule with its title, as `rule "title"`; the rule alone when it has none.
pub(crate) fn named(finding: &Finding) -> String {
    named_in(finding, *LANGUAGE)
}

/// The same in one language.
pub(crate) fn named_in(finding: &Finding, language: Language) -> String {
    quoted(
        &finding.rule,
        title(&finding.rule, finding.title.as_deref(), language),
    )
}

/// The same for the first thing found.
pub(crate) fn first(first: &FirstFinding) -> String {
    let rule = first.cause.as_ref().unwrap_or(&first.rule);
    quoted(&first.rule, title(rule, first.title.as_deref(), *LANGUAGE))
}

/// The title and the sentence about it, for `log show`.
pub(crate) fn explained(finding: &Finding) -> Option<String> {
    let title = title(&finding.rule, finding.title.as_deref(), *LANGUAGE)?;
    let rule = escaped(&finding.rule);
    let sentence = words::of(&finding.rule).map(|said| match *LANGUAGE {
        Language::Ja => said.why_ja,
        Language::En => said.why_en,
    });
    Some(match sentence {
        Some(sentence) => format!("{rule}: {title}. {sentence}"),
        None => format!("{rule}: {title}"),
    })
}

fn quoted(rule: &str, title: Option<String>) -> String {
    let rule = escaped(rule);
    match title {
        Some(title) => format!("{rule} \"{title}\""),
        None => rule,
    }
}

fn title(rule: &str, own: Option<&Title>, language: Language) -> Option<String> {
    if let Some(own) = own {
        return Some(escaped(match language {
            Language::Ja => &own.ja,
            Language::En => &own.en,
        }));
    }
    let said = words::of(rule)?;
    Some(match language {
        Language::Ja => said.title_ja.to_owned(),
        Language::En => said.title_en.to_owned(),
    })
}

/// What a captured scanner may have written, with everything hidden spelled out.
fn escaped(text: &str) -> String {
    wire::name::line(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_chooses_the_language() {
        assert_eq!(language(Some("ja_JP.UTF-8")), Language::Ja);
        assert_eq!(language(Some("C.UTF-8")), Language::En);
        assert_eq!(language(None), Language::En);
    }

    #[test]
    fn a_rule_is_called_what_it_calls_itself_and_else_as_the_table_says() {
        let own = Title::cut("題", "a\u{1b}[2Jtitle");
        let said = |rule, own, language| title(rule, own, language);
        assert_eq!(said("x", own.as_ref(), Language::Ja).unwrap(), "題");
        let escaped = said("x", own.as_ref(), Language::En).unwrap();
        assert_eq!(escaped, "a⟨U+001B⟩[2Jtitle");
        assert_eq!(
            said("vba_macro", None, Language::Ja).unwrap(),
            "マクロ入りの文書"
        );
        assert_eq!(
            said("vba_macro", None, Language::En).unwrap(),
            "Document with macros"
        );
        assert_eq!(said("x", None, Language::En), None);
    }
}
