//! UDF.

use std::collections::BTreeMap;

use crate::support::{Bench, arg, kind, run, walk};

/// An empty volume made by mkudffs.
fn empty(media: &str, block_bytes: u32, revision: &str) -> Vec<u8> {
    let bench = Bench::new();
    let path = bench.path("udf");
    let arguments = [
        "--utf8".to_owned(),
        "--new-file".to_owned(),
        format!("--media-type={media}"),
        format!("--blocksize={block_bytes}"),
        format!("--udfrev={revision}"),
        "--label=点検１".to_owned(),
        arg(&path),
        "6000".to_owned(),
    ];
    run("mkudffs", arguments);
    std::fs::read(path).unwrap()
}

#[test]
fn empty_volumes_of_every_kind_of_media_are_accounted_for() {
    for (media, block_bytes, revision) in [
        ("hd", 512, "1.02"),
        ("hd", 512, "2.01"),
        ("hd", 1024, "1.50"),
        ("hd", 4096, "2.01"),
        ("dvdram", 2048, "2.01"),
        ("dvdrw", 2048, "2.01"),
        ("worm", 2048, "1.50"),
        ("cdr", 2048, "1.50"),
        ("cdr", 2048, "2.01"),
        ("cdrw", 2048, "1.50"),
        ("cdrw", 2048, "2.01"),
        ("bdr", 2048, "2.50"),
    ] {
        let image = empty(media, block_bytes, revision);
        assert_eq!(kind(&image), "udf", "{media} {revision}");
        let found = walk("udf", image);
        assert_eq!(found.rules(), Vec::<&str>::new(), "{media} {block_bytes} {revision} {found:?}");
        assert_eq!(found.label, "点検１");
        found.assert_accounts();
        assert_eq!(found.rows, []);
        println!("{media} {revision} {:?}", found.items);
    }
}

#[test]
fn a_file_system_without_files_holds_none() {
    let found = walk("udf", empty("hd", 512, "2.01"));
    found.assert_holds(&BTreeMap::new());
}
