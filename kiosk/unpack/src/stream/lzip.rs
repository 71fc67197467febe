//! Lzip, versions 0 and 1. All members of one file are one content.

use super::lzma::{Properties, lzma};
use super::single::{self, at, joined};
use super::sink::{End, Unpacked};
use crate::budget::Budget;
use crate::bytes::{has, length, part, rest, u32_at, u64_at};
use crate::walk::{Halt, Walk};

/// Signature, version and the dictionary's size.
const HEADER_BYTES: usize = 6;

/// The only properties there are: three literal context bits and two position bits.
const LZMA_BITS: u8 = 0x5d;

/// Whether the content begins as lzip.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, b"LZIP\0") || has(content, 0, b"LZIP\x01")
}

/// Hands out the one content.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    single::open(content, walk, |content, output, budget| {
        joined(content, output, budget, begins, at(member))
    })
}

/// Unpacks the member at the beginning of `content`.
fn member(content: &[u8], output: &mut Vec<u8>, budget: &mut Budget) -> Unpacked {
    let Some(header) = part(content, 0, HEADER_BYTES) else {
        return Unpacked::damaged(0, "header is cut off");
    };
    let Some(dictionary_bytes) = header.last().and_then(|bits| dictionary(*bits)) else {
        return Unpacked::damaged(0, "dictionary size is not valid");
    };
    // The first version's trailer has no size of the member.
    let is_old = header.get(4) == Some(&0);
    let before = output.len();
    let properties = Properties {
        bits: LZMA_BITS,
        dictionary_bytes,
    };
    let packed = rest(content, HEADER_BYTES, usize::MAX);
    let stream = lzma(packed, properties, None, output, budget);
    if stream.end != End::Complete {
        return stream;
    }
    let trailer_at = stream.consumed.saturating_add(HEADER_BYTES);
    let trailer_bytes = if is_old { 12 } else { 20 };
    let Some(trailer) = part(content, trailer_at, trailer_bytes) else {
        return Unpacked::damaged(trailer_at, "checksum is cut off");
    };
    let end = trailer_at.saturating_add(trailer_bytes);
    let fresh = output.get(before..).unwrap_or_default();
    if u32_at(trailer, 0) != Some(crc32fast::hash(fresh)) {
        return Unpacked::damaged(end, "checksum is wrong");
    }
    let is_sized = u64_at(trailer, 4) == Some(length(fresh.len()))
        && (is_old || u64_at(trailer, 12) == Some(length(end)));
    if !is_sized {
        return Unpacked::damaged(end, "size is wrong");
    }
    Unpacked {
        consumed: end,
        end: End::Complete,
    }
}

/// A power of two less some sixteenths of it.
fn dictionary(bits: u8) -> Option<u32> {
    let base = 1_u32.checked_shl(u32::from(bits & 0x1f))?;
    let less = (base / 16).checked_mul(u32::from(bits >> 5))?;
    let size = base.checked_sub(less)?;
    (4096..=1 << 29).contains(&size).then_some(size)
}

#[cfg(test)]
mod tests {
    use wire::Gap;

    use crate::testing::{What, made_by_shell, opened};

    #[test]
    fn all_members_are_one_content() {
        let content = made_by_shell(
            "echo alpha | lzip -c > out; : | lzip -c >> out; echo beta | lzip -c >> out",
        );
        assert_eq!(opened(&content).contents("content"), [b"alpha\nbeta\n"]);
    }

    #[test]
    fn every_field_of_the_trailer_is_compared() {
        let content = made_by_shell("echo alpha | lzip -c > out");
        for from_end in [1, 9, 17] {
            let mut changed = content.clone();
            let at = changed.len() - from_end;
            changed[at] ^= 1;
            let stream = opened(&changed);
            assert_eq!(stream.members[0].what, What::Partial(Gap::Damaged));
            assert_eq!(stream.members[0].content, b"alpha\n");
        }
    }

    #[test]
    fn the_first_version_has_a_shorter_trailer() {
        let mut content = made_by_shell("echo alpha | lzip -c > out");
        content[4] = 0;
        content.truncate(content.len() - 8);
        assert_eq!(opened(&content).contents("content"), [b"alpha\n"]);
        assert!(!opened(&content).is_suspect());
    }

    #[test]
    fn a_dictionary_size_that_is_not_valid_is_damaged() {
        let content = made_by_shell("echo alpha | lzip -c > out");
        for bits in [0, 11, 30, 0x1f, 0xec] {
            let mut changed = content.clone();
            changed[5] = bits;
            assert!(opened(&changed).is_suspect(), "{bits:x}");
        }
    }
}
