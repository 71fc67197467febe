//! What the writer takes and what it refuses.

use std::os::unix::fs::PermissionsExt;

use crate::common::*;
use record::check;
use record::entry::{NO_LEAF, leaf};
use record::reader::Filter;
use record::rows::{ROW_BYTES_MAX, Rows};
use record::{Ledger, LedgerError, Refusal, Writer};
use wire::claim::{Claim, INTERFACES_MAX, Interface};
use wire::ledger::{EVENT_BYTES_MAX, Event, Judged, ROWS_BYTES_MAX, VOLUMES_MAX};
use wire::outcome::{DETAIL_BYTES_MAX, FINDINGS_MAX, RULE_BYTES_MAX, TYPE_BYTES_MAX};
use wire::scan::CONTAINER_DEPTH_MAX;
use wire::{Finding, MediumName, Reason, ReasonCode, Row, Source, Tier, Verdict, VolumeReport};

#[test]
fn entries_are_numbered_from_one_and_linked() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let ledger = Ledger::open(folder.path()).unwrap();
    let mut previous = NO_LEAF;
    let entries: Vec<_> = ledger
        .entries(Filter::default())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (number, entry) in (1u64..).zip(&entries) {
        let content = entry.content().unwrap();
        assert_eq!(
            (entry.number, content.number, content.previous),
            (number, number, previous)
        );
        assert_eq!(leaf(entry.bytes.as_bytes()), entry.leaf_sha256);
        assert!(!entry.bytes.chars().any(wire::name::is_hidden));
        // What is written is exactly what is read: the same keys in the same order.
        assert_eq!(record::canonical::line(&content).unwrap(), entry.bytes);
        previous = entry.leaf_sha256;
    }
    assert_eq!(u64::try_from(entries.len()).unwrap(), ENTRIES);
    let verified = ledger.verify(None).unwrap();
    assert_eq!((verified.entries, verified.rows), (ENTRIES, 6));
    assert_eq!(verified.head.unwrap().leaf_sha256, previous);
}

#[test]
fn an_empty_ledger_verifies() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Writer::open(folder.path()).unwrap().head(), None);
    let verified = verified(folder.path()).unwrap();
    assert_eq!(
        (verified.entries, verified.rows, verified.head),
        (0, 0, None)
    );
}

#[test]
fn rows_come_back_as_they_were_sent_and_are_stored_readable() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let ledger = Ledger::open(folder.path()).unwrap();
    let rows: Vec<Row> = ledger.rows(3).map(Result::unwrap).collect();
    assert_eq!(rows, [row("点検/a.txt"), row("b\u{202e}txt.exe"), row("c")]);
    let db = rusqlite::Connection::open(folder.path().join("ledger.db")).unwrap();
    let stored: String = db
        .query_row(
            "SELECT bytes FROM rows WHERE entry = 3 AND ordinal = 2",
            (),
            |row| row.get(0),
        )
        .unwrap();
    assert!(stored.contains(r#""path":"b\u202etxt.exe""#), "{stored}");
    assert_eq!(ledger.rows(4).count(), 0);
}

#[test]
fn an_insertion_left_open_is_interrupted_when_the_ledger_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let ledger = Ledger::open(folder.path()).unwrap();
    let event = ledger.entry(11).unwrap().content().unwrap().event;
    assert!(
        matches!(event, Event::Interrupted { insertion: 10, .. }),
        "{event:?}"
    );
    assert!(matches!(ledger.entry(12), Err(LedgerError::NoEntry(12))));
}

#[test]
fn a_removal_may_follow_an_interruption() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let mut writer = Writer::open(folder.path()).unwrap();
    let removed = Event::Removed { insertion: 10 };
    assert_eq!(writer.append(&removed, None).unwrap().number, 12);
    assert!(matches!(
        writer.append(&removed, None),
        Err(Refusal::Removed(10))
    ));
}

