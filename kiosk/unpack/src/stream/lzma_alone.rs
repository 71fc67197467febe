//! The old format of LZMA: thirteen bytes of header and the stream, without any signature or
//! checksum.

use super::lzma::{Properties, lzma};
use super::single;
use super::sink::Unpacked;
use crate::budget::Budget;
use crate::bytes::{rest, u32_at, u64_at};
use crate::walk::{Halt, Walk};

/// The properties, the dictionary's size and the content's size.
const HEADER_BYTES: usize = 13;

/// Whether the content looks like LZMA: the usual properties, a dictionary size that encoders
/// use, and a size that is unknown or below 256 GiB (as XZ Utils tells it).
pub(crate) fn begins(content: &[u8]) -> bool {
    is_lzma(content) == Some(true)
}

fn is_lzma(content: &[u8]) -> Option<bool> {
    let dictionary = u32_at(content, 1)?;
    let is_step = dictionary.is_power_of_two()
        || dictionary.checked_div(3).is_some_and(|third| {
            third.is_power_of_two() && third.checked_mul(3) == Some(dictionary)
        });
    let size = u64_at(content, 5)?;
    let first_is_zero = content.get(HEADER_BYTES) == Some(&0);
    let sized = size == u64::MAX || (size < 1 << 38 && 0 < size);
    Some(content.first() == Some(&0x5d) && 4096 <= dictionary && is_step && sized && first_is_zero)
}

/// Hands out the one content.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    single::open(content, walk, decode)
}

fn decode(content: &[u8], output: &mut Vec<u8>, budget: &mut Budget) -> Unpacked {
    let header = content
        .first()
        .zip(u32_at(content, 1))
        .zip(u64_at(content, 5));
    let Some(((bits, dictionary_bytes), size)) = header else {
        return Unpacked::damaged(0, "header is cut off");
    };
    let properties = Properties {
        bits: *bits,
        dictionary_bytes,
    };
    let size_bytes = (size != u64::MAX).then_some(size);
    let packed = rest(content, HEADER_BYTES, usize::MAX);
    let unpacked = lzma(packed, properties, size_bytes, output, budget);
    Unpacked {
        consumed: unpacked.consumed.saturating_add(HEADER_BYTES),
        ..unpacked
    }
}
