//! Checksums that formats of streams use beside CRC-32.

use crate::bytes::{length, rest, u32_at};

/// One step of CRC-64 for each byte.
const CRC64: [u64; 256] = crc64_table();

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "computed when compiled, where a wrong step is an error of the build"
)]
const fn crc64_table() -> [u64; 256] {
    /// The polynomial of ECMA-182, least significant bit first.
    const POLYNOMIAL: u64 = 0xc96c_5795_d787_0f42;
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            value = (value >> 1) ^ (POLYNOMIAL * (value & 1));
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
}

/// CRC-64 as xz has it.
pub(crate) fn crc64(content: &[u8]) -> u64 {
    !content.iter().fold(u64::MAX, |value, byte| {
        let [low, ..] = (value ^ u64::from(*byte)).to_le_bytes();
        (value >> 8) ^ CRC64.get(usize::from(low)).copied().unwrap_or_default()
    })
}

/// One step of CRC-32C for each byte.
const CRC32C: [u32; 256] = crc32c_table();

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "computed when compiled, where a wrong step is an error of the build"
)]
const fn crc32c_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = (value >> 1) ^ (0x82f6_3b78 * (value & 1));
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
}

/// CRC-32C, of the polynomial of Castagnoli, as Snappy has it.
pub(crate) fn crc32c(content: &[u8]) -> u32 {
    !content.iter().fold(u32::MAX, |value, byte| {
        let [low, ..] = (value ^ u32::from(*byte)).to_le_bytes();
        (value >> 8) ^ CRC32C.get(usize::from(low)).copied().unwrap_or_default()
    })
}

/// One step of [`Crc32Msb`] for each byte.
const CRC32_MSB: [u32; 256] = crc32_msb_table();

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "computed when compiled, where a wrong step is an error of the build"
)]
const fn crc32_msb_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            value = (value << 1) ^ (0x04c1_1db7 * (value >> 31));
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
}

/// CRC-32 of the most significant bit first, as bzip2 has it.
pub(crate) struct Crc32Msb(u32);

impl Default for Crc32Msb {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Crc32Msb {
    pub(crate) fn add(&mut self, content: &[u8]) {
        self.0 = content.iter().fold(self.0, |value, byte| {
            let [high, ..] = value.to_be_bytes();
            let step = CRC32_MSB.get(usize::from(high ^ byte));
            (value << 8) ^ step.copied().unwrap_or_default()
        });
    }

