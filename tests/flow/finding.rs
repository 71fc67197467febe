//! Finding things in the ledger after scans of two media: by hash, name, rule and time, what came
//! of an insertion, and what passed before it was known to be bad.

use std::fs;

use serde_json::Value;

use crate::kiosk::{Done, Root, run};
use crate::media;
use crate::report::{Report, is_printable};

fn log(root: &Root, arguments: &[&str]) -> Done {
    run(root
        .kioskctl()
        .arg("log")
        .args(arguments)
        .arg("--ledger")
        .arg(root.ledger()))
}

/// The numbers of the entries that `log list` gives.
#[track_caller]
fn listed(root: &Root, arguments: &[&str]) -> Vec<u64> {
    let done = log(root, &[&["list", "--json"], arguments].concat());
    done.exits(0);
    let number = |line| serde_json::from_str::<Value>(line).unwrap()["number"].as_u64();
    done.stdout
        .lines()
        .map(|line| number(line).unwrap())
        .collect()
}

fn entry(report: &Report) -> u64 {
    report.json["entry"]["number"].as_u64().unwrap()
}

/// A ledger with a clean medium and one with a canary in a nested archive.
fn two_scans() -> (Root, Report, Report) {
    let root = Root::new();
    let clean = root.recorded(&media::sample("1-clean"), &["--registered-as", "M-0001"]);
    let canary = root.recorded(&media::sample("2-canary"), &["--registered-as", "M-0002"]);
    clean.answers("pass", 0);
    canary.answers("stop", 1);
    (root, clean, canary)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn verdicts_are_found_by_hash_by_a_name_in_an_archive_by_rule_and_by_time() {
    let (root, clean, canary) = two_scans();
    let (passed, stopped) = (entry(&clean), entry(&canary));
    let blocks = |finding: &&Value| finding["tier"] == "block";
    let member = canary.rows().iter().find(|row| {
        !row["within"].as_array().unwrap().is_empty()
            && row["findings"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| blocks(&one))
    });
    let member = member.expect("the canary is in an archive");
    let mut findings = member["findings"].as_array().unwrap().iter();
    let rule = text(&findings.find(blocks).unwrap()["rule"]);
    let name = text(&member["path"]).to_ascii_uppercase();
    assert_eq!(
        listed(&root, &["--sha256", text(&member["sha256"])]),
        [stopped]
    );
    assert_eq!(listed(&root, &["--name", &name]), [stopped]);
    assert_eq!(listed(&root, &["--rule", rule]), [stopped]);
    let nowhere = listed(&root, &["--rule", rule, "--medium", "M-0001"]);
    assert!(nowhere.is_empty(), "{nowhere:?}");

    let recorded = |number: u64| {
        let all = root.entries();
        let found = all.iter().find(|one| one["number"] == number);
        text(&found.unwrap()["recorded_utc"]).to_owned()
    };
    let from = recorded(stopped);
    assert_eq!(
        listed(&root, &["--from", &from, "--event", "judged"]),
        [stopped]
    );
    let until = recorded(passed);
    assert_eq!(
        listed(&root, &["--until", &until, "--event", "judged"]),
        [passed]
    );

    let csv = log(&root, &["list", "--csv", "--name", &name]);
    csv.exits(0);
    let text = csv.stdout.strip_prefix('\u{feff}').unwrap();
    is_printable(&text.replace("\r\n", "\n"), "the list");
    assert_eq!(csv.stdout.lines().count(), 2, "{}", csv.stdout);
    assert!(
        csv.stdout.contains(",judged,stop,M-0002,"),
        "{}",
        csv.stdout
    );
}

#[test]
fn an_insertion_is_told_in_both_languages_with_its_entries() {
    let (root, _, canary) = two_scans();
    let stopped = entry(&canary);
    let insertion = root
        .entries()
        .iter()
        .find(|one| one["number"] == stopped)
        .and_then(|one| one["event"]["insertion"].as_u64())
        .unwrap()
        .to_string();
    for (language, word) in [("ja", "使用禁止"), ("en", "STOP")] {
        let told = log(
            &root,
            &["show", "--insertion", &insertion, "--lang", language],
        );
        told.exits(0);
        is_printable(&told.stdout, "the story");
        let answer = told
            .stdout
            .lines()
            .find(|line| line.contains(word))
            .unwrap();
        assert!(answer.ends_with(&format!("[{stopped}]")), "{answer}");
    }
    log(&root, &["show", "--visit", "V-9999"]).exits(2);
}

#[test]
fn what_passed_before_its_hash_was_known_is_hunted_down() {
    let (root, clean, canary) = two_scans();
    let file = clean.rows().iter().find(|row| {
        row["kind"] == "file" && row["size_bytes"].as_u64() > Some(0) && row["sha256"].is_string()
    });
    let file = file.expect("a file with a hash");
    let hunt = |name: &str, text: &str, more: &[&str]| {
        let path = root.path().join(name);
        fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap();
        log(
            &root,
            &[&["hunt", "--json", "--hashes", path], more].concat(),
        )
    };
    let done = hunt("ioc", &format!("{}  bad.exe\n", text(&file["sha256"])), &[]);
    done.exits(1);
    let object: Value = serde_json::from_str(&done.stdout).unwrap();
    let found = object["found"].as_array().unwrap();
    assert!(
        found.iter().any(|one| one["path"] == file["path"]),
        "{}",
        done.stdout
    );
    assert!(
        found.iter().all(|one| one["entry"] == entry(&clean)),
        "{}",
        done.stdout
    );
    assert_eq!(found[0]["called"], "bad.exe");

    // The canary stopped its medium then: no PASS held it.
    let mut rows = canary.rows().iter();
    let blocked = rows.find(|row| row["outcome"] == "matched").unwrap();
    let blocked = text(&blocked["sha256"]);
    hunt("known", blocked, &[]).exits(0);
    hunt("known", blocked, &["--all"]).exits(1);
    hunt(
        "mixed",
        &format!("{}\n{}\n", "0".repeat(64), "0".repeat(40)),
        &[],
    )
    .exits(4);
    hunt("nothing", "no hash at all\n", &[]).exits(2);
}
