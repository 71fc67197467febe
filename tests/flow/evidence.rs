//! An evidence bundle of a scan by the built programs: signed by the ledger's own key, written
//! down, and good for the tools of an auditor and for the page that is in it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::kiosk::{Done, Root, run};
use crate::media;

fn evidence(root: &Root, arguments: &[&str], output: &Path) -> Done {
    let mut command = root.kioskctl();
    command.args(["log", "evidence"]).args(arguments);
    run(command
        .arg("--output")
        .arg(output)
        .arg("--ledger")
        .arg(root.ledger()))
}

#[test]
fn a_verdict_becomes_a_bundle_that_anybody_can_check_and_the_ledger_says_so() {
    let root = Root::new();
    let report = root.recorded(&media::sample("2-canary"), &["--registered-as", "M-0002"]);
    let number = report.json["entry"]["number"].as_u64().unwrap();
    let bundle = root.path().join("bundle");
    let done = evidence(&root, &[&number.to_string()], &bundle);
    done.exits(0);
    let last = root.entries().pop().unwrap();
    let told = &last["event"];
    assert_eq!(told["event"], "exported", "{last}");
    assert_eq!(told["format"], "evidence");
    assert_eq!(
        (&told["first"], &told["last"]),
        (&json!(number), &json!(number))
    );
    let check = "sha256sum --quiet --strict -c tagmanifest-sha256.txt manifest-sha256.txt && \
                 minisign -q -V -p data/ledger-minisign.pub -m tagmanifest-sha256.txt && \
                 sha256sum tagmanifest-sha256.txt";
    let mut shell = Command::new("sh");
    let checked = run(shell.args(["-c", check]).current_dir(&bundle));
    checked.exits(0);
    let sha256 = told["sha256"].as_str().unwrap();
    assert!(checked.stdout.contains(sha256), "{}", checked.stdout);
    let job = root.path().join("job.json");
    let page = bundle.join("verify.html");
    let cases = json!({ "cases": [{ "page": page, "folder": bundle }] });
    fs::write(&job, cases.to_string()).unwrap();
    let mut driver = Command::new("python3");
    let shown = run(driver
        .arg(media::repository().join("tests/browser/verify"))
        .arg(&job));
    shown.exits(0);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown["verdict"], "good", "{shown}");
    // Nothing is put in the place of a bundle, and then nothing is written down.
    evidence(&root, &["1"], &bundle).exits(2);
    assert_eq!(root.entries().pop().unwrap(), last);
}
