//! What the folders leave over: deleted files, and bytes that are nobody's.

use std::rc::Rc;

use wire::RowKind;
use wire::worker::{Locator, Share};

use super::contents::{located, sum};
use super::tag::Address;
use super::walk::{Beside, FOLDER, Udf};
use crate::clusters::DELETED_MAX;
use crate::content::Extent;
use crate::findings::notice;
use crate::walk::{Content, Folder};

impl Udf<'_, '_> {
    /// Keeps a deleted name until it is known which blocks are free.
    pub(super) fn keep(&mut self, folder: &Rc<Folder>, name: &[u8], at: Address) {
        if !self.walk.wants_deleted() || self.beside == Beside::Iso {
            return;
        }
        if self.deleted.len() < DELETED_MAX {
            self.deleted.push((folder.clone(), name.to_vec(), at));
        } else {
            self.deleted_beyond = self.deleted_beyond.saturating_add(1);
        }
    }

    /// Hands on what is no file's.
    pub(super) fn account(&mut self, unaccounted: Vec<(u64, u64)>) {
        for (first, count) in unaccounted {
            self.walk.unowned(self.space, first, count);
        }
        let size_bytes = self.disc.blocks.size_bytes();
        self.walk.audit(self.space, size_bytes);
        for (folder, name, at) in std::mem::take(&mut self.deleted) {
            self.list_deleted(&folder, &name, at);
        }
        if self.deleted_beyond != 0 {
            let detail = format!(
                "{} more; their blocks count as free space",
                self.deleted_beyond
            );
            self.walk.findings.notice("deleted_not_listed", detail);
        }
        self.walk.unallocated(self.space);
    }

    /// A deleted file, when its entry is still there and all of its blocks are free.
    fn list_deleted(&mut self, folder: &Folder, name: &[u8], at: Address) {
        let Ok(entry) = self.read(at) else {
            return;
        };
        let owned = match entry.is_embedded {
            true => vec![entry.place],
            false => entry.owned.clone(),
        };
        let unit = self.space.unit_bytes;
        let run = |extent: &Extent| {
            let first = extent
                .offset_bytes
                .unwrap_or(0)
                .checked_div(unit)
                .unwrap_or(0);
            (first, extent.size_bytes.div_ceil(unit))
        };
        let is_free = |extent: &Extent| {
            let (first, count) = run(extent);
            self.space.is_free(first, count)
        };
        let is_usable = entry.faults.is_empty() && !entry.is_cut && !entry.is_transformed;
        let is_usable = is_usable && entry.unpadded.is_empty();
        if !is_usable || entry.file_type == FOLDER || entry.size_bytes == 0 || owned.is_empty() {
            return;
        }
        if !owned.iter().all(is_free) {
            return;
        }
        let new = owned.iter().fold(0_u64, |sum, extent| {
            sum.saturating_add(self.space.take_extent(extent))
        });
        self.walk.count_unallocated(new);
        let detail = "marked deleted; its blocks are free";
        let content = Content {
            kind: RowKind::Deleted,
            size_bytes: entry.size_bytes,
            locator: match self.places(&entry) {
                Some(places) => Locator::Extents(places),
                None => located(at),
            },
            findings: vec![notice("deleted_file", detail)],
            share: Share {
                position_bytes: owned.first().and_then(|one| one.offset_bytes).unwrap_or(0),
                unallocated_bytes: new,
                slack_bytes: sum(&entry.slack),
                ..Share::default()
            },
        };
        self.walk.content(folder, name, content);
    }
}
