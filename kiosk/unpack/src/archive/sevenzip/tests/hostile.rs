//! Headers that no tool writes.

#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;
use wire::scan::Limits;

use super::{STORED, archive, built, header_of, list, names, number, pointed, single, streams};
use crate::archive::sevenzip::streams::{ITEMS_MAX, METHODS_MAX};
use crate::archive::sevenzip::{HEADER_BYTES_MAX, PACKINGS_MAX};
use crate::testing::{What, made, opened, opened_within};

/// A header with these streams and one member.
fn header(streams: &[u8]) -> Vec<u8> {
    let files = [b"\x05\x01".to_vec(), names(&["x"]), vec![0]].concat();
    [b"\x01\x04".to_vec(), streams.to_vec(), files, vec![0]].concat()
}

fn gap_of(streams: &[u8]) -> Option<Gap> {
    opened(&built(b"alpha", &header(streams))).gap
}

#[test]
fn numbers_that_no_file_can_have_cost_nothing() {
    let huge = [0xff; 9];
    // Members without any list.
    let sevenzip = opened(&built(
        b"",
        &[b"\x01\x05".as_slice(), &huge, &[0, 0]].concat(),
    ));
    assert_eq!(sevenzip.gap, Some(Gap::Limit));
    // Packed streams, blocks, contents.
    let many = number(ITEMS_MAX + 1);
    let one = streams(5, STORED, 5, 0);
    let until = |mark: &[u8]| {
        let at = one
            .windows(mark.len())
            .position(|part| part == mark)
            .unwrap();
        one[..at + mark.len()].to_vec()
    };
    assert_eq!(
        gap_of(&[b"\x06\0".to_vec(), many.clone()].concat()),
        Some(Gap::Limit)
    );
    assert_eq!(
        gap_of(&[until(b"\x07\x0b"), many.clone()].concat()),
        Some(Gap::Limit)
    );
    let mut parts = one.clone();
    parts.pop();
    parts.extend([vec![0x08, 0x0d], many].concat());
    assert_eq!(gap_of(&parts), Some(Gap::Limit));
    let methods = number(METHODS_MAX + 1);
    assert_eq!(
        gap_of(&[until(b"\x07\x0b\x01\0"), methods].concat()),
        Some(Gap::Limit)
    );
    // Where the packed streams begin, and how long they are.
    for (at, what) in [(1, "begin"), (4, "size")] {
        let mut one = one.clone();
        one.splice(at..=at, huge);
        let sevenzip = opened(&built(b"alpha", &header(&one)));
        assert_eq!(sevenzip.gap, Some(Gap::Damaged), "{what}: {sevenzip:?}");
        assert!(sevenzip.is_suspect());
    }
    // The size of a content.
    for methods in [STORED, &[(b"\x21".as_slice(), b"\x28".as_slice())]] {
        let streams = streams(5, methods, usize::MAX - 1, 0);
        let sevenzip = opened(&built(b"\x01\0\0a\0", &header(&streams)));
        assert_eq!(sevenzip.members[0].what, What::Partial(Gap::Damaged));
    }
}

#[test]
fn dictionaries_and_models_are_bounded_whatever_they_declare() {
    let lzma: (&[u8], &[u8]) = (b"\x03\x01\x01", b"\x5d\xff\xff\xff\xff");
    let packed = made(
        "
import lzma
f = [{'id': lzma.FILTER_LZMA1, 'dict_size': 65536}]
open('out', 'wb').write(lzma.compress(b'alpha' * 99, lzma.FORMAT_RAW, filters=f))
",
    );
    let content = b"alpha".repeat(99);
    assert_eq!(
        opened(&single(&packed, &[lzma], &content)).contents("x"),
        [content.as_slice()]
    );
    let ppmd: (&[u8], &[u8]) = (b"\x03\x04\x01", b"\x06\0\0\0\xff");
    let sevenzip = opened(&single(b"\0\0\0\0\0\0", &[ppmd], b"x"));
    assert_eq!(sevenzip.members[0].what, What::Unchecked(Gap::Limit));
    for properties in [&b""[..], b"\xff\0\0\0\0", b"\x5d\0"] {
        let sevenzip = opened(&single(b"abc", &[(b"\x03\x01\x01", properties)], b"x"));
        assert_eq!(sevenzip.members[0].what, What::Unchecked(Gap::Damaged));
    }
}

