//! FAT12, FAT16 and FAT32.

use std::collections::BTreeMap;
use std::io;

use wire::scan::Limits;
use wire::worker::Locator;
use wire::{Gap, Outcome, RowKind, Tier};

use crate::support::{Bench, arg, bytes, kind, run, sample, walk, walk_with};

/// An image made by mkfs.fat and filled by mtools.
pub(crate) fn image(
    options: &[&str],
    size_bytes: u64,
    files: &BTreeMap<String, Vec<u8>>,
) -> Vec<u8> {
    let bench = Bench::new();
    let image = bench.blank(size_bytes);
    run(
        "mkfs.fat",
        options
            .iter()
            .map(|option| (*option).to_owned())
            .chain([arg(&image)]),
    );
    let tree = bench.tree(files);
    let tops = std::fs::read_dir(&tree).unwrap();
    let mut tops: Vec<String> = tops.map(|top| arg(&top.unwrap().path())).collect();
    tops.sort();
    let options = ["-s", "-Q", "-i", &arg(&image)].map(str::to_owned);
    if !tops.is_empty() {
        run(
            "mcopy",
            options.into_iter().chain(tops).chain(["::/".to_owned()]),
        );
    }
    std::fs::read(image).unwrap()
}

pub(crate) fn one(path: &str, content: Vec<u8>) -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([(path.to_owned(), content)])
}

pub(crate) fn u16_at(image: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes([image[at], image[at + 1]]))
}

/// Offset of the only entry with this short name.
pub(crate) fn entry(image: &[u8], name: &[u8; 11]) -> usize {
    let at = |at: &usize| image[*at..].starts_with(name);
    let all: Vec<usize> = (0..image.len()).step_by(32).filter(at).collect();
    assert_eq!(all.len(), 1, "entries named {name:?}");
    all[0]
}

#[test]
fn every_file_of_fat12_fat16_and_fat32_is_found_and_right() {
    let files = sample();
    for (options, size, expected) in [
        (&["-F12", "-n", "LABEL1"][..], 4 << 20, "fat12"),
        (&["-F16", "-n", "LABEL1"], 16 << 20, "fat16"),
        (&["-F32", "-n", "LABEL1"], 40 << 20, "fat32"),
        (&["-F32", "-s2", "-n", "LABEL1"], 70 << 20, "fat32"),
        (
            &["-F16", "-S4096", "-s1", "-n", "LABEL1"],
            20 << 20,
            "fat16",
        ),
    ] {
        let image = image(options, size, &files);
        assert_eq!(kind(&image), expected);
        let found = walk(expected, image);
        found.assert_holds(&files);
        assert_eq!(found.label, "LABEL1");
        let used: usize = files.values().map(Vec::len).sum();
        assert!(used as u64 <= size - found.unallocated_bytes);
    }
}

#[test]
fn a_deleted_file_is_listed_as_deleted_and_is_no_damage() {
    let bench = Bench::new();
    let path = bench.path("made");
    let mut files = sample();
    std::fs::write(&path, image(&["-F16"], 16 << 20, &files)).unwrap();
    run("mdel", ["-i", &arg(&path), "::/sizes/large.bin"]);
    let content = files.remove("sizes/large.bin").unwrap();
    // Its first letter is what marks it.
    files.insert("sizes/_arge.bin".to_owned(), content);
    let found = walk("fat16", std::fs::read(&path).unwrap());
    found.assert_holds(&files);
    let deleted = found
        .items
        .iter()
        .filter(|one| one.kind == RowKind::Deleted);
    let deleted: Vec<_> = deleted.map(|one| one.path.as_bytes()).collect();
    assert_eq!(deleted, [b"sizes/_arge.bin"]);
}

#[test]
fn a_truncated_image_is_reported_and_its_lost_files_fail_as_damaged() {
    let mut files = sample();
    files.insert("zz.bin".to_owned(), bytes(9, 2_000_000));
    let mut image = image(&["-F16"], 16 << 20, &files);
    image.truncate(1_500_000);
    let found = walk("fat16", image);
    assert!(found.rules().contains(&"volume_past_end"));
    let lost = found.contents["zz.bin"].as_ref().unwrap_err();
    assert_eq!(volume::gap_of(&(*lost).into()), Gap::Damaged);
    assert_eq!(found.contents["README.TXT"], Ok(b"hello".to_vec()));
}

