//! The sequences of a compressed block: literals, and what is copied from before
//! (RFC 8878, 3.1.1.3.2).

use super::fse::{State, Table};
use super::reverse::Reverse;
use crate::stream::window::copy_back;

/// What a code stands for: the smallest number, and how many bits are added to it.
type Value = (u32, u8);

const LITERAL_LENGTHS: [Value; 36] = [
    (0, 0),
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 0),
    (12, 0),
    (13, 0),
    (14, 0),
    (15, 0),
    (16, 1),
    (18, 1),
    (20, 1),
    (22, 1),
    (24, 2),
    (28, 2),
    (32, 3),
    (40, 3),
    (48, 4),
    (64, 6),
    (128, 7),
    (256, 8),
    (512, 9),
    (1024, 10),
    (2048, 11),
    (4096, 12),
    (8192, 13),
    (16384, 14),
    (32768, 15),
    (65536, 16),
];

/// The lengths of copies for codes from 32 on; the codes before are three less than the length.
const COPY_LENGTHS: [Value; 21] = [
    (35, 1),
    (37, 1),
    (39, 1),
    (41, 1),
    (43, 2),
    (47, 2),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 5),
    (131, 7),
    (259, 8),
    (515, 9),
    (1027, 10),
    (2051, 11),
    (4099, 12),
    (8195, 13),
    (16387, 14),
    (32771, 15),
    (65539, 16),
];

/// The codes that are used when a block has none of its own.
const LITERAL_SHARES: [i16; 36] = [
    4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1,
    -1, -1, -1, -1,
];
const COPY_SHARES: [i16; 53] = [
    1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
];
const DISTANCE_SHARES: [i16; 29] = [
    1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
];

/// One of the three kinds of codes.
struct Kind {
    shares: &'static [i16],
    shares_bits: u32,
    bits_max: u32,
    symbols_max: usize,
}

const LITERALS: Kind = Kind {
    shares: &LITERAL_SHARES,
    shares_bits: 6,
    bits_max: 9,
    symbols_max: 36,
};
const DISTANCES: Kind = Kind {
    shares: &DISTANCE_SHARES,
    shares_bits: 5,
    bits_max: 8,
    symbols_max: 32,
};
const COPIES: Kind = Kind {
    shares: &COPY_SHARES,
    shares_bits: 6,
    bits_max: 9,
    symbols_max: 53,
};

/// What one block leaves for the next one.
pub(super) struct Memory {
    literals: Option<Table>,
    distances: Option<Table>,
    copies: Option<Table>,
    /// The last distances.
    recent: [u32; 3],
}

impl Memory {
    pub(super) fn new() -> Self {
        Self {
            literals: None,
            distances: None,
            copies: None,
            recent: [1, 4, 8],
        }
    }
}

/// Puts the block whose `literals` were read to the end of `fresh`, which stays within
/// `size_max`. `section` is the rest of the block, `before` what the frame has given so far.
pub(super) fn sequences(
    section: &[u8],
    literals: &[u8],
    before: &[u8],
    memory: &mut Memory,
    size_max: usize,
    fresh: &mut Vec<u8>,
) -> Option<()> {
    let (count, head) = count(section)?;
    let mut literals = literals;
    if count == 0 {
        return finish(section.len() == head, literals, size_max, fresh);
    }
    let modes = *section.get(head)?;
    if modes & 3 != 0 {
        return None;
    }
    let mut rest = section.get(head.checked_add(1)?..)?;
    memory.literals = Some(table(
        &LITERALS,
        modes >> 6,
        &mut rest,
        memory.literals.take(),
    )?);
    memory.distances = Some(table(
        &DISTANCES,
        modes >> 4,
        &mut rest,
        memory.distances.take(),
    )?);
    memory.copies = Some(table(&COPIES, modes >> 2, &mut rest, memory.copies.take())?);
    let mut bits = Reverse::new(rest)?;
    let mut literal = State::new(memory.literals.as_ref()?, &mut bits)?;
    let mut distance = State::new(memory.distances.as_ref()?, &mut bits)?;
    let mut copy = State::new(memory.copies.as_ref()?, &mut bits)?;
    for left in (0..count).rev() {
        let width = u32::from(distance.symbol());
        let far = 1_u32.checked_shl(width)?.checked_add(bits.take(width))?;
        let length = copy_length(copy.symbol(), &mut bits)?;
        let plain = value(
            *LITERAL_LENGTHS.get(usize::from(literal.symbol()))?,
            &mut bits,
        )?;
        let far = recall(&mut memory.recent, far, plain == 0)?;
        let (own, behind) = literals.split_at_checked(plain)?;
        literals = behind;
        if size_max < fresh.len().checked_add(plain)?.checked_add(length)? || bits.is_over() {
            return None;
        }
        fresh.extend_from_slice(own);
        copy_back(before, fresh, usize::try_from(far).ok()?, length)?;
        if 0 < left {
            literal.step(&mut bits)?;
            copy.step(&mut bits)?;
            distance.step(&mut bits)?;
        }
    }
    finish(bits.is_done(), literals, size_max, fresh)
}

/// The literals behind the last sequence.
fn finish(is_done: bool, literals: &[u8], size_max: usize, fresh: &mut Vec<u8>) -> Option<()> {
    if size_max < fresh.len().checked_add(literals.len())? {
        return None;
    }
    fresh.extend_from_slice(literals);
    is_done.then_some(())
}

/// How many sequences there are, and the length of that number.
fn count(section: &[u8]) -> Option<(usize, usize)> {
    let byte = |at: usize| section.get(at).copied().map(usize::from);
    Some(match byte(0)? {
        few @ 0..128 => (few, 1),
        255 => ((byte(2)? << 8 | byte(1)?).checked_add(0x7f00)?, 3),
        more => (more.checked_sub(128)? << 8 | byte(1)?, 2),
    })
}

/// The code of one kind, in the way the last two bits of `mode` say.
fn table(kind: &Kind, mode: u8, rest: &mut &[u8], last: Option<Table>) -> Option<Table> {
    match mode & 3 {
        0 => Table::new(kind.shares_bits, kind.shares),
        1 => {
            let (symbol, behind) = rest.split_first()?;
            *rest = behind;
            (usize::from(*symbol) < kind.symbols_max).then(|| Table::of_one(*symbol))
        }
        2 => {
            let (table, bytes) = Table::read(rest, kind.bits_max, kind.symbols_max)?;
            *rest = rest.get(bytes..)?;
            Some(table)
        }
        _ => last,
    }
}

fn copy_length(code: u8, bits: &mut Reverse<'_>) -> Option<usize> {
    match code.checked_sub(32) {
        None => usize::from(code).checked_add(3),
        Some(code) => value(*COPY_LENGTHS.get(usize::from(code))?, bits),
    }
}

fn value((base, width): Value, bits: &mut Reverse<'_>) -> Option<usize> {
    let number = base.checked_add(bits.take(u32::from(width)))?;
    usize::try_from(number).ok()
}

/// The distance that a number stands for: 1 to 3 are those of before.
fn recall(recent: &mut [u32; 3], number: u32, is_bare: bool) -> Option<u32> {
    let [first, second, third] = *recent;
    let place = number.checked_sub(1)?.checked_add(u32::from(is_bare))?;
    let distance = match (number, place) {
        (4.., _) => number.checked_sub(3)?,
        (_, 0) => return Some(first),
        (_, 1) => {
            *recent = [second, first, third];
            return Some(second);
        }
        (_, 2) => third,
        _ => first.checked_sub(1)?,
    };
    *recent = [distance, first, second];
    Some(distance)
}
