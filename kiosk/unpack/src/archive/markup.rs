//! The little of XML that lists of archives are written in: elements, attributes and texts.

use crate::bytes::rest;

/// What comes next in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// An element begins: its name and its attributes as they stand.
    Begin(&'a [u8], &'a [u8]),
    /// An element ends.
    End(&'a [u8]),
    /// What stands between two of them.
    Text(&'a [u8]),
    /// A declaration by which other readers may see another list.
    Declaration,
}

/// The parts of a list, in order.
pub(super) struct Parts<'a> {
    content: &'a [u8],
    at: usize,
    /// An element that ended where it began.
    ended: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    pub(super) fn new(content: &'a [u8]) -> Self {
        Self {
            content,
            at: 0,
            ended: None,
        }
    }

    /// What stands up to `end`, which is skipped too; to the end of everything without it.
    fn until(&mut self, end: &[u8]) -> &'a [u8] {
        let tail = rest(self.content, self.at, usize::MAX);
        let found = tail.windows(end.len()).position(|window| window == end);
        let bytes = found.unwrap_or(tail.len());
        self.at = self.at.saturating_add(bytes).saturating_add(end.len());
        rest(tail, 0, bytes)
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        if let Some(name) = self.ended.take() {
            return Some(Part::End(name));
        }
        loop {
            let tail = rest(self.content, self.at, usize::MAX);
            if tail.is_empty() {
                return None;
            }
            if tail.starts_with(b"<!--") {
                self.until(b"-->");
            } else if tail.starts_with(b"<![CDATA[") {
                self.at = self.at.saturating_add(9);
                return Some(Part::Text(self.until(b"]]>")));
            } else if tail.starts_with(b"<?") {
                self.until(b"?>");
            } else if tail.starts_with(b"<!") {
                let said = self.until(b">");
                // The usual one names a list of elements and no more.
                if said.contains(&b'[') {
                    return Some(Part::Declaration);
                }
            } else if tail.starts_with(b"</") {
                self.at = self.at.saturating_add(2);
                return Some(Part::End(self.until(b">").trim_ascii()));
            } else if tail.starts_with(b"<") {
                self.at = self.at.saturating_add(1);
                let tag = self.until(b">");
                let open = tag.strip_suffix(b"/").unwrap_or(tag);
                let is_space = |byte: &u8| byte.is_ascii_whitespace();
                let name_bytes = open.iter().position(is_space).unwrap_or(open.len());
                let (name, attributes) = open.split_at_checked(name_bytes).unwrap_or_default();
                self.ended = (open.len() < tag.len()).then_some(name);
                return Some(Part::Begin(name, attributes));
            } else {
                let bytes = tail.iter().position(|byte| *byte == b'<');
                let bytes = bytes.unwrap_or(tail.len());
                self.at = self.at.saturating_add(bytes);
                return Some(Part::Text(rest(tail, 0, bytes)));
            }
        }
    }
}

/// A text as it is meant: the usual letters that cannot stand for themselves.
pub(super) fn plain(text: &[u8]) -> Vec<u8> {
    const NAMED: [(&[u8], u8); 5] = [
        (b"&amp;", b'&'),
        (b"&lt;", b'<'),
        (b"&gt;", b'>'),
        (b"&quot;", b'"'),
        (b"&apos;", b'\''),
    ];
    let mut plain = Vec::with_capacity(text.len());
    let mut tail = text;
    while let Some((first, others)) = tail.split_first() {
        let named = NAMED.iter().find(|(name, _)| tail.starts_with(name));
        let end = tail.iter().take(12).position(|byte| *byte == b';');
        let code = end.and_then(|end| Some((letter(tail.get(..end)?)?, end)));
        if let Some((name, letter)) = named {
            plain.push(*letter);
            tail = rest(tail, name.len(), usize::MAX);
        } else if let Some((letter, end)) = code {
            plain.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            tail = rest(tail, end.saturating_add(1), usize::MAX);
        } else {
            plain.push(*first);
            tail = others;
        }
    }
    plain
}

/// The letter of a number as `&#65` or `&#x41`.
fn letter(text: &[u8]) -> Option<char> {
    let digits = std::str::from_utf8(text.strip_prefix(b"&#")?).ok()?;
    let number = match digits.strip_prefix('x') {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => digits.parse().ok()?,
    };
    char::from_u32(number)
}

/// A number in digits.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Part, Parts, number, plain};

    #[test]
    fn elements_and_texts_come_in_order() {
        let list = b"<?xml?><!DOCTYPE x><a k=\"v\"> 1 &lt;<b/><!-- <c> --></a><![CDATA[<d>]]>";
        let parts: Vec<_> = Parts::new(list).collect();
        let wanted = [
            Part::Begin(b"a", b" k=\"v\""),
            Part::Text(b" 1 &lt;"),
            Part::Begin(b"b", b""),
            Part::End(b"b"),
            Part::End(b"a"),
            Part::Text(b"<d>"),
        ];
        assert_eq!(parts, wanted);
        let more: Vec<_> = Parts::new(b"<!DOCTYPE x [<!ENTITY a 'b'>]><e").collect();
        assert_eq!(more[0], Part::Declaration);
        assert_eq!(more.last(), Some(&Part::Begin(b"e", b"")));
    }

    #[test]
    fn letters_and_numbers_are_as_meant() {
        assert_eq!(
            plain(b"&lt;&#65;&#x3042;&amp;&x;&"),
            "<A\u{3042}&&x;&".as_bytes()
        );
        assert_eq!(number(b" 12\n"), Some(12));
        assert_eq!(number(b"-1"), None);
    }
}
