//! Partition tables.

use std::collections::BTreeMap;

use volume::{Layout, PARTITIONS_MAX};
use wire::worker::Locator;
use wire::{RowKind, Tier};

use crate::support::{Image, bytes};

const MIB: usize = 1 << 20;

fn layout(image: &[u8]) -> Layout {
    volume::layout(&Image(image.to_vec())).unwrap()
}

fn rules(layout: &Layout) -> Vec<&str> {
    layout
        .findings
        .iter()
        .map(|finding| finding.rule.as_str())
        .collect()
}

/// Kind, first byte and length of each volume.
fn places(layout: &Layout) -> Vec<(&str, usize, usize)> {
    let volumes = layout.volumes.iter();
    volumes
        .map(|place| {
            (
                place.kind.as_str(),
                place.offset_bytes as usize,
                place.size_bytes as usize,
            )
        })
        .collect()
}

/// Every byte of the medium is in a volume, a gap or a boot sector.
fn assert_covered(image: &[u8], layout: &Layout) {
    let mut covered = vec![false; image.len().div_ceil(512)];
    let mut cover = |offset: u64, size: u64| {
        for sector in offset / 512..(offset + size).div_ceil(512) {
            covered[sector as usize] = true;
        }
    };
    for place in &layout.volumes {
        cover(place.offset_bytes, place.size_bytes);
    }
    for item in &layout.raw {
        assert!(matches!(item.kind, RowKind::Boot | RowKind::Gap));
        let Locator::Range { offset_bytes } = item.locator else {
            panic!("raw items are ranges");
        };
        cover(offset_bytes, item.size_bytes);
    }
    let missing = covered.iter().position(|covered| !covered);
    assert_eq!(missing, None, "sector that nothing covers");
}

fn fat() -> Vec<u8> {
    let files = BTreeMap::from([("A.TXT".to_owned(), b"x".to_vec())]);
    crate::fat::image(&["-F12"], MIB as u64, &files)
}

fn put(image: &mut [u8], at: usize, bytes: &[u8]) {
    image[at..at + bytes.len()].copy_from_slice(bytes);
}

/// One entry of a boot record, in sectors.
fn entry(image: &mut [u8], sector: usize, index: usize, kind: u8, start: u32, count: u32) {
    let at = sector * 512 + 446 + index * 16;
    image[at + 4] = kind;
    put(image, at + 8, &start.to_le_bytes());
    put(image, at + 12, &count.to_le_bytes());
    put(image, sector * 512 + 510, &[0x55, 0xAA]);
}

/// 8 MiB with FAT12 volumes of 1 MiB at these MiB.
fn medium(at: &[usize]) -> Vec<u8> {
    let mut image = vec![0; 8 * MIB];
    let fat = fat();
    for at in at {
        put(&mut image, at * MIB, &fat);
    }
    image
}

#[test]
fn a_medium_without_a_table_is_one_volume() {
    let image = fat();
    let layout = layout(&image);
    assert_eq!(layout.scheme, "none");
    assert_eq!(places(&layout), [("fat12", 0, MIB)]);
    assert_eq!(rules(&layout), Vec::<&str>::new());
    let paths: Vec<_> = layout.raw.iter().map(|item| item.path.as_bytes()).collect();
    assert_eq!(paths, [b"volume-0/boot"]);
}

#[test]
fn primary_and_logical_partitions_are_found() {
    let mut image = medium(&[1, 3, 5]);
    entry(&mut image, 0, 0, 0x01, 2048, 2048);
    entry(&mut image, 0, 1, 0x0F, 4096, 10_000);
    entry(&mut image, 4096, 0, 0x01, 2048, 2048);
    entry(&mut image, 4096, 1, 0x05, 4096, 4096);
    entry(&mut image, 8192, 0, 0x01, 2048, 2048);
    let layout = layout(&image);
    assert_eq!(layout.scheme, "mbr");
    let expected = [1, 3, 5].map(|at| ("fat12", at * MIB, MIB));
    assert_eq!(places(&layout), expected);
    assert_eq!(rules(&layout), Vec::<&str>::new());
    assert_covered(&image, &layout);
}

