//! What streams are known to carry.

#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use std::io::Write as _;

use wire::Gap;

use super::maker::Maker;
use super::meaning::ATTACHMENT_NAME_BYTES_MAX;
use crate::document::word::INSTRUCTION_BYTES_MAX;
use crate::testing::{Opened, What, kinds, opened};

fn with(name: &str, content: &[u8]) -> Opened {
    opened(&Maker::new(512).with(name, content).bytes())
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn number(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap().to_le_bytes()
}

#[test]
fn encrypted_documents_are_told() {
    for name in ["EncryptedPackage", "\u{9}DRMContent"] {
        let opened = with(name, b"sealed");
        assert_eq!(opened.gap, Some(Gap::Encrypted));
        assert_eq!(opened.members[0].what, What::Partial(Gap::Encrypted));
        assert_eq!(opened.members[0].content, b"sealed");
    }
    let mut word = b"\xec\xa5\xc1\0\0\0\0\0\0\0\0\x01\0\0".to_vec();
    assert_eq!(with("WordDocument", &word).gap, Some(Gap::Encrypted));
    word[11] = 0x10;
    assert_eq!(with("WordDocument", &word).gap, None);
    let book = |id: u8| {
        [
            &[0x09, 8, 2, 0, 0, 6][..],
            &[id, 0, 2, 0, 0, 0],
            &[0x0a, 0, 0, 0],
        ]
        .concat()
    };
    for name in ["Workbook", "BOOK"] {
        assert_eq!(with(name, &book(0x2f)).gap, Some(Gap::Encrypted));
        assert_eq!(with(name, &book(0x2e)).gap, None);
    }
    let user = |mark: u32| [&[0; 12][..], &mark.to_le_bytes(), &[0; 20]].concat();
    assert_eq!(
        with("Current User", &user(0xf3d1_c4df)).gap,
        Some(Gap::Encrypted)
    );
    assert_eq!(with("Current User", &user(0xe391_c05f)).gap, None);
    let crypt = b"\0\0\x0f\0\x14\x2f\x02\0\0\0\0\0";
    assert_eq!(with("PowerPoint Document", crypt).gap, Some(Gap::Encrypted));
}

#[test]
fn macros_of_older_excel_are_told() {
    let sheet = |kind: u8| [0x85, 0, 8, 0, 0, 0, 0, 0, 2, kind, 0, 0];
    assert!(with("Workbook", &sheet(1)).has_rule("xlm_macro"));
    assert!(with("Workbook", &sheet(0)).rules.is_empty());
    let begin = |kind: u8| [9, 8, 4, 0, 0, 6, kind, 0];
    assert!(with("Workbook", &begin(0x40)).has_rule("xlm_macro"));
    assert!(with("Workbook", &begin(0x10)).rules.is_empty());
    // A sheet is where the list says, also inside of what looks like a record.
    let elsewhere = [
        &[0x85, 0, 8, 0, 18, 0, 0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 0, 0][..],
        &begin(0x40),
    ];
    let mut elsewhere = elsewhere.concat();
    elsewhere[4] = 16 + 2;
    assert!(with("Workbook", &elsewhere).has_rule("xlm_macro"));
    elsewhere[4] = 0;
    assert!(with("Workbook", &elsewhere).rules.is_empty());
    // What lies in a record is none itself.
    let inside = [&[0x01, 0, 12, 0][..], &sheet(1)].concat();
    assert!(with("Workbook", &inside).rules.is_empty());
}

#[test]
fn cells_that_ask_a_program_are_told() {
    let link = b"\xae\x01\x0c\0\0\0\x08\0\0cmd\x03topic";
    assert!(with("Workbook", link).has_rule("dde_field"));
    assert!(
        with("Workbook", b"\xae\x01\x04\0\x03\0\x01\x04")
            .rules
            .is_empty()
    );
}

#[test]
fn fields_that_ask_a_program_are_told() {
    let fields: [Vec<u8>; 5] = [
        b"text \x13 DDEAUTO c:\\\\x \x14 shown \x15".to_vec(),
        b"\x13dde excel\x15".to_vec(),
        wide("文\u{13} DDEAUTO x \u{14}"),
        wide("\u{13} IF \u{13} dde x \u{15}"),
        b"\x13 QUOTE \x13\x13 \"DDEAUTO\" \x15\x15\x15".to_vec(),
    ];
    for text in fields {
        assert!(
            with("WordDocument", &text).has_rule("dde_field"),
            "{text:?}"
        );
    }
    let plain: [&[u8]; 5] = [
        b"DDEAUTO \x13 PAGE \x14 1 \x15",
        b"\x13 PAGE \x15 DDEAUTO",
        b"\x13 ADDED x \x15",
        b"\x13 PAGE DDEX \x15",
        b"",
    ];
    for text in plain {
        assert!(with("WordDocument", text).rules.is_empty(), "{text:?}");
    }
    let far = [
        b"\x13".to_vec(),
        vec![b' '; INSTRUCTION_BYTES_MAX],
        b"DDE".to_vec(),
    ]
    .concat();
    assert!(with("WordDocument", &far).rules.is_empty());
    assert!(with("WordDocument", &[&far[..1], &far[2..]].concat()).has_rule("dde_field"));
}

/// A package as Windows keeps it, without or with names in UTF-16.
fn package(label: &[u8], content: &[u8], unicode: Option<&str>) -> Vec<u8> {
    let path = b"C:\\Users\\a\\x.bin\0";
    let mut data = [
        b"\x02\0",
        label,
        b"\0",
        path,
        b"\0\0\x03\0",
        &number(path.len()),
        path,
    ]
    .concat();
    data.extend([&number(content.len())[..], content].concat());
    if let Some(name) = unicode {
        for text in ["C:\\T\\x", name, "C:\\x"] {
            data.extend(number(text.encode_utf16().count()));
            data.extend(wide(text));
        }
    }
    [&number(data.len())[..], &data].concat()
}

#[test]
fn embedded_files_come_out_under_their_names() {
    let zip = crate::testing::gzipped(b"alpha");
    let data = package(b"C:\\x\\a.txt", &zip, None);
    let opened = with("pool/\u{1}Ole10Native", &data);
    assert_eq!(opened.contents("pool/a.txt"), [&*zip]);
    assert!(opened.has_rule("ole_package") && !opened.is_suspect());
    let data = package(b"\x93_\x8c\x9f.txt", b"alpha", Some("点検.txt"));
    let opened = with("\u{1}Ole10Native", &data);
    assert_eq!(opened.contents("点検.txt"), [b"alpha"]);
    let data = package(b"", b"alpha", None);
    assert_eq!(
        with("\u{1}Ole10Native", &data).contents("x.bin"),
        [b"alpha"]
    );
    // What another program keeps there has no name.
    let data = [&number(5)[..], b"alpha"].concat();
    let opened = with("\u{1}Ole10Native", &data);
    assert_eq!(opened.contents("[1]Ole10Native (content)"), [b"alpha"]);
    assert!(opened.rules.is_empty());
}

#[test]
fn an_embedded_file_cut_anywhere_is_never_whole() {
    let data = package(b"a.txt", b"alpha beta", None);
    for end in 1..data.len() {
        let opened = with("\u{1}Ole10Native", &data[..end]);
        assert!(end < 4 || opened.is_suspect(), "cut at {end}");
    }
    let mut other = data.clone();
    // The last field before the path to unpack to: some kind of a file.
    let kind = 4 + 2 + b"a.txt\0".len() + b"C:\\Users\\a\\x.bin\0".len();
    other[kind + 2] = 1;
    assert!(with("\u{1}Ole10Native", &other).has_rule("ole_link"));
    other[kind + 4 + 3] = 0xff;
    let opened = with("\u{1}Ole10Native", &other);
    assert!(opened.has_rule("ole_package_malformed") && opened.members.len() == 2);
    let hidden = [data, crate::testing::gzipped(b"hidden")].concat();
    let opened = with("\u{1}Ole10Native", &hidden);
    assert!(!opened.contents("(data outside every member)").is_empty());
}

#[test]
fn links_are_told() {
    assert!(with("\u{1}Ole", b"\x01\0\0\x02\x01\0\0\0").has_rule("ole_link"));
    assert!(with("\u{1}Ole", b"\x01\0\0\x02\0\0\0\0").rules.is_empty());
}

#[test]
fn attachments_have_the_name_of_their_file() {
    let folder = "__attach_version1.0_#00000000";
    let content = format!("{folder}/__substg1.0_37010102");
    let maker = Maker::new(512).with(&content, b"alpha").with(
        &format!("{folder}/__substg1.0_3704001F"),
        &wide("TENKEN~1.TXT"),
    );
    let short = opened(&maker.bytes());
    assert_eq!(
        short.contents(&format!("{folder}/TENKEN~1.TXT")),
        [b"alpha"]
    );
    let maker = maker.with(&format!("{folder}/__substg1.0_3707001F"), &wide("点検.txt"));
    let long = opened(&maker.bytes());
    assert_eq!(long.contents(&format!("{folder}/点検.txt")), [b"alpha"]);
    let maker = Maker::new(512)
        .with(&content, b"alpha")
        .with(&format!("{folder}/__substg1.0_3707001E"), b"a.txt");
    assert_eq!(
        opened(&maker.bytes()).contents(&format!("{folder}/a.txt")),
        [b"alpha"]
    );
    // A name that is longer than any is none.
    let length = usize::try_from(ATTACHMENT_NAME_BYTES_MAX).unwrap() + 1;
    let maker = Maker::new(512).with(&content, b"alpha").with(
        &format!("{folder}/__substg1.0_3707001E"),
        &vec![b'a'; length],
    );
    assert_eq!(opened(&maker.bytes()).contents(&content), [b"alpha"]);
}

/// An object in a presentation, compressed as PowerPoint does it.
fn compressed(content: &[u8]) -> Vec<u8> {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(content).unwrap();
    let packed = [&number(content.len())[..], &zlib.finish().unwrap()].concat();
    [&b"\x10\0\x11\x10"[..], &number(packed.len()), &packed].concat()
}

#[test]
fn objects_in_presentations_come_out() {
    let inner = Maker::new(512).with("VBA/dir", b"x").bytes();
    let plain = [&b"\0\0\x11\x10"[..], &number(inner.len()), &inner].concat();
    let slides = [
        b"\x0f\0\xe8\x03\xff\0\0\0".to_vec(),
        compressed(&inner),
        plain,
    ]
    .concat();
    let opened = with("PowerPoint Document", &slides);
    let objects: Vec<_> = opened.members[1..]
        .iter()
        .map(|member| &member.content)
        .collect();
    assert_eq!(objects, [&inner, &inner]);
    assert_eq!(opened.members[1].name, "PowerPoint Document (object at 8)");
    assert_eq!(kinds(objects[0]), ["compound file"]);
    assert!(!opened.is_suspect());
}

#[test]
fn a_compressed_object_that_is_changed_is_damaged() {
    let object = compressed(b"what changes in it changes what comes out");
    for at in 8..object.len() {
        let mut changed = object.clone();
        changed[at] ^= 4;
        let opened = with("PowerPoint Document", &changed);
        assert_eq!(opened.members[1].what, What::Partial(Gap::Damaged), "{at}");
    }
    let bomb = compressed(&vec![0; 80 << 20]);
    let opened = with("PowerPoint Document", &bomb);
    assert_eq!(opened.members[1].what, What::Partial(Gap::Limit));
}
