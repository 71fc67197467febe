//! One block of LZO1X, which all methods of lzop write.

use crate::bytes::u16_at;
use crate::stream::window::copy_back;

/// Puts what the block gives to the end of the empty `fresh`, which stays within `size_max`.
pub(super) fn block(packed: &[u8], size_max: usize, fresh: &mut Vec<u8>) -> Option<()> {
    let mut input = Input {
        packed,
        size_max,
        fresh,
    };
    // How many literals came just before: 4 is four and more.
    let mut before: u8 = 0;
    if let Some(first @ 18..) = packed.first() {
        input.byte()?;
        let literals = usize::from(*first).checked_sub(17)?;
        input.literals(literals)?;
        before = u8::try_from(literals.min(4)).ok()?;
    }
    loop {
        let code = input.byte()?;
        let short = usize::from(code);
        let (distance, length, literals) = match (code, before) {
            (0..16, 0) => {
                let literals = input.long(short, 15)?.checked_add(3)?;
                input.literals(literals)?;
                before = 4;
                continue;
            }
            (0..16, near) => {
                let (base, length) = if near == 4 { (0x801, 3) } else { (1, 2) };
                let far = usize::from(input.byte()?) << 2;
                (
                    far.checked_add(short >> 2)?.checked_add(base)?,
                    length,
                    code,
                )
            }
            (64.., _) => {
                let far = usize::from(input.byte()?) << 3;
                let distance = far.checked_add((short >> 2) & 7)?.checked_add(1)?;
                (distance, (short >> 5).checked_add(1)?, code)
            }
            (32..64, _) => {
                let length = input.long(short & 31, 31)?.checked_add(2)?;
                let word = input.word()?;
                (usize::from(word >> 2).checked_add(1)?, length, low(word))
            }
            (16..32, _) => {
                let length = input.long(short & 7, 7)?.checked_add(2)?;
                let word = input.word()?;
                let far = usize::from(word >> 2) | (short & 8) << 11;
                if far == 0 {
                    // The end mark is a copy of three bytes from nowhere.
                    return (length == 3 && input.packed.is_empty()).then_some(());
                }
                (far.checked_add(0x4000)?, length, low(word))
            }
        };
        input.copy(distance, length)?;
        before = literals & 3;
        input.literals(usize::from(before))?;
    }
}

fn low(word: u16) -> u8 {
    let [low, _] = word.to_le_bytes();
    low
}

struct Input<'a> {
    packed: &'a [u8],
    size_max: usize,
    fresh: &'a mut Vec<u8>,
}

impl Input<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, behind) = self.packed.split_first()?;
        self.packed = behind;
        Some(*byte)
    }

    fn word(&mut self) -> Option<u16> {
        let word = u16_at(self.packed, 0)?;
        self.packed = self.packed.get(2..)?;
        Some(word)
    }

    /// A length, or when it is zero, `base` more than what the next bytes say.
    fn long(&mut self, short: usize, base: usize) -> Option<usize> {
        if short != 0 {
            return Some(short);
        }
        let mut length = base;
        loop {
            match self.byte()? {
                0 => length = length.checked_add(255)?,
                last => return length.checked_add(usize::from(last)),
            }
        }
    }

    fn literals(&mut self, count: usize) -> Option<()> {
        let (own, behind) = self.packed.split_at_checked(count)?;
        if self.size_max < self.fresh.len().checked_add(count)? {
            return None;
        }
        self.fresh.extend_from_slice(own);
        self.packed = behind;
        Some(())
    }

    fn copy(&mut self, distance: usize, length: usize) -> Option<()> {
        if self.size_max < self.fresh.len().checked_add(length)? {
            return None;
        }
        copy_back(&[], self.fresh, distance, length)
    }
}
