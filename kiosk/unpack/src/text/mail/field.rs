//! Header fields (RFC 5322) and their parameters (RFC 2045, RFC 2231, RFC 2047).

use std::collections::BTreeMap;

use super::super::base64::decoded;
use super::super::charset;

/// Largest number of parameters of one field that are looked at. Honest fields have a few; a
/// long name in pieces has some tens.
pub(crate) const PARAMETERS_MAX: usize = 256;

/// A field that says what the part is, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Field {
    /// What stands before the first semicolon, without comments, in lower case.
    pub(crate) value: Vec<u8>,
    /// In the order of the field; names in lower case.
    parameters: Vec<(Vec<u8>, Vec<u8>)>,
    /// There are more parameters than are looked at.
    pub(crate) is_cut: bool,
}

impl Field {
    /// Takes a field's value apart, line breaks and all.
    pub(crate) fn read(raw: &[u8]) -> Self {
        let mut scanner = Scanner {
            text: raw,
            at: 0,
            has_open_comment: false,
        };
        let mut value = scanner.until(b";").to_ascii_lowercase();
        let ends = |byte: &u8| *byte == b'(' || !byte.is_ascii_graphic();
        value.truncate(value.iter().position(ends).unwrap_or(value.len()));
        let mut field = Self {
            value,
            ..Self::default()
        };
        while scanner.take(b';') {
            if field.parameters.len() == PARAMETERS_MAX {
                field.is_cut = true;
                break;
            }
            let name = scanner.until(b"=;").to_ascii_lowercase();
            if scanner.take(b'=') {
                field.parameters.push((name, scanner.until(b";")));
            }
        }
        field
    }

    /// Every reading of the parameter `name`: as it stands, each time it stands there, and put
    /// together from its pieces (RFC 2231).
    pub(crate) fn parameter(&self, name: &[u8]) -> Vec<Vec<u8>> {
        let mut readings: Vec<Vec<u8>> = Vec::new();
        let mut pieces = BTreeMap::new();
        for (own, value) in &self.parameters {
            if own == name {
                add(&mut readings, value.clone());
            } else if let Some((place, is_encoded)) = piece(own, name) {
                pieces.insert(place, (is_encoded, value));
            }
        }
        if !pieces.is_empty() {
            add(&mut readings, joined(pieces.into_values()));
        }
        readings
    }

    /// Every reading of a name: the parameter with its encoded words decoded.
    pub(crate) fn names(&self, parameter: &[u8]) -> Vec<Vec<u8>> {
        let mut names = Vec::new();
        for reading in self.parameter(parameter) {
            add(&mut names, words(&reading));
        }
        names
    }
}

/// Adds a reading that is none of those before it.
pub(crate) fn add<T: PartialEq>(readings: &mut Vec<T>, reading: T) {
    if !readings.contains(&reading) {
        readings.push(reading);
    }
}

/// Which piece of `name` the parameter `own` is (`name*`, `name*0`, `name*0*`), and whether it
/// is percent-encoded.
fn piece(own: &[u8], name: &[u8]) -> Option<(u32, bool)> {
    let rest = own.strip_prefix(name)?.strip_prefix(b"*")?;
    if rest.is_empty() {
        return Some((0, true));
    }
    let (digits, is_encoded) = match rest.strip_suffix(b"*") {
        Some(digits) => (digits, true),
        None => (rest, false),
    };
    let place = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((place, is_encoded))
}

/// The value that the pieces make, in UTF-8. The first encoded piece begins with the character
/// set and the language.
fn joined<'a>(pieces: impl Iterator<Item = (bool, &'a Vec<u8>)>) -> Vec<u8> {
    let mut label: &[u8] = &[];
    let mut value = Vec::new();
    for (index, (is_encoded, text)) in pieces.enumerate() {
        let mut text = text.as_slice();
        if is_encoded && index == 0 {
            let mut split = text.splitn(3, |byte| *byte == b'\'');
            if let (Some(first), Some(_), Some(last)) = (split.next(), split.next(), split.next()) {
                label = first;
                text = last;
            }
        }
        if is_encoded {
            value.extend(escaped_bytes(text, b'%'));
        } else {
            value.extend_from_slice(text);
        }
    }
    if label.is_empty() {
        value
    } else {
        charset::to_utf8(label, &value)
    }
}

