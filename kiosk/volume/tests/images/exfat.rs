//! exFAT. No tool fills an image without mounting it, so a small writer does it here; what it
//! writes is checked by fsck.exfat.

use std::collections::BTreeMap;
use std::io;

use wire::Tier;

use crate::support::{Bench, arg, bytes, kind, run, sample, walk};

/// Writes files into an image that mkfs.exfat made.
pub(crate) struct Writer {
    image: Vec<u8>,
    fat: usize,
    heap: usize,
    cluster: usize,
    bitmap: usize,
    next: u32,
    /// Leaves every other cluster free, so that chains are needed.
    scattered: bool,
}

fn u32_at(image: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(image[at..at + 4].try_into().unwrap())
}

impl Writer {
    fn new(image: Vec<u8>) -> Self {
        let sector = 1_usize << image[108];
        let cluster = sector << image[109];
        let heap = u32_at(&image, 88) as usize * sector;
        let root = u32_at(&image, 96);
        let root_at = heap + (root as usize - 2) * cluster;
        let at = (root_at..)
            .step_by(32)
            .find(|at| image[*at] == 0x81)
            .unwrap();
        let bitmap = heap + (u32_at(&image, at + 20) as usize - 2) * cluster;
        Self {
            fat: u32_at(&image, 80) as usize * sector,
            heap,
            cluster,
            bitmap,
            next: root + 1,
            scattered: false,
            image,
        }
    }

    fn at(&self, cluster: u32) -> usize {
        self.heap + (cluster as usize - 2) * self.cluster
    }