#[test]
fn methods_that_are_joined_wrongly_are_damaged() {
    let block = |bytes: &[u8], methods: usize| {
        [
            b"\x06\0\x01\x09\x05\0\x07\x0b\x01\0".to_vec(),
            bytes.to_vec(),
            vec![0x0c],
            vec![5; methods],
            vec![0, 0],
        ]
        .concat()
    };
    // Two methods that read from each other's output, or one from its own.
    let cases: [(&[u8], usize); 6] = [
        (b"\x03\x01\0\x01\0\x01\0\0\x01\x01\0", 3),
        (b"\x02\x01\0\x01\0\0\0", 2),
        (b"\x02\x01\0\x01\0\0\x02", 2),
        (b"\x03\x01\0\x01\0\x01\0\0\x01\0\x02", 3),
        (b"\0", 0),
        (b"\x01\x11\0\x02\x01\0\0", 1),
    ];
    for (bytes, methods) in cases {
        let sevenzip = opened(&built(b"alpha", &header(&block(bytes, methods))));
        let is_told = sevenzip.gap == Some(Gap::Damaged)
            || sevenzip.members[0].what == What::Unchecked(Gap::Damaged);
        assert!(is_told, "{bytes:?}: {sevenzip:?}");
    }
    let outputs = block(b"\x01\x11\0\x01\x02", 2);
    assert_eq!(gap_of(&outputs), Some(Gap::Unsupported));
    assert_eq!(gap_of(&block(b"\x01\x81\0", 1)), Some(Gap::Unsupported));
}

#[test]
fn a_header_that_is_packed_in_itself_is_damaged() {
    // Stored, and its packed stream is the header itself.
    let at = 5;
    let inner = |bytes: usize| {
        let streams = streams(bytes, STORED, bytes, 0);
        let mut header = [vec![0x17], streams].concat();
        header[2] = at;
        // Without a checksum, which could not be its own.
        header.truncate(header.len() - 8);
        header.extend_from_slice(&[0, 0]);
        header
    };
    let bytes = inner(0).len();
    let sevenzip = opened(&built(b"alpha", &inner(bytes)));
    assert_eq!(sevenzip.gap, Some(Gap::Damaged));
    assert!(sevenzip.members.is_empty() && 0 < PACKINGS_MAX);
    // The bytes of the header are then used more than once.
    assert!(
        sevenzip.has_rule("sevenzip_overlapping_streams"),
        "{sevenzip:?}"
    );
}

#[test]
fn a_packed_header_of_any_size_is_bounded() {
    let streams = streams(5, STORED, HEADER_BYTES_MAX + 1, 0);
    let sevenzip = opened(&built(b"alpha", &[vec![0x17], streams].concat()));
    assert_eq!(sevenzip.gap, Some(Gap::Limit));
}

