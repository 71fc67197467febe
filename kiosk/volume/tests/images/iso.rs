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
    assert_eq!(found.items.len(), 2);
    found.assert_accounts();
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

/// A directory record.
fn made(name: &[u8], flags: u8, block: u32, size: u32, system_use: &[u8]) -> Vec<u8> {
    let mut record = vec![0; 33];
    record[2..6].copy_from_slice(&block.to_le_bytes());
    record[6..10].copy_from_slice(&block.to_be_bytes());
    record[10..14].copy_from_slice(&size.to_le_bytes());
    record[14..18].copy_from_slice(&size.to_be_bytes());
    record[25] = flags;
    record[32] = name.len() as u8;
    record.extend_from_slice(name);
    record.resize(record.len().next_multiple_of(2), 0);
    record.extend_from_slice(system_use);
    record.resize(record.len().next_multiple_of(2), 0);
    record[0] = record.len() as u8;
    record
}

/// A disc written by hand: descriptors from block 16 on, its root from block 100 on.
fn disc(descriptors: usize, root_bytes: u32, system_use: &[u8], records: &[Vec<u8>]) -> Vec<u8> {
    let mut image = vec![0_u8; 200 * 2048];
    for number in 0..descriptors {
        let at = (16 + number) * 2048;
        image[at..at + 7].copy_from_slice(b"\x00CD001\x01");
    }
    let at = 16 * 2048;
    image[at] = 1;
    image[at + 80..at + 84].copy_from_slice(&200_u32.to_le_bytes());
    image[at + 84..at + 88].copy_from_slice(&200_u32.to_be_bytes());
    image[at + 129] = 8;
    let root = made(&[0], 2, 100, root_bytes, &[]);
    image[at + 156..at + 156 + root.len()].copy_from_slice(&root);
    image[(15 + descriptors) * 2048] = 255;
    let mut at = 100 * 2048;
    for record in [made(&[0], 2, 100, root_bytes, system_use)]
        .iter()
        .chain(records)
    {
        if 2048 < at % 2048 + record.len() {
            at = at.next_multiple_of(2048);
        }
        image[at..at + record.len()].copy_from_slice(record);
        at += record.len();
    }
    image
}

/// The field that says that Rock Ridge is used.
const SP: &[u8] = b"SP\x07\x01\xBE\xEF\x00";

#[test]
fn a_disc_written_by_hand_is_read() {
    let rock = made(b"A.;1", 0, 120, 5, b"NM\x09\x01\x00long");
    let mut image = disc(2, 2048, SP, &[rock]);
    image[120 * 2048..][..5].copy_from_slice(b"hello");
    let found = walk("iso9660", image);
    found.assert_holds(&BTreeMap::from([("long".to_owned(), b"hello".to_vec())]));
}

#[test]
fn limits_of_discs_are_reported() {
    let pieces = vec![made(b"A.;1", 0x80, 120, 5, &[]); 520];
    let found = walk("iso9660", disc(2, 20_480, &[], &pieces));
    assert!(
        found.rules().contains(&"iso_too_many_extents"),
        "{:?}",
        found.rules()
    );

    let found = walk("iso9660", disc(2, 65 << 20, &[], &[]));
    assert_eq!(found.rows[0].findings[0].rule, "folder_too_long");

    assert_eq!(
        walk("iso9660", disc(70, 2048, &[], &[])).rules(),
        ["iso_unterminated"]
    );

    // A continuation that continues in itself.
    let mut entry = b"CE\x1C\x01".to_vec();
    for number in [130_u32, 0, 28] {
        entry.extend(number.to_le_bytes());
        entry.extend(number.to_be_bytes());
    }
    let record = made(b"A.;1", 0, 120, 5, &entry);
    let mut image = disc(2, 2048, SP, &[record]);
    image[130 * 2048..][..28].copy_from_slice(&entry);
    assert_eq!(walk("iso9660", image).rules(), ["iso_rock_ridge_broken"]);
}

#[test]
fn a_file_that_rock_ridge_hides_is_found() {
    let hidden = made(b"A.;1", 0, 120, 5, b"RE\x04\x01");
    let found = walk("iso9660", disc(2, 2048, SP, &[hidden]));
    assert_eq!(found.rules(), ["iso_only_in_plain"]);
    assert_eq!(found.contents["A"], Ok(vec![0; 5]));
}

#[test]
fn entries_behind_an_empty_sector_are_found() {
    let mut image = disc(2, 3 * 2048, &[], &[]);
    let record = made(b"A.;1", 0, 120, 5, &[]);
    image[102 * 2048..][..record.len()].copy_from_slice(&record);
    let found = walk("iso9660", image);
    assert_eq!(found.contents["A"], Ok(vec![0; 5]));
}

