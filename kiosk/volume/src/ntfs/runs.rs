//! Data runs: where the clusters of a value are.

use crate::content::Extent;

/// The extents that `bytes` describe, and how many clusters. `None` when they make no sense.
pub(crate) fn decode(bytes: &[u8], cluster_bytes: u64) -> Option<(Vec<Extent>, u64)> {
    let mut extents = Vec::new();
    let mut clusters = 0_u64;
    let mut current = 0_i64;
    let mut rest = bytes;
    loop {
        let (header, tail) = rest.split_first()?;
        if *header == 0 {
            return Some((extents, clusters));
        }
        let (length_bytes, offset_bytes) = (usize::from(header & 15), usize::from(header >> 4));
        let (length, tail) = tail.split_at_checked(length_bytes)?;
        let (offset, tail) = tail.split_at_checked(offset_bytes)?;
        rest = tail;
        let count = u64::try_from(signed(length)?)
            .ok()
            .filter(|count| *count != 0)?;
        clusters = clusters.checked_add(count)?;
        let start = if offset.is_empty() {
            None
        } else {
            current = current.checked_add(signed(offset)?)?;
            Some(u64::try_from(current).ok()?.checked_mul(cluster_bytes)?)
        };
        extents.push(Extent {
            offset_bytes: start,
            size_bytes: count.checked_mul(cluster_bytes)?,
        });
    }
}

/// A little-endian signed number of one to eight bytes.
fn signed(bytes: &[u8]) -> Option<i64> {
    let top = *bytes.last()?;
    let fill = if 0x80 <= top { 0xFF } else { 0 };
    let mut wide = [fill; 8];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(i64::from_le_bytes(wide))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_relative_and_may_be_holes() {
        let bytes = [
            0x21, 0x18, 0x34, 0x56, 0x01, 0x20, 0x11, 0x10, 0xF0, 0x00, 0xFF,
        ];
        let (extents, clusters) = decode(&bytes, 10).unwrap();
        let extent = |offset_bytes, size_bytes| Extent {
            offset_bytes,
            size_bytes,
        };
        let first = 0x5634 * 10;
        let expected = [
            extent(Some(first), 240),
            extent(None, 320),
            extent(Some(first - 160), 160),
        ];
        assert_eq!(extents, expected);
        assert_eq!(clusters, 72);
    }

    #[test]
    fn runs_that_make_no_sense_are_refused() {
        for bytes in [
            &[][..],
            &[0x11, 0x01],
            &[0x11, 0x01, 0x05],
            &[0x10, 0x05, 0x00],
            &[0x11, 0x00, 0x05, 0x00],
            &[0x11, 0xFF, 0x05, 0x00],
            &[0x11, 0x01, 0xFF, 0x00],
            &[0x91, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0],
            &[
                0x18, 1, 1, 1, 1, 1, 1, 1, 0x7F, 5, 0x18, 1, 1, 1, 1, 1, 1, 1, 0x7F, 5, 0,
            ],
        ] {
            assert!(decode(bytes, 4096).is_none(), "{bytes:?}");
        }
    }
}
