//! Text that somebody hid where no folder leads: it is found, with the place named.

use std::collections::BTreeMap;

use wire::RowKind;
use wire::scan::Limits;

use crate::ntfs_media::{BITMAP, DATA, Table, changed, image, position, write};
use crate::support::{Found, bytes, walk, walk_with};

const CANARY: &[u8] = b"KIOSK-HIDDEN-CANARY-0001";

/// A canary in the middle of a content of 10,000 bytes.
fn hidden() -> Vec<u8> {
    let mut content = bytes(7, 10_000);
    content[5000..][..CANARY.len()].copy_from_slice(CANARY);
    content
}

/// Names of everything that holds the canary.
fn places(found: &Found) -> Vec<&str> {
    let has = |content: &Result<Vec<u8>, _>| {
        let content = content.as_ref();
        content.is_ok_and(|content| position(content, CANARY).is_some())
    };
    let with = found.contents.iter().filter(|(_, content)| has(content));
    with.map(|(path, _)| path.as_str()).collect()
}

fn one(content: Vec<u8>) -> Table {
    let files = BTreeMap::from([("a.bin".to_owned(), content)]);
    Table::new(image(&[], |root| write(root, &files)))
}

#[test]
fn a_canary_in_a_stream_is_found() {
    let image = image(&[], |root| {
        std::fs::write(root.join("a.txt"), b"main").unwrap();
        std::fs::write(root.join("a.txt:hidden"), hidden()).unwrap();
    });
    let found = walk("ntfs", image);
    assert_eq!(places(&found), ["a.txt:hidden"]);
}

#[test]
fn a_canary_in_slack_is_found() {
    let mut table = one(bytes(1, 10_000));
    let first = table.first_cluster(table.named("a.bin"), DATA, "");
    table.put(first + 2, &bytes(1, 10_000)[8192..]);
    let at = first as usize * table.cluster + 11_000;
    table.image[at..][..CANARY.len()].copy_from_slice(CANARY);
    let found = walk("ntfs", table.image);
    assert_eq!(places(&found), ["a.bin:slack"]);
    assert_eq!(found.items[0].share.slack_bytes, 3 * 4096 - 10_000);
    found.assert_accounts();
}

#[test]
fn a_canary_past_what_was_written_of_a_file_is_found() {
    let mut table = one(hidden());
    let number = table.named("a.bin");
    table.edit_attribute(number, DATA, "", |data| {
        data[56..64].copy_from_slice(&100_u64.to_le_bytes());
    });
    let found = walk("ntfs", table.image);
    assert_eq!(places(&found), ["a.bin:slack"]);
    let mut expected = bytes(7, 100);
    expected.resize(10_000, 0);
    assert_eq!(found.contents["a.bin"], Ok(expected));
    found.assert_accounts();
}

#[test]
fn a_canary_in_clusters_that_are_nobodys_is_found() {
    let mut table = one(bytes(1, 10_000));
    let cluster = table.free_cluster();
    table.put(cluster, CANARY);
    let place = cluster as usize * table.cluster;
    let found = walk("ntfs", table.image.clone());
    assert_eq!(places(&found).len(), 1);
    assert!(
        places(&found)[0].starts_with("free-"),
        "{:?}",
        places(&found)
    );
    table.mark(cluster, true);
    let found = walk("ntfs", table.image);
    assert_eq!(places(&found), [format!("lost-{place}")]);
    assert_eq!(found.rules(), ["clusters_lost"]);
    found.assert_accounts();
}

#[test]
fn a_canary_past_the_last_cluster_is_found() {
    let mut table = one(bytes(1, 10_000));
    let end = table.image.len();
    table.image.resize(end + 4096, 0);
    table.image[end + 1000..][..CANARY.len()].copy_from_slice(CANARY);
    let found = walk("ntfs", table.image);
    assert_eq!(places(&found), [format!("unused-{end}")]);
    assert!(found.rules().is_empty(), "{:?}", found.rules());
    found.assert_accounts();
}

#[test]
fn canaries_between_structures_are_found() {
    let mut table = one(bytes(1, 10_000));
    // In the code behind the boot sector, in a record that is not used, at the end of a record,
    // in the log.
    let log = table.first_cluster(2, DATA, "") as usize * table.cluster;
    let record = table.at(table.named("a.bin"));
    let places_of = [
        (3000, "boot"),
        (table.at(20) + 700, "structure-"),
        (record + 900, "structure-"),
        (log + 100_000, "structure-"),
    ];
    for (at, name) in places_of {
        let mut image = table.image.clone();
        image[at..][..CANARY.len()].copy_from_slice(CANARY);
        let found = walk("ntfs", image);
        let places = places(&found);
        assert!(
            places.len() == 1 && places[0].starts_with(name),
            "{at}: {places:?}"
        );
        found.assert_accounts();
    }
    table.mark(0, true);
}

