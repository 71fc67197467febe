//! How the medium is divided, and what is on each volume.

use jail::channel::Channel;
use volume::{Blocks, Kind, Seen, VolumeError};
use wire::name::MediumName;
use wire::scan::Order;
use wire::worker::{Answer, Place};
use wire::{Finding, Gap, Outcome, Row, RowKind, Source, Tier};

use super::{answer, send};
use crate::ScanError;
use crate::emit;
use crate::medium::Trees;

/// Reads the partition tables.
pub(super) fn layout(channel: &Channel, medium: Option<&dyn Blocks>) -> Result<(), ScanError> {
    let divided = match medium.map(volume::layout) {
        Some(Ok(divided)) => divided,
        failed @ (Some(Err(_)) | None) => {
            let why = failed
                .and_then(Result::err)
                .map_or(String::new(), |error| error.to_string());
            let finding = Finding::own(
                "partition_table_unreadable",
                Source::Volume,
                Tier::Incomplete,
                why,
            );
            let scheme = "unreadable".to_owned();
            return answer(
                channel,
                &Answer::Layout {
                    scheme,
                    findings: vec![finding],
                },
            );
        }
    };
    for place in divided.volumes {
        answer(channel, &Answer::Volume(place))?;
    }
    for item in divided.raw {
        answer(channel, &Answer::Item(Box::new(item)))?;
    }
    let findings = emit::bounded(divided.findings);
    answer(
        channel,
        &Answer::Layout {
            scheme: divided.scheme.to_owned(),
            findings,
        },
    )
}

/// Lists one volume.
pub(super) fn walk(
    channel: &Channel,
    trees: &mut Trees,
    volume: u32,
    place: &Place,
    order: &Order,
) -> Result<(), ScanError> {
    let tree = match trees.tree(volume, place) {
        Ok(tree) => tree,
        Err(error) => return unopened(channel, volume, place, &error),
    };
    let mut sent = Ok(());
    let walked = tree.walk(&order.limits, order.spare, &mut |seen| {
        if sent.is_ok() {
            sent = match seen {
                Seen::Item(item) => answer(channel, &Answer::Item(Box::new(item))),
                Seen::Row(row) => emit::packet(row)
                    .map_err(ScanError::from)
                    .and_then(|p| send(channel, &p)),
            };
        }
    });
    sent?;
    let (findings, unallocated_bytes) = match walked {
        Ok(walked) => (walked.findings, walked.unallocated_bytes),
        Err(error) => (vec![error.finding()], 0),
    };
    answer(
        channel,
        &Answer::Walked {
            label: tree.label(),
            allocated_bytes: place.size_bytes.saturating_sub(unallocated_bytes),
            unallocated_bytes,
            findings: emit::bounded(findings),
        },
    )
}

/// A volume without a tree: its name is a finding, and its bytes are matched as they lie unless
/// a key is needed to make sense of them. None of it can be clean.
fn unopened(
    channel: &Channel,
    volume: u32,
    place: &Place,
    error: &VolumeError,
) -> Result<(), ScanError> {
    let finding = error.finding();
    // The rows below keep the medium from PASS and count it once; the volume's own report
    // names the cause. Without bytes there are no rows, and the report alone must do it.
    let tier = if place.size_bytes == 0 {
        Tier::Incomplete
    } else {
        Tier::Notice
    };
    let named = Finding {
        tier,
        ..finding.clone()
    };
    // What only looks like random bytes may be something else, so it is matched all the same.
    let is_marked = place.kind != volume::ENCRYPTED_UNKNOWN;
    if is_marked && gap_of_volume(&place.kind) == Gap::Encrypted {
        let row = Row {
            volume: Some(volume),
            path: MediumName::cut(format!("unallocated-{}", place.offset_bytes).as_bytes()).0,
            within: Vec::new(),
            kind: RowKind::Unallocated,
            size_bytes: place.size_bytes,
            sha256: None,
            content_type: None,
            outcome: Outcome::Unchecked(Gap::Encrypted),
            inherited: false,
            findings: vec![finding.clone()],
        };
        send(channel, &emit::packet(row)?)?;
    } else {
        let whole = (place.offset_bytes, place.size_bytes);
        for mut item in volume::pieces(RowKind::Unallocated, "unallocated", whole.0, whole.1) {
            item.volume = Some(volume);
            // A partition that is not in use yet is empty, as is the one that Windows reserves on
            // every GPT disk: what is zero in it needs no row. A medium that is nothing but
            // zeros is another matter.
            if place.offset_bytes == 0 || place.kind != Kind::Unknown.name() {
                item.findings.push(finding.clone());
            }
            let before = place.offset_bytes;
            item.share.position_bytes = item.share.position_bytes.saturating_sub(before);
            answer(channel, &Answer::Item(Box::new(item)))?;
        }
    }
    answer(
        channel,
        &Answer::Walked {
            label: MediumName::default(),
            allocated_bytes: place.size_bytes,
            unallocated_bytes: 0,
            findings: vec![named],
        },
    )
}

/// Why the content of a volume of this kind cannot be called examined.
pub(super) fn gap_of_volume(kind: &str) -> Gap {
    match Kind::from_name(kind) {
        Some(Kind::Named { gap, .. }) => gap,
        Some(Kind::Unknown) | None => Gap::Unsupported,
        Some(
            Kind::Fat12
            | Kind::Fat16
            | Kind::Fat32
            | Kind::Exfat
            | Kind::Ntfs
            | Kind::Ext2
            | Kind::Ext3
            | Kind::Ext4
            | Kind::Iso9660
            | Kind::Udf,
        ) => Gap::Damaged,
    }
}
