//! The server from outside, over its connections.

use std::fs::Permissions;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use jail::channel::Channel;
use record::guests::{AUDITORS_MAX, AUDITS_A_MINUTE_MAX, CLIENTS_MAX, Heard};
use wire::frame::{self, FRAME_BYTES_MAX};
use wire::ledger::{Answer, Append, Event};

use crate::common::*;
use crate::talk::*;

#[test]
fn a_journey_is_recorded_and_answered_step_by_step() {
    let folder = tempfile::tempdir().unwrap();
    let last = served(folder.path(), |socket| {
        let channel = Channel::connect(socket).unwrap();
        assert_eq!(recorded(&channel, started(), None).number, 1);
        assert_eq!(recorded(&channel, inserted(), None).number, 2);
        let rows = lines(&[row("a"), row("b")]);
        recorded(&channel, judged(passed(2, 2)), Some(&rows));
        recorded(&channel, Event::Removed { insertion: 2 }, None)
    });
    let verified = verified(folder.path()).unwrap();
    assert_eq!(
        (verified.entries, verified.rows, verified.head),
        (4, 2, Some(last))
    );
}

#[test]
fn a_connection_that_closes_leaves_an_interruption_behind() {
    let folder = tempfile::tempdir().unwrap();
    served(folder.path(), |socket| {
        let one = Channel::connect(socket).unwrap();
        let other = Channel::connect(socket).unwrap();
        recorded(&one, inserted(), None);
        recorded(&other, inserted(), None);
        recorded(&one, inserted(), None);
        recorded(&one, judged(stopped(3, 0)), None);
        drop(one);
        // Ordered after the end of `one`, for both come to the same loop one after the other;
        // the interruption is written before the next answer.
        recorded(&other, started(), None);
        recorded(&other, judged(stopped(2, 0)), None);
    });
    let events = events(folder.path());
    let interrupted: Vec<_> = events.iter().filter_map(interruption).collect();
    assert_eq!(
        interrupted,
        [(1, "no verdict came: its connection was closed")]
    );
    assert_eq!(events.len(), 7);
}

#[test]
fn a_server_that_is_stopped_says_which_insertions_it_left() {
    let folder = tempfile::tempdir().unwrap();
    let kept = served(folder.path(), |socket| {
        let channel = Channel::connect(socket).unwrap();
        recorded(&channel, inserted(), None);
        channel
    });
    assert_eq!(answer(&kept), None);
    let events = events(folder.path());
    assert_eq!(
        interruption(&events[1]),
        Some((1, "no verdict came: kiosk-record was told to stop"))
    );
}

#[test]
fn only_the_connection_of_an_insertion_may_judge_it() {
    let folder = tempfile::tempdir().unwrap();
    served(folder.path(), |socket| {
        let one = Channel::connect(socket).unwrap();
        let other = Channel::connect(socket).unwrap();
        recorded(&one, inserted(), None);
        let why = refused(&other, judged(stopped(1, 0)));
        assert_eq!(why, "insertion 1 was recorded over another connection");
        assert_eq!(
            refused(&other, judged(stopped(7, 0))),
            "entry 7 is not an insertion"
        );
        recorded(&one, judged(stopped(1, 0)), None);
        let why = refused(&one, judged(stopped(1, 0)));
        assert_eq!(why, "insertion 1 has a verdict or was interrupted");
        // A removal may be seen by a kioskd that was started anew.
        recorded(&other, Event::Removed { insertion: 1 }, None);
    });
}

#[test]
fn what_is_no_message_is_refused_and_the_next_is_heard() {
    let folder = tempfile::tempdir().unwrap();
    served(folder.path(), |socket| {
        let channel = Channel::connect(socket).unwrap();
        for wrong in [
            "x",
            "{}",
            "{\"event\":{\"event\":\"started\"},\"rows\":false,\"\\u001b\":1}",
        ] {
            channel.send(wrong.as_bytes(), &[]).unwrap();
            let why = why(&channel);
            assert!(why.starts_with("message cannot be understood"), "{why}");
            assert!(!why.chars().any(wire::name::is_hidden), "{why}");
        }
        let interrupted = Event::Interrupted {
            insertion: 1,
            why: String::new(),
        };
        assert!(refused(&channel, interrupted).starts_with("only kiosk-record itself"));
        assert_eq!(recorded(&channel, started(), None).number, 1);
    });
}

#[test]
fn rows_travel_exactly_when_the_message_says_so() {
    let folder = tempfile::tempdir().unwrap();
    served(folder.path(), |socket| {
        let channel = Channel::connect(socket).unwrap();
        recorded(&channel, inserted(), None);
        let file = jail::memory::sealed("rows", &lines(&[row("a")])).unwrap();
        let event = judged(passed(1, 1));
        let with = |rows| {
            frame::encode(&Append {
                event: event.clone(),
                rows,
            })
            .unwrap()
        };
        channel.send(&with(true), &[]).unwrap();
        assert_eq!(
            why(&channel),
            "message says 1 memory files of rows and carries 0"
        );
        channel.send(&with(false), &[file.as_fd()]).unwrap();
        assert_eq!(
            why(&channel),
            "message says 0 memory files of rows and carries 1"
        );
        channel
            .send(&with(true), &[file.as_fd(), file.as_fd()])
            .unwrap();
        assert_eq!(
            why(&channel),
            "message says 1 memory files of rows and carries 2"
        );
        let open = OwnedFd::from(jail::memory::writable("rows").unwrap());
        channel.send(&with(true), &[open.as_fd()]).unwrap();
        assert!(why(&channel).starts_with("rows are not in sealed memory"));
        channel.send(&with(true), &[file.as_fd()]).unwrap();
        assert!(matches!(answer(&channel), Some(Answer::Recorded(_))));
    });
}

