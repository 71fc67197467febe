//! Group descriptors, the bitmaps that they lead to, and where a volume keeps copies of itself.

use super::crc::{Crc, crc16};
use super::superblock::{Superblock, compatible, incompatible, read_only};
use crate::blocks::Blocks;
use crate::error::VolumeError;
use crate::number::{narrow, u16_at, u32_at, wide};

/// The group's inode bitmap was never written: none of its inodes is in use.
const INODE_UNINIT: u16 = 0x1;

/// The group's block bitmap was never written: only its structures are in use.
const BLOCK_UNINIT: u16 = 0x2;

/// One group descriptor.
pub(super) struct Group {
    pub(super) block_bitmap: u64,
    pub(super) inode_bitmap: u64,
    pub(super) inode_table: u64,
    /// Whether its block bitmap is only implied.
    pub(super) blocks_implied: bool,
    /// Whether its inode bitmap is only implied.
    pub(super) inodes_implied: bool,
    /// Inodes at the end of its table that were never used.
    pub(super) unused_inodes: u64,
    block_bitmap_sum: u32,
    inode_bitmap_sum: u32,
    /// Whether the descriptor's own checksum is right, or there is none.
    pub(super) is_right: bool,
}

/// Which of a group's bitmaps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bitmap {
    Blocks,
    Inodes,
}

impl Group {
    fn parse(superblock: &Superblock, crc: &Crc, number: u64, raw: &[u8]) -> Self {
        let is_long = 64 <= superblock.descriptor_bytes;
        let high = |at| if is_long { u32_at(raw, at) } else { 0 };
        let high16 = |at| {
            if is_long {
                u32::from(u16_at(raw, at))
            } else {
                0
            }
        };
        let block = |low, at| u64::from(high(at)) << 32 | u64::from(u32_at(raw, low));
        let flags = if superblock.has_uninitialised() {
            u16_at(raw, 0x12)
        } else {
            0
        };
        let unused = high16(0x32) << 16 | u32::from(u16_at(raw, 0x1C));
        let unused = if superblock.has_uninitialised() {
            unused
        } else {
            0
        };
        Self {
            block_bitmap: block(0, 0x20),
            inode_bitmap: block(4, 0x24),
            inode_table: block(8, 0x28),
            blocks_implied: flags & BLOCK_UNINIT != 0,
            inodes_implied: flags & INODE_UNINIT != 0,
            unused_inodes: u64::from(unused),
            block_bitmap_sum: high16(0x38) << 16 | u32::from(u16_at(raw, 0x18)),
            inode_bitmap_sum: high16(0x3A) << 16 | u32::from(u16_at(raw, 0x1A)),
            is_right: is_right(superblock, crc, number, raw),
        }
    }

    /// Whether the checksum of one of its bitmaps is right, where there is one.
    pub(super) fn bitmap_is_right(
        &self,
        superblock: &Superblock,
        crc: &Crc,
        which: Bitmap,
        content: &[u8],
    ) -> bool {
        let Some(seed) = superblock.seed(crc) else {
            return true;
        };
        let expected = match which {
            Bitmap::Blocks => self.block_bitmap_sum,
            Bitmap::Inodes => self.inode_bitmap_sum,
        };
        let mask = if superblock.descriptor_bytes < 64 {
            0xFFFF
        } else {
            u32::MAX
        };
        crc.sum(seed, content) & mask == expected & mask
    }
}

/// Whether a descriptor's own checksum is right, where there is one.
fn is_right(superblock: &Superblock, crc: &Crc, number: u64, raw: &[u8]) -> bool {
    let number = u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
    let before = raw.get(..0x1E).unwrap_or_default();
    let after = raw.get(0x20..).unwrap_or_default();
    let expected = u16_at(raw, 0x1E);
    if let Some(seed) = superblock.seed(crc) {
        let sum = crc.sum_of(seed, &[&number, before, &[0, 0], after]);
        return sum & 0xFFFF == u32::from(expected);
    }
    if !superblock.has_read_only(read_only::GDT_CSUM) {
        return true;
    }
    let uuid = superblock.uuid();
    let pieces: [&[u8]; 4] = [&uuid, &number, before, after];
    pieces.iter().fold(u16::MAX, |sum, piece| crc16(sum, piece)) == expected
}

