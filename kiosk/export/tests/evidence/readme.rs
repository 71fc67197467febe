//! The README's commands as a reader follows them, on bundles that are not what they seem.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use export::evidence::{Signer as _, VERIFY_PAGE};
use record::Writer;
use record::key::SecretKey;
use wire::ledger::Event;

use crate::common::{Place, other_key, seal};
use crate::forged::{all_entries, change_key, edit, read, regrown, write};
use crate::page::{bad, browse, case, codes, page};
use crate::tools::{commands, commands_hold, follow, sh, text};

/// What is made with any key: all of the bundle but `data/ledger.pub`, which stays the ledger's.
fn forge(folder: &Path, place: &Place, key: &SecretKey) {
    let mut entries = all_entries(place);
    entries[2] = entries[2].replace("\"verdict\":\"stop\"", "\"verdict\":\"pass\"");
    regrown(folder, place, &entries, key, &[3]);
    edit(folder, "data/summary.html", "STOP", "PASS");
    let public = bundle::public_text(key.key_id(), &key.public());
    write(folder, "data/ledger-minisign.pub", &public);
    seal(folder, key, "kiosk x");
}

/// That both roads of the README, and the page, find what is wrong.
#[track_caller]
fn found(folder: &Path, what: &str) {
    for has_minisign in [true, false] {
        let out = follow(folder, has_minisign);
        assert!(out.contains(what), "no {what}: {out}");
    }
}

const UNSIGNED: &str = "BAD  the checkpoint is signed by the ledger's key";

#[test]
fn a_bundle_made_anew_with_any_key_around_the_true_ledger_pub_is_found_by_every_road() {
    let place = Place::new();
    let page = page(&place, VERIFY_PAGE);
    let forger = other_key(6);
    let made = place.bundle("made", &[3]);
    let line = read(&made, "data/ledger.pub");
    forge(&made, &place, &forger);
    assert_eq!(read(&made, "data/ledger.pub"), line, "it is what was noted");
    found(&made, UNSIGNED);
    found(&made, "BAD  data/ledger-minisign.pub");
    // Minisign's form of the true key does not help.
    let other = place.copy(&made, "other");
    let key = bundle::public_text(place.key().key_id(), &place.key().public());
    write(&other, "data/ledger-minisign.pub", &key);
    seal(&other, &forger, "kiosk x");
    found(&other, UNSIGNED);
    // A second line, or more bytes behind the key, do not put another key in its place.
    let behind = place.copy(&made, "behind");
    let own = record::key::log_key(&place.key().origin(), &forger.public());
    write(&behind, "data/ledger.pub", &format!("{line}{own}\n"));
    seal(&behind, &forger, "kiosk x");
    found(&behind, UNSIGNED);
    let longer = place.copy(&made, "longer");
    let more = bundle::base64_encode(&[&[0; 1], forger.public().as_slice()].concat());
    write(
        &longer,
        "data/ledger.pub",
        &format!("{}{more}\n", line.trim_end()),
    );
    seal(&longer, &forger, "kiosk x");
    found(&longer, UNSIGNED);
    let cases = [&made, &other, &behind, &longer].map(|folder| case(&page, folder));
    for shown in browse(&place, &cases) {
        bad(&shown, "made anew");
        let codes = codes(&shown);
        assert!(
            codes.contains("checkpoint") || codes.contains("key"),
            "{shown:#}"
        );
    }
}

#[test]
fn a_change_of_the_key_that_one_of_the_two_keys_did_not_sign_is_found_by_the_commands() {
    let place = Place::new();
    let before = place.key();
    change_key(&place);
    let mut writer = Writer::open(&place.ledger()).unwrap();
    writer.append(&Event::Stopped {}, None).unwrap();
    let after = place.key();
    let made = place.bundle("made", &[3, 10]);
    commands_hold(&made);
    let changed = "the key was changed, as the old key and the new one say";
    assert!(follow(&made, true).contains(&format!("OK   entry 9: {changed}")));
    let proof = read(&made, "data/keys/9.tlog-proof");
    let (head, lines) = proof.rsplit_once("\n\n").unwrap();
    for (number, line) in lines.lines().enumerate() {
        let one = place.copy(&made, &format!("one-{number}"));
        write(
            &one,
            "data/keys/9.tlog-proof",
            &format!("{head}\n\n{line}\n"),
        );
        seal(&one, &after, "kiosk x");
        found(&one, &format!("BAD  entry 9: {changed}"));
        found(&one, UNSIGNED);
    }
    // The entry says another key than the one that was proved.
    let other = place.copy(&made, "other");
    let own = |key: &SecretKey| record::key::log_key(&before.origin(), &key.public());
    edit(
        &other,
        "data/keys/9.json",
        &own(&after),
        &own(&other_key(6)),
    );
    seal(&other, &other_key(6), "kiosk x");
    found(&other, &format!("BAD  entry 9: {changed}"));
    // Left out, the new key is nobody's.
    let without = place.copy(&made, "without");
    fs::remove_dir_all(without.join("data/keys")).unwrap();
    seal(&without, &after, "kiosk x");
    found(&without, UNSIGNED);
}

