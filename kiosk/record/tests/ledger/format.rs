//! FORMAT.md: its commands are run, and they and the verifier agree.

use std::path::Path;
use std::process::{Command, Output};

use record::Ledger;
use record::entry::{Content, FORMAT};

use crate::common::*;

const PAGE: &str = include_str!("../../FORMAT.md");

/// The commands between these fences.
fn commands(fence: &str) -> Vec<&'static str> {
    PAGE.split(&format!("\n```{fence}\n"))
        .skip(1)
        .map(|rest| rest.split("\n```").next().unwrap())
        .collect()
}

fn sh(folder: &Path, script: &str) -> Output {
    let db = folder.join("ledger.db");
    Command::new("sh")
        .arg("-euc")
        .arg(script)
        .env("db", db)
        .output()
        .unwrap()
}

fn lines_of(output: &Output) -> Vec<&str> {
    assert!(output.status.success(), "{output:?}");
    std::str::from_utf8(&output.stdout)
        .unwrap()
        .lines()
        .collect()
}

#[test]
fn the_commands_give_what_the_ledger_says() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let ledger = Ledger::open(folder.path()).unwrap();
    let commands = commands("sh");
    assert_eq!(commands.len(), 3);

    let head = ledger.verify(None).unwrap().head.unwrap();
    let output = sh(folder.path(), commands[0]);
    assert_eq!(
        lines_of(&output),
        [format!("{}|{}", head.number, head.leaf_sha256)]
    );

    let entry = ledger.entry(3).unwrap();
    let leaf = entry.leaf_sha256.to_string();
    let output = sh(folder.path(), commands[1]);
    assert_eq!(
        lines_of(&output),
        [&entry.bytes, &format!("{leaf}  -"), &leaf]
    );

    let rows = entry.content().unwrap().rows_sha256.unwrap().to_string();
    let output = sh(folder.path(), commands[2]);
    assert_eq!(lines_of(&output), [&format!("{rows}  -"), &rows]);
}

#[test]
fn the_check_by_hand_holds_for_a_good_ledger() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let head = verified(folder.path()).unwrap().head.unwrap();
    let output = sh(folder.path(), commands("sh check")[0]);
    let expected = format!("{ENTRIES} entries hold; head {}", head.leaf_sha256);
    assert_eq!(lines_of(&output), [expected]);
}

#[test]
fn the_check_by_hand_names_what_was_altered() {
    for (sql, complaint) in [
        (
            "UPDATE entries SET bytes = replace(bytes, 'judged', 'juDged') WHERE number = 6",
            "entry 6: bytes or leaf changed\n",
        ),
        (
            "UPDATE entries SET bytes = bytes || char(10) WHERE number = 6",
            "entry 6: not one line\n",
        ),
        ("DELETE FROM entries WHERE number = 6", "entry 6: missing\n"),
        (
            "DELETE FROM entries WHERE number = 11",
            "entry 11: missing, but not all of it\n",
        ),
        (
            "DELETE FROM entries WHERE number = 11; DELETE FROM steps WHERE entry = 11",
            "entry 11: missing, but was counted\n",
        ),
        (
            "UPDATE entries SET (bytes, leaf) = (SELECT bytes, leaf FROM entries WHERE number = 7)
             WHERE number = 6",
            "entry 6: another number\n",
        ),
        (
            "UPDATE rows SET bytes = replace(bytes, 'clean', 'Clean') WHERE entry = 6",
            "entry 6: a row changed\n",
        ),
        (
            "DELETE FROM rows WHERE entry = 6 AND ordinal = 2",
            "entry 6: rows missing or too many\n",
        ),
        (
            "INSERT INTO rows VALUES (9, 1, '')",
            "entry 9: rows missing or too many\n",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        ledger(folder.path());
        sqlite3(folder.path(), &format!("{UNGUARD} {sql}"));
        let output = sh(folder.path(), commands("sh check")[0]);
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            complaint,
            "{sql}: {output:?}"
        );
        assert_eq!(output.status.code(), Some(1), "{sql}");
        assert!(verified(folder.path()).is_err(), "{sql}");
    }
}

#[test]
fn the_page_lists_the_keys_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let entry = Ledger::open(folder.path()).unwrap().entry(3).unwrap();
    let keys = sqlite_keys(folder.path());
    let table = PAGE
        .split("## An entry")
        .nth(1)
        .unwrap()
        .split("\n`judged`")
        .next();
    let listed: Vec<&str> = table
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(keys, listed);
    let content: Content = entry.content().unwrap();
    assert_eq!(content.format, FORMAT);
    assert!(PAGE.contains(FORMAT));
}

/// The keys of entry 3 as a reader that is not ours sees them.
fn sqlite_keys(folder: &Path) -> Vec<String> {
    let script =
        r#"sqlite3 -readonly "$db" "SELECT key FROM entries, json_each(bytes) WHERE number = 3""#;
    lines_of(&sh(folder, script))
        .iter()
        .map(ToString::to_string)
        .collect()
}
