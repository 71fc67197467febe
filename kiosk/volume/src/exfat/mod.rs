//! exFAT. Source: Microsoft's exFAT file system specification, 2019 edition.

mod boot;

mod entries;

mod folder;

use std::io::Read;
use std::rc::Rc;

use wire::scan::Limits;
use wire::worker::{Item, Locator};
use wire::{Finding, MediumName};

use boot::Boot;

use crate::blocks::Blocks;
use crate::clusters::{Table, Width};
use crate::content::{Extent, ExtentReader, Extents, count_ones};
use crate::error::VolumeError;
use crate::findings::Findings;
use crate::tree::{About, Seen, Tree};
use crate::walk::Walk;

/// An exFAT volume.
pub(crate) struct ExfatTree {
    blocks: Rc<dyn Blocks>,
    volume: u32,
    boot: Boot,
    table: Table,
}

impl ExfatTree {
    /// The exFAT volume on `blocks`.
    ///
    /// # Errors
    /// A boot sector that cannot be read or describes no volume.
    pub(crate) fn open(volume: u32, blocks: Rc<dyn Blocks>) -> Result<Self, VolumeError> {
        let mut sector = [0; 512];
        blocks.read_at(0, &mut sector)?;
        let boot = Boot::parse(&sector)?;
        let table = Table::new(
            blocks.clone(),
            boot.active_fat_offset(),
            boot.fat_bytes,
            Width::Exfat,
            boot.heap,
        );
        Ok(Self {
            blocks,
            volume,
            boot,
            table,
        })
    }

    fn reader(&self, stream: entries::Stream) -> Result<Box<dyn Read + '_>, VolumeError> {
        let heap = self.boot.heap;
        if heap.size_bytes() < stream.size_bytes {
            return Err(VolumeError::Read(std::io::ErrorKind::InvalidData.into()));
        }
        let extents: Extents<'_> = if stream.contiguous {
            let first = heap.extent(stream.first_cluster);
            let first = first.ok_or(std::io::ErrorKind::InvalidData);
            let end = heap.offset_bytes.saturating_add(heap.size_bytes());
            let extent = first.map_err(std::io::Error::from).map(|extent| Extent {
                size_bytes: end.saturating_sub(extent.offset_bytes.unwrap_or(end)),
                ..extent
            });
            Box::new(std::iter::once(extent))
        } else {
            let clusters = heap.needed(stream.size_bytes);
            self.table.chain(stream.first_cluster, clusters)
        };
        let (size, valid) = (stream.size_bytes, stream.valid_bytes);
        Ok(Box::new(ExtentReader::new(
            &*self.blocks,
            extents,
            size,
            valid,
        )))
    }

    /// Looks at the up-case table as far as its checksum: names are not compared here.
    fn check_upcase(&self, upcase: Option<(entries::Stream, u32)>, findings: &mut Findings) {
        let Some((stream, expected)) = upcase else {
            findings.incomplete("upcase_missing", "the root names no up-case table");
            return;
        };
        if UPCASE_BYTES_MAX < stream.size_bytes {
            let detail = "the up-case table is larger than all of its characters need";
            findings.incomplete("upcase_too_long", detail);
        }
        let content = self.reader(stream).and_then(|reader| {
            let mut bytes = Vec::new();
            reader.take(UPCASE_BYTES_MAX).read_to_end(&mut bytes)?;
            Ok(bytes)
        });
        match content {
            Ok(bytes) if boot::checksum(&bytes, &[]) == expected => {}
            Ok(_) => {
                findings.incomplete("upcase_checksum", "the up-case table's checksum is wrong")
            }
            Err(error) => findings.incomplete("upcase_unreadable", error.to_string()),
        }
    }
}

/// Largest up-case table, in bytes: one unit for each of 65,536.
const UPCASE_BYTES_MAX: u64 = 128 << 10;

impl Tree for ExfatTree {
    fn about(&mut self) -> About {
        let root = folder::root(&*self.blocks, &self.boot, &self.table);
        let count = u64::from(self.boot.heap.count);
        let used = root.bitmap.and_then(|bitmap| {
            let mut reader = self.reader(bitmap).ok()?;
            count_ones(&mut *reader, count).ok()
        });
        let used = used.unwrap_or(0);
        About {
            label: MediumName::cut(&root.label).0,
            allocated_bytes: used.saturating_mul(self.boot.heap.cluster_bytes),
        }
    }

    fn walk(
        &mut self,
        limits: &Limits,
        visit: &mut dyn FnMut(Seen),
    ) -> Result<Vec<Finding>, VolumeError> {
        let mut walk = Walk::new(self.volume, limits, visit);
        self.boot.check(&*self.blocks, &mut walk.findings);
        let root = folder::root(&*self.blocks, &self.boot, &self.table);
        self.check_upcase(root.upcase, &mut walk.findings);
        if root.bitmap.is_none() {
            let detail = "the root names no allocation bitmap";
            walk.findings.incomplete("bitmap_missing", detail);
        }
        folder::walk(&*self.blocks, &self.boot, &self.table, &mut walk);
        Ok(walk.findings.into_vec())
    }

    fn open<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        let Locator::Chain {
            first_cluster,
            contiguous,
            valid_bytes,
        } = &item.locator
        else {
            return Err(VolumeError::Foreign);
        };
        self.reader(entries::Stream {
            first_cluster: *first_cluster,
            contiguous: *contiguous,
            valid_bytes: *valid_bytes,
            size_bytes: item.size_bytes,
        })
    }
}
