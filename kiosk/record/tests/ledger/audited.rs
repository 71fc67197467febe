//! Starts and ends of kioskd, what is told of head and disk, and entries that name others.

use record::{Refusal, Writer};
use wire::Digest;
use wire::audit::{Cosigned, Exported, NOTE_BYTES_MAX, REMARK_BYTES_MAX, Reviewed};
use wire::ledger::{EntryId, Event};
use wire::waiver::PERSON_BYTES_MAX;

use crate::common::*;
use crate::talk::events;

fn again() -> Event {
    Event::Started {
        kiosk: "0.1.0".to_owned(),
        rules: None,
        again: true,
    }
}

fn reviewed(through: EntryId) -> Event {
    Event::Reviewed(Box::new(Reviewed {
        by: someone(),
        account: None,
        through,
        remark: None,
    }))
}

fn exported(first: u64, last: u64, entries: u64) -> Event {
    Event::Exported(Box::new(Exported {
        by: someone(),
        format: "csv".to_owned(),
        first,
        last,
        entries,
        file: None,
        sha256: None,
    }))
}

/// The starts that were found without an end.
fn crashes(entries: &[Event]) -> Vec<u64> {
    let folder = tempfile::tempdir().unwrap();
    for event in entries {
        // Each by another kiosk-record, which has only the ledger to know it from.
        let mut writer = Writer::open(folder.path()).unwrap();
        writer.append(event, None).unwrap();
    }
    let crash = |event: &Event| {
        if let Event::CrashFound { started } = event {
            return Some(*started);
        }
        assert!(matches!(event, Event::Started { .. } | Event::Stopped {}));
        None
    };
    events(folder.path()).iter().filter_map(crash).collect()
}

#[test]
fn an_end_that_was_told_is_no_crash_and_one_that_was_not_is_named_by_its_start() {
    let start = Event::Started {
        kiosk: "0.1.0".to_owned(),
        rules: None,
        again: false,
    };
    let end = Event::Stopped {};
    assert!(crashes(&[start.clone(), end.clone(), start.clone()]).is_empty());
    assert_eq!(crashes(&[start.clone(), start.clone()]), [1]);
    // 1 started, 2 stopped, 3 started, 4 crash found, 5 started.
    assert_eq!(
        crashes(&[start.clone(), end.clone(), start.clone(), start.clone()]),
        [3]
    );
    // Who meets its ledger anew goes on, and is known by its first start.
    assert!(crashes(&[start.clone(), again(), again(), end]).is_empty());
    assert_eq!(crashes(&[start.clone(), again(), start]), [1]);
}

#[test]
fn the_head_and_the_disk_are_told() {
    with_writer(|writer| {
        let empty = writer.standing();
        assert_eq!(empty.head, None);
        assert!(empty.disk_percent.is_some_and(|percent| percent <= 100));
        let first = writer.append(&started(), None).unwrap();
        assert_eq!(writer.standing().head, Some(first));
        assert!(writer.standing().reviewed_utc.is_some());
    });
}

#[test]
fn a_review_names_an_entry_of_this_ledger() {
    with_writer(|writer| {
        let first = writer.append(&started(), None).unwrap();
        let other = EntryId {
            leaf_sha256: Digest([0; 32]),
            ..first
        };
        let later = EntryId {
            number: first.number + 1,
            ..first
        };
        let none = EntryId { number: 0, ..first };
        for wrong in [other, later, none] {
            let refusal = writer.append(&reviewed(wrong), None).unwrap_err();
            let said = wrong.number;
            assert!(matches!(refusal, Refusal::NoSuchEntry(number) if number == said));
        }
        writer.append(&reviewed(first), None).unwrap();
        let standing = writer.standing();
        assert_eq!(standing.reviewed_utc, standing.latest_utc);
    });
}

#[test]
fn an_export_is_of_entries_that_are_there() {
    with_writer(|writer| {
        writer.append(&started(), None).unwrap();
        let mut refused = |event: &Event| writer.append(event, None).unwrap_err();
        let beyond = refused(&exported(1, 2, 1));
        assert!(matches!(beyond, Refusal::NoSuchEntry(2)), "{beyond}");
        for wrong in [exported(0, 1, 1), exported(1, 1, 2)] {
            assert!(matches!(refused(&wrong), Refusal::Audit(_)));
        }
        writer.append(&exported(1, 1, 0), None).unwrap();
        writer.append(&exported(1, 2, 2), None).unwrap();
    });
}

#[test]
fn remarks_names_and_notes_have_a_length() {
    with_writer(|writer| {
        let first = writer.append(&started(), None).unwrap();
        let review = |remark: Option<usize>, account: Option<usize>| {
            let text = |length: usize| "x".repeat(length);
            Event::Reviewed(Box::new(Reviewed {
                by: someone(),
                account: account.map(text),
                through: first,
                remark: remark.map(text),
            }))
        };
        let note = |length| {
            Event::Cosigned(Box::new(Cosigned {
                by: someone(),
                key: "auditor+00000000+AA==".to_owned(),
                note: "x".repeat(length),
            }))
        };
        for wrong in [
            review(Some(REMARK_BYTES_MAX + 1), None),
            review(Some(0), None),
            review(None, Some(PERSON_BYTES_MAX + 1)),
            review(None, Some(0)),
            note(NOTE_BYTES_MAX + 1),
        ] {
            let refusal = writer.append(&wrong, None).unwrap_err();
            assert!(matches!(refusal, Refusal::Audit(_)), "{refusal}");
        }
        let longest = review(Some(REMARK_BYTES_MAX), Some(PERSON_BYTES_MAX));
        writer.append(&longest, None).unwrap();
    });
}
