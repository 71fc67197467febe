//! The file table read from its beginning to its end: what no folder leads to is in it all the
//! same.

use std::rc::Rc;

use wire::RowKind;

use super::deleted::Deleted;
use super::owners::Owners;
use super::record::Record;
use super::streams::data_streams;
use super::walk::{Ntfs, OWN_RECORDS};
use crate::error::{gap_of, reason};
use crate::findings::incomplete;
use crate::number::narrow;
use crate::sectors::is_gone;
use crate::walk::Folder;

/// Records that are in use without a name: those after the file system's own are kept for it.
const KEPT_RECORDS: u64 = 24;

/// Records of the table that are read at once, in bytes: one piece of the cache.
const STEP_BYTES: u64 = 64 << 10;

/// Records without a name that are looked for at once: each search begins at the first.
const BATCH_RECORDS: usize = 4096;

/// A folder that is not on the volume.
const ORPHANS: &[u8] = b"$Orphan";

/// Ends a walk: lists what the folders did not lead to, then what belongs to no file.
pub(crate) fn sweep(mut ntfs: Ntfs<'_, '_>) {
    let mut deleted = Deleted::default();
    let records = ntfs.volume.records();
    let step = STEP_BYTES
        .checked_div(ntfs.volume.boot.record_bytes)
        .unwrap_or(1)
        .max(1);
    let mut at = 0;
    while at < records && !ntfs.walk.is_full() {
        let count = step.min(records.saturating_sub(at));
        if ntfs.piece(at, count, &mut deleted).is_none() {
            break;
        }
        at = at.saturating_add(count);
    }
    ntfs.orphans();
    if !ntfs.walk.is_full() {
        let size_bytes = ntfs.volume.blocks.size_bytes();
        ntfs.walk.audit(&mut ntfs.owners.space, size_bytes);
        deleted.list(&mut ntfs);
        ntfs.walk.unallocated(&ntfs.owners.space);
    }
}

impl Ntfs<'_, '_> {
    /// Looks at `count` records from `first` on; `None` when the medium is gone.
    fn piece(&mut self, first: u64, count: u64, deleted: &mut Deleted) -> Option<()> {
        let record_bytes = narrow(self.volume.boot.record_bytes);
        let mut bytes = vec![0; narrow(count).saturating_mul(record_bytes)];
        if self.volume.read_records(first, &mut bytes).is_ok() {
            for (number, bytes) in (first..).zip(bytes.chunks(record_bytes)) {
                self.look(number, bytes, deleted);
            }
            return Some(());
        }
        for number in (first..).take(narrow(count)) {
            let bytes = bytes.get_mut(..record_bytes)?;
            match self.volume.read_records(number, bytes) {
                Ok(()) => self.look(number, bytes, deleted),
                Err(error) => {
                    self.walk
                        .findings
                        .incomplete("ntfs_table_unreadable", reason(&error));
                    if is_gone(&error) {
                        return None;
                    }
                }
            }
        }
        Some(())
    }

    /// Looks at one record, and lists the file system's own at once.
    fn look(&mut self, number: u64, bytes: &[u8], deleted: &mut Deleted) {
        // What was never a record holds zeros, or what was there before: it is matched with the
        // table. Only records are marked as torn by a check of the disk.
        let is_torn = bytes.starts_with(b"BAAD");
        if !bytes.starts_with(b"FILE") && !is_torn {
            return;
        }
        let Ok(record) = Record::parse(number, bytes.to_vec()) else {
            let detail = format!("file record {number} was written in part");
            self.walk.findings.incomplete("ntfs_record_damaged", detail);
            return;
        };
        let is_base = record.base() == 0;
        match (record.is_in_use(), is_base) {
            (true, true) if self.owners.files.is_taken(number) => {}
            (true, true) if number < KEPT_RECORDS => self.kept(&record),
            (true, true) => {
                self.owners.files.allocate(number, 1);
                if record.is_folder() {
                    self.owners.folders.allocate(number, 1);
                }
            }
            (true, false) => self.owners.extensions.allocate(number, 1),
            (false, true) if self.walk.wants_deleted() => deleted.keep(&record),
            (false, _) => {}
        }
    }

    /// One of the first records that no folder names. Those that are kept for later are empty.
    fn kept(&mut self, record: &Record) {
        let is_own = record.number < OWN_RECORDS;
        let streams = data_streams(self.volume, record).streams;
        if is_own || streams.iter().all(|stream| stream.size_bytes == 0) {
            let mut name = record.name();
            if name.is_empty() {
                name = format!("$Record {}", record.number).into_bytes();
            }
            self.file(&Folder::root(), &name, record, true, Vec::new());
        } else {
            self.owners.files.allocate(record.number, 1);
        }
    }
    /// Lists what is in use and was not listed yet: folders first, with all that is in them.
    fn orphans(&mut self) {
        let of = |which: fn(&Owners) -> Vec<u64>| which;
        let kinds = [
            of(|owners| owners.orphan_folders().take(BATCH_RECORDS).collect()),
            of(|owners| owners.orphans().take(BATCH_RECORDS).collect()),
            of(|owners| owners.orphan_extensions().take(BATCH_RECORDS).collect()),
        ];
        let mut folder = None;
        for kind in kinds {
            loop {
                let batch = kind(&self.owners);
                if batch.is_empty() {
                    break;
                }
                if folder.is_none() {
                    folder = self.walk.folder(&Folder::root(), ORPHANS);
                }
                let Some(folder) = &folder else {
                    return;
                };
                for number in batch {
                    self.orphan(folder, number);
                    if self.walk.is_full() {
                        return;
                    }
                }
            }
        }
    }

    fn orphan(&mut self, folder: &Rc<Folder>, number: u64) {
        self.owners.extensions.take(number, 1);
        if self.owners.files.is_taken(number) {
            // In a folder that was listed meanwhile.
            return;
        }
        let detail = "a file record is in use, and no folder or other record leads to it";
        self.walk.findings.incomplete("ntfs_record_orphan", detail);
        let finding = incomplete("ntfs_record_orphan", detail);
        match self.volume.record(number) {
            Ok(record) => {
                let mut name = format!("{number} ").into_bytes();
                name.extend_from_slice(&record.name());
                self.file(folder, &name, &record, false, vec![finding]);
                if record.is_folder() {
                    self.queue(folder, &name, record);
                    self.folders();
                }
            }
            Err(error) => {
                self.owners.files.take(number, 1);
                self.owners.folders.take(number, 1);
                let name = format!("{number}").into_bytes();
                let gap = gap_of(&error);
                self.walk
                    .unchecked(folder, &name, RowKind::File, 0, gap, finding);
            }
        }
    }
}
