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

/// Most blocks read at once when reads follow each other: half a megabyte keeps a stick
/// streaming. Measured by `tests/bench/reading` on a stick of 30 MB/s that takes a millisecond
/// for a jump: twice as many halve the reads and save no time. Reads that only begin to follow
/// each other get fewer: all at once would read a tenth of an exFAT volume with files in pieces
/// for nothing.
const AHEAD_BLOCKS: u64 = 8;

/// Sectors of one block that may fail before the rest of it is given up, untried. A medium that
/// is dying takes seconds of the kernel's patience for each, and a block has 128: two hundred
/// blocks tried to their ends would take an hour. One page of the kernel's cache that cannot be
/// read is eight of them.
const BAD_SECTORS_MAX: usize = 16;

/// A cache over a whole medium: the sectors in its errors are counted from where it begins. A
/// block that cannot be read whole is read by the sector, so that only bad ones are lost. Reads
/// of [`DIRECT_BYTES_MIN`] and more of what is not cached pass it by.
pub struct Cached {
    medium: Rc<dyn Blocks>,
    state: RefCell<State>,
}

/// Smallest read that goes to the medium directly, in bytes: caching it would push everything
/// else out.
const DIRECT_BYTES_MIN: usize = 256 << 10;

struct State {
    lines: Vec<Line>,
    /// Which line holds a block.
    by_block: HashMap<u64, usize>,
    /// Bytes of all lines, and the most that they may be.
    size_bytes: usize,
    size_bytes_max: usize,
    /// Rises with every use: the line with the smallest value goes first.
    clock: u64,
    /// The block that a read would touch which follows the last one.
    expected: u64,
    /// Blocks to read at once should it come: twice as many each time.
    ahead: u64,
}

/// Most bytes of lines that were read ahead and not given out to their ends. Files in pieces
/// leave such lines behind and come back to them: measured on a FAT32 volume with a third of its
/// files written anew, a quarter of this reads a tenth more of the stick.
const PASSING_BYTES_MAX: usize = 4 << 20;

/// Blocks that follow each other and were read at once.
struct Line {
    first: u64,
    used: u64,
    /// The blocks, at the beginning of a buffer that may be longer.
    data: Vec<u8>,
    size_bytes: usize,
    /// It was read ahead, and nothing of it was asked for twice.
    passing: bool,
    /// How far it was given out.
    given: usize,
    /// The sectors that could not be read, in rising order.
    bad: Vec<Bad>,
}

/// One sector of a line that could not be read, or was not tried after many that could not.
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
        let least = BLOCK_BYTES.saturating_mul(narrow(AHEAD_BLOCKS));
        let state = State {
            lines: Vec::new(),
            by_block: HashMap::new(),
            size_bytes: 0,
            size_bytes_max: capacity_bytes.max(least),
            clock: 0,
            expected: u64::MAX,
            ahead: 1,
        };
        Self {
            medium,
            state: RefCell::new(state),
        }
    }

    /// Copies from `offset` on what fits of `buffer` and is in one line with it.
    fn copy(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let block = offset / BLOCK_STEP;
        let mut state = self.state.borrow_mut();
        let index = match state.by_block.get(&block) {
            Some(index) => *index,
            None => self.load(&mut state, block),
        };
        state.clock = state.clock.saturating_add(1);
        let clock = state.clock;
        let Some(line) = state.lines.get_mut(index) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        line.used = clock;
        let within = narrow(offset.saturating_sub(line.first.saturating_mul(BLOCK_STEP)));
        line.passing &= line.given <= within;
        line.given = within.saturating_add(buffer.len()).min(line.size_bytes);
        let tail = line.data.get(within..line.size_bytes).unwrap_or_default();
        let length = tail.len().min(buffer.len());
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(error) = line.error(within, length) {
            return Err(error);
        }
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), tail.get(..length)) {
            to.copy_from_slice(from);
        }
        let end = offset.saturating_add(wide(length));
        state.expected = end.div_ceil(BLOCK_STEP);
        Ok(length)
    }

    /// Reads `block`, and those after it when reads are sequential, and gives its line.
    fn load(&self, state: &mut State, block: u64) -> usize {
        let start = block.saturating_mul(BLOCK_STEP);
        let there = self.medium.size_bytes().saturating_sub(start);
        state.ahead = if block == state.expected {
            state.ahead.saturating_mul(2).min(AHEAD_BLOCKS)
        } else {
            1
        };
        let wanted = state.missing(block);
        let length = narrow(BLOCK_STEP.saturating_mul(wanted).min(there));
        let mut line = state.room(block, length, wanted != 1);
        let data = line.data.get_mut(..length).unwrap_or_default();
        if self.medium.read_at(start, data).is_err() {
            line.size_bytes = length.min(BLOCK_BYTES);
            let data = data.get_mut(..line.size_bytes).unwrap_or_default();
            line.bad = self.read_sectors(start, data);
        }
        state.insert(line)
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

    /// Reads past the cache; `false` when that fails.
    fn direct(&self, offset: u64, buffer: &mut [u8]) -> bool {
        let is_read = self.medium.read_at(offset, buffer).is_ok();
        if is_read {
            let end = offset.saturating_add(wide(buffer.len()));
            let mut state = self.state.borrow_mut();
            state.expected = end / BLOCK_STEP;
            state.ahead = 1;
        }
        is_read
    }
}

