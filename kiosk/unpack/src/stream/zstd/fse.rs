//! Finite state entropy codes (RFC 8878, 4.1).

use super::reverse::Reverse;

/// What a state stands for, and how the next one is found.
#[derive(Clone, Copy, Default)]
struct Entry {
    symbol: u8,
    bits: u8,
    base: u16,
}

/// One code: an entry for each state.
#[derive(Clone)]
pub(super) struct Table {
    bits: u32,
    entries: Vec<Entry>,
}

impl Table {
    /// The code of one symbol that takes no bits.
    pub(super) fn of_one(symbol: u8) -> Self {
        Self {
            bits: 0,
            entries: vec![Entry {
                symbol,
                ..Entry::default()
            }],
        }
    }

    /// The code of `1 << bits` states in which symbol `n` has `shares[n]` of them; -1 is less
    /// than one.
    pub(super) fn new(bits: u32, shares: &[i16]) -> Option<Self> {
        let size = 1_usize.checked_shl(bits)?;
        let mut symbols = vec![0_u8; size];
        let mut next = Vec::new();
        let mut high = size;
        for (symbol, share) in shares.iter().enumerate() {
            next.push(u32::from(share.unsigned_abs()));
            if *share == -1 {
                high = high.checked_sub(1)?;
                *symbols.get_mut(high)? = u8::try_from(symbol).ok()?;
            }
        }
        let step = (size >> 1).checked_add(size >> 3)?.checked_add(3)?;
        let mask = size.checked_sub(1)?;
        let mut at = 0;
        for (symbol, share) in shares.iter().enumerate() {
            for _ in 0..*share {
                *symbols.get_mut(at)? = u8::try_from(symbol).ok()?;
                at = at.wrapping_add(step) & mask;
                // The places above are taken. There are few of them, so this ends.
                while high <= at {
                    at = at.wrapping_add(step) & mask;
                }
            }
        }
        let mut entries = Vec::new();
        for symbol in symbols {
            let next = next.get_mut(usize::from(symbol))?;
            let width = bits.checked_sub(next.checked_ilog2()?)?;
            let base = next.checked_shl(width)?.checked_sub(1 << bits)?;
            entries.push(Entry {
                symbol,
                bits: u8::try_from(width).ok()?,
                base: u16::try_from(base).ok()?,
            });
            *next = next.checked_add(1)?;
        }
        (at == 0).then_some(Self { bits, entries })
    }

    /// Reads a code's description: at most `1 << bits_max` states and `symbols_max` symbols. The
    /// number is its length in bytes.
    pub(super) fn read(content: &[u8], bits_max: u32, symbols_max: usize) -> Option<(Self, usize)> {
        let mut forward = Forward { content, at: 0 };
        let bits = forward.take(4)?.checked_add(5)?;
        if bits_max < bits {
            return None;
        }
        let mut left: u32 = 1 << bits;
        let mut shares: Vec<i16> = Vec::new();
        while 0 < left && shares.len() < symbols_max {
            // The number is between 0 and `left + 1`; the lower ones take one bit less.
            let values = left.checked_add(1)?;
            let width = values.checked_ilog2()?;
            let short = (2_u32 << width).checked_sub(values)?.checked_sub(1)?;
            let mut value = forward.take(width)?;
            if short <= value && forward.take(1)? == 1 {
                let high = value.checked_add(1 << width)?;
                value = high.checked_sub(short)?;
            }
            let share = i16::try_from(value).ok()?.checked_sub(1)?;
            left = left.checked_sub(u32::from(share.unsigned_abs()))?;
            shares.push(share);
            if share == 0 {
                loop {
                    let repeats = forward.take(2)?;
                    let length = shares.len().checked_add(usize::try_from(repeats).ok()?)?;
                    if symbols_max < length {
                        return None;
                    }
                    shares.resize(length, 0);
                    if repeats < 3 {
                        break;
                    }
                }
            }
        }
        if left != 0 || symbols_max < shares.len() {
            return None;
        }
        let bytes = forward.at.div_ceil(8);
        Some((Self::new(bits, &shares)?, bytes))
    }
}

/// Bits from the least significant one on.
struct Forward<'a> {
    content: &'a [u8],
    at: usize,
}

impl Forward<'_> {
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value: u32 = 0;
        for place in 0..count {
            let byte = *self.content.get(self.at / 8)?;
            let bit = u32::from(byte).checked_shr(u32::try_from(self.at % 8).ok()?)? & 1;
            value |= bit.checked_shl(place)?;
            self.at = self.at.checked_add(1)?;
        }
        Some(value)
    }
}

/// A code being read.
pub(super) struct State<'t> {
    table: &'t Table,
    entry: Entry,
}

impl<'t> State<'t> {
    pub(super) fn new(table: &'t Table, bits: &mut Reverse<'_>) -> Option<Self> {
        let state = bits.take(table.bits);
        let entry = *table.entries.get(usize::try_from(state).ok()?)?;
        Some(Self { table, entry })
    }

    pub(super) fn symbol(&self) -> u8 {
        self.entry.symbol
    }

    /// Goes to the next state.
    pub(super) fn step(&mut self, bits: &mut Reverse<'_>) -> Option<()> {
        let more = bits.take(u32::from(self.entry.bits));
        let state = u32::from(self.entry.base).checked_add(more)?;
        self.entry = *self.table.entries.get(usize::try_from(state).ok()?)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_that_are_not_all_states_are_refused() {
        assert!(Table::new(5, &[16, 16]).is_some());
        assert!(Table::new(5, &[31, -1]).is_some());
        assert!(Table::new(5, &[16, 15]).is_none());
        assert!(Table::new(5, &[16, 17]).is_none());
        assert!(Table::new(5, &[-1; 33]).is_none());
    }

    #[test]
    fn a_description_that_is_too_long_or_too_wide_is_refused() {
        // Five bits of states; the first symbol has all of them.
        let one = [0b1111_0000, 0b0000_0011];
        assert!(Table::read(&one, 5, 1).is_some());
        assert!(Table::read(&one, 4, 1).is_none());
        assert!(Table::read(&one[..1], 5, 1).is_none());
        assert!(Table::read(&[0x10, 0, 0, 0, 0, 0, 0, 0], 6, 255).is_none());
        // Zeros are one share of less than a state for each of the 32 states.
        assert!(Table::read(&[0; 400], 6, 32).is_some());
        assert!(Table::read(&[0; 400], 6, 31).is_none());
    }
}
