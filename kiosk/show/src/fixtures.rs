//! Views for tests.

use wire::ledger::{EntryId, Rules};
use wire::scan::Progress;
use wire::verdict::Reason;
use wire::view::{FirstFinding, Lane, RulesAge, Shown, Stage, View};
use wire::{Digest, MediumName, ReasonCode, Title, Verdict};

/// Every reason, in the type's order.
pub(crate) const REASONS: [ReasonCode; 23] = [
    ReasonCode::Matched,
    ReasonCode::Policy,
    ReasonCode::Unregistered,
    ReasonCode::Expired,
    ReasonCode::Revoked,
    ReasonCode::NotYetValid,
    ReasonCode::Lost,
    ReasonCode::CloneSuspected,
    ReasonCode::NotStorage,
    ReasonCode::NoVisit,
    ReasonCode::Encrypted,
    ReasonCode::Unreadable,
    ReasonCode::Damaged,
    ReasonCode::Unsupported,
    ReasonCode::Limit,
    ReasonCode::Timeout,
    ReasonCode::Changed,
    ReasonCode::Removed,
    ReasonCode::RulesMissing,
    ReasonCode::RulesStale,
    ReasonCode::SelfTestFailed,
    ReasonCode::LedgerUnavailable,
    ReasonCode::ClockUntrusted,
];

pub(crate) fn named(text: &str) -> MediumName {
    MediumName::new(text).unwrap()
}

pub(crate) fn view(sequence: u64, stages: Vec<Stage>) -> View {
    let label = named("DataTraveler 3.0");
    View {
        sequence,
        site_ja: "第1ゲート".to_owned(),
        site_en: "Gate 1".to_owned(),
        clock: "2026-11-23 08:30".to_owned(),
        rules: Some(Rules {
            bundle: "plant".to_owned(),
            version: 12,
            issued: Some("2026-11-20".to_owned()),
            age_days: Some(3),
            expired_days: None,
            rules: 40,
            sha256: Digest([7; 32]),
            engines: Vec::new(),
        }),
        rules_age: RulesAge::Fresh,
        rules_refused: None,
        out_of_service: None,
        fault: None,
        contact: None,
        lanes: stages
            .into_iter()
            .map(|stage| Lane {
                label: label.clone(),
                stage,
                asking: None,
                request: None,
            })
            .collect(),
        open_cases: 0,
        gate: wire::view::Gate::default(),
        ledger: wire::view::Ledger {
            head: Some(head(1234)),
            disk_percent: Some(12),
            review_due: Some("2026-12-03".to_owned()),
            ..wire::view::Ledger::default()
        },
    }
}

/// An entry of a ledger.
pub(crate) fn head(number: u64) -> EntryId {
    let leaf = format!("1a2b3c4d5e6f7081{}", "0".repeat(48));
    EntryId {
        number,
        leaf_sha256: Digest::try_from(leaf).unwrap(),
    }
}

pub(crate) fn scanning(progress: Progress, elapsed_seconds: u64) -> Stage {
    Stage::Scanning {
        progress,
        elapsed_seconds,
    }
}

/// Two fifths of a scan.
pub(crate) fn half_way() -> Progress {
    Progress {
        files_found: 2960,
        files_done: 1204,
        bytes_found: 4_600_000_000,
        bytes_done: 1_900_000_000,
        matched: 0,
        walked: true,
        current: named("点検記録/2026年11月/ﾎﾟﾝﾌﾟ室_図面.pdf"),
    }
}

pub(crate) fn shown(verdict: Verdict, reasons: &[(ReasonCode, u64)]) -> Box<Shown> {
    let first = reasons.first().map(|_| FirstFinding {
        trail: vec![
            named("保守/更新.zip"),
            named("inner/tools.tar"),
            named("bin/setup.exe"),
        ],
        rule: "eicar_test_file".to_owned(),
        cause: None,
        title: Title::cut("EICARテストファイル", "EICAR test file").map(Box::new),
    });
    Box::new(Shown {
        verdict,
        entry: EntryId {
            number: 42,
            leaf_sha256: Digest([0x1a; 32]),
        },
        reasons: reasons
            .iter()
            .map(|(code, count)| Reason {
                code: *code,
                count: *count,
            })
            .collect(),
        medium: Some("M-0042".to_owned()),
        function: None,
        files: 2960,
        bytes_read: 4_600_000_000,
        first,
        waivers: Vec::new(),
        brought: None,
        is_out: false,
        put_back: None,
    })
}

pub(crate) fn pass() -> Box<Shown> {
    shown(Verdict::Pass, &[])
}

pub(crate) fn stop() -> Box<Shown> {
    shown(
        Verdict::Stop,
        &[(ReasonCode::Matched, 3), (ReasonCode::Encrypted, 1)],
    )
}

pub(crate) fn incomplete() -> Box<Shown> {
    let mut shown = shown(Verdict::Incomplete, &[(ReasonCode::Encrypted, 2)]);
    shown.first = Some(FirstFinding {
        trail: vec![named("報告書.zip"), named("測定値.xlsx")],
        rule: "encrypted".to_owned(),
        cause: Some("container_encrypted".to_owned()),
        title: None,
    });
    shown
}

#[test]
fn every_reason_is_in_the_list() {
    use std::collections::BTreeSet;
    let keys: BTreeSet<_> = REASONS
        .iter()
        .map(|code| crate::words::reason_key(*code))
        .collect();
    assert_eq!(keys.len(), REASONS.len());
    // The list is in the order of the type and its last is the type's last: the match in
    // `reason_key` makes the compiler ask for a word, and this makes the test ask for the rest.
    assert!(REASONS.is_sorted());
    assert_eq!(REASONS.last(), Some(&ReasonCode::ClockUntrusted));
}
