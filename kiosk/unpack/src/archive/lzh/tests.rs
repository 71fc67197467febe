#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;
use wire::scan::Limits;

use super::FILLING_BYTES_MAX;
use super::header::{EXTENSIONS_MAX, crc16};
use crate::archive::codec::{Token, Writer, encoded_blocks, tokens};
use crate::testing::{What, gzipped, kinds, opened, opened_within, shell};

/// Every method that is opened.
const METHODS: [&str; 11] = [
    "-lh0-", "-lz4-", "-pm0-", "-lh1-", "-lh4-", "-lh5-", "-lh6-", "-lh7-", "-lhx-", "-lzs-",
    "-lz5-",
];

/// Copies near and far, a run, and all bytes.
fn text() -> Vec<u8> {
    let mut text: Vec<u8> = (1..300)
        .flat_map(|n| format!("{n} \u{70b9}\n").into_bytes())
        .collect();
    text.extend(vec![b'z'; 700]);
    text.extend(0..=255_u8);
    text.extend_from_within(..900);
    text
}

fn packed(method: &str, content: &[u8]) -> Vec<u8> {
    match method {
        "-lh1-" => super::dynamic::encode(content),
        "-lh4-" | "-lh5-" => encoded_blocks(content, 4),
        "-lh6-" | "-lh7-" | "-lhx-" => encoded_blocks(content, 5),
        "-lzs-" => {
            let mut out = Writer::default();
            let mut at = 0;
            for token in tokens(content, 2, 17, 2000) {
                match token {
                    Token::Literal(byte) => {
                        out.put(1, 1);
                        out.put(usize::from(byte), 8);
                        at += 1;
                    }
                    Token::Copy { distance, bytes } => {
                        out.put(0, 1);
                        out.put((2048 - 17 + at - distance) % 2048, 11);
                        out.put(bytes - 2, 4);
                        at += bytes;
                    }
                }
            }
            out.finish()
        }
        "-lz5-" => {
            let mut out = Vec::new();
            let mut at = 0;
            for group in tokens(content, 3, 18, 4000).chunks(8) {
                let flags_at = out.len();
                out.push(0);
                for (bit, token) in group.iter().enumerate() {
                    match token {
                        Token::Literal(byte) => {
                            out[flags_at] |= 1 << bit;
                            out.push(*byte);
                            at += 1;
                        }
                        Token::Copy { distance, bytes } => {
                            let place = (4096 - 18 + at - distance) % 4096;
                            out.push(u8::try_from(place & 0xff).unwrap());
                            out.push(u8::try_from(place >> 4 & 0xf0 | (bytes - 3)).unwrap());
                            at += bytes;
                        }
                    }
                }
            }
            out
        }
        _ => content.to_vec(),
    }
}

/// One member whose header has this level; `extensions` are the kinds and data of its extended
/// headers, and the name stands in one of them from level 2 on.
fn built(
    level: u8,
    method: &str,
    name: &[u8],
    extensions: &[(u8, &[u8])],
    data: &[u8],
    bytes: usize,
    crc: u16,
) -> Vec<u8> {
    let mut all: Vec<(u8, Vec<u8>)> = Vec::new();
    if 2 <= level {
        all.push((0, vec![0, 0]));
        all.push((1, name.to_vec()));
    }
    all.extend(extensions.iter().map(|(kind, data)| (*kind, data.to_vec())));
    let width = if level == 3 { 4 } else { 2 };
    let size = |size: usize| size.to_le_bytes()[..width].to_vec();
    // Each size stands at the end of the one before.
    let mut tail = Vec::new();
    for (index, (kind, data)) in all.iter().enumerate() {
        let next = all
            .get(index + 1)
            .map_or(0, |(_, data)| data.len() + 1 + width);
        tail.push(*kind);
        tail.extend_from_slice(data);
        tail.extend(size(next));
    }
    let first = size(all.first().map_or(0, |(_, data)| data.len() + 1 + width));
    let skip = if level == 1 { tail.len() } else { 0 };
    let long = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let mut header = vec![0, 0];
    header.extend_from_slice(method.as_bytes());
    header.extend_from_slice(&long(data.len() + skip));
    header.extend_from_slice(&long(bytes));
    header.extend_from_slice(&[0, 0, 0, 0, 0x20, level]);
    if level < 2 {
        header.push(u8::try_from(name.len()).unwrap());
        header.extend_from_slice(name);
        header.extend_from_slice(&crc.to_le_bytes());
        if level == 1 {
            header.push(b'M');
            header.extend(first);
        }
        header[0] = u8::try_from(header.len() - 2).unwrap();
        header[1] = header[2..]
            .iter()
            .fold(0, |sum: u8, byte| sum.wrapping_add(*byte));
        header.extend(tail);
    } else {
        header.extend_from_slice(&crc.to_le_bytes());
        header.push(b'M');
        if level == 3 {
            header[0] = 4;
            header.extend_from_slice(&long(32 + tail.len()));
        }
        header.extend(first);
        let crc_at = header.len() + 1;
        header.extend(tail);
        if level == 2 {
            // The size may not end in a zero byte.
            if header.len() % 256 == 0 {
                header.push(0);
            }
            let bytes = u16::try_from(header.len()).unwrap().to_le_bytes();
            header[..2].copy_from_slice(&bytes);
        }
        let crc = crc16(0, &header).to_le_bytes();
        header[crc_at..crc_at + 2].copy_from_slice(&crc);
    }
    [header, data.to_vec()].concat()
}

