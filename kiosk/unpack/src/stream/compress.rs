//! compress, the `.Z` of old Unix: codes of Lempel, Ziv and Welch. It has neither a size nor a
//! checksum nor an end mark, so that a content that is cut off between two codes is whole.

use wire::Gap;

use super::single;
use super::sink::{Cut, End, STEP_BYTES, Unpacked, push};
use super::window::copy_back;
use crate::budget::Budget;
use crate::bytes::{has, length, rest, span};
use crate::walk::{Halt, Walk};

/// Signature and flags.
const HEADER_BYTES: usize = 3;

/// Codes begin with so many bits, and have at most so many.
const BITS_MIN: u32 = 9;
const BITS_MAX: u32 = 16;

/// The code that empties the dictionary, in block mode.
const CLEAR: usize = 256;

const MALFORMED: Cut = (Gap::Damaged, "compressed data is malformed");

/// Whether the content begins as compress, with flags that are known.
pub(crate) fn begins(content: &[u8]) -> bool {
    flags(content).is_some()
}

/// The longest code in bits, and whether there is a code that empties the dictionary.
fn flags(content: &[u8]) -> Option<(u32, bool)> {
    let flags = *content.get(2)?;
    let bits = u32::from(flags & 0x1f);
    let is_known = flags & 0x60 == 0 && (BITS_MIN..=BITS_MAX).contains(&bits);
    (has(content, 0, b"\x1f\x9d") && is_known).then_some((bits, flags & 0x80 != 0))
}

/// Hands out the one content.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    single::open(content, walk, decode)
}

fn decode(content: &[u8], output: &mut Vec<u8>, budget: &mut Budget) -> Unpacked {
    let Some((bits_max, is_block)) = flags(content) else {
        return Unpacked::damaged(0, "header is cut off");
    };
    if bits_max == BITS_MIN {
        // Not even the writer's own reader gives back what was written.
        let why = "codes of nine bits only, which readers take differently";
        return Unpacked::cut(0, Gap::Unsupported, why);
    }
    let mut codes = Codes {
        content: rest(content, HEADER_BYTES, usize::MAX),
        at: 0,
        group_at: 0,
        bits: BITS_MIN,
        bits_max,
    };
    let end = match unpack(&mut codes, is_block, output, budget) {
        Ok(()) => End::Complete,
        Err((gap, why)) => End::Cut(gap, why),
    };
    let consumed = content.len();
    Unpacked { consumed, end }.paid(budget)
}

/// Where the bytes that a code stands for begin in what came out, and how many they are.
type Entry = (usize, usize);

fn unpack(
    codes: &mut Codes<'_>,
    is_block: bool,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<(), Cut> {
    let first = if is_block {
        CLEAR.saturating_add(1)
    } else {
        CLEAR
    };
    let entries_max = 1_usize.wrapping_shl(codes.bits_max).saturating_sub(first);
    let mut entries: Vec<Entry> = Vec::new();
    // Where the bytes of the last code begin, and how many they are.
    let mut last: Option<Entry> = None;
    let mut fresh = Vec::new();
    loop {
        let next = first.saturating_add(entries.len());
        // A code is added with each one that is read but the first, which is the reader's
        // delay: the writer is one ahead of it.
        codes.widen(next);
        let code = match codes.take() {
            Ok(Some(code)) => code,
            end => {
                push(output, &fresh, budget).map_err(|why| (Gap::Limit, why))?;
                return end.map(|_| ());
            }
        };
        if is_block && code == CLEAR {
            codes.clear();
            entries.clear();
            last = None;
            continue;
        }
        let begin = output.len().saturating_add(fresh.len());
        // The entry for the code before this one, and the first byte of this one.
        if let Some((at, length)) = last.filter(|_| entries.len() < entries_max) {
            entries.push((at, length.saturating_add(1)));
        }
        let size = if let Ok(byte) = u8::try_from(code) {
            fresh.push(byte);
            1
        } else {
            let entry = code.checked_sub(first).and_then(|place| entries.get(place));
            let copied = entry.and_then(|(at, size)| {
                let distance = begin.checked_sub(*at)?;
                copy_back(output, &mut fresh, distance, *size)?;
                Some(*size)
            });
            let Some(size) = copied else {
                push(output, &fresh, budget).map_err(|why| (Gap::Limit, why))?;
                return Err(MALFORMED);
            };
            size
        };
        last = Some((begin, size));
        if STEP_BYTES <= fresh.len() {
            push(output, &fresh, budget).map_err(|why| (Gap::Limit, why))?;
            fresh.clear();
        }
    }
}

/// Codes from the least significant bit on. They are written in groups of eight, and what is
/// left of a group when the width changes is skipped.
struct Codes<'a> {
    content: &'a [u8],
    /// Both in bits.
    at: u64,
    group_at: u64,
    bits: u32,
    bits_max: u32,
}

