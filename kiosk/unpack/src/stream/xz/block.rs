//! One block of an xz stream.

use std::io::Read;

use sha2::{Digest, Sha256};
use wire::Gap;

use super::{damaged, varint};
use crate::budget::Budget;
use crate::bytes::{length, part, rest, span, u32_at};
use crate::stream::check::crc64;
use crate::stream::filter::{Filter, Processor, unfiltered};
use crate::stream::lzma::{lzma2, lzma2_dictionary, lzma2_reader, with_dictionary};
use crate::stream::sink::{Cut, End, Unpacked, drain};

/// The LZMA2 compressor among the filters; always the last one.
const LZMA2: u64 = 0x21;

/// Length of the check of each kind, in bytes.
const CHECK_BYTES: [usize; 16] = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

/// What the index says of a block.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    /// Header, compressed data and check, without the padding.
    pub(super) packed_bytes: u64,
    pub(super) unpacked_bytes: u64,
}

impl Sizes {
    /// How far it is to the next block.
    pub(super) fn padded_bytes(self) -> usize {
        span(self.packed_bytes).next_multiple_of(4)
    }
}

/// Unpacks the block at `begin_at`.
pub(super) fn block(
    content: &[u8],
    begin_at: usize,
    check: u8,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<Sizes, Cut> {
    let header = Header::read(rest(content, begin_at, usize::MAX))?;
    let packed_at = begin_at.saturating_add(header.bytes);
    let before = output.len();
    let packed = rest(content, packed_at, usize::MAX);
    let Unpacked { consumed, end } = if header.filters.is_empty() {
        lzma2(packed, header.dictionary_bytes, output, budget)
    } else {
        header.unfiltered(packed, output, budget)
    };
    if let End::Cut(gap, why) = end {
        return Err((gap, why));
    }
    let fresh = output.get(before..).unwrap_or_default();
    let is_stated = |stated: Option<u64>, is: usize| stated.is_none_or(|one| one == length(is));
    if !is_stated(header.packed_bytes, consumed) || !is_stated(header.unpacked_bytes, fresh.len()) {
        return Err(damaged("size of a block is wrong"));
    }
    let packed_end = packed_at.saturating_add(consumed);
    let check_at = packed_end.next_multiple_of(4);
    let padding = part(content, packed_end, check_at.saturating_sub(packed_end))
        .ok_or(damaged("compressed data is cut off"))?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err(damaged("padding is not empty"));
    }
    let check_bytes = CHECK_BYTES
        .get(usize::from(check))
        .copied()
        .unwrap_or_default();
    let stated = part(content, check_at, check_bytes).ok_or(damaged("checksum is cut off"))?;
    verify(check, stated, fresh)?;
    let packed_bytes = header
        .bytes
        .saturating_add(consumed)
        .saturating_add(check_bytes);
    Ok(Sizes {
        packed_bytes: length(packed_bytes),
        unpacked_bytes: length(fresh.len()),
    })
}

fn verify(check: u8, stated: &[u8], fresh: &[u8]) -> Result<(), Cut> {
    let is_right = match check {
        0 => true,
        1 => stated == crc32fast::hash(fresh).to_le_bytes(),
        4 => stated == crc64(fresh).to_le_bytes(),
        10 => stated == Sha256::digest(fresh).as_slice(),
        _ => return Err((Gap::Unsupported, "checksum is of a kind that is not known")),
    };
    if is_right {
        Ok(())
    } else {
        Err(damaged("checksum is wrong"))
    }
}

/// A block's header.
struct Header {
    bytes: usize,
    packed_bytes: Option<u64>,
    unpacked_bytes: Option<u64>,
    /// In the order of packing, with the address of the first byte.
    filters: Vec<(Filter, usize)>,
    dictionary_bytes: u32,
}

