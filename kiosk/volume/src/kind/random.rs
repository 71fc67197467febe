//! Volumes that are encrypted and have no header: VeraCrypt's, TrueCrypt's, plain dm-crypt.
//! Nothing on them can be told from random bytes, and that is how they are told.
//!
//! The measure is Pearson's chi-square of the counts of the 256 byte values. For random bytes it
//! is about 255 with a standard deviation of 22.6, however many bytes there are; for anything
//! else it grows with the number of bytes.

use std::io;

use crate::blocks::{Blocks, head};
use crate::number::wide;

/// What is looked at whole, from the volume's first byte on: VeraCrypt fills this much with
/// random bytes around its headers, even when the rest is left as it was. As many bytes tell
/// random ones from those of most packers: zlib's are 1,000 and more standard deviations away.
const HEAD_BYTES: usize = 128 << 10;

/// The same in sectors.
const HEAD_SECTORS: u64 = 256;

/// Sectors looked at behind that, evenly over the volume. Each costs a stick a millisecond.
const SAMPLES_MAX: u64 = 64;

const SECTOR_BYTES: usize = 512;

/// The same as a length on the medium.
const SECTOR_STEP: u64 = 512;

/// Largest chi-square of a single sector: nine standard deviations over the mean. One random
/// sector in some 10^14 has more; text and tables have thousands, zeros have 130,560. With two
/// bytes for each value the distribution is not quite chi-square, and narrower.
const SECTOR_CHI_MAX: u64 = 460;

/// Largest chi-square of the head: six standard deviations. One random head in 10^7 has more.
const HEAD_CHI_MAX: u64 = 400;

/// What packed files begin with. Some packers' output passes for random, and it is worth more to
/// look into such a file, written over a stick as it is, than to call it encrypted.
const PACKED: [&[u8]; 9] = [
    b"\x1F\x8B",
    b"PK\x03\x04",
    b"BZh",
    b"\xFD7zXZ\0",
    b"\x28\xB5\x2F\xFD",
    b"\x04\x22\x4D\x18",
    b"7z\xBC\xAF\x27\x1C",
    b"Rar!\x1A\x07",
    b"LZIP",
];

