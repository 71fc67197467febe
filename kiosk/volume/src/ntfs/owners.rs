//! Which clusters and records of a volume something was found to own.

use crate::content::{Extent, set_bits};
use crate::error::reason;
use crate::findings::Findings;
use crate::space::{Space, Which};

use super::record::DATA;
use super::volume::Volume;

/// File record of the allocation bitmap.
const BITMAP_RECORD: u64 = 6;

/// How often over a volume's clusters may be owned before owners are no longer looked for: in an
/// undamaged volume every cluster has one owner, and a hostile one could name all of them in
/// every run.
const OWNED_TIMES_MAX: u64 = 2;

/// The clusters of a volume and the records of its table, with what is known of them.
pub(crate) struct Owners {
    pub(crate) space: Space,
    /// Base records: in use when the sweep saw them so, owned once they have been listed.
    pub(crate) files: Space,
    /// Those of them that are folders.
    pub(crate) folders: Space,
    /// Records that extend others: in use likewise, owned once a file named them.
    pub(crate) extensions: Space,
    /// Clusters that may still be claimed.
    left: u64,
}

/// What claiming some clusters showed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Bytes that nobody had before.
    pub(crate) new_bytes: u64,
    /// Some of them had an owner.
    pub(crate) is_shared: bool,
    /// Some of them are not on the volume.
    pub(crate) is_outside: bool,
}

impl Owners {
    /// Nothing is owned yet; what is in use is what the volume's bitmap says.
    pub(crate) fn new(volume: &Volume, findings: &mut Findings) -> Self {
        let boot = &volume.boot;
        // What is past the end of the medium needs no account; that it is cut is a finding.
        let size = boot.size_bytes.min(volume.blocks.size_bytes());
        let count = size.checked_div(boot.cluster_bytes).unwrap_or(0);
        let mut space = Space::new(0, boot.cluster_bytes, count);
        if let Err(why) = mark(volume, &mut space) {
            findings.incomplete("bitmap_unreadable", why);
            space.allocate(0, count);
        }
        let records = || Space::new(0, 1, volume.records());
        Self {
            space,
            files: records(),
            folders: records(),
            extensions: records(),
            left: count.saturating_mul(OWNED_TIMES_MAX),
        }
    }

    /// Gives clusters to a content or structure.
    pub(crate) fn claim(&mut self, extents: &[Extent]) -> Claim {
        let mut claim = Claim::default();
        let end = self.space.end_bytes();
        for extent in extents {
            let Some(offset) = extent.offset_bytes else {
                continue;
            };
            let last = offset.saturating_add(extent.size_bytes);
            claim.is_outside |= end < last;
            let there = last.min(end).saturating_sub(offset);
            let clusters = there.checked_div(self.space.unit_bytes).unwrap_or(0);
            let Some(left) = self.left.checked_sub(clusters) else {
                claim.is_shared = true;
                continue;
            };
            self.left = left;
            let new = self.space.take_extent(extent);
            claim.is_shared |= new < there;
            claim.new_bytes = claim.new_bytes.saturating_add(new);
        }
        claim
    }

    /// Whether all of these clusters are there and free, and nobody's.
    pub(crate) fn is_free(&self, extents: &[Extent]) -> bool {
        extents.iter().all(|extent| {
            let first = extent.offset_bytes.unwrap_or(0);
            let first = first.checked_div(self.space.unit_bytes).unwrap_or(0);
            let count = extent.size_bytes.div_ceil(self.space.unit_bytes);
            self.space.is_free(first, count)
        })
    }

    /// Base records that are in use and have not been listed.
    pub(crate) fn orphans(&self) -> impl Iterator<Item = u64> + '_ {
        units(&self.files)
    }

    /// Those of them that are folders.
    pub(crate) fn orphan_folders(&self) -> impl Iterator<Item = u64> + '_ {
        units(&self.folders)
    }

    /// Records in use that extend a file which does not name them.
    pub(crate) fn orphan_extensions(&self) -> impl Iterator<Item = u64> + '_ {
        units(&self.extensions)
    }
}

