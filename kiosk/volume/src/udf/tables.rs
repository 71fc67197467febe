//! Making the partition maps from what their tables and files say.

use std::collections::BTreeMap;
use std::io::Read;

use super::disc::Disc;
use super::entry::{Entry, FILE_EXTENTS_MAX};
use super::maps::{Map, Run};
use super::tag::{self, Address, Tag};
use crate::blocks::head;
use crate::content::Extent;
use crate::number::{array, narrow, u8_at, u16_at, u32_at, wide};

/// Largest allocation table of a write-once disc, in bytes: one entry for each block of 32 GiB.
const VAT_BYTES_MAX: u64 = 64 << 20;

/// How many blocks before the end of a write-once disc its last allocation table is looked for:
/// drives and programs pad the end with up to 300.
const VAT_SEARCH_BLOCKS: u64 = 512;

/// Largest sparing table, in bytes: as many entries as its count can say.
const SPARING_BYTES_MAX: u64 = 524_344;

impl Disc {
    /// A map of the first kind, and of those of the second that need no other.
    pub(super) fn map(&mut self, map: &[u8]) -> Map {
        let is_plain = u8_at(map, 0) == 1;
        let number = u16_at(map, if is_plain { 4 } else { 38 });
        let found = self.partitions.iter().find(|one| one.number == number);
        let Some((start, mut count)) = found.map(|one| (one.start, one.count)) else {
            self.fault(
                "udf_map_malformed",
                "a map of a partition that is not there",
            );
            return Map::Broken;
        };
        let there = self.count().saturating_sub(start);
        let name = array::<23>(map, 5);
        if is_plain {
            count = count.min(there);
            return Map::Plain { start, count };
        }
        if !name.starts_with(b"*UDF Sparable Partition") {
            return Map::Broken;
        }
        if there < count {
            self.past_end(start, count);
            count = there;
        }
        let packet = u64::from(u16_at(map, 40));
        let spared = self.sparing(map, packet);
        Map::Sparable {
            start,
            count,
            packet,
            spared,
        }
    }

    fn past_end(&mut self, start: u64, count: u64) {
        let detail = format!(
            "a partition ends at block {} of {}",
            start.saturating_add(count),
            self.count()
        );
        self.fault("volume_past_end", detail);
    }

    /// The packets that were moved, by any of the sparing tables.
    fn sparing(&mut self, map: &[u8], packet: u64) -> BTreeMap<u64, u64> {
        let size = u64::from(u32_at(map, 44)).min(SPARING_BYTES_MAX);
        let mut tables: Vec<BTreeMap<u64, u64>> = Vec::new();
        let wanted = usize::from(u8_at(map, 42)).min(4);
        for number in 0..wanted {
            let block = u64::from(u32_at(
                map,
                48_usize.saturating_add(number.saturating_mul(4)),
            ));
            let offset = block.saturating_mul(self.block_bytes);
            let bytes = head(&*self.blocks, offset, narrow(size)).unwrap_or_default();
            let is_table = Tag::read(&bytes).is_some_and(|tag| tag.is(0))
                && array::<19>(&bytes, 17).starts_with(b"*UDF Sparing Table");
            if !is_table {
                self.fault("udf_sparing_malformed", format!("table in block {block}"));
                continue;
            }
            self.structure.push(Extent {
                offset_bytes: Some(offset),
                size_bytes: wide(bytes.len()),
            });
            let entries = bytes.get(56..).unwrap_or_default();
            let entries = entries
                .chunks_exact(8)
                .take(usize::from(u16_at(&bytes, 48)));
            // The highest numbers mark packets that are free or bad themselves.
            let entries = entries.filter(|entry| u32_at(entry, 0) < 0xFFFF_FFF0);
            tables.push(
                entries
                    .map(|entry| (u64::from(u32_at(entry, 0)), u64::from(u32_at(entry, 4))))
                    .collect(),
            );
        }
        if tables.is_empty() || packet == 0 {
            self.fault("udf_sparing_malformed", "no sparing table can be used");
            return BTreeMap::new();
        }
        let first = tables.first().cloned().unwrap_or_default();
        if tables.iter().any(|table| *table != first) {
            self.fault("udf_sparing_differs", "the sparing tables differ");
        }
        first
    }

    /// The maps that lie on another one.
    pub(super) fn second_map(&mut self, index: usize, map: &[u8]) {
        let name = array::<23>(map, 5);
        let is_second = u8_at(map, 0) != 1;
        let number = u16_at(map, if is_second { 38 } else { 4 });
        if !is_second {
            let found = self.partitions.iter().find(|one| one.number == number);
            let place = found.map(|one| (one.start, one.count));
            // A write-once disc ends where it has been written.
            if let Some((start, count)) = place
                && self.count() < start.saturating_add(count)
                && !self.is_written_once
            {
                self.past_end(start, count);
            }
            return;
        }
        if name.starts_with(b"*UDF Sparable Partition") {
            return;
        }
        let under = self.maps.iter().position(|other| match other {
            Map::Plain { start, .. } | Map::Sparable { start, .. } => self
                .partitions
                .iter()
                .any(|one| one.number == number && one.start == *start),
            Map::Virtual { .. } | Map::Metadata(_) | Map::Broken => false,
        });
        let Some(under) = under.and_then(|under| u16::try_from(under).ok()) else {
            self.fault(
                "udf_map_malformed",
                "a map lies on a partition that is not there",
            );
            return;
        };
        let made = if name.starts_with(b"*UDF Virtual Partition") {
            self.allocation_table(under)
        } else if name.starts_with(b"*UDF Metadata Partition") {
            self.metadata(map, under)
        } else {
            self.fault(
                "udf_map_unknown",
                "a kind of partition map that is not read",
            );
            return;
        };
        if let Some(place) = self.maps.get_mut(index) {
            *place = made;
        }
    }

