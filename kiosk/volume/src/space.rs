//! Which units of a volume are marked as used, and which of them something was found to own.
//! What is left over in one or the other has to be examined all the same.

use crate::content::Extent;
use crate::number::narrow;

/// Words of one page.
const PAGE_WORDS: usize = 512;

/// Most units of one volume: one bit each in two sets is 256 MiB, half of a worker's memory. A
/// volume of 4 TiB in clusters of 4 KiB has as many.
pub(crate) const UNITS_MAX: u64 = 1 << 30;

/// A set of numbered units in pages that exist once they are touched: its memory follows the
/// units in use, and is at most one bit for each.
#[derive(Default)]
struct Bits {
    pages: Vec<Option<Box<[u64; PAGE_WORDS]>>>,
}

impl Bits {
    fn word(&self, index: u64) -> u64 {
        let page = self.pages.get(narrow(index >> 9)).and_then(Option::as_ref);
        let word = page.and_then(|page| page.get(narrow(index & 0x1FF)));
        word.copied().unwrap_or(0)
    }

    fn word_mut(&mut self, index: u64) -> Option<&mut u64> {
        let page = narrow(index >> 9);
        if self.pages.len() <= page {
            self.pages.resize_with(page.saturating_add(1), || None);
        }
        let page = self.pages.get_mut(page)?;
        let page = page.get_or_insert_with(|| Box::new([0; PAGE_WORDS]));
        page.get_mut(narrow(index & 0x1FF))
    }

    fn has(&self, unit: u64) -> bool {
        self.word(unit >> 6) >> (unit & 63) & 1 == 1
    }

    /// Adds `count` units from `first` on, and tells how many of them are new.
    fn insert(&mut self, first: u64, count: u64) -> u64 {
        let end = first.saturating_add(count);
        let mut at = first;
        let mut new = 0_u64;
        while at < end {
            let within = at & 63;
            let length = end.saturating_sub(at).min(64_u64.saturating_sub(within));
            let ones = u64::MAX
                .checked_shr(u32::try_from(64_u64.saturating_sub(length)).unwrap_or(0))
                .unwrap_or(0);
            let mask = ones << within;
            if let Some(word) = self.word_mut(at >> 6) {
                new = new.saturating_add(u64::from((mask & !*word).count_ones()));
                *word |= mask;
            }
            at = at.saturating_add(length);
        }
        new
    }
}

/// The units of a volume: clusters or blocks, all of one size, numbered from 0.
pub(crate) struct Space {
    /// Where unit 0 begins on the volume, in bytes.
    pub(crate) start_bytes: u64,
    pub(crate) unit_bytes: u64,
    pub(crate) count: u64,
    allocated: Bits,
    taken: Bits,
}

/// Which units [`Space::runs`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Marked as used, and nothing owns them.
    Lost,
    /// Owned, and not marked as used.
    Unmarked,
    /// Neither.
    Free,
}

impl Space {
    /// `count` units of `unit_bytes` from `start_bytes` on, none of them used or owned. A
    /// count past [`UNITS_MAX`] is cut, which [`Space::is_cut`] tells.
    pub(crate) fn new(start_bytes: u64, unit_bytes: u64, count: u64) -> Self {
        Self {
            start_bytes,
            unit_bytes: unit_bytes.max(1),
            count,
            allocated: Bits::default(),
            taken: Bits::default(),
        }
    }

    /// Whether the volume has more units than are kept account of.
    pub(crate) fn is_cut(&self) -> bool {
        UNITS_MAX < self.count
    }

    fn clamp(&self, first: u64, count: u64) -> u64 {
        count.min(self.count.min(UNITS_MAX).saturating_sub(first))
    }

    /// Marks units as used by the volume's own bookkeeping.
    pub(crate) fn allocate(&mut self, first: u64, count: u64) {
        let count = self.clamp(first, count);
        self.allocated.insert(first, count);
    }

    /// Gives units to a content or structure, and tells how many of them nobody had before.
    pub(crate) fn take(&mut self, first: u64, count: u64) -> u64 {
        let count = self.clamp(first, count);
        self.taken.insert(first, count)
    }

    /// The same for the units that an extent of the volume touches: how many bytes are new. A
    /// hole has none.
    pub(crate) fn take_extent(&mut self, extent: &Extent) -> u64 {
        let Some(offset) = extent.offset_bytes else {
            return 0;
        };
        let Some(end) = offset
            .saturating_add(extent.size_bytes)
            .checked_sub(self.start_bytes)
            .filter(|_| extent.size_bytes != 0)
        else {
            return 0;
        };
        let start = offset.saturating_sub(self.start_bytes);
        let first = start.checked_div(self.unit_bytes).unwrap_or(0);
        let count = end.div_ceil(self.unit_bytes).saturating_sub(first);
        self.take(first, count).saturating_mul(self.unit_bytes)
    }

    /// Whether something owns this unit.
    pub(crate) fn is_taken(&self, unit: u64) -> bool {
        self.taken.has(unit)
    }

