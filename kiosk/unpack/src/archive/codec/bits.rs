//! Bits, the highest of each byte or word first.

use super::Fault;
use crate::bytes::{length, span};

/// In what units the bits are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::archive) enum Unit {
    /// Bytes.
    Byte,
    /// Words of 16 bits whose lower byte comes first.
    Word,
}

/// The bits of a slice.
pub(in crate::archive) struct Bits<'a> {
    data: &'a [u8],
    unit: Unit,
    /// How many bytes are in `hold` or were.
    at: usize,
    /// The next bits, from the highest down.
    hold: u64,
    /// How many of them there are.
    count: u32,
}

impl<'a> Bits<'a> {
    pub(in crate::archive) fn new(data: &'a [u8], unit: Unit) -> Self {
        Self {
            data,
            unit,
            at: 0,
            hold: 0,
            count: 0,
        }
    }

    /// The next `bits` without taking them, at most 32; zeros behind the end.
    pub(in crate::archive) fn peek(&mut self, bits: u32) -> u32 {
        if self.count < bits {
            self.load();
        }
        let shifted = self.hold.checked_shr(64_u32.saturating_sub(bits));
        u32::try_from(shifted.unwrap_or(0)).unwrap_or(u32::MAX)
    }

    /// Takes `bits`, at most 32.
    ///
    /// # Errors
    /// There are not so many.
    pub(in crate::archive) fn skip(&mut self, bits: u32) -> Result<(), Fault> {
        if self.count < bits {
            self.load();
        }
        self.count = self.count.checked_sub(bits).ok_or(Fault::CutOff)?;
        self.hold = self.hold.checked_shl(bits).unwrap_or(0);
        Ok(())
    }

    /// The next `bits`, at most 32.
    ///
    /// # Errors
    /// There are not so many.
    pub(in crate::archive) fn take(&mut self, bits: u32) -> Result<u32, Fault> {
        let value = self.peek(bits);
        self.skip(bits)?;
        Ok(value)
    }

    /// The same as a length.
    ///
    /// # Errors
    /// There are not so many.
    pub(in crate::archive) fn take_length(&mut self, bits: u32) -> Result<usize, Fault> {
        Ok(span(u64::from(self.take(bits)?)))
    }

    /// How many bits were taken.
    pub(in crate::archive) fn taken(&self) -> u64 {
        let loaded = length(self.at).saturating_mul(8);
        loaded.saturating_sub(u64::from(self.count))
    }

    /// Goes to a byte of the data.
    pub(in crate::archive) fn seek(&mut self, at: usize) {
        self.at = at.min(self.data.len());
        self.hold = 0;
        self.count = 0;
    }

    /// Fills `hold` up.
    fn load(&mut self) {
        while self.count <= 48 {
            let unit = match self.unit {
                Unit::Byte => self.data.get(self.at).map(|byte| (u64::from(*byte), 8, 1)),
                Unit::Word => {
                    crate::bytes::u16_at(self.data, self.at).map(|word| (u64::from(word), 16, 2))
                }
            };
            let Some((value, bits, bytes)) = unit else {
                return;
            };
            let place = 64_u32.saturating_sub(self.count).saturating_sub(bits);
            self.hold |= value.checked_shl(place).unwrap_or(0);
            self.count = self.count.saturating_add(bits);
            self.at = self.at.saturating_add(bytes);
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use super::*;

    #[test]
    fn bits_come_from_the_highest_down_and_end() {
        let mut bits = Bits::new(
            &[0b1010_0101, 0xff, 0, 0x12, 0x34, 0x56, 0x78, 0x9a],
            Unit::Byte,
        );
        assert_eq!(bits.take(0), Ok(0));
        assert_eq!(bits.take(3), Ok(0b101));
        assert_eq!(bits.peek(5), 0b0_0101);
        assert_eq!(bits.take(13), Ok(0b0_0101_1111_1111));
        assert_eq!(bits.take(32), Ok(0x0012_3456));
        assert_eq!(bits.taken(), 48);
        assert_eq!(bits.peek(32), 0x789a_0000);
        assert_eq!(bits.take(17), Err(Fault::CutOff));
        assert_eq!(bits.take(16), Ok(0x789a));
        assert_eq!(bits.skip(1), Err(Fault::CutOff));
    }

    #[test]
    fn words_come_with_their_higher_byte_first_and_whole() {
        let mut bits = Bits::new(&[0x34, 0x12, 0x78, 0x56, 0x9a], Unit::Word);
        assert_eq!(bits.take(20), Ok(0x12345));
        assert_eq!(bits.taken(), 20);
        assert_eq!(bits.take(12), Ok(0x678));
        assert_eq!(bits.take(1), Err(Fault::CutOff));
        bits.seek(2);
        assert_eq!(bits.take(16), Ok(0x5678));
        bits.seek(99);
        assert_eq!(bits.take(1), Err(Fault::CutOff));
    }
}
