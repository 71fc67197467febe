//! Every rule finds its canaries and none of its near misses, through the real path: as plain
//! files, and in an archive on an image.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use bundle::{Expected, Specimen};
use serde_json::Value;

use crate::kiosk::{self, Root};
use crate::media;
use crate::report::Report;

/// All specimens of all families, made from their pieces.
fn specimens() -> Vec<Specimen> {
    let mut all = Vec::new();
    for family in fs::read_dir(media::repository().join("signatures")).unwrap() {
        if let Ok(text) = fs::read_to_string(family.unwrap().path().join("canary.toml")) {
            all.extend(bundle::canaries(&text).unwrap());
        }
    }
    all
}

/// The specimens as files in a folder of their own, named by their places.
fn written(specimens: &[Specimen]) -> tempfile::TempDir {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for (place, specimen) in specimens.iter().enumerate() {
        fs::write(folder.path().join(place.to_string()), &specimen.bytes).unwrap();
    }
    folder
}

/// The rules that `report` found in the content named `name`.
fn found(report: &Report, name: &str) -> BTreeSet<String> {
    let mut rows = report.rows().iter().filter(|row| row["path"] == name);
    let row = rows
        .next()
        .unwrap_or_else(|| panic!("no row for {name}: {}", report.summary()));
    assert!(rows.next().is_none(), "two rows for {name}");
    let findings = row["findings"].as_array().unwrap().iter();
    let rules = findings.filter(|finding| finding["source"] == "yara");
    rules
        .map(|finding| finding["rule"].as_str().unwrap().to_owned())
        .collect()
}

fn check(report: &Report, specimens: &[Specimen], name: impl Fn(usize) -> String) {
    for (place, specimen) in specimens.iter().enumerate() {
        let rules = found(report, &name(place));
        let place = format!("specimen {place} of {}: {rules:?}", specimen.rule);
        let found = rules.contains(&specimen.rule);
        assert_eq!(found, specimen.expected == Expected::Found, "{place}");
    }
}

fn run(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

fn image_with(file: &Path) -> tempfile::NamedTempFile {
    let image = tempfile::Builder::new().suffix(".img").tempfile().unwrap();
    image.as_file().set_len(16 << 20).unwrap();
    run(Command::new("mkfs.fat").arg("-F16").arg(image.path()));
    run(Command::new("mcopy")
        .arg("-i")
        .arg(image.path())
        .arg(file)
        .arg("::"));
    image
}

#[test]
fn every_rule_has_a_canary_and_a_near_miss() {
    let specimens = specimens();
    let of = |expected: Expected| -> BTreeSet<&str> {
        let some = specimens
            .iter()
            .filter(|specimen| specimen.expected == expected);
        some.map(|specimen| specimen.rule.as_str()).collect()
    };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("empty"), "").unwrap();
    let report = Root::new().scan(folder.path(), &[]);
    let Value::Number(rules) = &report.json["rules"]["rules"] else {
        panic!("no rules")
    };
    assert_eq!(
        rules.as_u64(),
        u64::try_from(of(Expected::Found).len()).ok()
    );
    assert_eq!(of(Expected::Found), of(Expected::Absent));
}

#[test]
fn the_shipped_rules_on_their_way_as_a_bundle_are_no_finding() {
    let root = Root::new();
    let bundle = root.path().join("base.bundle");
    let mut command = root.kioskctl();
    command.args(["rules", "build"]);
    command.arg(media::repository().join("signatures"));
    command.args(["--expires", "2120-01-01", "-o"]).arg(&bundle);
    kiosk::run(&mut command).exits(0);
    // One file for an engine: what is in pieces in each file must not come together in it.
    let report = root.scan(&bundle, &[]);
    assert_eq!(report.verdict(), "pass", "{}", report.summary());
}

#[test]
fn canaries_are_found_as_plain_files_and_near_misses_are_not() {
    let specimens = specimens();
    let folder = written(&specimens);
    let report = Root::new().scan(folder.path(), &[]);
    assert_eq!(report.verdict(), "stop");
    check(&report, &specimens, |place| place.to_string());
}

#[test]
fn canaries_are_found_in_an_archive_on_an_image_and_near_misses_are_not() {
    let specimens = specimens();
    let folder = written(&specimens);
    let zip = folder.path().join("all.zip");
    let names = (0..specimens.len()).map(|place| place.to_string());
    run(Command::new("python3")
        .args(["-m", "zipfile", "-c", "all.zip"])
        .args(names)
        .current_dir(folder.path()));
    let report = Root::new().scan(image_with(&zip).path(), &[]);
    assert_eq!(report.verdict(), "stop");
    check(&report, &specimens, |place| place.to_string());
}

#[test]
fn every_canary_is_found_in_an_image_a_document_and_a_stream_and_no_near_miss_is() {
    let places = media::repository().join("tests/signatures/places");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let done = Command::new(places)
        .args([
            Path::new(env!("CARGO_BIN_EXE_kioskctl")),
            &folder.path().join("places"),
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    let error = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}{error}");
    assert!(said.ends_with(" 0 wrong\n"), "{said}");
}
