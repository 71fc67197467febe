//! Compressed streams, as ntfs-3g writes them.

use std::collections::BTreeMap;
use std::io;

use crate::ntfs_media::{DATA, Table, image, write};
use crate::support::{bytes, walk};

/// Text that packs well, and differs everywhere.
fn text(length: usize) -> Vec<u8> {
    let lines = (0..).flat_map(|number: u32| format!("line {number} of a log\n").into_bytes());
    lines.take(length).collect()
}

fn files() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut add = |path: &str, content: Vec<u8>| files.insert(path.to_owned(), content);
    add("resident.txt", text(100));
    add("one letter.txt", vec![b'a'; 200_000]);
    add("zeros.bin", vec![0; 300_000]);
    add("random.bin", bytes(1, 300_000));
    for length in [
        1000, 4095, 4096, 4097, 8192, 65_535, 65_536, 65_537, 70_000, 131_072, 400_001,
    ] {
        add(&format!("text {length}.txt"), text(length));
    }
    // Units of every kind behind each other.
    let mut mixed = text(65_536);
    mixed.extend(bytes(2, 65_536));
    mixed.extend(vec![0; 131_072]);
    mixed.extend(text(10_000));
    mixed.extend(bytes(3, 5000));
    mixed.extend(vec![b'x'; 100_000]);
    add("mixed.bin", mixed);
    files
}

#[test]
fn compressed_files_are_unpacked() {
    for cluster in ["512", "1024", "4096"] {
        let files = files();
        let image = image(&["-C", "-c", cluster], |root| {
            write(root, &files);
            let stream = root.join("zeros.bin:a stream");
            std::fs::write(stream, text(100_000)).unwrap();
        });
        let table = Table::new(image);
        let number = table.named("one letter.txt");
        let record = table.get(number);
        let at = Table::attribute(&record, DATA, "").unwrap();
        assert_eq!(record[at + 12], 1, "the file is not compressed");
        let mut expected = files;
        expected.insert("zeros.bin:a stream".to_owned(), text(100_000));
        walk("ntfs", table.image).assert_holds(&expected);
    }
}

#[test]
fn the_clusters_of_a_compressed_file_are_matched_as_they_are() {
    let image = image(&["-C"], |root| {
        std::fs::write(root.join("a.txt"), vec![b'a'; 60_000]).unwrap();
    });
    let mut table = Table::new(image);
    let number = table.named("a.txt");
    let first = table.first_cluster(number, DATA, "");
    let at = first as usize * table.cluster + 4000;
    table.image[at..at + 9].copy_from_slice(b"CANARY-15");
    let found = walk("ntfs", table.image);
    assert_eq!(found.contents["a.txt"], Ok(vec![b'a'; 60_000]));
    let slack = found.contents["a.txt:slack"].as_ref().unwrap();
    assert!(slack.windows(9).any(|window| window == b"CANARY-15"));
    found.assert_accounts();
}

#[test]
fn compressed_data_that_makes_no_sense_is_damaged() {
    let image = image(&["-C"], |root| {
        std::fs::write(root.join("a.txt"), text(60_000)).unwrap();
        std::fs::write(root.join("b.txt"), text(60_000)).unwrap();
    });
    let mut table = Table::new(image);
    let first = table.first_cluster(table.named("a.txt"), DATA, "");
    // A reference to before the beginning.
    table.put(first, &[0xFF, 0xBF, 0xFF, 0xFF, 0xFF]);
    let found = walk("ntfs", table.image.clone());
    assert_eq!(found.contents["a.txt"], Err(io::ErrorKind::InvalidData));
    assert_eq!(found.contents["b.txt"], Ok(text(60_000)));
    found.assert_accounts();
    // Units of one cluster times 2^8 are larger than any that are read; 2^63 are none.
    for (shift, rule) in [
        (9, "ntfs_compressed"),
        (63, "ntfs_runs_damaged"),
        (0, "ntfs_runs_damaged"),
    ] {
        let mut broken = Table::new(table.image.clone());
        let number = broken.named("b.txt");
        broken.edit_attribute(number, DATA, "", |data| data[34] = shift);
        let found = walk("ntfs", broken.image);
        let row = found
            .rows
            .iter()
            .find(|row| row.path.as_bytes() == b"b.txt");
        assert_eq!(row.unwrap().findings[0].rule, rule, "{shift}");
        found.assert_accounts();
    }
}
