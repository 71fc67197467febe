//! GUID partition tables. Source: UEFI specification 2.10, section 5.3.

mod copy;

use copy::{Copy, Entry, signed};

use super::Partition;
use crate::blocks::Blocks;
use crate::findings::Findings;

/// Sector sizes that a GPT may count in. The medium does not say which it has: a stick that was
/// written through another adapter counts in other sectors than it has now.
const SECTOR_SIZES: [u64; 2] = [512, 4096];

/// A table with valid checksums.
pub(super) struct Table {
    pub(super) partitions: Vec<Partition>,
    pub(super) sector_bytes: u64,
}

/// The medium's GPT, `None` when neither copy has a signature. `protective` tells whether the
/// MBR announces one: without that, remains of an old table are not worth a finding. A copy
/// that cannot be read counts as bad.
pub(super) fn find(
    medium: &dyn Blocks,
    protective: bool,
    findings: &mut Findings,
) -> Option<Table> {
    let mut tables = SECTOR_SIZES
        .into_iter()
        .filter_map(|sector_bytes| of_size(medium, protective, sector_bytes, findings));
    let mut table = tables.next()?;
    match tables.next() {
        Some(other) => {
            let detail = "a GPT in sectors of 512 bytes and one in sectors of 4096; systems differ";
            findings.incomplete("gpt_two_sector_sizes", detail);
            add(&mut table.partitions, other.partitions);
        }
        None if table.sector_bytes != 512 => {
            let detail = format!("the GPT counts in sectors of {} bytes", table.sector_bytes);
            findings.notice("gpt_large_sectors", detail);
        }
        None => {}
    }
    Some(table)
}

/// The GPT that counts in sectors of this size.
fn of_size(
    medium: &dyn Blocks,
    protective: bool,
    sector_bytes: u64,
    findings: &mut Findings,
) -> Option<Table> {
    let sectors = medium.size_bytes().checked_div(sector_bytes)?;
    let last = sectors.checked_sub(1)?;
    let at_end = signed(medium, last, sector_bytes);
    if !(signed(medium, 1, sector_bytes) || (protective && at_end)) {
        return None;
    }
    let first = Copy::read(medium, 1, sector_bytes);
    let backup_at = first.as_ref().map_or(last, |copy| copy.other);
    if backup_at != last {
        let detail = format!("the backup is at sector {backup_at}, the last is {last}");
        findings.notice("gpt_backup_misplaced", detail);
    }
    let second = Copy::read(medium, backup_at, sector_bytes);
    // One in the last sector is the backup to whoever looks there first.
    let third = (backup_at != last && at_end).then(|| Copy::read(medium, last, sector_bytes));
    match (&first, &second) {
        (Some(_), Some(_)) => {}
        (Some(_), None) => {
            let detail = "the GPT's backup is missing or its checksum is wrong";
            findings.incomplete("gpt_backup_bad", detail);
        }
        (None, Some(_)) => {
            let detail = "the GPT's checksum is wrong; its backup was used";
            findings.incomplete("gpt_primary_bad", detail);
        }
        (None, None) => {
            let detail = "neither copy of the GPT has a valid checksum";
            findings.incomplete("gpt_bad", detail);
            return None;
        }
    }
    let copies: Vec<Copy> = [first, second, third.flatten()]
        .into_iter()
        .flatten()
        .collect();
    if copies.windows(2).any(|pair| match pair {
        [one, other] => !one.agrees(other),
        _ => false,
    }) {
        findings.incomplete("gpt_copies_differ", "the two copies of the GPT differ");
    }
    let mut partitions = Vec::new();
    for copy in &copies {
        copy.check(last, findings);
        let used = copy.used();
        check_entries(copy, &used, findings);
        add(
            &mut partitions,
            used.iter().map(|entry| entry.place(sector_bytes)),
        );
    }
    Some(Table {
        partitions,
        sector_bytes,
    })
}

/// Adds what is not there yet: what only one copy names is on the medium all the same.
fn add(partitions: &mut Vec<Partition>, more: impl IntoIterator<Item = Partition>) {
    for place in more {
        if !partitions.contains(&place) {
            partitions.push(place);
        }
    }
}

/// Partition types of Windows that are pieces of a volume and not one: the two of dynamic disks,
/// and storage spaces.
const PIECES: [[u8; 16]; 3] = [
    [
        0xAA, 0xC8, 0x08, 0x58, 0x8F, 0x7E, 0xE0, 0x42, 0x85, 0xD2, 0xE1, 0xE9, 0x04, 0x34, 0xCF,
        0xB3,
    ],
    [
        0xA0, 0x60, 0x9B, 0xAF, 0x31, 0x14, 0x62, 0x4F, 0xBC, 0x68, 0x33, 0x11, 0x71, 0x4A, 0x69,
        0xAD,
    ],
    [
        0x8F, 0xAF, 0x5C, 0xE7, 0x80, 0xF6, 0xEE, 0x4C, 0xAF, 0xA3, 0xB0, 0x01, 0xE5, 0x6E, 0xFC,
        0x2D,
    ],
];

/// What the entries of one copy say of themselves.
fn check_entries(copy: &Copy, used: &[Entry], findings: &mut Findings) {
    for entry in used {
        if entry.first < copy.first_usable || copy.last_usable < entry.last {
            let detail = format!(
                "sectors {} to {}; the GPT keeps {} to {} for partitions",
                entry.first, entry.last, copy.first_usable, copy.last_usable
            );
            findings.incomplete("gpt_entry_outside", detail);
        }
        if entry.is_hidden() {
            let detail = format!(
                "attributes {:016x} keep systems from showing a partition",
                entry.attributes
            );
            findings.notice("partition_hidden", detail);
        }
        if PIECES.contains(&entry.kind) {
            super::dynamic(findings);
        }
    }
}
