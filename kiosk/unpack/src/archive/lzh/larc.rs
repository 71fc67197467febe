//! LArc's lzs and lz5: copies from a ring by its own places, without codes of Huffman.

use crate::archive::codec::bits::{Bits, Unit};
use crate::archive::codec::{Decoder, Fault, copy};
use crate::budget::Budget;
use crate::bytes::span;

/// lzs: a bit tells literals from copies.
pub(super) struct Lzs<'a> {
    bits: Bits<'a>,
}

impl<'a> Lzs<'a> {
    pub(super) fn new(packed: &'a [u8]) -> Self {
        Self {
            bits: Bits::new(packed, Unit::Byte),
        }
    }
}

impl Decoder for Lzs<'_> {
    fn fill(&mut self, output: &mut Vec<u8>, until: usize, _: &mut Budget) -> Result<(), Fault> {
        const RING: Ring = Ring {
            bytes: 2048,
            begin: 2048 - 17,
        };
        while output.len() < until {
            if self.bits.take(1)? == 1 {
                let byte = self.bits.take(8)?;
                output.push(u8::try_from(byte).unwrap_or_default());
            } else {
                let place = self.bits.take_length(11)?;
                let bytes = self.bits.take_length(4)?.saturating_add(2);
                copy(output, RING.distance(output.len(), place), bytes, |_| b' ');
            }
        }
        Ok(())
    }

    fn taken_bytes(&self) -> usize {
        span(self.bits.taken().div_ceil(8))
    }
}

/// lz5: a byte of flags for eight literals and copies.
pub(super) struct Lz5<'a> {
    packed: &'a [u8],
    at: usize,
    /// The flags that are left, below a bit that tells the end.
    flags: u32,
}

impl<'a> Lz5<'a> {
    pub(super) fn new(packed: &'a [u8]) -> Self {
        Self {
            packed,
            at: 0,
            flags: 1,
        }
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        let byte = self.packed.get(self.at).ok_or(Fault::CutOff)?;
        self.at = self.at.saturating_add(1);
        Ok(*byte)
    }
}

impl Decoder for Lz5<'_> {
    fn fill(&mut self, output: &mut Vec<u8>, until: usize, _: &mut Budget) -> Result<(), Fault> {
        const RING: Ring = Ring {
            bytes: 4096,
            begin: 4096 - 18,
        };
        while output.len() < until {
            if self.flags == 1 {
                self.flags = u32::from(self.byte()?) | 0x100;
            }
            let is_literal = self.flags & 1 == 1;
            self.flags = self.flags.wrapping_shr(1);
            if is_literal {
                let byte = self.byte()?;
                output.push(byte);
                continue;
            }
            let low = usize::from(self.byte()?);
            let high = usize::from(self.byte()?);
            let place = low | (high & 0xf0).wrapping_shl(4);
            let bytes = (high & 0x0f).saturating_add(3);
            let distance = RING.distance(output.len(), place);
            copy(output, distance, bytes, |back| {
                preset(RING.begin.wrapping_sub(back) & RING.mask())
            });
        }
        Ok(())
    }

    fn taken_bytes(&self) -> usize {
        self.at
    }
}

/// A ring that the content is written into from `begin` on.
struct Ring {
    bytes: usize,
    begin: usize,
}

impl Ring {
    fn mask(&self) -> usize {
        self.bytes.saturating_sub(1)
    }

    /// How far back `place` was written last when `written` bytes are.
    fn distance(&self, written: usize, place: usize) -> usize {
        let now = self.begin.wrapping_add(written);
        match now.wrapping_sub(place) & self.mask() {
            0 => self.bytes,
            distance => distance,
        }
    }
}

/// What stands in the ring of lz5 before anything is written: each byte thirteen times, all
/// bytes up and down, zeros, spaces, and zeros.
fn preset(place: usize) -> u8 {
    let low = |number: usize| u8::try_from(number & 0xff).unwrap_or_default();
    match place {
        0..3328 => low(place / 13),
        3328..3584 => low(place),
        3584..3840 => !low(place),
        3968..4078 => b' ',
        _ => 0,
    }
}
