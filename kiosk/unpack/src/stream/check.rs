//! Checksums that formats of streams use beside CRC-32.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksums_of_the_nine_digits_are_the_published_ones() {
        let mut sum = Crc32Msb::default();
        sum.add(b"12345");
        sum.add(b"6789");
        assert_eq!(sum.value(), 0xfc89_1918);
        assert_eq!(crc64(b"123456789"), 0x995d_c9bb_df19_39fa);
    }
}
