//! ISO 9660, Joliet and Rock Ridge.

use std::collections::BTreeMap;

use wire::{RowKind, Tier};

use crate::support::{Bench, arg, bytes, kind, run, sample, walk};

/// An image made by genisoimage.
pub(crate) fn image(options: &[&str], files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let bench = Bench::new();
    let tree = bench.tree(files);
    let image = bench.path("iso");
    let mut arguments = ["-quiet", "-V", "LABEL1", "-input-charset", "utf-8", "-o"]
        .map(str::to_owned)
        .to_vec();
    arguments.push(arg(&image));
    arguments.extend(options.iter().map(|option| (*option).to_owned()));
    arguments.push(arg(&tree));
    run("genisoimage", arguments);
    std::fs::read(image).unwrap()
}

#[test]
fn every_file_is_found_and_right_under_its_best_name() {
    let files = sample();
    for options in [&["-R", "-J"][..], &["-R"]] {
        let image = image(options, &files);
        assert_eq!(kind(&image), "iso9660");
        let found = walk("iso9660", image);
        found.assert_holds(&files);
        assert_eq!(found.label, "LABEL1");
    }
}

#[test]
fn a_disc_with_joliet_alone_keeps_its_japanese_names() {
    let mut files = sample();
    // Joliet is not deep enough for this one, nor are its names for another.
    files.retain(|path, _| !path.starts_with("level1/") && path.len() < 60);
    let found = walk("iso9660", image(&["-J"], &files));
    found.assert_holds(&files);
}

#[test]
fn plain_names_have_no_version() {
    let files = BTreeMap::from([
        ("A.TXT".to_owned(), b"a".to_vec()),
        ("FOLDER/NOEXT".to_owned(), b"b".to_vec()),
    ]);
    walk("iso9660", image(&[], &files)).assert_holds(&files);
}

#[test]
fn a_file_that_only_joliet_names_is_found() {
    let files = BTreeMap::from([
        ("hidden.bin".to_owned(), bytes(1, 3000)),
        ("shown.bin".to_owned(), bytes(2, 3000)),
    ]);
    // mkisofs leaves the file out of the plain and Rock Ridge tree.
    let image = image(&["-R", "-J", "-hide", "hidden.bin"], &files);
    let found = walk("iso9660", image);
    assert_eq!(found.rules(), ["iso_only_in_joliet"]);
    assert_eq!(found.findings[0].tier, Tier::Notice);
    assert_eq!(found.contents["hidden.bin"], Ok(bytes(1, 3000)));
    assert_eq!(found.contents.len(), 2);
}

#[test]
fn links_are_their_targets() {
    let bench = Bench::new();
    let tree = bench.tree(&BTreeMap::from([("a".to_owned(), b"x".to_vec())]));
    std::os::unix::fs::symlink("/usr/../a", tree.join("link")).unwrap();
    let path = bench.path("iso");
    run(
        "genisoimage",
        ["-quiet", "-R", "-o", &arg(&path), &arg(&tree)],
    );
    let found = walk("iso9660", std::fs::read(path).unwrap());
    assert_eq!(found.contents["link"], Ok(b"/usr/../a".to_vec()));
    assert!(found.rules().is_empty());
}

#[test]
fn a_udf_tree_beside_it_keeps_the_disc_from_being_complete() {
    let files = BTreeMap::from([("a.bin".to_owned(), bytes(1, 3000))]);
    let found = walk("iso9660", image(&["-R", "-udf"], &files));
    assert_eq!(found.rules(), ["udf_not_read"]);
    assert_eq!(found.findings[0].tier, Tier::Incomplete);
}

/// Offset of the plain directory record with this name.
fn record(image: &[u8], name: &[u8]) -> usize {
    let mut at = image
        .windows(name.len() + 1)
        .position(|window| usize::from(window[0]) == name.len() && &window[1..] == name);
    at = at.map(|at| at - 32);
    at.unwrap()
}

#[test]
fn damage_to_records_is_reported() {
    let files = BTreeMap::from([
        ("A.BIN".to_owned(), bytes(1, 3000)),
        ("B.BIN".to_owned(), bytes(2, 3000)),
    ]);
    let image = image(&[], &files);
    let at = record(&image, b"A.BIN;1");
    for (offset, value, rule) in [
        (0, 33, "iso_record_malformed"),
        (0, 0, "entries_after_end"),
        (10, 7, "iso_numbers_differ"),
        (32, 200, "iso_record_malformed"),
        (25, 0x80, "iso_continuation_missing"),
    ] {
        let mut broken = image.clone();
        broken[at + offset] = value;
        let found = walk("iso9660", broken);
        assert!(found.rules().contains(&rule), "{rule}: {:?}", found.rules());
        assert!(
            found
                .findings
                .iter()
                .any(|finding| finding.tier == Tier::Incomplete)
        );
    }
}

#[test]
fn an_extent_past_the_end_is_reported_and_fails_as_damaged() {
    let files = BTreeMap::from([("A.BIN".to_owned(), bytes(1, 3000))]);
    let mut image = image(&[], &files);
    let at = record(&image, b"A.BIN;1");
    image[at + 2..at + 6].copy_from_slice(&900_000_u32.to_le_bytes());
    image[at + 6..at + 10].copy_from_slice(&900_000_u32.to_be_bytes());
    let found = walk("iso9660", image);
    assert_eq!(found.rules(), ["extent_past_end"]);
    assert_eq!(
        found.contents["A.BIN"],
        Err(std::io::ErrorKind::UnexpectedEof)
    );
    assert_eq!(found.items[0].kind, RowKind::File);
}
