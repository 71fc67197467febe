//! RAR 1.5 to 4.x.

use wire::Gap;
use wire::scan::Limits;

use super::samples::*;
use super::write::*;
use super::{assert_never_whole_when_changed, assert_never_whole_when_cut, assert_whole};
use crate::testing::{What, made_by_shell, opened, opened_within};

/// A solid archive of a version; each flag tells whether a member goes on.
fn solid(version: u8) -> Vec<u8> {
    let packed = match version {
        15 => [SOLID15_A, SOLID15_B, SOLID15_C],
        20 => [SOLID20_A, SOLID20_B, SOLID20_C],
        _ => [SOLID29_A, SOLID29_B, SOLID29_C],
    };
    let blocks: Vec<_> = ["a", "d/b", "c"]
        .iter()
        .zip(packed)
        .enumerate()
        .map(|(index, (name, packed))| {
            let flags = if 0 < index && version != 15 { 0x10 } else { 0 };
            packed_member(version, flags, name, packed, &content(name))
        })
        .collect();
    archive4(8, &blocks)
}

fn packed_member(version: u8, flags: u16, name: &str, packed: &str, content: &[u8]) -> Vec<u8> {
    let how = How {
        flags,
        version,
        method: 0x33,
        ..STORED
    };
    member4(how, name.as_bytes(), &bytes(packed), content)
}

/// For tests of archives as a whole.
pub(super) fn solid29() -> Vec<u8> {
    solid(29)
}

#[test]
fn every_version_comes_out_solid() {
    for version in [15, 20, 29] {
        assert_whole(&opened(&solid(version)), &["a", "d/b", "c"]);
    }
    for version in [26, 36] {
        let (packed, content) = match version {
            26 => (SOLID20_A, content("a")),
            _ => (SOLID29_A, content("a")),
        };
        let rar = archive4(0, &[packed_member(version, 0, "a", packed, &content)]);
        assert_whole(&opened(&rar), &["a"]);
    }
    let unknown = archive4(0, &[packed_member(37, 0, "a", SOLID29_A, b"")]);
    let rar = opened(&unknown);
    assert_eq!(rar.members[0].what, What::Unchecked(Gap::Unsupported));
}

#[test]
fn models_and_filters_of_2_9_come_out() {
    let member = |name, packed, content: &[u8]| packed_member(29, 0, name, packed, content);
    let rar = opened(&archive4(
        0,
        &[
            member("b", PPMD29, &content("d/b")),
            member("x", CALLS29, &calls()),
            member("w", WAVE29, &wave()),
        ],
    ));
    assert_eq!(rar.contents("b"), [content("d/b")]);
    assert_eq!(rar.contents("x"), [calls()]);
    assert_eq!(rar.contents("w"), [wave()]);
    assert!(!rar.is_suspect());
}

#[test]
fn another_reader_sees_what_the_writer_of_these_tests_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.rar");
    let ppmd = packed_member(29, 0, "b", PPMD29, &content("d/b"));
    std::fs::write(&path, archive4(0, &[ppmd])).unwrap();
    let path = path.display();
    let seen = made_by_shell(&format!("bsdtar -xOf {path} > out"));
    assert_eq!(seen, content("d/b"));
    let name = unicode_name();
    let member = member4(
        How {
            flags: 0x200,
            ..STORED
        },
        &name,
        b"alpha",
        b"alpha",
    );
    std::fs::write(folder.path().join("in.rar"), archive4(0, &[member])).unwrap();
    let seen = made_by_shell(&format!("LC_ALL=C.UTF-8 bsdtar -tf {path} > out"));
    assert_eq!(String::from_utf8(seen).unwrap(), "d\u{fc}n 点検aaéé.txt\n");
}

/// A name in all four ways in which a letter may be coded.
fn unicode_name() -> Vec<u8> {
    let mut name = b"d?n ??aa??.txt\0".to_vec();
    // The page, then groups of four letters or runs with two bits each before them.
    name.push(0x00);
    name.extend_from_slice(&[0b00_00_00_00, b'd', 0xfc, b'n', b' ']);
    // Two whole letters; a run as it is in the old name; a run moved up by a distance.
    name.extend_from_slice(&[0b10_10_11_11, 0xb9, 0x70, 0x1c, 0x69, 0, 0x80, 0xaa]);
    name.extend_from_slice(&[0b11_00_00_00, 2]);
    name
}

