//! UDF.

use std::collections::BTreeMap;

use wire::{RowKind, Tier};

use crate::support::{Found, bytes, kind, sample, walk};
use crate::udf_disc::{Body, Disc, Style, empty, reseal, tagged, u32_at};

/// What a canary looks like here.
const CANARY: &[u8] = b"KIOSK-TEST-CANARY in a place where no system looks";

/// A volume of a disk with these files.
pub(crate) fn filled(files: &BTreeMap<String, Vec<u8>>, style: Style) -> Vec<u8> {
    let mut disc = Disc::new(empty("hd", 2048, "2.01", &[]), 2048);
    disc.fill(files, style);
    disc.finish()
}

fn good(found: &Found, what: &str) {
    assert_eq!(found.rules(), Vec::<&str>::new(), "{what}");
    assert_eq!(found.rows, [], "{what}");
    found.assert_accounts();
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
        ("cdr", 2048, "1.50"),
        ("cdr", 2048, "2.01"),
        ("cdrw", 2048, "1.50"),
        ("cdrw", 2048, "2.01"),
        ("bdr", 2048, "2.50"),
    ] {
        let image = empty(media, block_bytes, revision, &[]);
        assert_eq!(kind(&image), "udf", "{media} {revision}");
        let found = walk("udf", image);
        good(&found, &format!("{media} {block_bytes} {revision}"));
        assert_eq!(found.label, "点検１");
    }
}

#[test]
fn every_file_of_every_kind_of_media_is_found_and_right() {
    let files = sample();
    let check = |mut disc: Disc, style, what: &str| {
        disc.fill(&files, style);
        let image = disc.finish();
        if let Ok(folder) = std::env::var("UDF_KEEP") {
            std::fs::write(format!("{folder}/{}.udf", what.replace(' ', "-")), &image).unwrap();
        }
        let found = walk("udf", image);
        good(&found, what);
        found.assert_holds(&files);
    };
    for (media, block, revision) in [
        ("hd", 512, "1.02"),
        ("hd", 1024, "1.50"),
        ("hd", 2048, "2.01"),
        ("hd", 4096, "2.01"),
        ("cdrw", 2048, "1.50"),
        ("cdrw", 2048, "2.01"),
        ("cdr", 2048, "1.50"),
        ("cdr", 2048, "2.01"),
        ("bdr", 2048, "2.50"),
    ] {
        for style in [
            Style::Embedded,
            Style::Short,
            Style::Long,
            Style::Extended,
            Style::Scattered,
        ] {
            let disc = Disc::new(empty(media, block, revision, &[]), block);
            check(disc, style, &format!("{media} {block} {revision} {style:?}"));
        }
    }
    for mirrored in [false, true] {
        let disc = Disc::new(empty("hd", 2048, "2.01", &[]), 2048).with_metadata(mirrored);
        check(disc, Style::Embedded, &format!("metadata {mirrored}"));
    }
    for space in ["freedbitmap", "unalloctable", "freedtable"] {
        let option = format!("--space={space}");
        let found = walk("udf", empty("hd", 2048, "2.01", &[&option]));
        good(&found, space);
        assert!(4_000_000 < found.unallocated_bytes, "{space}");
    }
}
