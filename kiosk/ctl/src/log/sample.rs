//! A ledger for the tests: one visit with two media, one of which was stopped.

use std::path::Path;

use record::Writer;
use record::rows::Rows;
use serde_json::{Value, json};
use wire::ledger::Event;

/// The SHA-256 that these samples give a content.
pub(super) fn hash(byte: u8) -> String {
    wire::Digest([byte; 32]).to_string()
}

/// A file of a verdict.
pub(super) fn file(path: &str, within: &[&str], content: u8) -> Value {
    json!({
        "volume": 0, "path": path, "within": within,
        "kind": if within.is_empty() { "file" } else { "member" },
        "size_bytes": u64::from(content), "sha256": hash(content), "type": "text/plain",
        "outcome": "clean", "inherited": false, "findings": [],
    })
}

/// A file in which a rule found something that blocks.
pub(super) fn bad(path: &str, content: u8, rule: &str) -> Value {
    let mut row = file(path, &[], content);
    row["outcome"] = json!("matched");
    row["findings"] = json!([{
        "rule": rule, "source": "yara", "tier": "block", "member_of": null,
        "title": { "ja": "試験用ファイル", "en": "Test file" },
    }]);
    row
}

pub(super) fn person() -> Value {
    json!({ "uid": 0, "user": "root", "login_uid": 1000, "login_user": "tanaka" })
}

pub(super) fn visit() -> Value {
    json!({ "id": "V-0001", "person": "Sato Ichiro", "company": "Kita Heat" })
}

pub(super) fn rules() -> Value {
    json!({
        "bundle": "site", "version": 7, "issued": "2026-11-20", "age_days": 6, "rules": 321,
        "sha256": hash(0xee),
    })
}

pub(super) fn target(name: &str) -> Value {
    json!({ "kind": "device", "name": name, "size_bytes": 1_000_000 })
}

/// A medium that is plugged in at the kiosk during the visit.
pub(super) fn inserted(medium: &str, way: &str, visit: &Value) -> Value {
    json!({
        "event": "inserted", "target": target("sdb"), "medium": medium, "rules": rules(),
        "claim": {
            "vid": 0x0951, "pid": 0x1666, "serial": "60A4\u{202e}4C", "manufacturer": "Kingston",
            "product": "DataTraveler", "interfaces": ["08:06:50"], "capacity_bytes": 1_000_000,
        },
        "occasion": { "visit": visit, "way": way },
    })
}

pub(super) fn judged(insertion: u64, medium: &str, verdict: &str, rows: usize) -> Value {
    let reasons = match verdict {
        "pass" => json!([]),
        _ => json!([{ "code": "matched", "count": 1 }]),
    };
    json!({
        "event": "judged", "insertion": insertion, "verdict": verdict, "reasons": reasons,
        "medium": medium, "target": target("sdb"), "rules": rules(), "volumes": [],
        "totals": {
            "rows": rows, "volumes": 0, "bytes_read": 5, "bytes_hashed": 5,
            "outside": wire::Coverage::default(),
        },
        "started": "2026-11-26T00:30:00Z", "finished": "2026-11-26T00:31:30Z",
    })
}

/// Writes events with their rows; the first of a new ledger is entry 1.
pub(super) fn write(folder: &Path, events: &[(Value, Vec<Value>)]) {
    let mut writer = Writer::open(folder).unwrap();
    // A period that is sealed here is minutes old.
    writer.keep(0);
    for (event, rows) in events {
        let parsed: Event = serde_json::from_value(event.clone()).unwrap();
        let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let rows = (!rows.is_empty()).then(|| {
            let memory = jail::memory::sealed("rows", lines.as_bytes()).unwrap();
            Rows::receive(&memory).unwrap()
        });
        let written = writer.append(&parsed, rows.as_ref());
        written.unwrap_or_else(|error| panic!("{error}: {event}"));
    }
}

