#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;

use super::{HELP_ENTRIES_MAX, HELP_SECTIONS_MAX, HELP_WINDOW_BITS_MAX, PAGE_BYTES_MAX};
use crate::testing::{What, opened, reaches, to_hide};

/// Compiled help with a page and a long text, made by the compiler of Free Pascal (`chmcmd`).
fn sample() -> Vec<u8> {
    include_bytes!("sample.chm").to_vec()
}

fn text() -> Vec<u8> {
    let lines = (1..=20_000).map(|number| format!("{number}\n"));
    lines.collect::<String>().into_bytes()
}

#[test]
fn every_file_of_compiled_help_is_as_it_was() {
    let done = opened(&sample());
    assert_eq!(done.contents("a.html"), [b"<html>alpha</html>"]);
    assert_eq!(done.contents("b.txt"), [text()]);
    assert!(!done.is_suspect(), "{:?}", done.rules);
}

#[test]
fn help_that_is_cut_off_is_never_whole() {
    let whole = sample();
    for end in [8, 60, 0x78, 300, 0x10cc, whole.len() / 2, whole.len() - 1] {
        let done = opened(&whole[..end]);
        assert_eq!(done.gap, Some(Gap::Damaged), "{end}");
    }
}

#[test]
fn a_broken_frame_costs_what_lies_in_it_up_to_the_next_beginning() {
    let broken = |at: usize| {
        let mut broken = sample();
        broken[at..at + 2_000].fill(0xff);
        let done = opened(&broken);
        assert_eq!(done.gap, Some(Gap::Damaged));
        let mut texts = done.members.into_iter().filter(|one| one.name == "b.txt");
        let text = texts.next().unwrap();
        assert_eq!(text.what, What::Partial(Gap::Damaged));
        text.content
    };
    let late = broken(sample().len() - 4_000);
    assert_eq!(late.len(), text().len());
    assert_eq!(late[..30_000], text()[..30_000]);
    let early = broken(0x10cc + 6_000);
    assert_eq!(early[70_000..], text()[70_000..]);
}

#[test]
fn what_is_not_known_of_compiled_help_is_named() {
    let mut version = sample();
    version[4] = 4;
    assert_eq!(opened(&version).gap, Some(Gap::Unsupported));
    // The compressor's mark.
    let mut method = sample();
    let at = method.windows(4).position(|four| four == b"LZXC").unwrap();
    method[at] = b'X';
    let done = opened(&method);
    assert_eq!(done.gap, Some(Gap::Unsupported));
    let pages: Vec<_> = done
        .members
        .iter()
        .filter(|one| one.name == "a.html")
        .collect();
    assert_eq!(pages[0].what, What::Unchecked(Gap::Unsupported));
    // A window that is too large, in frames of 32 KiB.
    let mut window = sample();
    let frames = 1_u32 << (HELP_WINDOW_BITS_MAX + 1 - 15);
    window[at + 12..at + 16].copy_from_slice(&frames.to_le_bytes());
    assert_eq!(opened(&window).gap, Some(Gap::Unsupported));
    // The listing's pages.
    let mut listing = sample();
    let at = listing.windows(4).position(|four| four == b"PMGL").unwrap();
    listing[at] = b'Q';
    assert_eq!(opened(&listing).gap, Some(Gap::Damaged));
    let mut large = sample();
    let at = large.windows(4).position(|four| four == b"ITSP").unwrap();
    let bytes = u32::try_from(PAGE_BYTES_MAX + 1).unwrap();
    large[at + 16..at + 20].copy_from_slice(&bytes.to_le_bytes());
    assert_eq!(opened(&large).gap, Some(Gap::Damaged));
}

#[test]
fn what_no_file_of_help_owns_is_handed_out() {
    // The entry of b.txt says that it is two bytes shorter than its stretch.
    let mut short = sample();
    let at = short.windows(6).position(|six| six == b"/b.txt").unwrap() + 6;
    // One byte of section, two of the place, three of the length.
    let last = at + 5;
    short[last] -= 2;
    let done = opened(&short);
    assert_eq!(done.contents("(data outside every member)"), [b"0\n"]);
    assert!(done.has_rule("container_extra_data"));
    let behind = [sample().as_slice(), b"behind"].concat();
    assert!(opened(&behind).has_rule("container_extra_data"));
}

