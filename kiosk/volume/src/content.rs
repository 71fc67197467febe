//! Sequential reading of a content that lies in extents.

use std::io::{self, Read};

use crate::blocks::Blocks;
use crate::number::{narrow, wide};

/// A run of bytes of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Where it begins; `None` is a hole, which reads as zeros.
    pub(crate) offset_bytes: Option<u64>,
    /// How long it is.
    pub(crate) size_bytes: u64,
}

/// Extents in the order of the content, found as they are needed.
pub(crate) type Extents<'a> = Box<dyn Iterator<Item = io::Result<Extent>> + 'a>;

/// Reads `size_bytes` of a content. Extents that end before that are an `UnexpectedEof`.
pub(crate) struct ExtentReader<'a> {
    blocks: &'a dyn Blocks,
    extents: Extents<'a>,
    current: Extent,
    position: u64,
    size_bytes: u64,
    valid_bytes: u64,
}

impl<'a> ExtentReader<'a> {
    /// The first `size_bytes` of `extents`; what is beyond `valid_bytes` was never written and
    /// reads as zeros, whatever the medium holds there.
    pub(crate) fn new(
        blocks: &'a dyn Blocks,
        extents: Extents<'a>,
        size_bytes: u64,
        valid_bytes: u64,
    ) -> Self {
        Self {
            blocks,
            extents,
            current: Extent {
                offset_bytes: None,
                size_bytes: 0,
            },
            position: 0,
            size_bytes,
            valid_bytes,
        }
    }

    /// Takes extents until one has bytes left.
    fn advance(&mut self) -> io::Result<()> {
        while self.current.size_bytes == 0 {
            match self.extents.next() {
                Some(extent) => self.current = extent?,
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        Ok(())
    }
}

impl Read for ExtentReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size_bytes.saturating_sub(self.position);
        let valid = self.valid_bytes.saturating_sub(self.position);
        let mut length = left.min(wide(buffer.len()));
        if length == 0 {
            return Ok(0);
        }
        self.advance()?;
        length = length.min(self.current.size_bytes);
        if valid != 0 {
            length = length.min(valid);
        }
        let buffer = buffer.get_mut(..narrow(length)).unwrap_or_default();
        match self.current.offset_bytes {
            Some(offset) if valid != 0 => self.blocks.read_at(offset, buffer)?,
            Some(_) | None => buffer.fill(0),
        }
        self.position = self.position.saturating_add(length);
        self.current = Extent {
            offset_bytes: self
                .current
                .offset_bytes
                .map(|offset| offset.saturating_add(length)),
            size_bytes: self.current.size_bytes.saturating_sub(length),
        };
        Ok(narrow(length))
    }
}

/// How many of the first `bits` bits of an allocation bitmap are set.
///
/// # Errors
/// Those of reading it; `UnexpectedEof` when it is shorter.
pub(crate) fn count_ones(bitmap: &mut dyn Read, bits: u64) -> io::Result<u64> {
    let mut buffer = vec![0; 64 << 10];
    let mut left = bits;
    let mut ones = 0_u64;
    while left != 0 {
        let wanted = narrow(left.div_ceil(8)).min(buffer.len());
        let bytes = buffer.get_mut(..wanted).unwrap_or_default();
        bitmap.read_exact(bytes)?;
        for byte in bytes {
            let valid = u32::try_from(left.min(8)).unwrap_or(8);
            let mask = u8::MAX
                .checked_shr(8_u32.saturating_sub(valid))
                .unwrap_or(0);
            ones = ones.saturating_add(u64::from((*byte & mask).count_ones()));
            left = left.saturating_sub(8);
        }
    }
    Ok(ones)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(blocks: &Vec<u8>, extents: Vec<Extent>, size: u64, valid: u64) -> ExtentReader<'_> {
        let extents = Box::new(extents.into_iter().map(Ok));
        ExtentReader::new(blocks, extents, size, valid)
    }

    fn extent(offset_bytes: impl Into<Option<u64>>, size_bytes: u64) -> Extent {
        Extent {
            offset_bytes: offset_bytes.into(),
            size_bytes,
        }
    }

    #[test]
    fn extents_follow_each_other_and_holes_are_zeros() {
        let blocks: Vec<u8> = (0..100).collect();
        let extents = vec![extent(50, 2), extent(None, 2), extent(10, 4)];
        let mut content = Vec::new();
        reader(&blocks, extents, 7, 7)
            .read_to_end(&mut content)
            .unwrap();
        assert_eq!(content, [50, 51, 0, 0, 10, 11, 12]);
    }

    #[test]
    fn bytes_that_were_never_written_are_zeros() {
        let blocks: Vec<u8> = (0..100).collect();
        let mut content = Vec::new();
        reader(&blocks, vec![extent(50, 8)], 6, 3)
            .read_to_end(&mut content)
            .unwrap();
        assert_eq!(content, [50, 51, 52, 0, 0, 0]);
    }

    #[test]
    fn bits_past_the_last_cluster_do_not_count() {
        let count = |bytes: &[u8], bits| count_ones(&mut &*bytes, bits).unwrap();
        assert_eq!(count(&[0xFF, 0xFF], 16), 16);
        assert_eq!(count(&[0xFF, 0xFF], 11), 11);
        assert_eq!(count(&[0xF8, 0xFF], 3), 0);
        assert_eq!(count(&[0x04], 3), 1);
        assert_eq!(count(&[], 0), 0);
        assert!(count_ones(&mut &[0xFF_u8][..], 9).is_err());
    }

    #[test]
    fn extents_shorter_than_the_content_are_damage() {
        let blocks: Vec<u8> = (0..100).collect();
        for extents in [vec![], vec![extent(50, 2)], vec![extent(98, 8)]] {
            let error = reader(&blocks, extents, 6, 6)
                .read_to_end(&mut Vec::new())
                .unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