#[test]
fn a_canary_in_a_deleted_file_is_found() {
    let image = image(&[], |root| {
        std::fs::write(root.join("kept.bin"), bytes(2, 9000)).unwrap();
        std::fs::write(root.join("gone.bin"), hidden()).unwrap();
        std::fs::write(root.join("small.txt"), CANARY).unwrap();
    });
    let image = changed(&image, |root| {
        std::fs::remove_file(root.join("gone.bin")).unwrap();
        std::fs::remove_file(root.join("small.txt")).unwrap();
    });
    let table = Table::new(image);
    let (large, small) = (table.named("gone.bin"), table.named("small.txt"));
    let found = walk("ntfs", table.image.clone());
    let large = format!("$Deleted/{large} gone.bin");
    let small = format!("$Deleted/{small} small.txt");
    assert_eq!(found.contents[&large], Ok(hidden()));
    assert_eq!(found.contents[&small], Ok(CANARY.to_vec()));
    let deleted = found
        .items
        .iter()
        .filter(|item| item.kind == RowKind::Deleted);
    let deleted: u64 = deleted.map(|item| item.share.unallocated_bytes).sum();
    assert_eq!(deleted, 3 * 4096);
    assert!(found.rules().is_empty(), "{:?}", found.rules());
    found.assert_accounts();
}

#[test]
fn a_deleted_file_whose_clusters_were_used_again_is_not_listed() {
    let image = image(&[], |root| {
        std::fs::write(root.join("gone.bin"), hidden()).unwrap();
    });
    let image = changed(&image, |root| {
        std::fs::remove_file(root.join("gone.bin")).unwrap();
    });
    let mut table = Table::new(image);
    let first = table.first_cluster(table.named("gone.bin"), DATA, "");
    table.mark(first, true);
    let found = walk("ntfs", table.image);
    assert!(found.items.is_empty(), "{:?}", found.items);
    assert_eq!(found.rules(), ["clusters_lost"]);
    assert!(!places(&found).is_empty());
    found.assert_accounts();
}

#[test]
fn a_canary_in_an_orphan_is_found() {
    let image = image(&[], |root| {
        std::fs::create_dir(root.join("d")).unwrap();
        std::fs::write(root.join("d/x.bin"), hidden()).unwrap();
        std::fs::write(root.join("b.txt"), b"b").unwrap();
    });
    let mut table = Table::new(image);
    let number = table.named("x.bin");
    table.unlink_first(table.named("d"));
    let found = walk("ntfs", table.image);
    assert_eq!(places(&found), [format!("$Orphan/{number} x.bin")]);
    assert_eq!(found.rules(), ["ntfs_record_orphan"]);
    let orphan = found
        .items
        .iter()
        .find(|item| item.path.as_bytes()[0] == b'$');
    assert_eq!(orphan.unwrap().findings[0].rule, "ntfs_record_orphan");
    assert_eq!(found.contents["b.txt"], Ok(b"b".to_vec()));
    found.assert_accounts();
}

#[test]
fn an_orphan_folder_is_listed_with_all_that_is_in_it() {
    let image = image(&[], |root| {
        std::fs::create_dir_all(root.join("d/e/f")).unwrap();
        std::fs::write(root.join("d/e/x.bin"), hidden()).unwrap();
        std::fs::write(root.join("d/e/f/y.bin"), bytes(3, 5000)).unwrap();
    });
    let mut table = Table::new(image);
    let number = table.named("e");
    table.unlink_first(table.named("d"));
    let found = walk("ntfs", table.image);
    assert_eq!(found.rules(), ["ntfs_record_orphan"]);
    assert_eq!(found.findings[0].detail.find("seen"), None);
    let inner = format!("$Orphan/{number} e/f/y.bin");
    assert_eq!(found.contents[&inner], Ok(bytes(3, 5000)));
    assert_eq!(places(&found), [format!("$Orphan/{number} e/x.bin")]);
    found.assert_accounts();
}

