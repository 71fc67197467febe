//! What `log show` and `log list` say, and what they refuse to say.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::log::sample;
use crate::print::capture::{Said, kioskctl};

fn log(folder: &Path, arguments: &[&str]) -> Said {
    let folder = folder.to_str().unwrap();
    // No kiosk of this machine is asked for its calendar or its list.
    let root = ["--root", folder, "log", "--ledger", folder];
    kioskctl(&[&root, arguments].concat())
}

fn sqlite(folder: &Path, sql: &str) {
    let done = Command::new("sqlite3")
        .arg(folder.join("ledger.db"))
        .arg(sql)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
}

fn sample() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    sample::ledger(folder.path());
    folder
}

#[test]
fn rows_that_were_changed_are_not_shown_and_say_what_is_wrong_and_what_to_do() {
    for (sql, what) in [
        (
            "DROP TRIGGER rows_not_updated; UPDATE rows SET bytes = \
             replace(bytes, '\"matched\"', '\"clean\"') WHERE entry = 9",
            "ledger altered: entry 9 has a changed row",
        ),
        (
            "DROP TRIGGER rows_not_deleted; DELETE FROM rows WHERE entry = 9",
            "ledger altered: entry 9 has lost a row: row 1",
        ),
        (
            "DROP TRIGGER rows_with_their_entry; INSERT INTO rows (entry, ordinal, bytes) \
             SELECT entry, 2, bytes FROM rows WHERE entry = 9",
            "ledger altered: entry 9 has a row too many: row 2",
        ),
    ] {
        let folder = sample();
        sqlite(folder.path(), sql);
        for arguments in [
            &["show", "9"][..],
            &["show", "9", "--json"],
            &["show", "--visit", "V-0001", "--lang", "en"],
            &["show", "--insertion", "8"],
        ] {
            let said = log(folder.path(), arguments);
            assert_eq!(said.status, 1, "{arguments:?}: {said:?}");
            assert_eq!(said.out, "", "{arguments:?}");
            assert!(said.err.contains(what), "{arguments:?}: {}", said.err);
            assert!(said.err.contains("kioskctl log verify"), "{}", said.err);
        }
        assert_eq!(log(folder.path(), &["show", "6"]).status, 0);
    }
}

#[test]
fn a_comparison_with_rows_that_were_changed_is_not_made() {
    for entry in [6, 13] {
        let folder = sample();
        let sql = format!(
            "DROP TRIGGER rows_not_updated; UPDATE rows SET bytes = \
             replace(bytes, 'tool.zip', 'fool.zip') WHERE entry = {entry}"
        );
        sqlite(folder.path(), &sql);
        for arguments in [
            &["show", "13", "--since", "6"][..],
            &["show", "13", "--json"],
        ] {
            let said = log(folder.path(), arguments);
            assert_eq!((said.status, said.out.as_str()), (1, ""), "{}", said.err);
            let what = format!("ledger altered: entry {entry} has a changed row");
            assert!(said.err.contains(&what), "{}", said.err);
        }
    }
}

#[test]
fn an_entry_that_was_changed_or_put_elsewhere_is_neither_listed_nor_shown() {
    let changed = "DROP TRIGGER entries_not_updated; UPDATE entries SET bytes = \
                   replace(bytes, 'M-0002', 'M-0009') WHERE number = 9";
    let moved = "DROP TRIGGER entries_not_updated; UPDATE entries SET \
                 bytes = (SELECT bytes FROM entries WHERE number = 6), \
                 leaf = (SELECT leaf FROM entries WHERE number = 6) WHERE number = 9";
    for (sql, what) in [
        (changed, "entry 9 was changed"),
        (moved, "entry 9 is not in its place: entry 6 stands there"),
    ] {
        let folder = sample();
        sqlite(folder.path(), sql);
        for arguments in [
            &["show", "9"][..],
            &["show", "9", "--json"],
            &["list"],
            &["list", "--json"],
            &["list", "--csv"],
        ] {
            let said = log(folder.path(), arguments);
            assert_eq!(said.status, 1, "{arguments:?}: {said:?}");
            assert!(said.err.contains(what), "{arguments:?}: {}", said.err);
            assert!(!said.out.contains("M-0009"), "{}", said.out);
        }
    }
}

