//! Bits of a slice, most significant first, and the codes that are written with them.

/// Reads bits; past the end there are none.
pub(crate) struct Bits<'a> {
    content: &'a [u8],
    at: usize,
    /// The last `count` bits are not taken yet.
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(content: &'a [u8]) -> Self {
        Self {
            content,
            at: 0,
            held: 0,
            count: 0,
        }
    }

    /// The next `count` bits, at most 32, as a number.
    pub(crate) fn take(&mut self, count: u32) -> Option<u32> {
        self.fill();
        self.count = self.count.checked_sub(count)?;
        let mask = 1_u64.checked_shl(count)?.checked_sub(1)?;
        u32::try_from(self.held.checked_shr(self.count)? & mask).ok()
    }

    /// The next [`CODE_BITS`] bits without taking them; zeros stand for what is past the end.
    fn peek(&mut self) -> u32 {
        self.fill();
        let shifted = match self.count.checked_sub(CODE_BITS) {
            Some(behind) => self.held.wrapping_shr(behind),
            None => self.held.wrapping_shl(CODE_BITS.saturating_sub(self.count)),
        };
        u32::try_from(shifted & u64::from(CODE_END.wrapping_sub(1))).unwrap_or_default()
    }

    fn skip(&mut self, count: u32) -> Option<()> {
        self.count = self.count.checked_sub(count)?;
        Some(())
    }

    fn fill(&mut self) {
        while self.count <= 56 {
            let Some(byte) = self.content.get(self.at) else {
                return;
            };
            self.held = self.held << 8 | u64::from(*byte);
            self.at = self.at.saturating_add(1);
            self.count = self.count.saturating_add(8);
        }
    }

    /// How many bytes at least one bit was taken from.
    pub(crate) fn consumed(&self) -> usize {
        let whole = usize::try_from(self.count / 8).unwrap_or_default();
        self.at.saturating_sub(whole)
    }

    /// Leaves out what is left of the current byte.
    pub(crate) fn align(&mut self) {
        self.count = self.count.saturating_sub(self.count % 8);
    }
}

/// The longest code there is, in bits.
const CODE_BITS: u32 = 20;
const CODE_END: u32 = 1 << CODE_BITS;

/// A prefix code whose codes count up with their length, and with the symbol within a length.
pub(crate) struct Code {
    /// Of each length from 1 on: where its codes end, with all bits of [`CODE_BITS`], and what
    /// to add to a code to have its place among the symbols.
    lengths: Vec<Length>,
    symbols: Vec<u16>,
}

struct Length {
    bits: u32,
    end: u32,
    first: u32,
    symbols_before: usize,
}

impl Code {
    /// The code whose symbol `n` has a code of `lengths[n]` bits; 0 is a symbol without a code.
    /// `None` when there are more codes than fit, or none, or one is too long.
    pub(crate) fn new(lengths: &[u8]) -> Option<Self> {
        let mut symbols = Vec::new();
        let mut of_lengths = Vec::new();
        let mut end: u32 = 0;
        for bits in 1..=CODE_BITS {
            let symbols_before = symbols.len();
            let first = end;
            let step = CODE_END.checked_shr(bits)?;
            for (symbol, length) in lengths.iter().enumerate() {
                if u32::from(*length) == bits {
                    symbols.push(u16::try_from(symbol).ok()?);
                    end = end.checked_add(step)?;
                }
            }
            if end != first {
                of_lengths.push(Length {
                    bits,
                    end,
                    first,
                    symbols_before,
                });
            }
        }
        let are_all = symbols.len() == lengths.iter().filter(|length| **length != 0).count();
        (are_all && !symbols.is_empty() && end <= CODE_END).then_some(Self {
            lengths: of_lengths,
            symbols,
        })
    }

    /// The next symbol; `None` at the end and for a code that stands for nothing.
    pub(crate) fn read(&self, bits: &mut Bits<'_>) -> Option<u16> {
        let ahead = bits.peek();
        let length = self.lengths.iter().find(|length| ahead < length.end)?;
        bits.skip(length.bits)?;
        let place = ahead
            .wrapping_sub(length.first)
            .wrapping_shr(CODE_BITS.wrapping_sub(length.bits));
        let place = length
            .symbols_before
            .checked_add(usize::try_from(place).ok()?)?;
        self.symbols.get(place).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_in_order_and_end() {
        let mut bits = Bits::new(&[0b1010_0101, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x81]);
        assert_eq!((bits.take(3), bits.take(5)), (Some(0b101), Some(0b00101)));
        assert_eq!((bits.take(1), bits.consumed()), (Some(1), 2));
        bits.align();
        assert_eq!((bits.take(32), bits.take(24)), (Some(0), Some(0)));
        assert_eq!((bits.take(8), bits.take(1)), (Some(0x81), None));
        assert_eq!(bits.consumed(), 10);
    }

    #[test]
    fn codes_count_up_with_their_length() {
        // 0 is the code of symbol 2, 10 of symbol 0, 110 of 1, 111 of 3.
        let code = Code::new(&[2, 3, 1, 3]).unwrap();
        let mut bits = Bits::new(&[0b0101_1011, 0b1000_0000]);
        let symbols: Vec<_> = (0..4).filter_map(|_| code.read(&mut bits)).collect();
        assert_eq!(symbols, [2, 0, 1, 3]);
    }

    #[test]
    fn codes_that_do_not_fit_are_refused_and_codes_for_nothing_end() {
        assert!(Code::new(&[1, 1, 1]).is_none());
        assert!(Code::new(&[0, 0]).is_none());
        assert!(Code::new(&[21]).is_none());
        assert!(Code::new(&[20; 2]).is_some());
        let code = Code::new(&[2]).unwrap();
        assert_eq!(code.read(&mut Bits::new(&[0x20])), Some(0));
        assert_eq!(code.read(&mut Bits::new(&[0x40])), None);
        assert_eq!(code.read(&mut Bits::new(&[])), None);
    }
}