#[test]
fn rows_and_entries_that_are_not_the_ledgers_are_found_by_the_commands() {
    let place = Place::new();
    let made = place.bundle("made", &[3, 4]);
    for (number, (path, from, to, what)) in [
        (
            "data/entries/4.json",
            "\"number\":4",
            "\"number\":5",
            "BAD  entry 4 is in",
        ),
        (
            "data/rows/3.jsonl",
            "\"size_bytes\":5",
            "\"size_bytes\":6",
            "BAD  entry 3 has",
        ),
        (
            "data/proofs/3.tlog-proof",
            "index 2\n",
            "index 2\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
            "BAD  entry 3 is in",
        ),
        (
            "data/checkpoint.txt",
            "\n7\n",
            "\na[$(echo x >&2)]\n",
            "BAD  entry 3 is in",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let copy = place.copy(&made, &format!("copy-{number}"));
        edit(&copy, path, from, to);
        seal(&copy, &place.key(), "kiosk x");
        found(&copy, what);
    }
    for (number, (path, what)) in [
        ("data/entries/03.json", "BAD  only listed files"),
        ("data/keys/x.json", "BAD  only listed files"),
        ("note.txt", "BAD  only listed files"),
        ("data/rows/9.jsonl", "BAD  entry 9 is not here"),
        ("data/proofs/9.tlog-proof", "BAD  entry 9 is not here"),
    ]
    .into_iter()
    .enumerate()
    {
        let copy = place.copy(&made, &format!("foreign-{number}"));
        fs::create_dir_all(copy.join("data/keys")).unwrap();
        write(&copy, path, "x");
        seal(&copy, &place.key(), "kiosk x");
        found(&copy, what);
    }
    let less = place.copy(&made, "less");
    fs::remove_file(less.join("data/rows/3.jsonl")).unwrap();
    seal(&less, &place.key(), "kiosk x");
    found(&less, "BAD  entry 3 has");
}

/// What somebody puts into a bundle.
type Addition = fn(&Path);

#[test]
fn whatever_is_beside_the_listed_files_is_found_by_the_commands() {
    let place = Place::new();
    let made = place.bundle("made", &[3]);
    let extra: [(&str, Addition); 6] = [
        ("line", |folder| {
            write(folder, "bagit.txt\nXXbagit.txt", "x")
        }),
        ("folder", |folder| {
            fs::create_dir(folder.join("data/a\nb")).unwrap()
        }),
        ("link", |folder| {
            symlink("/etc/hostname", folder.join("data/rows/5.jsonl")).unwrap()
        }),
        ("same", |folder| {
            // A listed file that is elsewhere, and hashes to what the list says.
            let path = folder.join("data/rows/3.jsonl");
            fs::rename(&path, folder.with_extension("elsewhere")).unwrap();
            symlink(folder.with_extension("elsewhere"), path).unwrap();
        }),
        ("hidden", |folder| write(folder, "data/.more", "x")),
        ("pipe", |folder| {
            let made = Command::new("mkfifo")
                .arg(folder.join("data/pipe"))
                .status();
            assert!(made.unwrap().success());
        }),
    ];
    for (name, add) in extra {
        let copy = place.copy(&made, name);
        add(&copy);
        found(&copy, "BAD  only listed files are here");
    }
}

#[test]
fn whoever_leaves_step_0_out_writes_nothing_anywhere() {
    let place = Place::new();
    let made = place.bundle("made", &[3]);
    let script = commands(&made, "README.en.txt", false);
    let (_, without) = script.split_once("lf=$(printf").unwrap();
    let script = format!("set +eu; lf=$(printf{without}");
    let done = sh(&made, &script);
    let out = text(&done.stdout);
    assert!(!out.contains("OK   the"), "{out}");
    for path in ["/key", "/text", "/signature", "/hash", "/note", "/said"] {
        assert!(!Path::new(path).exists(), "{path}");
    }
}
