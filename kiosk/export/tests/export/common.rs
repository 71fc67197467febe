//! A ledger with hostile names in it, and what its exports are held to.

use std::path::Path;
use std::process::Command;

use export::{Book, Selection};
use record::rows::Rows;
use record::{Ledger, Writer};
use wire::ledger::{Event, Judged, Rules, Target};
use wire::name::is_hidden;
use wire::scan::{TargetKind, Totals};
use wire::{
    Claim, Digest, Finding, Gap, MediumName, Outcome, Reason, ReasonCode, Row, RowKind, Source,
    Tier, Verdict,
};

/// A name of 300 bytes.
const LONG: &str = "点検記録点検記録点検記録点検記録点検記録点検記録点検記録点検記録点検記録点検記録点検記録点検記録点検記録点検記録点検記録点検記録点検記録点検記録点検記録点検記録点検記録点検記録点検記録点検記録点検記録";

/// Names that would hurt whoever took them for more than names.
pub(crate) fn hostile() -> Vec<MediumName> {
    assert_eq!(LONG.len(), 300);
    let names: [&[u8]; 16] = [
        b"=cmd|'/c calc'!A1",
        b" \"=1+1",
        "＝HYPERLINK(x)".as_bytes(),
        b"a;=cmd|'/c calc'!A1;b,c",
        b"<script>alert(1)</script>",
        "a\u{202e}gpj.exe".as_bytes(),
        b"\x1b[2J\x1b]0;x\x07",
        b"line\nfeed\r\nand more",
        LONG.as_bytes(),
        b"\xff\xfe\x80raw",
        b"a|b\\c=d]e\"f",
        b"msg=done|PASS|0",
        b"_x202E_.txt",
        b"x\" verdict=\"pass\"] \xef\xbb\xbfPASS",
        "\u{2028}\u{feff}\u{ffff}".as_bytes(),
        b"\\U+0041 %s${x}`id`",
    ];
    names
        .into_iter()
        .map(|name| MediumName::new(name).unwrap())
        .collect()
}

pub(crate) fn row(path: &MediumName, outcome: Outcome) -> Row {
    let findings = match outcome {
        Outcome::Clean | Outcome::Unchecked(_) => Vec::new(),
        Outcome::Matched => vec![Finding::own(
            "eicar_test_file",
            Source::Yara,
            Tier::Block,
            "",
        )],
    };
    Row {
        volume: Some(0),
        path: path.clone(),
        within: Vec::new(),
        kind: RowKind::File,
        size_bytes: 5,
        sha256: Some(Digest([9; 32])),
        content_type: Some("text/plain".to_owned()),
        outcome,
        inherited: false,
        findings,
    }
}

fn rules() -> Rules {
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

fn target(name: &MediumName) -> Target {
    Target {
        kind: TargetKind::Image,
        name: name.clone(),
        size_bytes: 1 << 20,
    }
}

pub(crate) fn inserted(name: &MediumName) -> Event {
    let claim: Claim = serde_json::from_value(serde_json::json!({
        "vid": 1, "pid": 2, "serial": name, "manufacturer": "m", "product": name,
        "interfaces": [], "capacity_bytes": null
    }))
    .unwrap();
    Event::Inserted {
        target: target(name),
        claim: Some(Box::new(claim)),
        medium: Some("M-0001".to_owned()),
        rules: Some(rules()),
        occasion: None,
    }
}

pub(crate) fn judged(insertion: u64, verdict: Verdict, rows: u64, name: &MediumName) -> Judged {
    let reason = |code| {
        vec![Reason {
            code,
            count: rows.max(1),
        }]
    };
    Judged {
        insertion,
        verdict,
        reasons: match verdict {
            Verdict::Pass => Vec::new(),
            Verdict::Stop => reason(ReasonCode::Matched),
            Verdict::Incomplete => reason(ReasonCode::Encrypted),
        },
        medium: Some("M-0001".to_owned()),
        target: target(name),
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
        policy_sha256: Some(Digest([5; 32])),
    }
}

pub(crate) fn received(rows: &[Row]) -> Rows {
    let lines = rows
        .iter()
        .flat_map(|row| [serde_json::to_vec(row).unwrap(), b"\n".to_vec()].concat());
    let bytes: Vec<u8> = lines.collect();
    Rows::receive(&jail::memory::sealed("rows", &bytes).unwrap()).unwrap()
}

/// Writes an insertion and its verdict over `rows`; gives the number of the verdict's entry.
pub(crate) fn scan(writer: &mut Writer, verdict: Verdict, name: &MediumName, rows: &[Row]) -> u64 {
    let insertion = writer.append(&inserted(name), None).unwrap().number;
    let count = u64::try_from(rows.len()).unwrap();
    let event = Event::Judged(Box::new(judged(insertion, verdict, count, name)));
    writer.append(&event, Some(&received(rows))).unwrap().number
}

/// One medium for each hostile name: the entry of its verdict, a STOP with a file of that name
/// that matched and a member of that name that is encrypted.
pub(crate) fn hostile_ledger(folder: &Path) -> Vec<(u64, MediumName)> {
    let mut writer = Writer::open(folder).unwrap();
    let each = hostile().into_iter().map(|name| {
        let member = Row {
            kind: RowKind::Member,
            within: vec![name.clone()],
            ..row(&name, Outcome::Unchecked(Gap::Encrypted))
        };
        let rows = [row(&name, Outcome::Matched), member];
        (scan(&mut writer, Verdict::Stop, &name, &rows), name)
    });
    each.collect()
}

/// What one form makes of a ledger.
pub(crate) fn exported(
    folder: &Path,
    selection: Selection,
    write: impl FnOnce(&Book<'_>, &mut Vec<u8>) -> u64,
) -> (Vec<u8>, u64) {
    let ledger = Ledger::open(folder).unwrap();
    let book = Book::open(&ledger, selection).unwrap();
    let mut bytes = Vec::new();
    let entries = write(&book, &mut bytes);
    (bytes, entries)
}

/// The text of an export, in which nothing is hidden but what its form asks for.
#[track_caller]
pub(crate) fn inert(bytes: &[u8], asked: &[&str]) -> String {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let mut rest = text.clone();
    for asked in asked {
        rest = rest.replace(asked, "");
    }
    let hidden = rest.chars().find(|letter| is_hidden(*letter));
    assert_eq!(hidden, None, "{rest}");
    text
}

/// Runs a program of the system; gives what it says.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> (bool, String) {
    let done = command.output().expect("the program is installed");
    let text = [done.stdout, done.stderr].concat();
    (
        done.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}
