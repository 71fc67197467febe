//! The workbook, read by openpyxl, and its parts by Python's own readers of zip and XML.

use std::process::Command;

use export::cell::CELL_LETTERS_MAX;
use export::table::{ENTRY_HEADS, FILE_HEADS};
use export::xlsx::NUMBER_MAX;
use export::{Book, Selection};
use jiff::tz::{Offset, TimeZone};
use record::{Ledger, Writer};
use serde_json::Value;
use wire::{MediumName, Outcome, Row, Verdict};

use crate::common::{exported, hostile_ledger, inert, row, run, scan};

/// Every cell with its type, and whatever could do something: formulas, links, other parts.
const READER: &str = "import json, re, sys, zipfile
import xml.dom.minidom
import openpyxl
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
texts = {name: archive.read(name).decode() for name in archive.namelist()}
for text in texts.values():
    xml.dom.minidom.parseString(text)
by_number = lambda text: re.sub('_x([0-9A-Fa-f]{4})_', lambda m: chr(int(m[1], 16)), text)
book = openpyxl.load_workbook(sys.argv[1])
sheets = {}
for sheet in book.worksheets:
    assert sheet.freeze_panes == 'A2', sheet.freeze_panes
    assert not sheet._hyperlinks
    rows = []
    for row in sheet.iter_rows():
        cells = []
        for cell in row:
            assert cell.hyperlink is None
            text = str(cell.value) if cell.data_type == 'd' else cell.value if cell.data_type == 'n' or cell.value is None else by_number(cell.value)
            cells.append([cell.data_type, text, cell.number_format, cell.quotePrefix])
        rows.append(cells)
    sheets[sheet.title] = rows
print(json.dumps({'parts': texts, 'sheets': sheets}))
";

fn read(bytes: &[u8]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xlsx");
    std::fs::write(&path, bytes).unwrap();
    // The system's own Python has openpyxl.
    let mut python = Command::new("/usr/bin/python3");
    let (done, text) = run(python.args(["-c", READER]).arg(&path));
    assert!(done, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// The cell of one column.
fn cell<'r>(row: &'r Value, head: &str) -> &'r Value {
    let column = FILE_HEADS.iter().position(|one| *one == head).unwrap();
    &row[column]
}

#[test]
fn a_hostile_name_is_whole_and_inert_in_a_workbook() {
    let folder = tempfile::tempdir().unwrap();
    let names = hostile_ledger(folder.path());
    let (bytes, entries) = exported(folder.path(), Selection::default(), |book, out| {
        export::xlsx::write(book, out).unwrap()
    });
    assert_eq!(entries, u64::try_from(2 * names.len()).unwrap());
    let book = read(&bytes);
    let heads = |rows: &Value| -> Vec<String> {
        let cells = rows[0].as_array().unwrap().iter();
        cells
            .map(|cell| cell[1].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(heads(&book["sheets"]["entries"]), ENTRY_HEADS);
    assert_eq!(heads(&book["sheets"]["files"]), FILE_HEADS);
    assert_eq!(book["sheets"].as_object().unwrap().len(), 2);
    assert_eq!(
        book["sheets"]["entries"].as_array().unwrap().len(),
        1 + 2 * names.len()
    );
    let rows = book["sheets"]["files"].as_array().unwrap();
    assert_eq!(rows.len(), 1 + 2 * names.len());
    for (pair, (entry, name)) in rows[1..].chunks(2).zip(&names) {
        // A character that XML cannot hold is spelled out as the hidden ones are.
        let spelled = name.escaped().to_string().replace('\u{ffff}', "⟨U+FFFF⟩");
        assert_eq!(
            cell(&pair[0], "entry"),
            &serde_json::json!(["n", entry, "General", false])
        );
        for (row, head) in [(0, "path"), (0, "target"), (1, "path"), (1, "within")] {
            let found = cell(&pair[row], head);
            let type_name = found[0].as_str().unwrap();
            assert!(matches!(type_name, "s" | "inlineStr"), "{found}");
            assert_eq!(found[1], spelled);
            assert_eq!((&found[2], &found[3]), (&"@".into(), &true.into()));
        }
    }
    for (name, text) in book["parts"].as_object().unwrap() {
        let text = inert(text.as_str().unwrap().as_bytes(), &["\n"]);
        assert!(
            !text.contains("<f>") && !text.contains("<f ") && !text.contains("hyperlink"),
            "{name}"
        );
        assert!(
            !text.contains("_x202E_") || text.contains("_x005F_x202E_"),
            "{name}"
        );
        assert!(!text.contains("<script"), "{name}");
    }
    // Nothing but sheets, their formats and what binds them.
    assert_eq!(book["parts"].as_object().unwrap().len(), 7);
}

#[test]
fn a_text_that_excel_has_no_room_for_is_cut_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let name = MediumName::new(vec![0xff; wire::name::NAME_BYTES_MAX]).unwrap();
    let long = Row {
        within: vec![name.clone(); 6],
        size_bytes: NUMBER_MAX + 1,
        ..row(&name, Outcome::Matched)
    };
    let mut writer = Writer::open(folder.path()).unwrap();
    scan(&mut writer, Verdict::Stop, &name, &[long]);
    let (bytes, _) = exported(folder.path(), Selection::default(), |book, out| {
        export::xlsx::write(book, out).unwrap()
    });
    let book = read(&bytes);
    let row = &book["sheets"]["files"][1];
    let within = cell(row, "within")[1].as_str().unwrap();
    assert!(within.ends_with(" > ⟨5 more⟩"));
    assert!(within.starts_with(&name.escaped().to_string()));
    let path = cell(row, "path")[1].as_str().unwrap();
    assert_eq!(path, name.escaped().to_string());
    assert_eq!(cell(row, "size_bytes")[1], (NUMBER_MAX + 1).to_string());
}

#[test]
fn two_exports_of_the_same_entries_are_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    hostile_ledger(folder.path());
    let workbook = || {
        exported(folder.path(), Selection::default(), |book, out| {
            export::xlsx::write(book, out).unwrap()
        })
    };
    assert_eq!(workbook(), workbook());
}

