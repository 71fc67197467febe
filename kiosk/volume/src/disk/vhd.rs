//! VHD. Source: Microsoft, Virtual Hard Disk Image Format Specification 1.0.

use std::io;

use super::malformed;
use super::{Map, Parts, Place, big_u32, big_u64, contradiction, differencing, entry, feature};
use crate::blocks::{Blocks, head};
use crate::error::VolumeError;

const SECTOR_BYTES: u64 = 512;

/// Types of disks.
const FIXED: u32 = 2;
const DYNAMIC: u32 = 3;
const DIFFERENCING: u32 = 4;

/// An entry of the table without a block.
const NO_BLOCK: u32 = u32::MAX;

struct Fixed {
    piece_bytes: u64,
}

impl Map for Fixed {
    fn place(&self, _: &dyn Blocks, piece: u64) -> io::Result<Place> {
        Ok(Place::At(piece.saturating_mul(self.piece_bytes)))
    }
}

struct Dynamic {
    table: u64,
    blocks: u64,
    /// Of the bitmap before each block.
    bitmap_bytes: u64,
}

impl Map for Dynamic {
    fn place(&self, file: &dyn Blocks, piece: u64) -> io::Result<Place> {
        if self.blocks <= piece {
            return Ok(Place::Hole);
        }
        let sector = big_u32(&entry(file, self.table, piece, 4)?, 0);
        if sector == NO_BLOCK {
            return Ok(Place::Hole);
        }
        // The bitmap says which sectors were written; readers differ in whether they ask it.
        let offset = u64::from(sector).saturating_mul(SECTOR_BYTES);
        Ok(Place::At(offset.saturating_add(self.bitmap_bytes)))
    }
}

/// The sum over a header with its checksum left out, inverted.
fn is_summed(header: &[u8], checksum_at: usize) -> bool {
    let field = checksum_at..checksum_at.saturating_add(4);
    let bytes = header.iter().enumerate();
    let sum = bytes
        .filter(|(at, _)| !field.contains(at))
        .fold(0_u32, |sum, (_, byte)| sum.wrapping_add(u32::from(*byte)));
    !sum == big_u32(header, checksum_at)
}

pub(super) fn open(file: &dyn Blocks, begin: &[u8], end: &[u8]) -> Result<Parts, VolumeError> {
    let first = begin.get(..512).unwrap_or_default();
    let has_end = end.starts_with(b"conectix");
    let footer = if has_end { end } else { first };
    let mut findings = Vec::new();
    if !is_summed(footer, 64) {
        findings.push(contradiction("the footer has a wrong checksum"));
    }
    if first.starts_with(b"conectix") && (!has_end || first != end) {
        findings.push(contradiction("the footer and its copy differ"));
    }
    let size_bytes = big_u64(footer, 48);
    match big_u32(footer, 60) {
        FIXED => {
            let there = file.size_bytes().saturating_sub(SECTOR_BYTES);
            if size_bytes != there {
                findings.push(contradiction("the disk is not as long as its file"));
            }
            let piece_bytes = 1 << 20;
            Ok(Parts {
                size_bytes: there,
                piece_bytes,
                map: Box::new(Fixed { piece_bytes }),
                findings,
            })
        }
        DYNAMIC => {
            let header = head(file, big_u64(footer, 16), 1024)?;
            if !header.starts_with(b"cxsparse") {
                return Err(malformed("there is no header of a dynamic disk"));
            }
            if !is_summed(&header, 36) {
                findings.push(contradiction("the header has a wrong checksum"));
            }
            let piece_bytes = u64::from(big_u32(&header, 32));
            let blocks = u64::from(big_u32(&header, 28));
            if blocks.saturating_mul(piece_bytes) < size_bytes {
                findings.push(contradiction("the table is shorter than the disk"));
            }
            let bits = piece_bytes.div_ceil(SECTOR_BYTES);
            let map = Dynamic {
                table: big_u64(&header, 16),
                blocks,
                bitmap_bytes: bits.div_ceil(8).next_multiple_of(SECTOR_BYTES),
            };
            Ok(Parts {
                size_bytes,
                piece_bytes,
                map: Box::new(map),
                findings,
            })
        }
        DIFFERENCING => Err(differencing()),
        other => Err(feature(&format!("type {other}"))),
    }
}
