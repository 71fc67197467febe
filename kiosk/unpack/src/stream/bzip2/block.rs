//! One block of a bzip2 stream: prefix codes, runs, move to front, sorted rotations, and runs
//! once more.

use wire::Gap;

use crate::budget::Budget;
use crate::stream::bits::{Bits, Code};
use crate::stream::check::Crc32Msb;
use crate::stream::sink::{Cut, STEP_BYTES, push};

/// A symbol's code is chosen anew after so many symbols.
const GROUP_SYMBOLS: usize = 50;

const MALFORMED: Cut = (Gap::Damaged, "compressed data is malformed");
const CUT_OFF: Cut = (Gap::Damaged, "compressed data is cut off");

/// Unpacks the block behind its mark and checksum, and gives the checksum of what came out.
pub(super) fn block(
    bits: &mut Bits<'_>,
    size_max: usize,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<u32, Cut> {
    if bits.take(1).ok_or(CUT_OFF)? != 0 {
        return Err((
            Gap::Unsupported,
            "a block of the oldest kind, which is mixed",
        ));
    }
    let first = bits.take(24).ok_or(CUT_OFF)?;
    let mut front = alphabet(bits)?;
    let (codes, selectors) = codes(bits, front.len())?;
    let mut sorted = symbols(bits, &codes, &selectors, &mut front, size_max)?;
    link(&mut sorted).ok_or(MALFORMED)?;
    unrun(&sorted, first, output, budget)
}

/// The bytes that occur in the block, in order.
fn alphabet(bits: &mut Bits<'_>) -> Result<Vec<u8>, Cut> {
    let ranges = bits.take(16).ok_or(CUT_OFF)?;
    let mut alphabet = Vec::new();
    for range in 0..16_u8 {
        if ranges & (0x8000 >> range) == 0 {
            continue;
        }
        let used = bits.take(16).ok_or(CUT_OFF)?;
        let bytes = (0..16_u8).filter(|low| used & (0x8000 >> low) != 0);
        alphabet.extend(bytes.map(|low| range << 4 | low));
    }
    if alphabet.is_empty() {
        return Err(MALFORMED);
    }
    Ok(alphabet)
}

/// The codes, and which of them each group of symbols has.
fn codes(bits: &mut Bits<'_>, letters: usize) -> Result<(Vec<Code>, Vec<u8>), Cut> {
    let count = bits.take(3).ok_or(CUT_OFF)?;
    let groups = bits.take(15).ok_or(CUT_OFF)?;
    if !(2..=6).contains(&count) || groups == 0 {
        return Err(MALFORMED);
    }
    let mut front = [0, 1, 2, 3, 4, 5];
    let mut selectors = Vec::new();
    for _ in 0..groups {
        let mut place: u32 = 0;
        while bits.take(1).ok_or(CUT_OFF)? == 1 {
            place = place.saturating_add(1);
            if count <= place {
                return Err(MALFORMED);
            }
        }
        selectors.push(to_front(&mut front, place).ok_or(MALFORMED)?);
    }
    let mut codes = Vec::new();
    for _ in 0..count {
        // Two symbols for runs and one for the end; the first letter has none of its own.
        let lengths = lengths(bits, letters.saturating_add(2))?;
        codes.push(Code::new(&lengths).ok_or(MALFORMED)?);
    }
    Ok((codes, selectors))
}

/// The lengths of one code's codes, each told by its difference to the one before.
fn lengths(bits: &mut Bits<'_>, symbols: usize) -> Result<Vec<u8>, Cut> {
    let mut length = bits.take(5).ok_or(CUT_OFF)?;
    let mut lengths = Vec::new();
    for _ in 0..symbols {
        loop {
            if !(1..=20).contains(&length) {
                return Err(MALFORMED);
            }
            if bits.take(1).ok_or(CUT_OFF)? == 0 {
                break;
            }
            length = match bits.take(1).ok_or(CUT_OFF)? {
                0 => length.saturating_add(1),
                _ => length.saturating_sub(1),
            };
        }
        lengths.push(u8::try_from(length).unwrap_or_default());
    }
    Ok(lengths)
}

/// The last bytes of the sorted rotations.
fn symbols(
    bits: &mut Bits<'_>,
    codes: &[Code],
    selectors: &[u8],
    front: &mut [u8],
    size_max: usize,
) -> Result<Vec<u32>, Cut> {
    let end = front.len().saturating_add(1);
    let mut sorted: Vec<u32> = Vec::new();
    let mut run: usize = 0;
    let mut weight: usize = 1;
    for selector in selectors {
        let code = codes.get(usize::from(*selector)).ok_or(MALFORMED)?;
        for _ in 0..GROUP_SYMBOLS {
            let symbol = usize::from(code.read(bits).ok_or(CUT_OFF)?);
            if symbol <= 1 {
                // The digits of a run's length, 1 and 2, the least significant first.
                let digit = symbol.saturating_add(1);
                run = run.saturating_add(weight.saturating_mul(digit));
                weight = weight.saturating_mul(2);
                if size_max < run {
                    return Err(MALFORMED);
                }
                continue;
            }
            if 0 < run {
                let byte = *front.first().ok_or(MALFORMED)?;
                let length = sorted.len().saturating_add(run);
                if size_max < length {
                    return Err(MALFORMED);
                }
                sorted.resize(length, u32::from(byte));
                (run, weight) = (0, 1);
            }
            if symbol == end {
                return Ok(sorted);
            }
            let place = u32::try_from(symbol).unwrap_or(u32::MAX).saturating_sub(1);
            let byte = to_front(front, place).ok_or(MALFORMED)?;
            if size_max <= sorted.len() {
                return Err(MALFORMED);
            }
            sorted.push(u32::from(byte));
        }
    }
    Err(MALFORMED)
}

/// Moves what is at `place` to the front, and gives it.
fn to_front(list: &mut [u8], place: u32) -> Option<u8> {
    let before = list.get_mut(..=usize::try_from(place).ok()?)?;
    before.rotate_right(1);
    before.first().copied()
}

/// Puts above each byte which rotation is the next one.
fn link(sorted: &mut [u32]) -> Option<()> {
    let mut places = [0_u32; 256];
    for entry in sorted.iter() {
        let place = places.get_mut(letter(*entry))?;
        *place = place.checked_add(1)?;
    }
    let mut before: u32 = 0;
    for place in &mut places {
        let count = *place;
        *place = before;
        before = before.checked_add(count)?;
    }
    for index in 0..sorted.len() {
        let place = places.get_mut(letter(*sorted.get(index)?))?;
        let linked = sorted.get_mut(usize::try_from(*place).ok()?)?;
        *linked |= u32::try_from(index).ok()? << 8;
        *place = place.checked_add(1)?;
    }
    Some(())
}

fn letter(entry: u32) -> usize {
    let [byte, ..] = entry.to_le_bytes();
    usize::from(byte)
}

/// Follows the rotations from the `first` one on, and takes the first runs back: four equal
/// bytes are followed by how often the byte comes again.
fn unrun(
    sorted: &[u32],
    first: u32,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<u32, Cut> {
    let entry = |place: u32| usize::try_from(place).ok().and_then(|at| sorted.get(at));
    let mut place = entry(first).ok_or(MALFORMED)? >> 8;
    let mut sum = Crc32Msb::default();
    let mut step: Vec<u8> = Vec::new();
    let mut last = None;
    let mut equal: u8 = 0;
    for _ in 0..sorted.len() {
        let linked = *entry(place).ok_or(MALFORMED)?;
        place = linked >> 8;
        let [byte, ..] = linked.to_le_bytes();
        if equal == 4 {
            let length = step.len().saturating_add(usize::from(byte));
            step.resize(length, last.unwrap_or_default());
            equal = 0;
            last = None;
        } else {
            equal = if last == Some(byte) {
                equal.saturating_add(1)
            } else {
                1
            };
            last = Some(byte);
            step.push(byte);
        }
        if STEP_BYTES <= step.len() {
            sum.add(&step);
            push(output, &step, budget).map_err(|why| (Gap::Limit, why))?;
            step.clear();
        }
    }
    if equal == 4 {
        return Err(MALFORMED);
    }
    sum.add(&step);
    push(output, &step, budget).map_err(|why| (Gap::Limit, why))?;
    Ok(sum.value())
}
