//! Walking the folders of an ext volume.

use std::collections::BTreeSet;
use std::rc::Rc;

use wire::worker::{Locator, Share};
use wire::{Finding, Gap, MediumName, RowKind};

use super::System;
use super::fixed::marked;
use super::folder::{Entry, Shape, block_is_right};
use super::inode::{Inode, Type, flag, type_of_entry};
use super::owned::Use;
use super::runs::Run;
use crate::error::gap_of;
use crate::findings::{incomplete, notice};
use crate::number::{u32_at, wide};
use crate::space::{Space, Which};
use crate::walk::{Content, Folder, Walk};

/// Inode of the root.
const ROOT_INODE: u32 = 2;

/// First inode that a folder may name, beside the root.
const FIRST_INODE: u32 = 11;

/// A folder that waits to be read.
pub(super) struct Pending {
    folder: Rc<Folder>,
    inode: u32,
    /// `None` for one whose place is not known.
    parent: Option<u32>,
}

/// What one walk of an ext volume keeps.
pub(super) struct Ext<'w, 'v> {
    pub(super) system: &'w System,
    pub(super) walk: &'w mut Walk<'v>,
    /// Who owns which block.
    pub(super) space: Space,
    /// Which inodes are in use, and which of them something named.
    pub(super) inodes: Space,
    /// Blocks of extended attributes, which several inodes may name.
    pub(super) attribute_blocks: BTreeSet<u64>,
    pending: Vec<Pending>,
}

/// Lists everything on the volume.
pub(super) fn walk(system: &System, walk: &mut Walk<'_>) {
    let (space, inodes) = marked(system, &mut walk.findings);
    let mut ext = Ext {
        system,
        walk,
        space,
        inodes,
        attribute_blocks: BTreeSet::new(),
        pending: Vec::new(),
    };
    ext.check();
    ext.take_fixed();
    ext.take_structure_inodes();
    ext.inodes.take(u64::from(ROOT_INODE).saturating_sub(1), 1);
    ext.queue(Folder::root(), ROOT_INODE, Some(ROOT_INODE));
    ext.folders();
    ext.sweep();
    if ext.walk.is_full() {
        return;
    }
    let unmarked = ext.inodes.runs(Which::Unmarked);
    // The reserved inodes are in use whatever their bitmap says.
    let unmarked = unmarked.filter(|(first, _)| u64::from(ROOT_INODE) <= *first);
    let unmarked = unmarked.fold(0_u64, |sum, (_, count)| sum.saturating_add(count));
    if unmarked != 0 {
        let detail = format!("{unmarked} inodes of files or folders are marked as free");
        ext.walk.findings.incomplete("inode_not_allocated", detail);
    }
    let size_bytes = system.blocks.size_bytes();
    ext.walk.audit(&mut ext.space, size_bytes);
    if ext.walk.wants_deleted() {
        ext.list_deleted();
    }
    ext.walk.unallocated(&ext.space);
}

impl Ext<'_, '_> {
    pub(super) fn queue(&mut self, folder: Rc<Folder>, inode: u32, parent: Option<u32>) {
        self.pending.push(Pending {
            folder,
            inode,
            parent,
        });
    }

    /// Reads the folders that wait, and those that they name.
    pub(super) fn folders(&mut self) {
        while let Some(pending) = self.pending.pop() {
            if self.walk.is_full() {
                return;
            }
            let queued = self.pending.len();
            self.folder(&pending);
            // Read in the order of the folder, though the last in is the first out.
            if let Some(new) = self.pending.get_mut(queued..) {
                new.reverse();
            }
        }
    }

    fn folder(&mut self, pending: &Pending) {
        let inode = match self.system.inode(pending.inode) {
            Ok(inode) if inode.kind() == Type::Folder => inode,
            Ok(_) => return self.unlisted(pending, Gap::Damaged, "its inode is no folder"),
            Err(error) => {
                let detail = format!("its inode cannot be read: {error}");
                return self.unlisted(pending, gap_of(&error), &detail);
            }
        };
        let claim = self.claim(&inode, Use::Structure);
        for finding in claim.findings {
            // The volume has it already.
            self.walk.unlisted(&pending.folder, Gap::Damaged, finding);
        }
        let mut first = true;
        if inode.has(flag::INLINE_DATA) {
            self.inline_folder(pending, &inode);
        } else {
            self.blocks(pending, &inode, &claim.runs, &mut first);
            if first {
                self.unlisted(pending, Gap::Damaged, "it has no first block");
            }
        }
    }

