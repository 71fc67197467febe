//! What a volume marks as used, and the structures that are where they are whatever it holds.

use super::System;
use super::groups::{self, Bitmap};
use super::superblock::{SUPERBLOCK_BYTES, SUPERBLOCK_OFFSET_BYTES, incompatible};
use super::walk::Ext;
use crate::blocks::head;
use crate::content::{Extent, set_bits};
use crate::error::gap_of;
use crate::findings::Findings;
use crate::number::narrow;
use crate::space::Space;

/// The volume's blocks (clusters, when it has larger ones) and inodes, with those marked that
/// its bitmaps say are in use.
pub(super) fn marked(system: &System, findings: &mut Findings) -> (Space, Space) {
    let superblock = &system.superblock;
    let ratio = superblock.cluster_blocks;
    let units = superblock.blocks.checked_div(ratio).unwrap_or(0);
    let unit_bytes = superblock.block_bytes.saturating_mul(ratio);
    // What is past the end of the medium needs no account; that it is cut is a finding.
    let there = system.blocks.size_bytes().checked_div(unit_bytes);
    let mut space = Space::new(0, unit_bytes, units.min(there.unwrap_or(0)));
    let mut inodes = Space::new(0, 1, superblock.inodes);
    // The block before the first group is in no bitmap.
    space.allocate(0, superblock.first_data_block);
    for number in 0..superblock.groups {
        mark_blocks(system, number, &mut space, findings);
        mark_inodes(system, number, &mut inodes, findings);
    }
    mark_implied(system, &mut space);
    if inodes.is_cut() {
        let detail = "more inodes than are kept account of";
        findings.incomplete("ext_too_many_inodes", detail);
    }
    (space, inodes)
}

fn mark_blocks(system: &System, number: u64, space: &mut Space, findings: &mut Findings) {
    let superblock = &system.superblock;
    let Some(group) = system.groups.get(narrow(number)) else {
        return;
    };
    let start = superblock.group_start(number);
    let blocks = superblock.blocks.saturating_sub(start);
    let blocks = blocks.min(superblock.blocks_per_group);
    let ratio = superblock.cluster_blocks;
    let first = start.checked_div(ratio).unwrap_or(0);
    let count = blocks.checked_div(ratio).unwrap_or(0);
    if group.blocks_implied {
        return;
    }
    let most = superblock.blocks_per_group.checked_div(ratio).unwrap_or(0);
    let bitmap = bitmap(system, number, Bitmap::Blocks, most, findings);
    let read = bitmap.is_some_and(|bitmap| {
        let mark = &mut |at, count| space.allocate(first.saturating_add(at), count);
        set_bits(&mut &*bitmap, count, mark).is_ok()
    });
    if !read {
        space.allocate(first, count);
    }
}

fn mark_inodes(system: &System, number: u64, inodes: &mut Space, findings: &mut Findings) {
    let superblock = &system.superblock;
    let implied = |group: &groups::Group| group.inodes_implied;
    if system.groups.get(narrow(number)).is_none_or(implied) {
        return;
    }
    let count = superblock.inodes_per_group;
    let first = number.saturating_mul(count);
    let bitmap = bitmap(system, number, Bitmap::Inodes, count, findings);
    let read = bitmap.is_some_and(|bitmap| {
        let mark = &mut |at, count| inodes.allocate(first.saturating_add(at), count);
        set_bits(&mut &*bitmap, count, mark).is_ok()
    });
    if !read {
        inodes.allocate(first, count);
    }
}

/// One bitmap of a group, of so many bits; `None`, and a finding, when it cannot be read.
fn bitmap(
    system: &System,
    number: u64,
    which: Bitmap,
    bits: u64,
    findings: &mut Findings,
) -> Option<Vec<u8>> {
    let group = system.groups.get(narrow(number))?;
    let block = match which {
        Bitmap::Blocks => group.block_bitmap,
        Bitmap::Inodes => group.inode_bitmap,
    };
    let content = if system.superblock.holds(block, 1) {
        system.block(block)
    } else {
        Err(std::io::ErrorKind::InvalidData.into())
    };
    let mut content = match content {
        Ok(content) => content,
        Err(error) => {
            let detail = format!("a bitmap of group {number} cannot be read: {error}");
            findings.incomplete("bitmap_unreadable", detail);
            return None;
        }
    };
    content.truncate(narrow(bits.div_ceil(8)));
    let summed = narrow(bits / 8).min(content.len());
    let summed = content.get(..summed).unwrap_or_default();
    if !group.bitmap_is_right(&system.superblock, &system.crc, which, summed) {
        let detail = format!("a bitmap of group {number} has a wrong checksum");
        findings.incomplete("ext_checksum", detail);
    }
    Some(content)
}

/// Marks what a group without a written bitmap has: its copies of the volume's own structures,
/// and bitmaps and tables that lie in it.
fn mark_implied(system: &System, space: &mut Space) {
    let superblock = &system.superblock;
    let is_implied = |number: u64| {
        let group = system.groups.get(narrow(number));
        group.is_some_and(|group| group.blocks_implied)
    };
    let mut mark = |first: u64, count: u64| {
        let number = superblock.group_of(first);
        if !is_implied(number) {
            return;
        }
        let end = superblock.group_start(number.saturating_add(1));
        let end = first.saturating_add(count).min(end);
        let ratio = superblock.cluster_blocks;
        let from = first.checked_div(ratio).unwrap_or(0);
        space.allocate(from, end.div_ceil(ratio).saturating_sub(from));
    };
    for (number, group) in (0..).zip(&system.groups) {
        let (first, count) = groups::copies(superblock, number);
        if count != 0 {
            mark(first, count);
        }
        mark(group.block_bitmap, 1);
        mark(group.inode_bitmap, 1);
        mark(group.inode_table, table_blocks(system));
    }
}