/// `%41` or `=41` as the bytes they stand for; whatever else as it is.
pub(crate) fn escaped_bytes(text: &[u8], escape: u8) -> Vec<u8> {
    let mut output = Vec::with_capacity(text.len());
    let mut at: usize = 0;
    while let Some(byte) = text.get(at) {
        let digits = text.get(at.saturating_add(1)..at.saturating_add(3));
        let value = digits.filter(|_| *byte == escape).and_then(hex_byte);
        output.push(value.unwrap_or(*byte));
        at = at.saturating_add(if value.is_some() { 3 } else { 1 });
    }
    output
}

/// The byte that two hexadecimal digits are.
pub(crate) fn hex_byte(digits: &[u8]) -> Option<u8> {
    let [high, low] = digits else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from((digit(high)? << 4) | digit(low)?).ok()
}

/// A text with its encoded words (RFC 2047) decoded to UTF-8. White space between two of them
/// is none.
pub(crate) fn words(text: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    let mut at: usize = 0;
    let mut gap_from = None;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        if let Some((word, length)) = word(rest) {
            if let Some(from) = gap_from {
                output.truncate(from);
            }
            output.extend(word);
            gap_from = Some(output.len());
            at = at.saturating_add(length);
            continue;
        }
        let byte = rest.first().copied().unwrap_or_default();
        if !byte.is_ascii_whitespace() {
            gap_from = None;
        }
        output.push(byte);
        at = at.saturating_add(1);
    }
    output
}

/// The encoded word at the beginning of a text, decoded, and its length.
fn word(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let inner = text.strip_prefix(b"=?")?;
    // The standard allows 75 characters; names beyond that are still read everywhere.
    let inner = inner.get(..inner.len().min(wire::name::NAME_BYTES_MAX))?;
    let mut split = inner.splitn(3, |byte| *byte == b'?');
    let label = split.next().filter(|label| is_token(label))?;
    let encoding = split.next()?;
    let rest = split.next()?;
    let length = rest.windows(2).position(|window| window == b"?=")?;
    let payload = rest.get(..length)?;
    let bytes = if encoding.eq_ignore_ascii_case(b"b") {
        decoded(payload)
    } else if encoding.eq_ignore_ascii_case(b"q") {
        let spaced: Vec<u8> = payload
            .iter()
            .map(|byte| if *byte == b'_' { b' ' } else { *byte })
            .collect();
        escaped_bytes(&spaced, b'=')
    } else {
        return None;
    };
    // The language may follow the character set behind an asterisk (RFC 2231).
    let set = label.split(|byte| *byte == b'*').next()?;
    let total = [2, label.len(), 1, encoding.len(), 1, length, 2]
        .iter()
        .sum();
    Some((charset::to_utf8(set, &bytes), total))
}

fn is_token(text: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:+*".contains(byte);
    !text.is_empty() && text.len() <= 64 && text.iter().all(is_letter)
}

