//! A medium comes in, goes out, and is compared with itself: over the ledger's own rows.

use std::path::Path;

use record::compare::{Change, Listed, compare, is_listed_whole};
use record::reader::Filter;
use record::{Ledger, Writer, way};
use wire::custody::{Occasion, Way};
use wire::ledger::{Event, Judged};
use wire::{Coverage, Digest, Finding, MediumName, Row, RowKind, Source, Tier, Verdict};

use crate::common::*;

/// An insertion of a registered medium at a kiosk that goes this way; `None` says nothing of it.
fn at_the_gate(medium: &str, way: Option<Way>) -> Event {
    let mut event = at_kiosk();
    if let Event::Inserted {
        medium: id,
        occasion,
        ..
    } = &mut event
    {
        *id = Some(medium.to_owned());
        *occasion = way.map(|way| {
            Box::new(Occasion {
                visit: None,
                way,
                is_weak: false,
                is_enrolment: false,
            })
        });
    }
    event
}

/// A file with this content.
fn file(path: &str, content: u8) -> Row {
    Row {
        sha256: Some(Digest([content; 32])),
        ..row(path)
    }
}

/// Inserts and judges; gives the verdict's entry.
fn goes(writer: &mut Writer, event: &Event, verdict: Verdict, medium: &str, rows: &[Row]) -> u64 {
    let insertion = writer.append(event, None).unwrap().number;
    let count = rows.len() as u64;
    let judgement = Judged {
        medium: Some(medium.to_owned()),
        ..match verdict {
            Verdict::Pass => passed(insertion, count),
            Verdict::Stop | Verdict::Incomplete => stopped(insertion, count),
        }
    };
    let rows = received(&lines(rows));
    writer
        .append(&judged(judgement), Some(&rows))
        .unwrap()
        .number
}

fn verdict(ledger: &Ledger, entry: u64) -> Box<Judged> {
    let event = ledger.entry(entry).unwrap().content().unwrap().event;
    Box::new(event.judged().expect("a verdict").clone())
}

/// The entry of the PASS by which the medium of this verdict came in.
fn came_in(folder: &Path, entry: u64) -> Option<u64> {
    let ledger = Ledger::open(folder).unwrap();
    let found = way::came_in(&ledger, &verdict(&ledger, entry)).unwrap();
    found.map(|visit| visit.entry)
}

#[test]
fn what_goes_out_belongs_to_the_latest_pass_with_which_it_came_in() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    let (a, b) = ("M-0001", "M-0002");
    let pass = |writer: &mut Writer, way, medium: &str| {
        goes(
            writer,
            &at_the_gate(medium, way),
            Verdict::Pass,
            medium,
            &[],
        )
    };
    let early = pass(&mut writer, None, a);
    let late = pass(&mut writer, Some(Way::In), a);
    // None of these is one: another medium, STOP, on the way out, by hand, withdrawn.
    pass(&mut writer, None, b);
    goes(&mut writer, &at_the_gate(a, None), Verdict::Stop, a, &[]);
    pass(&mut writer, Some(Way::Out), a);
    goes(&mut writer, &inserted(), Verdict::Pass, a, &[]);
    let taken = pass(&mut writer, None, a);
    let withdrawn = Event::Withdrawn {
        insertion: taken - 1,
        verdict: Verdict::Incomplete,
        reasons: stopped(1, 0).reasons,
    };
    writer.append(&withdrawn, None).unwrap();
    let out = pass(&mut writer, Some(Way::Out), a);
    assert_eq!(came_in(folder.path(), out), Some(late));
    assert_eq!(came_in(folder.path(), late), Some(early));
    assert_eq!(came_in(folder.path(), early), None);
    let ledger = Ledger::open(folder.path()).unwrap();
    for (entry, is_out) in [(early, false), (late, false), (out, true)] {
        assert_eq!(
            way::is_out(&ledger, &verdict(&ledger, entry)).unwrap(),
            is_out
        );
    }
    let unnamed = Judged {
        medium: None,
        ..*verdict(&ledger, out)
    };
    assert_eq!(way::came_in(&ledger, &unnamed).unwrap(), None);
}

