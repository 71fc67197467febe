//! The superblock. Source: the kernel's Documentation/filesystems/ext4.

use super::crc::Crc;
use crate::blocks::{Blocks, head};
use crate::error::VolumeError;
use crate::number::{array, narrow, u16_at, u32_at, u64_at};

/// Features without which a volume must not be read.
pub(super) mod incompatible {
    pub(in crate::ext) const RECOVER: u32 = 0x4;
    pub(in crate::ext) const META_BG: u32 = 0x10;
    pub(in crate::ext) const IS_64BIT: u32 = 0x80;
    pub(in crate::ext) const MMP: u32 = 0x100;
    pub(in crate::ext) const EA_INODE: u32 = 0x400;
    pub(in crate::ext) const DIRDATA: u32 = 0x1000;
    pub(in crate::ext) const CSUM_SEED: u32 = 0x2000;
    pub(in crate::ext) const LARGEDIR: u32 = 0x4000;
    pub(in crate::ext) const INLINE_DATA: u32 = 0x8000;
    pub(in crate::ext) const FILETYPE: u32 = 0x2;
    /// Those that this reader knows, with extents, flexible groups, extended attributes in
    /// inodes, encryption (a gap for each such file) and case folding, which needs nothing.
    pub(in crate::ext) const KNOWN: u32 = FILETYPE
        | RECOVER
        | META_BG
        | 0x40
        | IS_64BIT
        | MMP
        | 0x200
        | EA_INODE
        | DIRDATA
        | CSUM_SEED
        | LARGEDIR
        | INLINE_DATA
        | 0x1_0000
        | 0x2_0000;
}

/// Features without which a volume must not be written.
pub(super) mod read_only {
    pub(in crate::ext) const SPARSE_SUPER: u32 = 0x1;
    pub(in crate::ext) const HUGE_FILE: u32 = 0x8;
    pub(in crate::ext) const GDT_CSUM: u32 = 0x10;
    pub(in crate::ext) const BIGALLOC: u32 = 0x200;
    pub(in crate::ext) const METADATA_CSUM: u32 = 0x400;
    pub(in crate::ext) const SHARED_BLOCKS: u32 = 0x4000;
    pub(in crate::ext) const KNOWN: u32 = 0x1_FFFF;
}

/// Features that anybody may ignore.
pub(super) mod compatible {
    pub(in crate::ext) const HAS_JOURNAL: u32 = 0x4;
    pub(in crate::ext) const SPARSE_SUPER2: u32 = 0x200;
    pub(in crate::ext) const ORPHAN_FILE: u32 = 0x1000;
}

/// Size of a superblock, in bytes.
pub(super) const SUPERBLOCK_BYTES: usize = 1024;

/// Where the first one is.
pub(super) const SUPERBLOCK_OFFSET_BYTES: u64 = 1024;

/// Most block groups. With blocks of 4 KiB that is 32 TiB, and their descriptors are 16 MiB.
pub(super) const GROUPS_MAX: u64 = 1 << 18;

/// Names of incompatible features that are not read here, by bit.
const UNREAD: [(u32, &str); 2] = [
    (0x1, "compression"),
    (0x8, "an external journal's own volume"),
];

/// A superblock whose numbers fit each other.
pub(super) struct Superblock {
    pub(super) kind: &'static str,
    raw: Vec<u8>,
    pub(super) block_bytes: u64,
    /// Blocks of one cluster; 1 unless it is a bigalloc volume.
    pub(super) cluster_blocks: u64,
    pub(super) blocks: u64,
    pub(super) first_data_block: u64,
    pub(super) blocks_per_group: u64,
    pub(super) groups: u64,
    pub(super) inodes: u64,
    pub(super) inodes_per_group: u64,
    pub(super) inode_bytes: u64,
    pub(super) descriptor_bytes: u64,
}

