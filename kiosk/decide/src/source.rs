//! Texts that people write, and errors that say where in them and what to do.

use serde::de::DeserializeOwned;
use toml::Spanned;
use wire::Interface;

use crate::allowlist::ID_BYTES_MAX;

/// A place in a text, as editors count: both from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl std::fmt::Display for LineColumn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a text that a person wrote was refused. Every message is safe to print.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Longer than its limit; nothing of it was read.
    #[error(
        "the text of {bytes} bytes is longer than {bytes_max}; remove what is no longer needed"
    )]
    TooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        bytes_max: usize,
    },
    /// One place in it is wrong.
    #[error("{at}: {what}; {next}")]
    Malformed {
        /// Where.
        at: LineColumn,
        /// What is wrong.
        what: String,
        /// What the person should do.
        next: String,
    },
    /// Two places contradict each other.
    #[error("{at}: {what} is already used at {first}; {next}")]
    Duplicate {
        /// The second use.
        at: LineColumn,
        /// The first use.
        first: LineColumn,
        /// What is used twice.
        what: String,
        /// What the person should do.
        next: String,
    },
}

impl ListError {
    /// Where in the text; its beginning when the whole text is refused.
    #[must_use]
    pub fn at(&self) -> LineColumn {
        match self {
            Self::TooLong { .. } => LineColumn { line: 1, column: 1 },
            Self::Malformed { at, .. } | Self::Duplicate { at, .. } => *at,
        }
    }

    /// The message as compilers and editors write it: `allowlist.toml:4:16: what; next`.
    #[must_use]
    pub fn in_file(&self, file: &str) -> String {
        let at = self.at();
        let text = match self {
            Self::TooLong { .. } => self.to_string(),
            Self::Malformed { what, next, .. } => format!("{what}; {next}"),
            Self::Duplicate {
                first, what, next, ..
            } => {
                format!("{what} is already used at {first}; {next}")
            }
        };
        format!("{}:{}:{}: {text}", safe(file), at.line, at.column)
    }
}

/// A text with the places of its values.
pub(crate) struct Text<'t>(&'t str);

impl<'t> Text<'t> {
    /// Reads `text` as TOML into `Raw`, with the places of what `Raw` wraps in [`Spanned`].
    pub(crate) fn read<Raw: DeserializeOwned>(
        text: &'t str,
        bytes_max: usize,
    ) -> Result<(Self, Raw), ListError> {
        if bytes_max < text.len() {
            return Err(ListError::TooLong {
                bytes: text.len(),
                bytes_max,
            });
        }
        let source = Self(text);
        match toml::from_str(text) {
            Ok(raw) => Ok((source, raw)),
            Err(error) => Err(ListError::Malformed {
                at: source.locate(error.span().map_or(0, |span| span.start)),
                what: safe(&without_values(error.message())),
                next: next_step(error.message()).to_owned(),
            }),
        }
    }

    /// The place of a value. It reads the text from its beginning: for errors only.
    pub(crate) fn at<T>(&self, value: &Spanned<T>) -> LineColumn {
        self.locate(value.span().start)
    }

    /// An error about a value.
    pub(crate) fn refuse<T>(
        &self,
        value: &Spanned<T>,
        what: impl AsRef<str>,
        next: impl Into<String>,
    ) -> ListError {
        ListError::Malformed {
            at: self.at(value),
            what: safe(what.as_ref()),
            next: next.into(),
        }
    }

    /// An error about a value that stands in two places.
    pub(crate) fn twice<T>(
        &self,
        first: &Spanned<T>,
        second: &Spanned<T>,
        what: String,
        next: &str,
    ) -> ListError {
        let (first, at) = (self.at(first), self.at(second));
        ListError::Duplicate {
            at,
            first,
            what,
            next: next.to_owned(),
        }
    }