#[test]
fn a_folder_that_leads_back_to_its_parent_ends_and_is_reported() {
    let mut image = image(&["-F16"], 16 << 20, &one("OUTER/INNER/X.TXT", bytes(1, 10)));
    let outer = entry(&image, b"OUTER      ");
    let inner = entry(&image, b"INNER      ");
    image.copy_within(outer + 26..outer + 28, inner + 26);
    let found = walk("fat16", image);
    assert!(found.rules().contains(&"folder_loop"));
    assert_eq!(found.rows.len(), 1);
    assert_eq!(found.rows[0].path.as_bytes(), b"OUTER/INNER");
    assert_eq!(found.rows[0].outcome, Outcome::Unchecked(Gap::Damaged));
}

#[test]
fn files_that_share_a_cluster_are_reported() {
    let mut files = one("A.BIN", bytes(1, 10_000));
    files.insert("B.BIN".to_owned(), bytes(2, 10_000));
    let mut image = image(&["-F16"], 16 << 20, &files);
    let (a, b) = (entry(&image, b"A       BIN"), entry(&image, b"B       BIN"));
    image.copy_within(a + 26..a + 28, b + 26);
    let found = walk("fat16", image);
    assert_eq!(found.rules(), ["cross_linked", "clusters_lost"]);
    let linked = &found.items[1];
    assert_eq!(linked.path.as_bytes(), b"B.BIN");
    assert_eq!(linked.findings[0].tier, Tier::Incomplete);
    assert_eq!(found.contents["B.BIN"], Ok(bytes(1, 10_000)));
}

#[test]
fn a_chain_shorter_than_its_file_is_reported_and_fails_as_damaged() {
    let mut image = image(&["-F16"], 16 << 20, &one("A.BIN", bytes(1, 10_000)));
    let at = entry(&image, b"A       BIN") + 28;
    image[at..at + 4].copy_from_slice(&90_000_u32.to_le_bytes());
    let found = walk("fat16", image);
    assert_eq!(found.rules(), ["chain_too_short"]);
    assert_eq!(found.contents["A.BIN"], Err(io::ErrorKind::UnexpectedEof));
}

#[test]
fn clusters_beyond_the_size_are_reported() {
    for size in [0_u32, 100] {
        let mut image = image(&["-F16"], 16 << 20, &one("A.BIN", bytes(1, 10_000)));
        let at = entry(&image, b"A       BIN") + 28;
        image[at..at + 4].copy_from_slice(&size.to_le_bytes());
        assert_eq!(
            walk("fat16", image).rules(),
            ["chain_too_long", "clusters_lost"]
        );
    }
}

#[test]
fn a_chain_that_loops_is_reported() {
    let mut image = image(&["-F16"], 16 << 20, &one("A.BIN", bytes(1, 10_000)));
    let first = u16_at(&image, entry(&image, b"A       BIN") + 26);
    let link = u16_at(&image, 14) * 512 + first * 2;
    let both = [link, link + u16_at(&image, 22) * 512];
    for at in both {
        let next = (first as u16).to_le_bytes();
        image[at + 2..at + 4].copy_from_slice(&next);
    }
    assert_eq!(
        walk("fat16", image).rules(),
        ["chain_loop", "clusters_lost"]
    );
}

#[test]
fn tables_that_differ_are_reported() {
    let mut image = image(&["-F16"], 16 << 20, &sample());
    let second = u16_at(&image, 14) * 512 + u16_at(&image, 22) * 512;
    image[second + 1000] ^= 1;
    assert_eq!(walk("fat16", image).rules(), ["fat_copies_differ"]);
}