fn member(level: u8, method: &str, name: &[u8], content: &[u8]) -> Vec<u8> {
    let data = packed(method, content);
    built(
        level,
        method,
        name,
        &[],
        &data,
        content.len(),
        crc16(0, content),
    )
}

fn archive(members: &[Vec<u8>]) -> Vec<u8> {
    [members.concat(), vec![0]].concat()
}

#[test]
fn every_method_comes_out_whole_at_every_level() {
    let text = text();
    for method in METHODS {
        for level in 0..=3 {
            let content = archive(&[
                member(level, method, b"a.txt", &text),
                member(level, method, b"empty", b""),
            ]);
            assert_eq!(kinds(&content), ["lzh"], "{method} {level}");
            let lzh = opened(&content);
            assert!(!lzh.is_suspect(), "{method} {level}: {:?}", lzh.gap);
            assert!(lzh.rules.is_empty(), "{method} {level}: {:?}", lzh.rules);
            assert!(
                lzh.contents("a.txt") == [text.as_slice()],
                "{method} {level}"
            );
            assert_eq!(lzh.contents("empty"), [b""], "{method} {level}");
        }
    }
}

#[test]
fn another_reader_reads_what_these_tests_write() {
    let text = text();
    let folder = tempfile::tempdir().unwrap();
    for method in METHODS.into_iter().filter(|method| *method != "-pm0-") {
        let content = archive(&[member(2, method, b"a.txt", &text)]);
        std::fs::write(folder.path().join("x.lzh"), content).unwrap();
        shell(folder.path(), "rm -f a.txt; lhasa -xqf x.lzh");
        let read = std::fs::read(folder.path().join("a.txt")).unwrap();
        assert!(read == text, "{method}");
    }
}

#[test]
fn names_are_put_together_from_all_headers() {
    // "点検" in code page 932.
    let kanji = b"\x93\x5f\x8c\x9f";
    let wide: Vec<u8> = "点検.txt"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let wide_folder = [b"\xb9\x70".as_slice(), b"\xff\xff"].concat();
    let with = |level, name: &[u8], extensions: &[(u8, &[u8])]| {
        let lzh = opened(&archive(&[built(
            level,
            "-lh0-",
            name,
            extensions,
            b"alpha",
            5,
            crc16(0, b"alpha"),
        )]));
        assert!(!lzh.is_withheld && lzh.gap.is_none(), "{lzh:?}");
        assert_eq!(lzh.members[0].content, b"alpha");
        lzh.members[0].name.clone()
    };
    let shown = |name: &[u8]| wire::MediumName::cut(name).0.escaped().to_string();
    for level in 0..=3 {
        assert_eq!(with(level, kanji, &[]), shown(kanji));
    }
    for level in 1..=3 {
        assert_eq!(with(level, b"a", &[(2, b"d\xffe\xff")]), "d/e/a");
        let both: [(u8, &[u8]); 2] = [(0x44, &wide), (0x45, &wide_folder)];
        assert_eq!(with(level, kanji, &both), "点/点検.txt");
        assert_eq!(
            with(level, kanji, &[(0x44, &wide), (2, b"d\xff")]),
            "d/点検.txt"
        );
    }
    assert_eq!(with(1, b"short", &[(1, b"longer name")]), "longer name");
    assert_eq!(with(0, b"d\\a\0comment", &[]), "d\\a");
    assert_eq!(with(0, b"", &[]), "(member without a name)");
    let lzh = opened(&archive(&[member(0, "-lh0-", b"..\\x", b"alpha")]));
    assert_eq!(lzh.members[0].rules, ["archive_path_escapes"]);
    // A name that only some readers see.
    let hidden = built(1, "-lh0-", b"../x", &[(1, b"a")], b"", 0, 0);
    assert_eq!(
        opened(&archive(&[hidden])).members[0].rules,
        ["archive_path_escapes"]
    );
}

