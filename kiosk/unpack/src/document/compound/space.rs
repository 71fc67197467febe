//! A space of numbered units of one size, and the chains of units in it.
//!
//! A compound file has two: its sectors, and the small sectors in the stream of its root.

use std::ops::Range;

/// Behind the last number of a unit: what stands in a table from here on says something else.
const UNIT_END: u32 = 0xffff_fffa;
/// The unit is the last of its chain.
pub(super) const LAST: u32 = 0xffff_fffe;
/// The unit is in no chain.
pub(super) const FREE: u32 = 0xffff_ffff;

/// Who owns a unit: nobody so far.
const NOBODY: u32 = 0;
/// The file's own tables.
pub(super) const TABLES: u32 = 1;
/// A chain that no stream owns.
const LOST: u32 = 2;
/// Nobody who takes anything: the chain is read ahead of its time.
pub(super) const READER: u32 = 3;
/// The first number of an owner for entries of the directory.
const ENTRIES: u32 = 16;

/// The owner that an entry of the directory is.
pub(super) fn owner_of(entry: usize) -> u32 {
    u32::try_from(entry)
        .unwrap_or(u32::MAX)
        .saturating_add(ENTRIES)
}

/// Where the units of a space lie in the content.
pub(super) enum Place {
    /// One behind the other, behind a header of one unit.
    Sectors,
    /// In sectors of this size, which begin at these places.
    Within {
        sector_bytes: usize,
        begins: Vec<usize>,
    },
}

/// All units with what the table says about each.
pub(super) struct Space {
    pub(super) unit_bytes: usize,
    /// How many units there are in the content.
    pub(super) units: usize,
    /// What stands in the table about each unit, at most as long as there are units.
    pub(super) next: Vec<u32>,
    owner: Vec<u32>,
    place: Place,
    content_bytes: usize,
}

/// Where a chain leads.
#[derive(Default)]
pub(super) struct Chain {
    /// Its bytes in the content, in order; neighbours are joined.
    pub(super) ranges: Vec<Range<usize>>,
    /// The unused rest of its last unit.
    pub(super) slack: Range<usize>,
    /// Why it is shorter than it should be.
    pub(super) fault: Option<&'static str>,
    /// Whether any of its units belongs to another chain as well.
    pub(super) is_shared: bool,
}

impl Space {
    pub(super) fn new(unit_bytes: usize, units: usize, place: Place, content_bytes: usize) -> Self {
        Self {
            unit_bytes,
            units,
            next: Vec::new(),
            owner: vec![NOBODY; units],
            place,
            content_bytes,
        }
    }

    /// Where a unit lies; cut off at the end of the content.
    pub(super) fn range(&self, unit: usize) -> Range<usize> {
        let begin = match &self.place {
            Place::Sectors => unit.saturating_add(1).saturating_mul(self.unit_bytes),
            Place::Within {
                sector_bytes,
                begins,
            } => {
                let at = unit.saturating_mul(self.unit_bytes);
                let sector = at.checked_div(*sector_bytes).unwrap_or(usize::MAX);
                let within = at.checked_rem(*sector_bytes).unwrap_or(0);
                let begin = begins.get(sector).copied();
                begin.map_or(self.content_bytes, |begin| begin.saturating_add(within))
            }
        };
        let end = begin.saturating_add(self.unit_bytes);
        begin.min(self.content_bytes)..end.min(self.content_bytes)
    }

    /// What the table says about a unit; free when it says nothing.
    fn entry(&self, unit: usize) -> u32 {
        self.next.get(unit).copied().unwrap_or(FREE)
    }

    /// The number of a unit that exists.
    pub(super) fn unit(&self, number: u32) -> Option<usize> {
        let unit = usize::try_from(number).ok()?;
        (number < UNIT_END && unit < self.units).then_some(unit)
    }