/// Whether nothing on `blocks` can be told from random bytes but sectors that were never
/// written. What is smaller than the head is too little to tell.
///
/// # Errors
/// Those of the medium.
pub(super) fn is_random(blocks: &dyn Blocks) -> io::Result<bool> {
    // Nearly everything shows itself in its first sector.
    let first = head(blocks, 0, SECTOR_BYTES)?;
    if !sector_is_random(&first) || PACKED.iter().any(|magic| first.starts_with(magic)) {
        return Ok(false);
    }
    let start = head(blocks, 0, HEAD_BYTES)?;
    if start.len() < HEAD_BYTES
        || !start.chunks(SECTOR_BYTES).all(sector_is_random)
        || HEAD_CHI_MAX < chi_square(&start)
    {
        return Ok(false);
    }
    let sectors = blocks.size_bytes() / SECTOR_STEP;
    let behind = sectors.saturating_sub(HEAD_SECTORS);
    let step = behind.div_ceil(SAMPLES_MAX).max(1);
    for number in 0..SAMPLES_MAX {
        // From the last sector backwards, so that the backup header is among them.
        let from_end = number.saturating_mul(step).saturating_add(1);
        if behind < from_end {
            break;
        }
        let at = sectors.saturating_sub(from_end);
        let offset = at.saturating_mul(SECTOR_STEP);
        let sector = head(blocks, offset, SECTOR_BYTES)?;
        let unwritten = sector.first().is_none_or(|first| {
            matches!(first, 0x00 | 0xFF) && sector.iter().all(|byte| byte == first)
        });
        if !unwritten && !sector_is_random(&sector) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn sector_is_random(sector: &[u8]) -> bool {
    sector.len() == SECTOR_BYTES && chi_square(sector) <= SECTOR_CHI_MAX
}

/// Chi-square against every value being as frequent, rounded down.
fn chi_square(bytes: &[u8]) -> u64 {
    let mut counts = [0_u64; 256];
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count = count.saturating_add(1);
        }
    }
    // The sum of (count - n/256)^2 / (n/256) is 256/n times the sum of squares, minus n.
    let squares = counts.iter().fold(0_u64, |sum, count| {
        sum.saturating_add(count.saturating_mul(*count))
    });
    let all = wide(bytes.len());
    let scaled = squares.saturating_mul(256).checked_div(all).unwrap_or(0);
    scaled.saturating_sub(all)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
#[allow(clippy::as_conversions, reason = "tests compute expectations")]
mod tests {
    use super::*;
    use crate::number::narrow;

    /// SplitMix64: a generator that passes the usual tests of randomness.
    fn noise(seed: u64, length: usize) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            (z ^ (z >> 31)).to_le_bytes()
        };
        let words = length.div_ceil(8);
        let mut bytes: Vec<u8> = (0..words).flat_map(|_| next()).collect();
        bytes.truncate(length);
        bytes
    }

    #[test]
    fn random_volumes_are_never_missed() {
        let (mut sector, mut whole) = (0, 0);
        for seed in 0..2000 {
            let volume = noise(seed, 300_000 / 512 * 512);
            let sectors = volume[..HEAD_BYTES].chunks(SECTOR_BYTES);
            sector = sector.max(sectors.map(chi_square).max().unwrap());
            whole = whole.max(chi_square(&volume[..HEAD_BYTES]));
            assert!(is_random(&volume).unwrap(), "{seed}");
        }
        // There is room to the limits on both sides: these were half a million sectors.
        assert!((350..SECTOR_CHI_MAX - 40).contains(&sector), "{sector}");
        assert!((320..HEAD_CHI_MAX - 20).contains(&whole), "{whole}");
    }

    #[test]
    fn sectors_that_are_not_random_are_never_taken_for_it() {
        for seed in 0..2000_u64 {
            let random = noise(seed, SECTOR_BYTES);
            let hex = random
                .iter()
                .map(|byte| b"0123456789abcdef"[usize::from(byte & 15)]);
            let letters = random.iter().map(|byte| 64 + byte % 64);
            let low = random.iter().map(|byte| byte & 0x7F);
            let samples = random.chunks(2).flat_map(|pair| [pair[0], pair[1] & 3]);
            let numbers = (0..128_u64).flat_map(|n| ((seed + n) as u32).to_le_bytes());
            let halves = random.iter().enumerate();
            let half = halves.map(|(at, byte)| if at < 256 { *byte } else { 0 });
            for structured in [
                hex.collect::<Vec<u8>>(),
                letters.collect(),
                low.collect(),
                samples.collect(),
                numbers.collect(),
                half.collect(),
                vec![seed as u8; SECTOR_BYTES],
            ] {
                let measure = chi_square(&structured);
                assert!(SECTOR_CHI_MAX < measure, "{seed}: {measure}");
            }
        }
    }

    #[test]
    fn one_structured_sector_or_a_slight_preference_is_enough() {
        let whole = noise(1, 1 << 20);
        assert!(is_random(&whole).unwrap());
        for at in [0, 512, HEAD_BYTES - 512, (1 << 20) - 512] {
            let mut volume = whole.clone();
            let text = b"temperature, pressure, flow\r\n".iter().cycle();
            for (to, from) in volume[at..][..512].iter_mut().zip(text) {
                *to = *from;
            }
            assert!(!is_random(&volume).unwrap(), "{at}");
        }
        // Every sixteenth byte loses a bit: no single sector shows it, the head does.
        let mut volume = whole.clone();
        for byte in volume.iter_mut().step_by(16) {
            *byte &= 0x7F;
        }
        assert!(volume.chunks(512).all(sector_is_random));
        assert!(!is_random(&volume).unwrap());
    }

    #[test]
    fn what_was_never_written_may_lie_behind_the_head() {
        let mut volume = noise(2, 1 << 20);
        volume[HEAD_BYTES..].fill(0);
        assert!(is_random(&volume).unwrap());
        volume[HEAD_BYTES..].fill(0xFF);
        assert!(is_random(&volume).unwrap());
        volume[HEAD_BYTES..].fill(b'x');
        assert!(!is_random(&volume).unwrap());
    }

    #[test]
    fn packed_files_and_scraps_are_not_called_random() {
        for magic in PACKED {
            let mut volume = noise(3, 1 << 18);
            volume[..magic.len()].copy_from_slice(magic);
            assert!(!is_random(&volume).unwrap());
        }
        assert!(!is_random(&noise(3, HEAD_BYTES - 512)).unwrap());
        assert!(!is_random(&vec![0; 1 << 20]).unwrap());
        assert!(!is_random(&Vec::new()).unwrap());
    }

    #[test]
    fn the_number_of_reads_is_bounded() {
        struct Counting(std::cell::Cell<u64>);
        impl Blocks for Counting {
            fn size_bytes(&self) -> u64 {
                1 << 50
            }
            fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
                self.0.set(self.0.get() + 1);
                buffer.copy_from_slice(&noise(offset, narrow(wide(buffer.len()))));
                Ok(())
            }
        }
        let counting = Counting(std::cell::Cell::new(0));
        assert!(is_random(&counting).unwrap());
        assert_eq!(counting.0.get(), SAMPLES_MAX + 2);
    }
}
