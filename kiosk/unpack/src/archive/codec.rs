//! What the old archivers' methods have in common: bits, codes of Huffman, and copies of what
//! came out before.
//!
//! The output is its own window: a member is held in memory whole, so that copies are taken
//! from it, however large a window the method has.

pub(super) mod bits;
pub(super) mod blocks;
pub(super) mod huffman;
pub(super) mod lzx;
pub(super) mod xpress;

use wire::Gap;

use crate::budget::Budget;
use crate::bytes::span;
use crate::stream::sink::{End, STEP_BYTES};

/// Largest growth of the output at once, in bytes: doubling would reserve up to twice what is
/// needed.
const GROWTH_BYTES_MAX: usize = 8 << 20;

/// How far a decoder may go beyond what it was asked for, in bytes: the longest copy of any
/// method.
pub(super) const COPY_BYTES_MAX: usize = 2 << 10;

/// What a set of new codes costs beside the input that describes it, in bytes of input. Eight
/// bytes can describe the longest tables, which then take as long as thousands of bytes do; what
/// encoders write between two sets is longer still.
pub(super) const CODES_COST_BYTES: usize = 8 << 10;

/// Why nothing more comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The input contradicts the method.
    Malformed,
    /// There is no more input.
    CutOff,
    /// A limit of the whole file.
    Limit(&'static str),
}

impl Fault {
    /// The gap of what is unpacked so, and the reason for staff.
    pub(super) fn gap(self) -> (Gap, &'static str) {
        match self {
            Self::Malformed => (Gap::Damaged, "compressed data is malformed"),
            Self::CutOff => (Gap::Damaged, "compressed data is cut off"),
            Self::Limit(why) => (Gap::Limit, why),
        }
    }
}

/// One method's decoder.
pub(super) trait Decoder {
    /// Unpacks until `output` has at least `until` bytes, and at most [`COPY_BYTES_MAX`] more.
    ///
    /// # Errors
    /// Why there are fewer.
    fn fill(
        &mut self,
        output: &mut Vec<u8>,
        until: usize,
        budget: &mut Budget,
    ) -> Result<(), Fault>;

    /// How much of the input was used.
    fn taken_bytes(&self) -> usize;
}

/// Unpacks a content of `bytes`, which is what a header says and so only where to end.
pub(super) fn unpack(decoder: &mut dyn Decoder, bytes: u64, budget: &mut Budget) -> (Vec<u8>, End) {
    let bytes = span(bytes);
    let mut output = Vec::new();
    let mut fault = None;
    while output.len() < bytes && fault.is_none() {
        let begin = output.len();
        let room = budget.room();
        if room <= begin {
            fault = Some(Fault::Limit("larger than a content in memory may be"));
            break;
        }
        let until = begin.saturating_add(STEP_BYTES).min(bytes).min(room);
        if !reserve(&mut output, until) {
            fault = Some(Fault::Limit("not enough memory"));
            break;
        }
        fault = decoder.fill(&mut output, until, budget).err();
        // A last copy may go on behind the end of the content.
        output.truncate(bytes);
        let fresh = output.len().saturating_sub(begin);
        if let Err(why) = budget.take_output(fresh) {
            fault = Some(Fault::Limit(why));
        }
    }
    match fault {
        None => (output, End::Complete),
        Some(fault) => {
            let (gap, why) = fault.gap();
            (output, End::Cut(gap, why))
        }
    }
}

/// Makes room for `until` bytes and a copy that goes on behind them.
pub(super) fn reserve(output: &mut Vec<u8>, until: usize) -> bool {
    let wanted = until.saturating_add(COPY_BYTES_MAX);
    if wanted <= output.capacity() {
        return true;
    }
    let least = wanted.saturating_sub(output.len());
    let growth = output.len().min(GROWTH_BYTES_MAX).max(least);
    output.try_reserve_exact(growth).is_ok()
}

/// Copies `bytes` from `distance` before the end of `output` to its end. What lies before the
/// beginning is given by `before`, which counts backwards from the beginning and from one.
pub(super) fn copy(
    output: &mut Vec<u8>,
    distance: usize,
    bytes: usize,
    before: impl Fn(usize) -> u8,
) {
    let mut left = bytes;
    while left != 0 && output.len() < distance {
        let byte = before(distance.saturating_sub(output.len()));
        output.push(byte);
        left = left.saturating_sub(1);
    }
    // A copy that overlaps itself repeats what it has just written: a whole number of times, so
    // that what may be copied at once doubles.
    let begin = output.len().saturating_sub(distance.max(1));
    while left != 0 {
        let step = left.min(output.len().saturating_sub(begin));
        if step == 0 {
            return;
        }
        output.extend_from_within(begin..begin.saturating_add(step));
        left = left.saturating_sub(step);
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
pub(super) use testing::{Token, Writer, encoded_blocks, tokens};

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use wire::scan::Limits;

    use super::*;

    /// Gives zeros without end.
    struct Zeros;

    impl Decoder for Zeros {
        fn fill(&mut self, output: &mut Vec<u8>, _: usize, _: &mut Budget) -> Result<(), Fault> {
            output.push(0);
            copy(output, 1, COPY_BYTES_MAX - 1, |_| 0);
            Ok(())
        }

        fn taken_bytes(&self) -> usize {
            0
        }
    }

    #[test]
    fn a_copy_repeats_itself_and_may_begin_before_everything() {
        let mut output = b"ab".to_vec();
        copy(&mut output, 2, 5, |_| 0);
        assert_eq!(output, b"abababa");
        copy(&mut output, 9, 4, |back| b"123"[back]);
        assert_eq!(output, b"abababa32ab");
        copy(&mut output, 0, 1, |_| 0);
        assert_eq!(output, b"abababa32abb");
        let mut empty = Vec::new();
        copy(&mut empty, 0, 9, |_| 0);
        assert!(empty.is_empty());
    }

    #[test]
    fn output_ends_where_the_header_says_or_at_a_limit() {
        let limits = Limits {
            memory_bytes_max: 1 << 20,
            ..Limits::default()
        };
        let mut budget = Budget::new(&limits, 1);
        let (output, end) = unpack(&mut Zeros, 3_000, &mut budget);
        assert_eq!((output.len(), end), (3_000, End::Complete));
        let (output, end) = unpack(&mut Zeros, u64::MAX, &mut budget);
        assert!(matches!(end, End::Cut(Gap::Limit, _)));
        assert!((1 << 20..=(1 << 20) + COPY_BYTES_MAX).contains(&output.len()));
        assert!(output.capacity() <= (1 << 20) + GROWTH_BYTES_MAX);
        let mut budget = Budget::new(&Limits::default(), 1);
        let mut total = 0;
        while budget.spent().is_none() {
            total += unpack(&mut Zeros, 1 << 24, &mut budget).0.len();
        }
        let free = usize::try_from(crate::RATIO_FREE_BYTES).unwrap();
        assert!((free..=free + STEP_BYTES + COPY_BYTES_MAX).contains(&total));
    }
}
