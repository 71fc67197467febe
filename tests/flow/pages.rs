//! Pages of the ledger, made by the built programs: no file without its entry.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::kiosk::{Done, Root, run};
use crate::media;

fn log(root: &Root, folder: &Path, arguments: &[&str]) -> Done {
    let mut command = root.kioskctl();
    run(command.current_dir(folder).arg("log").args(arguments))
}

/// A kiosk with a verdict, and a folder for pages.
fn kiosk() -> (Root, tempfile::TempDir) {
    let root = Root::new();
    let report = root.recorded(&media::sample("2-canary"), &["--registered-as", "M-0002"]);
    assert_eq!(report.status, 1, "{}", report.summary());
    (root, tempfile::tempdir().unwrap())
}

/// The month at the site of a trial, nine hours ahead of UTC.
fn month() -> String {
    let mut date = Command::new("date");
    let date = date.env("TZ", "UTC-9").arg("+%Y-%m").output().unwrap();
    String::from_utf8(date.stdout).unwrap().trim().to_owned()
}

fn entries(root: &Root, folder: &Path) -> Vec<Value> {
    let listed = log(root, folder, &["list", "--json"]);
    listed.exits(0);
    let lines = listed.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_month_and_a_certificate_are_files_that_an_entry_tells_of() {
    let (root, folder) = kiosk();
    let folder = folder.path();
    log(
        &root,
        folder,
        &["report", "--month", &month(), "--lang", "both"],
    )
    .exits(0);
    let before = entries(&root, folder);
    let judged = before
        .iter()
        .find(|entry| entry["event"]["event"] == "judged");
    let number = judged.unwrap()["number"].to_string();
    log(
        &root,
        folder,
        &["certificate", &number, "--output", "c.html"],
    )
    .exits(0);
    let after = entries(&root, folder);
    let names = [
        format!("report-{}-ja-en.html", month()),
        "c.html".to_owned(),
    ];
    for (entry, name) in [before.last(), after.last()].into_iter().zip(names) {
        let event = &entry.unwrap()["event"];
        assert_eq!(event["event"], "exported");
        assert_eq!(event["file"], name.as_str());
        let sum = Command::new("sha256sum")
            .arg(folder.join(&name))
            .output()
            .unwrap();
        let sum = String::from_utf8(sum.stdout).unwrap();
        assert_eq!(event["sha256"].as_str(), sum.split(' ').next());
    }
    let page = fs::read_to_string(folder.join("c.html")).unwrap();
    assert!(page.contains("使用禁止") && page.contains(&format!("No. {number}")));
    assert!(page.contains("手動検査の結果") && !page.contains("証明書"));
    log(&root, folder, &["report", "--month", "9998-01"]).exits(2);
    // What is there stays as it is.
    let again = log(
        &root,
        folder,
        &["certificate", &number, "--output", "c.html"],
    );
    again.exits(2);
    assert_eq!(fs::read_to_string(folder.join("c.html")).unwrap(), page);
    assert_eq!(entries(&root, folder).len(), after.len());
}

#[test]
fn a_page_of_an_altered_copy_says_so_and_a_page_without_its_entry_is_not_made() {
    let (root, folder) = kiosk();
    let folder = folder.path();
    let copy = folder.join("copy");
    fs::create_dir(&copy).unwrap();
    for name in ["ledger.db", "ledger.pub"] {
        fs::copy(root.ledger().join(name), copy.join(name)).unwrap();
    }
    let mut sqlite3 = Command::new("sqlite3");
    let statement = "DROP TRIGGER entries_not_updated;
        UPDATE entries SET bytes = replace(bytes, 'M-0002', 'M-0001');";
    let done = sqlite3.arg(copy.join("ledger.db")).arg(statement);
    assert!(done.status().unwrap().success());
    let copy = copy.to_str().unwrap();
    let bad = [
        "--ledger",
        copy,
        "report",
        "--month",
        &month(),
        "--no-entry",
    ];
    log(&root, folder, &bad).exits(1);
    let page = fs::read_to_string(folder.join(format!("report-{}-ja.html", month()))).unwrap();
    assert!(page.contains("検証不合格"));
    // The kiosk's own ledger has an entry of each page.
    let month = month();
    let own = [
        "report",
        "--month",
        &month,
        "--no-entry",
        "--output",
        "own.html",
    ];
    log(&root, folder, &own).exits(2);
    assert!(!folder.join("own.html").exists());
}
