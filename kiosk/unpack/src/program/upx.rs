//! Programs that UPX packed: what they unpack to in memory.
//!
//! The addresses in calls stay as its filters write them: strings and data are as they were.
//! What does not fit its checksum was changed by hand and stays packed, which is told.

use std::borrow::Cow;

use wire::{Gap, MediumName};

use super::nrv::{self, Form};
use crate::bytes::{part, rest, span, u32_at};
use crate::member::Body;
use crate::stream::check::adler32;
use crate::stream::lzma::{Properties, lzma};
use crate::stream::sink::{Cut, push};
use crate::walk::{Halt, Walk};

const MARK: &[u8; 4] = b"UPX!";
/// How much of the beginning may hold the header of the packer, in bytes.
pub(crate) const HEAD_BYTES: usize = 8192;
/// Most marks that are tried in it.
pub(crate) const PROGRAM_MARKS_MAX: usize = 16;
/// The header of the packer, right before the compressed data.
const HEADER_BYTES: usize = 32;
/// From the mark to the first block of a program for Linux.
const BLOCKS_AT: usize = 20;
const BLOCK_HEADER_BYTES: usize = 12;

/// Hands out what the program unpacks to, when it was packed by UPX; tells whether it was.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<bool, Halt> {
    let head = rest(content, 0, HEAD_BYTES);
    let marks = head.windows(MARK.len()).enumerate();
    let marks = marks.filter(|(_, window)| *window == MARK);
    for (at, _) in marks.take(PROGRAM_MARKS_MAX) {
        let mut output = Vec::new();
        let cut = match header(content, at, walk)? {
            Some(packed) => one(&packed, &mut output, walk),
            None => blocks(content, at.saturating_add(BLOCKS_AT), &mut output, walk),
        };
        let is_none = cut.is_none() && output.is_empty();
        if is_none || matches!(cut, Some((Gap::Damaged | Gap::Unsupported, _))) {
            continue;
        }
        walk.notice("program_packed", "packed with UPX");
        walk.admit()?;
        let (name, _) = MediumName::cut(b"(unpacked)");
        let content = Cow::Owned(output);
        let body = Body::of(content, cut);
        walk.hand_out(name, Vec::new(), body)?;
        return Ok(true);
    }
    Ok(false)
}

/// One compressed piece.
struct Packed<'a> {
    data: &'a [u8],
    method: u8,
    size: usize,
    /// The checksum of what it unpacks to.
    checksum: Option<u32>,
}

/// What lies behind the packer's header at `at`, when its checksum says that it is one.
fn header<'a>(
    content: &'a [u8],
    at: usize,
    walk: &mut Walk<'_>,
) -> Result<Option<Packed<'a>>, Halt> {
    let read = || {
        let field = |offset: usize| u32_at(content, at.checked_add(offset)?);
        let method = *content.get(at.checked_add(6)?)?;
        let packed_bytes = span(u64::from(field(20)?));
        let data = part(content, at.checked_add(HEADER_BYTES)?, packed_bytes)?;
        let packed = Packed {
            data,
            method,
            size: span(u64::from(field(16)?)),
            checksum: field(8),
        };
        Some((packed, field(12)?))
    };
    let Some((packed, checksum)) = read() else {
        return Ok(None);
    };
    walk.take_input(packed.data.len())?;
    Ok((adler32(packed.data) == checksum).then_some(packed))
}

/// Unpacks one piece to the end of `output`; tells why that is not all.
fn one(packed: &Packed<'_>, output: &mut Vec<u8>, walk: &mut Walk<'_>) -> Option<Cut> {
    let begin = output.len();
    let form = match packed.method {
        2 => Some(Form::B),
        5 => Some(Form::D),
        8 => Some(Form::E),
        _ => None,
    };
    let cut = if packed.data.len() == packed.size {
        push(output, packed.data, walk.budget)
            .err()
            .map(|why| (Gap::Limit, why))
    } else if let Some(form) = form {
        nrv::unpack(packed.data, form, packed.size, output, walk.budget).err()
    } else if packed.method == 14 {
        by_lzma(packed, output, walk)
    } else {
        Some((Gap::Unsupported, "packed by a method that is not opened"))
    };
    let fresh = output.get(begin..).unwrap_or_default();
    let is_right = packed.checksum.is_none_or(|sum| sum == adler32(fresh));
    match cut {
        None if !is_right => Some((Gap::Damaged, "checksum is wrong")),
        cut => cut,
    }
}

/// Two bytes of properties in an order of UPX's own, and the stream.
fn by_lzma(packed: &Packed<'_>, output: &mut Vec<u8>, walk: &mut Walk<'_>) -> Option<Cut> {
    const MALFORMED: Cut = (Gap::Damaged, "properties of LZMA are malformed");
    let [first, second, stream @ ..] = packed.data else {
        return Some(MALFORMED);
    };
    let (position, literal_position, literal) = (first & 7, second >> 4, second & 15);
    let bits = position
        .checked_mul(5)
        .and_then(|bits| bits.checked_add(literal_position));
    let bits = bits.and_then(|bits| bits.checked_mul(9)?.checked_add(literal));
    let Some(bits) = bits else {
        return Some(MALFORMED);
    };
    let size = u32::try_from(packed.size).unwrap_or(u32::MAX);
    let properties = Properties {
        bits,
        dictionary_bytes: size,
    };
    lzma(
        stream,
        properties,
        Some(u64::from(size)),
        output,
        walk.budget,
    )
    .end
    .cut()
}

/// Unpacks the blocks of a program for Linux, one behind the other, as far as they go.
fn blocks(content: &[u8], begin: usize, output: &mut Vec<u8>, walk: &mut Walk<'_>) -> Option<Cut> {
    let mut at = begin;
    while let Some(packed) = block(content, at) {
        let whole = output.len();
        match one(&packed, output, walk) {
            None => {}
            Some((Gap::Limit, why)) => return Some((Gap::Limit, why)),
            Some(_) => {
                output.truncate(whole);
                break;
            }
        }
        at = at.saturating_add(BLOCK_HEADER_BYTES);
        at = at.saturating_add(packed.data.len());
    }
    None
}

/// The block at `at`; the last one is empty.
fn block(content: &[u8], at: usize) -> Option<Packed<'_>> {
    let size = span(u64::from(u32_at(content, at)?));
    let packed_bytes = span(u64::from(u32_at(content, at.checked_add(4)?)?));
    let method = *content.get(at.checked_add(8)?)?;
    let data = part(content, at.checked_add(BLOCK_HEADER_BYTES)?, packed_bytes)?;
    (!data.is_empty()).then_some(Packed {
        data,
        method,
        size,
        checksum: None,
    })
}

#[cfg(test)]
mod tests;
