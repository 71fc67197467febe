//! `data:` URIs (RFC 2397), as pages, styles, pictures and scripts carry them.
//!
//! In a page, a script or JSON the URI itself may be escaped once more; what stands in it is
//! read through the usual escapes.

use wire::{Gap, MediumName};

use super::super::base64::{self, is_value};
use super::super::is_type_name;
use super::super::mail::{escaped_bytes, hex_byte};
use crate::stream::sink::push;
use crate::walk::{Halt, Walk};

/// Longest part before the comma, in bytes. Media types with their parameters are below 100.
pub(crate) const HEAD_BYTES_MAX: usize = 256;

/// How much is read between two looks at the budget, in bytes.
const STEP_BYTES: usize = 64 * 1024;

/// A URI with its head read.
#[derive(Debug)]
pub(crate) struct Uri {
    begin: usize,
    media_type: Vec<u8>,
    is_base64: bool,
    data_at: usize,
    end: usize,
}

impl Uri {
    /// The URI whose scheme ends with the colon at `colon`. `plain_until` is how far an earlier
    /// one without any escape goes: what lies in it is text of that one.
    pub(crate) fn at(content: &[u8], colon: usize, plain_until: &mut usize) -> Option<Self> {
        const SCHEME: &[u8] = b"data";
        let begin = colon.checked_sub(SCHEME.len())?;
        if !content.get(begin..colon)?.eq_ignore_ascii_case(SCHEME) {
            return None;
        }
        let head_at = colon.checked_add(1)?;
        let head_end = head_at.saturating_add(HEAD_BYTES_MAX).min(content.len());
        let head = content.get(head_at..head_end)?;
        let comma = head.iter().position(|byte| *byte == b',')?;
        let head: Vec<u8> = head
            .get(..comma)?
            .iter()
            .copied()
            .filter(|byte| *byte != b'\\')
            .collect();
        if !head.iter().all(|byte| is_head(*byte)) {
            return None;
        }
        let mut fields = head.split(|byte| *byte == b';');
        let media_type = fields
            .next()
            .unwrap_or_default()
            .trim_ascii()
            .to_ascii_lowercase();
        let is_base64 = fields
            .next_back()
            .is_some_and(|last| last.trim_ascii().eq_ignore_ascii_case(b"base64"));
        let is_typed = media_type.contains(&b'/');
        let is_untyped = media_type.is_empty() && is_base64;
        if !is_typed && !is_untyped {
            return None;
        }
        let data_at = head_at.checked_add(comma)?.checked_add(1)?;
        let quote = begin
            .checked_sub(1)
            .and_then(|before| content.get(before))
            .copied();
        let end = if is_base64 {
            base64_end(content, data_at, quote)
        } else {
            if data_at < *plain_until {
                return None;
            }
            let end = text_end(content, data_at, quote);
            let text = content.get(data_at..end)?;
            let is_escaped = |three: &[u8]| {
                three.first() == Some(&b'%') && three.get(1..).and_then(hex_byte).is_some()
            };
            if !text.windows(3).any(is_escaped) {
                // As it stands it is matched with the text around it.
                *plain_until = end;
                return None;
            }
            end
        };
        let is_empty = !content
            .get(data_at..end)?
            .iter()
            .any(u8::is_ascii_alphanumeric);
        (!is_empty).then_some(Self {
            begin,
            media_type,
            is_base64,
            data_at,
            end,
        })
    }

    pub(crate) fn begin(&self) -> usize {
        self.begin
    }

    /// Hands out what the URI holds, and tells where it ends.
    pub(crate) fn hand_out(
        &self,
        content: &[u8],
        number: u64,
        walk: &mut Walk<'_>,
    ) -> Result<usize, Halt> {
        let text = content.get(self.data_at..self.end).unwrap_or_default();
        let mut output = Vec::new();
        let result = if self.is_base64 {
            self.base64(text, &mut output, walk)
        } else {
            escaped(text, &mut output, walk)
        };
        let gap = result.err().map(|why| (Gap::Limit, why));
        let media_type = if is_type_name(&self.media_type) {
            self.media_type.as_slice()
        } else {
            b""
        };
        let name = [b"data:", media_type, b" ", number.to_string().as_bytes()].concat();
        let body = super::ended(output, gap);
        walk.hand_out(MediumName::cut(&name).0, Vec::new(), body)?;
        Ok(self.end)
    }

