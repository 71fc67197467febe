//! FAT12, FAT16 and FAT32. Source: Microsoft's FAT32 File System Specification 1.03; where
//! Windows and Linux agree on something else, they are followed.

mod boot;

mod folder;

mod name;

use std::io::Read;
use std::rc::Rc;

use wire::MediumName;
use wire::scan::{Limits, Spare};
use wire::worker::{Item, Locator};

pub(crate) use boot::{Boot, is_fat, weak_kind};

use crate::blocks::Blocks;
use crate::clusters::{Link, Records, Table, unit};
use crate::content::{Extent, ExtentReader, Extents, after};
use crate::error::VolumeError;
use crate::findings::Findings;
use crate::number::{narrow, wide};
use crate::space::Space;
use crate::tree::{Seen, Tree, Walked};
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
        let mut boot = Boot::parse(&sector)?;
        // What is not there is said by the walk, which then looks no further.
        boot.heap = boot.heap.cut(blocks.size_bytes());
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
    fn find_label(&self) -> Vec<u8> {
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
        self.boot.check_numbers(findings);
        if self.blocks.size_bytes() < self.boot.size_bytes {
            let detail = format!(
                "{} bytes by its boot sector, {} bytes there",
                self.boot.size_bytes,
                self.blocks.size_bytes()
            );
            findings.incomplete("volume_past_end", detail);
        }
        let rest = self
            .blocks
            .size_bytes()
            .saturating_sub(self.boot.size_bytes);
        check_rest(rest, findings);
        let mut first = [0];
        let read = self
            .blocks
            .read_at(self.boot.active_fat_offset(), &mut first);
        // The first entry repeats the medium's type, which is never below 0xF0: what begins
        // otherwise is no table, and a volume without one seems empty.
        if read.is_ok() && first < [0xF0] {
            let detail = "what should be the table does not begin as tables do";
            findings.incomplete("fat_first_entry", detail);
        }
        if self.boot.fat_bytes < self.boot.fat_bytes_used() {
            findings.incomplete("fat_too_small", "the table has no room for every cluster");
        }
    }
}

/// The clusters of `table` with those marked that it says are in use. One whose link cannot be
/// read counts as used: it is examined whatever the table says.
fn marked(table: &Table, findings: &mut Findings) -> Space {
    let mut space = table.space();
    let mut bad = 0_u64;
    for cluster in (2..).take(narrow(u64::from(table.heap.count))) {
        match table.link(cluster) {
            Ok(Link::Free) => continue,
            Ok(Link::Bad) => bad = bad.saturating_add(1),
            Ok(Link::Next(_) | Link::End | Link::Nowhere) => {}
            Err(error) => findings.incomplete("fat_unreadable", error.to_string()),
        }
        space.allocate(unit(cluster), 1);
    }
    if bad != 0 {
        let detail = format!("{bad} clusters are marked as bad, and were read all the same");
        findings.notice("bad_clusters", detail);
    }
    space
}

impl Tree for FatTree {
    fn label(&mut self) -> MediumName {
        MediumName::cut(&self.find_label()).0
    }

    fn walk(
        &mut self,
        limits: &Limits,
        spare: Spare,
        visit: &mut dyn FnMut(Seen),
    ) -> Result<Walked, VolumeError> {
        let mut walk = Walk::new(self.volume, limits, spare, visit);
        self.check_sizes(&mut walk.findings);
        self.boot.check_reserved(&*self.blocks, &mut walk.findings);
        self.compare_copies(&mut walk.findings);
        let mut space = marked(&self.table, &mut walk.findings);
        let size_bytes = self.blocks.size_bytes();
        walk.boot(&mut space, self.boot.reserved_bytes.min(size_bytes));
        for copy in 0..self.boot.fats {
            let table = fixed(self.boot.fat_offset(copy), self.boot.fat_bytes);
            walk.structure(&mut space, table.cut(size_bytes));
        }
        let leftover = folder::walk(
            &*self.blocks,
            &self.boot,
            &self.table,
            &mut space,
            &mut walk,
        );
        if !walk.is_full() {
            leftover.list(&self.table, &mut space, size_bytes, &mut walk);
        }
        Ok(walk.ended())
    }

    fn open<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        let extents = self.extents(item)?;
        let size = item.size_bytes;
        Ok(Box::new(ExtentReader::new(
            &*self.blocks,
            extents,
            size,
            size,
        )))
    }

    fn slack<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        let extents = after(self.extents(item)?, item.size_bytes);
        let size = item.share.slack_bytes;
        Ok(Box::new(ExtentReader::new(
            &*self.blocks,
            extents,
            size,
            size,
        )))
    }
}

impl FatTree {
    /// The clusters of a content.
    fn extents(&self, item: &Item) -> Result<Extents<'_>, VolumeError> {
        let Locator::Chain {
            first_cluster,
            contiguous,
            ..
        } = &item.locator
        else {
            return Err(VolumeError::Foreign);
        };
        let clusters = self.boot.heap.needed(item.size_bytes);
        if u64::from(self.boot.heap.count) < clusters {
            return Err(VolumeError::Read(std::io::ErrorKind::InvalidData.into()));
        }
        Ok(if *contiguous {
            self.table.run(*first_cluster, clusters)
        } else {
            self.table.chain(*first_cluster, clusters)
        })
    }
}

/// Fewest bytes after a volume that are worth a word: tools round its size down by less.
const REST_BYTES_MIN: u64 = 1 << 20;

/// Says that a partition goes on after its volume: the bytes are examined, but no system shows
/// what is in them.
pub(crate) fn check_rest(rest_bytes: u64, findings: &mut Findings) {
    if REST_BYTES_MIN <= rest_bytes {
        let detail = format!("{rest_bytes} bytes follow the volume in its partition");
        findings.notice("volume_shorter", detail);
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
