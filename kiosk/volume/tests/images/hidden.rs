//! Bytes that no file owns: each is found where it hides, as a content that is named after it.

use wire::RowKind;
use wire::worker::{LOCATOR_EXTENTS_MAX, Locator};

use crate::fat::{entry, folders, image, one, u16_at};
use crate::support::{Found, bytes, walk};

/// What is hidden.
const CANARY: &[u8] = b"a canary that no directory names";

fn hide(image: &mut [u8], at: usize) {
    image[at..at + CANARY.len()].copy_from_slice(CANARY);
}

/// The FAT16 volume of these tests, its heap's offset and size of a cluster.
fn fat16() -> (Vec<u8>, usize, usize) {
    let image = image(&["-F16", "-s4"], 16 << 20, &one("A.BIN", bytes(1, 5000)));
    let tables = u16_at(&image, 14) * 512 + 2 * u16_at(&image, 22) * 512;
    (image.clone(), tables + u16_at(&image, 17) * 32, 2048)
}

/// Links of the FAT16 table, in both copies.
fn link(image: &mut [u8], cluster: usize, next: u16) {
    let first = u16_at(image, 14) * 512;
    for table in [first, first + u16_at(image, 22) * 512] {
        image[table + cluster * 2..][..2].copy_from_slice(&next.to_le_bytes());
    }
}

fn where_is(found: &Found) -> Vec<&str> {
    found.assert_accounts();
    found.raw_with(CANARY)
}

#[test]
fn in_the_slack_of_a_file() {
    let (mut image, heap, cluster) = fat16();
    let first = u16_at(&image, entry(&image, b"A       BIN") + 26);
    hide(&mut image, heap + (first - 2) * cluster + 5500);
    let found = walk("fat16", image);
    found.assert_accounts();
    assert!(found.rules().is_empty());
    let slack = found.contents["A.BIN:slack"].as_ref().unwrap();
    assert_eq!(slack.len(), 3 * 2048 - 5000);
    assert!(slack[500..].starts_with(CANARY));
}

#[test]
fn in_a_chain_that_no_folder_names() {
    let (mut image, heap, cluster) = fat16();
    link(&mut image, 100, 200);
    link(&mut image, 200, 0xFFFF);
    let half = CANARY.len() / 2;
    let (head, tail) = CANARY.split_at(half);
    let end = heap + 99 * cluster - half;
    image[end..end + half].copy_from_slice(head);
    image[heap + 198 * cluster..][..tail.len()].copy_from_slice(tail);
    let found = walk("fat16", image);
    assert_eq!(found.rules(), ["clusters_lost"]);
    let name = format!("lost-{}", heap + 98 * cluster);
    assert_eq!(where_is(&found), [name]);
}

#[test]
fn in_clusters_that_are_marked_and_lead_nowhere() {
    for mark in [0xFFF7, 0xFFFF, 100] {
        let (mut image, heap, cluster) = fat16();
        link(&mut image, 100, mark);
        hide(&mut image, heap + 98 * cluster + 700);
        let found = walk("fat16", image);
        let name = format!("lost-{}", heap + 98 * cluster);
        assert_eq!(where_is(&found), [name], "{mark:x}");
        let bad = found.rules().contains(&"bad_clusters");
        assert_eq!(bad, mark == 0xFFF7);
        assert!(found.rules().contains(&"clusters_lost"));
    }
}

#[test]
fn in_free_clusters() {
    let (mut image, heap, cluster) = fat16();
    hide(&mut image, heap + 5000 * cluster);
    let found = walk("fat16", image);
    let name = format!("free-{}", heap + 3 * cluster);
    assert_eq!(where_is(&found), [name]);
}

#[test]
fn in_a_deleted_file() {
    let (mut image, heap, cluster) = fat16();
    let at = entry(&image, b"A       BIN");
    let first = u16_at(&image, at + 26);
    image[at] = 0xE5;
    for cluster in first..first + 3 {
        link(&mut image, cluster, 0);
    }
    hide(&mut image, heap + (first - 2) * cluster + 2040);
    let found = walk("fat16", image);
    found.assert_accounts();
    let item = &found.items[0];
    assert_eq!(
        (item.path.as_bytes(), item.kind),
        (&b"_.BIN"[..], RowKind::Deleted)
    );
    let content = found.contents["_.BIN"].as_ref().unwrap();
    assert_eq!(content.len(), 5000);
    assert!(content[2040..].starts_with(CANARY));
}

