//! The literals of a compressed block and their prefix code (RFC 8878, 3.1.1.3.1 and 4.2).

use super::fse::{State, Table};
use super::reverse::Reverse;
use crate::bytes::part;

/// The longest code of a literal, in bits.
const CODE_BITS_MAX: u32 = 11;

/// The largest number of states of the code that tells the codes' lengths, as bits.
const WEIGHT_BITS_MAX: u32 = 6;

/// A prefix code: for all bits that can come, the literal and how many of them it takes.
pub(super) struct Huffman {
    bits: u32,
    entries: Vec<(u8, u8)>,
}

impl Huffman {
    /// Reads a code's description. The number is its length in bytes.
    fn read(content: &[u8]) -> Option<(Self, usize)> {
        let (head, content) = content.split_first()?;
        let head = usize::from(*head);
        let (weights, bytes) = if head < 128 {
            (packed_weights(content.get(..head)?)?, head)
        } else {
            let count = head.checked_sub(127)?;
            let bytes = count.div_ceil(2);
            let nibbles = content.get(..bytes)?.iter();
            let weights = nibbles.flat_map(|byte| [byte >> 4, byte & 0xf]);
            (weights.take(count).collect(), bytes)
        };
        Some((Self::new(weights)?, bytes.checked_add(1)?))
    }

    /// The code of all weights but the last one, which fills what is left.
    fn new(mut weights: Vec<u8>) -> Option<Self> {
        let mut sum: u32 = 0;
        for weight in &weights {
            if CODE_BITS_MAX < u32::from(*weight) {
                return None;
            }
            sum = sum.checked_add(share(*weight))?;
        }
        let bits = sum.checked_ilog2()?.checked_add(1)?;
        let left = (1_u32 << bits).checked_sub(sum)?;
        if CODE_BITS_MAX < bits || !left.is_power_of_two() || 255 < weights.len() {
            return None;
        }
        weights.push(u8::try_from(left.checked_ilog2()?.checked_add(1)?).ok()?);
        let mut entries = Vec::new();
        for weight in 1..=u8::try_from(bits).ok()? {
            let width = u8::try_from(bits)
                .ok()?
                .checked_add(1)?
                .checked_sub(weight)?;
            for (literal, _) in weights
                .iter()
                .enumerate()
                .filter(|(_, own)| **own == weight)
            {
                let length = entries
                    .len()
                    .checked_add(usize::try_from(share(weight)).ok()?)?;
                entries.resize(length, (u8::try_from(literal).ok()?, width));
            }
        }
        Some(Self { bits, entries })
    }

    fn decode(&self, content: &[u8], count: usize, literals: &mut Vec<u8>) -> Option<()> {
        let mut bits = Reverse::new(content)?;
        for _ in 0..count {
            let ahead = usize::try_from(bits.peek(self.bits)).ok()?;
            let (literal, width) = *self.entries.get(ahead)?;
            bits.skip(u32::from(width));
            literals.push(literal);
        }
        bits.is_done().then_some(())
    }
}

/// How much of all codes those of a weight are.
fn share(weight: u8) -> u32 {
    match weight {
        0 => 0,
        _ => 1_u32.wrapping_shl(u32::from(weight).wrapping_sub(1)),
    }
}

/// Weights that are themselves written in a code, by two states in turn.
fn packed_weights(content: &[u8]) -> Option<Vec<u8>> {
    let (table, bytes) = Table::read(content, WEIGHT_BITS_MAX, 256)?;
    let mut bits = Reverse::new(content.get(bytes..)?)?;
    let mut now = State::new(&table, &mut bits)?;
    let mut other = State::new(&table, &mut bits)?;
    let mut weights = Vec::new();
    if bits.is_over() {
        return None;
    }
    while weights.len() < 255 {
        weights.push(now.symbol());
        now.step(&mut bits)?;
        if bits.is_over() {
            weights.push(other.symbol());
            return Some(weights);
        }
        std::mem::swap(&mut now, &mut other);
    }
    None
}

/// Reads the literals of the block at the beginning of `content`; they are at most `size_max`
/// bytes. `code` is the last block's and then this one's. Gives the length of the section.
pub(super) fn literals(
    content: &[u8],
    size_max: usize,
    code: &mut Option<Huffman>,
    literals: &mut Vec<u8>,
) -> Option<usize> {
    let first = usize::from(*content.first()?);
    let kind = first & 3;
    let format = (first >> 2) & 3;
    let number = |bytes: usize| {
        let field = part(content, 0, bytes)?.iter().rev();
        Some(field.fold(0_usize, |value, byte| value << 8 | usize::from(*byte)))
    };
    if kind < 2 {
        let (bytes, size) = match format {
            0 | 2 => (1, number(1)? >> 3),
            1 => (2, number(2)? >> 4),
            _ => (3, number(3)? >> 4),
        };
        if size_max < size {
            return None;
        }
        let stored = if kind == 0 { size } else { 1 };
        let field = part(content, bytes, stored)?;
        match kind {
            0 => literals.extend_from_slice(field),
            _ => literals.resize(size, *field.first()?),
        }
        return bytes.checked_add(stored);
    }
    let (bytes, width) = match format {
        0 | 1 => (3, 10),
        2 => (4, 14),
        _ => (5, 18),
    };
    let sizes = number(bytes)? >> 4;
    let mask = (1_usize << width).wrapping_sub(1);
    let size = sizes & mask;
    let packed_bytes = (sizes >> width) & mask;
    if size_max < size {
        return None;
    }
    let mut packed = part(content, bytes, packed_bytes)?;
    if kind == 2 {
        let (read, length) = Huffman::read(packed)?;
        *code = Some(read);
        packed = packed.get(length..)?;
    }
    let code = code.as_ref()?;
    if format == 0 {
        code.decode(packed, size, literals)?;
    } else {
        four_streams(code, packed, size, literals)?;
    }
    bytes.checked_add(packed_bytes)
}

/// Three streams whose lengths stand before them, and the rest.
fn four_streams(code: &Huffman, packed: &[u8], size: usize, literals: &mut Vec<u8>) -> Option<()> {
    let (lengths, mut packed) = packed.split_at_checked(6)?;
    let quarter = size.div_ceil(4);
    for length in lengths.chunks_exact(2) {
        let length = usize::from(u16::from_le_bytes(length.try_into().ok()?));
        let (stream, behind) = packed.split_at_checked(length)?;
        code.decode(stream, quarter, literals)?;
        packed = behind;
    }
    let last = size.checked_sub(quarter.checked_mul(3)?)?;
    code.decode(packed, last, literals)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use super::*;

    #[test]
    fn codes_that_are_too_long_are_refused() {
        let longest = u8::try_from(CODE_BITS_MAX).unwrap();
        assert!(Huffman::new(vec![longest]).is_some());
        assert!(Huffman::new(vec![longest + 1]).is_none());
        // The second one makes the last one a bit longer.
        assert!(Huffman::new(vec![longest; 2]).is_none());
        // What is left for the last one is no power of two.
        assert!(Huffman::new(vec![3, 1]).is_none());
        assert!(Huffman::new(vec![0; 3]).is_none());
    }

    #[test]
    fn lengths_of_codes_in_a_code_that_is_too_large_are_refused() {
        // All symbols have a share of less than one state.
        let described = |bits: u32| {
            let mut description = vec![0; 64];
            description[0] = u8::try_from(bits - 5).unwrap();
            Table::read(&description, WEIGHT_BITS_MAX, 256).is_some()
        };
        assert!(described(WEIGHT_BITS_MAX) && !described(WEIGHT_BITS_MAX + 1));
    }
}
