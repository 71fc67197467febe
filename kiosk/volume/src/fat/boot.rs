//! The boot sector's description of a FAT volume.

use crate::blocks::{Blocks, head};
use crate::clusters::{Heap, Width};
use crate::content::Extent;
use crate::error::VolumeError;
use crate::findings::Findings;
use crate::kind::Kind;
use crate::number::{array, u8_at, u16_at, u32_at};

/// Where the root folder is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Root {
    /// FAT12 and FAT16.
    Fixed(Extent),
    /// FAT32: its first cluster.
    Chain(u32),
}

/// A boot sector that describes a volume.
#[derive(Clone, Debug)]
pub(crate) struct Boot {
    pub(crate) width: Width,
    pub(crate) heap: Heap,
    pub(crate) root: Root,
    pub(crate) fats: u8,
    pub(crate) fat_bytes: u64,
    pub(crate) size_bytes: u64,
    /// Before the first table; boot code may be anywhere in it.
    pub(crate) reserved_bytes: u64,
    /// FAT32: only one table is kept.
    pub(crate) mirroring_off: bool,
    pub(crate) label: Vec<u8>,
    active: u8,
    /// The number of entries in the root folder is one that systems make different things of.
    root_is_odd: bool,
    /// FAT32: where the copy of the boot sector and the summary of the free clusters are, in
    /// bytes; `None` when there is none.
    backup_offset: Option<u64>,
    summary_offset: Option<u64>,
}

/// Most copies of the table. Two are usual, one is allowed.
const FATS_MAX: u8 = 4;

impl Boot {
    /// Reads the first 512 bytes of a volume.
    ///
    /// # Errors
    /// [`VolumeError::Malformed`] when they describe no volume that could be read.
    pub(crate) fn parse(sector: &[u8]) -> Result<Self, VolumeError> {
        let bad = |what| VolumeError::Malformed { kind: "fat", what };
        let fields = Fields::parse(sector)?;
        if FATS_MAX < fields.fats {
            return Err(bad("number of tables"));
        }
        let fat_bytes = fields.fat_sectors.saturating_mul(fields.sector_bytes);
        let reserved_bytes = fields.reserved.saturating_mul(fields.sector_bytes);
        let tables_bytes = u64::from(fields.fats).saturating_mul(fat_bytes);
        let root_offset = reserved_bytes.saturating_add(tables_bytes);
        let root_bytes = fields.root_entries.saturating_mul(32);
        let offset_bytes =
            root_offset.saturating_add(root_bytes.next_multiple_of(fields.sector_bytes));
        let size_bytes = fields.total.saturating_mul(fields.sector_bytes);
        let cluster_bytes = fields.per_cluster.saturating_mul(fields.sector_bytes);
        let heap_bytes = size_bytes
            .checked_sub(offset_bytes)
            .ok_or_else(|| bad("tables are larger than the volume"))?;
        let count = heap_bytes.checked_div(cluster_bytes).unwrap_or(0);
        let (width, most) = match count {
            _ if fields.is_32 => (Width::Fat32, 0x0FFF_FFF4),
            0..=4084 => (Width::Fat12, 4084),
            _ => (Width::Fat16, 0xFFF4),
        };
        let count = u32::try_from(count)
            .ok()
            .filter(|count| (1..=most).contains(count))
            .ok_or_else(|| bad("number of clusters"))?;
        let root = if fields.is_32 {
            Root::Chain(u32_at(sector, 44))
        } else {
            Root::Fixed(super::fixed(root_offset, root_bytes))
        };
        let flags = if fields.is_32 { u16_at(sector, 40) } else { 0 };
        let active = u8::try_from(flags & 0x0F).unwrap_or(0);
        let mirroring_off = flags & 0x80 != 0 && fields.fats != 1;
        if mirroring_off && fields.fats <= active {
            return Err(bad("number of the table in use"));
        }
        Ok(Self {
            width,
            heap: Heap {
                offset_bytes,
                cluster_bytes,
                count,
            },
            root,
            fats: fields.fats,
            fat_bytes,
            size_bytes,
            reserved_bytes,
            mirroring_off,
            label: label(sector, fields.is_32),
            active,
            root_is_odd: (fields.is_32 && u16_at(sector, 17) != 0)
                || !root_bytes.is_multiple_of(fields.sector_bytes),
            backup_offset: fields.reserved_sector(u16_at(sector, 50)),
            summary_offset: fields.reserved_sector(u16_at(sector, 48)),
        })
    }

