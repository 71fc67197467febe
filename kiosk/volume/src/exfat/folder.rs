//! Walking the folders of an exFAT volume.

use std::rc::Rc;

use wire::worker::Locator;
use wire::{Finding, Gap};

use super::boot::Boot;
use super::entries::{self, Added, File, Record, Set, Stream, Type, type_of};
use crate::blocks::Blocks;
use crate::clusters::{Ask, Claim, Deleted, Fault, Leftover, Records, Table, claim};
use crate::error::gap_of;
use crate::findings::incomplete;
use crate::number::{u8_at, u32_at};
use crate::space::Space;
use crate::walk::{Content, Folder, Walk};

/// Largest folder that the specification allows, in bytes.
const FOLDER_BYTES_MAX: u64 = 256 << 20;

/// What the root says of the volume itself.
#[derive(Default)]
pub(crate) struct Root {
    pub(crate) label: Vec<u8>,
    pub(crate) bitmap: Option<Stream>,
    pub(crate) upcase: Option<(Stream, u32)>,
}

/// Reads the root's own entries; what cannot be read is left out and reported by the walk.
pub(crate) fn root(blocks: &dyn Blocks, boot: &Boot, table: &Table) -> Root {
    let mut root = Root::default();
    let clusters = boot.heap.within(FOLDER_BYTES_MAX);
    let extents = table.chain(boot.root, clusters);
    let extents = extents.map_while(Result::ok).collect();
    for record in Records::new(blocks, extents).map_while(Result::ok) {
        match u8_at(&record, 0) {
            0 => break,
            entries::BITMAP if root.bitmap.is_none() => {
                root.bitmap = Some(entries::special(&record));
            }
            entries::UPCASE if root.upcase.is_none() => {
                root.upcase = Some((entries::special(&record), u32_at(&record, 4)));
            }
            entries::LABEL if root.label.is_empty() => root.label = entries::label(&record),
            _ => {}
        }
    }
    root
}

/// A folder that waits to be read.
struct Pending {
    folder: Rc<Folder>,
    /// `None` for the root, whose size is that of its chain.
    stream: Option<Stream>,
}

/// What one walk of an exFAT volume keeps.
struct Exfat<'w, 'v> {
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
    let mut exfat = Exfat {
        boot,
        table,
        walk,
        space,
        leftover: Leftover::default(),
        pending: vec![Pending {
            folder: Folder::root(),
            stream: None,
        }],
    };
    while let Some(pending) = exfat.pending.pop() {
        if exfat.walk.is_full() {
            break;
        }
        let claim = exfat.claim_folder(&pending);
        exfat.read(Records::new(blocks, claim.extents), &pending);
    }
    exfat.leftover
}

impl Exfat<'_, '_> {
    fn claim_folder(&mut self, pending: &Pending) -> Claim {
        let heap = self.boot.heap;
        let most = heap.within(FOLDER_BYTES_MAX);
        let ask = match pending.stream {
            None => Ask {
                first: self.boot.root,
                contiguous: false,
                clusters: None,
                clusters_max: most,
                keep: true,
            },
            Some(stream) => Ask {
                first: stream.first_cluster,
                contiguous: stream.contiguous,
                clusters: Some(heap.needed(stream.size_bytes).min(most)),
                clusters_max: most,
                keep: true,
            },
        };
        if pending
            .stream
            .is_some_and(|stream| FOLDER_BYTES_MAX < stream.size_bytes)
        {
            let detail = "the folder is larger than the format allows";
            self.walk.findings.incomplete("folder_too_long", detail);
            let finding = incomplete("folder_too_long", detail);
            self.walk.unlisted(&pending.folder, Gap::Limit, finding);
        }
        let claim = claim(self.table, self.space, ask);
        let new = claim.clusters.saturating_mul(heap.cluster_bytes);
        self.walk.structure_of(&claim.extents, new);
        if let Some(fault) = claim.fault {
            let (rule, detail) = match fault {
                Fault::Loop | Fault::CrossLinked => (
                    "folder_loop",
                    "the folder's clusters belong to another folder or file",
                ),
                Fault::Short | Fault::Long | Fault::Unreadable => (fault.rule(), fault.detail()),
            };
            self.walk.findings.incomplete(rule, detail);
            let gap = match fault {
                Fault::Unreadable => Gap::Unreadable,
                Fault::Loop | Fault::CrossLinked | Fault::Short | Fault::Long => Gap::Damaged,
            };
            self.walk
                .unlisted(&pending.folder, gap, incomplete(rule, detail));
        }
        claim
    }

