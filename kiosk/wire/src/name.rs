//! Bytes that a medium chose: file names, paths, labels, USB strings.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest name or path kept, in bytes. Linux's `PATH_MAX`; every message that carries one
/// is bounded by it. What is longer is cut by [`MediumName::cut`] and its file is not examined.
pub const NAME_BYTES_MAX: usize = 4096;

/// A name, path, label or string exactly as the medium spelled it: any bytes, at most
/// [`NAME_BYTES_MAX`]. Paths separate their parts with `/`.
///
/// It has no `Display`: [`MediumName::escaped`] is the only spelling for people.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediumName(Vec<u8>);

/// Why a text from outside cannot become a name.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// Longer than [`NAME_BYTES_MAX`].
    #[error("name of {0} bytes is longer than {NAME_BYTES_MAX}")]
    TooLong(usize),
    /// The `hex` form holds something else than pairs of hexadecimal digits.
    #[error("name in hexadecimal form is malformed")]
    Hex,
}

impl MediumName {
    /// Takes the bytes as they are.
    ///
    /// # Errors
    /// [`TextError::TooLong`] above [`NAME_BYTES_MAX`].
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, TextError> {
        let bytes = bytes.into();
        if NAME_BYTES_MAX < bytes.len() {
            return Err(TextError::TooLong(bytes.len()));
        }
        Ok(Self(bytes))
    }

    /// Takes at most [`NAME_BYTES_MAX`] bytes and tells whether any were left out.
    #[must_use]
    pub fn cut(bytes: &[u8]) -> (Self, bool) {
        match bytes.get(..NAME_BYTES_MAX) {
            Some(head) if head.len() < bytes.len() => (Self(head.to_vec()), true),
            Some(_) | None => (Self(bytes.to_vec()), false),
        }
    }

    /// The bytes as the medium spelled them: for hashing, comparing and storing only.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name as text when it is valid UTF-8, which does not make it safe to print.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// For people: readable letters of any script as they are; control, bidirectional and
    /// zero-width characters and invalid bytes as visible escapes (`⟨U+202E⟩`, `⟨FF⟩`).
    /// Safe on a terminal, in a table and in a log line.
    #[must_use]
    pub fn escaped(&self) -> Escaped<'_> {
        Escaped(&self.0)
    }

    /// Whether it holds a character that hides or reorders what a person reads, or bytes
    /// that are no text: the reason for a finding.
    #[must_use]
    pub fn is_deceptive(&self) -> bool {
        self.as_text()
            .is_none_or(|text| text.chars().any(is_hidden))
    }
}

impl fmt::Debug for MediumName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediumName({})", self.escaped())
    }
}

/// The printable spelling of a [`MediumName`].
pub struct Escaped<'a>(&'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                if is_hidden(character) {
                    write!(f, "⟨U+{:04X}⟩", u32::from(character))?;
                } else {
                    fmt::Write::write_char(f, character)?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "⟨{byte:02X}⟩")?;
            }
        }
        Ok(())
    }
}

/// Control, bidirectional, zero-width and other characters that a person cannot see or that
/// move what they see. Source: Unicode 16, general categories Cc, Cf, Zl, Zp, and the
/// variation selectors and fillers that render as nothing.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{110BD}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// In a message: a plain string when that is exact and costs at most twice its bytes, else
/// `{"hex": "..."}`, so that any bytes survive the trip.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Spelling<'a> {
    Text(Cow<'a, str>),
    Hex { hex: String },
}

impl Serialize for MediumName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_text() {
            Some(text) if !text.chars().any(char::is_control) => {
                Spelling::Text(Cow::Borrowed(text)).serialize(serializer)
            }
            Some(_) | None => Spelling::Hex { hex: hex(&self.0) }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for MediumName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = match Spelling::deserialize(deserializer)? {
            Spelling::Text(text) => text.into_owned().into_bytes(),
            Spelling::Hex { hex } => {
                unhex(&hex).ok_or_else(|| serde::de::Error::custom(TextError::Hex))?
            }
        };
        Self::new(bytes).map_err(serde::de::Error::custom)
    }
}

/// A text of somebody else's on one printable line, with nothing hidden in it.
#[must_use]
pub fn line(text: &str) -> String {
    MediumName::cut(text.as_bytes()).0.escaped().to_string()
}

/// [`line`], and what is past `bytes_max` bytes is cut off.
#[must_use]
pub fn line_within(text: &str, bytes_max: usize) -> String {
    let mut line = line(text);
    line.truncate(line.floor_char_boundary(bytes_max));
    line
}

/// An error and its causes in one printable line: messages can quote what a medium spelled.
#[must_use]
pub fn explained(error: &dyn std::error::Error) -> String {
    let text = with_causes(error);
    line(&text)
}

/// An error and its causes as their messages are, which may be several lines and is not safe
/// to print: for callers that escape each line themselves.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// Lower-case hexadecimal digits of `bytes`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The bytes that `digits` spell, or `None` when they are not pairs of lower- or upper-case
/// hexadecimal digits.
#[must_use]
pub fn unhex(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> MediumName {
        MediumName::new(text).unwrap()
    }

    #[test]
    fn readable_letters_of_any_script_stay_readable() {
        let name = named("点検記録/ﾊﾞｯｸｱｯﾌﾟ é.txt");
        assert_eq!(name.escaped().to_string(), "点検記録/ﾊﾞｯｸｱｯﾌﾟ é.txt");
        assert!(!name.is_deceptive());
    }

    #[test]
    fn what_hides_or_reorders_is_spelled_out() {
        let name = named("a\u{202E}gpj\u{200B}\u{1b}[2J\n\u{9b}.exe");
        assert_eq!(
            name.escaped().to_string(),
            "a⟨U+202E⟩gpj⟨U+200B⟩⟨U+001B⟩[2J⟨U+000A⟩⟨U+009B⟩.exe"
        );
        assert!(name.is_deceptive());
    }

    #[test]
    fn bytes_that_are_no_text_are_spelled_out_and_survive_a_message() {
        let name = MediumName::new([b'a', 0xff, 0xe3, 0x81]).unwrap();
        assert_eq!(name.escaped().to_string(), "a⟨FF⟩⟨E3⟩⟨81⟩");
        let sent = serde_json::to_string(&name).unwrap();
        assert_eq!(serde_json::from_str::<MediumName>(&sent).unwrap(), name);
    }

    #[test]
    fn control_characters_cost_two_bytes_each_in_a_message() {
        let name = named(&"\u{1}".repeat(1000));
        assert!(serde_json::to_string(&name).unwrap().len() < 2100);
    }

    #[test]
    fn a_name_past_the_limit_is_refused_or_cut_with_notice() {
        let long = vec![b'x'; NAME_BYTES_MAX + 1];
        assert!(matches!(
            MediumName::new(long.clone()),
            Err(TextError::TooLong(4097))
        ));
        assert_eq!(MediumName::cut(&long).0.as_bytes().len(), NAME_BYTES_MAX);
        assert!(MediumName::cut(&long).1);
        assert!(!MediumName::cut(b"short").1);
    }
}
