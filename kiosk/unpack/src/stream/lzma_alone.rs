//! The old format of LZMA: thirteen bytes of header and the stream, without any signature or
//! checksum.

use std::io::Read;

use wire::Gap;

use super::filter::{Processor, branches};
use super::lzma::{Properties, lzma, lzma_reader};
use super::single;
use super::sink::{Cut, Unpacked};
use crate::budget::Budget;
use crate::bytes::{rest, u32_at, u64_at};
use crate::walk::{Halt, Walk};

/// The properties, the dictionary's size and the content's size.
const HEADER_BYTES: usize = 13;

/// The properties that every encoder uses unless it is told otherwise.
const USUAL_BITS: u8 = 0x5d;

/// Smallest content of a stream that is looked for in other data, in bytes: without a checksum, what
/// is short comes out of anything.
pub(crate) const SIZE_WITHIN_MIN: u64 = 256;

/// Smallest dictionary of such a stream, in bytes: the one of xz's lightest setting is 256 KiB.
pub(crate) const DICTIONARY_WITHIN_MIN: u32 = 64 << 10;

/// How much must come out of a stream of unusual properties before it is believed, in bytes.
/// Other data refers to what is not there within a few bytes.
const PROBE_BYTES: usize = 1024;

/// Whether the content looks like LZMA: properties that are valid, a dictionary size that
/// encoders use, and a size that is unknown or below 256 GiB (as XZ Utils tells it).
pub(crate) fn begins(content: &[u8]) -> bool {
    is_lzma(content) == Some(true)
}

fn is_lzma(content: &[u8]) -> Option<bool> {
    let bits = *content.first()?;
    let dictionary = u32_at(content, 1)?;
    let is_step = dictionary.is_power_of_two()
        || dictionary == u32::MAX
        || dictionary.checked_div(3).is_some_and(|third| {
            third.is_power_of_two() && third.checked_mul(3) == Some(dictionary)
        });
    let size = u64_at(content, 5)?;
    let first_is_zero = content.get(HEADER_BYTES) == Some(&0);
    let sized = size == u64::MAX || (size < 1 << 38 && 0 < size);
    let is_valid = bits < 225 && 4096 <= dictionary && is_step && sized && first_is_zero;
    Some(is_valid && (bits == USUAL_BITS || gives(content, bits)))
}

/// Whether the content is LZMA in the form of `lzma86`: one byte says whether calls of x86 code were
/// turned into absolute ones, and the old format follows.
pub(crate) fn begins_x86(content: &[u8]) -> bool {
    let inner = rest(content, 1, usize::MAX);
    matches!(content.first(), Some(0 | 1)) && inner.first() == Some(&USUAL_BITS) && begins(inner)
}

/// Hands out the one content of that form.
pub(crate) fn open_x86(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    single::open(content, walk, decode_x86)
}

fn decode_x86(content: &[u8], output: &mut Vec<u8>, budget: &mut Budget) -> Unpacked {
    let unpacked = decode(rest(content, 1, usize::MAX), output, budget);
    let consumed = unpacked.consumed.saturating_add(1);
    if content.first() == Some(&1) {
        match without_branches(output, budget) {
            Ok(plain) => *output = plain,
            Err((gap, why)) => return Unpacked::cut(consumed, gap, why),
        }
    }
    Unpacked {
        consumed,
        ..unpacked
    }
}

/// Takes the filter for code of x86 back: as many bytes come out as went in, and both are held
/// until then.
fn without_branches(filtered: &[u8], budget: &mut Budget) -> Result<Vec<u8>, Cut> {
    budget.hold(filtered.len());
    let room = budget.room();
    budget.release(filtered.len());
    if room < filtered.len() {
        return Err((Gap::Limit, "larger than a content in memory may be"));
    }
    let mut plain = Vec::new();
    if plain.try_reserve_exact(filtered.len()).is_err() {
        return Err((Gap::Limit, "not enough memory"));
    }
    let read = branches(filtered, Processor::X86, 0).read_to_end(&mut plain);
    read.map_err(|_| (Gap::Damaged, "the filter of program code failed"))?;
    Ok(plain)
}

/// Whether such a stream could begin in the middle of other data: usual properties, a dictionary
/// as encoders choose it, and a size that is worth it.
pub(crate) fn is_within(content: &[u8]) -> bool {
    let dictionary = u32_at(content, 1).unwrap_or(0);
    let size = u64_at(content, 5).unwrap_or(0);
    (SIZE_WITHIN_MIN..1 << 32).contains(&size) | (size == u64::MAX)
        && DICTIONARY_WITHIN_MIN <= dictionary
        && content.first() == Some(&USUAL_BITS)
        && begins(content)
}

/// Whether something comes out of the stream.
fn gives(content: &[u8], bits: u8) -> bool {
    let properties = Properties {
        bits,
        dictionary_bytes: 4096,
    };
    let size_bytes = u64_at(content, 5).filter(|size| *size != u64::MAX);
    let packed = rest(content, HEADER_BYTES, usize::MAX);
    let Ok(mut reader) = lzma_reader(packed, properties, size_bytes) else {
        return false;
    };
    let mut piece = [0; PROBE_BYTES];
    let mut given: usize = 0;
    while given < PROBE_BYTES {
        match reader.read(piece.get_mut(given..).unwrap_or_default()) {
            Ok(0) => return true,
            Ok(fresh) => given = given.saturating_add(fresh),
            Err(_) => return false,
        }
    }
    true
}