    fn read(&mut self, records: Records<'_>, pending: &Pending) {
        let mut set = Set::default();
        let mut gone = Set::default();
        let mut ended = false;
        let queued = self.pending.len();
        for record in records {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    let finding = incomplete("folder_unreadable", "entries could not be read");
                    self.walk
                        .findings
                        .incomplete("folder_unreadable", error.to_string());
                    self.walk.unlisted(&pending.folder, gap_of(&error), finding);
                    set.drop_open();
                    continue;
                }
            };
            if self.walk.is_full() {
                return;
            }
            if ended {
                // The specification wants every entry after the end mark to be one, too.
                if 0x80 <= u8_at(&record, 0) {
                    let detail = "entries follow the mark that ends their folder";
                    self.walk.findings.incomplete("entries_after_end", detail);
                }
                continue;
            }
            ended = type_of(&record) == Type::End;
            if type_of(&record) == Type::Unused {
                self.deleted(record, &mut gone, pending);
            }
            self.record(record, &mut set, pending);
        }
        self.drop_set(&mut set);
        // Read in the order of the folder, though the last in is the first out.
        if let Some(new) = self.pending.get_mut(queued..) {
            new.reverse();
        }
    }

    fn record(&mut self, record: Record, set: &mut Set, pending: &Pending) {
        match type_of(&record) {
            Type::End | Type::Unused => self.drop_set(set),
            Type::File => {
                if !set.begin(record) {
                    self.malformed();
                }
            }
            Type::Secondary => match set.add(record) {
                Added::Open => {}
                Added::Complete(file) => self.file(file, &pending.folder),
                Added::Malformed | Added::Stray => self.malformed(),
            },
            Type::Known => {
                self.drop_set(set);
                self.special(&record, pending);
            }
            Type::Unknown => {
                self.drop_set(set);
                let detail = "a directory entry of an unknown kind";
                self.walk.findings.incomplete("entry_unknown", detail);
            }
        }
    }

    /// An entry of a set that is marked deleted: one bit of its type is all that has changed.
    fn deleted(&mut self, mut record: Record, gone: &mut Set, pending: &Pending) {
        if let Some(kind) = record.first_mut() {
            *kind |= entries::IN_USE;
        }
        match type_of(&record) {
            Type::File => {
                gone.begin(record);
            }
            Type::Secondary => {
                if let Added::Complete(file) = gone.add(record)
                    && !file.is_folder
                {
                    self.leftover.keep(Deleted {
                        folder: pending.folder.clone(),
                        name: file.name,
                        first_cluster: file.stream.first_cluster,
                        size_bytes: file.stream.size_bytes,
                    });
                }
            }
            Type::End | Type::Unused | Type::Known | Type::Unknown => {
                gone.drop_open();
            }
        }
    }

    fn drop_set(&mut self, set: &mut Set) {
        if set.drop_open() {
            self.malformed();
        }
    }

    fn malformed(&mut self) {
        let detail = "a set of directory entries is incomplete: a file was lost";
        self.walk.findings.incomplete("entry_set_malformed", detail);
    }

    /// Bitmap, up-case table and label: knowingly no contents. Their clusters are theirs.
    fn special(&mut self, record: &Record, pending: &Pending) {
        if pending.stream.is_some() {
            let detail = "an entry that belongs in the root is in another folder";
            self.walk.findings.incomplete("entry_misplaced", detail);
        }
        if matches!(u8_at(record, 0), entries::BITMAP | entries::UPCASE) {
            let stream = entries::special(record);
            let claim = self.claim_file(stream, true);
            let heap = self.boot.heap;
            let new = claim.clusters.saturating_mul(heap.cluster_bytes);
            self.walk.structure_of(&claim.extents, new);
            if let Some(fault) = claim.fault {
                self.walk.findings.incomplete(fault.rule(), fault.detail());
            }
        }
    }

    /// Takes the clusters of a file; `keep` for its extents.
    fn claim_file(&mut self, stream: Stream, keep: bool) -> Claim {
        let nothing = |fault| Claim {
            extents: Vec::new(),
            clusters: 0,
            fault,
        };
        match (stream.first_cluster, stream.size_bytes) {
            (0, 0) => nothing(None),
            (_, 0) => nothing(Some(Fault::Long)),
            (_, _) => {
                let ask = Ask {
                    first: stream.first_cluster,
                    contiguous: stream.contiguous,
                    clusters: Some(self.boot.heap.needed(stream.size_bytes)),
                    clusters_max: 0,
                    keep,
                };
                claim(self.table, self.space, ask)
            }
        }
    }

    fn file(&mut self, file: File, folder: &Rc<Folder>) {
        let mut findings: Vec<Finding> = Vec::new();
        for (rule, detail) in &file.faults {
            self.walk.findings.incomplete(rule, *detail);
            findings.push(incomplete(rule, *detail));
        }
        let stream = file.stream;
        if file.is_folder {
            if let Some(folder) = self.walk.folder(folder, &file.name) {
                // A folder without clusters is empty.
                if stream.size_bytes != 0 || stream.first_cluster != 0 {
                    let stream = Some(stream);
                    self.pending.push(Pending { folder, stream });
                }
            }
            return;
        }
        let claim = self.claim_file(stream, false);
        let (first, clusters) = (stream.first_cluster, claim.clusters);
        let share = self.boot.heap.share(first, clusters, stream.valid_bytes);
        if let Some(fault) = claim.fault {
            self.walk.findings.incomplete(fault.rule(), fault.detail());
            findings.push(incomplete(fault.rule(), fault.detail()));
        }
        let locator = Locator::Chain {
            first_cluster: stream.first_cluster,
            contiguous: stream.contiguous,
            valid_bytes: stream.valid_bytes,
        };
        let content = Content::file(stream.size_bytes, locator, findings).with(share);
        self.walk.content(folder, &file.name, content);
    }
}
