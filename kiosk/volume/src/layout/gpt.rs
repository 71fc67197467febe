//! GUID partition tables. Source: UEFI specification 2.10, section 5.3.

use super::Partition;
use crate::blocks::{Blocks, head};
use crate::findings::Findings;
use crate::number::{array, narrow, u32_at, u64_at};

/// Largest array of entries read, in bytes: 128 entries of 128 bytes are usual.
const ENTRIES_BYTES_MAX: u64 = 1 << 20;

/// A table with valid checksums.
pub(super) struct Table {
    pub(super) partitions: Vec<Partition>,
    pub(super) sector_bytes: u64,
}

/// One of the two headers with its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Copy {
    own: u64,
    other: u64,
    entries_start: u64,
    entry_bytes: u64,
    entries: Vec<u8>,
}

/// The medium's GPT, `None` when neither copy has a signature. `protective` tells whether the
/// MBR announces one: without that, remains of an old table are not worth a finding. A copy
/// that cannot be read counts as bad.
pub(super) fn find(
    medium: &dyn Blocks,
    protective: bool,
    findings: &mut Findings,
) -> Option<Table> {
    for sector_bytes in [512, 4096] {
        let sectors = medium.size_bytes().checked_div(sector_bytes).unwrap_or(0);
        let last = sectors.saturating_sub(1);
        let is_signed =
            signed(medium, 1, sector_bytes) || (protective && signed(medium, last, sector_bytes));
        if !is_signed {
            continue;
        }
        let first = read(medium, 1, sector_bytes);
        let backup_at = first.as_ref().map_or(last, |copy| copy.other);
        let second = read(medium, backup_at, sector_bytes);
        if let Some(copy) = &first
            && copy.other != last
        {
            let detail = format!("the backup is at sector {}, the last is {last}", copy.other);
            findings.notice("gpt_backup_misplaced", detail);
        }
        let copy = match (first, second) {
            (Some(first), Some(second)) => {
                if first.entries != second.entries || first.other != second.own {
                    let detail = "the two copies of the GPT differ";
                    findings.incomplete("gpt_copies_differ", detail);
                }
                return Some(union(&first, &second, sector_bytes));
            }
            (Some(first), None) => {
                let detail = "the GPT's backup is missing or its checksum is wrong";
                findings.incomplete("gpt_backup_bad", detail);
                first
            }
            (None, Some(second)) => {
                let detail = "the GPT's checksum is wrong; its backup was used";
                findings.incomplete("gpt_primary_bad", detail);
                second
            }
            (None, None) => {
                let detail = "neither copy of the GPT has a valid checksum";
                findings.incomplete("gpt_bad", detail);
                return None;
            }
        };
        return Some(union(&copy, &copy, sector_bytes));
    }
    None
}

fn signed(medium: &dyn Blocks, sector: u64, sector_bytes: u64) -> bool {
    let header = head(medium, sector.saturating_mul(sector_bytes), 8);
    header.is_ok_and(|header| header == b"EFI PART")
}

/// The copy whose header is in `sector`, `None` when anything about it is wrong.
fn read(medium: &dyn Blocks, sector: u64, sector_bytes: u64) -> Option<Copy> {
    let header = head(
        medium,
        sector.saturating_mul(sector_bytes),
        narrow(sector_bytes),
    )
    .ok()?;
    let length = narrow(u64::from(u32_at(&header, 12)));
    if array(&header, 0) != *b"EFI PART" || !(92..=header.len()).contains(&length) {
        return None;
    }
    let mut blanked = header.get(..length).unwrap_or_default().to_vec();
    if let Some(checksum) = blanked.get_mut(16..20) {
        checksum.fill(0);
    }
    let own = u64_at(&header, 24);
    if crc32fast::hash(&blanked) != u32_at(&header, 16) || own != sector {
        return None;
    }
    let entry_bytes = u64::from(u32_at(&header, 84));
    let entries_bytes = u64::from(u32_at(&header, 80)).saturating_mul(entry_bytes);
    let fits = entry_bytes.is_multiple_of(128) && entry_bytes != 0;
    if !fits || ENTRIES_BYTES_MAX < entries_bytes {
        return None;
    }
    let entries_start = u64_at(&header, 72);
    let offset = entries_start.saturating_mul(sector_bytes);
    let entries = head(medium, offset, narrow(entries_bytes)).ok()?;
    if crc32fast::hash(&entries) != u32_at(&header, 88) {
        return None;
    }
    Some(Copy {
        own,
        other: u64_at(&header, 32),
        entries_start,
        entry_bytes,
        entries,
    })
}

/// The partitions of both copies: what only one names is on the medium all the same.
fn union(first: &Copy, second: &Copy, sector_bytes: u64) -> Table {
    let mut partitions = Vec::new();
    for copy in [first, second] {
        for entry in copy.entries.chunks(narrow(copy.entry_bytes)) {
            if array::<16>(entry, 0) == [0; 16] {
                continue;
            }
            let start = u64_at(entry, 32);
            let after = u64_at(entry, 40).saturating_add(1);
            let place = Partition {
                offset_bytes: start.saturating_mul(sector_bytes),
                size_bytes: after.saturating_sub(start).saturating_mul(sector_bytes),
            };
            if !partitions.contains(&place) {
                partitions.push(place);
            }
        }
    }
    Table {
        partitions,
        sector_bytes,
    }
}
