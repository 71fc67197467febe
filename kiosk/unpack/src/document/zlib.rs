//! Streams of zlib (RFC 1950) in documents.

use wire::Gap;

use crate::budget::Budget;
use crate::stream::inflate::inflate;
use crate::stream::sink::End;

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

/// Unpacks it; tells why that is not all.
pub(crate) fn unpack(packed: &[u8], budget: &mut Budget) -> (Vec<u8>, Option<(Gap, &'static str)>) {
    let (content, gap, _) = unpack_counted(packed, budget);
    (content, gap)
}

/// The same, and how many bytes of `packed` belong to it.
pub(crate) fn unpack_counted(
    packed: &[u8],
    budget: &mut Budget,
) -> (Vec<u8>, Option<(Gap, &'static str)>, usize) {
    let mut content = Vec::new();
    let stream = packed.get(2..).filter(|_| begins(packed));
    let Some(stream) = stream else {
        return (
            content,
            Some((Gap::Damaged, "compressed data has no header")),
            0,
        );
    };
    let inflated = inflate(stream, &mut content, budget);
    let checksum = stream.get(inflated.consumed..);
    let checksum = checksum.and_then(<[u8]>::first_chunk::<4>);
    let gap = match inflated.end {
        End::Cut(gap, why) => Some((gap, why)),
        End::Complete if checksum != Some(&adler32(&content).to_be_bytes()) => {
            Some((Gap::Damaged, "checksum is wrong"))
        }
        End::Complete => None,
    };
    // The header and the checksum.
    (content, gap, inflated.consumed.saturating_add(6))
}

/// The checksum of zlib.
pub(crate) fn adler32(data: &[u8]) -> u32 {
    const PRIME: u32 = 65_521;
    let (mut low, mut high): (u32, u32) = (1, 0);
    for byte in data {
        low = low.wrapping_add(u32::from(*byte)) % PRIME;
        high = high.wrapping_add(low) % PRIME;
    }
    high.wrapping_shl(16) | low
}