    /// Numbers of which Windows and Linux make different volumes.
    pub(crate) fn check_numbers(&self, findings: &mut Findings) {
        if self.root_is_odd {
            let detail = "a number of root entries that moves the clusters for some systems";
            findings.incomplete("root_entries_odd", detail);
        }
        // Windows reads up to 4,086 clusters as FAT12, everybody else up to 4,084.
        if matches!(self.heap.count, 4085 | 4086) && self.width != Width::Fat32 {
            let detail = "a number of clusters that is FAT12 to some systems and FAT16 to others";
            findings.incomplete("fat_width_ambiguous", detail);
        }
    }

    /// FAT32: holds the copy of the boot sector, which Windows and repair tools use when the
    /// first is bad, against it, and looks at the summary of the free clusters.
    pub(crate) fn check_reserved(&self, blocks: &dyn Blocks, findings: &mut Findings) {
        if let Some(offset) = self.backup_offset {
            let sectors = head(blocks, 0, 512).and_then(|first| {
                let second = head(blocks, offset, 512)?;
                Ok((first, second))
            });
            match sectors {
                Ok((first, second)) if described(&first) == described(&second) => {}
                Ok(_) => {
                    let detail = "the backup of the boot sector describes another volume";
                    findings.incomplete("boot_backup_differs", detail);
                }
                Err(error) => findings.incomplete("boot_backup_unreadable", error.to_string()),
            }
        }
        if let Some(offset) = self.summary_offset {
            match head(blocks, offset, 512) {
                Ok(summary) if is_summary(&summary) => {}
                Ok(_) => {
                    let detail = "the summary of the free clusters is malformed";
                    findings.notice("fsinfo_malformed", detail);
                }
                Err(error) => findings.incomplete("fsinfo_unreadable", error.to_string()),
            }
        }
    }

    /// Where copy `number` of the table begins.
    pub(crate) fn fat_offset(&self, number: u8) -> u64 {
        self.reserved_bytes
            .saturating_add(u64::from(number).saturating_mul(self.fat_bytes))
    }

    /// Where the table in use begins.
    pub(crate) fn active_fat_offset(&self) -> u64 {
        self.fat_offset(if self.mirroring_off { self.active } else { 0 })
    }

    /// Bytes of the table that the clusters need.
    pub(crate) fn fat_bytes_used(&self) -> u64 {
        let entries = u64::from(self.heap.count).saturating_add(2);
        match self.width {
            Width::Fat12 => entries.saturating_mul(3).div_ceil(2),
            Width::Fat16 => entries.saturating_mul(2),
            Width::Fat32 | Width::Exfat => entries.saturating_mul(4),
        }
    }

    /// Which FAT this is.
    pub(crate) fn kind(&self) -> Kind {
        match self.width {
            Width::Fat12 => Kind::Fat12,
            Width::Fat16 => Kind::Fat16,
            Width::Fat32 | Width::Exfat => Kind::Fat32,
        }
    }
}

/// What of a boot sector describes the volume: not the jump, the maker's name or the code, which
/// are matched as raw bytes, nor the flags that say whether it was unmounted.
fn described(sector: &[u8]) -> (&[u8], [u8; 2]) {
    (sector.get(11..64).unwrap_or_default(), array(sector, 510))
}

/// Whether a sector has the three signatures of FAT32's summary.
fn is_summary(sector: &[u8]) -> bool {
    sector.starts_with(b"RRaA")
        && array(sector, 484) == *b"rrAa"
        && u32_at(sector, 508) == 0xAA55_0000
}

