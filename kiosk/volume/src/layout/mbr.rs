//! The master boot record and its chain of extended partitions.

use std::collections::BTreeSet;

use super::{Partition, View};
use crate::blocks::{Blocks, head};
use crate::findings::Findings;
use crate::kind::{Kind, probe};
use crate::number::{u8_at, u16_at, u32_at};

/// Most links of an extended partition's chain. Windows and Linux use at most 60 logical
/// partitions.
const EXTENDED_MAX: usize = 128;

/// One of the four entries, in sectors.
#[derive(Clone, Copy, Debug)]
struct Entry {
    status: u8,
    kind: u8,
    start: u64,
    count: u64,
}

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

    /// Whether it describes something: an entry without a type may still hide a partition.
    fn is_used(&self) -> bool {
        self.count != 0
    }

    fn is_extended(&self) -> bool {
        matches!(self.kind, 0x05 | 0x0F | 0x85 | 0xC5 | 0xD5)
    }

    fn place(&self, base: u64, sector_bytes: u64) -> Partition {
        let start = base.saturating_add(self.start);
        Partition {
            offset_bytes: start.saturating_mul(sector_bytes),
            size_bytes: self.count.saturating_mul(sector_bytes),
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
        let entries = [0, 1, 2, 3].map(|index| Entry::parse(sector, index));
        let signed = u16_at(sector, 510) == 0xAA55;
        let used = entries.iter().any(Entry::is_used);
        (signed && used).then_some(Self {
            entries,
            medium_bytes,
        })
    }

    /// Whether it announces a GPT.
    pub(super) fn is_protective(&self) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.kind == 0xEE && entry.is_used())
    }

    /// Whether the entries make sense as a whole. The boot sector of a volume ends like a
    /// master boot record too, but has text or code where the entries would be. Only a disc
    /// image may list itself, from sector 0 on.
    pub(super) fn is_convincing(&self, is_disc: bool) -> bool {
        self.entries.iter().all(|entry| {
            let blank = entry.kind == 0 && entry.count == 0 && entry.start == 0;
            let inside = entry.start.saturating_mul(512) < self.medium_bytes;
            let status = matches!(entry.status, 0x00 | 0x80);
            status && (blank || (entry.is_used() && (is_disc || entry.start != 0) && inside))
        })
    }

    /// Every partition, those in extended partitions too.
    pub(super) fn partitions(
        &self,
        medium: &dyn Blocks,
        findings: &mut Findings,
    ) -> Vec<Partition> {
        let sector_bytes = self.sector_bytes(medium);
        let mut partitions = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.is_used()) {
            if entry.is_extended() {
                extended(medium, entry, sector_bytes, &mut partitions, findings);
            } else if entry.kind != 0xEE {
                if entry.kind == 0 {
                    let detail = "an entry without a type, which systems do not show, has a size";
                    findings.notice("partition_without_type", detail);
                }
                partitions.push(entry.place(0, sector_bytes));
            }
        }
        partitions
    }

    /// The sector size with which more of the entries lead to something known.
    fn sector_bytes(&self, medium: &dyn Blocks) -> u64 {
        let known = |sector_bytes: u64| {
            let entries = self.entries.iter().filter(|entry| entry.is_used());
            let hits = entries.filter(|entry| {
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
        if known(small) < known(large) {
            large
        } else {
            small
        }
    }

    /// Adds what the entries beside the protective one describe, when the GPT does not.
    pub(super) fn add_hybrid(
        &self,
        partitions: &mut Vec<Partition>,
        sector_bytes: u64,
        findings: &mut Findings,
    ) {
        for entry in &self.entries {
            if entry.kind == 0xEE || !entry.is_used() {
                continue;
            }
            let place = entry.place(0, sector_bytes);
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

/// Follows an extended partition's chain.
fn extended(
    medium: &dyn Blocks,
    outer: &Entry,
    sector_bytes: u64,
    partitions: &mut Vec<Partition>,
    findings: &mut Findings,
) {
    let mut visited = BTreeSet::new();
    let mut next = Some(outer.start);
    while let Some(start) = next.take() {
        if !visited.insert(start) {
            findings.incomplete(
                "ebr_loop",
                "the extended partition's chain comes back to itself",
            );
            break;
        }
        if EXTENDED_MAX < visited.len() {
            findings.incomplete("ebr_too_long", "the extended partition's chain is too long");
            break;
        }
        let sector = match head(medium, start.saturating_mul(sector_bytes), 512) {
            Ok(sector) => sector,
            Err(error) => {
                findings.incomplete("ebr_unreadable", error.to_string());
                break;
            }
        };
        if u16_at(&sector, 510) != 0xAA55 {
            findings.incomplete(
                "ebr_malformed",
                "a link of the extended partition is no boot record",
            );
            break;
        }
        for entry in [0, 1, 2, 3].map(|index| Entry::parse(&sector, index)) {
            if !entry.is_used() {
                continue;
            }
            if !entry.is_extended() {
                let place = entry.place(start, sector_bytes);
                let end = outer.place(0, sector_bytes).end_bytes();
                if end < place.end_bytes() {
                    let detail = "a logical partition ends outside its extended partition";
                    findings.incomplete("ebr_outside", detail);
                }
                partitions.push(place);
            } else if next.is_none() {
                next = Some(outer.start.saturating_add(entry.start));
            } else {
                findings.incomplete(
                    "ebr_malformed",
                    "a link of the extended partition has two successors",
                );
            }
        }
    }
}
