#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;
use wire::scan::Limits;

use super::directory::{FOLDERS_MAX, NAME_BYTES_MAX};
use super::maker::{Made, Maker};
use super::space::{FREE, LAST};
use crate::testing::{Opened, What, gzipped, kinds, opened, opened_within};

/// Content that is nowhere the same.
fn numbered(mark: &str, bytes: usize) -> Vec<u8> {
    let lines = (0..).flat_map(|line: u32| format!("{mark} {line}\n").into_bytes());
    lines.take(bytes).collect()
}

/// A file with streams of every kind: in sectors, in small sectors, empty, and in storages.
fn sample(sector_bytes: usize) -> Maker {
    Maker::new(sector_bytes)
        .with("large", &numbered("large", 9000))
        .with("文書/点検表", &numbered("small", 700))
        .with("文書/empty", b"")
        .with("文書/inner/\u{5}Summary", &numbered("limit", 4096))
        .with("last", &numbered("last", 4095))
}

fn names(opened: &Opened) -> Vec<&str> {
    opened
        .members
        .iter()
        .map(|member| member.name.as_str())
        .collect()
}

fn assert_sample(opened: &Opened) {
    let large = numbered("large", 9000);
    assert_eq!(opened.contents("large"), [large]);
    assert_eq!(opened.contents("文書/点検表"), [numbered("small", 700)]);
    assert_eq!(opened.contents("文書/empty"), [b""]);
    assert_eq!(
        opened.contents("文書/inner/[5]Summary"),
        [numbered("limit", 4096)]
    );
    assert_eq!(opened.contents("last"), [numbered("last", 4095)]);
}

#[test]
fn every_stream_comes_out_under_its_path() {
    for sector_bytes in [512, 4096] {
        for is_scattered in [false, true] {
            let mut maker = sample(sector_bytes);
            maker.is_scattered = is_scattered;
            maker.slack = b"what was in memory".to_vec();
            let content = maker.bytes();
            assert_eq!(kinds(&content), ["compound file"]);
            let opened = opened(&content);
            assert_sample(&opened);
            assert_eq!(
                names(&opened),
                [
                    "large",
                    "文書",
                    "文書/点検表",
                    "文書/empty",
                    "文書/inner",
                    "文書/inner/[5]Summary",
                    "last"
                ]
            );
            assert_eq!(opened.members[1].what, What::Folder);
            assert!(
                !opened.is_suspect() && opened.rules.is_empty(),
                "{opened:?}"
            );
        }
    }
}

#[test]
fn a_file_without_streams_is_whole() {
    let opened = opened(&Maker::new(512).bytes());
    assert!(opened.members.is_empty() && opened.rules.is_empty() && !opened.is_suspect());
}

#[test]
fn a_table_that_the_header_cannot_list_is_read() {
    let large = numbered("large", 8 << 20);
    let mut made = Maker::new(512)
        .with("large", &large)
        .with("small", b"alpha")
        .made();
    assert_ne!(made.number(68), LAST);
    let whole = opened(&made.bytes);
    assert_eq!(whole.contents("large"), [large]);
    assert_eq!(whole.contents("small"), [b"alpha"]);
    assert!(!whole.is_suspect() && whole.rules.is_empty());
    // The list that follows is itself again.
    let list_at = (usize::try_from(made.number(68)).unwrap() + 1) * 512;
    made.set(list_at + 508, made.number(68));
    assert_eq!(opened(&made.bytes).gap, Some(Gap::Damaged));
}

#[test]
fn a_stream_in_a_stream_is_a_content_of_its_own() {
    let inner = sample(512).bytes();
    let outer = opened(&Maker::new(4096).with("object/inner", &inner).bytes());
    assert_sample(&opened(outer.contents("object/inner")[0]));
}

#[test]
fn a_file_cut_anywhere_is_never_whole() {
    let content = sample(512).bytes();
    assert_eq!(kinds(&content[..511]), [""; 0]);
    for end in 512..content.len() {
        let opened = opened(&content[..end]);
        assert!(opened.is_suspect(), "cut at {end}");
    }
}

