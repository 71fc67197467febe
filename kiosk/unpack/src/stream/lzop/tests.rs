use wire::Gap;

use super::BLOCK_BYTES_MAX;
use super::block::block;
use crate::stream::check::adler32;
use crate::testing::{What, made_by_shell, opened};

#[test]
fn contents_of_every_sort_come_out_under_their_name() {
    for plain in [
        "head -c 700000 /bin/bash",
        "seq 1 60000",
        "head -c 600000 /dev/zero",
        "head -c 100000 /bin/bash | gzip -9",
        "printf x",
    ] {
        let expected = made_by_shell(&format!("{plain} > out"));
        for options in ["-1", "-3", "-9", "-1 --crc32", "--no-checksum"] {
            let content = made_by_shell(&format!(
                "{plain} > 点検.txt; lzop {options} 点検.txt; mv *.lzo out"
            ));
            let stream = opened(&content);
            assert!(!stream.is_suspect(), "{plain} {options}: {stream:?}");
            assert_eq!(stream.members[0].name, "点検.txt");
            assert!(stream.members[0].content == expected, "{plain} {options}");
        }
    }
}

#[test]
fn several_files_are_handed_out_one_by_one_and_as_one_content() {
    let content = made_by_shell("echo alpha > a; echo beta > b; lzop -c a b > out");
    let stream = opened(&content);
    assert_eq!(stream.contents("a"), [b"alpha\n"]);
    assert_eq!(stream.contents("b"), [b"beta\n"]);
    assert_eq!(stream.contents("content"), [b"alpha\nbeta\n"]);
    assert!(!stream.is_suspect() && stream.rules.is_empty());
    let empty = opened(&made_by_shell(": | lzop > out"));
    assert_eq!(empty.contents("content"), [b""]);
}

#[test]
fn filters_and_old_versions_are_unsupported() {
    let content = made_by_shell("echo alpha > a; lzop --filter=1 -c a > out");
    let what = opened(&content).members[0].what;
    assert_eq!(what, What::Partial(Gap::Unsupported));
    let mut content = made_by_shell("echo alpha > a; lzop -c a > out");
    content[9] = 0x09;
    content[10] = 0x3f;
    let what = opened(&content).members[0].what;
    assert_eq!(what, What::Partial(Gap::Unsupported));
}

#[test]
fn sizes_that_cannot_be_are_damaged() {
    let content = made_by_shell("echo alpha | lzop -c > out");
    let header = content.len() - 4 - 6 - 12;
    let sized = |size: usize, packed: usize| {
        let size = u32::try_from(size).unwrap().to_be_bytes();
        let packed = u32::try_from(packed).unwrap().to_be_bytes();
        let tail = [&content[..header], &size, &packed, &content[header + 8..]].concat();
        opened(&tail).members[0].what
    };
    assert_eq!(sized(6, 6), What::Content);
    for (size, packed) in [(BLOCK_BYTES_MAX + 1, 6), (5, 6), (6, 0), (7, 6)] {
        assert_eq!(sized(size, packed), What::Partial(Gap::Damaged));
    }
}

#[test]
fn the_header_s_checksum_is_compared_and_the_published_one() {
    assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    let mut content = made_by_shell("echo alpha > a; lzop -c a > out");
    content[20] ^= 1;
    let what = opened(&content).members[0].what;
    assert_eq!(what, What::Partial(Gap::Damaged));
}

#[test]
fn blocks_that_contradict_themselves_are_refused() {
    let unpacked = |packed: &[u8], size_max: usize| {
        let mut fresh = Vec::new();
        block(packed, size_max, &mut fresh).map(|()| fresh)
    };
    // Four literals, a copy of four bytes from four before, and the end.
    let good = b"\x15abcd\x6c\0\x11\0\0";
    assert_eq!(unpacked(good, 8).unwrap(), b"abcdabcd");
    assert!(unpacked(good, 7).is_none() && unpacked(good, 3).is_none());
    assert!(unpacked(b"\x15abcd\x70\0\x11\0\0", 8).is_none());
    assert!(unpacked(b"\x15abcd\x6c\0\x11\0\0x", 8).is_none());
    assert!(unpacked(b"\x15abcd\x6c\0\x12\0\0", 8).is_none());
    for end in 0..good.len() {
        assert!(unpacked(&good[..end], 8).is_none());
    }
}
