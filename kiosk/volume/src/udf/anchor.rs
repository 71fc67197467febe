//! Anchors: the few fixed places where a volume begins to be found.

use super::disc::{Faults, Span};
use super::tag::{self, Tag};
use crate::blocks::{Blocks, head};
use crate::content::Extent;
use crate::error::VolumeError;
use crate::number::{array, wide};

/// Sizes of blocks that are looked for, the usual ones of discs and of disks first.
const BLOCK_BYTES: [u64; 7] = [2048, 512, 4096, 1024, 8192, 16_384, 32_768];

/// Where the volume descriptors are.
pub(super) struct Anchors {
    pub(super) block_bytes: u64,
    pub(super) main: Span,
    pub(super) reserve: Span,
    /// The anchors themselves.
    pub(super) structure: Vec<Extent>,
}

impl Anchors {
    /// Looks for them with every size of blocks.
    ///
    /// # Errors
    /// [`VolumeError::Malformed`] when there is none; errors of the medium.
    pub(super) fn find(blocks: &dyn Blocks, faults: &mut Faults) -> Result<Self, VolumeError> {
        let mut found: Option<Self> = None;
        for block_bytes in BLOCK_BYTES {
            for (offset, sector) in anchors(blocks, block_bytes, faults)? {
                let place = Extent {
                    offset_bytes: Some(offset),
                    size_bytes: block_bytes,
                };
                let (main, reserve) = (Span::parse(&sector, 16), Span::parse(&sector, 24));
                let first = found.get_or_insert(Self {
                    block_bytes,
                    main,
                    reserve,
                    structure: Vec::new(),
                });
                first.structure.push(place);
                if (first.block_bytes, first.main, first.reserve) != (block_bytes, main, reserve) {
                    let detail = "anchors lead to different volume descriptors";
                    faults.push(("udf_anchors_differ", detail.to_owned()));
                }
            }
        }
        found.ok_or(VolumeError::Malformed {
            kind: "udf",
            what: "no anchor",
        })
    }
}

/// The anchors of a volume with blocks of this size, with their offsets in bytes.
fn anchors(
    blocks: &dyn Blocks,
    block_bytes: u64,
    faults: &mut Faults,
) -> Result<Vec<(u64, Vec<u8>)>, VolumeError> {
    let count = blocks.size_bytes().checked_div(block_bytes).unwrap_or(0);
    let mut places = vec![256, 512, count.saturating_sub(1), count.saturating_sub(257)];
    places.sort_unstable();
    places.dedup();
    let mut found = Vec::new();
    for place in places {
        let offset = place.saturating_mul(block_bytes);
        let sector = head(blocks, offset, 512)?;
        let Some(tag) = Tag::read(&sector).filter(|tag| tag.id == tag::ANCHOR) else {
            continue;
        };
        if u64::from(tag.location) != place || array::<4>(&sector, 16) == [0; 4] {
            continue;
        }
        if let Some((rule, detail)) = tag.fault(place) {
            faults.push((rule, format!("anchor in block {place}: {detail}")));
        }
        if tag.is_summed && wide(sector.len()) == 512 {
            found.push((offset, sector));
        }
    }
    Ok(found)
}

/// Whether an anchor is there, which makes a volume UDF even when nothing announces it.
///
/// # Errors
/// Those of the medium.
pub(crate) fn has_anchor(blocks: &dyn Blocks) -> std::io::Result<bool> {
    for block_bytes in BLOCK_BYTES {
        let found = anchors(blocks, block_bytes, &mut Faults::new());
        match found {
            Ok(found) if found.is_empty() => {}
            Ok(_) => return Ok(true),
            Err(VolumeError::Read(error)) => return Err(error),
            Err(_) => return Ok(false),
        }
    }
    Ok(false)
}