    fn link(&mut self, cluster: u32, value: u32) {
        let at = self.fat + cluster as usize * 4;
        self.image[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// Stores `content`; gives its first cluster and whether it needs no chain.
    fn store(&mut self, content: &[u8]) -> (u32, bool) {
        let mut clusters = Vec::new();
        for piece in content.chunks(self.cluster) {
            let cluster = self.next;
            self.next += if self.scattered { 2 } else { 1 };
            let at = self.at(cluster);
            self.image[at..at + piece.len()].copy_from_slice(piece);
            let bit = cluster as usize - 2;
            self.image[self.bitmap + bit / 8] |= 1 << (bit % 8);
            clusters.push(cluster);
        }
        if self.scattered {
            for pair in clusters.windows(2) {
                self.link(pair[0], pair[1]);
            }
            if let Some(last) = clusters.last() {
                self.link(*last, u32::MAX);
            }
        }
        (clusters.first().copied().unwrap_or(0), !self.scattered)
    }

    /// The entries of a file or folder.
    fn set(&mut self, name: &str, content: &[u8], is_folder: bool) -> Vec<u8> {
        let (first, contiguous) = self.store(content);
        let units: Vec<u16> = name.encode_utf16().collect();
        let names = units.len().div_ceil(15);
        let mut set = vec![0_u8; (2 + names) * 32];
        set[0] = 0x85;
        set[1] = (1 + names) as u8;
        set[4] = if is_folder { 0x10 } else { 0x20 };
        for at in [8, 12, 16] {
            set[at..at + 4].copy_from_slice(&0x5D21_0000_u32.to_le_bytes());
        }
        set[32] = 0xC0;
        set[33] = if content.is_empty() {
            0x01
        } else {
            0x01 | u8::from(contiguous) << 1
        };
        set[35] = units.len() as u8;
        set[36..38].copy_from_slice(&name_hash(&units).to_le_bytes());
        let size = (content.len() as u64).to_le_bytes();
        set[40..48].copy_from_slice(&size);
        set[52..56].copy_from_slice(&first.to_le_bytes());
        set[56..64].copy_from_slice(&size);
        for (index, piece) in units.chunks(15).enumerate() {
            let at = 64 + index * 32;
            set[at] = 0xC1;
            for (number, unit) in piece.iter().enumerate() {
                set[at + 2 + number * 2..][..2].copy_from_slice(&unit.to_le_bytes());
            }
        }
        sign(&mut set);
        set
    }

    fn folder(&mut self, files: &BTreeMap<String, Vec<u8>>, prefix: &str) -> Vec<u8> {
        let mut entries = Vec::new();
        let mut done = Vec::new();
        for (path, content) in files {
            let Some(rest) = path.strip_prefix(prefix) else {
                continue;
            };
            match rest.split_once('/') {
                None => entries.extend(self.set(rest, content, false)),
                Some((folder, _)) if !done.contains(&folder.to_owned()) => {
                    done.push(folder.to_owned());
                    let mut inner = self.folder(files, &format!("{prefix}{folder}/"));
                    let whole = inner.len().next_multiple_of(self.cluster).max(self.cluster);
                    inner.resize(whole, 0);
                    entries.extend(self.set(folder, &inner, true));
                }
                Some(_) => {}
            }
        }
        entries
    }
}

/// The checksum of a set of entries.
fn sign(set: &mut [u8]) {
    let mut sum = 0_u16;
    for (position, byte) in set.iter().enumerate() {
        if position != 2 && position != 3 {
            sum = sum.rotate_right(1).wrapping_add(u16::from(*byte));
        }
    }
    set[2..4].copy_from_slice(&sum.to_le_bytes());
}

/// The hash of the name in upper case, which is enough for the letters used here.
fn name_hash(units: &[u16]) -> u16 {
    let text = String::from_utf16(units).unwrap();
    let upper: Vec<u16> = text.to_uppercase().encode_utf16().collect();
    let bytes = upper.iter().flat_map(|unit| unit.to_le_bytes());
    bytes.fold(0, |sum: u16, byte| {
        sum.rotate_right(1).wrapping_add(u16::from(byte))
    })
}

/// An image that mkfs.exfat made, with these files, accepted by fsck.exfat.
pub(crate) fn image(files: &BTreeMap<String, Vec<u8>>, scattered: bool) -> Vec<u8> {
    let bench = Bench::new();
    let path = bench.blank(16 << 20);
    run("mkfs.exfat", ["-L", "LABEL１", "-c", "4K", &arg(&path)]);
    let mut writer = Writer::new(std::fs::read(&path).unwrap());
    writer.scattered = scattered;
    let entries = writer.folder(files, "");
    // The root has one cluster; mkfs wrote its first entries there.
    let root = writer.at(u32_at(&writer.image, 96));
    let free = (root..)
        .step_by(32)
        .find(|at| writer.image[*at] == 0)
        .unwrap();
    assert!(
        free + entries.len() <= root + writer.cluster,
        "the root is full"
    );
    writer.image[free..free + entries.len()].copy_from_slice(&entries);
    std::fs::write(&path, &writer.image).unwrap();
    run("fsck.exfat", ["-n", &arg(&path)]);
    writer.image
}

fn one(path: &str, content: Vec<u8>) -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([(path.to_owned(), content)])
}

/// Offset of the first file set in the root.
pub(crate) fn first_set(image: &[u8]) -> usize {
    let writer = Writer::new(image.to_vec());
    let root = writer.at(u32_at(image, 96));
    (root..).step_by(32).find(|at| image[*at] == 0x85).unwrap()
}

/// The image with the clusters of the root's first set, which follow each other, marked as free.
pub(crate) fn freed(mut image: Vec<u8>) -> Vec<u8> {
    let writer = Writer::new(image.clone());
    let root = writer.at(u32_at(&image, 96));
    let set = (root..)
        .step_by(32)
        .find(|at| image[*at] & 0x7F == 5)
        .unwrap();
    let first = u32_at(&image, set + 52) as usize - 2;
    let clusters = (u32_at(&image, set + 56) as usize).div_ceil(writer.cluster);
    for bit in first..first + clusters {
        image[writer.bitmap + bit / 8] &= !(1 << (bit % 8));
    }
    image
}

/// Signs the first set of the root again.
pub(crate) fn sign_first(image: &mut [u8]) {
    let at = first_set(image);
    let length = (usize::from(image[at + 1]) + 1) * 32;
    sign(&mut image[at..at + length]);
}

#[test]
fn every_file_is_found_and_right_whether_chained_or_not() {
    let mut files = sample();
    files.insert("絵文字😀.bin".to_owned(), bytes(1, 100));
    for scattered in [false, true] {
        let image = image(&files, scattered);
        assert_eq!(kind(&image), "exfat");
        let found = walk("exfat", image);
        found.assert_holds(&files);
        assert_eq!(found.label, "LABEL１");
        let used: usize = files.values().map(Vec::len).sum();
        assert!(used as u64 <= found.size_bytes - found.unallocated_bytes);
    }
}

#[test]
fn what_was_never_written_reads_as_zeros() {
    let mut image = image(&one("A.BIN", bytes(1, 5000)), false);
    let at = first_set(&image) + 32;
    image[at + 8..at + 16].copy_from_slice(&100_u64.to_le_bytes());
    sign_first(&mut image);
    let found = walk("exfat", image);
    let mut expected = bytes(1, 5000);
    expected[100..].fill(0);
    assert_eq!(found.contents["A.BIN"], Ok(expected));
    assert!(found.rules().is_empty());
}

#[test]
fn a_set_with_a_wrong_checksum_is_reported_and_listed() {
    let mut image = image(&one("A.BIN", bytes(1, 5000)), false);
    let at = first_set(&image);
    image[at + 2] ^= 1;
    let found = walk("exfat", image);
    assert_eq!(found.rules(), ["entry_set_checksum"]);
    assert_eq!(found.items[0].findings[0].tier, Tier::Incomplete);
    assert_eq!(found.contents["A.BIN"], Ok(bytes(1, 5000)));
}

#[test]
fn a_set_that_makes_no_sense_is_never_skipped_in_silence() {
    let image = image(&one("A.BIN", bytes(1, 5000)), false);
    let at = first_set(&image);
    for (offset, value) in [
        (1, 0),
        (1, 1),
        (1, 18),
        (32, 0x40),
        (32, 0xC1),
        (64, 0x41),
        (64, 0),
    ] {
        let mut broken = image.clone();
        broken[at + offset] = value;
        assert!(
            !walk("exfat", broken).rules().is_empty(),
            "{offset} {value}"
        );
    }
}

/// Bytes to put at offsets of a stream entry.
type Changes<'a> = &'a [(usize, &'a [u8])];

#[test]
fn sizes_and_chains_that_contradict_each_other_are_reported() {
    let image = image(&one("A.BIN", bytes(1, 50_000)), true);
    let at = first_set(&image) + 32;
    let cases: [(Changes<'_>, &str, Option<io::ErrorKind>); 4] = [
        (
            &[(24, &90_000_u64.to_le_bytes())],
            "chain_too_short",
            Some(io::ErrorKind::UnexpectedEof),
        ),
        (
            &[(24, &100_u64.to_le_bytes()), (8, &100_u64.to_le_bytes())],
            "chain_too_long",
            None,
        ),
        (&[(20, &2_u32.to_le_bytes())], "cross_linked", None),
        (
            &[(24, &u64::MAX.to_le_bytes())],
            "chain_too_short",
            Some(io::ErrorKind::InvalidData),
        ),
    ];
    for (changes, rule, error) in cases {
        let mut broken = image.clone();
        for (offset, bytes) in changes {
            broken[at + offset..at + offset + bytes.len()].copy_from_slice(bytes);
        }
        sign_first(&mut broken);
        let found = walk("exfat", broken);
        assert!(found.rules().contains(&rule), "{rule}: {:?}", found.rules());
        if let Some(error) = error {
            assert_eq!(found.contents["A.BIN"], Err(error), "{rule}");
        }
    }
}

#[test]
fn a_folder_that_leads_back_to_the_root_ends_and_is_reported() {
    let mut image = image(&one("A/B.BIN", bytes(1, 5000)), true);
    let at = first_set(&image) + 32;
    let root = u32_at(&image, 96);
    image[at + 20..at + 24].copy_from_slice(&root.to_le_bytes());
    sign_first(&mut image);
    let found = walk("exfat", image);
    assert!(
        found.rules().contains(&"folder_loop"),
        "{:?}",
        found.rules()
    );
    assert_eq!(found.rows[0].path.as_bytes(), b"A");
}

#[test]
fn folders_and_tables_past_their_largest_size_are_reported() {
    let image = image(&one("A/B.BIN", bytes(1, 5000)), false);
    let at = first_set(&image) + 32;
    let mut broken = image.clone();
    for offset in [8, 24] {
        broken[at + offset..at + offset + 8].copy_from_slice(&(257_u64 << 20).to_le_bytes());
    }
    sign_first(&mut broken);
    assert!(walk("exfat", broken).rules().contains(&"folder_too_long"));
    let mut broken = image;
    let root = Writer::new(broken.clone()).at(u32_at(&broken, 96));
    let at = (root..).step_by(32).find(|at| broken[*at] == 0x82).unwrap();
    broken[at + 24..at + 32].copy_from_slice(&(129_u64 << 10).to_le_bytes());
    assert!(walk("exfat", broken).rules().contains(&"upcase_too_long"));
}

#[test]
fn boot_regions_are_held_against_checksum_and_backup() {
    let image = image(&one("A.BIN", bytes(1, 5000)), false);
    let mut broken = image.clone();
    broken[120] ^= 1;
    let rules = walk("exfat", broken);
    assert_eq!(
        rules.rules(),
        ["exfat_boot_checksum", "exfat_boot_copies_differ"]
    );
    let mut broken = image.clone();
    broken[12 * 512 + 120] ^= 1;
    let rules = walk("exfat", broken);
    assert_eq!(
        rules.rules(),
        ["exfat_backup_checksum", "exfat_boot_copies_differ"]
    );
    // The percentage in use is in neither.
    let mut other = image;
    other[112] = 7;
    assert!(walk("exfat", other).rules().is_empty());
}

#[test]
fn a_truncated_image_is_reported() {
    let mut image = image(&sample(), false);
    image.truncate(3 << 20);
    assert!(walk("exfat", image).rules().contains(&"volume_past_end"));
}