#[test]
fn lists_that_do_not_fit_each_other_are_told() {
    let crc = crc32fast::hash(b"alpha");
    let with = |files: &[u8]| {
        let streams = streams(5, STORED, 5, crc);
        opened(&built(
            b"alpha",
            &[b"\x01\x04".to_vec(), streams, files.to_vec()].concat(),
        ))
    };
    // Fewer members than contents.
    let sevenzip = with(b"\x05\0\0\0");
    assert!(sevenzip.has_rule("sevenzip_extra_data") && sevenzip.is_withheld);
    assert_eq!(sevenzip.contents("content"), [b"alpha"]);
    // No names at all.
    assert_eq!(with(b"\x05\x01\0\0").contents("content"), [b"alpha"]);
    // More members than contents.
    let two = [b"\x05\x02".to_vec(), names(&["x", "y"]), vec![0, 0]].concat();
    let sevenzip = with(&two);
    assert_eq!(sevenzip.contents("x"), [b"alpha"]);
    assert_eq!(sevenzip.members[1].what, What::Unchecked(Gap::Damaged));
    // More and fewer names than members.
    let more = [b"\x05\x01".to_vec(), names(&["x", "y"]), vec![0, 0]].concat();
    assert!(with(&more).is_withheld);
    let fewer = [b"\x05\x02".to_vec(), names(&["x"]), vec![0, 0]].concat();
    assert_eq!(with(&fewer).gap, Some(Gap::Damaged));
    // Two lists of names, of which readers take one or the other.
    let twice = [
        b"\x05\x01".to_vec(),
        names(&["x"]),
        names(&["y"]),
        vec![0, 0],
    ]
    .concat();
    let sevenzip = with(&twice);
    assert_eq!(sevenzip.gap, Some(Gap::Damaged));
    // A list that is not known, and something in the padding or behind the end.
    for extra in [list(0x30, b"abc"), list(0x19, b"abc")] {
        let files = [b"\x05\x01".to_vec(), names(&["x"]), extra, vec![0, 0]].concat();
        assert!(with(&files).has_rule("sevenzip_extra_data"));
    }
    let padded = [
        b"\x05\x01".to_vec(),
        names(&["x"]),
        list(0x19, &[0; 5]),
        vec![0, 0],
    ]
    .concat();
    assert!(!with(&padded).is_suspect());
    let behind = [b"\x05\x01".to_vec(), names(&["x"]), b"\0\0behind".to_vec()].concat();
    assert!(with(&behind).has_rule("sevenzip_extra_data"));
    // Lists elsewhere.
    let external = [b"\x05\x01\x11\x02\x01\0".to_vec(), vec![0, 0]].concat();
    assert_eq!(with(&external).gap, Some(Gap::Unsupported));
}

#[test]
fn names_of_any_length_are_cut_and_told() {
    let name = "n".repeat(1 << 20);
    let files = [b"\x05\x01".to_vec(), names(&[&name]), vec![0]].concat();
    let streams = streams(5, STORED, 5, crc32fast::hash(b"alpha"));
    let header = [b"\x01\x04".to_vec(), streams, files, vec![0]].concat();
    let sevenzip = opened(&built(b"alpha", &header));
    assert_eq!(sevenzip.members[0].rules, ["name_too_long"]);
}

#[test]
fn compressors_that_feed_each_other_end_at_a_limit() {
    // Deflate blocks of no bytes, packed by LZMA: hours of work in a few kilobytes.
    let packed = made(
        "
import lzma
f = [{'id': lzma.FILTER_LZMA1, 'dict_size': 65536}]
data = b'\\0\\0\\0\\xff\\xff' * 4000000 + b'\\x01\\x01\\0\\xfe\\xffx'
open('out', 'wb').write(lzma.compress(data, lzma.FORMAT_RAW, filters=f))
",
    );
    let lzma: (&[u8], &[u8]) = (b"\x03\x01\x01", b"\x5d\0\0\x01\0");
    let deflate: (&[u8], &[u8]) = (b"\x04\x01\x08", &[]);
    let streams = streams(packed.len(), &[deflate, lzma], 1, crc32fast::hash(b"x"));
    let size = number(4_000_000 * 5 + 6);
    // The size of what LZMA gives is not that of the content.
    let at = streams.iter().rposition(|byte| *byte == 0x0c).unwrap() + 2;
    let streams = [&streams[..at], &size, &streams[at + 1..]].concat();
    let sevenzip = opened(&built(&packed, &header(&streams)));
    assert_eq!(
        sevenzip.members[0].what,
        What::Partial(Gap::Limit),
        "{sevenzip:?}"
    );
    let passed = 4_000_000 * 5;
    assert!(crate::stream::chain::PASSED_BYTES_MAX < passed);
}

