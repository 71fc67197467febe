//! The same bundle with the tools that an auditor has: the commands of its README, minisign,
//! sha256sum and openssl.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::common::{Place, files, other_key};

/// Runs a script in a folder.
fn sh(folder: &Path, script: &str) -> Output {
    Command::new("sh")
        .args(["-eu", "-c", script])
        .current_dir(folder)
        .env("LC_ALL", "C")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The commands of a README: what is set in by four.
fn commands(folder: &Path, name: &str) -> String {
    let readme = fs::read_to_string(folder.join(name)).unwrap();
    let lines = readme.lines().filter_map(|line| line.strip_prefix("    "));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Flips one bit in the middle of a file.
fn flip(folder: &Path, path: &str) {
    let path = folder.join(path);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn the_commands_of_both_readmes_are_the_same_and_find_a_bundle_good() {
    let place = Place::new();
    for (name, entries, said) in [
        ("a", &[3_u64, 4][..], "3"),
        ("b", &[7][..], "7"),
        ("c", &[1][..], "1"),
    ] {
        let made = place.bundle(name, entries);
        let script = commands(&made, "README.ja.txt");
        assert_eq!(script, commands(&made, "README.en.txt"));
        assert!(10 < script.lines().count());
        let done = sh(&made, &script);
        let out = text(&done.stdout);
        assert!(done.status.success(), "{out}{}", text(&done.stderr));
        assert!(
            out.contains(&format!("entry {said} is in the ledger")),
            "{out}"
        );
        assert_eq!(
            out.matches("Signature Verified Successfully").count(),
            2,
            "{out}"
        );
        assert!(
            out.contains("Signature and comment signature verified"),
            "{out}"
        );
        assert!(
            out.contains(&format!(
                "Trusted comment: kiosk {} entries",
                place.key().origin()
            )),
            "{out}"
        );
        let extra: Vec<&str> = out
            .lines()
            .filter(|line| line.starts_with("tagmanifest") && !line.contains(':'))
            .collect();
        assert_eq!(
            extra,
            ["tagmanifest-sha256.txt", "tagmanifest-sha256.txt.minisig"]
        );
    }
}

#[test]
fn the_rows_hash_that_the_readme_computes_is_the_one_of_the_entry() {
    let place = Place::new();
    let made = place.bundle("made", &[3]);
    let done = sh(
        &made,
        "grep -o '\"rows_sha256\":\"[0-9a-f]*\"' data/entries/3.json | cut -d'\"' -f4; \
         sha256sum data/rows/3.jsonl | cut -d' ' -f1",
    );
    let out = text(&done.stdout);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0], lines[1]);
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