#[test]
fn folders_and_links_are_handed_out() {
    let mode = 0o120_777_u16.to_le_bytes();
    let content = archive(&[
        built(2, "-lhd-", b"", &[(2, b"d\xff")], b"", 0, 0),
        built(2, "-lhd-", b"l|../x", &[(0x50, &mode)], b"", 0, 0),
        member(
            2,
            "-lh0-",
            b"in.lzh",
            &archive(&[member(0, "-lh5-", b"inner", b"alpha")]),
        ),
    ]);
    let lzh = opened(&content);
    let whats: Vec<_> = lzh.members.iter().map(|member| member.what).collect();
    assert_eq!(whats, [What::Folder, What::Link, What::Content]);
    assert_eq!(lzh.members[0].name, "d/");
    assert_eq!(
        (lzh.members[1].name.as_str(), lzh.members[1].rules.len()),
        ("l", 1)
    );
    assert_eq!(
        opened(&lzh.members[2].content).contents("inner"),
        [b"alpha"]
    );
    let filled = built(2, "-lhd-", b"d", &[], b"alpha", 5, 0);
    let lzh = opened(&archive(&[filled]));
    assert!(lzh.has_rule("lzh_header_mismatch"));
    assert_eq!(lzh.members[1].content, b"alpha");
}

#[test]
fn methods_that_are_not_opened_are_named() {
    for method in ["-lh2-", "-lh3-", "-lh8-", "-lz2-", "-pm1-", "-pm2-"] {
        let lzh = opened(&archive(&[built(1, method, b"a", &[], b"data", 4, 0)]));
        assert_eq!(
            lzh.members[0].what,
            What::Unchecked(Gap::Unsupported),
            "{method}"
        );
    }
    let mut lhark = member(1, "-lh7-", b"a", b"alpha");
    lhark[25] = b' ';
    lhark[1] = lhark[1].wrapping_sub(b'M' - b' ');
    let lzh = opened(&archive(&[lhark]));
    assert_eq!(lzh.members[0].what, What::Unchecked(Gap::Unsupported));
    let part = built(2, "-lh0-", b"a", &[(0x39, b"1")], b"", 0, 0);
    assert_eq!(opened(&archive(&[part])).gap, Some(Gap::Unsupported));
}

#[test]
fn an_archive_cut_anywhere_is_never_whole() {
    for (level, method) in [
        (0, "-lh0-"),
        (1, "-lh5-"),
        (2, "-lh1-"),
        (3, "-lz5-"),
        (0, "-lzs-"),
    ] {
        let first = member(level, method, b"a", b"alphaalphaalphaalpha");
        let content = archive(&[first, member(level, method, b"b", b"betabeta")]);
        assert!(!opened(&content).is_suspect());
        for end in 7..content.len() {
            let lzh = opened(&content[..end]);
            assert!(lzh.is_suspect(), "{method} cut at {end}: {lzh:?}");
        }
    }
}

#[test]
fn wrong_checksums_and_sizes_are_damaged() {
    for level in 0..=3 {
        let content = archive(&[member(level, "-lh0-", b"a", b"alpha")]);
        // The method and, in a second, the content itself are told otherwise.
        for at in 7..content.len() - 1 {
            let mut changed = content.clone();
            changed[at] ^= 1;
            let lzh = opened(&changed);
            assert!(lzh.is_suspect(), "level {level} at {at}: {lzh:?}");
        }
    }
    // The 64-bit sizes of a member that is small are those of the header.
    let sizes: Vec<u8> = [9_u64, 5]
        .iter()
        .flat_map(|size| size.to_le_bytes())
        .collect();
    let other = built(
        2,
        "-lh0-",
        b"a",
        &[(0x42, &sizes)],
        b"alpha",
        5,
        crc16(0, b"alpha"),
    );
    assert!(opened(&archive(&[other])).has_rule("lzh_header_mismatch"));
}