/// Reads every group descriptor.
///
/// # Errors
/// A block of them that cannot be read.
pub(super) fn read(
    superblock: &Superblock,
    crc: &Crc,
    blocks: &dyn Blocks,
) -> Result<Vec<Group>, VolumeError> {
    let mut groups = Vec::new();
    let mut buffer = superblock.buffer();
    let length = narrow(superblock.descriptor_bytes);
    for number in 0..descriptor_blocks(superblock) {
        let block = descriptor_block(superblock, number);
        blocks.read_at(superblock.offset(block), &mut buffer)?;
        for raw in buffer.chunks_exact(length) {
            let group = wide(groups.len());
            if group < superblock.groups {
                groups.push(Group::parse(superblock, crc, group, raw));
            }
        }
    }
    Ok(groups)
}

/// Descriptors in one block.
fn per_block(superblock: &Superblock) -> u64 {
    let count = superblock
        .block_bytes
        .checked_div(superblock.descriptor_bytes);
    count.unwrap_or(1).max(1)
}

fn descriptor_blocks(superblock: &Superblock) -> u64 {
    superblock.groups.div_ceil(per_block(superblock))
}

/// Whether descriptors of the block `number` of them are kept within their own groups.
fn is_meta(superblock: &Superblock, number: u64) -> bool {
    superblock.needs(incompatible::META_BG) && superblock.first_meta_group() <= number
}

/// Block of the volume that holds the block `number` of descriptors.
fn descriptor_block(superblock: &Superblock, number: u64) -> u64 {
    if !is_meta(superblock, number) {
        return superblock
            .own_block()
            .saturating_add(1)
            .saturating_add(number);
    }
    let group = number.saturating_mul(per_block(superblock));
    let own = u64::from(has_superblock(superblock, group));
    start(superblock, group).saturating_add(own)
}

/// First block of a group, or the superblock's own in the first.
fn start(superblock: &Superblock, group: u64) -> u64 {
    if group == 0 {
        return superblock.own_block();
    }
    superblock.group_start(group)
}

/// Whether a group has a superblock.
pub(super) fn has_superblock(superblock: &Superblock, group: u64) -> bool {
    if superblock.has_compatible(compatible::SPARSE_SUPER2) {
        let [one, two] = superblock.backup_groups();
        return group == 0 || group == one || group == two;
    }
    if group <= 1 || !superblock.has_read_only(read_only::SPARSE_SUPER) {
        return true;
    }
    [3_u64, 5, 7].iter().any(|base| {
        let mut power = *base;
        while power < group {
            power = power.saturating_mul(*base);
        }
        power == group
    })
}

/// Blocks at the beginning of a group that hold the superblock, descriptors and room for more
/// of them: the first and how many. The superblock, where there is one, is the first of them.
pub(super) fn copies(superblock: &Superblock, group: u64) -> (u64, u64) {
    let has = has_superblock(superblock, group);
    let meta = group.checked_div(per_block(superblock)).unwrap_or(0);
    let mut count = u64::from(has);
    if is_meta(superblock, meta) {
        let within = group.checked_rem(per_block(superblock)).unwrap_or(0);
        let last = per_block(superblock).saturating_sub(1);
        count = count.saturating_add(u64::from(within <= 1 || within == last));
    } else if has {
        let all = descriptor_blocks(superblock);
        let first_meta = if superblock.needs(incompatible::META_BG) {
            superblock.first_meta_group()
        } else {
            all
        };
        let reserved = superblock.reserved_descriptor_blocks();
        count = count
            .saturating_add(all.min(first_meta))
            .saturating_add(reserved);
    }
    (start(superblock, group), count)
}
