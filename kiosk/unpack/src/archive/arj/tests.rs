#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;
use wire::scan::Limits;

use super::header::HEADER_BYTES_MAX;
use crate::testing::{What, gzipped, kinds, made_by_shell, opened, opened_within};

/// One archive of ARJ's with a longer content, a Japanese name, an empty file and a folder.
fn sample(switches: &str) -> Vec<u8> {
    made_by_shell(&format!(
        "mkdir d; seq 1 3000 > a.txt; printf alpha > d/点検.txt; : > empty; arj a {switches} -r out.arj a.txt empty d >/dev/null; mv out.arj out"
    ))
}

fn numbers() -> Vec<u8> {
    (1..=3000)
        .map(|number| format!("{number}\n"))
        .collect::<String>()
        .into_bytes()
}

/// A header with the right checksum.
fn header(flags: u8, method: u8, kind: u8, sizes: [usize; 2], crc: u32, name: &[u8]) -> Vec<u8> {
    let mut own = vec![30, 11, 1, 2, flags, method, kind, 0, 0, 0, 0, 0];
    for size in sizes {
        own.extend_from_slice(&u32::try_from(size).unwrap().to_le_bytes());
    }
    own.extend_from_slice(&crc.to_le_bytes());
    own.resize(30, 0);
    own.extend_from_slice(name);
    own.extend_from_slice(b"\0\0");
    let mut bytes = b"\x60\xea".to_vec();
    bytes.extend_from_slice(&u16::try_from(own.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(&own);
    bytes.extend_from_slice(&crc32fast::hash(&own).to_le_bytes());
    bytes.extend_from_slice(&[0, 0]);
    bytes
}

fn stored(name: &[u8], data: &[u8]) -> Vec<u8> {
    let sizes = [data.len(), data.len()];
    let header = header(0, 0, 0, sizes, crc32fast::hash(data), name);
    [header, data.to_vec()].concat()
}

fn archive(members: &[Vec<u8>]) -> Vec<u8> {
    let begin = header(0, 0, 2, [0, 0], 0, b"x.arj");
    [begin, members.concat(), b"\x60\xea\0\0".to_vec()].concat()
}

#[test]
fn every_method_of_arj_comes_out_whole() {
    for method in 0..=4 {
        let content = sample(&format!("-m{method}"));
        assert_eq!(kinds(&content), ["arj"]);
        let arj = opened(&content);
        assert!(
            !arj.is_suspect() && arj.rules.is_empty(),
            "{method}: {arj:?}"
        );
        assert_eq!(arj.contents("a.txt"), [numbers()], "{method}");
        assert_eq!(arj.contents("d/点検.txt"), [b"alpha"], "{method}");
        assert_eq!(arj.contents("empty"), [b""], "{method}");
    }
    assert!(!opened(&archive(&[])).is_suspect());
}

#[test]
fn folders_and_labels_are_handed_out() {
    let content = archive(&[
        header(0, 0, 3, [0, 0], 0, b"folder"),
        header(0, 0, 4, [0, 0], 0, b"label"),
        stored(b"in", &archive(&[stored(b"inner", b"alpha")])),
        stored(b"..\\x", b"beta"),
    ]);
    let arj = opened(&content);
    let whats: Vec<_> = arj.members.iter().map(|member| member.what).collect();
    assert_eq!(
        whats,
        [What::Folder, What::Special, What::Content, What::Content]
    );
    assert_eq!(
        opened(&arj.members[2].content).contents("inner"),
        [b"alpha"]
    );
    assert_eq!(arj.members[3].rules, ["archive_path_escapes"]);
    let filled = [header(0, 0, 3, [5, 5], 0, b"folder"), b"alpha".to_vec()].concat();
    assert!(opened(&archive(&[filled])).has_rule("arj_header_mismatch"));
}

#[test]
fn an_encrypted_member_keeps_its_name() {
    let arj = opened(&sample("-gsecret"));
    assert_eq!(arj.members.len(), 3);
    let named = arj.members.iter().find(|member| member.name == "a.txt");
    assert_eq!(named.unwrap().what, What::Unchecked(Gap::Encrypted));
}

#[test]
fn a_volume_is_named_and_its_parts_are_handed_out() {
    let arj = opened(&sample("-m0 -v10k -y"));
    assert_eq!(arj.gap, Some(Gap::Unsupported));
    assert_eq!(arj.members[0].what, What::Partial(Gap::Unsupported));
    assert!(numbers().starts_with(&arj.members[0].content));
    assert!(!arj.members[0].content.is_empty());
}

#[test]
fn methods_that_are_not_known_are_named() {
    let odd = header(0, 7, 0, [0, 9], 0, b"odd");
    let arj = opened(&archive(&[odd]));
    assert_eq!(arj.members[0].what, What::Unchecked(Gap::Unsupported));
}

#[test]
fn an_archive_cut_anywhere_is_never_whole() {
    for content in [sample("-m1"), sample("-m4")] {
        let first = kinds(&content[..4]).is_empty();
        assert!(first, "the first header's checksum decides");
        for end in 1..content.len() {
            let part = &content[..end];
            if !kinds(part).is_empty() {
                assert!(opened(part).is_suspect(), "cut at {end}");
            }
        }
    }
}

#[test]
fn wrong_checksums_are_damaged() {
    let content = archive(&[stored(b"a", b"alpha"), stored(b"b", b"beta")]);
    assert!(!opened(&content).is_suspect());
    let begin = header(0, 0, 2, [0, 0], 0, b"x.arj").len();
    let mut first = content.clone();
    first[begin - 6] ^= 1;
    let arj = opened(&first);
    assert_eq!((arj.gap, arj.members.len()), (Some(Gap::Damaged), 2));
    // The first member's name, its stated checksum, its header's checksum, its content.
    for at in [begin + 34, begin + 4 + 20, begin + 4 + 33, begin + 43] {
        let mut changed = content.clone();
        changed[at] ^= 1;
        let arj = opened(&changed);
        assert!(arj.is_suspect(), "at {at}: {arj:?}");
        assert_eq!(arj.contents("b"), [b"beta"], "at {at}");
    }
}

#[test]
fn data_around_members_is_told() {
    let hidden = gzipped(b"hidden");
    let between = archive(&[
        stored(b"a", b"alpha"),
        hidden.clone(),
        stored(b"b", b"beta"),
    ]);
    let arj = opened(&between);
    assert_eq!(arj.gap, Some(Gap::Damaged));
    assert_eq!(arj.contents("b"), [b"beta"]);
    assert_eq!(
        arj.contents("(data outside every member)"),
        [hidden.as_slice()]
    );
    let behind = [archive(&[stored(b"a", b"alpha")]), hidden.clone()].concat();
    let arj = opened(&behind);
    assert!(!arj.is_suspect() && arj.has_rule("container_extra_data"));
    assert_eq!(
        arj.contents("(data outside every member)"),
        [hidden.as_slice()]
    );
    let two = [
        header(0, 0, 2, [0, 0], 0, b"x.arj"),
        archive(&[stored(b"a", b"alpha")]),
    ];
    assert!(opened(&two.concat()).has_rule("arj_several_archives"));
}

#[test]
fn hostile_sizes_are_told() {
    let huge = header(0, 1, 0, [0xffff_ffff, 0xffff_ffff], 0, b"huge");
    let arj = opened(&archive(&[huge, b"not packed at all".to_vec()]));
    assert!(matches!(arj.members[0].what, What::Partial(Gap::Damaged)));
    let long = vec![b'x'; HEADER_BYTES_MAX];
    let arj = opened(&archive(&[header(0, 0, 0, [0, 0], 0, &long)]));
    assert_eq!((arj.gap, arj.members.len()), (Some(Gap::Damaged), 0));
    // Marks without end, each with the longest header.
    let marks = b"\x60\xea\x28\x0a".repeat(1 << 16);
    let limits = Limits {
        unpacked_bytes_max: 1 << 20,
        ..Limits::default()
    };
    let arj = opened_within(
        &[header(0, 0, 2, [0, 0], 0, b"x.arj"), marks].concat(),
        &limits,
    );
    assert_eq!(arj.gap, Some(Gap::Limit));
}

#[test]
fn a_bomb_ends_at_the_budget() {
    // Method 1 whose only symbol is a copy: it goes on for ever without input.
    let bits = [
        (16, 0xffff),
        (5, 0),
        (5, 0),
        (9, 0),
        (9, 509),
        (5, 0),
        (5, 0),
    ];
    let mut packed = super::super::codec::Writer::default();
    for (count, value) in bits {
        packed.put(value, count);
    }
    let packed = packed.finish();
    let bytes = 0xffff * 256;
    let member = header(0, 1, 0, [packed.len(), bytes], 0, b"bomb");
    let member = [member, packed].concat();
    let arj = opened(&archive(std::slice::from_ref(&member)));
    assert_eq!(arj.members[0].content.len(), bytes);
    let arj = opened(&archive(&vec![member; 8]));
    assert_eq!(arj.gap, Some(Gap::Limit));
}
