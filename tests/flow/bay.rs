//! The virtual bay: images come and go, and only what the ledger holds is shown.

use std::fs;
use std::path::PathBuf;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::gate::{Kiosk, codes, connect, daemon, record};
use crate::kiosk::{self, Root, run};
use crate::media;

/// A claim that makes the long medium a registered one.
fn register_long(kiosk: &Kiosk) -> PathBuf {
    let sample = media::sample("1-clean");
    let claim = fs::read_to_string(sample.with_extension("claim.toml")).unwrap();
    let list = fs::read_to_string(media::repository().join("allowlist.toml")).unwrap();
    let size = fs::metadata(media::hostile("long")).unwrap().len();
    kiosk
        .root
        .list(&list.replace("33554432", &size.to_string()));
    kiosk.reload();
    // The rules are read and tested again; afterwards no scanner runs but the medium's.
    kiosk.told_of("self_tested", 2);
    let path = kiosk.root.path().join("long.claim.toml");
    fs::write(&path, claim).unwrap();
    path
}

#[test]
fn the_four_samples_get_their_four_answers_and_leave_again() {
    let kiosk = Kiosk::start();
    for (name, verdict, reason, medium) in [
        ("1-clean", "pass", None, Some("M-0001")),
        ("2-canary", "stop", Some("matched"), Some("M-0002")),
        ("3-unregistered", "stop", Some("unregistered"), None),
        (
            "4-encrypted",
            "incomplete",
            Some("encrypted"),
            Some("M-0004"),
        ),
    ] {
        let image = kiosk.insert_sample(name);
        let answer = kiosk.answer();
        assert_eq!(answer["verdict"], verdict, "{name}: {answer}");
        assert_eq!(codes(&answer).first().copied(), reason, "{name}: {answer}");
        assert_eq!(answer["medium"].as_str(), medium, "{name}: {answer}");
        kiosk.remove(&image);
        kiosk.until("the removal", |view| {
            let lanes = view["lanes"].as_array().unwrap();
            (!lanes
                .iter()
                .any(|lane| lane["stage"].get("judged").is_some()))
            .then_some(())
        });
    }
    kiosk.verifies();
    let told = |event| kiosk.told(event).len();
    kiosk::until("the last removal's entry", || {
        (told("removed") == 4).then_some(())
    });
    assert_eq!(
        (told("inserted"), told("judged"), told("started")),
        (4, 4, 1)
    );
}

#[test]
fn the_match_on_the_screen_names_its_nested_place() {
    let kiosk = Kiosk::start();
    kiosk.insert_sample("2-canary");
    let answer = kiosk.answer();
    let trail = answer["first"]["trail"].as_array().unwrap();
    assert_eq!(trail[0], "docs/保守.zip", "{answer}");
    assert_eq!(trail[1], "update.tar.gz", "{answer}");
}

#[test]
fn an_image_without_a_claim_is_not_registered() {
    let kiosk = Kiosk::start();
    kiosk.insert(&media::sample("1-clean"), None);
    let answer = kiosk.answer();
    assert_eq!(answer["verdict"], "stop", "{answer}");
    assert_eq!(codes(&answer), ["unregistered"]);
    assert_eq!(
        answer["files"], 0,
        "an unregistered medium is not read: {answer}"
    );
}

#[test]
fn a_medium_of_another_size_is_taken_for_a_clone() {
    let kiosk = Kiosk::start();
    let sample = media::sample("1-clean");
    kiosk.insert(
        &media::hostile("autorun"),
        Some(&sample.with_extension("claim.toml")),
    );
    let answer = kiosk.answer();
    assert_eq!(answer["verdict"], "stop", "{answer}");
    assert_eq!(codes(&answer), ["clone_suspected"], "{answer}");
}

#[test]
fn a_medium_taken_out_in_the_middle_is_not_finished_and_the_next_one_works() {
    let kiosk = Kiosk::start();
    let claim = register_long(&kiosk);
    let image = kiosk.insert(&media::hostile("long"), Some(&claim));
    kiosk.scanning();
    kiosk.remove(&image);
    let answer = kiosk.until("the answer", |view| {
        view["lanes"][0]["stage"].get("removed").cloned()
    });
    assert_eq!(answer["verdict"], "incomplete", "{answer}");
    assert_eq!(codes(&answer), ["removed"], "{answer}");
    kiosk.insert_sample("3-unregistered");
    let answer = kiosk.answer();
    assert_eq!(codes(&answer), ["unregistered"], "{answer}");
    kiosk.verifies();
}

