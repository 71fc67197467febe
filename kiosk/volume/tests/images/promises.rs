//! FAT and exFAT volumes whose boot sectors promise what the medium does not hold, or less.

use wire::Tier;

use crate::support::{Bench, Found, Image, arg, run, sample, walk};

/// A FAT16 or exFAT volume with files.
fn image(kind: &str) -> Vec<u8> {
    if kind == "exfat" {
        crate::exfat::image(&sample(), false)
    } else {
        crate::fat::image(&["-F16"], 16 << 20, &sample())
    }
}

/// Contents are accounted for up to where the medium ends, and not beyond.
fn accounted(found: &Found) -> u64 {
    let all = found.items.iter().chain(&found.raw);
    let shares: u64 = all.map(|item| item.share.allocated_bytes).sum();
    shares + found.unallocated_bytes
}

#[test]
fn a_volume_that_is_cut_is_accounted_for_as_far_as_it_is_there() {
    for kind in ["fat16", "exfat"] {
        let image = image(kind);
        for part in [2, 3, 20, 300] {
            let mut cut = image.clone();
            cut.truncate(image.len() / part + 7);
            let size = cut.len() as u64;
            let found = walk(kind, cut);
            assert!(found.rules().contains(&"volume_past_end"), "{kind} {part}");
            assert!(accounted(&found) <= size, "{kind} {part}");
        }
    }
}

#[test]
fn clusters_by_the_hundred_million_are_looked_for_only_where_the_medium_is() {
    let mut fat = crate::fat::image(&["-F32"], 40 << 20, &sample());
    // Sectors of the volume and of its table.
    fat[32..36].copy_from_slice(&0x0FFF_FF00_u32.to_le_bytes());
    fat[36..40].copy_from_slice(&0x0020_0000_u32.to_le_bytes());
    let mut exfat = image("exfat");
    exfat[92..96].copy_from_slice(&0xFFFF_FFF0_u32.to_le_bytes());
    for (kind, image) in [("fat32", fat), ("exfat", exfat)] {
        let medium = std::rc::Rc::new(Image(image));
        let mut tree = volume::open(kind, 0, medium).unwrap();
        let spare = wire::scan::Spare {
            unallocated: true,
            deleted: true,
        };
        let mut seen = 0;
        let limits = wire::scan::Limits::default();
        let walked = tree.walk(&limits, spare, &mut |_| seen += 1).unwrap();
        let rules: Vec<&str> = walked
            .findings
            .iter()
            .map(|one| one.rule.as_str())
            .collect();
        assert!(rules.contains(&"volume_past_end"), "{rules:?}");
        assert!(seen < 1000, "{kind}: {seen}");
    }
}

#[test]
fn a_table_that_is_not_where_the_boot_sector_says_is_reported() {
    let mut image = image("fat16");
    // Reserved sectors: 4 and 4096 more, so that a table of zeros shows an empty volume.
    image[15] = 0x10;
    let found = walk("fat16", image);
    assert!(
        found.rules().contains(&"fat_first_entry"),
        "{:?}",
        found.rules()
    );
    assert_eq!(found.findings[0].tier, Tier::Incomplete);
}

#[test]
fn much_space_after_a_volume_is_worth_a_word_and_little_is_not() {
    for (kind, maker) in [("fat16", "mkfs.fat"), ("exfat", "mkfs.exfat")] {
        let bench = Bench::new();
        let path = bench.blank(16 << 20);
        run(maker, [arg(&path)]);
        let image = std::fs::read(path).unwrap();
        for (more, rules) in [
            ((1 << 20) - 512, Vec::new()),
            (1 << 20, vec!["volume_shorter"]),
        ] {
            let mut longer = image.clone();
            longer.resize(image.len() + more, 0);
            let found = walk(kind, longer);
            assert_eq!(found.rules(), rules, "{kind}");
            found.assert_accounts();
        }
    }
}
