//! ARJ (ARJ's own TECHNOTE.TXT): methods 0 to 4, folders, labels, chapters.
//!
//! Encrypted ("garbled") members and those that go on in another volume are named.

mod fastest;
mod header;

use std::borrow::Cow;

use wire::Gap;

use super::codec::blocks::Blocks;
use super::codec::{Decoder, unpack};
use crate::bytes::{length, rest, span};
use crate::member::Body;
use crate::names::Kind;
use crate::walk::{Halt, Walk};
use fastest::Fastest;
use header::{Found, Header, Type};

/// Whether the content begins as an arj: the header's own checksum decides, or that it says what
/// a first header says. Some readers go on to the next header when the first is wrong.
pub(crate) fn begins(content: &[u8]) -> bool {
    match header::at(content, 0) {
        Found::Header {
            header, is_checked, ..
        } => is_checked || header.kind == Type::Archive,
        Found::End { .. } | Found::Nothing => false,
    }
}

/// Hands out every member.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let mut at: usize = 0;
    while at < content.len() {
        match header::at(content, at) {
            Found::End { end } => {
                return walk.stray(rest(content, end, usize::MAX), "bytes after the archive");
            }
            Found::Nothing => at = skip_to_header(content, at, walk)?,
            Found::Header {
                header,
                is_checked,
                end,
            } => {
                if !is_checked {
                    walk.damaged("the checksum of a header is wrong");
                }
                at = if header.kind == Type::Archive {
                    archive(&header, at, walk);
                    end
                } else {
                    member(content, &header, end, walk)?
                };
            }
        }
    }
    walk.damaged("arj without an end mark");
    Ok(())
}

/// The header of the archive itself.
fn archive(header: &Header<'_>, at: usize, walk: &mut Walk<'_>) {
    if at != 0 {
        walk.contradiction("arj_several_archives", "an archive begins within another");
    }
    if header.goes_on {
        walk.unsupported("part of an arj of several volumes");
    }
}

/// Hands out the member whose data begins at `data_at`, and tells where the next header is.
fn member(
    content: &[u8],
    header: &Header<'_>,
    data_at: usize,
    walk: &mut Walk<'_>,
) -> Result<usize, Halt> {
    walk.admit()?;
    let packed = rest(content, data_at, span(header.packed_bytes));
    let (kind, body, left) = match header.kind {
        Type::Folder => (Kind::Folder, Body::Folder, packed),
        // A volume's label, or the name of a chapter.
        Type::Label => (Kind::File, Body::Special, packed),
        Type::File | Type::Archive => {
            let (body, left) = body(header, packed, walk);
            (Kind::File, volume_part(header, body), left)
        }
    };
    if !matches!(kind, Kind::File) && !packed.is_empty() {
        walk.contradiction("arj_header_mismatch", "a folder has content");
    }
    let (name, findings) = walk.names.judge(header.name, &[], kind);
    walk.hand_out(name, findings, body)?;
    if !left.is_empty() {
        walk.stray(left, "bytes behind the compressed data of a member")?;
    }
    Ok(data_at.saturating_add(span(header.packed_bytes)))
}

/// Each volume's part of a member is packed for itself.
fn volume_part<'a>(header: &Header<'_>, body: Body<'a>) -> Body<'a> {
    match (body, header.goes_on || header.began_before) {
        (Body::Content(content), true) => Body::Partial {
            content,
            gap: Gap::Unsupported,
            why: "goes on in another volume",
        },
        (body, _) => body,
    }
}

/// What comes out of a member, and what is left of its data.
fn body<'a>(header: &Header<'_>, packed: &'a [u8], walk: &mut Walk<'_>) -> (Body<'a>, &'a [u8]) {
    let unchecked = |gap, why| {
        let size_bytes = header.bytes;
        let body = Body::Unchecked {
            gap,
            size_bytes,
            why,
        };
        (body, [].as_slice())
    };
    if header.is_garbled {
        return unchecked(Gap::Encrypted, "encrypted");
    }
    let is_cut = length(packed.len()) < header.packed_bytes;
    let mut decoder: Box<dyn Decoder + 'a> = match header.method {
        0 => {
            let fault = fault_of(header, packed, is_cut);
            return match (walk.stored(packed), fault) {
                (Body::Content(content), Some((gap, why))) => {
                    (Body::Partial { content, gap, why }, &[])
                }
                (body, _) => (body, &[]),
            };
        }
        1..=3 => Box::new(Blocks::new(packed, 5, 0)),
        4 => Box::new(Fastest::new(packed)),
        8 | 9 if header.bytes == 0 && packed.is_empty() => {
            return (Body::Content(Cow::Borrowed(&[])), &[]);
        }
        _ => return unchecked(Gap::Unsupported, "unknown method"),
    };
    let (content, end) = unpack(decoder.as_mut(), header.bytes, walk.budget);
    let left = rest(packed, decoder.taken_bytes(), usize::MAX);
    let fault = end.cut().or_else(|| fault_of(header, &content, is_cut));
    // Where damaged data ends is not known.
    let left = if fault.is_none() { left } else { &[] };
    (Body::of(Cow::Owned(content), fault), left)
}

fn fault_of(header: &Header<'_>, content: &[u8], is_cut: bool) -> Option<(Gap, &'static str)> {
    let why = if is_cut {
        "content is cut off"
    } else if length(content.len()) != header.bytes {
        "size is wrong"
    } else if crc32fast::hash(content) != header.crc {
        "checksum is wrong"
    } else {
        return None;
    };
    Some((Gap::Damaged, why))
}

/// Where the next header is behind something that is none.
fn skip_to_header(content: &[u8], at: usize, walk: &mut Walk<'_>) -> Result<usize, Halt> {
    walk.damaged("a header of an arj is malformed or cut off");
    let mut next = at.saturating_add(1);
    while next < content.len() {
        // Marks that lie close together would all be summed over the same bytes.
        if header::is_marked(content, next) {
            walk.take_input(header::HEADER_BYTES_MAX)?;
            match header::at(content, next) {
                Found::Header {
                    is_checked: true, ..
                } => break,
                Found::Header { .. } | Found::End { .. } | Found::Nothing => {}
            }
        }
        next = next.saturating_add(1);
    }
    let stray = rest(content, at, next.saturating_sub(at));
    walk.stray(stray, "bytes that belong to no member")?;
    Ok(next)
}

#[cfg(test)]
mod tests;
