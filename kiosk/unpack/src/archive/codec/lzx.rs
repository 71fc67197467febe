//! LZX (\[MS-PATCH\], without its additions for patches): blocks with codes of Huffman, the last
//! three distances kept, and calls of Intel's processors made relative again.

use super::bits::{Bits, Unit};
use super::huffman::Huffman;
use super::{CODES_COST_BYTES, COPY_BYTES_MAX, Fault, copy};
use crate::budget::Budget;
use crate::bytes::{length, rest, span, u32_at};

/// Symbols of the main code that are literals, and how many there are for each class of
/// distances.
const LITERALS: usize = 256;
const LENGTH_CLASSES: usize = 8;

/// Symbols of the code for longer copies.
const LENGTHS: usize = 249;

/// What comes out between two places at which the bits begin with a whole word, in bytes.
pub(in crate::archive) const FRAME_BYTES: usize = 32 << 10;

/// How far the processor's calls are made relative, in blocks.
const CALL_BLOCKS_MAX: u64 = 32_768;

/// What a block of the stream is (not a block of the cabinet).
enum Kind {
    Verbatim,
    Aligned,
    Uncompressed,
}

/// The state that goes on from block to block.
pub(in crate::archive) struct Lzx {
    window_bytes: usize,
    /// The last bytes, more than the window, of `total` bytes. The last `ahead` of them belong to
    /// the next block of the cabinet.
    history: Vec<u8>,
    total: u64,
    ahead: usize,
    main_lengths: Vec<u8>,
    copy_lengths: Vec<u8>,
    main: Huffman,
    copies: Huffman,
    aligned: Huffman,
    recent: [u32; 3],
    kind: Kind,
    /// What is left of the block of the stream.
    left: usize,
    /// Whether a byte that fills an uncompressed block up is still to come.
    is_unfilled: bool,
    has_begun: bool,
    /// The size for which calls were made absolute.
    call_bytes: Option<i32>,
    blocks: u64,
    /// Whether blocks say that they are as long as is usual, as in images of Windows.
    has_usual_length: bool,
}

impl Lzx {
    pub(in crate::archive) fn new(window_bits: u32) -> Self {
        // Classes of distances that a window of this size needs.
        let classes = match window_bits {
            ..=19 => span(u64::from(window_bits.saturating_mul(2))),
            20 => 42,
            _ => 50,
        };
        let main = LITERALS.saturating_add(classes.saturating_mul(LENGTH_CLASSES));
        Self {
            window_bytes: 1_usize.checked_shl(window_bits).unwrap_or(0),
            history: Vec::new(),
            total: 0,
            ahead: 0,
            main_lengths: vec![0; main],
            copy_lengths: vec![0; LENGTHS],
            main: Huffman::constant(0),
            copies: Huffman::constant(0),
            aligned: Huffman::constant(0),
            recent: [1; 3],
            kind: Kind::Verbatim,
            left: 0,
            is_unfilled: false,
            has_begun: false,
            call_bytes: None,
            blocks: 0,
            has_usual_length: false,
        }
    }

    /// As images of Windows have it, where every chunk begins anew and calls were always made
    /// absolute, for one size (Windows Imaging File Format, \[MS-PATCH\]).
    pub(in crate::archive) fn of_image(window_bits: u32) -> Self {
        Self {
            has_begun: true,
            call_bytes: Some(12_000_000),
            has_usual_length: true,
            ..Self::new(window_bits)
        }
    }

    /// The content of a block of the cabinet, and whether all of its data is used: some readers take
    /// what is left for the next block.
    pub(in crate::archive) fn unpack(
        &mut self,
        data: &[u8],
        bytes: usize,
        budget: &mut Budget,
    ) -> Result<(Vec<u8>, bool), Fault> {
        let mut bits = Bits::new(data, Unit::Word);
        if !self.has_begun {
            self.has_begun = true;
            if bits.take(1)? == 1 {
                let size = bits.take(32)?;
                self.call_bytes = Some(i32::from_le_bytes(size.to_le_bytes()));
            }
        }
        self.forget();
        let begin = self.history.len().saturating_sub(self.ahead);
        let until = begin.saturating_add(bytes);
        let wanted = bytes.saturating_add(COPY_BYTES_MAX);
        if self.history.try_reserve(wanted).is_err() {
            return Err(Fault::Limit("not enough memory"));
        }
        while self.history.len() < until {
            if self.left == 0 {
                self.begin_block(&mut bits, budget)?;
            }
            let before = self.history.len();
            match self.kind {
                Kind::Uncompressed => self.stored(&mut bits, data, until)?,
                Kind::Verbatim | Kind::Aligned => self.symbol(&mut bits)?,
            }
            let fresh = self.history.len().saturating_sub(before);
            self.total = self.total.saturating_add(length(fresh));
            self.left = self.left.checked_sub(fresh).ok_or(Fault::Malformed)?;
        }
        self.ahead = self.history.len().saturating_sub(until);
        let mut output = rest(&self.history, begin, bytes).to_vec();
        self.relate_calls(&mut output);
        self.blocks = self.blocks.saturating_add(1);
        // Words are used whole, and an odd byte is none.
        let used = span(bits.taken().div_ceil(16).saturating_mul(2));
        Ok((output, data.len() <= used.saturating_add(1)))
    }

