//! Walking the folders.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::rc::Rc;

use wire::{Finding, Gap, RowKind};

use super::contents::{Known, ODD, VOLUME_EXTENTS_MAX};
use super::disc::Disc;
use super::entry::{Broken, Entry};
use super::folder::Identifier;
use super::tag::{self, Address, Extent30, Tag};
use crate::content::Extent;
use crate::error::gap_of;
use crate::findings::incomplete;
use crate::named::Named;
use crate::space::Space;
use crate::walk::{Folder, Walk};

/// Largest folder read, in bytes: more than half a million files in one folder.
const UDF_FOLDER_BYTES_MAX: u64 = 64 << 20;

/// Most file sets. UDF allows one, and on discs that are written once one for each change.
const FILE_SETS_MAX: usize = 64;

/// The type of a folder.
pub(super) const FOLDER: u8 = 4;

/// What the volume is beside the UDF file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    /// Nothing: the walk accounts for every byte.
    Nothing,
    /// A disc whose other trees have been walked, and which accounts for the rest.
    Iso,
}

/// What one walk keeps.
pub(super) struct Udf<'w, 'v> {
    pub(super) disc: &'w Disc,
    pub(super) space: &'w mut Space,
    pub(super) walk: &'w mut Walk<'v>,
    pub(super) beside: Beside,
    /// Contents that other trees have named.
    pub(super) named: &'w Named,
    /// Contents that this tree has.
    pub(super) new: Named,
    /// Files by the place of their entries.
    pub(super) seen: BTreeMap<u64, Known>,
    /// Whether blocks are used again, so that none may belong to two.
    pub(super) is_rewritten: bool,
    pub(super) extents_left: u64,
    pub(super) folders: BTreeSet<u64>,
    pending: Vec<(Rc<Folder>, Address)>,
    pub(super) deleted: Vec<(Rc<Folder>, Vec<u8>, Address)>,
    pub(super) deleted_beyond: u64,
    counted: super::integrity::Counts,
}

/// Lists the UDF file system of `disc`. `named` are the contents of other trees, and afterwards
/// of this one too.
pub(crate) fn walk(
    disc: &Disc,
    space: &mut Space,
    walk: &mut Walk<'_>,
    beside: Beside,
    named: &mut Named,
) {
    for (rule, detail) in &disc.faults {
        walk.findings.incomplete(rule, detail.as_str());
    }
    disc.compare_mirror(&mut walk.findings);
    let (counts, places) = disc.integrity(&mut walk.findings);
    let mut udf = Udf {
        disc,
        space,
        walk,
        beside,
        named,
        new: Named::default(),
        seen: BTreeMap::new(),
        is_rewritten: false,
        extents_left: VOLUME_EXTENTS_MAX,
        folders: BTreeSet::new(),
        pending: Vec::new(),
        deleted: Vec::new(),
        deleted_beyond: 0,
        counted: super::integrity::Counts {
            files: 0,
            folders: 0,
        },
    };
    for place in disc.structure.iter().chain(&places) {
        udf.structure(*place);
    }
    for place in disc.bookkeeping() {
        udf.structure(place);
    }
    let unaccounted = match beside {
        Beside::Nothing => disc.mark(udf.space, &mut udf.walk.findings),
        Beside::Iso => Vec::new(),
    };
    let whole = disc.partitions.iter().map(|one| (one.start, one.count));
    udf.is_rewritten =
        whole.clone().any(|one| !unaccounted.contains(&one)) && beside == Beside::Nothing;
    udf.file_sets();
    udf.tree();
    if !udf.walk.is_full() {
        udf.compare(counts);
        if beside == Beside::Nothing {
            udf.account(unaccounted);
        }
    }
    let new = std::mem::take(&mut udf.new);
    named.append(new);
}

