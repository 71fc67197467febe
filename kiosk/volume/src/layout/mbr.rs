//! The master boot record and its chain of extended partitions.

mod chain;

use super::{Partition, View};
use crate::blocks::{Blocks, head};
use crate::findings::Findings;
use crate::kind::{Kind, probe};
use crate::number::{u8_at, u16_at, u32_at};

/// One of the four entries, in sectors.
#[derive(Clone, Copy, Debug)]
struct Entry {
    status: u8,
    kind: u8,
    start: u64,
    count: u64,
}

/// The types that Windows does not show: the usual ones with a bit set, and its recovery's.
const HIDDEN: [u8; 10] = [0x11, 0x14, 0x16, 0x17, 0x1B, 0x1C, 0x1E, 0x1F, 0x27, 0x3C];

/// The type of what is divided by Windows's logical disk manager.
const DYNAMIC: u8 = 0x42;

impl Entry {
    fn parse(sector: &[u8], index: usize) -> Self {
        let at = index.saturating_mul(16).saturating_add(446);
        let field = |within: usize| at.saturating_add(within);
        Self {
            status: u8_at(sector, at),
            kind: u8_at(sector, field(4)),
            start: u64::from(u32_at(sector, field(8))),
            count: u64::from(u32_at(sector, field(12))),
        }
    }

    fn all(sector: &[u8]) -> [Self; 4] {
        [0, 1, 2, 3].map(|index| Self::parse(sector, index))
    }

    /// Whether it describes something: an entry without a type may still hide a partition.
    fn is_used(&self) -> bool {
        self.count != 0
    }

    /// Whether it names nothing but the boot record that it is in, as disc images have one to
    /// please old firmware.
    fn is_own(&self) -> bool {
        (self.kind, self.start, self.count) == (0, 0, 1)
    }

    fn is_extended(&self) -> bool {
        matches!(self.kind, 0x05 | 0x0F | 0x85 | 0xC5 | 0xD5)
    }

    fn is_protective(&self) -> bool {
        self.kind == 0xEE
    }

    fn place(&self, base: u64, sector_bytes: u64) -> Partition {
        let start = base.saturating_add(self.start);
        Partition {
            offset_bytes: start.saturating_mul(sector_bytes),
            size_bytes: self.count.saturating_mul(sector_bytes),
        }
    }

    /// What is odd about an entry that describes a volume.
    fn check(&self, findings: &mut Findings) {
        if self.kind == 0 {
            let detail = "an entry without a type, which systems do not show, has a size";
            findings.notice("partition_without_type", detail);
        }
        // A bootable disc image lists itself under such a type.
        if HIDDEN.contains(&self.kind) && self.start != 0 {
            let detail = format!("type {:02x}, which Windows does not show", self.kind);
            findings.notice("partition_hidden", detail);
        }
        if self.kind == DYNAMIC {
            super::dynamic(findings);
        }
        self.check_status(findings);
    }

    /// Linux takes a sector for no boot record when an entry's first byte is neither of two.
    fn check_status(&self, findings: &mut Findings) {
        if !matches!(self.status, 0x00 | 0x80) {
            let detail = format!("status {:02x}; some systems ignore the table", self.status);
            findings.incomplete("partition_status", detail);
        }
    }
}

/// A sector 0 that ends like a master boot record and has partitions.
pub(super) struct Record {
    entries: [Entry; 4],
    medium_bytes: u64,
}

/// Sector sizes that addresses may count in.
const SECTOR_SIZES: [u64; 2] = [512, 4096];

impl Record {
    /// `None` when the sector is no master boot record or has no partitions.
    pub(super) fn parse(sector: &[u8], medium_bytes: u64) -> Option<Self> {
        let entries = Entry::all(sector);
        let signed = u16_at(sector, 510) == 0xAA55;
        let used = entries.iter().any(Entry::is_used);
        (signed && used).then_some(Self {
            entries,
            medium_bytes,
        })
    }