    pub(crate) fn value(&self) -> u32 {
        !self.0
    }
}

/// The primes of the 64-bit xxHash.
const PRIMES: [u64; 5] = [
    0x9e37_79b1_85eb_ca87,
    0xc2b2_ae3d_27d4_eb4f,
    0x1656_67b1_9e37_79f9,
    0x85eb_ca77_c2b2_ae63,
    0x27d4_eb2f_1656_67c5,
];

/// The 64-bit xxHash with the seed 0, as Zstandard has it.
pub(crate) fn xxh64(content: &[u8]) -> u64 {
    let [first, second, third, fourth, fifth] = PRIMES;
    let round = |sum: u64, word: u64| {
        let mixed = sum.wrapping_add(word.wrapping_mul(second));
        mixed.rotate_left(31).wrapping_mul(first)
    };
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
    let mut lanes = [
        first.wrapping_add(second),
        second,
        0,
        0_u64.wrapping_sub(first),
    ];
    let mut stripes = content.chunks_exact(32);
    for stripe in stripes.by_ref() {
        for (lane, bytes) in lanes.iter_mut().zip(stripe.chunks_exact(8)) {
            *lane = round(*lane, word(bytes));
        }
    }
    let mut sum = fifth;
    if 32 <= content.len() {
        let turned = lanes.iter().zip([1, 7, 12, 18]);
        sum = turned.fold(0, |sum, (lane, bits)| {
            sum.wrapping_add(lane.rotate_left(bits))
        });
        for lane in lanes {
            sum = (sum ^ round(0, lane))
                .wrapping_mul(first)
                .wrapping_add(fourth);
        }
    }
    sum = sum.wrapping_add(length(content.len()));
    let mut words = stripes.remainder().chunks_exact(8);
    for bytes in words.by_ref() {
        sum = (sum ^ round(0, word(bytes))).rotate_left(27);
        sum = sum.wrapping_mul(first).wrapping_add(fourth);
    }
    let mut tail = words.remainder();
    if let Some(half) = u32_at(tail, 0) {
        sum = (sum ^ u64::from(half).wrapping_mul(first)).rotate_left(23);
        sum = sum.wrapping_mul(second).wrapping_add(third);
        tail = rest(tail, 4, usize::MAX);
    }
    for byte in tail {
        sum = (sum ^ u64::from(*byte).wrapping_mul(fifth)).rotate_left(11);
        sum = sum.wrapping_mul(first);
    }
    sum = (sum ^ sum >> 33).wrapping_mul(second);
    sum = (sum ^ sum >> 29).wrapping_mul(third);
    sum ^ sum >> 32
}

/// The 32-bit xxHash with the seed 0, as LZ4 has it.
pub(crate) fn xxh32(content: &[u8]) -> u32 {
    let [first, second, third, fourth, fifth] = [
        0x9e37_79b1_u32,
        0x85eb_ca77,
        0xc2b2_ae3d,
        0x27d4_eb2f,
        0x1656_67b1,
    ];
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, u32::from_le_bytes);
    let mut lanes = [
        first.wrapping_add(second),
        second,
        0,
        0_u32.wrapping_sub(first),
    ];
    let mut stripes = content.chunks_exact(16);
    for stripe in stripes.by_ref() {
        for (lane, bytes) in lanes.iter_mut().zip(stripe.chunks_exact(4)) {
            let mixed = lane.wrapping_add(word(bytes).wrapping_mul(second));
            *lane = mixed.rotate_left(13).wrapping_mul(first);
        }
    }
    let mut sum = fifth;
    if 16 <= content.len() {
        let turned = lanes.iter().zip([1, 7, 12, 18]);
        sum = turned.fold(0, |sum, (lane, bits)| {
            sum.wrapping_add(lane.rotate_left(bits))
        });
    }
    let size = length(content.len()) & 0xffff_ffff;
    sum = sum.wrapping_add(u32::try_from(size).unwrap_or_default());
    let mut words = stripes.remainder().chunks_exact(4);
    for bytes in words.by_ref() {
        let mixed = sum.wrapping_add(word(bytes).wrapping_mul(third));
        sum = mixed.rotate_left(17).wrapping_mul(fourth);
    }
    for byte in words.remainder() {
        let mixed = sum.wrapping_add(u32::from(*byte).wrapping_mul(fifth));
        sum = mixed.rotate_left(11).wrapping_mul(first);
    }
    sum = (sum ^ sum >> 15).wrapping_mul(second);
    sum = (sum ^ sum >> 13).wrapping_mul(third);
    sum ^ sum >> 16
}

/// Adler-32 (RFC 1950).
pub(crate) fn adler32(content: &[u8]) -> u32 {
    const BASE: u32 = 65_521;
    /// How many bytes fit before the sums must be reduced.
    const STEP_BYTES: usize = 5552;
    let (mut first, mut second) = (1_u32, 0_u32);
    for step in content.chunks(STEP_BYTES) {
        for byte in step {
            first = first.wrapping_add(u32::from(*byte));
            second = second.wrapping_add(first);
        }
        first %= BASE;
        second %= BASE;
    }
    second << 16 | first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksums_of_the_nine_digits_are_the_published_ones() {
        let mut sum = Crc32Msb::default();
        sum.add(b"12345");
        sum.add(b"6789");
        assert_eq!(sum.value(), 0xfc89_1918);
        assert_eq!(xxh64(b""), 0xef46_db37_51d8_e999);
        assert_eq!(xxh32(b""), 0x02cc_5d05);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc64(b"123456789"), 0x995d_c9bb_df19_39fa);
    }
}
