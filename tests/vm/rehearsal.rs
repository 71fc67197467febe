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
    guest.run("systemctl stop kioskd.service");
    guest
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
fn the_screen_is_read_and_its_reaction_measured() {
    let guest = without_kiosk();
    // In place of the kiosk's screen: it answers a third of a second after the device is there.
    let program = format!(
        "echo '{IDLE}'; until {FIND}; do sleep 0.02; done >/dev/null; sleep 0.3; clear; \
         echo 'SEEN ○'; sleep 600"
    );
    guest.put("/run/stand-in/screen", program.as_bytes());
    guest.run(
        "systemctl stop kiosk-show.service; mkdir -p /run/kiosk-show; \
         tmux -u -S /run/kiosk-show/tmux new-session -d -x 80 -y 24 sh /run/stand-in/screen",
    );
    let shows = |words: &'static str| move |screen: &str| screen.contains(words);
    guest.wait_screen(shows(IDLE), SOON, "the idle screen");
    let took = guest.reaction(|| {
        let stick = Stick {
            serial: Some("REHEARSAL"),
            ..Stick::default()
        };
        guest.plug("stick", &media::image("clean"), &stick);
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
        "mkdir -p /var/lib/media-kiosk && kioskctl scan --registered-as VM-CLEAN /library/clean.img",
    );
    assert_eq!(done.status, 0, "{}{}", done.stdout, done.stderr);
    let entries = guest.log();
    assert!(!entries.is_empty());
    let said = guest.journal("kiosk-test.target");
    assert!(said.contains("The kiosk under test"), "{said}");
}
