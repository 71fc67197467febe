//! What a volume says of itself as a whole, and the copies that it keeps of that.

use std::io;

use super::boot::BOOT_BYTES;
use super::owners::Owners;
use super::record::DATA;
use super::volume::Volume;
use crate::content::Extent;
use crate::error::reason;
use crate::number::{narrow, u16_at};
use crate::walk::Walk;

/// File records of the table's mirror and of the volume.
const MIRROR: u64 = 1;
const VOLUME: u64 = 3;

/// The type of the attribute with the volume's flags.
const VOLUME_INFORMATION: u32 = 0x70;

/// Looks at everything that is there once for each volume.
pub(crate) fn volume(volume: &Volume, owners: &mut Owners, walk: &mut Walk<'_>) {
    let there = volume.blocks.size_bytes();
    let size = volume.boot.size_bytes;
    if there < size {
        let detail = format!("{size} bytes by its boot sector, {there} bytes there");
        walk.findings.incomplete("volume_past_end", detail);
    }
    walk.boot(&mut owners.space, BOOT_BYTES);
    let backup = volume
        .boot
        .check_backup(&*volume.blocks, &mut walk.findings);
    walk.structure(&mut owners.space, backup);
    if owners.files.is_cut() {
        let detail = "the file table has more records than are kept account of";
        walk.findings.incomplete("too_many_records", detail);
    }
    mirror(volume, walk);
    flags(volume, walk);
}

/// The first records are kept twice, because everything hangs on them.
fn mirror(volume: &Volume, walk: &mut Walk<'_>) {
    const RULE: &str = "ntfs_mirror_differs";
    let Ok(record) = volume.record(MIRROR) else {
        let detail = "the record of the file table's mirror cannot be read";
        walk.findings.incomplete(RULE, detail);
        return;
    };
    let all = volume.attributes(&record).found.into_iter();
    let pieces: Vec<_> = all
        .filter(|one| one.kind == DATA && one.name.is_empty())
        .collect();
    let extents = volume.value(&pieces).map(|value| value.extents);
    let extents = extents.unwrap_or_default();
    let start = volume
        .boot
        .mirror_cluster
        .checked_mul(volume.boot.cluster_bytes);
    if start.is_none() || extents.first().and_then(|one| one.offset_bytes) != start {
        let detail = "the mirror of the file table is not where the boot sector says";
        walk.findings.incomplete(RULE, detail);
        return;
    }
    match is_mirrored(volume, &extents) {
        Ok(true) => {}
        Ok(false) => {
            let detail = "the first file records and their mirror differ";
            walk.findings.incomplete(RULE, detail);
        }
        Err(error) => walk.findings.incomplete(RULE, reason(&error)),
    }
}

/// Whether the first records of the table are the same in its mirror.
fn is_mirrored(volume: &Volume, mirror: &[Extent]) -> io::Result<bool> {
    const MIRRORED: u64 = 4;
    let size = MIRRORED.saturating_mul(volume.boot.record_bytes);
    let mut first = vec![0; narrow(size)];
    let mut copy = first.clone();
    volume.read_records(0, &mut first)?;
    volume.read(mirror, 0, &mut copy)?;
    Ok(first == copy)
}

fn flags(volume: &Volume, walk: &mut Walk<'_>) {
    let Ok(record) = volume.record(VOLUME) else {
        walk.findings.incomplete(
            "ntfs_volume_record",
            "the record of the volume cannot be read",
        );
        return;
    };
    let attributes = volume.attributes(&record).found;
    let information = attributes.iter().find(|one| one.kind == VOLUME_INFORMATION);
    let flags = information
        .and_then(|one| one.resident())
        .map_or(0, |value| u16_at(value, 10));
    if flags & 1 != 0 {
        walk.findings
            .notice("volume_dirty", "the volume was not taken out properly");
    }
}
