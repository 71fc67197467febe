//! Which entries are taken, and what keeps a ledger that is not what was written from being
//! handed on.

use std::path::Path;
use std::process::Command;

use export::table::Table;
use export::{Book, ExportError, Selection};
use jiff::{SignedDuration, Timestamp};
use record::{Ledger, Writer};
use wire::audit::Sealed;
use wire::ledger::Event;
use wire::rule_change::Person;
use wire::{MediumName, Outcome, Reason, ReasonCode, Verdict};

use crate::common::{inserted, row, run, scan};

fn named(name: &str) -> MediumName {
    MediumName::new(name).unwrap()
}

/// 1 started, 2 inserted, 3 judged PASS, 4 removed, 5 inserted, 6 judged STOP, 7 inserted.
fn ledger(folder: &Path) -> Writer {
    let mut writer = Writer::open(folder).unwrap();
    let started = Event::Started {
        kiosk: "0.1.0".to_owned(),
        rules: None,
        again: false,
    };
    writer.append(&started, None).unwrap();
    let name = named("stick");
    scan(
        &mut writer,
        Verdict::Pass,
        &name,
        &[row(&name, Outcome::Clean)],
    );
    writer
        .append(&Event::Removed { insertion: 2 }, None)
        .unwrap();
    scan(
        &mut writer,
        Verdict::Stop,
        &name,
        &[row(&name, Outcome::Matched)],
    );
    let mut other = inserted(&name);
    if let Event::Inserted { medium, .. } = &mut other {
        *medium = Some("M-0002".to_owned());
    }
    writer.append(&other, None).unwrap();
    writer
}

fn taken(folder: &Path, selection: Selection) -> Vec<u64> {
    let ledger = Ledger::open(folder).unwrap();
    let book = Book::open(&ledger, selection).unwrap();
    let items = book.items().unwrap();
    items.map(|item| item.unwrap().entry.number).collect()
}

#[test]
fn entries_are_chosen_by_number_time_medium_and_verdict() {
    let folder = tempfile::tempdir().unwrap();
    drop(ledger(folder.path()));
    let take = |selection| taken(folder.path(), selection);
    let all = Selection::default;
    assert_eq!(take(all()), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(
        take(Selection {
            since: Some(6),
            ..all()
        }),
        [6, 7]
    );
    assert_eq!(take(Selection::of(3)), [3]);
    assert_eq!(
        take(Selection {
            since: Some(99),
            ..all()
        }),
        [0; 0]
    );
    let medium = |id: &str| Selection {
        medium: Some(id.to_owned()),
        ..all()
    };
    // The removal names its medium only through its insertion.
    assert_eq!(take(medium("m-0001")), [2, 3, 4, 5, 6]);
    assert_eq!(take(medium("M-0002")), [7]);
    assert_eq!(take(medium("M-0003")), [0; 0]);
    let verdict = |verdict| Selection {
        verdict: Some(verdict),
        ..all()
    };
    assert_eq!(take(verdict(Verdict::Pass)), [3]);
    assert_eq!(take(verdict(Verdict::Stop)), [6]);
    let now = Timestamp::now();
    let hour = SignedDuration::from_hours(1);
    assert_eq!(
        take(Selection {
            until: Some(now - hour),
            ..all()
        }),
        [0; 0]
    );
    assert_eq!(
        take(Selection {
            from: Some(now + hour),
            ..all()
        }),
        [0; 0]
    );
    let (from, until) = (Some(now - hour), Some(now + hour));
    assert_eq!(
        take(Selection {
            from,
            until,
            ..all()
        })
        .len(),
        7
    );
}

#[test]
fn what_is_written_meanwhile_is_not_in_the_export() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = ledger(folder.path());
    let ledger = Ledger::open(folder.path()).unwrap();
    let book = Book::open(&ledger, Selection::default()).unwrap();
    writer
        .append(&Event::Removed { insertion: 5 }, None)
        .unwrap();
    assert_eq!((book.first(), book.last()), (1, 7));
    assert_eq!(book.items().unwrap().count(), 7);
}

#[test]
fn a_ledger_without_entries_and_an_entry_that_is_not_there_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::open(folder.path()).unwrap();
    let open = |selection| {
        let ledger = Ledger::open(folder.path()).unwrap();
        Book::open(&ledger, selection).err().unwrap()
    };
    assert!(matches!(open(Selection::default()), ExportError::Empty));
    drop(writer);
    drop(ledger(folder.path()));
    assert!(matches!(open(Selection::of(99)), ExportError::Ledger(_)));
}