#[test]
fn a_second_writer_is_told_which_folder_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let first = Writer::open(folder.path()).unwrap();
    let error = Writer::open(folder.path()).err().unwrap();
    assert!(matches!(error, LedgerError::InUse(_)));
    assert!(
        error.to_string().contains(folder.path().to_str().unwrap()),
        "{error}"
    );
    drop(first);
    Writer::open(folder.path()).unwrap();
}

#[test]
fn files_are_for_their_owner_and_group_only() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("a/ledger");
    let writer = Writer::open(&folder).unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&folder), 0o750);
    for file in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        assert_eq!(mode(&folder.join(file)), 0o640, "{file}");
    }
    assert_eq!(mode(&folder.join("ledger.lock")), 0o600);
    drop(writer);
    // They stay, so that a reader who may not write here finds them.
    assert!(folder.join("ledger.db-wal").exists() && folder.join("ledger.db-shm").exists());
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    sqlite3(folder.path(), "CREATE TABLE entries (a)");
    assert!(matches!(
        Writer::open(folder.path()),
        Err(LedgerError::Foreign(_))
    ));
    assert!(matches!(
        Ledger::open(folder.path()),
        Err(LedgerError::Foreign(_))
    ));
    std::fs::write(folder.path().join("ledger.db"), [b'x'; 8192]).unwrap();
    assert!(matches!(
        Writer::open(folder.path()),
        Err(LedgerError::Foreign(_))
    ));
}

#[test]
fn a_ledger_of_a_later_kiosk_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    sqlite3(folder.path(), "PRAGMA user_version = 2");
    assert!(matches!(
        Writer::open(folder.path()),
        Err(LedgerError::Newer { found: 2, known: 1 })
    ));
    assert!(matches!(
        Ledger::open(folder.path()),
        Err(LedgerError::Newer { found: 2, known: 1 })
    ));
}

#[test]
fn a_ledger_that_is_gone_does_not_begin_anew() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let db = folder.path().join("ledger.db");
    std::fs::write(&db, "").unwrap();
    assert!(matches!(
        Writer::open(folder.path()),
        Err(LedgerError::Lost(_))
    ));
    for file in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        std::fs::remove_file(folder.path().join(file)).unwrap();
    }
    assert!(matches!(
        Writer::open(folder.path()),
        Err(LedgerError::Lost(_))
    ));
    assert!(matches!(
        Writer::open(folder.path()),
        Err(LedgerError::Lost(_))
    ));
}

#[test]
fn a_missing_ledger_is_not_made_by_a_reader() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        Ledger::open(folder.path()),
        Err(LedgerError::Open { .. })
    ));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

/// What is refused leaves nothing behind.
pub(crate) fn refused(event: &Event, rows: Option<&[u8]>) -> Refusal {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    writer.append(&inserted(), None).unwrap();
    let rows = rows.map(received);
    let refusal = writer.append(event, rows.as_ref()).unwrap_err();
    assert_eq!(writer.head().unwrap().number, 1);
    // And the insertion can still have its verdict.
    writer.append(&judged(stopped(1, 0)), None).unwrap();
    drop(writer);
    assert_eq!(verified(folder.path()).unwrap().entries, 2);
    refusal
}

#[test]
fn one_insertion_has_one_verdict_and_then_one_removal() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let mut writer = Writer::open(folder.path()).unwrap();
    let mut refusal = |event: Event| writer.append(&event, None).unwrap_err();
    assert!(matches!(refusal(judged(stopped(2, 0))), Refusal::Closed(2)));
    assert!(matches!(
        refusal(judged(stopped(10, 0))),
        Refusal::Closed(10)
    ));
    assert!(matches!(
        refusal(judged(stopped(1, 0))),
        Refusal::NoInsertion(1)
    ));
    assert!(matches!(
        refusal(judged(stopped(0, 0))),
        Refusal::NoInsertion(0)
    ));
    assert!(matches!(
        refusal(judged(stopped(u64::MAX, 0))),
        Refusal::NoInsertion(u64::MAX)
    ));
    assert!(matches!(
        refusal(Event::Removed { insertion: 3 }),
        Refusal::NoInsertion(3)
    ));
    assert!(matches!(
        refusal(Event::Removed { insertion: 5 }),
        Refusal::Removed(5)
    ));
    assert!(matches!(
        refused(&Event::Removed { insertion: 1 }, None),
        Refusal::Open(1)
    ));
}

