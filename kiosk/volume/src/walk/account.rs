//! The bytes of a volume that are no file's: matched as they lie, so that nothing is left over.
//!
//! Every walk ends the same way: what the reader used as boot code and structure, what is marked
//! as used and belongs to nobody, what lies outside the file system, and what is free.

use std::collections::BTreeMap;

use wire::worker::{Item, LOCATOR_EXTENTS_MAX, Locator, Share};
use wire::{MediumName, RowKind};

use super::Walk;
use crate::content::{Extent, join};
use crate::layout::{GAP_OVERLAP_BYTES, GAP_PIECE_BYTES_MAX};
use crate::space::{Space, Which};
use crate::tree::Seen;

/// Lost runs that become contents of their own, so that a container at the beginning of one is
/// opened. A volume with more is badly damaged; the others are put together.
const LOST_RUNS_MAX: usize = 1000;

/// Most runs of free space that are examined: each costs whoever keeps the list 16 bytes. A volume
/// with more is made so; the most fragmented real ones have a hundredth.
const FREE_RUNS_MAX: usize = 1 << 20;

/// Runs of the same kind of space.
const BOOT: &str = "boot";
const STRUCTURE: &str = "structure";
const UNUSED: &str = "unused";
const LOST: &str = "lost";
const FREE: &str = "free";

/// What a walk knows of bytes that are no file's.
#[derive(Default)]
pub(super) struct Account {
    /// Structures, with the bytes that nobody else accounts for.
    structure: Vec<(Extent, u64)>,
    /// What boot code and structures have of the bytes outside the units: start and end.
    outside: BTreeMap<u64, u64>,
    pub(super) unallocated_bytes: u64,
}

impl Account {
    /// Adds bytes outside the units, and tells how many are new.
    fn add_outside(&mut self, start: u64, end: u64) -> u64 {
        let mut new = end.saturating_sub(start);
        let (mut from, mut to) = (start, end);
        let touching: Vec<(u64, u64)> = self
            .outside
            .range(..=end)
            .filter(|(_, old_end)| start <= **old_end)
            .map(|(start, end)| (*start, *end))
            .collect();
        for (old_start, old_end) in touching {
            let shared = end.min(old_end).saturating_sub(start.max(old_start));
            new = new.saturating_sub(shared);
            from = from.min(old_start);
            to = to.max(old_end);
            self.outside.remove(&old_start);
        }
        if from < to {
            self.outside.insert(from, to);
        }
        new
    }

    /// Gives an extent to something, and tells how many bytes nobody had before.
    fn take(&mut self, space: &mut Space, extent: &Extent) -> u64 {
        let inside = space.take_extent(extent);
        let Some(start) = extent.offset_bytes else {
            return 0;
        };
        let end = start.saturating_add(extent.size_bytes);
        let before = end.min(space.start_bytes);
        let after = start.max(space.end_bytes());
        let mut new = inside;
        if start < before {
            new = new.saturating_add(self.add_outside(start, before));
        }
        if after < end {
            new = new.saturating_add(self.add_outside(after, end));
        }
        new
    }
}

