//! Implode, of PKZIP 1.0 (APPNOTE 5.3): repetitions and single bytes, in Shannon-Fano codes
//! that stand in front.

use std::io;

use super::old::{Bits, Old, Window, low_byte};
use crate::bytes::span;
use crate::stream::chain::Source;

/// General purpose flags: a window of 8 KiB instead of 4, and codes for single bytes.
const LARGE_WINDOW: u16 = 2;
const CODED_BYTES: u16 = 4;

/// The longest code, in bits.
const LONGEST_CODE_BITS: usize = 16;

/// A length that says that more of it follows.
const MORE_LENGTH: u32 = 63;

pub(super) struct Implode<'a> {
    bits: Bits<'a>,
    flags: u16,
    codes: Option<Codes>,
}

struct Codes {
    /// Of single bytes, when they are coded.
    bytes: Option<Code>,
    lengths: Code,
    distances: Code,
}

impl<'a> Implode<'a> {
    pub(super) fn new(source: Source<'a>, flags: u16) -> Self {
        Self {
            bits: Bits::new(source),
            flags,
            codes: None,
        }
    }
}

impl Old for Implode<'_> {
    fn step(&mut self, window: &mut Window) -> io::Result<()> {
        let are_coded = self.flags & CODED_BYTES != 0;
        let codes = match &self.codes {
            Some(codes) => codes,
            None => self.codes.insert(Codes {
                bytes: match are_coded {
                    true => Some(Code::read(&mut self.bits, 256)?),
                    false => None,
                },
                lengths: Code::read(&mut self.bits, 64)?,
                distances: Code::read(&mut self.bits, 64)?,
            }),
        };
        if self.bits.take(1)? == 1 {
            let byte = match &codes.bytes {
                Some(code) => low_byte(code.next(&mut self.bits)?),
                None => self.bits.byte()?,
            };
            window.put(byte);
            return Ok(());
        }
        let low_bits = if self.flags & LARGE_WINDOW != 0 { 7 } else { 6 };
        let low = self.bits.take(low_bits)?;
        let high = codes.distances.next(&mut self.bits)?;
        let mut count = codes.lengths.next(&mut self.bits)?;
        if count == MORE_LENGTH {
            count = count.saturating_add(self.bits.take(8)?);
        }
        let least = if are_coded { 3 } else { 2 };
        let distance = ((high << low_bits) | low).saturating_add(1);
        window.repeat(
            span(u64::from(distance)),
            span(u64::from(count.saturating_add(least))),
        );
        Ok(())
    }
}

/// One set of codes. Taken with all their bits turned over they are the canonical ones: of each
/// length one behind the other, the shortest first.
struct Code {
    /// How many codes there are of each length.
    counts: [u32; LONGEST_CODE_BITS],
    /// What they mean, the shortest first.
    meanings: Vec<u32>,
}

impl Code {
    /// Reads the lengths of the codes of `values` values: runs of one length each.
    fn read(bits: &mut Bits<'_>, values: usize) -> io::Result<Self> {
        let runs = u32::from(bits.byte()?).saturating_add(1);
        let mut lengths = Vec::new();
        for _ in 0..runs {
            let run = usize::from(bits.byte()?);
            let count = (run >> 4).saturating_add(1);
            lengths.extend(std::iter::repeat_n(run & 15, count));
        }
        if lengths.len() != values {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut counts = [0_u32; LONGEST_CODE_BITS];
        let mut meanings = Vec::new();
        for (bits, count) in counts.iter_mut().enumerate() {
            for (value, _) in lengths.iter().enumerate().filter(|(_, own)| **own == bits) {
                *count = count.saturating_add(1);
                meanings.push(u32::try_from(value).unwrap_or_default());
            }
        }
        Ok(Self { counts, meanings })
    }

    fn next(&self, bits: &mut Bits<'_>) -> io::Result<u32> {
        let mut code: u32 = 0;
        // The first code of this length, and the place of its meaning.
        let mut first: u32 = 0;
        let mut place: u32 = 0;
        for count in self.counts {
            code |= bits.take(1)? ^ 1;
            let within = code.checked_sub(first).filter(|within| *within < count);
            if let Some(within) = within {
                let meaning = self
                    .meanings
                    .get(span(u64::from(place.saturating_add(within))));
                return meaning.copied().ok_or(io::ErrorKind::InvalidData.into());
            }
            place = place.saturating_add(count);
            first = first.saturating_add(count) << 1;
            code <<= 1;
        }
        Err(io::ErrorKind::InvalidData.into())
    }
}
