#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;
use wire::scan::Limits;

use super::folder::BLOCK_BYTES_MAX;
use super::quantum::FILLING_BYTES_MAX;
use super::testing::{FolderOf, Lzx, cabinet, file, lzx, quantum, stored};
use crate::testing::{What, gzipped, kinds, made_by_shell, opened, opened_within, shell};

/// Copies near and far, a run, all bytes, and calls of a processor; longer than a block.
fn text() -> Vec<u8> {
    let mut text: Vec<u8> = (1..2000)
        .flat_map(|n| format!("{n} 点\n").into_bytes())
        .collect();
    text.extend(vec![b'z'; 700]);
    text.extend(0..=255_u8);
    for call in 0..600_u32 {
        text.push(0xe8);
        text.extend((call * 40 % 5000).to_le_bytes());
        text.extend(call.to_le_bytes());
    }
    while text.len() < BLOCK_BYTES_MAX * 2 + 77 {
        text.extend_from_within(5..1800);
    }
    text
}

/// What cabextract makes of the file `name`.
fn extracted(content: &[u8], name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.cab"), content).unwrap();
    shell(folder.path(), "cabextract -q x.cab");
    std::fs::read(folder.path().join(name)).unwrap()
}

/// All methods but MSZIP, which the tests' encoders do not write.
fn folders(text: &[u8]) -> Vec<(&'static str, FolderOf)> {
    let halves = text.split_at(12_345);
    let mixed = [
        (Lzx::Verbatim, &text[..1_001]),
        (Lzx::Uncompressed, &text[1_001..12_346]),
        (Lzx::Aligned, &text[12_346..40_000]),
        (Lzx::Uncompressed, &text[40_000..40_002]),
        (Lzx::Verbatim, &text[40_002..]),
    ];
    vec![
        ("stored", stored(text)),
        ("verbatim", lzx(&[(Lzx::Verbatim, text)], None)),
        (
            "aligned",
            lzx(&[(Lzx::Aligned, halves.0), (Lzx::Aligned, halves.1)], None),
        ),
        ("uncompressed", lzx(&[(Lzx::Uncompressed, text)], None)),
        ("mixed", lzx(&mixed, None)),
        ("quantum", quantum(text, 15)),
    ]
}

#[test]
fn every_method_comes_out_whole() {
    let text = text();
    for (method, folder) in folders(&text) {
        for reserve in [0, 7] {
            let files = [
                file("点検.txt", 0, 0, 9_000),
                file("b", 0, 9_000, text.len() - 9_000),
            ];
            let folder = FolderOf {
                method: folder.method,
                blocks: folder.blocks.clone(),
            };
            let content = cabinet(&[folder], &files, 0, reserve);
            assert_eq!(kinds(&content), ["cab"]);
            let cab = opened(&content);
            assert!(!cab.is_suspect(), "{method}: {:?} {:?}", cab.gap, cab.rules);
            assert!(cab.rules.is_empty(), "{method}: {:?}", cab.rules);
            assert!(cab.contents("点検.txt") == [&text[..9_000]], "{method}");
            assert!(cab.contents("b") == [&text[9_000..]], "{method}");
            // What the encoders write is what another reader reads.
            assert!(extracted(&content, "b") == text[9_000..], "{method}");
        }
    }
}

#[test]
fn calls_of_a_processor_are_as_another_reader_has_them() {
    let text = text();
    let folder = lzx(&[(Lzx::Verbatim, &text)], Some(4_000));
    let content = cabinet(&[folder], &[file("a", 0, 0, text.len())], 0, 0);
    let cab = opened(&content);
    assert!(!cab.is_suspect());
    assert!(cab.members[0].content != text, "some calls are changed");
    assert!(cab.members[0].content == extracted(&content, "a"));
}

