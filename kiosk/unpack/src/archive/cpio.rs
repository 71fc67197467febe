//! Cpio: newc with and without checksum, odc, and binary in both byte orders (cpio(5) of
//! FreeBSD, POSIX.1-1988, the kernel's "initramfs buffer format").
//!
//! Readers skip what is no header and go on; so does this one, and tells.

mod header;

use wire::name::NAME_BYTES_MAX;
use wire::{Gap, MediumName};

use crate::bytes::{length, rest, span};
use crate::member::Body;
use crate::names::Kind;
use crate::walk::{Halt, Walk};
use header::{Header, Variant};

/// The name of the member that ends the archive.
const TRAILER: &[u8] = b"TRAILER!!!";

/// Whether the content begins as a cpio.
pub(crate) fn begins(content: &[u8]) -> bool {
    header::begins(content)
}

/// Hands out every member.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let first = Variant::at(content, 0);
    let mut at: usize = 0;
    while at < content.len() {
        let Some(header) = Header::read(content, at) else {
            at = skip_to_header(content, at, first, walk)?;
            continue;
        };
        if Some(header.variant) != first {
            walk.contradiction("cpio_header_mismatch", "members of different kinds of cpio");
        }
        let is_trailer = header.name == TRAILER;
        if !is_trailer || header.bytes != 0 {
            walk.admit()?;
            hand_out(content, &header, walk)?;
        }
        at = header.end();
        if is_trailer {
            return behind(content, at, walk);
        }
    }
    walk.damaged("cpio without an end mark");
    Ok(())
}

/// What is behind the end mark: zeros up to a whole block, or further archives, as in the
/// initial file systems of Linux.
fn behind(content: &[u8], at: usize, walk: &mut Walk<'_>) -> Result<(), Halt> {
    let tail = rest(content, at, usize::MAX);
    let zeros = tail.iter().take_while(|byte| **byte == 0).count();
    walk.stray(rest(tail, zeros, usize::MAX), "bytes after the end mark")
}

fn hand_out(content: &[u8], header: &Header<'_>, walk: &mut Walk<'_>) -> Result<(), Halt> {
    /// `S_IFMT` and what may be in it.
    const TYPE: u32 = 0o170_000;
    const LINK: u32 = 0o120_000;
    const FILE: u32 = 0o100_000;
    const FOLDER: u32 = 0o040_000;
    if header.has_inner_zero {
        walk.contradiction("cpio_header_mismatch", "a name has two ends");
    }
    let data = rest(content, header.data_at, span(header.bytes));
    let is_cut = length(data.len()) < header.bytes;
    let (kind, body) = match header.mode & TYPE {
        LINK if !is_cut => {
            if NAME_BYTES_MAX < data.len() {
                walk.contradiction("name_too_long", "the target of a link is cut");
            }
            (Kind::Symlink(data), Body::Link(MediumName::cut(data).0))
        }
        FOLDER if header.bytes == 0 => (Kind::Folder, Body::Folder),
        // Some writers leave the type of plain files away.
        FILE | 0 => (Kind::File, file(header, data, is_cut, walk)),
        _ if header.bytes == 0 => (Kind::File, Body::Special),
        _ => {
            walk.contradiction(
                "cpio_header_mismatch",
                "a link, folder or device has content",
            );
            (Kind::File, file(header, data, is_cut, walk))
        }
    };
    let (name, findings) = walk.names.judge(header.name, &[], kind);
    walk.hand_out(name, findings, body)
}

fn file<'a>(header: &Header<'_>, data: &'a [u8], is_cut: bool, walk: &mut Walk<'_>) -> Body<'a> {
    let sum = || {
        data.iter()
            .fold(0_u32, |sum, byte| sum.wrapping_add(u32::from(*byte)))
    };
    let why = if is_cut {
        Some("content is cut off")
    } else if !data.is_empty() && header.sum.is_some_and(|stated| stated != sum()) {
        Some("checksum is wrong")
    } else {
        None
    };
    match (walk.stored(data), why) {
        (Body::Content(content), Some(why)) => Body::Partial {
            content,
            gap: Gap::Damaged,
            why,
        },
        (body, _) => body,
    }
}

/// Where the next header is behind something that is none.
fn skip_to_header(
    content: &[u8],
    at: usize,
    variant: Option<Variant>,
    walk: &mut Walk<'_>,
) -> Result<usize, Halt> {
    walk.damaged("a header of a cpio is malformed or cut off");
    walk.take_input(content.len().saturating_sub(at))?;
    let next = (at.saturating_add(1)..content.len())
        .find(|place| {
            let found = Variant::at(content, *place);
            // Two bytes are found by chance; in another kind of cpio they mean nothing.
            found.is_some_and(|found| !found.is_binary() || variant == Some(found))
                && Header::read(content, *place).is_some()
        })
        .unwrap_or(content.len());
    let stray = rest(content, at, next.saturating_sub(at));
    walk.stray(stray, "bytes that belong to no member")?;
    Ok(next)
}

#[cfg(test)]
mod tests;
