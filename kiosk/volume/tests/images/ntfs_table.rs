//! What a volume says of itself: its copies, its bookkeeping, and files that are stored in
//! another form.

use std::collections::BTreeMap;
use std::path::Path;

use wire::{Gap, Outcome, Tier};

use crate::ntfs_media::{DATA, Table, changed, image, write};
use crate::support::{Found, bytes, run, walk};

fn two() -> Table {
    let files = BTreeMap::from([
        ("a.bin".to_owned(), bytes(1, 10_000)),
        ("b.bin".to_owned(), bytes(2, 10_000)),
    ]);
    Table::new(image(&[], |root| write(root, &files)))
}

fn row<'a>(found: &'a Found, path: &str) -> &'a wire::Row {
    let mut rows = found.rows.iter();
    let row = rows.find(|row| row.path.as_bytes() == path.as_bytes());
    row.unwrap_or_else(|| panic!("no row for {path}: {:?}", found.rows))
}

fn tier(found: &Found, rule: &str) -> Tier {
    let finding = found.findings.iter().find(|one| one.rule == rule);
    finding
        .unwrap_or_else(|| panic!("no {rule}: {:?}", found.rules()))
        .tier
}

#[test]
fn the_boot_sector_is_held_against_its_backup() {
    let table = two();
    let end = table.image.len();
    for (at, rule, expected) in [
        (60, "ntfs_boot_copies_differ", Tier::Incomplete),
        (end - 512 + 40, "ntfs_boot_copies_differ", Tier::Incomplete),
        (200, "ntfs_boot_code_differs", Tier::Notice),
        (end - 512 + 200, "ntfs_boot_code_differs", Tier::Notice),
    ] {
        let mut image = table.image.clone();
        image[at] ^= 1;
        let found = walk("ntfs", image);
        assert_eq!(tier(&found, rule), expected, "{at}");
        found.assert_accounts();
    }
    let mut image = table.image;
    image.truncate(end - 512);
    let found = walk("ntfs", image);
    assert_eq!(found.rules(), ["ntfs_backup_unreadable"]);
    found.assert_accounts();
}

#[test]
fn the_first_records_are_held_against_their_mirror() {
    let table = two();
    let mirror = table.first_cluster(1, DATA, "") as usize * table.cluster;
    let mut image = table.image.clone();
    image[mirror + 3 * 1024 + 500] ^= 1;
    let found = walk("ntfs", image);
    assert_eq!(found.rules(), ["ntfs_mirror_differs"]);
    found.assert_accounts();
    let mut image = table.image;
    let end = image.len();
    image[56] ^= 1;
    image[end - 512 + 56] ^= 1;
    assert_eq!(walk("ntfs", image).rules(), ["ntfs_mirror_differs"]);
}

#[test]
fn torn_records_that_no_folder_names_are_reported() {
    let image = image(&[], |root| {
        std::fs::write(root.join("gone.txt"), b"x").unwrap();
    });
    let image = changed(&image, |root| {
        std::fs::remove_file(root.join("gone.txt")).unwrap();
    });
    let table = Table::new(image);
    let at = table.at(table.named("gone.txt"));
    let mut torn = table.image.clone();
    torn[at + 510] ^= 1;
    let mut marked = table.image;
    marked[at..at + 4].copy_from_slice(b"BAAD");
    marked[at + 510] ^= 1;
    for image in [torn, marked] {
        let found = walk("ntfs", image);
        assert_eq!(found.rules(), ["ntfs_record_damaged"]);
        found.assert_accounts();
    }
}

#[test]
fn clusters_of_a_file_that_are_marked_as_free_are_reported() {
    let mut table = two();
    let first = table.first_cluster(table.named("a.bin"), DATA, "");
    table.mark(first, false);
    let found = walk("ntfs", table.image);
    assert_eq!(found.rules(), ["cluster_not_allocated"]);
    assert_eq!(found.contents["a.bin"], Ok(bytes(1, 10_000)));
    found.assert_accounts();
}

#[test]
fn clusters_with_two_owners_are_reported_and_count_once() {
    let mut table = two();
    let (one, other) = (table.named("a.bin"), table.named("b.bin"));
    let mut runs = Vec::new();
    table.edit_attribute(one, DATA, "", |data| runs = data[64..].to_vec());
    table.edit_attribute(other, DATA, "", |data| {
        let length = data.len().min(64 + runs.len());
        data[64..length].copy_from_slice(&runs[..length - 64]);
    });
    let found = walk("ntfs", table.image);
    assert_eq!(found.rules(), ["cross_linked", "clusters_lost"]);
    let b = found
        .items
        .iter()
        .find(|item| item.path.as_bytes() == b"b.bin")
        .unwrap();
    assert_eq!(b.share.allocated_bytes, 0);
    assert_eq!(b.findings[0].rule, "cross_linked");
    found.assert_accounts();
}

#[test]
fn clusters_past_the_end_of_the_volume_are_reported() {
    let mut table = two();
    let number = table.named("a.bin");
    table.edit_attribute(number, DATA, "", |data| {
        data[64..72].copy_from_slice(&[0x31, 3, 0xFF, 0xFF, 0x7F, 0, 0, 0]);
    });
    let found = walk("ntfs", table.image);
    assert!(
        found.rules().contains(&"ntfs_runs_outside"),
        "{:?}",
        found.rules()
    );
    assert!(found.contents["a.bin"].is_err());
    found.assert_accounts();
}