/// Runs SQL as somebody would who wants to change the ledger.
fn tamper(folder: &Path, sql: &str) {
    let mut sqlite = Command::new("sqlite3");
    sqlite.arg("-bail").arg(folder.join("ledger.db")).arg(sql);
    let (done, text) = run(&mut sqlite);
    assert!(done, "{sql}: {text}");
}

/// Why each form that looks at rows refuses this ledger.
#[track_caller]
fn refusals(folder: &Path) -> Vec<String> {
    let ledger = Ledger::open(folder).unwrap();
    let book = Book::open(&ledger, Selection::default()).unwrap();
    let written = [
        export::csv::write(&book, Table::Files, Vec::new()),
        export::xlsx::write(&book, Vec::new()),
        export::jsonl::write(&book, Vec::new()),
        export::ocsf::write(&book, Vec::new()),
        export::cef::write(&book, Vec::new()),
        export::syslog::write(&book, Vec::new()),
    ];
    let errors = written.map(|written| written.unwrap_err().to_string());
    errors.into_iter().collect()
}

#[test]
fn rows_that_are_not_those_that_were_written_are_handed_on_in_no_form() {
    for sql in [
        "DROP TRIGGER rows_not_updated;
         UPDATE rows SET bytes = replace(bytes, 'stick', 'stock') WHERE entry = 3",
        "DROP TRIGGER rows_not_deleted; DELETE FROM rows WHERE entry = 3",
        "DROP TRIGGER rows_with_their_entry;
         INSERT INTO rows SELECT 3, 2, bytes FROM rows WHERE entry = 3 AND ordinal = 1",
        "DROP TRIGGER rows_with_their_entry;
         INSERT INTO rows SELECT 4, 1, bytes FROM rows WHERE entry = 3 AND ordinal = 1;
         DROP TRIGGER rows_not_deleted; DELETE FROM rows WHERE entry = 6",
    ] {
        let folder = tempfile::tempdir().unwrap();
        drop(ledger(folder.path()));
        tamper(folder.path(), sql);
        for error in refusals(folder.path()) {
            assert!(error.contains("are not those that were written"), "{error}");
        }
    }
}

#[test]
fn an_entry_with_something_hidden_in_it_is_not_handed_on() {
    let folder = tempfile::tempdir().unwrap();
    drop(ledger(folder.path()));
    let ledger = Ledger::open(folder.path()).unwrap();
    let entry = ledger.entry(1).unwrap();
    let bytes = entry
        .bytes
        .replace("\"kiosk\":\"0.1.0\"", "\"kiosk\":\"0.1.0\u{202e}\"");
    assert_ne!(bytes, entry.bytes);
    let leaf = record::entry::leaf(bytes.as_bytes());
    tamper(
        folder.path(),
        &format!(
            "DROP TRIGGER entries_not_updated;
             UPDATE entries SET bytes = '{bytes}', leaf = '{leaf}' WHERE number = 1"
        ),
    );
    let book = Book::open(&ledger, Selection::default()).unwrap();
    let error = export::jsonl::write(&book, Vec::new()).unwrap_err();
    assert!(matches!(error, ExportError::Hidden(1)), "{error}");
}

#[test]
fn rows_that_lie_in_an_archive_are_said_to_do_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = ledger(folder.path());
    let held = Ledger::open(folder.path())
        .and_then(|ledger| ledger.archive(3, &mut std::io::sink()))
        .unwrap();
    let sealed = Event::Sealed(Box::new(Sealed {
        by: Person {
            uid: 0,
            user: "root".to_owned(),
            login_uid: None,
            login_user: None,
            medium: None,
        },
        through: 3,
        rows: held.rows,
        archive_sha256: held.sha256,
    }));
    writer.keep(0);
    let by = writer.append(&sealed, None).unwrap().number;
    drop(writer);
    let ledger = Ledger::open(folder.path()).unwrap();
    let book = Book::open(&ledger, Selection::default()).unwrap();
    let text = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = Vec::new();
        write(&mut bytes);
        String::from_utf8(bytes).unwrap()
    };
    let csv = text(&|out| {
        export::csv::write(&book, Table::Files, out)
            .map(|_| ())
            .unwrap()
    });
    assert!(csv.contains(&format!("the rows are in the archive of entry {by}")));
    let jsonl = text(&|out| export::jsonl::write(&book, out).map(|_| ()).unwrap());
    let line = jsonl.lines().nth(2).unwrap();
    assert!(
        line.ends_with(&format!(",\"rows\":null,\"sealed_by\":{by}}}")),
        "{line}"
    );
    let ocsf = text(&|out| export::ocsf::write(&book, out).map(|_| ()).unwrap());
    let first: serde_json::Value = serde_json::from_str(ocsf.lines().next().unwrap()).unwrap();
    assert_eq!(first["unmapped"]["rows_sealed_by"], by);
    assert!(first.get("total").is_none());
    let only = Book::open(&ledger, Selection::of(3)).unwrap();
    let list = export::manifest::List::Sha256sums;
    let error = export::manifest::write(&only, list, None, |_, _| {}, Vec::new()).unwrap_err();
    assert!(
        matches!(error, ExportError::Sealed { number: 3, .. }),
        "{error}"
    );
}

