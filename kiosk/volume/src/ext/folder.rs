//! The entries of a folder.

use super::System;
use super::inode::{Inode, flag};
use super::superblock::incompatible;
use crate::number::{u8_at, u16_at, u32_at, wide};

/// One name in a folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) inode: u32,
    pub(super) name: Vec<u8>,
    /// What it says the inode is; 0 when it does not say.
    pub(super) kind: u8,
}

/// What a whole volume has in common about entries.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    has_kinds: bool,
    /// More may follow a name than the name, and the upper half of the kind says so.
    has_more: bool,
    inodes: u64,
}

impl Shape {
    pub(super) fn new(system: &System) -> Self {
        let has_more = system.superblock.needs(incompatible::DIRDATA);
        Self {
            has_kinds: has_more || system.superblock.needs(incompatible::FILETYPE),
            has_more,
            inodes: system.superblock.inodes,
        }
    }

    /// Gives every entry of a block, or of what an inode holds itself. Nodes of an index look like
    /// one empty entry.
    ///
    /// # Errors
    /// What is wrong with the first entry that contradicts itself; nothing after it is given.
    pub(super) fn entries(
        self,
        block: &[u8],
        give: &mut dyn FnMut(Entry),
    ) -> Result<(), &'static str> {
        let mut rest = block;
        while !rest.is_empty() {
            let length = entry_bytes(u16_at(rest, 4), wide(block.len()));
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if rest.len() < 8 || length < 12 || !length.is_multiple_of(4) {
                return Err("an entry of an impossible length");
            }
            let (entry, after) = rest
                .split_at_checked(length)
                .ok_or("an entry that is longer than its block")?;
            rest = after;
            let inode = u32_at(entry, 0);
            if inode == 0 {
                continue;
            }
            if self.inodes < u64::from(inode) {
                return Err("an entry for an inode that the volume does not have");
            }
            let (name_bytes, kind) = if self.has_kinds {
                (u16::from(u8_at(entry, 6)), u8_at(entry, 7))
            } else {
                (u16_at(entry, 6), 0)
            };
            let end = usize::from(name_bytes).saturating_add(8);
            let name = entry.get(8..end).filter(|name| !name.is_empty());
            let name = name.ok_or("an entry whose name does not fit")?;
            if name.iter().any(|byte| *byte == 0 || *byte == b'/') {
                return Err("an entry with a name that cannot be one");
            }
            give(Entry {
                inode,
                name: name.to_vec(),
                kind: if self.has_more { kind & 0xF } else { kind },
            });
        }
        Ok(())
    }
}

/// Length of an entry; blocks of 64 KiB do not fit sixteen bits and use the two lowest.
fn entry_bytes(stored: u16, block_bytes: u64) -> u64 {
    if block_bytes < 65_536 {
        return u64::from(stored);
    }
    match stored {
        0 | u16::MAX => 65_536,
        _ => u64::from(stored & 0xFFFC) | u64::from(stored & 3) << 16,
    }
}

/// Whether the checksum of one block of a folder is right, where there is one, and whether a node
/// of its index is sound.
pub(super) fn block_is_right(system: &System, inode: &Inode, logical: u64, block: &[u8]) -> bool {
    let length = block.len();
    let is_node = inode.has(flag::INDEX)
        && (logical == 0
            || u32_at(block, 0) == 0
                && entry_bytes(u16_at(block, 4), wide(length)) == wide(length));
    if is_node {
        return node_is_right(system, inode, logical, block);
    }
    let Some(seed) = inode.seed else {
        return true;
    };
    let end = length.saturating_sub(12);
    let tail = block.get(end..).unwrap_or_default();
    let is_tail = u32_at(tail, 0) == 0 && u32_at(tail, 4) == 0xDE00_000C;
    let summed = block.get(..end).unwrap_or_default();
    is_tail && system.crc.sum(seed, summed) == u32_at(tail, 8)
}

fn node_is_right(system: &System, inode: &Inode, logical: u64, block: &[u8]) -> bool {
    let at = if logical == 0 { 0x20 } else { 8_usize };
    let limit = usize::from(u16_at(block, at));
    let count = usize::from(u16_at(block, at.saturating_add(2)));
    let end = |entries: usize| at.saturating_add(entries.saturating_mul(8));
    if count == 0 || limit < count || block.len() < end(limit) {
        return false;
    }
    let Some(seed) = inode.seed else {
        return true;
    };
    let tail = block.get(end(limit)..).unwrap_or_default();
    let (reserved, sum) = (tail.get(..4).unwrap_or_default(), u32_at(tail, 4));
    let summed = block.get(..end(count)).unwrap_or_default();
    system.crc.sum_of(seed, &[summed, reserved, &[0; 4]]) == sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        has_kinds: true,
        has_more: false,
        inodes: 20,
    };

    fn entry(inode: u8, length: u8, name: &str) -> Vec<u8> {
        let name_bytes = u8::try_from(name.len()).unwrap();
        let mut raw = vec![inode, 0, 0, 0, length, 0, name_bytes, 1];
        raw.extend_from_slice(name.as_bytes());
        raw.resize(usize::from(length).max(8), 0);
        raw
    }

    fn names(raw: &[u8]) -> (Vec<Vec<u8>>, Result<(), &'static str>) {
        let mut names = Vec::new();
        let ended = SHAPE.entries(raw, &mut |entry| names.push(entry.name));
        (names, ended)
    }

    #[test]
    fn entries_that_contradict_themselves_end_their_block_with_a_fault() {
        let good = [entry(12, 12, "a"), entry(0, 16, "gone"), entry(13, 12, "b")].concat();
        assert_eq!(names(&good), (vec![b"a".to_vec(), b"b".to_vec()], Ok(())));
        for bad in [
            entry(12, 8, ""),
            entry(12, 14, "a"),
            entry(12, 12, "abcde"),
            entry(12, 12, ""),
            entry(21, 12, "a"),
            entry(12, 12, "a/b"),
            [
                entry(12, 12, "a"),
                vec![13, 0, 0, 0, 16, 0, 1, 1, b'b', 0, 0, 0],
            ]
            .concat(),
            vec![1, 2, 3, 4],
        ] {
            assert!(names(&bad).1.is_err(), "{bad:?}");
        }
    }

    #[test]
    fn lengths_in_the_largest_blocks_have_eighteen_bits() {
        assert_eq!(entry_bytes(0xFFFF, 65_536), 65_536);
        assert_eq!(entry_bytes(0, 65_536), 65_536);
        assert_eq!(entry_bytes(12, 65_536), 12);
        assert_eq!(entry_bytes(0xFFFC, 65_536), 65_532);
        assert_eq!(entry_bytes(1, 65_536), 65_536);
        assert_eq!(entry_bytes(0, 4096), 0);
    }
}