#[test]
fn a_changed_structure_never_loses_a_stream_in_silence() {
    let made = sample(512).made();
    let content_end = made.small_table_at.unwrap();
    // A size that ends in the same sector leaves the rest of that sector to nobody: it is matched
    // with the container's own bytes.
    let sizes: Vec<_> = (0..7).map(|index| made.entry_at(index) + 120).collect();
    let structure = (0..512).chain(content_end..made.bytes.len());
    let structure = structure.filter(|at| !sizes.contains(at));
    for at in structure {
        for byte in [0, made.bytes[at] ^ 1, made.bytes[at] ^ 0x82] {
            let mut content = made.bytes.clone();
            content[at] = byte;
            if kinds(&content).is_empty() {
                continue;
            }
            let opened = opened(&content);
            if opened.is_suspect() {
                continue;
            }
            let parts: Vec<_> = opened
                .members
                .iter()
                .map(|member| &*member.content)
                .collect();
            let all = parts.concat();
            for mark in ["large 700\n", "small 60\n", "limit 300\n", "last 400\n"] {
                let is_found = all
                    .windows(mark.len())
                    .any(|window| window == mark.as_bytes());
                assert!(
                    is_found || opened.is_suspect(),
                    "byte {at} is {byte}: {mark}"
                );
            }
        }
    }
}

#[test]
fn an_entry_that_no_way_leads_to_is_handed_out() {
    let mut made = sample(512).made();
    // The root leads to nothing.
    made.set(made.entry_at(0) + 76, FREE);
    let found = opened(&made.bytes);
    assert_eq!(found.contents("large"), [numbered("large", 9000)]);
    assert_eq!(found.contents("点検表"), [numbered("small", 700)]);
    assert!(found.has_rule("ole_unreachable_entry"));
}

#[test]
fn an_entry_of_no_kind_is_handed_out_as_a_stream() {
    let mut made = sample(512).made();
    let at = made.entry_at(1) + 66;
    made.bytes[at] = 3;
    let found = opened(&made.bytes);
    assert_eq!(found.contents("large"), [numbered("large", 9000)]);
    assert!(found.has_rule("ole_entry_kind") && found.is_withheld);
}

#[test]
fn a_directory_that_leads_in_a_circle_ends_and_is_told() {
    let mut made = sample(512).made();
    made.set(made.entry_at(7) + 72, 1);
    let found = opened(&made.bytes);
    assert_sample(&found);
    assert!(found.has_rule("ole_directory_loop") && found.is_withheld);
    made.set(made.entry_at(7) + 72, 4000);
    assert_eq!(opened(&made.bytes).gap, Some(Gap::Damaged));
    made.set(made.entry_at(7) + 72, 0);
    assert_eq!(opened(&made.bytes).gap, Some(Gap::Damaged));
}

/// What one stream is when `change` is made.
fn what(change: impl Fn(&mut Made), name: &str) -> (What, Opened) {
    let mut made = sample(512).made();
    change(&mut made);
    let opened = opened(&made.bytes);
    let member = opened.members.iter().find(|member| member.name == name);
    (member.unwrap().what, opened)
}

#[test]
fn a_chain_that_is_not_as_long_as_the_stream_is_damaged() {
    let partial = What::Partial(Gap::Damaged);
    // The first stream begins in sector 0; its second sector is followed by the first one.
    let (found, _) = what(|made| made.set(made.table_at + 4, 0), "large");
    assert_eq!(found, partial, "loop");
    let (found, opened) = what(|made| made.set(made.table_at + 4, LAST), "large");
    assert_eq!(found, partial, "short");
    assert!(opened.has_rule("ole_lost_sectors"));
    let lost = opened.contents("(sectors that no stream owns)")[0];
    assert_eq!(lost[..7976], numbered("large", 9000)[1024..]);
    let (found, _) = what(|made| made.set(made.table_at + 4, 70_000), "large");
    assert_eq!(found, partial, "out of the file");
    let (found, _) = what(|made| made.set(made.entry_at(1) + 120, u32::MAX), "large");
    assert_eq!(found, partial, "size");
    let (found, _) = what(|made| made.set(made.entry_at(1) + 116, 70_000), "large");
    assert_eq!(found, What::Unchecked(Gap::Damaged), "no sector at all");
}

