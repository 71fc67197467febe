#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;

use crate::testing::{What, gzipped, kinds, made_by_shell, opened};

const FORMATS: [&str; 5] = ["newc", "crc", "odc", "bin", "swapped"];

/// A cpio of GNU's with a file, an empty one, a link, a hard link and a folder.
fn sample(format: &str) -> Vec<u8> {
    let write = "mkdir d; printf alpha > d/a; printf gammas > d/点検; : > d/empty; ln -s a d/link; ln d/a d/same; find d | sort | cpio -o --quiet";
    match format {
        "swapped" => {
            // The binary kind with the bytes of each word of the headers in the other order.
            let mut content = sample("bin");
            let mut at = 0;
            loop {
                let field =
                    |at: usize| usize::from(content[at]) | usize::from(content[at + 1]) << 8;
                let name_bytes = field(at + 20);
                let bytes = field(at + 22) << 16 | field(at + 24);
                let is_last = content[at + 26..].starts_with(b"TRAILER!!!");
                for word in content[at..at + 26].chunks_exact_mut(2) {
                    word.swap(0, 1);
                }
                if is_last {
                    return content;
                }
                at += 26 + name_bytes.next_multiple_of(2) + bytes.next_multiple_of(2);
            }
        }
        _ => made_by_shell(&format!("{write} -H {format} > out")),
    }
}

