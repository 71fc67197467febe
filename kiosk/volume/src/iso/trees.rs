//! Walking every tree of a disc image and uniting them.

use std::collections::BTreeSet;
use std::rc::Rc;

use wire::Gap;
use wire::worker::LOCATOR_EXTENTS_MAX;

use super::descriptor::{Disc, Root};
use super::record::{Extent32, Record};
use super::session::is_own;
use super::tables::{Listed, Paths};
use crate::blocks::{Blocks, head};
use crate::content::Extent;
use crate::error::gap_of;
use crate::findings::incomplete;
use crate::named::Named;
use crate::number::narrow;
use crate::space::Space;
use crate::walk::{Folder, Walk};

/// Largest folder read, in bytes: more than half a million files in one folder.
const FOLDER_BYTES_MAX: u64 = 64 << 20;

/// Records do not cross sectors of this size.
const SECTOR_BYTES: u64 = 2048;

/// Most folders around one that only a path table names; ISO 9660 allows eight.
const LISTED_DEPTH_MAX: usize = 64;

/// Which descriptors the trees are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Those that every system looks at.
    First,
    /// Those at this byte.
    Session(u64),
}

/// What one walk of a disc image keeps.
pub(super) struct Iso<'w, 'v> {
    pub(super) blocks: &'w dyn Blocks,
    pub(super) disc: &'w Disc,
    pub(super) space: &'w mut Space,
    pub(super) walk: &'w mut Walk<'v>,
    pub(super) root: Root,
    pub(super) place: Place,
    /// Whether no other tree was walked before.
    pub(super) is_first: bool,
    /// Contents that earlier trees have named.
    pub(super) named: &'w Named,
    /// Contents that this tree has.
    pub(super) new: Named,
    /// Folders of this tree.
    visited: BTreeSet<u64>,
    pub(super) pending: Vec<(Rc<Folder>, Extent32)>,
    pub(super) empty_files: u64,
}

/// Lists the trees of one set of descriptors. `named` are the contents of trees before, and
/// afterwards of these too.
pub(crate) fn walk(
    blocks: &dyn Blocks,
    disc: &Disc,
    place: Place,
    space: &mut Space,
    walk: &mut Walk<'_>,
    named: &mut Named,
) {
    let mut empty_files = None;
    own(disc.descriptors, space, walk);
    for (index, root) in disc.roots.iter().enumerate() {
        let mut iso = Iso {
            blocks,
            disc,
            space: &mut *space,
            walk: &mut *walk,
            root: *root,
            place,
            is_first: index == 0 && place == Place::First,
            named,
            new: Named::default(),
            visited: BTreeSet::new(),
            pending: vec![(Folder::root(), root.extent)],
            empty_files: 0,
        };
        iso.tree();
        iso.paths();
        let new = std::mem::take(&mut iso.new);
        let empty = iso.empty_files;
        named.append(new);
        if walk.is_full() {
            return;
        }
        if *empty_files.get_or_insert(empty) < empty {
            let detail = "a tree of names has more empty files than the one that was listed";
            walk.findings.notice("iso_trees_differ", detail);
        }
    }
}

/// A structure that is examined as raw bytes, unless something else has its blocks.
pub(super) fn own(extent: Extent, space: &mut Space, walk: &mut Walk<'_>) {
    let offset = extent.offset_bytes.unwrap_or(0);
    let within = offset.checked_rem(space.unit_bytes).unwrap_or(0);
    let there = space.end_bytes().saturating_sub(offset);
    let size = extent.size_bytes.min(there);
    let new = space.take_extent(&extent);
    if new != 0 {
        let whole = Extent {
            offset_bytes: Some(offset.saturating_sub(within)),
            size_bytes: within
                .saturating_add(size)
                .next_multiple_of(space.unit_bytes),
        };
        walk.structure_of(&[whole], new);
    }
}

impl Iso<'_, '_> {
    fn tree(&mut self) {
        while let Some((folder, extent)) = self.pending.pop() {
            if self.walk.is_full() {
                return;
            }
            if !self.visited.insert(extent.block) {
                let detail = "a folder is inside itself or in two places";
                self.walk.findings.incomplete("folder_loop", detail);
                self.walk
                    .unlisted(&folder, Gap::Damaged, incomplete("folder_loop", detail));
                continue;
            }
            let queued = self.pending.len();
            self.folder(&folder, extent);
            // Read in the order of the folder, though the last in is the first out.
            if let Some(new) = self.pending.get_mut(queued..) {
                new.reverse();
            }
        }
    }