    /// Takes a unit that nobody owns.
    pub(super) fn take(&mut self, unit: usize, owner: u32) -> bool {
        match self.owner.get_mut(unit) {
            Some(own) if *own == NOBODY => {
                *own = owner;
                true
            }
            Some(_) | None => false,
        }
    }

    /// Follows a chain for `bytes`; without a number, to its end.
    ///
    /// A chain that comes back to itself ends there, so that no chain is longer than the space.
    pub(super) fn follow(&mut self, start: u32, bytes: Option<usize>, owner: u32) -> Chain {
        let mut chain = Chain::default();
        let mut left = bytes.unwrap_or(usize::MAX);
        let mut number = start;
        for steps in 0..=self.units {
            let is_nothing = steps == 0 && number == FREE;
            if left == 0 || (bytes.is_none() && (number == LAST || is_nothing)) {
                break;
            }
            if number == LAST {
                chain.fault = Some("chain of sectors is shorter than the stream");
                break;
            }
            let Some(unit) = self.unit(number) else {
                chain.fault = Some("chain of sectors leads out of the file");
                break;
            };
            match self.owner.get_mut(unit) {
                Some(own) if *own == owner || steps == self.units => {
                    chain.fault = Some("chain of sectors is a loop");
                    break;
                }
                Some(own) if owner != READER => {
                    chain.is_shared |= *own != NOBODY;
                    *own = owner;
                }
                Some(_) | None => {}
            }
            let range = self.range(unit);
            let wanted = self.unit_bytes.min(left);
            let end = range.begin_plus(wanted);
            chain.slack = end..range.end;
            chain.push(range.start..end);
            if range.len() < wanted {
                chain.fault = Some("sector is cut off");
                break;
            }
            left = left.saturating_sub(wanted);
            number = self.entry(unit);
        }
        chain
    }

    /// The chains that nobody owns so far. Units that are in no chain are left.
    pub(super) fn lost_chains(&mut self) -> Vec<Chain> {
        let mut has_before = vec![false; self.units];
        for unit in 0..self.units {
            if self.is_lost(unit)
                && let Some(next) = self.unit(self.entry(unit))
                && next != unit
                && let Some(mark) = has_before.get_mut(next)
            {
                *mark = true;
            }
        }
        let mut chains = Vec::new();
        // First from where chains begin; what is left are loops.
        for is_begin in [true, false] {
            for unit in 0..self.units {
                let begins = has_before.get(unit) == Some(&false);
                if self.is_lost(unit) && (begins || !is_begin) {
                    chains.push(self.take_lost(unit));
                }
            }
        }
        chains
    }

    fn is_lost(&self, unit: usize) -> bool {
        self.owner.get(unit) == Some(&NOBODY) && self.entry(unit) != FREE
    }

    fn take_lost(&mut self, begin: usize) -> Chain {
        let mut chain = Chain::default();
        let mut unit = Some(begin);
        while let Some(one) = unit.filter(|one| self.is_lost(*one)) {
            self.take(one, LOST);
            let range = self.range(one);
            chain.push(range);
            unit = self.unit(self.entry(one));
        }
        chain
    }

    /// Stretches of units that nobody owns.
    pub(super) fn unowned(&self) -> Vec<Range<usize>> {
        let mut chain = Chain::default();
        let owners = self.owner.iter().enumerate();
        for (unit, _) in owners.filter(|(_, owner)| **owner == NOBODY) {
            chain.push(self.range(unit));
        }
        chain.ranges
    }
}

impl Chain {
    fn push(&mut self, range: Range<usize>) {
        match self.ranges.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            Some(_) | None if range.is_empty() => {}
            Some(_) | None => self.ranges.push(range),
        }
    }
}

/// Counting from the beginning of a range.
trait FromBegin {
    /// At most `bytes` behind its beginning.
    fn begin_plus(&self, bytes: usize) -> usize;
}

impl FromBegin for Range<usize> {
    fn begin_plus(&self, bytes: usize) -> usize {
        self.start.saturating_add(bytes).min(self.end)
    }
}
