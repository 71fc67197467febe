//! The boot sector's description of an NTFS volume.

use crate::blocks::Blocks;
use crate::content::Extent;
use crate::error::{VolumeError, reason};
use crate::findings::Findings;
use crate::number::{narrow, power, u8_at, u16_at, u64_at};

/// A boot sector that describes a volume.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boot {
    pub(crate) sector_bytes: u64,
    pub(crate) cluster_bytes: u64,
    /// Size of a file record.
    pub(crate) record_bytes: u64,
    /// Without the sector of the backup, which follows.
    pub(crate) size_bytes: u64,
    /// First cluster of the master file table.
    pub(crate) mft_cluster: u64,
    /// First cluster of the copy of its first records.
    pub(crate) mirror_cluster: u64,
}

/// Boot code of a volume: its first sector and what that loads, which `$Boot` names.
pub(crate) const BOOT_BYTES: u64 = 8192;

impl Boot {
    /// Reads the first 512 bytes of a volume.
    ///
    /// # Errors
    /// [`VolumeError::Malformed`] when they describe no volume that could be read.
    pub(crate) fn parse(sector: &[u8]) -> Result<Self, VolumeError> {
        let bad = |what| VolumeError::Malformed { kind: "ntfs", what };
        let sector_bytes = u64::from(u16_at(sector, 11));
        if !matches!(sector_bytes, 512 | 1024 | 2048 | 4096) {
            return Err(bad("sector size"));
        }
        // Above 128 the field is a power of two, as a negative number.
        let per_cluster = match u8_at(sector, 13) {
            few @ 0..=128 => u64::from(few),
            many => power(many.wrapping_neg()).unwrap_or(0),
        };
        let cluster_bytes = sector_bytes.saturating_mul(per_cluster);
        if !cluster_bytes.is_power_of_two() || 2 << 20 < cluster_bytes {
            return Err(bad("cluster size"));
        }
        let record_bytes = match u8_at(sector, 64) {
            few @ 0..=127 => u64::from(few).saturating_mul(cluster_bytes),
            many => power(many.wrapping_neg()).unwrap_or(0),
        };
        if !matches!(record_bytes, 512 | 1024 | 2048 | 4096 | 8192 | 16384) {
            return Err(bad("size of a file record"));
        }
        Ok(Self {
            sector_bytes,
            cluster_bytes,
            record_bytes,
            size_bytes: u64_at(sector, 40).saturating_mul(sector_bytes),
            mft_cluster: u64_at(sector, 48),
            mirror_cluster: u64_at(sector, 56),
        })
    }

    /// Holds the boot sector against its backup, and gives the backup's place.
    pub(crate) fn check_backup(&self, blocks: &dyn Blocks, findings: &mut Findings) -> Extent {
        /// What describes the volume; the rest is code, and tools change it in one place.
        const FIELDS: std::ops::Range<usize> = 3..84;
        let mut first = vec![0; narrow(self.sector_bytes)];
        let mut backup = first.clone();
        let read = blocks
            .read_at(0, &mut first)
            .and_then(|()| blocks.read_at(self.size_bytes, &mut backup));
        match read {
            Err(error) => findings.incomplete("ntfs_backup_unreadable", reason(&error)),
            Ok(()) if first.get(FIELDS) != backup.get(FIELDS) => {
                let detail = "the boot sector and its backup describe different volumes";
                findings.incomplete("ntfs_boot_copies_differ", detail);
            }
            Ok(()) if first != backup => {
                let detail = "the boot sector and its backup hold different code";
                findings.notice("ntfs_boot_code_differs", detail);
            }
            Ok(()) => {}
        }
        let there = blocks.size_bytes().saturating_sub(self.size_bytes);
        Extent {
            offset_bytes: Some(self.size_bytes),
            size_bytes: self.sector_bytes.min(there),
        }
    }
}