/// Blocks of one group's inode table.
fn table_blocks(system: &System) -> u64 {
    let superblock = &system.superblock;
    let bytes = superblock
        .inodes_per_group
        .saturating_mul(superblock.inode_bytes);
    bytes.div_ceil(superblock.block_bytes)
}

impl Ext<'_, '_> {
    /// Looks at what the volume says of itself.
    pub(super) fn check(&mut self) {
        let superblock = &self.system.superblock;
        let findings = &mut self.walk.findings;
        let size = superblock.offset(superblock.blocks);
        let there = self.system.blocks.size_bytes();
        if there < size {
            let detail = format!("{size} bytes by its superblock, {there} bytes there");
            findings.incomplete("volume_past_end", detail);
        }
        if superblock.state() & 2 != 0 {
            findings.incomplete("ext_errors", "the volume itself records that it has errors");
        }
        if self.system.replay.was_asked_for || superblock.state() & 1 == 0 {
            findings.notice("volume_dirty", "the volume was not taken out properly");
        }
        if !superblock.checksum_is_right(&self.system.crc) {
            findings.incomplete("ext_checksum", "the superblock has a wrong checksum");
        }
        if superblock.counted_inodes() != superblock.inodes {
            let detail = "the number of inodes is not that of its groups";
            findings.incomplete("ext_inode_count", detail);
        }
        if superblock.unknown_read_only() != 0 {
            let features = superblock.unknown_read_only();
            let detail = format!("features that are not known here: {features:#x}");
            findings.notice("ext_feature_unknown", detail);
        }
        for finding in &self.system.replay.findings {
            findings.incomplete(&finding.rule, finding.detail.clone());
        }
        for (number, group) in self.system.groups.iter().enumerate() {
            if !group.is_right {
                let detail = format!("the descriptor of group {number} has a wrong checksum");
                findings.incomplete("ext_checksum", detail);
            }
        }
    }

    /// Takes the boot block and the structures of every group.
    pub(super) fn take_fixed(&mut self) {
        let superblock = &self.system.superblock;
        self.walk.boot(&mut self.space, SUPERBLOCK_OFFSET_BYTES);
        for (number, group) in (0..).zip(&self.system.groups) {
            let (first, count) = groups::copies(superblock, number);
            let count = count.min(superblock.blocks_per_group);
            self.take_blocks(first, count);
            if number != 0 && groups::has_superblock(superblock, number) {
                self.check_backup(number, first);
            }
            self.take_table(number, group.block_bitmap, 1);
            self.take_table(number, group.inode_bitmap, 1);
            self.take_table(number, group.inode_table, table_blocks(self.system));
        }
        if superblock.needs(incompatible::MMP) && superblock.holds(superblock.mmp_block(), 1) {
            self.take_blocks(superblock.mmp_block(), 1);
        }
        // Blocks that the journal has newer content for are read from there; what they hold
        // themselves is on the medium, too.
        let newer: Vec<u64> = self.system.replay.newer.keys().copied().collect();
        for block in newer {
            let extent = self.extent(block, 1);
            self.walk.structure_of(&[extent], 0);
        }
    }

    fn take_table(&mut self, number: u64, first: u64, count: u64) {
        if self.system.superblock.holds(first, count) {
            let is_own = self.take_blocks(first, count);
            // Structures may share a cluster, and never a block.
            if !is_own && self.system.superblock.cluster_blocks == 1 {
                let detail = format!("a bitmap or table of group {number} lies in another");
                self.walk.findings.incomplete("ext_group_damaged", detail);
            }
        } else {
            let detail = format!("a bitmap or table of group {number} lies outside the volume");
            self.walk.findings.incomplete("ext_group_damaged", detail);
        }
    }

    /// Blocks of the volume as bytes.
    pub(super) fn extent(&self, first: u64, count: u64) -> Extent {
        let superblock = &self.system.superblock;
        Extent {
            offset_bytes: Some(superblock.offset(first)),
            size_bytes: superblock.offset(count),
        }
    }

    /// Takes blocks as a structure, and tells whether nobody had any of them. What others have
    /// taken whole is matched with them.
    pub(super) fn take_blocks(&mut self, first: u64, count: u64) -> bool {
        let there = self.system.superblock.blocks.saturating_sub(first);
        let ratio = self.system.superblock.cluster_blocks;
        let unit = first.checked_div(ratio).unwrap_or(0);
        let end = first.saturating_add(count.min(there)).div_ceil(ratio);
        let run = (unit, end.saturating_sub(unit));
        let new = self.space.take(run.0, run.1);
        if new != 0 {
            let extent = self.space.extent(run);
            let bytes = new.saturating_mul(self.space.unit_bytes);
            self.walk.structure_of(&[extent], bytes);
        }
        new == run.1
    }

    /// Compares a copy of the superblock with the first.
    fn check_backup(&mut self, number: u64, block: u64) {
        let superblock = &self.system.superblock;
        let offset = superblock.offset(block);
        match head(&*self.system.blocks, offset, SUPERBLOCK_BYTES) {
            Ok(copy) if superblock.agrees_with(&copy) => {}
            Ok(_) => {
                let detail = format!("the superblock of group {number} describes another volume");
                self.walk.findings.incomplete("ext_backup_differs", detail);
            }
            Err(error) => {
                let gap = gap_of(&error);
                let detail = format!("the superblock of group {number} cannot be read: {gap:?}");
                self.walk.findings.incomplete("ext_backup_differs", detail);
            }
        }
    }
}