    fn used(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.is_used())
    }

    /// Whether it announces a GPT.
    pub(super) fn is_protective(&self) -> bool {
        self.used().any(Entry::is_protective)
    }

    /// Whether a system would find a partition. The boot sector of a volume ends like a master
    /// boot record too, but has text or code where the status of each entry would be, and that
    /// is what Linux goes by. Only a disc image may list itself, from sector 0 on.
    pub(super) fn is_convincing(&self, is_disc: bool) -> bool {
        let is_table = self
            .entries
            .iter()
            .all(|entry| matches!(entry.status, 0x00 | 0x80));
        let leads = |entry: &Entry| {
            let inside = entry.start.saturating_mul(512) < self.medium_bytes;
            (is_disc || entry.start != 0) && inside
        };
        is_table && self.used().any(leads)
    }

    /// Every partition, those in extended partitions too.
    pub(super) fn partitions(
        &self,
        medium: &dyn Blocks,
        findings: &mut Findings,
    ) -> Vec<Partition> {
        self.partitions_in(medium, self.sector_bytes(medium, findings), findings)
    }

    fn partitions_in(
        &self,
        medium: &dyn Blocks,
        sector_bytes: u64,
        findings: &mut Findings,
    ) -> Vec<Partition> {
        let mut partitions = Vec::new();
        let is_partition = |entry: &&Entry| !entry.is_protective() && !entry.is_own();
        for entry in self.used().filter(is_partition) {
            if entry.is_extended() {
                entry.check_status(findings);
                chain::follow(medium, entry, sector_bytes, &mut partitions, findings);
            } else {
                entry.check(findings);
                partitions.push(entry.place(0, sector_bytes));
            }
        }
        if 1 < self.used().filter(|entry| entry.is_extended()).count() {
            let detail = "several extended partitions; Windows reads one";
            findings.incomplete("extended_several", detail);
        }
        partitions
    }

    /// The sector size with which more of the entries lead to something known. The medium's own
    /// is not known of an image; entries that lead to volumes in both show systems different
    /// things.
    fn sector_bytes(&self, medium: &dyn Blocks, findings: &mut Findings) -> u64 {
        let is_volume = |sector_bytes: u64| {
            let elsewhere = self.used().filter(|entry| entry.start != 0);
            let places = elsewhere.map(|entry| entry.place(0, sector_bytes));
            let kinds = places.map(|one| probe(&View { medium, one }));
            let mut read = kinds.filter_map(Result::ok);
            read.any(|kind| !matches!(kind, Kind::Unknown | Kind::Named { .. }))
        };
        let known = |sector_bytes: u64| {
            let hits = self.used().filter(|entry| {
                let one = entry.place(0, sector_bytes);
                let is_link = || {
                    let sector = head(medium, one.offset_bytes, 512);
                    entry.is_extended() && sector.is_ok_and(|sector| u16_at(&sector, 510) == 0xAA55)
                };
                let view = View { medium, one };
                is_link() || probe(&view).is_ok_and(|kind| kind != Kind::Unknown)
            });
            hits.count()
        };
        let [small, large] = SECTOR_SIZES;
        if is_volume(small) && is_volume(large) {
            let detail = "the entries lead to volumes in sectors of 512 bytes and of 4096";
            findings.incomplete("mbr_two_sector_sizes", detail);
        }
        if known(small) < known(large) {
            large
        } else {
            small
        }
    }

    /// Whether the entry that protects a GPT covers the medium as the specification asks: from
    /// sector 1 to the last, or as far as 32 bits can count.
    pub(super) fn check_protective(&self, sector_bytes: u64, findings: &mut Findings) {
        let sectors = self.medium_bytes.checked_div(sector_bytes).unwrap_or(0);
        let whole = sectors.saturating_sub(1).min(u64::from(u32::MAX));
        for entry in self.used().filter(|entry| entry.is_protective()) {
            if entry.start != 1 {
                let detail = format!("it begins at sector {}, not at 1", entry.start);
                findings.incomplete("protective_entry_misplaced", detail);
            } else if entry.count != whole && entry.count != u64::from(u32::MAX) {
                let detail = format!("it covers {} sectors of {whole}", entry.count);
                findings.notice("protective_entry_size", detail);
            }
        }
    }

    /// Adds what the entries beside the protective one describe, when the GPT does not.
    pub(super) fn add_hybrid(
        &self,
        medium: &dyn Blocks,
        partitions: &mut Vec<Partition>,
        sector_bytes: u64,
        findings: &mut Findings,
    ) {
        for place in self.partitions_in(medium, sector_bytes, findings) {
            if partitions.contains(&place) {
                let detail = "the MBR repeats a partition of the GPT";
                findings.notice("hybrid_mbr", detail);
            } else {
                let detail = "the MBR has a partition that the GPT does not have";
                findings.incomplete("hybrid_mbr_differs", detail);
                partitions.push(place);
            }
        }
    }
}