impl Codes<'_> {
    /// The next code; none at the end. What is left of the last byte must be empty.
    fn take(&mut self) -> Result<Option<usize>, Cut> {
        let byte = span(self.at / 8);
        let field = rest(self.content, byte, 4);
        let value = field
            .iter()
            .rev()
            .fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
        let shift = u32::try_from(self.at % 8).unwrap_or_default();
        let value = value.wrapping_shr(shift);
        let end = self.at.saturating_add(u64::from(self.bits));
        if length(self.content.len()).saturating_mul(8) < end {
            return match value {
                0 => Ok(None),
                _ => Err((Gap::Damaged, "compressed data is cut off")),
            };
        }
        self.at = end;
        let mask = 1_u32.wrapping_shl(self.bits).wrapping_sub(1);
        Ok(usize::try_from(value & mask).ok())
    }

    /// Makes codes wider when `next` does not fit.
    fn widen(&mut self, next: usize) {
        let end = 1_usize.wrapping_shl(self.bits);
        if end <= next && self.bits < self.bits_max {
            self.skip_group();
            self.bits = self.bits.saturating_add(1);
        }
    }

    fn clear(&mut self) {
        self.skip_group();
        self.bits = BITS_MIN;
    }

    fn skip_group(&mut self) {
        let group = u64::from(self.bits).saturating_mul(8);
        let read = self.at.saturating_sub(self.group_at);
        self.at = self.group_at.saturating_add(read.next_multiple_of(group));
        self.group_at = self.at;
    }
}

#[cfg(test)]
mod tests {
    use wire::Gap;

    use super::{BITS_MAX, BITS_MIN};
    use crate::testing::{What, kinds, made_by_shell, opened};

    #[test]
    fn contents_of_every_sort_and_width_come_out() {
        for plain in [
            "seq 1 30000",
            "head -c 500000 /bin/bash",
            "head -c 700000 /dev/zero",
            "head -c 200000 /bin/bash | gzip -9",
            "{ head -c 90000 /dev/zero; seq 1 29999; head -c 300000 /bin/bash; seq 1 29999; }",
            "printf x",
            "printf aaa",
        ] {
            let expected = made_by_shell(&format!("{plain} > out"));
            for bits in [BITS_MIN + 1, 12, BITS_MAX] {
                let content = made_by_shell(&format!("{plain} | compress -f -b {bits} > out"));
                let stream = opened(&content);
                assert!(!stream.is_suspect(), "{plain} {bits}: {:?}", stream.gap);
                assert!(stream.members[0].content == expected, "{plain} {bits}");
            }
        }
    }

    #[test]
    fn without_block_mode_the_first_free_code_is_256() {
        // 'a', 'b', then 256 for both, then 258, which is not known yet when it comes.
        let codes = [97_u32, 98, 256, 258];
        let bits = codes
            .iter()
            .rev()
            .fold(0_u64, |bits, code| bits << 9 | u64::from(*code));
        let content = [b"\x1f\x9d\x10".as_slice(), &bits.to_le_bytes()[..5]].concat();
        let stream = opened(&content);
        assert_eq!(stream.contents("content"), [b"abababa"]);
        assert!(!stream.is_suspect());
    }

    #[test]
    fn a_code_that_is_not_known_and_a_cut_code_are_damaged() {
        for content in [
            b"\x1f\x9d\x90\x61\xfe\x03".as_slice(),
            b"\x1f\x9d\x90\x61\x02",
            b"\x1f\x9d\x90\xff\xff",
        ] {
            let stream = opened(content);
            assert_eq!(stream.members[0].what, What::Partial(Gap::Damaged));
        }
        assert_eq!(opened(b"\x1f\x9d\x90\x61\0").contents("content"), [b"a"]);
    }

    #[test]
    fn codes_that_never_grow_are_unsupported() {
        let content = made_by_shell("seq 1 1000 | compress -f -b 9 > out");
        let stream = opened(&content);
        assert_eq!(stream.members[0].what, What::Partial(Gap::Unsupported));
    }

    #[test]
    fn flags_that_are_not_known_are_not_compress() {
        assert_eq!(kinds(b"\x1f\x9d\x90"), ["compress"]);
        for flags in [0x88, 0x91, 0xb0, 0xd0] {
            assert_eq!(kinds(&[0x1f, 0x9d, flags]), [""; 0]);
        }
    }
}