/// One member of the kind newc.
fn member(name: &str, mode: u32, data: &[u8]) -> Vec<u8> {
    let field = |number: usize| format!("{number:08x}");
    let mut bytes = format!(
        "070701{}{mode:08x}{}{}{}{}{}{}{}",
        field(1),
        field(0).repeat(2),
        field(1),
        field(0),
        field(data.len()),
        field(0).repeat(4),
        field(name.len() + 1),
        field(0)
    )
    .into_bytes();
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(0);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes.extend_from_slice(data);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn trailer() -> Vec<u8> {
    member("TRAILER!!!", 0, b"")
}

#[test]
fn archives_of_the_usual_tools_come_out_whole() {
    for format in FORMATS {
        let content = sample(format);
        assert_eq!(kinds(&content), ["cpio"], "{format}");
        let cpio = opened(&content);
        assert!(
            !cpio.is_suspect() && cpio.rules.is_empty(),
            "{format}: {cpio:?}"
        );
        let contents = [cpio.contents("d/a"), cpio.contents("d/same")].concat();
        assert!(
            contents.contains(&b"alpha".as_slice()),
            "{format}: {cpio:?}"
        );
        assert_eq!(cpio.contents("d/点検"), [b"gammas"], "{format}");
        assert_eq!(cpio.contents("d/empty"), [b""], "{format}");
        let of = |name: &str| cpio.members.iter().find(|m| m.name == name).unwrap().what;
        assert_eq!(
            (of("d"), of("d/link")),
            (What::Folder, What::Link),
            "{format}"
        );
        assert_eq!(cpio.contents("d/link"), [b"a"], "{format}");
        assert_eq!(cpio.members.len(), 6, "{format}");
    }
    for format in ["newc", "odc", "bin"] {
        let content = made_by_shell(&format!(
            "printf alpha > a; bsdtar --format {format} -cf out a 2>/dev/null || bsdtar --format cpio -cf out a"
        ));
        let cpio = opened(&content);
        assert_eq!(cpio.contents("a"), [b"alpha"], "{format}");
        assert!(!cpio.is_suspect(), "{format}: {cpio:?}");
    }
}

#[test]
fn an_archive_of_nothing_is_whole() {
    let cpio = opened(&trailer());
    assert!(cpio.members.is_empty() && !cpio.is_suspect());
}

#[test]
fn an_archive_cut_anywhere_is_never_whole() {
    for format in FORMATS {
        let content = sample(format);
        let mark = content
            .windows(10)
            .rposition(|w| w == b"TRAILER!!!")
            .unwrap();
        for end in 6..mark + 11 {
            if kinds(&content[..end]).is_empty() {
                // The two bytes of the binary kinds are believed only with a whole header.
                assert!(format != "newc" && end < 29, "{format} cut at {end}");
                continue;
            }
            assert!(
                opened(&content[..end]).is_suspect(),
                "{format} cut at {end}"
            );
        }
        assert!(!opened(&content[..mark + 11]).is_suspect(), "{format}");
    }
}

#[test]
fn a_wrong_sum_is_damaged() {
    let content = sample("crc");
    let at = content.windows(5).position(|w| w == b"alpha").unwrap();
    let mut changed = content.clone();
    changed[at] ^= 1;
    let cpio = opened(&changed);
    let damaged = cpio
        .members
        .iter()
        .filter(|m| m.what == What::Partial(Gap::Damaged));
    assert_eq!(damaged.count(), 1);
}

#[test]
fn data_around_members_is_told() {
    let hidden = gzipped(b"hidden");
    let between = [
        member("a", 0o100_644, b"alpha"),
        hidden.clone(),
        member("b", 0o100_644, b"beta"),
        trailer(),
    ]
    .concat();
    let cpio = opened(&between);
    assert_eq!(cpio.gap, Some(Gap::Damaged));
    assert_eq!(cpio.contents("b"), [b"beta"]);
    assert_eq!(
        cpio.contents("(data outside every member)"),
        [hidden.as_slice()]
    );
    // An initial file system: an archive, zeros, and a compressed archive.
    let behind = [
        member("a", 0o100_644, b"alpha"),
        trailer(),
        vec![0; 300],
        hidden.clone(),
    ]
    .concat();
    let cpio = opened(&behind);
    assert!(!cpio.is_suspect() && cpio.has_rule("container_extra_data"));
    assert_eq!(
        cpio.contents("(data outside every member)"),
        [hidden.as_slice()]
    );
}

#[test]
fn devices_links_and_names_that_leave_are_told() {
    let content = [
        member("null", 0o020_666, b""),
        member("../x", 0o100_644, b"alpha"),
        member("l", 0o120_777, b"/etc"),
        member("in", 0o120_777, b"d"),
        member("in/x", 0o100_644, b"beta"),
        member("d", 0o040_755, b"content of a folder"),
        trailer(),
    ]
    .concat();
    let cpio = opened(&content);
    assert_eq!(cpio.members[0].what, What::Special);
    assert_eq!(cpio.members[1].rules, ["archive_path_escapes"]);
    assert_eq!(cpio.members[2].rules, ["archive_path_escapes"]);
    assert_eq!(cpio.members[4].rules, ["archive_path_through_link"]);
    assert_eq!(cpio.contents("d"), [b"content of a folder"]);
    assert!(cpio.has_rule("cpio_header_mismatch"));
}

#[test]
fn hostile_headers_are_told() {
    let whole = [member("a", 0o100_644, b"alpha"), trailer()].concat();
    // Size, and size of the name.
    for at in [54, 94] {
        let mut content = whole.clone();
        content[at..at + 8].fill(b'f');
        assert!(opened(&content).is_suspect(), "field at {at}");
    }
    let mut content = whole.clone();
    content[95..102].copy_from_slice(b"000000g");
    assert_eq!(opened(&content).gap, Some(Gap::Damaged));
    let two_names = [member("a\0b", 0o100_644, b"alpha"), trailer()].concat();
    assert!(opened(&two_names).has_rule("cpio_header_mismatch"));
    let mixed = [
        member("a", 0o100_644, b"alpha"),
        {
            let mut other = member("b", 0o100_644, b"");
            other[5] = b'2';
            other
        },
        trailer(),
    ]
    .concat();
    assert!(opened(&mixed).has_rule("cpio_header_mismatch"));
    let filled_trailer = member("TRAILER!!!", 0, b"content");
    assert_eq!(opened(&filled_trailer).contents("TRAILER!!!"), [b"content"]);
}
