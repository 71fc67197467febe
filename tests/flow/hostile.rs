//! Each medium that lies gives a verdict with a reason, inside its limits, and never PASS.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::kiosk::Root;
use crate::media;
use crate::report::{self, Report};

#[derive(Deserialize)]
struct Scenarios {
    case: Vec<Case>,
}

/// A row of `scenarios/hostile.toml`, which says what the keys mean.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    image: String,
    group: String,
    verdict: Vec<String>,
    reasons: Vec<String>,
    #[serde(default)]
    also: Vec<String>,
    volume: Option<String>,
    #[serde(default)]
    r#match: Vec<String>,
    #[serde(default = "half_a_minute")]
    seconds: u64,
}

/// What no hostile medium of a few megabytes may exceed.
fn half_a_minute() -> u64 {
    30
}

fn cases() -> Vec<Case> {
    toml::from_str::<Scenarios>(include_str!("scenarios/hostile.toml"))
        .unwrap()
        .case
}

/// What is wrong with the answer to one medium.
fn wrong(case: &Case, report: &Report) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            wrong.push(what.to_owned());
        }
    };
    let reasons = report.reasons();
    let among = |code: &String| reasons.contains(&code.as_str());
    expect(
        case.verdict.iter().any(|word| word == report.verdict()),
        "another verdict",
    );
    expect(
        case.reasons.is_empty() || case.reasons.iter().any(among),
        "none of the reasons",
    );
    expect(case.also.iter().all(among), "not all of the reasons");
    expect(report.took <= Duration::from_secs(case.seconds), "too slow");
    if let Some(kind) = &case.volume {
        let first = report.volumes().first().map(|volume| &volume["kind"]);
        expect(
            first == Some(&kind.as_str().into()),
            "another kind of volume",
        );
    }
    if !case.r#match.is_empty() {
        let found = report
            .rows()
            .iter()
            .any(|row| matched_at(row, &case.r#match));
        expect(found, "the match is not where it should be");
    }
    wrong
}

/// Whether a row is `matched` and lies at `trail`, in which `*` stands for a container whose
/// name the format does not keep.
fn matched_at(row: &Value, trail: &[String]) -> bool {
    let mut names: Vec<&Value> = row["within"].as_array().unwrap().iter().collect();
    names.push(&row["path"]);
    row["outcome"] == "matched"
        && names.len() == trail.len()
        && names
            .iter()
            .zip(trail)
            .all(|(name, wanted)| wanted == "*" || *name == wanted)
}

#[track_caller]
fn check(group: &str) {
    let root = Root::new();
    let mut failed = Vec::new();
    let mut seen = 0;
    for case in cases().iter().filter(|case| case.group == group) {
        let report = root.scan(&media::hostile(&case.image), &[]);
        let wrong = wrong(case, &report);
        if !wrong.is_empty() {
            failed.push(format!("{}: {wrong:?}: {}", case.image, report.summary()));
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
    for name in media::truth(&image).volumes[0].files.keys() {
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
fn every_hostile_medium_has_a_row() {
    let first = media::hostile("zero-length");
    let folder = first.parent().unwrap();
    let images: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".img").map(str::to_owned))
        .collect();
    let rows: BTreeSet<String> = cases().into_iter().map(|case| case.image).collect();
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
