//! Text in UTF-16 and UTF-7.
//!
//! Rules match letters of two bytes themselves. What they cannot see is what such a text carries
//! encoded, so a text that carries something is handed out once more as UTF-8.

use std::borrow::Cow;

use wire::{Gap, MediumName};

use super::{charset, embedded, mail, mbox};
use crate::bytes::part;
use crate::member::Body;
use crate::stream::sink::push;
use crate::walk::{Halt, Walk};

/// How much of the beginning tells whether it is UTF-16, in bytes.
const LOOK_BYTES: usize = 512;

/// How much of the beginning is searched for the name of UTF-7, in bytes: browsers look at the
/// first KiB of a page.
const LABEL_LOOK_BYTES: usize = 1024;

/// How much is decoded at once, in bytes of text.
const STEP_BYTES: usize = 64 * 1024;

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wide {
    Little,
    Big,
    Utf7,
}

/// Whether the content is a text in UTF-16 or UTF-7 that carries something.
pub(crate) fn begins(content: &[u8]) -> bool {
    let Some(wide) = kind(content) else {
        return false;
    };
    let mut text = Vec::new();
    // What does not fit into memory cannot be looked at: the walk then says so.
    decode(content, wide, &mut |step| {
        text.try_reserve(step.len())
            .map_err(|_| "not enough memory")?;
        text.extend_from_slice(step);
        Ok(())
    })
    .is_err()
        || carries(&text)
}

fn carries(text: &[u8]) -> bool {
    embedded::begins(text) || mail::begins(text) || mbox::begins(text)
}

/// Hands out the text as UTF-8.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let Some(wide) = kind(content) else {
        return Ok(());
    };
    walk.admit()?;
    let mut text = Vec::new();
    let result = decode(content, wide, &mut |step| {
        push(&mut text, step, walk.budget)
    });
    let text = Cow::Owned(text);
    let body = match result {
        Ok(()) => Body::Content(text),
        Err(why) => Body::Partial {
            content: text,
            gap: Gap::Limit,
            why,
        },
    };
    walk.hand_out(MediumName::cut(b"(as UTF-8)").0, Vec::new(), body)
}

/// What the content is written in: by its mark, or because every second byte of its beginning
/// is zero.
fn kind(content: &[u8]) -> Option<Wide> {
    match content {
        [0xff, 0xfe, ..] => return Some(Wide::Little),
        [0xfe, 0xff, ..] => return Some(Wide::Big),
        _ => {}
    }
    let head = content.get(..LOOK_BYTES).unwrap_or(content);
    let is_latin = |byte: u8| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n');
    let pairs = head.chunks_exact(2);
    let all = pairs.len();
    let little = pairs
        .clone()
        .filter(|pair| matches!(pair, [low, 0] if is_latin(*low)));
    let big = pairs.filter(|pair| matches!(pair, [0, low] if is_latin(*low)));
    // Letters of other scripts may be among them.
    let is_most = |count: usize| 8 <= all && all.saturating_mul(3) <= count.saturating_mul(4);
    if is_most(little.count()) {
        return Some(Wide::Little);
    }
    if is_most(big.count()) {
        return Some(Wide::Big);
    }
    let look = content.get(..LABEL_LOOK_BYTES).unwrap_or(content);
    let is_marked = [b"+/v8".as_slice(), b"+/v9", b"+/v+", b"+/v/"]
        .iter()
        .any(|mark| content.starts_with(mark));
    let is_named = look.is_ascii()
        && super::lines::place(look, b"charset").is_some_and(|at| {
            let rest = look.get(at..).unwrap_or_default();
            let rest = rest.get(..24).unwrap_or(rest);
            super::lines::place(rest, b"utf-7").is_some()
        });
    (is_marked || is_named).then_some(Wide::Utf7)
}

fn decode(
    content: &[u8],
    wide: Wide,
    give: &mut dyn FnMut(&[u8]) -> Result<(), &'static str>,
) -> Result<(), &'static str> {
    let unit: fn([u8; 2]) -> u16 = match wide {
        Wide::Little => u16::from_le_bytes,
        Wide::Big => u16::from_be_bytes,
        Wide::Utf7 => {
            // A letter may lie over a border between two pieces; a line's end is never in one.
            return content
                .split_inclusive(|byte| *byte == b'\n')
                .try_for_each(|line| give(&charset::from_utf7(line)));
        }
    };
    let mut step = Vec::new();
    let mut at: usize = 0;
    while at < content.len() {
        let mut end = at.saturating_add(STEP_BYTES).min(content.len());
        let last = end.checked_sub(2).and_then(|last| part(content, last, 2));
        let is_half = last
            .and_then(|last| Some(unit(last.try_into().ok()?)))
            .is_some_and(|unit| (0xd800..0xdc00).contains(&unit));
        // The other half of the letter is in the next piece.
        if is_half && end < content.len() {
            end = end.saturating_sub(2);
        }
        step.clear();
        charset::push_utf16(content.get(at..end).unwrap_or_default(), unit, &mut step);
        give(&step)?;
        at = end;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{kinds, opened};

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    const PAGE: &str = "<p>点検</p><img src=\"data:image/png;base64,PGlubmVyIG1hcmtlcj4=\">";

    #[test]
    fn a_wide_text_that_carries_something_is_handed_out_as_utf8() {
        let texts = [
            utf16(&format!("\u{feff}{PAGE}"), u16::to_le_bytes),
            utf16(&format!("\u{feff}{PAGE}"), u16::to_be_bytes),
            utf16(PAGE, u16::to_le_bytes),
            utf16(PAGE, u16::to_be_bytes),
        ];
        for text in texts {
            assert_eq!(kinds(&text), ["wide text"]);
            let wide = opened(&text);
            let inner = wide.contents("(as UTF-8)")[0].to_vec();
            assert!(String::from_utf8(inner.clone()).unwrap().contains("点検"));
            assert_eq!(
                opened(&inner).contents("data:image/png 1"),
                [b"<inner marker>"]
            );
        }
    }

    #[test]
    fn utf7_is_looked_into_when_it_is_named() {
        let text = b"<meta charset=\"UTF-7\">+ADw-img src=+ACI-data:text/plain+ADs-base64,PGlubmVyIG1hcmtlcj4=+ACI-";
        assert_eq!(kinds(text), ["wide text"]);
        let wide = opened(text);
        let inner = opened(&wide.members[0].content);
        assert_eq!(inner.contents("data:text/plain 1"), [b"<inner marker>"]);
        assert_eq!(kinds(b"+/v8-x+ADw-"), [""; 0]);
    }

    #[test]
    fn a_wide_text_without_anything_is_left_to_the_rules() {
        let plain = "Only words, and nothing that is encoded. 日本語も。";
        assert_eq!(kinds(&utf16(plain, u16::to_le_bytes)), [""; 0]);
        assert_eq!(kinds(&utf16(plain, u16::to_be_bytes)), [""; 0]);
    }

    #[test]
    fn letters_over_the_border_of_two_pieces_are_whole() {
        let long = format!("\u{feff}{}𠮷{PAGE}", "あ".repeat(super::STEP_BYTES / 2 - 2));
        let wide = opened(&utf16(&long, u16::to_le_bytes));
        let text = String::from_utf8(wide.members[0].content.clone()).unwrap();
        assert!(!text.contains('\u{fffd}') && text.contains('𠮷'));
        assert!(text.contains("<img"));
    }
}
