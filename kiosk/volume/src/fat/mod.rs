//! FAT12, FAT16 and FAT32. Source: Microsoft's FAT32 File System Specification 1.03; where
//! Windows and Linux agree on something else, they are followed.

mod boot;

mod folder;

mod name;

use std::io::Read;
use std::rc::Rc;

use wire::scan::Limits;
use wire::worker::{Item, Locator};
use wire::{Finding, MediumName};

pub(crate) use boot::{Boot, is_fat, weak_kind};

use crate::blocks::Blocks;
use crate::clusters::{Records, Table};
use crate::content::{Extent, ExtentReader};
use crate::error::VolumeError;
use crate::findings::Findings;
use crate::number::{narrow, wide};
use crate::tree::{About, Seen, Tree};
use crate::walk::Walk;

/// A FAT volume.
pub(crate) struct FatTree {
    blocks: Rc<dyn Blocks>,
    volume: u32,
    boot: Boot,
    table: Table,
}

impl FatTree {
    /// The FAT volume on `blocks`.
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
            boot.width,
            boot.heap,
        );
        Ok(Self {
            blocks,
            volume,
            boot,
            table,
        })
    }

    /// The label that the root names, else the one in the boot sector.
    fn label(&self) -> Vec<u8> {
        let extents = match self.boot.root {
            boot::Root::Fixed(extent) => vec![extent],
            boot::Root::Chain(first) => {
                let clusters = self.boot.heap.within(folder::FOLDER_BYTES_MAX);
                self.table
                    .chain(first, clusters)
                    .map_while(Result::ok)
                    .collect()
            }
        };
        Records::new(&*self.blocks, extents)
            .map_while(Result::ok)
            .take_while(|record| !folder::is_end(record))
            .find(folder::is_label)
            .map_or_else(|| self.boot.label.clone(), |record| name::label(&record))
    }

    /// Compares the copies of the table, entry 2 and after: the first two hold flags.
    fn compare_copies(&self, findings: &mut Findings) {
        let skip = match self.boot.width {
            crate::clusters::Width::Fat12 => 3,
            crate::clusters::Width::Fat16 => 4,
            crate::clusters::Width::Fat32 | crate::clusters::Width::Exfat => 8,
        };
        if self.boot.mirroring_off {
            let detail = "only one table is kept up to date, and not every system knows which";
            findings.incomplete("fat_mirroring_off", detail);
            return;
        }
        let length = self.boot.fat_bytes_used().saturating_sub(skip);
        for copy in 1..self.boot.fats {
            let other = self.boot.fat_offset(copy).saturating_add(skip);
            let first = self.boot.fat_offset(0).saturating_add(skip);
            match same(&*self.blocks, first, other, length) {
                Ok(None) => {}
                Ok(Some(at)) => {
                    let detail = format!("first difference near byte {at} of the table");
                    findings.incomplete("fat_copies_differ", detail);
                }
                Err(error) => {
                    findings.incomplete("fat_unreadable", format!("table {copy}: {error}"));
                }
            }
        }
    }

    /// What the boot sector says that the medium or the table does not hold.
    fn check_sizes(&self, findings: &mut Findings) {
        if self.blocks.size_bytes() < self.boot.size_bytes {
            let detail = format!(
                "{} bytes by its boot sector, {} bytes there",
                self.boot.size_bytes,
                self.blocks.size_bytes()
            );
            findings.incomplete("volume_past_end", detail);
        }
        if self.boot.fat_bytes < self.boot.fat_bytes_used() {
            findings.incomplete("fat_too_small", "the table has no room for every cluster");
        }
    }
}

impl Tree for FatTree {
    fn about(&mut self) -> About {
        let used = self.table.used().unwrap_or(0);
        About {
            label: MediumName::cut(&self.label()).0,
            allocated_bytes: used.saturating_mul(self.boot.heap.cluster_bytes),
        }
    }

    fn walk(
        &mut self,
        limits: &Limits,
        visit: &mut dyn FnMut(Seen),
    ) -> Result<Vec<Finding>, VolumeError> {
        let mut walk = Walk::new(self.volume, limits, visit);
        self.check_sizes(&mut walk.findings);
        self.compare_copies(&mut walk.findings);
        folder::walk(&*self.blocks, &self.boot, &self.table, &mut walk);
        Ok(walk.findings.into_vec())
    }

    fn open<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        let Locator::Chain { first_cluster, .. } = &item.locator else {
            return Err(VolumeError::Foreign);
        };
        let clusters = self.boot.heap.needed(item.size_bytes);
        if u64::from(self.boot.heap.count) < clusters {
            return Err(VolumeError::Read(std::io::ErrorKind::InvalidData.into()));
        }
        let extents = self.table.chain(*first_cluster, clusters);
        let size = item.size_bytes;
        Ok(Box::new(ExtentReader::new(
            &*self.blocks,
            extents,
            size,
            size,
        )))
    }
}

/// Where two ranges of `length` bytes first differ, to the nearest piece.
pub(crate) fn same(
    blocks: &dyn Blocks,
    one: u64,
    other: u64,
    length: u64,
) -> std::io::Result<Option<u64>> {
    const PIECE_BYTES: u64 = 32 << 10;
    let mut at = 0_u64;
    while at < length {
        let piece = PIECE_BYTES.min(length.saturating_sub(at));
        let mut left = vec![0; narrow(piece)];
        let mut right = left.clone();
        blocks.read_at(one.saturating_add(at), &mut left)?;
        blocks.read_at(other.saturating_add(at), &mut right)?;
        if left != right {
            let within = left
                .iter()
                .zip(&right)
                .take_while(|(left, right)| left == right);
            return Ok(Some(at.saturating_add(wide(within.count()))));
        }
        at = at.saturating_add(piece);
    }
    Ok(None)
}

/// The fixed root folder of FAT12 and FAT16.
fn fixed(offset_bytes: u64, size_bytes: u64) -> Extent {
    Extent {
        offset_bytes: Some(offset_bytes),
        size_bytes,
    }
}
