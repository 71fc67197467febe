//! NTFS images, filled through ntfs-3g, and changes to their file records that no tool makes.
//! Needs `/dev/fuse` and the right to mount through it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::{Bench, arg, run};

/// A mounted volume.
struct Mount(std::path::PathBuf);

/// Tries to take a volume off before it counts as stuck. A file of it is open for a moment in
/// every process that another test starts at the same time, and the volume is busy then.
const UNMOUNT_TRIES: u32 = 10_000;

impl Drop for Mount {
    fn drop(&mut self) {
        let mut umount = std::process::Command::new("umount");
        let umount = umount.arg(&self.0).env("PATH", "/usr/bin:/bin");
        let mut tries = std::iter::repeat_with(|| umount.output().unwrap());
        let done = tries
            .by_ref()
            .take(UNMOUNT_TRIES as usize)
            .any(|output| output.status.success());
        assert!(done, "{} stays mounted", self.0.display());
    }
}

/// An image made by mkntfs and filled by `fill`.
pub(crate) fn image(options: &[&str], fill: impl FnOnce(&Path)) -> Vec<u8> {
    image_of(24 << 20, options, fill)
}

/// The same of another size.
pub(crate) fn image_of(size_bytes: u64, options: &[&str], fill: impl FnOnce(&Path)) -> Vec<u8> {
    let bench = Bench::new();
    let image = bench.blank(size_bytes);
    let fixed = ["-q", "-F", "-L", "点検"].map(str::to_owned);
    let options = options.iter().map(|option| (*option).to_owned());
    run(
        "mkntfs",
        fixed.into_iter().chain(options).chain([arg(&image)]),
    );
    mounted(&bench, &image, fill);
    std::fs::read(image).unwrap()
}

/// The image after a change in a mount of its own. What is to be deleted must have been
/// written in an earlier one: a file that FUSE still holds open is renamed instead.
pub(crate) fn changed(image: &[u8], change: impl FnOnce(&Path)) -> Vec<u8> {
    let bench = Bench::new();
    let path = bench.path("image");
    std::fs::write(&path, image).unwrap();
    mounted(&bench, &path, change);
    std::fs::read(path).unwrap()
}

/// Mounts the image while `work` is done in it.
fn mounted(bench: &Bench, image: &Path, work: impl FnOnce(&Path)) {
    let mount = bench.path("mount");
    std::fs::create_dir(&mount).unwrap();
    let options = "streams_interface=windows,compression";
    run("ntfs-3g", ["-o", options, &arg(image), &arg(&mount)]);
    let mounted = Mount(mount);
    work(&mounted.0);
}

/// An image with these files.
pub(crate) fn filled(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    image(&[], |root| write(root, files))
}

/// Writes files into a mounted volume.
pub(crate) fn write(root: &Path, files: &BTreeMap<String, Vec<u8>>) {
    for (path, content) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
}

/// An image whose file records are changed.
pub(crate) struct Table {
    pub(crate) image: Vec<u8>,
    /// Where the table begins; it lies in one piece on these small volumes.
    start: usize,
    record: usize,
    pub(crate) cluster: usize,
}

pub(crate) const DATA: u32 = 0x80;
pub(crate) const BITMAP: u64 = 6;

impl Table {
    pub(crate) fn new(image: Vec<u8>) -> Self {
        let cluster = usize::from(u16_at(&image, 11)) * usize::from(image[13]);
        Self {
            start: u64_at(&image, 48) as usize * cluster,
            record: 1024,
            cluster,
            image,
        }
    }

    /// Where a record is.
    pub(crate) fn at(&self, number: u64) -> usize {
        self.start + number as usize * self.record
    }

    /// A record as it is used, not as it is stored.
    pub(crate) fn get(&self, number: u64) -> Vec<u8> {
        let mut record = self.image[self.at(number)..][..self.record].to_vec();
        let array = usize::from(u16_at(&record, 4));
        for sector in 0..self.record / 512 {
            let saved = u16_at(&record, array + 2 + sector * 2);
            record[sector * 512 + 510..][..2].copy_from_slice(&saved.to_le_bytes());
        }
        record
    }