#[test]
fn cabinets_of_gcab_come_out_whole() {
    for zip in ["", "-z"] {
        let content = made_by_shell(&format!(
            "seq 1 30000 > a.txt; printf alpha > 点検.txt; : > empty; gcab -c {zip} in.cab 点検.txt; gcab -c {zip} out a.txt 点検.txt empty in.cab"
        ));
        let cab = opened(&content);
        assert!(
            !cab.is_suspect() && cab.rules.is_empty(),
            "{zip}: {:?}",
            cab.rules
        );
        let numbers: String = (1..=30_000).map(|number| format!("{number}\n")).collect();
        assert!(cab.contents("a.txt") == [numbers.as_bytes()], "{zip}");
        assert_eq!(cab.contents("点検.txt"), [b"alpha"], "{zip}");
        assert_eq!(cab.contents("empty"), [b""], "{zip}");
        assert_eq!(
            opened(cab.contents("in.cab")[0]).contents("点検.txt"),
            [b"alpha"]
        );
    }
    let empty = opened(&cabinet(&[], &[], 0, 0));
    assert!(empty.members.is_empty() && !empty.is_suspect());
}

#[test]
fn a_cabinet_cut_anywhere_is_never_whole() {
    let samples = [
        made_by_shell("printf alphaalphaalpha > a; printf beta > b; gcab -c -z out a b"),
        cabinet(&[quantum(b"alphaalpha", 10)], &[file("a", 0, 0, 10)], 0, 3),
    ];
    for content in samples {
        assert!(!opened(&content).is_suspect());
        for end in 8..content.len() {
            assert!(opened(&content[..end]).is_suspect(), "cut at {end}");
        }
    }
}

#[test]
fn a_wrong_checksum_is_damaged_and_the_bytes_are_still_matched() {
    let content = cabinet(&[stored(b"alpha")], &[file("a", 0, 0, 5)], 0, 0);
    for from_end in 1..=13 {
        let mut changed = content.clone();
        let at = content.len() - from_end;
        changed[at] ^= 1;
        let cab = opened(&changed);
        assert!(cab.is_suspect(), "{from_end} from the end");
        if from_end <= 5 {
            assert_eq!(cab.members[0].what, What::Partial(Gap::Damaged));
            assert_eq!(cab.members[0].content.len(), 5);
        }
    }
}

#[test]
fn parts_of_a_set_are_named() {
    let first = cabinet(
        &[stored(b"alpha"), stored(b"beta")],
        &[file("a", 0, 0, 5), file("b", 0xfffe, 0, 900)],
        2,
        0,
    );
    let cab = opened(&first);
    assert_eq!(cab.gap, Some(Gap::Unsupported));
    assert_eq!(cab.contents("a"), [b"alpha"]);
    assert_eq!(cab.members[1].what, What::Partial(Gap::Unsupported));
    assert_eq!(cab.members[1].content, b"beta");
    let mut split = stored(b"beta");
    split.blocks.push((b"rest".to_vec(), 0));
    let cab = opened(&cabinet(&[split], &[file("b", 0, 0, 900)], 2, 0));
    assert_eq!(cab.members[0].what, What::Partial(Gap::Unsupported));
    let second = cabinet(
        &[stored(b"alpha"), stored(b"beta")],
        &[
            file("a", 0xfffd, 0, 5),
            file("b", 0, 5, 2),
            file("c", 1, 0, 4),
        ],
        1,
        0,
    );
    let cab = opened(&second);
    let whats: Vec<_> = cab.members.iter().map(|member| member.what).collect();
    let unchecked = What::Unchecked(Gap::Unsupported);
    assert_eq!(whats, [unchecked, unchecked, What::Content]);
    let around = cabinet(&[stored(b"a")], &[file("a", 0xffff, 0, 1)], 0, 0);
    assert_eq!(opened(&around).members[0].what, unchecked);
}

#[test]
fn readers_that_look_for_the_list_elsewhere_are_followed() {
    let mut content = cabinet(
        &[stored(b"alphabeta")],
        &[file("shown", 0, 0, 5), file("hidden", 0, 5, 4)],
        0,
        0,
    );
    // The list begins with the second file; one file is left.
    let second = content
        .windows(6)
        .position(|window| window == b"hidden")
        .unwrap()
        - 16;
    content[16] = u8::try_from(second).unwrap();
    content[28] = 1;
    let cab = opened(&content);
    assert!(cab.has_rule("cab_several_lists"));
    assert_eq!(cab.contents("shown"), [b"alpha"]);
    assert_eq!(cab.contents("hidden"), [b"beta"]);
}