#[test]
fn in_one_of_the_tables_alone() {
    let (mut image, ..) = fat16();
    let second = u16_at(&image, 14) * 512 + u16_at(&image, 22) * 512;
    hide(&mut image, second + 4000);
    let found = walk("fat16", image);
    assert_eq!(found.rules(), ["fat_copies_differ"]);
    let name = format!("structure-{}", u16_at(&fat16().0, 14) * 512);
    assert_eq!(where_is(&found), [name]);
}

#[test]
fn behind_the_entries_of_a_folder() {
    let (mut image, heap, _) = fat16();
    hide(&mut image, heap - CANARY.len());
    let found = walk("fat16", image);
    assert_eq!(found.rules(), ["entries_after_end"]);
    assert_eq!(where_is(&found).len(), 1);
}

#[test]
fn behind_the_last_cluster() {
    let (mut image, ..) = fat16();
    image.extend_from_slice(&[0; 3000]);
    let end = image.len();
    hide(&mut image, end - 100);
    let found = walk("fat16", image);
    assert!(where_is(&found)[0].starts_with("unused-"));
}

#[test]
fn in_the_sectors_before_the_tables() {
    let files = one("A.BIN", bytes(1, 5000));
    let mut image = image(&["-F32"], 40 << 20, &files);
    hide(&mut image, 20 * 512);
    assert_eq!(where_is(&walk("fat32", image)), ["boot"]);
}

#[test]
fn in_the_part_of_an_exfat_file_that_was_never_written() {
    let files = one("A.BIN", bytes(1, 100_000));
    let mut image = crate::exfat::image(&files, false);
    let needle = &files["A.BIN"][..64];
    let at = image
        .windows(64)
        .position(|window| window == needle)
        .unwrap();
    // The valid length of the stream.
    let valid = crate::exfat::first_set(&image) + 32 + 8;
    image[valid..valid + 8].copy_from_slice(&1000_u64.to_le_bytes());
    crate::exfat::sign_first(&mut image);
    hide(&mut image, at + 50_000);
    let found = walk("exfat", image);
    assert_eq!(found.rules(), Vec::<&str>::new());
    found.assert_accounts();
    let content = found.contents["A.BIN"].as_ref().unwrap();
    assert!(content[1000..].iter().all(|byte| *byte == 0));
    let slack = found.contents["A.BIN:slack"].as_ref().unwrap();
    assert!(slack[49_000..].starts_with(CANARY));
}

#[test]
fn in_a_deleted_exfat_file() {
    let mut files = one("A.BIN", bytes(1, 100_000));
    files.insert("B.BIN".to_owned(), b"b".to_vec());
    let mut image = crate::exfat::image(&files, false);
    let set = crate::exfat::first_set(&image);
    for at in [set, set + 32, set + 64] {
        image[at] &= 0x7F;
    }
    // Still marked in the bitmap: its clusters are lost and no deleted file.
    let found = walk("exfat", image.clone());
    found.assert_accounts();
    assert_eq!(found.rules(), ["clusters_lost"]);
    assert!(found.items.iter().all(|item| item.kind == RowKind::File));
    // Freed as well: a deleted file.
    let freed = crate::exfat::freed(image);
    let found = walk("exfat", freed);
    found.assert_accounts();
    assert_eq!(found.rules(), Vec::<&str>::new());
    let deleted = found
        .items
        .iter()
        .find(|item| item.kind == RowKind::Deleted);
    assert_eq!(deleted.unwrap().path.as_bytes(), b"A.BIN");
    assert_eq!(found.contents["A.BIN"], Ok(files["A.BIN"].clone()));
}

#[test]
fn a_file_in_clusters_that_are_marked_as_free_is_reported() {
    let files = one("A.BIN", bytes(1, 100_000));
    let image = crate::exfat::freed(crate::exfat::image(&files, false));
    let found = walk("exfat", image);
    assert_eq!(found.rules(), ["cluster_not_allocated"]);
}

/// The volume of `folders` with these links of clusters from 2 on.
fn linked(links: impl Iterator<Item = (usize, u16)>) -> Vec<u8> {
    let mut image = folders(1);
    for (cluster, next) in links {
        image[512 + cluster * 2..][..2].copy_from_slice(&next.to_le_bytes());
    }
    image
}

