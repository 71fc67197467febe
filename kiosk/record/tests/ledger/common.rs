//! What the tests of the ledger share: events, rows, and a ledger with some of each.

use std::path::Path;
use std::process::Command;

use record::rows::Rows;
use record::{Ledger, LedgerError, Refusal, Verified, Writer};
use wire::ledger::{Event, Judged, Rules, Target};
use wire::rule_change::{CHANGE_TEXT_BYTES_MAX, Person};
use wire::scan::{TargetKind, Totals};
use wire::{Claim, Digest, MediumName, Outcome, Reason, ReasonCode, Row, RowKind, Verdict};

pub(crate) fn rules() -> Rules {
    Rules {
        bundle: "shipped".to_owned(),
        version: 1,
        issued: None,
        age_days: None,
        expired_days: None,
        rules: 3,
        sha256: Digest([7; 32]),
        engines: Vec::new(),
    }
}

pub(crate) fn target() -> Target {
    let name = MediumName::new("stick.img").unwrap();
    Target {
        kind: TargetKind::Image,
        name,
        size_bytes: 1 << 20,
    }
}

pub(crate) fn started() -> Event {
    Event::Started {
        kiosk: "0.1.0".to_owned(),
        rules: Some(rules()),
        again: true,
    }
}

pub(crate) fn inserted() -> Event {
    Event::Inserted {
        target: target(),
        claim: None,
        medium: None,
        rules: Some(rules()),
        occasion: None,
    }
}

/// An insertion at a kiosk.
pub(crate) fn at_kiosk() -> Event {
    let claim: Claim = serde_json::from_value(serde_json::json!({
        "vid": 1, "pid": 2, "serial": "s", "manufacturer": "m", "product": "p",
        "interfaces": [], "capacity_bytes": null
    }))
    .unwrap();
    Event::Inserted {
        target: target(),
        claim: Some(Box::new(claim)),
        medium: None,
        rules: Some(rules()),
        occasion: None,
    }
}

pub(crate) fn row(path: &str) -> Row {
    Row {
        volume: Some(0),
        path: MediumName::new(path).unwrap(),
        within: Vec::new(),
        kind: RowKind::File,
        size_bytes: 5,
        sha256: Some(Digest([9; 32])),
        content_type: Some("text/plain".to_owned()),
        outcome: Outcome::Clean,
        inherited: false,
        findings: Vec::new(),
    }
}

/// A verdict of PASS over `rows` rows.
pub(crate) fn passed(insertion: u64, rows: u64) -> Judged {
    Judged {
        insertion,
        verdict: Verdict::Pass,
        reasons: Vec::new(),
        medium: Some("M-0001".to_owned()),
        target: target(),
        rules: Some(rules()),
        volumes: Vec::new(),
        totals: Some(Totals {
            rows,
            volumes: 0,
            bytes_read: 5,
            bytes_hashed: 5,
            outside: wire::Coverage::default(),
        }),
        started: "2026-11-23T08:30:00Z".to_owned(),
        finished: "2026-11-23T08:31:00Z".to_owned(),
        fault: None,
        refused: None,
        waivers: Vec::new(),
        policy_sha256: None,
    }
}

/// A verdict of STOP over `rows` rows.
pub(crate) fn stopped(insertion: u64, rows: u64) -> Judged {
    let reasons = vec![Reason {
        code: ReasonCode::Matched,
        count: 1,
    }];
    Judged {
        verdict: Verdict::Stop,
        reasons,
        ..passed(insertion, rows)
    }
}

pub(crate) fn judged(judged: Judged) -> Event {
    Event::Judged(Box::new(judged))
}

/// Rows as they travel.
pub(crate) fn lines(rows: &[Row]) -> Vec<u8> {
    rows.iter()
        .flat_map(|row| [serde_json::to_vec(row).unwrap(), b"\n".to_vec()].concat())
        .collect()
}

pub(crate) fn received(bytes: &[u8]) -> Rows {
    Rows::receive(&jail::memory::sealed("rows", bytes).unwrap()).unwrap()
}

/// Ten entries: started; two insertions with a verdict over three rows and a removal; one with
/// a verdict over none; one open until the ledger was opened again.
///
/// 1 started, 2 inserted, 3 judged (3 rows), 4 removed, 5 inserted, 6 judged (3 rows),
/// 7 removed, 8 inserted, 9 judged, 10 inserted, 11 interrupted
pub(crate) fn ledger(folder: &Path) {
    let mut writer = Writer::open(folder).unwrap();
    let rows = received(&lines(&[
        row("点検/a.txt"),
        row("b\u{202e}txt.exe"),
        row("c"),
    ]));
    writer.append(&started(), None).unwrap();
    for insertion in [2, 5] {
        writer.append(&inserted(), None).unwrap();
        writer
            .append(&judged(passed(insertion, 3)), Some(&rows))
            .unwrap();
        writer.append(&Event::Removed { insertion }, None).unwrap();
    }
    writer.append(&inserted(), None).unwrap();
    writer.append(&judged(stopped(8, 0)), None).unwrap();
    writer.append(&inserted(), None).unwrap();
    drop(writer);
    drop(Writer::open(folder).unwrap());
}

pub(crate) const ENTRIES: u64 = 11;

pub(crate) fn verified(folder: &Path) -> Result<Verified, LedgerError> {
    Ledger::open(folder)?.verify(None)
}

/// Runs SQL as an administrator would, with the sqlite3 that the system has.
pub(crate) fn sqlite3(folder: &Path, sql: &str) {
    let output = Command::new("sqlite3")
        .arg("-bail")
        .arg(folder.join("ledger.db"))
        .arg(sql)
        .output()
        .expect("sqlite3 is installed");
    assert!(
        output.status.success(),
        "{sql}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// What somebody does first who wants to change an entry.
pub(crate) const UNGUARD: &str = "DROP TRIGGER entries_in_order; DROP TRIGGER entries_not_updated;
    DROP TRIGGER entries_not_deleted; DROP TRIGGER rows_with_their_entry;
    DROP TRIGGER rows_not_updated; DROP TRIGGER rows_not_deleted;
    DROP TRIGGER steps_once; DROP TRIGGER steps_not_updated; DROP TRIGGER steps_not_deleted;
    DROP TRIGGER checkpoints_once; DROP TRIGGER checkpoints_not_updated;
    DROP TRIGGER checkpoints_not_deleted;";

/// The user that owns nothing.
pub(crate) const NOBODY: u32 = 65534;

pub(crate) fn someone() -> Person {
    Person {
        uid: 0,
        user: "root".to_owned(),
        login_uid: Some(1000),
        login_user: Some("sato".to_owned()),
        medium: None,
    }
}

pub(crate) fn nameless() -> Person {
    Person {
        user: "x".repeat(CHANGE_TEXT_BYTES_MAX + 1),
        ..someone()
    }
}

pub(crate) fn with_writer<T>(ask: impl FnOnce(&mut Writer) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    ask(&mut Writer::open(folder.path()).unwrap())
}

/// Why an event by itself is not written into an empty ledger.
#[track_caller]
pub(crate) fn refusal(event: &Event) -> Refusal {
    with_writer(|writer| {
        let refusal = writer.append(event, None).unwrap_err();
        assert_eq!(writer.head(), None);
        refusal
    })
}
