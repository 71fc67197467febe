//! The master file table, and attributes that are spread over several records.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::rc::Rc;

use super::boot::Boot;
use super::record::{ATTRIBUTE_LIST, Attribute, DATA, Form, Record, number_of};
use super::runs;
use crate::blocks::Blocks;
use crate::content::{Extent, ExtentReader};
use crate::error::VolumeError;
use crate::number::{narrow, u16_at, u64_at};

/// Largest attribute list, in bytes: the limit of Windows.
const LIST_BYTES_MAX: u64 = 256 << 10;

/// A volume whose master file table has been found.
pub(crate) struct Volume {
    pub(crate) blocks: Rc<dyn Blocks>,
    pub(crate) boot: Boot,
    mft: Vec<Extent>,
    mft_bytes: u64,
}

/// The attributes of a file, from all its records.
pub(crate) struct Attributes {
    pub(crate) found: Vec<Attribute>,
    /// What is wrong with them, if anything: some may be missing.
    pub(crate) fault: Option<&'static str>,
}

/// A value in clusters, put together from its pieces.
pub(crate) struct Value {
    pub(crate) extents: Vec<Extent>,
    pub(crate) size_bytes: u64,
    pub(crate) valid_bytes: u64,
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
            mft: vec![Extent {
                offset_bytes: Some(start),
                size_bytes: boot.record_bytes,
            }],
            mft_bytes: boot.record_bytes,
        };
        let record = volume.record(0)?;
        let (own, _) = record.attributes();
        let own: Vec<_> = own.into_iter().filter(is_main_data).collect();
        let first = volume
            .value(&own)
            .ok_or_else(|| bad("runs of the master file table"))?;
        volume.mft = first.extents;
        volume.mft_bytes = first.size_bytes;
        // The table's own later pieces are in records that its first piece leads to.
        let all: Vec<_> = volume.attributes(&record).found;
        let all: Vec<_> = all.into_iter().filter(is_main_data).collect();
        let whole = volume
            .value(&all)
            .ok_or_else(|| bad("runs of the master file table"))?;
        volume.mft = whole.extents;
        volume.mft_bytes = whole.size_bytes;
        Ok(volume)
    }

    /// A file record.
    ///
    /// # Errors
    /// `UnexpectedEof` when the table has no such record, `InvalidData` when it is no record,
    /// otherwise the medium's.
    pub(crate) fn record(&self, number: u64) -> io::Result<Record> {
        let size = self.boot.record_bytes;
        let start = number
            .checked_mul(size)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        let end = start
            .checked_add(size)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        if self.mft_bytes < end {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; narrow(size)];
        self.read(&self.mft, start, &mut bytes)?;
        Record::parse(number, bytes)
    }

    /// Reads from within a value.
    ///
    /// # Errors
    /// `UnexpectedEof` past its extents, otherwise the medium's.
    pub(crate) fn read(&self, extents: &[Extent], from: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut skip = from;
        let mut rest = Vec::new();
        for extent in extents {
            if extent.size_bytes <= skip {
                skip = skip.saturating_sub(extent.size_bytes);
                continue;
            }
            rest.push(Ok(Extent {
                offset_bytes: extent
                    .offset_bytes
                    .map(|offset| offset.saturating_add(skip)),
                size_bytes: extent.size_bytes.saturating_sub(skip),
            }));
            skip = 0;
            if buffer.len()
                <= narrow(
                    rest.iter()
                        .flatten()
                        .map(|one| one.size_bytes)
                        .fold(0, u64::saturating_add),
                )
            {
                break;
            }
        }
        let rest = Box::new(rest.into_iter());
        ExtentReader::new(&*self.blocks, rest, u64::MAX, u64::MAX).read_exact(buffer)
    }

    /// All attributes of the file whose base record is `base`.
    pub(crate) fn attributes(&self, base: &Record) -> Attributes {
        let (found, complete) = base.attributes();
        let mut all = Attributes {
            found,
            fault: (!complete).then_some("a file's attributes do not come to an end"),
        };
        let list = all.found.iter().find(|one| one.kind == ATTRIBUTE_LIST);
        let Some(list) = list.cloned() else {
            return all;
        };
        let Some(entries) = self.list(&list) else {
            all.fault = Some("a file's attribute list cannot be read");
            return all;
        };
        for number in entries {
            if number == base.number {
                continue;
            }
            match self.record(number) {
                Ok(record) if record.is_in_use() && number_of(record.base()) == base.number => {
                    let (mut more, complete) = record.attributes();
                    all.found.append(&mut more);
                    if !complete {
                        all.fault = Some("a file's attributes do not come to an end");
                    }
                }
                Ok(_) | Err(_) => {
                    all.fault = Some("a record that a file's attribute list names is not there");
                }
            }
        }
        all
    }

    /// The records that an attribute list names.
    fn list(&self, list: &Attribute) -> Option<BTreeSet<u64>> {
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
        let mut numbers = BTreeSet::new();
        let mut rest = bytes.as_slice();
        while 26 <= rest.len() {
            let length = usize::from(u16_at(rest, 4));
            let entry = rest.get(..length).filter(|_| 26 <= length)?;
            numbers.insert(number_of(u64_at(entry, 16)));
            rest = rest.get(length..)?;
        }
        Some(numbers)
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
                runs,
            } = &piece.form
            else {
                return None;
            };
            if *lowest != clusters {
                return None;
            }
            let (mut more, count) = runs::decode(runs, self.boot.cluster_bytes)?;
            extents.append(&mut more);
            clusters = clusters.checked_add(count)?;
            sizes.get_or_insert((*size_bytes, *valid_bytes));
        }
        let (size_bytes, valid_bytes) = sizes?;
        Some(Value {
            extents,
            size_bytes,
            valid_bytes,
        })
    }
}

fn is_main_data(attribute: &Attribute) -> bool {
    attribute.kind == DATA && attribute.name.is_empty()
}
