//! Sticks that may not be used: each is refused for its own reason, and nothing of it is read.

use crate::guest::Guest;
use crate::kiosk::{PASSED, STOPPED};
use crate::media;
use crate::ports::Stick;
use crate::removal::wait_read;

/// What the kernel itself may read of a disk when its driver is bound, in bytes: it looks for a
/// partition table. Files begin far behind that.
const KERNEL_READS_MAX: u64 = 64 << 10;

/// A device that claims to be the registered VM-TWIN.
fn twin(guest: &Guest, name: &str) {
    guest.run(&format!(
        "gadget new {name} vid=0951 pid=1666 manufacturer=Acme product=Stick serial=VM-TWIN \
         storage:/library/clean.img && gadget plug {name}"
    ));
}

#[test]
fn a_stick_that_the_list_refuses_is_refused_by_name_and_never_read() {
    let guest = Guest::restored();
    let cases = [
        ("NOBODY", "stop unregistered", "This USB is not registered"),
        ("VM-EXPIRED", "stop expired", "Its registration has expired"),
        (
            "VM-REVOKED",
            "stop revoked",
            "Its registration was withdrawn",
        ),
    ];
    for (round, (serial, answer, words)) in (1..).zip(cases) {
        guest.insert("stick", "clean", serial);
        let verdict = guest.wait_verdict(round);
        assert_eq!(verdict.answer(), answer, "{serial}: {verdict:?}");
        assert!(guest.wait_words(words).contains(STOPPED));
        // It never had a driver that could have read.
        assert_eq!(guest.reads("stick"), (0, 0), "{serial}");
        assert_eq!(guest.try_run("ls /sys/block/sda").status, 1);
        guest.unplug("stick");
        guest.wait_event("removed", round);
    }
    assert!(
        guest.events("judged")[1]["fault"]
            .as_str()
            .unwrap()
            .contains("VM-EXPIRED")
    );
    guest.insert("stick", "clean", "VM-CAPACITY");
    let verdict = guest.wait_verdict(4);
    assert_eq!(verdict.answer(), "stop clone_suspected", "{verdict:?}");
    assert_eq!(
        verdict.fault(),
        "VM-CAPACITY: capacity differs from the registered medium"
    );
    let (_, bytes) = guest.reads("stick");
    assert!(bytes <= KERNEL_READS_MAX, "{bytes} bytes were read");
    guest.unplug("stick");
    guest.wait_event("removed", 4);

    guest.run(
        "gadget new nameless vid=0951 pid=1666 manufacturer=Acme product=Stick \
         storage:/library/clean.img && gadget plug nameless",
    );
    let verdict = guest.wait_verdict(5);
    assert_eq!(verdict.answer(), "stop unregistered", "{verdict:?}");
    assert!(verdict.fault().contains("no serial number"), "{verdict:?}");
    assert_eq!(guest.try_run("ls /sys/block/sda").status, 1);
    guest.verify_ledger();
}

#[test]
fn of_two_sticks_with_one_serial_neither_passes() {
    let guest = Guest::restored();
    twin(&guest, "one");
    guest.wait("test -b /dev/sda", "the first twin's disk");
    twin(&guest, "other");
    for round in 1..=2 {
        let verdict = guest.wait_verdict(round);
        assert_eq!(verdict.answer(), "stop clone_suspected", "{verdict:?}");
        assert!(verdict.fault().contains("another medium"), "{verdict:?}");
    }
    assert_eq!(guest.try_run("ls /sys/block/sdb").status, 1);
    for name in ["one", "other"] {
        guest.run(&format!("gadget unplug {name} && gadget remove {name}"));
    }
    guest.wait_event("removed", 2);

    // One that has passed already does not keep its answer beside its twin.
    twin(&guest, "one");
    assert_eq!(guest.wait_verdict(3).answer(), "pass");
    guest.wait_words(PASSED);
    twin(&guest, "other");
    assert_eq!(guest.wait_verdict(4).answer(), "stop clone_suspected");
    let withdrawn = guest.wait_event("withdrawn", 1);
    assert_eq!(
        withdrawn["insertion"],
        guest.events("judged")[2]["insertion"]
    );
    assert_eq!(withdrawn["verdict"], "stop");
    assert_eq!(withdrawn["reasons"][0]["code"], "clone_suspected");
    let screen = guest.wait_words("not the USB that was registered");
    assert!(!screen.contains(PASSED), "{screen}");
    guest.verify_ledger();
}

#[test]
fn a_list_that_is_changed_holds_for_what_is_in_already() {
    let guest = Guest::restored();
    let revoke = |id: &str| {
        guest.run(&format!(
            "sed -i '/id = \"{id}\"/,/^status/s/^status.*/status = \"revoked\"/' \
             /etc/media-kiosk/allowlist.toml && systemctl reload kioskd"
        ));
    };
    // One in the middle of its scan.
    let slow = Stick {
        serial: Some("VM-LARGE"),
        bytes_per_second: 2_000_000,
        ..Stick::default()
    };
    guest.plug("stick", &media::image("large"), &slow);
    wait_read(&guest, "stick", 2_000_000);
    revoke("VM-LARGE");
    let verdict = guest.wait_verdict(1);
    assert_eq!(verdict.answer(), "stop revoked", "{verdict:?}");
    guest.unplug("stick");
    guest.wait_event("removed", 1);
    // One that has passed and not left.
    guest.insert("stick", "clean", "VM-CLEAN");
    assert_eq!(guest.wait_verdict(2).answer(), "pass");
    guest.wait_words(PASSED);
    revoke("VM-CLEAN");
    let withdrawn = guest.wait_event("withdrawn", 1);
    assert_eq!(withdrawn["reasons"][0]["code"], "revoked");
    let screen = guest.wait_words("Its registration was withdrawn");
    assert!(!screen.contains(PASSED), "{screen}");
    guest.verify_ledger();
}

#[test]
fn a_device_that_shows_two_media_passes_with_neither() {
    let guest = Guest::restored();
    let device = |media: &str| {
        guest.run(&format!(
            "gadget new two vid=0951 pid=1666 product=Stick serial=VM-TWIN {media} && \
             gadget plug two"
        ));
    };
    device("storage:/library/clean.img+/library/clean.img");
    for round in 1..=2 {
        let verdict = guest.wait_verdict(round);
        assert_eq!(verdict.answer(), "stop not_storage", "{verdict:?}");
        assert!(
            verdict.fault().contains("more than one disk"),
            "{verdict:?}"
        );
    }
    guest.run("gadget unplug two && gadget remove two");
    guest.wait_event("removed", 2);
    // One that keeps its second medium back until the first has passed.
    device("storage:/library/clean.img,removable+,removable");
    assert_eq!(guest.wait_verdict(3).answer(), "pass");
    guest.wait_words(PASSED);
    guest.run("gadget insert two /library/canary.img 1");
    let withdrawn = guest.wait_event("withdrawn", 1);
    assert_eq!(withdrawn["reasons"][0]["code"], "not_storage");
    assert_eq!(guest.wait_verdict(4).answer(), "stop not_storage");
    assert!(!guest.screen().contains(PASSED), "{}", guest.screen());
    // It has lost its driver, and is in until it is pulled out.
    guest.wait("! ls /sys/block/sd*", "the end of its disks");
    assert_eq!(guest.events("removed").len(), 2);
    guest.run("gadget unplug two && gadget remove two");
    guest.wait_event("removed", 4);
    guest.verify_ledger();
}