#[test]
fn a_pass_that_was_taken_back_says_so_wherever_it_is_shown() {
    let folder = sample();
    let shown = log(folder.path(), &["show", "17"]).out;
    let said = "withdrawn by entry 18: △ NOT FINISHED stands (removed 1)";
    assert!(shown.contains(said), "{shown}");
    assert!(!shown.contains("no known threat"), "{shown}");
    let object = log(folder.path(), &["show", "17", "--json"]).out;
    let object: Value = serde_json::from_str(&object).unwrap();
    assert_eq!(object["withdrawn_by"], 18);
    for other in ["13", "16", "18"] {
        let object = log(folder.path(), &["show", other, "--json"]).out;
        let object: Value = serde_json::from_str(&object).unwrap();
        assert_eq!(object["withdrawn_by"], Value::Null, "{other}");
    }

    let numbers = |arguments: &[&str]| -> Vec<(u64, Value)> {
        let all = [&["list", "--json"], arguments].concat();
        let lines = log(folder.path(), &all).out;
        let object = |line| serde_json::from_str::<Value>(line).unwrap();
        let each = lines.lines().map(object);
        each.map(|one| (one["number"].as_u64().unwrap(), one["withdrawn_by"].clone()))
            .collect()
    };
    let not = Value::Null;
    let pass = numbers(&["--verdict", "pass"]);
    assert_eq!(pass, [(6, not.clone()), (13, not.clone())]);
    let unfinished = numbers(&["--verdict", "incomplete"]);
    assert_eq!(unfinished, [(17, json!(18)), (18, not)]);
    let all = numbers(&[]);
    assert_eq!(all.iter().filter(|one| one.1 == 18).count(), 1);
    assert_eq!(numbers(&["--limit", "2"])[0], (17, json!(18)));
    let text = log(folder.path(), &["list", "--since", "17"]).out;
    assert!(text.lines().next().unwrap().contains(said), "{text}");
    let cells = log(folder.path(), &["list", "--csv", "--event", "judged"]).out;
    assert!(cells.ends_with(",18,incomplete\r\n"), "{cells}");
}

#[test]
fn a_list_of_values_is_what_spreadsheets_read_and_nothing_found_is_said() {
    let folder = sample();
    for arguments in [&["list", "--csv"][..], &["review", "--list", "--csv"]] {
        let said = log(folder.path(), arguments);
        assert_eq!(said.status, 0, "{}", said.err);
        let text = said.out.strip_prefix('\u{feff}').unwrap();
        assert!(text.ends_with("\r\n"), "{text:?}");
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    }
    for form in [&[][..], &["--json"], &["--csv"]] {
        let said = log(
            folder.path(),
            &[&["list", "--medium", "nosuch"], form].concat(),
        );
        assert_eq!(said.status, 0);
        assert!(said.err.contains("nothing found"), "{}", said.err);
    }
    assert_eq!(log(folder.path(), &["list", "--medium", "M-0001"]).err, "");
}

/// A ledger with an unregistered stick that is most like M-0001, in entry 2, and M-0001 itself
/// after its last day, in entry 4.
fn refusals() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let refused = |insertion: u64, code: &str, detail: &str| {
        let mut inserted = sample::inserted("M-0001", "in", &Value::Null);
        inserted["medium"] = Value::Null;
        let mut judged = sample::judged(insertion, "M-0001", "stop", 0);
        judged["medium"] = Value::Null;
        judged["totals"] = Value::Null;
        judged["reasons"] = json!([{ "code": code, "count": 1 }]);
        judged["refused"] = json!({ "entry": "M-0001", "detail": detail });
        judged["fault"] = json!(format!("M-0001: {detail}"));
        [inserted, judged].map(|event| (event, Vec::new()))
    };
    let unregistered = refused(1, "unregistered", "serial differs from this entry");
    let expired = refused(3, "expired", "valid until 2026-11-01");
    sample::write(folder.path(), &[unregistered, expired].concat());
    folder
}

#[test]
fn an_unregistered_medium_is_not_booked_on_the_nearest_one_and_a_refused_one_on_its_own() {
    let folder = refusals();
    let listed = log(folder.path(), &["list", "--medium", "M-0001"]).out;
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(
        listed.contains("insertion 3  M-0001  expired 1"),
        "{listed}"
    );
    let shown = log(folder.path(), &["show", "2"]).out;
    assert!(shown.contains("nearest entry M-0001"), "{shown}");
    let shown = log(folder.path(), &["show", "4"]).out;
    assert!(shown.contains("list entry    M-0001"), "{shown}");
    assert_eq!(shown.matches("valid until").count(), 1, "{shown}");

    let root = folder.path().to_str().unwrap();
    let list = folder.path().join("etc/media-kiosk/allowlist.toml");
    std::fs::create_dir_all(list.parent().unwrap()).unwrap();
    std::fs::write(list, include_str!("../../../../allowlist.toml")).unwrap();
    let said = kioskctl(&["--root", root, "media", "--ledger", root, "show", "M-0001"]);
    assert_eq!(said.status, 0, "{}", said.err);
    let history: Vec<&str> = said
        .out
        .lines()
        .filter(|line| line.contains("inserted  "))
        .collect();
    assert_eq!(history.len(), 1, "{}", said.out);
    assert!(
        history[0].contains("receipt 4  expired: valid until 2026-11-01"),
        "{history:?}"
    );
    let none = kioskctl(&[
        "--root",
        root,
        "media",
        "--ledger",
        root,
        "list",
        "--company",
        "nosuch",
    ]);
    assert!(none.err.contains("nothing found"), "{}", none.err);
    let cells = kioskctl(&["--root", root, "media", "--ledger", root, "list", "--csv"]).out;
    assert!(
        cells.starts_with("\u{feff}id,") && cells.ends_with("\r\n"),
        "{cells}"
    );
}