#[test]
fn names_are_read_in_both_spellings() {
    let named = |flags, name: &[u8]| {
        let how = How { flags, ..STORED };
        opened(&archive4(0, &[member4(how, name, b"x", b"x")])).members[0].clone()
    };
    assert_eq!(named(0x200, &unicode_name()).name, "d\u{fc}n 点検aaéé.txt");
    // Letters of a page of their own.
    let page = [b"??.txt\0\x30".as_slice(), &[0b01_01_11_00, 0x42, 0x44, 2]].concat();
    assert_eq!(named(0x200, &page).name, "あい.txt");
    assert_eq!(named(0x200, "点検.txt".as_bytes()).name, "点検.txt");
    // Code page 932, as Japanese systems wrote it.
    assert_eq!(named(0, b"\x93_\x8c\x9f.txt").rules, ["deceptive_name"]);
    // One of the spellings leads out.
    let out = [b"../x\0\0".as_slice(), &[0, b'a', b'b', b'c', b'd']].concat();
    let member = named(0x200, &out);
    assert_eq!(
        (member.name.as_str(), member.rules.as_slice()),
        ("abcd", ["archive_path_escapes".to_owned()].as_slice())
    );
    assert_eq!(named(0, b"..\\x").rules, ["archive_path_escapes"]);
    // A code that ends in the middle of a letter.
    assert_eq!(named(0x200, b"old\0").name, "old");
    assert_eq!(named(0x200, b"old\0\0\x80a").name, "old");
}

#[test]
fn links_and_folders_are_told_by_their_attributes() {
    let link = |target: &[u8]| {
        let how = How {
            system: 3,
            attributes: 0xa1ff,
            ..STORED
        };
        opened(&archive4(0, &[member4(how, b"d/l", target, target)]))
    };
    let rar = link(b"../x");
    assert_eq!(rar.members[0].what, What::Link);
    assert_eq!(rar.members[0].content, b"../x");
    assert!(!rar.is_suspect());
    assert_eq!(link(b"../../x").members[0].rules, ["archive_path_escapes"]);
    let long = vec![b'x'; wire::name::NAME_BYTES_MAX + 1];
    assert!(link(&long).has_rule("name_too_long"));
    let folder = |version, flags, attributes, data: &[u8]| {
        let how = How {
            flags,
            version,
            attributes,
            ..STORED
        };
        opened(&archive4(0, &[member4(how, b"d", data, data)]))
    };
    assert_eq!(folder(20, 0xe0, 0, b"").members[0].what, What::Folder);
    assert_eq!(folder(15, 0, 0x10, b"").members[0].what, What::Folder);
    let rar = folder(20, 0xe0, 0, b"alpha");
    assert_eq!(rar.members[1].content, b"alpha");
    assert!(rar.has_rule("rar_header_mismatch"));
}

#[test]
fn what_is_encrypted_or_split_is_named() {
    let flagged = |flags| {
        let how = How { flags, ..STORED };
        let members = [
            member4(how, b"a", b"x", b"x"),
            member4(STORED, b"b", b"y", b"y"),
        ];
        let rar = opened(&archive4(0, &members));
        assert_eq!(rar.contents("b"), [b"y"]);
        rar.members[0].what
    };
    assert_eq!(flagged(0x04), What::Unchecked(Gap::Encrypted));
    assert_eq!(flagged(0x01), What::Unchecked(Gap::Unsupported));
    assert_eq!(flagged(0x02), What::Unchecked(Gap::Unsupported));
    // What goes on with something encrypted cannot be had either.
    let rar = opened(&archive4(
        0,
        &[
            packed_member(29, 0x04, "a", SOLID29_A, b""),
            packed_member(29, 0x10, "d/b", SOLID29_B, &content("d/b")),
            packed_member(29, 0x10, "c", SOLID29_C, &content("c")),
        ],
    ));
    assert_eq!(rar.members[1].what, What::Unchecked(Gap::Encrypted));
    assert_eq!(rar.members[2].what, What::Unchecked(Gap::Encrypted));
    let rar = opened(&archive4(0x80, &[b"anything".to_vec()]));
    assert_eq!((rar.gap, rar.members.len()), (Some(Gap::Encrypted), 0));
    // A later volume, whose first member goes on with what another one holds.
    let rar = opened(&archive4(
        9,
        &[packed_member(29, 0x10, "d/b", SOLID29_B, b"")],
    ));
    assert_eq!(rar.members[0].what, What::Unchecked(Gap::Unsupported));
}