#[test]
fn files_that_share_bytes_are_told() {
    let mut long = sample();
    let at = long
        .windows(7)
        .position(|seven| seven == b"/a.html")
        .unwrap()
        + 7;
    // One byte of section, two of the place: its one byte of length reaches into the next.
    long[at + 3] += 1;
    assert!(opened(&long).has_rule("chm_overlapping_members"));
}

#[test]
fn two_sections_of_one_name_are_told() {
    let mut twice = sample();
    // The list of spans takes the name of the control data.
    let storage = b"::DataSpace/Storage/MSCompressed/";
    let span = [storage.as_slice(), b"SpanInfo"].concat();
    let places = twice.windows(span.len());
    let at = places
        .enumerate()
        .find(|(_, part)| *part == span)
        .unwrap()
        .0;
    let content = [storage.as_slice(), b"Content"].concat();
    // One letter shorter: the length before it, and a longer number behind it.
    twice[at - 1] = u8::try_from(content.len()).unwrap();
    twice[at..at + content.len()].copy_from_slice(&content);
    twice[at + content.len()] = 0x80;
    assert!(opened(&twice).has_rule("chm_duplicate_section"));
}

/// Compiled help with such a listing and such contents, none of them compressed.
fn written(entries: &[u8], contents: &[u8]) -> Vec<u8> {
    let page = [&b"PMGL"[..], &[0; 16], entries].concat();
    let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let mut listing = b"ITSP".to_vec();
    listing.resize(0x54, 0);
    listing[8..12].copy_from_slice(&number(0x54));
    listing[16..20].copy_from_slice(&number(page.len()));
    listing[44..48].copy_from_slice(&number(1));
    listing.extend(page);
    let mut help = b"ITSF\x03\0\0\0\x60".to_vec();
    help.resize(0x78, 0);
    help[0x38] = 0x60;
    help[0x40] = 0x18;
    help[0x48] = 0x78;
    help[0x50..0x54].copy_from_slice(&number(listing.len()));
    help[0x58..0x5c].copy_from_slice(&number(0x78 + listing.len()));
    [help, listing, contents.to_vec()].concat()
}

#[test]
fn more_entries_or_sections_than_are_looked_at_are_a_limit() {
    let few = opened(&written(b"\x02/a\0\0\x05", b"alpha"));
    assert_eq!(few.contents("a"), [b"alpha"]);
    assert_eq!(few.gap, None);
    let names = [
        &[0, 0, 0, 0][..],
        &[1, 0, b'x', 0, 0, 0].repeat(HELP_SECTIONS_MAX + 1),
    ]
    .concat();
    let mut entry = b"\x14::DataSpace/NameList\0\0".to_vec();
    entry.push(u8::try_from(names.len()).unwrap());
    assert_eq!(opened(&written(&entry, &names)).gap, Some(Gap::Limit));
    let pages = b"\x02/a\0\0\0".repeat(PAGE_BYTES_MAX / 8);
    let mut many = written(&pages, b"");
    let page = many[0xcc..].to_vec();
    let count = HELP_ENTRIES_MAX / (PAGE_BYTES_MAX / 8) + 2;
    many.extend(page.repeat(count));
    let bytes = u32::try_from(many.len() - 0x78).unwrap();
    many[0x50..0x54].copy_from_slice(&bytes.to_le_bytes());
    assert_eq!(opened(&many).gap, Some(Gap::Limit));
}

#[test]
fn archives_in_what_the_header_of_help_calls_its_own_are_found() {
    // The lengths of the header, of the part about the file and of the listing.
    for (at, bytes) in [(8, 4), (0x40, 6), (0x50, 6)] {
        for hidden in to_hide() {
            let mut whole = [sample(), hidden].concat();
            whole[at..at + bytes].fill(0xff);
            assert!(reaches(&whole, b"behind"), "{at}");
        }
    }
}
