//! What an auditor does with the ledger, with the built programs: notes, verifies, co-signs;
//! and what an administrator does for it: a new key, a backup, a ledger on another machine.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::kiosk::{Done, Root, run};
use crate::media;

/// `kioskctl log` on the kiosk's own ledger.
fn log(root: &Root, arguments: &[&str]) -> Done {
    run(root.kioskctl().arg("log").args(arguments))
}

fn object(done: &Done) -> Value {
    done.exits(0);
    serde_json::from_str(&done.stdout).unwrap()
}

/// A kiosk with a verdict, and a folder that is not the kiosk's.
fn kiosk() -> (Root, tempfile::TempDir) {
    let root = Root::new();
    let report = root.recorded(&media::sample("2-canary"), &["--registered-as", "M-0002"]);
    assert_eq!(report.status, 1, "{}", report.summary());
    (root, tempfile::tempdir().unwrap())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The head as the screen shows it.
fn head(root: &Root) -> String {
    let verified = object(&log(root, &["verify", "--json"]));
    let leaf = verified["head"]["leaf_sha256"].as_str().unwrap();
    let groups = [&leaf[..4], &leaf[4..8], &leaf[8..12], &leaf[12..16]].join(" ");
    format!("{} {groups}", verified["head"]["number"])
}

fn sqlite(root: &Root, statement: &str) {
    let done = Command::new("sqlite3")
        .arg(root.ledger().join("ledger.db"))
        .arg(statement)
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
}

/// Cuts the last entry off with every trace of it, the file beside the ledger too.
fn cut_back(root: &Root) {
    let last = "(SELECT max(number) FROM entries)";
    sqlite(
        root,
        &format!(
            "CREATE TEMP TABLE guards AS SELECT sql FROM sqlite_schema WHERE type = 'trigger';
             DROP TRIGGER steps_not_deleted; DROP TRIGGER rows_not_deleted;
             DROP TRIGGER checkpoints_not_deleted; DROP TRIGGER entries_not_deleted;
             DELETE FROM steps WHERE entry = {last}; DELETE FROM rows WHERE entry = {last};
             DELETE FROM checkpoints WHERE size = {last}; DELETE FROM entries WHERE number = {last};
             UPDATE sqlite_sequence SET seq = {last};"
        ),
    );
    let guards =
        std::fs::read_to_string(media::repository().join("kiosk/record/src/schema/1.sql")).unwrap();
    for name in ["steps", "rows", "checkpoints", "entries"] {
        let start = guards
            .find(&format!("CREATE TRIGGER {name}_not_deleted"))
            .unwrap();
        let guard = guards[start..].split_inclusive("END;").next().unwrap();
        sqlite(root, guard);
    }
    std::fs::remove_file(root.ledger().join("ledger.head")).unwrap();
}

#[test]
fn what_an_auditor_noted_catches_a_ledger_that_was_cut_back() {
    let (root, away) = kiosk();
    let (checkpoint, key) = (away.path().join("head"), away.path().join("key"));
    log(&root, &["checkpoint", "-o", text(&checkpoint)]).exits(0);
    log(
        &root,
        &["checkpoint", "--public-key", "pem", "-o", text(&key)],
    )
    .exits(0);
    let noted = head(&root);
    let all = [
        "verify",
        "--checkpoint",
        text(&checkpoint),
        "--key",
        text(&key),
        "--head",
        &noted,
    ];
    log(&root, &all).exits(0);
    cut_back(&root);
    // Nothing that is left on the kiosk tells it.
    log(&root, &["verify"]).exits(0);
    for noted in [
        ["verify", "--checkpoint", text(&checkpoint)],
        ["verify", "--head", &noted],
    ] {
        let done = log(&root, &noted);
        done.exits(1);
        assert!(done.stdout.contains("was cut back"), "{}", done.stdout);
    }
    log(&root, &["verify", "--key", text(&key)]).exits(0);
    let done = log(&root, &["verify", "--head", "1 2"]);
    done.exits(2);
    assert!(done.stderr.contains("is no head"), "{}", done.stderr);
}

#[test]
fn an_auditor_co_signs_and_the_signature_is_asked_for() {
    let (root, away) = kiosk();
    let (secret, note, public) = (
        away.path().join("auditor.key"),
        away.path().join("co-signed"),
        away.path().join("auditor.pub"),
    );
    let made = Command::new("openssl")
        .args(["genpkey", "-algorithm", "ed25519", "-out", text(&secret)])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let signed = log(
        &root,
        &[
            "cosign",
            "--secret-key",
            text(&secret),
            "--name",
            "audit.example.jp",
            "-o",
            text(&note),
        ],
    );
    signed.exits(0);
    let key = signed.stderr.split("verify with: ").nth(1).unwrap();
    std::fs::write(&public, key.lines().next().unwrap()).unwrap();
    let asked = log(&root, &["verify", "--json", "--key", text(&public)]);
    let verified = object(&asked);
    assert_eq!(verified["cosignatures"][0]["name"], "audit.example.jp");
    log(
        &root,
        &[
            "verify",
            "--checkpoint",
            text(&note),
            "--key",
            text(&public),
        ],
    )
    .exits(0);
    // The entry with the signature is cut off; the auditor asks for it.
    cut_back(&root);
    log(&root, &["verify"]).exits(0);
    let missed = log(&root, &["verify", "--key", text(&public)]);
    missed.exits(1);
    assert!(
        missed.stdout.contains("has no co-signature"),
        "{}",
        missed.stdout
    );
    // What was signed elsewhere comes back into the ledger.
    log(
        &root,
        &["cosign", "--add", text(&note), "--key", text(&public)],
    )
    .exits(0);
    log(&root, &["verify", "--key", text(&public)]).exits(0);
}

#[test]
fn a_proof_needs_no_ledger_and_two_checkpoints_no_kiosk() {
    let (root, away) = kiosk();
    let file = |name: &str| away.path().join(name);
    let (key, early, proof) = (file("key"), file("early"), file("proof"));
    std::fs::copy(root.ledger().join("ledger.pub"), &key).unwrap();
    std::fs::copy(root.ledger().join("ledger.head"), &early).unwrap();
    let given = log(&root, &["show", "2", "--proof"]);
    given.exits(0);
    std::fs::write(&proof, &given.stdout).unwrap();
    let elsewhere = Root::new();
    let check = |file: &Path| {
        log(
            &elsewhere,
            &[
                "verify",
                "--json",
                "--proof",
                text(file),
                "--key",
                text(&key),
            ],
        )
    };
    let proven = object(&check(&proof));
    assert_eq!(proven["entry"]["event"]["event"], "judged");
    std::fs::write(&proof, given.stdout.replace("\nindex 1\n", "\nindex 0\n")).unwrap();
    check(&proof).exits(1);

    log(&root, &["new-key", "--reason", "yearly"]).exits(0);
    let later = log(&root, &["checkpoint", "--consistent-with", text(&early)]);
    later.exits(0);
    std::fs::write(&proof, &later.stdout).unwrap();
    let both = object(&check(&proof));
    assert_eq!((&both["earlier"], &both["later"]), (&2.into(), &4.into()));
    let verified = object(&log(&root, &["verify", "--json", "--key", text(&key)]));
    assert_eq!(verified["keys"].as_array().unwrap().len(), 2);
}

#[test]
fn a_backup_becomes_the_ledger_of_another_machine() {
    let (root, away) = kiosk();
    let (backup, password) = (away.path().join("backup"), away.path().join("password"));
    std::fs::write(&password, "geheim\n").unwrap();
    let options = ["--password-file", text(&password)];
    let mut arguments = vec!["backup", text(&backup)];
    arguments.extend(options);
    log(&root, &arguments).exits(0);
    let summed = Command::new("sha256sum")
        .args(["--quiet", "-c", "SHA256SUMS"])
        .current_dir(&backup)
        .status();
    assert!(summed.unwrap().success());
    // A second one into the same folder would lose the first.
    log(&root, &arguments).exits(2);

    let other = Root::new();
    let mut arguments = vec!["restore", text(&backup)];
    arguments.extend(options);
    log(&other, &arguments).exits(0);
    let report = other.recorded(&media::sample("1-clean"), &["--registered-as", "M-0001"]);
    assert_eq!(report.status, 0, "{}", report.summary());
    let key = root.ledger().join("ledger.pub");
    log(&other, &["verify", "--key", text(&key)]).exits(0);
    let events: Vec<String> = other
        .entries()
        .iter()
        .map(|entry| entry["event"]["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        events,
        ["inserted", "judged", "restored", "inserted", "judged"]
    );
    // Nothing is put back over a ledger.
    let again = log(&other, &arguments);
    again.exits(2);
    assert!(
        again.stderr.contains("move that one away"),
        "{}",
        again.stderr
    );
}

#[test]
fn a_backup_that_was_touched_is_not_restored() {
    let (root, away) = kiosk();
    let backup = away.path().join("backup");
    log(&root, &["backup", text(&backup), "--plain-key"]).exits(0);
    let list = backup.join("site/allowlist.toml");
    let good = std::fs::read(&list).unwrap();
    std::fs::write(&list, [good.as_slice(), b"\n"].concat()).unwrap();
    let other = Root::new();
    let refused = log(&other, &["restore", text(&backup)]);
    refused.exits(2);
    assert!(
        refused.stderr.contains("allowlist.toml is not as it was"),
        "{}",
        refused.stderr
    );
    std::fs::remove_file(&list).unwrap();
    let refused = log(&other, &["restore", text(&backup)]);
    refused.exits(2);
    assert!(
        refused.stderr.contains("is missing from the backup"),
        "{}",
        refused.stderr
    );
    // The list of checksums is made to fit; its signature does not.
    let sums = backup.join("SHA256SUMS");
    let whole = std::fs::read_to_string(&sums).unwrap();
    let left: Vec<&str> = whole
        .lines()
        .filter(|line| !line.ends_with("allowlist.toml"))
        .collect();
    std::fs::write(&sums, left.join("\n") + "\n").unwrap();
    let refused = log(&other, &["restore", text(&backup)]);
    refused.exits(1);
    assert!(
        refused.stdout.contains("did not sign the list"),
        "{}",
        refused.stdout
    );
    assert!(!other.ledger().join("ledger.db").exists());
    std::fs::write(&sums, whole).unwrap();
    std::fs::write(&list, good).unwrap();
    let done = log(&other, &["restore", text(&backup)]);
    done.exits(0);
    assert!(done.stdout.contains("  not in it: "), "{}", done.stdout);
}

#[test]
fn rows_that_are_not_old_stay_in_the_ledger() {
    let (root, away) = kiosk();
    let archive = away.path().join("archive");
    let done = log(
        &root,
        &["seal", "--through", "2", "--archive", text(&archive)],
    );
    done.exits(2);
    assert!(done.stderr.contains("not old enough"), "{}", done.stderr);
    assert!(!archive.exists());
    let shown = log(&root, &["show", "2", "--json"]);
    assert_ne!(object(&shown)["rows"], Value::Array(Vec::new()));
}
