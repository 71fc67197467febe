//! Partition tables.

use std::collections::BTreeMap;

use volume::Layout;
use wire::worker::Locator;
use wire::{RowKind, Tier};

use crate::gpt::gpt;
use crate::support::{Image, bytes};

pub(crate) const MIB: usize = 1 << 20;

pub(crate) fn layout(image: &[u8]) -> Layout {
    volume::layout(&Image(image.to_vec())).unwrap()
}

pub(crate) fn rules(layout: &Layout) -> Vec<&str> {
    layout
        .findings
        .iter()
        .map(|finding| finding.rule.as_str())
        .collect()
}

/// Kind, first byte and length of each volume.
pub(crate) fn places(layout: &Layout) -> Vec<(&str, usize, usize)> {
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
pub(crate) fn assert_covered(image: &[u8], layout: &Layout) {
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
    let overlap = ["partitions_overlap", "iso_hybrid", "layout_ambiguous"];
    if !rules(layout).iter().any(|rule| overlap.contains(rule)) {
        let shares = layout.raw.iter().map(|item| item.share.allocated_bytes);
        let volumes = layout.volumes.iter().map(|place| place.size_bytes);
        assert_eq!(shares.chain(volumes).sum::<u64>(), image.len() as u64);
    }
}

/// Names of the raw items that hold the byte at `at`.
pub(crate) fn raw_at(layout: &Layout, at: usize) -> Vec<&str> {
    let holds = |item: &&wire::worker::Item| {
        let start = item.share.position_bytes;
        (start..start + item.size_bytes).contains(&(at as u64))
    };
    let items = layout.raw.iter().filter(holds);
    items
        .map(|item| std::str::from_utf8(item.path.as_bytes()).unwrap())
        .collect()
}

pub(crate) fn fat() -> Vec<u8> {
    let files = BTreeMap::from([("A.TXT".to_owned(), b"x".to_vec())]);
    crate::fat::image(&["-F12"], MIB as u64, &files)
}

pub(crate) fn put(image: &mut [u8], at: usize, bytes: &[u8]) {
    image[at..at + bytes.len()].copy_from_slice(bytes);
}

/// One entry of a boot record, in sectors.
pub(crate) fn entry(
    image: &mut [u8],
    sector: usize,
    index: usize,
    kind: u8,
    start: u32,
    count: u32,
) {
    let at = sector * 512 + 446 + index * 16;
    image[at + 4] = kind;
    put(image, at + 8, &start.to_le_bytes());
    put(image, at + 12, &count.to_le_bytes());
    put(image, sector * 512 + 510, &[0x55, 0xAA]);
}

/// 8 MiB with FAT12 volumes of 1 MiB at these MiB.
pub(crate) fn medium(at: &[usize]) -> Vec<u8> {
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
    assert_eq!(layout.raw, []);
    assert_covered(&image, &layout);
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

/// An extended partition from sector 4096 to 16384 with one FAT12 volume in it, at 3 MiB.
fn extended() -> Vec<u8> {
    let mut image = medium(&[3, 5]);
    entry(&mut image, 0, 0, 0x0F, 4096, 12_288);
    entry(&mut image, 4096, 0, 0x01, 2048, 2048);
    image
}

#[test]
fn what_lies_between_the_links_of_an_extended_partition_is_a_gap() {
    let mut image = extended();
    entry(&mut image, 4096, 1, 0x05, 4096, 4096);
    entry(&mut image, 8192, 0, 0x01, 2048, 2048);
    let found = layout(&image);
    assert_eq!(rules(&found), Vec::<&str>::new());
    assert_covered(&image, &found);
    for sector in [1, 2047, 4096, 4097, 6143, 8192, 8193, 12_288, 16_383] {
        let names = raw_at(&found, sector * 512);
        assert_eq!(names.len(), 1, "sector {sector}");
        assert!(names[0].starts_with("gap-"), "{names:?}");
    }
    assert_eq!(raw_at(&found, 0), ["boot"]);
    assert_eq!(raw_at(&found, 6144 * 512), Vec::<&str>::new());
}

#[test]
fn entries_of_a_link_that_only_some_systems_read_are_reported_and_read() {
    for slot in [1, 2, 3] {
        let mut image = extended();
        entry(&mut image, 4096, slot, 0x01, 6144, 2048);
        let found = layout(&image);
        assert_eq!(rules(&found), ["ebr_extra_entry"], "{slot}");
        assert_eq!(found.findings[0].tier, Tier::Incomplete);
        let expected = [3, 5].map(|at| ("fat12", at * MIB, MIB));
        assert_eq!(places(&found), expected, "{slot}");
        assert_covered(&image, &found);
    }
}

#[test]
fn logical_partitions_and_links_outside_their_extended_partition_are_reported_and_read() {
    let mut image = medium(&[1, 3, 5]);
    entry(&mut image, 0, 0, 0x0F, 2048, 2048);
    entry(&mut image, 2048, 0, 0x01, 4096, 2048);
    entry(&mut image, 2048, 1, 0x05, 6144, 4096);
    entry(&mut image, 8192, 0, 0x01, 2048, 2048);
    let found = layout(&image);
    assert_eq!(rules(&found), ["ebr_outside"]);
    assert_eq!(places(&found), [3, 5].map(|at| ("fat12", at * MIB, MIB)));
    assert_covered(&image, &found);
    // A partition that begins with its own link is its link.
    let mut image = extended();
    entry(&mut image, 4096, 0, 0x01, 0, 2048);
    assert!(rules(&layout(&image)).contains(&"ebr_outside"));
}

#[test]
fn a_link_that_is_no_boot_record_or_has_two_successors_is_reported() {
    let mut image = extended();
    entry(&mut image, 4096, 1, 0x05, 4096, 4096);
    assert_eq!(rules(&layout(&image)), ["ebr_malformed"]);
    entry(&mut image, 8192, 0, 0x01, 2048, 2048);
    entry(&mut image, 4096, 2, 0x05, 4096, 4096);
    let found = layout(&image);
    assert_eq!(rules(&found), ["ebr_extra_entry", "ebr_malformed"]);
    assert_covered(&image, &found);
}

#[test]
fn a_second_extended_partition_is_reported_and_read() {
    let mut image = medium(&[2, 4]);
    for (slot, start) in [(0, 2048), (1, 6144)] {
        entry(&mut image, 0, slot, 0x05, start, 4096);
        entry(&mut image, start as usize, 0, 0x01, 2048, 2048);
    }
    let found = layout(&image);
    assert_eq!(rules(&found), ["extended_several"]);
    assert_eq!(places(&found), [2, 4].map(|at| ("fat12", at * MIB, MIB)));
    assert_covered(&image, &found);
}

#[test]
fn what_some_systems_do_not_show_is_reported_and_read() {
    for (rule, tier, at, value) in [
        ("partition_hidden", Tier::Notice, 450, 0x11),
        ("partition_without_type", Tier::Notice, 450, 0),
        ("partition_status", Tier::Incomplete, 446, 1),
        ("dynamic_disk", Tier::Incomplete, 450, 0x42),
    ] {
        let mut image = medium(&[1]);
        entry(&mut image, 0, 0, 0x01, 2048, 2048);
        image[at] = value;
        let found = layout(&image);
        assert_eq!(rules(&found), [rule]);
        assert_eq!(found.findings[0].tier, tier);
        assert_eq!(places(&found), [("fat12", MIB, MIB)]);
    }
}

#[test]
fn space_outside_every_partition_is_accounted_for_once_in_overlapping_pieces() {
    let size = volume::GAP_PIECE_BYTES_MAX as usize * 2 + 3 * MIB;
    let mut image = vec![0; size];
    put(&mut image, MIB, &fat());
    entry(&mut image, 0, 0, 0x01, 2048, 2048);
    let found = layout(&image);
    assert_eq!(rules(&found), Vec::<&str>::new());
    assert_covered(&image, &found);
    let longest = found.raw.iter().map(|item| item.size_bytes).max();
    assert_eq!(longest, Some(volume::GAP_PIECE_BYTES_MAX));
    let end = size - MIB / 2;
    assert_eq!(raw_at(&found, end).len(), 1);
    // Where two pieces meet, both hold what would be cut in two.
    let second = &found
        .raw
        .iter()
        .find(|item| item.path.as_bytes() == b"gap-2097152");
    let meets = 2 * MIB as u64 + second.unwrap().size_bytes - 1;
    assert_eq!(raw_at(&found, meets as usize).len(), 2);
}

#[test]
fn fat_in_sectors_of_4096_bytes_is_read_from_either_table() {
    let files = BTreeMap::from([("点検.BIN".to_owned(), bytes(3, 50_000))]);
    let volume = crate::fat::image(&["-F16", "-S4096", "-s1"], 20 << 20, &files);
    for large in [true, false] {
        let mut image = vec![0; 24 * MIB];
        put(&mut image, MIB, &volume);
        if large {
            crate::gpt::Gpt::of(4096, &[(256, 5120)]).write(&mut image);
        } else {
            entry(&mut image, 0, 0, 0x0E, 256, 5120);
        }
        let found = layout(&image);
        assert_eq!(places(&found), [("fat16", MIB, 20 * MIB)]);
        assert_covered(&image, &found);
        let part = image[MIB..21 * MIB].to_vec();
        crate::support::walk("fat16", part).assert_holds(&files);
    }
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
    assert_eq!(rules(&found), ["iso_hybrid"]);
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
    for size in [1, 511, 512, 513, 100_000] {
        let image = bytes(7, size);
        let noise = layout(&image);
        assert_eq!(places(&noise), [("unknown", 0, size)]);
        let error = volume::open("unknown", 0, std::rc::Rc::new(Image(image)));
        assert_eq!(error.err().unwrap().gap(), wire::Gap::Unsupported);
    }
    // So much noise is encrypted, even when it ends like a boot record.
    let mut image = bytes(7, 3 * MIB);
    for end in [[0; 2], [0x55, 0xAA]] {
        put(&mut image, 510, &end);
        assert_eq!(places(&layout(&image)), [("encrypted_unknown", 0, 3 * MIB)]);
    }
}
