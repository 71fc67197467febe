//! The method of ar002, LHA's lh4 to lh7 and ARJ's 1 to 3: blocks with codes of their own for
//! literals and lengths, and for distances (Okumura, "Data Compression Algorithms of
//! LARC and LHarc").

use super::bits::{Bits, Unit};
use super::huffman::Huffman;
use super::{CODES_COST_BYTES, Decoder, Fault, copy};
use crate::budget::Budget;
use crate::bytes::span;

/// The first symbol that is not a literal, and the shortest copy.
const LENGTHS_FROM: u16 = 256;
const COPY_BYTES_MIN: usize = 3;

/// Literals, and lengths up to 256.
const LITERALS: usize = 510;

/// How many lengths of the codes for lengths there may be; after the third stands a run.
const LENGTH_CODES: usize = 19;
const RUN_AFTER: usize = 3;

/// One member's decoder.
pub(in crate::archive) struct Blocks<'a> {
    bits: Bits<'a>,
    /// How many bits tell the number of codes for distances.
    distance_bits: u32,
    /// What lies before the content.
    before: u8,
    literals: Huffman,
    distances: Huffman,
    /// How many symbols of the block are left.
    left: u32,
}

impl<'a> Blocks<'a> {
    pub(in crate::archive) fn new(packed: &'a [u8], distance_bits: u32, before: u8) -> Self {
        Self {
            bits: Bits::new(packed, Unit::Byte),
            distance_bits,
            before,
            literals: Huffman::constant(0),
            distances: Huffman::constant(0),
            left: 0,
        }
    }

    fn begin_block(&mut self) -> Result<(), Fault> {
        self.left = self.bits.take(16)?;
        if self.left == 0 {
            return Err(Fault::Malformed);
        }
        let lengths = self.short_codes(LENGTH_CODES, 5, Some(RUN_AFTER))?;
        self.literals = self.literal_codes(&lengths)?;
        let distances = 1_usize.checked_shl(self.distance_bits).unwrap_or(0);
        self.distances = self.short_codes(distances, self.distance_bits, None)?;
        Ok(())
    }

    /// Codes whose lengths stand there as they are: three bits, and one more for each above six.
    fn short_codes(
        &mut self,
        most: usize,
        count_bits: u32,
        run_after: Option<usize>,
    ) -> Result<Huffman, Fault> {
        let count = self.bits.take_length(count_bits)?;
        if count == 0 {
            let symbol = self.bits.take(count_bits)?;
            return Ok(Huffman::constant(u16::try_from(symbol).unwrap_or(u16::MAX)));
        }
        if most < count {
            return Err(Fault::Malformed);
        }
        let mut lengths = Vec::new();
        while lengths.len() < count {
            let mut length = self.bits.take(3)?;
            if length == 7 {
                while self.bits.take(1)? == 1 {
                    length = length.saturating_add(1);
                    if u32::from(super::huffman::CODE_BITS_MAX) < length {
                        return Err(Fault::Malformed);
                    }
                }
            }
            lengths.push(u8::try_from(length).map_err(|_| Fault::Malformed)?);
            if Some(lengths.len()) == run_after {
                let run = self.bits.take_length(2)?;
                lengths.resize(lengths.len().saturating_add(run), 0);
            }
        }
        lengths.truncate(most);
        Huffman::new(&lengths)
    }

    /// The codes of literals and lengths, whose own lengths are in codes.
    fn literal_codes(&mut self, codes: &Huffman) -> Result<Huffman, Fault> {
        let count = self.bits.take_length(9)?;
        if count == 0 {
            let symbol = self.bits.take(9)?;
            return Ok(Huffman::constant(u16::try_from(symbol).unwrap_or(u16::MAX)));
        }
        if LITERALS < count {
            return Err(Fault::Malformed);
        }
        let mut lengths = Vec::new();
        while lengths.len() < count {
            let symbol = codes.symbol(&mut self.bits)?;
            let run = match symbol {
                0 => 1,
                1 => self.bits.take_length(4)?.saturating_add(3),
                2 => self.bits.take_length(9)?.saturating_add(20),
                _ => {
                    let length = u8::try_from(symbol.saturating_sub(2));
                    lengths.push(length.map_err(|_| Fault::Malformed)?);
                    continue;
                }
            };
            lengths.resize(lengths.len().saturating_add(run), 0);
        }
        if LITERALS < lengths.len() {
            return Err(Fault::Malformed);
        }
        Huffman::new(&lengths)
    }

    fn distance(&mut self) -> Result<usize, Fault> {
        let class = u32::from(self.distances.symbol(&mut self.bits)?);
        let Some(extra) = class.checked_sub(1) else {
            return Ok(1);
        };
        let base = 1_usize.checked_shl(extra).ok_or(Fault::Malformed)?;
        if 31 < extra {
            return Err(Fault::Malformed);
        }
        let low = self.bits.take_length(extra)?;
        Ok(base.saturating_add(low).saturating_add(1))
    }
}

impl Decoder for Blocks<'_> {
    fn fill(
        &mut self,
        output: &mut Vec<u8>,
        until: usize,
        budget: &mut Budget,
    ) -> Result<(), Fault> {
        while output.len() < until {
            if self.left == 0 {
                budget.take_input(CODES_COST_BYTES).map_err(Fault::Limit)?;
                self.begin_block()?;
            }
            self.left = self.left.saturating_sub(1);
            let symbol = self.literals.symbol(&mut self.bits)?;
            let Some(longer) = symbol.checked_sub(LENGTHS_FROM) else {
                output.push(u8::try_from(symbol).unwrap_or_default());
                continue;
            };
            let bytes = usize::from(longer).saturating_add(COPY_BYTES_MIN);
            let distance = self.distance()?;
            let before = self.before;
            copy(output, distance, bytes, |_| before);
        }
        Ok(())
    }

    fn taken_bytes(&self) -> usize {
        span(self.bits.taken().div_ceil(8))
    }
}