impl Udf<'_, '_> {
    /// A structure that is examined as raw bytes, unless something else has its blocks.
    pub(super) fn structure(&mut self, extent: Extent) {
        let new = self.space.take_extent(&extent);
        if new != 0 {
            let unit = self.space.unit_bytes;
            let there = self.disc.blocks.size_bytes();
            let offset = extent.offset_bytes.unwrap_or(0);
            let end = offset.saturating_add(extent.size_bytes);
            let end = end.next_multiple_of(unit).min(there);
            let start = offset.saturating_sub(offset.checked_rem(unit).unwrap_or(0));
            let whole = Extent {
                offset_bytes: Some(start),
                size_bytes: end.saturating_sub(start),
            };
            self.walk.structure_of(&[whole], new);
        }
    }

    /// The roots of every file set.
    fn file_sets(&mut self) {
        let mut next = self.disc.file_set;
        let mut found = false;
        for _ in 0..FILE_SETS_MAX {
            let Ok((offset, block)) = self.disc.block(next.at) else {
                break;
            };
            let Some(tag) = Tag::read(&block).filter(|tag| tag.id == tag::FILE_SET) else {
                break;
            };
            self.structure(Extent {
                offset_bytes: Some(offset),
                size_bytes: self.disc.block_bytes,
            });
            if let Some((rule, detail)) = tag.fault(u64::from(next.at.block)) {
                self.walk.findings.incomplete(rule, detail);
            }
            found = true;
            let root = Folder::root();
            self.root(&root, Extent30::long(&block, 400));
            let streams = Extent30::long(&block, 464);
            self.streams(&root, b"", streams);
            next = Extent30::long(&block, 448);
            if next.size_bytes == 0 {
                break;
            }
        }
        if found && next.size_bytes != 0 {
            let detail = "more file sets than the limit allows, or one that cannot be read";
            self.walk
                .findings
                .incomplete("udf_file_sets_malformed", detail);
        }
        if !found {
            let detail = "there is no file set";
            self.walk
                .findings
                .incomplete("udf_file_set_missing", detail);
        }
    }

    fn root(&mut self, root: &Rc<Folder>, icb: Extent30) {
        match self.read(icb.at) {
            // A later file set may show the same root.
            Ok(entry) if self.is_entered(&entry) => {}
            Ok(entry) if entry.file_type == FOLDER => {
                self.enter(root, &Folder::root(), b"", icb.at, &entry);
            }
            Ok(_) => self.unlisted(root, "udf_root_malformed", "the root is no folder"),
            Err(broken) => self.unlisted(root, broken.rule, broken.detail),
        }
    }

    fn is_entered(&self, entry: &Entry) -> bool {
        let place = entry.place.offset_bytes.unwrap_or(0);
        self.folders.contains(&place)
    }

    fn unlisted(&mut self, folder: &Folder, rule: &'static str, detail: &'static str) {
        self.walk.findings.incomplete(rule, detail);
        let finding = incomplete(rule, detail);
        self.walk.unlisted(folder, Gap::Damaged, finding);
    }

    /// Puts a folder down to be read, once.
    fn enter(
        &mut self,
        folder: &Rc<Folder>,
        parent: &Rc<Folder>,
        name: &[u8],
        at: Address,
        entry: &Entry,
    ) {
        if !self.folders.insert(entry.place.offset_bytes.unwrap_or(0)) {
            let detail = "a folder is inside itself or in two places";
            self.unlisted(folder, "folder_loop", detail);
            return;
        }
        self.counted.folders = self.counted.folders.saturating_add(1);
        for (rule, detail) in &entry.faults {
            self.unlisted(folder, rule, detail);
        }
        for extent in entry.structure() {
            self.structure(extent);
        }
        self.beside_content(parent, name, entry);
        self.pending.push((folder.clone(), at));
    }

    fn tree(&mut self) {
        while let Some((folder, at)) = self.pending.pop() {
            if self.walk.is_full() {
                return;
            }
            let queued = self.pending.len();
            if let Ok(entry) = self.read(at) {
                self.identifiers(&folder, &entry, &mut |udf, identifier| {
                    udf.identifier(&folder, identifier);
                });
            }
            // Read in the order of the folder, though the last in is the first out.
            if let Some(new) = self.pending.get_mut(queued..) {
                new.reverse();
            }
        }
    }

