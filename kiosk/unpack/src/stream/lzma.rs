//! LZMA and LZMA2 without any container, with output, input and dictionary bounded. For every
//! format that holds such streams.

use std::io::{self, Read};

use lzma_rust2::{Lzma2Reader, LzmaReader};

use super::sink::{Fine, STEP_BYTES, Unpacked, drain};
use crate::budget::Budget;
use crate::bytes::span;

/// The properties of an LZMA stream as its container gives them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Properties {
    /// Literal and position bits, packed into one byte.
    pub(crate) bits: u8,
    /// How far back a stream may refer, in bytes.
    pub(crate) dictionary_bytes: u32,
}

/// The dictionary's size from the byte that stands for it.
pub(crate) fn lzma2_dictionary(bits: u8) -> Option<u32> {
    match bits {
        0..=39 => Some((2 | u32::from(bits & 1)) << (bits / 2).checked_add(11)?),
        40 => Some(u32::MAX),
        _ => None,
    }
}

/// Lets `decode` unpack one content with the dictionary that is kept of `declared` bytes, and
/// holds that dictionary meanwhile. Half of what may be held is enough for it: nothing refers
/// farther back than the content goes, which has the other half. The decoder's memory grows
/// with what comes out, not with what is declared.
pub(crate) fn with_dictionary<T>(
    declared: u32,
    budget: &mut Budget,
    decode: impl FnOnce(u32, &mut Budget) -> T,
) -> T {
    let half = budget.held_room() / 2;
    let held = span(u64::from(declared)).min(half);
    // What does not fit any more is decoded before it is refused.
    let kept = held
        .saturating_add(STEP_BYTES)
        .min(span(u64::from(declared)));
    // The decoder refuses the last few numbers below 4 GiB.
    let kept = u32::try_from(kept).unwrap_or(u32::MAX).clamp(4096, !0xf);
    budget.hold(held);
    let result = decode(kept, budget);
    budget.release(held);
    result
}

/// A reader of LZMA. `size_bytes` is the size of the content; `None` reads to the end mark.
///
/// # Errors
/// The properties are not valid, or the input is cut off or malformed at its very beginning.
pub(crate) fn lzma_reader<R: Read>(
    packed: R,
    properties: Properties,
    size_bytes: Option<u64>,
) -> io::Result<LzmaReader<R>> {
    let size_bytes = size_bytes.unwrap_or(u64::MAX);
    let Properties {
        bits,
        dictionary_bytes,
    } = properties;
    let mut reader = LzmaReader::new_with_props(packed, size_bytes, bits, dictionary_bytes, None)?;
    reader.set_relaxed_end_condition(false);
    reader.set_defer_errors(true);
    Ok(reader)
}

/// A reader of LZMA2, to its own end mark.
pub(crate) fn lzma2_reader<R: Read>(packed: R, dictionary_bytes: u32) -> Fine<Lzma2Reader<R>> {
    Fine::new(Lzma2Reader::new(packed, dictionary_bytes, None))
}

/// Unpacks the LZMA stream at the beginning of `packed` to the end of `output`. `size_bytes` is
/// what it unpacks to; `None` reads to the end mark.
pub(crate) fn lzma(
    packed: &[u8],
    properties: Properties,
    size_bytes: Option<u64>,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Unpacked {
    with_dictionary(properties.dictionary_bytes, budget, |kept, budget| {
        let kept = Properties {
            dictionary_bytes: kept,
            ..properties
        };
        let mut reader = match lzma_reader(packed, kept, size_bytes) {
            Ok(reader) => reader,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Unpacked::damaged(0, "compressed data is cut off");
            }
            Err(_) => return Unpacked::damaged(0, "compressed data is malformed"),
        };
        let end = drain(&mut reader, output, budget);
        let (unread, ahead) = reader.into_parts();
        let left = unread.len().saturating_add(ahead.len());
        let consumed = packed.len().saturating_sub(left);
        Unpacked { consumed, end }.paid(budget)
    })
}

/// Unpacks the LZMA2 stream at the beginning of `packed` to the end of `output`.
pub(crate) fn lzma2(
    packed: &[u8],
    dictionary_bytes: u32,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Unpacked {
    with_dictionary(dictionary_bytes, budget, |kept, budget| {
        let mut reader = lzma2_reader(packed, kept);
        let end = drain(&mut reader, output, budget);
        let unread = reader.into_inner().into_inner();
        let consumed = packed.len().saturating_sub(unread.len());
        Unpacked { consumed, end }.paid(budget)
    })
}

#[cfg(test)]
mod tests {
    use wire::Gap;
    use wire::scan::Limits;

    use super::*;
    use crate::stream::sink::End;
    use crate::testing::made_by_shell;

    #[test]
    fn dictionary_and_content_stay_together_within_what_may_be_held() {
        let noise = "head -c 500000 /bin/bash | gzip -9 | head -c 200000";
        let plain = made_by_shell(&format!("{noise} > out"));
        let packed = |dictionary: &str| {
            let line = format!("{noise} | xz --format=raw --lzma2=dict={dictionary} > out");
            made_by_shell(&line)
        };
        let limits = Limits {
            memory_bytes_max: 220_000,
            ..Limits::default()
        };
        let unpacked = |dictionary: &str, declared: u32, held: usize| {
            let mut budget = Budget::new(&limits, 1 << 20);
            budget.hold(held);
            let mut output = Vec::new();
            let one = lzma2(&packed(dictionary), declared, &mut output, &mut budget);
            assert!(plain.starts_with(&output));
            assert_eq!(budget.held_room(), 440_000 - held);
            (one.end == End::Complete, one.end, output.len())
        };
        // Nothing else is held: as much as one content may have, whatever is declared.
        assert!(unpacked("64MiB", 64 << 20, 0).0);
        // As much is held as one content: a small dictionary leaves room, a large one does not.
        assert!(unpacked("4KiB", 4096, 220_000).0);
        let (_, end, length) = unpacked("64MiB", 64 << 20, 220_000);
        assert!(matches!(end, End::Cut(Gap::Limit, _)) && length <= 110_000);
    }
}
