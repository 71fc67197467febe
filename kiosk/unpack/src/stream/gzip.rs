//! Gzip (RFC 1952). All members of one file unpack to one content, as every reader does it.

use std::ops::Range;

use wire::Gap;

use super::inflate::inflate;
use super::single::{self, NAMELESS};
use super::sink::{End, Unpacked, begin};
use super::skipped::Skipped;
use crate::bytes::{has, length, part, rest, u16_at, u32_at};
use crate::walk::{Halt, Walk};

/// `ID1`, `ID2` and the only method there is, deflate.
const SIGNATURE: [u8; 3] = [0x1f, 0x8b, 8];

/// The fixed part of a header: signature, flags, time, extra flags, system.
const HEADER_BYTES: usize = 10;

/// The trailer: checksum and size.
const TRAILER_BYTES: usize = 8;

/// Whether the content begins as gzip.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, &SIGNATURE)
}

/// Whether the header has what writers put there: flags and a system that exist, and one of the
/// three words about how well it is packed. Readers look at none of it.
pub(crate) fn is_usual(content: &[u8]) -> bool {
    let field = |at: usize| content.get(at).copied().unwrap_or(u8::MAX);
    let is_system = matches!(field(9), 0..=13 | u8::MAX);
    begins(content) && field(3) < 32 && matches!(field(8), 0 | 2 | 4) && is_system
}

/// Hands out the one content.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.admit()?;
    let mut output = Vec::new();
    let mut name = None;
    let mut skipped = Skipped::default();
    let mut at: usize = 0;
    let end = loop {
        let Some(header) = Header::read(content, at) else {
            break End::Cut(Gap::Damaged, "header is cut off");
        };
        name = name.or(header.name);
        for other in header.others.iter().flatten() {
            skipped.note(other.clone());
        }
        if let Err(why) = begin(walk.budget) {
            break End::Cut(Gap::Limit, why);
        }
        let before = output.len();
        let packed = rest(content, header.end, usize::MAX);
        let stream = inflate(packed, &mut output, walk.budget);
        if stream.end != End::Complete {
            break stream.end;
        }
        let trailer = header.end.saturating_add(stream.consumed);
        let fresh = output.get(before..).unwrap_or_default();
        if let Some(why) = trailer_fault(content, trailer, fresh) {
            break End::Cut(Gap::Damaged, why);
        }
        at = trailer.saturating_add(TRAILER_BYTES);
        if !begins(rest(content, at, usize::MAX)) {
            break End::Complete;
        }
    };
    let name = name.unwrap_or(NAMELESS);
    let unpacked = Unpacked { consumed: at, end };
    single::hand_out(content, walk, name, output, unpacked)?;
    skipped.hand_out(content, walk)
}

/// A member's header.
struct Header<'a> {
    name: Option<&'a [u8]>,
    /// The field for anything and the comment.
    others: [Option<Range<usize>>; 2],
    end: usize,
}

impl<'a> Header<'a> {
    fn read(content: &'a [u8], at: usize) -> Option<Self> {
        let fixed = part(content, at, HEADER_BYTES)?;
        let flags = *fixed.get(3)?;
        let mut end = at.checked_add(HEADER_BYTES)?;
        let (mut extra, mut comment) = (None, None);
        if flags & 4 != 0 {
            let begin = end.checked_add(2)?;
            end = begin.checked_add(usize::from(u16_at(content, end)?))?;
            extra = Some(begin..end);
        }
        let mut name = None;
        // The name, then the comment; both end with a zero byte.
        for flag in [8, 16] {
            if flags & flag != 0 {
                let field = content.get(end..)?;
                let text = field.get(..field.iter().position(|byte| *byte == 0)?)?;
                let begin = end;
                end = end.checked_add(text.len())?.checked_add(1)?;
                if flag == 16 {
                    comment = Some(begin..end);
                } else if !text.is_empty() {
                    name = Some(text);
                }
            }
        }
        if flags & 2 != 0 {
            end = end.checked_add(2)?;
        }
        (end <= content.len()).then_some(Self {
            name,
            others: [extra, comment],
            end,
        })
    }
}

/// What is wrong with the trailer of a member that unpacked to `fresh`.
fn trailer_fault(content: &[u8], at: usize, fresh: &[u8]) -> Option<&'static str> {
    let stated = u32_at(content, at).zip(u32_at(content, at.saturating_add(4)));
    let Some((crc, size)) = stated else {
        return Some("checksum is cut off");
    };
    if crc32fast::hash(fresh) != crc {
        return Some("checksum is wrong");
    }
    // The size is stored modulo 2^32.
    (length(fresh.len()) & 0xffff_ffff != u64::from(size)).then_some("size is wrong")
}

