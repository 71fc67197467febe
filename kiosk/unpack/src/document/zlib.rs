//! Streams of zlib (RFC 1950) in documents.

use wire::Gap;

use crate::budget::Budget;
use crate::bytes::rest;
use crate::stream::check::adler32;
use crate::stream::inflate::inflate;
use crate::stream::sink::{Cut, End, Unpacked};

const HEADER_BYTES: usize = 2;
const CHECKSUM_BYTES: usize = 4;

/// Whether a stream begins with the header that zlib writes: deflate with a window of 32 KiB,
/// and a check of these two bytes.
pub(crate) fn begins(packed: &[u8]) -> bool {
    match packed {
        [0x78, flags, ..] => {
            flags & 0x20 == 0 && u16::from_be_bytes([0x78, *flags]).is_multiple_of(31)
        }
        [] | [_] | [_, _, ..] => false,
    }
}

/// Unpacks a stream on its own; tells why that is not all.
pub(crate) fn unpack(packed: &[u8], budget: &mut Budget) -> (Vec<u8>, Option<Cut>) {
    let mut content = Vec::new();
    let end = zlib(packed, &mut content, budget).end;
    (content, end.cut())
}

/// Unpacks the stream at the beginning of `packed` to the end of `output`.
pub(crate) fn zlib(packed: &[u8], output: &mut Vec<u8>, budget: &mut Budget) -> Unpacked {
    let Some(stream) = packed.get(HEADER_BYTES..).filter(|_| begins(packed)) else {
        return Unpacked::damaged(0, "compressed data has no header");
    };
    let begin = output.len();
    let inflated = inflate(stream, output, budget);
    let checksum = stream.get(inflated.consumed..);
    let checksum = checksum.and_then(<[u8]>::first_chunk::<4>);
    let consumed = HEADER_BYTES
        .saturating_add(inflated.consumed)
        .saturating_add(CHECKSUM_BYTES);
    let fresh = rest(output, begin, usize::MAX);
    let end = match inflated.end {
        End::Complete if checksum != Some(&adler32(fresh).to_be_bytes()) => {
            End::Cut(Gap::Damaged, "checksum is wrong")
        }
        end @ (End::Complete | End::Cut(..)) => end,
    };
    Unpacked { consumed, end }
}
