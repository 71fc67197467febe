//! NRV, the compressors of the UCL library in the forms that packers of programs use: bits in
//! little-endian words of 32, and whole bytes between them.

use wire::Gap;

use crate::budget::Budget;
use crate::bytes::{span, u32_at};
use crate::stream::sink::{Cut, STEP_BYTES, push};
use crate::stream::window::copy_back;

const MALFORMED: Cut = (Gap::Damaged, "compressed data is malformed");

/// The forms, by how distances and lengths are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    B,
    D,
    E,
}

/// What is read.
struct Bits<'p> {
    packed: &'p [u8],
    at: usize,
    word: u32,
    left: u32,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            self.word = u32_at(self.packed, self.at)?;
            self.at = self.at.checked_add(4)?;
            self.left = 32;
        }
        self.left = self.left.checked_sub(1)?;
        Some(self.word.checked_shr(self.left)? & 1)
    }

    /// `number` with one more bit behind it.
    fn more(&mut self, number: u32) -> Option<u32> {
        number.checked_mul(2)?.checked_add(self.bit()?)
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.packed.get(self.at)?;
        self.at = self.at.checked_add(1)?;
        Some(byte)
    }
}

/// One step: a byte as it is, a copy, or the end.
enum Step {
    Byte(u8),
    Copy(usize, usize),
    End,
}