/// What the medium held on its way in.
fn in_rows() -> Vec<Value> {
    vec![
        file("手順/Readme.txt", &[], 1),
        file("tool.zip", &[], 2),
        file("bin/PLC-Update.EXE", &["tool.zip"], 3),
        file("a\u{202e}gpj.exe", &[], 4),
    ]
}

/// What it held on its way out.
fn out_rows() -> Vec<Value> {
    vec![
        file("手順/Readme.txt", &[], 1),
        file("trend/2026.csv", &[], 5),
        file("tool.zip", &[], 6),
    ]
}

/// One visit, from its registration to the day after, entry by entry.
pub(super) fn events() -> Vec<(Value, Vec<Value>)> {
    let field = |key: &str, after: &str| json!({ "key": key, "before": null, "after": after });
    let changed = |changed: Value| {
        json!({
            "event": "list_changed", "list": "contractors", "by": person(),
            "before_sha256": null, "after_sha256": hash(0xcc), "changed": [changed],
        })
    };
    let none = Vec::new;
    vec![
        (
            json!({ "event": "started", "kiosk": "0.1.0", "rules": rules() }),
            none(),
        ), // 1
        (
            changed(json!({
                "kind": "company", "id": "Kita Heat", "change": "added",
                "fields": [
                    field("contract_until", "2027-03-31"),
                    field("contact", "\"Suzuki, 011-000-0000\""),
                ],
            })),
            none(),
        ), // 2
        (
            changed(json!({
                "kind": "visit", "id": "V-0001", "change": "added",
                "fields": [
                    field("person", "\"Sato Ichiro\""), field("company", "\"Kita Heat\""),
                    field("purpose", "\"firmware\""), field("valid_from", "2026-11-26"),
                    field("valid_until", "2026-11-27"),
                ],
            })),
            none(),
        ), // 3
        (json!({ "event": "signed_in", "visit": visit() }), none()), // 4
        (inserted("M-0001", "in", &visit()), none()),                // 5
        (judged(5, "M-0001", "pass", 4), in_rows()),                 // 6
        (json!({ "event": "removed", "insertion": 5 }), none()),     // 7
        (inserted("M-0002", "in", &visit()), none()),                // 8
        (
            judged(8, "M-0002", "stop", 1),
            vec![bad("=cmd|'/c calc'!A1.com", 9, "eicar_test_file")],
        ), // 9
        (json!({ "event": "removed", "insertion": 8 }), none()),     // 10
        (
            json!({ "event": "mitigated", "insertion": 8, "action": "kept", "by": "kiosk" }),
            none(),
        ), // 11
        (inserted("M-0001", "out", &visit()), none()),               // 12
        (judged(12, "M-0001", "pass", 3), out_rows()),               // 13
        (json!({ "event": "removed", "insertion": 12 }), none()),    // 14
        (json!({ "event": "signed_out", "visit": visit() }), none()), // 15
        (inserted("M-0003", "in", &Value::Null), none()),            // 16
        (
            judged(16, "M-0003", "pass", 1),
            vec![file("Other.txt", &[], 3)],
        ), // 17
        (
            json!({
                "event": "withdrawn", "insertion": 16, "verdict": "incomplete",
                "reasons": [{ "code": "removed", "count": 1 }],
            }),
            none(),
        ), // 18
    ]
}

/// [`events`] in a ledger of their own.
pub(super) fn ledger(folder: &Path) -> record::Ledger {
    write(folder, &events());
    record::Ledger::open(folder).unwrap()
}

/// Puts the rows of the entries through `through` into an archive, which is nowhere.
pub(super) fn sealed(folder: &Path, through: u64) {
    let ledger = record::Ledger::open(folder).unwrap();
    let held = ledger.archive(through, &mut std::io::sink()).unwrap();
    let event = json!({
        "event": "sealed", "by": person(), "through": through, "rows": held.rows,
        "archive_sha256": held.sha256,
    });
    write(folder, &[(event, Vec::new())]);
}