#[test]
fn a_chain_longer_than_the_stream_is_handed_out_beside_it() {
    let (_, opened) = what(|made| made.set(made.entry_at(1) + 120, 5000), "large");
    assert_eq!(opened.contents("large"), [numbered("large", 5000)]);
    let lost = opened.contents("(sectors that no stream owns)")[0];
    assert_eq!(lost[..9000 - 5120], numbered("large", 9000)[5120..]);
    assert!(opened.has_rule("ole_lost_sectors"));
}

#[test]
fn small_sectors_that_no_stream_owns_are_handed_out() {
    let (_, opened) = what(|made| made.set(made.entry_at(3) + 120, 64), "文書/点検表");
    let lost = opened.contents("(sectors that no stream owns)")[0];
    assert_eq!(lost[..700 - 64], numbered("small", 700)[64..]);
}

#[test]
fn two_streams_in_one_sector_are_told() {
    let (_, opened) = what(|made| made.set(made.entry_at(6) + 116, 3), "large");
    assert!(opened.has_rule("ole_shared_sectors") && opened.is_withheld);
}

#[test]
fn what_lies_in_free_sectors_and_behind_the_end_is_told_and_opened() {
    let zip = crate::testing::made(
        "import zipfile; z = zipfile.ZipFile('out', 'w'); z.writestr('a', b'alpha'); z.close()",
    );
    for hidden in [&zip, &gzipped(b"alpha")] {
        let mut content = sample(512).bytes();
        content.extend_from_slice(hidden);
        let opened = opened(&content);
        assert!(opened.has_rule("container_extra_data"));
        let stray = opened.contents("(data outside every member)");
        assert!(stray.iter().any(|data| data.starts_with(hidden)));
    }
    // A stream that is deleted: its sectors are free, its content is still there.
    let hidden = gzipped(&numbered("hidden", 100_000));
    let mut made = Maker::new(512)
        .with("gone", &hidden)
        .with("kept", b"alpha")
        .made();
    let at = made.entry_at(1);
    made.bytes[at + 66] = 0;
    made.set(made.entry_at(0) + 76, 2);
    for sector in 0..hidden.len().div_ceil(512) {
        made.set(made.table_at + 4 * sector, FREE);
    }
    let opened = opened(&made.bytes);
    assert!(opened.contents("(data outside every member)")[0].starts_with(&hidden));
    assert!(!opened.is_suspect());
}

#[test]
fn a_container_in_the_unused_rest_of_a_sector_is_handed_out() {
    let mut maker = Maker::new(512).with("a", &numbered("a", 5000));
    maker.slack = gzipped(b"alpha");
    let opened = opened(&maker.bytes());
    assert!(opened.contents("(data outside every member)")[0].starts_with(&maker.slack));
    let mut content = Maker::new(4096).with("a", b"alpha").bytes();
    content[512..512 + maker.slack.len()].copy_from_slice(&maker.slack);
    assert!(
        !crate::testing::opened(&content)
            .contents("(data outside every member)")
            .is_empty()
    );
}

#[test]
fn a_header_that_contradicts_itself_is_told() {
    for at in [26, 28, 44, 56, 72] {
        let mut content = sample(512).bytes();
        content[at] ^= 2;
        let opened = opened(&content);
        assert!(
            opened.has_rule("ole_header_mismatch") && opened.is_withheld,
            "{at}"
        );
    }
    for at in [30, 32] {
        let mut content = sample(512).bytes();
        content[at] = 5;
        assert_eq!(opened(&content).gap, Some(Gap::Damaged), "{at}");
    }
    let mut made = sample(512).made();
    let first = made.number(76);
    made.set(80, first);
    assert!(opened(&made.bytes).has_rule("ole_header_mismatch"));
}