/// A comment of old versions: its own block, which may lie in another one's header.
fn old_comment(text: &[u8], crc: u16) -> Vec<u8> {
    let size = u16::try_from(text.len()).unwrap();
    let fields = [&size.to_le_bytes()[..], &[20, 0x30], &crc.to_le_bytes()].concat();
    let mut comment = block(0x75, 0, &fields, &[]);
    comment[5..7].copy_from_slice(&(size + 13).to_le_bytes());
    let sum = crc32fast::hash(&comment[2..]).to_le_bytes();
    comment[..2].copy_from_slice(&sum[..2]);
    [comment, text.to_vec()].concat()
}

#[test]
fn comments_and_streams_are_members() {
    let half = u16::try_from(crc32fast::hash(b"alpha") & 0xffff).unwrap();
    let comment = old_comment(b"alpha", half);
    let rar = opened(&archive4(2, std::slice::from_ref(&comment)));
    assert_eq!(rar.contents("(comment)"), [b"alpha"]);
    assert!(!rar.is_suspect());
    let wrong = opened(&archive4(0, &[old_comment(b"alpha", half ^ 1)]));
    assert_eq!(wrong.members[0].what, What::Partial(Gap::Damaged));
    // Within the archive's header, and within a file's; both checksums are of the rest.
    let main = [&[0; 6][..], &comment].concat();
    let mut main = block(0x73, 2, &main, &[]);
    let sum = crc32fast::hash(&main[2..13]).to_le_bytes();
    main[..2].copy_from_slice(&sum[..2]);
    let mut file = file4(STORED, b"a", b"x", b"x");
    let checked = file.len() + 7;
    file.extend_from_slice(&comment);
    let mut file = block(0x74, 0x8008, &file, b"x");
    let sum = crc32fast::hash(&file[2..checked]).to_le_bytes();
    file[..2].copy_from_slice(&sum[..2]);
    let rar = opened(&[b"Rar!\x1a\x07\0".to_vec(), main, file].concat());
    assert_eq!(rar.contents("(comment)"), [b"alpha"]);
    assert_eq!(rar.contents("a (comment)"), [b"alpha"]);
    assert!(!rar.is_suspect(), "{rar:?}");
    // Of 3.x and of 2.x.
    let service = |name: &[u8], more: &[u8]| {
        let fields = [&file4(STORED, name, b"alpha", b"alpha"), more].concat();
        block(0x7a, 0x8000, &fields, b"alpha")
    };
    let old = |kind: u16| {
        let fields = [
            &5_u32.to_le_bytes()[..],
            &kind.to_le_bytes(),
            &[0, 5, 0, 0, 0, 20, 0x30],
            &crc32fast::hash(b"alpha").to_le_bytes(),
            &4_u16.to_le_bytes(),
            b":old",
        ];
        block(0x77, 0x8000, &fields.concat(), b"alpha")
    };
    let rar = opened(&archive4(
        0,
        &[
            member4(STORED, b"a", b"x", b"x"),
            service(b"CMT", b""),
            service(b"STM", b":\0n\0"),
            service(b"UOW", b""),
            service(b"RR", b""),
            old(0x105),
            old(0x104),
        ],
    ));
    for name in [
        "(comment)",
        "a (stream :n)",
        "(service UOW)",
        "a (stream :old)",
        "a (attributes)",
    ] {
        assert_eq!(rar.contents(name), [b"alpha"], "{name}");
    }
    assert_eq!((rar.members.len(), rar.is_suspect()), (6, false), "{rar:?}");
    assert_eq!(
        opened(&archive4(0, &[old(0x999)])).gap,
        Some(Gap::Unsupported)
    );
}

