#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;
use wire::scan::Limits;

use super::sparse::SPARSE_PIECES_MAX;
use crate::testing::kinds;
use crate::testing::{What, gzipped, made, made_by_shell, opened, opened_within, reaches, to_hide};

/// A header block with the right checksum.
fn header(name: &str, kind: u8, size: &str, link: &str) -> Vec<u8> {
    let mut block = vec![0_u8; 512];
    let mut put = |at: usize, text: &[u8]| block[at..at + text.len()].copy_from_slice(text);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, size.as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(157, link.as_bytes());
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// Data filled up to whole blocks.
fn filled(data: &[u8]) -> Vec<u8> {
    let mut blocks = data.to_vec();
    blocks.resize(data.len().div_ceil(512) * 512, 0);
    blocks
}

fn file(name: &str, data: &[u8]) -> Vec<u8> {
    let size = format!("{:011o}\0", data.len());
    [header(name, b'0', &size, ""), filled(data)].concat()
}

const END: [u8; 1024] = [0; 1024];

fn what(content: &[u8]) -> Vec<(String, What)> {
    opened(content)
        .members
        .into_iter()
        .map(|member| (member.name, member.what))
        .collect()
}

#[test]
fn archives_of_the_usual_tools_come_out_whole() {
    for format in ["v7", "oldgnu", "gnu", "ustar", "pax"] {
        let content = made_by_shell(&format!(
            "mkdir d; echo alpha > d/a; : > d/empty; ln -s a d/link; ln d/a d/same; tar -cf out --format={format} d"
        ));
        assert_eq!(kinds(&content), ["tar"], "{format}");
        let tar = opened(&content);
        assert!(
            !tar.is_suspect() && tar.rules.is_empty(),
            "{format}: {tar:?}"
        );
        let mut seen = what(&content);
        seen.sort_by(|a, b| a.0.cmp(&b.0));
        let linked = seen.iter().filter(|(_, what)| *what == What::Link).count();
        assert_eq!((seen.len(), linked), (5, 2), "{format}: {seen:?}");
        assert_eq!(
            tar.members
                .iter()
                .filter(|member| member.content == b"alpha\n")
                .count(),
            1
        );
    }
}

#[test]
fn long_and_japanese_names_come_out_whole() {
    let long = "長い名前/".repeat(30);
    for format in ["GNU_FORMAT", "PAX_FORMAT"] {
        let content = made(&format!(
            "
import tarfile, io
t = tarfile.open('out', 'w', format=tarfile.{format})
i = tarfile.TarInfo('{long}a'); i.size = 5; t.addfile(i, io.BytesIO(b'alpha'))
i = tarfile.TarInfo('l'); i.type = tarfile.SYMTYPE; i.linkname = '{long}a'; t.addfile(i)
i = tarfile.TarInfo('plain'); i.size = 4; t.addfile(i, io.BytesIO(b'beta'))
t.close()
"
        ));
        let tar = opened(&content);
        assert_eq!(tar.contents(&format!("{long}a")), [b"alpha"], "{tar:?}");
        assert_eq!(tar.contents("l"), [format!("{long}a").as_bytes()]);
        assert_eq!(tar.contents("plain"), [b"beta"]);
        assert!(!tar.is_suspect(), "{tar:?}");
    }
}

#[test]
fn a_tar_in_gzip_is_content_that_is_a_tar() {
    let gz = opened(&gzipped(&[file("a", b"alpha"), END.to_vec()].concat()));
    assert_eq!(gz.members[0].name, "content");
    assert_eq!(kinds(&gz.members[0].content), ["tar"]);
}

#[test]
fn names_and_links_that_leave_the_archive_are_told() {
    let content = [
        file("../../x", b"content"),
        file("/abs", b"content"),
        header("l", b'2', "00000000000\0", "../etc"),
        header("h", b'1', "00000000000\0", "/etc/passwd"),
        header("in", b'2', "00000000000\0", "d"),
        file("in/x", b"content"),
        END.to_vec(),
    ]
    .concat();
    let tar = opened(&content);
    let rules: Vec<_> = tar
        .members
        .iter()
        .map(|member| member.rules.join(" "))
        .collect();
    let out = "archive_path_escapes";
    assert_eq!(rules, [out, out, out, out, "", "archive_path_through_link"]);
}

#[test]
fn the_short_name_behind_a_long_one_is_judged_too() {
    let pax = b"12 path=abc\n";
    let content = [
        header("p", b'x', &format!("{:011o}\0", pax.len()), ""),
        filled(pax),
        file("../x", b"content"),
        END.to_vec(),
    ]
    .concat();
    let tar = opened(&content);
    assert_eq!(tar.contents("abc"), [b"content"]);
    assert_eq!(tar.members[0].rules, ["archive_path_escapes"]);
}

/// A sparse file of nine bytes, one every million, and a file behind it.
fn sparse(options: &str) -> Vec<u8> {
    made_by_shell(&format!(
        "for n in 1 2 3 4 5 6 7 8 9; do printf x | dd of=s bs=1 seek=${{n}}000000 conv=notrunc 2>/dev/null; done
         truncate -s 9500000 s; echo next > z; tar -cSf out {options} s z"
    ))
}

const SPARSE: [&str; 4] = [
    "--format=gnu",
    "--format=pax --sparse-version=0.0",
    "--format=pax --sparse-version=0.1",
    "--format=pax --sparse-version=1.0",
];

#[test]
fn sparse_files_have_their_holes_and_the_next_member_is_found() {
    let mut whole = vec![0; 9_500_000];
    (1..10).for_each(|place| whole[place * 1_000_000] = b'x');
    for options in SPARSE {
        let tar = opened(&sparse(options));
        assert!(tar.contents("s") == [whole.as_slice()], "{options}");
        assert_eq!(tar.contents("z"), [b"next\n"], "{options}");
        assert!(!tar.is_suspect(), "{options}");
    }
}

#[test]
fn sparse_files_that_are_cut_off_or_torn_are_damaged() {
    for options in SPARSE {
        let mut content = sparse(options);
        let tar = opened(&content[..30_000]);
        assert_eq!(
            tar.members[0].what,
            What::Partial(Gap::Damaged),
            "{options}"
        );
        // Headers have a checksum, and what pax says has none: the file is shorter than its pieces.
        if options == SPARSE[0] {
            continue;
        }
        for key in [b"realsize=9500000".as_slice(), b"size=9500000"] {
            for at in (0..3000).rev() {
                if content[at..].starts_with(key) {
                    content[at + key.len() - 7] = b'1';
                }
            }
        }
        let tar = opened(&content);
        assert!(tar.is_suspect(), "{options}");
    }
}

#[test]
fn sparse_files_of_more_pieces_than_are_put_together_are_a_limit() {
    let map = vec!["0"; (SPARSE_PIECES_MAX + 1) * 2].join(",");
    let record = |key: &str, value: &str| {
        let body = format!(" {key}={value}\n");
        let digits = (body.len() + 6).to_string().len();
        let length = body.len() + digits;
        let length = length + usize::from(digits < length.to_string().len());
        format!("{length}{body}")
    };
    let pax = [
        record("GNU.sparse.size", "7"),
        record("GNU.sparse.map", &map),
    ]
    .concat();
    let content = [
        header("p", b'x', &format!("{:011o}\0", pax.len()), ""),
        filled(pax.as_bytes()),
        file("s", b"content"),
        END.to_vec(),
    ]
    .concat();
    let tar = opened(&content);
    assert_eq!(
        tar.members[0].what,
        What::Unchecked(Gap::Limit),
        "{:?}",
        tar.rules
    );
}

#[test]
fn devices_and_pipes_are_named() {
    let content = [
        header("null", b'3', "00000000000\0", ""),
        header("pipe", b'6', "00000000000\0", ""),
        END.to_vec(),
    ]
    .concat();
    assert_eq!(what(&content).len(), 2);
    assert!(
        opened(&content)
            .members
            .iter()
            .all(|member| member.what == What::Special)
    );
}

#[test]
fn a_wrong_checksum_is_damaged_and_the_members_behind_it_are_found() {
    let mut content = [
        file("a", b"alpha"),
        file("b", b"beta"),
        file("c", b"c"),
        END.to_vec(),
    ]
    .concat();
    content[1024] ^= 1;
    let tar = opened(&content);
    assert_eq!(tar.gap, Some(Gap::Damaged));
    assert_eq!(tar.contents("a"), [b"alpha"]);
    assert_eq!(tar.contents("c"), [b"c"]);
    assert!(tar.has_rule("container_extra_data"));
}

#[test]
fn an_archive_cut_anywhere_is_never_whole() {
    let content = [file("a", b"alpha"), file("b", &[b'b'; 600]), END.to_vec()].concat();
    for end in 512..content.len() - 1023 {
        let tar = opened(&content[..end]);
        assert!(tar.is_suspect(), "cut at {end}: {tar:?}");
    }
    let tar = opened(&content[..content.len() - 1024 - 300]);
    assert_eq!(tar.members.last().unwrap().what, What::Content);
    let tar = opened(&content[..content.len() - 1024 - 500]);
    assert_eq!(
        tar.members.last().unwrap().what,
        What::Partial(Gap::Damaged)
    );
}

#[test]
fn members_behind_the_end_mark_are_handed_out() {
    let content = [
        file("a", b"alpha"),
        END.to_vec(),
        file("b", b"beta"),
        END.to_vec(),
    ]
    .concat();
    let tar = opened(&content);
    assert_eq!(tar.contents("b"), [b"beta"]);
    assert!(tar.has_rule("tar_after_end") && tar.is_withheld);
}

#[test]
fn data_behind_the_end_mark_is_told_and_a_container_there_is_handed_out() {
    let plain = [
        file("a", b"alpha"),
        END.to_vec(),
        b"something else".to_vec(),
    ]
    .concat();
    let tar = opened(&plain);
    assert_eq!(
        (tar.rules.as_slice(), tar.members.len()),
        (["container_extra_data".to_owned()].as_slice(), 1)
    );
    let nested = [file("a", b"alpha"), END.to_vec(), gzipped(b"behind")].concat();
    let tar = opened(&nested);
    assert_eq!(kinds(&tar.members[1].content), ["gzip"]);
}

#[test]
fn two_sizes_are_told_and_no_reading_loses_content() {
    // To a reader without pax the first member is empty and the second one exists.
    let hidden = file("hidden", b"hidden");
    let pax = format!("13 size={:04}\n", hidden.len());
    let content = [
        header("p", b'x', &format!("{:011o}\0", pax.len()), ""),
        filled(pax.as_bytes()),
        header("a", b'0', "00000000000\0", ""),
        hidden.clone(),
        END.to_vec(),
    ]
    .concat();
    let tar = opened(&content);
    assert!(
        tar.has_rule("tar_header_mismatch") && tar.is_withheld,
        "{tar:?}"
    );
    assert_eq!(kinds(&tar.members[0].content), ["tar"]);
    let content = [
        header("l", b'2', "00000002000\0", "x"),
        hidden,
        END.to_vec(),
    ]
    .concat();
    let tar = opened(&content);
    assert!(
        tar.has_rule("tar_header_mismatch") && tar.is_withheld,
        "{tar:?}"
    );
    assert_eq!(kinds(&tar.members[1].content), ["tar"]);
}

#[test]
fn a_malformed_extended_header_is_damaged() {
    for pax in [
        b"99 path=x\n".as_slice(),
        b"path=x\n",
        b"7 path\n",
        b"12 size=abc\n",
    ] {
        let content = [
            header("p", b'x', &format!("{:011o}\0", pax.len()), ""),
            filled(pax),
            file("a", b"alpha"),
            END.to_vec(),
        ]
        .concat();
        let tar = opened(&content);
        assert_eq!(tar.gap, Some(Gap::Damaged));
        assert_eq!(tar.contents("a"), [b"alpha"]);
    }
}

#[test]
fn sizes_in_base_256_are_read_and_absurd_ones_are_damaged() {
    let mut block = header("a", b'0', "00000000000\0", "");
    let resum = |block: &mut Vec<u8>, size: [u8; 12]| {
        block[124..136].copy_from_slice(&size);
        block[148..156].copy_from_slice(b"        ");
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    };
    resum(&mut block, [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]);
    let content = [block.clone(), filled(b"alpha"), END.to_vec()].concat();
    assert_eq!(opened(&content).contents("a"), [b"alpha"]);
    resum(
        &mut block,
        [
            0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        ],
    );
    let content = [block.clone(), filled(b"alpha"), END.to_vec()].concat();
    assert_eq!(
        opened(&content).members[0].what,
        What::Partial(Gap::Damaged)
    );
    resum(&mut block, [0xff; 12]);
    assert_eq!(kinds(&block), [""; 0]);
}

#[test]
fn limits_end_the_walk() {
    let content = [
        file("a", b"alpha"),
        file("b", b"beta"),
        file("c", b"c"),
        END.to_vec(),
    ]
    .concat();
    let tar = opened_within(
        &content,
        &Limits {
            members_max: 2,
            ..Limits::default()
        },
    );
    assert_eq!((tar.members.len(), tar.gap), (2, Some(Gap::Limit)));
    let tar = opened_within(
        &content,
        &Limits {
            unpacked_bytes_max: 8,
            ..Limits::default()
        },
    );
    assert_eq!(tar.members[1].what, What::Unchecked(Gap::Limit));
    assert_eq!((tar.members.len(), tar.gap), (2, Some(Gap::Limit)));
}

#[test]
fn the_true_name_of_a_sparse_file_is_judged() {
    let pax = b"27 GNU.sparse.name=../../x\n";
    let content = [
        header("p", b'x', &format!("{:011o}\0", pax.len()), ""),
        filled(pax),
        file("GNUSparseFile.0/x", b"content"),
        END.to_vec(),
    ]
    .concat();
    let tar = opened(&content);
    assert_eq!(tar.members[0].name, "../../x");
    assert_eq!(tar.members[0].rules, ["archive_path_escapes"]);
}

/// An extended header with such records.
fn extended(records: &[(&str, &str)]) -> Vec<u8> {
    let record = |(key, value): &(&str, &str)| {
        let bytes = key.len() + value.len() + 5;
        format!("{bytes:02} {key}={value}\n")
    };
    let pax: String = records.iter().map(record).collect();
    let size = format!("{:011o}\0", pax.len());
    [header("p", b'x', &size, ""), filled(pax.as_bytes())].concat()
}

#[test]
fn the_data_of_a_sparse_file_is_also_examined_without_its_holes() {
    for hidden in to_hide() {
        let map = format!("0,9,1000,{}", hidden.len() - 9);
        let size = (991 + hidden.len()).to_string();
        let content = [
            extended(&[("GNU.sparse.size", &size), ("GNU.sparse.map", &map)]),
            file("s", &hidden),
            END.to_vec(),
        ]
        .concat();
        let tar = opened(&content);
        assert_eq!(tar.members[0].content.len().to_string(), size);
        assert_eq!(tar.members[0].what, What::Content);
        assert!(reaches(&content, b"behind"), "{tar:?}");
    }
}

#[test]
fn links_and_folders_that_are_said_to_be_sparse_stay_what_they_are() {
    for (kind, link, what) in [
        (b'2', "../etc", What::Link),
        (b'1', "/etc/passwd", What::Link),
        (b'5', "", What::Folder),
        (b'3', "", What::Special),
    ] {
        let content = [
            extended(&[("GNU.sparse.size", "0"), ("GNU.sparse.map", "0,0")]),
            header("l", kind, "00000000000\0", link),
            END.to_vec(),
        ]
        .concat();
        let tar = opened(&content);
        assert_eq!(tar.members[0].what, what);
        assert!(tar.has_rule("tar_header_mismatch") && tar.is_withheld);
        if what == What::Link {
            assert_eq!(tar.members[0].rules, ["archive_path_escapes"]);
        }
    }
}