    /// A USB vendor or product id: four hexadecimal digits in quotes, with or without `0x`.
    /// TOML numbers are not taken, because 0951 is none and 951 would mean another id.
    pub(crate) fn usb_id(&self, value: &Spanned<String>) -> Result<u16, ListError> {
        let digits = value
            .get_ref()
            .strip_prefix("0x")
            .unwrap_or(value.get_ref());
        let four = digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        four.then(|| u16::from_str_radix(digits, 16).ok())
            .flatten()
            .ok_or_else(|| {
                self.refuse(
                    value,
                    "a USB id must be four hexadecimal digits",
                    "write it as lsusb shows it, in quotes: \"0951\"",
                )
            })
    }

    /// The interfaces of one device, 1 to [`wire::claim::INTERFACES_MAX`].
    pub(crate) fn interfaces(
        &self,
        list: &Spanned<Vec<Spanned<String>>>,
    ) -> Result<Vec<Interface>, ListError> {
        let count = list.get_ref().len();
        if !(1..=wire::claim::INTERFACES_MAX).contains(&count) {
            let what = format!(
                "{count} interfaces; a device has 1 to {}",
                wire::claim::INTERFACES_MAX
            );
            return Err(self.refuse(list, what, "write them as [\"08:06:50\"]"));
        }
        list.get_ref()
            .iter()
            .map(|item| {
                Interface::try_from(item.get_ref().clone())
                    .map_err(|what| self.refuse(item, what, "08:06:50 is what most sticks have"))
            })
            .collect()
    }

    /// An id that people write on a label: letters, digits and `. _ -`.
    pub(crate) fn id(&self, value: &Spanned<String>) -> Result<String, ListError> {
        let id = value.get_ref();
        let letters = id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        if letters && (1..=ID_BYTES_MAX).contains(&id.len()) {
            return Ok(id.clone());
        }
        let what = format!("an id must be 1 to {ID_BYTES_MAX} of A-Z a-z 0-9 . _ -");
        Err(self.refuse(value, what, "write it as on the label: \"M-0001\""))
    }

    /// A number from 1 to `most`.
    pub(crate) fn number(&self, value: &Spanned<u64>, most: u64) -> Result<u64, ListError> {
        let number = *value.get_ref();
        if (1..=most).contains(&number) {
            return Ok(number);
        }
        let what = format!("{number} is outside 1 to {most}");
        Err(self.refuse(value, what, "choose a number in that range"))
    }

    /// One line for people: not empty, at most `bytes_max` bytes, and nothing hidden in it.
    pub(crate) fn line(
        &self,
        value: &Spanned<String>,
        bytes_max: usize,
    ) -> Result<String, ListError> {
        let text = value.get_ref();
        if text.trim().is_empty() {
            return Err(self.refuse(
                value,
                "the text is empty",
                "write it, or remove the key if it is optional",
            ));
        }
        if bytes_max < text.len() {
            let what = format!(
                "the text of {} bytes is longer than {bytes_max}",
                text.len()
            );
            return Err(self.refuse(value, what, "shorten it"));
        }
        if text.chars().any(wire::name::is_hidden) {
            return Err(self.refuse(
                value,
                "the text holds a character that cannot be seen",
                "type it again by hand, on one line",
            ));
        }
        Ok(text.clone())
    }

    fn locate(&self, offset_bytes: usize) -> LineColumn {
        let head = self.0.get(..offset_bytes).unwrap_or(self.0);
        let last = head.rsplit('\n').next().unwrap_or(head);
        // A byte order mark takes no column on any editor's screen.
        let columns = last
            .chars()
            .filter(|&character| character != '\u{FEFF}')
            .count();
        LineColumn {
            line: head.matches('\n').count().saturating_add(1),
            column: columns.saturating_add(1),
        }
    }
}

/// A message of the TOML reader, which may quote the text, made safe to print on one line.
fn safe(message: &str) -> String {
    let one_line = message.trim().replace('\n', ", ");
    wire::name::line(&one_line)
}

