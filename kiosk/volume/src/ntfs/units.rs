//! Reading a compressed stream. It is kept in units of several clusters: one with all of its
//! clusters is stored as it is, one with none is zeros, and one with some is LZNT1.

use std::io::{self, Read};

use super::lznt1;
use crate::blocks::Blocks;
use crate::content::{Extent, Extents};
use crate::number::{narrow, wide};

/// Largest unit, in bytes. Windows uses 16 clusters of at most 4 KiB; other writers could use
/// larger clusters, and one unit is held in memory.
pub(crate) const UNIT_BYTES_MAX: u64 = 1 << 20;

/// Reads a compressed stream one unit at a time.
pub(crate) struct UnitReader<'a> {
    blocks: &'a dyn Blocks,
    extents: Extents<'a>,
    current: Extent,
    unit_bytes: u64,
    /// Where the stream goes on, and where it ends.
    position: u64,
    size_bytes: u64,
    valid_bytes: u64,
    /// The unit at `position` and what of it has been given.
    unit: Vec<u8>,
    given: usize,
}

impl<'a> UnitReader<'a> {
    /// A stream of `size_bytes` in `extents`; beyond `valid_bytes` it reads as zeros.
    pub(crate) fn new(
        blocks: &'a dyn Blocks,
        extents: Extents<'a>,
        unit_bytes: u64,
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
            unit_bytes: unit_bytes.min(UNIT_BYTES_MAX),
            position: 0,
            size_bytes,
            valid_bytes,
            unit: Vec::new(),
            given: 0,
        }
    }

    /// Takes the next unit's clusters, and unpacks them.
    fn advance(&mut self) -> io::Result<()> {
        let mut stored = std::mem::take(&mut self.unit);
        stored.clear();
        let mut left = self.unit_bytes;
        let mut has_hole = false;
        while left != 0 {
            if self.current.size_bytes == 0 {
                match self.extents.next() {
                    Some(extent) => self.current = extent?,
                    None => break,
                }
                continue;
            }
            let length = left.min(self.current.size_bytes);
            left = left.saturating_sub(length);
            if let Some(offset) = self.current.offset_bytes {
                let start = stored.len();
                stored.resize(start.saturating_add(narrow(length)), 0);
                if self.position < self.valid_bytes {
                    let piece = stored.get_mut(start..).unwrap_or_default();
                    self.blocks.read_at(offset, piece)?;
                }
                self.current.offset_bytes = Some(offset.saturating_add(length));
            } else {
                has_hole = true;
            }
            self.current.size_bytes = self.current.size_bytes.saturating_sub(length);
        }
        if left == self.unit_bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.given = 0;
        self.unit = if has_hole && !stored.is_empty() && self.position < self.valid_bytes {
            let mut unit = vec![0; narrow(self.unit_bytes)];
            lznt1::unpack(&stored, &mut unit)?;
            unit
        } else {
            // A hole, or never written; or stored as it is, when it may be the last and short.
            if has_hole {
                stored.clear();
                stored.resize(narrow(self.unit_bytes), 0);
            }
            stored
        };
        self.forget_unwritten();
        Ok(())
    }

    /// What is in the unit and was never written is zeros.
    fn forget_unwritten(&mut self) {
        let valid = self.valid_bytes.saturating_sub(self.position);
        if let Some(rest) = self.unit.get_mut(narrow(valid)..) {
            rest.fill(0);
        }
    }
}

impl Read for UnitReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size_bytes.saturating_sub(self.position);
        if left == 0 || buffer.is_empty() {
            return Ok(0);
        }
        if self.unit.len() <= self.given {
            self.advance()?;
        }
        let tail = self.unit.get(self.given..).unwrap_or_default();
        let length = tail.len().min(buffer.len()).min(narrow(left));
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), tail.get(..length)) {
            to.copy_from_slice(from);
        }
        self.given = self.given.saturating_add(length);
        self.position = self.position.saturating_add(wide(length));
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: u64 = 8192;

    fn read(extents: Vec<Extent>, size: u64, valid: u64) -> io::Result<Vec<u8>> {
        let mut blocks = vec![b'-'; 16384];
        // At 0: the letter `a` six times, packed; then the end.
        blocks[..8].copy_from_slice(&[3, 0xB0, 2, b'a', 2, 0, 0, 0]);
        blocks[8192..].fill(b'+');
        let extents = Box::new(extents.into_iter().map(Ok));
        let mut reader = UnitReader::new(&blocks, extents, UNIT, size, valid);
        let mut content = Vec::new();
        reader.read_to_end(&mut content).map(|_| content)
    }

    fn extent(offset_bytes: impl Into<Option<u64>>, size_bytes: u64) -> Extent {
        Extent {
            offset_bytes: offset_bytes.into(),
            size_bytes,
        }
    }

    #[test]
    fn units_are_packed_stored_or_holes() {
        let extents = vec![
            extent(0, 4096),
            extent(None, 4096 + 8192),
            extent(8192, 4096),
            extent(12288, 4096),
        ];
        let content = read(extents, 3 * UNIT, 3 * UNIT).unwrap();
        assert_eq!(&content[..7], b"aaaaaa\0");
        assert!(content[7..16384].iter().all(|byte| *byte == 0));
        assert!(content[16384..].iter().all(|byte| *byte == b'+'));
    }

    #[test]
    fn a_unit_is_zeros_from_where_it_was_never_written() {
        let extents = || vec![extent(0, 4096), extent(None, 4096), extent(8192, 8192)];
        let content = read(extents(), 2 * UNIT, 3).unwrap();
        assert_eq!(&content[..4], b"aaa\0");
        assert!(content[4..].iter().all(|byte| *byte == 0));
        let content = read(extents(), 2 * UNIT, UNIT + 5).unwrap();
        assert_eq!(&content[8190..8199], b"\0\0+++++\0\0");
    }

    #[test]
    fn a_stream_that_ends_too_early_or_is_not_packed_is_damaged() {
        let kind = |extents, size| read(extents, size, size).unwrap_err().kind();
        let short = kind(vec![extent(8192, 8192)], UNIT + 1);
        assert_eq!(short, io::ErrorKind::UnexpectedEof);
        let wild = kind(vec![extent(8192, 4096), extent(None, 4096)], UNIT);
        assert_eq!(wild, io::ErrorKind::InvalidData);
        let outside = kind(vec![extent(16384, 8192)], UNIT);
        assert_eq!(outside, io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn no_unit_is_larger_than_what_is_held_in_memory() {
        let blocks = Vec::new();
        let extents: Extents<'_> = Box::new(std::iter::once(Ok(extent(None, u64::MAX))));
        let mut reader = UnitReader::new(&blocks, extents, u64::MAX, u64::MAX, 0);
        reader.read_exact(&mut [0; 16]).unwrap();
        assert_eq!(wide(reader.unit.len()), UNIT_BYTES_MAX);
    }
}