    fn base64(
        &self,
        text: &[u8],
        output: &mut Vec<u8>,
        walk: &mut Walk<'_>,
    ) -> Result<(), &'static str> {
        walk.budget.take_input(text.len())?;
        let mut decoder = base64::Decoder::default();
        let mut step = Vec::new();
        let mut at: usize = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let plain = rest
                .iter()
                .take(STEP_BYTES)
                .take_while(|byte| is_value(**byte))
                .count();
            if plain == 0 {
                let (byte, length) = unescaped(rest);
                decoder.feed(byte.as_slice(), &mut step);
                at = at.saturating_add(length);
            } else {
                decoder.feed(rest.get(..plain).unwrap_or_default(), &mut step);
                at = at.saturating_add(plain);
            }
            if STEP_BYTES <= step.len() {
                push(output, &step, walk.budget)?;
                step.clear();
            }
        }
        let faults = decoder.end(&mut step);
        if faults.garbage || faults.cut || faults.past_padding {
            walk.notice("text_malformed", "a data URI is malformed");
        }
        push(output, &step, walk.budget)
    }
}

fn escaped(text: &[u8], output: &mut Vec<u8>, walk: &mut Walk<'_>) -> Result<(), &'static str> {
    walk.budget.take_input(text.len())?;
    if walk.budget.room() < text.len() {
        return Err("larger than a content in memory may be");
    }
    push(output, &escaped_bytes(text, b'%'), walk.budget)
}

fn is_head(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$&-^_.+/;=*%' ".contains(&byte)
}

/// Where base64 data ends: at the first byte that neither it nor an escape of it can have.
/// White space belongs to it only between quotes.
fn base64_end(content: &[u8], begin: usize, quote: Option<u8>) -> usize {
    let is_quoted = matches!(quote, Some(b'"' | b'\'' | b'`'));
    let mut at = begin;
    while let Some(byte) = content.get(at) {
        let length = match byte {
            b'%' | b'\\' | b'&' => {
                let (value, length) = unescaped(content.get(at..).unwrap_or_default());
                if value.is_empty() && length == 1 {
                    return at;
                }
                length
            }
            b' ' | b'\t' | b'\r' | b'\n' if is_quoted => 1,
            b'=' | b'-' | b'_' => 1,
            byte if is_value(*byte) => 1,
            _ => return at,
        };
        at = at.saturating_add(length);
    }
    at.min(content.len())
}

/// Where other data ends: at the quote that opened it, or at what cannot stand in a URI.
fn text_end(content: &[u8], begin: usize, quote: Option<u8>) -> usize {
    let rest = content.get(begin..).unwrap_or_default();
    let quoted = quote
        .filter(|quote| matches!(quote, b'"' | b'\'' | b'`'))
        .and_then(|quote| rest.iter().position(|byte| *byte == quote));
    let bare = || {
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"'<>)".contains(byte);
        rest.iter().position(ends).unwrap_or(rest.len())
    };
    begin.saturating_add(quoted.unwrap_or_else(bare))
}

/// One byte of data.
type Byte = Vec<u8>;

/// The byte that the escape at the beginning of `text` stands for, and its length: of a URI
/// (`%2B`), of a script (`\/`, `\n`, `\u002b`, `\x2b`), of a page (`&#43;`). What is no escape
/// is itself; what stands for nothing is none.
fn unescaped(text: &[u8]) -> (Byte, usize) {
    let of = |digits: Option<&[u8]>| digits.and_then(hex_byte).map(|byte| vec![byte]);
    let found = match text {
        [b'%', ..] => of(text.get(1..3)).map(|byte| (byte, 3)),
        [b'\\', b'u', b'0', b'0', ..] => of(text.get(4..6)).map(|byte| (byte, 6)),
        [b'\\', b'x', ..] => of(text.get(2..4)).map(|byte| (byte, 4)),
        // A line break, as an escape or after the backslash.
        [b'\\', b'n' | b'r' | b't' | b'\n', ..] => Some((Vec::new(), 2)),
        [b'\\', b'\r', b'\n', ..] => Some((Vec::new(), 3)),
        [b'\\', b'/', ..] => Some((vec![b'/'], 2)),
        [b'&', b'#', ..] => entity(text),
        [b'\\' | b'&', ..] => None,
        [byte, ..] => Some((vec![*byte], 1)),
        [] => None,
    };
    found.unwrap_or((Vec::new(), 1))
}

fn entity(text: &[u8]) -> Option<(Byte, usize)> {
    let length = text.iter().take(10).position(|byte| *byte == b';')?;
    let digits = std::str::from_utf8(text.get(2..length)?).ok()?;
    let value = match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    Some((vec![u8::try_from(value).ok()?], length.checked_add(1)?))
}
