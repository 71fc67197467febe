//! Inodes.

use super::crc::Crc;
use super::superblock::Superblock;
use crate::number::{array, narrow, u16_at, u32_at};

/// What an inode is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    File,
    Folder,
    Link,
    /// A device, pipe or socket.
    Special,
    /// None of these; never used.
    None,
}

/// What a folder entry says about the type of its inode; `None` for a number that says nothing.
pub(super) fn type_of_entry(number: u8) -> Option<Type> {
    match number {
        1 => Some(Type::File),
        2 => Some(Type::Folder),
        3..=6 => Some(Type::Special),
        7 => Some(Type::Link),
        _ => None,
    }
}

/// Flags of an inode.
pub(super) mod flag {
    pub(in crate::ext) const ENCRYPTED: u32 = 0x800;
    pub(in crate::ext) const INDEX: u32 = 0x1000;
    pub(in crate::ext) const HUGE_FILE: u32 = 0x4_0000;
    pub(in crate::ext) const EXTENTS: u32 = 0x8_0000;
    /// Its own checksums follow its content.
    pub(in crate::ext) const VERITY: u32 = 0x10_0000;
    /// It is the value of an extended attribute.
    pub(in crate::ext) const EA_INODE: u32 = 0x20_0000;
    pub(in crate::ext) const INLINE_DATA: u32 = 0x1000_0000;
}

/// Most bytes of a link's target that are kept in the inode itself.
const FAST_LINK_BYTES: u64 = 60;

/// One inode as it is stored.
pub(super) struct Inode {
    pub(super) number: u32,
    raw: Vec<u8>,
    /// What the checksums of its structures begin with.
    pub(super) seed: Option<u32>,
    /// Whether its own checksum is right, or there is none.
    pub(super) is_right: bool,
}

impl Inode {
    pub(super) fn new(number: u32, raw: Vec<u8>, seed: Option<u32>, crc: &Crc) -> Self {
        let seed = seed.map(|seed| {
            let generation: [u8; 4] = array(&raw, 0x64);
            crc.sum_of(seed, &[&number.to_le_bytes(), &generation])
        });
        let mut inode = Self {
            number,
            raw,
            seed,
            is_right: true,
        };
        if let Some(seed) = seed {
            inode.is_right = inode.checksum_is_right(seed, crc);
        }
        inode
    }

    fn checksum_is_right(&self, seed: u32, crc: &Crc) -> bool {
        let piece = |from: usize, to: usize| self.raw.get(from..to).unwrap_or_default();
        let length = self.raw.len();
        let mut sum = crc.sum_of(seed, &[piece(0, 0x7C), &[0, 0], piece(0x7E, 0x80)]);
        let low = u32::from(u16_at(&self.raw, 0x7C));
        if length <= 128 {
            return sum & 0xFFFF == low;
        }
        let has_high = 4 <= u16_at(&self.raw, 0x80);
        sum = crc.sum(sum, piece(0x80, 0x82));
        if !has_high {
            return crc.sum(sum, piece(0x82, length)) & 0xFFFF == low;
        }
        sum = crc.sum_of(sum, &[&[0, 0], piece(0x84, length)]);
        sum == u32::from(u16_at(&self.raw, 0x82)) << 16 | low
    }

    pub(super) fn kind(&self) -> Type {
        match u16_at(&self.raw, 0) >> 12 {
            8 => Type::File,
            4 => Type::Folder,
            10 => Type::Link,
            1 | 2 | 6 | 12 => Type::Special,
            _ => Type::None,
        }
    }

    pub(super) fn mode(&self) -> u16 {
        u16_at(&self.raw, 0)
    }

    /// Its size; folders and links have the upper half for something else on old volumes.
    pub(super) fn size_bytes(&self, large_folders: bool) -> u64 {
        let has_high = self.kind() == Type::File || self.kind() == Type::Folder && large_folders;
        let high = if has_high { u32_at(&self.raw, 0x6C) } else { 0 };
        u64::from(high) << 32 | u64::from(u32_at(&self.raw, 4))
    }

    pub(super) fn deleted_at(&self) -> u32 {
        u32_at(&self.raw, 0x14)
    }

    pub(super) fn links(&self) -> u16 {
        u16_at(&self.raw, 0x1A)
    }

    pub(super) fn has(&self, flag: u32) -> bool {
        u32_at(&self.raw, 0x20) & flag != 0
    }

