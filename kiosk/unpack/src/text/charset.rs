//! Names in the character sets that mail uses, made UTF-8.

use encoding_rs::Encoding;

use super::base64::decoded;

/// The text that `bytes` are in the character set called `label`, as UTF-8. Bytes in a set that
/// is not known stay as they are: a name that cannot be read is still a name.
pub(crate) fn to_utf8(label: &[u8], bytes: &[u8]) -> Vec<u8> {
    if label.eq_ignore_ascii_case(b"utf-7") {
        return from_utf7(bytes);
    }
    let text = encoding(label)
        .and_then(|encoding| encoding.decode_without_bom_handling_and_without_replacement(bytes));
    match text {
        Some(text) => text.into_owned().into_bytes(),
        None => bytes.to_vec(),
    }
}

/// The character set called `label`. Mail has names for the Japanese ones that the web has not.
fn encoding(label: &[u8]) -> Option<&'static Encoding> {
    if label.eq_ignore_ascii_case(b"cp932") {
        return Some(encoding_rs::SHIFT_JIS);
    }
    if super::lines::starts(label, b"iso-2022-jp") {
        return Some(encoding_rs::ISO_2022_JP);
    }
    Encoding::for_label(label)
}

/// Whether the character set called `label` is UTF-7.
pub(crate) fn is_utf7(label: &[u8]) -> bool {
    let label = label.trim_ascii();
    label.eq_ignore_ascii_case(b"utf-7") || label.eq_ignore_ascii_case(b"unicode-1-1-utf-7")
}

/// Decodes UTF-7 (RFC 2152). It never grows by more than a half: three bytes of UTF-8 for
/// two bytes that took more than two and a half characters.
pub(crate) fn from_utf7(text: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    let mut at: usize = 0;
    while let Some(byte) = text.get(at) {
        at = at.saturating_add(1);
        if *byte != b'+' {
            output.push(*byte);
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let length = rest
            .iter()
            .take_while(|byte| super::base64::is_value(**byte))
            .count();
        let shifted = rest.get(..length).unwrap_or_default();
        at = at.saturating_add(length);
        let is_closed = text.get(at) == Some(&b'-');
        if is_closed {
            at = at.saturating_add(1);
        }
        match (length, is_closed) {
            (0, _) => output.push(b'+'),
            (_, _) => push_utf16(&decoded(shifted), u16::from_be_bytes, &mut output),
        }
    }
    output
}

/// Writes UTF-16 as UTF-8; half characters become replacement characters.
pub(crate) fn push_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, output: &mut Vec<u8>) {
    let (units, _) = bytes.as_chunks::<2>();
    let mut rest = units;
    while !rest.is_empty() {
        // Nearly everything is of one script, and that is told quickly for Latin.
        let is_latin = |pair: &[u8; 2]| unit(*pair) < 0x80;
        let latin = rest.iter().take_while(|pair| is_latin(pair));
        let before = output.len();
        output.extend(latin.map(|pair| {
            unit(*pair)
                .to_le_bytes()
                .first()
                .copied()
                .unwrap_or_default()
        }));
        rest = rest
            .get(output.len().saturating_sub(before)..)
            .unwrap_or_default();
        let others = rest.iter().take_while(|pair| !is_latin(pair)).count();
        let (wide, tail) = rest.split_at_checked(others).unwrap_or_default();
        for letter in char::decode_utf16(wide.iter().map(|pair| unit(*pair))) {
            let letter = letter.unwrap_or(char::REPLACEMENT_CHARACTER);
            output.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
        rest = tail;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japanese_sets_become_utf8() {
        let wanted = "点検表".as_bytes();
        let rows: [(&[u8], &[u8]); 5] = [
            (b"iso-2022-jp", b"\x1b$BE@8!I=\x1b(B"),
            (b"Shift_JIS", b"\x93\x5f\x8c\x9f\x95\x5c"),
            (b"CP932", b"\x93\x5f\x8c\x9f\x95\x5c"),
            (b"EUC-JP", b"\xc5\xc0\xb8\xa1\xc9\xbd"),
            (b"utf-7", b"+cLlpHIho-"),
        ];
        for (label, bytes) in rows {
            assert_eq!(to_utf8(label, bytes), wanted, "{label:?}");
        }
        // What is malformed stays as it is.
        assert_eq!(to_utf8(b"iso-2022-jp-ms", b"\x1b$B\xff"), b"\x1b$B\xff");
        assert_eq!(to_utf8(b"x-unknown", b"\xff"), b"\xff");
        assert!(is_utf7(b" UTF-7 "));
    }

    #[test]
    fn utf7_is_decoded_as_the_standard_shows() {
        assert_eq!(from_utf7(b"A+ImIDkQ."), "A≢Α.".as_bytes());
        assert_eq!(from_utf7(b"1 +- 1"), b"1 + 1");
        assert_eq!(from_utf7(b"+ADw-script+AD4-"), b"<script>");
    }
}
