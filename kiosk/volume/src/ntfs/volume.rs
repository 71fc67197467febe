//! The master file table, and attributes that are spread over several records.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::rc::Rc;

use super::boot::Boot;
use super::record::{ATTRIBUTE_LIST, Attribute, DATA, Form, Record, number_of};
use super::runs;
use crate::blocks::Blocks;
use crate::content::{Extent, ExtentReader};
use crate::error::VolumeError;
use crate::number::{narrow, u16_at, u32_at, u64_at, wide};

/// Largest attribute list, in bytes: the limit of Windows.
const LIST_BYTES_MAX: u64 = 256 << 10;

/// Records that one attribute list may name and that are not there, before the rest of the list
/// is given up: a damaged medium could have every file's list name thousands.
const LIST_MISSES_MAX: usize = 8;

/// What is wrong with a record's attributes when they end or follow each other as none do.
const MALFORMED: &str = "a file's attributes are of no known type or do not come to an end";

/// What is wrong when the attributes are not those that the list of them names.
const UNLIKE: &str = "a file's attribute list names other attributes than its records hold";

/// A volume whose master file table has been found.
pub(crate) struct Volume {
    pub(crate) blocks: Rc<dyn Blocks>,
    pub(crate) boot: Boot,
    mft: Vec<Extent>,
    /// Where each extent of the table ends within the table.
    mft_ends: Vec<u64>,
    mft_bytes: u64,
}

/// The attributes of a file, from all its records.
pub(crate) struct Attributes {
    pub(crate) found: Vec<Attribute>,
    /// The further records that they are in.
    pub(crate) extensions: Vec<u64>,
    /// What is wrong with them, if anything: some may be missing.
    pub(crate) fault: Option<&'static str>,
}

/// A value in clusters, put together from its pieces.
pub(crate) struct Value {
    pub(crate) extents: Vec<Extent>,
    pub(crate) size_bytes: u64,
    pub(crate) valid_bytes: u64,
    /// Clusters that are compressed together, as a power of two.
    pub(crate) unit_shift: Option<u32>,
}

impl Volume {
    /// Finds the master file table.
    ///
    /// # Errors
    /// A boot sector or first file record that cannot be read.
    pub(crate) fn open(blocks: Rc<dyn Blocks>) -> Result<Self, VolumeError> {
        let bad = |what| VolumeError::Malformed { kind: "ntfs", what };
        let mut sector = [0; 512];
        blocks.read_at(0, &mut sector)?;
        let boot = Boot::parse(&sector)?;
        let start = boot
            .mft_cluster
            .checked_mul(boot.cluster_bytes)
            .ok_or_else(|| bad("place of the master file table"))?;
        // One record at first: it describes where the others are.
        let mut volume = Self {
            blocks,
            boot,
            mft: Vec::new(),
            mft_ends: Vec::new(),
            mft_bytes: 0,
        };
        let first = Extent {
            offset_bytes: Some(start),
            size_bytes: boot.record_bytes,
        };
        volume.map(vec![first], boot.record_bytes);
        let record = volume.record(0)?;
        let (own, _) = record.attributes();
        let own: Vec<_> = own.into_iter().filter(is_main_data).collect();
        let first = volume
            .value(&own)
            .ok_or_else(|| bad("runs of the master file table"))?;
        volume.map(first.extents, first.valid_bytes);
        // The table's own later pieces are in records that its first piece leads to.
        let all: Vec<_> = volume.attributes(&record).found;
        let all: Vec<_> = all.into_iter().filter(is_main_data).collect();
        let whole = volume
            .value(&all)
            .ok_or_else(|| bad("runs of the master file table"))?;
        let there = whole.extents.iter().map(|extent| extent.size_bytes);
        let there = there.fold(0, u64::saturating_add);
        let has_hole = whole.extents.iter().any(|one| one.offset_bytes.is_none());
        // A table that repeats itself could be read without end.
        if has_hole || there < whole.valid_bytes || volume.blocks.size_bytes() < there {
            return Err(bad("runs of the master file table"));
        }
        volume.map(whole.extents, whole.valid_bytes);
        Ok(volume)
    }