#[test]
fn a_pass_is_withdrawn_once_after_its_verdict_and_for_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    let insertion = writer.append(&inserted(), None).unwrap().number;
    let withdrawn = |verdict, reasons: &[ReasonCode]| Event::Withdrawn {
        insertion,
        verdict,
        reasons: reasons
            .iter()
            .map(|code| Reason {
                code: *code,
                count: 1,
            })
            .collect(),
    };
    let right = withdrawn(Verdict::Incomplete, &[ReasonCode::Removed]);
    let refusal = |writer: &mut Writer, event: &Event| writer.append(event, None).unwrap_err();
    assert!(matches!(refusal(&mut writer, &right), Refusal::Open(_)));
    let stop = writer.append(&inserted(), None).unwrap().number;
    writer.append(&judged(stopped(stop, 0)), None).unwrap();
    let of_a_stop = Event::Withdrawn {
        insertion: stop,
        verdict: Verdict::Incomplete,
        reasons: vec![Reason {
            code: ReasonCode::Removed,
            count: 1,
        }],
    };
    assert!(matches!(
        refusal(&mut writer, &of_a_stop),
        Refusal::NoPass(_)
    ));
    writer.append(&judged(passed(insertion, 0)), None).unwrap();
    let pass = withdrawn(Verdict::Pass, &[ReasonCode::Removed]);
    assert!(matches!(refusal(&mut writer, &pass), Refusal::Pass(_)));
    let unreasoned = withdrawn(Verdict::Incomplete, &[]);
    assert!(matches!(
        refusal(&mut writer, &unreasoned),
        Refusal::NoReason
    ));
    writer.append(&right, None).unwrap();
    assert!(matches!(
        refusal(&mut writer, &right),
        Refusal::Withdrawn(_)
    ));
    writer.append(&Event::Removed { insertion }, None).unwrap();
    drop(writer);
    let ledger = Ledger::open(folder.path()).unwrap();
    assert_eq!(ledger.verify(None).unwrap().entries, 6);
}

#[test]
fn nobody_else_records_an_interruption() {
    let event = Event::Interrupted {
        insertion: 1,
        why: String::new(),
    };
    assert!(matches!(refused(&event, None), Refusal::Own));
}

#[test]
fn rows_are_counted() {
    let two = lines(&[row("a"), row("b")]);
    let refusal = refused(&judged(passed(1, 3)), Some(&two));
    assert!(
        matches!(
            refusal,
            Refusal::Count {
                said: 3,
                carried: 2
            }
        ),
        "{refusal}"
    );
    let refusal = refused(&judged(stopped(1, 1)), Some(&two));
    assert!(
        matches!(
            refusal,
            Refusal::Count {
                said: 1,
                carried: 2
            }
        ),
        "{refusal}"
    );
    let refusal = refused(&judged(stopped(1, 1)), None);
    assert!(
        matches!(
            refusal,
            Refusal::Count {
                said: 1,
                carried: 0
            }
        ),
        "{refusal}"
    );
}

#[test]
fn only_a_verdict_has_rows() {
    assert!(matches!(
        refused(&started(), Some(b"")),
        Refusal::RowsOfWhat
    ));
    assert!(matches!(
        refused(&inserted(), Some(&lines(&[row("a")]))),
        Refusal::RowsOfWhat
    ));
}

