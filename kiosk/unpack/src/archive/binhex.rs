//! BinHex 4.0 (RFC 1741): a file of the Macintosh as text, with both its forks.

use std::borrow::Cow;

use wire::Gap;

use super::mac::{crc16, fork};
use crate::budget::Budget;
use crate::bytes::{be_u16, be_u32, rest, span};
use crate::stream::sink::push;
use crate::text::lines::{Line, lines, starts, text_begin};
use crate::walk::{Halt, Walk};

/// The line before the data. Encoders go on with "with BinHex 4.0" or something else.
const ANNOUNCED: &[u8] = b"(This file must be converted";

/// The 64 letters, in the order of their values.
const LETTERS: &[u8; 64] = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";

/// Says how often the byte before it stands there.
const REPEAT: u8 = 0x90;

/// How much is decoded between two looks at the budget, in bytes.
const STEP_BYTES: usize = 16 * 1024;

/// How many lines may be between the announcement and the data.
const LINES_BETWEEN_MAX: usize = 8;

/// Whether the content begins as BinHex.
pub(crate) fn begins(content: &[u8]) -> bool {
    data_at(content).is_some()
}

/// Where the data begins, behind its colon.
fn data_at(content: &[u8]) -> Option<usize> {
    let begin = text_begin(content);
    if !starts(content.get(begin..)?, ANNOUNCED) {
        return None;
    }
    let first = Line::at(content, begin)?;
    let line = lines(content, first.next)
        .take(LINES_BETWEEN_MAX)
        .find(|line| !line.text(content).trim_ascii().is_empty())?;
    let colon = line.text(content).strip_prefix(b":")?;
    let is_data = colon
        .iter()
        .all(|byte| value(*byte).is_some() || *byte == b':');
    (is_data && 20 <= colon.len()).then(|| line.begin.saturating_add(1))
}

/// How much of a text that begins as BinHex is BinHex.
pub(crate) fn text_bytes(content: &[u8]) -> usize {
    let begin = data_at(content).unwrap_or_default();
    let data = rest(content, begin, usize::MAX);
    let end = data
        .iter()
        .position(|byte| value(*byte).is_none() && !byte.is_ascii_whitespace());
    // The colon at the end belongs to it.
    begin.saturating_add(end.map_or(data.len(), |end| end.saturating_add(1)))
}

/// Hands out both forks.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let begin = data_at(content).unwrap_or_default();
    let end = text_bytes(content);
    let mut packed = rest(content, begin, end.saturating_sub(begin));
    let is_ended = packed.last() == Some(&b':');
    if let [data @ .., last] = packed
        && value(*last).is_none()
    {
        packed = data;
    }
    walk.admit()?;
    let mut stream = Vec::new();
    let limit = unpack(packed, &mut stream, walk.budget).err();
    if !is_ended && limit.is_none() {
        walk.damaged("binhex without its end");
    }
    let held_bytes = stream.len();
    walk.budget.hold(held_bytes);
    let result = forks(&stream, limit, walk);
    walk.budget.release(held_bytes);
    result?;
    let behind = rest(content, end, usize::MAX).trim_ascii_start();
    walk.stray(behind, "bytes behind the end of binhex")
}

/// Hands out both forks of a stream, which may have ended at a limit.
fn forks(stream: &[u8], limit: Option<&'static str>, walk: &mut Walk<'_>) -> Result<(), Halt> {
    let Some(header) = Header::read(stream) else {
        let gap = limit.map_or((Gap::Damaged, "binhex is cut off"), |why| (Gap::Limit, why));
        return fork(b"(file)", false, Cow::Borrowed(stream), Some(gap), walk);
    };
    if !header.is_whole {
        walk.damaged("binhex whose header fails its checksum");
    }
    let mut at = header.end;
    for (index, size_bytes) in header.forks.into_iter().enumerate() {
        let data = rest(stream, at, span(u64::from(size_bytes)));
        let stated = be_u16(stream, at.saturating_add(data.len()));
        let gap = match (limit, data.len() < span(u64::from(size_bytes)), stated) {
            (Some(why), true, _) => Some((Gap::Limit, why)),
            (_, true, _) | (_, _, None) => Some((Gap::Damaged, "content is cut off")),
            (_, false, Some(crc)) if crc != crc16(data) => {
                Some((Gap::Damaged, "checksum is wrong"))
            }
            (_, false, Some(_)) => None,
        };
        at = at.saturating_add(data.len()).saturating_add(2);
        fork(header.name, index == 1, Cow::Borrowed(data), gap, walk)?;
    }
    walk.stray(rest(stream, at, usize::MAX), "bytes behind both forks")
}

/// The header of the stream.
struct Header<'a> {
    name: &'a [u8],
    forks: [u32; 2],
    end: usize,
    is_whole: bool,
}

impl<'a> Header<'a> {
    fn read(stream: &'a [u8]) -> Option<Self> {
        let name_bytes = usize::from(*stream.first()?);
        let name = stream.get(1..name_bytes.checked_add(1)?)?;
        // Behind the name: version, type, creator, flags, two lengths, the checksum.
        let data = name_bytes.checked_add(1 + 1 + 4 + 4 + 2)?;
        let resource = data.checked_add(4)?;
        let crc = resource.checked_add(4)?;
        Some(Self {
            name,
            forks: [be_u32(stream, data)?, be_u32(stream, resource)?],
            end: crc.checked_add(2)?,
            is_whole: be_u16(stream, crc)? == crc16(stream.get(..crc)?),
        })
    }
}

fn value(byte: u8) -> Option<u8> {
    let place = LETTERS.iter().position(|letter| *letter == byte)?;
    u8::try_from(place).ok()
}

/// Undoes the letters and then the repetitions.
fn unpack(packed: &[u8], output: &mut Vec<u8>, budget: &mut Budget) -> Result<(), &'static str> {
    budget.take_input(packed.len())?;
    let values: [Option<u8>; 256] =
        std::array::from_fn(|byte| u8::try_from(byte).ok().and_then(value));
    let mut step = Vec::new();
    let mut state = Repeats::default();
    let mut bits: u32 = 0;
    let mut held: u8 = 0;
    for byte in packed {
        let Some(value) = values.get(usize::from(*byte)).copied().flatten() else {
            continue;
        };
        bits = ((bits << 6) | u32::from(value)) & 0xffff;
        // Four letters are three bytes: every letter but the first of a group ends one.
        let shift = match held {
            0 => None,
            1 => Some(bits >> 4),
            2 => Some(bits >> 2),
            _ => Some(bits),
        };
        held = held.wrapping_add(1) % 4;
        if let Some(shifted) = shift {
            let [.., last] = shifted.to_be_bytes();
            state.take(last, &mut step);
        }
        if STEP_BYTES <= step.len() {
            push(output, &step, budget)?;
            step.clear();
        }
    }
    push(output, &step, budget)
}

/// The repetitions on the way.
#[derive(Default)]
struct Repeats {
    last: u8,
    is_marked: bool,
}

impl Repeats {
    fn take(&mut self, byte: u8, output: &mut Vec<u8>) {
        match (self.is_marked, byte) {
            (false, REPEAT) => self.is_marked = true,
            (false, byte) => {
                output.push(byte);
                self.last = byte;
            }
            // No times stands for the mark itself.
            (true, 0) => {
                output.push(REPEAT);
                self.last = REPEAT;
                self.is_marked = false;
            }
            (true, times) => {
                let more = usize::from(times).saturating_sub(1);
                output.extend(std::iter::repeat_n(self.last, more));
                self.is_marked = false;
            }
        }
    }
}

#[cfg(test)]
mod tests;