impl Line {
    /// Why the `length` bytes `within` the line cannot be had, with the sectors among them that
    /// failed; `None` when they can.
    fn error(&self, within: usize, length: usize) -> Option<io::Error> {
        let wanted = within / SECTOR_BYTES..within.saturating_add(length).div_ceil(SECTOR_BYTES);
        let met = || self.bad.iter().filter(|bad| wanted.contains(&bad.sector));
        let first = met().next()?;
        let before = self.first.saturating_mul(BLOCK_SECTORS);
        let numbers = met().map(|bad| before.saturating_add(wide(bad.sector)));
        let gone = met().any(|bad| bad.gone);
        Some(sectors::error(first.kind, gone, numbers))
    }

    fn blocks(&self) -> impl Iterator<Item = u64> + use<> {
        let count = wide(self.size_bytes.div_ceil(BLOCK_BYTES));
        self.first..self.first.saturating_add(count)
    }
}

impl State {
    /// How many blocks from `block` on are not there, up to the read-ahead.
    fn missing(&self, block: u64) -> u64 {
        let missing = |ahead: &u64| {
            let block = block.saturating_add(*ahead);
            !self.by_block.contains_key(&block)
        };
        wide((0..self.ahead).take_while(missing).count()).max(1)
    }

    /// A line for `length` bytes from block `first` on, in place of what was used longest ago
    /// when there is no room.
    fn room(&mut self, first: u64, length: usize, passing: bool) -> Line {
        let size = if passing {
            BLOCK_BYTES.saturating_mul(narrow(AHEAD_BLOCKS))
        } else {
            BLOCK_BYTES
        };
        let mut data = Vec::new();
        while let Some(going) = self.going(length, size, passing) {
            data = self.remove(going);
        }
        if data.len() != size {
            data = vec![0; size];
        }
        Line {
            first,
            used: self.clock,
            data,
            size_bytes: length,
            passing,
            given: 0,
            bad: Vec::new(),
        }
    }

    /// The line that makes room first, `None` when there is room for `length` bytes in a buffer of
    /// `size`. What was read ahead and given out to its end is not expected to come again.
    fn going(&self, length: usize, size: usize, passing: bool) -> Option<usize> {
        let passed = self.lines.iter().filter(|line| line.passing);
        let held: usize = passed.map(|line| line.size_bytes).sum();
        let is_done = |line: &Line| line.passing && line.given == line.size_bytes;
        let may_go: &dyn Fn(&Line) -> bool = if passing && self.lines.iter().any(is_done) {
            &is_done
        } else if passing && PASSING_BYTES_MAX < held.saturating_add(length) {
            &|line| line.passing
        } else if self.size_bytes_max < self.size_bytes.saturating_add(size) {
            &|_| true
        } else {
            return None;
        };
        let by_age = self.lines.iter().enumerate();
        let going = by_age.filter(|(_, line)| may_go(line));
        let oldest = going.min_by_key(|(_, line)| line.used);
        oldest.map(|(index, _)| index)
    }

    /// Takes a line out, and the last one into its place; gives its buffer.
    fn remove(&mut self, index: usize) -> Vec<u8> {
        let line = self.lines.swap_remove(index);
        for block in line.blocks() {
            self.by_block.remove(&block);
        }
        if let Some(moved) = self.lines.get(index) {
            for block in moved.blocks() {
                self.by_block.insert(block, index);
            }
        }
        self.size_bytes = self.size_bytes.saturating_sub(line.data.len());
        line.data
    }