#[test]
fn what_is_no_row_is_refused() {
    let good = String::from_utf8(lines(&[row("a")])).unwrap();
    let bad = [
        "\n",
        "{}\n",
        "\n\n",
        &good.replace("\"inherited\"", "\"inherited\":false,\"inherited\""),
        &good.replace("\"path\"", "\"more\":1,\"path\""),
        &good.replace('\n', " 1\n"),
        &good[..good.len() - 2],
    ];
    for bad in bad {
        let all = format!("{good}{bad}");
        let refusal = refused(&judged(stopped(1, 2)), Some(all.as_bytes()));
        assert!(
            matches!(refusal, Refusal::Row { ordinal: 2, .. }),
            "{bad:?}: {refusal}"
        );
    }
    // The last line's end may be missing, for then nothing is.
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    writer.append(&inserted(), None).unwrap();
    let rows = received(good.trim_end().as_bytes());
    writer.append(&judged(stopped(1, 1)), Some(&rows)).unwrap();
}

#[test]
fn a_row_past_a_limit_is_refused() {
    let finding = Finding::own("rule", Source::Yara, Tier::Notice, "");
    let depth = usize::try_from(CONTAINER_DEPTH_MAX).unwrap();
    let deep = |by| Row {
        within: vec![MediumName::default(); by],
        ..row("a")
    };
    let typed = |by| Row {
        content_type: Some("x".repeat(by)),
        ..row("a")
    };
    let found = |by| Row {
        findings: vec![finding.clone(); by],
        ..row("a")
    };
    let ruled = |by| Row {
        findings: vec![Finding {
            rule: "x".repeat(by),
            ..finding.clone()
        }],
        ..row("a")
    };
    let detailed = |by| Row {
        findings: vec![Finding {
            detail: "x".repeat(by),
            ..finding.clone()
        }],
        ..row("a")
    };
    let limits: [(usize, &dyn Fn(usize) -> Row); 5] = [
        (depth, &deep),
        (TYPE_BYTES_MAX, &typed),
        (FINDINGS_MAX, &found),
        (RULE_BYTES_MAX, &ruled),
        (DETAIL_BYTES_MAX, &detailed),
    ];
    for (limit, of) in limits {
        assert!(
            check::row(&of(limit), Verdict::Stop).is_ok(),
            "{:?}",
            of(limit)
        );
        assert!(
            check::row(&of(limit + 1), Verdict::Stop).is_err(),
            "{:?}",
            of(limit + 1)
        );
    }
}

#[test]
fn a_line_past_the_limit_is_refused_unread() {
    let line = vec![b' '; ROW_BYTES_MAX + 1];
    let refusal = refused(&judged(stopped(1, 1)), Some(&line));
    assert!(refusal.to_string().contains("65537 bytes"), "{refusal}");
}

#[test]
fn rows_past_the_limit_are_refused_unread() {
    // Sparse: a memory file of this size costs nothing until it is written.
    let file = jail::memory::writable("rows").unwrap();
    file.set_len(ROWS_BYTES_MAX + 1).unwrap();
    let file = jail::memory::seal(file).unwrap();
    assert!(matches!(Rows::receive(&file), Err(Refusal::RowsTooLong(_))));
}

#[test]
fn rows_that_the_sender_could_change_are_refused() {
    let open = std::os::fd::OwnedFd::from(jail::memory::writable("rows").unwrap());
    assert!(matches!(Rows::receive(&open), Err(Refusal::Unsealed(_))));
    let file = std::os::fd::OwnedFd::from(tempfile::tempfile().unwrap());
    assert!(matches!(Rows::receive(&file), Err(Refusal::Unsealed(_))));
}