#[test]
fn data_that_no_file_owns_is_told() {
    let text = [b"alpha".as_slice(), b"unowned", b"beta", b"more"].concat();
    let files = [file("a", 0, 0, 5), file("b", 0, 12, 4)];
    let cab = opened(&cabinet(
        &[lzx(&[(Lzx::Verbatim, &text)], None)],
        &files,
        0,
        0,
    ));
    assert!(!cab.is_suspect() && cab.has_rule("container_extra_data"));
    assert_eq!(cab.contents("b"), [b"beta"]);
    let stray = cab.contents("(data outside every member)");
    assert_eq!(stray, [b"unowned".as_slice(), b"more"]);
    let hidden = gzipped(b"hidden");
    let plain = cabinet(&[stored(b"alpha")], &[file("a", 0, 0, 5)], 0, 0);
    let cab = opened(&[plain.clone(), hidden.clone()].concat());
    assert!(!cab.is_suspect());
    assert_eq!(
        cab.contents("(data outside every member)"),
        [hidden.as_slice()]
    );
    // Between the list of files and the data.
    let mut between = plain.clone();
    let data_at = plain.len() - 13;
    between.splice(data_at..data_at, hidden.clone());
    between[8] += u8::try_from(hidden.len()).unwrap();
    between[36] += u8::try_from(hidden.len()).unwrap();
    let cab = opened(&between);
    assert_eq!(cab.contents("a"), [b"alpha"]);
    assert_eq!(
        cab.contents("(data outside every member)"),
        [hidden.as_slice()]
    );
}

#[test]
fn names_that_leave_and_files_that_share_bytes_are_told() {
    let files = [
        file("..\\x", 0, 0, 5),
        file("b", 0, 2, 4),
        file("", 0, 0, 1),
    ];
    let cab = opened(&cabinet(
        &[lzx(&[(Lzx::Verbatim, b"alphabeta")], None)],
        &files,
        0,
        0,
    ));
    assert!(cab.has_rule("cab_overlapping_members"));
    assert_eq!(cab.contents("..\\x"), [b"alpha"]);
    assert_eq!(cab.contents("b"), [b"phab"]);
    assert_eq!(cab.contents("(member without a name)"), [b"a"]);
    let escapes = cab.members.iter().find(|member| member.name == "..\\x");
    assert_eq!(escapes.unwrap().rules, ["archive_path_escapes"]);
    // Far apart, so that the folder is read again from its beginning.
    let text = text();
    let files = [
        file("a", 0, 0, text.len()),
        file("b", 0, 1, 9),
        file("c", 0, 2, text.len() - 2),
    ];
    let cab = opened(&cabinet(&[quantum(&text, 12)], &files, 0, 0));
    assert_eq!(cab.contents("b"), [&text[1..10]]);
    assert!(cab.contents("c") == [&text[2..]]);
}

#[test]
fn hostile_fields_are_told() {
    let files = [file("a", 0, 0, 5)];
    let with = |folder: FolderOf| opened(&cabinet(&[folder], &files, 0, 0));
    let block = |data: &[u8], bytes: usize, method: u16| FolderOf {
        method,
        blocks: vec![(data.to_vec(), bytes)],
    };
    let cab = with(block(b"alpha", 5, 0x0004));
    assert_eq!(cab.members[0].what, What::Unchecked(Gap::Unsupported));
    for damaged in [
        block(b"alpha", 6, 0),
        block(b"alpha", 0, 0),
        block(b"CKalpha", 5, 1),
        block(b"no signature", 5, 1),
        block(b"CK\x03\0", BLOCK_BYTES_MAX + 1, 1),
        block(b"alphaalpha", 5, 0x0f03),
        block(b"alphaalpha", 5, 0x0a02),
        block(b"", 5, 0x0a02),
        block(b"", 5, 0x0f03),
        stored(b"alph"),
    ] {
        let cab = with(damaged);
        let what = cab.members[0].what;
        let is_damaged = [What::Partial(Gap::Damaged), What::Unchecked(Gap::Damaged)];
        assert!(is_damaged.contains(&what), "{what:?}");
    }
    for (folder, begin, bytes) in [(3, 0, 5), (0, 0xffff_fff0, 5), (0, 0, 0x7fff_ffff)] {
        let cab = opened(&cabinet(
            &[stored(b"alpha")],
            &[file("a", folder, begin, bytes)],
            0,
            0,
        ));
        assert!(cab.is_suspect());
    }
    // Any field of the headers.
    let whole = cabinet(&[stored(b"alpha")], &files, 0, 0);
    for at in [8, 16, 26, 28, 30, 36, 40, 42, 44, 48, 52] {
        let mut content = whole.clone();
        content[at..at + 2].fill(0xff);
        assert!(opened(&content).is_suspect(), "field at {at}");
    }
    let noise: Vec<u8> = (0..4000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0])
        .collect();
    for method in [1, 0x0f03, 0x1503, 0x0a02, 0x1502] {
        for begin in 0..200 {
            let cab = with(block(&noise[begin..begin + 300], 20_000, method));
            assert!(cab.is_suspect());
        }
    }
}

