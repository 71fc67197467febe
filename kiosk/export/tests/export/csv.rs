//! CSV, read by Python's own reader.

use std::process::Command;

use export::cell::CELL_LETTERS_MAX;
use export::table::{FILE_HEADS, Table};
use export::{Book, Selection};
use jiff::tz::{Offset, TimeZone};
use record::{Ledger, Writer};
use wire::{Finding, MediumName, Outcome, Row, Source, Tier, Verdict};

use crate::common::{exported, hostile_ledger, inert, row, scan};

/// Reads CSV from standard input as programs do, and gives JSON.
const READER: &str = "import csv, io, json, sys
text = sys.stdin.buffer.read()
assert text[:3] == b'\\xef\\xbb\\xbf' and b'\\xef\\xbb\\xbf' not in text[3:]
text = text[3:].decode()
rows = list(csv.reader(io.StringIO(text, newline=''), strict=True, delimiter=sys.argv[1]))
print(json.dumps(rows))
";

fn read(bytes: &[u8], delimiter: &str) -> Vec<Vec<String>> {
    use std::io::Write as _;
    let mut python = Command::new("python3")
        .args(["-c", READER, delimiter])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(bytes).unwrap();
    let done = python.wait_with_output().unwrap();
    assert!(done.status.success());
    serde_json::from_slice(&done.stdout).unwrap()
}

/// What a spreadsheet would compute, written anew here: the promise is about spreadsheets.
fn is_formula(cell: &str) -> bool {
    let bare = cell.trim_start_matches([' ', '"', '\u{3000}', '\t']);
    bare.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r'])
}

#[test]
fn a_hostile_name_is_whole_and_inert_in_csv() {
    let folder = tempfile::tempdir().unwrap();
    let names = hostile_ledger(folder.path());
    let (bytes, entries) = exported(folder.path(), Selection::default(), |book, out| {
        export::csv::write(book, Table::Files, out).unwrap()
    });
    assert_eq!(entries, u64::try_from(names.len()).unwrap());
    let text = inert(&bytes, &["\u{feff}", "\r\n"]);
    assert_eq!(text.matches("\r\n").count(), 1 + 2 * names.len());

    let rows = read(&bytes, ",");
    assert_eq!(rows[0], FILE_HEADS);
    assert_eq!(rows.len(), 1 + 2 * names.len());
    let column = |name: &str| FILE_HEADS.iter().position(|head| *head == name).unwrap();
    let mut guarded = 0;
    for (pair, (entry, name)) in rows[1..].chunks(2).zip(&names) {
        let spelled = name.escaped().to_string();
        assert_eq!(pair[0][0], entry.to_string());
        for cell in [
            &pair[0][column("path")],
            &pair[1][column("within")],
            &pair[0][column("target")],
        ] {
            // Taking each apostrophe off that stands before a formula gives the name back.
            let plain = cell.split(';').map(|part| match part.strip_prefix('\'') {
                Some(rest) if is_formula(rest) => rest,
                Some(_) | None => part,
            });
            assert_eq!(plain.collect::<Vec<_>>().join(";"), spelled);
            guarded += usize::from(*cell != spelled);
        }
        let hex = &pair[0][column("path_hex")];
        let is_guarded = pair[0][column("path")] != spelled;
        assert!(!(is_guarded && hex.is_empty()), "{spelled}");
        if !hex.is_empty() {
            assert_eq!(wire::name::unhex(hex).unwrap(), name.as_bytes());
        } else {
            assert_eq!(spelled.as_bytes(), name.as_bytes());
        }
        assert_eq!(pair[0][column("outcome")], "matched");
        assert_eq!(pair[1][column("gap")], "encrypted");
    }
    assert_eq!(guarded, 4 * 3);
    for cell in rows[1..].iter().flatten() {
        assert!(!is_formula(cell), "{cell:?}");
    }
    // A spreadsheet that divides at semicolons sees other cells, and no formula either.
    for line in text.trim_start_matches('\u{feff}').lines() {
        for cell in line.split(';') {
            assert!(!is_formula(cell), "{cell:?} in {line}");
        }
    }
}

