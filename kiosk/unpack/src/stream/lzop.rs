//! lzop, of versions 0.94 and later. One file may hold several streams with names of their own,
//! which readers write as files of these names or as one content: both are handed out.

mod block;

use std::ops::Range;

use wire::Gap;

use self::block::block;
use super::check::adler32;
use super::single::{self, NAMELESS};
use super::sink::{Cut, End, Unpacked, begin, push};
use crate::budget::Budget;
use crate::bytes::{has, part, rest, span};
use crate::names::Kind;
use crate::walk::{Halt, Walk};

const SIGNATURE: &[u8] = b"\x89LZO\0\r\n\x1a\n";

/// The first version whose header is as here.
const VERSION_MIN: u32 = 0x0940;

/// What a block gives at most, in bytes, of any version.
const BLOCK_BYTES_MAX: usize = 64 << 20;

/// The flags: which checksums a block has, of what it gives and of what it is.
const ADLER_OF_CONTENT: u32 = 1;
const ADLER_OF_PACKED: u32 = 2;
const CRC_OF_CONTENT: u32 = 0x100;
const CRC_OF_PACKED: u32 = 0x200;
const HAS_EXTRA: u32 = 0x40;
const HAS_FILTER: u32 = 0x800;
const HEADER_CRC: u32 = 0x1000;

const CUT_OFF: Cut = (Gap::Damaged, "compressed data is cut off");
const MALFORMED: Cut = (Gap::Damaged, "compressed data is malformed");

/// Whether the content begins as lzop.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, SIGNATURE)
}

/// Hands out each stream, and all of them as one content.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.admit()?;
    let mut output = Vec::new();
    let mut parts: Vec<(Range<usize>, &[u8])> = Vec::new();
    let mut at: usize = 0;
    let end = loop {
        let mut reader = Reader { content, at };
        let begin = output.len();
        let mut name = NAMELESS;
        let result = stream(&mut reader, &mut name, &mut output, walk.budget);
        parts.push((begin..output.len(), name));
        let paid = walk.budget.take_input(reader.at.saturating_sub(at));
        at = reader.at;
        match result.and(paid.map_err(|why| (Gap::Limit, why))) {
            Err((gap, why)) => break End::Cut(gap, why),
            Ok(()) if begins(rest(content, at, usize::MAX)) => {}
            Ok(()) => break End::Complete,
        }
    };
    let mut whole_name = NAMELESS;
    if let [(_, name)] = parts.as_slice() {
        whole_name = name;
    } else {
        walk.budget.hold(output.len());
        let handed_out = hand_out_parts(&output, &parts, walk);
        walk.budget.release(output.len());
        handed_out?;
    }
    let unpacked = Unpacked { consumed: at, end };
    single::hand_out(content, walk, whole_name, output, unpacked)
}

fn hand_out_parts(
    output: &[u8],
    parts: &[(Range<usize>, &[u8])],
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    for (range, name) in parts {
        walk.admit()?;
        let (name, findings) = walk.names.judge(name, &[], Kind::File);
        let body = walk.stored(output.get(range.clone()).unwrap_or_default());
        walk.hand_out(name, findings, body)?;
    }
    Ok(())
}

fn stream<'a>(
    reader: &mut Reader<'a>,
    name: &mut &'a [u8],
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<(), Cut> {
    begin(budget).map_err(|why| (Gap::Limit, why))?;
    let flags = header(reader, name)?;
    let mut fresh = Vec::new();
    loop {
        let size = span(u64::from(reader.number(4).ok_or(CUT_OFF)?));
        if size == 0 {
            return Ok(());
        }
        let packed_bytes = span(u64::from(reader.number(4).ok_or(CUT_OFF)?));
        if BLOCK_BYTES_MAX < size || size < packed_bytes || packed_bytes == 0 {
            return Err(MALFORMED);
        }
        let is_stored = size == packed_bytes;
        let mut sums = [None; 4];
        let kinds = [
            ADLER_OF_CONTENT,
            CRC_OF_CONTENT,
            ADLER_OF_PACKED,
            CRC_OF_PACKED,
        ];
        for (place, (sum, flag)) in sums.iter_mut().zip(kinds).enumerate() {
            // What is stored has no second checksum.
            if flags & flag != 0 && (place < 2 || !is_stored) {
                *sum = Some(reader.number(4).ok_or(CUT_OFF)?);
            }
        }
        let [adler, crc, packed_adler, packed_crc] = sums;
        let packed = rest(reader.content, reader.at, packed_bytes);
        fresh.clear();
        let result = if is_stored {
            fresh.extend_from_slice(packed);
            Some(())
        } else {
            block(packed, size, &mut fresh)
        };
        push(output, &fresh, budget).map_err(|why| (Gap::Limit, why))?;
        reader.take(packed_bytes).ok_or(CUT_OFF)?;
        result.filter(|()| fresh.len() == size).ok_or(MALFORMED)?;
        let is_right = is_sum(adler, &fresh, adler32)
            && is_sum(crc, &fresh, crc32fast::hash)
            && is_sum(packed_adler, packed, adler32)
            && is_sum(packed_crc, packed, crc32fast::hash);
        if !is_right {
            return Err((Gap::Damaged, "checksum is wrong"));
        }
    }
}

fn is_sum(stated: Option<u32>, content: &[u8], sum: fn(&[u8]) -> u32) -> bool {
    stated.is_none_or(|stated| stated == sum(content))
}

/// Reads a header to its end, and gives its flags.
fn header<'a>(reader: &mut Reader<'a>, name: &mut &'a [u8]) -> Result<u32, Cut> {
    let cut = (Gap::Damaged, "header is cut off");
    reader.take(SIGNATURE.len()).ok_or(cut)?;
    let begin = reader.at;
    let version = reader.number(2).ok_or(cut)?;
    if version < VERSION_MIN {
        return Err((Gap::Unsupported, "written by a version that is too old"));
    }
    // The library's version, and which version is needed.
    reader.take(4).ok_or(cut)?;
    let method = reader.number(1).ok_or(cut)?;
    reader.take(1).ok_or(cut)?;
    let flags = reader.number(4).ok_or(cut)?;
    if flags & HAS_FILTER != 0 {
        reader.take(4).ok_or(cut)?;
    }
    // Mode and time.
    reader.take(12).ok_or(cut)?;
    let name_bytes = reader.number(1).ok_or(cut)?;
    let field = reader.take(span(u64::from(name_bytes))).ok_or(cut)?;
    if !field.is_empty() {
        *name = field;
    }
    let fields = rest(reader.content, begin, reader.at.saturating_sub(begin));
    let sum = if flags & HEADER_CRC == 0 {
        adler32(fields)
    } else {
        crc32fast::hash(fields)
    };
    if reader.number(4).ok_or(cut)? != sum {
        return Err((Gap::Damaged, "checksum of the header is wrong"));
    }
    if !(1..=3).contains(&method) {
        return Err((Gap::Unsupported, "compressed by a method that is not known"));
    }
    if flags & (HAS_EXTRA | HAS_FILTER) != 0 {
        return Err((Gap::Unsupported, "a kind of lzop that is not known"));
    }
    Ok(flags)
}

/// Reads fields, numbers with the most significant byte first.
struct Reader<'a> {
    content: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let field = part(self.content, self.at, bytes)?;
        self.at = self.at.checked_add(bytes)?;
        Some(field)
    }

    fn number(&mut self, bytes: usize) -> Option<u32> {
        let field = self.take(bytes)?;
        Some(
            field
                .iter()
                .fold(0, |value, byte| value << 8 | u32::from(*byte)),
        )
    }
}

#[cfg(test)]
mod tests;
