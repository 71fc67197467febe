//! The same bundle with the tools that an auditor has: the commands of its README, minisign,
//! sha256sum and openssl.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use sha2::Digest as _;

use crate::common::{Place, files, other_key};

/// Runs a script in a folder.
pub(crate) fn sh(folder: &Path, script: &str) -> Output {
    Command::new("sh")
        .args(["-eu", "-c", script])
        .current_dir(folder)
        .env("LC_ALL", "C")
        .output()
        .unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The commands of a README, set in by four, as a reader takes them who has minisign, or has not.
pub(crate) fn commands(folder: &Path, name: &str, has_minisign: bool) -> String {
    let readme = fs::read_to_string(folder.join(name)).unwrap();
    let (mut script, mut is_taken) = (String::new(), true);
    for line in readme.lines() {
        if let Some(command) = line.strip_prefix("    ") {
            if is_taken {
                script.extend([command, "\n"]);
            }
        } else if line.starts_with("3. ") {
            is_taken = has_minisign;
        } else if line.starts_with("   ") && line.contains("openssl") {
            is_taken = !has_minisign;
        } else if line.starts_with("4. ") {
            is_taken = true;
        }
    }
    assert_eq!(script.contains("minisign -V"), has_minisign);
    script
}

/// What the commands of a bundle's README print, on the road with minisign or on the other.
pub(crate) fn follow(folder: &Path, has_minisign: bool) -> String {
    let before = files(folder);
    let script = commands(folder, "README.en.txt", has_minisign);
    assert_eq!(script, commands(folder, "README.ja.txt", has_minisign));
    // A reader's shell goes on after a command that fails.
    let done = sh(folder, &format!("set +e\n{script}"));
    let out = text(&done.stdout) + &text(&done.stderr);
    assert_eq!(files(folder), before, "{out}");
    out
}

/// Follows the README of a bundle on both roads, which find it good.
#[track_caller]
pub(crate) fn commands_hold(folder: &Path) {
    for has_minisign in [true, false] {
        let script = commands(folder, "README.ja.txt", has_minisign);
        let done = sh(folder, &script);
        let out = text(&done.stdout);
        assert!(done.status.success(), "{out}{}", text(&done.stderr));
        let said = text(&done.stderr);
        assert_eq!(said, "");
        assert!(!out.contains("BAD"), "{out}");
        for wanted in [
            "OK   only listed files are here",
            "OK   the checkpoint is signed by the ledger's key",
            "OK   data/ledger-minisign.pub is the ledger's key today",
        ] {
            assert!(out.contains(wanted), "{wanted}: {out}");
        }
        let signed = if has_minisign {
            "Signature and comment signature verified"
        } else {
            "OK   the list is signed by data/signer.pub"
        };
        assert!(out.contains(signed), "{out}");
        let entries = files(&folder.join("data/entries")).len();
        assert_eq!(out.matches("is in the ledger").count(), entries, "{out}");
        assert_eq!(out.matches("has the rows").count(), entries, "{out}");
    }
}

/// Flips one bit in the middle of a file.
fn flip(folder: &Path, path: &str) {
    let path = folder.join(path);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// A ledger whose key has a plus sign or none: the sign that also divides the key's line.
fn with_key(has_plus: bool) -> Place {
    let places = std::iter::repeat_with(Place::new).take(64);
    let mut fitting = places.filter(|place| {
        let line = fs::read_to_string(place.ledger().join("ledger.pub")).unwrap();
        line.splitn(3, '+').nth(2).unwrap().contains('+') == has_plus
    });
    fitting.next().unwrap()
}

#[test]
fn the_commands_of_both_readmes_are_the_same_and_find_a_bundle_good() {
    for (has_plus, entries) in [(true, &[3_u64, 4][..]), (false, &[7]), (true, &[1])] {
        let place = with_key(has_plus);
        let made = place.bundle("made", entries);
        commands_hold(&made);
        let out = follow(&made, true);
        for number in entries {
            let said = format!("OK   entry {number} is in the ledger");
            assert!(out.contains(&said), "{out}");
        }
        let print = sha2::Sha256::digest(place.key().public());
        let print = format!("{}  -", wire::Digest(print.into()));
        let prints = out.matches(&print).count();
        assert_eq!(prints, 2, "both keys are the ledger's: {out}");
        let line = fs::read_to_string(place.ledger().join("ledger.pub")).unwrap();
        assert!(out.contains(&line), "{out}");
        let comment = format!("Trusted comment: kiosk {} entries", place.key().origin());
        assert!(out.contains(&comment), "{out}");
    }
}

#[test]
fn minisign_or_sha256sum_finds_each_changed_byte() {
    let place = Place::new();
    let made = place.bundle("made", &[3, 4]);
    let check = "sha256sum --quiet --strict -c tagmanifest-sha256.txt && sha256sum --quiet --strict -c \
                 manifest-sha256.txt && minisign -q -V -p data/signer.pub -m tagmanifest-sha256.txt";
    assert!(sh(&made, check).status.success());
    for (number, path) in files(&made).into_iter().enumerate() {
        let copy = place.copy(&made, &format!("copy-{number}"));
        flip(&copy, &path);
        assert!(!sh(&copy, check).status.success(), "{path}");
    }
}

#[test]
fn minisign_takes_the_key_of_the_ledger_and_no_other() {
    let place = Place::new();
    let made = place.bundle("made", &[3]);
    let other = place.made("other", &[3], &other_key(9));
    let by = |key: &Path, folder: &Path| {
        Command::new("minisign")
            .args(["-q", "-V", "-p"])
            .arg(key)
            .arg("-m")
            .arg(folder.join("tagmanifest-sha256.txt"))
            .output()
            .unwrap()
            .status
            .success()
    };
    let ledger = made.join("data/ledger-minisign.pub");
    assert!(by(&ledger, &made));
    assert!(!by(&ledger, &other));
    assert!(by(&other.join("data/signer.pub"), &other));
}
