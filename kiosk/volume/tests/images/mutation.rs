//! Damaged images: no panic, bounded work, and no file lost in silence. The cases are the
//! same in every run.

use std::collections::BTreeMap;
use std::rc::Rc;

use volume::{Blocks, Seen};
use wire::scan::{Limits, Spare};
use wire::{Outcome, RowKind, Tier};

use crate::support::{Image, bytes, run};

/// Cases for each image.
const CASES: u32 = 300;

/// Counts reads, so that work is bounded without a clock.
struct Counting {
    image: Image,
    reads: std::cell::Cell<u64>,
}

/// More reads than any walk of these small images needs.
const READS_MAX: u64 = 400_000;

impl Blocks for Counting {
    fn size_bytes(&self) -> u64 {
        self.image.size_bytes()
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        self.reads.set(self.reads.get() + 1);
        assert!(self.reads.get() < READS_MAX, "a walk does not end");
        self.image.read_at(offset_bytes, buffer)
    }
}

/// A generator of the cases.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

pub(crate) fn files() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for number in 0..30 {
        let path = format!("folder {}/a file with a long name {number}.dat", number % 4);
        files.insert(path, bytes(number, 700 * number as usize % 5000));
    }
    files
}

/// Sectors that differ between the image and one without files: its metadata.
pub(crate) fn metadata(image: &[u8], contents: &BTreeMap<String, Vec<u8>>) -> Vec<usize> {
    let is_content = |sector: &[u8]| {
        let head = &sector[..16];
        contents
            .values()
            .any(|content| content.windows(16).any(|window| window == head))
    };
    let sectors = image.chunks(512).enumerate();
    sectors
        .filter(|(_, sector)| sector.iter().any(|byte| *byte != 0) && !is_content(sector))
        .map(|(number, _)| number)
        .collect()
}

