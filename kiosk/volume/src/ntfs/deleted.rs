//! Files that are marked deleted, and whose clusters nobody has used since.

use wire::worker::{Locator, Share};
use wire::{MediumName, RowKind};

use super::owners::{bytes, real};
use super::record::Record;
use super::streams::{Body, Stream, data_streams};
use super::walk::Ntfs;
use crate::findings::notice;
use crate::walk::{Content, Folder};

/// Most deleted files that are listed, for each volume. What is beyond is examined as free space.
const DELETED_MAX: usize = 65_536;

/// A folder that is not on the volume.
const FOLDER: &[u8] = b"$Deleted";

/// Records of deleted files, until it is known which clusters are free.
#[derive(Default)]
pub(crate) struct Deleted {
    records: Vec<u64>,
    /// Further ones that are not kept.
    beyond: u64,
}

impl Deleted {
    /// Keeps the number of a record that is not in use.
    pub(crate) fn keep(&mut self, record: &Record) {
        if record.is_folder() {
            return;
        }
        if self.records.len() < DELETED_MAX {
            self.records.push(record.number);
        } else {
            self.beyond = self.beyond.saturating_add(1);
        }
    }

    /// Lists those whose clusters are all free.
    pub(crate) fn list(self, ntfs: &mut Ntfs<'_, '_>) {
        let mut folder = None;
        for number in self.records {
            let Ok(record) = ntfs.volume.record(number) else {
                continue;
            };
            let streams = data_streams(ntfs.volume, &record).streams;
            for stream in streams.into_iter().filter(is_listed) {
                if folder.is_none() {
                    folder = ntfs.walk.folder(&Folder::root(), FOLDER);
                }
                let Some(folder) = &folder else {
                    return;
                };
                ntfs.deleted(folder, &record, &stream);
            }
        }
        if self.beyond != 0 {
            let detail = format!("{} more; their clusters count as free space", self.beyond);
            ntfs.walk.findings.notice("deleted_not_listed", detail);
        }
    }
}

/// Whether a stream of a deleted file is one that can be read. A record that was never used is
/// not in use either, and has none.
fn is_listed(stream: &Stream) -> bool {
    match stream.body {
        Body::Resident(_) | Body::Plain | Body::Compressed(_) => stream.size_bytes != 0,
        Body::LargeUnits | Body::Encrypted | Body::Damaged => false,
    }
}

impl Ntfs<'_, '_> {
    fn deleted(&mut self, folder: &Folder, record: &Record, stream: &Stream) {
        let extents = real(&stream.extents, u64::MAX);
        let is_resident = matches!(stream.body, Body::Resident(_));
        if (extents.is_empty() && !is_resident) || !self.owners.is_free(&extents) {
            return;
        }
        // A run that comes back to its own clusters is no file's.
        let freed = bytes(&extents);
        if self.owners.claim(&extents).new_bytes != freed {
            return;
        }
        self.walk.count_unallocated(freed);
        let mut name = format!("{} ", record.number).into_bytes();
        name.extend_from_slice(&record.name());
        if !stream.name.is_empty() {
            name.push(b':');
            name.extend_from_slice(&stream.name);
        }
        let detail = if is_resident {
            "marked deleted; its content is in its file record"
        } else {
            "marked deleted; its clusters are free"
        };
        let content = Content {
            kind: RowKind::Deleted,
            size_bytes: stream.size_bytes,
            locator: Locator::Record {
                record: record.number,
                stream: MediumName::cut(&stream.name).0,
            },
            findings: vec![notice("deleted_file", detail)],
            share: Share {
                position_bytes: self.position(record.number, stream),
                unallocated_bytes: freed,
                slack_bytes: bytes(&stream.slack()),
                ..Share::default()
            },
        };
        self.walk.content(folder, &name, content);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleted_files_past_the_most_are_counted() {
        let mut bytes = vec![0_u8; 1024];
        bytes[..8].copy_from_slice(&[b'F', b'I', b'L', b'E', 48, 0, 3, 0]);
        let mut deleted = Deleted::default();
        for number in (0..).take(DELETED_MAX.saturating_add(1)) {
            deleted.keep(&Record::parse(number, bytes.clone()).unwrap());
        }
        assert_eq!((deleted.records.len(), deleted.beyond), (DELETED_MAX, 1));
    }
}
