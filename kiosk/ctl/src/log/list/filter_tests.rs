use std::path::Path;

use jiff::SignedDuration;
use record::reader::Filter;

use super::*;
use crate::log::sample::{hash, ledger, sealed};
use crate::print;

/// The numbers of the entries that are asked for.
fn taken(folder: &Path, arguments: &[&str]) -> Vec<u64> {
    found(folder, arguments).unwrap()
}

fn found(folder: &Path, arguments: &[&str]) -> Result<Vec<u64>, CommandError> {
    let which = asked(arguments);
    let ledger = Ledger::open(&folder.join("ledger"))?;
    let (paths, withdrawals) = (
        Paths::chosen(Some(folder.to_owned())),
        Withdrawals::read(&ledger, None)?,
    );
    let mut asked = which.of(&ledger, &paths, false, &withdrawals)?;
    let mut numbers = Vec::new();
    for entry in ledger.entries(Filter::default())? {
        let entry = entry?;
        numbers.extend(asked.take(&entry)?.map(|_| entry.number));
    }
    Ok(numbers)
}

fn asked(arguments: &[&str]) -> Which {
    use clap::Parser as _;
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        which: Which,
    }
    Line::try_parse_from([&["list"], arguments].concat())
        .unwrap()
        .which
}

fn sample() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    ledger(&folder.path().join("ledger"));
    folder
}

#[test]
fn verdicts_are_found_by_what_their_rows_hold() {
    let folder = sample();
    let upper = hash(3).to_ascii_uppercase();
    for (arguments, expected) in [
        (vec!["--sha256", &hash(3)], vec![6, 17]),
        (vec!["--sha256", &upper, "--name", "update.exe"], vec![6]),
        (vec!["--sha256", &hash(3), "--verdict", "stop"], vec![]),
        (vec!["--name", "README"], vec![6, 13]),
        (vec!["--name", "TOOL.zip"], vec![6, 13]),
        (vec!["--name", "a⟨U+202E⟩gpj"], vec![6]),
        (vec!["--name", "nowhere"], vec![]),
        (vec!["--rule", "eicar_test_file"], vec![9]),
        (vec!["--rule", "eicar"], vec![]),
        (vec!["--rule", "eicar_test_file", "--name", "calc"], vec![9]),
        (
            vec!["--rule", "eicar_test_file", "--name", "readme"],
            vec![],
        ),
        (
            vec![
                "--name", "readme", "--visit", "V-0001", "--medium", "M-0001",
            ],
            vec![6, 13],
        ),
        (vec!["--visit", "V-0001"], (3..=15).collect()),
        (vec!["--visit", "V-0002"], vec![]),
        (
            vec!["--company", "kita heat", "--event", "judged"],
            vec![6, 9, 13],
        ),
    ] {
        assert_eq!(taken(folder.path(), &arguments), expected, "{arguments:?}");
    }
}

#[test]
fn days_are_the_sites_and_count_whole_and_times_count_themselves() {
    let folder = sample();
    let ledger = Ledger::open(&folder.path().join("ledger")).unwrap();
    let time = |number: u64| ledger.entry(number).unwrap().recorded().unwrap();
    let (fifth, last) = (time(5).to_string(), time(18).to_string());
    let all: Vec<u64> = (1..=18).collect();
    for (arguments, expected) in [
        (vec!["--from", &fifth], (5..=18).collect()),
        (vec!["--until", &fifth], (1..=5).collect()),
        (vec!["--from", &fifth, "--until", &fifth], vec![5]),
        (vec!["--until", &last], all.clone()),
        (vec!["--from", "2020-01-01"], all.clone()),
        (vec!["--until", "2020-01-01"], vec![]),
    ] {
        assert_eq!(taken(folder.path(), &arguments), expected, "{arguments:?}");
    }
    // The trial's calendar is Japan's.
    let site = Site::read(&Paths::chosen(Some(folder.path().to_owned()))).unwrap();
    let day = "2026-11-26".parse().unwrap();
    let begin = begin(When::Day(day), &site).unwrap();
    assert_eq!(begin, "2026-11-25T15:00:00Z".parse().unwrap());
    let end = end(When::Day(day), &site).unwrap();
    let last: Timestamp = "2026-11-26T14:59:59.999999999Z".parse().unwrap();
    assert!(end.takes(last) && !end.takes(last + SignedDuration::from_nanos(1)));
    let error = found(
        folder.path(),
        &["--from", "2026-11-27", "--until", "2026-11-26"],
    );
    assert!(error.unwrap_err().to_string().contains("no time is"));
}

