//! What is examined as raw bytes: the partition table, and the space outside every volume.

use wire::worker::{Item, Locator, Place, Share};
use wire::{MediumName, RowKind};

use crate::blocks::Blocks;

/// Longest piece of raw space examined as one content, in bytes: what a worker holds in
/// memory without a spool.
pub const GAP_PIECE_BYTES_MAX: u64 = 64 << 20;

/// How far pieces overlap, in bytes, so that nothing shorter is cut in two.
pub const GAP_OVERLAP_BYTES: u64 = 64 << 10;

/// The partition table's own sector, when no volume begins there, and the gaps between volumes.
pub(super) fn raw(medium: &dyn Blocks, volumes: &[Place]) -> Vec<Item> {
    let mut items = Vec::new();
    if !volumes.iter().any(|place| place.offset_bytes == 0) {
        let length = medium.size_bytes().min(512);
        items.push(range("boot".to_owned(), RowKind::Boot, 0, length));
    }
    let mut at = match volumes.first() {
        Some(first) if first.offset_bytes == 0 => 0,
        Some(_) | None => 512.min(medium.size_bytes()),
    };
    let mut places: Vec<&Place> = volumes.iter().collect();
    places.sort_by_key(|place| place.offset_bytes);
    for place in places {
        items.append(&mut gap(at, place.offset_bytes));
        at = at.max(place.offset_bytes.saturating_add(place.size_bytes));
    }
    items.append(&mut gap(at, medium.size_bytes()));
    items
}

fn gap(start: u64, end: u64) -> Vec<Item> {
    pieces(RowKind::Gap, "gap", start, end.saturating_sub(start))
}

/// `size_bytes` of the medium from `offset_bytes` on as contents of at most
/// [`GAP_PIECE_BYTES_MAX`], each named `<name>-<offset>` and overlapping the one before by
/// [`GAP_OVERLAP_BYTES`]. Nothing for an empty range.
#[must_use]
pub fn pieces(kind: RowKind, name: &str, offset_bytes: u64, size_bytes: u64) -> Vec<Item> {
    let end = offset_bytes.saturating_add(size_bytes);
    let step = GAP_PIECE_BYTES_MAX.saturating_sub(GAP_OVERLAP_BYTES);
    let mut items = Vec::new();
    let mut at = offset_bytes;
    while at < end {
        let length = end.saturating_sub(at).min(GAP_PIECE_BYTES_MAX);
        let mut item = range(format!("{name}-{at}"), kind, at, length);
        if at.saturating_add(length) == end {
            items.push(item);
            break;
        }
        item.share.allocated_bytes = step;
        items.push(item);
        at = at.saturating_add(step);
    }
    items
}

fn range(path: String, kind: RowKind, offset_bytes: u64, size_bytes: u64) -> Item {
    Item {
        volume: None,
        path: MediumName::cut(path.as_bytes()).0,
        kind,
        size_bytes,
        locator: Locator::Range { offset_bytes },
        findings: Vec::new(),
        share: Share {
            position_bytes: offset_bytes,
            allocated_bytes: size_bytes,
            ..Share::default()
        },
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use super::*;

    fn spans(items: &[Item]) -> Vec<(u64, u64)> {
        let span = |item: &Item| match item.locator {
            Locator::Range { offset_bytes } => (offset_bytes, item.size_bytes),
            Locator::Chain { .. }
            | Locator::Record { .. }
            | Locator::Extents(_)
            | Locator::Path
            | Locator::Inline(_)
            | Locator::Loose => panic!("raw items are ranges"),
        };
        items.iter().map(span).collect()
    }

    #[test]
    fn pieces_cover_their_range_and_overlap() {
        let mib = 1 << 20;
        assert_eq!(spans(&gap(512, 512)), []);
        assert_eq!(spans(&gap(512, 64 * mib)), [(512, 64 * mib - 512)]);
        assert_eq!(spans(&gap(0, 64 * mib)), [(0, 64 * mib)]);
        assert_eq!(
            spans(&gap(0, 64 * mib + 1)),
            [(0, 64 * mib), (64 * mib - 65536, 65537)]
        );
        assert_eq!(gap(512, 600)[0].path.as_bytes(), b"gap-512");
    }
}
