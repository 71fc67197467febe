//! Media that are pulled out when they should not be.

use std::time::Duration;

use crate::guest::{Guest, SOON};
use crate::kiosk::{PASSED, UNFINISHED};
use crate::machine::wait_for;
use crate::media;
use crate::ports::Stick;

/// A stick whose scan takes a while.
fn slow(serial: &str) -> Stick<'_> {
    Stick {
        serial: Some(serial),
        bytes_per_second: 2_000_000,
        ..Stick::default()
    }
}

/// Waits until so many bytes of the stick were read.
#[track_caller]
pub(crate) fn wait_read(guest: &Guest, id: &str, bytes: u64) {
    let read = wait_for(SOON, || (bytes <= guest.reads(id).1).then_some(()));
    assert!(
        read.is_some(),
        "read {:?} of {bytes} bytes",
        guest.reads(id)
    );
}

#[test]
fn a_stick_pulled_at_any_of_ten_moments_is_not_finished_and_the_next_one_is() {
    let guest = Guest::restored();
    let image = media::image("large");
    let script = |script: &'static str| move |guest: &Guest| drop(guest.wait(script, script));
    let read = |bytes: u64| move |guest: &Guest| wait_read(guest, "stick", bytes);
    let moments: [&dyn Fn(&Guest); 10] = [
        &script("grep -qs VM-LARGE /sys/bus/usb/devices/*/serial"),
        &script("grep -qs 1 /sys/bus/usb/devices/[0-9]*-[1-9]*/authorized"),
        &script("test -b /dev/sda"),
        &|guest| drop(guest.wait_event("inserted", guest.events("judged").len().saturating_add(1))),
        &script("pidof kiosk-scan"),
        &|guest| drop(guest.wait_words("DO NOT REMOVE")),
        &read(1_000_000),
        &read(3_000_000),
        &read(5_000_000),
        // All of it was read, and it is being read again or judged.
        &read(8_300_000),
    ];
    for (round, moment) in (1..).zip(moments) {
        guest.plug("stick", &image, &slow("VM-LARGE"));
        moment(&guest);
        guest.unplug("stick");
        let verdict = guest.wait_verdict(round);
        assert_eq!(
            verdict.answer(),
            "incomplete removed",
            "round {round}: {verdict:?}"
        );
        let screen = guest.wait_words(UNFINISHED);
        assert!(!screen.contains(PASSED), "round {round}: {screen}");
    }
    guest.insert("stick", "clean", "VM-CLEAN");
    assert_eq!(guest.wait_verdict(11).answer(), "pass");
    assert!(guest.events("withdrawn").is_empty());
    guest.verify_ledger();
}

#[test]
fn a_stick_in_the_place_of_another_gets_its_own_answer() {
    let guest = Guest::restored();
    let at = |serial| Stick {
        port: Some("1"),
        ..slow(serial)
    };
    guest.plug("first", &media::image("large"), &at("VM-LARGE"));
    wait_read(&guest, "first", 1_000_000);
    let began = std::time::Instant::now();
    guest.unplug("first");
    guest.plug("second", &media::image("clean"), &at("VM-CLEAN"));
    let pause = began.elapsed();
    assert!(
        pause < Duration::from_millis(200),
        "replaced after {pause:?}"
    );
    let verdicts = [guest.wait_verdict(1), guest.wait_verdict(2)];
    let answers = verdicts.map(|verdict| (verdict.0["medium"].clone(), verdict.answer()));
    assert_eq!(answers[0].0, "VM-LARGE");
    assert_eq!(answers[0].1, "incomplete removed");
    assert_eq!(answers[1].0, "VM-CLEAN");
    assert_eq!(answers[1].1, "pass");
    guest.wait_words(PASSED);
    guest.unplug("second");

    // Two at once, each in its own lane: the end of one is not the end of the other.
    guest.plug("first", &media::image("large"), &slow("VM-LARGE"));
    guest.plug("second", &media::image("clean"), &slow("VM-OTHER"));
    wait_read(&guest, "first", 1_000_000);
    guest.unplug("first");
    let verdicts = [guest.wait_verdict(3), guest.wait_verdict(4)];
    for verdict in verdicts {
        let expected = match verdict.0["medium"].as_str() {
            Some("VM-LARGE") => "incomplete removed",
            Some("VM-OTHER") => "pass",
            other => panic!("a verdict about {other:?}"),
        };
        assert_eq!(verdict.answer(), expected, "{verdict:?}");
    }
    guest.verify_ledger();
}

#[test]
fn a_stick_pulled_between_its_scan_and_its_record_has_not_passed() {
    let guest = Guest::restored();
    guest.plug("stick", &media::image("clean"), &slow("VM-CLEAN"));
    guest.wait_event("inserted", 1);
    guest.run("kill -STOP $(pidof kiosk-record)");
    let screen = guest.wait_words("Writing down the result");
    assert!(!screen.contains(PASSED), "{screen}");
    guest.unplug("stick");
    guest.wait(
        "! grep -qs VM-CLEAN /sys/bus/usb/devices/*/serial",
        "its end",
    );
    guest.idle_for(Duration::from_secs(1));
    guest.run("kill -CONT $(pidof kiosk-record)");
    // What the writer had got was written; what stands is the withdrawal.
    assert_eq!(guest.wait_verdict(1).answer(), "pass");
    let withdrawn = guest.wait_event("withdrawn", 1);
    assert_eq!(withdrawn["verdict"], "incomplete");
    assert_eq!(withdrawn["reasons"][0]["code"], "removed");
    let screen = guest.wait_words(UNFINISHED);
    assert!(!screen.contains(PASSED), "{screen}");
    guest.wait_event("removed", 1);
    guest.verify_ledger();
}