#[test]
fn an_event_past_a_limit_is_refused() {
    let fault = |length| {
        judged(Judged {
            fault: Some("x".repeat(length)),
            ..stopped(1, 0)
        })
    };
    let base = serde_json::to_vec(&fault(0)).unwrap().len();
    assert!(check::event(&fault(EVENT_BYTES_MAX - base)).is_ok());
    let refusal = refused(&fault(EVENT_BYTES_MAX - base + 1), None);
    assert!(matches!(refusal, Refusal::EventTooLong(length) if length == EVENT_BYTES_MAX + 1));

    let volume = VolumeReport {
        index: 0,
        kind: String::new(),
        label: MediumName::default(),
        offset_bytes: 0,
        size_bytes: 0,
        coverage: wire::Coverage::default(),
        findings: Vec::new(),
    };
    let volumes = |by| {
        judged(Judged {
            volumes: vec![volume.clone(); by],
            ..stopped(1, 0)
        })
    };
    assert!(check::event(&volumes(VOLUMES_MAX)).is_ok());
    assert!(matches!(
        refused(&volumes(VOLUMES_MAX + 1), None),
        Refusal::Volumes(65)
    ));

    let claim = |by| Event::Inserted {
        target: target(),
        claim: Some(Box::new(Claim {
            vid: 1,
            pid: 2,
            serial: None,
            manufacturer: MediumName::default(),
            product: MediumName::default(),
            interfaces: vec![
                Interface {
                    class: 8,
                    subclass: 6,
                    protocol: 0x50
                };
                by
            ],
            capacity_bytes: Some(0),
            usb: None,
        })),
        medium: None,
        rules: None,
        occasion: None,
    };
    assert!(check::event(&claim(INTERFACES_MAX)).is_ok());
    assert!(matches!(
        refused(&claim(INTERFACES_MAX + 1), None),
        Refusal::Interfaces
    ));
}

#[test]
fn the_longest_event_of_hidden_characters_is_an_entry_that_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    writer.append(&inserted(), None).unwrap();
    let base = serde_json::to_vec(&judged(Judged {
        fault: Some(String::new()),
        ..stopped(1, 0)
    }));
    let room = EVENT_BYTES_MAX - base.unwrap().len();
    let fault = Some("\u{7f}".repeat(room));
    let event = judged(Judged {
        fault,
        ..stopped(1, 0)
    });
    writer.append(&event, None).unwrap();
    drop(writer);
    let ledger = Ledger::open(folder.path()).unwrap();
    ledger.verify(None).unwrap();
    assert_eq!(ledger.entry(2).unwrap().content().unwrap().event, event);
}

#[test]
fn since_and_limit_choose_the_last_entries() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let ledger = Ledger::open(folder.path()).unwrap();
    let listed = |since, limit| -> Vec<u64> {
        let entries = ledger.entries(Filter { since, limit }).unwrap();
        entries.map(|entry| entry.unwrap().number).collect()
    };
    assert_eq!(listed(Some(9), None), [9, 10, 11]);
    assert_eq!(listed(None, Some(2)), [10, 11]);
    assert_eq!(listed(Some(11), Some(5)), [11]);
    assert_eq!(listed(Some(0), Some(99)).len(), 11);
    assert!(listed(None, Some(0)).is_empty());
    assert!(listed(Some(12), None).is_empty());
    assert!(listed(Some(u64::MAX), None).is_empty());
}

#[test]
fn more_entries_and_rows_than_a_page_are_all_listed() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    for _ in 0..300 {
        writer.append(&started(), None).unwrap();
    }
    writer.append(&inserted(), None).unwrap();
    let rows: Vec<Row> = (0..1000).map(|index| row(&index.to_string())).collect();
    writer
        .append(&judged(passed(301, 1000)), Some(&received(&lines(&rows))))
        .unwrap();
    let ledger = Ledger::open(folder.path()).unwrap();
    assert_eq!(ledger.entries(Filter::default()).unwrap().count(), 302);
    assert_eq!(
        ledger.rows(302).map(Result::unwrap).collect::<Vec<_>>(),
        rows
    );
    assert_eq!(ledger.verify(None).unwrap().rows, 1000);
}
