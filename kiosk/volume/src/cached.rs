//! A bounded block cache with read-ahead: file systems ask for a few bytes at a time, media
//! answer in milliseconds.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;

use crate::blocks::{Blocks, check_range};
use crate::number::{narrow, wide};
use crate::sectors::{self, SECTOR_BYTES};

/// Memory for cached blocks, in bytes. Measured: with 16 MiB a walk of 3,000 files issues a
/// thirtieth of the reads that it issues without.
pub const CACHE_BYTES_MAX: usize = 16 << 20;

/// One cached block, in bytes.
const BLOCK_BYTES: usize = 64 << 10;

/// The same as a length on the medium.
const BLOCK_STEP: u64 = 64 << 10;

/// And in sectors.
const BLOCK_SECTORS: u64 = 128;

/// Blocks read at once when reads follow each other: half a megabyte keeps a stick streaming.
const AHEAD_BLOCKS: u64 = 8;

/// Sectors of one block that may fail before the rest of it is given up, untried. A medium that
/// is dying takes seconds of the kernel's patience for each, and a block has 128: two hundred
/// blocks tried to their ends would take an hour. One page of the kernel's cache that cannot be
/// read is eight of them.
const BAD_SECTORS_MAX: usize = 16;

/// A cache over a whole medium: the sectors in its errors are counted from where it begins. A
/// block that cannot be read whole is read by the sector, so that only bad ones are lost. Reads
/// of [`DIRECT_BYTES_MIN`] and more pass it by.
pub struct Cached {
    medium: Rc<dyn Blocks>,
    state: RefCell<State>,
}

/// Smallest read that goes to the medium directly, in bytes: caching it would push everything
/// else out.
const DIRECT_BYTES_MIN: usize = 256 << 10;

struct State {
    slots: Vec<Slot>,
    by_block: HashMap<u64, usize>,
    slots_max: usize,
    /// Rises with every use: the slot with the smallest value goes first.
    clock: u64,
    /// The block after the one that was read last.
    expected: u64,
    /// Room for one read of the medium. It and the slots keep their memory: fresh memory would
    /// be cleared for every read, which costs more than looking the block up.
    room: Vec<u8>,
}

struct Slot {
    block: u64,
    used: u64,
    data: Vec<u8>,
    /// The sectors that could not be read, in rising order.
    bad: Vec<Bad>,
}

/// One sector of a block that could not be read, or was not tried after many that could not.
#[derive(Clone, Copy)]
struct Bad {
    sector: usize,
    kind: io::ErrorKind,
    /// The device was no longer there.
    gone: bool,
}

impl Cached {
    /// A cache of [`CACHE_BYTES_MAX`] over `medium`.
    #[must_use]
    pub fn new(medium: Rc<dyn Blocks>) -> Self {
        Self::with_capacity(medium, CACHE_BYTES_MAX)
    }

    /// A cache of `capacity_bytes` over `medium`, never less than one read-ahead.
    #[must_use]
    pub fn with_capacity(medium: Rc<dyn Blocks>, capacity_bytes: usize) -> Self {
        let slots_max = (capacity_bytes / BLOCK_BYTES).max(narrow(AHEAD_BLOCKS));
        let state = State {
            slots: Vec::new(),
            by_block: HashMap::new(),
            slots_max,
            clock: 0,
            expected: u64::MAX,
            room: Vec::new(),
        };
        Self {
            medium,
            state: RefCell::new(state),
        }
    }

    /// Copies from block `block`, `within` bytes into it, what fits of `buffer`.
    fn copy(&self, block: u64, within: usize, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state.borrow_mut();
        let index = match state.by_block.get(&block) {
            Some(index) => *index,
            None => self.load(&mut state, block),
        };
        state.expected = block.saturating_add(1);
        state.clock = state.clock.saturating_add(1);
        let clock = state.clock;
        let Some(slot) = state.slots.get_mut(index) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        slot.used = clock;
        let tail = slot.data.get(within..).unwrap_or_default();
        let length = tail.len().min(buffer.len());
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(error) = slot.error(within, length) {
            return Err(error);
        }
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), tail.get(..length)) {
            to.copy_from_slice(from);
        }
        Ok(length)
    }

    /// Reads `block`, and those after it when reads are sequential, and gives its slot.
    fn load(&self, state: &mut State, block: u64) -> usize {
        let wanted = if block == state.expected {
            AHEAD_BLOCKS
        } else {
            1
        };
        let start = block.saturating_mul(wide(BLOCK_BYTES));
        let there = self.medium.size_bytes().saturating_sub(start);
        let length = wide(BLOCK_BYTES).saturating_mul(wanted).min(there);
        let mut room = std::mem::take(&mut state.room);
        if room.len() < narrow(length) {
            room.resize(narrow(length), 0);
        }
        let data = room.get_mut(..narrow(length)).unwrap_or_default();
        let index = if self.medium.read_at(start, data).is_ok() {
            // The block that was asked for is inserted last, so that it cannot push itself out.
            let (first, ahead) = data.split_at(data.len().min(BLOCK_BYTES));
            for (number, piece) in (1..wanted).zip(ahead.chunks(BLOCK_BYTES)) {
                state.insert(block.saturating_add(number), piece, Vec::new());
            }
            state.insert(block, first, Vec::new())
        } else {
            let (first, _) = data.split_at_mut(data.len().min(BLOCK_BYTES));
            let bad = self.read_sectors(start, first);
            state.insert(block, first, bad)
        };
        state.room = room;
        index
    }

    /// Reads the block at `start` sector by sector, and gives those that failed.
    fn read_sectors(&self, start: u64, data: &mut [u8]) -> Vec<Bad> {
        let mut bad: Vec<Bad> = Vec::new();
        for (sector, piece) in data.chunks_mut(SECTOR_BYTES).enumerate() {
            // The rest of a block with this many bad sectors, or of a device that is gone, counts
            // as unreadable without being tried. That costs readable bytes of a medium that
            // cannot pass any more, and it is what lets the scan of a dying one end.
            if let Some(last) = bad.last().copied()
                && (last.gone || BAD_SECTORS_MAX <= bad.len())
            {
                bad.push(Bad { sector, ..last });
                continue;
            }
            let at = wide(sector.saturating_mul(SECTOR_BYTES));
            if let Err(error) = self.medium.read_at(start.saturating_add(at), piece) {
                bad.push(Bad {
                    sector,
                    kind: error.kind(),
                    gone: sectors::is_gone(&error),
                });
            }
        }
        bad
    }
}