    /// Bytes that its blocks take by its own count.
    pub(super) fn counted_bytes(&self, superblock: &Superblock, huge_files: bool) -> u64 {
        let low = u64::from(u32_at(&self.raw, 0x1C));
        if !huge_files {
            return low.saturating_mul(512);
        }
        let count = u64::from(u16_at(&self.raw, 0x74)) << 32 | low;
        count.saturating_mul(if self.has(flag::HUGE_FILE) {
            superblock.block_bytes
        } else {
            512
        })
    }

    /// The 60 bytes that lead to its blocks, or hold its content.
    pub(super) fn root(&self) -> [u8; 60] {
        array(&self.raw, 0x28)
    }

    /// Block of its extended attributes; 0 for none.
    pub(super) fn attribute_block(&self, is_64bit: bool) -> u64 {
        let high = if is_64bit { u16_at(&self.raw, 0x76) } else { 0 };
        u64::from(high) << 32 | u64::from(u32_at(&self.raw, 0x68))
    }

    /// Whether the target of a link is kept in the inode itself.
    pub(super) fn is_fast_link(&self) -> bool {
        self.kind() == Type::Link
            && self.size_bytes(false) < FAST_LINK_BYTES
            && !self.has(flag::EXTENTS | flag::INLINE_DATA)
    }

    /// Whether it has blocks of its own.
    pub(super) fn has_blocks(&self) -> bool {
        match self.kind() {
            Type::File | Type::Folder => !self.has(flag::INLINE_DATA),
            Type::Link => !self.has(flag::INLINE_DATA) && !self.is_fast_link(),
            // The list of bad blocks has no type.
            Type::Special | Type::None => self.number == 1,
        }
    }

    /// What its extended attributes in the inode hold under the name `system.data`: what of its
    /// content does not fit the root. Empty when there is nothing of the kind.
    pub(super) fn inline_rest(&self) -> &[u8] {
        let extra = usize::from(u16_at(&self.raw, 0x80));
        let at = extra.saturating_add(128);
        let attributes = self.raw.get(at..).unwrap_or_default();
        if self.raw.len() <= 128 || u32_at(attributes, 0) != 0xEA02_0000 {
            return &[];
        }
        let entries = attributes.get(4..).unwrap_or_default();
        let mut at = 0_usize;
        while let Some(entry) = entries.get(at..).filter(|entry| 16 <= entry.len()) {
            let [length, index] = array::<2>(entry, 0);
            if length == 0 && index == 0 {
                break;
            }
            let end = usize::from(length).saturating_add(16);
            let name = entry.get(16..end).unwrap_or_default();
            if index == 7 && name == b"data" {
                let start = usize::from(u16_at(entry, 2));
                let end = start.saturating_add(narrow(u64::from(u32_at(entry, 8))));
                return entries.get(start..end).unwrap_or_default();
            }
            at = at.saturating_add(end.next_multiple_of(4));
        }
        &[]
    }

    /// Its content when that is in the inode.
    pub(super) fn inline_content(&self) -> Option<Vec<u8>> {
        let length = narrow(self.size_bytes(false));
        if self.is_fast_link() {
            return self.root().get(..length).map(<[u8]>::to_vec);
        }
        let mut content = self.root().to_vec();
        content.extend_from_slice(self.inline_rest());
        content.get(..length).map(<[u8]>::to_vec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_its_inode_goes_on_in_its_attributes() {
        let mut raw = vec![0; 256];
        raw[..2].copy_from_slice(&0x81A4_u16.to_le_bytes());
        raw[4] = 64;
        raw[0x23] = 0x10;
        raw[0x28..0x28 + 60].fill(b'a');
        raw[0x80] = 32;
        raw[160..164].copy_from_slice(&0xEA02_0000_u32.to_le_bytes());
        raw[164..180].copy_from_slice(&[4, 7, 88, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]);
        raw[180..184].copy_from_slice(b"data");
        raw[164 + 88..][..4].copy_from_slice(b"rest");
        let inode = Inode::new(12, raw.clone(), None, &Crc::new());
        assert!(inode.has(flag::INLINE_DATA) && !inode.has_blocks());
        let content = inode.inline_content().unwrap();
        assert_eq!(&content[58..], b"aarest");
        raw[4] = 65;
        let inode = Inode::new(12, raw, None, &Crc::new());
        assert_eq!(inode.inline_content(), None);
    }
}