/// Puts what `packed` gives to the end of `output`; it is to be `size` bytes.
///
/// # Errors
/// Why that is not so.
pub(crate) fn unpack(
    packed: &[u8],
    form: Form,
    size: usize,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<(), Cut> {
    let limit = |why| (Gap::Limit, why);
    budget.take_input(packed.len()).map_err(limit)?;
    let mut bits = Bits {
        packed,
        at: 0,
        word: 0,
        left: 0,
    };
    let mut fresh = Vec::new();
    let mut last: u32 = 1;
    let mut left = size;
    loop {
        let step = step(&mut bits, form, &mut last).ok_or(MALFORMED)?;
        let taken = match step {
            Step::Byte(_) => 1,
            Step::Copy(_, count) => count,
            Step::End => break,
        };
        left = left.checked_sub(taken).ok_or(MALFORMED)?;
        // A copy may be as long as the whole: it is made in pieces, each looked at by the budget.
        match step {
            Step::Byte(byte) => fresh.push(byte),
            Step::Copy(distance, count) => {
                let mut rest = count;
                while 0 < rest {
                    let piece = rest.min(STEP_BYTES);
                    copy_back(output, &mut fresh, distance, piece).ok_or(MALFORMED)?;
                    rest = rest.saturating_sub(piece);
                    flush(&mut fresh, output, budget)?;
                }
            }
            Step::End => {}
        }
        flush(&mut fresh, output, budget)?;
    }
    push(output, &fresh, budget).map_err(limit)?;
    if left == 0 { Ok(()) } else { Err(MALFORMED) }
}

/// Moves what has come to the output when it is enough.
fn flush(fresh: &mut Vec<u8>, output: &mut Vec<u8>, budget: &mut Budget) -> Result<(), Cut> {
    if STEP_BYTES <= fresh.len() {
        push(output, fresh, budget).map_err(|why| (Gap::Limit, why))?;
        fresh.clear();
    }
    Ok(())
}

fn step(bits: &mut Bits<'_>, form: Form, last: &mut u32) -> Option<Step> {
    /// The largest number before the lowest eight bits of a distance: the end mark.
    const HIGHEST: u32 = 0x0100_0002;
    if bits.bit()? == 1 {
        return bits.byte().map(Step::Byte);
    }
    let mut high: u32 = bits.more(1)?;
    while bits.bit()? == 0 {
        if form != Form::B {
            high = bits.more(high.checked_sub(1)?)?;
        }
        high = bits.more(high)?;
        if HIGHEST < high {
            return None;
        }
    }
    let mut odd = None;
    if high == 2 {
        if form != Form::B {
            odd = Some(bits.bit()?);
        }
    } else {
        let low = u32::from(bits.byte()?);
        let code = high.checked_sub(3)?.checked_mul(256)?.checked_add(low)?;
        if code == u32::MAX {
            return Some(Step::End);
        }
        let code = if form == Form::B {
            code
        } else {
            odd = Some(!code & 1);
            code / 2
        };
        *last = code.checked_add(1)?;
    }
    let far = match form {
        Form::B => 0xd00,
        Form::D | Form::E => 0x500,
    };
    let count = count(bits, form, odd)?;
    let count = count.checked_add(u32::from(far < *last))?.checked_add(1)?;
    Some(Step::Copy(span(u64::from(*last)), span(u64::from(count))))
}

/// The length of a copy; `odd` is the bit that the forms after the first put into the distance.
fn count(bits: &mut Bits<'_>, form: Form, odd: Option<u32>) -> Option<u32> {
    let first = odd.map_or_else(|| bits.bit(), Some)?;
    let (short, least) = match form {
        Form::B | Form::D => (bits.more(first)?, 2),
        Form::E if first == 1 => return bits.bit()?.checked_add(1),
        Form::E if bits.bit()? == 1 => return bits.bit()?.checked_add(3),
        Form::E => (0, 3),
    };
    if short != 0 {
        return Some(short);
    }
    let mut long = bits.more(1)?;
    while bits.bit()? == 0 {
        long = bits.more(long)?;
    }
    long.checked_add(least)
}

/// What a stream of literals and one copy of the last byte looks like, for tests.
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
pub(crate) mod testing {
    use super::Form;

    #[derive(Default)]
    struct Writer {
        out: Vec<u8>,
        word_at: usize,
        used: u32,
    }

    impl Writer {
        fn bits(&mut self, bits: &str) {
            for bit in bits.bytes() {
                if self.used.is_multiple_of(32) {
                    self.word_at = self.out.len();
                    self.out.extend([0; 4]);
                }
                let slot = 31 - self.used % 32;
                let at = self.word_at..self.word_at + 4;
                let word = u32::from_le_bytes(self.out[at.clone()].try_into().unwrap());
                let word = word | (u32::from(bit == b'1') << slot);
                self.out[at].copy_from_slice(&word.to_le_bytes());
                self.used += 1;
            }
        }
    }

    /// `plain`, then its last byte some times more, and how often.
    pub(crate) fn packed(plain: &[u8], form: Form) -> (Vec<u8>, usize) {
        let mut writer = Writer::default();
        for byte in plain {
            writer.bits("1");
            writer.out.push(*byte);
        }
        // The distance as before, which is one at first, and a length in its long form.
        writer.bits("0010001");
        // The end: a distance of all bits.
        writer.bits("0");
        let mut high: u32 = 0x0100_0002;
        let mut groups = Vec::new();
        if form == Form::B {
            while 1 < high {
                groups.push(format!("{}", high & 1));
                high /= 2;
            }
        } else {
            loop {
                let bit = high & 1;
                high /= 2;
                if high == 1 {
                    groups.push(format!("{bit}"));
                    break;
                }
                let second = high & 1;
                high = high / 2 + 1;
                groups.push(format!("{second}{bit}"));
            }
        }
        groups.reverse();
        for (index, group) in groups.iter().enumerate() {
            if index != 0 {
                writer.bits("0");
            }
            writer.bits(group);
        }
        writer.bits("1");
        writer.out.push(0xff);
        (writer.out, if form == Form::E { 6 } else { 5 })
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use wire::scan::Limits;

    use super::*;

    #[test]
    fn every_form_gives_bytes_and_copies() {
        for form in [Form::B, Form::D, Form::E] {
            let plain = b"plain marker".repeat(20);
            let (packed, copied) = testing::packed(&plain, form);
            let whole = [plain.as_slice(), &b"r".repeat(copied)].concat();
            let unpacked = |packed: &[u8], size: usize, room: u64| {
                let limits = Limits {
                    memory_bytes_max: room,
                    ..Limits::default()
                };
                let mut output = Vec::new();
                let mut budget = Budget::new(&limits, 1000);
                let end = unpack(packed, form, size, &mut output, &mut budget);
                (output, end)
            };
            let (output, end) = unpacked(&packed, whole.len(), 1 << 20);
            assert_eq!((end, output == whole), (Ok(()), true), "{form:?}");
            for cut in 0..packed.len() {
                assert!(unpacked(&packed[..cut], whole.len(), 1 << 20).1.is_err());
            }
            assert_eq!(
                unpacked(&packed, whole.len() - 1, 1 << 20).1,
                Err(MALFORMED)
            );
            assert_eq!(
                unpacked(&packed, whole.len() + 1, 1 << 20).1,
                Err(MALFORMED)
            );
            let limit = unpacked(&packed, whole.len(), 100).1;
            assert!(matches!(limit, Err((Gap::Limit, _))));
        }
    }
}
