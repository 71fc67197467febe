//! Later sessions of a disc, and earlier ones that a new descriptor replaced: their descriptors
//! lie where no tree reaches.

use super::descriptor::Disc;
use super::record::{Extent32, Record};
use crate::blocks::{Blocks, head};
use crate::findings::Findings;
use crate::number::{array, narrow, wide};
use crate::space::{Space, Which};

/// Most sessions of one disc: as many as a disc has tracks.
pub(crate) const SESSIONS_MAX: usize = 99;

/// How far into bytes that nothing owns a session is looked for, in bytes: between two sessions
/// of a disc lie at most 115 MB.
const GAP_BYTES_MAX: u64 = 128 << 20;

/// Most bytes that are read for it altogether: all of a CD.
const SEARCH_BYTES_MAX: u64 = 1 << 30;

/// Bytes read at once.
const PIECE_BYTES: u64 = 64 << 10;

/// Volume descriptors begin at multiples of this.
const SECTOR_BYTES: usize = 2048;

/// The search for sessions over one disc.
pub(crate) struct Search {
    /// First byte that was not looked at.
    at: u64,
    left: u64,
}

impl Search {
    /// A search from the first block on.
    pub(crate) fn new() -> Self {
        Self {
            at: 0,
            left: SEARCH_BYTES_MAX,
        }
    }

    /// Offset of the next primary descriptor in bytes that nothing owns.
    pub(crate) fn next(
        &mut self,
        blocks: &dyn Blocks,
        space: &Space,
        findings: &mut Findings,
    ) -> Option<u64> {
        let first = self.at.checked_div(space.unit_bytes).unwrap_or(0);
        for run in space.runs_in(Which::Lost, first, u64::MAX) {
            let extent = space.extent(run);
            let start = extent.offset_bytes.unwrap_or(0);
            let end = start.saturating_add(extent.size_bytes);
            let end = end.min(start.saturating_add(GAP_BYTES_MAX));
            let mut at = start.max(self.at).next_multiple_of(wide(SECTOR_BYTES));
            while at < end {
                if self.left == 0 {
                    let detail = "not all of the disc was searched for further sessions";
                    findings.notice("iso_sessions_not_searched", detail);
                    return None;
                }
                let length = end.saturating_sub(at).min(PIECE_BYTES);
                self.left = self.left.saturating_sub(length);
                // What cannot be read is told when it is examined.
                let bytes = head(blocks, at, narrow(length)).unwrap_or_default();
                let sectors = bytes.chunks(SECTOR_BYTES);
                let found = sectors
                    .zip(0_u64..)
                    .find(|(sector, _)| array::<7>(sector, 0) == *b"\x01CD001\x01");
                if let Some((_, number)) = found {
                    let within = number.saturating_mul(wide(SECTOR_BYTES));
                    let place = at.saturating_add(within);
                    self.at = place.saturating_add(wide(SECTOR_BYTES));
                    return Some(place);
                }
                at = at.saturating_add(length);
                self.at = at;
            }
        }
        None
    }
}

/// Whether the blocks of these descriptors count from the beginning of the disc: those of a disc
/// image within the disc do not.
pub(crate) fn counts_from_start(blocks: &dyn Blocks, disc: &Disc) -> bool {
    let Some(root) = disc.roots.last() else {
        return false;
    };
    let offset = root.extent.block.saturating_mul(disc.block_bytes);
    let sector = head(blocks, offset, SECTOR_BYTES).unwrap_or_default();
    is_own(&sector, root.extent)
}

/// Whether a folder's first record stands for the folder in this place.
pub(crate) fn is_own(sector: &[u8], extent: Extent32) -> bool {
    match Record::parse(sector) {
        Some(Ok(record)) => record.name() == [0] && record.extent() == extent,
        Some(Err(())) | None => false,
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use super::*;

    /// Zeros with one descriptor.
    struct Far(u64);

    const SIZE_BYTES: u64 = 16 << 30;

    impl Blocks for Far {
        fn size_bytes(&self) -> u64 {
            SIZE_BYTES
        }

        fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> std::io::Result<()> {
            buffer.fill(0);
            let within = narrow(self.0.wrapping_sub(offset_bytes));
            if let Some(place) = buffer.get_mut(within..).and_then(|rest| rest.get_mut(..7)) {
                place.copy_from_slice(b"\x01CD001\x01");
            }
            Ok(())
        }
    }

    fn found(at: u64, owned: &[u64]) -> (Option<u64>, Vec<wire::Finding>) {
        let mut space = Space::new(0, 2048, SIZE_BYTES / 2048);
        space.allocate(0, SIZE_BYTES / 2048);
        for offset in owned {
            space.take(offset / 2048, 1);
        }
        let mut findings = Findings::default();
        let found = Search::new().next(&Far(at), &space, &mut findings);
        (found, findings.into_vec())
    }

    #[test]
    fn a_session_is_looked_for_as_far_as_sessions_lie_apart() {
        let near = GAP_BYTES_MAX - 2048;
        assert_eq!(found(near, &[]).0, Some(near));
        assert_eq!(found(GAP_BYTES_MAX, &[]), (None, Vec::new()));
        assert_eq!(
            found(GAP_BYTES_MAX + 4096, &[GAP_BYTES_MAX]).0,
            Some(GAP_BYTES_MAX + 4096)
        );
    }

    #[test]
    fn a_search_that_does_not_reach_the_end_says_so() {
        let owned: Vec<u64> = (1..=SEARCH_BYTES_MAX / GAP_BYTES_MAX)
            .map(|number| number * 2 * GAP_BYTES_MAX)
            .collect();
        let (found, findings) = found(SIZE_BYTES - 4096, &owned);
        assert_eq!(found, None);
        assert_eq!(findings[0].rule, "iso_sessions_not_searched");
    }
}