#[test]
fn every_entry_is_a_line_of_the_other_table() {
    let folder = tempfile::tempdir().unwrap();
    let names = hostile_ledger(folder.path());
    let (bytes, entries) = exported(folder.path(), Selection::default(), |book, out| {
        export::csv::write(book, Table::Entries, out).unwrap()
    });
    inert(&bytes, &["\u{feff}", "\r\n"]);
    let rows = read(&bytes, ",");
    assert_eq!(rows.len(), 1 + 2 * names.len());
    assert_eq!(entries, u64::try_from(2 * names.len()).unwrap());
    let last = rows.last().unwrap();
    assert_eq!(last[3], "judged");
    assert_eq!(last[4], "M-0001");
    assert_eq!(last[6..8], ["stop", "matched 2"]);
    let event: serde_json::Value = serde_json::from_str(last.last().unwrap()).unwrap();
    let (_, name) = names.last().unwrap();
    assert_eq!(event["target"]["name"], serde_json::to_value(name).unwrap());
}

#[test]
fn no_cell_is_longer_than_a_spreadsheet_has_room_for() {
    use wire::ledger::Event;
    use wire::list_change::{Change, Changed, ListChange, ListName};
    let folder = tempfile::tempdir().unwrap();
    let name = MediumName::new(vec![0x07; wire::name::NAME_BYTES_MAX]).unwrap();
    let finding = Finding {
        member_of: Some(name.clone()),
        ..Finding::own("=x", Source::Yara, Tier::Block, "")
    };
    let long = Row {
        within: vec![name.clone(); 2],
        findings: vec![finding; 3],
        ..row(&name, Outcome::Matched)
    };
    let mut writer = Writer::open(folder.path()).unwrap();
    scan(&mut writer, Verdict::Stop, &name, &[long]);
    let changed = (0..400).map(|number| Changed {
        kind: "medium".to_owned(),
        id: format!("M-{number}{}", "n".repeat(60)),
        change: Change::Added,
        fields: Vec::new(),
    });
    let change = ListChange {
        list: ListName::Media,
        by: None,
        second: None,
        reason: None,
        before_sha256: None,
        after_sha256: Some(wire::Digest([1; 32])),
        changed: changed.collect(),
        more: 0,
    };
    writer
        .append(&Event::ListChanged(Box::new(change)), None)
        .unwrap();
    for table in [Table::Files, Table::Entries] {
        let (bytes, _) = exported(folder.path(), Selection::default(), |book, out| {
            export::csv::write(book, table, out).unwrap()
        });
        let rows = read(&bytes, ",");
        let cells = || rows.iter().flatten();
        let longest = cells().map(|cell| cell.encode_utf16().count()).max();
        assert!(longest.unwrap() <= CELL_LETTERS_MAX, "{longest:?}");
        if table == Table::Files {
            let ends = |what: &str| cells().filter(|cell| cell.ends_with(what)).count();
            assert_eq!(ends("⟨cut⟩ > ⟨1 more⟩"), 1, "within");
            assert_eq!(ends("⟨cut⟩; ⟨2 more⟩"), 1, "findings");
            assert_eq!(ends("⟨cut⟩"), 2, "path and target");
            let hex = wire::name::hex(name.as_bytes());
            assert_eq!(cells().filter(|cell| **cell == hex).count(), 1);
        } else {
            let details = rows.last().unwrap().last().unwrap();
            let read: serde_json::Value = serde_json::from_str(details).unwrap();
            let changed = read["changed"].as_array().unwrap();
            let last = changed.last().unwrap().as_str().unwrap();
            assert_eq!(last, format!("⟨{} more⟩", 401 - changed.len()));
        }
    }
}

#[test]
fn times_stand_there_by_the_clock_of_the_site_too() {
    let folder = tempfile::tempdir().unwrap();
    hostile_ledger(folder.path());
    let ledger = Ledger::open(folder.path()).unwrap();
    let zone = TimeZone::fixed(Offset::constant(9));
    let book = Book::open(&ledger, Selection::default()).unwrap();
    let book = book.in_zone(zone);
    for table in [Table::Entries, Table::Files] {
        let mut bytes = Vec::new();
        export::csv::write(&book, table, &mut bytes).unwrap();
        let rows = read(&bytes, ",");
        assert_eq!(rows[0][1..3], ["time_utc", "time_local"]);
        for row in &rows[1..] {
            let utc: jiff::Timestamp = row[1].parse().unwrap();
            let local = utc + jiff::SignedDuration::from_hours(9);
            let wanted = local.to_string().replace('T', " ");
            assert_eq!(row[2], wanted[..19]);
        }
    }
}
