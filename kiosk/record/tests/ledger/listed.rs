//! Changes of the administrators' lists: what the ledger takes for one, and what it knows of
//! each list.

use record::{Refusal, Writer};
use wire::Digest;
use wire::custody::CUSTODY_TEXT_BYTES_MAX;
use wire::ledger::Event;
use wire::list_change::{
    CHANGED_BYTES_MAX, CHANGED_NAMED_MAX, Change, Changed, FIELD_BYTES_MAX, Field, ListChange,
    ListName,
};
use wire::standing::KnownList;

use crate::common::*;

pub(crate) fn change() -> ListChange {
    ListChange {
        list: ListName::Media,
        by: Some(someone()),
        second: None,
        reason: Some("bought".to_owned()),
        before_sha256: Some(Digest([1; 32])),
        after_sha256: Some(Digest([2; 32])),
        changed: vec![entry("M-0009")],
        more: 0,
    }
}

fn entry(id: &str) -> Changed {
    Changed {
        kind: "medium".to_owned(),
        id: id.to_owned(),
        change: Change::Edited,
        fields: vec![Field {
            key: "company".to_owned(),
            before: None,
            after: Some("\"Heat Co\"".to_owned()),
        }],
    }
}

pub(crate) fn listed(change: ListChange) -> Event {
    Event::ListChanged(Box::new(change))
}

#[test]
fn the_lists_are_known_as_the_last_entry_about_each_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    writer.append(&listed(change()), None).unwrap();
    let first = ListChange {
        list: ListName::Accounts,
        before_sha256: None,
        ..change()
    };
    writer.append(&listed(first), None).unwrap();
    let by_hand = ListChange {
        by: None,
        before_sha256: Some(Digest([2; 32])),
        after_sha256: Some(Digest([3; 32])),
        changed: Vec::new(),
        ..change()
    };
    writer.append(&listed(by_hand), None).unwrap();
    let known = [
        KnownList {
            list: ListName::Media,
            before_sha256: Some(Digest([2; 32])),
            after_sha256: Some(Digest([3; 32])),
        },
        KnownList {
            list: ListName::Accounts,
            before_sha256: None,
            after_sha256: Some(Digest([2; 32])),
        },
    ];
    assert_eq!(writer.standing().lists, known);
    drop(writer);
    let writer = Writer::open(folder.path()).unwrap();
    assert_eq!(writer.standing().lists, known);
}

#[track_caller]
fn refused(bad: ListChange, why: &str) {
    let refusal = refusal(&listed(bad));
    assert!(matches!(refusal, Refusal::List(_)), "{refusal}");
    assert!(refusal.to_string().contains(why), "{refusal}: {why}");
}

#[test]
fn a_change_of_a_list_is_one_and_says_by_whom() {
    let same = ListChange {
        after_sha256: change().before_sha256,
        ..change()
    };
    refused(same, "as it is");
    let long = ListChange {
        by: Some(nameless()),
        ..change()
    };
    refused(long, "name is too long");
    let second = ListChange {
        by: None,
        second: Some("B. Ito".to_owned()),
        ..change()
    };
    refused(second, "no first");
    let wordy = ListChange {
        reason: Some("x".repeat(CUSTODY_TEXT_BYTES_MAX + 1)),
        ..change()
    };
    refused(wordy, "says too much");
}

/// A field that is new, with a value of so many bytes.
fn field(key: &str, bytes: usize) -> Field {
    Field {
        key: key.to_owned(),
        before: None,
        after: Some("x".repeat(bytes)),
    }
}

#[test]
fn a_change_of_a_list_names_entries_and_fields_within_their_limits() {
    let of = |changed| ListChange {
        changed,
        ..change()
    };
    let with = |field| {
        of(vec![Changed {
            fields: vec![field],
            ..entry("M-1")
        }])
    };
    refused(of(vec![bare(); CHANGED_NAMED_MAX + 1]), "too many");
    let long = Changed {
        fields: vec![field("note", FIELD_BYTES_MAX); 4],
        ..entry("M-1")
    };
    // Each takes a little more than five times that, so these are too long and still an event.
    let many = CHANGED_BYTES_MAX / (5 * FIELD_BYTES_MAX) + 2;
    refused(of(vec![long; many]), "too long together");
    refused(with(field("note", FIELD_BYTES_MAX + 1)), "too long or has");
    refused(with(field("", 1)), "too long or has no key");
    refused(of(vec![entry("")]), "without kind or id");
    let full = ListChange {
        changed: vec![bare(); CHANGED_NAMED_MAX],
        more: 9_000,
        ..change()
    };
    for good in [full, with(field("note", FIELD_BYTES_MAX))] {
        with_writer(|writer| writer.append(&listed(good), None).map(drop).unwrap());
    }
}

/// The shortest that can be said of an entry: as many as may be named fit.
fn bare() -> Changed {
    Changed {
        kind: "m".to_owned(),
        id: "1".to_owned(),
        change: Change::Added,
        fields: Vec::new(),
    }
}
