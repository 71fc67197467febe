//! Exit statuses, and what a scan says about whose medium it is.

use crate::kiosk::{Root, run};
use crate::media;

/// An entry of the list of media for the first sample, with one thing changed.
fn listed(from: &str, to: &str) -> String {
    let entry = r#"
[[medium]]
id = "M-0001"
vid = "0951"
pid = "1666"
serial = "KIOSK-TRIAL-0001"
interfaces = ["08:06:50"]
capacity_bytes = 33554432
owner = "設備課 佐藤"
company = "保守会社A"
valid_from = 2026-04-01
valid_until = 2099-03-31
status = "active"
storage_place = "守衛所"
"#;
    assert!(entry.contains(from), "the entry has no {from}");
    entry.replace(from, to)
}

#[test]
fn a_registered_medium_without_fault_passes_with_status_0() {
    let report = Root::new().scan(&media::sample("1-clean"), &["--registered-as", "M-0001"]);
    report.answers("pass", 0);
    assert_eq!(report.json["medium"], "M-0001");
    let members = report.json["totals"]["members"].as_u64().unwrap();
    assert_eq!(members, 3, "{}", report.summary());
}

#[test]
fn a_match_gives_status_1_and_names_its_place() {
    let report = Root::new().scan(&media::sample("2-canary"), &["--registered-as", "M-0002"]);
    report.answers("stop", 1);
    assert_eq!(report.reasons()[0], "matched");
    let row = report
        .rows()
        .iter()
        .find(|row| row["path"] == "update/bin/setup.com")
        .unwrap();
    assert_eq!(row["outcome"], "matched");
    assert_eq!(row["within"][0], "docs/保守.zip");
    assert_eq!(row["within"][1], "update.tar.gz");
    let rule = row["findings"][0]["rule"].as_str().unwrap();
    assert!(rule.to_lowercase().contains("eicar"), "{rule}");
    assert_eq!(row["findings"][0]["tier"], "block");
}

#[test]
fn a_password_gives_status_4_and_names_the_archive() {
    let report = Root::new().scan(
        &media::sample("4-encrypted"),
        &["--registered-as", "M-0004"],
    );
    report.answers("incomplete", 4);
    assert_eq!(report.reasons(), ["encrypted"]);
    let locked: Vec<_> = report
        .rows()
        .iter()
        .filter(|row| row["gap"] == "encrypted")
        .map(|row| &row["path"])
        .collect();
    assert!(!locked.is_empty(), "{}", report.summary());
}

#[test]
fn a_medium_that_may_not_be_used_gives_status_3_and_is_not_read() {
    for (from, to, reason) in [
        ("id = \"M-0001\"", "id = \"M-9999\"", "unregistered"),
        (
            "valid_until = 2099-03-31",
            "valid_until = 2026-05-01",
            "expired",
        ),
        (
            "valid_from = 2026-04-01",
            "valid_from = 2098-04-01",
            "not_yet_valid",
        ),
        ("status = \"active\"", "status = \"revoked\"", "revoked"),
        ("status = \"active\"", "status = \"lost\"", "lost"),
    ] {
        let root = Root::new();
        root.list(&listed(from, to));
        let report = root.scan(&media::sample("1-clean"), &["--registered-as", "M-0001"]);
        assert_eq!(
            (report.verdict(), report.status),
            ("stop", 3),
            "{reason}: {}",
            report.summary()
        );
        assert!(
            report.reasons().contains(&reason),
            "{reason}: {}",
            report.summary()
        );
    }
}

#[test]
fn what_cannot_run_gives_status_2_and_says_why() {
    let sample = media::sample("1-clean");
    let sample = sample.to_str().unwrap();
    for (arguments, word) in [
        (vec!["scan"], "TARGET"),
        (
            vec!["scan", "/no/such/image", "--json", "--no-ledger"],
            "/no/such/image",
        ),
        (
            vec!["scan", sample, "--json", "--no-ledger", "--no-such-option"],
            "--no-such-option",
        ),
        (
            vec![
                "scan",
                sample,
                "--json",
                "--no-ledger",
                "--rules",
                "/no/such/rules",
            ],
            "/no/such/rules",
        ),
        (
            vec![
                "scan",
                sample,
                "--json",
                "--no-ledger",
                "--limits",
                "/no/such/limits",
            ],
            "/no/such/limits",
        ),
        (vec!["no-such-command"], "no-such-command"),
    ] {
        let done = run(Root::new().kioskctl().args(&arguments));
        done.exits(2);
        assert!(done.stderr.contains(word), "{arguments:?}: {}", done.stderr);
        assert!(
            !done.stderr.contains("panicked"),
            "{arguments:?}: {}",
            done.stderr
        );
    }
}

