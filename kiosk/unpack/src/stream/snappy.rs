//! Snappy in its framing format. All chunks of one file are one content.

use wire::Gap;

use super::check::crc32c;
use super::single::{self, NAMELESS};
use super::sink::{Cut, End, Unpacked, push};
use super::skipped::Skipped;
use super::window::copy_back;
use crate::budget::Budget;
use crate::bytes::{has, part, u16_at, u32_at};
use crate::walk::{Halt, Walk};

const SIGNATURE: &[u8] = b"\xff\x06\0\0sNaPpY";

/// The most that one chunk gives, in bytes.
const CHUNK_BYTES_MAX: usize = 65_536;

const MALFORMED: Cut = (Gap::Damaged, "compressed data is malformed");
const CUT_OFF: Cut = (Gap::Damaged, "compressed data is cut off");

/// Whether the content begins as Snappy's framing format.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, SIGNATURE)
}

/// Hands out the one content.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.admit()?;
    let mut output = Vec::new();
    let mut skipped = Skipped::default();
    let mut at = 0;
    let mut result = Ok(());
    while result.is_ok() && at < content.len() {
        result = chunk(content, &mut at, &mut skipped, &mut output, walk.budget);
    }
    let end = match result {
        Ok(()) => End::Complete,
        Err((gap, why)) => End::Cut(gap, why),
    };
    let unpacked = Unpacked { consumed: at, end }.paid(walk.budget);
    single::hand_out(content, walk, NAMELESS, output, unpacked)?;
    skipped.hand_out(content, walk)
}

fn chunk(
    content: &[u8],
    at: &mut usize,
    skipped: &mut Skipped,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<(), Cut> {
    let &[kind, a, b, c] = part(content, *at, 4).ok_or(CUT_OFF)? else {
        return Err(CUT_OFF);
    };
    let size = usize::try_from(u32::from_le_bytes([a, b, c, 0])).unwrap_or(usize::MAX);
    let begin = at.saturating_add(4);
    let data = part(content, begin, size).ok_or(CUT_OFF)?;
    let end = begin.saturating_add(size);
    *at = end;
    let mut fresh = Vec::new();
    let is_good = match kind {
        0 => data
            .get(4..)
            .and_then(|packed| block(packed, &mut fresh))
            .is_some(),
        1 => {
            fresh.extend_from_slice(data.get(4..).unwrap_or_default());
            fresh.len() <= CHUNK_BYTES_MAX
        }
        0xff if data == b"sNaPpY" => return Ok(()),
        0x80..=0xfe => {
            skipped.note(begin..end);
            return Ok(());
        }
        _ => return Err(MALFORMED),
    };
    push(output, &fresh, budget).map_err(|why| (Gap::Limit, why))?;
    if !is_good {
        return Err(MALFORMED);
    }
    // The checksum is turned and moved, so that a checksum of checksums stays good.
    let sum = crc32c(&fresh).rotate_right(15).wrapping_add(0xa282_ead8);
    if u32_at(data, 0) != Some(sum) {
        return Err((Gap::Damaged, "checksum is wrong"));
    }
    Ok(())
}

/// One compressed block: its size, then literals and copies.
fn block(packed: &[u8], fresh: &mut Vec<u8>) -> Option<()> {
    let mut packed = packed;
    let size = size(&mut packed)?;
    if CHUNK_BYTES_MAX < size {
        return None;
    }
    while let Some((tag, behind)) = packed.split_first() {
        let more = usize::from(tag >> 2);
        let (distance, length, bytes) = match tag & 3 {
            0 if more < 60 => (0, more.checked_add(1)?, 0),
            0 => {
                let bytes = more.checked_sub(59)?;
                let field = behind.get(..bytes)?.iter().rev();
                let length = field.fold(0, |value, byte| value << 8 | usize::from(*byte));
                (0, length.checked_add(1)?, bytes)
            }
            1 => {
                let high = usize::from(tag >> 5) << 8;
                let distance = high | usize::from(*behind.first()?);
                (distance, (more & 7).checked_add(4)?, 1)
            }
            2 => (usize::from(u16_at(behind, 0)?), more.checked_add(1)?, 2),
            _ => {
                let distance = usize::try_from(u32_at(behind, 0)?).ok()?;
                (distance, more.checked_add(1)?, 4)
            }
        };
        packed = behind.get(bytes..)?;
        if size < fresh.len().checked_add(length)? {
            return None;
        }
        if tag & 3 == 0 {
            let (own, behind) = packed.split_at_checked(length)?;
            fresh.extend_from_slice(own);
            packed = behind;
        } else {
            copy_back(&[], fresh, distance, length)?;
        }
    }
    (fresh.len() == size).then_some(())
}

/// A number of seven bits a byte, the least significant first.
fn size(packed: &mut &[u8]) -> Option<usize> {
    let mut size: usize = 0;
    for shift in [0, 7, 14, 21, 28] {
        let (byte, behind) = packed.split_first()?;
        *packed = behind;
        size |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(size);
        }
    }
    None
}