/// Hands out the one content.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    single::open(content, walk, decode)
}

pub(crate) fn decode(content: &[u8], output: &mut Vec<u8>, budget: &mut Budget) -> Unpacked {
    let header = content
        .first()
        .zip(u32_at(content, 1))
        .zip(u64_at(content, 5));
    let Some(((bits, dictionary_bytes), size)) = header else {
        return Unpacked::damaged(0, "header is cut off");
    };
    let properties = Properties {
        bits: *bits,
        dictionary_bytes,
    };
    let size_bytes = (size != u64::MAX).then_some(size);
    let packed = rest(content, HEADER_BYTES, usize::MAX);
    let unpacked = lzma(packed, properties, size_bytes, output, budget);
    Unpacked {
        consumed: unpacked.consumed.saturating_add(HEADER_BYTES),
        ..unpacked
    }
}

#[cfg(test)]
mod tests {
    use wire::Gap;
    use wire::scan::Limits;

    use crate::budget::Budget;
    use crate::stream::sink::End;
    use crate::testing::{kinds, made_by_shell, opened};

    #[test]
    fn unusual_properties_are_believed_when_something_comes_out() {
        for options in [
            "lc=0,lp=2,pb=1",
            "lc=4,lp=0,pb=4",
            "lc=1,lp=3,pb=0,dict=4KiB",
        ] {
            let content = made_by_shell(&format!(
                "seq 1 4000 | xz --format=lzma --lzma1={options} > out"
            ));
            assert_eq!(kinds(&content), ["lzma"], "{options}");
            assert!(!opened(&content).is_suspect(), "{options}");
            let mut other = content.clone();
            other[18..60].fill(0xa5);
            assert_eq!(kinds(&other), [""; 0], "{options}");
        }
        let short = made_by_shell("echo alpha | xz --format=lzma --lzma1=lc=0 > out");
        assert_eq!(opened(&short).contents("content"), [b"alpha\n"]);
    }

    #[test]
    fn the_form_with_a_filter_for_programs_is_opened() {
        let alone = made_by_shell("seq 1 4000 | xz --format=lzma > out");
        let plain = opened(&alone).contents("content").concat();
        let content = [b"\0".as_slice(), &alone].concat();
        assert_eq!(kinds(&content), ["lzma86"]);
        assert_eq!(opened(&content).contents("content"), [plain]);
        // A call of the place five bytes behind its end.
        let filtered = made_by_shell(
            r"{ printf '\220\220\350\014\000\000\000'; seq 1 99; } | xz --format=lzma > out",
        );
        let content = [b"\x01".as_slice(), &filtered].concat();
        let found = opened(&content);
        assert!(!found.is_suspect());
        assert!(found.contents("content")[0].starts_with(b"\x90\x90\xe8\x05\0\0\0"));
    }

    #[test]
    fn the_filter_for_programs_holds_no_more_than_there_is_room_for() {
        let line = "head -c 300000 /dev/zero | xz --format=lzma --lzma1=dict=64KiB > out";
        let alone = made_by_shell(line);
        let content = [b"\x01".as_slice(), &alone].concat();
        let unpacked = |held_bytes: usize| {
            let limits = Limits {
                memory_bytes_max: 400_000,
                ..Limits::default()
            };
            let mut budget = Budget::new(&limits, 1 << 20);
            budget.hold(held_bytes);
            let mut output = Vec::new();
            let unpacked = super::decode_x86(&content, &mut output, &mut budget);
            budget.release(held_bytes);
            assert_eq!(budget.held_room(), 800_000);
            assert_eq!(output.len(), 300_000);
            (unpacked.end, output.capacity())
        };
        assert_eq!(unpacked(0), (End::Complete, 300_000));
        // The stream and what the filter makes of it are there at once.
        let (end, _) = unpacked(400_000);
        assert!(matches!(end, End::Cut(Gap::Limit, _)), "{end:?}");
    }

    #[test]
    fn short_streams_are_not_looked_for_within_other_data() {
        let within = |length: u64| {
            let line = format!("head -c {length} /dev/zero | lzma -c > out");
            // With its size in the header, as the encoder of 7-Zip writes it.
            let mut alone = made_by_shell(&line);
            alone[5..13].copy_from_slice(&length.to_le_bytes());
            super::is_within(&alone)
        };
        assert!(within(super::SIZE_WITHIN_MIN));
        assert!(!within(super::SIZE_WITHIN_MIN - 1));
        let mut small = made_by_shell("seq 1 4000 | xz --format=lzma --lzma1=dict=64KiB > out");
        assert!(super::is_within(&small));
        small[1..5].copy_from_slice(&(super::DICTIONARY_WITHIN_MIN / 2).to_le_bytes());
        assert!(!super::is_within(&small));
    }

    #[test]
    fn headers_that_cannot_be_are_not_lzma() {
        let content = made_by_shell("echo alpha | xz --format=lzma > out");
        for (at, byte) in [(0, 225), (1, 1), (3, 0), (12, 0), (13, 1)] {
            let mut changed = content.clone();
            changed[at] = byte;
            assert_eq!(kinds(&changed), [""; 0], "{at}");
        }
    }
}