    /// The last allocation table of a write-once disc.
    fn allocation_table(&mut self, under: u16) -> Map {
        let count = self.count();
        let start = self
            .locate(Address {
                map: under,
                block: 0,
            })
            .map(|place| place.0);
        let mut is_last = true;
        for back in 1..=VAT_SEARCH_BLOCKS {
            let place = count
                .checked_sub(back)
                .and_then(|block| block.checked_sub(start?))
                .and_then(|block| u32::try_from(block).ok());
            let Some(block) = place else {
                break;
            };
            let at = Address { map: under, block };
            let Some(table) = self.table_at(at) else {
                is_last &= self.block(at).is_ok_and(|(_, bytes)| is_padding(&bytes));
                continue;
            };
            if !is_last {
                let detail = "something was written after the last allocation table";
                self.fault("udf_vat_not_last", detail);
            }
            return Map::Virtual { under, table };
        }
        self.fault(
            "udf_vat_missing",
            "the disc has no virtual allocation table",
        );
        Map::Broken
    }

    /// The allocation table whose entry is in this block.
    fn table_at(&mut self, at: Address) -> Option<Vec<u32>> {
        let entry = Entry::read(self, at, &mut { FILE_EXTENTS_MAX }).ok()?;
        if !matches!(entry.file_type, 0 | 248) || VAT_BYTES_MAX < entry.size_bytes {
            return None;
        }
        let mut content = Vec::new();
        entry.reader(self).read_to_end(&mut content).ok()?;
        let table = self.entries(&content, entry.file_type)?;
        self.structure.extend(entry.structure());
        self.faults_of(&entry);
        Some(table)
    }

    fn faults_of(&mut self, entry: &Entry) {
        for (rule, detail) in &entry.faults {
            self.fault(rule, *detail);
        }
    }

    fn entries(&mut self, content: &[u8], file_type: u8) -> Option<Vec<u32>> {
        let body = if file_type == 248 {
            self.counts = Some((u32_at(content, 136), u32_at(content, 140)));
            content.get(usize::from(u16_at(content, 0))..)?
        } else {
            let body = content.len().checked_sub(36)?;
            let name = array::<23>(content, body.saturating_add(1));
            if !name.starts_with(b"*UDF Virtual Alloc Tbl") {
                return None;
            }
            content.get(..body)?
        };
        let (entries, _) = body.as_chunks::<4>();
        Some(entries.iter().map(|one| u32::from_le_bytes(*one)).collect())
    }

    /// The file whose blocks are a metadata partition, and its mirror.
    fn metadata(&mut self, map: &[u8], under: u16) -> Map {
        let mut read = |at: usize, file_type: u8| {
            let at = Address {
                map: under,
                block: u32_at(map, at),
            };
            let entry = Entry::read(self, at, &mut { FILE_EXTENTS_MAX });
            let entry = entry.ok().filter(|entry| entry.file_type == file_type);
            match &entry {
                Some(entry) => {
                    self.structure.extend(entry.structure());
                    self.faults_of(entry);
                }
                None => self.fault("udf_metadata_malformed", format!("file {file_type}")),
            }
            entry
        };
        let main = read(40, 250);
        let mirror = read(44, 251);
        if u32_at(map, 48) != u32::MAX {
            read(48, 252);
        }
        if let (Some(main), Some(mirror)) = (&main, &mirror)
            && main.content != mirror.content
        {
            self.mirror = Some((main.content.clone(), mirror.content.clone()));
        }
        let Some(entry) = main.or(mirror) else {
            return Map::Broken;
        };
        let mut first = 0_u64;
        let mut runs = Vec::new();
        for extent in &entry.content {
            let count = extent.size_bytes.checked_div(self.block_bytes).unwrap_or(0);
            if let Some(offset) = extent.offset_bytes {
                let block = offset.checked_div(self.block_bytes).unwrap_or(0);
                runs.push(Run {
                    first,
                    block,
                    count,
                });
            }
            first = first.saturating_add(count);
        }
        Map::Metadata(runs)
    }
}

/// Whether a block says nothing: drives fill up the end of a disc, and close it with an anchor.
fn is_padding(block: &[u8]) -> bool {
    let is_anchor = Tag::read(block).is_some_and(|tag| tag.is(tag::ANCHOR));
    is_anchor || block.iter().all(|byte| *byte == 0)
}