#[test]
fn the_way_in_is_found_however_much_happened_since() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    let medium = "M-0001";
    let event = at_the_gate(medium, None);
    let first = goes(&mut writer, &event, Verdict::Pass, medium, &[]);
    for _ in 0..300 {
        writer.append(&started(), None).unwrap();
    }
    let event = at_the_gate(medium, Some(Way::Out));
    let out = goes(&mut writer, &event, Verdict::Pass, medium, &[]);
    assert_eq!(came_in(folder.path(), out), Some(first));
}

#[test]
fn entries_are_read_back_from_one_to_the_first() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let ledger = Ledger::open(folder.path()).unwrap();
    let numbers = |entries: record::reader::Entries<'_>| -> Vec<u64> {
        entries.map(|entry| entry.unwrap().number).collect()
    };
    let mut all = numbers(ledger.entries(Filter::default()).unwrap());
    all.reverse();
    assert_eq!(numbers(ledger.entries_before(ENTRIES + 1)), all);
    assert_eq!(numbers(ledger.entries_before(3)), [2, 1]);
    assert_eq!(numbers(ledger.entries_before(1)), [0; 0]);
    assert_eq!(numbers(ledger.entries_before(0)), [0; 0]);
}

#[test]
fn what_changed_between_two_visits_is_told_by_the_rows_of_both() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    let medium = "M-0001";
    let raw = Row {
        kind: RowKind::Unallocated,
        ..file("free space", 1)
    };
    let before = [
        file("kept.txt", 1),
        file("点検.txt", 1),
        file("gone.txt", 1),
        file("away/b\u{202e}txt.exe", 1),
        raw.clone(),
    ];
    let after = [
        file("new1.txt", 1),
        file("new2.txt", 2),
        file("new3.txt", 3),
        file("点検.txt", 2),
        file("kept.txt", 1),
        Row {
            sha256: Some(Digest([2; 32])),
            ..raw
        },
    ];
    let event = at_the_gate(medium, None);
    let first = goes(&mut writer, &event, Verdict::Pass, medium, &before);
    let event = at_the_gate(medium, Some(Way::Out));
    let out = goes(&mut writer, &event, Verdict::Pass, medium, &after);
    drop(writer);
    assert_eq!(came_in(folder.path(), out), Some(first));
    let ledger = Ledger::open(folder.path()).unwrap();
    let listed = Listed {
        before: is_listed_whole(&verdict(&ledger, first)),
        after: is_listed_whole(&verdict(&ledger, out)),
    };
    let found = compare(ledger.rows(first), ledger.rows(out), listed).unwrap();
    let (mut new, mut changed, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for one in found {
        let path = one.place.path.escaped().to_string();
        match one.change {
            Change::New(_) => new.push(path),
            Change::Changed { .. } => changed.push(path),
            Change::Gone(_) => gone.push(path),
            Change::NotComparable { .. } => panic!("{path}"),
        }
    }
    assert_eq!(new, ["new1.txt", "new2.txt", "new3.txt"]);
    assert_eq!(changed, ["点検.txt"]);
    assert_eq!(gone, ["away/b⟨U+202E⟩txt.exe", "gone.txt"]);
}

#[test]
fn a_scan_without_its_end_or_with_an_unread_structure_did_not_list_everything() {
    let whole = passed(1, 0);
    assert!(is_listed_whole(&whole));
    let mut volume = wire::VolumeReport {
        index: 0,
        kind: "fat32".to_owned(),
        label: MediumName::default(),
        offset_bytes: 0,
        size_bytes: 0,
        coverage: Coverage::default(),
        findings: vec![Finding::own("noted", Source::Volume, Tier::Notice, "")],
    };
    let with = |volume: &wire::VolumeReport| Judged {
        volumes: vec![volume.clone()],
        ..passed(1, 0)
    };
    assert!(is_listed_whole(&with(&volume)));
    volume.findings[0].tier = Tier::Incomplete;
    for bad in [
        with(&volume),
        Judged {
            totals: None,
            ..passed(1, 0)
        },
        Judged {
            fault: Some("the scanner died".to_owned()),
            ..passed(1, 0)
        },
    ] {
        assert!(!is_listed_whole(&bad), "{bad:?}");
    }
}
