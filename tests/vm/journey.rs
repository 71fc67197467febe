//! One registered stick's way through the kiosk.

use std::time::Duration;

use crate::guest::Guest;
use crate::kiosk::PASSED;
use crate::media;
use crate::ports::Stick;

/// What a person may wait for the first sign that the kiosk has noticed, from the kernel's own
/// event on.
const REACTION_MAX: Duration = Duration::from_secs(1);

/// Rounds of ten that may be later: the emulated processor has to wait for its host's now and
/// then. Five times the time is too late for that, too.
const LATE_MAX: usize = 2;

#[test]
fn a_registered_stick_passes_ten_times_in_a_row_and_is_not_changed() {
    let guest = Guest::restored();
    let before = Guest::hash(&media::image("clean"));
    let mut reactions = Vec::new();
    for round in 1..=10 {
        let reaction = guest.reaction(|| guest.insert("stick", "clean", "VM-CLEAN"));
        println!("round {round}: the screen changed {reaction:?} after the kernel's event");
        reactions.push(reaction);
        let verdict = guest.wait_verdict(round);
        assert_eq!(verdict.answer(), "pass", "{verdict:?}");
        assert_eq!(verdict.0["medium"], "VM-CLEAN");
        let screen = guest.wait_words(PASSED);
        let number = guest.log().len();
        assert!(
            screen.contains(&format!(" {number} · ")),
            "{number}: {screen}"
        );
        guest.unplug("stick");
        guest.wait_event("removed", round);
        guest.wait_idle();
    }
    assert_eq!(guest.events("inserted").len(), 10);
    reactions.sort_unstable();
    let late = reactions
        .iter()
        .filter(|time| REACTION_MAX < **time)
        .count();
    assert!(late <= LATE_MAX, "{reactions:?}");
    assert!(
        reactions.iter().all(|time| *time <= REACTION_MAX * 5),
        "{reactions:?}"
    );
    assert_eq!(Guest::hash(&media::image("clean")), before);
    guest.verify_ledger();
}

/// While a medium is in nobody else reads it and nobody at all can write it, root included; and
/// nothing was made of what it says.
#[track_caller]
fn untouched(guest: &Guest) {
    let disk = guest.run("cd /sys/block && ls -d s[dr]*");
    let disk = disk.trim();
    assert_eq!(guest.run(&format!("cat /sys/block/{disk}/ro")), "1\n");
    let write = format!("dd if=/dev/zero of=/dev/{disk} bs=512 count=1 conv=notrunc");
    assert_ne!(guest.try_run(&write).status, 0);
    let known = guest.run(&format!("udevadm info --query=property /dev/{disk}"));
    for word in ["ID_FS_", "ID_PART_TABLE_", "by-id", "by-label"] {
        assert!(!known.contains(word), "{known}");
    }
}

#[test]
fn the_other_kinds_of_stick_pass_too() {
    let guest = Guest::restored();
    let uas = Stick {
        serial: Some("VM-UAS"),
        uas: true,
        ..Stick::default()
    };
    let switched = Stick {
        serial: Some("VM-CLEAN"),
        read_only: true,
        ..Stick::default()
    };
    let gpt = Stick {
        serial: Some("VM-GPT"),
        ..Stick::default()
    };
    let disc = Stick {
        serial: Some("VM-DISC"),
        cdrom: true,
        ..Stick::default()
    };
    let kinds = [
        ("clean", uas),
        ("clean", switched),
        ("gpt", gpt),
        ("disc", disc),
    ];
    for (round, (image, stick)) in (1..).zip(&kinds) {
        guest.plug("stick", &media::image(image), stick);
        let verdict = guest.wait_verdict(round);
        assert_eq!(verdict.answer(), "pass", "{image}: {verdict:?}");
        untouched(&guest);
        guest.unplug("stick");
        guest.wait_event("removed", round);
    }
}