#[test]
fn a_chain_of_extended_partitions_that_loops_ends_and_is_reported() {
    let mut image = medium(&[3]);
    entry(&mut image, 0, 0, 0x0F, 4096, 8192);
    entry(&mut image, 4096, 0, 0x01, 2048, 2048);
    entry(&mut image, 4096, 1, 0x05, 0, 4096);
    let layout = layout(&image);
    assert_eq!(rules(&layout), ["ebr_loop"]);
    assert_eq!(places(&layout), [("fat12", 3 * MIB, MIB)]);
    assert_covered(&image, &layout);
}

#[test]
fn a_chain_of_extended_partitions_past_its_limit_ends_and_is_reported() {
    let mut image = medium(&[]);
    entry(&mut image, 0, 0, 0x0F, 1000, 8192);
    for link in 0..200 {
        entry(&mut image, 1000 + link, 1, 0x05, link as u32 + 1, 1);
    }
    assert!(rules(&layout(&image)).contains(&"ebr_too_long"));
}

#[test]
fn partitions_that_overlap_or_leave_the_medium_are_reported() {
    for (start, count, rule) in [
        (3072, 2048, "partitions_overlap"),
        (14_336, 4096, "partition_past_end"),
        (99_999, 4096, "partition_outside"),
    ] {
        let mut image = medium(&[1]);
        entry(&mut image, 0, 0, 0x01, 2048, 2048);
        entry(&mut image, 0, 1, 0x01, start, count);
        let layout = layout(&image);
        assert_eq!(rules(&layout), [rule]);
        assert_eq!(layout.findings[0].tier, Tier::Incomplete);
        assert!(places(&layout).contains(&("fat12", MIB, MIB)));
        assert_covered(&image, &layout);
    }
}

#[test]
fn a_volume_that_is_partitioned_too_is_ambiguous_and_both_are_read() {
    let mut image = medium(&[0, 1]);
    entry(&mut image, 0, 0, 0x01, 2048, 2048);
    let layout = layout(&image);
    assert!(rules(&layout).contains(&"layout_ambiguous"));
    let whole = ("fat12", 0, 8 * MIB);
    assert_eq!(places(&layout), [whole, ("fat12", MIB, MIB)]);
}

/// Both copies of a GPT with these partitions, in sectors.
fn gpt(image: &mut [u8], partitions: &[(u64, u64)]) {
    gpt_of(image, partitions, 128);
}

/// The same, with a count of entries that may be a lie.
fn gpt_of(image: &mut [u8], partitions: &[(u64, u64)], count: u32) {
    let last = image.len() as u64 / 512 - 1;
    entry(image, 0, 0, 0xEE, 1, last as u32);
    let mut entries = vec![0_u8; 128 * 128];
    for (index, (first, count)) in partitions.iter().enumerate() {
        let at = index * 128;
        put(&mut entries, at, &bytes(index as u32 + 1, 32));
        put(&mut entries, at + 32, &first.to_le_bytes());
        put(&mut entries, at + 40, &(first + count - 1).to_le_bytes());
    }
    for (own, other, start) in [(1, last, 2), (last, 1, last - 32)] {
        put(image, start as usize * 512, &entries);
        let mut header = vec![0_u8; 92];
        put(&mut header, 0, b"EFI PART\0\0\x01\0\x5C\0\0\0");
        for (at, value) in [
            (24, own),
            (32, other),
            (40, 34),
            (48, last - 33),
            (72, start),
        ] {
            put(&mut header, at, &u64::to_le_bytes(value));
        }
        put(&mut header, 80, &count.to_le_bytes());
        put(&mut header, 84, &128_u32.to_le_bytes());
        put(&mut header, 88, &crc32fast::hash(&entries).to_le_bytes());
        let sum = crc32fast::hash(&header);
        put(&mut header, 16, &sum.to_le_bytes());
        put(image, own as usize * 512, &header);
    }
}