impl Slot {
    /// Why the `length` bytes `within` the block cannot be had, with the sectors among them that
    /// failed; `None` when they can.
    fn error(&self, within: usize, length: usize) -> Option<io::Error> {
        let wanted = within / SECTOR_BYTES..within.saturating_add(length).div_ceil(SECTOR_BYTES);
        let met = || self.bad.iter().filter(|bad| wanted.contains(&bad.sector));
        let first = met().next()?;
        let before = self.block.saturating_mul(BLOCK_SECTORS);
        let numbers = met().map(|bad| before.saturating_add(wide(bad.sector)));
        let gone = met().any(|bad| bad.gone);
        Some(sectors::error(first.kind, gone, numbers))
    }
}

impl State {
    /// Keeps `data` as `block`, in place of the block used longest ago when there is no room.
    fn insert(&mut self, block: u64, data: &[u8], bad: Vec<Bad>) -> usize {
        self.clock = self.clock.saturating_add(1);
        let oldest = || {
            let by_age = self
                .slots
                .iter()
                .enumerate()
                .min_by_key(|(_, slot)| slot.used);
            by_age.map_or(0, |(index, _)| index)
        };
        let index = match self.by_block.get(&block) {
            Some(index) => *index,
            None if self.slots.len() < self.slots_max => self.slots.len(),
            None => oldest(),
        };
        let mut kept = Vec::new();
        if let Some(old) = self.slots.get_mut(index) {
            self.by_block.remove(&old.block);
            kept = std::mem::take(&mut old.data);
            kept.clear();
        }
        kept.extend_from_slice(data);
        let slot = Slot {
            block,
            used: self.clock,
            data: kept,
            bad,
        };
        match self.slots.get_mut(index) {
            Some(old) => *old = slot,
            None => self.slots.push(slot),
        }
        self.by_block.insert(block, index);
        index
    }
}

