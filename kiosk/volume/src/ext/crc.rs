//! The three checksums that ext volumes and their journals use, none of them with a final
//! inversion: CRC-32C, CRC-16 and the CRC-32 of the first journals, which runs from the highest
//! bit down.

/// CRC-32C, reflected.
const CASTAGNOLI: u32 = 0x82F6_3B78;

/// CRC-32, from the highest bit down.
const ETHERNET: u32 = 0x04C1_1DB7;

/// CRC-16, reflected.
const ANSI: u16 = 0xA001;

/// Tables for eight bytes at a time: every inode and every folder block goes through them.
pub(super) struct Crc {
    tables: Box<[[u32; 256]; 8]>,
}

impl Crc {
    pub(super) fn new() -> Self {
        let first: [u32; 256] = std::array::from_fn(|index| {
            let index = u32::try_from(index).unwrap_or(0);
            (0..8).fold(index, |crc, _| {
                (crc >> 1) ^ if crc & 1 == 1 { CASTAGNOLI } else { 0 }
            })
        });
        let mut tables = Box::new([[0; 256]; 8]);
        let mut last = first;
        for table in tables.iter_mut() {
            *table = last;
            last = std::array::from_fn(|index| {
                let crc = at(&last, u32::try_from(index).unwrap_or(0));
                (crc >> 8) ^ at(&first, crc)
            });
        }
        Self { tables }
    }

    /// CRC-32C of `bytes`, going on from `seed`.
    pub(super) fn sum(&self, seed: u32, bytes: &[u8]) -> u32 {
        let [t0, t1, t2, t3, t4, t5, t6, t7] = &*self.tables;
        let (groups, rest) = bytes.as_chunks::<8>();
        let mut crc = seed;
        for [a, b, c, d, e, f, g, h] in groups {
            let low = crc ^ u32::from_le_bytes([*a, *b, *c, *d]);
            let high = u32::from_le_bytes([*e, *f, *g, *h]);
            crc = at(t7, low)
                ^ at(t6, low >> 8)
                ^ at(t5, low >> 16)
                ^ at(t4, low >> 24)
                ^ at(t3, high)
                ^ at(t2, high >> 8)
                ^ at(t1, high >> 16)
                ^ at(t0, high >> 24);
        }
        rest.iter()
            .fold(crc, |crc, byte| (crc >> 8) ^ at(t0, crc ^ u32::from(*byte)))
    }

    /// The same of several pieces, one after the other.
    pub(super) fn sum_of(&self, seed: u32, pieces: &[&[u8]]) -> u32 {
        pieces.iter().fold(seed, |crc, piece| self.sum(crc, piece))
    }
}

/// The entry for the lowest byte of `crc`.
fn at(table: &[u32; 256], crc: u32) -> u32 {
    let [low, ..] = crc.to_le_bytes();
    table.get(usize::from(low)).copied().unwrap_or(0)
}

/// CRC-16 of `bytes`, going on from `seed`.
pub(super) fn crc16(seed: u16, bytes: &[u8]) -> u16 {
    bytes.iter().fold(seed, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { ANSI } else { 0 }
        })
    })
}

/// CRC-32 from the highest bit down of `bytes`, going on from `seed`.
pub(super) fn crc32_be(seed: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(seed, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            (crc << 1) ^ if crc >> 31 == 1 { ETHERNET } else { 0 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksums_of_the_usual_nine_digits_are_the_published_ones() {
        let crc = Crc::new();
        assert_eq!(!crc.sum(!0, b"123456789"), 0xE306_9283);
        assert_eq!(crc16(0, b"123456789"), 0xBB3D);
        assert_eq!(!crc32_be(!0, b"123456789"), 0xFC89_1918);
        let long: Vec<u8> = (0..100).collect();
        let (head, tail) = long.split_at(37);
        assert_eq!(crc.sum(!0, &long), crc.sum_of(!0, &[head, tail]));
    }
}