#[test]
fn setting_up_many_decoders_ends_at_a_limit() {
    // The largest tables that LZMA has, for blocks of one byte.
    let count = 400;
    let lzma = b"\x01\x23\x03\x01\x01\x05\xe0\0\0\x01\0";
    let many = number(count);
    let streams = [
        [b"\x06\0".to_vec(), many.clone(), vec![9]].concat(),
        vec![5; count],
        [b"\0\x07\x0b".to_vec(), many.clone(), vec![0]].concat(),
        lzma.repeat(count),
        [vec![0x0c], vec![1; count], vec![0, 0]].concat(),
    ]
    .concat();
    let files = [vec![5], many, vec![0]].concat();
    let header = [b"\x01\x04".to_vec(), streams, files, vec![0]].concat();
    let limits = Limits {
        unpacked_bytes_max: 10 << 20,
        ..Limits::default()
    };
    let sevenzip = opened_within(&built(&vec![0; count * 5], &header), &limits);
    assert!(sevenzip.spent, "{:?}", sevenzip.gap);
    assert!(sevenzip.members.len() < 100, "{}", sevenzip.members.len());
}

#[test]
fn streams_that_share_their_bytes_are_told() {
    let crc = crc32fast::hash(b"alpha");
    let mut one = streams(5, STORED, 5, crc);
    // The packed stream begins in the header.
    one[1] = 6;
    let sevenzip = opened(&built(b"alpha", &header(&one)));
    assert!(
        sevenzip.has_rule("sevenzip_overlapping_streams"),
        "{sevenzip:?}"
    );
}

/// Numbers that look random and are the same in every run (xorshift64).
fn next(seed: &mut u64, end: usize) -> usize {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    usize::try_from(*seed % u64::try_from(end).unwrap()).unwrap()
}

#[test]
fn changed_headers_with_right_checksums_lose_nothing_in_silence() {
    let content = archive(
        "echo alpha > a; mkdir d; seq 9 > d/b; : > c; ln -s a l",
        "-mhc=off -snl -ms=2f",
    );
    let (offset, size) = header_of(&content);
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    let mut whole = 0;
    for round in 0..3000 {
        let mut changed = content.clone();
        for _ in 0..=next(&mut seed, 3) {
            let at = 32 + offset + next(&mut seed, size);
            changed[at] = match next(&mut seed, 4) {
                0 => changed[at] ^ (1 << next(&mut seed, 8)),
                1 => 0xff,
                2 => 0,
                _ => u8::try_from(next(&mut seed, 32)).unwrap(),
            };
        }
        let sevenzip = opened(&pointed(changed, offset, size));
        if !sevenzip.is_suspect() {
            whole += 1;
            let has = |content: &[u8]| sevenzip.members.iter().any(|m| m.content == content);
            assert!(has(b"alpha\n"), "round {round}: {sevenzip:?}");
            assert!(
                has(b"1\n2\n3\n4\n5\n6\n7\n8\n9\n"),
                "round {round}: {sevenzip:?}"
            );
        }
    }
    assert!(0 < whole, "names and times may change");
}

#[test]
fn changed_packed_streams_are_never_whole() {
    let mut seed = 0x2545_f491_4f6c_dd1d;
    let line = format!("{}; seq 300 > b", super::CODE.replace("30000", "1500"));
    for options in [
        "-m0=LZMA",
        "-m0=LZMA2",
        "-m0=BZip2",
        "-m0=Deflate",
        "-m0=Deflate64",
        "-m0=PPMd:mem=16:o=32",
        "-m0=BCJ2 -m1=LZMA",
        "-m0=Delta:3 -m1=ARM64 -m2=LZMA2",
    ] {
        let content = archive(&line, &format!("{options} -mf=off -mhc=off"));
        let (offset, _) = header_of(&content);
        for round in 0..200 {
            let mut changed = content.clone();
            let at = 32 + next(&mut seed, offset);
            let end = (at + 1 + next(&mut seed, 4)).min(32 + offset);
            for byte in &mut changed[at..end] {
                *byte ^= u8::try_from(1 + next(&mut seed, 255)).unwrap();
            }
            let sevenzip = opened(&changed);
            let same = sevenzip
                .members
                .iter()
                .map(|m| &m.content)
                .eq(opened(&content).members.iter().map(|m| &m.content));
            assert!(same || sevenzip.is_suspect(), "{options} round {round}");
        }
    }
}
