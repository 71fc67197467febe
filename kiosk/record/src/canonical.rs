//! JSON that is safe to look at: what is hidden or moves text is never raw in it.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use wire::name::is_hidden;

/// `value` as one line of JSON without the line's end: no space outside strings, keys in the
/// order of the type, and every character that [`is_hidden`] as `\uXXXX`. The spelling is the
/// only one this kiosk writes, and any JSON reader gives the same value back.
///
/// # Errors
/// For values that JSON cannot hold; none of our types is one.
pub fn line(value: &impl Serialize) -> serde_json::Result<String> {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Printable))?;
    String::from_utf8(bytes).map_err(serde::ser::Error::custom)
}

/// serde_json's compact form with more escapes. What the standard makes it escape (quotes,
/// backslashes, characters below U+0020) never reaches `write_string_fragment`.
struct Printable;

impl Formatter for Printable {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, hidden)) = rest.char_indices().find(|(_, letter)| is_hidden(*letter)) {
            let (readable, from) = rest.split_at(at);
            writer.write_all(readable.as_bytes())?;
            for unit in hidden.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = from.strip_prefix(hidden).unwrap_or_default();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn readable_letters_stay_and_hidden_ones_are_spelled_out() {
        assert_eq!(
            line(&"点検 ﾊﾞ é\u{202e}\u{200b}\u{7f}\u{9b}\u{1b}\n\u{e0001}\"\\").unwrap(),
            r#""点検 ﾊﾞ é\u202e\u200b\u007f\u009b\u001b\n\udb40\udc01\"\\""#
        );
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_raw_and_nothing_is_lost(text in any::<String>()) {
            let written = line(&text).unwrap();
            prop_assert!(!written.chars().any(is_hidden));
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }
    }

    #[test]
    fn every_hidden_character_of_unicode_is_spelled_out() {
        let all: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        let written = line(&all).unwrap();
        assert!(!written.chars().any(is_hidden));
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), all);
    }
}
