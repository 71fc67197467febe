//! Media that one system reads as one thing and another as something else: never without a word.

use std::collections::BTreeMap;

use volume::Layout;
use wire::Tier;

use crate::fat::{image, one, u16_at};
use crate::support::{Image, bytes, walk};

fn layout(image: &[u8]) -> Layout {
    volume::layout(&Image(image.to_vec())).unwrap()
}

/// The rules of what keeps a layout from PASS.
fn against(image: &[u8]) -> Vec<String> {
    let findings = layout(image).findings.into_iter();
    let against = findings.filter(|finding| finding.tier != Tier::Notice);
    against.map(|finding| finding.rule).collect()
}

fn fat16() -> Vec<u8> {
    image(&["-F16"], 16 << 20, &one("A.BIN", bytes(1, 5000)))
}

/// A master boot record's entry.
fn entry(image: &mut [u8], index: usize, kind: u8, start: u32, count: u32) {
    let at = 446 + index * 16;
    image[at..at + 16].fill(0);
    image[at + 4] = kind;
    image[at + 8..at + 12].copy_from_slice(&start.to_le_bytes());
    image[at + 12..at + 16].copy_from_slice(&count.to_le_bytes());
    image[510..512].copy_from_slice(&[0x55, 0xAA]);
}

#[test]
fn a_boot_sector_with_another_systems_name_and_fat_in_it_is_ambiguous() {
    for name in [b"NTFS    ", b"EXFAT   "] {
        let mut image = fat16();
        image[3..11].copy_from_slice(name);
        assert_eq!(against(&image), ["volume_ambiguous"]);
    }
}

#[test]
fn a_volume_with_a_fat_boot_sector_before_it_is_ambiguous_however_odd_that_is() {
    let ext = crate::ext::image("ext4", &BTreeMap::new());
    assert_eq!(against(&ext), Vec::<String>::new());
    let fat = fat16();
    let odd = |change: &dyn Fn(&mut [u8])| {
        let mut image = ext.clone();
        image[..512].copy_from_slice(&fat[..512]);
        change(&mut image);
        against(&image)
    };
    assert_eq!(odd(&|_| {}), ["volume_ambiguous"]);
    // More tables than are read here, and a jump without the mark at the sector's end.
    assert_eq!(odd(&|image| image[16] = 5), ["volume_ambiguous"]);
    assert_eq!(odd(&|image| image[2] = 0), ["volume_ambiguous"]);
    assert_eq!(odd(&|image| image[510..512].fill(0)), ["volume_ambiguous"]);
    // Without either, nobody takes it for FAT.
    let nobody = odd(&|image| {
        image[0] = 0;
        image[510..512].fill(0);
    });
    assert_eq!(nobody, Vec::<String>::new());
}

#[test]
fn an_odd_entry_does_not_hide_the_partition_beside_it() {
    for odd in [(0x83, 0, 77), (0x83, 5000, 0), (0x83, u32::MAX, 100)] {
        let mut image = crate::ext::image("ext4", &BTreeMap::new());
        let size = image.len();
        image.extend_from_slice(&fat16());
        let start = (size / 512) as u32;
        entry(&mut image, 0, 0x06, start, 32_768);
        entry(&mut image, 1, odd.0, odd.1, odd.2);
        let found = layout(&image);
        let kinds: Vec<_> = found
            .volumes
            .iter()
            .map(|place| place.kind.as_str())
            .collect();
        assert!(kinds.contains(&"fat16"), "{odd:?}: {kinds:?}");
        assert!(!against(&image).is_empty(), "{odd:?}");
    }
}

#[test]
fn entries_that_lead_to_volumes_in_two_sizes_of_sectors_are_reported() {
    let mut image = vec![0; 40 << 20];
    let fat = fat16();
    image[2048 * 512..][..fat.len()].copy_from_slice(&fat);
    entry(&mut image, 0, 0x06, 2048, 32_768);
    assert_eq!(against(&image), Vec::<String>::new());
    image[2048 * 4096..][..fat.len()].copy_from_slice(&fat);
    assert!(against(&image).contains(&"mbr_two_sector_sizes".to_owned()));
}

#[test]
fn root_entries_that_move_the_clusters_are_reported() {
    let files = one("A.BIN", bytes(1, 5000));
    let mut fat32 = image(&["-F32"], 40 << 20, &files);
    // In the backup as well.
    for sector in [0, u16_at(&fat32, 50) * 512] {
        fat32[sector + 17..sector + 19].copy_from_slice(&1024_u16.to_le_bytes());
    }
    assert_eq!(walk("fat32", fat32).rules(), ["root_entries_odd"]);
    let mut fat16 = fat16();
    fat16[17] |= 3;
    assert!(walk("fat16", fat16).rules().contains(&"root_entries_odd"));
}

#[test]
fn a_number_of_clusters_between_fat12_and_fat16_is_reported() {
    for (clusters, expected) in [(4084, false), (4085, true), (4086, true), (4087, false)] {
        let mut image = fat16();
        let tables = u16_at(&image, 14) + 2 * u16_at(&image, 22);
        let before = tables + u16_at(&image, 17) * 32 / 512;
        let total = (before + clusters * usize::from(image[13])) as u32;
        image[19..21].fill(0);
        image[32..36].copy_from_slice(&total.to_le_bytes());
        let found = walk("fat16", image);
        let is_reported = found.rules().contains(&"fat_width_ambiguous");
        assert_eq!(is_reported, expected, "{clusters}");
    }
}

#[test]
fn a_partition_that_is_not_in_use_and_remains_of_a_table_are_no_contradiction() {
    // A disc image's own boot record beside the entry that protects its table.
    let mut image = vec![0; 4 << 20];
    entry(&mut image, 0, 0, 0, 1);
    entry(&mut image, 1, 0x06, 2048, 4096);
    assert_eq!(layout(&image).volumes.len(), 1);
    // A GPT that no entry announces, on a medium that is a volume.
    let mut fat = fat16();
    fat[512..520].copy_from_slice(b"EFI PART");
    assert_eq!(against(&fat), Vec::<String>::new());
}