#[test]
fn streams_that_share_one_chain_end_at_the_limit() {
    let mut maker = Maker::new(512).with("first", &numbered("a", 1 << 20));
    for index in 0..2000 {
        maker = maker.with(&format!("stream {index}"), b"");
    }
    let mut made = maker.made();
    for index in 2..2002 {
        let at = made.entry_at(index);
        made.set(at + 116, 0);
        made.set(at + 120, 1 << 20);
    }
    let found = opened(&made.bytes);
    assert_eq!((found.gap, found.spent), (Some(Gap::Limit), true));
    assert!(found.members.len() < 2000);
    let limits = Limits {
        members_max: 7,
        ..Limits::default()
    };
    let found = opened_within(&made.bytes, &limits);
    assert_eq!((found.gap, found.members.len()), (Some(Gap::Limit), 7));
    let limits = Limits {
        memory_bytes_max: 8000,
        ..Limits::default()
    };
    let mut scattered = sample(512);
    scattered.is_scattered = true;
    let found = opened_within(&scattered.bytes(), &limits);
    assert_eq!(found.members[0].what, What::Partial(Gap::Limit));
}

#[test]
fn storages_in_storages_cost_no_more_than_a_name() {
    let storage = "0123456789012345678901234567890";
    for (depth, is_whole) in [(FOLDERS_MAX, true), (FOLDERS_MAX + 1, false), (300, false)] {
        let path = vec![storage; depth].join("/") + "/x";
        let opened = opened(&Maker::new(512).with(&path, b"alpha").bytes());
        let deepest = opened.members.last().unwrap();
        assert_eq!(deepest.content, b"alpha");
        assert_eq!(
            deepest.name,
            vec![storage; depth.min(FOLDERS_MAX)].join("/") + "/x"
        );
        assert_eq!(opened.has_rule("name_too_long"), !is_whole, "{depth}");
        assert_eq!(opened.is_withheld, !is_whole);
    }
}

#[test]
fn what_is_read_ahead_is_read_until_the_limit_only() {
    let mut maker = Maker::new(512).with("first", &numbered("a", 1 << 20));
    for index in 0..2000 {
        maker = maker.with(&format!("{index}/dir"), b"");
    }
    let mut made = maker.made();
    for index in 1..2000 {
        let at = made.entry_at(2 * index + 1);
        made.set(at + 116, 0);
        made.set(at + 120, 1 << 20);
    }
    let found = opened(&made.bytes);
    assert_eq!((found.gap, found.spent), (Some(Gap::Limit), true));
    assert!(found.members.is_empty());
}

#[test]
fn a_name_that_leads_out_or_repeats_is_told() {
    let maker = Maker::new(512)
        .with("a", b"1")
        .with("a", b"2")
        .with("..\\x", b"3");
    let opened = opened(&maker.bytes());
    assert_eq!(opened.contents("a"), [b"1", b"2"]);
    assert_eq!(opened.members[1].rules, ["archive_duplicate_name"]);
    assert_eq!(opened.members[2].rules, ["archive_path_escapes"]);
}

#[test]
fn a_name_that_is_not_as_long_as_it_says_is_told() {
    // The longest name that there is has no room for another letter.
    let name = "x".repeat(NAME_BYTES_MAX / 2);
    let mut made = Maker::new(512).with(&name, b"alpha").made();
    assert_eq!(opened(&made.bytes).contents(&name), [b"alpha"]);
    assert!(!opened(&made.bytes).is_suspect());
    for length in [0, 2, 63, 66, 0xff] {
        let at = made.entry_at(1) + 64;
        made.bytes[at] = length;
        let found = opened(&made.bytes);
        assert!(
            found.has_rule("ole_entry_name") && found.is_withheld,
            "{length}"
        );
        assert_eq!(found.members[0].content, b"alpha");
    }
}