    fn map(&mut self, extents: Vec<Extent>, size_bytes: u64) {
        let mut end = 0_u64;
        let ends = extents.iter().map(|extent| {
            end = end.saturating_add(extent.size_bytes);
            end
        });
        self.mft_ends = ends.collect();
        self.mft = extents;
        self.mft_bytes = size_bytes;
    }

    /// How many records the table has.
    pub(crate) fn records(&self) -> u64 {
        self.mft_bytes
            .checked_div(self.boot.record_bytes)
            .unwrap_or(0)
    }

    /// Where a record is on the volume.
    pub(crate) fn place(&self, number: u64) -> u64 {
        let start = number.saturating_mul(self.boot.record_bytes);
        let index = self.mft_ends.partition_point(|end| *end <= start);
        let extent = self.mft.get(index);
        let before = index.checked_sub(1).and_then(|one| self.mft_ends.get(one));
        let within = start.saturating_sub(before.copied().unwrap_or(0));
        let offset = extent.and_then(|extent| extent.offset_bytes);
        offset.unwrap_or(0).saturating_add(within)
    }

    /// A file record.
    ///
    /// # Errors
    /// `UnexpectedEof` when the table has no such record, `InvalidData` when it is no record,
    /// otherwise the medium's.
    pub(crate) fn record(&self, number: u64) -> io::Result<Record> {
        let mut bytes = vec![0; narrow(self.boot.record_bytes)];
        self.read_records(number, &mut bytes)?;
        Record::parse(number, bytes)
    }

    /// The bytes of records from `number` on, as they are stored.
    ///
    /// # Errors
    /// As for [`Volume::record`].
    pub(crate) fn read_records(&self, number: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = || {
            let start = number.checked_mul(self.boot.record_bytes)?;
            let end = start.checked_add(wide(buffer.len()))?;
            (end <= self.mft_bytes).then_some(start)
        };
        let start = end().ok_or(io::ErrorKind::UnexpectedEof)?;
        let index = self.mft_ends.partition_point(|end| *end <= start);
        let before = index.checked_sub(1).and_then(|one| self.mft_ends.get(one));
        let within = start.saturating_sub(before.copied().unwrap_or(0));
        self.read(self.mft.get(index..).unwrap_or_default(), within, buffer)
    }