#[test]
fn a_broken_list_of_media_gives_status_2_with_line_and_column() {
    let root = Root::new();
    root.list(&listed("owner", "ownr"));
    let mut command = root.kioskctl();
    command.arg("scan").arg(media::sample("1-clean"));
    let done = run(command.args(["--json", "--no-ledger", "--registered-as", "M-0001"]));
    done.exits(2);
    assert!(done.stderr.contains("ownr"), "{}", done.stderr);
    assert!(
        done.stderr.contains("9") && done.stderr.contains("allowlist.toml"),
        "{}",
        done.stderr
    );
}

#[test]
fn without_rules_nothing_passes() {
    let empty = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let root = Root::new();
    let mut command = root.kioskctl();
    command
        .arg("scan")
        .arg(media::sample("1-clean"))
        .args(["--json", "--no-ledger", "--rules"]);
    let done = run(command.arg(empty.path()));
    assert!(
        [Some(2), Some(4)].contains(&done.status),
        "{:?} {}",
        done.status,
        done.stdout
    );
    assert!(!done.stdout.contains("\"pass\""), "{}", done.stdout);
}

#[test]
fn a_rule_that_does_not_compile_is_named_and_nothing_passes() {
    let rules = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    std::fs::write(
        rules.path().join("broken.yar"),
        "rule broken { condition: no_such }",
    )
    .unwrap();
    let root = Root::new();
    let mut command = root.kioskctl();
    command
        .arg("scan")
        .arg(media::sample("1-clean"))
        .args(["--json", "--no-ledger", "--rules"]);
    let done = run(command.arg(rules.path()));
    assert!(
        [Some(2), Some(4)].contains(&done.status),
        "{:?} {}",
        done.status,
        done.stdout
    );
    assert!(!done.stdout.contains("\"pass\""), "{}", done.stdout);
    assert!(done.stderr.contains("broken.yar"), "{}", done.stderr);
}

#[test]
fn a_rule_given_by_hand_finds_what_it_names() {
    let rules = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let rule = "rule readme_of_the_trial { meta: tier = \"block\" strings: $a = \"%PDF-1.4\" condition: $a at 0 }";
    std::fs::write(rules.path().join("one.yar"), rule).unwrap();
    let root = Root::new();
    let rules = rules.path().to_str().unwrap();
    let report = root.scan(&media::sample("1-clean"), &["--rules", rules]);
    report.answers("stop", 1);
    assert_eq!(report.json["rules"]["rules"], 1);
    assert!(report.findings().contains(&"readme_of_the_trial"));
}

#[test]
fn one_worker_finds_what_eight_find() {
    let root = Root::new();
    let image = media::sample("2-canary");
    let (one, eight) = (
        root.scan(&image, &["--jobs", "1"]),
        root.scan(&image, &["--jobs", "8"]),
    );
    assert_eq!(one.rows(), eight.rows());
    assert_eq!(one.json["reasons"], eight.json["reasons"]);
    run(root
        .kioskctl()
        .arg("scan")
        .arg(&image)
        .args(["--no-ledger", "--jobs", "0"]))
    .exits(2);
}

#[test]
fn limits_from_a_file_hold() {
    let limits = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    std::fs::write(limits.path(), "files_max = 3\n").unwrap();
    let limits = limits.path().to_str().unwrap();
    let report = Root::new().scan(&media::sample("1-clean"), &["--limits", limits]);
    report.answers("incomplete", 4);
    assert!(report.reasons().contains(&"limit"), "{}", report.summary());
}
