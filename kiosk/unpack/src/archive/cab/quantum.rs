//! Quantum: an arithmetic code whose models change with every symbol (Russotto, "The Quantum
//! compression format").

use super::folder::BLOCK_BYTES_MAX;
use crate::archive::codec::bits::{Bits, Unit};
use crate::archive::codec::{COPY_BYTES_MAX, Fault, copy};
use crate::bytes::{rest, span};

/// What a symbol's count grows by, and the sum of counts at which they are halved.
const COUNT_STEP: u16 = 8;
const COUNT_SUM_MAX: u16 = 3_800;

/// How often counts are halved before symbols are sorted, at first and later.
const HALVINGS_AT_FIRST: u32 = 4;
const HALVINGS: u32 = 50;

/// What writers leave at the end of a block, in bytes: zeros.
pub(super) const FILLING_BYTES_MAX: usize = 4;

/// The state that goes on from block to block.
pub(super) struct Quantum {
    window_bytes: usize,
    history: Vec<u8>,
    /// What comes: one of four kinds of literals, or of three kinds of copies.
    selector: Model,
    literals: [Model; 4],
    /// Distances of copies of three, of four, and of more bytes; lengths of the last.
    distances: [Model; 3],
    lengths: Model,
}

impl Quantum {
    pub(super) fn new(window_bits: u32) -> Self {
        let classes = u16::try_from(window_bits.saturating_mul(2)).unwrap_or_default();
        Self {
            window_bytes: 1_usize.checked_shl(window_bits).unwrap_or(0),
            history: Vec::new(),
            selector: Model::new(0, 7),
            literals: [0, 64, 128, 192].map(|first| Model::new(first, 64)),
            distances: [24, 36, 42].map(|most: u16| Model::new(0, most.min(classes))),
            lengths: Model::new(0, 27),
        }
    }

    /// The content of a block, and whether all of its data is used.
    pub(super) fn unpack(&mut self, data: &[u8], bytes: usize) -> Result<(Vec<u8>, bool), Fault> {
        let old = self.history.len().saturating_sub(self.window_bytes);
        if self.window_bytes.max(BLOCK_BYTES_MAX) < old {
            self.history.drain(..old);
        }
        let wanted = bytes.saturating_add(COPY_BYTES_MAX);
        if self.history.try_reserve(wanted).is_err() {
            return Err(Fault::Limit("not enough memory"));
        }
        let begin = self.history.len();
        let until = begin.saturating_add(bytes);
        let mut coder = Coder::new(data)?;
        while self.history.len() < until {
            self.symbol(&mut coder)?;
        }
        if until < self.history.len() {
            return Err(Fault::Malformed);
        }
        let used = span(coder.bits.taken().div_ceil(8));
        let is_used_up = data.len() <= used.saturating_add(FILLING_BYTES_MAX);
        Ok((rest(&self.history, begin, bytes).to_vec(), is_used_up))
    }

    /// One literal or copy.
    fn symbol(&mut self, coder: &mut Coder<'_>) -> Result<(), Fault> {
        let selected = usize::from(coder.symbol(&mut self.selector)?);
        if let Some(literals) = self.literals.get_mut(selected) {
            let literal = coder.symbol(literals)?;
            self.history.push(u8::try_from(literal).unwrap_or_default());
            return Ok(());
        }
        let kind = selected.saturating_sub(self.literals.len());
        let bytes = match kind {
            2 => {
                let class = coder.symbol(&mut self.lengths)?;
                let (base, extra) = length_class(class);
                base.saturating_add(coder.extra(extra)?).saturating_add(5)
            }
            shorter => u32::try_from(shorter).unwrap_or_default().saturating_add(3),
        };
        let distances = self.distances.get_mut(kind).ok_or(Fault::Malformed)?;
        let class = coder.symbol(distances)?;
        let (base, extra) = distance_class(class);
        let distance = base.saturating_add(coder.extra(extra)?).saturating_add(1);
        let distance = span(u64::from(distance));
        if self.history.len().min(self.window_bytes) < distance {
            return Err(Fault::Malformed);
        }
        let bytes = span(u64::from(bytes));
        copy(&mut self.history, distance, bytes, |_| 0);
        Ok(())
    }
}

/// The smallest number of a class of distances, and how many bits follow: two classes for each
/// number of bits.
fn distance_class(class: u16) -> (u32, u32) {
    let class = u32::from(class);
    match class {
        0..4 => (class, 0),
        _ => {
            let extra = (class / 2).saturating_sub(1);
            ((2 | (class & 1)).wrapping_shl(extra), extra)
        }
    }
}

/// The same of lengths: four classes for each number of bits, and a last one for the longest.
fn length_class(class: u16) -> (u32, u32) {
    let class = u32::from(class);
    match class {
        0..6 => (class, 0),
        26.. => (254, 0),
        _ => {
            let nth = class.saturating_sub(2);
            let extra = nth / 4;
            let base = (4 | (nth & 3)).wrapping_shl(extra).saturating_sub(2);
            (base, extra)
        }
    }
}

