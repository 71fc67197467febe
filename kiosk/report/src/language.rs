//! The two languages. A text without one of them does not compile.

/// In which language a page is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Japanese.
    Ja,
    /// English.
    En,
}

impl Language {
    /// Both, in the order in which a page with both has them.
    pub const ALL: [Self; 2] = [Self::Ja, Self::En];

    /// As HTML's `lang` spells it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }
}

/// One text in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) ja: &'static str,
    pub(crate) en: &'static str,
}

impl Text {
    /// The text in one language.
    pub(crate) const fn say(self, language: Language) -> &'static str {
        match language {
            Language::Ja => self.ja,
            Language::En => self.en,
        }
    }
}

/// A text in both languages.
pub(crate) const fn text(ja: &'static str, en: &'static str) -> Text {
    Text { ja, en }
}
