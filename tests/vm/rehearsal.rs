//! The guest does what the tests of the kiosk rely on, whatever the kiosk does.

use crate::guest::Guest;
use crate::media;
use crate::ports::Stick;

/// The folder in /sys of the device with this serial number.
const FIND: &str =
    "grep -lx REHEARSAL /sys/bus/usb/devices/*/serial | head -n 1 | xargs -r dirname | grep .";

/// A guest in which nobody but the test decides about devices.
fn without_kiosk() -> Guest {
    let guest = Guest::restored();
    guest.run("systemctl stop kioskd.service 2>/dev/null || :");
    guest
}

#[test]
fn a_stick_is_shut_until_somebody_lets_it_in_and_gone_once_pulled_out() {
    let guest = without_kiosk();
    let stick = Stick {
        serial: Some("REHEARSAL"),
        ..Stick::default()
    };
    guest.plug("stick", &media::sample("1-clean"), &stick);
    let folder = guest.wait(FIND, "the stick in /sys").trim().to_owned();
    assert_eq!(guest.run(&format!("cat {folder}/authorized")), "0\n");
    assert_eq!(guest.reads("stick"), (0, 0));
    guest.run(&format!("echo 1 >{folder}/authorized"));
    let size = guest.wait("cat /sys/block/sda/size", "the disk");
    assert_eq!(size, "65536\n");
    guest.run("dd if=/dev/sda of=/dev/null bs=1M count=4 2>/dev/null");
    let (operations, bytes) = guest.reads("stick");
    assert!(0 < operations && 4 << 20 <= bytes, "{operations} {bytes}");
    guest.unplug("stick");
    guest.wait("test ! -e /sys/block/sda", "the end of the disk");
}

#[test]
fn a_medium_is_slow_or_broken_where_the_test_says() {
    let guest = without_kiosk();
    let stick = Stick {
        serial: Some("REHEARSAL"),
        bad_sectors: &[20_000],
        uas: true,
        ..Stick::default()
    };
    guest.plug("stick", &media::sample("1-clean"), &stick);
    let folder = guest.wait(FIND, "the stick in /sys");
    guest.run(&format!("echo 1 >{}/authorized", folder.trim()));
    guest.wait("test -b /dev/sda", "the disk");
    let read = |sector: u32| {
        guest.try_run(&format!(
            "dd if=/dev/sda of=/dev/null bs=512 skip={sector} count=8 iflag=direct 2>&1"
        ))
    };
    assert_eq!(read(20_008).status, 0);
    assert!(read(20_000).stdout.contains("I/O error"));
    guest.throttle("stick", 1);
    // The first read borrows from the limit, the second waits for it.
    assert_eq!(read(20_016).status, 0);
    let stalled = guest.try_run("timeout -s KILL 2 dd if=/dev/sda of=/dev/null bs=4096 skip=4000 count=4 iflag=direct & sleep 1; cat /proc/$!/wchan");
    assert_eq!(stalled.status, 0, "{}", stalled.stderr);
    guest.unplug("stick");
    guest.wait("test ! -e /sys/block/sda", "the end of the disk");
}

#[test]
fn a_keyboard_of_any_name_stays_without_a_driver() {
    let guest = without_kiosk();
    guest.run(
        "gadget new duck vid=0951 pid=1666 product='Data Traveler' serial=REHEARSAL \
         storage:/library/1-clean.img,ro keyboard && gadget plug duck",
    );
    let folder = guest.wait(FIND, "the gadget in /sys").trim().to_owned();
    let shown = guest.run(&format!(
        "cd {folder} && cat idVendor idProduct product authorized && ls -d *:*/driver | wc -l"
    ));
    assert_eq!(shown, "0951\n1666\nData Traveler\n0\n0\n");
    assert_ne!(guest.try_run("gadget type duck hello").status, 0);
    guest.run("gadget unplug duck && gadget remove duck");
    guest.wait(&format!("test ! -e {folder}"), "the end of the gadget");
}
