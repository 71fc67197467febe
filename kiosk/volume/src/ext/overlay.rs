//! A volume with newer blocks in the place of some of its own.

use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use crate::blocks::{Blocks, check_range};
use crate::number::{narrow, wide};

/// Where the newer content of one block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Newer {
    /// Where it begins on the volume, in bytes.
    pub(super) offset_bytes: u64,
    /// Whether its first four bytes are the journal's magic number, which is kept as zeros so
    /// that the block is not taken for the journal's own.
    pub(super) escaped: bool,
}

/// What every block of the journal begins with.
pub(super) const JOURNAL_MAGIC: [u8; 4] = 0xC03B_3998_u32.to_be_bytes();

/// The volume beneath with newer blocks.
pub(super) struct Overlay {
    beneath: Rc<dyn Blocks>,
    block_bytes: u64,
    newer: BTreeMap<u64, Newer>,
}

impl Overlay {
    /// `newer` in the place of blocks of `beneath`, by their number.
    pub(super) fn new(
        beneath: Rc<dyn Blocks>,
        block_bytes: u64,
        newer: BTreeMap<u64, Newer>,
    ) -> Self {
        Self {
            beneath,
            block_bytes: block_bytes.max(1),
            newer,
        }
    }

    /// Reads a piece of one newer block.
    fn read_newer(&self, newer: Newer, within: u64, buffer: &mut [u8]) -> io::Result<()> {
        let offset = newer.offset_bytes.saturating_add(within);
        self.beneath.read_at(offset, buffer)?;
        if newer.escaped {
            let magic = JOURNAL_MAGIC.iter().skip(narrow(within));
            for (to, from) in buffer.iter_mut().zip(magic) {
                *to = *from;
            }
        }
        Ok(())
    }
}

impl Blocks for Overlay {
    fn size_bytes(&self) -> u64 {
        self.beneath.size_bytes()
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        check_range(self.size_bytes(), offset_bytes, buffer.len())?;
        let mut offset = offset_bytes;
        let mut rest = buffer;
        while !rest.is_empty() {
            let block = offset.checked_div(self.block_bytes).unwrap_or(0);
            let within = offset.checked_rem(self.block_bytes).unwrap_or(0);
            let next = self.newer.range(block..).next();
            let (newer, end) = match next {
                Some((at, newer)) if *at == block => (Some(*newer), block.saturating_add(1)),
                Some((at, _)) => (None, *at),
                None => (None, u64::MAX),
            };
            let end = end.saturating_mul(self.block_bytes);
            let length = end.saturating_sub(offset).min(wide(rest.len()));
            let (piece, after) = rest
                .split_at_mut_checked(narrow(length))
                .ok_or(io::ErrorKind::UnexpectedEof)?;
            match newer {
                Some(newer) => self.read_newer(newer, within, piece)?,
                None => self.beneath.read_at(offset, piece)?,
            }
            offset = offset.saturating_add(length);
            rest = after;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_blocks_are_read_in_their_place_with_their_magic_number() {
        let beneath: Rc<dyn Blocks> = Rc::new((0..100).collect::<Vec<u8>>());
        let newer = |offset_bytes, escaped| Newer {
            offset_bytes,
            escaped,
        };
        let newer = BTreeMap::from([(1, newer(80, false)), (3, newer(90, true))]);
        let overlay = Overlay::new(beneath, 10, newer);
        let mut buffer = [0; 40];
        overlay.read_at(5, &mut buffer).unwrap();
        assert_eq!(buffer[..7], [5, 6, 7, 8, 9, 80, 81]);
        assert_eq!(buffer[13..17], [88, 89, 20, 21]);
        assert_eq!(buffer[25..30], [0xC0, 0x3B, 0x39, 0x98, 94]);
        assert_eq!(buffer[35..], [40, 41, 42, 43, 44]);
        overlay.read_at(32, &mut buffer[..3]).unwrap();
        assert_eq!(buffer[..3], [0x39, 0x98, 94]);
        assert!(overlay.read_at(61, &mut buffer).is_err());
    }
}
