//! The ledger after scans, read with kioskctl and edited with the sqlite3 of the system.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::kiosk::{self, Done, Root, run};
use crate::media;
use crate::report::Report;

fn log(root: &Root, arguments: &[&str]) -> Done {
    run(root
        .kioskctl()
        .arg("log")
        .args(arguments)
        .arg("--ledger")
        .arg(root.ledger()))
}

/// A ledger with four scans of every outcome.
fn four_scans() -> Root {
    let root = Root::new();
    for (sample, medium, status) in [
        ("1-clean", "M-0001", 0),
        ("2-canary", "M-0002", 1),
        ("3-unregistered", "M-0003", 3),
        ("4-encrypted", "M-0004", 4),
    ] {
        let report = root.recorded(&media::sample(sample), &["--registered-as", medium]);
        assert_eq!(report.status, status, "{sample}: {}", report.summary());
        assert!(report.json["entry"]["number"].as_u64().is_some());
    }
    root
}

fn database(root: &Root) -> PathBuf {
    let found = std::fs::read_dir(root.ledger())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| std::fs::read(path).is_ok_and(|head| head.starts_with(b"SQLite format 3")));
    found.expect("the ledger is an SQLite database")
}

fn sqlite(root: &Root, statement: &str) -> String {
    let done = Command::new("sqlite3")
        .args(["-cmd", "PRAGMA ignore_check_constraints = ON"])
        .arg(database(root))
        .arg(statement)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{statement}: {errors}");
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn every_scan_is_an_entry_that_can_be_listed_and_shown() {
    let root = four_scans();
    log(&root, &["verify"]).exits(0);
    let entries = root.entries();
    let numbers: Vec<u64> = entries
        .iter()
        .map(|entry| entry["number"].as_u64().unwrap())
        .collect();
    assert!(
        numbers
            .windows(2)
            .all(|pair| pair[0].abs_diff(pair[1]) == 1),
        "{numbers:?}"
    );
    for number in numbers {
        let shown = log(&root, &["show", &number.to_string()]);
        shown.exits(0);
        assert!(!shown.stdout.is_empty());
    }
    let text = log(&root, &["list"]);
    text.exits(0);
    for word in ["1-clean", "2-canary", "3-unregistered", "4-encrypted"] {
        assert!(text.stdout.contains(word), "{}", text.stdout);
    }
    log(&root, &["show", "999999"]).exits(2);
}

#[test]
fn the_entry_of_a_report_is_the_entry_in_the_ledger() {
    let root = Root::new();
    let report = root.recorded(&media::sample("2-canary"), &["--registered-as", "M-0002"]);
    let number = report.json["entry"]["number"].as_u64().unwrap();
    let shown = log(&root, &["show", &number.to_string(), "--json"]);
    shown.exits(0);
    let leaf = report.json["entry"]["leaf_sha256"].as_str().unwrap();
    assert!(shown.stdout.contains(leaf), "{}", shown.stdout);
    assert!(shown.stdout.contains("setup.com"), "{}", shown.stdout);
}

#[test]
fn an_empty_ledger_verifies_and_a_missing_one_cannot_be_verified() {
    let root = Root::new();
    let missing = root.path().join("nowhere");
    let mut command = root.kioskctl();
    run(command.args(["log", "verify", "--ledger"]).arg(missing)).exits(2);
}

#[test]
fn a_ledger_that_cannot_be_written_withholds_the_verdict() {
    let root = Root::new();
    let file = root.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    let mut command = root.kioskctl();
    command
        .arg("scan")
        .arg(media::sample("1-clean"))
        .arg("--json");
    let done = run(command.arg("--ledger").arg(file.join("ledger")));
    assert_ne!(done.status, Some(0), "{}", done.stdout);
    assert!(
        !done.stdout.contains("\"verdict\":\"pass\""),
        "{}",
        done.stdout
    );
}

#[test]
fn two_scans_at_once_into_one_ledger_are_two_verdicts_or_an_honest_refusal() {
    let root = Root::new();
    let scan = || {
        let mut command = root.kioskctl();
        command
            .arg("scan")
            .arg(media::sample("1-clean"))
            .arg("--json");
        kiosk::start(command.arg("--ledger").arg(root.ledger()))
    };
    let running = [scan(), scan()];
    let mut recorded = 0;
    for report in running.map(|running| Report::checked(&running.done())) {
        match report.verdict() {
            "pass" => recorded += u64::from(report.json["entry"]["number"].is_u64()),
            _ => assert_eq!(
                report.reasons(),
                ["ledger_unavailable"],
                "{}",
                report.summary()
            ),
        }
    }
    assert!(0 < recorded);
    let judged = |entry: &&Value| entry["event"]["event"] == "judged";
    assert_eq!(
        root.entries().iter().filter(judged).count(),
        usize::try_from(recorded).unwrap()
    );
    log(&root, &["verify"]).exits(0);
}

/// Every table with a column of text or bytes: what a person with sqlite3 could edit.
fn columns(root: &Root) -> Vec<(String, String)> {
    let rows = sqlite(
        root,
        "SELECT m.name || ' ' || p.name FROM sqlite_master m, pragma_table_info(m.name) p \
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND p.type IN ('TEXT', 'BLOB')",
    );
    rows.lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(table, column)| (table.to_owned(), column.to_owned()))
        .collect()
}

