//! Walking the folders of an NTFS volume.

use std::collections::BTreeSet;
use std::rc::Rc;

use wire::{Gap, RowKind};

use super::check;
use super::index::{self, Entry};
use super::owners::Owners;
use super::record::{Record, number_of, sequence_of};
use super::sweep::sweep;
use super::volume::Volume;
use crate::error::{gap_of, reason};
use crate::findings::incomplete;
use crate::number::narrow;
use crate::sectors::unreadable_sectors;
use crate::walk::{Folder, Walk};

/// File record of the root.
const ROOT: u64 = 5;

/// The first file records are the file system's own: its tables, log and bitmaps. Their
/// structure is read here, their unnamed content is matched as raw bytes. Under another name they
/// are files like any other.
pub(crate) const OWN_RECORDS: u64 = 12;
const OWN_NAMES: [&[u8]; 12] = [
    b"$MFT",
    b"$MFTMirr",
    b"$LogFile",
    b"$Volume",
    b"$AttrDef",
    b".",
    b"$Bitmap",
    b"$Boot",
    b"$BadClus",
    b"$Secure",
    b"$UpCase",
    b"$Extend",
];

/// The one of them that is a folder, and its files that are the file system's own, too. What
/// else is in there is listed like any file.
const EXTEND: u64 = 11;
const OWN_IN_EXTEND: [&[u8]; 4] = [b"$ObjId", b"$Quota", b"$Reparse", b"$UsnJrnl"];

/// What one walk of an NTFS volume keeps.
pub(crate) struct Ntfs<'w, 'v> {
    pub(crate) volume: &'w Volume,
    pub(crate) walk: &'w mut Walk<'v>,
    pub(crate) owners: Owners,
    /// Records of folders met so far.
    visited: BTreeSet<u64>,
    pending: Vec<(Rc<Folder>, Record)>,
}

/// Lists the volume.
pub(crate) fn walk(volume: &Volume, walk: &mut Walk<'_>) {
    let mut owners = Owners::new(volume, &mut walk.findings);
    check::volume(volume, &mut owners, walk);
    let root = Folder::root();
    let mut ntfs = Ntfs {
        volume,
        walk,
        owners,
        visited: BTreeSet::from([ROOT]),
        pending: Vec::new(),
    };
    match volume.record(ROOT) {
        Ok(record) => {
            // Its streams and clusters are listed with its own entry, or by the sweep.
            ntfs.pending.push((root, record));
        }
        Err(error) => {
            let finding = incomplete("folder_damaged", "the root folder cannot be read");
            ntfs.walk
                .findings
                .incomplete("folder_damaged", reason(&error));
            ntfs.walk.unlisted(&root, gap_of(&error), finding);
        }
    }
    ntfs.folders();
    sweep(ntfs);
}

impl Ntfs<'_, '_> {
    /// Lists every folder that waits, and those in them.
    pub(crate) fn folders(&mut self) {
        while let Some((folder, record)) = self.pending.pop() {
            if self.walk.is_full() {
                return;
            }
            let queued = self.pending.len();
            self.folder(&folder, &record);
            // Read in the order of the folder, though the last in is the first out.
            if let Some(new) = self.pending.get_mut(queued..) {
                new.reverse();
            }
        }
    }

    fn folder(&mut self, folder: &Rc<Folder>, record: &Record) {
        let attributes = self.volume.attributes(record);
        let listing = index::list(self.volume, &attributes);
        for detail in attributes.fault.iter().chain(&listing.faults) {
            self.walk.findings.incomplete("folder_damaged", *detail);
        }
        if let Some(detail) = attributes.fault.or(listing.faults.first().copied()) {
            let gap = listing.error.as_ref().map_or(Gap::Damaged, gap_of);
            if let Some(sectors) = listing.error.as_ref().and_then(unreadable_sectors) {
                self.walk.findings.incomplete("folder_unreadable", sectors);
            }
            self.walk
                .unlisted(folder, gap, incomplete("folder_damaged", detail));
        }
        // A DOS name is a second name; it counts only where it is the only one.
        let named: BTreeSet<u64> = listing
            .entries
            .iter()
            .filter(|entry| !entry.is_dos)
            .map(|entry| entry.reference)
            .collect();
        for entry in &listing.entries {
            if self.walk.is_full() {
                return;
            }
            if number_of(entry.parent) != record.number {
                let detail = "an entry of a folder belongs to another folder";
                self.walk
                    .findings
                    .incomplete("ntfs_entry_misplaced", detail);
            }
            if !entry.is_dos || !named.contains(&entry.reference) {
                self.entry(folder, record.number, entry);
            }
        }
    }

    fn entry(&mut self, folder: &Rc<Folder>, parent: u64, entry: &Entry) {
        let number = number_of(entry.reference);
        let record = match self.volume.record(number) {
            Ok(record) => record,
            Err(error) => {
                let finding = incomplete("ntfs_record_damaged", "the file's record cannot be read");
                self.walk
                    .findings
                    .incomplete("ntfs_record_damaged", reason(&error));
                let gap = gap_of(&error);
                self.walk
                    .unchecked(folder, &entry.name, RowKind::File, 0, gap, finding);
                return;
            }
        };
        let fits = record.is_in_use()
            && record.base() == 0
            && record.sequence() == sequence_of(entry.reference);
        if !fits {
            let detail = "a folder names a file that is not there any more";
            let finding = incomplete("ntfs_entry_stale", detail);
            self.walk.findings.incomplete("ntfs_entry_stale", detail);
            self.walk
                .unchecked(folder, &entry.name, RowKind::File, 0, Gap::Damaged, finding);
            return;
        }
        let own_name = OWN_NAMES.get(narrow(number)).copied();
        let is_own = (parent == ROOT && own_name == Some(&*entry.name))
            || (parent == EXTEND && OWN_IN_EXTEND.contains(&entry.name.as_slice()));
        self.file(folder, &entry.name, &record, is_own, Vec::new());
        if record.is_folder() && (!is_own || number == EXTEND) {
            self.queue(folder, &entry.name, record);
        }
    }

    /// Has a folder listed later.
    pub(crate) fn queue(&mut self, parent: &Rc<Folder>, name: &[u8], record: Record) {
        let Some(folder) = self.walk.folder(parent, name) else {
            return;
        };
        if self.visited.insert(record.number) {
            self.pending.push((folder, record));
        } else {
            let detail = "a folder is inside itself or in two places";
            self.walk.findings.incomplete("folder_loop", detail);
            self.walk
                .unlisted(&folder, Gap::Damaged, incomplete("folder_loop", detail));
        }
    }
}