/// Reads one value after the other, without comments, quotes and line breaks.
struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    /// A comment without an end was met: looking for the end again costs and finds nothing.
    has_open_comment: bool,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at = self.at.saturating_add(1);
        Some(byte)
    }

    fn take(&mut self, wanted: u8) -> bool {
        let is_there = self.peek() == Some(wanted);
        if is_there {
            self.at = self.at.saturating_add(1);
        }
        is_there
    }

    /// What stands before one of `ends` outside quotes and comments.
    fn until(&mut self, ends: &[u8]) -> Vec<u8> {
        let mut value = Vec::new();
        // Spaces at both ends go, except those in quotes.
        let mut kept: usize = 0;
        while let Some(byte) = self.peek().filter(|byte| !ends.contains(byte)) {
            self.at = self.at.saturating_add(1);
            match byte {
                b'"' => {
                    self.quoted(&mut value);
                    kept = value.len();
                }
                // Elsewhere it belongs to a name that was not quoted: `report(1).doc`.
                b'(' if value.is_empty() && self.comment() => {}
                b'\r' | b'\n' => {}
                b' ' | b'\t' if value.is_empty() => {}
                b' ' | b'\t' => value.push(byte),
                _ => {
                    value.push(byte);
                    kept = value.len();
                }
            }
        }
        value.truncate(kept);
        value
    }

    fn quoted(&mut self, value: &mut Vec<u8>) {
        while let Some(byte) = self.next() {
            match byte {
                b'"' => return,
                // A backslash in a path of Windows is itself: what it protects needs none.
                b'\\' if matches!(self.peek(), Some(b'"' | b'\\')) => value.extend(self.next()),
                b'\r' | b'\n' => {}
                _ => value.push(byte),
            }
        }
    }

    /// Skips a comment; what has no end is none.
    fn comment(&mut self) -> bool {
        if self.has_open_comment {
            return false;
        }
        let mut depth: usize = 1;
        let mut at = self.at;
        while let Some(byte) = self.text.get(at) {
            at = at.saturating_add(1);
            match byte {
                b'(' => depth = depth.saturating_add(1),
                b')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                self.at = at;
                return true;
            }
        }
        self.has_open_comment = true;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(raw: &[u8]) -> String {
        let names = Field::read(raw).names(b"filename");
        assert_eq!(names.len(), 1, "{names:?}");
        String::from_utf8(names[0].clone()).unwrap()
    }

    #[test]
    fn names_come_out_in_every_spelling() {
        let rows: [(&[u8], &str); 13] = [
            (b"attachment; filename=report(1).doc", "report(1).doc"),
            (b"attachment; filename=a.txt", "a.txt"),
            (b"attachment;\r\n\tFILENAME = \"a b.txt\" ; x=y", "a b.txt"),
            (b"attachment; filename=a b.txt", "a b.txt"),
            (b"attachment; filename=\"a\\\"b;c.txt\"", "a\"b;c.txt"),
            (b"attachment; (note) filename=(c)a.txt", "a.txt"),
            (
                b"attachment; filename=\"=?ISO-2022-JP?B?GyRCRUA4IUk9GyhCLnhscw==?=\"",
                "点検表.xls",
            ),
            (
                b"attachment; filename=\"=?UTF-8?Q?=E7=82=B9_?=\r\n =?utf-8?b?5qSc?=\"",
                "点 検",
            ),
            (
                b"attachment; filename==?Shift_JIS?Q?=93=5F=8C=9F.txt?=",
                "点検.txt",
            ),
            (b"attachment; filename*=UTF-8''%E7%82%B9.txt", "点.txt"),
            (
                b"attachment; filename*0*=ISO-2022-JP'ja'%1B$BE@8!; filename*1*=%1B%28B; filename*2=\".doc\"",
                "点検.doc",
            ),
            (b"attachment; filename*1=b; filename*0=a", "ab"),
            (b"attachment; filename=\"C:\\dir\\x.exe\"", "C:\\dir\\x.exe"),
        ];
        for (raw, wanted) in rows {
            assert_eq!(name(raw), wanted, "{}", String::from_utf8_lossy(raw));
        }
    }

    #[test]
    fn different_readings_are_all_given() {
        let field = Field::read(b"multipart/Mixed (x); boundary=a; boundary=\"b\"; boundary*0=c");
        assert_eq!(field.value, b"multipart/mixed");
        assert_eq!(field.parameter(b"boundary"), [b"a", b"b", b"c"]);
    }

    #[test]
    fn more_parameters_than_are_looked_at_are_told() {
        let raw = [b"a/b".to_vec(), b"; x=y".repeat(PARAMETERS_MAX + 1)].concat();
        assert!(Field::read(&raw).is_cut);
        assert!(!Field::read(&raw[..raw.len() - 5]).is_cut);
    }

    #[test]
    fn what_is_malformed_stays_as_it_is() {
        assert_eq!(
            words(b"=?utf-8?X?a?= =?utf-8?B?"),
            b"=?utf-8?X?a?= =?utf-8?B?"
        );
        assert_eq!(escaped_bytes(b"%4%41%zz", b'%'), b"%4A%zz");
        assert_eq!(name(b"attachment; filename=\"a"), "a");
    }
}
