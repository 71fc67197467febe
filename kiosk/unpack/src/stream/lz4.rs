//! LZ4: frames as of version 1.6.4 of their description, and the older kind. All frames of one
//! file are one content.

mod block;

use wire::Gap;

pub(crate) use self::block::block;
use super::check::xxh32;
use super::single::{self, NAMELESS, joined};
use super::sink::{Cut, End, Unpacked, push};
use super::skipped::{self, Skipped};
use crate::budget::Budget;
use crate::bytes::{has, length, part, rest, span, u32_at, u64_at};
use crate::walk::{Halt, Walk};

const SIGNATURE: &[u8] = b"\x04\x22\x4d\x18";
const OLD_SIGNATURE: &[u8] = b"\x02\x21\x4c\x18";

/// What a block of the older kind gives at most, in bytes.
const OLD_BLOCK_BYTES_MAX: usize = 8 << 20;

/// The longest that such a block is when it cannot be compressed, in bytes. A larger number is
/// no length but the beginning of something else.
const OLD_PACKED_BYTES_MAX: usize = OLD_BLOCK_BYTES_MAX + OLD_BLOCK_BYTES_MAX / 255 + 16;

/// How far back a copy goes, in bytes.
const WINDOW_BYTES: usize = 64 * 1024;

const MALFORMED: Cut = (Gap::Damaged, "compressed data is malformed");
const CUT_OFF: Cut = (Gap::Damaged, "compressed data is cut off");
const WRONG_CHECKSUM: Cut = (Gap::Damaged, "checksum is wrong");

/// Whether the content begins as LZ4: with a frame, or with skipped frames and then one.
pub(crate) fn begins(content: &[u8]) -> bool {
    let at = skipped::end(content);
    has(content, at, SIGNATURE) || has(content, at, OLD_SIGNATURE)
}

/// Hands out the one content.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.admit()?;
    let mut output = Vec::new();
    let mut skipped = Skipped::default();
    let decode = |packed: &[u8], at: usize, output: &mut Vec<u8>, budget: &mut Budget| {
        let begin = skipped.pass(packed, at);
        let mut at = begin;
        let result = frame(packed, &mut at, output, budget);
        let paid = budget.take_input(at.saturating_sub(begin));
        let end = match result.and(paid.map_err(|why| (Gap::Limit, why))) {
            Ok(()) => End::Complete,
            Err((gap, why)) => End::Cut(gap, why),
        };
        Unpacked { consumed: at, end }
    };
    let unpacked = joined(content, &mut output, walk.budget, begins, decode);
    let unpacked = Unpacked {
        consumed: skipped.pass(content, unpacked.consumed),
        ..unpacked
    };
    single::hand_out(content, walk, NAMELESS, output, unpacked)?;
    skipped.hand_out(content, walk)
}

