//! From the anchors to the partitions: what the volume descriptors say.

use std::rc::Rc;

use super::anchor::Anchors;
use super::maps::Map;
use super::tag::{self, Address, Extent30, Tag};
use crate::blocks::{Blocks, head};
use crate::content::Extent;
use crate::error::VolumeError;
use crate::number::{array, narrow, u16_at, u32_at};

/// Most blocks of one sequence of volume descriptors, extents that it goes on in included. Real
/// sequences have 16 or 32.
const SEQUENCE_BLOCKS_MAX: usize = 512;

/// Most partition maps. UDF allows two.
const MAPS_MAX: usize = 8;

/// What of a descriptor is the same in both copies: all but its tag, which names its place.
const BODY: std::ops::Range<usize> = 16..512;

/// Rule and detail of something that is wrong with the volume.
pub(super) type Faults = Vec<(&'static str, String)>;

/// An extent of whole blocks of the volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) size_bytes: u64,
    pub(super) block: u64,
}

impl Span {
    pub(super) fn parse(bytes: &[u8], at: usize) -> Self {
        Self {
            size_bytes: u64::from(u32_at(bytes, at)),
            block: u64::from(u32_at(bytes, at.saturating_add(4))),
        }
    }
}

/// A partition as its descriptor tells of it.
#[derive(Clone, Debug)]
pub(super) struct Partition {
    pub(super) number: u16,
    pub(super) start: u64,
    pub(super) count: u64,
    /// Tables and bitmaps of its free blocks: unallocated and freed table, unallocated and
    /// freed bitmap.
    pub(super) free: [Extent30; 4],
}

/// What is needed to read a UDF file system.
pub(crate) struct Disc {
    pub(super) blocks: Rc<dyn Blocks>,
    pub(super) block_bytes: u64,
    pub(super) label: Vec<u8>,
    pub(super) partitions: Vec<Partition>,
    pub(super) maps: Vec<Map>,
    pub(super) file_set: Extent30,
    pub(super) integrity: Span,
    /// Numbers of files and folders, when the volume counts them in its allocation table.
    pub(super) counts: Option<(u32, u32)>,
    /// A second copy of the metadata, to be compared with the first.
    pub(super) mirror: Option<(Vec<Extent>, Vec<Extent>)>,
    /// Whether a map is virtual, as on discs that are written once.
    pub(super) is_written_once: bool,
    /// What has been read so far.
    pub(super) structure: Vec<Extent>,
    pub(super) faults: Faults,
}

impl Disc {
    /// Reads the volume descriptors and what the partition maps need.
    ///
    /// # Errors
    /// [`VolumeError::Malformed`] without anchor, logical volume or partition; errors of the
    /// medium.
    pub(crate) fn open(blocks: Rc<dyn Blocks>) -> Result<Self, VolumeError> {
        let mut faults = Faults::new();
        let anchors = Anchors::find(&*blocks, &mut faults)?;
        let mut disc = Self {
            blocks,
            block_bytes: anchors.block_bytes,
            label: Vec::new(),
            partitions: Vec::new(),
            maps: Vec::new(),
            file_set: Extent30::long(&[], 0),
            integrity: Span::parse(&[], 0),
            counts: None,
            mirror: None,
            is_written_once: false,
            structure: anchors.structure,
            faults,
        };
        let main = disc.sequence(anchors.main);
        let reserve = disc.sequence(anchors.reserve);
        let bodies = |sequence: &[Vec<u8>]| {
            let body = |one: &Vec<u8>| {
                let id = u16_at(one, 0);
                (id, one.get(BODY).unwrap_or_default().to_vec())
            };
            // The others hold names and dates, which some programs write differently.
            let leads = |one: &&Vec<u8>| matches!(u16_at(one, 0), tag::PARTITION | tag::LOGICAL);
            let sequence = sequence.iter().filter(leads);
            sequence.map(body).collect::<Vec<_>>()
        };
        if bodies(&main) != bodies(&reserve) {
            let detail = "the main and the reserve volume descriptors differ";
            disc.fault("udf_sequences_differ", detail);
        }
        let is_usable = |sequence: &[Vec<u8>]| {
            newest(sequence, tag::LOGICAL).is_some() && newest(sequence, tag::PARTITION).is_some()
        };
        let sequence = if is_usable(&main) { main } else { reserve };
        disc.describe(&sequence)?;
        Ok(disc)
    }

    /// Blocks of the volume.
    pub(super) fn count(&self) -> u64 {
        let count = self.blocks.size_bytes().checked_div(self.block_bytes);
        count.unwrap_or(0)
    }

    pub(super) fn fault(&mut self, rule: &'static str, detail: impl Into<String>) {
        self.faults.push((rule, detail.into()));
    }

