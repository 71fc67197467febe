//! ARJ's method 4: lengths and distances in codes that grow by a bit at a time.

use crate::archive::codec::bits::{Bits, Unit};
use crate::archive::codec::{Decoder, Fault, copy};
use crate::budget::Budget;
use crate::bytes::span;

/// One member's decoder.
pub(super) struct Fastest<'a> {
    bits: Bits<'a>,
}

impl<'a> Fastest<'a> {
    pub(super) fn new(packed: &'a [u8]) -> Self {
        Self {
            bits: Bits::new(packed, Unit::Byte),
        }
    }

    /// Ones up to a zero or `width_max` tell the width of what follows; each width goes on
    /// where the one before ends.
    fn number(&mut self, width_min: u32, width_max: u32) -> Result<usize, Fault> {
        let most = width_max.saturating_sub(width_min);
        let ahead = self.bits.peek(most);
        let ones = ahead
            .wrapping_shl(u32::BITS.saturating_sub(most))
            .leading_ones()
            .min(most);
        self.bits.skip(ones.saturating_add(1).min(most))?;
        // All widths below this one: 2^min + 2^(min+1) and so on.
        let width = width_min.saturating_add(ones);
        let power = |bits: u32| 1_usize.checked_shl(bits).unwrap_or(0);
        let base = power(width).saturating_sub(power(width_min));
        Ok(base.saturating_add(self.bits.take_length(width)?))
    }
}

impl Decoder for Fastest<'_> {
    fn fill(&mut self, output: &mut Vec<u8>, until: usize, _: &mut Budget) -> Result<(), Fault> {
        while output.len() < until {
            let length = self.number(0, 7)?;
            if length == 0 {
                let byte = self.bits.take(8)?;
                output.push(u8::try_from(byte).unwrap_or_default());
                continue;
            }
            let distance = self.number(9, 13)?.saturating_add(1);
            copy(output, distance, length.saturating_add(2), |_| 0);
        }
        Ok(())
    }

    fn taken_bytes(&self) -> usize {
        span(self.bits.taken().div_ceil(8))
    }
}