    /// Forgets what is farther back than the window, not at every block.
    fn forget(&mut self) {
        let kept = self.window_bytes.saturating_add(COPY_BYTES_MAX);
        let old = self.history.len().saturating_sub(kept);
        if self.window_bytes.max(FRAME_BYTES) < old {
            self.history.drain(..old);
        }
    }

    fn begin_block(&mut self, bits: &mut Bits<'_>, budget: &mut Budget) -> Result<(), Fault> {
        budget.take_input(CODES_COST_BYTES).map_err(Fault::Limit)?;
        if std::mem::take(&mut self.is_unfilled) {
            let at = span(bits.taken().div_euclid(8));
            bits.seek(at.saturating_add(1));
        }
        let kind = bits.take(3)?;
        self.left = if !self.has_usual_length {
            bits.take_length(24)?
        } else if bits.take(1)? == 1 {
            FRAME_BYTES
        } else if self.window_bytes <= FRAME_BYTES {
            bits.take_length(16)?
        } else {
            bits.take_length(24)?
        };
        if self.left == 0 {
            return Err(Fault::Malformed);
        }
        self.kind = match kind {
            1 => Kind::Verbatim,
            2 => {
                let mut lengths = [0_u8; 8];
                for place in &mut lengths {
                    *place = u8::try_from(bits.take(3)?).unwrap_or_default();
                }
                self.aligned = Huffman::new(&lengths)?;
                Kind::Aligned
            }
            3 => return self.begin_stored(bits),
            _ => return Err(Fault::Malformed),
        };
        let main = self.main_lengths.len();
        read_lengths(&mut self.main_lengths, 0, LITERALS, bits)?;
        read_lengths(&mut self.main_lengths, LITERALS, main, bits)?;
        self.main = Huffman::new(&self.main_lengths)?;
        read_lengths(&mut self.copy_lengths, 0, LENGTHS, bits)?;
        self.copies = Huffman::new(&self.copy_lengths)?;
        Ok(())
    }

    /// An uncompressed block begins with the next word, and with the last three distances.
    fn begin_stored(&mut self, bits: &mut Bits<'_>) -> Result<(), Fault> {
        self.kind = Kind::Uncompressed;
        let over = u32::try_from(bits.taken() & 0xf).unwrap_or_default();
        bits.skip(16_u32.saturating_sub(over))?;
        for distance in &mut self.recent {
            let low = bits.take(16)?;
            let high = bits.take(16)?;
            // Words come as numbers; these are two of them, the lower first.
            *distance = low | high.wrapping_shl(16);
        }
        self.is_unfilled = self.left & 1 == 1;
        Ok(())
    }

    fn stored(&mut self, bits: &mut Bits<'_>, data: &[u8], until: usize) -> Result<(), Fault> {
        let at = span(bits.taken().div_euclid(8));
        let wanted = until.saturating_sub(self.history.len()).min(self.left);
        let fresh = rest(data, at, wanted);
        if fresh.is_empty() {
            return Err(Fault::CutOff);
        }
        self.history.extend_from_slice(fresh);
        let mut end = at.saturating_add(fresh.len());
        // The byte that fills it up belongs to the same block of the cabinet, if it is there.
        if fresh.len() == self.left && self.is_unfilled && end < data.len() {
            self.is_unfilled = false;
            end = end.saturating_add(1);
        }
        bits.seek(end);
        Ok(())
    }

    /// One literal or copy.
    fn symbol(&mut self, bits: &mut Bits<'_>) -> Result<(), Fault> {
        let symbol = usize::from(self.main.symbol(bits)?);
        let Some(coded) = symbol.checked_sub(LITERALS) else {
            self.history.push(u8::try_from(symbol).unwrap_or_default());
            return Ok(());
        };
        let mut bytes = (coded & 7).saturating_add(2);
        if coded & 7 == 7 {
            bytes = bytes.saturating_add(usize::from(self.copies.symbol(bits)?));
        }
        let class = coded.wrapping_shr(3);
        let [first, second, third] = self.recent;
        self.recent = match class {
            0 => self.recent,
            1 => [second, first, third],
            2 => [third, second, first],
            _ => [self.distance(class, bits)?, first, second],
        };
        let distance = span(u64::from(self.recent[0]));
        let known = self.history.len().min(self.window_bytes);
        if distance == 0 || known < distance {
            return Err(Fault::Malformed);
        }
        copy(&mut self.history, distance, bytes, |_| 0);
        Ok(())
    }