/// What a canary looks like here.
const CANARY: &[u8] = b"KIOSK-TEST-CANARY on a disc";

#[test]
fn a_udf_tree_beside_it_is_walked_and_united() {
    let files = sample();
    let image = image(&["-R", "-J", "-udf"], &files);
    assert_eq!(kind(&image), "iso9660");
    walk("iso9660", image.clone()).assert_holds(&files);
    // Alone, it holds the same.
    let found = walk("udf", image);
    assert_eq!(found.rules(), Vec::<&str>::new());
    found.assert_holds(&files);
}

#[test]
fn a_file_that_only_udf_names_is_found() {
    let files = BTreeMap::from([
        ("A.BIN".to_owned(), bytes(2, 3000)),
        ("HIDDEN.BIN".to_owned(), [CANARY, &bytes(1, 3000)].concat()),
    ]);
    let mut image = image(&["-udf"], &files);
    let at = record(&image, b"HIDDEN.BIN;1");
    let length = usize::from(image[at]);
    image[at..at + length].fill(0);
    let found = walk("iso9660", image);
    assert_eq!(found.rules(), ["iso_only_in_udf"]);
    assert_eq!(found.findings[0].tier, Tier::Notice);
    assert_eq!(
        found.contents["HIDDEN.BIN"],
        Ok(files["HIDDEN.BIN"].clone())
    );
    assert_eq!(found.items.len(), 2);
    found.assert_accounts();
}

/// Two sessions, the second of which no descriptor at the usual place tells of.
fn sessions(second: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let first = BTreeMap::from([("first.bin".to_owned(), bytes(1, 3000))]);
    let mut image = image(&["-R", "-J"], &first);
    image.resize(image.len().next_multiple_of(32 * 2048), 0);
    let bench = Bench::new();
    let tree = bench.tree(second);
    let (before, after) = (bench.path("before"), bench.path("after"));
    std::fs::write(&before, &image).unwrap();
    let blocks = format!("0,{}", image.len() / 2048);
    let (before, tree, path) = (arg(&before), arg(&tree), arg(&after));
    let options = [
        "-quiet", "-R", "-J", "-C", &blocks, "-M", &before, "-o", &path, &tree,
    ];
    run("genisoimage", options);
    image.extend(std::fs::read(after).unwrap());
    image
}

#[test]
fn files_of_a_second_session_are_found() {
    let second = BTreeMap::from([("second.bin".to_owned(), CANARY.to_vec())]);
    let found = walk("iso9660", sessions(&second));
    assert_eq!(found.rules(), ["iso_session"]);
    assert_eq!(found.findings[0].tier, Tier::Notice);
    assert_eq!(found.contents["first.bin"], Ok(bytes(1, 3000)));
    assert_eq!(found.contents["second.bin"], Ok(CANARY.to_vec()));
    assert_eq!(found.items.len(), 2);
    found.assert_accounts();
}

#[test]
fn more_sessions_than_a_disc_can_have_are_reported() {
    let mut image = disc(2, 2048, &[], &[]);
    let descriptors = image[16 * 2048..18 * 2048].to_vec();
    const SESSIONS_MAX: usize = 99;
    for _ in 0..=SESSIONS_MAX {
        image.extend_from_slice(&descriptors);
    }
    let found = walk("iso9660", image);
    assert!(
        found.rules().contains(&"too_many_sessions"),
        "{:?}",
        found.rules()
    );
    found.assert_accounts();
}

#[test]
fn a_descriptor_that_counts_from_elsewhere_is_told() {
    let mut image = disc(2, 2048, &[], &[]);
    let mut descriptors = image[16 * 2048..18 * 2048].to_vec();
    descriptors[158] = 101;
    image.extend_from_slice(&descriptors);
    assert_eq!(walk("iso9660", image).rules(), ["iso_foreign_descriptor"]);
}

