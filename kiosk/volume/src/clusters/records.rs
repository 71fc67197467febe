//! Directory entries, one after the other.

use std::io;

use crate::blocks::Blocks;
use crate::content::Extent;
use crate::number::narrow;

/// Bytes read at once.
const CHUNK_BYTES: u64 = 4096;

/// Smallest piece that a bad sector costs, in bytes.
const SECTOR_BYTES: u64 = 512;

/// The 32-byte records of a directory, over all its extents. An error stands for the records
/// of one sector.
pub(crate) struct Records<'a> {
    blocks: &'a dyn Blocks,
    extents: std::vec::IntoIter<Extent>,
    current: Extent,
    chunk: std::vec::IntoIter<[u8; RECORD_BYTES]>,
}

/// Size of a directory entry of FAT and exFAT, in bytes.
pub(crate) const RECORD_BYTES: usize = 32;

impl<'a> Records<'a> {
    pub(crate) fn new(blocks: &'a dyn Blocks, extents: Vec<Extent>) -> Self {
        Self {
            blocks,
            extents: extents.into_iter(),
            current: Extent {
                offset_bytes: None,
                size_bytes: 0,
            },
            chunk: Vec::new().into_iter(),
        }
    }

    /// Reads the next chunk, or one sector of it when it cannot be read whole.
    fn fill(&mut self) -> Option<io::Result<()>> {
        while self.current.size_bytes == 0 {
            self.current = self.extents.next()?;
        }
        let offset = self.current.offset_bytes?;
        let mut length = self.current.size_bytes.min(CHUNK_BYTES);
        let mut bytes = vec![0; narrow(length)];
        let mut read = self.blocks.read_at(offset, &mut bytes);
        if read.is_err() && SECTOR_BYTES < length {
            length = SECTOR_BYTES;
            bytes.truncate(narrow(length));
            read = self.blocks.read_at(offset, &mut bytes);
        }
        self.current = Extent {
            offset_bytes: offset.checked_add(length),
            size_bytes: self.current.size_bytes.saturating_sub(length),
        };
        if read.is_ok() {
            let (records, _) = bytes.as_chunks::<RECORD_BYTES>();
            self.chunk = Vec::from(records).into_iter();
        }
        Some(read)
    }
}

impl Iterator for Records<'_> {
    type Item = io::Result<[u8; RECORD_BYTES]>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.chunk.next() {
                return Some(Ok(record));
            }
            if let Err(error) = self.fill()? {
                return Some(Err(error));
            }
        }
    }
}