fn units(space: &Space) -> impl Iterator<Item = u64> + '_ {
    let runs = space.runs(Which::Lost);
    runs.flat_map(|(first, count)| first..first.saturating_add(count))
}

/// Marks what the bitmap says is in use.
fn mark(volume: &Volume, space: &mut Space) -> Result<(), String> {
    let record = volume
        .record(BITMAP_RECORD)
        .map_err(|error| reason(&error))?;
    let all = volume.attributes(&record).found.into_iter();
    let pieces: Vec<_> = all
        .filter(|one| one.kind == DATA && one.name.is_empty())
        .collect();
    let value = volume.value(&pieces);
    let value = value.ok_or("the allocation bitmap cannot be put together")?;
    if value.valid_bytes < space.count.div_ceil(8) {
        return Err("the allocation bitmap is too short for its volume".to_owned());
    }
    let mut reader = volume.reader(value.extents, value.valid_bytes);
    let count = space.count.min(crate::space::UNITS_MAX);
    let allocate = &mut |first, count| space.allocate(first, count);
    set_bits(&mut reader, count, allocate).map_err(|error| reason(&error))
}

/// The parts of extents that are on the medium and hold bytes.
pub(crate) fn real(extents: &[Extent], end_bytes: u64) -> Vec<Extent> {
    let there = extents.iter().filter_map(|extent| {
        let offset = extent.offset_bytes?;
        let size_bytes = extent.size_bytes.min(end_bytes.saturating_sub(offset));
        (size_bytes != 0).then_some(Extent {
            size_bytes,
            ..*extent
        })
    });
    there.collect()
}

/// How many bytes extents have.
pub(crate) fn bytes(extents: &[Extent]) -> u64 {
    let sizes = extents.iter().map(|extent| extent.size_bytes);
    sizes.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(count: u64) -> Owners {
        Owners {
            space: Space::new(0, 10, count),
            files: Space::new(0, 1, 9),
            folders: Space::new(0, 1, 9),
            extensions: Space::new(0, 1, 9),
            left: count.saturating_mul(OWNED_TIMES_MAX),
        }
    }

    fn extent(offset_bytes: impl Into<Option<u64>>, size_bytes: u64) -> Extent {
        Extent {
            offset_bytes: offset_bytes.into(),
            size_bytes,
        }
    }

    #[test]
    fn clusters_are_claimed_once_and_only_on_the_volume() {
        let mut owners = owners(10);
        let claim = owners.claim(&[extent(20, 30), extent(None, 1 << 60)]);
        let (is_shared, is_outside) = (false, false);
        assert_eq!(
            claim,
            Claim {
                new_bytes: 30,
                is_shared,
                is_outside
            }
        );
        let claim = owners.claim(&[extent(40, 20)]);
        assert_eq!(
            claim,
            Claim {
                new_bytes: 10,
                is_shared: true,
                is_outside
            }
        );
        let claim = owners.claim(&[extent(90, 20)]);
        assert_eq!(
            claim,
            Claim {
                new_bytes: 10,
                is_shared,
                is_outside: true
            }
        );
        assert!(owners.is_free(&[extent(60, 30)]) && !owners.is_free(&[extent(60, 40)]));
    }

    #[test]
    fn claims_past_the_most_are_shared_and_cost_nothing() {
        let mut owners = owners(10);
        for _ in 0..OWNED_TIMES_MAX {
            owners.claim(&[extent(0, 100)]);
        }
        let claim = owners.claim(&[extent(0, 10)]);
        assert!(claim.is_shared && claim.new_bytes == 0);
    }

    #[test]
    fn only_bytes_of_the_medium_are_real() {
        let all = [
            extent(0, 10),
            extent(None, 50),
            extent(90, 20),
            extent(200, 5),
        ];
        assert_eq!(real(&all, 100), [extent(0, 10), extent(90, 10)]);
        assert_eq!(bytes(&all), 85);
    }
}