    /// Reads the blocks of a folder; `first` is taken back once the first of them was read.
    fn blocks(&mut self, pending: &Pending, inode: &Inode, runs: &[Run], first: &mut bool) {
        let superblock = &self.system.superblock;
        let size = self.system.size_of(inode);
        let count = size.div_ceil(superblock.block_bytes);
        if !size.is_multiple_of(superblock.block_bytes) {
            self.unlisted(pending, Gap::Damaged, "its size is not one of whole blocks");
        }
        let mut expected = 0_u64;
        for run in runs {
            for index in 0..run.count {
                let logical = run.logical.saturating_add(index);
                if count <= logical || self.walk.is_full() {
                    break;
                }
                if logical != expected {
                    self.unlisted(pending, Gap::Damaged, "blocks of it are missing");
                }
                expected = logical.saturating_add(1);
                *first &= logical != 0;
                match self.system.block(run.physical.saturating_add(index)) {
                    Ok(raw) => self.block(pending, inode, logical, &raw),
                    Err(error) => {
                        let detail = format!("a block of it cannot be read: {error}");
                        self.unlisted(pending, gap_of(&error), &detail);
                    }
                }
            }
        }
        if expected < count && !self.walk.is_full() {
            self.unlisted(pending, Gap::Damaged, "blocks of it are missing");
        }
    }

    fn block(&mut self, pending: &Pending, inode: &Inode, logical: u64, raw: &[u8]) {
        if !block_is_right(self.system, inode, logical, raw) {
            let detail = "a block of it has a wrong checksum or index";
            self.unlisted(pending, Gap::Damaged, detail);
        }
        let mut entries = Vec::new();
        let shape = Shape::new(self.system);
        let ended = shape.entries(raw, &mut |entry| entries.push(entry));
        let dots: Vec<Entry> = if logical == 0 {
            entries
                .extract_if(..entries.len().min(2), |_| true)
                .collect()
        } else {
            Vec::new()
        };
        if logical == 0 {
            self.dots(pending, &dots);
        }
        for entry in entries {
            self.entry(pending, entry);
        }
        if let Err(what) = ended {
            self.unlisted(pending, Gap::Damaged, what);
        }
    }

    /// The first two entries of a folder are itself and the one that it is in.
    fn dots(&mut self, pending: &Pending, dots: &[Entry]) {
        let [own, above] = dots else {
            return self.unlisted(pending, Gap::Damaged, "it does not begin with itself");
        };
        if own.name != b"." || above.name != b".." {
            return self.unlisted(pending, Gap::Damaged, "it does not begin with itself");
        }
        let is_above = pending.parent.is_none_or(|parent| parent == above.inode);
        if own.inode != pending.inode || !is_above {
            let detail = "it says that it is another folder, or in another";
            self.unlisted(pending, Gap::Damaged, detail);
        }
    }

    /// A small folder in its inode: the folder above, then entries.
    fn inline_folder(&mut self, pending: &Pending, inode: &Inode) {
        let root = inode.root();
        let above = u32_at(&root, 0);
        if pending.parent.is_some_and(|parent| parent != above) {
            self.unlisted(
                pending,
                Gap::Damaged,
                "it says that it is in another folder",
            );
        }
        let size = self.system.size_of(inode);
        let rest = inode.inline_rest();
        if wide(root.len().saturating_add(rest.len())) < size {
            self.unlisted(pending, Gap::Damaged, "a part of it is missing");
        }
        let shape = Shape::new(self.system);
        for raw in [root.get(4..).unwrap_or_default(), rest] {
            let mut entries = Vec::new();
            let ended = shape.entries(raw, &mut |entry| entries.push(entry));
            for entry in entries {
                self.entry(pending, entry);
            }
            if let Err(what) = ended {
                self.unlisted(pending, Gap::Damaged, what);
            }
        }
    }

    /// Says that a folder could not be listed to its end, or contradicts itself.
    fn unlisted(&mut self, pending: &Pending, gap: Gap, detail: &str) {
        self.walk.findings.incomplete("folder_damaged", detail);
        let finding = incomplete("folder_damaged", detail);
        self.walk.unlisted(&pending.folder, gap, finding);
    }