#[test]
fn a_scanner_killed_under_the_daemon_is_not_finished() {
    let kiosk = Kiosk::start();
    let claim = register_long(&kiosk);
    kiosk.insert(&media::hostile("long"), Some(&claim));
    kiosk.scanning();
    let scanners = kiosk::descendants(kiosk.daemon.id());
    let (supervisor, _) = scanners
        .iter()
        .find(|(_, name)| name.starts_with("kiosk-scan"))
        .unwrap();
    kiosk::kill(*supervisor, Signal::SIGKILL);
    let answer = kiosk.answer();
    assert_eq!(answer["verdict"], "incomplete", "{answer}");
    assert_eq!(codes(&answer), ["damaged"], "{answer}");
    for (pid, name) in scanners {
        kiosk::until(&format!("the end of {name}"), || {
            (!kiosk::alive(pid)).then_some(())
        });
    }
    kiosk.verifies();
}

#[test]
fn without_its_ledger_the_kiosk_is_out_of_service_and_takes_no_answer_back() {
    let mut kiosk = Kiosk::start();
    kiosk.insert_sample("1-clean");
    assert_eq!(kiosk.answer()["verdict"], "pass");
    kiosk.record.kill().unwrap();
    kiosk.record.wait().unwrap();
    kiosk.until("out of service", |view| {
        (view["out_of_service"] == "ledger").then_some(())
    });
    kiosk.insert_sample("4-encrypted");
    // Nothing is judged while nothing can be written down.
    for _ in 0..3 {
        let view = kiosk.view().unwrap();
        let judged = |lane: &&Value| {
            lane["label"] != "DataTraveler 3.0" && lane["stage"].get("judged").is_some()
        };
        assert!(
            !view["lanes"]
                .as_array()
                .unwrap()
                .iter()
                .any(|lane| judged(&lane)),
            "{view}"
        );
    }
    kiosk.record = record(&kiosk.root);
    kiosk.until("service", |view| {
        view["out_of_service"].is_null().then_some(())
    });
    kiosk.until("the answer to what waited", |view| {
        let lanes = view["lanes"].as_array().unwrap().iter();
        let mut answers = lanes.filter_map(|lane| lane["stage"].get("judged"));
        answers
            .any(|answer| answer["verdict"] == "incomplete")
            .then_some(())
    });
    kiosk.verifies();
}

#[test]
fn a_daemon_killed_in_the_middle_leaves_an_entry_and_no_pass() {
    let mut kiosk = Kiosk::start();
    let claim = register_long(&kiosk);
    let image = kiosk.insert(&media::hostile("long"), Some(&claim));
    kiosk.scanning();
    let below = kiosk::descendants(kiosk.daemon.id());
    kiosk.daemon.kill().unwrap();
    kiosk.daemon.wait().unwrap();
    while kiosk.view().is_some() {}
    for (pid, name) in below {
        kiosk::until(&format!("the end of {name}"), || {
            (!kiosk::alive(pid)).then_some(())
        });
    }
    kiosk.remove(&image);
    kiosk.verifies();
    assert_eq!(kiosk.told("judged").len(), 0);
    kiosk.daemon = daemon(&kiosk.root, kiosk.bay.path());
    kiosk.screen = connect(&kiosk.root);
    kiosk.until("service", |view| {
        view["out_of_service"].is_null().then_some(())
    });
    assert_eq!(kiosk.told("interrupted").len(), 1);
    kiosk.verifies();
}

#[test]
fn the_trial_without_a_terminal_prints_the_four_answers() {
    let root = Root::for_everybody();
    let samples = media::sample("1-clean");
    let mut command = root.kioskctl();
    command
        .arg("trial")
        .arg("--samples")
        .arg(samples.parent().unwrap());
    let done = run(&mut command);
    done.exits(0);
    let lines: Vec<&str> = done
        .stdout
        .lines()
        .filter(|line| !line.starts_with(' '))
        .collect();
    let wanted = [
        ("1-clean", "PASS"),
        ("2-canary", "STOP"),
        ("3-unregistered", "STOP"),
        ("4-encrypted", "NOT FINISHED"),
    ];
    assert_eq!(lines.len(), wanted.len(), "{}", done.stdout);
    for (line, (name, word)) in lines.iter().zip(wanted) {
        assert!(line.contains(name) && line.ends_with(word), "{line}");
    }
    assert!(
        done.stdout.contains("docs/保守.zip > update.tar.gz"),
        "{}",
        done.stdout
    );
}
