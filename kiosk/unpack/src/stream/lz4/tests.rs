use wire::Gap;

use super::{OLD_BLOCK_BYTES_MAX, OLD_PACKED_BYTES_MAX};
use crate::testing::{What, made_by_shell, opened};

const PLAINS: [&str; 5] = [
    "head -c 600000 /bin/bash",
    "seq 1 50000",
    "head -c 9000000 /dev/zero",
    "head -c 150000 /bin/bash | gzip -9",
    "printf x",
];

#[test]
fn contents_of_every_sort_come_out() {
    for plain in PLAINS {
        let expected = made_by_shell(&format!("{plain} > out"));
        for options in ["-1", "-9 -BD", "-B4 -BD -BX --no-frame-crc", "-l"] {
            let content = made_by_shell(&format!("{plain} | lz4 -q {options} > out"));
            let stream = opened(&content);
            assert!(!stream.is_suspect(), "{plain} {options}: {stream:?}");
            assert!(stream.members[0].content == expected, "{plain} {options}");
        }
        let content = made_by_shell(&format!("{plain} > plain; lz4 -q --content-size plain out"));
        assert!(opened(&content).members[0].content == expected, "{plain}");
    }
}

#[test]
fn all_frames_of_both_kinds_are_one_content() {
    let content = made_by_shell(
        "echo alpha | lz4 -q > out; : | lz4 -q >> out; echo beta | lz4 -q -l >> out
         echo gamma | lz4 -q >> out",
    );
    let stream = opened(&content);
    assert_eq!(stream.contents("content"), [b"alpha\nbeta\ngamma\n"]);
    assert!(!stream.is_suspect() && stream.rules.is_empty());
}

#[test]
fn every_checksum_and_the_size_are_compared() {
    let content = made_by_shell("echo alpha > plain; lz4 -q --content-size -BX plain out");
    // From the end: the content's checksum, the end mark, the block's checksum. The header's is
    // behind the size, which is behind the flags.
    for at in [content.len() - 1, content.len() - 9, 14] {
        let mut changed = content.clone();
        changed[at] ^= 1;
        let what = opened(&changed).members[0].what;
        assert_eq!(what, What::Partial(Gap::Damaged), "{at}");
    }
    let mut changed = content.clone();
    changed[6] ^= 1;
    changed[14] = crate::stream::check::xxh32(&changed[4..14]).to_le_bytes()[1];
    let stream = opened(&changed);
    assert_eq!(stream.members[0].what, What::Partial(Gap::Damaged));
    assert_eq!(stream.members[0].content, b"alpha\n");
}

#[test]
fn dictionaries_and_kinds_that_are_not_known_are_named() {
    let framed = |flags: u8, sizes: u8, more: &[u8]| {
        let fields = [&[flags, sizes], more].concat();
        let sum = crate::stream::check::xxh32(&fields).to_le_bytes()[1];
        [b"\x04\x22\x4d\x18".as_slice(), &fields, &[sum, 0, 0, 0, 0]].concat()
    };
    assert!(!opened(&framed(0x60, 0x40, &[])).is_suspect());
    for content in [
        framed(0x61, 0x40, &[1, 2, 3, 4]),
        framed(0x62, 0x40, &[]),
        framed(0xa0, 0x40, &[]),
        framed(0x60, 0x30, &[]),
        framed(0x60, 0x41, &[]),
    ] {
        let what = opened(&content).members[0].what;
        assert_eq!(what, What::Partial(Gap::Unsupported));
    }
}

#[test]
fn copies_from_before_an_independent_block_or_out_of_bounds_are_damaged() {
    let of = |flags: u8, second: &[u8]| {
        let fields = [flags, 0x40];
        let sum = crate::stream::check::xxh32(&fields).to_le_bytes()[1];
        let first = b"\x05\0\0\x80alpha";
        let length = u32::try_from(second.len()).unwrap().to_le_bytes();
        let head = [b"\x04\x22\x4d\x18".as_slice(), &fields, &[sum]].concat();
        opened(&[&head, first.as_slice(), &length, second, &[0; 4]].concat())
    };
    // A copy of five bytes from five bytes before, and a literal.
    let copy = b"\x01\x05\0\x10x";
    assert_eq!(of(0x40, copy).contents("content"), [b"alphaalphax"]);
    assert_eq!(of(0x60, copy).members[0].what, What::Partial(Gap::Damaged));
    for distance in [0, 6] {
        let stream = of(0x40, &[1, distance, 0, 0x10, b'x']);
        assert_eq!(stream.members[0].what, What::Partial(Gap::Damaged));
        assert_eq!(stream.members[0].content, b"alpha");
    }
    // A copy that makes more than a block may hold.
    let long = [&[0x1f, b'a', 1, 0][..], &[255; 300], &[0, 0]].concat();
    assert_eq!(of(0x40, &long).members[0].what, What::Partial(Gap::Damaged));
}

#[test]
fn the_older_kind_ends_where_no_length_can_be() {
    let plain = made_by_shell("echo alpha | lz4 -q -l > out");
    let size = u32::try_from(OLD_PACKED_BYTES_MAX + 1).unwrap();
    let behind = [plain.clone(), size.to_le_bytes().to_vec()].concat();
    let stream = opened(&behind);
    assert!(!stream.is_suspect() && stream.has_rule("container_extra_data"));
    let size = u32::try_from(OLD_PACKED_BYTES_MAX).unwrap();
    let behind = [plain, size.to_le_bytes().to_vec()].concat();
    assert_eq!(opened(&behind).members[0].what, What::Partial(Gap::Damaged));
}

#[test]
fn a_block_of_the_older_kind_that_gives_too_much_is_damaged() {
    // A literal, and a copy of it that makes `size` of it.
    let of = |size: usize| {
        let more = size - 1 - 19;
        let length = [
            vec![255; more / 255],
            vec![u8::try_from(more % 255).unwrap()],
        ]
        .concat();
        let block = [&[0x1f, b'a', 1, 0][..], &length, &[0]].concat();
        let head = u32::try_from(block.len()).unwrap().to_le_bytes();
        opened(&[b"\x02\x21\x4c\x18".as_slice(), &head, &block].concat()).members[0].what
    };
    assert_eq!(of(OLD_BLOCK_BYTES_MAX), What::Content);
    assert_eq!(of(OLD_BLOCK_BYTES_MAX + 1), What::Partial(Gap::Damaged));
}

#[test]
fn the_older_kind_cut_within_a_block_is_damaged() {
    let content = made_by_shell("seq 1 400 | lz4 -q -l > out");
    for end in 5..content.len() {
        let what = opened(&content[..end]).members[0].what;
        assert_eq!(what, What::Partial(Gap::Damaged), "{end}");
    }
    // Nothing tells that a block is missing.
    assert_eq!(opened(&content[..4]).contents("content"), [b""]);
}