impl Walk<'_> {
    /// Whether free space is examined, too.
    pub(crate) fn wants_deleted(&self) -> bool {
        self.spare.deleted
    }

    /// Boot code, from the volume's first byte on.
    pub(crate) fn boot(&mut self, space: &mut Space, size_bytes: u64) {
        let extent = whole_units(
            space,
            Extent {
                offset_bytes: Some(0),
                size_bytes,
            },
        );
        let share = Share {
            allocated_bytes: self.account.take(space, &extent),
            ..Share::default()
        };
        self.raw(BOOT.to_owned(), RowKind::Boot, &[extent], share);
    }

    /// A structure that the reader follows: tables, folders, records. It is matched as raw bytes,
    /// because whatever is in it is on the medium.
    pub(crate) fn structure(&mut self, space: &mut Space, extent: Extent) {
        if extent.size_bytes == 0 {
            return;
        }
        let extent = whole_units(space, extent);
        let new = self.account.take(space, &extent);
        self.account.structure.push((extent, new));
    }

    /// A structure whose units the reader has taken itself; `new_bytes` of them nobody had.
    pub(crate) fn structure_of(&mut self, extents: &[Extent], new_bytes: u64) {
        let mut new = new_bytes;
        for extent in extents {
            let own = std::mem::take(&mut new);
            self.account.structure.push((*extent, own));
        }
    }

    /// Compares what is marked as used with what has an owner, and hands on what nobody owns.
    /// `size_bytes` is the volume's own.
    pub(crate) fn audit(&mut self, space: &mut Space, size_bytes: u64) {
        if space.is_cut() {
            let detail = "more clusters than are kept account of; what is free was not looked for";
            self.findings.incomplete("too_many_clusters", detail);
        }
        let unmarked: u64 = space
            .runs(Which::Unmarked)
            .map(|(_, count)| count)
            .fold(0, u64::saturating_add);
        if unmarked != 0 {
            let detail = format!("{unmarked} clusters of files or folders are marked as free");
            self.findings.incomplete("cluster_not_allocated", detail);
        }
        let mut structure = std::mem::take(&mut self.account.structure);
        structure.sort_by_key(|(extent, _)| extent.offset_bytes);
        self.pieces(STRUCTURE, &mut structure.into_iter());
        self.unused(space, size_bytes);
        self.lost(space);
    }

    /// What is outside the file system's units and in no structure.
    fn unused(&mut self, space: &Space, size_bytes: u64) {
        let mut at = 0;
        let mut known: Vec<(u64, u64)> = self
            .account
            .outside
            .iter()
            .map(|(start, end)| (*start, *end))
            .chain([
                (space.start_bytes, space.end_bytes()),
                (size_bytes, size_bytes),
            ])
            .collect();
        known.sort_unstable();
        for (start, end) in known {
            let start = start.min(size_bytes);
            if at < start {
                let size = start.saturating_sub(at);
                let extent = Extent {
                    offset_bytes: Some(at),
                    size_bytes: size,
                };
                self.pieces(UNUSED, &mut std::iter::once((extent, size)));
            }
            at = at.max(end);
        }
    }

    fn lost(&mut self, space: &mut Space) {
        let clusters = self.ownerless(LOST, space, 0, u64::MAX);
        if clusters != 0 {
            let detail = format!("{clusters} clusters are marked as used and belong to no file");
            self.findings.notice("clusters_lost", detail);
        }
    }

    /// Hands on what nobody owns of units whose use nobody keeps account of: on a disc, which is
    /// written once, that is no sign of damage.
    pub(crate) fn unowned(&mut self, space: &mut Space, first: u64, count: u64) {
        self.ownerless(UNUSED, space, first, count);
    }

    /// Hands on used units of a range that nobody owns, takes them, and tells how many.
    fn ownerless(&mut self, name: &str, space: &mut Space, first: u64, count: u64) -> u64 {
        let end = first.saturating_add(count);
        let runs: Vec<(u64, u64)> = space.runs_in(Which::Lost, first, end).collect();
        let (single, rest) = runs.split_at(runs.len().min(LOST_RUNS_MAX));
        let mut units = 0_u64;
        for (first, count) in &runs {
            space.take(*first, *count);
            units = units.saturating_add(*count);
        }
        for run in single {
            let extent = space.extent(*run);
            let size = extent.size_bytes;
            self.pieces(name, &mut std::iter::once((extent, size)));
        }
        let rest: Vec<Extent> = rest.iter().map(|run| space.extent(*run)).collect();
        let mut rest = rest.into_iter().map(|extent| (extent, extent.size_bytes));
        self.pieces(name, &mut rest);
        units
    }

    /// What is free: handed on when it is to be examined, and counted either way.
    pub(crate) fn unallocated(&mut self, space: &Space) {
        let mut free = space.runs(Which::Free).map(|run| space.extent(run));
        if self.spare.unallocated {
            let runs = free.by_ref().take(FREE_RUNS_MAX);
            self.pieces(FREE, &mut runs.map(|extent| (extent, extent.size_bytes)));
        }
        let bytes = free.try_fold(0_u64, |sum, one| sum.checked_add(one.size_bytes));
        let bytes = bytes.unwrap_or(u64::MAX);
        self.account.unallocated_bytes = self.account.unallocated_bytes.saturating_add(bytes);
        let detail = format!("{bytes} bytes that the volume counts as free");
        if bytes != 0 && self.spare.unallocated {
            self.findings.incomplete("too_many_free_runs", detail);
        } else if bytes != 0 {
            self.findings.notice("unallocated_not_examined", detail);
        }
    }

    /// Counts free bytes that a deleted file is examined with.
    pub(crate) fn count_unallocated(&mut self, bytes: u64) {
        self.account.unallocated_bytes = self.account.unallocated_bytes.saturating_add(bytes);
    }

    /// Contents of at most [`GAP_PIECE_BYTES_MAX`] and [`LOCATOR_EXTENTS_MAX`] from extents with
    /// the bytes that each accounts for. Pieces of one extent overlap, so that nothing short is
    /// cut in two.
    fn pieces(&mut self, name: &str, extents: &mut dyn Iterator<Item = (Extent, u64)>) {
        let step = GAP_PIECE_BYTES_MAX.saturating_sub(GAP_OVERLAP_BYTES);
        let mut held: Vec<Extent> = Vec::new();
        let mut share = 0_u64;
        for (extent, mut new) in extents {
            let mut rest = extent;
            while rest.size_bytes != 0 {
                let bytes = held
                    .iter()
                    .fold(0_u64, |sum, one| sum.saturating_add(one.size_bytes));
                let room = GAP_PIECE_BYTES_MAX.saturating_sub(bytes);
                let fits = rest.size_bytes <= room || held.is_empty();
                if !fits || LOCATOR_EXTENTS_MAX <= held.len() {
                    self.piece(name, &std::mem::take(&mut held), std::mem::take(&mut share));
                    continue;
                }
                let is_last = rest.size_bytes <= room;
                let length = rest.size_bytes.min(room);
                let passed = if is_last { length } else { step };
                let counted = if is_last { new } else { new.min(step) };
                share = share.saturating_add(counted);
                new = new.saturating_sub(counted);
                join(
                    &mut held,
                    Extent {
                        size_bytes: length,
                        ..rest
                    },
                );
                rest = Extent {
                    offset_bytes: rest.offset_bytes.map(|at| at.saturating_add(passed)),
                    size_bytes: rest.size_bytes.saturating_sub(passed),
                };
            }
        }
        if !held.is_empty() {
            self.piece(name, &held, share);
        }
    }

    fn piece(&mut self, name: &str, extents: &[Extent], bytes: u64) {
        let at = extents.first().and_then(|extent| extent.offset_bytes);
        let mut share = Share::default();
        if name == FREE {
            share.unallocated_bytes = bytes;
            self.count_unallocated(bytes);
        } else {
            share.allocated_bytes = bytes;
        }
        let path = format!("{name}-{}", at.unwrap_or(0));
        self.raw(path, RowKind::Unallocated, extents, share);
    }

    /// One content of raw bytes. It does not count towards the limit of files: the volume's size
    /// bounds how many there are.
    fn raw(&mut self, path: String, kind: RowKind, extents: &[Extent], share: Share) {
        let places: Vec<(u64, u64)> = extents
            .iter()
            .map(|extent| (extent.offset_bytes.unwrap_or(0), extent.size_bytes))
            .collect();
        let size = places
            .iter()
            .fold(0_u64, |sum, (_, size)| sum.saturating_add(*size));
        if size == 0 {
            return;
        }
        (self.visit)(Seen::Item(Item {
            volume: Some(self.volume),
            path: MediumName::cut(path.as_bytes()).0,
            kind,
            size_bytes: size,
            share: Share {
                position_bytes: places.first().map_or(0, |place| place.0),
                ..share
            },
            locator: Locator::Extents(places),
            findings: Vec::new(),
        }));
    }
}

