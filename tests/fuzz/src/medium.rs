//! A medium in memory whose sectors can be replaced one by one.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::rc::Rc;

use volume::Blocks;

/// What inputs and mutations count in, in bytes.
pub const SECTOR_BYTES: usize = 512;

/// The same as a length on the medium.
const SECTOR_STEP: u64 = 512;

/// Largest medium that an input can ask for, in sectors: 8 MiB. Every format is there in less,
/// and a fuzzer's worth is in how many media it sees a second.
pub const SECTORS_MAX: u64 = 1 << 14;

/// Most reads of one medium. A walk of the images used here takes a hundredth of it; a walk
/// that does not end takes all.
pub const READS_MAX: u64 = 2_000_000;

/// Bytes before the first sector of an input: the size in sectors and the options.
const HEAD_BYTES: usize = 4;

/// One sector of an input: its number and its bytes.
const RECORD_BYTES: usize = 3 + SECTOR_BYTES;

/// A sector's content.
pub type Sector = [u8; SECTOR_BYTES];

/// A medium in memory. Its reads are counted.
#[derive(Clone)]
pub struct Medium {
    base: Rc<Vec<u8>>,
    changed: BTreeMap<u64, Sector>,
    size_bytes: u64,
    reads: Cell<u64>,
    /// The sectors that were read, when that is wanted.
    touched: Option<RefCell<BTreeSet<u64>>>,
}

impl Medium {
    /// An image as it is.
    #[must_use]
    pub fn whole(image: Rc<Vec<u8>>) -> Self {
        let size_bytes = wide(image.len());
        Self {
            base: image,
            changed: BTreeMap::new(),
            size_bytes,
            reads: Cell::new(0),
            touched: None,
        }
    }

    /// What an input describes, with its byte of options: three bytes of the size in sectors,
    /// one byte of options, and sectors with their numbers over a medium of zeros. Every input
    /// is a medium.
    #[must_use]
    pub fn parse(input: &[u8]) -> (Self, u8) {
        let (head, records) = input.split_at(HEAD_BYTES.min(input.len()));
        let sectors = little(head, 0).clamp(1, SECTORS_MAX);
        let mut medium = Self::whole(Rc::new(Vec::new()));
        medium.size_bytes = sectors.saturating_mul(SECTOR_STEP);
        for record in records.chunks(RECORD_BYTES) {
            let number = little(record, 0);
            let mut sector = [0; SECTOR_BYTES];
            copy(&mut sector, record.get(3..).unwrap_or_default());
            if number < sectors {
                medium.changed.insert(number, sector);
            }
        }
        (medium, head.get(3).copied().unwrap_or(0))
    }

    /// The input that describes `size_bytes` and these sectors of it.
    #[must_use]
    pub fn describe(&self, options: u8, sectors: &BTreeSet<u64>) -> Vec<u8> {
        let size = self.size_bytes.div_ceil(SECTOR_STEP);
        let mut input = size.to_le_bytes().get(..3).unwrap_or_default().to_vec();
        input.push(options);
        for number in sectors {
            input.extend(number.to_le_bytes().get(..3).unwrap_or_default());
            input.extend(self.sector(*number));
        }
        input
    }

    /// Begins to keep which sectors are read.
    #[must_use]
    pub fn tracking(mut self) -> Self {
        self.touched = Some(RefCell::new(BTreeSet::new()));
        self
    }

    /// The sectors that were read since [`Medium::tracking`].
    #[must_use]
    pub fn touched(&self) -> BTreeSet<u64> {
        self.touched
            .as_ref()
            .map_or_else(BTreeSet::new, |touched| touched.borrow().clone())
    }