    /// Reads from within a value.
    ///
    /// # Errors
    /// `UnexpectedEof` past its extents, otherwise the medium's.
    pub(crate) fn read(&self, extents: &[Extent], from: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut skip = from;
        let mut rest = buffer;
        for extent in extents {
            if rest.is_empty() {
                break;
            }
            let left = extent.size_bytes.saturating_sub(skip);
            let start = extent.offset_bytes.map(|at| at.saturating_add(skip));
            skip = skip.saturating_sub(extent.size_bytes);
            let length = narrow(left.min(wide(rest.len())));
            let (piece, tail) = rest
                .split_at_mut_checked(length)
                .ok_or(io::ErrorKind::UnexpectedEof)?;
            match start {
                Some(_) if piece.is_empty() => {}
                Some(start) => self.blocks.read_at(start, piece)?,
                None => piece.fill(0),
            }
            rest = tail;
        }
        if rest.is_empty() {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    /// A reader of the first `size_bytes` bytes of a value.
    pub(crate) fn reader(&self, extents: Vec<Extent>, size_bytes: u64) -> ExtentReader<'_> {
        let extents = Box::new(extents.into_iter().map(Ok));
        ExtentReader::new(&*self.blocks, extents, size_bytes, size_bytes)
    }

    /// All attributes of the file whose base record is `base`.
    pub(crate) fn attributes(&self, base: &Record) -> Attributes {
        let (found, complete) = base.attributes();
        let mut all = Attributes {
            found,
            extensions: Vec::new(),
            fault: (!complete).then_some(MALFORMED),
        };
        let list = all.found.iter().find(|one| one.kind == ATTRIBUTE_LIST);
        let Some(list) = list.cloned() else {
            return all;
        };
        let Some(entries) = self.list(&list) else {
            all.fault = Some("a file's attribute list cannot be read");
            return all;
        };
        let own = names(&all.found);
        if entries.get(&base.number).unwrap_or(&BTreeSet::new()) != &own {
            all.fault = Some(UNLIKE);
        }
        let mut misses = 0_usize;
        for (number, listed) in entries {
            if number == base.number {
                continue;
            }
            match self.record(number) {
                // The records of a file that was deleted are not in use either.
                Ok(record)
                    if record.is_in_use() == base.is_in_use()
                        && number_of(record.base()) == base.number =>
                {
                    all.extensions.push(number);
                    let (mut more, complete) = record.attributes();
                    if !complete {
                        all.fault = Some(MALFORMED);
                    }
                    if listed != names(&more) {
                        all.fault = Some(UNLIKE);
                    }
                    all.found.append(&mut more);
                }
                Ok(_) | Err(_) => {
                    all.fault = Some("a record that a file's attribute list names is not there");
                    misses = misses.saturating_add(1);
                    if LIST_MISSES_MAX <= misses {
                        break;
                    }
                }
            }
        }
        all
    }

    /// The records that an attribute list names, with the attributes in each.
    fn list(&self, list: &Attribute) -> Option<BTreeMap<u64, BTreeSet<(u32, u16)>>> {
        let bytes = match list.resident() {
            Some(value) => value.to_vec(),
            None => {
                let value = self.value(std::slice::from_ref(list))?;
                let size = Some(value.size_bytes).filter(|size| *size <= LIST_BYTES_MAX)?;
                let mut bytes = vec![0; narrow(size)];
                self.read(&value.extents, 0, &mut bytes).ok()?;
                bytes
            }
        };
        let mut records: BTreeMap<u64, BTreeSet<(u32, u16)>> = BTreeMap::new();
        let mut rest = bytes.as_slice();
        while 26 <= rest.len() {
            let length = usize::from(u16_at(rest, 4));
            let entry = rest.get(..length).filter(|_| 26 <= length)?;
            let of = records.entry(number_of(u64_at(entry, 16))).or_default();
            of.insert((u32_at(entry, 0), u16_at(entry, 24)));
            rest = rest.get(length..)?;
        }
        Some(records)
    }

    /// The clusters of one piece of an attribute, and how many; `None` when they make no sense.
    pub(crate) fn piece(&self, piece: &Attribute) -> Option<(Vec<Extent>, u64)> {
        match &piece.form {
            Form::Resident(_) => Some((Vec::new(), 0)),
            Form::Elsewhere { runs, .. } => runs::decode(runs, self.boot.cluster_bytes),
        }
    }

    /// The value that `pieces` of one attribute describe, `None` when they do not fit together.
    pub(crate) fn value(&self, pieces: &[Attribute]) -> Option<Value> {
        let mut pieces: Vec<&Attribute> = pieces.iter().collect();
        pieces.sort_by_key(|piece| piece.lowest());
        let mut extents = Vec::new();
        let mut clusters = 0_u64;
        let mut sizes = None;
        for piece in pieces {
            let Form::Elsewhere {
                lowest,
                size_bytes,
                valid_bytes,
                unit_shift,
                ..
            } = &piece.form
            else {
                return None;
            };
            if *lowest != clusters {
                return None;
            }
            let (mut more, count) = self.piece(piece)?;
            extents.append(&mut more);
            clusters = clusters.checked_add(count)?;
            sizes.get_or_insert((*size_bytes, *valid_bytes, *unit_shift));
        }
        let (size_bytes, valid_bytes, unit_shift) = sizes?;
        Some(Value {
            extents,
            size_bytes,
            valid_bytes,
            unit_shift: (unit_shift != 0).then(|| u32::from(unit_shift)),
        })
    }
}

/// Types and numbers of attributes as a list names them. It does not name itself.
fn names(attributes: &[Attribute]) -> BTreeSet<(u32, u16)> {
    let all = attributes.iter();
    let all = all.filter(|one| one.kind != ATTRIBUTE_LIST);
    all.map(|one| (one.kind, one.id)).collect()
}

fn is_main_data(attribute: &Attribute) -> bool {
    attribute.kind == DATA && attribute.name.is_empty()
}