/// Changes one to eight bytes of metadata, or cuts the image.
pub(crate) fn mutate(image: &[u8], sectors: &[usize], seed: u32) -> Vec<u8> {
    let mut chance = Chance(u64::from(seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut mutated = image.to_vec();
    if seed.is_multiple_of(20) {
        mutated.truncate(chance.below(image.len()));
        return mutated;
    }
    for _ in 0..=chance.below(8) {
        let at = sectors[chance.below(sectors.len())] * 512 + chance.below(512);
        let value = mutated[at];
        mutated[at] = match chance.below(5) {
            0 => value ^ 1 << chance.below(8),
            1 => 0,
            2 => 0xFF,
            3 => value.wrapping_add(1),
            _ => chance.below(256) as u8,
        };
    }
    mutated
}

/// Whether something was said, and how many files and bytes came out.
fn outcome(kind: &str, image: Vec<u8>) -> (bool, usize, u64) {
    let medium = Rc::new(Counting {
        image: Image(image),
        reads: std::cell::Cell::new(0),
    });
    let Ok(mut tree) = volume::open(kind, 0, medium) else {
        return (true, 0, 0);
    };
    tree.label();
    let limits = Limits {
        files_max: 2000,
        ..Limits::default()
    };
    let mut said = false;
    let mut items = Vec::new();
    let spare = Spare {
        unallocated: true,
        deleted: true,
    };
    let walked = tree.walk(&limits, spare, &mut |seen| match seen {
        Seen::Item(item) if item.kind == RowKind::File => items.push(item),
        Seen::Item(_) => {}
        Seen::Row(row) => said |= matches!(row.outcome, Outcome::Unchecked(_)),
    });
    said |= walked.map_or(true, |walked| !walked.findings.is_empty());
    let mut read = 0;
    for item in &items {
        said |= item.findings.iter().any(|one| one.tier == Tier::Incomplete);
        let mut sink = std::io::sink();
        let copied = tree.open(item).map(|mut reader| {
            // Sparse files and bad sizes may be large; the caller has a limit, too.
            std::io::copy(&mut std::io::Read::take(&mut reader, 1 << 20), &mut sink)
        });
        match copied {
            Ok(Ok(bytes)) => read += bytes,
            Ok(Err(_)) | Err(_) => said = true,
        }
    }
    (said, items.len(), read)
}

/// Runs all cases; gives how many lost files or bytes and said nothing.
pub(crate) fn campaign(kind: &str, image: &[u8], contents: &BTreeMap<String, Vec<u8>>) -> usize {
    campaign_on(kind, image, contents, &metadata(image, contents))
}

/// The same on these sectors.
fn campaign_on(
    kind: &str,
    image: &[u8],
    contents: &BTreeMap<String, Vec<u8>>,
    sectors: &[usize],
) -> usize {
    let (said, files, read) = outcome(kind, image.to_vec());
    assert!(!said, "the undamaged image is not clean");
    assert_eq!(files, contents.len());
    let silent = (0..CASES).filter(|seed| {
        let (said, found, bytes) = outcome(kind, mutate(image, sectors, *seed));
        !said && (found < files || bytes + 512 <= read)
    });
    let silent = silent.count();
    println!("{silent} of {CASES} silent for {kind}");
    silent
}

#[test]
fn damaged_fat_is_never_a_panic_and_hardly_ever_silent() {
    let files = files();
    for (options, size) in [
        (&["-F12"][..], 1 << 20),
        (&["-F16"], 9 << 20),
        (&["-F32", "-s1"], 35 << 20),
    ] {
        let image = crate::fat::image(options, size, &files);
        let kind = crate::support::kind(&image);
        // An entry that becomes a deleted one, or a smaller size within the same clusters,
        // cannot be told from the work of a user.
        let silent = campaign(kind, &image, &files);
        assert!(silent <= 2, "{silent} of {CASES} silent for {kind}");
    }
}

#[test]
fn damaged_exfat_is_never_a_panic_and_never_silent() {
    let files = files();
    for scattered in [false, true] {
        let image = crate::exfat::image(&files, scattered);
        let silent = campaign("exfat", &image, &files);
        assert_eq!(silent, 0);
    }
}

#[test]
fn damaged_discs_and_ext_are_never_a_panic() {
    let files = files();
    for options in [&["-R", "-J"][..], &["-R", "-J", "-udf"]] {
        let disc = crate::iso::image(options, &files);
        let silent = campaign("iso9660", &disc, &files);
        assert!(silent <= 3, "{silent} of {CASES} silent for iso9660");
    }
    let mut with_links = files.clone();
    with_links.insert("link".to_owned(), b"../etc/passwd".to_vec());
    with_links.insert("pipe".to_owned(), Vec::new());
    let mut ext = crate::ext::image("ext4", &files);
    // lost+found and reserved blocks make it larger than what matters.
    ext.truncate(16 << 20);
    let silent = campaign("ext4", &ext, &with_links);
    assert_eq!(silent, 0);
}

#[test]
fn damaged_udf_is_never_a_panic_and_hardly_ever_silent() {
    use crate::udf_disc::{Disc, Style, empty};
    let files = files();
    for (media, metadata) in [("hd", false), ("hd", true), ("cdrw", false), ("cdr", false)] {
        for style in [Style::Embedded, Style::Scattered] {
            let mut disc = Disc::new(empty(media, 2048, "1.50", &[]), 2048);
            if metadata {
                disc = Disc::new(empty(media, 2048, "2.01", &[]), 2048).with_metadata(false);
            }
            disc.fill(&files, style);
            let silent = campaign("udf", &disc.finish(), &files);
            assert!(
                silent <= 3,
                "{silent} of {CASES} silent for udf, {media} {style:?}"
            );
        }
    }
}

#[test]
fn damaged_ntfs_is_never_a_panic_and_hardly_ever_silent() {
    let files = files();
    let image = crate::ntfs_media::filled(&files);
    // The boot sector, file records and index nodes; not the log and the up-case table, which
    // are larger than all of them and are not read.
    let records = image.chunks(1024).enumerate();
    let records = records.filter(|(_, record)| {
        [&b"FILE"[..], b"INDX"]
            .iter()
            .any(|mark| record.starts_with(mark))
    });
    let sectors = records.flat_map(|(number, _)| [number * 2, number * 2 + 1]);
    let sectors: Vec<usize> = sectors.chain([0]).collect();
    let silent = campaign_on("ntfs", &image, &files, &sectors);
    assert!(silent <= 3, "{silent} of {CASES} silent for ntfs");
}

#[test]
fn damaged_tables_are_never_a_panic() {
    let fat = crate::fat::image(&["-F12"], 1 << 20, &files());
    let bench = crate::support::Bench::new();
    let path = bench.blank(4 << 20);
    let script = "label: gpt\nstart=2048, size=2048\nstart=5000, size=500\n";
    std::fs::write(bench.path("script"), script).unwrap();
    let shell = format!(
        "sfdisk -q {} < {}",
        crate::support::arg(&path),
        crate::support::arg(&bench.path("script"))
    );
    run("sh", ["-c", &shell]);
    let mut image = std::fs::read(path).unwrap();
    image[1 << 20..2 << 20].copy_from_slice(&fat);
    let found = volume::layout(&Image(image.clone())).unwrap();
    assert_eq!((found.scheme, found.volumes.len()), ("gpt", 2));
    assert!(found.findings.is_empty(), "{:?}", found.findings);
    let last = image.len() / 512 - 1;
    let sectors = [0, 1, 2, last - 32, last];
    for seed in 0..CASES {
        let medium = Counting {
            image: Image(mutate(&image, &sectors, seed)),
            reads: std::cell::Cell::new(0),
        };
        let found = volume::layout(&medium).unwrap();
        let fat_found = found.volumes.iter().any(|place| place.kind == "fat12");
        assert!(
            fat_found || !found.findings.is_empty(),
            "case {seed} lost a volume in silence"
        );
    }
}
