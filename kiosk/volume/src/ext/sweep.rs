//! Inodes that no folder names: those in use are contents that nobody would see, those deleted
//! may still lead to what they held.

use std::collections::BTreeSet;
use std::rc::Rc;

use wire::worker::{Locator, Share};
use wire::{MediumName, RowKind};

use super::inode::{Inode, flag};
use super::runs::{Run, Runs};
use super::walk::Ext;
use crate::findings::notice;
use crate::number::{narrow, u16_at, u32_at};
use crate::space::Which;
use crate::walk::{Content, Folder};

/// Runs of inodes that are looked for at a time: a bitmap may have millions.
const BATCH_RUNS: usize = 1024;

/// Most runs and nodes that deleted inodes of one volume are followed through. What is beyond is
/// examined as free space.
const DELETED_RUNS_MAX: u64 = 1 << 20;

/// Bytes of an inode table read at once.
const TABLE_PIECE_BYTES: u64 = 64 << 10;

/// What of the deleted inodes is still to be followed.
struct Budget {
    left: u64,
}

impl Budget {
    fn spend(&mut self) -> bool {
        let has = self.left != 0;
        self.left = self.left.saturating_sub(1);
        has
    }
}

impl Ext<'_, '_> {
    /// Lists the inodes that are in use and were not named.
    pub(super) fn sweep(&mut self) {
        let waiting = self.waiting();
        let mut home: Option<Rc<Folder>> = None;
        loop {
            let lost = self.inodes.runs(Which::Lost).take(BATCH_RUNS);
            let lost: Vec<(u64, u64)> = lost.collect();
            if lost.is_empty() {
                return;
            }
            for (first, count) in lost {
                for index in first..first.saturating_add(count) {
                    if self.walk.is_full() {
                        return;
                    }
                    // A folder that was found before may have named it.
                    if !self.inodes.is_taken(index) {
                        self.orphan(index, &waiting, &mut home);
                        self.folders();
                    }
                }
            }
        }
    }

    /// Lists one inode that no folder names, unless it was never used.
    fn orphan(&mut self, index: u64, waiting: &BTreeSet<u32>, home: &mut Option<Rc<Folder>>) {
        let number = u32::try_from(index.saturating_add(1)).unwrap_or(u32::MAX);
        let Ok(inode) = self.system.inode(number) else {
            self.inodes.take(index, 1);
            let detail = format!("inode {number} is in use and cannot be read");
            self.walk.findings.incomplete("ext_inode_orphan", detail);
            return;
        };
        if inode.mode() == 0 && inode.links() == 0 {
            self.inodes.take(index, 1);
            if 11 <= number {
                let detail = format!("inode {number} is marked as used and is not");
                self.walk.findings.notice("ext_inode_empty", detail);
            }
            return;
        }
        let mut findings = Vec::new();
        if inode.has(flag::EA_INODE) {
            findings.push(notice(
                "ext_attribute",
                "the value of an extended attribute",
            ));
        } else if waiting.contains(&number) && inode.links() == 0 {
            let detail = "was deleted while it was open, and the volume was taken out";
            findings.push(notice("ext_inode_waiting", detail));
        } else {
            let detail = "an inode is in use and in no folder";
            self.wrong(&mut findings, "ext_inode_orphan", detail);
        }
        if home.is_none() {
            *home = self.walk.folder(&Folder::root(), b"$Orphan");
        }
        if let Some(home) = home {
            let name = format!("inode {number}");
            self.list(home, None, name.as_bytes(), &inode, findings);
        }
        self.inodes.take(index, 1);
    }

    /// The inodes that wait for their end: a list that goes through them, or a file.
    fn waiting(&self) -> BTreeSet<u32> {
        let superblock = &self.system.superblock;
        let mut waiting = BTreeSet::new();
        let mut next = superblock.last_orphan();
        while next != 0 && waiting.insert(next) {
            let inode = self.system.inode(next);
            next = inode.map_or(0, |inode| inode.deleted_at());
        }
        let file = superblock.orphan_file_inode();
        if let Some(file) = (file != 0)
            .then(|| self.system.inode(file))
            .and_then(Result::ok)
        {
            let mut runs = Runs::new(self.system, &file);
            while let Some(step) = runs.step(&mut |_| true) {
                let Ok(run) = step else { continue };
                for block in run.physical..run.physical.saturating_add(run.count) {
                    let raw = self.system.block(block).unwrap_or_default();
                    // The last eight bytes are the mark and the checksum of the block.
                    let end = raw.len().saturating_sub(8);
                    let (all, _) = raw.get(..end).unwrap_or_default().as_chunks::<4>();
                    let all = all.iter().map(|raw| u32::from_le_bytes(*raw));
                    waiting.extend(all.filter(|number| *number != 0));
                }
            }
        }
        waiting
    }