impl Superblock {
    /// Reads and checks the first superblock.
    ///
    /// # Errors
    /// One that cannot be read, contradicts itself or needs a feature that is not read here.
    pub(super) fn read(kind: &'static str, blocks: &dyn Blocks) -> Result<Self, VolumeError> {
        let raw = head(blocks, SUPERBLOCK_OFFSET_BYTES, SUPERBLOCK_BYTES)?;
        if raw.len() < SUPERBLOCK_BYTES {
            return Err(VolumeError::Read(std::io::ErrorKind::UnexpectedEof.into()));
        }
        let superblock =
            Self::parse(kind, raw).map_err(|what| VolumeError::Malformed { kind, what })?;
        match superblock.unread() {
            Some(what) => Err(VolumeError::Feature { kind, what }),
            None => Ok(superblock),
        }
    }

    pub(super) fn parse(kind: &'static str, raw: Vec<u8>) -> Result<Self, &'static str> {
        let shift = u32_at(&raw, 0x18);
        let has = |offset, bit| u32_at(&raw, 0x4C) != 0 && u32_at(&raw, offset) & bit != 0;
        let is_64bit = has(0x60, incompatible::IS_64BIT);
        let cluster_shift = if has(0x64, read_only::BIGALLOC) {
            u32_at(&raw, 0x1C).checked_sub(shift)
        } else {
            Some(0)
        };
        let cluster_shift = cluster_shift.filter(|shift| *shift <= 20);
        let cluster_shift = cluster_shift.ok_or("clusters of an impossible size")?;
        if u16_at(&raw, 0x38) != 0xEF53 || 6 < shift {
            return Err("blocks of an impossible size");
        }
        let block_bytes = 1024_u64.checked_shl(shift).unwrap_or(1024);
        let high = if is_64bit { u32_at(&raw, 0x150) } else { 0 };
        let mut superblock = Self {
            kind,
            block_bytes,
            cluster_blocks: 1_u64.checked_shl(cluster_shift).unwrap_or(1),
            blocks: u64::from(high) << 32 | u64::from(u32_at(&raw, 4)),
            first_data_block: u64::from(u32_at(&raw, 0x14)),
            blocks_per_group: u64::from(u32_at(&raw, 0x20)),
            groups: 0,
            inodes: 0,
            inodes_per_group: u64::from(u32_at(&raw, 0x28)),
            inode_bytes: if u32_at(&raw, 0x4C) == 0 {
                128
            } else {
                u64::from(u16_at(&raw, 0x58))
            },
            descriptor_bytes: if is_64bit {
                u64::from(u16_at(&raw, 0xFE))
            } else {
                32
            },
            raw,
        };
        superblock.groups = superblock.count_groups()?;
        let inodes = superblock
            .groups
            .saturating_mul(superblock.inodes_per_group);
        superblock.inodes = inodes.min(u64::from(u32::MAX));
        Ok(superblock)
    }

    fn count_groups(&self) -> Result<u64, &'static str> {
        let bits = self.block_bytes.saturating_mul(8);
        let in_groups = self.blocks.checked_sub(self.first_data_block);
        let in_groups = in_groups.filter(|blocks| *blocks != 0 && self.first_data_block <= 1);
        let in_groups = in_groups.ok_or("no blocks")?;
        let most = bits.saturating_mul(self.cluster_blocks);
        if self.blocks_per_group == 0
            || most < self.blocks_per_group
            || !self.blocks_per_group.is_multiple_of(self.cluster_blocks)
        {
            return Err("groups of an impossible size");
        }
        if self.inodes_per_group == 0 || bits < self.inodes_per_group {
            return Err("groups with an impossible number of inodes");
        }
        if !self.inode_bytes.is_power_of_two()
            || self.inode_bytes < 128
            || self.block_bytes < self.inode_bytes
        {
            return Err("inodes of an impossible size");
        }
        let is_64bit = self.needs(incompatible::IS_64BIT);
        let least = if is_64bit { 64 } else { 32 };
        if !self.descriptor_bytes.is_power_of_two()
            || self.descriptor_bytes < least
            || 1024 < self.descriptor_bytes
        {
            return Err("group descriptors of an impossible size");
        }
        let groups = in_groups.div_ceil(self.blocks_per_group);
        if GROUPS_MAX < groups {
            return Err("more groups than are read");
        }
        Ok(groups)
    }