#[test]
fn a_path_that_a_cell_does_not_give_exactly_has_its_bytes_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["a\u{ffff}", "=a", "b;=c", "plain"].map(|name| MediumName::new(name).unwrap());
    let rows: Vec<Row> = names.iter().map(|name| row(name, Outcome::Clean)).collect();
    let mut writer = Writer::open(folder.path()).unwrap();
    scan(&mut writer, Verdict::Pass, &names[3], &rows);
    let (bytes, _) = exported(folder.path(), Selection::default(), |book, out| {
        export::xlsx::write(book, out).unwrap()
    });
    let book = read(&bytes);
    let files = &book["sheets"]["files"];
    assert_eq!(cell(&files[1], "path")[1], "a⟨U+FFFF⟩");
    for (number, name) in names.iter().take(3).enumerate() {
        let hex = cell(&files[number + 1], "path_hex");
        assert_eq!(hex[1], wire::name::hex(name.as_bytes()));
    }
    assert_eq!(cell(&files[4], "path_hex")[1], Value::Null);
}

#[test]
fn a_text_of_what_xml_cannot_hold_is_no_longer_than_a_cell() {
    let folder = tempfile::tempdir().unwrap();
    let name = MediumName::new("\u{ffff}".repeat(1300)).unwrap();
    let long = Row {
        within: vec![name.clone(); 5],
        ..row(&name, Outcome::Clean)
    };
    let mut writer = Writer::open(folder.path()).unwrap();
    scan(&mut writer, Verdict::Pass, &name, &[long]);
    let (bytes, _) = exported(folder.path(), Selection::default(), |book, out| {
        export::xlsx::write(book, out).unwrap()
    });
    let book = read(&bytes);
    let within = cell(&book["sheets"]["files"][1], "within")[1]
        .as_str()
        .unwrap();
    let letters = within.encode_utf16().count();
    assert!(letters <= CELL_LETTERS_MAX, "{letters}");
    assert!(within.ends_with(export::line::CUT));
}

#[test]
fn local_times_are_dates_for_excel() {
    let folder = tempfile::tempdir().unwrap();
    hostile_ledger(folder.path());
    let ledger = Ledger::open(folder.path()).unwrap();
    let book = Book::open(&ledger, Selection::default()).unwrap();
    let book = book.in_zone(TimeZone::fixed(Offset::constant(9)));
    let mut bytes = Vec::new();
    export::xlsx::write(&book, &mut bytes).unwrap();
    let read = read(&bytes);
    for (sheet, rows) in read["sheets"].as_object().unwrap() {
        assert_eq!(rows[0][2][1], "time_local");
        for row in &rows.as_array().unwrap()[1..] {
            let utc: jiff::Timestamp = row[1][1].as_str().unwrap().parse().unwrap();
            let local = utc + jiff::SignedDuration::from_hours(9);
            let wanted = local.to_string().replace('T', " ");
            assert_eq!(row[2][0], "d", "{sheet}");
            assert_eq!(row[2][1], wanted[..19], "{sheet}");
        }
    }
}
