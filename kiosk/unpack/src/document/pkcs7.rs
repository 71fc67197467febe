//! Signed and encrypted messages (RFC 5652, CMS; PKCS #7), as S/MIME and `.p7m` files have them.
//!
//! What is signed lies inside as it is, perhaps in pieces, where no rule and no reader of mail
//! would find it whole. Certificates and detached signatures hold nothing.

use std::borrow::Cow;

use wire::{Gap, MediumName};

use crate::bytes::{length, rest};
use crate::member::Body;
use crate::stream::sink::push;
use crate::walk::{Halt, Walk};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT: u8 = 0x06;
const INTEGER: u8 = 0x02;
const CONTENT: u8 = 0xa0;
const OCTETS: u8 = 0x04;
const OCTETS_IN_PIECES: u8 = 0x24;

/// `1.2.840.113549.1.7.2`, signed data.
const SIGNED: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";

/// The kinds that cannot be opened: their identifiers and what is said about them.
const CLOSED: [(&[u8], Gap, &str); 5] = [
    (
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03",
        Gap::Encrypted,
        "an encrypted message (enveloped data)",
    ),
    (
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x04",
        Gap::Encrypted,
        "an encrypted message (signed and enveloped data)",
    ),
    (
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06",
        Gap::Encrypted,
        "an encrypted message (encrypted data)",
    ),
    (
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17",
        Gap::Encrypted,
        "an encrypted message (authenticated enveloped data)",
    ),
    (
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09",
        Gap::Unsupported,
        "a compressed message (compressed data)",
    ),
];

/// Whether the content begins as one of these messages.
pub(crate) fn begins(content: &[u8]) -> bool {
    kind(content)
        .is_some_and(|(kind, _)| kind == SIGNED || CLOSED.iter().any(|(own, _, _)| *own == kind))
}

/// The identifier of the message's kind, and where its content begins.
fn kind(content: &[u8]) -> Option<(&[u8], usize)> {
    let outer = Element::read(content, 0).filter(|own| own.tag == SEQUENCE)?;
    let object = Element::read(content, outer.begin).filter(|own| own.tag == OBJECT)?;
    Some((content.get(object.begin..object.end?)?, object.end?))
}

/// Hands out what is signed.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let Some((kind, at)) = kind(content) else {
        return Ok(());
    };
    if let Some((_, gap, why)) = CLOSED.iter().find(|(own, _, _)| *own == kind) {
        walk.admit()?;
        let body = Body::Unchecked {
            gap: *gap,
            size_bytes: length(content.len()),
            why,
        };
        return walk.hand_out(MediumName::cut(b"(message)").0, Vec::new(), body);
    }
    match signed(content, at) {
        None => walk.damaged("a signed message is malformed"),
        Some(None) => {}
        Some(Some(octets)) => {
            walk.admit()?;
            let body = octets.body(content, walk);
            walk.hand_out(MediumName::cut(b"(signed content)").0, Vec::new(), body)?;
        }
    }
    match skipped(content, 0) {
        Some(end) => walk.stray(
            rest(content, end, usize::MAX),
            "bytes behind a signed message",
        ),
        None => {
            walk.damaged("a signed message is cut off");
            Ok(())
        }
    }
}

/// The element that holds what is signed; none in it is a detached signature or a list of
/// certificates.
fn signed(content: &[u8], at: usize) -> Option<Option<Element>> {
    let wrapped = Element::read(content, at).filter(|own| own.tag == CONTENT)?;
    let data = Element::read(content, wrapped.begin).filter(|own| own.tag == SEQUENCE)?;
    Element::read(content, data.begin).filter(|own| own.tag == INTEGER)?;
    let digests_at = skipped(content, data.begin)?;
    Element::read(content, digests_at).filter(|own| own.tag == SET)?;
    let inner_at = skipped(content, digests_at)?;
    let inner = Element::read(content, inner_at).filter(|own| own.tag == SEQUENCE)?;
    let object = Element::read(content, inner.begin).filter(|own| own.tag == OBJECT)?;
    let value_at = object.end?;
    if inner.end == Some(value_at) {
        return Some(None);
    }
    let value = Element::read(content, value_at)?;
    if value.tag != CONTENT {
        return Some(None);
    }
    // PKCS #7 allows anything here, and signed lists have a sequence: the whole of it.
    Some(Some(Element::read(content, value.begin)?))
}

/// A tag with its length.
#[derive(Clone, Copy)]
struct Element {
    tag: u8,
    begin: usize,
    /// None where an end mark ends it.
    end: Option<usize>,
}

impl Element {
    fn read(content: &[u8], at: usize) -> Option<Self> {
        let tag = *content.get(at)?;
        // Tags of several bytes do not occur in what is read here.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let first = *content.get(at.checked_add(1)?)?;
        let begin = at.checked_add(2)?;
        let count = usize::from(first & 0x7f);
        if first == 0x80 {
            return Some(Self {
                tag,
                begin,
                end: None,
            });
        }
        let (begin, bytes) = if first < 0x80 {
            (begin, count)
        } else {
            let after = begin.checked_add(count)?;
            let digits = content.get(begin..after).filter(|_| count <= 8)?;
            let bytes = digits
                .iter()
                .fold(0_u64, |bytes, digit| (bytes << 8) | u64::from(*digit));
            (after, crate::bytes::span(bytes))
        };
        let end = begin.checked_add(bytes)?;
        Some(Self {
            tag,
            begin,
            end: Some(end),
        })
    }

    /// What the element holds, its pieces joined.
    fn body<'a>(self, content: &'a [u8], walk: &mut Walk<'_>) -> Body<'a> {
        let cut = (Gap::Damaged, "what is signed is cut off");
        if self.tag != OCTETS_IN_PIECES {
            let end = self.end.unwrap_or(content.len());
            let data = rest(content, self.begin, end.saturating_sub(self.begin));
            let is_whole = self.end.is_some_and(|end| end <= content.len());
            return match (walk.stored(data), is_whole) {
                (Body::Content(content), false) => Body::Partial {
                    content,
                    gap: cut.0,
                    why: cut.1,
                },
                (body, _) => body,
            };
        }
        let mut output = Vec::new();
        let mut at = self.begin;
        let gap = loop {
            if self.end.is_some_and(|end| end <= at) {
                break None;
            }
            let Some(piece) = Element::read(content, at) else {
                break Some(cut);
            };
            if self.end.is_none() && (piece.tag, piece.end) == (0, Some(piece.begin)) {
                break None;
            }
            let data = piece.end.and_then(|end| content.get(piece.begin..end));
            let Some(data) = data.filter(|_| piece.tag == OCTETS) else {
                break Some(cut);
            };
            if let Err(why) = push(&mut output, data, walk.budget) {
                break Some((Gap::Limit, why));
            }
            at = piece.begin.saturating_add(data.len());
        };
        let content = Cow::Owned(output);
        Body::of(content, gap)
    }
}

/// Where the element at `at` ends, and with it everything inside.
fn skipped(content: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    let mut open: usize = 0;
    loop {
        let element = Element::read(content, at)?;
        match element.end {
            Some(end) if content.len() < end => return None,
            Some(end) => {
                at = end;
                if element.tag == 0 && end == element.begin {
                    open = open.checked_sub(1)?;
                }
            }
            None => {
                at = element.begin;
                open = open.checked_add(1)?;
            }
        }
        if open == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests;