#[test]
fn an_archive_cut_or_changed_anywhere_is_never_whole() {
    assert_never_whole_when_cut(&solid29());
    assert_never_whole_when_changed(&solid29());
    let ppmd = archive4(0, &[packed_member(29, 0, "b", PPMD29, &content("d/b"))]);
    assert_never_whole_when_cut(&ppmd);
    assert_never_whole_when_changed(&ppmd);
    // Before 3.0 nothing stands at the end; then a whole number of members is whole.
    let old = solid(20);
    let without_end = &old[..old.len() - 7];
    assert!(!opened(without_end).is_suspect());
}

#[test]
fn data_behind_and_between_is_told() {
    let zip = crate::testing::made(
        "import zipfile; z = zipfile.ZipFile('out', 'w'); z.writestr('z', 'zip'); z.close()",
    );
    let rar = opened(&[archive4(0, &[]), zip.clone()].concat());
    assert_eq!(rar.members[0].content, zip);
    let rar = opened(&archive4(0, std::slice::from_ref(&zip)));
    assert_eq!((rar.gap, rar.members.len()), (Some(Gap::Damaged), 1));
    for kind in [0x60, 0x76, 0x79] {
        let size = u32::try_from(zip.len()).unwrap().to_le_bytes();
        let rar = opened(&archive4(0, &[block(kind, 0x8000, &size, &zip)]));
        assert_eq!(rar.members[0].content, zip, "{kind:#x}");
    }
    let size = u32::MAX.to_le_bytes();
    let rar = opened(&archive4(0, &[block(0x78, 0x8000, &size, b"short")]));
    assert_eq!(rar.gap, Some(Gap::Damaged));
}

#[test]
fn sizes_that_lie_are_damaged() {
    for version in [15, 20, 29] {
        let packed = match version {
            15 => SOLID15_A,
            20 => SOLID20_A,
            _ => SOLID29_A,
        };
        for size in [1, 13, 15, 1 << 20] {
            let rar = archive4(
                0,
                &[packed_member(version, 0, "a", packed, &vec![b'x'; size])],
            );
            assert!(opened(&rar).is_suspect(), "{version} {size}");
        }
    }
    // All ones: it was not known.
    let mut member = packed_member(29, 0, "a", SOLID29_A, &content("a"));
    member[11..15].fill(0xff);
    let sum = crc32fast::hash(&member[2..33]).to_le_bytes();
    member[..2].copy_from_slice(&sum[..2]);
    let rar = opened(&archive4(0, &[member]));
    assert_eq!(rar.members[0].what, What::Unchecked(Gap::Unsupported));
}

#[test]
fn sizes_of_64_bits_are_read() {
    let fields = file4(STORED, b"", b"alpha", b"alpha");
    let wide = |packed_high: u32, high: u32| {
        let wide = [
            &fields[..],
            &packed_high.to_le_bytes(),
            &high.to_le_bytes(),
            b"a",
        ]
        .concat();
        let mut wide = wide;
        wide[19] = 1;
        opened(&archive4(0, &[block(0x74, 0x8100, &wide, b"alpha")]))
    };
    assert_eq!(wide(0, 0).contents("a"), [b"alpha"]);
    assert_eq!(wide(0, 1).members[0].what, What::Partial(Gap::Damaged));
    assert_eq!(wide(1, 1).gap, Some(Gap::Damaged));
}

#[test]
fn output_is_bounded() {
    for version in [15, 20, 29] {
        let limits = Limits {
            memory_bytes_max: 300,
            ..Limits::default()
        };
        let rar = opened_within(&solid(version), &limits);
        assert_eq!(rar.contents("a"), [content("a")]);
        let what = rar.members[1].what;
        assert!(
            matches!(
                what,
                What::Partial(Gap::Limit) | What::Unchecked(Gap::Limit)
            ),
            "{version}: {what:?}"
        );
        assert_eq!(rar.members[2].what, What::Unchecked(Gap::Limit));
    }
}