/// A file whose many streams are in further records: the table, the file and those records.
fn extended(streams: u32) -> (Table, u64, Vec<u64>) {
    let image = image(&[], |root| {
        std::fs::write(root.join("a.txt"), b"main").unwrap();
        std::fs::write(root.join("b.txt"), b"other").unwrap();
        for number in 0..streams {
            let stream = format!("a.txt:a stream with a long name {number:03}");
            std::fs::write(root.join(stream), CANARY).unwrap();
        }
    });
    let table = Table::new(image);
    // The name may have moved to a further record, too.
    let named = table.named("a.txt");
    let base = match table.get(named)[32] {
        0 => named,
        base => u64::from(base),
    };
    let extends = |number: &u64| {
        let at = table.at(*number);
        table.image[at..].starts_with(b"FILE")
            && u64::from(table.image[at + 32]) == base
            && position(&table.get(*number), CANARY).is_some()
    };
    let extensions = (12..250).filter(extends).collect();
    (table, base, extensions)
}

#[test]
fn a_record_that_its_file_does_not_name_is_an_orphan() {
    let (mut table, _, extensions) = extended(40);
    let other = table.named("b.txt") as u8;
    table.edit(extensions[0], |record| record[32] = other);
    let found = walk("ntfs", table.image);
    let rules = found.rules();
    assert!(rules.contains(&"ntfs_record_orphan"), "{rules:?}");
    assert!(rules.contains(&"ntfs_attributes_damaged"), "{rules:?}");
    let name = format!("$Orphan/{} ", extensions[0]);
    let places = places(&found);
    assert!(places.iter().any(|place| place.starts_with(&name)));
    found.assert_accounts();
}

#[test]
fn an_attribute_that_hides_a_stream_is_reported() {
    // Its type is changed to one that there is not, or its number to one that is in no list.
    let (table, _, extensions) = extended(40);
    let first = |record: &[u8]| usize::from(record[20]);
    let begins_with_data = |number: &&u64| {
        let record = table.get(**number);
        record[first(&record)] == 0x80
    };
    let extension = *extensions.iter().find(begins_with_data).unwrap();
    for (field, value) in [(0, 0x88), (0, 0x90), (14, 0xEE)] {
        let mut broken = Table::new(table.image.clone());
        broken.edit(extension, |record| record[first(record) + field] = value);
        let found = walk("ntfs", broken.image);
        assert!(
            found.rules().contains(&"ntfs_attributes_damaged"),
            "{field} {value}: {:?}",
            found.rules()
        );
        found.assert_accounts();
    }
}

#[test]
fn a_list_that_names_too_many_records_that_are_not_there_is_given_up() {
    /// As in the reader.
    const LIST_MISSES_MAX: usize = 8;
    let (table, _, extensions) = extended(120);
    assert!(LIST_MISSES_MAX + 1 < extensions.len(), "{extensions:?}");
    let other = table.named("b.txt") as u8;
    let streams = |misses: usize| {
        let mut broken = Table::new(table.image.clone());
        for number in &extensions[..misses] {
            broken.edit(*number, |record| record[32] = other);
        }
        let found = walk("ntfs", broken.image);
        found.assert_accounts();
        // Whatever its file does not list any more is an orphan.
        let all = places(&found).into_iter();
        let (own, others): (Vec<_>, Vec<_>) = all
            .filter(|place| place.contains(":a stream"))
            .partition(|place| place.starts_with("a.txt"));
        assert_eq!(own.len() + others.len(), 120);
        own.len()
    };
    assert_eq!(streams(0), 120);
    assert_ne!(streams(LIST_MISSES_MAX - 1), 0);
    assert!(streams(LIST_MISSES_MAX) < streams(LIST_MISSES_MAX - 1));
}

#[test]
fn orphans_count_towards_the_most_files() {
    let image = image(&[], |root| {
        std::fs::create_dir(root.join("d")).unwrap();
        for number in 0..100 {
            std::fs::write(root.join(format!("d/{number}")), b"x").unwrap();
        }
    });
    let mut table = Table::new(image);
    let folder = table.named("d");
    // Nothing is left in the folder but the end of its index.
    table.edit(folder, |record| record[22] = 1);
    let limits = Limits {
        files_max: 50,
        ..Limits::default()
    };
    let found = walk_with("ntfs", table.image, &limits);
    assert!(
        found.rules().contains(&"too_many_entries"),
        "{:?}",
        found.rules()
    );
    assert!(found.items.len() + found.rows.len() <= 51);
}

#[test]
fn without_a_bitmap_everything_is_examined() {
    let mut table = one(bytes(1, 10_000));
    let cluster = table.free_cluster();
    table.put(cluster, CANARY);
    let at = table.at(BITMAP);
    table.image[at] = b'X';
    let found = walk("ntfs", table.image);
    assert!(
        found.rules().contains(&"bitmap_unreadable"),
        "{:?}",
        found.rules()
    );
    assert_eq!(found.unallocated_bytes, 0);
    let places = places(&found);
    assert!(
        places.len() == 1 && places[0].starts_with("lost-"),
        "{places:?}"
    );
    found.assert_accounts();
}
