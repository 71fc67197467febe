//! Walking the folders of an NTFS volume.

use std::collections::BTreeSet;
use std::rc::Rc;

use wire::worker::{Locator, Share};
use wire::{Finding, Gap, MediumName, RowKind};

use super::index::{self, Entry};
use super::record::{Record, number_of, sequence_of};
use super::streams::{Body, Meaning, Reparse, Stream, data_streams};
use super::volume::Volume;
use crate::error::gap_of;
use crate::findings::{incomplete, notice};
use crate::number::{u16_at, wide};
use crate::sectors::unreadable_sectors;
use crate::walk::{Content, Folder, Walk};

/// File record of the root.
const ROOT: u64 = 5;

/// The first file records are the file system's own: its tables, log and bitmaps. Their
/// structure is read here, their unnamed content is knowingly not examined.
const OWN_RECORDS: u64 = 24;

/// The one of them that is a folder, and its files that are the file system's own, too. What
/// else is in there is listed like any file.
const EXTEND: u64 = 11;
const OWN_IN_EXTEND: [&[u8]; 4] = [b"$ObjId", b"$Quota", b"$Reparse", b"$UsnJrnl"];

/// Streams that the file system's own files have.
const OWN_STREAMS: [&[u8]; 6] = [b"", b"$Bad", b"$SDS", b"$Info", b"$J", b"$Max"];

/// What one walk of an NTFS volume keeps.
struct Ntfs<'w, 'v> {
    volume: &'w Volume,
    walk: &'w mut Walk<'v>,
    /// Records of folders met so far.
    visited: BTreeSet<u64>,
    pending: Vec<(Rc<Folder>, Record)>,
}

/// Lists the volume.
pub(crate) fn walk(volume: &Volume, walk: &mut Walk<'_>) {
    check(volume, walk);
    let root = Folder::root();
    let mut ntfs = Ntfs {
        volume,
        walk,
        visited: BTreeSet::from([ROOT]),
        pending: Vec::new(),
    };
    match volume.record(ROOT) {
        Ok(record) => ntfs.pending.push((root, record)),
        Err(error) => {
            let finding = incomplete("folder_damaged", "the root folder cannot be read");
            ntfs.walk
                .findings
                .incomplete("folder_damaged", error.to_string());
            ntfs.walk.unlisted(&root, gap_of(&error), finding);
        }
    }
    while let Some((folder, record)) = ntfs.pending.pop() {
        if ntfs.walk.is_full() {
            return;
        }
        let queued = ntfs.pending.len();
        ntfs.folder(&folder, &record);
        // Read in the order of the folder, though the last in is the first out.
        if let Some(new) = ntfs.pending.get_mut(queued..) {
            new.reverse();
        }
    }
}

/// What the volume says of itself as a whole.
fn check(volume: &Volume, walk: &mut Walk<'_>) {
    const VOLUME: u64 = 3;
    const VOLUME_INFORMATION: u32 = 0x70;
    let there = volume.blocks.size_bytes();
    let size = volume.boot.size_bytes;
    if there < size {
        let detail = format!("{size} bytes by its boot sector, {there} bytes there");
        walk.findings.incomplete("volume_past_end", detail);
    }
    let Ok(record) = volume.record(VOLUME) else {
        walk.findings.incomplete(
            "ntfs_volume_record",
            "the record of the volume cannot be read",
        );
        return;
    };
    let attributes = volume.attributes(&record).found;
    let information = attributes.iter().find(|one| one.kind == VOLUME_INFORMATION);
    let flags = information
        .and_then(|one| one.resident())
        .map_or(0, |value| u16_at(value, 10));
    if flags & 1 != 0 {
        walk.findings
            .notice("volume_dirty", "the volume was not taken out properly");
    }
}

