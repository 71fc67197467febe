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
        let mut files = files.clone();
        let has_system_stream = what.starts_with("cdrw 2048 2.01");
        disc.fill(&files, style);
        let image = disc.finish();
        if let Ok(folder) = std::env::var("UDF_KEEP") {
            std::fs::write(format!("{folder}/{}.udf", what.replace(' ', "-")), &image).unwrap();
        }
        let found = walk("udf", image);
        good(&found, what);
        if has_system_stream {
            files.insert(":*UDF Non-Allocatable Space".to_owned(), Vec::new());
        }
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
            check(
                disc,
                style,
                &format!("{media} {block} {revision} {style:?}"),
            );
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

/// A volume with one folder, made by `names`, and all that its entries need.
fn made(names: impl FnOnce(&mut Disc) -> Vec<(&'static str, u32, u8)>) -> Vec<u8> {
    let mut disc = Disc::new(empty("hd", 2048, "2.01", &[]), 2048);
    let names = names(&mut disc);
    let names = disc.names(&names);
    disc.write_root(&names, Style::Embedded);
    disc.finish()
}

#[test]
fn holes_and_unwritten_extents_are_zeros_and_what_lies_there_is_slack() {
    let image = made(|disc| {
        let data = disc.take(1);
        let at = disc.offset(0, data);
        disc.image[at..at + 2048].copy_from_slice(&bytes(1, 2048));
        let reserved = disc.take(2);
        let at = disc.offset(0, reserved);
        disc.image[at + 100..][..CANARY.len()].copy_from_slice(CANARY);
        let tail = disc.take(1);
        let at = disc.offset(0, tail);
        disc.image[at..][..CANARY.len()].copy_from_slice(CANARY);
        let pieces = [
            (2, 1 << 20, 0, 0),
            (0, 2048, 0, data),
            (1, 4096, 0, reserved),
            (1, 2048, 0, tail),
        ];
        let size = (1 << 20) + 2048 + 4096;
        let sparse = disc.file_of(5, &Body::pieces(Style::Short, size, &pieces));
        vec![("sparse", sparse, 0)]
    });
    let found = walk("udf", image);
    good(&found, "sparse");
    let expected = [vec![0; 1 << 20], bytes(1, 2048), vec![0; 4096]].concat();
    assert!(found.contents["sparse"] == Ok(expected));
    let slack = found.contents["sparse:slack"].as_ref().unwrap();
    assert_eq!(&slack[100..][..CANARY.len()], CANARY);
    assert_eq!(&slack[4096..][..CANARY.len()], CANARY);
}

#[test]
fn a_content_that_linux_appended_to_is_examined_with_its_padding_and_without() {
    let (first, second) = CANARY.split_at(9);
    let image = made(|disc| {
        let at = disc.take(2);
        let start = disc.offset(0, at);
        disc.image[start..start + 4096].copy_from_slice(&bytes(3, 4096));
        disc.image[start + 1000 - first.len()..start + 1000].copy_from_slice(first);
        disc.image[start + 2048..][..second.len()].copy_from_slice(second);
        let size = 2048 + 1500;
        let pieces = [(0, 1000, 0, at), (0, 1500, 0, at + 1)];
        let file = disc.file_of(5, &Body::pieces(Style::Short, size, &pieces));
        // With a hole, the second reading is no list of places.
        let pieces = [(2, 1000, 0, 0), (0, 1500, 0, disc.take(1))];
        let sparse = disc.file_of(5, &Body::pieces(Style::Short, size, &pieces));
        vec![("appended", file, 0), ("sparse", sparse, 0)]
    });
    let found = walk("udf", image);
    found.assert_accounts();
    let of = |path: &[u8]| {
        let mut items = found.items.iter();
        items.find(|item| item.path.as_bytes() == path).unwrap()
    };
    assert_eq!(of(b"appended").findings[0].tier, Tier::Notice);
    assert_eq!(of(b"appended:unpadded").share.allocated_bytes, 0);
    assert_eq!(of(b"sparse").findings[0].tier, Tier::Incomplete);
    let padded = found.contents["appended"].as_ref().unwrap();
    assert_eq!(padded.len(), 3548);
    assert_eq!(&padded[1000..2048], &bytes(3, 4096)[1000..2048]);
    assert!(!padded.windows(CANARY.len()).any(|one| one == CANARY));
    let unpadded = found.contents["appended:unpadded"].as_ref().unwrap();
    assert_eq!(unpadded.len(), 2500);
    assert!(unpadded.windows(CANARY.len()).any(|one| one == CANARY));
}

#[test]
fn links_streams_and_further_names_are_listed() {
    let image = made(|disc| {
        let stream = disc.file(CANARY, Style::Short);
        disc.files -= 1;
        let names = disc.names(&[("hidden", stream, 0)]);
        let body = disc.store(&names, Style::Short);
        let streams = disc.file_of(13, &body);
        disc.files -= 1;
        let mut body = disc.store(&bytes(1, 5000), Style::Short);
        body.streams = Some((0, streams));
        let file = disc.file_of(5, &body);
        let target = [
            &[2, 0, 0, 0][..],
            &[5, 4, 0, 0, 8, b'u', b's', b'r'],
            &[3, 0, 0, 0],
            &[5, 2, 0, 0, 8, b'a'],
        ];
        let body = disc.store(&target.concat(), Style::Embedded);
        let link = disc.file_of(12, &body);
        let body = disc.store(&[], Style::Embedded);
        let pipe = disc.file_of(9, &body);
        vec![
            ("file", file, 0),
            ("again", file, 1),
            ("link", link, 0),
            ("pipe", pipe, 0),
        ]
    });
    let found = walk("udf", image);
    good(&found, "links");
    assert_eq!(found.contents["file"], Ok(bytes(1, 5000)));
    assert_eq!(found.contents["again"], Ok(bytes(1, 5000)));
    assert_eq!(found.contents["file:hidden"], Ok(CANARY.to_vec()));
    assert_eq!(found.contents["link"], Ok(b"/usr/../a".to_vec()));
    let of = |path: &[u8]| found.items.iter().find(|item| item.path.as_bytes() == path);
    assert_eq!(of(b"file:hidden").unwrap().kind, RowKind::Stream);
    assert_eq!(of(b"pipe").unwrap().findings[0].rule, "special_file");
    assert_eq!(found.items.len(), 5);
}

#[test]
fn a_canary_is_found_wherever_it_is_hidden() {
    let mut places = Vec::new();
    let mut disc = Disc::new(empty("hd", 2048, "2.01", &[]), 2048);
    let write = |disc: &mut Disc, at: usize, number: u8| {
        let canary = [CANARY, &[number]].concat();
        disc.image[at..][..canary.len()].copy_from_slice(&canary);
    };
    let lost = disc.take(3);
    let at = disc.offset(0, lost + 1);
    write(&mut disc, at, 1);
    places.push((1, "lost-"));
    let free = disc.take(1);
    let at = disc.offset(0, free);
    write(&mut disc, at, 2);
    disc.free(free as usize, 1);
    places.push((2, "free-"));
    write(&mut disc, 3000, 3);
    places.push((3, "boot"));
    write(&mut disc, 2048 * 200, 4);
    places.push((4, "unused-"));
    let body = disc.store(&bytes(1, 100), Style::Short);
    let file = disc.file_of(5, &body);
    let at = disc.offset(0, file);
    write(&mut disc, at + 1500, 5);
    places.push((5, "structure-"));
    let at = disc.offset(0, u32_at(&body.area, 4));
    write(&mut disc, at + 1000, 6);
    let names = disc.names(&[("file", file, 0)]);
    disc.write_root(&names, Style::Embedded);
    let mut image = disc.finish();
    // After the last block of the volume.
    image.extend_from_slice(&[0; 100]);
    image.extend_from_slice(&[CANARY, &[7]].concat());
    places.push((7, "unused-"));
    let found = walk("udf", image);
    found.assert_accounts();
    assert_eq!(found.rules(), ["clusters_lost"]);
    assert_eq!(found.findings[0].tier, Tier::Notice);
    for (number, name) in places {
        let with = found.raw_with(&[CANARY, &[number]].concat());
        assert!(
            with.iter().any(|with| with.starts_with(name)),
            "{number}: {with:?}"
        );
    }
    let slack = found.contents["file:slack"].as_ref().unwrap();
    assert_eq!(&slack[900..][..CANARY.len()], CANARY);
}

#[test]
fn a_deleted_file_is_listed_when_its_blocks_are_free() {
    let make = |reused: bool, style| {
        made(|disc| {
            let body = disc.store(&[CANARY, &[0; 3000]].concat(), style);
            let file = disc.file_of(5, &body);
            disc.files -= 1;
            if style == Style::Embedded {
                assert_eq!(body.flags, 0);
            }
            let block = u32_at(&body.area, 4) as usize;
            disc.free(block, if reused { 1 } else { 2 });
            disc.free(file as usize, 1);
            vec![("deleted", file, 4)]
        })
    };
    let found = walk("udf", make(false, Style::Short));
    good(&found, "deleted");
    let item = found
        .items
        .iter()
        .find(|item| item.kind == RowKind::Deleted);
    let item = item.unwrap();
    assert_eq!(item.path.as_bytes(), b"deleted");
    assert_eq!(item.share.unallocated_bytes, 4096);
    let content = found.contents["deleted"].as_ref().unwrap();
    assert!(content.starts_with(CANARY));

    let found = walk("udf", make(true, Style::Short));
    found.assert_accounts();
    assert!(found.items.is_empty());
    assert_eq!(found.rules(), ["clusters_lost"]);
    assert!(!found.raw_with(CANARY).is_empty());

    // In its own entry, which is free again.
    let image = made(|disc| {
        let file = disc.file(CANARY, Style::Embedded);
        disc.files -= 1;
        disc.free(file as usize, 1);
        vec![("inside", file, 4)]
    });
    let found = walk("udf", image);
    good(&found, "inside");
    assert_eq!(found.items[0].kind, RowKind::Deleted);
    assert_eq!(found.contents["inside"], Ok(CANARY.to_vec()));
}

#[test]
fn damage_is_reported() {
    let files = sample();
    let image = filled(&files, Style::Short);
    let entries = tagged(&image, 2048, 266);
    let entry_of = |file_type: u8, skip: usize| {
        let entries = entries
            .iter()
            .filter(|number| image[**number * 2048 + 27] == file_type);
        entries.copied().nth(skip).unwrap() * 2048
    };
    let file = entry_of(5, 3);
    let folder = entry_of(4, 1);
    let names = tagged(&image, 2048, 257)[0] * 2048;
    let logical = tagged(&image, 2048, 6)[0] * 2048;
    let bitmap = tagged(&image, 2048, 264)[0] * 2048;
    let anchor = 256 * 2048;
    let integrity = tagged(&image, 2048, 9)[0] * 2048;
    // Offset, value, whether the sums are made right again, and what is said.
    for (at, value, sealed, rule) in [
        (file + 4, 0x77, false, "udf_entry_malformed"),
        (file + 70, 0x77, false, "udf_descriptor_crc"),
        (file + 12, 0x77, true, "udf_tag_location"),
        (file + 20, 0x10, true, "udf_strategy_unsupported"),
        (file + 34, 0x07, true, "udf_entry_malformed"),
        (file + 35, 0x08, true, "udf_storage_unsupported"),
        (file + 62, 0x77, true, "udf_extents_short"),
        (file + 223, 0x77, true, "extent_past_end"),
        (file + 209, 0x77, true, "udf_entry_malformed"),
        (file + 27, 4, true, "udf_types_differ"),
        (file + 27, 13, true, "udf_file_type"),
        (file + 27, 12, true, "udf_link_malformed"),
        (folder + 27, 5, true, "udf_types_differ"),
        (names + 41, 0x77, false, "udf_identifier_malformed"),
        (names + 4, 0x77, false, "udf_identifier_malformed"),
        (logical + 90, 0x77, true, "udf_sequences_differ"),
        (logical + 90, 0x77, false, "udf_descriptor_crc"),
        (bitmap + 16, 0x77, true, "udf_bitmap_malformed"),
        (bitmap + 4, 0x77, false, "udf_bitmap_malformed"),
        (anchor + 20, 0x77, true, "udf_anchors_differ"),
        (anchor + 30, 0x77, false, "udf_descriptor_crc"),
        (integrity + 28, 0, true, "udf_not_closed"),
        (integrity + 121, 9, true, "udf_files_missing"),
        (integrity, 8, true, "udf_integrity_missing"),
    ] {
        let mut broken = image.clone();
        broken[at] = value;
        let start = at / 2048 * 2048;
        if sealed {
            reseal(&mut broken[start..start + 2048]);
        }
        let found = walk("udf", broken);
        let mut said = found.rules();
        for item in &found.items {
            said.extend(item.findings.iter().map(|finding| finding.rule.as_str()));
        }
        for row in &found.rows {
            said.extend(row.findings.iter().map(|finding| finding.rule.as_str()));
        }
        // A name may be damaged where its sums were not made again.
        let also = rule == "udf_identifier_malformed" && said.contains(&"udf_descriptor_crc");
        assert!(said.contains(&rule) || also, "{rule}: {said:?}");
    }
}
