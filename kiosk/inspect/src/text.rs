//! Text files in the encodings that Windows in Japan writes.

use std::borrow::Cow;

use encoding_rs::{SHIFT_JIS, UTF_16BE, UTF_16LE};

use crate::bytes::head;

/// Most bytes of a text that is not UTF-8 and therefore copied, in bytes. Shortcuts, settings
/// and the parts of documents are far shorter; what is behind is not looked at.
pub(crate) const COPIED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Longest name of a section that is told from others, in letters.
pub(crate) const SECTION_LETTERS_MAX: usize = 64;

/// The text of a file: by its mark UTF-16 or UTF-8, else UTF-8 when it is, else code page 932.
pub(crate) fn decoded(content: &[u8]) -> Cow<'_, str> {
    let some = head(content, COPIED_BYTES_MAX);
    if some.starts_with(&[0xFF, 0xFE]) {
        return UTF_16LE.decode_with_bom_removal(some).0;
    }
    if some.starts_with(&[0xFE, 0xFF]) {
        return UTF_16BE.decode_with_bom_removal(some).0;
    }
    let content = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content);
    match std::str::from_utf8(content) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => SHIFT_JIS.decode_without_bom_handling(some).0,
    }
}

/// The settings of a file in the manner of `.ini`: section, key and value, the first two in
/// lower case.
pub(crate) fn settings(text: &str) -> impl Iterator<Item = (String, String, &str)> {
    let mut section = String::new();
    text.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[') {
            let name = name.trim_end_matches(']').to_ascii_lowercase();
            section = name.chars().take(SECTION_LETTERS_MAX).collect();
            return None;
        }
        let (key, value) = line.split_once('=')?;
        let value = value.trim().trim_matches('"');
        Some((section.clone(), key.trim().to_ascii_lowercase(), value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_encoding_is_read() {
        let wide = |big: bool| {
            let mark = [0xFEFF].into_iter().chain("設定".encode_utf16());
            mark.flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect::<Vec<u8>>()
        };
        for content in [
            wide(false),
            wide(true),
            "設定".into(),
            "\u{FEFF}設定".into(),
            vec![0x90, 0xDD, 0x92, 0xE8],
        ] {
            assert_eq!(decoded(&content), "設定", "{content:?}");
        }
    }

    #[test]
    fn of_a_long_text_in_another_encoding_the_beginning_is_read() {
        let long = vec![0xB1; COPIED_BYTES_MAX + 9];
        assert_eq!(decoded(&long).chars().count(), COPIED_BYTES_MAX);
        let plain = vec![b'a'; COPIED_BYTES_MAX + 9];
        assert_eq!(decoded(&plain).len(), COPIED_BYTES_MAX + 9);
    }

    #[test]
    fn settings_are_told_by_section_and_key() {
        let read: Vec<_> = settings("x=1\r\n[A]\r\n Key = \"v\" \r\nnone\r\n").collect();
        let of =
            |section: &str, key: &str, value: &'static str| (section.into(), key.into(), value);
        assert_eq!(read, [of("", "x", "1"), of("a", "key", "v")]);
        let long = format!("[{}]\nk=v", "a".repeat(SECTION_LETTERS_MAX + 1));
        let (section, ..) = settings(&long).next().unwrap();
        assert_eq!(section.len(), SECTION_LETTERS_MAX);
    }
}