#[test]
fn boot_images_are_listed() {
    let mut files = sample();
    let floppy = [CANARY, &bytes(9, 1_474_560 - CANARY.len())].concat();
    files.insert("floppy.img".to_owned(), floppy.clone());
    files.insert("loader.bin".to_owned(), bytes(8, 5000));
    let options = ["-R", "-b", "floppy.img", "-c", "boot.cat"];
    let image = image(&options, &files);
    let found = walk("iso9660", image.clone());
    assert_eq!(found.rules(), Vec::<&str>::new());
    found.assert_accounts();
    let of = |path: &[u8]| found.raw.iter().find(|item| item.path.as_bytes() == path);
    let boot = of(b"boot-image-1").unwrap();
    assert_eq!((boot.kind, boot.size_bytes), (RowKind::Boot, 1_474_560));
    assert!(found.contents["boot-image-1"] == Ok(floppy));

    let catalog = found
        .items
        .iter()
        .find(|item| item.path.as_bytes() == b"boot.cat");
    let at = catalog.unwrap().share.position_bytes as usize;
    let mut broken = image;
    broken[at + 4] ^= 1;
    assert_eq!(walk("iso9660", broken).rules(), ["boot_catalog_malformed"]);

    let options = ["-R", "-b", "loader.bin", "-c", "boot.cat", "-no-emul-boot"];
    let options = [
        &options[..],
        &["-boot-load-size", "4", "-hide", "loader.bin"],
    ]
    .concat();
    let found = walk("iso9660", crate::iso::image(&options, &files));
    assert_eq!(found.rules(), Vec::<&str>::new());
    assert_eq!(
        found.contents["boot-image-1"],
        Ok(bytes(8, 5000)[..2048].to_vec())
    );
    assert!(!found.raw_with(&bytes(8, 5000)[4900..5000]).is_empty());
    found.assert_accounts();
}

#[test]
fn a_folder_that_only_a_path_table_names_is_found() {
    let files = BTreeMap::from([
        ("FOLDERA/SHOWN.BIN".to_owned(), bytes(1, 3000)),
        ("FOLDERB/HIDDEN.BIN".to_owned(), CANARY.to_vec()),
    ]);
    let mut image = image(&[], &files);
    // The root's last record, which is that of the second folder, ends the folder early.
    let at = record(&image, b"FOLDERB");
    let length = usize::from(image[at]);
    image[at..at + length].fill(0);
    let found = walk("iso9660", image.clone());
    assert_eq!(found.rules(), ["iso_only_in_path_table"]);
    assert_eq!(found.findings[0].tier, Tier::Incomplete);
    assert_eq!(found.contents["FOLDERB/HIDDEN.BIN"], Ok(CANARY.to_vec()));
    found.assert_accounts();

    // One of the two spellings of the table.
    let table = u32::from_le_bytes(image[32_768 + 140..][..4].try_into().unwrap());
    let at = table as usize * 2048 + 2;
    image[at] += 1;
    assert!(
        walk("iso9660", image)
            .rules()
            .contains(&"iso_path_tables_differ")
    );
}

#[test]
fn a_canary_outside_of_every_file_is_found() {
    let files = BTreeMap::from([("A.BIN".to_owned(), bytes(1, 3000))]);
    let mut image = image(&["-R", "-J"], &files);
    let end = image.len();
    image.extend_from_slice(&vec![0; 5000]);
    let file = image
        .windows(16)
        .position(|window| window == &bytes(1, 3000)[..16])
        .unwrap();
    for (at, number) in [(100, 1), (end - 2048, 2), (file + 3500, 3), (end + 4500, 4)] {
        let canary = [CANARY, &[number]].concat();
        image[at..][..canary.len()].copy_from_slice(&canary);
    }
    let found = walk("iso9660", image);
    found.assert_accounts();
    let with = |number| found.raw_with(&[CANARY, &[number]].concat());
    assert_eq!(with(1), ["boot"]);
    assert!(with(2)[0].starts_with("unused-"));
    assert!(with(4)[0].starts_with("unused-"));
    let slack = found.contents["A.BIN:slack"].as_ref().unwrap();
    assert_eq!(&slack[500..][..CANARY.len()], CANARY);
}

#[test]
fn path_tables_past_the_limits_are_reported() {
    const PATH_TABLE_BYTES_MAX: u32 = 65_535 * 263;
    const LISTED_DEPTH_MAX: u32 = 64;
    let table = |size: u32| {
        let mut image = disc(2, 2048, &[], &[]);
        let at = 16 * 2048 + 132;
        image[at..at + 4].copy_from_slice(&size.to_le_bytes());
        image[at + 4..at + 8].copy_from_slice(&size.to_be_bytes());
        image[at + 8] = 110;
        image
    };
    let found = walk("iso9660", table(PATH_TABLE_BYTES_MAX + 1));
    assert_eq!(found.rules(), ["iso_path_table_malformed"]);

    // Folders in folders, deeper than their names are put together.
    let mut records = Vec::new();
    for number in 0..LISTED_DEPTH_MAX + 3 {
        let name = if number == 0 { 0 } else { b'A' };
        let block = if number == 0 { 100 } else { 119 + number };
        records.extend([1, 0]);
        records.extend(block.to_le_bytes());
        records.extend((number.max(1) as u16).to_le_bytes());
        records.extend([name, 0]);
    }
    let mut image = table(records.len() as u32);
    image[110 * 2048..][..records.len()].copy_from_slice(&records);
    let found = walk("iso9660", image);
    assert!(found.rules().contains(&"iso_only_in_path_table"));
    found.assert_accounts();
}
