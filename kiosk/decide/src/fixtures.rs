//! Rows, volumes and findings for the tests of this crate.

use wire::{
    Coverage, Digest, Finding, MediumName, Outcome, Row, RowKind, Source, Tier, VolumeReport,
};

pub(crate) fn finding(tier: Tier, source: Source) -> Finding {
    Finding::own("a_rule", source, tier, "a detail")
}

/// The same finding as a container repeats it.
pub(crate) fn in_member(finding: Finding) -> Finding {
    Finding {
        member_of: Some(MediumName::new("inner.bin").unwrap()),
        ..finding
    }
}

pub(crate) fn row(outcome: Outcome) -> Row {
    Row {
        volume: None,
        path: MediumName::new("a.bin").unwrap(),
        within: Vec::new(),
        kind: RowKind::File,
        size_bytes: 1,
        sha256: Some(Digest([7; 32])),
        content_type: Some("application/octet-stream".to_owned()),
        outcome,
        inherited: false,
        findings: Vec::new(),
    }
}

pub(crate) fn volume(index: u32, findings: Vec<Finding>) -> VolumeReport {
    VolumeReport {
        index,
        kind: "fat32".to_owned(),
        label: MediumName::default(),
        offset_bytes: 0,
        size_bytes: 1,
        coverage: Coverage {
            allocated_bytes: 1,
            examined_bytes: 1,
            ..Coverage::default()
        },
        findings,
    }
}