/// A message without what somebody wrote as a value: it may be a code or a PIN, and errors go to
/// places that those do not.
fn without_values(message: &str) -> String {
    let of_a_value = ["invalid type: ", "invalid value: "];
    let mut starts = of_a_value.iter();
    let Some(start) = starts.find(|start| message.starts_with(*start)) else {
        return message.to_owned();
    };
    let found = message.get(start.len()..).unwrap_or_default();
    let kind = found.split(['`', '"', ',']).next().unwrap_or_default();
    let expected = message.rsplit_once(", expected ").map(|(_, what)| what);
    let expected = expected.unwrap_or("another value");
    format!("{start}{}, expected {expected}", kind.trim())
}

fn next_step(message: &str) -> &'static str {
    if message.starts_with("unknown field") {
        "remove the key or correct its spelling"
    } else if message.starts_with("missing field") {
        "add the key"
    } else if message.starts_with("unknown variant") {
        "choose one of the values named"
    } else if message.starts_with("invalid type") || message.starts_with("invalid value") {
        "correct the value as the sample file shows it"
    } else {
        "correct this line"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Raw {
        text: Spanned<String>,
    }

    #[test]
    fn a_place_is_counted_in_lines_and_characters_from_one() {
        let (source, raw) = Text::read::<Raw>("# 点検\r\n  text = \"x\"\n", 99).unwrap();
        assert_eq!(
            source.at(&raw.text),
            LineColumn {
                line: 2,
                column: 10
            }
        );
    }

    #[test]
    fn a_byte_order_mark_moves_no_column() {
        let (source, raw) = Text::read::<Raw>("\u{FEFF}text = \"x\"", 99).unwrap();
        assert_eq!(source.at(&raw.text), LineColumn { line: 1, column: 8 });
    }

    #[test]
    fn a_message_names_file_line_column_fault_and_next_step() {
        let error = Text::read::<Raw>("text = \"x\"\nserail = 1\n", 99)
            .err()
            .unwrap();
        assert_eq!(
            error.in_file("kiosk.toml"),
            "kiosk.toml:2:1: unknown field `serail`, expected `text`; remove the key or correct its spelling"
        );
        assert!(
            error
                .to_string()
                .starts_with("line 2, column 1: unknown field")
        );
    }

    #[test]
    fn a_key_with_control_characters_cannot_drive_the_terminal() {
        let error = Text::read::<Raw>("\"\\u001b[2J\\u202e\" = 1\n", 99)
            .err()
            .unwrap();
        let shown = error.in_file("a\u{1b}.toml");
        assert!(!shown.chars().any(wire::name::is_hidden), "{shown:?}");
        assert!(shown.contains("⟨U+001B⟩[2J"), "{shown}");
    }

    #[test]
    fn a_value_that_is_none_is_not_repeated() {
        for (text, says) in [
            ("text = 148213", "integer"),
            ("text = 14.5", "float"),
            ("text = true", "boolean"),
            ("text = 2026-11-26", "expected a string"),
        ] {
            let error = Text::read::<Raw>(text, 99).err().unwrap().to_string();
            let value = text.rsplit(' ').next().unwrap();
            assert!(!error.contains(value), "{says}: {error}");
            assert!(error.contains("expected"), "{error}");
        }
        // A word that is none of the known ones is named: it says which are.
        let error = Text::read::<Raw>("word = 1", 99).err().unwrap().to_string();
        assert!(error.contains("`word`"), "{error}");
    }

    #[test]
    fn a_text_past_its_limit_is_not_read() {
        let error = Text::read::<Raw>("text = \"xx\"", 10).err().unwrap();
        assert_eq!(
            error,
            ListError::TooLong {
                bytes: 11,
                bytes_max: 10
            }
        );
    }

    #[test]
    fn a_usb_id_is_four_hexadecimal_digits_in_quotes() {
        let id = |text: &str| {
            let toml = format!("text = \"{text}\"");
            let (source, raw) = Text::read::<Raw>(&toml, 99).unwrap();
            source.usb_id(&raw.text).ok()
        };
        assert_eq!(id("0951"), Some(0x0951));
        assert_eq!(id("0x0AbC"), Some(0x0abc));
        for bad in ["", "951", "00951", "0x951", "+951", "g951", "0x0x0951"] {
            assert_eq!(id(bad), None, "{bad:?}");
        }
    }
}
