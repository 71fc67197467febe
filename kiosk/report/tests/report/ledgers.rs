//! Pages of real ledgers: whole ones, altered ones, and long ones.

use std::path::Path;
use std::process::Command;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use record::Ledger;
use report::gather::{HOSTS_MAX, Month};
use report::{INSERTIONS_MAX, Language, Period, State, page, read};

use crate::few;
use crate::html::{number, tables};
use crate::made::{Made, about, verified};
use crate::month::{self, Book};
use crate::written::Written;

/// This month, at a place without summer time.
fn period(now: Timestamp) -> Period {
    let month = now.to_zoned(TimeZone::UTC).strftime("%Y-%m").to_string();
    Period::month(&month, TimeZone::UTC).unwrap()
}

fn read(folder: &Path) -> Month {
    let ledger = Ledger::open(folder).unwrap();
    let now = Timestamp::now();
    let last = ledger.last().unwrap().unwrap();
    read::month(&ledger, last, period(now), now).unwrap()
}

/// Runs SQL as an administrator would, with the sqlite3 that the system has.
pub(crate) fn sqlite3(folder: &Path, sql: &str) {
    let mut command = Command::new("sqlite3");
    let command = command.arg("-bail").arg(folder.join("ledger.db")).arg(sql);
    assert!(command.status().expect("sqlite3 is installed").success());
}

fn written(days: i64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    month::write(&mut Written::open(folder.path()), days);
    folder
}

#[test]
fn a_month_is_read_whole_from_a_ledger() {
    let folder = written(9);
    let month = read(folder.path());
    let ledger = Ledger::open(folder.path()).unwrap();
    assert_eq!(Some(month.entries()), ledger.last().unwrap());
    assert_eq!(month.range(), Some((1, month.entries())));
    assert!(month.is_whole());
    let html = page::render(&month, &about(verified()), &[Language::En]).unwrap();
    let state = &tables(&html, "en-ledger")[0];
    let rows = state.iter().find(|row| row[0] == "Their file rows");
    let rows = number(&rows.unwrap()[1]);
    assert_eq!(rows, ledger.verify(None).unwrap().rows);
    assert!(html.contains("○ VERIFIED") && !html.contains("sign bad\""));
}

#[test]
fn a_month_without_entries_is_a_page_without_lines() {
    let folder = written(2);
    let ledger = Ledger::open(folder.path()).unwrap();
    let now = Timestamp::now();
    let before = Period::month("2020-02", TimeZone::UTC).unwrap();
    let month = read::month(&ledger, ledger.last().unwrap().unwrap(), before, now).unwrap();
    assert_eq!((month.range(), month.entries()), (None, 0));
    let html = page::render(&month, &about(verified()), &Language::ALL).unwrap();
    assert!(tables(&html, "en-kinds").is_empty() && tables(&html, "ja-found").is_empty());
    assert!(html.contains("No entry names any rules.") && html.contains("この月の記録はない。"));
}

/// The page, in English, of a month so many months after the present one; `now` is when it is read.
fn page_of(folder: &Path, months: i64, now: Timestamp) -> String {
    let present = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let day = present
        .first_of_month()
        .checked_add(months.months())
        .unwrap();
    let name = day.strftime("%Y-%m").to_string();
    let ledger = Ledger::open(folder).unwrap();
    let last = ledger.last().unwrap().unwrap();
    let period = Period::month(&name, TimeZone::UTC).unwrap();
    let month = read::month(&ledger, last, period, now).unwrap();
    page::render(&month, &about(verified()), &[Language::En]).unwrap()
}

#[test]
fn a_month_before_the_first_entry_shows_nothing_of_what_came_later() {
    let folder = written(9);
    let html = page_of(folder.path(), -1, Timestamp::now());
    let summary = &tables(&html, "en-summary")[0];
    let open = summary.iter().find(|row| row[0] == "Open cases at the end");
    assert_eq!(open.unwrap()[1], "0");
    assert!(tables(&html, "en-cases").is_empty());
    assert!(!html.contains("review is due") && !html.contains("review is overdue"));
    assert!(html.contains("The month has no entry, and none is from before it."));
    assert!(html.contains("No entry states the age of any rules."));
}