    /// The features that keep the volume from being read.
    fn unread(&self) -> Option<String> {
        let unknown = self.incompatible() & !incompatible::KNOWN;
        if unknown == 0 {
            return None;
        }
        let named = UNREAD.iter().filter(|(bit, _)| unknown & bit != 0);
        let named: Vec<&str> = named.map(|(_, name)| *name).collect();
        let other = UNREAD.iter().fold(unknown, |rest, (bit, _)| rest & !bit);
        let mut what = named.join(", ");
        if other != 0 {
            let separator = if what.is_empty() { "" } else { ", " };
            what = format!("{what}{separator}unknown incompatible features {other:#x}");
        }
        Some(what)
    }

    /// Whether the checksum is right, where there is one.
    pub(super) fn checksum_is_right(&self, crc: &Crc) -> bool {
        let summed = self.raw.get(..0x3FC).unwrap_or_default();
        !self.has_checksums() || crc.sum(!0, summed) == u32_at(&self.raw, 0x3FC)
    }

    /// What checksums of metadata begin with; `None` when there are none.
    pub(super) fn seed(&self, crc: &Crc) -> Option<u32> {
        let seed = if self.needs(incompatible::CSUM_SEED) {
            u32_at(&self.raw, 0x270)
        } else {
            crc.sum(!0, &self.uuid())
        };
        self.has_checksums().then_some(seed)
    }

    fn features(&self, offset: usize) -> u32 {
        // The first revision has no features.
        if u32_at(&self.raw, 0x4C) == 0 {
            return 0;
        }
        u32_at(&self.raw, offset)
    }

    pub(super) fn incompatible(&self) -> u32 {
        self.features(0x60)
    }

    pub(super) fn needs(&self, feature: u32) -> bool {
        self.incompatible() & feature != 0
    }

    pub(super) fn has_read_only(&self, feature: u32) -> bool {
        self.features(0x64) & feature != 0
    }

    pub(super) fn has_compatible(&self, feature: u32) -> bool {
        self.features(0x5C) & feature != 0
    }

    /// Read-only features that nobody here has heard of.
    pub(super) fn unknown_read_only(&self) -> u32 {
        self.features(0x64) & !read_only::KNOWN
    }

    pub(super) fn has_checksums(&self) -> bool {
        self.has_read_only(read_only::METADATA_CSUM)
    }

    /// Whether groups may say that parts of them were never written.
    pub(super) fn has_uninitialised(&self) -> bool {
        self.has_read_only(read_only::METADATA_CSUM | read_only::GDT_CSUM)
    }

    pub(super) fn uuid(&self) -> [u8; 16] {
        array(&self.raw, 0x68)
    }

    pub(super) fn state(&self) -> u16 {
        u16_at(&self.raw, 0x3A)
    }

    pub(super) fn label(&self) -> [u8; 16] {
        array(&self.raw, 0x78)
    }

    pub(super) fn counted_inodes(&self) -> u64 {
        u64::from(u32_at(&self.raw, 0))
    }

    pub(super) fn reserved_descriptor_blocks(&self) -> u64 {
        u64::from(u16_at(&self.raw, 0xCE))
    }

    pub(super) fn journal_inode(&self) -> u32 {
        u32_at(&self.raw, 0xE0)
    }

    pub(super) fn last_orphan(&self) -> u32 {
        u32_at(&self.raw, 0xE8)
    }

    pub(super) fn first_meta_group(&self) -> u64 {
        u64::from(u32_at(&self.raw, 0x104))
    }

    pub(super) fn mmp_block(&self) -> u64 {
        u64_at(&self.raw, 0x168)
    }

    /// The two groups with backups of a `sparse_super2` volume.
    pub(super) fn backup_groups(&self) -> [u64; 2] {
        [u32_at(&self.raw, 0x24C), u32_at(&self.raw, 0x250)].map(u64::from)
    }

    /// Inodes that hold structures beside the reserved ones: project quotas and orphans.
    pub(super) fn structure_inodes(&self) -> [u32; 2] {
        [u32_at(&self.raw, 0x26C), self.orphan_file_inode()]
    }

    pub(super) fn orphan_file_inode(&self) -> u32 {
        if self.has_compatible(compatible::ORPHAN_FILE) {
            u32_at(&self.raw, 0x280)
        } else {
            0
        }
    }

