//! VMDK in one file. Source: VMware, Virtual Disk Format 5.0.

use std::io;

use super::{Map, Parts, Place, contradiction, differencing, entry, feature, malformed};
use crate::blocks::{Blocks, head};
use crate::error::VolumeError;
use crate::number::{narrow, u16_at, u32_at, u64_at};

const SECTOR_BYTES: u64 = 512;

/// The directory is at the end, after everything else was written.
const AT_END: u64 = u64::MAX;

/// Flags of the header: grains are packed.
const PACKED: u32 = 1 << 16;

/// Longest descriptor read, in bytes.
pub(super) const DESCRIPTOR_BYTES_MAX: u64 = 64 << 10;

struct Grains {
    directory: u64,
    /// Grains in a table.
    table_grains: u64,
    grains: u64,
    packed: bool,
}

impl Map for Grains {
    fn place(&self, file: &dyn Blocks, piece: u64) -> io::Result<Place> {
        if self.grains <= piece {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let table = piece.checked_div(self.table_grains).unwrap_or(0);
        let within = piece.checked_rem(self.table_grains).unwrap_or(0);
        let sectors = |raw: Vec<u8>| u64::from(u32_at(&raw, 0)).saturating_mul(SECTOR_BYTES);
        let table = sectors(entry(file, self.directory, table, 4)?);
        if table == 0 {
            return Ok(Place::Hole);
        }
        let grain = sectors(entry(file, table, within, 4)?);
        // 1 is a grain of zeros.
        if grain <= SECTOR_BYTES {
            return Ok(Place::Hole);
        }
        if !self.packed {
            return Ok(Place::At(grain));
        }
        // Before a packed grain stand its number and its length.
        let marker = head(file, grain, 12)?;
        Ok(Place::Packed {
            offset_bytes: grain.saturating_add(12),
            size_bytes: u64::from(u32_at(&marker, 8)),
            has_header: true,
        })
    }
}

pub(super) fn open(file: &dyn Blocks, begin: &[u8]) -> Result<Parts, VolumeError> {
    let footer;
    let mut header = begin;
    if u64_at(header, 56) == AT_END {
        footer = head(file, file.size_bytes().saturating_sub(1024), 512)?;
        header = &footer;
        if !header.starts_with(b"KDMV") {
            return Err(malformed("it is cut off before its directory"));
        }
    }
    let flags = u32_at(header, 8);
    let packed = flags & PACKED != 0;
    if packed && u16_at(header, 77) != 1 {
        return Err(feature("grains packed in another way"));
    }
    let mut findings = Vec::new();
    if header.get(72) != Some(&0) {
        findings.push(contradiction("it was not closed"));
    }
    check_descriptor(file, begin)?;
    let capacity = u64_at(header, 12);
    let grain = u64_at(header, 20);
    let table_grains = u64::from(u32_at(header, 44));
    if grain == 0 || table_grains == 0 {
        return Err(malformed("grains of an impossible size"));
    }
    Ok(Parts {
        size_bytes: capacity.saturating_mul(SECTOR_BYTES),
        piece_bytes: grain.saturating_mul(SECTOR_BYTES),
        map: Box::new(Grains {
            directory: u64_at(header, 56).saturating_mul(SECTOR_BYTES),
            table_grains,
            grains: capacity.div_ceil(grain),
            packed,
        }),
        findings,
    })
}

/// The text in the file must speak of this one extent alone.
fn check_descriptor(file: &dyn Blocks, begin: &[u8]) -> Result<(), VolumeError> {
    let offset = u64_at(begin, 28).saturating_mul(SECTOR_BYTES);
    let size = u64_at(begin, 36).saturating_mul(SECTOR_BYTES);
    if offset == 0 {
        return Err(feature("one of several files"));
    }
    if DESCRIPTOR_BYTES_MAX < size {
        return Err(malformed("its description is too long"));
    }
    let raw = head(file, offset, narrow(size))?;
    let text = String::from_utf8_lossy(&raw);
    let mut extents = 0_u32;
    for line in text.lines() {
        let line = line.trim_matches(['\0', ' ', '\r']);
        let is_extent = ["RW ", "RDONLY ", "NOACCESS "].iter();
        if is_extent.clone().any(|begin| line.starts_with(*begin)) {
            extents = extents.saturating_add(1);
        }
        let parent = line.strip_prefix("parentCID=").map(str::trim);
        if parent.is_some_and(|parent| !parent.eq_ignore_ascii_case("ffffffff")) {
            return Err(differencing());
        }
    }
    if extents != 1 {
        return Err(feature("one of several files"));
    }
    Ok(())
}