#[test]
fn bad_clusters_are_read_all_the_same() {
    const BAD: u64 = 8;
    let mut table = two();
    let clusters = (table.image.len() / table.cluster - 1) as u16;
    let bad = table.free_cluster();
    table.mark(bad, true);
    table.put(bad, b"A BAD CLUSTER");
    table.edit_attribute(BAD, DATA, "$Bad", |data| {
        let runs = usize::from(data[32]);
        let [low, high] = (clusters - 1).to_le_bytes();
        let [at, above] = (bad as u16).to_le_bytes();
        data[runs..][..8].copy_from_slice(&[0x21, 1, at, above, 0x02, low, high, 0]);
    });
    let found = walk("ntfs", table.image);
    assert_eq!(found.rules(), ["bad_clusters"]);
    assert_eq!(found.raw_with(b"A BAD CLUSTER").len(), 1);
    found.assert_accounts();
}

#[test]
fn further_names_of_a_file_are_listed_and_account_for_nothing() {
    let image = image(&[], |root| {
        std::fs::write(root.join("a.bin"), bytes(1, 10_000)).unwrap();
        std::fs::hard_link(root.join("a.bin"), root.join("b.bin")).unwrap();
    });
    let found = walk("ntfs", image);
    let shares: Vec<u64> = found
        .items
        .iter()
        .map(|item| item.share.allocated_bytes)
        .collect();
    assert_eq!(shares, [3 * 4096, 0]);
    assert_eq!(found.items[1].findings[0].rule, "hard_link");
    assert_eq!(found.items[1].findings[0].tier, Tier::Notice);
    assert_eq!(found.contents["b.bin"], Ok(bytes(1, 10_000)));
    assert!(found.rules().is_empty());
    found.assert_accounts();
}

/// Gives a file a reparse point.
fn reparse(path: &Path, tag: u32, data: &[u8]) {
    let mut value = tag.to_le_bytes().to_vec();
    value.extend((data.len() as u16).to_le_bytes());
    value.extend([0, 0]);
    value.extend(data);
    let text: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
    let code = "import os, sys\n\
        data = bytes.fromhex(open(sys.argv[2]).read())\n\
        os.setxattr(sys.argv[1], 'system.ntfs_reparse_data', data)\n";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let name = |path: &Path| path.to_str().unwrap().to_owned();
    run(
        "python3",
        [
            "-c".to_owned(),
            code.to_owned(),
            name(path),
            name(file.path()),
        ],
    );
}

#[test]
fn what_a_reparse_point_stands_for_is_said() {
    let tags = [
        ("wof.exe", 0x8000_0017, "overlay"),
        ("dedup.bin", 0x8000_0013, "dedup"),
        ("cloud.doc", 0x9000_601A, "OneDrive"),
        ("other.bin", 0x8000_7777, "not known"),
    ];
    let image = image(&[], |root| {
        std::fs::write(root.join("wof.exe"), b"").unwrap();
        std::fs::write(root.join("wof.exe:WofCompressedData"), bytes(2, 3000)).unwrap();
        for (name, tag, _) in tags {
            std::fs::write(root.join(name), bytes(1, 5000)).unwrap();
            reparse(&root.join(name), tag, &[7; 40]);
        }
        std::fs::create_dir(root.join("link")).unwrap();
        let target = crate::ntfs_media::utf16("\\??\\C:\\x");
        let mut mount = vec![0, 0, target.len() as u8, 0, target.len() as u8 + 2, 0, 0, 0];
        mount.extend(&target);
        mount.extend([0; 4]);
        reparse(&root.join("link"), 0xA000_0003, &mount);
    });
    let found = walk("ntfs", image);
    for (name, _, word) in tags {
        let row = row(&found, name);
        assert_eq!(row.outcome, Outcome::Unchecked(Gap::Unsupported));
        assert!(row.findings[0].detail.contains(word), "{name}: {row:?}");
    }
    let stream = &found.contents["wof.exe:WofCompressedData"];
    assert_eq!(*stream, Ok(bytes(2, 3000)));
    let link = found
        .items
        .iter()
        .find(|item| item.path.as_bytes() == b"link:$REPARSE_POINT");
    assert_eq!(link.unwrap().findings[0].rule, "reparse_point");
    assert_eq!(found.rows.len(), tags.len());
    found.assert_accounts();
}

#[test]
fn reparse_data_past_its_longest_is_reported() {
    /// As in the reader.
    const REPARSE_BYTES_MAX: u64 = 16 << 10;
    let image = image(&[], |root| {
        std::fs::write(root.join("a.txt"), b"x").unwrap();
        reparse(&root.join("a.txt"), 0x8000_0013, &[7; 16_000]);
    });
    let mut table = Table::new(image);
    let number = table.named("a.txt");
    table.edit_attribute(number, 0xC0, "", |data| {
        data[48..56].copy_from_slice(&(REPARSE_BYTES_MAX + 1).to_le_bytes());
    });
    let found = walk("ntfs", table.image);
    let row = row(&found, "a.txt:$REPARSE_POINT");
    assert_eq!(row.outcome, Outcome::Unchecked(Gap::Limit));
    found.assert_accounts();
}

#[test]
fn an_encrypted_file_is_named_and_its_clusters_are_matched() {
    let mut table = two();
    let number = table.named("a.bin");
    table.edit_attribute(number, DATA, "", |data| data[13] = 0x40);
    let found = walk("ntfs", table.image);
    assert_eq!(
        row(&found, "a.bin").outcome,
        Outcome::Unchecked(Gap::Encrypted)
    );
    assert_eq!(found.raw_with(&bytes(1, 100)).len(), 1);
    found.assert_accounts();
}