/// The label in the boot sector; empty for none.
fn label(sector: &[u8], is_32: bool) -> Vec<u8> {
    let (mark, at) = if is_32 { (66, 71) } else { (38, 43) };
    let label = array::<11>(sector, at);
    if u8_at(sector, mark) == 0x29 && &label != b"NO NAME    " {
        super::name::trimmed(&label)
    } else {
        Vec::new()
    }
}

/// The fields as they are stored, in sectors where they are.
struct Fields {
    sector_bytes: u64,
    per_cluster: u64,
    reserved: u64,
    fats: u8,
    root_entries: u64,
    fat_sectors: u64,
    total: u64,
    is_32: bool,
}

impl Fields {
    /// The offset of a sector in the reserved area of FAT32; 0 and 0xFFFF stand for none.
    fn reserved_sector(&self, sector: u16) -> Option<u64> {
        let is_there = self.is_32 && !matches!(sector, 0 | 0xFFFF);
        is_there.then(|| u64::from(sector).saturating_mul(self.sector_bytes))
    }

    fn parse(sector: &[u8]) -> Result<Self, VolumeError> {
        let bad = |what| VolumeError::Malformed { kind: "fat", what };
        let is_32 = u16_at(sector, 22) == 0;
        let (fat_sectors, root_entries) = if is_32 {
            (u64::from(u32_at(sector, 36)), 0)
        } else {
            (u64::from(u16_at(sector, 22)), u64::from(u16_at(sector, 17)))
        };
        let fields = Self {
            sector_bytes: u64::from(u16_at(sector, 11)),
            per_cluster: u64::from(u8_at(sector, 13)),
            reserved: u64::from(u16_at(sector, 14)),
            fats: u8_at(sector, 16),
            root_entries,
            fat_sectors,
            total: match u16_at(sector, 19) {
                0 => u64::from(u32_at(sector, 32)),
                few => u64::from(few),
            },
            is_32,
        };
        if !matches!(fields.sector_bytes, 512 | 1024 | 2048 | 4096) {
            return Err(bad("sector size"));
        }
        if !fields.per_cluster.is_power_of_two() || fields.reserved == 0 || u8_at(sector, 21) < 0xF0
        {
            return Err(bad("cluster size, reserved sectors or media byte"));
        }
        if fields.fats == 0 {
            return Err(bad("number of tables"));
        }
        if fat_sectors == 0 || (!is_32 && root_entries == 0) {
            return Err(bad("size of the table or of the root folder"));
        }
        Ok(fields)
    }
}

/// What kind of FAT a boot sector describes, if some system would take it for one: Windows looks
/// at the first byte and at no name, Linux at neither, and both read more tables than are read
/// here.
pub(crate) fn is_fat(sector: &[u8]) -> Option<Kind> {
    let jump = matches!(sector, [0xEB | 0xE9 | 0x49, ..]);
    let signed = u16_at(sector, 510) == 0xAA55;
    if !jump && !signed {
        return None;
    }
    match (Boot::parse(sector), Fields::parse(sector)) {
        (Ok(boot), _) => Some(boot.kind()),
        (Err(_), Ok(fields)) if FATS_MAX < fields.fats => Some(if fields.is_32 {
            Kind::Fat32
        } else {
            Kind::Fat16
        }),
        (Err(_), Ok(_) | Err(_)) => None,
    }
}

/// What kind of FAT a sector claims to be by its text alone, though it describes no volume:
/// opening it says what is wrong.
pub(crate) fn weak_kind(sector: &[u8]) -> Option<Kind> {
    if u16_at(sector, 510) != 0xAA55 {
        return None;
    }
    match (&array::<5>(sector, 54), &array::<5>(sector, 82)) {
        (_, b"FAT32") => Some(Kind::Fat32),
        (b"FAT16", _) => Some(Kind::Fat16),
        (b"FAT12", _) => Some(Kind::Fat12),
        (_, _) => None,
    }
}
