//! `data:` links that a page spells in its own way: with entities for letters, and with tabs and
//! breaks between them, which browsers leave out. What is spelled so is handed out as browsers
//! read it; the link in it is then found like any other.

use wire::{Gap, MediumName};

use super::embedded::HEAD_BYTES_MAX;
use crate::stream::sink::push;
use crate::walk::{Halt, Walk};

/// Longest entity, in bytes: `&NewLine;`, and numbers with zeros before them.
pub(crate) const ENTITY_BYTES_MAX: usize = 16;

/// How much is read between two looks at the budget, in bytes.
const STEP_BYTES: usize = 64 * 1024;

/// Entities by name that may stand in such a link.
const NAMED: [(&[u8], u8); 13] = [
    (b"Tab", b'\t'),
    (b"NewLine", b'\n'),
    (b"colon", b':'),
    (b"comma", b','),
    (b"semi", b';'),
    (b"sol", b'/'),
    (b"plus", b'+'),
    (b"equals", b'='),
    (b"period", b'.'),
    (b"lowbar", b'_'),
    (b"percnt", b'%'),
    (b"num", b'#'),
    (b"amp", b'&'),
];

/// Whether there is such a link.
pub(crate) fn begins(content: &[u8]) -> bool {
    next(content, 0).is_some()
}

/// Hands out every such link.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let mut from = 0;
    let mut number: u64 = 0;
    while let Some(begin) = next(content, from) {
        number = number.saturating_add(1);
        walk.admit()?;
        let (mut output, mut step) = (Vec::new(), Vec::new());
        let mut gap = None;
        let mut at = begin;
        while let Some((byte, end)) = letter(content, at).filter(|(byte, _)| !is_end(*byte)) {
            at = end;
            step.extend(byte.filter(|byte| !is_left_out(*byte)));
            if STEP_BYTES <= step.len() {
                gap = push(&mut output, &step, walk.budget).err();
                step.clear();
            }
            if gap.is_some() {
                break;
            }
        }
        gap = gap.or_else(|| push(&mut output, &step, walk.budget).err());
        walk.take_input(at.saturating_sub(begin))?;
        let name = format!("(link {number})");
        let body = crate::member::Body::of(output.into(), gap.map(|why| (Gap::Limit, why)));
        walk.hand_out(MediumName::cut(name.as_bytes()).0, Vec::new(), body)?;
        from = at.max(begin.saturating_add(1));
    }
    Ok(())
}

/// Where the next link begins whose scheme or head is spelled otherwise than it is read.
fn next(content: &[u8], from: usize) -> Option<usize> {
    let mut from = from;
    loop {
        let rest = content.get(from..)?;
        let found = rest
            .iter()
            .position(|byte| matches!(byte, b'd' | b'D' | b'&'))?;
        let begin = from.saturating_add(found);
        if is_link(content, begin) == Some(true) {
            return Some(begin);
        }
        from = begin.saturating_add(1);
    }
}

/// Whether a link begins here that is longer than what it is read as. None is the end of it.
fn is_link(content: &[u8], begin: usize) -> Option<bool> {
    const SCHEME: &[u8] = b"data:";
    let mut at = begin;
    let mut letters: usize = 0;
    let mut head: Vec<u8> = Vec::new();
    loop {
        let (byte, end) = letter(content, at)?;
        at = end;
        let Some(byte) = byte.filter(|byte| !is_left_out(*byte)) else {
            continue;
        };
        if let Some(wanted) = SCHEME.get(letters) {
            if !byte.eq_ignore_ascii_case(wanted) {
                return None;
            }
        } else if byte == b',' {
            break;
        } else if is_end(Some(byte)) || HEAD_BYTES_MAX <= letters {
            return None;
        } else {
            head.push(byte);
        }
        letters = letters.saturating_add(1);
    }
    let is_typed = head.contains(&b'/') || head.to_ascii_lowercase().ends_with(b";base64");
    // The comma is the last one.
    let is_spelled = letters.saturating_add(1) != at.saturating_sub(begin);
    Some(is_typed && is_spelled)
}