/// The extent with the rest of every unit that it touches, where it lies in units.
fn whole_units(space: &Space, extent: Extent) -> Extent {
    let Some(offset) = extent.offset_bytes else {
        return extent;
    };
    let end = offset.saturating_add(extent.size_bytes);
    let inside = |at: u64| space.start_bytes <= at && at <= space.end_bytes();
    let mut start = offset;
    let mut after = end;
    if inside(offset) {
        let within = offset.saturating_sub(space.start_bytes);
        let units = within.checked_div(space.unit_bytes).unwrap_or(0);
        start = space
            .start_bytes
            .saturating_add(units.saturating_mul(space.unit_bytes));
    }
    if inside(end) {
        let within = end.saturating_sub(space.start_bytes);
        let units = within.div_ceil(space.unit_bytes);
        after = space
            .start_bytes
            .saturating_add(units.saturating_mul(space.unit_bytes));
    }
    Extent {
        offset_bytes: Some(start),
        size_bytes: after.saturating_sub(start),
    }
}

#[cfg(test)]
mod tests {
    use wire::scan::{Limits, Spare};

    use super::*;

    #[test]
    fn more_free_runs_than_are_examined_are_counted_and_keep_a_medium_from_passing() {
        let runs = u64::try_from(FREE_RUNS_MAX).unwrap();
        let space_of = |runs: u64| {
            let mut space = Space::new(0, 512, runs.saturating_mul(2));
            for run in 0..runs {
                space.take(run.saturating_mul(2), 1);
            }
            space
        };
        let walked = |space: &Space| {
            let (limits, mut bytes) = (Limits::default(), 0_u64);
            let visit = &mut |seen| {
                if let Seen::Item(item) = seen {
                    bytes = bytes.saturating_add(item.share.unallocated_bytes);
                }
            };
            let spare = Spare {
                unallocated: true,
                deleted: false,
            };
            let mut walk = Walk::new(0, &limits, spare, visit);
            walk.unallocated(space);
            let walked = walk.ended();
            (bytes, walked.unallocated_bytes, walked.findings.len())
        };
        let whole = runs.saturating_mul(512);
        assert_eq!(walked(&space_of(runs)), (whole, whole, 0));
        let more = whole.saturating_add(512);
        assert_eq!(walked(&space_of(runs.saturating_add(1))), (whole, more, 1));
    }
}
