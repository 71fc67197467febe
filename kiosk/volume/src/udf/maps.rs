//! Partition maps: from a block of a partition to a block of the volume.

use std::collections::BTreeMap;

use super::disc::Disc;
use super::tag::Address;
use crate::content::Extent;
use crate::number::narrow;

/// Blocks of a file that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Number of the first in the file.
    pub(super) first: u64,
    /// And on the volume.
    pub(super) block: u64,
    pub(super) count: u64,
}

/// One partition map.
#[derive(Clone, Debug)]
pub(super) enum Map {
    /// Blocks of a partition as they lie.
    Plain { start: u64, count: u64 },
    /// The same with packets that were moved elsewhere.
    Sparable {
        start: u64,
        count: u64,
        packet: u64,
        spared: BTreeMap<u64, u64>,
    },
    /// Blocks that a table gives a place in another map.
    Virtual { under: u16, table: Vec<u32> },
    /// Blocks of a file.
    Metadata(Vec<Run>),
    /// One that leads nowhere.
    Broken,
}

impl Disc {
    /// The block of the volume, and how many follow it on both sides.
    pub(super) fn locate(&self, at: Address) -> Option<(u64, u64)> {
        let block = u64::from(at.block);
        match self.maps.get(usize::from(at.map))? {
            Map::Plain { start, count } => {
                let left = count.checked_sub(block).filter(|left| *left != 0)?;
                Some((start.saturating_add(block), left))
            }
            Map::Sparable {
                start,
                count,
                packet,
                spared,
            } => {
                let left = count.checked_sub(block).filter(|left| *left != 0)?;
                if spared.is_empty() {
                    return Some((start.saturating_add(block), left));
                }
                let within = block.checked_rem(*packet)?;
                let left = left.min(packet.saturating_sub(within));
                let place = match spared.get(&block.saturating_sub(within)) {
                    Some(moved) => moved.saturating_add(within),
                    None => start.saturating_add(block),
                };
                Some((place, left))
            }
            Map::Virtual { under, table } => {
                let block = *table
                    .get(narrow(block))
                    .filter(|block| **block != u32::MAX)?;
                // Maps under this one are never virtual, so this goes one deep.
                self.locate(Address { map: *under, block })
                    .map(|(block, _)| (block, 1))
            }
            Map::Metadata(runs) => {
                let after = runs.partition_point(|run| run.first <= block);
                let run = runs.get(after.checked_sub(1)?)?;
                let within = block.saturating_sub(run.first);
                let left = run.count.checked_sub(within).filter(|left| *left != 0)?;
                Some((run.block.saturating_add(within), left))
            }
            Map::Broken => None,
        }
    }

    /// Extents of the volume for `size_bytes` from a block of a map on, as far as they are
    /// there; each costs one of `budget`.
    pub(super) fn extents(&self, at: Address, size_bytes: u64, budget: &mut u64) -> Vec<Extent> {
        let mut extents: Vec<Extent> = Vec::new();
        let mut at = at;
        let mut left = size_bytes;
        while left != 0 && *budget != 0 {
            *budget = budget.saturating_sub(1);
            let Some((block, count)) = self.locate(at) else {
                break;
            };
            let offset = block.saturating_mul(self.block_bytes);
            let there = self.blocks.size_bytes().saturating_sub(offset);
            let length = left.min(count.saturating_mul(self.block_bytes)).min(there);
            if length == 0 {
                break;
            }
            push(
                &mut extents,
                Extent {
                    offset_bytes: Some(offset),
                    size_bytes: length,
                },
            );
            left = left.saturating_sub(length);
            let blocks = length.div_ceil(self.block_bytes.max(1));
            let Some(next) = u32::try_from(blocks)
                .ok()
                .and_then(|blocks| at.block.checked_add(blocks))
            else {
                break;
            };
            at.block = next;
        }
        extents
    }
}

/// Adds an extent, to the last when it follows on.
pub(super) fn push(extents: &mut Vec<Extent>, extent: Extent) {
    if let Some(last) = extents.last_mut() {
        let end = last
            .offset_bytes
            .map(|offset| offset.saturating_add(last.size_bytes));
        let follows = end == extent.offset_bytes
            && last.offset_bytes.is_some() == extent.offset_bytes.is_some();
        if follows {
            last.size_bytes = last.size_bytes.saturating_add(extent.size_bytes);
            return;
        }
    }
    extents.push(extent);
}
