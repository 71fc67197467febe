//! Walking the folders of a FAT volume.

use std::rc::Rc;

use wire::worker::{Locator, Share};
use wire::{Finding, Gap};

use super::boot::{Boot, Root};
use super::name::{self, Gone, Long, Taken};
use crate::blocks::Blocks;
use crate::clusters::{
    Ask, Claim, Deleted, Fault, Leftover, RECORD_BYTES, Records, Table, Width, claim,
};
use crate::error::gap_of;
use crate::findings::{incomplete, notice};
use crate::number::{u8_at, u16_at, u32_at};
use crate::space::Space;
use crate::walk::{Content, Folder, Walk};

/// Largest folder, in bytes: 65,536 entries, the most that the specification allows.
pub(crate) const FOLDER_BYTES_MAX: u64 = 2 << 20;

/// Bits of a directory entry's attribute.
const LABEL: u8 = 0x08;
const FOLDER: u8 = 0x10;
const LONG_NAME: u8 = 0x0F;

type Record = [u8; RECORD_BYTES];

/// Whether nothing follows in this folder.
pub(crate) fn is_end(record: &Record) -> bool {
    u8_at(record, 0) == 0
}

fn is_deleted(record: &Record) -> bool {
    u8_at(record, 0) == 0xE5
}

fn is_long(record: &Record) -> bool {
    u8_at(record, 11) & 0x3F == LONG_NAME
}

/// Whether this is a live volume label.
pub(crate) fn is_label(record: &Record) -> bool {
    !is_end(record)
        && !is_deleted(record)
        && !is_long(record)
        && u8_at(record, 11) & (LABEL | FOLDER) == LABEL
}

/// A folder that waits to be read.
struct Pending {
    folder: Rc<Folder>,
    first: u32,
    /// First cluster of the folder around it; 0 for the root.
    parent: u32,
}

/// What one walk of a FAT volume keeps.
struct Fat<'w, 'v> {
    boot: &'w Boot,
    table: &'w Table,
    walk: &'w mut Walk<'v>,
    /// Who owns which cluster.
    space: &'w mut Space,
    leftover: Leftover,
    pending: Vec<Pending>,
}

/// Lists what the volume's folders name, and gives what they name as deleted.
pub(crate) fn walk(
    blocks: &dyn Blocks,
    boot: &Boot,
    table: &Table,
    space: &mut Space,
    walk: &mut Walk<'_>,
) -> Leftover {
    let mut fat = Fat {
        boot,
        table,
        walk,
        space,
        leftover: Leftover::default(),
        pending: Vec::new(),
    };
    let root = Folder::root();
    match boot.root {
        Root::Fixed(extent) => {
            fat.walk
                .structure(fat.space, extent.cut(blocks.size_bytes()));
            fat.read(Records::new(blocks, vec![extent]), &root, None);
        }
        Root::Chain(first) => {
            let claim = fat.claim_folder(&root, first);
            fat.read(Records::new(blocks, claim.extents), &root, None);
        }
    }
    while let Some(pending) = fat.pending.pop() {
        if fat.walk.is_full() {
            break;
        }
        let claim = fat.claim_folder(&pending.folder, pending.first);
        let records = Records::new(blocks, claim.extents);
        let folder = pending.folder.clone();
        fat.read(records, &folder, Some(&pending));
    }
    fat.leftover
}

impl Fat<'_, '_> {
    /// Takes the clusters of a folder and reports what is wrong with them.
    fn claim_folder(&mut self, folder: &Folder, first: u32) -> Claim {
        let ask = Ask {
            first,
            contiguous: false,
            clusters: None,
            clusters_max: self.table.heap.within(FOLDER_BYTES_MAX),
            keep: true,
        };
        let claim = claim(self.table, self.space, ask);
        let new = claim.clusters.saturating_mul(self.table.heap.cluster_bytes);
        self.walk.structure_of(&claim.extents, new);
        if let Some(fault) = claim.fault {
            let (rule, detail) = match fault {
                Fault::Long => (
                    "folder_too_long",
                    "the folder is larger than the format allows",
                ),
                Fault::Loop | Fault::CrossLinked => (
                    "folder_loop",
                    "the folder's clusters belong to another folder or file",
                ),
                Fault::Short | Fault::Unreadable => (fault.rule(), fault.detail()),
            };
            self.walk.findings.incomplete(rule, detail);
            let gap = match fault {
                Fault::Unreadable => Gap::Unreadable,
                Fault::Loop | Fault::CrossLinked | Fault::Short | Fault::Long => Gap::Damaged,
            };
            self.walk.unlisted(folder, gap, incomplete(rule, detail));
        }
        claim
    }