    fn entry(&mut self, pending: &Pending, entry: Entry) {
        if self.walk.is_full() {
            return;
        }
        if matches!(entry.name.as_slice(), b"." | b"..") {
            return self.unlisted(pending, Gap::Damaged, "it names itself more than once");
        }
        if entry.inode < FIRST_INODE && entry.inode != ROOT_INODE {
            let detail = "a folder names an inode that is the volume's own";
            return self.damaged(&pending.folder, &entry.name, Gap::Damaged, detail);
        }
        let inode = match self.system.inode(entry.inode) {
            Ok(inode) => inode,
            Err(error) => {
                let gap = gap_of(&error);
                return self.damaged(&pending.folder, &entry.name, gap, "an inode cannot be read");
            }
        };
        let mut findings = Vec::new();
        let said = type_of_entry(entry.kind);
        if entry.kind != 0 && said != Some(inode.kind()) {
            let detail = "a directory entry and its inode disagree about the kind of file";
            self.wrong(&mut findings, "ext_type_mismatch", detail);
        }
        if inode.links() == 0 {
            let detail = "a folder names an inode that says it is in none";
            self.wrong(&mut findings, "ext_links", detail);
        }
        self.list(
            &pending.folder,
            Some(pending.inode),
            &entry.name,
            &inode,
            findings,
        );
    }

    /// Says that an entry leads to nothing that can be examined.
    fn damaged(&mut self, folder: &Folder, name: &[u8], gap: Gap, detail: &str) {
        let rule = "ext_entry_damaged";
        self.walk.findings.incomplete(rule, detail);
        let finding = incomplete(rule, detail);
        self.walk
            .unchecked(folder, name, RowKind::File, 0, gap, finding);
    }

    /// Lists one inode under a name.
    pub(super) fn list(
        &mut self,
        folder: &Rc<Folder>,
        parent: Option<u32>,
        name: &[u8],
        inode: &Inode,
        mut findings: Vec<Finding>,
    ) {
        let index = u64::from(inode.number).saturating_sub(1);
        let is_first = self.inodes.take(index, 1) == 1;
        match inode.kind() {
            Type::Folder if is_first => {
                if let Some(below) = self.walk.folder(folder, name) {
                    self.queue(below, inode.number, parent);
                }
            }
            Type::Folder => {
                let detail = "the folder is in another folder, too, or in itself";
                self.walk.findings.incomplete("folder_loop", detail);
                let finding = incomplete("folder_loop", detail);
                self.walk
                    .unchecked(folder, name, RowKind::File, 0, Gap::Damaged, finding);
            }
            Type::File => self.file(folder, name, inode, is_first, findings),
            Type::Link => {
                if is_first {
                    findings.extend(self.claim(inode, Use::Structure).findings);
                }
                self.link(folder, name, inode, findings);
            }
            Type::Special => {
                if is_first {
                    findings.extend(self.claim(inode, Use::Structure).findings);
                }
                let detail = "a device, pipe or socket: it has no content of its own";
                findings.push(notice("special_file", detail));
                let locator = Locator::Inline(MediumName::default());
                self.walk
                    .content(folder, name, Content::file(0, locator, findings));
            }
            Type::None => {
                let detail = "an inode that is nothing is in use";
                self.damaged(folder, name, Gap::Damaged, detail);
            }
        }
    }

    /// A file; under its second name it accounts for nothing.
    fn file(
        &mut self,
        folder: &Folder,
        name: &[u8],
        inode: &Inode,
        is_first: bool,
        mut findings: Vec<Finding>,
    ) {
        let size = self.system.size_of(inode);
        let mut share = Share::default();
        if is_first {
            let claim = self.claim(inode, Use::Content);
            findings.extend(claim.findings);
            share = Share {
                position_bytes: claim.position_bytes,
                allocated_bytes: claim.new_bytes,
                slack_bytes: claim.slack_bytes,
                ..share
            };
        }
        if inode.has(flag::INLINE_DATA) && inode.inline_content().is_none() {
            let detail = "a part of a file in its inode is missing";
            self.wrong(&mut findings, "ext_map_damaged", detail);
        }
        let locator = Locator::Record {
            record: u64::from(inode.number),
            stream: MediumName::default(),
        };
        let content = Content::file(size, locator, findings).with(share);
        self.walk.content(folder, name, content);
    }

    fn link(&mut self, folder: &Folder, name: &[u8], inode: &Inode, findings: Vec<Finding>) {
        let size = self.system.size_of(inode);
        if inode.has(flag::ENCRYPTED) {
            let finding = incomplete("ext_encrypted", "the link's target is encrypted");
            return self
                .walk
                .unchecked(folder, name, RowKind::File, size, Gap::Encrypted, finding);
        }
        let target = if inode.has_blocks() {
            self.system.link_target(inode, size)
        } else {
            inode.inline_content().ok_or(Gap::Damaged)
        };
        match target {
            Ok(target) => super::link(folder, name, &target, findings, self.walk),
            Err(gap) => self.damaged(folder, name, gap, "a link's target cannot be read"),
        }
    }
}
