//! The xz format, version 1.2.0 of its description. All streams of one file are one content.

mod block;

use std::hash::{DefaultHasher, Hasher};

use wire::Gap;

use self::block::{Sizes, block};
use super::single;
use super::sink::{Cut, End, Unpacked, begin};
use crate::budget::Budget;
use crate::bytes::{has, length, part, rest, u32_at};
use crate::walk::{Halt, Walk};

const SIGNATURE: &[u8] = b"\xfd7zXZ\0";
const FOOTER_SIGNATURE: &[u8] = b"YZ";

/// A stream's header and its footer have the same length.
const HEADER_BYTES: usize = 12;

/// Whether the content begins as xz.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, SIGNATURE)
}

/// Hands out the one content.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    single::open(content, walk, xz)
}

/// Unpacks all streams at the beginning of `content` to the end of `output`.
pub(crate) fn xz(content: &[u8], output: &mut Vec<u8>, budget: &mut Budget) -> Unpacked {
    let mut at = 0;
    loop {
        at = match stream(content, at, output, budget) {
            Ok(end) => end,
            Err((gap, why)) => return Unpacked::cut(at, gap, why),
        };
        let behind = rest(content, at, usize::MAX);
        let zeros = behind.iter().take_while(|byte| **byte == 0).count();
        let next = at.saturating_add(zeros);
        let is_more = begins(rest(content, next, usize::MAX));
        if is_more && zeros % 4 != 0 {
            return Unpacked::damaged(at, "padding between streams is not of whole words");
        }
        at = next;
        if !is_more {
            return Unpacked {
                consumed: at,
                end: End::Complete,
            };
        }
    }
}

/// Unpacks the stream at `begin_at`, and gives where it ends.
fn stream(
    content: &[u8],
    begin_at: usize,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<usize, Cut> {
    let header = part(content, begin_at, HEADER_BYTES).ok_or(damaged("header is cut off"))?;
    let flags = part(header, 6, 2).ok_or(damaged("header is cut off"))?;
    if u32_at(header, 8) != Some(crc32fast::hash(flags)) {
        return Err(damaged("checksum of the header is wrong"));
    }
    let &[0, check @ 0..=15] = flags else {
        return Err((Gap::Unsupported, "a kind of xz that is not known"));
    };
    let mut at = begin_at.saturating_add(HEADER_BYTES);
    let mut blocks = Blocks::default();
    loop {
        match content.get(at) {
            None => return Err(damaged("compressed data is cut off")),
            Some(0) => break,
            Some(_) => {}
        }
        begin(budget).map_err(|why| (Gap::Limit, why))?;
        let sizes = block(content, at, check, output, budget)?;
        at = at.saturating_add(sizes.padded_bytes());
        blocks.add(sizes);
    }
    let index_bytes = index(rest(content, at, usize::MAX), &blocks)?;
    let footer_at = at.saturating_add(index_bytes);
    let footer = part(content, footer_at, HEADER_BYTES).ok_or(damaged("footer is cut off"))?;
    let fields = part(footer, 4, 6).ok_or(damaged("footer is cut off"))?;
    let words = u64::from(u32_at(fields, 0).unwrap_or_default()).saturating_add(1);
    let is_right = u32_at(footer, 0) == Some(crc32fast::hash(fields))
        && words.saturating_mul(4) == length(index_bytes)
        && has(fields, 4, flags)
        && has(footer, 10, FOOTER_SIGNATURE);
    if !is_right {
        return Err(damaged("footer is wrong"));
    }
    Ok(footer_at.saturating_add(HEADER_BYTES))
}

/// What a stream's index must say. Only a digest is kept: the sizes of millions of tiny blocks
/// would be larger than the content.
#[derive(Default)]
struct Blocks {
    count: u64,
    digest: DefaultHasher,
}

impl Blocks {
    fn add(&mut self, sizes: Sizes) {
        self.count = self.count.saturating_add(1);
        self.digest.write_u64(sizes.packed_bytes);
        self.digest.write_u64(sizes.unpacked_bytes);
    }
}

/// Compares the index at the beginning of `content` with what came out, and gives its length.
fn index(content: &[u8], blocks: &Blocks) -> Result<usize, Cut> {
    let cut = damaged("index is cut off");
    let mut at = 1;
    let count = varint(content, &mut at).ok_or(cut)?;
    let mut listed = Blocks::default();
    // Each turn reads two bytes at least.
    while listed.count < count {
        let packed_bytes = varint(content, &mut at).ok_or(cut)?;
        let unpacked_bytes = varint(content, &mut at).ok_or(cut)?;
        listed.add(Sizes {
            packed_bytes,
            unpacked_bytes,
        });
    }
    let end = at.next_multiple_of(4);
    let padding = part(content, at, end.saturating_sub(at)).ok_or(cut)?;
    let whole = content.get(..end).ok_or(cut)?;
    let stated = u32_at(content, end).ok_or(cut)?;
    let is_same = blocks.count == count && blocks.digest.finish() == listed.digest.finish();
    if crc32fast::hash(whole) != stated || padding.iter().any(|byte| *byte != 0) || !is_same {
        return Err(damaged("index is wrong"));
    }
    Ok(end.saturating_add(4))
}

/// A number of seven bits a byte, the least significant first, at most nine bytes.
fn varint(content: &[u8], at: &mut usize) -> Option<u64> {
    let mut value: u64 = 0;
    for shift in (0..63).step_by(7) {
        let byte = *content.get(*at)?;
        *at = at.checked_add(1)?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            // A longer spelling of a shorter number is not allowed.
            return (byte != 0 || shift == 0).then_some(value);
        }
    }
    None
}

fn damaged(why: &'static str) -> Cut {
    (Gap::Damaged, why)
}

#[cfg(test)]
mod tests;