#[cfg(test)]
mod tests {
    use wire::Gap;
    use wire::scan::Limits;

    use crate::testing::{What, gzipped, made_by_shell, opened, opened_within};

    #[test]
    fn content_comes_out_under_its_own_name() {
        let gz = opened(&made_by_shell(
            "echo alpha > 点検.txt; gzip 点検.txt; mv *.gz out",
        ));
        assert_eq!(gz.contents("点検.txt"), [b"alpha\n"]);
        assert!(!gz.is_suspect() && gz.rules.is_empty());
        assert_eq!(opened(&gzipped(b"x")).members[0].name, "content");
    }

    #[test]
    fn all_members_are_one_content() {
        let gz = opened(&[gzipped(b"alpha"), gzipped(b""), gzipped(b"beta")].concat());
        assert_eq!(gz.contents("content"), [b"alphabeta"]);
        assert!(!gz.is_suspect());
    }

    #[test]
    fn data_behind_the_end_is_told_and_a_container_there_is_handed_out() {
        let gz = opened(&[gzipped(b"alpha"), b"garbage".to_vec()].concat());
        assert_eq!(
            (gz.rules[0].as_str(), gz.members.len()),
            ("container_extra_data", 1)
        );
        assert!(
            opened(&[gzipped(b"alpha"), vec![0; 512]].concat())
                .rules
                .is_empty()
        );
        let rar = [gzipped(b"alpha"), b"Rar!\x1a\x07\x01\0".to_vec()].concat();
        let gz = opened(&rar);
        assert_eq!(crate::testing::kinds(&gz.members[1].content), ["rar"]);
    }

    #[test]
    fn every_optional_field_is_skipped() {
        let plain = gzipped(b"alpha");
        let mut content = plain[..10].to_vec();
        content[3] = 2 | 4 | 8 | 16;
        content.extend_from_slice(b"\x03\0abcname\0comment\0\0\0");
        content.extend_from_slice(&plain[10..]);
        assert_eq!(opened(&content).contents("name"), [b"alpha"]);
    }

    #[test]
    fn a_container_in_a_field_of_the_header_is_handed_out() {
        let plain = gzipped(b"alpha");
        let hidden = made_by_shell("echo hidden | bzip2 > out");
        let length = u16::try_from(hidden.len()).unwrap().to_le_bytes();
        let mut content = plain[..10].to_vec();
        content[3] = 4;
        content.extend([&length, &hidden[..], &plain[10..]].concat());
        let gz = opened(&content);
        assert_eq!(gz.contents("content"), [b"alpha"]);
        assert!(gz.has_rule("container_extra_data") && !gz.is_suspect());
        assert!(gz.members[1].content == hidden);
    }

    #[test]
    fn a_stream_cut_anywhere_is_never_whole() {
        let content = [gzipped(b"alpha"), gzipped(&[b'b'; 1000])].concat();
        let boundary = gzipped(b"alpha").len();
        for end in 3..content.len() {
            let gz = opened(&content[..end]);
            // Two bytes of a second member are data behind the first one.
            let told = gz.is_suspect() || !gz.rules.is_empty();
            assert!(told || end == boundary, "cut at {end}: {gz:?}");
        }
    }

    #[test]
    fn a_wrong_checksum_or_size_is_damaged_and_the_bytes_are_still_matched() {
        for from_end in [1, 5] {
            let mut content = gzipped(b"alpha");
            let at = content.len() - from_end;
            content[at] ^= 1;
            let gz = opened(&content);
            assert_eq!(gz.members[0].what, What::Partial(Gap::Damaged));
            assert_eq!(gz.members[0].content, b"alpha");
        }
    }

    #[test]
    fn a_name_that_leads_out_is_told() {
        let plain = gzipped(b"alpha");
        let mut content = plain[..10].to_vec();
        content[3] = 8;
        content.extend_from_slice(b"..\\..\\x\0");
        content.extend_from_slice(&plain[10..]);
        assert_eq!(opened(&content).members[0].rules, ["archive_path_escapes"]);
    }

    #[test]
    fn zeros_end_at_the_ratio_and_at_memory() {
        let content = gzipped(&vec![0; 80 << 20]);
        let gz = opened(&content);
        assert_eq!(gz.members[0].what, What::Partial(Gap::Limit));
        assert_eq!(gz.gap, Some(Gap::Limit));
        let limits = Limits {
            memory_bytes_max: 1 << 20,
            ..Limits::default()
        };
        let gz = opened_within(&content, &limits);
        assert_eq!(gz.members[0].what, What::Partial(Gap::Limit));
        assert!(gz.members[0].content.len() <= 1 << 20);
        assert_eq!(gz.gap, None);
    }
}
