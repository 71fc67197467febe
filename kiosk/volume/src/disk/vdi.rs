//! VDI, the format of VirtualBox. Source: the forum post "All about VDIs" by its developers, and
//! the headers of files that VirtualBox made.

use std::io;

use super::{Map, Parts, Place, differencing, entry, feature};
use crate::blocks::Blocks;
use crate::error::VolumeError;
use crate::number::{u32_at, u64_at};

/// Entries of the map without a block: never written, and written as zeros.
const NO_BLOCK: u32 = u32::MAX;
const ZERO_BLOCK: u32 = u32::MAX - 1;

struct Blocked {
    map: u64,
    data: u64,
    blocks: u64,
    piece_bytes: u64,
    /// Before the data of each block.
    extra_bytes: u64,
}

impl Map for Blocked {
    fn place(&self, file: &dyn Blocks, piece: u64) -> io::Result<Place> {
        if self.blocks <= piece {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let block = u32_at(&entry(file, self.map, piece, 4)?, 0);
        if block == NO_BLOCK || block == ZERO_BLOCK {
            return Ok(Place::Hole);
        }
        let step = self.piece_bytes.saturating_add(self.extra_bytes);
        let offset = u64::from(block).saturating_mul(step);
        let offset = offset.saturating_add(self.extra_bytes);
        Ok(Place::At(self.data.saturating_add(offset)))
    }
}

pub(super) fn open(begin: &[u8]) -> Result<Parts, VolumeError> {
    let version = u32_at(begin, 68);
    if version >> 16 != 1 {
        return Err(feature(&format!("version {version:#x}")));
    }
    // Dynamic and fixed; undo and differencing disks need another file.
    if !matches!(u32_at(begin, 76), 1 | 2) {
        return Err(differencing());
    }
    let piece_bytes = u64::from(u32_at(begin, 376));
    Ok(Parts {
        size_bytes: u64_at(begin, 368),
        piece_bytes,
        map: Box::new(Blocked {
            map: u64::from(u32_at(begin, 340)),
            data: u64::from(u32_at(begin, 344)),
            blocks: u64::from(u32_at(begin, 384)),
            piece_bytes,
            extra_bytes: u64::from(u32_at(begin, 380)),
        }),
        findings: Vec::new(),
    })
}