impl Header {
    fn read(content: &[u8]) -> Result<Self, Cut> {
        let cut = damaged("header of a block is cut off");
        let words = usize::from(*content.first().ok_or(cut)?);
        let bytes = words.saturating_add(1).saturating_mul(4);
        let header = content.get(..bytes).ok_or(cut)?;
        let (fields, stated) = header
            .split_at_checked(words.saturating_mul(4))
            .ok_or(cut)?;
        if u32_at(stated, 0) != Some(crc32fast::hash(fields)) {
            return Err(damaged("checksum of a block's header is wrong"));
        }
        Self::fields(fields, bytes)
    }

    /// Unpacks the data behind the header through its filters.
    fn unfiltered(&self, packed: &[u8], output: &mut Vec<u8>, budget: &mut Budget) -> Unpacked {
        with_dictionary(self.dictionary_bytes, budget, |kept, budget| {
            let mut unread = packed;
            let end = {
                let mut reader: Box<dyn Read + '_> = Box::new(lzma2_reader(&mut unread, kept));
                for (filter, start) in self.filters.iter().rev() {
                    reader = unfiltered(reader, *filter, *start);
                }
                drain(&mut reader, output, budget)
            };
            let consumed = packed.len().saturating_sub(unread.len());
            Unpacked { consumed, end }.paid(budget)
        })
    }

    fn fields(fields: &[u8], bytes: usize) -> Result<Self, Cut> {
        let malformed = damaged("header of a block is malformed");
        let flags = *fields.get(1).ok_or(malformed)?;
        if flags & 0x3c != 0 {
            return Err((Gap::Unsupported, "a kind of xz that is not known"));
        }
        let mut at = 2;
        let mut size = |flag: u8| match flags & flag {
            0 => Ok(None),
            _ => varint(fields, &mut at).map(Some).ok_or(malformed),
        };
        let packed_bytes = size(0x40)?;
        let unpacked_bytes = size(0x80)?;
        let mut filters = Vec::new();
        for _ in 0..flags & 3 {
            let (id, properties) = filter(fields, &mut at).ok_or(malformed)?;
            filters.push(known(id, properties)?);
        }
        let (id, properties) = filter(fields, &mut at).ok_or(malformed)?;
        if id != LZMA2 {
            return Err((Gap::Unsupported, "compressed by a method that is not known"));
        }
        let &[bits] = properties else {
            return Err(malformed);
        };
        let dictionary_bytes = lzma2_dictionary(bits).ok_or(malformed)?;
        if rest(fields, at, usize::MAX).iter().any(|byte| *byte != 0) {
            return Err(malformed);
        }
        Ok(Self {
            bytes,
            packed_bytes,
            unpacked_bytes,
            filters,
            dictionary_bytes,
        })
    }
}

/// The number and the properties of the filter at `at`.
fn filter<'a>(fields: &'a [u8], at: &mut usize) -> Option<(u64, &'a [u8])> {
    let id = varint(fields, at)?;
    let bytes = span(varint(fields, at)?);
    let properties = part(fields, *at, bytes)?;
    *at = at.checked_add(bytes)?;
    Some((id, properties))
}

fn known(id: u64, properties: &[u8]) -> Result<(Filter, usize), Cut> {
    let processor = match id {
        3 => {
            let &[distance] = properties else {
                return Err(damaged("header of a block is malformed"));
            };
            return Ok((Filter::Delta(usize::from(distance).saturating_add(1)), 0));
        }
        4 => Processor::X86,
        5 => Processor::PowerPc,
        6 => Processor::Ia64,
        7 => Processor::Arm,
        8 => Processor::ArmThumb,
        9 => Processor::Sparc,
        10 => Processor::Arm64,
        11 => Processor::RiscV,
        _ => return Err((Gap::Unsupported, "compressed by a filter that is not known")),
    };
    let start = match properties.len() {
        0 => Some(0),
        4 => u32_at(properties, 0),
        _ => None,
    };
    let start = start.ok_or(damaged("header of a block is malformed"))?;
    Ok((Filter::Branches(processor), span(u64::from(start))))
}
