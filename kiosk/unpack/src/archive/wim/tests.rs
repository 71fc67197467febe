#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;

use super::tree::{self, Tree};
use super::{WIM_CHUNK_BYTES_MAX, WIM_ENTRIES_MAX, WIM_PATHS_BYTES_MAX};
use crate::testing::{What, made_by_shell, opened, reaches, to_hide};

fn made(options: &str) -> Vec<u8> {
    made_by_shell(&format!(
        "mkdir -p d/e; seq 1 30000 > d/a.txt; printf alpha > d/e/b.txt; : > d/empty; \
         cp d/e/b.txt d/twin.txt; cat /bin/true /bin/true > d/code.exe; \
         wimlib-imagex capture d out {options} >/dev/null 2>&1"
    ))
}

fn lines() -> Vec<u8> {
    let lines: String = (1..=30_000).map(|number| format!("{number}\n")).collect();
    lines.into_bytes()
}

#[test]
fn every_file_of_every_method_is_as_it_was() {
    let twice = std::fs::read("/bin/true").unwrap().repeat(2);
    for options in [
        "--compress=LZX",
        "--compress=LZX --chunk-size=131072",
        "--compress=LZX:100 --check",
        "--compress=XPRESS",
        "--compress=XPRESS --chunk-size=65536",
        "--compress=none",
    ] {
        let done = opened(&made(options));
        assert_eq!(done.contents("a.txt"), [lines()], "{options}");
        assert_eq!(done.contents("e/b.txt"), [b"alpha"], "{options}");
        assert_eq!(done.contents("twin.txt"), [b"alpha"], "{options}");
        assert_eq!(done.contents("code.exe"), [twice.as_slice()], "{options}");
        assert_eq!(done.contents("empty"), [b""], "{options}");
        assert!(
            !done.is_suspect(),
            "{options}: {:?} {:?}",
            done.rules,
            done.gap
        );
    }
}

#[test]
fn what_lzms_packs_is_named() {
    for options in ["--compress=LZMS", "--compress=LZMS --solid"] {
        let done = opened(&made(options));
        assert_eq!(done.gap, Some(Gap::Unsupported), "{options}");
    }
}

#[test]
fn an_image_that_is_cut_off_or_changed_is_never_whole() {
    for options in ["--compress=LZX", "--compress=XPRESS", "--compress=none"] {
        let whole = made(options);
        for end in [9, 100, 300, whole.len() / 2, whole.len() - 800] {
            assert!(opened(&whole[..end]).is_suspect(), "{options}, {end}");
        }
        for at in [230, whole.len() / 3] {
            let mut changed = whole.clone();
            changed[at] ^= 0x11;
            let done = opened(&changed);
            let torn = |one: &&crate::testing::Seen| {
                matches!(
                    one.what,
                    What::Partial(Gap::Damaged) | What::Unchecked(Gap::Damaged)
                )
            };
            assert!(done.members.iter().any(|one| torn(&one)), "{options}, {at}");
        }
    }
}

#[test]
fn what_is_not_known_of_an_image_is_named() {
    let whole = made("--compress=LZX");
    let with = |at: usize, bytes: &[u8]| {
        let mut other = whole.clone();
        other[at..at + bytes.len()].copy_from_slice(bytes);
        opened(&other).gap
    };
    assert_eq!(with(12, &[0, 0x0e, 1, 0]), Some(Gap::Unsupported));
    assert_eq!(with(42, &[2]), Some(Gap::Unsupported));
    let chunk = u32::try_from(WIM_CHUNK_BYTES_MAX * 2).unwrap();
    assert_eq!(with(20, &chunk.to_le_bytes()), Some(Gap::Unsupported));
}

fn read(description: &[u8]) -> Tree {
    tree::read(description, WIM_ENTRIES_MAX, WIM_PATHS_BYTES_MAX)
}

/// An entry with a name of two letters a byte.
fn entry(name: &[u8], children_at: u64) -> Vec<u8> {
    let letters: Vec<u8> = name.iter().flat_map(|letter| [*letter, 0]).collect();
    let mut entry = vec![0; 102];
    entry[8] = 0x10;
    entry[16..24].copy_from_slice(&children_at.to_le_bytes());
    entry[100..102].copy_from_slice(&u16::try_from(letters.len()).unwrap().to_le_bytes());
    entry.extend(letters);
    entry.resize(entry.len().next_multiple_of(8), 0);
    let bytes = u64::try_from(entry.len()).unwrap();
    entry[..8].copy_from_slice(&bytes.to_le_bytes());
    entry
}

fn described(root: Vec<u8>, children: &[u8]) -> Vec<u8> {
    [
        &[8, 0, 0, 0, 0, 0, 0, 0],
        root.as_slice(),
        &[0; 8],
        children,
        &[0; 8],
    ]
    .concat()
}

#[test]
fn folders_that_lie_in_themselves_end() {
    let at = 8 + u64::try_from(entry(b"", 0).len()).unwrap() + 8;
    let tree = read(&described(entry(b"", at), &entry(b"again", at)));
    assert!(tree.is_tangled && !tree.is_cut);
    assert_eq!(tree.named.len(), 1);
}

#[test]
fn more_entries_or_longer_paths_than_are_read_are_told() {
    let at = 8 + u64::try_from(entry(b"", 0).len()).unwrap() + 8;
    let most = entry(b"a", 0).repeat(WIM_ENTRIES_MAX + 1);
    let tree = read(&described(entry(b"", at), &most));
    assert!(tree.is_cut && tree.named.len() <= WIM_ENTRIES_MAX);
    let long = entry(&[b'n'; 30_000], 0);
    let count = WIM_PATHS_BYTES_MAX / 30_000 + 1;
    assert!(read(&described(entry(b"", at), &long.repeat(count))).is_cut);
    // Of what is left for one of several images no more is kept.
    let some = tree::read(&described(entry(b"", at), &long.repeat(9)), 9, 100_000);
    assert!(some.is_cut && some.named.len() == 3);
}

#[test]
fn archives_in_what_an_image_calls_its_own_are_found() {
    let image = made("--compress=LZX");
    // The lengths of the table, the description and the sums.
    for at in [48, 72, 124] {
        for hidden in to_hide() {
            let mut whole = [image.clone(), hidden].concat();
            whole[at..at + 6].fill(0xff);
            whole[at + 8..at + 16].copy_from_slice(&208_u64.to_le_bytes());
            assert!(reaches(&whole, b"behind"), "{at}");
        }
    }
}

#[test]
fn a_table_that_ends_within_a_record_is_damage() {
    let mut whole = made("--compress=LZX");
    assert_eq!(opened(&whole).gap, None);
    // Its length in the file and unpacked: it is stored as it is.
    assert_eq!(whole[55] & 4, 0);
    whole[48] += 1;
    whole[64] += 1;
    assert_eq!(opened(&whole).gap, Some(Gap::Damaged));
}
