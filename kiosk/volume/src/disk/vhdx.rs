//! VHDX. Source: Microsoft, [MS-VHDX]: Virtual Hard Disk v2 (VHDX) File Format.

use std::io;

use super::{Map, Parts, Place, contradiction, differencing, entry, feature, malformed};
use crate::blocks::{Blocks, head};
use crate::error::VolumeError;
use crate::number::{u16_at, u32_at, u64_at};

/// Where the two headers and the two region tables are.
const HEADERS_AT: [u64; 2] = [64 << 10, 128 << 10];
const REGIONS_AT: [u64; 2] = [192 << 10, 256 << 10];

/// Most entries of a table, by the specification.
pub(super) const ENTRIES_MAX: u32 = 2047;

const BLOCK_TABLE: [u8; 16] = [
    0x66, 0x77, 0xC2, 0x2D, 0x23, 0xF6, 0x00, 0x42, 0x9D, 0x64, 0x11, 0x5E, 0x9B, 0xFD, 0x4A, 0x08,
];
const METADATA: [u8; 16] = [
    0x06, 0xA2, 0x7C, 0x8B, 0x90, 0x47, 0x9A, 0x4B, 0xB8, 0xFE, 0x57, 0x5F, 0x05, 0x0F, 0x88, 0x6E,
];
const FILE_PARAMETERS: [u8; 16] = [
    0x37, 0x67, 0xA1, 0xCA, 0x36, 0xFA, 0x43, 0x4D, 0xB3, 0xB6, 0x33, 0xF0, 0xAA, 0x44, 0xE7, 0x6B,
];
const DISK_SIZE: [u8; 16] = [
    0x24, 0x42, 0xA5, 0x2F, 0x1B, 0xCD, 0x76, 0x48, 0xB2, 0x11, 0x5D, 0xBE, 0xD8, 0x3B, 0xF4, 0xB8,
];
const SECTOR_SIZE: [u8; 16] = [
    0x1D, 0xBF, 0x41, 0x81, 0x6F, 0xA9, 0x09, 0x47, 0xBA, 0x47, 0xF2, 0x33, 0xA8, 0xFA, 0xAB, 0x5F,
];

struct Table {
    table: u64,
    /// Blocks between two entries for bitmaps, which only differencing disks have.
    ratio: u64,
}

impl Map for Table {
    fn place(&self, file: &dyn Blocks, piece: u64) -> io::Result<Place> {
        let before = piece.checked_div(self.ratio).unwrap_or(0);
        let index = piece.saturating_add(before);
        let raw = u64_at(&entry(file, self.table, index, 8)?, 0);
        let offset = raw & 0xFFFF_FFFF_FFF0_0000;
        match raw & 7 {
            // Not present, and zero.
            0 | 2 => Ok(Place::Hole),
            // Undefined and unmapped: what a reader gives is up to it.
            1 | 3 if offset == 0 => Ok(Place::Hole),
            1 | 3 | 6 => Ok(Place::At(offset)),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// The header that counts: the one with the higher number.
fn current(file: &dyn Blocks) -> Result<Vec<u8>, VolumeError> {
    let mut best: Option<Vec<u8>> = None;
    for offset in HEADERS_AT {
        let header = head(file, offset, 4096).unwrap_or_default();
        let is_newer = |best: &Vec<u8>| u64_at(best, 8) < u64_at(&header, 8);
        if header.starts_with(b"head") && best.as_ref().is_none_or(is_newer) {
            best = Some(header);
        }
    }
    best.ok_or(malformed("there is no header"))
}

pub(super) fn open(file: &dyn Blocks) -> Result<Parts, VolumeError> {
    let header = current(file)?;
    if header
        .get(48..64)
        .is_some_and(|log| log.iter().any(|byte| *byte != 0))
    {
        return Err(feature("it was not closed, and its log was not replayed"));
    }
    let mut findings = Vec::new();
    let regions = head(file, REGIONS_AT[0], 64 << 10)?;
    if head(file, REGIONS_AT[1], 64 << 10)? != regions {
        findings.push(contradiction("the two tables of regions differ"));
    }
    if !regions.starts_with(b"regi") {
        return Err(malformed("there is no table of regions"));
    }
    let count = self::count(u32_at(&regions, 8))?;
    let region = |guid: &[u8]| {
        let entries = regions.get(16..).unwrap_or_default().chunks_exact(32);
        let mut entries = entries.take(count);
        entries
            .find(|one| one.starts_with(guid))
            .map(|one| u64_at(one, 16))
    };
    let missing = malformed("a region is missing");
    let (Some(table), Some(metadata)) = (region(&BLOCK_TABLE), region(&METADATA)) else {
        return Err(missing);
    };
    let items = head(file, metadata, 64 << 10)?;
    if !items.starts_with(b"metadata") {
        return Err(malformed("there is no table of metadata"));
    }
    let count = self::count(u32::from(u16_at(&items, 10)))?;
    let item = |guid: &[u8], length: usize| {
        let entries = items.get(32..).unwrap_or_default().chunks_exact(32);
        let mut entries = entries.take(count);
        let at = entries
            .find(|one| one.starts_with(guid))
            .map(|one| u32_at(one, 16));
        let at = at.map(|at| metadata.saturating_add(u64::from(at)));
        let bytes = at.and_then(|at| head(file, at, length).ok());
        bytes.filter(|bytes| bytes.len() == length)
    };
    let parameters = item(&FILE_PARAMETERS, 8);
    let (size, sector) = (item(&DISK_SIZE, 8), item(&SECTOR_SIZE, 4));
    let (Some(parameters), Some(size), Some(sector)) = (parameters, size, sector) else {
        return Err(malformed("an item of the metadata is missing"));
    };
    if u32_at(&parameters, 4) & 2 != 0 {
        return Err(differencing());
    }
    let piece_bytes = u64::from(u32_at(&parameters, 0));
    let chunk = u64::from(u32_at(&sector, 0)).saturating_mul(1 << 23);
    let ratio = chunk.checked_div(piece_bytes).filter(|ratio| *ratio != 0);
    let ratio = ratio.ok_or(malformed("blocks of an impossible size"))?;
    Ok(Parts {
        size_bytes: u64_at(&size, 0),
        piece_bytes,
        map: Box::new(Table { table, ratio }),
        findings,
    })
}

/// Entries of a table, of which each fits its 64 KiB.
fn count(entries: u32) -> Result<usize, VolumeError> {
    let count = usize::try_from(entries).ok();
    let count = count.filter(|_| entries <= ENTRIES_MAX);
    count.ok_or(malformed("a table has more entries than fit"))
}