    /// How many reads there were.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.reads.get()
    }

    /// One sector; zeros past the end.
    #[must_use]
    pub fn sector(&self, number: u64) -> Sector {
        if let Some(sector) = self.changed.get(&number) {
            return *sector;
        }
        let mut sector = [0; SECTOR_BYTES];
        copy_from(&self.base, number.saturating_mul(SECTOR_STEP), &mut sector);
        sector
    }

    /// Replaces one sector.
    pub fn set_sector(&mut self, number: u64, sector: Sector) {
        self.changed.insert(number, sector);
    }

    /// Cuts it.
    pub fn truncate(&mut self, size_bytes: u64) {
        self.size_bytes = self.size_bytes.min(size_bytes);
    }

    fn count(&self, offset_bytes: u64, length: usize) {
        let reads = self.reads.get().saturating_add(1);
        self.reads.set(reads);
        assert!(reads < READS_MAX, "invariant: reading does not end");
        if let Some(touched) = &self.touched {
            let end = offset_bytes.saturating_add(wide(length));
            let sectors = offset_bytes / SECTOR_STEP..end.div_ceil(SECTOR_STEP);
            touched.borrow_mut().extend(sectors);
        }
    }
}

impl Blocks for Medium {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.count(offset_bytes, buffer.len());
        let end = offset_bytes.checked_add(wide(buffer.len()));
        let Some(end) = end.filter(|end| *end <= self.size_bytes) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        buffer.fill(0);
        copy_from(&self.base, offset_bytes, buffer);
        let sectors = offset_bytes / SECTOR_STEP..end.div_ceil(SECTOR_STEP);
        for (number, sector) in self.changed.range(sectors) {
            let start = number.saturating_mul(SECTOR_STEP);
            let skip = narrow(start.saturating_sub(offset_bytes));
            let within = narrow(offset_bytes.saturating_sub(start));
            let to = buffer.get_mut(skip..).unwrap_or_default();
            let from = sector.get(within..).unwrap_or_default();
            copy(to, from);
        }
        Ok(())
    }
}

/// Copies what there is of `base` from `offset_bytes` on.
fn copy_from(base: &[u8], offset_bytes: u64, buffer: &mut [u8]) {
    copy(buffer, base.get(narrow(offset_bytes)..).unwrap_or_default());
}

/// Copies as much as there is and fits.
fn copy(to: &mut [u8], from: &[u8]) {
    let length = to.len().min(from.len());
    if let (Some(to), Some(from)) = (to.get_mut(..length), from.get(..length)) {
        to.copy_from_slice(from);
    }
}

/// Three bytes as a number.
fn little(bytes: &[u8], at: usize) -> u64 {
    let byte = |place: usize| bytes.get(at.saturating_add(place)).copied().unwrap_or(0);
    u64::from_le_bytes([byte(0), byte(1), byte(2), 0, 0, 0, 0, 0])
}

pub(crate) fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

pub(crate) fn narrow(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_the_sectors_it_names_over_zeros() {
        let image: Vec<u8> = (0..20_u8).cycle().skip(3).take(5000).collect();
        let medium = Medium::whole(Rc::new(image));
        let (copy, options) = Medium::parse(&medium.describe(7, &BTreeSet::from([1, 9])));
        assert_eq!((options, copy.size_bytes()), (7, 5120));
        assert_eq!(copy.sector(1), medium.sector(1));
        assert_eq!(copy.sector(0), [0; SECTOR_BYTES]);
        let mut across = [1; 600];
        copy.read_at(4600, &mut across[..520]).unwrap();
        assert_eq!(across[7], 0);
        assert_eq!(across[8..520], medium.sector(9)[..512]);
        assert!(copy.read_at(4600, &mut across).is_err());
    }

    #[test]
    fn a_size_past_the_largest_is_cut() {
        let (medium, _) = Medium::parse(&[0xFF; 900]);
        assert_eq!(medium.size_bytes(), SECTORS_MAX * 512);
    }

    #[test]
    #[should_panic(expected = "reading does not end")]
    fn reading_without_end_is_stopped() {
        let (medium, _) = Medium::parse(&[]);
        for _ in 0..READS_MAX {
            medium.read_at(0, &mut [0]).unwrap();
        }
    }
}
