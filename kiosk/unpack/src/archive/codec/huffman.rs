//! Canonical codes of Huffman: shorter ones first, and among those of one length the smaller
//! symbol first.

use super::Fault;
use super::bits::Bits;
use crate::bytes::span;

/// The longest code of any method, in bits.
pub(in crate::archive) const CODE_BITS_MAX: u8 = 16;

/// Codes up to so many bits are looked up at once; the tables stay small enough to be made anew
/// often.
const TABLE_BITS: u8 = 10;

/// One set of codes.
pub(in crate::archive) struct Huffman {
    /// For each beginning of `table_bits`: symbol times 16 plus length; zero is no short code.
    table: Vec<u16>,
    table_bits: u32,
    /// For each length: the first code, how many there are, and where their symbols begin.
    lengths: [(u32, u32, usize); 17],
    /// The symbols in the order of their codes.
    symbols: Vec<u16>,
    /// What every code stands for when there is only one and it takes no bits.
    constant: Option<u16>,
}

impl Huffman {
    /// The one symbol that takes no bits.
    pub(in crate::archive) fn constant(symbol: u16) -> Self {
        Self {
            table: Vec::new(),
            table_bits: 0,
            lengths: [(0, 0, 0); 17],
            symbols: Vec::new(),
            constant: Some(symbol),
        }
    }

    /// The codes for symbols of these lengths; zero is a symbol without a code. Some codes may
    /// stand for nothing.
    ///
    /// # Errors
    /// The lengths contradict each other.
    pub(in crate::archive) fn new(lengths: &[u8]) -> Result<Self, Fault> {
        let mut counts = [0_u32; 17];
        for bits in lengths {
            let count = counts.get_mut(usize::from(*bits)).ok_or(Fault::Malformed)?;
            *count = count.saturating_add(u32::from(*bits != 0));
        }
        let mut made = Self {
            table: Vec::new(),
            table_bits: 0,
            lengths: [(0, 0, 0); 17],
            symbols: vec![0; lengths.len()],
            constant: None,
        };
        let mut longest = 0_u8;
        let mut code = 0_u32;
        let mut place = 0_usize;
        for (bits, (count, of_length)) in (0_u8..).zip(counts.iter().zip(&mut made.lengths)) {
            code = code.checked_shl(1).ok_or(Fault::Malformed)?;
            *of_length = (code, *count, place);
            code = code.saturating_add(*count);
            place = place.saturating_add(span(u64::from(*count)));
            if 1_u32
                .checked_shl(u32::from(bits))
                .is_none_or(|end| end < code)
            {
                return Err(Fault::Malformed);
            }
            if *count != 0 {
                longest = bits;
            }
        }
        made.table_bits = u32::from(longest.min(TABLE_BITS));
        let entries = 1_usize.checked_shl(made.table_bits).unwrap_or(1);
        made.table = vec![0; entries];
        made.place(lengths);
        Ok(made)
    }

    /// Puts every symbol where its code leads to.
    fn place(&mut self, lengths: &[u8]) {
        let mut next = self.lengths;
        for (symbol, bits) in (0_u16..).zip(lengths) {
            if *bits == 0 {
                continue;
            }
            let Some((code, _, place)) = next.get_mut(usize::from(*bits)) else {
                continue;
            };
            if let Some(slot) = self.symbols.get_mut(*place) {
                *slot = symbol;
            }
            if let Some(free) = self.table_bits.checked_sub(u32::from(*bits)) {
                let begin = span(u64::from(code.checked_shl(free).unwrap_or(u32::MAX)));
                let end = begin.saturating_add(1_usize.checked_shl(free).unwrap_or(0));
                let entry = symbol.wrapping_shl(4) | u16::from(*bits);
                if let Some(slots) = self.table.get_mut(begin..end) {
                    slots.fill(entry);
                }
            }
            *code = code.saturating_add(1);
            *place = place.saturating_add(1);
        }
    }

    /// The next symbol.
    ///
    /// # Errors
    /// The next bits are no code, or there are none.
    pub(in crate::archive) fn symbol(&self, bits: &mut Bits<'_>) -> Result<u16, Fault> {
        if let Some(symbol) = self.constant {
            return Ok(symbol);
        }
        let ahead = bits.peek(u32::from(CODE_BITS_MAX));
        let short = span(u64::from(
            ahead.wrapping_shr(u32::from(CODE_BITS_MAX).saturating_sub(self.table_bits)),
        ));
        let entry = self.table.get(short).copied().unwrap_or(0);
        if entry != 0 {
            bits.skip(u32::from(entry & 0xf))?;
            return Ok(entry.wrapping_shr(4));
        }
        let long = (0_u32..)
            .zip(&self.lengths)
            .skip(span(u64::from(self.table_bits)));
        for (length, (first, count, place)) in long {
            let code = ahead.wrapping_shr(u32::from(CODE_BITS_MAX).saturating_sub(length));
            let Some(nth) = code.checked_sub(*first).filter(|nth| nth < count) else {
                continue;
            };
            bits.skip(length)?;
            let place = place.saturating_add(span(u64::from(nth)));
            return self.symbols.get(place).copied().ok_or(Fault::Malformed);
        }
        Err(Fault::Malformed)
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use super::super::bits::Unit;
    use super::*;

    fn symbols(lengths: &[u8], data: &[u8], count: usize) -> Vec<Result<u16, Fault>> {
        let codes = Huffman::new(lengths).ok().unwrap();
        let mut bits = Bits::new(data, Unit::Byte);
        (0..count).map(|_| codes.symbol(&mut bits)).collect()
    }

    #[test]
    fn codes_count_up_by_length_and_symbol() {
        // 0: 10, 1: 0, 2: 110, 3: 111.
        let read = symbols(&[2, 1, 3, 3], &[0b1001_1011, 0b1000_0000], 5);
        assert_eq!(read, [Ok(0), Ok(1), Ok(2), Ok(3), Ok(1)]);
    }

    #[test]
    fn the_longest_codes_are_found() {
        // One code of each length, and two of the longest.
        let mut lengths: Vec<u8> = (1..=CODE_BITS_MAX).collect();
        lengths.push(CODE_BITS_MAX);
        assert_eq!(
            symbols(&lengths, &[0xff, 0xff], 2),
            [Ok(16), Err(Fault::CutOff)]
        );
        assert_eq!(symbols(&lengths, &[0xff, 0xfe], 1), [Ok(15)]);
        assert_eq!(symbols(&lengths, &[0xff, 0xc0], 1), [Ok(10)]);
        assert_eq!(symbols(&lengths, &[0xff, 0x80], 1), [Ok(9)]);
        assert_eq!(lengths.len(), usize::from(CODE_BITS_MAX) + 1);
        const { assert!(TABLE_BITS < CODE_BITS_MAX) }
    }

    #[test]
    fn lengths_that_contradict_each_other_are_malformed() {
        for lengths in [[1, 1, 1].as_slice(), &[17], &[2, 2, 2, 2, 16]] {
            assert_eq!(Huffman::new(lengths).err(), Some(Fault::Malformed));
        }
        // Too few are allowed; what stands for nothing is malformed when it occurs.
        assert_eq!(symbols(&[1, 2], &[0b1100_0000], 1), [Err(Fault::Malformed)]);
        assert_eq!(symbols(&[0, 0], &[0], 1), [Err(Fault::Malformed)]);
        assert_eq!(symbols(&[0, 1], &[0], 1), [Ok(1)]);
        let constant = Huffman::constant(7);
        assert_eq!(constant.symbol(&mut Bits::new(&[], Unit::Byte)), Ok(7));
    }
}
