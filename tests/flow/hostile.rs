//! Each medium that lies gives a verdict with a reason, inside its limits, and never PASS.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::kiosk::{self, Root};
use crate::media;
use crate::report::{self, Report};

/// What no hostile medium of a few megabytes may exceed, in seconds.
const SECONDS_MAX: u64 = 30;

/// The rows of `scenarios/hostile.toml`, which says what the keys mean.
fn cases() -> Vec<Value> {
    let keys = [
        "image", "group", "verdict", "reasons", "also", "volume", "match", "seconds",
    ];
    media::cases(include_str!("scenarios/hostile.toml"), &keys)
}

/// What is wrong with the answer to one medium.
fn wrong(case: &Value, report: &Report) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            wrong.push(what.to_owned());
        }
    };
    let codes = report.reasons();
    let (any, all) = (media::texts(case, "reasons"), media::texts(case, "also"));
    let seconds = case["seconds"].as_u64().unwrap_or(SECONDS_MAX);
    expect(
        media::texts(case, "verdict").contains(&report.verdict()),
        "another verdict",
    );
    expect(
        any.is_empty() || any.iter().any(|code| codes.contains(code)),
        "none of the reasons",
    );
    expect(
        all.iter().all(|code| codes.contains(code)),
        "not all of the reasons",
    );
    expect(report.took <= Duration::from_secs(seconds), "too slow");
    if let Some(kind) = case["volume"].as_str() {
        let first = report.volumes().first().map(|volume| &volume["kind"]);
        expect(first == Some(&kind.into()), "another kind of volume");
    }
    let trail = media::texts(case, "match");
    if !trail.is_empty() {
        let found = report.rows().iter().any(|row| matched_at(row, &trail));
        expect(found, "the match is not where it should be");
    }
    wrong
}

/// Whether a row is `matched` and lies at `trail`.
fn matched_at(row: &Value, trail: &[&str]) -> bool {
    let mut names: Vec<&Value> = row["within"].as_array().unwrap().iter().collect();
    names.push(&row["path"]);
    row["outcome"] == "matched"
        && names.len() == trail.len()
        && names
            .iter()
            .zip(trail)
            .all(|(name, wanted)| *name == wanted)
}

#[track_caller]
fn check(group: &str) {
    let root = Root::new();
    let mut failed = Vec::new();
    let mut seen = 0;
    for case in cases().iter().filter(|case| case["group"] == group) {
        let image = case["image"].as_str().unwrap();
        let report = root.scan(&media::hostile(image), &[]);
        let wrong = wrong(case, &report);
        if !wrong.is_empty() {
            failed.push(format!("{image}: {wrong:?}: {}", report.summary()));
        }
        seen += 1;
    }
    assert!(0 < seen, "no case in {group}");
    assert!(
        failed.is_empty(),
        "{} of {seen} failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

#[test]
fn media_that_break_off_or_hold_nothing_are_not_finished() {
    check("broken_media");
}

#[test]
fn file_systems_that_contradict_themselves_are_not_finished() {
    check("file_systems");
}

#[test]
fn partition_tables_that_contradict_themselves_are_not_finished() {
    check("partition_tables");
}

#[test]
fn file_systems_that_are_not_read_are_named() {
    check("unread_file_systems");
}

#[test]
fn archives_that_overflow_escape_or_are_locked_never_pass() {
    check("archives");
}

#[test]
fn the_test_file_is_found_wherever_it_lies() {
    check("canaries");
}

#[test]
fn odd_but_harmless_names_pass() {
    check("names");
    let image = media::hostile("names-readable");
    let report = Root::new().scan(&image, &[]);
    for name in media::truth(&image).1[0].files.keys() {
        assert!(
            report.rows().iter().any(|row| row["path"] == name.as_str()),
            "{name}"
        );
    }
}

#[test]
fn names_that_hide_something_are_findings_and_never_printed_raw() {
    let report = Root::new().scan(&media::hostile("names-deceptive"), &[]);
    let files: Vec<_> = report
        .rows()
        .iter()
        .filter(|row| row["kind"] == "file")
        .collect();
    assert_eq!(files.len(), 8, "{}", report.summary());
    for row in files {
        assert_ne!(row["findings"], Value::Array(vec![]), "{row}");
    }
    report::is_printable(&report.stderr, "stderr");
    report::is_printable(&report.stdout, "stdout");
}

#[test]
fn the_text_for_people_spells_out_what_a_name_hides() {
    let root = Root::new();
    let image = media::hostile("names-deceptive");
    let rules = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let rule = "rule everything { meta: tier = \"block\" condition: true }";
    std::fs::write(rules.path().join("everything.yar"), rule).unwrap();
    let mut command = root.kioskctl();
    command
        .arg("scan")
        .arg(image)
        .arg("--no-ledger")
        .arg("--rules")
        .arg(rules.path());
    let done = kiosk::run(&mut command);
    done.exits(1);
    report::is_printable(&done.stdout, "stdout");
    report::is_printable(&done.stderr, "stderr");
    for spelled in ["⟨U+202E⟩fdp.exe", "esc⟨U+001B⟩[2J", "new⟨U+000A⟩line.txt"] {
        assert!(done.stdout.contains(spelled), "{spelled}: {}", done.stdout);
    }
}

#[test]
fn every_hostile_medium_has_a_row() {
    let first = media::hostile("zero-length");
    let folder = first.parent().unwrap();
    let images: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".img").map(str::to_owned))
        .collect();
    let rows: BTreeSet<String> = cases()
        .iter()
        .map(|case| case["image"].as_str().unwrap().to_owned())
        .collect();
    // These two have tests of their own.
    let own = ["names-deceptive", "long"].map(str::to_owned);
    let without: Vec<_> = images
        .difference(&rows)
        .filter(|name| !own.contains(name))
        .collect();
    assert!(without.is_empty(), "without a row: {without:?}");
    assert!(
        rows.is_subset(&images),
        "{:?}",
        rows.difference(&images).collect::<Vec<_>>()
    );
}
