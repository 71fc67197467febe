//! What a fuzzer calls: one function for every reader.

use std::rc::Rc;

use volume::{Blocks, Cached, Disk};
use wire::scan::Spare;

use crate::contents;
use crate::examine::{self, Effort, Examined};
use crate::medium::Medium;

/// The names of the targets whose inputs are media.
pub const NAMES: [&str; 9] = [
    "layout", "fat", "exfat", "ntfs", "ext", "iso", "udf", "medium", "disk",
];

/// The names of the targets whose inputs are contents.
pub fn contents() -> impl Iterator<Item = &'static str> {
    contents::ROOMS
        .iter()
        .map(|(room, _)| *room)
        .chain(["inspect"])
}

/// What the byte of options of an input chooses.
fn effort(options: u8) -> Effort {
    let few = options & 4 != 0;
    Effort {
        spare: Spare {
            unallocated: options & 1 == 0,
            deleted: options & 2 == 0,
        },
        files_max: if few { 5 } else { 2000 },
        item_bytes_max: 64 << 10,
        total_bytes_max: 512 << 10,
        raw: true,
        crc32: false,
    }
}

/// Runs the target with this name; `false` when there is none.
pub fn run(name: &str, input: &[u8]) -> bool {
    if contents().any(|own| own == name) {
        return contents::run(name, input);
    }
    let (medium, options) = Medium::parse(input);
    let effort = effort(options);
    if options & 8 == 0 {
        read(name, options, Rc::new(medium), effort)
    } else {
        // As the scanner reads. Without the cache a fault cannot hide behind it.
        read(name, options, Rc::new(Cached::new(Rc::new(medium))), effort)
    }
}

/// Does what the target does up to the contents, which stay unread; `None` when there is no
/// such target.
pub fn look(name: &str, options: u8, medium: Rc<dyn Blocks>) -> Option<()> {
    let effort = Effort {
        total_bytes_max: 0,
        ..effort(options)
    };
    read(name, options, medium, effort).then_some(())
}

fn read(name: &str, options: u8, medium: Rc<dyn Blocks>, effort: Effort) -> bool {
    let mut examined = Examined::default();
    let each = &mut |_: &str, _: &[u8]| {};
    let kind = match name {
        "fat" => "fat32",
        "exfat" | "ntfs" | "udf" => name,
        "iso" => "iso9660",
        "ext" => match options >> 4 & 3 {
            0 => "ext4",
            1 => "ext3",
            _ => "ext2",
        },
        "layout" => {
            let effort = Effort {
                raw: false,
                ..effort
            };
            examine::layout(&*medium, effort, each, &mut examined);
            return true;
        }
        "medium" => {
            examine::medium(&medium, effort, each);
            return true;
        }
        "disk" => {
            if let Ok(disk) = Disk::open(&medium) {
                let disk: Rc<dyn Blocks> = Rc::new(disk);
                examine::medium(&disk, effort, each);
            }
            return true;
        }
        _ => return false,
    };
    examine::volume(kind, 0, medium, effort, &mut examined, each);
    true
}