/// Packs the file `plain` with Google's own library, and leaves it in frames as `out`.
#[cfg(test)]
pub(super) const FRAME_PLAIN: &str = r#"python3 -c '
import ctypes
snappy = ctypes.CDLL("libsnappy.so.1")
def crc32c(data):
    value = 0xffffffff
    for byte in data:
        value ^= byte
        for _ in range(8): value = value >> 1 ^ (0x82f63b78 if value & 1 else 0)
    return value ^ 0xffffffff
def chunk(kind, data): return bytes([kind]) + len(data).to_bytes(3, "little") + data
plain = open("plain", "rb").read()
out = chunk(0xff, b"sNaPpY")
for at in range(0, len(plain), 65536):
    piece = plain[at:at + 65536]
    size = ctypes.c_size_t(2 * len(piece) + 64)
    packed = ctypes.create_string_buffer(size.value)
    assert snappy.snappy_compress(piece, ctypes.c_size_t(len(piece)), packed, ctypes.byref(size)) == 0
    sum = crc32c(piece)
    sum = ((sum >> 15 | sum << 17 & 0xffffffff) + 0xa282ead8) & 0xffffffff
    kind, body = (0, packed.raw[:size.value]) if size.value < len(piece) else (1, piece)
    out += chunk(kind, sum.to_bytes(4, "little") + body)
open("out", "wb").write(out)
'"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{What, made_by_shell, opened};

    fn packed(plain: &str) -> Vec<u8> {
        made_by_shell(&format!("{plain} > plain; {FRAME_PLAIN}"))
    }

    #[test]
    fn contents_of_every_sort_come_out() {
        for plain in [
            "head -c 70000 /bin/bash",
            "seq 1 9999",
            "head -c 9000 /dev/zero",
            "head -c 9000 /bin/bash | gzip -9",
            "printf x",
        ] {
            let stream = opened(&packed(plain));
            assert!(!stream.is_suspect(), "{plain}: {stream:?}");
            let expected = made_by_shell(&format!("{plain} > out"));
            assert!(stream.members[0].content == expected, "{plain}");
        }
    }

    #[test]
    fn skipped_chunks_are_no_content_and_what_they_hold_is_handed_out() {
        let gz = crate::testing::gzipped(b"hidden");
        let alpha = packed("echo alpha");
        let skipped = [&[0x80, u8::try_from(gz.len()).unwrap(), 0, 0], &gz[..]].concat();
        let stream = opened(&[&alpha[..], &skipped, &packed("echo beta")].concat());
        assert_eq!(stream.contents("content"), [b"alpha\nbeta\n"]);
        assert!(!stream.is_suspect() && stream.members[1].content == gz);
        let stream = opened(&[&alpha[..], &[0x7f, 0, 0, 0]].concat());
        assert_eq!(stream.members[0].what, What::Partial(Gap::Damaged));
    }

    #[test]
    fn a_wrong_checksum_is_damaged_and_the_bytes_are_kept() {
        let mut content = packed("echo alpha");
        content[14] ^= 1;
        let stream = opened(&content);
        assert_eq!(stream.members[0].what, What::Partial(Gap::Damaged));
        assert_eq!(stream.members[0].content, b"alpha\n");
    }

    #[test]
    fn blocks_that_contradict_themselves_are_refused() {
        let unpacked = |packed: &[u8]| {
            let mut fresh = Vec::new();
            block(packed, &mut fresh).map(|()| fresh)
        };
        // Four literals and a copy of four, in each of its three spellings.
        for copy in [&[0x01, 4][..], &[0x0e, 4, 0], &[0x0f, 4, 0, 0, 0]] {
            let content = [b"\x08\x0cabcd".as_slice(), copy].concat();
            assert_eq!(unpacked(&content).unwrap(), b"abcdabcd");
            assert!(unpacked(&content[..content.len() - 1]).is_none());
            for distance in [0, 5] {
                let mut far = content.clone();
                far[7] = distance;
                assert!(unpacked(&far).is_none());
            }
        }
        assert_eq!(unpacked(b"\x04\xf0\x03abcd").unwrap(), b"abcd");
        assert!(unpacked(b"\x03\x0cabcd").is_none());
        assert!(unpacked(b"\x05\x0cabcd").is_none());
        let size = CHUNK_BYTES_MAX + 1;
        let long = [&b"\x81\x80\x04\xfc\0\0\x01\0"[..], &vec![0; size]].concat();
        assert!(unpacked(&long).is_none());
    }
}