/// What browsers leave out of a link.
fn is_left_out(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\r' | b'\n')
}

/// Ends a link, or is no part of one.
fn is_end(byte: Option<u8>) -> bool {
    byte.is_some_and(|byte| matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b' ' | 0))
}

/// The byte that stands at `at`, and where the next one does. An entity of a letter that no link
/// has is none.
fn letter(content: &[u8], at: usize) -> Option<(Option<u8>, usize)> {
    let first = *content.get(at)?;
    let next = at.saturating_add(1);
    if first != b'&' {
        return Some((Some(first), next));
    }
    let end = next.saturating_add(ENTITY_BYTES_MAX).min(content.len());
    let rest = content.get(next..end)?;
    if let [b'#', digits @ ..] = rest {
        let (base, digits, before) = match digits {
            [b'x' | b'X', digits @ ..] => (16, digits, 2_usize),
            _ => (10, digits, 1),
        };
        let is_digit = |byte: &&u8| char::from(**byte).is_digit(base);
        let count = digits.iter().take_while(is_digit).count();
        let text = std::str::from_utf8(digits.get(..count)?).ok()?;
        if let Ok(value) = u32::from_str_radix(text, base) {
            // The semicolon may be left out.
            let closed = usize::from(digits.get(count) == Some(&b';'));
            let length = before.saturating_add(count).saturating_add(closed);
            return Some((u8::try_from(value).ok(), next.saturating_add(length)));
        }
    }
    for (name, byte) in NAMED {
        if rest.starts_with(name) && rest.get(name.len()) == Some(&b';') {
            let length = name.len().saturating_add(1);
            return Some((Some(byte), next.saturating_add(length)));
        }
    }
    Some((Some(first), next))
}

#[cfg(test)]
mod tests {
    use crate::testing::{kinds, opened};

    const LINKS: [&str; 6] = [
        "<a href=\"data&colon;text/plain;base64,YWxwaGE=\">",
        "<a href=\"&#100;&#x61ta:text/plain&semi;base64&comma;YWxwaGE=\">",
        "<a href=\"da\tta:text/plain;base64,YWxwaGE=\">",
        "<a href='data:text/plain;\r\nbase64,YWxw\naGE='>",
        "<a href=\"&#0000100ata:text/plain;base64,YWxwaGE&equals;\">",
        "<a href=\"d&Tab;ata:text/plain;&NewLine;base64,YWxwaGE=\">",
    ];

    #[test]
    fn a_link_that_a_page_spells_otherwise_is_read_as_browsers_do() {
        for link in LINKS {
            let found = opened(link.as_bytes());
            let inner: Vec<_> = found
                .members
                .iter()
                .filter(|member| member.name == "(link 1)")
                .map(|member| {
                    opened(&member.content)
                        .contents("data:text/plain 1")
                        .concat()
                })
                .collect();
            assert_eq!(inner, [b"alpha"], "{link}");
        }
    }

    #[test]
    fn entities_elsewhere_and_links_as_they_are_need_no_second_reading() {
        let plain = [
            "<p title=\"d&amp;b\">d&#97;ta &colon; text</p>",
            "no data&colon; here",
            "data&colon;no type,x",
        ];
        for text in plain {
            assert_eq!(kinds(text.as_bytes()), [""; 0], "{text}");
        }
        let link = "<a href=\"data:text/plain;base64,YWxwaGE=\">&amp;";
        assert_eq!(kinds(link.as_bytes()), ["encoded text"]);
        assert!(super::ENTITY_BYTES_MAX < "&#00000000000000000100;".len());
        let long = "<a href=\"&#00000000000000000100;ata:text/plain,x\">";
        assert_eq!(kinds(long.as_bytes()), [""; 0]);
    }
}