    /// Block of the superblock of group 0.
    pub(super) fn own_block(&self) -> u64 {
        u64::from(self.block_bytes == 1024)
    }

    /// Whether another superblock describes the same geometry.
    pub(super) fn agrees_with(&self, other: &[u8]) -> bool {
        /// Offsets and lengths of what nothing changes once a volume has been made.
        const FIXED: [(usize, usize); 9] = [
            (0x00, 8),
            (0x14, 12),
            (0x20, 12),
            (0x38, 2),
            (0x4C, 4),
            (0x58, 2),
            (0x68, 16),
            (0xFE, 2),
            (0x150, 4),
        ];
        let field = |bytes: &[u8], (at, length): (usize, usize)| {
            let end = at.saturating_add(length);
            bytes.get(at..end).map(<[u8]>::to_vec)
        };
        let needs = |bytes: &[u8]| u32_at(bytes, 0x60) & !incompatible::RECOVER;
        let same = FIXED
            .iter()
            .all(|place| field(&self.raw, *place) == field(other, *place));
        same && needs(&self.raw) == needs(other)
    }

    /// First block of a group.
    pub(super) fn group_start(&self, group: u64) -> u64 {
        let before = group.saturating_mul(self.blocks_per_group);
        self.first_data_block.saturating_add(before)
    }

    /// Group of a block.
    pub(super) fn group_of(&self, block: u64) -> u64 {
        let within = block.saturating_sub(self.first_data_block);
        within.checked_div(self.blocks_per_group).unwrap_or(0)
    }

    /// Whether `count` blocks from `first` on are all there.
    pub(super) fn holds(&self, first: u64, count: u64) -> bool {
        let end = first.checked_add(count);
        self.first_data_block <= first && end.is_some_and(|end| end <= self.blocks)
    }

    /// Where a block begins, in bytes.
    pub(super) fn offset(&self, block: u64) -> u64 {
        block.saturating_mul(self.block_bytes)
    }

    /// A buffer of one block.
    pub(super) fn buffer(&self) -> Vec<u8> {
        vec![0; narrow(self.block_bytes)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The superblock of so many groups of 8,192 blocks of 1 KiB.
    fn raw(groups: u64) -> Vec<u8> {
        let mut raw = vec![0; SUPERBLOCK_BYTES];
        let mut put = |at: usize, value: u64| {
            let [a, b, c, d, ..] = value.to_le_bytes();
            raw[at..at.saturating_add(4)].copy_from_slice(&[a, b, c, d]);
        };
        put(0x04, groups.saturating_mul(8192).saturating_add(1));
        put(0x14, 1);
        put(0x20, 8192);
        put(0x28, 8);
        put(0x38, 0xEF53);
        put(0x4C, 1);
        put(0x58, 128);
        raw
    }

    #[test]
    fn a_volume_of_more_groups_than_are_read_is_refused() {
        let groups = |groups| Superblock::parse("ext2", raw(groups)).map(|one| one.groups);
        assert_eq!(groups(3), Ok(3));
        assert_eq!(groups(GROUPS_MAX), Ok(GROUPS_MAX));
        assert_eq!(
            groups(GROUPS_MAX.saturating_add(1)),
            Err("more groups than are read")
        );
    }

    #[test]
    fn numbers_that_no_volume_has_are_refused() {
        for (at, value) in [
            (0x14, 2),
            (0x18, 7),
            (0x21, 0),
            (0x21, 0xFF),
            (0x28, 0),
            (0x2B, 1),
            (0x38, 0),
            (0x58, 127),
            (0x59, 16),
        ] {
            let mut raw = raw(1);
            raw[at] = value;
            let parsed = Superblock::parse("ext2", raw);
            assert!(parsed.is_err(), "{at:#x}");
        }
    }

    #[test]
    fn features_that_are_not_read_are_named() {
        let mut raw = raw(1);
        raw[0x60] = 0x09;
        raw[0x63] = 0x40;
        let superblock = Superblock::parse("ext4", raw).ok();
        let unread = superblock.and_then(|superblock| superblock.unread());
        let text = "compression, an external journal's own volume, \
                    unknown incompatible features 0x40000000";
        assert_eq!(unread.as_deref(), Some(text));
    }
}
