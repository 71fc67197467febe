//! The boot region's description of an exFAT volume.

use crate::blocks::Blocks;
use crate::clusters::Heap;
use crate::content::Extent;
use crate::error::VolumeError;
use crate::fat::{check_rest, same};
use crate::findings::Findings;
use crate::number::{power, u8_at, u16_at, u32_at, u64_at};

/// A boot sector that describes a volume.
#[derive(Clone, Debug)]
pub(crate) struct Boot {
    pub(crate) heap: Heap,
    pub(crate) root: u32,
    pub(crate) fat_bytes: u64,
    fat_offset: u64,
    size_bytes: u64,
    sector_bytes: u64,
    fats: u8,
    flags: u16,
    /// The clusters as the sector says, though not all of them are there.
    promised: Heap,
}

/// Sectors of the boot region, of which the last holds the checksum of the others.
const REGION_SECTORS: u64 = 12;

impl Boot {
    /// Reads the first 512 bytes of a volume.
    ///
    /// # Errors
    /// [`VolumeError::Malformed`] when they describe no volume that could be read.
    pub(crate) fn parse(sector: &[u8]) -> Result<Self, VolumeError> {
        let bad = |what| VolumeError::Malformed {
            kind: "exfat",
            what,
        };
        let sector_shift = u8_at(sector, 108);
        let cluster_shift = sector_shift.saturating_add(u8_at(sector, 109));
        if !(9..=12).contains(&sector_shift) || 25 < cluster_shift {
            return Err(bad("sector or cluster size"));
        }
        let (Some(sector_bytes), Some(cluster_bytes)) = (power(sector_shift), power(cluster_shift))
        else {
            return Err(bad("sector or cluster size"));
        };
        let in_sectors = |at| u64::from(u32_at(sector, at)).saturating_mul(sector_bytes);
        let count = u32_at(sector, 92);
        let fats = u8_at(sector, 110);
        if count == 0 || u32::MAX.saturating_sub(10) < count {
            return Err(bad("number of clusters"));
        }
        if !matches!(fats, 1 | 2) || u32_at(sector, 80) == 0 || u32_at(sector, 88) == 0 {
            return Err(bad("tables or cluster heap"));
        }
        let heap = Heap {
            offset_bytes: in_sectors(88),
            cluster_bytes,
            count,
        };
        Ok(Self {
            heap,
            promised: heap,
            root: u32_at(sector, 96),
            fat_bytes: in_sectors(84),
            fat_offset: in_sectors(80),
            size_bytes: u64_at(sector, 72).saturating_mul(sector_bytes),
            sector_bytes,
            fats,
            flags: u16_at(sector, 106),
        })
    }

    /// Where the table in use begins.
    pub(crate) fn active_fat_offset(&self) -> u64 {
        let second = self.fats == 2 && self.flags & 1 != 0;
        let before = if second { self.fat_bytes } else { 0 };
        self.fat_offset.saturating_add(before)
    }

    /// Bytes of both boot regions, which a volume begins with.
    pub(crate) fn regions_bytes(&self) -> u64 {
        let sectors = REGION_SECTORS.saturating_mul(2);
        self.sector_bytes.saturating_mul(sectors)
    }

    /// Where the tables are.
    pub(crate) fn tables(&self) -> Extent {
        Extent {
            offset_bytes: Some(self.fat_offset),
            size_bytes: self.fat_bytes.saturating_mul(u64::from(self.fats)),
        }
    }

    /// Holds the boot region against its checksum, its backup and the medium.
    pub(crate) fn check(&self, blocks: &dyn Blocks, findings: &mut Findings) {
        let region = self.sector_bytes.saturating_mul(REGION_SECTORS);
        let length = region.saturating_sub(self.sector_bytes);
        self.check_copy(blocks, 0, "exfat_boot_checksum", findings);
        self.check_copy(blocks, region, "exfat_backup_checksum", findings);
        // Flags and the percentage in use change without the backup: bytes 106, 107 and 112.
        let pieces = [(0, 106), (108, 4), (113, length.saturating_sub(113))];
        for (from, length) in pieces {
            if !matches!(
                same(blocks, from, region.saturating_add(from), length),
                Ok(None)
            ) {
                let detail = "the boot region and its backup differ";
                findings.incomplete("exfat_boot_copies_differ", detail);
            }
        }
        let promised = self.promised;
        let heap_end = promised.offset_bytes.saturating_add(promised.size_bytes());
        let fats_end = self
            .fat_offset
            .saturating_add(self.fat_bytes.saturating_mul(u64::from(self.fats)));
        let entries = u64::from(promised.count).saturating_add(2);
        if self.size_bytes < heap_end
            || promised.offset_bytes < fats_end
            || self.fat_bytes < entries.saturating_mul(4)
        {
            let detail = "the table and the clusters do not fit the volume";
            findings.incomplete("exfat_layout", detail);
        }
        if blocks.size_bytes() < self.size_bytes.max(heap_end) {
            let detail = format!(
                "{} bytes by its boot sector, {} bytes there",
                self.size_bytes,
                blocks.size_bytes()
            );
            findings.incomplete("volume_past_end", detail);
        }
        let rest = blocks.size_bytes().saturating_sub(self.size_bytes);
        check_rest(rest, findings);
        if self.fats == 2 {
            let detail = "a transactional volume: only one of two tables was read";
            findings.incomplete("exfat_two_tables", detail);
        }
        if self.flags & 2 != 0 {
            findings.notice("volume_dirty", "the volume was not taken out properly");
        }
    }

    fn check_copy(&self, blocks: &dyn Blocks, offset: u64, rule: &str, findings: &mut Findings) {
        let sectors = REGION_SECTORS.saturating_sub(1);
        let length = self.sector_bytes.saturating_mul(sectors);
        let mut region = vec![0; crate::number::narrow(length)];
        let mut sum = [0; 4];
        let read = blocks
            .read_at(offset, &mut region)
            .and_then(|()| blocks.read_at(offset.saturating_add(length), &mut sum));
        if read.is_err() || checksum(&region, &[106, 107, 112]) != u32::from_le_bytes(sum) {
            findings.incomplete(rule, "a boot region's checksum is wrong or cannot be read");
        }
    }
}

/// exFAT's 32-bit checksum over `bytes` without those at the positions in `skip`.
pub(crate) fn checksum(bytes: &[u8], skip: &[usize]) -> u32 {
    let mut sum = 0_u32;
    for (position, byte) in bytes.iter().enumerate() {
        if !skip.contains(&position) {
            sum = sum.rotate_right(1).wrapping_add(u32::from(*byte));
        }
    }
    sum
}
