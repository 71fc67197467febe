//! GUID partition tables.

use volume::PARTITIONS_MAX;
use wire::Tier;

use crate::layout::{MIB, assert_covered, entry, layout, medium, places, put, raw_at, rules};
use crate::support::bytes;

/// One copy of a GPT as its fields say, in sectors.
#[derive(Clone)]
pub(crate) struct Copy {
    own: u64,
    other: u64,
    usable: (u64, u64),
    entries_at: u64,
    reserved: u32,
}

/// What is done to a copy before it is written.
type Change = fn(&mut Copy);

/// A GPT to write.
#[derive(Clone)]
pub(crate) struct Gpt {
    sector: u64,
    /// First sector, sectors, attributes.
    partitions: Vec<(u64, u64, u64)>,
    kind: [u8; 16],
    /// Entries by the header.
    count: u32,
    change: Change,
}

impl Gpt {
    /// Partitions of these first sectors and sectors.
    pub(crate) fn of(sector: u64, partitions: &[(u64, u64)]) -> Self {
        let partitions = partitions.iter();
        Self {
            sector,
            partitions: partitions
                .map(|(first, count)| (*first, *count, 0))
                .collect(),
            kind: *b"a kind of volume",
            count: 128,
            change: |_| {},
        }
    }

    fn entries(&self) -> Vec<u8> {
        let mut entries = vec![0_u8; 128 * 128];
        for (index, (first, count, attributes)) in self.partitions.iter().enumerate() {
            let at = index * 128;
            put(&mut entries, at, &self.kind);
            put(&mut entries, at + 16, &bytes(index as u32 + 1, 16));
            put(&mut entries, at + 32, &first.to_le_bytes());
            put(&mut entries, at + 40, &(first + count - 1).to_le_bytes());
            put(&mut entries, at + 48, &attributes.to_le_bytes());
        }
        entries
    }

    /// Both copies and the MBR that protects them.
    pub(crate) fn write(&self, image: &mut [u8]) {
        let sectors = image.len() as u64 / self.sector;
        let last = sectors - 1;
        entry(image, 0, 0, 0xEE, 1, last as u32);
        let entries = self.entries();
        let long = (entries.len() as u64).div_ceil(self.sector);
        for (own, other, entries_at) in [(1, last, 2), (last, 1, last - long)] {
            let mut copy = Copy {
                own,
                other,
                usable: (2 + long, last - long - 1),
                entries_at,
                reserved: 0,
            };
            (self.change)(&mut copy);
            put(image, (copy.entries_at * self.sector) as usize, &entries);
            let mut header = vec![0_u8; 92];
            put(&mut header, 0, b"EFI PART\0\0\x01\0\x5C\0\0\0");
            put(&mut header, 20, &copy.reserved.to_le_bytes());
            for (at, value) in [
                (24, copy.own),
                (32, copy.other),
                (40, copy.usable.0),
                (48, copy.usable.1),
                (72, copy.entries_at),
            ] {
                put(&mut header, at, &u64::to_le_bytes(value));
            }
            put(&mut header, 80, &self.count.to_le_bytes());
            put(&mut header, 84, &128_u32.to_le_bytes());
            put(&mut header, 88, &crc32fast::hash(&entries).to_le_bytes());
            let sum = crc32fast::hash(&header);
            put(&mut header, 16, &sum.to_le_bytes());
            put(image, (own * self.sector) as usize, &header);
        }
    }
}

/// Both copies of a GPT with these partitions, in sectors of 512 bytes.
pub(crate) fn gpt(image: &mut [u8], partitions: &[(u64, u64)]) {
    Gpt::of(512, partitions).write(image);
}