    /// The descriptors of a sequence in its order; what is wrong is said.
    fn sequence(&mut self, extent: Span) -> Vec<Vec<u8>> {
        let mut found: Vec<Vec<u8>> = Vec::new();
        let mut extent = extent;
        let mut at = 0;
        for _ in 0..SEQUENCE_BLOCKS_MAX {
            if extent.size_bytes <= at {
                return found;
            }
            let block = extent
                .block
                .saturating_add(at.checked_div(self.block_bytes).unwrap_or(0));
            let offset = block.saturating_mul(self.block_bytes);
            let read = head(&*self.blocks, offset, narrow(self.block_bytes));
            let Some((descriptor, tag)) = read
                .ok()
                .and_then(|bytes| Tag::read(&bytes).map(|tag| (bytes, tag)))
            else {
                self.fault("udf_descriptor_unreadable", format!("block {block}"));
                return found;
            };
            at = at.saturating_add(self.block_bytes);
            if descriptor.iter().all(|byte| *byte == 0) {
                return found;
            }
            self.structure.push(Extent {
                offset_bytes: Some(offset),
                size_bytes: self.block_bytes,
            });
            if let Some((rule, detail)) = tag.fault(block) {
                self.fault(rule, format!("block {block}: {detail}"));
            }
            match tag.id {
                tag::TERMINATOR if tag.is_summed => return found,
                tag::POINTER => {
                    extent = Span::parse(&descriptor, 20);
                    at = 0;
                }
                _ => found.push(descriptor),
            }
        }
        let detail = "more volume descriptors than the limit allows";
        self.fault("udf_too_many_descriptors", detail);
        found
    }

    fn describe(&mut self, sequence: &[Vec<u8>]) -> Result<(), VolumeError> {
        let bad = |what| VolumeError::Malformed { kind: "udf", what };
        let logical = newest(sequence, tag::LOGICAL).ok_or_else(|| bad("no logical volume"))?;
        if u64::from(u32_at(logical, 212)) != self.block_bytes {
            return Err(bad("block size"));
        }
        self.label = tag::text(logical.get(84..212).unwrap_or_default());
        self.file_set = Extent30::long(logical, 248);
        self.integrity = Span::parse(logical, 432);
        let mut numbers: Vec<u16> = Vec::new();
        for one in sequence
            .iter()
            .filter(|one| u16_at(one, 0) == tag::PARTITION)
        {
            let number = u16_at(one, 22);
            if numbers.contains(&number) {
                continue;
            }
            numbers.push(number);
            let same = sequence
                .iter()
                .filter(|other| u16_at(other, 0) == tag::PARTITION && u16_at(other, 22) == number);
            if let Some(last) = same.max_by_key(|one| u32_at(one, 16)) {
                self.partitions.push(Partition::parse(last, number));
            }
        }
        if self.partitions.is_empty() {
            return Err(bad("no partition"));
        }
        self.maps(logical);
        Ok(())
    }

    /// The partition maps; those that build on others come second.
    fn maps(&mut self, logical: &[u8]) {
        let table = narrow(u64::from(u32_at(logical, 264)));
        let wanted = narrow(u64::from(u32_at(logical, 268)));
        let mut rest = logical.get(440..).unwrap_or_default();
        if rest.len() < table {
            self.fault("udf_map_malformed", "the partition maps do not fit");
        }
        rest = rest.get(..table).unwrap_or(rest);
        let mut maps: Vec<Vec<u8>> = Vec::new();
        while let [_, length, ..] = rest {
            let Some(map) = rest
                .get(..usize::from(*length))
                .filter(|map| 6 <= map.len())
            else {
                break;
            };
            maps.push(map.to_vec());
            rest = rest.get(map.len()..).unwrap_or_default();
            if maps.len() == wanted.min(MAPS_MAX) {
                break;
            }
        }
        if maps.len() != wanted {
            let detail = format!("{wanted} partition maps, {} were read", maps.len());
            self.fault("udf_map_malformed", detail);
        }
        let name = b"*UDF Virtual Partition";
        self.is_written_once = maps.iter().any(|map| array::<22>(map, 5) == *name);
        for map in &maps {
            let map = self.map(map);
            self.maps.push(map);
        }
        for (index, map) in maps.iter().enumerate() {
            self.second_map(index, map);
        }
    }

    /// Reads one block of a partition map, with its place on the volume.
    pub(super) fn block(&self, at: Address) -> std::io::Result<(u64, Vec<u8>)> {
        let place = self.locate(at).ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let offset = place.0.saturating_mul(self.block_bytes);
        let mut bytes = vec![0; narrow(self.block_bytes)];
        self.blocks.read_at(offset, &mut bytes)?;
        Ok((offset, bytes))
    }
}

impl Partition {
    fn parse(descriptor: &[u8], number: u16) -> Self {
        let free = |at| Extent30::short(descriptor, at, 0);
        Self {
            number,
            start: u64::from(u32_at(descriptor, 188)),
            count: u64::from(u32_at(descriptor, 192)),
            free: [free(56), free(80), free(64), free(88)],
        }
    }
}

/// The descriptor of this kind that counts: the one with the highest number.
fn newest(sequence: &[Vec<u8>], id: u16) -> Option<&Vec<u8>> {
    let same = sequence.iter().filter(|one| u16_at(one, 0) == id);
    same.max_by_key(|one| u32_at(one, 16))
}
