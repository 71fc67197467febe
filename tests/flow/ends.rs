//! How kioskd ends, what the screen is told of the ledger, and who looks the ledger through.

use nix::sys::signal::Signal;

use crate::gate::{self, Kiosk};
use crate::kiosk::{self, Root, run};
use crate::media;

/// Ends the daemon by a signal, and starts it again.
fn restart(kiosk: &mut Kiosk, signal: Signal) {
    kiosk::kill(kiosk.daemon.id(), signal);
    kiosk.daemon.wait().unwrap();
    kiosk.daemon = gate::daemon(&kiosk.root, kiosk.bay.path());
    kiosk.screen = gate::connect(&kiosk.root);
    kiosk.serves();
}

#[test]
fn an_orderly_end_leaves_no_crash_and_a_kill_is_found_with_the_start_that_it_ended() {
    let mut kiosk = Kiosk::start();
    restart(&mut kiosk, Signal::SIGTERM);
    assert_eq!(kiosk.told("stopped").len(), 1);
    assert!(kiosk.told("crash_found").is_empty());
    let second = kiosk.told("started").last().unwrap()["number"].clone();

    restart(&mut kiosk, Signal::SIGKILL);
    let crashes = kiosk.told("crash_found");
    assert_eq!(crashes.len(), 1, "{crashes:?}");
    assert_eq!(crashes[0]["event"]["started"], second);

    // The ledger's writer comes and goes: that is no start and no crash of kioskd.
    kiosk::kill(kiosk.record.id(), Signal::SIGKILL);
    kiosk.record.wait().unwrap();
    kiosk.record = gate::record(&kiosk.root);
    let started = kiosk.told_of("started", 4);
    assert_eq!(started[3]["event"]["again"], true);
    kiosk.serves();
    restart(&mut kiosk, Signal::SIGTERM);
    assert_eq!(kiosk.told("crash_found").len(), 1);
    kiosk.verifies();
}

#[test]
fn a_dead_writer_of_the_ledger_does_not_keep_kioskd_from_its_end() {
    let mut kiosk = Kiosk::start();
    kiosk::kill(kiosk.record.id(), Signal::SIGSTOP);
    kiosk::kill(kiosk.daemon.id(), Signal::SIGTERM);
    // `wait` in the test would hang with it; this gives up.
    kiosk::until("the end of kioskd", || kiosk.daemon.try_wait().unwrap());
    kiosk::kill(kiosk.record.id(), Signal::SIGCONT);
}

#[test]
fn the_screen_is_told_the_head_and_a_review_is_signed_unless_the_ledger_was_edited() {
    let kiosk = Kiosk::start();
    kiosk.until("the head", |view| {
        let head = &view["ledger"]["head"];
        let last = kiosk.root.entries().pop()?;
        (head["number"] == last["number"]).then_some(())
    });
    let review = |more: &[&str]| {
        let mut command = kiosk.root.kioskctl();
        run(command.args(["log", "review"]).args(more))
    };
    review(&["--dry-run"]).exits(0);
    assert!(kiosk.told("reviewed").is_empty());
    review(&["--remark", "weekly look"]).exits(0);
    let told = kiosk.told("reviewed");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["event"]["remark"], "weekly look");
    let listed = review(&["--list", "--csv"]);
    listed.exits(0);
    assert!(listed.stdout.contains("weekly look"), "{}", listed.stdout);
    review(&["--through", "1"]).exits(2);

    let database = kiosk.root.ledger().join("ledger.db");
    let edit = "DROP TRIGGER entries_not_updated;
        UPDATE entries SET bytes = replace(bytes, 'started', 'stopped') WHERE number = 1;";
    let edited = std::process::Command::new("sqlite3")
        .args(["-cmd", ".timeout 5000"])
        .arg(database)
        .arg(edit)
        .status();
    assert!(edited.unwrap().success());
    let refused = review(&[]);
    refused.exits(1);
    assert!(
        refused.stdout.contains("NOT verified"),
        "{}",
        refused.stdout
    );
}

#[test]
fn a_verdict_names_the_policy_by_which_it_was_given() {
    let root = Root::new();
    let scan = || {
        root.recorded(&media::sample("1-clean"), &["--registered-as", "M-0001"]);
        let mut judged = root.entries();
        judged.retain(|entry| entry["event"]["event"] == "judged");
        judged.pop().unwrap()["event"]["policy_sha256"].clone()
    };
    assert!(scan().is_null(), "a trial has no policy of its own");
    let policy = root.path().join("etc/media-kiosk/kiosk.toml");
    let text = "[site]\nname_ja = \"門\"\nname_en = \"Gate\"\ntime_zone = \"+09:00\"\n";
    std::fs::write(&policy, text).unwrap();
    let sum = std::process::Command::new("sha256sum")
        .arg(&policy)
        .output()
        .unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    assert!(sum.starts_with(scan().as_str().unwrap()), "{sum}");
}