#[test]
fn a_gpt_is_read_and_its_copies_are_held_against_each_other() {
    let mut image = medium(&[1, 3]);
    gpt(&mut image, &[(2048, 2048), (6144, 2048)]);
    let expected = [1, 3].map(|at| ("fat12", at * MIB, MIB));
    let whole = layout(&image);
    assert_eq!((whole.scheme, rules(&whole)), ("gpt", vec![]));
    assert_eq!(places(&whole), expected);
    assert_covered(&image, &whole);
    let last = image.len() - 512;
    let cases: [(&[usize], &str); 5] = [
        (&[512 + 50], "gpt_primary_bad"),
        (&[1024 + 60], "gpt_primary_bad"),
        (&[last + 50], "gpt_backup_bad"),
        (&[last - 32 * 512 + 60], "gpt_backup_bad"),
        (&[512 + 50, last + 50], "gpt_bad"),
    ];
    for (places_to_break, rule) in cases {
        let mut broken = image.clone();
        for at in places_to_break {
            broken[*at] ^= 1;
        }
        let found = layout(&broken);
        assert!(rules(&found).contains(&rule), "{rule}: {:?}", rules(&found));
        assert!(
            found
                .findings
                .iter()
                .any(|finding| finding.tier == Tier::Incomplete)
        );
        if rule != "gpt_bad" {
            assert_eq!(places(&found), expected, "{rule}");
        }
    }
}

#[test]
fn a_backup_that_names_another_partition_is_reported_and_both_are_read() {
    let mut image = medium(&[1, 3]);
    let mut other = image.clone();
    gpt(&mut image, &[(2048, 2048)]);
    gpt(&mut other, &[(6144, 2048)]);
    let tail = image.len() - 33 * 512;
    image[tail..].copy_from_slice(&other[tail..]);
    let found = layout(&image);
    assert_eq!(rules(&found), ["gpt_copies_differ"]);
    assert_eq!(places(&found), [1, 3].map(|at| ("fat12", at * MIB, MIB)));
}

#[test]
fn a_gpt_past_its_largest_size_is_bad() {
    let mut image = medium(&[1]);
    gpt_of(&mut image, &[(2048, 2048)], 8193);
    assert!(rules(&layout(&image)).contains(&"gpt_bad"));
}

#[test]
fn a_truncated_gpt_image_is_reported() {
    let mut image = medium(&[1]);
    gpt(&mut image, &[(2048, 10_000)]);
    image.truncate(4 * MIB);
    let found = layout(&image);
    assert!(rules(&found).contains(&"gpt_backup_bad"));
    assert!(rules(&found).contains(&"partition_past_end"));
}

#[test]
fn a_hybrid_mbr_is_read_too() {
    let mut image = medium(&[1, 3]);
    gpt(&mut image, &[(2048, 2048)]);
    entry(&mut image, 0, 1, 0x0C, 2048, 2048);
    let found = layout(&image);
    assert_eq!(rules(&found), ["hybrid_mbr"]);
    assert_eq!(found.findings[0].tier, Tier::Notice);
    entry(&mut image, 0, 2, 0x0C, 6144, 2048);
    let found = layout(&image);
    assert_eq!(rules(&found), ["hybrid_mbr", "hybrid_mbr_differs"]);
    assert_eq!(places(&found), [1, 3].map(|at| ("fat12", at * MIB, MIB)));
}

#[test]
fn a_protective_mbr_without_a_gpt_is_reported() {
    let mut image = medium(&[]);
    entry(&mut image, 0, 0, 0xEE, 1, 16_383);
    let found = layout(&image);
    assert_eq!(rules(&found), ["gpt_missing"]);
    assert_eq!(places(&found), [("unknown", 0, 8 * MIB)]);
}

#[test]
fn more_partitions_than_the_limit_are_reported() {
    let mut image = medium(&[]);
    let partitions: Vec<(u64, u64)> = (0..100).map(|number| (2048 + number * 8, 8)).collect();
    gpt(&mut image, &partitions);
    let found = layout(&image);
    assert_eq!(rules(&found), ["too_many_partitions"]);
    assert!(found.volumes.len() <= PARTITIONS_MAX);
    assert_covered(&image, &found);
}