    /// Calls `each` for every name of a folder.
    pub(super) fn identifiers(
        &mut self,
        folder: &Folder,
        entry: &Entry,
        each: &mut dyn FnMut(&mut Self, &Identifier),
    ) {
        if !entry.unpadded.is_empty() {
            self.unlisted(folder, ODD.0, ODD.1);
        }
        if UDF_FOLDER_BYTES_MAX < entry.size_bytes || entry.is_cut {
            let finding = incomplete("folder_too_long", "the folder is larger than the limit");
            self.walk.unlisted(folder, Gap::Limit, finding);
        }
        let mut content = Vec::new();
        let read = entry.reader(self.disc).take(UDF_FOLDER_BYTES_MAX);
        if let Err(error) = { read }.read_to_end(&mut content) {
            let finding = incomplete("folder_unreadable", "entries could not be read");
            let detail = error.to_string();
            self.walk.findings.incomplete("folder_unreadable", detail);
            self.walk.unlisted(folder, gap_of(&error), finding);
        }
        let mut rest = content.as_slice();
        while !rest.is_empty() && !self.walk.is_full() {
            let Some(identifier) = Identifier::parse(rest) else {
                let detail = "what follows in a folder is no name";
                self.unlisted(folder, "udf_identifier_malformed", detail);
                return;
            };
            if !identifier.is_parent {
                each(self, &identifier);
            }
            rest = rest.get(identifier.length..).unwrap_or_default();
        }
    }

    /// One name.
    fn identifier(&mut self, folder: &Rc<Folder>, identifier: &Identifier) {
        let (name, at) = (&identifier.name, identifier.icb.at);
        let mut findings = Vec::new();
        if let Some((rule, detail)) = identifier.fault {
            self.walk.findings.incomplete(rule, detail);
            findings.push(incomplete(rule, detail));
        }
        if identifier.is_deleted {
            self.keep(folder, name, at);
            return;
        }
        self.counted.files = self
            .counted
            .files
            .saturating_add(u64::from(!identifier.is_folder));
        let offset = self.disc.locate(at).map(|place| place.0);
        let offset = offset.map(|block| block.saturating_mul(self.disc.block_bytes));
        if let Some(known) = offset.and_then(|offset| self.seen.get(&offset).copied()) {
            self.again(folder, name, at, known, findings);
            return;
        }
        let entry = match self.read(at) {
            Ok(entry) => entry,
            Err(broken) => {
                self.unread(folder, name, broken);
                return;
            }
        };
        if (entry.file_type == FOLDER) != identifier.is_folder {
            let detail = "a name says folder and its entry does not, or the other way round";
            self.walk.findings.incomplete("udf_types_differ", detail);
            findings.push(incomplete("udf_types_differ", detail));
        }
        if entry.file_type == FOLDER {
            if let Some(inner) = self.walk.folder(folder, name) {
                self.enter(&inner, folder, name, at, &entry);
            }
            return;
        }
        self.faults(&entry, &mut findings);
        self.beside_content(folder, name, &entry);
        self.file(folder, name, at, entry, findings, RowKind::File);
    }

    pub(super) fn faults(&mut self, entry: &Entry, findings: &mut Vec<Finding>) {
        for extent in entry.descriptors() {
            self.structure(extent);
        }
        for (rule, detail) in &entry.faults {
            self.walk.findings.incomplete(rule, *detail);
            findings.push(incomplete(rule, *detail));
        }
    }

    pub(super) fn unread(&mut self, folder: &Folder, name: &[u8], broken: Broken) {
        let Broken { rule, detail, gap } = broken;
        self.walk.findings.incomplete(rule, detail);
        let finding = incomplete(rule, detail);
        self.walk
            .unchecked(folder, name, RowKind::File, 0, gap, finding);
    }

    /// Compares what was found with the volume's own count.
    pub(super) fn compare(&mut self, counts: Option<super::integrity::Counts>) {
        let Some(counts) = counts else {
            return;
        };
        if self.counted.files < counts.files || self.counted.folders < counts.folders {
            let detail = format!(
                "{} files and {} folders by its own count, {} and {} found",
                counts.files, counts.folders, self.counted.files, self.counted.folders
            );
            self.walk.findings.incomplete("udf_files_missing", detail);
        }
    }
}
