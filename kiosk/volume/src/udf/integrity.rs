//! What the volume says of itself as a whole, compared with itself.

use std::io::Read;

use super::disc::{Disc, Span};
use super::tag::{self, Tag};
use crate::blocks::head;
use crate::content::{Extent, ExtentReader};
use crate::findings::Findings;
use crate::number::{narrow, u32_at, wide};

/// Most integrity descriptors. Each use of a disc that is written once can add one.
const INTEGRITY_BLOCKS_MAX: usize = 4096;

/// Most bytes of the metadata that are compared with their mirror: of a disc of 100 GB a
/// thousandth part is usual.
const MIRROR_BYTES_MAX: u64 = 256 << 20;

/// Numbers of files and folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) files: u64,
    pub(super) folders: u64,
}

impl Disc {
    /// The last integrity descriptor's numbers of files and folders, when the volume was closed
    /// properly; and where the descriptors are.
    pub(super) fn integrity(&self, findings: &mut Findings) -> (Option<Counts>, Vec<Extent>) {
        let mut places = Vec::new();
        let mut last: Option<Vec<u8>> = None;
        let mut extent = self.integrity;
        let mut at = 0;
        for _ in 0..INTEGRITY_BLOCKS_MAX {
            if extent.size_bytes <= at {
                break;
            }
            let block = at.checked_div(self.block_bytes).unwrap_or(0);
            let block = extent.block.saturating_add(block);
            at = at.saturating_add(self.block_bytes);
            let offset = block.saturating_mul(self.block_bytes);
            let read = head(&*self.blocks, offset, narrow(self.block_bytes));
            let bytes = read.unwrap_or_default();
            let tag = Tag::read(&bytes).filter(|tag| tag.id == tag::INTEGRITY);
            let Some(tag) = tag else {
                break;
            };
            places.push(Extent {
                offset_bytes: Some(offset),
                size_bytes: self.block_bytes,
            });
            if let Some((rule, detail)) = tag.fault(block) {
                findings.incomplete(rule, format!("block {block}: {detail}"));
                break;
            }
            let next = Span {
                size_bytes: u64::from(u32_at(&bytes, 32)),
                block: u64::from(u32_at(&bytes, 36)),
            };
            if next.size_bytes != 0 {
                (extent, at) = (next, 0);
            }
            last = Some(bytes);
        }
        if INTEGRITY_BLOCKS_MAX <= places.len() {
            let detail = "more integrity descriptors than the limit allows";
            findings.incomplete("udf_too_many_descriptors", detail);
        }
        let Some(bytes) = last else {
            let detail = "there is no integrity descriptor";
            findings.incomplete("udf_integrity_missing", detail);
            return (None, places);
        };
        // A disc that is written once stays open until nothing more is to be written.
        if u32_at(&bytes, 28) != 1 && !self.is_written_once {
            let detail = "the volume was not closed properly";
            findings.notice("udf_not_closed", detail);
            return (None, places);
        }
        (self.numbers(&bytes), places)
    }

    fn numbers(&self, descriptor: &[u8]) -> Option<Counts> {
        if let Some((files, folders)) = self.counts {
            return Some(Counts {
                files: u64::from(files),
                folders: u64::from(folders),
            });
        }
        // The count of an older allocation table is in no descriptor.
        if self.is_written_once || u32_at(descriptor, 76) < 40 {
            return None;
        }
        let partitions = narrow(u64::from(u32_at(descriptor, 72)));
        let at = partitions.saturating_mul(8).saturating_add(112);
        let numbers = descriptor.get(at..at.saturating_add(8))?;
        Some(Counts {
            files: u64::from(u32_at(numbers, 0)),
            folders: u64::from(u32_at(numbers, 4)),
        })
    }

    /// Compares the metadata with their mirror, when that is a copy.
    pub(super) fn compare_mirror(&self, findings: &mut Findings) {
        let Some((main, mirror)) = &self.mirror else {
            return;
        };
        let reader = |extents: &Vec<Extent>| {
            let size = extents
                .iter()
                .fold(0, |sum: u64, one| sum.saturating_add(one.size_bytes));
            let extents = Box::new(extents.clone().into_iter().map(Ok));
            (size, ExtentReader::new(&*self.blocks, extents, size, size))
        };
        let (size, mut main) = reader(main);
        let (other_size, mut mirror) = reader(mirror);
        let mut differs = size != other_size;
        let mut left = size.min(MIRROR_BYTES_MAX);
        if left < size {
            let detail = "more metadata than are compared with their mirror";
            findings.incomplete("udf_mirror_too_long", detail);
        }
        let (mut ours, mut theirs) = (vec![0; 64 << 10], vec![0; 64 << 10]);
        while left != 0 && !differs {
            let length = narrow(left).min(ours.len());
            let (Some(one), Some(two)) = (ours.get_mut(..length), theirs.get_mut(..length)) else {
                break;
            };
            let read = main.read_exact(one).and_then(|()| mirror.read_exact(two));
            differs = read.is_err() || one != two;
            left = left.saturating_sub(wide(length));
        }
        if differs {
            let detail = "the metadata and their mirror differ";
            findings.incomplete("udf_metadata_differs", detail);
        }
    }
}
