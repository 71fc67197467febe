//! Path tables: a second list of all folders of a tree, for systems that do not want to walk.

use super::descriptor::Disc;
use super::record::both_endian;
use crate::blocks::{Blocks, head};
use crate::content::Extent;
use crate::number::{array, narrow, u8_at, u16_at, u32_at, wide};

/// Largest path table, in bytes: its numbers of folders are 16 bits wide, and a folder's record
/// is at most 263 bytes long.
const PATH_TABLE_BYTES_MAX: u64 = 65_535 * 263;

/// Where the path tables of a tree are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tables {
    size_bytes: u64,
    /// Whether both spellings of the size agree.
    agrees: bool,
    /// Blocks of the tables with little-endian numbers; 0 where there is none.
    little: [u32; 2],
    /// Blocks of those with big-endian numbers.
    big: [u32; 2],
}

/// A folder by a path table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) name: Vec<u8>,
    /// First block, after an extended attribute record.
    pub(crate) block: u64,
    /// Index of the folder that it is in.
    pub(crate) parent: usize,
}

/// What the path tables say.
pub(crate) struct Paths {
    pub(crate) folders: Vec<Listed>,
    pub(crate) places: Vec<Extent>,
    pub(crate) faults: Vec<(&'static str, &'static str)>,
}

impl Tables {
    /// What a volume descriptor says of them.
    pub(crate) fn parse(descriptor: &[u8]) -> Self {
        let (size, agrees) = both_endian(descriptor, 132);
        let big = |at| u32::from_be_bytes(array(descriptor, at));
        Self {
            size_bytes: u64::from(size),
            agrees,
            little: [u32_at(descriptor, 140), u32_at(descriptor, 144)],
            big: [big(148), big(152)],
        }
    }

    /// Reads and compares them.
    pub(crate) fn read(&self, blocks: &dyn Blocks, disc: &Disc) -> Paths {
        let mut paths = Paths {
            folders: Vec::new(),
            places: Vec::new(),
            faults: Vec::new(),
        };
        if !self.agrees {
            let detail = "a number is stored twice with two values";
            paths.faults.push(("iso_numbers_differ", detail));
        }
        if PATH_TABLE_BYTES_MAX < self.size_bytes {
            let detail = "a path table is longer than all of its folders need";
            paths.faults.push(("iso_path_table_malformed", detail));
            return paths;
        }
        let mut is_first = true;
        let little = self.little.map(|block| (block, false));
        let big = self.big.map(|block| (block, true));
        for (block, is_big) in little.into_iter().chain(big) {
            if block == 0 || self.size_bytes == 0 {
                continue;
            }
            let offset = u64::from(block).saturating_mul(disc.block_bytes);
            let bytes = head(blocks, offset, narrow(self.size_bytes)).unwrap_or_default();
            paths.places.push(Extent {
                offset_bytes: Some(offset),
                size_bytes: wide(bytes.len()),
            });
            let listed = parse(&bytes, is_big);
            if wide(bytes.len()) != self.size_bytes || listed.is_none() {
                let detail = "a path table cannot be read to its end";
                paths.faults.push(("iso_path_table_malformed", detail));
                continue;
            }
            let listed = listed.unwrap_or_default();
            if is_first {
                paths.folders = listed;
                is_first = false;
            } else if paths.folders != listed {
                let detail = "the path tables of one tree differ";
                paths.faults.push(("iso_path_tables_differ", detail));
            }
        }
        paths
    }
}

/// The folders of a table; `None` when they do not end where the table does.
fn parse(bytes: &[u8], is_big: bool) -> Option<Vec<Listed>> {
    let mut listed = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let length = usize::from(u8_at(rest, 0));
        let end = length.saturating_add(8);
        let record = rest.get(..end).filter(|_| length != 0)?;
        let (block, parent) = if is_big {
            (
                u32::from_be_bytes(array(record, 2)),
                u16::from_be_bytes(array(record, 6)),
            )
        } else {
            (u32_at(record, 2), u16_at(record, 6))
        };
        listed.push(Listed {
            name: record.get(8..).unwrap_or_default().to_vec(),
            block: u64::from(block).saturating_add(u64::from(u8_at(record, 1))),
            parent: usize::from(parent).saturating_sub(1),
        });
        rest = rest.get(end.next_multiple_of(2)..).unwrap_or_default();
    }
    Some(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_table_say_the_same() {
        let little = b"\x01\x00\x14\0\0\0\x01\0\0\0\x03\x01\x15\0\0\0\x01\0ABC\0";
        let big = b"\x01\x00\0\0\0\x14\0\x01\0\0\x03\x01\0\0\0\x15\0\x01ABC\0";
        let listed = parse(little, false).unwrap();
        assert_eq!(listed, parse(big, true).unwrap());
        assert_eq!((listed[1].block, listed[1].parent), (0x16, 0));
        assert_eq!(listed[1].name, b"ABC");
        assert_eq!(parse(&little[..20], false), None);
        assert_eq!(parse(&[0; 8], false), None);
    }
}
