//! `overrides.toml`: what the rules of a set do when they find something, where their own
//! metadata does not say it or says something else.

use wire::rules::{Overrides, RuleTier};

/// Longest `overrides.toml`, in bytes: 24,659 rules of public sets, each with a reason, are 5 MB.
pub const OVERRIDES_TEXT_BYTES_MAX: usize = 16 << 20;

/// What a written one begins with.
const ABOUT: &str = "\
# What rules do when they find something. Of what is said of one rule the nearest counts: of the
# rule, of its file, its own metadata (tier = \"block\" or \"notice\"), `default` here; and without
# any of them it blocks. `off` rules find nothing. A name that the set does not have is an error.
";

/// Why an `overrides.toml` was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverridesError {
    /// Longer than its limit.
    #[error("the text is longer than {OVERRIDES_TEXT_BYTES_MAX} bytes; name files and not rules")]
    TooLong,
    /// It is not what it should be; says the line and column.
    #[error("{0}")]
    Malformed(String),
    /// A set of which nothing is left.
    #[error("default: a set whose rules are off finds nothing; say block or notice")]
    AllOff,
    /// Nobody could say later why.
    #[error("{0}: say the reason in a few words")]
    NoReason(String),
}

/// Reads it. Whether its names are those of rules, only the engine can say.
///
/// # Errors
/// [`OverridesError`] for the first thing that is wrong; nothing of the text is used then.
pub fn overrides(text: &str) -> Result<Overrides, OverridesError> {
    if OVERRIDES_TEXT_BYTES_MAX < text.len() {
        return Err(OverridesError::TooLong);
    }
    let overrides: Overrides =
        toml::from_str(text).map_err(|error| OverridesError::Malformed(error.to_string()))?;
    if overrides.default == Some(RuleTier::Off) {
        return Err(OverridesError::AllOff);
    }
    let files = overrides.file.iter().map(|one| (&one.file, &one.reason));
    let rules = overrides.rule.iter().map(|one| (&one.rule, &one.reason));
    for (name, reason) in files.chain(rules) {
        if reason.trim().is_empty() {
            return Err(OverridesError::NoReason(name.clone()));
        }
    }
    Ok(overrides)
}

/// Its text, with a few lines about it.
///
/// # Errors
/// [`OverridesError::Malformed`] for what cannot be written down; [`OverridesError::TooLong`].
pub fn overrides_text(overrides: &Overrides) -> Result<String, OverridesError> {
    let text =
        toml::to_string(overrides).map_err(|error| OverridesError::Malformed(error.to_string()))?;
    let text = format!("{ABOUT}\n{text}");
    if OVERRIDES_TEXT_BYTES_MAX < text.len() {
        return Err(OverridesError::TooLong);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::rules::{FileOverride, RuleOverride};

    #[test]
    fn what_was_written_is_read_again() {
        let written = Overrides {
            default: Some(RuleTier::Notice),
            relaxed_expressions: true,
            file: vec![FileOverride {
                file: "a/b.yar".to_owned(),
                tier: RuleTier::Off,
                reason: "of another plant".to_owned(),
            }],
            rule: vec![RuleOverride {
                rule: "one".to_owned(),
                file: None,
                tier: RuleTier::Block,
                reason: "\"quoted\"\n".to_owned(),
            }],
        };
        let text = overrides_text(&written).unwrap();
        assert_eq!(overrides(&text), Ok(written));
        let nothing = overrides_text(&Overrides::default()).unwrap();
        assert_eq!(overrides(&nothing), Ok(Overrides::default()));
    }

    #[test]
    fn what_says_less_than_it_must_is_refused() {
        let malformed = [
            "default = \"of\"",
            "[[rule]]\nrule = \"a\"\ntier = \"off\"\n",
            "[[rule]]\nrule = \"a\"\nreason = \"r\"\n",
            "[[rules]]",
        ];
        for text in malformed {
            let Err(OverridesError::Malformed(message)) = overrides(text) else {
                panic!("{text} was taken")
            };
            assert!(message.contains("line 1"), "{message}");
        }
        assert_eq!(overrides("default = \"off\""), Err(OverridesError::AllOff));
        for (kind, name) in [("file", "a.yar"), ("rule", "a")] {
            let text = format!("[[{kind}]]\n{kind} = \"{name}\"\ntier = \"off\"\nreason = \" \"\n");
            let refused = Err(OverridesError::NoReason(name.to_owned()));
            assert_eq!(overrides(&text), refused);
        }
    }

    #[test]
    fn a_text_past_its_limit_is_neither_read_nor_written() {
        let long = " ".repeat(OVERRIDES_TEXT_BYTES_MAX + 1);
        assert_eq!(overrides(&long), Err(OverridesError::TooLong));
        let file = vec![FileOverride {
            file: long,
            tier: RuleTier::Off,
            reason: String::new(),
        }];
        let written = overrides_text(&Overrides {
            file,
            ..Overrides::default()
        });
        assert_eq!(written, Err(OverridesError::TooLong));
    }
}
