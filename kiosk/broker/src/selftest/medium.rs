//! A medium in memory: a partition table with one FAT16 volume, as a stick has it.
//!
//! Only written, never read: what is on it is ours. Layout by Microsoft's FAT specification
//! (fatgen103); names are of the old form, eight letters and three, so that an entry is one.

/// Bytes of a sector.
const SECTOR_BYTES: usize = 512;

/// Sectors before the volume, the partition table's own included: where tools put it today.
const START_SECTORS: usize = 2048;

/// Fewest and most clusters of FAT16. Both keep away from the numbers at which systems take
/// it for FAT12 or FAT32.
const CLUSTERS_MIN: usize = 4200;
const CLUSTERS_MAX: usize = 65_000;

/// Sectors of the largest cluster: 32 KiB, the largest that every system reads.
const CLUSTER_SECTORS_MAX: usize = 64;

/// Fewest entries of the root folder, as tools make it.
const ROOT_ENTRIES_MIN: usize = 512;

/// Largest image, in bytes: it is made in memory, twice for a moment, and stays there once.
pub const IMAGE_BYTES_MAX: usize = 256 << 20;

/// 1980-01-01, the first day that FAT and zip know: the image is the same every time.
pub(super) const FIRST_DAY: u16 = 0x0021;

/// One file in the root folder.
pub(super) struct File<'f> {
    /// Up to eight letters of `A-Z0-9`.
    pub(super) stem: &'f str,
    /// Three letters of the same.
    pub(super) extension: &'f str,
    /// Its content.
    pub(super) bytes: &'f [u8],
}

/// Numbers of a volume, all in sectors but the first two.
struct Geometry {
    clusters: usize,
    root_entries: usize,
    cluster: usize,
    fat: usize,
    root: usize,
}

