//! What a fuzzer calls: one function for every reader.

use std::rc::Rc;

use volume::{Blocks, Cached};
use wire::scan::Spare;

use crate::examine::{self, Effort, Examined};
use crate::medium::Medium;

/// The names of the targets.
pub const NAMES: [&str; 8] = [
    "layout", "fat", "exfat", "ntfs", "ext", "iso", "udf", "medium",
];

/// What the byte of options of an input chooses.
fn effort(options: u8) -> Effort {
    let few = options & 4 != 0;
    Effort {
        spare: Spare {
            unallocated: options & 1 == 0,
            deleted: options & 2 == 0,
        },
        files_max: if few { 5 } else { 2000 },
        item_bytes_max: 1 << 20,
        total_bytes_max: 4 << 20,
        raw: true,
    }
}

/// Runs the target with this name; `false` when there is none.
pub fn run(name: &str, input: &[u8]) -> bool {
    match name {
        "layout" => layout(input),
        "fat" => volume("fat32", input),
        "exfat" => volume("exfat", input),
        "ntfs" => volume("ntfs", input),
        "ext" => ext(input),
        "iso" => volume("iso9660", input),
        "udf" => volume("udf", input),
        "medium" => medium(input),
        _ => return false,
    }
    true
}

/// Partition tables.
pub fn layout(input: &[u8]) {
    let (medium, options) = Medium::parse(input);
    let medium: Rc<dyn Blocks> = Rc::new(medium);
    let effort = Effort {
        total_bytes_max: 0,
        files_max: 1,
        ..effort(options)
    };
    examine::layout(&*medium, effort, &mut |_, _| {}, &mut Examined::default());
}

/// One volume of the kind with this name. FAT is one reader for three kinds, and so is ext for
/// those that are chosen by the options.
pub fn volume(kind: &str, input: &[u8]) {
    let (medium, options) = Medium::parse(input);
    let blocks = cached(medium, options);
    let mut examined = Examined::default();
    examine::volume(kind, 0, blocks, effort(options), &mut examined, &mut |_, _| {});
}

/// ext2, ext3 or ext4, as the options say.
pub fn ext(input: &[u8]) {
    let kind = match input.get(3).map_or(0, |options| options >> 4 & 3) {
        0 => "ext4",
        1 => "ext3",
        _ => "ext2",
    };
    volume(kind, input);
}

/// A whole medium: its layout, and everything on each volume.
pub fn medium(input: &[u8]) {
    let (medium, options) = Medium::parse(input);
    let blocks = cached(medium, options);
    examine::medium(&blocks, effort(options), &mut |_, _| {});
}

/// The scanner reads through the cache, but a fault must not hide behind it.
fn cached(medium: Medium, options: u8) -> Rc<dyn Blocks> {
    if options & 8 == 0 {
        Rc::new(medium)
    } else {
        Rc::new(Cached::new(Rc::new(medium)))
    }
}