#[test]
fn sectors_of_4096_bytes_are_recognised() {
    let mut image = medium(&[4]);
    entry(&mut image, 0, 0, 0x01, 1024, 256);
    let found = layout(&image);
    assert_eq!(places(&found), [("fat12", 4 * MIB, MIB)]);
    assert_eq!(rules(&found), Vec::<&str>::new());
}

#[test]
fn a_bootable_disc_image_with_partitions_is_both() {
    let files = BTreeMap::from([("A.BIN".to_owned(), bytes(1, 2_000_000))]);
    let mut image = crate::iso::image(&["-R"], &files);
    entry(&mut image, 0, 0, 0xEF, 1000, 100);
    let found = layout(&image);
    assert_eq!(rules(&found), ["iso_hybrid"]);
    assert_eq!(found.volumes[0].kind, "iso9660");
    assert_eq!(found.volumes.len(), 2);
}

#[test]
fn a_disc_image_that_lists_itself_is_one_volume_and_what_follows_is_a_gap() {
    let files = BTreeMap::from([("A.BIN".to_owned(), bytes(1, 100_000))]);
    let mut image = crate::iso::image(&["-R"], &files);
    let sectors = (image.len() / 512) as u32;
    entry(&mut image, 0, 0, 0x17, 0, sectors);
    image.resize(image.len() + MIB, 7);
    let found = layout(&image);
    assert_eq!(rules(&found), Vec::<&str>::new());
    assert_eq!(places(&found), [("iso9660", 0, image.len() - MIB)]);
    assert_covered(&image, &found);
}

#[test]
fn a_volume_that_is_two_things_is_reported() {
    let mut image = crate::fat::image(&["-F16"], 9 << 20, &BTreeMap::new());
    put(&mut image, 32_768, b"\x01CD001\x01");
    let found = layout(&image);
    assert_eq!(rules(&found), ["volume_ambiguous"]);
    assert_eq!(found.findings[0].tier, Tier::Incomplete);
    assert_eq!(found.volumes[0].kind, "fat16");
}

/// A medium with bad sectors.
struct Failing {
    image: Image,
    bad: Vec<u64>,
}

impl volume::Blocks for Failing {
    fn size_bytes(&self) -> u64 {
        self.image.size_bytes()
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        let sectors = offset_bytes / 512..(offset_bytes + buffer.len() as u64).div_ceil(512);
        if self.bad.iter().any(|bad| sectors.contains(bad)) {
            return Err(std::io::Error::from_raw_os_error(5));
        }
        self.image.read_at(offset_bytes, buffer)
    }
}

#[test]
fn bad_sectors_are_reported_and_the_rest_is_read() {
    let mut image = medium(&[1, 3]);
    gpt(&mut image, &[(2048, 2048), (6144, 2048)]);
    let last = image.len() as u64 / 512 - 1;
    for (bad, rule) in [
        (0, "partition_table_unreadable"),
        (1, "gpt_primary_bad"),
        (last, "gpt_backup_bad"),
        (6144, "partition_unreadable"),
    ] {
        let medium = Failing {
            image: Image(image.clone()),
            bad: vec![bad],
        };
        let found = volume::layout(&medium).unwrap();
        assert!(rules(&found).contains(&rule), "{rule}: {:?}", rules(&found));
        assert!(places(&found).contains(&("fat12", MIB, MIB)), "{rule}");
    }
}

#[test]
fn nothing_and_noise_are_not_clean() {
    let empty = layout(&[]);
    assert_eq!(rules(&empty), ["empty_medium"]);
    assert_eq!(empty.findings[0].tier, Tier::Incomplete);
    for size in [1, 511, 512, 513, 100_000, 3 * MIB] {
        let image = bytes(7, size);
        let noise = layout(&image);
        assert_eq!(places(&noise), [("unknown", 0, size)]);
        let error = volume::open("unknown", 0, std::rc::Rc::new(Image(image)));
        assert_eq!(error.err().unwrap().gap(), wire::Gap::Unsupported);
    }
    // Noise that ends like a boot record.
    let mut image = bytes(7, 3 * MIB);
    put(&mut image, 510, &[0x55, 0xAA]);
    assert!(!rules(&layout(&image)).is_empty());
}