    /// Compares the folders with the path tables, and walks those that only a table names.
    fn paths(&mut self) {
        let Some(tables) = self.root.tables else {
            return;
        };
        let Paths {
            folders,
            places,
            faults,
        } = tables.read(self.blocks, self.disc);
        for (rule, detail) in faults {
            self.walk.findings.incomplete(rule, detail);
        }
        for place in places {
            own(place, self.space, self.walk);
        }
        for (index, listed) in folders.iter().enumerate() {
            if self.walk.is_full() || self.visited.contains(&listed.block) {
                continue;
            }
            let detail = "a path table names a folder that no folder does";
            self.walk
                .findings
                .incomplete("iso_only_in_path_table", detail);
            let folder = self.listed_folder(&folders, index);
            if let Some(folder) = folder {
                self.relocated(folder, listed.block);
                self.tree();
            }
        }
    }

    /// The folder that a path table describes, with those around it.
    fn listed_folder(&mut self, folders: &[Listed], index: usize) -> Option<Rc<Folder>> {
        let mut names = Vec::new();
        let mut index = index;
        while index != 0 && names.len() < LISTED_DEPTH_MAX {
            let listed = folders.get(index)?;
            names.push(self.stored_name(&listed.name));
            // Folders come after the one that they are in; what does not is taken for a root.
            index = if listed.parent < index {
                listed.parent
            } else {
                0
            };
        }
        let mut folder = Folder::root();
        for name in names.iter().rev() {
            folder = self.walk.folder(&folder, name)?;
        }
        Some(folder)
    }

    fn folder(&mut self, folder: &Rc<Folder>, extent: Extent32) {
        self.check_extent(extent);
        let start = extent.block.saturating_mul(self.disc.block_bytes);
        let whole = Extent {
            offset_bytes: Some(start),
            size_bytes: extent.size_bytes,
        };
        own(whole, self.space, self.walk);
        let first = head(self.blocks, start, narrow(SECTOR_BYTES)).unwrap_or_default();
        if !is_own(&first, extent) {
            let detail = "a folder's first record says that it is elsewhere or of another size";
            self.broken("iso_folder_differs", detail, folder);
        }
        let mut size = extent.size_bytes;
        if FOLDER_BYTES_MAX < size {
            let finding = incomplete("folder_too_long", "the folder is larger than the limit");
            self.walk.unlisted(folder, Gap::Limit, finding);
            size = FOLDER_BYTES_MAX;
        }
        let mut held: Vec<Record> = Vec::new();
        let mut at = 0;
        while at < size {
            if self.walk.is_full() {
                return;
            }
            let mut sector = vec![0; narrow(SECTOR_BYTES.min(size.saturating_sub(at)))];
            if let Err(error) = self.blocks.read_at(start.saturating_add(at), &mut sector) {
                let finding = incomplete("folder_unreadable", "entries could not be read");
                self.walk
                    .findings
                    .incomplete("folder_unreadable", error.to_string());
                self.walk.unlisted(folder, gap_of(&error), finding);
                return;
            }
            self.sector(&sector, &mut held, folder);
            at = at.saturating_add(SECTOR_BYTES);
        }
        if !held.is_empty() {
            self.broken(
                "iso_continuation_missing",
                "a file's last extent is missing",
                folder,
            );
        }
    }

    pub(super) fn broken(&mut self, rule: &'static str, detail: &'static str, folder: &Folder) {
        self.walk.findings.incomplete(rule, detail);
        self.walk
            .unlisted(folder, Gap::Damaged, incomplete(rule, detail));
    }

    fn sector(&mut self, sector: &[u8], held: &mut Vec<Record>, folder: &Rc<Folder>) {
        let mut rest = sector;
        while let Some(record) = Record::parse(rest) {
            let Ok(record) = record else {
                let detail = "a directory record does not fit its sector";
                self.broken("iso_record_malformed", detail, folder);
                return;
            };
            rest = rest.get(record.length()..).unwrap_or_default();
            if record.is_dots() {
                continue;
            }
            if held
                .last()
                .is_some_and(|before| before.name() != record.name())
            {
                self.broken(
                    "iso_continuation_missing",
                    "a file's last extent is missing",
                    folder,
                );
                held.clear();
            }
            if record.is_continued() {
                held.push(record);
                if LOCATOR_EXTENTS_MAX < held.len() {
                    self.broken(
                        "iso_too_many_extents",
                        "a file has too many extents",
                        folder,
                    );
                    held.clear();
                }
                continue;
            }
            let extents = held
                .iter()
                .map(Record::extent)
                .chain([record.extent()])
                .collect();
            held.clear();
            self.entry(&record, extents, folder);
        }
        if rest.iter().any(|byte| *byte != 0) {
            let detail = "bytes follow the last record of a sector";
            self.walk.findings.incomplete("entries_after_end", detail);
        }
    }

    pub(super) fn check_extent(&mut self, extent: Extent32) {
        if !extent.agrees {
            let detail = "a number is stored twice with two values";
            self.walk.findings.incomplete("iso_numbers_differ", detail);
        }
    }
}