#[test]
fn a_long_name_that_does_not_fit_is_reported_and_its_file_listed() {
    let files = one("a long name.txt", b"x".to_vec());
    let mut image = image(&["-F16"], 16 << 20, &files);
    let at = entry(&image, b"ALONGN~1TXT");
    image[at] = b'B';
    let found = walk("fat16", image.clone());
    assert_eq!(found.rules(), ["long_name_checksum"]);
    assert_eq!(found.contents["BLONGN~1.TXT"], Ok(b"x".to_vec()));
    // The file's own entry deleted, its long name left: a file was lost.
    image[at] = 0xE5;
    let found = walk("fat16", image);
    assert_eq!(found.rules(), ["long_name_orphan", "clusters_lost"]);
    assert!(found.items.is_empty());
}

#[test]
fn entries_behind_the_end_of_a_folder_are_reported() {
    let mut files = one("A.TXT", b"x".to_vec());
    files.insert("B.TXT".to_owned(), b"y".to_vec());
    let mut image = image(&["-F16"], 16 << 20, &files);
    let at = entry(&image, b"A       TXT");
    image[at] = 0;
    assert_eq!(
        walk("fat16", image).rules(),
        ["entries_after_end", "clusters_lost"]
    );
}

#[test]
fn a_label_cannot_hide_a_file() {
    let mut image = image(&["-F16"], 16 << 20, &one("A.TXT", b"hidden".to_vec()));
    let at = entry(&image, b"A       TXT");
    image[at + 11] |= 0x08;
    let found = walk("fat16", image);
    assert_eq!(found.rules(), ["label_with_content"]);
    assert_eq!(found.contents["A.TXT"], Ok(b"hidden".to_vec()));
}

#[test]
fn a_short_name_in_a_code_page_is_kept_byte_for_byte() {
    let mut image = image(&["-F16"], 16 << 20, &one("AB.TXT", b"x".to_vec()));
    let at = entry(&image, b"AB      TXT");
    // "点" in code page 932.
    image[at..at + 2].copy_from_slice(&[0x93, 0x5F]);
    let found = walk("fat16", image);
    assert_eq!(found.items[0].path.as_bytes(), b"\x93_.TXT");
    assert_eq!(found.items[0].findings[0].tier, Tier::Notice);
}

#[test]
fn a_boot_sector_that_describes_nothing_is_an_error_with_a_finding() {
    let image = image(&["-F32"], 40 << 20, &sample());
    for (at, value) in [(12, 0), (13, 3), (14, 0), (16, 0), (21, 0), (36, 0xFF)] {
        let mut broken = image.clone();
        broken[at] = value;
        if at == 36 {
            broken[37..40].fill(0xFF);
        }
        if at == 14 {
            broken[15] = 0;
        }
        // Known by its text alone.
        assert_eq!(kind(&broken), "fat32");
        let medium = std::rc::Rc::new(crate::support::Image(broken));
        let error = volume::open("fat32", 0, medium).err();
        let error = error.unwrap_or_else(|| panic!("byte {at} was accepted"));
        assert_eq!(error.finding().tier, Tier::Incomplete);
        assert_eq!(error.gap(), Gap::Damaged);
    }
}

/// A FAT16 volume with one folder inside the other, written sector by sector.
pub(crate) fn folders(depth: u16) -> Vec<u8> {
    let (fat_sectors, root_sectors) = (48_usize, 1_usize);
    let clusters = 12_000_usize;
    let heap = 1 + fat_sectors + root_sectors;
    let mut image = vec![0_u8; (heap + clusters) * 512];
    image[..3].copy_from_slice(&[0xEB, 0x3C, 0x90]);
    let mut put = |at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
    put(11, &[0, 2, 1, 1, 0, 1, 16, 0]);
    put(19, &((heap + clusters) as u16).to_le_bytes());
    put(21, &[0xF8, fat_sectors as u8, 0]);
    put(510, &[0x55, 0xAA]);
    put(512, &[0xF8, 0xFF, 0xFF, 0xFF]);
    let entry = |name: &[u8; 11], cluster: u16| {
        let mut entry = [0_u8; 32];
        entry[..11].copy_from_slice(name);
        entry[11] = 0x10;
        entry[26..28].copy_from_slice(&cluster.to_le_bytes());
        entry
    };
    put((1 + fat_sectors) * 512, &entry(b"D          ", 2));
    for level in 0..depth {
        let cluster = level + 2;
        let at = (heap + usize::from(level)) * 512;
        put(512 + usize::from(cluster) * 2, &[0xFF, 0xFF]);
        put(at, &entry(b".          ", cluster));
        put(
            at + 32,
            &entry(b"..         ", if level == 0 { 0 } else { cluster - 1 }),
        );
        if level + 1 < depth {
            put(at + 64, &entry(b"D          ", cluster + 1));
        }
    }
    image
}