#[test]
fn an_entry_that_was_changed_is_an_error_and_not_left_out() {
    let change = |sql: &str| {
        let folder = sample();
        let database = folder.path().join("ledger/ledger.db");
        let done = std::process::Command::new("sqlite3")
            .arg(database)
            .arg(sql)
            .output();
        let done = done.unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        folder
    };
    // Out of the range that is asked for, out of what is looked for: named all the same.
    let entry = change(
        "DROP TRIGGER entries_not_updated;
         UPDATE entries SET bytes = replace(bytes, '\"recorded_utc\":\"20',          '\"recorded_utc\":\"19') WHERE number = 6",
    );
    let row = change(
        "DROP TRIGGER rows_not_updated;
         UPDATE rows SET bytes = replace(bytes, 'Readme', 'Other.') WHERE entry = 13",
    );
    for (folder, arguments) in [
        (&entry, vec!["--from", "2020-01-01"]),
        (&entry, vec!["--name", "nowhere"]),
        (&row, vec!["--name", "nowhere"]),
        (&row, vec!["--name", "Readme"]),
    ] {
        let error = found(folder.path(), &arguments).unwrap_err().to_string();
        assert!(
            error.starts_with("ledger altered: entry"),
            "{arguments:?}: {error}"
        );
    }
}

#[test]
fn a_line_of_values_is_no_formula_and_hides_nothing() {
    let folder = sample();
    let ledger = Ledger::open(&folder.path().join("ledger")).unwrap();
    let which = asked(&["--name", "."]);
    let paths = Paths::chosen(Some(folder.path().to_owned()));
    let withdrawals = Withdrawals::read(&ledger, None).unwrap();
    let mut asked = which.of(&ledger, &paths, true, &withdrawals).unwrap();
    let mut lines = Vec::new();
    for number in [6, 9] {
        let entry = ledger.entry(number).unwrap();
        let taken = asked.take(&entry).unwrap().unwrap();
        lines.push(super::super::csv::line(number, &taken));
    }
    let columns = super::super::csv::HEAD.split(',').count();
    for line in &lines {
        assert!(!line.chars().any(wire::name::is_hidden), "{line}");
        let mut reader = ::csv::ReaderBuilder::new();
        let mut reader = reader.has_headers(false).from_reader(line.as_bytes());
        let record = reader.records().next().unwrap().unwrap();
        assert_eq!(record.len(), columns, "{line}");
    }
    assert!(lines[0].contains(",judged,pass,M-0001,Sato Ichiro,Kita Heat,V-0001,5,4,"));
    assert!(
        lines[1].contains("\"'=cmd|'/c calc'!A1.com\""),
        "{}",
        lines[1]
    );
    assert_eq!(print::record(["=x"]), "\"'=x\"");
}

#[test]
fn nothing_is_not_a_part_of_every_name() {
    for option in ["--name", "--rule"] {
        let error = asked(&[option, ""]).check().unwrap_err().to_string();
        assert!(error.contains("empty"), "{error}");
    }
}

#[test]
fn every_entry_is_called_what_the_ledger_calls_it() {
    let step = Event::ClockStepped {
        expected: String::new(),
        found: String::new(),
    };
    let json = serde_json::to_value(&step).unwrap();
    assert_eq!(json["event"], step.name());
}

#[test]
fn an_entry_of_no_kind_is_refused_with_the_kinds_there_are() {
    let which = Which {
        event: Some("burnt".to_owned()),
        ..Which::default()
    };
    let error = which.check().unwrap_err().to_string();
    assert!(
        error.contains("\"burnt\"; they are called started,"),
        "{error}"
    );
    assert!(!which.is_all() && Which::default().is_all());
}

#[test]
fn verdicts_whose_rows_are_in_an_archive_are_counted_and_not_passed_over() {
    let folder = sample();
    sealed(&folder.path().join("ledger"), 9);
    let ledger = Ledger::open(&folder.path().join("ledger")).unwrap();
    let which = asked(&["--name", "readme"]);
    let paths = Paths::chosen(Some(folder.path().to_owned()));
    let withdrawals = Withdrawals::read(&ledger, None).unwrap();
    let mut asked = which.of(&ledger, &paths, false, &withdrawals).unwrap();
    let mut numbers = Vec::new();
    for entry in ledger.entries(Filter::default()).unwrap() {
        let entry = entry.unwrap();
        numbers.extend(asked.take(&entry).unwrap().map(|_| entry.number));
    }
    assert_eq!((numbers, asked.sealed), (vec![13], 2));
}
