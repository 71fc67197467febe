//! `kioskctl log export` on the ledger of real scans: what it writes, and what it writes down.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::kiosk::{Done, Root, run};
use crate::media;

const FORMATS: [&str; 6] = ["csv", "xlsx", "jsonl", "ocsf", "cef", "syslog"];

fn export(root: &Root, arguments: &[&str]) -> Done {
    run(root.kioskctl().args(["log", "export"]).args(arguments))
}

/// A folder with files that are called as no file should be.
fn folder(root: &Root) -> std::path::PathBuf {
    let folder = root.path().join("medium");
    fs::create_dir(&folder).unwrap();
    for name in ["=cmd|' calc'!A1", "-", "a\\b", "line\nfeed", "点検.txt"] {
        fs::write(folder.join(name), format!("content of {name:?}")).unwrap();
    }
    folder
}

/// The last entry, which must say that something was exported.
#[track_caller]
fn told(root: &Root, format: &str) -> Value {
    let event = root.entries().pop().unwrap()["event"].clone();
    assert_eq!(
        (&event["event"], &event["format"]),
        (&"exported".into(), &format.into())
    );
    event
}

fn sha256(path: &Path) -> String {
    let done = run(Command::new("sha256sum").arg("--").arg(path));
    done.exits(0);
    done.stdout.trim_start_matches('\\')[..64].to_owned()
}

#[test]
fn every_form_is_a_new_file_that_an_entry_names_with_its_hash() {
    let root = Root::new();
    let canary = root.recorded(&media::sample("2-canary"), &["--registered-as", "M-0002"]);
    let number = canary.json["entry"]["number"].as_u64().unwrap();
    for format in FORMATS {
        let name = format!("out.{format}");
        let path = root.path().join(&name);
        let output = path.display().to_string();
        export(&root, &["--format", format, "--output", &output]).exits(0);
        let event = told(&root, format);
        assert_eq!(event["file"], name);
        assert_eq!(event["sha256"], sha256(&path));
        assert_eq!(event["first"], 1);
        assert!(number <= event["last"].as_u64().unwrap());
        assert_ne!(event["entries"], 0);
        // What is there is never written over.
        export(&root, &["--format", format, "--output", &output]).exits(2);
        if format != "xlsx" {
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains("setup.com"), "{format}: {text}");
        }
    }
    run(root.kioskctl().args(["log", "verify"])).exits(0);
}

#[test]
fn what_goes_to_standard_output_is_in_the_ledger_with_its_hash_too() {
    let root = Root::new();
    root.recorded(&folder(&root), &[]);
    let done = export(&root, &["--format", "csv"]);
    done.exits(0);
    assert!(done.stdout.starts_with('\u{feff}'));
    // An apostrophe before the formula, and the name is all there.
    assert!(done.stdout.contains("'=cmd|' calc'!A1"), "{}", done.stdout);
    let event = told(&root, "csv");
    assert_eq!(event["file"], Value::Null);
    let copy = root.path().join("copy");
    fs::write(&copy, &done.stdout).unwrap();
    assert_eq!(event["sha256"], sha256(&copy));
}

#[test]
fn days_in_the_wrong_order_are_refused_and_an_export_of_no_entries_says_so() {
    let root = Root::new();
    root.recorded(&media::sample("1-clean"), &["--registered-as", "M-0001"]);
    let last = root.entries().pop().unwrap();
    let wrong = ["--from", "2026-11-02", "--until", "2026-11-01"];
    let done = export(&root, &[&["--format", "csv"][..], &wrong].concat());
    done.exits(2);
    let said = "the first is the later one";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    assert_eq!(root.entries().pop().unwrap(), last);
    let done = export(&root, &["--format", "csv", "--until", "2000-01-01"]);
    done.exits(0);
    assert!(done.stderr.contains("NO ENTRIES"), "{}", done.stderr);
    assert_eq!(told(&root, "csv")["entries"], 0);
}

#[test]
fn the_list_of_a_verdict_verifies_the_medium_until_a_byte_changes() {
    let root = Root::new();
    let medium = folder(&root);
    let report = root.recorded(&medium, &[]);
    let entry = report.json["entry"]["number"].to_string();
    let list = root.path().join("SHA256SUMS");
    let output = list.display().to_string();
    export(
        &root,
        &[
            "--format",
            "sha256sums",
            "--entry",
            &entry,
            "--output",
            &output,
        ],
    )
    .exits(0);
    let check = || {
        let mut check = Command::new("sha256sum");
        check.args(["--check", "--strict", "--quiet"]).arg(&list);
        run(check.current_dir(&medium))
    };
    check().exits(0);
    let lines = fs::read_to_string(&list).unwrap().lines().count();
    assert_eq!(lines, fs::read_dir(&medium).unwrap().count());
    fs::write(medium.join("-"), "another").unwrap();
    check().exits(1);
    // Escapes of a list of hashdeep there are none: the name with a line feed is left out.
    let done = export(&root, &["--format", "hashdeep", "--entry", &entry]);
    done.exits(4);
    assert!(
        done.stderr.contains("left out: line⟨U+000A⟩feed"),
        "{}",
        done.stderr
    );
    export(&root, &["--format", "hashdeep", "--entry", "1"]).exits(2);
}

#[test]
fn an_export_that_cannot_be_written_down_leaves_no_file() {
    let root = Root::new();
    root.recorded(&media::sample("1-clean"), &["--registered-as", "M-0001"]);
    // An auditor's copy, into which nobody can write.
    let copy = root.path().join("copy");
    run(Command::new("cp")
        .arg("-R")
        .args([root.ledger(), copy.clone()]))
    .exits(0);
    fs::remove_file(copy.join("ledger.lock")).unwrap();
    fs::create_dir(copy.join("ledger.lock")).unwrap();
    let out = root.path().join("out");
    fs::create_dir(&out).unwrap();
    let file = out.join("a.csv").display().to_string();
    let of_copy = copy.display().to_string();
    let said = ["--format", "csv", "--ledger", &of_copy, "--output", &file];
    export(&root, &said).exits(2);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
    export(&root, &[&said[..], &["--no-entry"]].concat()).exits(0);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
    // The kiosk's own ledger has an entry of everything that is taken.
    export(&root, &["--format", "csv", "--no-entry"]).exits(2);
}

#[test]
fn the_journal_gets_a_datagram_for_each_line() {
    let root = Root::for_everybody();
    root.recorded(&media::sample("2-canary"), &["--registered-as", "M-0002"]);
    export(&root, &["--format", "cef", "--to", "journald"]).exits(2);
    let folder = root.path().join("run/systemd/journal");
    fs::create_dir_all(&folder).unwrap();
    let journald = UnixDatagram::bind(folder.join("socket")).unwrap();
    journald
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    export(&root, &["--format", "cef", "--to", "journald"]).exits(0);
    let mut buffer = vec![0; 1 << 18];
    let mut next = || {
        let length = journald.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    assert!(next().starts_with("MESSAGE=CEF:0|media-kiosk|"));
    let found = (0..20).any(|_| next().contains("|judged-stop|"));
    assert!(found);
    let event = told(&root, "cef");
    assert_eq!(
        (&event["file"], &event["sha256"]),
        (&Value::Null, &Value::Null)
    );
}