/// An image with these files; `None` when they do not fit [`IMAGE_BYTES_MAX`].
pub(super) fn image(files: &[File<'_>]) -> Option<Vec<u8>> {
    let geometry = Geometry::of(files)?;
    let mut image = vec![0; START_SECTORS.checked_mul(SECTOR_BYTES)?];
    put(&mut image, 440, b"MKST")?;
    put(&mut image, 446, &geometry.partition()?)?;
    put(&mut image, 510, &[0x55, 0xAA])?;
    image.extend(geometry.boot()?);
    let (fat, root, data) = geometry.contents(files)?;
    image.extend_from_slice(&fat);
    image.extend_from_slice(&fat);
    image.extend(root);
    image.extend(data);
    let whole = START_SECTORS.checked_add(geometry.sectors()?)?;
    image.resize(whole.checked_mul(SECTOR_BYTES)?, 0);
    Some(image)
}

impl Geometry {
    /// The smallest clusters with which everything fits.
    fn of(files: &[File<'_>]) -> Option<Self> {
        let root_entries = files.len().max(ROOT_ENTRIES_MIN).next_multiple_of(16);
        u16::try_from(root_entries).ok()?;
        let mut cluster = 1_usize;
        while cluster <= CLUSTER_SECTORS_MAX {
            let bytes = cluster.checked_mul(SECTOR_BYTES)?;
            let needed = files.iter().try_fold(0_usize, |sum, file| {
                sum.checked_add(file.bytes.len().div_ceil(bytes))
            })?;
            if needed <= CLUSTERS_MAX {
                let clusters = needed.max(CLUSTERS_MIN);
                let entries = clusters.checked_add(2)?.checked_mul(2)?;
                let geometry = Self {
                    clusters,
                    root_entries,
                    cluster,
                    fat: entries.div_ceil(SECTOR_BYTES),
                    root: root_entries.checked_mul(32)?.div_ceil(SECTOR_BYTES),
                };
                let whole = geometry.sectors()?.checked_add(START_SECTORS)?;
                return (whole.checked_mul(SECTOR_BYTES)? <= IMAGE_BYTES_MAX).then_some(geometry);
            }
            cluster = cluster.checked_mul(2)?;
        }
        None
    }

    /// Sectors of the volume: boot sector, both tables, root folder, clusters.
    fn sectors(&self) -> Option<usize> {
        let data = self.clusters.checked_mul(self.cluster)?;
        let fats = self.fat.checked_mul(2)?;
        1_usize
            .checked_add(fats)?
            .checked_add(self.root)?
            .checked_add(data)
    }

    /// The entry of the partition table: FAT16 found by its sectors, not by heads.
    fn partition(&self) -> Option<[u8; 16]> {
        let mut entry = [
            0, 0xFE, 0xFF, 0xFF, 0x0E, 0xFE, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0,
        ];
        put(
            &mut entry,
            8,
            &u32::try_from(START_SECTORS).ok()?.to_le_bytes(),
        )?;
        put(
            &mut entry,
            12,
            &u32::try_from(self.sectors()?).ok()?.to_le_bytes(),
        )?;
        Some(entry)
    }

    fn boot(&self) -> Option<Vec<u8>> {
        let mut sector = vec![0; SECTOR_BYTES];
        let all = self.sectors()?;
        let (short, long) = match u16::try_from(all) {
            Ok(short) => (short, 0),
            Err(_) => (0, u32::try_from(all).ok()?),
        };
        let sector_bytes = u16::try_from(SECTOR_BYTES).ok()?;
        let start = u32::try_from(START_SECTORS).ok()?;
        for (at, bytes) in [
            (0, [0xEB, 0x3C, 0x90].as_slice()),
            (3, b"MSDOS5.0"),
            (11, &sector_bytes.to_le_bytes()),
            (13, &[u8::try_from(self.cluster).ok()?]),
            // One reserved sector, two tables.
            (14, &[1, 0, 2]),
            (17, &u16::try_from(self.root_entries).ok()?.to_le_bytes()),
            (19, &short.to_le_bytes()),
            (21, &[0xF8]),
            (22, &u16::try_from(self.fat).ok()?.to_le_bytes()),
            // Sectors a track and heads, as every stick says.
            (24, &[63, 0, 255, 0]),
            (28, &start.to_le_bytes()),
            (32, &long.to_le_bytes()),
            (36, &[0x80, 0, 0x29]),
            (39, b"TEST"),
            (43, b"NO NAME    "),
            (54, b"FAT16   "),
            (510, &[0x55, 0xAA]),
        ] {
            put(&mut sector, at, bytes)?;
        }
        Some(sector)
    }

    /// The table, the root folder and the clusters in use.
    fn contents(&self, files: &[File<'_>]) -> Option<(Vec<u8>, Vec<u8>, Vec<u8>)> {
        let mut fat = vec![0xF8, 0xFF, 0xFF, 0xFF];
        let (mut root, mut data) = (Vec::new(), Vec::new());
        let cluster_bytes = self.cluster.checked_mul(SECTOR_BYTES)?;
        let mut next = 2_u16;
        for file in files {
            let clusters = u16::try_from(file.bytes.len().div_ceil(cluster_bytes)).ok()?;
            let first = if clusters == 0 { 0 } else { next };
            root.extend(entry(file, first)?);
            let last = next.checked_add(clusters)?.checked_sub(1)?;
            for number in next..next.checked_add(clusters)? {
                let follower = if number == last {
                    0xFFFF
                } else {
                    number.checked_add(1)?
                };
                fat.extend(follower.to_le_bytes());
            }
            next = next.checked_add(clusters)?;
            data.extend_from_slice(file.bytes);
            data.resize(data.len().next_multiple_of(cluster_bytes), 0);
        }
        fat.resize(self.fat.checked_mul(SECTOR_BYTES)?, 0);
        root.resize(self.root.checked_mul(SECTOR_BYTES)?, 0);
        Some((fat, root, data))
    }
}

/// The entry of a file in the root folder.
fn entry(file: &File<'_>, first: u16) -> Option<[u8; 32]> {
    let mut entry = [0; 32];
    let name = format!("{:<8}{:<3}", file.stem, file.extension);
    (name.len() == 11).then_some(())?;
    put(&mut entry, 0, name.as_bytes())?;
    // An ordinary file.
    put(&mut entry, 11, &[0x20])?;
    for at in [16, 18, 24] {
        put(&mut entry, at, &FIRST_DAY.to_le_bytes())?;
    }
    put(&mut entry, 26, &first.to_le_bytes())?;
    put(
        &mut entry,
        28,
        &u32::try_from(file.bytes.len()).ok()?.to_le_bytes(),
    )?;
    Some(entry)
}

/// Writes `bytes` at `at`; `None` when there is no room.
fn put(buffer: &mut [u8], at: usize, bytes: &[u8]) -> Option<()> {
    let end = at.checked_add(bytes.len())?;
    buffer.get_mut(at..end)?.copy_from_slice(bytes);
    Some(())
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use std::process::Command;

    use super::*;

    fn files(contents: &[(String, Vec<u8>)]) -> Vec<File<'_>> {
        contents
            .iter()
            .map(|(stem, bytes)| File {
                stem,
                extension: "BIN",
                bytes,
            })
            .collect()
    }

    /// What other programs than ours say of the image.
    fn checked(contents: &[(String, Vec<u8>)]) {
        let image = image(&files(contents)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let volume = folder.path().join("volume");
        std::fs::write(&volume, &image[START_SECTORS * SECTOR_BYTES..]).unwrap();
        let done = Command::new("fsck.fat")
            .args(["-n", "-v"])
            .arg(&volume)
            .output()
            .expect("dosfstools is installed");
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success(), "{said}");
        assert!(
            said.contains(&format!(": {} files", contents.len())),
            "{said}"
        );
        let whole = folder.path().join("whole");
        std::fs::write(&whole, &image).unwrap();
        for (stem, bytes) in contents {
            let done = Command::new("mtype")
                .arg("-i")
                .arg(format!("{}@@1M", whole.display()))
                .arg(format!("::{stem}.BIN"))
                .output()
                .expect("mtools is installed");
            assert!(done.status.success() && done.stdout == *bytes, "{stem}");
        }
    }

    #[test]
    fn other_programs_find_every_file_and_nothing_wrong() {
        let content = |length: usize| {
            (0..length)
                .map(|at| (at % 251).try_into().unwrap())
                .collect()
        };
        checked(&[
            ("EMPTY".to_owned(), Vec::new()),
            ("ONE".to_owned(), content(1)),
            ("SECTOR".to_owned(), content(512)),
            ("LONGER".to_owned(), content(513)),
            ("00000042".to_owned(), content(3_000_000)),
        ]);
    }

    #[test]
    fn many_files_and_large_ones_fit_with_larger_clusters_and_folders() {
        let many: Vec<_> = (0..600)
            .map(|number| (format!("{number:08}"), vec![7; number]))
            .collect();
        let image = image(&files(&many)).unwrap();
        let root = &image[(START_SECTORS + 1) * SECTOR_BYTES..];
        assert!(root.len() > 600 * 32);
        checked(&many[..40]);
        checked(&[("LARGE".to_owned(), vec![9; 40 << 20])]);
    }

    #[test]
    fn clusters_stay_between_their_numbers_and_grow_instead() {
        let of = |length: usize| {
            let bytes = vec![0; length];
            let geometry = Geometry::of(&[File {
                stem: "A",
                extension: "BIN",
                bytes: &bytes,
            }]);
            geometry
                .map(|geometry| (geometry.clusters, geometry.cluster))
                .unwrap()
        };
        assert_eq!(of(0), (CLUSTERS_MIN, 1));
        assert_eq!(of(CLUSTERS_MAX * SECTOR_BYTES), (CLUSTERS_MAX, 1));
        assert_eq!(
            of(CLUSTERS_MAX * SECTOR_BYTES + 1),
            (CLUSTERS_MAX / 2 + 1, 2)
        );
        // The image is full long before the largest clusters are.
        let most = CLUSTERS_MAX * CLUSTER_SECTORS_MAX * SECTOR_BYTES;
        assert!(IMAGE_BYTES_MAX < most);
    }

    #[test]
    fn more_than_an_image_holds_is_no_image() {
        let half = vec![0; IMAGE_BYTES_MAX / 2];
        let two = [("A".to_owned(), half.clone()), ("B".to_owned(), half)];
        assert!(image(&files(&two)).is_none());
        assert!(image(&files(&two[..1])).is_some());
    }
}