impl Ntfs<'_, '_> {
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
        if parent == ROOT && number == ROOT {
            return;
        }
        let record = match self.volume.record(number) {
            Ok(record) => record,
            Err(error) => {
                let finding = incomplete("ntfs_record_damaged", "the file's record cannot be read");
                self.walk
                    .findings
                    .incomplete("ntfs_record_damaged", error.to_string());
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
        let is_own = (parent == ROOT && number < OWN_RECORDS)
            || (parent == EXTEND && OWN_IN_EXTEND.contains(&entry.name.as_slice()));
        self.file(folder, &entry.name, &record, is_own);
        if record.is_folder() && (!is_own || number == EXTEND) {
            self.queue(folder, &entry.name, record);
        }
    }

    fn queue(&mut self, parent: &Rc<Folder>, name: &[u8], record: Record) {
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

    /// Lists the contents of one record.
    fn file(&mut self, folder: &Folder, name: &[u8], record: &Record, is_own: bool) {
        let found = data_streams(self.volume, record);
        let mut findings = Vec::new();
        if let Some(detail) = found.fault {
            self.walk
                .findings
                .incomplete("ntfs_attributes_damaged", detail);
            findings.push(incomplete("ntfs_attributes_damaged", detail));
        }
        let mut replaced = false;
        if let Some(reparse) = &found.reparse {
            replaced = reparse.meaning == Meaning::Replaced;
            self.reparse(folder, name, reparse);
        }
        let has_content = found.streams.iter().any(|stream| stream.name.is_empty());
        let is_link = found.reparse.is_some() && !replaced;
        if !has_content && !is_own && !is_link && !record.is_folder() {
            let detail = "a file has no content attribute, not even an empty one";
            let finding = incomplete("ntfs_content_missing", detail);
            self.walk
                .findings
                .incomplete("ntfs_content_missing", detail);
            self.walk
                .unchecked(folder, name, RowKind::File, 0, Gap::Damaged, finding);
        }
        for stream in found.streams {
            if is_own && OWN_STREAMS.contains(&stream.name.as_slice()) {
                continue;
            }
            if is_link && stream.name.is_empty() && stream.size_bytes == 0 {
                continue;
            }
            let replaced = replaced && stream.name.is_empty();
            self.stream(
                folder,
                name,
                record.number,
                stream,
                replaced,
                findings.clone(),
            );
        }
    }

    /// A link is listed as its own data; what it points to is listed where it is.
    fn reparse(&mut self, folder: &Folder, name: &[u8], reparse: &Reparse) {
        let mut name = name.to_vec();
        name.extend_from_slice(b":$REPARSE_POINT");
        let detail = match reparse.meaning {
            Meaning::Link => "a junction or symbolic link",
            Meaning::Replaced => "a reparse point: the system stores the content in another form",
        };
        let findings = vec![notice("reparse_point", detail)];
        let (data, cut) = MediumName::cut(&reparse.data);
        let size = wide(reparse.data.len());
        if cut {
            let finding = incomplete("reparse_too_long", "the reparse data is too long");
            let kind = RowKind::Stream;
            self.walk
                .unchecked(folder, &name, kind, size, Gap::Limit, finding);
        } else {
            let content = Content {
                kind: RowKind::Stream,
                size_bytes: size,
                locator: Locator::Inline(data),
                findings,
                share: Share::default(),
            };
            self.walk.content(folder, &name, content);
        }
    }

    fn stream(
        &mut self,
        folder: &Folder,
        name: &[u8],
        record: u64,
        stream: Stream,
        replaced: bool,
        findings: Vec<Finding>,
    ) {
        let mut path = name.to_vec();
        let mut kind = RowKind::File;
        if !stream.name.is_empty() {
            path.push(b':');
            path.extend_from_slice(&stream.name);
            kind = RowKind::Stream;
        }
        let unchecked = match stream.body {
            Body::Encrypted => Some((Gap::Encrypted, "ntfs_encrypted", "the file is encrypted")),
            Body::Compressed => {
                let detail = "the file is compressed by the file system, which is not read";
                Some((Gap::Unsupported, "ntfs_compressed", detail))
            }
            Body::Damaged => {
                let detail = "the pieces of a file do not fit together or are too few";
                self.walk.findings.incomplete("ntfs_runs_damaged", detail);
                Some((Gap::Damaged, "ntfs_runs_damaged", detail))
            }
            Body::Resident(_) | Body::Extents(_) if replaced => {
                let detail = "a reparse point stores the content in another form";
                Some((Gap::Unsupported, "ntfs_reparse_content", detail))
            }
            Body::Resident(_) | Body::Extents(_) => None,
        };
        let size = stream.size_bytes;
        if let Some((gap, rule, detail)) = unchecked {
            let finding = incomplete(rule, detail);
            self.walk.unchecked(folder, &path, kind, size, gap, finding);
            return;
        }
        let (stream, cut) = MediumName::cut(&stream.name);
        if cut {
            let finding = incomplete("path_too_long", "a stream's name is too long");
            self.walk
                .unchecked(folder, &path, kind, size, Gap::Limit, finding);
            return;
        }
        let content = Content {
            kind,
            size_bytes: size,
            locator: Locator::Record { record, stream },
            findings,
            share: Share::default(),
        };
        self.walk.content(folder, &path, content);
    }
}