/// Symbols with counts that add up from the end.
struct Model {
    /// Symbol and sum of its own count and all behind it; one more without a count ends it.
    entries: Vec<(u16, u16)>,
    halvings: u32,
}

impl Model {
    fn new(first: u16, symbols: u16) -> Self {
        let entry = |nth: u16| (first.saturating_add(nth), symbols.saturating_sub(nth));
        Self {
            entries: (0..=symbols).map(entry).collect(),
            halvings: HALVINGS_AT_FIRST,
        }
    }

    fn sum(&self, at: usize) -> u16 {
        self.entries.get(at).map_or(0, |(_, sum)| *sum)
    }

    fn total(&self) -> u16 {
        self.sum(0)
    }

    /// Counts the symbol at `at` once more.
    fn count(&mut self, at: usize) {
        for (_, sum) in self.entries.iter_mut().take(at.saturating_add(1)) {
            *sum = sum.saturating_add(COUNT_STEP);
        }
        if COUNT_SUM_MAX < self.total() {
            self.shrink();
        }
    }

    /// Halves all counts, and sorts the symbols from time to time.
    fn shrink(&mut self) {
        self.halvings = self.halvings.saturating_sub(1);
        if self.halvings != 0 {
            let mut behind = 0;
            for (_, sum) in self.entries.iter_mut().rev().skip(1) {
                // Each keeps a count of one at least.
                *sum = (*sum / 2).max(u16::saturating_add(behind, 1));
                behind = *sum;
            }
            return;
        }
        self.halvings = HALVINGS;
        let sums: Vec<u16> = self.entries.iter().skip(1).map(|(_, sum)| *sum).collect();
        for ((_, sum), behind) in self.entries.iter_mut().zip(sums) {
            *sum = sum.saturating_sub(behind).saturating_add(1) / 2;
        }
        let symbols = self.entries.len().saturating_sub(1);
        if let Some(entries) = self.entries.get_mut(..symbols) {
            sort(entries);
        }
        let mut behind: u16 = 0;
        for (_, sum) in self.entries.iter_mut().rev().skip(1) {
            *sum = sum.saturating_add(behind);
            behind = *sum;
        }
    }
}

/// Sorts by count, the greatest first, by exchanging: where symbols of one count end up depends
/// on how they are sorted.
fn sort(entries: &mut [(u16, u16)]) {
    for begin in 0..entries.len() {
        for other in begin.saturating_add(1)..entries.len() {
            let counts = entries.get(begin).zip(entries.get(other));
            if counts.is_some_and(|((_, first), (_, second))| first < second) {
                entries.swap(begin, other);
            }
        }
    }
}

/// The arithmetic code of one block.
struct Coder<'a> {
    bits: Bits<'a>,
    low: u32,
    high: u32,
    code: u32,
}

impl<'a> Coder<'a> {
    fn new(data: &'a [u8]) -> Result<Self, Fault> {
        let mut bits = Bits::new(data, Unit::Byte);
        let code = bits.take(16)?;
        Ok(Self {
            bits,
            low: 0,
            high: 0xffff,
            code,
        })
    }

    fn extra(&mut self, bits: u32) -> Result<u32, Fault> {
        self.bits.take(bits)
    }

    fn symbol(&mut self, model: &mut Model) -> Result<u16, Fault> {
        let range = (self.high.wrapping_sub(self.low) & 0xffff).saturating_add(1);
        let total = u32::from(model.total());
        let place = (self.code.wrapping_sub(self.low) & 0xffff).saturating_add(1);
        let wanted = place
            .saturating_mul(total)
            .saturating_sub(1)
            .checked_div(range)
            .ok_or(Fault::Malformed)?;
        let behind = model
            .entries
            .iter()
            .skip(1)
            .position(|(_, sum)| u32::from(*sum) <= wanted)
            .ok_or(Fault::Malformed)?;
        let (symbol, sum) = *model.entries.get(behind).ok_or(Fault::Malformed)?;
        let sum_behind = u32::from(model.sum(behind.saturating_add(1)));
        let part = |sum: u32| {
            let part = range.saturating_mul(sum).checked_div(total);
            part.ok_or(Fault::Malformed)
        };
        self.high = self
            .low
            .saturating_add(part(u32::from(sum))?)
            .wrapping_sub(1)
            & 0xffff;
        self.low = self.low.saturating_add(part(sum_behind)?) & 0xffff;
        model.count(behind);
        self.shift()?;
        Ok(symbol)
    }

    /// Drops the bits that low and high have in common, and one where they only just differ.
    fn shift(&mut self) -> Result<(), Fault> {
        loop {
            if (self.low ^ self.high) & 0x8000 != 0 {
                if self.low & 0x4000 == 0 || self.high & 0x4000 != 0 {
                    return Ok(());
                }
                self.code ^= 0x4000;
                self.low &= 0x3fff;
                self.high |= 0x4000;
            }
            self.low = self.low.wrapping_shl(1) & 0xffff;
            self.high = (self.high.wrapping_shl(1) | 1) & 0xffff;
            self.code = (self.code.wrapping_shl(1) | self.bits.take(1)?) & 0xffff;
        }
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
pub(super) use testing::Encoder;