#[test]
fn more_lost_runs_than_become_contents_of_their_own_are_put_together() {
    const LOST_RUNS_MAX: usize = 1000;
    // Every second cluster leads to itself, so none begins a chain.
    let image = linked((0..=LOST_RUNS_MAX + 9).map(|number| {
        let cluster = 10 + number * 2;
        (cluster, cluster as u16)
    }));
    let found = walk("fat16", image);
    found.assert_accounts();
    let lost = found
        .raw
        .iter()
        .filter(|item| item.path.as_bytes().starts_with(b"lost"));
    let sizes: Vec<u64> = lost.map(|item| item.size_bytes).collect();
    assert_eq!(sizes.len(), LOST_RUNS_MAX + 1);
    assert_eq!(sizes[LOST_RUNS_MAX], 10 * 512);
}

#[test]
fn free_space_in_more_runs_than_a_locator_holds_is_several_contents() {
    // Every second cluster is free.
    let runs = 2 * LOCATOR_EXTENTS_MAX + 5;
    let image = linked((0..runs).map(|number| (10 + number * 2, 0xFFFF)));
    let found = walk("fat16", image);
    found.assert_accounts();
    let free = found
        .raw
        .iter()
        .filter(|item| item.path.as_bytes().starts_with(b"free"));
    let extents = free.filter_map(|item| match &item.locator {
        Locator::Extents(extents) => Some(extents.len()),
        Locator::Range { .. }
        | Locator::Chain { .. }
        | Locator::Record { .. }
        | Locator::Path
        | Locator::Inline(_)
        | Locator::Loose => None,
    });
    let extents: Vec<usize> = extents.collect();
    let whole = LOCATOR_EXTENTS_MAX;
    // The runs between the marked clusters, those before them and those after.
    assert_eq!(extents, [whole, whole, runs + 1 - 2 * whole]);
}

#[test]
fn more_deleted_files_than_are_listed_are_examined_as_free_space() {
    const DELETED_MAX: usize = 1 << 15;
    // One folder of two mebibytes, full of deleted files in the same free cluster and others.
    let mut image = linked((2..4097).map(|cluster| (cluster, cluster as u16 + 1)));
    image[512 + 4097 * 2..][..2].fill(0xFF);
    let heap = (1 + 48 + 1) * 512;
    for number in 2..65_536_usize {
        let at = heap + number * 32;
        image[at] = 0xE5;
        image[at + 1..at + 11].copy_from_slice(b"AAAAAAAAAA");
        image[at + 26..at + 28].copy_from_slice(&6000_u16.to_le_bytes());
        image[at + 28] = 1;
    }
    let found = walk("fat16", image);
    found.assert_accounts();
    assert_eq!(found.rules(), ["deleted_not_listed"]);
    let beyond = 65_534 - DELETED_MAX;
    assert!(
        found.findings[0]
            .detail
            .starts_with(&format!("{beyond} more"))
    );
    assert_eq!(found.items.len(), 1);
}

#[test]
fn more_lost_clusters_than_are_put_together_are_examined_where_they_lie() {
    const LOST_CLUSTERS_MAX: usize = 1 << 16;
    let mut image = image(&["-F32", "-s1"], 36 << 20, &one("A.BIN", bytes(1, 5000)));
    let clusters = LOST_CLUSTERS_MAX + 100;
    let fat = u16_at(&image, 14) * 512;
    let size = usize::from(image[36]) * 512 + usize::from(image[37]) * 256 * 512;
    for cluster in 100..100 + clusters {
        for table in [fat, fat + size] {
            image[table + cluster * 4..][..4].copy_from_slice(&0x0FFF_FFFF_u32.to_le_bytes());
        }
    }
    let found = walk("fat32", image);
    found.assert_accounts();
    assert_eq!(found.rules(), ["clusters_lost"]);
    let last = found
        .raw
        .iter()
        .rfind(|item| item.path.as_bytes().starts_with(b"lost"));
    assert_eq!(last.unwrap().size_bytes, 100 * 512);
}

#[test]
fn what_is_left_of_a_volume_that_was_cut_off_is_accounted_for() {
    // The image ends in the middle of the free space, and of a cluster.
    let (mut image, heap, cluster) = fat16();
    image.truncate(heap + 1000 * cluster + 100);
    hide(&mut image, heap + 1000 * cluster + 40);
    let found = walk("fat16", image);
    assert!(found.rules().contains(&"volume_past_end"));
    assert!(where_is(&found)[0].starts_with("unused-"));
}
