//! Zstandard (RFC 8878). All frames of one file are one content. The content itself is the
//! window, so that what a header says of a window costs nothing.

mod fse;
mod literals;
mod reverse;
mod sequences;

use wire::Gap;

use self::literals::{Huffman, literals};
use self::sequences::{Memory, sequences};
use super::check::xxh64;
use super::single::{self, NAMELESS, joined};
use super::sink::{Cut, End, Unpacked, push};
use super::skipped::{self, Skipped};
use crate::budget::Budget;
use crate::bytes::{has, length, part, rest, span, u32_at};
use crate::walk::{Halt, Walk};

const SIGNATURE: &[u8] = b"\x28\xb5\x2f\xfd";

/// The most that one block gives, in bytes; less when the window is smaller.
const BLOCK_BYTES_MAX: u64 = 128 * 1024;

/// What a compressed block counts as input, in bytes: it is never shorter to make its codes.
const BLOCK_COST_BYTES: usize = 1024;

const MALFORMED: Cut = (Gap::Damaged, "compressed data is malformed");
const CUT_OFF: Cut = (Gap::Damaged, "compressed data is cut off");

/// Whether the content begins as Zstandard: with a frame, or with skipped frames and then one.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, skipped::end(content), SIGNATURE)
}

/// Hands out the one content.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.admit()?;
    let mut output = Vec::new();
    let mut skipped = Skipped::default();
    let unpacked = zstd(content, &mut skipped, &mut output, walk.budget);
    single::hand_out(content, walk, NAMELESS, output, unpacked)?;
    skipped.hand_out(content, walk)
}

/// Unpacks all frames at the beginning of `packed` to the end of `output`.
pub(crate) fn zstd(
    packed: &[u8],
    skipped: &mut Skipped,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Unpacked {
    let unpacked = joined(
        packed,
        output,
        budget,
        begins,
        |packed, at, output, budget| {
            let at = skipped.pass(packed, at);
            one(packed, at, output, budget)
        },
    );
    Unpacked {
        consumed: skipped.pass(packed, unpacked.consumed),
        ..unpacked
    }
}

/// Unpacks the frame at `at` to the end of `output`.
fn one(packed: &[u8], at: usize, output: &mut Vec<u8>, budget: &mut Budget) -> Unpacked {
    let mut consumed = at;
    let result = frame(packed, &mut consumed, output, budget);
    let paid = budget.take_input(consumed.saturating_sub(at));
    let end = match result.and(paid.map_err(|why| (Gap::Limit, why))) {
        Ok(()) => End::Complete,
        Err((gap, why)) => End::Cut(gap, why),
    };
    Unpacked { consumed, end }
}

/// What a frame's header says.
struct Header {
    window_bytes: u64,
    content_bytes: Option<u64>,
    has_checksum: bool,
}

fn frame(
    content: &[u8],
    at: &mut usize,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<(), Cut> {
    let header = header(content, at)?;
    let begin = output.len();
    let size_max = span(header.window_bytes.min(BLOCK_BYTES_MAX));
    let mut memory = Memory::new();
    let mut code = None;
    loop {
        let head = part(content, *at, 3).ok_or(CUT_OFF)?;
        let head = head
            .iter()
            .rev()
            .fold(0, |value, byte| value << 8 | usize::from(*byte));
        let size = head >> 3;
        *at = at.saturating_add(3);
        let stored = if (head >> 1) & 3 == 1 { 1 } else { size };
        let body = part(content, *at, stored);
        let mut fresh = Vec::new();
        let result = match (head >> 1) & 3 {
            0 | 1 if size_max < size => Err(MALFORMED),
            0 => {
                // What there is of it is kept.
                fresh.extend_from_slice(rest(content, *at, stored));
                body.map(|_| ()).ok_or(CUT_OFF)
            }
            1 => match body.and_then(|body| body.first()) {
                Some(byte) => {
                    fresh.resize(size, *byte);
                    Ok(())
                }
                None => Err(CUT_OFF),
            },
            2 => {
                budget
                    .take_input(BLOCK_COST_BYTES)
                    .map_err(|why| (Gap::Limit, why))?;
                let before = output.get(begin..).unwrap_or_default();
                let state = (&mut code, &mut memory);
                // Its codes are read from its end, so that nothing can be had of a part of it.
                body.ok_or(CUT_OFF).and_then(|block| {
                    compressed(block, before, state, size_max, &mut fresh).ok_or(MALFORMED)
                })
            }
            _ => Err(MALFORMED),
        };
        push(output, &fresh, budget).map_err(|why| (Gap::Limit, why))?;
        result?;
        *at = at.saturating_add(stored);
        if head & 1 == 1 {
            break;
        }
    }
    let fresh = output.get(begin..).unwrap_or_default();
    trailer(content, at, &header, fresh)
}

fn trailer(content: &[u8], at: &mut usize, header: &Header, fresh: &[u8]) -> Result<(), Cut> {
    let is_sized = header
        .content_bytes
        .is_none_or(|size| size == length(fresh.len()));
    if !is_sized {
        return Err((Gap::Damaged, "size is wrong"));
    }
    if header.has_checksum {
        let stated = u32_at(content, *at).ok_or((Gap::Damaged, "checksum is cut off"))?;
        *at = at.saturating_add(4);
        // The checksum is the lower half.
        if u64::from(stated) != xxh64(fresh) & 0xffff_ffff {
            return Err((Gap::Damaged, "checksum is wrong"));
        }
    }
    Ok(())
}

fn compressed(
    block: &[u8],
    before: &[u8],
    (code, memory): (&mut Option<Huffman>, &mut Memory),
    size_max: usize,
    fresh: &mut Vec<u8>,
) -> Option<()> {
    let mut plain = Vec::new();
    let section = literals(block, size_max, code, &mut plain)?;
    let section = block.get(section..)?;
    sequences(section, &plain, before, memory, size_max, fresh)
}

fn header(content: &[u8], at: &mut usize) -> Result<Header, Cut> {
    let cut = (Gap::Damaged, "header is cut off");
    let mut field = |bytes: usize| {
        let field = part(content, *at, bytes).ok_or(cut)?;
        *at = at.saturating_add(bytes);
        Ok(field
            .iter()
            .rev()
            .fold(0_u64, |value, byte| value << 8 | u64::from(*byte)))
    };
    if field(4)? != 0xfd2f_b528 {
        return Err((Gap::Damaged, "header is malformed"));
    }
    let flags = field(1)?;
    if flags & 8 != 0 {
        return Err((Gap::Unsupported, "a kind of Zstandard that is not known"));
    }
    let is_single = flags & 0x20 != 0;
    let window = if is_single { None } else { Some(field(1)?) };
    let dictionary = match flags & 3 {
        0 => 0,
        1 => field(1)?,
        2 => field(2)?,
        _ => field(4)?,
    };
    if dictionary != 0 {
        return Err((Gap::Unsupported, "compressed with a dictionary of its own"));
    }
    let content_bytes = match flags >> 6 {
        0 if is_single => Some(field(1)?),
        0 => None,
        1 => Some(field(2)?.saturating_add(256)),
        2 => Some(field(4)?),
        _ => Some(field(8)?),
    };
    let window_bytes = match window {
        // Ten bits and more, and some eighths of it.
        Some(window) => {
            let base = 1024_u64 << (window >> 3);
            base.saturating_add((base >> 3).saturating_mul(window & 7))
        }
        None => content_bytes.unwrap_or_default(),
    };
    Ok(Header {
        window_bytes,
        content_bytes,
        has_checksum: flags & 4 != 0,
    })
}

#[cfg(test)]
mod tests;
