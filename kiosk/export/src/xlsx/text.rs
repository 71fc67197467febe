//! Text in the XML of a workbook.

use wire::name::is_hidden;

/// Characters that no XML can hold, and that nobody else hides.
const UNHELD: [char; 2] = ['\u{fffe}', '\u{ffff}'];

/// The text with what XML cannot hold, and what is hidden, spelled out.
pub(super) fn held(text: &str) -> String {
    let mut held = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_hidden(letter) || UNHELD.contains(&letter) {
            held.push_str(&format!("⟨U+{:04X}⟩", u32::from(letter)));
        } else {
            held.push(letter);
        }
    }
    held
}

/// A text that XML can hold as the content of an element. Excel reads `_xHHHH_` as the character
/// of that number: where it stands in a name its first underscore is written so itself, and the
/// name stays what it is.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '_' if is_number(rest) => escaped.push_str("_x005F_"),
            letter => escaped.push(letter),
        }
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
    }
    escaped
}

/// Whether a text begins as Excel spells a character by its number.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix("_x").and_then(|rest| rest.get(..4));
    digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        && text.get(6..7) == Some("_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads it back as Excel does: first the XML, then the characters by number.
    fn read(xml: &str) -> String {
        let text = xml
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&amp;", "&");
        let mut plain = String::new();
        let mut rest = text.as_str();
        while let Some(letter) = rest.chars().next() {
            if is_number(rest) {
                let number = u32::from_str_radix(&rest[2..6], 16).unwrap();
                plain.push(char::from_u32(number).unwrap_or('\u{fffd}'));
                rest = &rest[7..];
            } else {
                plain.push(letter);
                rest = &rest[letter.len_utf8()..];
            }
        }
        plain
    }

    #[test]
    fn a_name_that_spells_a_character_by_number_stays_a_name() {
        assert_eq!(escaped("_x202E_.exe"), "_x005F_x202E_.exe");
        assert_eq!(escaped("__x000D__"), "__x005F_x000D__");
        assert_eq!(escaped("_x20_"), "_x20_");
        assert_eq!(
            escaped("<a href=\"&\">"),
            "&lt;a href=&quot;&amp;&quot;&gt;"
        );
        assert_eq!(held("\u{ffff}\u{202e}_"), "⟨U+FFFF⟩⟨U+202E⟩_");
    }

    proptest! {
        #[test]
        fn no_text_ends_its_element_and_nothing_is_lost(
            text in "[_x0-9A-F]{0,24}|[<>&\"a]{0,12}|[^\\p{C}\\p{Zl}\\p{Zp}]{0,30}"
        ) {
            let xml = escaped(&text);
            prop_assert!(!xml.contains(['<', '>', '"']));
            if !text.chars().any(is_hidden) {
                prop_assert_eq!(read(&xml), text);
            }
        }
    }
}