#[test]
fn a_message_past_the_limit_ends_its_connection_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    served(folder.path(), |socket| {
        let channel = Channel::connect(socket).unwrap();
        let other = Channel::connect(socket).unwrap();
        recorded(&channel, inserted(), None);
        // Our own side of the channel refuses to send it, so it goes past that.
        let fd = channel.as_fd().try_clone_to_owned().unwrap();
        let sent = nix::unistd::write(&fd, &vec![b' '; FRAME_BYTES_MAX + 1]).unwrap();
        assert_eq!(sent, FRAME_BYTES_MAX + 1);
        assert_eq!(answer(&channel), None);
        recorded(&other, started(), None);
    });
    let events = events(folder.path());
    let (insertion, why) = interruption(&events[1]).unwrap();
    assert_eq!(insertion, 1);
    assert!(why.contains("message too long"), "{why}");
}

#[test]
fn one_connection_too_many_is_closed_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    served(folder.path(), |socket| {
        let channels: Vec<_> = (0..CLIENTS_MAX)
            .map(|_| Channel::connect(socket).unwrap())
            .collect();
        for channel in &channels {
            recorded(channel, started(), None);
        }
        let extra = Channel::connect(socket).unwrap();
        assert_eq!(answer(&extra), None);
        for channel in &channels {
            recorded(channel, started(), None);
        }
    });
}

#[test]
fn a_client_that_does_not_take_its_answers_is_left_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    served(folder.path(), |socket| {
        let deaf = Channel::connect(socket).unwrap();
        let other = Channel::connect(socket).unwrap();
        let packet = frame::encode(&Append {
            event: Event::Removed { insertion: 9 },
            rows: false,
        });
        let packet = packet.unwrap();
        // Until the server has left it.
        while deaf.send(&packet, &[]).is_ok() {}
        recorded(&other, started(), None);
    });
}

#[test]
fn users_who_are_not_named_are_not_heard() {
    // Only root can become somebody else to try.
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: this test needs root");
        return;
    }
    for heard in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let knock = program_copied("knock", folder.path());
        let guests: &[u32] = if heard { &[NOBODY] } else { &[] };
        let auditors = false;
        served_with(folder.path(), Heard { guests, auditors }, |socket| {
            let status = Command::new(&knock)
                .arg(socket)
                .uid(NOBODY)
                .status()
                .unwrap();
            assert_eq!(status.code(), Some(if heard { 0 } else { 1 }));
        });
        assert_eq!(events(folder.path()).len(), usize::from(heard));
    }
}

/// What a stranger's tries say, line by line. `None` when only root can try and this is not root.
fn tried(folder: &std::path::Path, tries: &[&str]) -> Option<Vec<String>> {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: this test needs root");
        return None;
    }
    std::fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    let visit = program_copied("visit", folder);
    let heard = Heard {
        guests: &[],
        auditors: true,
    };
    let said = served_with(folder, heard, |socket| {
        let kiosk = Channel::connect(socket).unwrap();
        recorded(&kiosk, started(), None);
        let output = Command::new(&visit)
            .arg(socket)
            .args(tries)
            .uid(NOBODY)
            .output()
            .unwrap();
        // Whatever the stranger did, the kiosk itself is heard.
        recorded(&kiosk, Event::Stopped {}, None);
        String::from_utf8(output.stdout).unwrap()
    });
    Some(said.lines().map(str::to_owned).collect())
}

#[test]
fn auditors_ask_and_write_what_they_did_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let tries = [
        "standing", "exported", "reviewed", "cosigned", "started", "inserted",
    ];
    let Some(said) = tried(folder.path(), &tries) else {
        return;
    };
    // The co-signature is heard, and is none.
    let none = "refused the entry about the ledger has no checkpoint or no key of a co-signer";
    assert_eq!(said[..4], ["standing", "recorded 2", "recorded 3", none]);
    let no = "refused auditors add only exports, reviews and co-signatures to the ledger";
    assert_eq!(said[4..], [no, no]);
    assert_eq!(events(folder.path()).len(), 4);
}

#[test]
fn an_auditor_too_many_is_sent_away_and_the_kiosk_is_not_kept_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let mut tries = vec!["open"; AUDITORS_MAX + 1];
    tries.push("deaf");
    let Some(said) = tried(folder.path(), &tries) else {
        return;
    };
    let mut expected = vec!["heard"; AUDITORS_MAX];
    expected.extend(["away", "let go"]);
    assert_eq!(said, expected);
}

#[test]
fn auditors_write_no_more_than_so_many_entries_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let tries = vec!["exported"; AUDITS_A_MINUTE_MAX + 1];
    let Some(said) = tried(folder.path(), &tries) else {
        return;
    };
    let (last, rest) = said.split_last().unwrap();
    assert!(
        rest.iter().all(|line| line.starts_with("recorded ")),
        "{rest:?}"
    );
    assert!(
        last.starts_with("refused auditors have added 30 entries"),
        "{last}"
    );
}