    fn insert(&mut self, line: Line) -> usize {
        let index = self.lines.len();
        self.size_bytes = self.size_bytes.saturating_add(line.data.len());
        for block in line.blocks() {
            self.by_block.insert(block, index);
        }
        self.lines.push(line);
        index
    }
}

impl Blocks for Cached {
    fn size_bytes(&self) -> u64 {
        self.medium.size_bytes()
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        check_range(self.size_bytes(), offset_bytes, buffer.len())?;
        let mut offset = offset_bytes;
        let mut rest = buffer;
        let mut may_be_direct = true;
        while !rest.is_empty() {
            if may_be_direct && DIRECT_BYTES_MIN <= rest.len() {
                let block = offset / BLOCK_STEP;
                let is_cached = self.state.borrow().by_block.contains_key(&block);
                if !is_cached && self.direct(offset, rest) {
                    return Ok(());
                }
                // What failed as a whole is not asked for as a whole again.
                may_be_direct = is_cached;
            }
            let copied = self.copy(offset, rest)?;
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
        let held: usize = state.lines.iter().map(|line| line.data.capacity()).sum();
        assert_eq!(held, state.size_bytes);
        assert!(held <= 10 * BLOCK_BYTES && 2 * BLOCK_BYTES < held, "{held}");
        let mut blocks = 0;
        for (index, line) in state.lines.iter().enumerate() {
            for block in line.blocks() {
                assert_eq!(state.by_block.get(&block), Some(&index));
                blocks += 1;
            }
        }
        assert_eq!(state.by_block.len(), blocks);
    }

    #[test]
    fn memory_is_bounded_by_its_limit() {
        let medium: Rc<dyn Blocks> = Rc::new(vec![0_u8; CACHE_BYTES_MAX + 40 * BLOCK_BYTES]);
        let cached = Cached::new(medium.clone());
        let blocks = medium.size_bytes() / BLOCK_STEP;
        for block in 0..blocks {
            cached.read_at(block * BLOCK_STEP, &mut [0; 16]).unwrap();
        }
        assert!(cached.state.borrow().size_bytes <= PASSING_BYTES_MAX + 4 * BLOCK_BYTES);
        for block in (0..blocks).rev() {
            cached.read_at(block * BLOCK_STEP, &mut [0; 16]).unwrap();
        }
        let held = cached.state.borrow().size_bytes;
        assert!((CACHE_BYTES_MAX / 2..=CACHE_BYTES_MAX).contains(&held));
    }

    #[test]
    fn what_is_asked_for_again_stays_while_a_long_content_passes() {
        let medium = Rc::new(vec![0_u8; CACHE_BYTES_MAX * 2]);
        let medium = Rc::new(Counting {
            data: medium.to_vec(),
            bad: Vec::new(),
            code: 5,
            reads: RefCell::new(0),
        });
        let cached = Cached::new(medium.clone());
        for _ in 0..2 {
            for block in 0..20 {
                cached.read_at(block * BLOCK_STEP, &mut [0; 16]).unwrap();
            }
        }
        for block in 100..500 {
            cached.read_at(block * BLOCK_STEP, &mut [0; 16]).unwrap();
        }
        let before = *medium.reads.borrow();
        for block in 6..20 {
            cached.read_at(block * BLOCK_STEP, &mut [0; 16]).unwrap();
        }
        assert_eq!(*medium.reads.borrow(), before);
    }

    #[test]
    fn what_is_cached_is_not_read_again_and_a_large_read_goes_on_where_it_ends() {
        let medium = counting(vec![]);
        let cached = Cached::new(medium.clone());
        cached.read_at(0, &mut [0; 10]).unwrap();
        let mut large = vec![0; 1_000_000];
        cached.read_at(5, &mut large).unwrap();
        assert_eq!(large, medium.data[5..1_000_005]);
        assert_eq!(*medium.reads.borrow(), 2);
        // What follows a large read is sequential: two blocks at once, then four.
        for offset in (1_000_005..1_300_000).step_by(1000) {
            cached.read_at(offset, &mut [0; 1000]).unwrap();
        }
        assert_eq!(*medium.reads.borrow(), 4);
    }

    #[test]
    fn reads_that_jump_about_read_one_block_each() {
        let medium = counting(vec![]);
        let cached = Cached::new(medium.clone());
        for block in [30, 3, 20, 7, 40] {
            cached.read_at(block * BLOCK_STEP, &mut [0; 10]).unwrap();
        }
        assert_eq!(cached.state.borrow().size_bytes, 5 * BLOCK_BYTES);
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