#[test]
fn one_byte_changed_in_any_column_of_any_entry_is_named() {
    let root = four_scans();
    let pristine = std::fs::read(database(&root)).unwrap();
    let triggers = sqlite(
        &root,
        "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    );
    let mut edits = 0;
    for (table, column) in columns(&root) {
        let (entry, key) = keys(&table);
        let rows = sqlite(
            &root,
            &format!("SELECT {entry}, {key} FROM \"{table}\" WHERE length({column}) > 0"),
        );
        for (entry, key) in rows
            .lines()
            .step_by(3)
            .filter_map(|line| line.split_once('|'))
        {
            restore(&root, &pristine);
            for trigger in triggers.lines() {
                sqlite(&root, &format!("DROP TRIGGER \"{trigger}\""));
            }
            edit(&root, &table, &column, key);
            let done = log(&root, &["verify", "--json"]);
            let place = format!("{table}.{column} {key}: {}{}", done.stdout, done.stderr);
            assert_eq!(done.status, Some(1), "{place}");
            let answer: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
            assert_eq!(answer["entry"].to_string(), entry, "{place}");
            edits += 1;
        }
    }
    assert!(8 <= edits, "only {edits} places to edit");
    restore(&root, &pristine);
    log(&root, &["verify"]).exits(0);
}

/// Of one table: the column that names the entry, and a condition that names one row.
fn keys(table: &str) -> (&'static str, &'static str) {
    match table {
        "entries" => ("number", "'number = ' || number"),
        "rows" => (
            "entry",
            "'entry = ' || entry || ' AND ordinal = ' || ordinal",
        ),
        "steps" => ("entry", "'entry = ' || entry"),
        "checkpoints" => ("size", "'size = ' || size"),
        other => panic!("a table that no test edits: {other}"),
    }
}

/// Puts the database back as it was, without what SQLite keeps beside it.
fn restore(root: &Root, pristine: &[u8]) {
    let database = database(root);
    for beside in ["-wal", "-shm"] {
        let mut name = database.clone().into_os_string();
        name.push(beside);
        // It is there only while the database is open.
        let _ = std::fs::remove_file(name);
    }
    std::fs::write(&database, pristine).unwrap();
}

/// Flips the lowest bit of the middle byte of one value.
fn edit(root: &Root, table: &str, column: &str, key: &str) {
    let place = format!("FROM \"{table}\" WHERE {key}");
    let hex = sqlite(root, &format!("SELECT hex(CAST({column} AS BLOB)) {place}"));
    let mut digits = hex.trim().as_bytes().to_vec();
    let at = digits.len() / 4 * 2 + 1;
    digits[at] = if digits[at] == b'0' { b'1' } else { b'0' };
    let digits = String::from_utf8(digits).unwrap();
    let kind = sqlite(root, &format!("SELECT typeof({column}) {place}"));
    let value = format!("CAST(x'{digits}' AS {})", kind.trim().to_uppercase());
    sqlite(
        root,
        &format!("UPDATE \"{table}\" SET {column} = {value} WHERE {key}"),
    );
}

#[test]
fn an_entry_that_was_cut_off_the_end_is_missed_by_what_follows() {
    let root = four_scans();
    let entries = root.entries();
    let triggers = sqlite(
        &root,
        "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    );
    for trigger in triggers.lines() {
        sqlite(&root, &format!("DROP TRIGGER \"{trigger}\""));
    }
    // Any entry but the last: without a checkpoint the end itself can be cut unseen.
    let table = sqlite(
        &root,
        "SELECT name FROM sqlite_master WHERE type='table' AND name LIKE 'entr%'",
    );
    let table = table.trim();
    assert!(!table.is_empty() && 2 < entries.len());
    sqlite(&root, &format!("DELETE FROM \"{table}\" WHERE number = 2"));
    let done = log(&root, &["verify"]);
    done.exits(1);
    let words = format!("{}{}", done.stdout, done.stderr);
    assert!(words.contains('2') || words.contains('3'), "{words}");
}
