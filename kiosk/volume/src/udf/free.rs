//! Which blocks are free by the partitions' own bookkeeping.

use std::io::Read;

use super::disc::{Disc, Partition};
use super::entry::{Entry, FILE_EXTENTS_MAX};
use super::maps::Map;
use super::tag::{self, Address, Extent30, Tag, summed_bytes};
use crate::content::{Extent, ExtentReader, set_bits};
use crate::findings::Findings;
use crate::number::u32_at;
use crate::space::Space;

/// Size of a bitmap's descriptor before its bits.
const BITMAP_HEADER_BYTES: usize = 24;

/// Blocks whose use nobody keeps account of: first and count.
pub(super) type Unaccounted = Vec<(u64, u64)>;

impl Disc {
    /// Marks what is in use, and gives the parts of the volume that have no bookkeeping: what
    /// is in no partition, and partitions without it. All of those count as used.
    pub(super) fn mark(&self, space: &mut Space, findings: &mut Findings) -> Unaccounted {
        let mut unaccounted = Unaccounted::new();
        let mut partitions: Vec<&Partition> = self.partitions.iter().collect();
        partitions.sort_by_key(|one| one.start);
        let mut at = 0;
        for one in partitions {
            if at < one.start {
                unaccounted.push((at, one.start.saturating_sub(at)));
            }
            at = at.max(one.start.saturating_add(one.count));
            let marked = self.partition(one, space);
            match marked {
                Ok(true) => {}
                Ok(false) => unaccounted.push((one.start, one.count)),
                Err(detail) => {
                    findings.incomplete("udf_bitmap_malformed", detail);
                    space.allocate(one.start, one.count);
                }
            }
        }
        unaccounted.push((at, self.count().saturating_sub(at)));
        for (first, count) in &unaccounted {
            space.allocate(*first, *count);
        }
        unaccounted
    }

    /// The map in which a partition's own descriptors count.
    fn base(&self, one: &Partition) -> Option<u16> {
        let index = self.maps.iter().position(|map| match map {
            Map::Plain { start, .. } | Map::Sparable { start, .. } => *start == one.start,
            Map::Virtual { .. } | Map::Metadata(_) | Map::Broken => false,
        })?;
        u16::try_from(index).ok()
    }

    /// Where the tables and bitmaps of free blocks are.
    pub(super) fn bookkeeping(&self) -> Vec<Extent> {
        let mut extents = Vec::new();
        for one in &self.partitions {
            let Some(map) = self.base(one) else {
                continue;
            };
            for free in one.free.iter().filter(|free| free.size_bytes != 0) {
                let at = Address { map, ..free.at };
                extents.extend(self.extents(at, free.size_bytes, &mut { FILE_EXTENTS_MAX }));
            }
        }
        extents
    }

    /// Marks one partition. Where several tables say which blocks are free, one is believed and
    /// what only another one frees is examined as used.
    fn partition(&self, one: &Partition, space: &mut Space) -> Result<bool, &'static str> {
        let [unallocated, freed, unallocated_bits, freed_bits] = one.free;
        let bits = [unallocated_bits, freed_bits];
        let tables = [unallocated, freed];
        let Some(map) = self.base(one) else {
            return Ok(false);
        };
        let first = |places: [Extent30; 2]| places.into_iter().find(|place| place.size_bytes != 0);
        if let Some(bitmap) = first(bits) {
            self.bitmap(one, bitmap, map, space)?;
        } else if let Some(table) = first(tables) {
            self.table(one, table, map, space)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn bitmap(
        &self,
        one: &Partition,
        bitmap: Extent30,
        map: u16,
        space: &mut Space,
    ) -> Result<(), &'static str> {
        let at = Address { map, ..bitmap.at };
        let reader = || {
            let extents = self.extents(at, bitmap.size_bytes, &mut { FILE_EXTENTS_MAX });
            let extents = Box::new(extents.into_iter().map(Ok));
            ExtentReader::new(&*self.blocks, extents, bitmap.size_bytes, bitmap.size_bytes)
        };
        let unreadable = |_| "a bitmap of free blocks cannot be read";
        let mut head = [0; BITMAP_HEADER_BYTES];
        let mut bits = reader();
        bits.read_exact(&mut head).map_err(unreadable)?;
        let mut summed = Vec::new();
        let all = reader().take(summed_bytes(&head)).read_to_end(&mut summed);
        all.map_err(unreadable)?;
        let tag = Tag::read(&summed).filter(|tag| tag.id == tag::BITMAP);
        if tag.is_none_or(|tag| tag.fault(u64::from(bitmap.at.block)).is_some()) {
            return Err("a bitmap of free blocks has a wrong descriptor");
        }
        if u64::from(u32_at(&head, 16)) != one.count {
            return Err("a bitmap of free blocks has not one bit for each block");
        }
        let mut next = 0;
        let read = set_bits(&mut bits, one.count, &mut |first, count| {
            let used = first.saturating_sub(next);
            space.allocate(one.start.saturating_add(next), used);
            next = first.saturating_add(count);
        });
        read.map_err(unreadable)?;
        let used = one.count.saturating_sub(next);
        space.allocate(one.start.saturating_add(next), used);
        Ok(())
    }

    fn table(
        &self,
        one: &Partition,
        table: Extent30,
        map: u16,
        space: &mut Space,
    ) -> Result<(), &'static str> {
        let at = Address { map, ..table.at };
        let entry = Entry::read(self, at, &mut { FILE_EXTENTS_MAX });
        let entry = entry.map_err(|_| "a table of free blocks cannot be read")?;
        if !entry.is_table || entry.is_cut || !entry.faults.is_empty() {
            return Err("a table of free blocks is malformed");
        }
        let mut free: Vec<(u64, u64)> = entry
            .owned
            .iter()
            .map(|extent| {
                let blocks = |bytes: u64| bytes.checked_div(self.block_bytes).unwrap_or(0);
                (
                    blocks(extent.offset_bytes.unwrap_or(0)),
                    blocks(extent.size_bytes),
                )
            })
            .collect();
        free.sort_unstable();
        let mut next = one.start;
        for (first, count) in free {
            space.allocate(next, first.saturating_sub(next));
            next = next.max(first.saturating_add(count));
        }
        let end = one.start.saturating_add(one.count);
        space.allocate(next, end.saturating_sub(next));
        Ok(())
    }
}