#[test]
fn a_folder_past_its_largest_size_is_reported() {
    let mut image = folders(1);
    for cluster in 2..4200_u16 {
        let at = 512 + usize::from(cluster) * 2;
        image[at..at + 2].copy_from_slice(&(cluster + 1).to_le_bytes());
    }
    image[512 + 8400..512 + 8402].fill(0xFF);
    let found = walk("fat16", image);
    assert_eq!(found.rules(), ["folder_too_long", "clusters_lost"]);
    assert_eq!(found.rows[0].path.as_bytes(), b"D");
}

#[test]
fn ten_thousand_folders_inside_each_other_end_at_the_limit() {
    let image = folders(10_000);
    assert_eq!(kind(&image), "fat16");
    let found = walk("fat16", image.clone());
    assert_eq!(found.rows.len(), 1);
    assert_eq!(found.rows[0].outcome, Outcome::Unchecked(Gap::Limit));
    assert_eq!(found.rows[0].path.as_bytes().len(), 129 * 2 - 1);
    // Without that limit the path's length ends it, and the stack is not used up.
    let limits = Limits {
        folder_depth_max: u64::MAX,
        ..Limits::default()
    };
    let found = walk_with("fat16", image, &limits);
    assert_eq!(found.rows[0].outcome, Outcome::Unchecked(Gap::Limit));
    assert_eq!(found.rows[0].path.as_bytes().len(), 4096);
}

#[test]
fn more_files_than_the_limit_end_the_walk_with_a_row() {
    let image = image(&["-F16"], 16 << 20, &sample());
    let limits = Limits {
        files_max: 50,
        ..Limits::default()
    };
    let found = walk_with("fat16", image, &limits);
    assert_eq!(found.rules(), ["too_many_entries"]);
    assert_eq!(found.rows.len(), 1);
    assert!(found.items.len() <= 50);
}

#[test]
fn another_kind_of_locator_is_refused() {
    let image = image(&["-F16"], 16 << 20, &one("A.TXT", b"x".to_vec()));
    let mut item = walk("fat16", image.clone()).items[0].clone();
    item.locator = Locator::Path;
    let medium = std::rc::Rc::new(crate::support::Image(image));
    let tree = volume::open("fat16", 0, medium).unwrap();
    assert!(matches!(
        tree.open(&item).err(),
        Some(volume::VolumeError::Foreign)
    ));
}

#[test]
fn a_backup_of_the_boot_sector_that_describes_another_volume_is_reported() {
    let files = one("A.TXT", b"x".to_vec());
    let plain = image(&["-F32"], 40 << 20, &files);
    assert_eq!(u16_at(&plain, 50), 6);
    for (at, value, expected) in [
        // Cluster size, reserved sectors, where the root is, the signature.
        (13, 64, &["boot_backup_differs"][..]),
        (14, 33, &["boot_backup_differs"]),
        (44, 9, &["boot_backup_differs"]),
        (510, 0, &["boot_backup_differs"]),
        // Its code is matched as raw bytes, and the state of the volume may lag behind.
        (100, 0xCC, &[]),
        (65, 1, &[]),
    ] {
        let mut changed = plain.clone();
        changed[6 * 512 + at] = value;
        assert_eq!(walk("fat32", changed).rules(), expected, "{at}");
    }
    let mut none = plain.clone();
    for sector in [0, 6 * 512] {
        none[sector + 48..sector + 52].fill(0);
    }
    assert_eq!(walk("fat32", none).rules(), Vec::<&str>::new());
    for at in [512, 512 + 484, 512 + 510] {
        let mut changed = plain.clone();
        changed[at] ^= 1;
        let found = walk("fat32", changed);
        assert_eq!(found.rules(), ["fsinfo_malformed"]);
        assert_eq!(found.findings[0].tier, Tier::Notice);
    }
}
