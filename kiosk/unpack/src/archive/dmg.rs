//! Disk images of Apple's (UDIF): a trailer leads to a list of tables, these to pieces of the disk,
//! each compressed by itself. Source: the documentation of `hdiutil(1)` and Jonathan Levin,
//! "Demystifying the DMG File Format".
//!
//! The disk is handed out as one content, so that it is opened as any other disk image and matched
//! as it is where its file system is not known.

mod blocks;

#[cfg(test)]
pub(crate) use blocks::DMG_PIECES_MAX;

use std::borrow::Cow;

use wire::{Gap, MediumName};

use crate::bytes::{be_u32, be_u64, has, rest, span};
use crate::member::Body;
use crate::stream::sink::{Cut, zeros};
use crate::walk::{Halt, Walk};
use blocks::{Piece, SECTOR_BYTES};

const TRAILER_BYTES: usize = 512;
const TRAILER: &[u8] = b"koly\0\0\0\x04\0\0\x02\0";
/// Begins one that is encrypted as a whole.
const ENCRYPTED: &[u8] = b"encrcdsa";

/// Whether the content is one: it tells itself by its end.
pub(crate) fn begins(content: &[u8]) -> bool {
    trailer(content).is_some() || has(content, 0, ENCRYPTED) || is_cut(content)
}

/// Whether the trailer has begun and the content ends before it does.
fn is_cut(content: &[u8]) -> bool {
    let least = content
        .len()
        .saturating_sub(TRAILER_BYTES.saturating_sub(1));
    let tail = rest(content, least, TRAILER_BYTES);
    tail.windows(TRAILER.len()).any(|window| window == TRAILER)
}

/// The trailer, and where it begins.
fn trailer(content: &[u8]) -> Option<(&[u8], usize)> {
    let at = content.len().checked_sub(TRAILER_BYTES)?;
    let trailer = content.get(at..)?;
    has(trailer, 0, TRAILER).then_some((trailer, at))
}

/// Hands out the disk.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let Some((trailer, trailer_at)) = trailer(content) else {
        if !has(content, 0, ENCRYPTED) {
            walk.damaged("the end of a disk image is cut off");
            return Ok(());
        }
        walk.encrypted("a disk image asks for a password");
        return Ok(());
    };
    let field = |at: usize| be_u64(trailer, at).unwrap_or(u64::MAX);
    let (list_at, list_bytes) = (span(field(216)), span(field(224)));
    let (content, trailer_at) = behind(content, trailer_at, (list_at, list_bytes), walk)?;
    if list_bytes == 0 {
        walk.unsupported("a disk image with an old list of its pieces");
        return Ok(());
    }
    if be_u32(trailer, 60).is_none_or(|parts| 1 < parts) {
        walk.unsupported("part of a set of disk images");
    }
    let list = rest(content, list_at, list_bytes);
    if list.len() < list_bytes {
        walk.damaged("a disk image is cut off");
    }
    walk.take_input(list.len())?;
    let (tables, is_declared) = blocks::tables(list);
    if is_declared {
        walk.contradiction("dmg_list", "readers may see another list of pieces");
    }
    let mut pieces = Vec::new();
    for table in &tables {
        if blocks::pieces(table, field(24), &mut pieces).is_none() {
            walk.damaged("a table of a disk image is malformed or cut off");
        }
        if blocks::DMG_PIECES_MAX < pieces.len() {
            walk.limit("more pieces of a disk image than are looked at");
            pieces.truncate(blocks::DMG_PIECES_MAX);
            break;
        }
    }
    if pieces.is_empty() {
        walk.damaged("a disk image without pieces");
        return Ok(());
    }
    pieces.sort_by_key(|piece| piece.begin);
    walk.admit()?;
    let (disk, cut) = assemble(content, &pieces, walk);
    let cut = cut.or_else(|| {
        let said = span(field(492)).saturating_mul(SECTOR_BYTES);
        (disk.len() != said).then_some((Gap::Damaged, "a disk image has another size"))
    });
    let (name, _) = MediumName::cut(b"disk image");
    walk.hand_out(name, Vec::new(), Body::of(Cow::Owned(disk), cut))?;
    let mut covered: Vec<_> = pieces.iter().map(Piece::reach).collect();
    covered.push((list_at, list_at.saturating_add(list_bytes)));
    covered.push((trailer_at, content.len()));
    walk.strays(content, covered, "bytes that belong to no piece")
}

/// The disk image without what lies before it, which some readers pass over: its places count from
/// its own beginning, and its list reaches to its trailer.
fn behind<'a>(
    content: &'a [u8],
    trailer_at: usize,
    (list_at, list_bytes): (usize, usize),
    walk: &mut Walk<'_>,
) -> Result<(&'a [u8], usize), Halt> {
    let before = trailer_at.saturating_sub(list_at.saturating_add(list_bytes));
    let is_list = |at: usize| has(content, at, b"<?xml");
    if before == 0 || is_list(list_at) || !is_list(list_at.saturating_add(before)) {
        return Ok((content, trailer_at));
    }
    walk.stray(rest(content, 0, before), "bytes before the disk image")?;
    let own = content.get(before..).unwrap_or_default();
    Ok((own, trailer_at.saturating_sub(before)))
}

/// Puts the pieces together; tells why that is not all.
fn assemble(content: &[u8], pieces: &[Piece], walk: &mut Walk<'_>) -> (Vec<u8>, Option<Cut>) {
    let mut disk = Vec::new();
    let mut torn = None;
    for piece in pieces {
        let begin = span(piece.begin).saturating_mul(SECTOR_BYTES);
        if begin < disk.len() && piece.size() != 0 {
            walk.contradiction(
                "dmg_overlapping_pieces",
                "two pieces share the same sectors",
            );
            continue;
        }
        let cut = zeros(begin, &mut disk, walk.budget);
        let cut = cut.or_else(|| piece.unpack(content, &mut disk, walk.budget));
        if let Some((Gap::Limit, why)) = cut {
            return (disk, Some((Gap::Limit, why)));
        }
        torn = torn.or(cut);
    }
    let last = pieces.iter().map(|piece| {
        let begin = span(piece.begin).saturating_mul(SECTOR_BYTES);
        begin.saturating_add(piece.size())
    });
    let cut = zeros(last.max().unwrap_or(0), &mut disk, walk.budget);
    (disk, torn.or(cut))
}

#[cfg(test)]
mod tests;