/// A medium with one FAT12 volume at 1 MiB and a GPT that was changed.
fn changed(change: impl FnOnce(&mut Gpt)) -> Vec<u8> {
    let mut image = medium(&[1]);
    let mut table = Gpt::of(512, &[(2048, 2048)]);
    change(&mut table);
    table.write(&mut image);
    image
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
    let mut table = Gpt::of(512, &[(2048, 2048)]);
    table.count = 8193;
    table.write(&mut image);
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
fn fields_of_a_header_that_do_not_fit_are_reported_and_its_partitions_read() {
    let cases: [(&str, Tier, Change); 9] = [
        ("gpt_reserved_used", Tier::Notice, |copy| copy.reserved = 7),
        ("gpt_usable_range", Tier::Incomplete, |copy| {
            copy.usable.1 = 16_383
        }),
        ("gpt_usable_range", Tier::Incomplete, |copy| {
            copy.usable.0 = 1
        }),
        ("gpt_usable_range", Tier::Incomplete, |copy| {
            copy.usable = (34, 33)
        }),
        ("gpt_entry_outside", Tier::Incomplete, |copy| {
            copy.usable.0 = 2049
        }),
        ("gpt_entry_outside", Tier::Incomplete, |copy| {
            copy.usable.1 = 4094
        }),
        // Past both usable range and usual place: legal, and unusual.
        ("gpt_entries_moved", Tier::Notice, |copy| {
            copy.usable = (100, 16_000);
            copy.entries_at = if copy.own == 1 { 50 } else { 16_100 };
        }),
        ("gpt_entries_misplaced", Tier::Incomplete, |copy| {
            copy.entries_at = if copy.own == 1 { 5000 } else { 6000 };
        }),
        ("gpt_copies_differ", Tier::Incomplete, |copy| {
            copy.usable.0 = if copy.own == 1 { 34 } else { 35 };
        }),
    ];
    for (rule, tier, change) in cases {
        let image = changed(|table| table.change = change);
        let found = layout(&image);
        let is_that = |finding: &&wire::Finding| finding.rule == rule && finding.tier == tier;
        assert!(
            found.findings.iter().any(|one| is_that(&one)),
            "{rule}: {:?}",
            found.findings
        );
        assert_eq!(places(&found), [("fat12", MIB, MIB)], "{rule}");
        assert_covered(&image, &found);
    }
}

#[test]
fn partitions_that_systems_are_told_to_hide_are_reported() {
    for (attributes, hidden) in [
        (0, false),
        (1 << 62, true),
        (1 << 63, true),
        (2, true),
        (5, false),
    ] {
        let found = layout(&changed(|table| table.partitions[0].2 = attributes));
        let expected: &[&str] = if hidden { &["partition_hidden"] } else { &[] };
        assert_eq!(rules(&found), expected, "{attributes:x}");
    }
}

#[test]
fn pieces_of_dynamic_disks_are_reported() {
    let kind = [
        0xA0, 0x60, 0x9B, 0xAF, 0x31, 0x14, 0x62, 0x4F, 0xBC, 0x68, 0x33, 0x11, 0x71, 0x4A, 0x69,
        0xAD,
    ];
    let found = layout(&changed(|table| table.kind = kind));
    assert_eq!(rules(&found), ["dynamic_disk"]);
    assert_eq!(found.findings[0].tier, Tier::Incomplete);
}

#[test]
fn what_hides_in_the_room_of_the_tables_is_in_a_gap() {
    let mut image = changed(|_| {});
    let last = image.len() - 512;
    // After the header, behind the entries' checksum range of neither copy, after the backup.
    let hidden = [512 + 92, 34 * 512, last + 92, last - 33 * 512];
    for at in hidden {
        put(&mut image, at, b"hidden");
    }
    let found = layout(&image);
    assert_eq!(rules(&found), Vec::<&str>::new());
    for at in hidden.into_iter().chain([1024 + 128 * 100]) {
        let names = raw_at(&found, at);
        assert!(names.iter().any(|name| name.starts_with("gap-")), "{at}");
    }
    assert_covered(&image, &found);
}

#[test]
fn a_gpt_in_sectors_of_4096_bytes_is_read_and_said_to_be_one() {
    let mut image = medium(&[1, 3]);
    Gpt::of(4096, &[(256, 256), (768, 256)]).write(&mut image);
    let found = layout(&image);
    assert_eq!(rules(&found), ["gpt_large_sectors"]);
    assert_eq!(found.findings[0].tier, Tier::Notice);
    assert_eq!(places(&found), [1, 3].map(|at| ("fat12", at * MIB, MIB)));
    assert_covered(&image, &found);
}

#[test]
fn tables_for_both_sector_sizes_are_a_contradiction_and_both_are_read() {
    let mut image = medium(&[1, 3]);
    Gpt::of(4096, &[(256, 256)]).write(&mut image);
    let mut small = image.clone();
    // Of the small table only what leaves room for the large one: its entries lie further on.
    let mut table = Gpt::of(512, &[(6144, 2048)]);
    table.change = |copy| {
        copy.usable = (200, 16_000);
        copy.entries_at = if copy.own == 1 { 100 } else { 16_100 };
    };
    table.write(&mut small);
    let found = layout(&small);
    assert!(
        rules(&found).contains(&"gpt_two_sector_sizes"),
        "{:?}",
        rules(&found)
    );
    assert_eq!(places(&found), [1, 3].map(|at| ("fat12", at * MIB, MIB)));
}

#[test]
fn a_protective_entry_that_does_not_cover_the_medium_is_reported() {
    for (start, count, rule, tier) in [
        (1, 9_999, "protective_entry_size", Tier::Notice),
        (1, 99_999, "protective_entry_size", Tier::Notice),
        (63, 16_383, "protective_entry_misplaced", Tier::Incomplete),
    ] {
        let mut image = changed(|_| {});
        entry(&mut image, 0, 0, 0xEE, start, count);
        let found = layout(&image);
        assert_eq!(rules(&found), [rule]);
        assert_eq!(found.findings[0].tier, tier);
        assert_eq!(places(&found), [("fat12", MIB, MIB)]);
    }
    let mut image = changed(|_| {});
    entry(&mut image, 0, 0, 0xEE, 1, u32::MAX);
    assert_eq!(rules(&layout(&image)), Vec::<&str>::new());
}

#[test]
fn partitions_that_a_protective_mbr_hides_are_reported_and_read() {
    let mut image = medium(&[1, 3, 5]);
    gpt(&mut image, &[(2048, 2048)]);
    entry(&mut image, 0, 1, 0x05, 4096, 8192);
    entry(&mut image, 4096, 0, 0x01, 2048, 2048);
    let found = layout(&image);
    assert_eq!(rules(&found), ["hybrid_mbr_differs"]);
    assert_eq!(places(&found), [1, 3].map(|at| ("fat12", at * MIB, MIB)));
    assert_covered(&image, &found);
    // The same without the table that the MBR announces.
    let mut image = medium(&[3]);
    entry(&mut image, 0, 0, 0xEE, 1, 16_383);
    entry(&mut image, 0, 1, 0x01, 6144, 2048);
    let found = layout(&image);
    assert_eq!(rules(&found), ["gpt_missing"]);
    assert_eq!(places(&found), [("fat12", 3 * MIB, MIB)]);
    assert_covered(&image, &found);
}

#[test]
fn a_backup_in_the_last_sector_counts_though_another_is_named() {
    let mut image = medium(&[1, 3]);
    gpt(&mut image, &[(6144, 2048)]);
    let tail = image.len() - 33 * 512;
    let backup = image[tail..].to_vec();
    // The first copy comes from a smaller medium, with its backup in the middle of this one.
    let mut small = image[..4 * MIB].to_vec();
    gpt(&mut small, &[(2048, 2048)]);
    image[..4 * MIB].copy_from_slice(&small);
    image[tail..].copy_from_slice(&backup);
    let found = layout(&image);
    let expected = [
        "gpt_backup_misplaced",
        "gpt_copies_differ",
        "protective_entry_size",
    ];
    assert_eq!(rules(&found), expected);
    let places = places(&found);
    assert!(places.contains(&("fat12", MIB, MIB)), "{places:?}");
    assert!(places.contains(&("fat12", 3 * MIB, MIB)), "{places:?}");
}
