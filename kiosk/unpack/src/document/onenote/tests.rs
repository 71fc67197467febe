#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;
use wire::scan::Limits;

use super::{FILE, FILE_ALIGNMENT, FILE_END, SECTION, STORED};
use crate::testing::{Opened, What, gzipped, kinds, opened, opened_within};

fn section(parts: &[&[u8]]) -> Vec<u8> {
    let mut content = vec![0_u8; 1024];
    content[..16].copy_from_slice(&SECTION);
    content[48..64].copy_from_slice(&STORED);
    content.extend(parts.concat());
    let length = u64::try_from(content.len()).unwrap();
    content[196..204].copy_from_slice(&length.to_le_bytes());
    content
}

fn file(content: &[u8]) -> Vec<u8> {
    let length = u64::try_from(content.len()).unwrap();
    let mut data = [&FILE[..], &length.to_le_bytes(), &[0; 12], content].concat();
    let padding = content.len().next_multiple_of(FILE_ALIGNMENT) - content.len();
    data.resize(data.len() + padding, 0);
    [&data[..], &FILE_END].concat()
}

#[test]
fn every_embedded_file_comes_out() {
    let content = section(&[
        b"text",
        &file(b"alpha"),
        &file(b""),
        &file(&gzipped(b"12345678")),
    ]);
    assert_eq!(kinds(&content), ["onenote"]);
    let opened = opened(&content);
    assert_eq!(opened.contents("file 1"), [b"alpha"]);
    assert_eq!(opened.contents("file 2"), [b""]);
    assert_eq!(opened.contents("file 3"), [gzipped(b"12345678")]);
    assert!(opened.has_rule("onenote_file") && !opened.is_suspect());
    let none = crate::testing::opened(&section(&[b"text"]));
    assert!(none.members.is_empty() && none.rules.is_empty() && none.gap.is_none());
}

#[test]
fn a_section_in_a_section_is_a_content_of_its_own() {
    let inner = section(&[&file(b"alpha")]);
    let outer = opened(&section(&[&file(&inner), &file(b"beta")]));
    assert_eq!(outer.members.len(), 2);
    assert_eq!(
        opened(outer.contents("file 1")[0]).contents("file 1"),
        [b"alpha"]
    );
}

#[test]
fn a_section_as_servers_pack_it_is_named() {
    let mut content = section(&[&file(b"alpha")]);
    content[48] ^= 1;
    let opened = opened(&content);
    assert_eq!(opened.gap, Some(Gap::Unsupported));
    assert_eq!(opened.contents("file 1"), [b"alpha"]);
}

#[test]
fn a_section_cut_anywhere_is_never_whole() {
    let content = section(&[&file(b"alpha"), b"text"]);
    for end in 16..content.len() {
        assert!(opened(&content[..end]).is_suspect(), "cut at {end}");
    }
}

#[test]
fn a_file_whose_size_or_end_is_wrong_is_damaged() {
    let whole = file(b"alpha");
    for (at, byte) in [(16, 99), (23, 0xff), (whole.len() - 1, 0)] {
        let mut changed = whole.clone();
        changed[at] = byte;
        let opened: Opened = opened(&section(&[&changed, &file(b"beta")]));
        assert_eq!(opened.members[0].what, What::Partial(Gap::Damaged));
        assert_eq!(opened.contents("file 2"), [b"beta"]);
    }
}

#[test]
fn files_that_overlap_end_at_the_limit() {
    let mark = [&FILE[..], &[0xff; 8]].concat();
    let content = section(&[&mark.repeat(50_000)]);
    let found = opened(&content);
    assert_eq!((found.gap, found.spent), (Some(Gap::Limit), true));
    let limits = Limits {
        members_max: 3,
        ..Limits::default()
    };
    assert_eq!(opened_within(&content, &limits).members.len(), 3);
}