#[test]
fn names_of_installers_are_unpacked() {
    // Two letters of 64 in each: "Property" as Windows Installer packs it, with the mark of a table.
    let packed = |name: &str| -> String {
        let letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";
        let number = |letter: char| u32::try_from(letters.find(letter).unwrap()).unwrap();
        let letters: Vec<_> = name.chars().collect();
        letters
            .chunks(2)
            .map(|pair| match pair {
                [one, two] => char::from_u32(0x3800 + number(*one) + (number(*two) << 6)).unwrap(),
                rest => char::from_u32(0x4800 + number(rest[0])).unwrap(),
            })
            .collect()
    };
    let table = format!("\u{4840}{}", packed("Property"));
    let opened = opened(
        &Maker::new(512)
            .with(&table, b"1")
            .with(&packed("a.cab"), b"2")
            .bytes(),
    );
    assert_eq!(names(&opened), ["!Property", "a.cab"]);
}

/// A zip with two members; the directory is in the last 512 bytes.
fn zipped() -> Vec<u8> {
    crate::testing::made(
        "
import zipfile
z = zipfile.ZipFile('out', 'w', zipfile.ZIP_DEFLATED)
z.writestr('first', ''.join(f'first {i * i}' for i in range(900)))
z.writestr('second', ''.join(f'second {i * i}' for i in range(900)))
z.close()
",
    )
}

#[test]
fn a_zip_in_pieces_is_left_to_the_stream_that_has_it_whole() {
    let zip = zipped();
    let padding = numbered("padding", 512 - zip.len() % 512);
    let stream = [padding, zip].concat();
    let maker = Maker::new(512).with("document", &stream);
    // Two of its sectors have changed places.
    let mut made = maker.made();
    let (second, third) = (1024..1536, 1536..2048);
    let moved = made.bytes[second.clone()].to_vec();
    made.bytes.copy_within(third.clone(), second.start);
    made.bytes[third].copy_from_slice(&moved);
    for (sector, next) in [(0, 2), (2, 1), (1, 3)] {
        made.set(made.table_at + 4 * sector, next);
    }
    assert_eq!(kinds(&made.bytes), ["compound file"]);
    let found = opened(&made.bytes);
    assert_eq!(found.contents("document"), [&*stream]);
    assert!(!found.is_suspect(), "{found:?}");
    let inner = opened(found.contents("document")[0]);
    assert_eq!(inner.members.len(), 2);
    assert!(!inner.is_suspect());
    assert_eq!(found.contents("second"), inner.contents("second"));
    assert!(found.contents("first").is_empty());
    // In order, its members come out of the file as well.
    let found = opened(&maker.bytes());
    assert_eq!(found.contents("first"), inner.contents("first"));
    assert_eq!(found.contents("second"), inner.contents("second"));
    assert!(!found.is_suspect());
}

#[test]
fn a_zip_that_no_stream_ends_with_is_opened_in_the_file() {
    let zip = zipped();
    let mut content = sample(512).bytes();
    content.extend_from_slice(&zip);
    assert_eq!(opened(&content).contents("first").len(), 1);
    // Its sectors are those of a stream, and in the stream they are in another order.
    let mut padded = vec![0; zip.len().next_multiple_of(512) - zip.len()];
    padded.extend_from_slice(&zip);
    let mut made = Maker::new(512).with("document", &padded).made();
    let sectors = padded.len() / 512;
    let numbers: Vec<_> = (0..sectors).rev().collect();
    for pair in numbers.windows(2) {
        made.set(made.table_at + 4 * pair[0], u32::try_from(pair[1]).unwrap());
    }
    made.set(made.table_at, LAST);
    made.set(made.entry_at(1) + 116, u32::try_from(sectors - 1).unwrap());
    let found = opened(&made.bytes);
    assert_eq!(found.contents("first").len(), 1);
    assert_eq!(found.contents("second").len(), 1);
}
