//! Descriptor tags: what a block says it is, and the sums over it.

use crate::number::{u8_at, u16_at, u32_at, wide};

pub(super) const ANCHOR: u16 = 2;
pub(super) const POINTER: u16 = 3;
pub(super) const PARTITION: u16 = 5;
pub(super) const LOGICAL: u16 = 6;
pub(super) const TERMINATOR: u16 = 8;
pub(super) const INTEGRITY: u16 = 9;
pub(super) const FILE_SET: u16 = 256;
pub(super) const IDENTIFIER: u16 = 257;
pub(super) const CONTINUATION: u16 = 258;
pub(super) const INDIRECT: u16 = 259;
pub(super) const FILE: u16 = 261;
pub(super) const SPACE_ENTRY: u16 = 263;
pub(super) const BITMAP: u16 = 264;
pub(super) const EXTENDED_FILE: u16 = 266;

/// Size of a tag.
pub(super) const TAG_BYTES: usize = 16;

/// The 16 bytes that every descriptor begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) id: u16,
    /// The block that it says it is in.
    pub(super) location: u32,
    /// Whether its own sum is right; else it is hardly a tag.
    pub(super) is_summed: bool,
    /// Whether the sum over what follows it is.
    pub(super) is_whole: bool,
}

impl Tag {
    /// The tag of a descriptor; `None` when there is not even room for one.
    pub(super) fn read(descriptor: &[u8]) -> Option<Self> {
        let head = descriptor.first_chunk::<TAG_BYTES>()?;
        let sum = head.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        let own = u8_at(head, 4);
        let length = usize::from(u16_at(head, 10));
        let body = descriptor.get(TAG_BYTES..TAG_BYTES.saturating_add(length));
        Some(Self {
            id: u16_at(head, 0),
            location: u32_at(head, 12),
            is_summed: sum.wrapping_sub(own) == own && head.iter().any(|byte| *byte != 0),
            is_whole: body.is_some_and(|body| crc(body) == u16_at(head, 8)),
        })
    }

    /// Whether it is this kind of descriptor with right sums.
    pub(super) fn is(self, id: u16) -> bool {
        self.id == id && self.is_summed && self.is_whole
    }

    /// What is wrong with it as a descriptor in block `location`.
    pub(super) fn fault(self, location: u64) -> Option<(&'static str, &'static str)> {
        if !self.is_summed {
            Some((
                "udf_tag_checksum",
                "the checksum of a descriptor tag is wrong",
            ))
        } else if !self.is_whole {
            Some(("udf_descriptor_crc", "the CRC of a descriptor is wrong"))
        } else if u64::from(self.location) != location {
            Some(("udf_tag_location", "a descriptor says that it is elsewhere"))
        } else {
            None
        }
    }
}

/// The sum over a descriptor: CRC-16 with the polynomial 0x1021, from 0 on.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0_u16, |crc, byte| {
        let mut mixed = crc >> 8 ^ u16::from(*byte);
        mixed ^= mixed >> 4;
        crc << 8 ^ mixed << 12 ^ mixed << 5 ^ mixed
    })
}

/// An extent by partition and block, as descriptors of files spell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Address {
    /// Number of the partition map.
    pub(super) map: u16,
    pub(super) block: u32,
}

/// What an allocation descriptor says of its extent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holding {
    /// Its bytes.
    Recorded,
    /// Its place, not yet its bytes.
    Reserved,
    /// Neither.
    Hole,
    /// Further allocation descriptors.
    Continued,
}

/// An allocation descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent30 {
    pub(super) holding: Holding,
    pub(super) size_bytes: u64,
    pub(super) at: Address,
}

impl Extent30 {
    /// A short descriptor; its partition is that of what it stands in.
    pub(super) fn short(bytes: &[u8], at: usize, map: u16) -> Self {
        let block = u32_at(bytes, at.saturating_add(4));
        Self::new(u32_at(bytes, at), Address { map, block })
    }

    /// A long descriptor.
    pub(super) fn long(bytes: &[u8], at: usize) -> Self {
        let address = Address {
            block: u32_at(bytes, at.saturating_add(4)),
            map: u16_at(bytes, at.saturating_add(8)),
        };
        Self::new(u32_at(bytes, at), address)
    }

    /// An extended descriptor, whose length on the medium is its first number.
    pub(super) fn extended(bytes: &[u8], at: usize) -> Self {
        let address = Address {
            block: u32_at(bytes, at.saturating_add(12)),
            map: u16_at(bytes, at.saturating_add(16)),
        };
        Self::new(u32_at(bytes, at), address)
    }

    fn new(length: u32, at: Address) -> Self {
        Self {
            holding: match length >> 30 {
                0 => Holding::Recorded,
                1 => Holding::Reserved,
                2 => Holding::Hole,
                _ => Holding::Continued,
            },
            size_bytes: u64::from(length & 0x3FFF_FFFF),
            at,
        }
    }
}

/// How much of a descriptor its sums cover, in bytes, by its tag.
pub(super) fn summed_bytes(head: &[u8]) -> u64 {
    wide(TAG_BYTES).saturating_add(u64::from(u16_at(head, 10)))
}

/// A field of characters whose last byte is its length.
pub(super) fn text(field: &[u8]) -> Vec<u8> {
    let Some((length, field)) = field.split_last() else {
        return Vec::new();
    };
    let used = field.get(..usize::from(*length)).unwrap_or(field);
    super::name::decode(used).0
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_that_of_the_standard() {
        // ECMA-167, 7.2.6: the bytes 0x70 0x6A 0x77 have the sum 0x3299.
        assert_eq!(crc(&[0x70, 0x6A, 0x77]), 0x3299);
    }

    #[test]
    fn a_tag_tells_what_is_wrong_with_it() {
        let mut block = vec![0_u8; 64];
        assert!(!Tag::read(&block).unwrap().is_summed);
        block[0] = 5;
        block[12] = 9;
        block[10] = 4;
        block[16..20].copy_from_slice(b"test");
        let sum = crc(b"test");
        block[8..10].copy_from_slice(&sum.to_le_bytes());
        let total: u32 = block[..16].iter().map(|byte| u32::from(*byte)).sum();
        block[4] = u8::try_from(total % 256).unwrap();
        let fault = |block: &[u8], at| Tag::read(block).unwrap().fault(at).map(|fault| fault.0);
        assert_eq!(fault(&block, 9), None);
        assert_eq!(fault(&block, 8), Some("udf_tag_location"));
        assert_eq!(fault(&block[..18], 9), Some("udf_descriptor_crc"));
        block[17] = 0;
        assert_eq!(fault(&block, 9), Some("udf_descriptor_crc"));
        block[0] = 6;
        assert_eq!(fault(&block, 9), Some("udf_tag_checksum"));
        assert_eq!(Tag::read(&block[..15]), None);
    }

    #[test]
    fn the_two_highest_bits_of_a_length_say_what_an_extent_holds() {
        let bytes = 0x4000_0800_u32.to_le_bytes();
        let extent = Extent30::short(&[bytes, [7, 0, 0, 0]].concat(), 0, 3);
        assert_eq!(extent.holding, Holding::Reserved);
        assert_eq!(extent.size_bytes, 2048);
        assert_eq!(extent.at, Address { map: 3, block: 7 });
    }
}
