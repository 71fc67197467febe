//! LZMA and LZMA2 without any container, with output, input and dictionary bounded. For every
//! format that holds such streams.

use std::io::{self, Read};

use lzma_rust2::{Lzma2Reader, LzmaReader};

use super::sink::{Fine, STEP_BYTES, Unpacked, drain};
use crate::budget::Budget;

/// The properties of an LZMA stream as its container gives them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Properties {
    /// Literal and position bits, packed into one byte.
    pub(crate) bits: u8,
    /// How far back a stream may refer, in bytes.
    pub(crate) dictionary_bytes: u32,
}

/// The dictionary that is kept of a stream that declares `declared` bytes and unpacks to one
/// content: nothing refers farther back than that content goes, and it is never larger than
/// `room`. The decoder's memory grows with what came out, not with this number.
pub(crate) fn dictionary(declared: u32, room: usize) -> u32 {
    // What does not fit any more is decoded before it is refused.
    let room = u32::try_from(room.saturating_add(STEP_BYTES)).unwrap_or(u32::MAX);
    // The decoder refuses the last few numbers below 4 GiB.
    declared.min(room).clamp(4096, !0xf)
}

/// A reader of LZMA. `size_bytes` is the size of the content; `None` reads to the end mark.
///
/// # Errors
/// The properties are not valid, or the input is cut off or malformed at its very beginning.
pub(crate) fn lzma_reader<R: Read>(
    packed: R,
    properties: Properties,
    size_bytes: Option<u64>,
) -> io::Result<LzmaReader<R>> {
    let size_bytes = size_bytes.unwrap_or(u64::MAX);
    let Properties {
        bits,
        dictionary_bytes,
    } = properties;
    let mut reader = LzmaReader::new_with_props(packed, size_bytes, bits, dictionary_bytes, None)?;
    reader.set_relaxed_end_condition(false);
    reader.set_defer_errors(true);
    Ok(reader)
}

/// A reader of LZMA2, to its own end mark.
pub(crate) fn lzma2_reader<R: Read>(packed: R, dictionary_bytes: u32) -> Fine<Lzma2Reader<R>> {
    Fine::new(Lzma2Reader::new(packed, dictionary_bytes, None))
}

/// Unpacks the LZMA stream at the beginning of `packed` to the end of `output`. `size_bytes` is
/// what it unpacks to; `None` reads to the end mark.
pub(crate) fn lzma(
    packed: &[u8],
    properties: Properties,
    size_bytes: Option<u64>,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Unpacked {
    let kept = Properties {
        dictionary_bytes: dictionary(properties.dictionary_bytes, budget.room()),
        ..properties
    };
    let mut reader = match lzma_reader(packed, kept, size_bytes) {
        Ok(reader) => reader,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Unpacked::damaged(0, "compressed data is cut off");
        }
        Err(_) => return Unpacked::damaged(0, "compressed data is malformed"),
    };
    let end = drain(&mut reader, output, budget);
    let (unread, ahead) = reader.into_parts();
    let left = unread.len().saturating_add(ahead.len());
    let consumed = packed.len().saturating_sub(left);
    Unpacked { consumed, end }.paid(budget)
}

/// Unpacks the LZMA2 stream at the beginning of `packed` to the end of `output`.
pub(crate) fn lzma2(
    packed: &[u8],
    dictionary_bytes: u32,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Unpacked {
    let mut reader = lzma2_reader(packed, dictionary(dictionary_bytes, budget.room()));
    let end = drain(&mut reader, output, budget);
    let unread = reader.into_inner().into_inner();
    let consumed = packed.len().saturating_sub(unread.len());
    Unpacked { consumed, end }.paid(budget)
}