    /// Lists deleted inodes that still lead to blocks, all of which are free.
    pub(super) fn list_deleted(&mut self) {
        let superblock = &self.system.superblock;
        let mut budget = Budget {
            left: DELETED_RUNS_MAX,
        };
        let mut home: Option<Rc<Folder>> = None;
        let inode_bytes = superblock.inode_bytes;
        // Most of a table was never used, or is past the end of a volume that only claims to be
        // large: such pieces cost one comparison.
        let empty = vec![0; narrow(TABLE_PIECE_BYTES)];
        let mut piece = empty.clone();
        for (number, group) in (0_u64..).zip(&self.system.groups) {
            let used = superblock
                .inodes_per_group
                .saturating_sub(group.unused_inodes);
            let first = number.saturating_mul(superblock.inodes_per_group);
            let start = superblock.offset(group.inode_table);
            let mut at = 0_u64;
            while at < used && !group.inodes_implied {
                let left = used.saturating_sub(at).saturating_mul(inode_bytes);
                let length = left.min(TABLE_PIECE_BYTES);
                let offset = start.saturating_add(at.saturating_mul(inode_bytes));
                let raw = piece.get_mut(..narrow(length)).unwrap_or_default();
                let read = self.system.blocks.read_at(offset, raw);
                // What cannot be read is a structure, and told with it.
                let is_used = read.is_ok() && empty.get(..raw.len()) != Some(&*raw);
                let used: &[u8] = if is_used { raw } else { &[] };
                let inodes = used.chunks(narrow(inode_bytes));
                for (index, raw) in (first.saturating_add(at)..).zip(inodes) {
                    if is_deleted(raw) && !self.inodes.is_allocated(index) {
                        self.deleted(index, &mut budget, &mut home);
                    }
                }
                at = at.saturating_add(length.checked_div(inode_bytes).unwrap_or(1).max(1));
            }
        }
        if budget.left == 0 {
            let detail = "deleted inodes lead to more than is followed; the rest is free space";
            self.walk.findings.notice("deleted_not_listed", detail);
        }
    }

    fn deleted(&mut self, index: u64, budget: &mut Budget, home: &mut Option<Rc<Folder>>) {
        let number = u32::try_from(index.saturating_add(1)).unwrap_or(u32::MAX);
        if self.walk.is_full() || self.inodes.is_taken(index) {
            return;
        }
        let Ok(inode) = self.system.inode(number) else {
            return;
        };
        let Some(runs) = self.free_runs(&inode, budget) else {
            return;
        };
        if home.is_none() {
            *home = self.walk.folder(&Folder::root(), b"$Deleted");
        }
        let Some(home) = home else {
            return;
        };
        let size = self.system.size_of(&inode);
        let mut slack = super::content::Slack::new(self.system, size);
        let mut share = Share {
            position_bytes: runs
                .first()
                .map_or(0, |run| self.system.superblock.offset(run.physical)),
            ..Share::default()
        };
        for run in runs {
            let new = self
                .space
                .take_extent(&self.extent(run.physical, run.count));
            share.unallocated_bytes = share.unallocated_bytes.saturating_add(new);
            let bytes = slack.of(run).into_iter().map(|extent| extent.size_bytes);
            share.slack_bytes = bytes.fold(share.slack_bytes, u64::saturating_add);
        }
        let bytes = slack.last().map_or(0, |extent| extent.size_bytes);
        share.slack_bytes = share.slack_bytes.saturating_add(bytes);
        self.walk.count_unallocated(share.unallocated_bytes);
        let detail = "deleted; its blocks are free and its inode still leads to them";
        let content = Content {
            kind: RowKind::Deleted,
            size_bytes: size,
            locator: Locator::Record {
                record: u64::from(number),
                stream: MediumName::default(),
            },
            findings: vec![notice("deleted_file", detail)],
            share,
        };
        let name = format!("inode {number}");
        self.walk.content(home, name.as_bytes(), content);
    }

    /// The runs of a deleted inode when they are sound and all of their blocks are free. The nodes
    /// that lead to them stay free space, and are examined as such.
    fn free_runs(&self, inode: &Inode, budget: &mut Budget) -> Option<Vec<Run>> {
        let unit_bytes = self.space.unit_bytes;
        let mut runs = Runs::new(self.system, inode);
        let mut found = Vec::new();
        while let Some(step) = runs.step(&mut |_| budget.spend()) {
            let run = step.ok()?;
            let extent = self.extent(run.physical, run.count);
            let offset = extent.offset_bytes.unwrap_or(0);
            let first = offset.checked_div(unit_bytes).unwrap_or(0);
            let end = offset
                .saturating_add(extent.size_bytes)
                .div_ceil(unit_bytes);
            if !budget.spend() || !self.space.is_free(first, end.saturating_sub(first)) {
                return None;
            }
            found.push(run);
        }
        (!found.is_empty()).then_some(found)
    }
}

/// Whether an inode as it is stored is a deleted file with a size.
fn is_deleted(raw: &[u8]) -> bool {
    u16_at(raw, 0) >> 12 == 8 && u32_at(raw, 0x14) != 0 && u32_at(raw, 4) != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::wide;

    #[test]
    fn deleted_inodes_are_followed_so_far_and_no_further() {
        let mut budget = Budget {
            left: DELETED_RUNS_MAX,
        };
        let spent = std::iter::repeat_with(|| budget.spend()).take_while(|has| *has);
        assert_eq!(wide(spent.count()), DELETED_RUNS_MAX);
    }
}
