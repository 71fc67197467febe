//! Streams and extended attributes: further contents of a file or folder.

use std::rc::Rc;

use wire::{Gap, RowKind};

use super::entry::{Broken, Entry};
use super::tag::{Address, Extent30};
use super::walk::Udf;
use crate::walk::Folder;

/// The type of a folder of streams.
const STREAM_FOLDER: u8 = 13;

impl Udf<'_, '_> {
    /// Extended attributes and streams of a file or folder.
    pub(super) fn beside_content(&mut self, folder: &Rc<Folder>, name: &[u8], entry: &Entry) {
        if entry.attributes.size_bytes != 0 {
            let name = [name, b":extended_attributes"].concat();
            self.stream(folder, &name, entry.attributes.at);
        }
        self.streams(folder, name, entry.streams);
    }

    pub(super) fn streams(&mut self, folder: &Rc<Folder>, name: &[u8], icb: Extent30) {
        if icb.size_bytes == 0 {
            return;
        }
        let entry = match self.read(icb.at) {
            Ok(entry) if entry.file_type == STREAM_FOLDER => entry,
            Ok(_) => {
                let broken = Broken {
                    rule: "udf_streams_malformed",
                    detail: "what should hold streams does not",
                    gap: Gap::Damaged,
                };
                self.unread(folder, name, broken);
                return;
            }
            Err(broken) => {
                self.unread(folder, name, broken);
                return;
            }
        };
        if !self.folders.insert(entry.place.offset_bytes.unwrap_or(0)) {
            return;
        }
        self.faults(&entry, &mut Vec::new());
        for extent in entry.structure() {
            self.structure(extent);
        }
        self.identifiers(folder, &entry, &mut |udf, stream| {
            if !stream.is_deleted {
                let name = [name, b":", stream.name.as_slice()].concat();
                udf.stream(folder, &name, stream.icb.at);
            }
        });
    }

    pub(super) fn stream(&mut self, folder: &Rc<Folder>, name: &[u8], at: Address) {
        match self.read(at) {
            Ok(entry) => {
                let offset = entry.place.offset_bytes.unwrap_or(0);
                if self.seen.contains_key(&offset) {
                    return;
                }
                let mut findings = Vec::new();
                self.faults(&entry, &mut findings);
                let kind = RowKind::Stream;
                self.file(folder, name, at, entry, findings, kind);
            }
            Err(broken) => self.unread(folder, name, broken),
        }
    }
}