    /// Whether this unit is marked as used.
    pub(crate) fn is_allocated(&self, unit: u64) -> bool {
        self.allocated.has(unit)
    }

    /// Whether there are such units, and none of them is used or owned.
    pub(crate) fn is_free(&self, first: u64, count: u64) -> bool {
        let end = first.saturating_add(count);
        let most = self.count.min(UNITS_MAX);
        end <= most && end <= self.seek(first, Which::Free, false).unwrap_or(most)
    }

    /// Bytes of the volume up to the end of the last unit.
    pub(crate) fn end_bytes(&self) -> u64 {
        let size = self.count.saturating_mul(self.unit_bytes);
        self.start_bytes.saturating_add(size)
    }

    /// The bytes of a run of units.
    pub(crate) fn extent(&self, run: (u64, u64)) -> Extent {
        let offset = run.0.saturating_mul(self.unit_bytes);
        Extent {
            offset_bytes: Some(self.start_bytes.saturating_add(offset)),
            size_bytes: run.1.saturating_mul(self.unit_bytes),
        }
    }

    /// Runs of units, in rising order: first unit and count.
    pub(crate) fn runs(&self, which: Which) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.runs_in(which, 0, self.count)
    }

    /// The parts of such runs that lie between two units.
    pub(crate) fn runs_in(
        &self,
        which: Which,
        first: u64,
        end: u64,
    ) -> impl Iterator<Item = (u64, u64)> + '_ {
        let mut at = first;
        let last = end.min(self.count);
        std::iter::from_fn(move || {
            let start = self.seek(at, which, true).filter(|start| *start < last)?;
            let end = self.seek(start, which, false).unwrap_or(last).min(last);
            at = end;
            Some((start, end.saturating_sub(start)))
        })
    }

    /// The next unit from `from` on that is, or is not, what was asked for.
    fn seek(&self, from: u64, which: Which, wanted: bool) -> Option<u64> {
        let mut index = from >> 6;
        let mut mask = u64::MAX << (from & 63);
        while index << 6 < self.count {
            let (allocated, taken) = (self.allocated.word(index), self.taken.word(index));
            let word = match which {
                Which::Lost => allocated & !taken,
                Which::Unmarked => !allocated & taken,
                Which::Free => !allocated & !taken,
            };
            let word = if wanted { word } else { !word } & mask;
            if word != 0 {
                let unit = (index << 6).saturating_add(u64::from(word.trailing_zeros()));
                return Some(unit).filter(|unit| *unit < self.count);
            }
            mask = u64::MAX;
            index = index.saturating_add(1);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_counted_once() {
        let mut space = Space::new(1000, 100, 200_000);
        assert_eq!(space.take(60, 10), 10);
        assert_eq!(space.take(60, 10), 0);
        assert_eq!(space.take(0, 128), 118);
        assert_eq!(space.take(32_767, 2), 2);
        assert_eq!(space.take(199_999, 5), 1);
        assert_eq!(space.take(u64::MAX, u64::MAX), 0);
        assert!(space.is_taken(69) && !space.is_taken(128));
    }

    #[test]
    fn an_extent_owns_every_unit_that_it_touches() {
        let mut space = Space::new(1000, 100, 10);
        let extent = |offset_bytes, size_bytes| Extent {
            offset_bytes,
            size_bytes,
        };
        assert_eq!(space.take_extent(&extent(Some(1150), 100)), 200);
        assert_eq!(space.take_extent(&extent(Some(1299), 1)), 0);
        assert_eq!(space.take_extent(&extent(Some(0), 1001)), 100);
        assert_eq!(space.take_extent(&extent(Some(0), 1000)), 0);
        assert_eq!(space.take_extent(&extent(None, 1000)), 0);
        assert_eq!(space.take_extent(&extent(Some(1900), 1 << 40)), 100);
    }

    #[test]
    fn what_is_left_over_is_given_in_runs() {
        let mut space = Space::new(0, 1, 300);
        space.allocate(10, 100);
        space.take(10, 40);
        space.take(290, 20);
        let runs = |which| space.runs(which).collect::<Vec<_>>();
        assert_eq!(runs(Which::Lost), [(50, 60)]);
        assert_eq!(runs(Which::Unmarked), [(290, 10)]);
        assert_eq!(runs(Which::Free), [(0, 10), (110, 180)]);
        let between = |first, end| space.runs_in(Which::Lost, first, end).collect::<Vec<_>>();
        assert_eq!(between(0, 60), [(50, 10)]);
        assert_eq!(between(100, 900), [(100, 10)]);
        assert_eq!(between(110, 900), []);
        assert!(space.is_free(110, 180) && !space.is_free(110, 181) && !space.is_free(299, 2));
    }

    #[test]
    fn a_volume_with_more_units_than_are_kept_says_so() {
        let mut space = Space::new(0, 1, UNITS_MAX + 1);
        assert!(space.is_cut());
        assert_eq!(space.take(UNITS_MAX, 1), 0);
        assert!(!Space::new(0, 1, UNITS_MAX).is_cut());
    }
}
