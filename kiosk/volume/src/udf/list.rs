//! The allocation descriptors of a file entry, wherever they go on.

use std::collections::BTreeSet;

use super::disc::Disc;
use super::entry::Entry;
use super::tag::{self, Extent30, Holding, Tag};
use crate::content::Extent;
use crate::number::{narrow, u32_at};

/// Allocation descriptors one after the other, wherever they go on.
pub(super) struct List {
    /// Bytes of one descriptor.
    width: usize,
    /// The map that short descriptors count in.
    map: u16,
    area: Vec<u8>,
    at: usize,
    visited: BTreeSet<u64>,
}

impl List {
    /// Those in `area`.
    pub(super) fn new(width: usize, map: u16, area: &[u8]) -> Self {
        Self {
            width,
            map,
            area: area.to_vec(),
            at: 0,
            visited: BTreeSet::new(),
        }
    }

    /// The next extent that is not a continuation.
    pub(super) fn next(&mut self, disc: &Disc, entry: &mut Entry) -> Option<Extent30> {
        loop {
            let end = self.at.saturating_add(self.width);
            let bytes = self.area.get(self.at..end)?;
            let one = match self.width {
                8 => Extent30::short(bytes, 0, self.map),
                16 => Extent30::long(bytes, 0),
                _ => Extent30::extended(bytes, 0),
            };
            self.at = end;
            if one.size_bytes == 0 {
                return None;
            }
            if one.holding != Holding::Continued {
                return Some(one);
            }
            if let Err(fault) = self.follow(disc, one, entry) {
                entry.fault(fault);
                return None;
            }
        }
    }

    fn follow(
        &mut self,
        disc: &Disc,
        one: Extent30,
        entry: &mut Entry,
    ) -> Result<(), (&'static str, &'static str)> {
        let bad = (
            "udf_continuation_malformed",
            "further extents cannot be read",
        );
        let (offset, block) = disc.block(one.at).map_err(|_| bad)?;
        if !self.visited.insert(offset) {
            return Err(("udf_continuation_loop", "extents continue in themselves"));
        }
        let tag = Tag::read(&block).filter(|tag| tag.id == tag::CONTINUATION && tag.is_summed);
        let tag = tag.ok_or(bad)?;
        if let Some(fault) = tag.fault(u64::from(one.at.block)) {
            entry.fault(fault);
        }
        entry.continued.push(Extent {
            offset_bytes: Some(offset),
            size_bytes: disc.block_bytes,
        });
        let length = narrow(u64::from(u32_at(&block, 20)));
        let area = block.get(24..24_usize.saturating_add(length)).ok_or(bad)?;
        self.area = area.to_vec();
        self.at = 0;
        self.map = one.at.map;
        Ok(())
    }
}
