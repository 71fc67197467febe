//! NTFS, filled through ntfs-3g. Needs `/dev/fuse` and the right to mount through it.

use std::collections::BTreeMap;
use std::path::Path;

use wire::{Gap, Outcome, RowKind, Tier};

use crate::support::{Bench, Found, arg, bytes, kind, run, sample, walk};

/// A mounted volume.
struct Mount(std::path::PathBuf);

impl Drop for Mount {
    fn drop(&mut self) {
        run("umount", [arg(&self.0)]);
    }
}

/// An image made by mkntfs and filled by `fill`.
fn image(options: &[&str], fill: impl FnOnce(&Path)) -> Vec<u8> {
    let bench = Bench::new();
    let image = bench.blank(24 << 20);
    let fixed = ["-q", "-F", "-L", "点検"].map(str::to_owned);
    let options = options.iter().map(|option| (*option).to_owned());
    run(
        "mkntfs",
        fixed.into_iter().chain(options).chain([arg(&image)]),
    );
    let mount = bench.path("mount");
    std::fs::create_dir(&mount).unwrap();
    let options = "streams_interface=windows,compression";
    run("ntfs-3g", ["-o", options, &arg(&image), &arg(&mount)]);
    let mounted = Mount(mount);
    fill(&mounted.0);
    drop(mounted);
    std::fs::read(image).unwrap()
}

/// An image with these files.
pub(crate) fn filled(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    image(&[], |root| write(root, files))
}

fn write(root: &Path, files: &BTreeMap<String, Vec<u8>>) {
    for (path, content) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
}

fn row<'a>(found: &'a Found, path: &str) -> &'a wire::Row {
    let row = found
        .rows
        .iter()
        .find(|row| row.path.as_bytes() == path.as_bytes());
    row.unwrap_or_else(|| panic!("no row for {path}: {:?}", found.rows))
}

#[test]
fn every_file_is_found_and_right() {
    let mut files = sample();
    files.insert("絵文字😀.bin".to_owned(), bytes(1, 100));
    for number in 0..400 {
        let path = format!("large folder/資料 {number:03} with a rather long name.txt");
        files.insert(path, bytes(number, 50));
    }
    for options in [&[][..], &["-c", "512"], &["-c", "65536"]] {
        let image = image(options, |root| write(root, &files));
        assert_eq!(kind(&image), "ntfs");
        let found = walk("ntfs", image);
        found.assert_holds(&files);
        assert_eq!(found.label, "点検");
        
    }
}

#[test]
fn streams_links_and_holes_are_listed() {
    let image = image(&[], |root| {
        write(
            root,
            &BTreeMap::from([("a.txt".to_owned(), b"main".to_vec())]),
        );
        std::fs::write(root.join("a.txt:small"), b"stream").unwrap();
        std::fs::write(root.join("a.txt:大きい"), bytes(1, 70_000)).unwrap();
        std::fs::hard_link(root.join("a.txt"), root.join("b.txt")).unwrap();
        let sparse = std::fs::File::create(root.join("sparse.bin")).unwrap();
        sparse.set_len(3_000_000).unwrap();
        std::os::unix::fs::FileExt::write_at(&sparse, b"tail", 2_999_996).unwrap();
    });
    let found = walk("ntfs", image);
    let mut expected = BTreeMap::new();
    for name in ["a.txt", "b.txt"] {
        expected.insert(name.to_owned(), b"main".to_vec());
        expected.insert(format!("{name}:small"), b"stream".to_vec());
        expected.insert(format!("{name}:大きい"), bytes(1, 70_000));
    }
    let mut sparse = vec![0; 2_999_996];
    sparse.extend(b"tail");
    expected.insert("sparse.bin".to_owned(), sparse);
    found.assert_holds(&expected);
    let streams = found
        .items
        .iter()
        .filter(|item| item.kind == RowKind::Stream);
    assert_eq!(streams.count(), 4);
}

#[test]
fn streams_of_folders_are_listed() {
    let image = image(&[], |root| {
        std::fs::create_dir(root.join("a")).unwrap();
        std::fs::write(root.join("a:on a folder"), b"one").unwrap();
    });
    let found = walk("ntfs", image);
    assert_eq!(found.contents["a:on a folder"], Ok(b"one".to_vec()));
    assert!(found.rules().is_empty());
}

#[test]
fn many_streams_and_names_need_an_attribute_list_and_are_all_found() {
    let mut expected = BTreeMap::new();
    let image = image(&[], |root| {
        write(
            root,
            &BTreeMap::from([("a.txt".to_owned(), b"main".to_vec())]),
        );
        for number in 0..60 {
            let stream = format!("a.txt:a stream with a long name {number:02}");
            std::fs::write(root.join(&stream), bytes(number, 30)).unwrap();
            expected.insert(stream, bytes(number, 30));
        }
    });
    expected.insert("a.txt".to_owned(), b"main".to_vec());
    walk("ntfs", image).assert_holds(&expected);
}

