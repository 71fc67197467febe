//! Each process of the kiosk is killed in the middle of a scan: the kiosk says so, comes back by
//! systemd's restart rules, and nothing of it has passed.

use crate::guest::Guest;
use crate::kiosk::{PASSED, UNFINISHED};
use crate::media;
use crate::ports::Stick;
use crate::removal::wait_read;

/// The first insertion's entry. What was written down before it is of no matter here.
#[track_caller]
fn first_insertion(guest: &Guest) -> u64 {
    let entries = guest.log();
    let mut entries = entries.iter();
    let first = entries.find(|entry| entry["event"]["event"] == "inserted");
    first.expect("an insertion")["number"].as_u64().unwrap()
}

/// A stick in the middle of its scan.
fn scanning(guest: &Guest) {
    let stick = Stick {
        serial: Some("VM-LARGE"),
        bytes_per_second: 3_000_000,
        ..Stick::default()
    };
    guest.plug("stick", &media::image("large"), &stick);
    wait_read(guest, "stick", 2_000_000);
}

/// Kills a unit's process as nothing else would.
fn kill(guest: &Guest, unit: &str) {
    guest.run(&format!(
        "systemctl kill --signal=KILL --kill-who=main {unit}"
    ));
}

#[test]
fn a_killed_scan_is_not_finished_and_the_next_one_passes() {
    let guest = Guest::restored();
    // In the order of their start: the process outside the jail, the supervisor, its worker.
    for round in 1..=3_usize {
        scanning(&guest);
        let pids = guest.run("pidof kiosk-scan");
        let mut pids: Vec<u32> = pids
            .split_whitespace()
            .map(|pid| pid.parse().unwrap())
            .collect();
        pids.sort_unstable();
        assert_eq!(pids.len(), 3, "{pids:?}");
        guest.run(&format!("kill -9 {}", pids[round.checked_sub(1).unwrap()]));
        let verdict = guest.wait_verdict(round);
        assert_eq!(
            verdict.answer(),
            "incomplete damaged",
            "{round}: {verdict:?}"
        );
        let screen = guest.wait_words(UNFINISHED);
        assert!(!screen.contains(PASSED), "{screen}");
        guest.unplug("stick");
        guest.wait_event("removed", round);
        guest.wait("! pidof kiosk-scan", "the end of all of them");
    }
    guest.insert("next", "clean", "VM-CLEAN");
    assert_eq!(guest.wait_verdict(4).answer(), "pass");
    guest.verify_ledger();
}

#[test]
fn a_killed_daemon_comes_back_and_begins_anew() {
    let guest = Guest::restored();
    scanning(&guest);
    kill(&guest, "kioskd.service");
    let screen = guest.wait_words("A result shown before does not count");
    assert!(!screen.contains(PASSED), "{screen}");
    guest.throttle("stick", 0);
    let interrupted = guest.wait_event("interrupted", 1);
    let insertion = first_insertion(&guest);
    assert_eq!(interrupted["insertion"], insertion);
    let verdict = guest.wait_verdict(1);
    assert_eq!(verdict.answer(), "pass", "{verdict:?}");
    assert_ne!(verdict.0["insertion"], insertion);
    assert_eq!(guest.events("started").len(), 2);
    guest.wait_words(PASSED);
    guest.verify_ledger();
}

#[test]
fn a_killed_writer_of_the_ledger_closes_the_kiosk_until_it_is_back() {
    let guest = Guest::restored();
    scanning(&guest);
    // It cannot come back before the screen was looked at.
    guest.run(
        "mkdir -p /run/systemd/system/kiosk-record.service.d && printf '[Service]\\n\
         ExecStartPre=/bin/sh -c \"while test -e /run/hold; do sleep 0.1; done\"\\n' \
         >/run/systemd/system/kiosk-record.service.d/hold.conf && touch /run/hold && \
         systemctl daemon-reload",
    );
    kill(&guest, "kiosk-record.service");
    let screen = guest.wait_words("results cannot be written down");
    assert!(!screen.contains(PASSED), "{screen}");
    guest.throttle("stick", 0);
    guest.run("rm /run/hold");
    let interrupted = guest.wait_event("interrupted", 1);
    let insertion = first_insertion(&guest);
    assert_eq!(interrupted["insertion"], insertion);
    let verdict = guest.wait_verdict(1);
    assert_eq!(verdict.answer(), "pass", "{verdict:?}");
    assert_ne!(verdict.0["insertion"], insertion);
    guest.wait_words(PASSED);
    guest.verify_ledger();
}

#[test]
fn a_killed_screen_comes_back_and_shows_how_it_is() {
    let guest = Guest::restored();
    scanning(&guest);
    guest.run("kill -9 $(pidof kiosk-show)");
    let screen = guest.wait_words("DO NOT REMOVE");
    assert!(!screen.contains(PASSED), "{screen}");
    assert_eq!(guest.wait_verdict(1).answer(), "pass");
    guest.wait_words(PASSED);
    assert!(guest.events("interrupted").is_empty());
    guest.verify_ledger();
}

#[test]
fn a_hung_daemon_is_ended_by_its_watchdog_and_comes_back() {
    let guest = Guest::restored();
    // Half a minute in service is too long for a test.
    guest.run(
        "mkdir -p /run/systemd/system/kioskd.service.d && printf '[Service]\nWatchdogSec=6\n' \
         >/run/systemd/system/kioskd.service.d/watchdog.conf && systemctl daemon-reload && \
         systemctl restart kioskd",
    );
    guest.wait_idle();
    assert_eq!(guest.events("started").len(), 2);
    scanning(&guest);
    guest.run("kill -STOP $(pidof kioskd)");
    guest.wait_words("A result shown before does not count");
    guest.throttle("stick", 0);
    guest.wait_event("started", 3);
    assert_eq!(guest.events("interrupted").len(), 1);
    assert_eq!(guest.wait_verdict(1).answer(), "pass");
    let said = guest.run("journalctl --no-pager -o cat -u kioskd");
    assert!(said.contains("Watchdog timeout"), "{said}");
    guest.verify_ledger();
}