impl Blocks for Cached {
    fn size_bytes(&self) -> u64 {
        self.medium.size_bytes()
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        check_range(self.size_bytes(), offset_bytes, buffer.len())?;
        if DIRECT_BYTES_MIN <= buffer.len() && self.medium.read_at(offset_bytes, buffer).is_ok() {
            return Ok(());
        }
        let mut offset = offset_bytes;
        let mut rest = buffer;
        while !rest.is_empty() {
            let block = offset / BLOCK_STEP;
            let within = narrow(offset % BLOCK_STEP);
            let copied = self.copy(block, within, rest)?;
            offset = offset.saturating_add(wide(copied));
            rest = rest.get_mut(copied..).unwrap_or_default();
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute")]
#[allow(clippy::as_conversions, reason = "tests compute")]
mod tests {
    use super::*;

    /// Counts reads; the sectors in `bad` fail, with `code`.
    struct Counting {
        data: Vec<u8>,
        bad: Vec<u64>,
        code: i32,
        reads: RefCell<u64>,
    }

    impl Blocks for Counting {
        fn size_bytes(&self) -> u64 {
            wide(self.data.len())
        }

        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
            *self.reads.borrow_mut() += 1;
            let sectors = offset / 512..(offset + wide(buffer.len())).div_ceil(512);
            if self.bad.iter().any(|sector| sectors.contains(sector)) {
                return Err(io::Error::from_raw_os_error(self.code));
            }
            self.data.read_at(offset, buffer)
        }
    }

    fn counting(bad: Vec<u64>) -> Rc<Counting> {
        failing(bad, 5)
    }

    fn failing(bad: Vec<u64>, code: i32) -> Rc<Counting> {
        let data = (0..3_000_000_u32).map(|n| (n * 7 / 3) as u8).collect();
        let reads = RefCell::new(0);
        Rc::new(Counting {
            data,
            bad,
            code,
            reads,
        })
    }

    #[test]
    fn every_byte_comes_out_as_it_is_on_the_medium() {
        let medium = counting(vec![]);
        let cached = Cached::with_capacity(medium.clone(), 1 << 20);
        for (offset, length) in [(0, 1), (65_535, 3), (2_999_990, 10), (100, 300_000), (0, 1)] {
            let mut buffer = vec![0; length];
            cached.read_at(offset, &mut buffer).unwrap();
            assert_eq!(buffer, medium.data[offset as usize..][..length]);
        }
        let past = cached.read_at(2_999_991, &mut [0; 10]).unwrap_err();
        assert_eq!(past.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn sequential_reads_become_few_large_ones() {
        let medium = counting(vec![]);
        let cached = Cached::new(medium.clone());
        for offset in (0..2_999_000).step_by(1000) {
            cached.read_at(offset, &mut [0; 1000]).unwrap();
        }
        assert!(*medium.reads.borrow() <= 8, "{}", medium.reads.borrow());
    }

    #[test]
    fn memory_is_bounded() {
        let cached = Cached::with_capacity(counting(vec![]), 10 * BLOCK_BYTES);
        for block in (0..45_u64).chain((0..45).rev()) {
            cached.read_at(block * 65536, &mut [0; 16]).unwrap();
        }
        let state = cached.state.borrow();
        assert_eq!(state.slots.len(), 10);
        assert_eq!(state.by_block.len(), 10);
        for (index, slot) in state.slots.iter().enumerate() {
            assert_eq!(state.by_block.get(&slot.block), Some(&index));
            // Not that of a whole read-ahead.
            assert!(slot.data.capacity() <= BLOCK_BYTES);
        }
    }

    #[test]
    fn only_the_bad_sectors_of_a_block_are_lost() {
        let medium = counting(vec![3, 200]);
        let cached = Cached::new(medium.clone());
        for sector in 0..1000_u64 {
            let mut buffer = [0; 512];
            let read = cached.read_at(sector * 512, &mut buffer);
            if medium.bad.contains(&sector) {
                let kind = read.unwrap_err().kind();
                assert_ne!(kind, io::ErrorKind::UnexpectedEof);
                assert_ne!(kind, io::ErrorKind::InvalidData);
            } else {
                read.unwrap();
                assert_eq!(buffer, medium.data[sector as usize * 512..][..512]);
            }
        }
        let mut large = vec![0; 400_000];
        assert!(cached.read_at(0, &mut large).is_err());
    }

    #[test]
    fn the_error_of_a_read_names_the_sectors_of_the_medium_that_it_met() {
        let named = |cached: &Cached, offset, length| {
            let error = cached.read_at(offset, &mut vec![0; length]).unwrap_err();
            assert_eq!(crate::gap_of(&error), wire::Gap::Unreadable);
            crate::unreadable_sectors(&error).unwrap()
        };
        let cached = Cached::new(counting(vec![1030, 1031, 1032, 1060]));
        let all = "sectors 1030 to 1032, 1060 cannot be read";
        assert_eq!(named(&cached, 1024 * 512, 65536), all);
        assert_eq!(
            named(&cached, 1032 * 512 + 511, 1),
            "sector 1032 cannot be read"
        );
        assert_eq!(named(&cached, 1000 * 512, 262_144), all);
        cached.read_at(1033 * 512, &mut [0; 512 * 27]).unwrap();
    }

    #[test]
    fn a_block_with_many_bad_sectors_is_given_up() {
        let medium = counting((128..1000).collect());
        let cached = Cached::new(medium.clone());
        let error = cached.read_at(65536, &mut [0; 65536]).unwrap_err();
        let text = crate::unreadable_sectors(&error).unwrap();
        assert_eq!(text, "sectors 128 to 255 cannot be read");
        assert_eq!(*medium.reads.borrow(), 1 + BAD_SECTORS_MAX as u64);
        assert!(cached.read_at(70_000, &mut [0; 1]).is_err());
        assert_eq!(*medium.reads.borrow(), 1 + BAD_SECTORS_MAX as u64);
    }

    #[test]
    fn a_device_that_is_gone_stays_gone_and_is_not_asked_again() {
        for code in [6, 19, 123] {
            let medium = failing((100..2000).collect(), code);
            let cached = Cached::new(medium.clone());
            cached.read_at(0, &mut [0; 512]).unwrap();
            for offset in [65_535, 51_200] {
                let error = cached.read_at(offset, &mut [0; 1]).unwrap_err();
                assert_eq!(crate::gap_of(&error), wire::Gap::Removed, "{code}");
            }
            // The whole block, and its sectors up to the first that the device did not give.
            assert_eq!(*medium.reads.borrow(), 1 + 101);
        }
    }
}