#[test]
fn a_compressed_file_is_unsupported_and_its_neighbours_are_read() {
    let image = image(&["-C"], |root| {
        std::fs::write(root.join("packed.txt"), vec![b'a'; 200_000]).unwrap();
        std::fs::write(root.join("small.txt"), b"resident").unwrap();
    });
    let found = walk("ntfs", image);
    let packed = row(&found, "packed.txt");
    assert_eq!(packed.outcome, Outcome::Unchecked(Gap::Unsupported));
    assert_eq!(packed.size_bytes, 200_000);
    assert_eq!(found.contents["small.txt"], Ok(b"resident".to_vec()));
}

#[test]
fn damaged_records_and_stale_entries_are_rows() {
    let image = image(&[], |root| {
        for name in ["aa.txt", "bb.txt"] {
            std::fs::write(root.join(name), name).unwrap();
        }
    });
    let name: Vec<u8> = "aa.txt".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let record = image
        .chunks(1024)
        .position(|record| record.starts_with(b"FILE") && contains(record, &name))
        .unwrap();
    let at = record.checked_mul(1024).unwrap();
    for (offset, rule) in [
        (0, "ntfs_record_damaged"),
        (16, "ntfs_entry_stale"),
        (22, "ntfs_entry_stale"),
    ] {
        let mut broken = image.clone();
        let place = at.checked_add(offset).unwrap();
        broken[place] ^= 1;
        let found = walk("ntfs", broken);
        assert!(found.rules().contains(&rule), "{rule}: {:?}", found.rules());
        assert_eq!(
            row(&found, "aa.txt").outcome,
            Outcome::Unchecked(Gap::Damaged)
        );
        assert_eq!(found.contents["bb.txt"], Ok(b"bb.txt".to_vec()));
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

#[test]
fn index_nodes_and_attribute_lists_past_their_largest_size_are_reported() {
    let image = image(&[], |root| {
        for number in 0..100 {
            std::fs::write(root.join(format!("a file with a long name {number}")), b"x").unwrap();
        }
        std::fs::write(root.join("a.txt"), b"x").unwrap();
        for number in 0..60 {
            let stream = format!("a.txt:a stream with a long name {number:02}");
            std::fs::write(root.join(&stream), b"x").unwrap();
        }
    });
    // An index of file names in nodes of 4 KiB.
    let header = [0x30, 0, 0, 0, 1, 0, 0, 0, 0, 0x10, 0, 0];
    let root = find(&image, |bytes| bytes.starts_with(&header) && bytes[28] == 1);
    let mut broken = image.clone();
    let size = root.checked_add(8).unwrap();
    broken[size..][..4].copy_from_slice(&(4_u32 << 20).to_le_bytes());
    assert!(walk("ntfs", broken).rules().contains(&"folder_damaged"));
    // An attribute list in clusters.
    let is_list =
        |bytes: &[u8]| bytes.starts_with(&[0x20, 0, 0, 0]) && bytes[4] == 0x48 && bytes[8] == 1;
    let list = find(&image, is_list);
    let mut broken = image;
    let size = list.checked_add(48).unwrap();
    broken[size..][..8].copy_from_slice(&((256_u64 << 10) + 1).to_le_bytes());
    assert!(
        walk("ntfs", broken)
            .rules()
            .contains(&"ntfs_attributes_damaged")
    );
}

/// Offset of the first place that fits, in steps of eight bytes.
fn find(image: &[u8], fits: impl Fn(&[u8]) -> bool) -> usize {
    let mut places = (0..image.len()).step_by(8);
    places
        .find(|at| {
            image
                .get(*at..)
                .is_some_and(|bytes| 64 < bytes.len() && fits(bytes))
        })
        .unwrap()
}

#[test]
fn a_torn_index_node_is_reported() {
    let image = image(&[], |root| {
        for number in 0..100 {
            std::fs::write(root.join(format!("a file with a long name {number}")), b"x").unwrap();
        }
    });
    let node = image
        .chunks(4096)
        .rposition(|node| node.starts_with(b"INDX"))
        .unwrap();
    let mut broken = image.clone();
    let place = node
        .checked_mul(4096)
        .and_then(|at| at.checked_add(510))
        .unwrap();
    broken[place] ^= 1;
    let found = walk("ntfs", broken);
    assert!(
        found.rules().contains(&"folder_damaged"),
        "{:?}",
        found.rules()
    );
    assert!(!found.rows.is_empty());
}

#[test]
fn a_truncated_image_is_reported_or_refused() {
    let mut image = image(&[], |root| write(root, &sample()));
    image.truncate(9 << 20);
    let medium = std::rc::Rc::new(crate::support::Image(image.clone()));
    match volume::open("ntfs", 0, medium) {
        Ok(_) => assert!(walk("ntfs", image).rules().contains(&"volume_past_end")),
        Err(error) => assert_eq!(error.finding().tier, Tier::Incomplete),
    }
}