#[test]
fn bytes_of_a_block_that_may_begin_the_next_are_told() {
    let text = text();
    for (method, folder) in folders(&text).into_iter().skip(1) {
        let harmless = if method == "quantum" {
            FILLING_BYTES_MAX
        } else {
            1
        };
        for (unused, suspect) in [(harmless, false), (harmless + 1, true)] {
            let mut blocks = folder.blocks.clone();
            blocks[0].0.extend(vec![0; unused]);
            let folder = FolderOf {
                method: folder.method,
                blocks,
            };
            let whole = [file("a", 0, 0, text.len())];
            let cab = opened(&cabinet(&[folder], &whole, 0, 0));
            assert_eq!(cab.is_suspect(), suspect, "{method} with {unused}");
        }
    }
    // Deflate that stores one byte, and something behind it.
    for (unused, suspect) in [(b"C".as_slice(), false), (b"xCKx", true)] {
        let one = b"CK\x01\x01\0\xfe\xffx";
        let blocks = vec![([one, unused].concat(), 1), (one.to_vec(), 1)];
        let folder = FolderOf { method: 1, blocks };
        let cab = opened(&cabinet(&[folder], &[file("a", 0, 0, 2)], 0, 0));
        assert_eq!(cab.is_suspect(), suspect, "{unused:?}");
    }
}

#[test]
fn bombs_end_at_the_budget() {
    let zeros = made_by_shell("head -c 80000000 /dev/zero > a; gcab -c -z out a");
    assert_eq!(opened(&zeros).gap, Some(Gap::Limit));
    let limits = Limits {
        memory_bytes_max: 1 << 20,
        ..Limits::default()
    };
    let cab = opened_within(&zeros, &limits);
    assert_eq!(cab.members[0].what, What::Partial(Gap::Limit));
    assert!(cab.members[0].content.len() <= 1 << 20);
    // The same when no file owns the bytes.
    let mut unowned = zeros.clone();
    unowned[44..48].fill(0);
    assert!(opened_within(&unowned, &limits).has_rule("cab_unowned_data"));
    // Folders without end that share their data, of which nothing comes out.
    let limits = Limits {
        unpacked_bytes_max: 1 << 20,
        ..Limits::default()
    };
    let empty = FolderOf {
        method: 0,
        blocks: vec![(Vec::new(), 0); 60_000],
    };
    let mut content = cabinet(&[empty], &[], 0, 0);
    let folder = content[36..44].to_vec();
    content.splice(36..44, folder.repeat(100));
    content[26] = 100;
    content[36..].chunks_exact_mut(8).take(100).for_each(|one| {
        one[..4].copy_from_slice(&(36_u32 + 800).to_le_bytes());
    });
    content[16..20].copy_from_slice(&(36_u32 + 800).to_le_bytes());
    assert_eq!(opened_within(&content, &limits).gap, Some(Gap::Limit));
    // Files without end that share their bytes.
    let files = vec![file("a", 0, 0, 30_000); 2_000];
    let cab = opened_within(&cabinet(&[stored(&[7; 30_000])], &files, 0, 0), &limits);
    assert_eq!(cab.gap, Some(Gap::Limit));
}