    fn distance(&self, class: usize, bits: &mut Bits<'_>) -> Result<u32, Fault> {
        let (base, extra) = distances(class);
        let low = match self.kind {
            Kind::Aligned if 3 <= extra => {
                let high = bits.take(extra.saturating_sub(3))?.wrapping_shl(3);
                high | u32::from(self.aligned.symbol(bits)?)
            }
            Kind::Verbatim | Kind::Aligned | Kind::Uncompressed => bits.take(extra)?,
        };
        base.saturating_add(low)
            .checked_sub(2)
            .ok_or(Fault::Malformed)
    }

    /// Makes calls relative again that the writer made absolute so that they repeat.
    fn relate_calls(&self, output: &mut [u8]) {
        /// The operation, and how near to the end of a block it is left alone.
        const CALL: u8 = 0xe8;
        const LEFT_ALONE_BYTES: usize = 10;
        let Some(size) = self.call_bytes.filter(|size| *size != 0) else {
            return;
        };
        let end = output.len().saturating_sub(LEFT_ALONE_BYTES);
        if CALL_BLOCKS_MAX <= self.blocks || end == 0 {
            return;
        }
        let begin = self
            .total
            .saturating_sub(length(self.ahead))
            .saturating_sub(length(output.len()));
        let mut at = 0;
        while at < end {
            if output.get(at) != Some(&CALL) {
                at = at.saturating_add(1);
                continue;
            }
            let here = i32::try_from(begin.saturating_add(length(at))).unwrap_or(i32::MAX);
            let target_at = at.saturating_add(1);
            let Some(target) = u32_at(output, target_at) else {
                return;
            };
            let target = i32::from_le_bytes(target.to_le_bytes());
            if here.saturating_neg() <= target && target < size {
                let relative = if 0 <= target {
                    target.wrapping_sub(here)
                } else {
                    target.wrapping_add(size)
                };
                for (place, byte) in output
                    .iter_mut()
                    .skip(target_at)
                    .zip(relative.to_le_bytes())
                {
                    *place = byte;
                }
            }
            at = at.saturating_add(5);
        }
    }
}

/// The smallest number of a class of distances, and how many bits follow.
fn distances(class: usize) -> (u32, u32) {
    let class = u32::try_from(class).unwrap_or(u32::MAX);
    let extra = (class / 2).saturating_sub(1).min(17);
    let base = match class {
        0..4 => class,
        // Two classes for each number of bits, and then all with 17.
        4..36 => (2 | (class & 1)).wrapping_shl(extra),
        _ => class.saturating_sub(34).saturating_mul(1 << 17),
    };
    (base, if class < 4 { 0 } else { extra })
}

/// Reads the lengths from `begin` to `end`, which are told as differences to those before, in a
/// code of their own.
fn read_lengths(
    lengths: &mut [u8],
    begin: usize,
    end: usize,
    bits: &mut Bits<'_>,
) -> Result<(), Fault> {
    let mut own = [0_u8; 20];
    for place in &mut own {
        *place = u8::try_from(bits.take(4)?).unwrap_or_default();
    }
    let codes = Huffman::new(&own)?;
    let mut at = begin;
    while at < end {
        let symbol = codes.symbol(bits)?;
        let (run, difference) = match symbol {
            17 => (bits.take_length(4)?.saturating_add(4), None),
            18 => (bits.take_length(5)?.saturating_add(20), None),
            19 => {
                let run = bits.take_length(1)?.saturating_add(4);
                (run, Some(codes.symbol(bits)?))
            }
            _ => (1, Some(symbol)),
        };
        let length = match difference {
            None => 0,
            Some(difference @ 0..=16) => {
                let before = u16::from(lengths.get(at).copied().unwrap_or_default());
                let length = before.saturating_add(17).saturating_sub(difference) % 17;
                u8::try_from(length).unwrap_or_default()
            }
            Some(_) => return Err(Fault::Malformed),
        };
        let place = lengths.get_mut(at..at.saturating_add(run).min(end));
        place.unwrap_or_default().fill(length);
        at = at.saturating_add(run);
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use super::*;

    #[test]
    fn classes_of_distances_follow_each_other() {
        let mut next = 0;
        for class in 0..50 {
            let (base, extra) = distances(class);
            assert_eq!(base, next, "class {class}");
            next = base + (1 << extra);
        }
        assert_eq!(next, (1 << 21));
    }

    #[test]
    fn calls_are_relative_again_up_to_a_limit() {
        let mut lzx = Lzx::new(15);
        lzx.call_bytes = Some(1000);
        lzx.total = 120;
        let coded = [b"\x90\xe8\x70\0\0\0".as_slice(), &[0; 14]].concat();
        let mut output = coded.clone();
        lzx.relate_calls(&mut output);
        // The call stands at 101 and was to 112.
        assert_eq!(output[..6], *b"\x90\xe8\x0b\0\0\0");
        lzx.blocks = CALL_BLOCKS_MAX;
        let mut output = coded.clone();
        lzx.relate_calls(&mut output);
        assert_eq!(output, coded);
        lzx.blocks = 0;
        lzx.call_bytes = Some(100);
        let mut output = coded.clone();
        lzx.relate_calls(&mut output);
        assert_eq!(output, coded);
    }
}