fn frame(
    content: &[u8],
    at: &mut usize,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<(), Cut> {
    if has(content, *at, OLD_SIGNATURE) {
        *at = at.saturating_add(4);
        return old_blocks(content, at, output, budget);
    }
    let header = Header::read(content, at)?;
    let begin = output.len();
    blocks(content, at, &header, output, budget)?;
    let fresh = output.get(begin..).unwrap_or_default();
    if header.has_checksum {
        let stated = u32_at(content, *at).ok_or((Gap::Damaged, "checksum is cut off"))?;
        *at = at.saturating_add(4);
        if stated != xxh32(fresh) {
            return Err(WRONG_CHECKSUM);
        }
    }
    let is_sized = header
        .content_bytes
        .is_none_or(|size| size == length(fresh.len()));
    is_sized
        .then_some(())
        .ok_or((Gap::Damaged, "size is wrong"))
}

fn blocks(
    content: &[u8],
    at: &mut usize,
    header: &Header,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<(), Cut> {
    let begin = output.len();
    let mut fresh = Vec::new();
    loop {
        let head = u32_at(content, *at).ok_or(CUT_OFF)?;
        *at = at.saturating_add(4);
        if head == 0 {
            return Ok(());
        }
        let is_stored = head & 0x8000_0000 != 0;
        let packed_bytes = span(u64::from(head & 0x7fff_ffff));
        // What there is of a block that is cut off is kept.
        let packed = rest(content, *at, packed_bytes);
        let mut result = if packed.len() < packed_bytes {
            Err(CUT_OFF)
        } else {
            Ok(())
        };
        *at = at.saturating_add(packed.len());
        fresh.clear();
        if is_stored {
            if header.block_bytes_max < packed_bytes {
                return Err(MALFORMED);
            }
            fresh.extend_from_slice(packed);
        } else {
            let so_far = output.get(begin..).unwrap_or_default();
            let before = match header.are_linked {
                true => window(so_far),
                false => &[],
            };
            let unpacked = block(packed, before, header.block_bytes_max, &mut fresh);
            result = result.and(unpacked.ok_or(MALFORMED));
        }
        push(output, &fresh, budget).map_err(|why| (Gap::Limit, why))?;
        result?;
        if header.have_blocks_checksums {
            let stated = u32_at(content, *at).ok_or(CUT_OFF)?;
            *at = at.saturating_add(4);
            if stated != xxh32(packed) {
                return Err(WRONG_CHECKSUM);
            }
        }
    }
}

/// The blocks of the older kind end with the content, or with what cannot be a length.
fn old_blocks(
    content: &[u8],
    at: &mut usize,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<(), Cut> {
    let mut fresh = Vec::new();
    while *at < content.len() {
        let head = u32_at(content, *at).ok_or(CUT_OFF)?;
        let packed_bytes = span(u64::from(head));
        if packed_bytes == 0 || OLD_PACKED_BYTES_MAX < packed_bytes {
            return Ok(());
        }
        *at = at.saturating_add(4);
        let packed = rest(content, *at, packed_bytes);
        fresh.clear();
        let unpacked = block(packed, &[], OLD_BLOCK_BYTES_MAX, &mut fresh);
        push(output, &fresh, budget).map_err(|why| (Gap::Limit, why))?;
        part(content, *at, packed_bytes).ok_or(CUT_OFF)?;
        unpacked.ok_or(MALFORMED)?;
        *at = at.saturating_add(packed_bytes);
    }
    Ok(())
}

/// What a copy can reach of `content`.
fn window(content: &[u8]) -> &[u8] {
    let begin = content.len().saturating_sub(WINDOW_BYTES);
    content.get(begin..).unwrap_or_default()
}

/// What a frame's header says.
struct Header {
    are_linked: bool,
    have_blocks_checksums: bool,
    has_checksum: bool,
    content_bytes: Option<u64>,
    block_bytes_max: usize,
}

impl Header {
    fn read(content: &[u8], at: &mut usize) -> Result<Self, Cut> {
        let cut = (Gap::Damaged, "header is cut off");
        let begin = at.saturating_add(4);
        let &[flags, sizes] = part(content, begin, 2).ok_or(cut)? else {
            return Err(cut);
        };
        if flags & 0xc2 != 0x40 || sizes & 0x8f != 0 {
            return Err((Gap::Unsupported, "a kind of LZ4 that is not known"));
        }
        let block_bytes_max = match sizes >> 4 {
            4 => 64 << 10,
            5 => 256 << 10,
            6 => 1 << 20,
            7 => 4 << 20,
            _ => return Err((Gap::Unsupported, "a kind of LZ4 that is not known")),
        };
        let mut end = begin.saturating_add(2);
        let content_bytes = if flags & 8 == 0 {
            None
        } else {
            let size = u64_at(content, end).ok_or(cut)?;
            end = end.saturating_add(8);
            Some(size)
        };
        let has_dictionary = flags & 1 != 0;
        if has_dictionary {
            end = end.saturating_add(4);
        }
        let fields = part(content, begin, end.saturating_sub(begin)).ok_or(cut)?;
        let [_, sum, ..] = xxh32(fields).to_le_bytes();
        if *content.get(end).ok_or(cut)? != sum {
            return Err((Gap::Damaged, "checksum of the header is wrong"));
        }
        if has_dictionary {
            return Err((Gap::Unsupported, "compressed with a dictionary of its own"));
        }
        *at = end.saturating_add(1);
        Ok(Self {
            are_linked: flags & 0x20 == 0,
            have_blocks_checksums: flags & 0x10 != 0,
            has_checksum: flags & 4 != 0,
            content_bytes,
            block_bytes_max,
        })
    }
}

#[cfg(test)]
mod tests;
