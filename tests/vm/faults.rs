//! Media that are broken, slow, strange, or not the same the second time.

use std::os::unix::fs::FileExt;

use serde_json::Value;

use crate::guest::Guest;
use crate::kiosk::UNFINISHED;
use crate::media;
use crate::ports::Stick;
use crate::removal::wait_read;

/// The rows of the ledger's last verdict.
fn rows(guest: &Guest) -> Vec<Value> {
    let entries = guest.log();
    let mut judged = entries.iter().rev();
    let judged = judged
        .find(|entry| entry["event"]["event"] == "judged")
        .unwrap();
    let shown = guest.run(&format!("kioskctl log show {} --json", judged["number"]));
    let mut shown: Value = serde_json::from_str(&shown).unwrap();
    shown["rows"].as_array_mut().unwrap().drain(..).collect()
}

#[test]
fn bad_sectors_are_named_and_a_slow_stick_has_time() {
    let guest = Guest::restored();
    let bad = media::places()["part4_sector"]
        .as_u64()
        .unwrap()
        .checked_add(100)
        .unwrap();
    let stick = Stick {
        serial: Some("VM-BAD"),
        bad_sectors: &[bad, bad.checked_add(1).unwrap()],
        ..Stick::default()
    };
    guest.plug("stick", &media::image("large"), &stick);
    let verdict = guest.wait_verdict(1);
    assert_eq!(verdict.answer(), "incomplete unreadable", "{verdict:?}");
    guest.wait_words(UNFINISHED);
    let rows = rows(&guest);
    let mut unread = rows.iter().filter(|row| row["outcome"] != "clean");
    let row = unread.next().unwrap();
    assert_eq!(row["path"], "data/part4.bin", "{row}");
    let finding = &row["findings"][0];
    assert_eq!(finding["rule"], "unreadable_sectors", "{row}");
    // The kernel reads whole pages, so the names are those of their sectors.
    let detail = finding["detail"].as_str().unwrap();
    let mut numbers = detail
        .split(' ')
        .filter_map(|word| word.parse::<u64>().ok());
    let (first, last) = (numbers.next().unwrap(), numbers.next().unwrap());
    assert!(
        first <= bad && bad < last && last < bad.saturating_add(16),
        "{bad}: {detail}"
    );
    assert_eq!(unread.next(), None);
    guest.unplug("stick");

    let slow = Stick {
        serial: Some("VM-SLOW"),
        bytes_per_second: 100_000,
        ..Stick::default()
    };
    guest.plug("slow", &media::image("slow"), &slow);
    let verdict = guest.wait_verdict(2);
    assert_eq!(verdict.answer(), "pass", "{verdict:?}");
}

#[test]
fn a_stick_that_stalls_ends_at_its_deadline() {
    let guest = Guest::restored();
    let policy = guest.run("cat /etc/media-kiosk/kiosk.toml");
    let hasty = format!("{policy}\n[limits]\nfile_seconds_max = 8\nwalk_seconds_max = 20\n");
    guest.put("/etc/media-kiosk/kiosk.toml", hasty.as_bytes());
    guest.run("systemctl reload kioskd");
    guest.plug(
        "stick",
        &media::image("large"),
        &Stick {
            serial: Some("VM-LARGE"),
            bytes_per_second: 1_000_000,
            ..Stick::default()
        },
    );
    wait_read(&guest, "stick", 2_000_000);
    guest.throttle("stick", 1);
    let verdict = guest.wait_verdict(1);
    assert!(
        verdict.answer().starts_with("incomplete timeout"),
        "{verdict:?}"
    );
    guest.wait_words(UNFINISHED);
    guest.unplug("stick");
    guest.insert("next", "clean", "VM-CLEAN");
    assert_eq!(guest.wait_verdict(2).answer(), "pass");
}

#[test]
fn what_is_hidden_on_a_stick_is_found_and_a_card_comes_and_goes_in_its_reader() {
    let guest = Guest::restored();
    for (round, (image, serial)) in (1..).zip([("three", "VM-THREE"), ("canary", "VM-CANARY")]) {
        guest.insert("stick", image, serial);
        let verdict = guest.wait_verdict(round);
        assert_eq!(verdict.answer(), "stop matched", "{image}: {verdict:?}");
        guest.unplug("stick");
        guest.wait_event("removed", round);
    }
    guest.run(
        "gadget new reader vid=0951 pid=1666 product=Reader serial=VM-CARD storage:,removable \
         && gadget plug reader",
    );
    guest.wait("test -b /dev/sda", "the reader's drive");
    // An empty reader is no medium: it has no verdict, and people may go on.
    guest.wait_idle();
    assert_eq!(guest.events("inserted").len(), 2);
    // The one that is stopped leaves the drive to the next one at once.
    let cards = [
        ("canary", "stop matched"),
        ("clean", "pass"),
        ("clean", "pass"),
    ];
    for (round, (card, answer)) in (3..).zip(cards) {
        guest.run(&format!("gadget insert reader /library/{card}.img"));
        let verdict = guest.wait_verdict(round);
        assert_eq!(verdict.answer(), answer, "{verdict:?}");
        guest.run("gadget eject reader");
        guest.wait_event("removed", round);
    }
    guest.verify_ledger();
}

#[test]
fn a_device_that_answers_differently_the_second_time_is_found_out() {
    let guest = Guest::restored();
    let places = media::places();
    for (round, place) in (1..).zip(["root_byte", "fat_byte", "part4_byte"]) {
        let liar = tempfile::NamedTempFile::new().unwrap();
        std::fs::copy(media::image("large"), liar.path()).unwrap();
        let stick = Stick {
            serial: Some("VM-CHANGE"),
            bytes_per_second: 2_000_000,
            ..Stick::default()
        };
        guest.plug("stick", liar.path(), &stick);
        // Its structures and half of its content have been read.
        wait_read(&guest, "stick", 6_000_000);
        let at = places[place].as_u64().unwrap();
        let other = liar.as_file().write_at(b"another answer", at).unwrap();
        assert_eq!(other, 14);
        let verdict = guest.wait_verdict(round);
        assert_eq!(
            verdict.answer(),
            "incomplete changed",
            "{place}: {verdict:?}"
        );
        assert!(verdict.fault().contains("read differently"), "{verdict:?}");
        guest.wait_words(UNFINISHED);
        guest.unplug("stick");
        guest.wait_event("removed", round);
    }
}