    /// Reads one folder's entries; `own` is `None` for the root.
    fn read(&mut self, records: Records<'_>, folder: &Rc<Folder>, own: Option<&Pending>) {
        let mut long = Long::default();
        let mut gone = Gone::default();
        let mut ended = false;
        let queued = self.pending.len();
        for (position, record) in records.enumerate() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    let finding = incomplete("folder_unreadable", "entries could not be read");
                    self.walk
                        .findings
                        .incomplete("folder_unreadable", error.to_string());
                    self.walk.unlisted(folder, gap_of(&error), finding);
                    long = Long::default();
                    continue;
                }
            };
            if self.walk.is_full() {
                return;
            }
            match own {
                Some(own) if position < 2 => self.check_dots(&record, position, own),
                Some(_) | None => {}
            }
            if ended {
                self.check_after_end(&record);
            } else if is_end(&record) {
                ended = true;
                self.drop_long(&mut long);
            } else if is_deleted(&record) {
                self.drop_long(&mut long);
                self.deleted(&record, &mut gone, folder);
                continue;
            } else if is_long(&record) {
                if !long.add(&record) {
                    let detail = "a piece of a long name does not follow the one before";
                    self.walk.findings.incomplete("long_name_broken", detail);
                }
            } else if !is_dots(&record) || own.is_none() || 1 < position {
                self.entry(&record, &mut long, folder, own);
            }
            gone = Gone::default();
        }
        self.drop_long(&mut long);
        // Read in the order of the folder, though the last in is the first out.
        if let Some(new) = self.pending.get_mut(queued..) {
            new.reverse();
        }
    }

    /// An entry that is marked deleted: a piece of a long name, or the file after it.
    fn deleted(&mut self, record: &Record, gone: &mut Gone, folder: &Rc<Folder>) {
        if is_long(record) {
            gone.add(record);
            return;
        }
        let name = gone.take(record);
        if u8_at(record, 11) & (LABEL | FOLDER) == 0 {
            self.leftover.keep(Deleted {
                folder: folder.clone(),
                name,
                first_cluster: self.first_cluster(record),
                size_bytes: u64::from(u32_at(record, 28)),
            });
        }
    }

    /// Pieces of a long name without a short entry: a file was lost here, or deleted by a camera
    /// that knows short names only. Its clusters are lost or free, and examined as such.
    fn drop_long(&mut self, long: &mut Long) {
        if long.is_pending() {
            *long = Long::default();
            let detail = "a long name is not followed by its entry";
            self.walk.findings.notice("long_name_orphan", detail);
        }
    }

    /// The specification wants every entry after the end mark to be free: a live one is hidden.
    fn check_after_end(&mut self, record: &Record) {
        if !is_end(record) && !is_deleted(record) {
            let detail = "entries follow the mark that ends their folder";
            self.walk.findings.incomplete("entries_after_end", detail);
        }
    }

    /// A folder begins with itself and its parent.
    fn check_dots(&mut self, record: &Record, position: usize, own: &Pending) {
        let (name, cluster): (&[u8], _) = match position {
            0 => (b".          ", own.first),
            _ => (b"..         ", own.parent),
        };
        let is_root = position == 1 && cluster == 0;
        let said = self.first_cluster(record);
        // Some writers name the root by its cluster, though 0 is prescribed.
        let root = match self.boot.root {
            Root::Chain(first) => first,
            Root::Fixed(_) => 0,
        };
        let fits = said == cluster || (is_root && said == root);
        if record.get(..11) != Some(name) || !fits || u8_at(record, 11) & FOLDER == 0 {
            let detail = "a folder does not begin with entries for itself and its parent";
            self.walk.findings.incomplete("dot_entries_wrong", detail);
        }
    }

    fn first_cluster(&self, record: &Record) -> u32 {
        let high = match self.table_width() {
            Width::Fat32 => u32::from(u16_at(record, 20)),
            Width::Fat12 | Width::Fat16 | Width::Exfat => 0,
        };
        high << 16 | u32::from(u16_at(record, 26))
    }

    fn table_width(&self) -> Width {
        self.boot.width
    }

    /// One short entry with the long name before it.
    fn entry(
        &mut self,
        record: &Record,
        long: &mut Long,
        folder: &Rc<Folder>,
        own: Option<&Pending>,
    ) {
        let mut findings = Vec::new();
        let mut name = name::short(record);
        match long.take(name::checksum(record)) {
            Taken::Name(long) => name = long,
            Taken::None => {
                if !name.is_ascii() {
                    let detail = "the short name is in a code page that the medium does not name";
                    findings.push(notice("short_name_code_page", detail));
                }
            }
            Taken::Mismatch => {
                let detail = "the long name before this entry belongs to another";
                self.walk.findings.notice("long_name_checksum", detail);
                findings.push(notice("long_name_checksum", detail));
            }
        }
        let attribute = u8_at(record, 11);
        let first = self.first_cluster(record);
        let size = u64::from(u32_at(record, 28));
        if attribute & (LABEL | FOLDER) == LABEL {
            self.check_label(own, first, size);
            if first == 0 && size == 0 {
                return;
            }
        }
        if name::is_bad(&name) {
            let detail = "a name is empty or holds a character that no name may hold";
            self.walk.findings.incomplete("name_malformed", detail);
            findings.push(incomplete("name_malformed", detail));
        }
        if attribute & FOLDER == 0 {
            self.file(&name, first, size, folder, findings);
        } else {
            self.folder(&name, first, size, folder, own);
        }
    }

    fn check_label(&mut self, own: Option<&Pending>, first: u32, size: u64) {
        if first != 0 || size != 0 {
            let detail = "a volume label has content, which systems do not show";
            self.walk.findings.incomplete("label_with_content", detail);
        } else if own.is_some() {
            let detail = "a volume label outside the root folder";
            self.walk.findings.incomplete("label_outside_root", detail);
        }
    }

    fn file(
        &mut self,
        name: &[u8],
        first: u32,
        size: u64,
        folder: &Folder,
        mut findings: Vec<Finding>,
    ) {
        let heap = self.table.heap;
        let mut share = Share::default();
        let fault = match (first, size) {
            (0, 0) => None,
            (_, 0) => Some(Fault::Long),
            (_, _) => {
                let ask = Ask {
                    first,
                    contiguous: false,
                    clusters: Some(heap.needed(size)),
                    clusters_max: 0,
                    keep: false,
                };
                let claim = claim(self.table, self.space, ask);
                share = heap.share(first, claim.clusters, size);
                claim.fault
            }
        };
        // Recorders set clusters aside for what they have yet to write. No system shows those, and
        // they are examined as lost.
        if fault == Some(Fault::Long) {
            let (rule, detail) = (Fault::Long.rule(), Fault::Long.detail());
            self.walk.findings.notice(rule, detail);
            findings.push(notice(rule, detail));
        } else if let Some(fault) = fault {
            self.walk.findings.incomplete(fault.rule(), fault.detail());
            findings.push(incomplete(fault.rule(), fault.detail()));
        }
        let locator = Locator::Chain {
            first_cluster: first,
            contiguous: false,
            valid_bytes: size,
        };
        let content = Content::file(size, locator, findings).with(share);
        self.walk.content(folder, name, content);
    }

    fn folder(
        &mut self,
        name: &[u8],
        first: u32,
        size: u64,
        parent: &Rc<Folder>,
        own: Option<&Pending>,
    ) {
        if size != 0 {
            let detail = "a folder has a size, as only files do";
            self.walk.findings.incomplete("folder_with_size", detail);
        }
        if let Some(folder) = self.walk.folder(parent, name) {
            self.pending.push(Pending {
                folder,
                first,
                parent: own.map_or(0, |own| own.first),
            });
        }
    }
}

fn is_dots(record: &Record) -> bool {
    matches!(record.get(..11), Some(b".          " | b"..         "))
}