/// 1 to 3: an unregistered stick whose nearest entry is M-0001; 4 to 6: M-0001, which expired; each
/// is inserted, judged and taken out; 7 and 8 a suspected clone of it.
fn refused(folder: &Path) {
    use wire::custody::Refused;
    let mut writer = Writer::open(folder).unwrap();
    let name = named("stick");
    let codes = [
        ReasonCode::Unregistered,
        ReasonCode::Expired,
        ReasonCode::CloneSuspected,
    ];
    for code in codes {
        let mut event = inserted(&name);
        if let Event::Inserted { medium, .. } = &mut event {
            *medium = None;
        }
        let insertion = writer.append(&event, None).unwrap().number;
        let judged = wire::ledger::Judged {
            reasons: vec![Reason { code, count: 1 }],
            medium: None,
            totals: None,
            refused: Some(Box::new(Refused {
                entry: Some("M-0001".to_owned()),
                detail: "said here".to_owned(),
                differences: Vec::new(),
            })),
            ..crate::common::judged(insertion, Verdict::Stop, 0, &name)
        };
        let judged = Event::Judged(Box::new(judged));
        writer.append(&judged, None).unwrap();
        if code != ReasonCode::CloneSuspected {
            writer.append(&Event::Removed { insertion }, None).unwrap();
        }
    }
}

#[test]
fn a_refusal_is_booked_on_the_medium_that_was_registered_and_never_on_the_nearest_entry() {
    let folder = tempfile::tempdir().unwrap();
    refused(folder.path());
    let of = |since| Selection {
        medium: Some("M-0001".to_owned()),
        since,
        ..Selection::default()
    };
    assert_eq!(taken(folder.path(), of(None)), [4, 5, 6]);
    // Whatever the first entry is: a removal by itself is still of that medium.
    assert_eq!(taken(folder.path(), of(Some(6))), [6]);
    let text = |write: fn(&Book<'_>, &mut Vec<u8>) -> u64| {
        let (bytes, _) = crate::common::exported(folder.path(), Selection::default(), write);
        String::from_utf8(bytes).unwrap()
    };
    let is_named = |text: &str, what: &str| -> Vec<bool> {
        text.lines().map(|line| line.contains(what)).collect()
    };
    let on_it = [false, false, false, true, true, true, false, false];
    let entries = text(|book, out| export::csv::write(book, Table::Entries, out).unwrap());
    assert_eq!(is_named(&entries, ",M-0001,")[1..], on_it);
    let verdicts = [false, true, false];
    let files = text(|book, out| export::csv::write(book, Table::Files, out).unwrap());
    assert_eq!(is_named(&files, ",M-0001,")[1..], verdicts);
    let ocsf = text(|book, out| export::ocsf::write(book, out).unwrap());
    assert_eq!(is_named(&ocsf, "\"medium\":\"M-0001\""), verdicts);
    let cef = text(|book, out| export::cef::write(book, out).unwrap());
    assert_eq!(is_named(&cef, " cs1=M-0001 "), on_it);
    let syslog = text(|book, out| export::syslog::write(book, out).unwrap());
    assert_eq!(is_named(&syslog, " medium=\"M-0001\""), on_it);
    // The nearest entry is said where it is called that.
    let all = [false, true, false, false, true, false, false, true];
    assert_eq!(is_named(&cef, "mkRefusedEntry=M-0001"), all);
}
