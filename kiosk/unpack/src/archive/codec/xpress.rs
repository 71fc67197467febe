//! Xpress with codes of Huffman (\[MS-XCA\] 2.1 and 2.2): one set of codes for each chunk, and
//! bytes of long copies between the words that the codes are read from.

use super::{CODES_COST_BYTES, Fault, copy};
use crate::budget::Budget;
use crate::bytes::{part, span, u16_at};

/// Symbols: literals, and copies by their length and by how many bits their distance has.
const SYMBOLS: usize = 512;
const LITERALS: u16 = 256;

/// The longest code, in bits.
const CODE_BITS: u32 = 15;

/// How far the words are read ahead, in bytes: what is missing there counts as zeros.
const AHEAD_BYTES: usize = 4;

/// Words of two bytes, the highest bit first, and single bytes where the next word would be.
struct Input<'a> {
    data: &'a [u8],
    at: usize,
    hold: u32,
    count: u32,
}

impl Input<'_> {
    /// Makes sure of sixteen bits.
    fn ensure(&mut self) -> Result<(), Fault> {
        while self.count < 16 {
            let last = self.data.get(self.at).map(|byte| u16::from(*byte));
            let word = u16_at(self.data, self.at).or(last).unwrap_or(0);
            self.at = self.at.saturating_add(2);
            if self.data.len().saturating_add(AHEAD_BYTES) < self.at {
                return Err(Fault::CutOff);
            }
            self.hold |= u32::from(word).wrapping_shl(16_u32.saturating_sub(self.count));
            self.count = self.count.saturating_add(16);
        }
        Ok(())
    }

    /// Takes so many of the bits that are sure, at most 16.
    fn take(&mut self, bits: u32) -> u32 {
        let value = self
            .hold
            .checked_shr(32_u32.saturating_sub(bits))
            .unwrap_or(0);
        self.hold = self.hold.wrapping_shl(bits);
        self.count = self.count.saturating_sub(bits);
        value
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        let byte = *self.data.get(self.at).ok_or(Fault::CutOff)?;
        self.at = self.at.saturating_add(1);
        Ok(byte)
    }
}

/// Every beginning of a code: the symbol and how long its code is; zero is no code.
struct Codes(Vec<(u16, u8)>);

impl Codes {
    fn new(lengths: &[u8]) -> Result<Self, Fault> {
        let mut table = Vec::with_capacity(1 << CODE_BITS);
        for bits in 1..=15_u8 {
            let free = CODE_BITS.saturating_sub(u32::from(bits));
            let each = 1_usize.checked_shl(free).unwrap_or(0);
            for (symbol, _) in (0_u16..)
                .zip(lengths)
                .filter(|(_, length)| **length == bits)
            {
                let end = table.len().saturating_add(each);
                if 1 << CODE_BITS < end {
                    return Err(Fault::Malformed);
                }
                table.resize(end, (symbol, bits));
            }
        }
        table.resize(1 << CODE_BITS, (0, 0));
        Ok(Self(table))
    }

    fn symbol(&self, input: &mut Input<'_>) -> Result<u16, Fault> {
        input.ensure()?;
        let ahead = input.hold.wrapping_shr(32_u32.saturating_sub(CODE_BITS));
        match self.0.get(span(ahead.into())) {
            Some((symbol, bits @ 1..)) => {
                input.take(u32::from(*bits));
                Ok(*symbol)
            }
            Some(_) | None => Err(Fault::Malformed),
        }
    }
}

/// Unpacks a chunk of `bytes`.
///
/// # Errors
/// The chunk is not as the method writes it, or a limit of the whole file was reached.
pub(in crate::archive) fn unpack(
    data: &[u8],
    bytes: usize,
    budget: &mut Budget,
) -> Result<Vec<u8>, Fault> {
    budget.take_input(CODES_COST_BYTES).map_err(Fault::Limit)?;
    let packed_lengths = part(data, 0, SYMBOLS / 2).ok_or(Fault::CutOff)?;
    let lengths: Vec<u8> = packed_lengths
        .iter()
        .flat_map(|two| [two & 15, two >> 4])
        .collect();
    let codes = Codes::new(&lengths)?;
    let mut input = Input {
        data,
        at: SYMBOLS / 2,
        hold: 0,
        count: 0,
    };
    let mut output = Vec::new();
    if output.try_reserve_exact(bytes).is_err() {
        return Err(Fault::Limit("not enough memory"));
    }
    while output.len() < bytes {
        let symbol = codes.symbol(&mut input)?;
        let Some(coded) = symbol.checked_sub(LITERALS) else {
            output.push(u8::try_from(symbol).unwrap_or_default());
            continue;
        };
        input.ensure()?;
        let distance_bits = u32::from(coded >> 4);
        let high = 1_u32.checked_shl(distance_bits).unwrap_or(0);
        let distance = span((high | input.take(distance_bits)).into());
        let mut length = usize::from(coded & 15);
        if length == 15 {
            length = length.saturating_add(usize::from(input.byte()?));
            if length == 270 {
                let (low, high) = (input.byte()?, input.byte()?);
                length = usize::from(u16::from_le_bytes([low, high]));
            }
        }
        let length = length.saturating_add(3);
        if output.len() < distance || bytes.saturating_sub(output.len()) < length {
            return Err(Fault::Malformed);
        }
        copy(&mut output, distance, length, |_| 0);
    }
    Ok(output)
}
