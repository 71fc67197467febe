//! CSV, read by Python's own reader.

use std::process::Command;

use export::Selection;
use export::table::{FILE_HEADS, Table};

use crate::common::{exported, hostile_ledger, inert};

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
    assert_eq!(last[2], "judged");
    assert_eq!(last[3], "M-0001");
    assert_eq!(last[5..7], ["stop", "matched 2"]);
    let event: serde_json::Value = serde_json::from_str(last.last().unwrap()).unwrap();
    let (_, name) = names.last().unwrap();
    assert_eq!(event["target"]["name"], serde_json::to_value(name).unwrap());
}
