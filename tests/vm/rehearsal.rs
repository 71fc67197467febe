//! The guest does what the tests of the kiosk rely on, whatever the kiosk does.

use std::time::Duration;

use crate::guest::{Guest, SOON};
use crate::media;
use crate::ports::Stick;
use crate::screen::IDLE;

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
            "dd if=/dev/sda of=/dev/null bs=512 skip={sector} count=8 iflag=direct"
        ))
    };
    assert_eq!(read(20_008).status, 0);
    assert!(read(20_000).stderr.contains("Input/output error"));
    // udev has its look at a new disk first.
    guest.run("udevadm settle");
    guest.throttle("stick", 1);
    let stalled = guest.start("dd if=/dev/sda of=/dev/null bs=4096 iflag=direct");
    guest.wait("grep -q ' D ' /proc/[0-9]*/stat", "a read that waits");
    guest.unplug("stick");
    assert_ne!(stalled.done().status, 0);
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
    // Its twin that somebody lets in types.
    guest.run(&format!("echo 1 >{folder}/authorized"));
    guest.wait("test -e /dev/input/event0", "the keyboard");
    guest.wait("gadget type duck hello", "somebody who listens");
    guest.run("gadget unplug duck && gadget remove duck");
    guest.wait(&format!("test ! -e {folder}"), "the end of the gadget");
}

#[test]
fn scripts_run_side_by_side_and_files_arrive_as_they_are() {
    let guest = Guest::restored();
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(1 << 20).collect();
    let slow = guest.start("until test -e /run/arrived; do usleep 1000; done; echo slow");
    guest.put("/run/folder/of a file", &bytes);
    let sum = "tail -c 3 '/run/folder/of a file' | od -An -tu1; wc -c <'/run/folder/of a file'";
    assert_eq!(guest.run(sum), " 253 254 255\n1048576\n");
    guest.run("touch /run/arrived");
    assert_eq!(slow.done().stdout, "slow\n");
    let failed = guest.try_run("echo here; echo there >&2; exit 7");
    assert_eq!(failed.status, 7);
    assert_eq!((&*failed.stdout, &*failed.stderr), ("here\n", "there\n"));
}

#[test]
fn an_optical_drive_shows_its_disc() {
    let guest = without_kiosk();
    let drive = Stick {
        serial: Some("REHEARSAL"),
        cdrom: true,
        ..Stick::default()
    };
    guest.plug("drive", &media::sample("1-clean"), &drive);
    let folder = guest.wait(FIND, "the drive in /sys");
    guest.run(&format!("echo 1 >{}/authorized", folder.trim()));
    guest.wait("test -b /dev/sr0", "the drive");
    assert_eq!(guest.run("cat /sys/block/sr0/size"), "65536\n");
    guest.unplug("drive");
}

#[test]
fn a_gadget_has_the_texts_and_media_that_the_test_gives_it() {
    let guest = without_kiosk();
    // ESC ] 0 ; BEL, a new line, a quote, %n, a bidirectional override, and 126 letters.
    let long = "x".repeat(126);
    guest.run(&format!(
        "gadget new odd vid=1234 pid=abcd serial=REHEARSAL manufacturer={long} \
         product64=G10wO3gHCiInJW7igK4= 'inquiry=Vendor  Product         1.00' \
         storage:/library/1-clean.img,removable+,removable+/library/2-canary.img,ro \
         ecm acm && gadget plug odd"
    ));
    let folder = guest.wait(FIND, "the gadget in /sys").trim().to_owned();
    assert_eq!(
        guest.run(&format!("cat {folder}/manufacturer")).trim(),
        long
    );
    let product = guest.run(&format!("cat {folder}/product | base64"));
    assert_eq!(product, "G10wO3gHCiInJW7igK4K\n");
    guest.run(&format!("echo 1 >{folder}/authorized"));
    let disk = |lun: u8| {
        let find = format!("cd /sys/bus/scsi/devices/*:0:0:{lun}/block && ls");
        guest.wait(&find, "the disk").trim().to_owned()
    };
    let (first, second, third) = (disk(0), disk(1), disk(2));
    let sizes = guest.run(&format!(
        "cd /sys/block && cat {first}/size {second}/size {third}/size"
    ));
    assert_eq!(sizes, "65536\n0\n65536\n");
    let read = |disk: &str| {
        guest
            .try_run(&format!("dd if=/dev/{disk} of=/dev/null count=1"))
            .status
    };
    guest.run("gadget eject odd && gadget insert odd /library/2-canary.img 1");
    assert_eq!((read(&first), read(&second), read(&third)), (1, 0, 0));
    guest.run("gadget unplug odd && gadget remove odd");
    guest.wait(
        &format!("test ! -e /sys/block/{first}"),
        "the end of the disks",
    );
}

#[test]
fn the_screen_is_read_and_its_reaction_measured() {
    let guest = without_kiosk();
    // In place of the kiosk's screen: it answers a third of a second after the device is there.
    let program = format!(
        "echo '{IDLE}'; until {FIND}; do sleep 0.02; done >/dev/null; sleep 0.3; clear; \
         echo 'SEEN ○'; sleep 600"
    );
    guest.put("/run/stand-in/screen", program.as_bytes());
    guest.run(
        "systemctl stop kiosk-show.service 2>/dev/null; mkdir -p /run/kiosk-show; \
         tmux -u -S /run/kiosk-show/tmux new-session -d -x 80 -y 24 sh /run/stand-in/screen",
    );
    let shows = |words: &'static str| move |screen: &str| screen.contains(words);
    guest.wait_screen(shows(IDLE), SOON, "the idle screen");
    let took = guest.reaction(|| {
        let stick = Stick {
            serial: Some("REHEARSAL"),
            ..Stick::default()
        };
        guest.plug("stick", &media::sample("1-clean"), &stick);
    });
    assert!(
        Duration::from_millis(300) <= took && took < SOON,
        "{took:?}"
    );
    guest.wait_screen(shows("SEEN ○"), SOON, "the answer");
    assert!(!guest.screen().contains(IDLE));
}

#[test]
fn a_scan_by_hand_closes_its_jail_in_the_guest_and_is_in_the_ledger() {
    let guest = without_kiosk();
    let done = guest.try_run(
        "mkdir -p /var/lib/media-kiosk && kioskctl scan --registered-as M-0001 /library/1-clean.img",
    );
    assert_eq!(done.status, 0, "{}{}", done.stdout, done.stderr);
    let entries = guest.log();
    assert!(!entries.is_empty());
    let said = guest.journal("kiosk-test.target");
    assert!(said.contains("The kiosk under test"), "{said}");
}
