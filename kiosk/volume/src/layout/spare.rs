//! What is examined as raw bytes: boot sectors, and the space outside every volume.

use wire::worker::{Item, Locator, Place};
use wire::{MediumName, RowKind};

use super::{Partition, View};
use crate::blocks::{Blocks, head};
use crate::fat::Boot;
use crate::number::{power, u8_at};

/// Longest piece of raw space examined as one content, in bytes: what a worker holds in
/// memory without a spool.
pub const GAP_PIECE_BYTES_MAX: u64 = 64 << 20;

/// How far pieces overlap, in bytes, so that nothing shorter is cut in two.
pub const GAP_OVERLAP_BYTES: u64 = 64 << 10;

/// Boot sectors of the medium and of every volume, and the gaps between volumes.
pub(super) fn raw(medium: &dyn Blocks, volumes: &[Place]) -> Vec<Item> {
    let mut items = Vec::new();
    if !volumes.iter().any(|place| place.offset_bytes == 0) {
        let length = medium.size_bytes().min(512);
        items.push(range("boot".to_owned(), RowKind::Boot, 0, length));
    }
    for (index, place) in volumes.iter().enumerate() {
        let length = boot_bytes(medium, place).min(place.size_bytes);
        let path = format!("volume-{index}/boot");
        items.push(range(path, RowKind::Boot, place.offset_bytes, length));
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
        items.push(range(format!("{name}-{at}"), kind, at, length));
        if at.saturating_add(length) == end {
            break;
        }
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
    }
}

/// How much of a volume's beginning belongs to its boot code and to no file. A boot sector
/// that cannot be read is said to be so when it is examined.
fn boot_bytes(medium: &dyn Blocks, place: &Place) -> u64 {
    let one = Partition {
        offset_bytes: place.offset_bytes,
        size_bytes: place.size_bytes,
    };
    let sector = head(&View { medium, one }, 0, 512).unwrap_or_default();
    match place.kind.as_str() {
        "fat12" | "fat16" | "fat32" => Boot::parse(&sector).map_or(512, |boot| boot.reserved_bytes),
        // Two boot regions of twelve sectors each.
        "exfat" => {
            let sector_bytes = power(u8_at(&sector, 108)).unwrap_or(512);
            sector_bytes.max(512).saturating_mul(24)
        }
        // $Boot is sixteen sectors.
        "ntfs" => 8192,
        "ext2" | "ext3" | "ext4" => 1024,
        "iso9660" => 32 << 10,
        _ => 512,
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
