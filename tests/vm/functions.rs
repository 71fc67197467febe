//! Devices that are something else than a stick, or more: none of them ever has a driver.

use serde_json::json;

use crate::guest::Guest;
use crate::kiosk::STOPPED;
use crate::media;
use crate::ports::Stick;

/// Interfaces of plugged-in devices that have a driver. A root hub's own has the port 0.
const DRIVERS: &str = "ls -d /sys/bus/usb/devices/[0-9]*-[1-9]*:*/driver 2>/dev/null; :";

/// What an input device, a network or a serial port on USB would have given the guest.
const WORKING: &str =
    "ls -l /sys/class/input /sys/class/net /sys/class/tty | grep -E '/usb[0-9]+/[0-9]'; :";

/// What the kernel said of devices that somebody let in, if only for a moment.
const LET_IN: &str = "dmesg | grep -E 'authorized to connect|bound driver'; :";

/// Waits for the refusal of a device, and looks whether anything of it works.
#[track_caller]
fn refused(guest: &Guest, round: usize, words: &str, interface: &str) {
    let verdict = guest.wait_verdict(round);
    assert_eq!(verdict.answer(), "stop not_storage", "{verdict:?}");
    assert!(guest.wait_words(words).contains(STOPPED));
    assert_eq!(guest.run(DRIVERS), "", "{words}");
    let inserted = guest.events("inserted").pop().unwrap();
    let claim = &inserted["claim"];
    let interfaces = claim["interfaces"].as_array().unwrap();
    assert!(interfaces.contains(&json!(interface)), "{claim}");
    // The entry has the descriptors as the device gave them: a device descriptor first.
    let descriptors = claim["usb"]["descriptors"].as_str().unwrap();
    assert!(descriptors.starts_with("1201"), "{claim}");
    assert_eq!(claim["capacity_bytes"], json!(null));
}

#[test]
fn gadgets_that_are_more_than_a_stick_are_refused_and_have_no_driver() {
    let guest = Guest::restored();
    let storage = "storage:/library/clean.img";
    let cases = [
        ("keyboard", "There is a keyboard", "03:01:01"),
        // A registered stick that has grown a keyboard.
        (
            &format!("serial=VM-DUCK {storage} keyboard"),
            "There is a keyboard",
            "03:01:01",
        ),
        ("ecm", "There is a network adapter", "02:06:00"),
        (
            &format!("serial=VM-DUCK {storage} ecm"),
            "There is a network adapter",
            "02:06:00",
        ),
        ("acm", "There is a serial port", "02:02:01"),
    ];
    for (round, (functions, words, interface)) in (1..).zip(cases) {
        guest.run(&format!(
            "gadget new odd vid=0951 pid=1666 product=Stick {functions} && gadget plug odd"
        ));
        refused(&guest, round, words, interface);
        assert_eq!(guest.run(WORKING), "");
        if functions.ends_with("keyboard") {
            assert_ne!(guest.try_run("gadget type odd hello").status, 0);
        }
        guest.run("gadget unplug odd && gadget remove odd");
        guest.wait_event("removed", round);
    }
    assert_eq!(guest.run(LET_IN), "");
    guest.verify_ledger();
}

#[test]
fn a_phone_and_a_hub_with_a_stick_behind_it_are_refused_and_have_no_driver() {
    let guest = Guest::restored();
    let folder = tempfile::tempdir().unwrap();
    let phone = json!({ "id": "phone", "rootdir": folder.path(), "desc": "phone" });
    guest.device_add("usb-mtp", phone);
    refused(&guest, 1, "It is a phone or camera", "06:01:01");
    guest.device_del("phone");
    guest.wait_event("removed", 1);

    guest.device_add(
        "usb-hub",
        json!({ "id": "hub", "bus": "xhci.0", "port": "2" }),
    );
    refused(&guest, 2, "USB hubs cannot be used here", "09:00:00");
    let behind = Stick {
        serial: Some("VM-CLEAN"),
        port: Some("2.1"),
        ..Stick::default()
    };
    guest.plug("stick", &media::image("clean"), &behind);
    // A hub without a driver does not tell of what is behind it.
    guest.idle_for(std::time::Duration::from_secs(2));
    assert_eq!(guest.run(DRIVERS), "");
    assert_eq!(
        guest.run("grep -l VM-CLEAN /sys/bus/usb/devices/*/serial; :"),
        ""
    );
    assert_eq!(guest.reads("stick"), (0, 0));
    assert_eq!(guest.events("inserted").len(), 2);
    guest.device_del("hub");
    guest.wait_event("removed", 2);
    assert_eq!(guest.run(LET_IN), "");
    guest.verify_ledger();
}

#[test]
fn a_device_of_the_kiosks_own_works_in_its_port_and_nowhere_else() {
    let guest = Guest::restored();
    let policy = guest.run("cat /etc/media-kiosk/kiosk.toml");
    let keyboard = |port: &str| json!({ "id": "keys", "bus": "xhci.0", "port": port });
    guest.device_add("usb-kbd", keyboard("3"));
    refused(&guest, 1, "There is a keyboard", "03:01:01");
    let find = "grep -l 0627 /sys/bus/usb/devices/*/idVendor";
    let place = guest.run(&format!("basename $(dirname $({find}))"));
    guest.device_del("keys");
    guest.wait_event("removed", 1);

    let own = format!(
        "{policy}\n[[usb.fixed]]\nport = \"{}\"\nvid = \"0627\"\npid = \"0001\"\n\
         interfaces = [\"03:01:01\"]\nworks = true\n",
        place.trim()
    );
    guest.put("/etc/media-kiosk/kiosk.toml", own.as_bytes());
    guest.run("systemctl reload kioskd");
    guest.device_add("usb-kbd", keyboard("3"));
    guest.wait(
        "ls -l /sys/class/input | grep -E '/usb[0-9]+/[0-9]'",
        "the kiosk's own keypad",
    );
    assert_eq!(guest.events("inserted").len(), 1);
    // Struck from the policy it is a keyboard like any other, also while it is in.
    guest.put("/etc/media-kiosk/kiosk.toml", policy.as_bytes());
    guest.run("systemctl reload kioskd");
    assert_eq!(guest.wait_verdict(2).answer(), "stop not_storage");
    let keypad = "ls -l /sys/class/input | grep -E '/usb[0-9]+/[0-9]'";
    guest.wait(&format!("! {keypad}"), "its end");
    guest.device_del("keys");
    guest.wait_event("removed", 2);
    // And the kiosk's own again, in its port and no other.
    guest.put("/etc/media-kiosk/kiosk.toml", own.as_bytes());
    guest.run("systemctl reload kioskd");
    guest.device_add("usb-kbd", keyboard("4"));
    refused(&guest, 3, "There is a keyboard", "03:01:01");
}
