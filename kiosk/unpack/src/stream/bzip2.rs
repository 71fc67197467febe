//! Bzip2. All streams of one file are one content, as every reader does it.

mod block;

use wire::Gap;

use self::block::block;
use super::bits::Bits;
use super::single::{self, at, joined};
use super::sink::{Cut, End, Unpacked, begin};
use crate::budget::Budget;
use crate::bytes::has;
use crate::walk::{Halt, Walk};

/// Pi in the digits of a binary-coded decimal: a block follows.
const BLOCK: [u32; 2] = [0x0031_4159, 0x0026_5359];
/// The root of pi: the stream ends.
const END: [u32; 2] = [0x0017_7245, 0x0038_5090];

/// What a level stands for, in bytes of a block before its compression.
const LEVEL_BYTES: usize = 100_000;

/// Whether the content begins as bzip2: with the first block or as an empty stream.
pub(crate) fn begins(content: &[u8]) -> bool {
    let is_level = matches!(content.get(3), Some(b'1'..=b'9'));
    let block = has(content, 4, b"\x31\x41\x59\x26\x53\x59");
    let empty = has(content, 4, b"\x17\x72\x45\x38\x50\x90");
    has(content, 0, b"BZh") && is_level && (block || empty)
}

/// Hands out the one content.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    single::open(content, walk, |content, output, budget| {
        joined(content, output, budget, begins, at(bzip2))
    })
}

/// Unpacks the stream at the beginning of `packed` to the end of `output`.
pub(crate) fn bzip2(packed: &[u8], output: &mut Vec<u8>, budget: &mut Budget) -> Unpacked {
    let mut bits = Bits::new(packed);
    let end = match stream(&mut bits, output, budget) {
        Ok(()) => End::Complete,
        Err((gap, why)) => End::Cut(gap, why),
    };
    let consumed = bits.consumed();
    Unpacked { consumed, end }.paid(budget)
}

fn stream(bits: &mut Bits<'_>, output: &mut Vec<u8>, budget: &mut Budget) -> Result<(), Cut> {
    let signature = (bits.take(24), bits.take(8));
    let (Some(0x0042_5a68), Some(level @ 0x31..=0x39)) = signature else {
        return Err((Gap::Damaged, "header is malformed"));
    };
    let level = usize::try_from(level & 0xf).unwrap_or_default();
    let size_max = level.saturating_mul(LEVEL_BYTES);
    let mut sum: u32 = 0;
    loop {
        let (Some(first), Some(second), Some(stated)) =
            (bits.take(24), bits.take(24), bits.take(32))
        else {
            return Err((Gap::Damaged, "compressed data is cut off"));
        };
        match [first, second] {
            BLOCK => {
                begin(budget).map_err(|why| (Gap::Limit, why))?;
                let found = block(bits, size_max, output, budget)?;
                if found != stated {
                    return Err((Gap::Damaged, "checksum is wrong"));
                }
                sum = sum.rotate_left(1) ^ found;
            }
            END if sum == stated => {
                bits.align();
                return Ok(());
            }
            END => return Err((Gap::Damaged, "checksum is wrong")),
            _ => return Err((Gap::Damaged, "compressed data is malformed")),
        }
    }
}

#[cfg(test)]
mod tests {
    use wire::Gap;

    use crate::testing::{What, kinds, made_by_shell, opened};

    #[test]
    fn all_streams_are_one_content() {
        let content = made_by_shell(
            "echo alpha | bzip2 -1 > out; : | bzip2 >> out; echo beta | bzip2 -9 >> out",
        );
        let stream = opened(&content);
        assert_eq!(stream.contents("content"), [b"alpha\nbeta\n"]);
        assert!(!stream.is_suspect() && stream.rules.is_empty());
        let empty = opened(&made_by_shell(": | bzip2 > out"));
        assert_eq!(empty.contents("content"), [b""]);
        assert!(!empty.is_suspect());
    }

    #[test]
    fn contents_of_every_sort_come_out() {
        for plain in [
            "head -c 300000 /bin/bash",
            "head -c 1000000 /dev/zero",
            "printf 'aaaabbbbbbbbbbcccc'",
            "seq 1 60000",
            "head -c 200000 /bin/bash | base64 | fold -w 1",
        ] {
            for level in ["-1", "-9"] {
                let content = made_by_shell(&format!("{plain} | bzip2 {level} > out"));
                let stream = opened(&content);
                assert!(!stream.is_suspect(), "{plain} {level}");
                let plain = made_by_shell(&format!("{plain} > out"));
                assert!(stream.members[0].content == plain, "{level}");
            }
        }
    }

    #[test]
    fn both_checksums_are_compared() {
        let content = made_by_shell("echo alpha | bzip2 > out");
        // The block's stands behind its mark; the stream's ends with the last byte but for
        // some bits.
        for at in [10, content.len() - 2] {
            let mut changed = content.clone();
            changed[at] ^= 1;
            let stream = opened(&changed);
            assert_eq!(stream.members[0].what, What::Partial(Gap::Damaged));
            assert_eq!(stream.members[0].content, b"alpha\n");
        }
    }

    #[test]
    fn a_randomised_block_is_unsupported() {
        let mut content = made_by_shell("echo alpha | bzip2 > out");
        content[14] |= 0x80;
        let stream = opened(&content);
        assert_eq!(stream.members[0].what, What::Partial(Gap::Unsupported));
    }

    #[test]
    fn text_that_begins_so_is_none() {
        assert_eq!(kinds(b"BZhang wrote this"), [""; 0]);
        assert_eq!(kinds(b"BZh0\x31\x41\x59\x26\x53\x59"), [""; 0]);
    }

    #[test]
    fn very_many_tiny_streams_and_blocks_end_at_the_input() {
        let empty = made_by_shell(": | bzip2 > out");
        let stream = opened(&empty.repeat(1 << 18));
        assert_eq!(stream.members[0].what, What::Partial(Gap::Limit));
        assert!(!opened(&empty.repeat(100)).is_suspect());
    }
}