#[test]
fn a_month_without_entries_has_open_what_was_open_before_it() {
    let folder = written(9);
    let next_year = Timestamp::now()
        .checked_add(SignedDuration::from_hours(24 * 400))
        .unwrap();
    let html = page_of(folder.path(), 1, next_year);
    let open = length_of(&page_of(folder.path(), 0, next_year));
    assert!(0 < open);
    assert_eq!(length_of(&html), open);
    assert!(html.contains("is told from the entries before it"));
}

/// Lines of the table of open cases.
fn length_of(html: &str) -> usize {
    tables(html, "en-cases")[0].len()
}

#[test]
fn a_month_that_has_not_begun_has_no_page() {
    let folder = written(2);
    let ledger = Ledger::open(folder.path()).unwrap();
    let now = Timestamp::now();
    let period = Period::month("9998-01", TimeZone::UTC).unwrap();
    let refused = read::month(&ledger, 1, period, now).unwrap_err();
    assert!(
        refused.to_string().starts_with("9998-01 has not begun"),
        "{refused}"
    );
}

#[test]
fn an_altered_ledger_still_makes_a_page_that_says_so_and_names_what_it_lacks() {
    let folder = written(9);
    let whole = read(folder.path());
    sqlite3(
        folder.path(),
        "DROP TRIGGER entries_not_updated; DROP TRIGGER entries_not_deleted;
         UPDATE entries SET bytes = replace(bytes, 'M-0', 'M-1') WHERE number = 5;
         DELETE FROM entries WHERE number IN (8, 9);",
    );
    let altered = read(folder.path());
    assert!(!altered.is_whole());
    assert_eq!(altered.entries() + 3, whole.entries());
    assert_eq!(altered.range(), whole.range());
    let why = Ledger::open(folder.path())
        .unwrap()
        .verify(None)
        .unwrap_err();
    let state = State::NotVerified {
        why: why.to_string(),
    };
    let html = page::render(&altered, &about(state), &Language::ALL).unwrap();
    assert!(html.contains("class=\"sign bad\"") && html.contains("✕ NOT VERIFIED"));
    assert!(html.contains("entry 5 was changed"), "{why}");
    assert!(html.contains("3 entries cannot be read (5, 8, 9 and so on)"));
    assert!(!html.contains("class=\"sign\""));
}

#[test]
fn a_row_that_cannot_be_read_is_told() {
    let folder = written(4);
    sqlite3(
        folder.path(),
        "DROP TRIGGER rows_not_updated; UPDATE rows SET bytes = '{}' WHERE entry = 53 AND ordinal = 2;",
    );
    let month = read(folder.path());
    assert!(!month.is_whole());
    let html = page::render(&month, &about(verified()), &[Language::En]).unwrap();
    assert!(html.contains("Some file rows of these entries cannot be read: 53."));
}

#[test]
fn past_insertions_max_the_oldest_is_forgotten_and_nothing_else() {
    let mut made = Made::new();
    made.at(2, 1);
    for _ in 0..=INSERTIONS_MAX {
        few::insert(&mut made);
    }
    // The first has no visit any more; the second has.
    few::pass(&mut made, 1);
    few::pass(&mut made, 2);
    let html = made.page(&about(verified()), &[Language::En]);
    let visits = &tables(&html, "en-visits")[0];
    let passed: u64 = visits.iter().map(|row| number(&row[3])).sum();
    let without = visits.iter().find(|row| row[0] == "without a visit");
    assert_eq!(passed, 1, "{visits:?}");
    assert!(without.is_none(), "{visits:?}");
}

#[test]
fn past_hosts_max_no_further_machine_is_named_in_the_head() {
    let mut made = Made::new();
    made.at(2, 1);
    for number in 0..HOSTS_MAX + 2 {
        few::insert(&mut made);
        made.entries.last_mut().unwrap().0.host = format!("gate-{number}");
    }
    let html = made.page(&about(verified()), &[Language::En]);
    assert!(html.contains("gate-7") && !html.contains("gate-8"));
}
