//! qcow2, the format of QEMU. Source: QEMU's docs/interop/qcow2.txt.

use std::io;

use wire::Gap;

use super::{Map, Parts, Place, big_u32, big_u64, contradiction, differencing, entry, feature};
use crate::blocks::Blocks;
use crate::error::VolumeError;

/// Bits of an entry that are an offset.
const OFFSET: u64 = 0x00FF_FFFF_FFFF_FE00;

/// Set in an entry of the second level for a packed cluster.
const PACKED: u64 = 1 << 62;

/// Incompatible features: not closed, known to be damaged, data in another file, another
/// compression, entries of the second level for parts of clusters.
const DIRTY: u64 = 1;
const CORRUPT: u64 = 2;
const EXTERNAL: u64 = 4;
const COMPRESSION: u64 = 8;
const KNOWN: u64 = DIRTY | CORRUPT | COMPRESSION;

struct Clusters {
    table: u64,
    entries: u64,
    cluster_bits: u32,
    has_zero_bit: bool,
    is_deflate: bool,
}

impl Map for Clusters {
    fn place(&self, file: &dyn Blocks, piece: u64) -> io::Result<Place> {
        let bits = self.cluster_bits.saturating_sub(3);
        let first = piece.checked_shr(bits).unwrap_or(0);
        let second = piece & 1_u64.checked_shl(bits).unwrap_or(1).saturating_sub(1);
        if self.entries <= first {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let table = big_u64(&entry(file, self.table, first, 8)?, 0) & OFFSET;
        if table == 0 {
            return Ok(Place::Hole);
        }
        let raw = big_u64(&entry(file, table, second, 8)?, 0);
        if raw & PACKED != 0 {
            if !self.is_deflate {
                return Err(io::ErrorKind::Unsupported.into());
            }
            let shift = 70_u32.saturating_sub(self.cluster_bits);
            let offset_bytes = raw & 1_u64.checked_shl(shift).unwrap_or(1).saturating_sub(1);
            let sectors = (raw & !(3 << 62)).checked_shr(shift).unwrap_or(0);
            let within = offset_bytes & 511;
            let size_bytes = sectors.saturating_add(1).saturating_mul(512);
            return Ok(Place::Packed {
                offset_bytes,
                size_bytes: size_bytes.saturating_sub(within),
                has_header: false,
            });
        }
        if raw & OFFSET == 0 || self.has_zero_bit && raw & 1 != 0 {
            return Ok(Place::Hole);
        }
        Ok(Place::At(raw & OFFSET))
    }
}

pub(super) fn open(begin: &[u8]) -> Result<Parts, VolumeError> {
    let version = big_u32(begin, 4);
    let has_features = match version {
        2 => false,
        3 => true,
        _ => return Err(feature(&format!("version {version}"))),
    };
    let features = if has_features { big_u64(begin, 72) } else { 0 };
    if big_u64(begin, 8) != 0 {
        return Err(differencing());
    }
    if big_u32(begin, 32) != 0 {
        return Err(VolumeError::NoReader {
            kind: "encrypted virtual disk",
            gap: Gap::Encrypted,
        });
    }
    if features & EXTERNAL != 0 {
        return Err(feature("its data is in another file"));
    }
    if features & !KNOWN != 0 {
        return Err(feature(&format!("features {:#x}", features & !KNOWN)));
    }
    let mut findings = Vec::new();
    if features & (DIRTY | CORRUPT) != 0 {
        findings.push(contradiction("it was not closed, or is damaged"));
    }
    if big_u32(begin, 60) != 0 {
        findings.push(contradiction(
            "it holds earlier states, which are not opened",
        ));
    }
    let cluster_bits = big_u32(begin, 20);
    if !(9..=21).contains(&cluster_bits) {
        return Err(super::malformed("clusters of an impossible size"));
    }
    let is_deflate = features & COMPRESSION == 0 || begin.get(104) == Some(&0);
    Ok(Parts {
        size_bytes: big_u64(begin, 24),
        piece_bytes: 1_u64.checked_shl(cluster_bits).unwrap_or(1),
        map: Box::new(Clusters {
            table: big_u64(begin, 40),
            entries: u64::from(big_u32(begin, 36)),
            cluster_bits,
            has_zero_bit: has_features,
            is_deflate,
        }),
        findings,
    })
}