#[test]
fn data_around_members_is_told() {
    let hidden = gzipped(b"hidden");
    let first = member(1, "-lh5-", b"a", b"alpha");
    let lzh = opened(&[archive(std::slice::from_ref(&first)), hidden.clone()].concat());
    assert!(!lzh.is_suspect() && lzh.has_rule("container_extra_data"));
    assert_eq!(
        lzh.contents("(data outside every member)"),
        [hidden.as_slice()]
    );
    let lzh = opened(&archive(&[first.clone(), hidden.clone(), first.clone()]));
    assert_eq!(lzh.gap, Some(Gap::Damaged));
    assert!(
        opened(&[archive(std::slice::from_ref(&first)), vec![0x1a; 99]].concat())
            .rules
            .is_empty()
    );
    assert!(opened(&first).has_rule("lzh_without_end"));
    let after = [
        archive(std::slice::from_ref(&first)),
        archive(std::slice::from_ref(&first)),
    ]
    .concat();
    assert_eq!(opened(&after).members.len(), 2);
    // Behind the compressed data of a member: what writers leave there, and more than that.
    let filled = |bytes: usize| {
        let data = [packed("-lh5-", b"alpha"), vec![1; bytes]].concat();
        built(1, "-lh5-", b"a", &[], &data, 5, crc16(0, b"alpha"))
    };
    assert!(
        opened(&archive(&[filled(FILLING_BYTES_MAX)]))
            .rules
            .is_empty()
    );
    let lzh = opened(&archive(&[filled(FILLING_BYTES_MAX + 1)]));
    assert_eq!(lzh.rules, ["container_extra_data"]);
    // A header whose size ends in a zero byte is the end to some readers.
    let mut name = vec![b'x'; 220];
    let zero = loop {
        let made = member(2, "-lh0-", &name, b"alpha");
        if made.len() == 256 + 1 + 5 {
            break [vec![0, 1], made[2..256].to_vec(), made[257..].to_vec()].concat();
        }
        name.push(b'x');
    };
    let lzh = opened(&archive(&[zero]));
    assert!(lzh.has_rule("lzh_after_end"));
    assert_eq!(lzh.members[0].content, b"alpha");
}

#[test]
fn hostile_headers_are_told() {
    let many = vec![(0x7f, b"".as_slice()); EXTENSIONS_MAX + 1];
    let lzh = opened(&archive(&[built(1, "-lh0-", b"a", &many, b"", 0, 0)]));
    assert_eq!((lzh.gap, lzh.members.len()), (Some(Gap::Damaged), 0));
    let fewer = &many[..EXTENSIONS_MAX];
    let lzh = opened(&archive(&[built(1, "-lh0-", b"a", fewer, b"", 0, 0)]));
    assert!(!lzh.is_suspect(), "{lzh:?}");
    let mut short = built(1, "-lh0-", b"a", &many[..3], b"", 0, 0);
    short[7..11].fill(0);
    assert_eq!(opened(&archive(&[short])).gap, Some(Gap::Damaged));
    let data = packed("-lh5-", b"alpha");
    let huge = built(1, "-lh5-", b"a", &[], &data, 0xffff_ffff, 0);
    assert_eq!(
        opened(&archive(&[huge])).members[0].what,
        What::Partial(Gap::Damaged)
    );
    let noise: Vec<u8> = (0..4000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0])
        .collect();
    for method in &METHODS[3..] {
        for begin in 0..200 {
            let data = &noise[begin..begin + 200];
            let lzh = opened(&archive(&[built(1, method, b"a", &[], data, 90_000, 0)]));
            assert!(lzh.is_suspect(), "{method} {begin}");
        }
    }
}

#[test]
fn bombs_end_at_the_budget() {
    // One symbol, a copy of 256 bytes that takes no bits.
    let mut copies = Writer::default();
    for (count, value) in [(16, 0xffff), (10, 0), (9, 0), (9, 509), (8, 0)] {
        copies.put(value, count);
    }
    let copies = copies.finish();
    let bytes = 0xffff * 256;
    let bomb = built(1, "-lh5-", b"a", &[], &copies, bytes, 0);
    assert_eq!(
        opened(&archive(std::slice::from_ref(&bomb))).members[0]
            .content
            .len(),
        bytes
    );
    assert_eq!(opened(&archive(&vec![bomb; 8])).gap, Some(Gap::Limit));
    // Blocks of one symbol, each with the largest tables.
    let mut tables = Writer::default();
    for _ in 0..4000 {
        for (count, value) in [(16, 1), (5, 0), (5, 11), (9, 510), (8, 0), (9, 65)] {
            tables.put(value, count);
        }
    }
    let tables = built(1, "-lh5-", b"a", &[], &tables.finish(), 4000, 0);
    let limits = Limits {
        unpacked_bytes_max: 1 << 20,
        ..Limits::default()
    };
    let lzh = opened_within(&archive(&[tables]), &limits);
    assert_eq!(lzh.members[0].what, What::Partial(Gap::Limit));
    assert!(lzh.spent);
}

/// Archives of some methods and levels with three members.
pub(in crate::archive) fn samples(contents: [&[u8]; 3]) -> Vec<Vec<u8>> {
    [(0, "-lh5-"), (1, "-lh1-"), (2, "-lh0-"), (3, "-lz5-")]
        .iter()
        .map(|(level, method)| {
            let members = contents.iter().zip([b"a", b"b", b"c"]);
            archive(
                &members
                    .map(|(content, name)| member(*level, method, name, content))
                    .collect::<Vec<_>>(),
            )
        })
        .collect()
}