    /// Changes a record.
    pub(crate) fn edit(&mut self, number: u64, change: impl FnOnce(&mut [u8])) {
        let mut record = self.get(number);
        change(&mut record);
        let array = usize::from(u16_at(&record, 4));
        let mark = u16_at(&record, array).to_le_bytes();
        for sector in 0..self.record / 512 {
            let end = sector * 512 + 510;
            let saved = u16_at(&record, end).to_le_bytes();
            record[array + 2 + sector * 2..][..2].copy_from_slice(&saved);
            record[end..][..2].copy_from_slice(&mark);
        }
        let at = self.at(number);
        self.image[at..][..self.record].copy_from_slice(&record);
    }

    /// Offset of an attribute in a record, by its type and name.
    pub(crate) fn attribute(record: &[u8], kind: u32, name: &str) -> Option<usize> {
        let name = utf16(name);
        let mut at = usize::from(u16_at(record, 20));
        while u32_at(record, at) != u32::MAX {
            let start = at + usize::from(u16_at(record, at + 10));
            let same = record[start..][..usize::from(record[at + 9]) * 2] == name;
            if u32_at(record, at) == kind && same {
                return Some(at);
            }
            at += u32_at(record, at + 4) as usize;
        }
        None
    }

    /// The record of the file with this name, used or not.
    pub(crate) fn named(&self, name: &str) -> u64 {
        let records = (self.image.len() - self.start) / self.record;
        let is_it = |number: &u64| {
            if !self.image[self.at(*number)..].starts_with(b"FILE") {
                return false;
            }
            let record = self.get(*number);
            let name = utf16(name);
            Self::attribute(&record, 0x30, "")
                .is_some_and(|at| record[at + 24 + 66..].starts_with(&name))
        };
        (0..records as u64).find(is_it).unwrap()
    }

    /// Changes the attribute of a file.
    pub(crate) fn edit_attribute(
        &mut self,
        number: u64,
        kind: u32,
        name: &str,
        change: impl FnOnce(&mut [u8]),
    ) {
        self.edit(number, |record| {
            let at = Self::attribute(record, kind, name).unwrap();
            let length = u32_at(record, at + 4) as usize;
            change(&mut record[at..][..length]);
        });
    }

    /// Takes the first name out of a small folder.
    pub(crate) fn unlink_first(&mut self, folder: u64) {
        self.edit_attribute(folder, 0x90, "$I30", |root| {
            let value = usize::from(u16_at(root, 20));
            let header = value + 16;
            let first = header + u32_at(root, header) as usize;
            let length = usize::from(u16_at(root, first + 8));
            root.copy_within(first + length.., first);
            let total = u32_at(root, header + 4) - length as u32;
            root[header + 4..][..4].copy_from_slice(&total.to_le_bytes());
        });
    }

    /// The first cluster of an attribute in clusters.
    pub(crate) fn first_cluster(&self, number: u64, kind: u32, name: &str) -> u64 {
        let record = self.get(number);
        let at = Self::attribute(&record, kind, name).unwrap();
        let runs = at + usize::from(u16_at(&record, at + 32));
        let (length, offset) = (record[runs] & 15, record[runs] >> 4);
        let bytes = &record[runs + 1 + usize::from(length)..][..usize::from(offset)];
        bytes
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }

    /// Marks a cluster as used or free.
    pub(crate) fn mark(&mut self, cluster: u64, used: bool) {
        let bitmap = self.first_cluster(BITMAP, DATA, "") as usize * self.cluster;
        let (byte, bit) = (bitmap + cluster as usize / 8, cluster % 8);
        self.image[byte] &= !(1 << bit);
        self.image[byte] |= u8::from(used) << bit;
    }

    /// The first free cluster past the middle of the volume.
    pub(crate) fn free_cluster(&self) -> u64 {
        let bitmap = self.first_cluster(BITMAP, DATA, "") as usize * self.cluster;
        let clusters = (self.image.len() / self.cluster) as u64;
        let is_free = |cluster: &u64| {
            let byte = self.image[bitmap + *cluster as usize / 8];
            byte >> (cluster % 8) & 1 == 0
        };
        (clusters * 3 / 4..clusters).find(is_free).unwrap()
    }

    /// Writes at the beginning of a cluster.
    pub(crate) fn put(&mut self, cluster: u64, bytes: &[u8]) {
        let at = cluster as usize * self.cluster;
        self.image[at..][..bytes.len()].copy_from_slice(bytes);
    }
}

pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap())
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// Offset of `needle` in `haystack`.
pub(crate) fn position(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
