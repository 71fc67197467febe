use std::path::Path;

use proptest::prelude::*;
use rusqlite::Connection;
use wire::audit::Sealed;
use wire::ledger::{Judged, Target};
use wire::rule_change::Person;
use wire::scan::{TargetKind, Totals};
use wire::{Finding, MediumName, Outcome, RowKind, Source, Tier, Verdict};

use super::*;
use crate::reader::Filter;
use crate::rows::Rows;
use crate::writer::Writer;

fn target() -> Target {
    Target {
        kind: TargetKind::Image,
        name: MediumName::new("stick.img").unwrap(),
        size_bytes: 1,
    }
}

fn row(path: &[u8], within: &[&[u8]], hash: Option<u8>, rule: Option<&str>) -> Row {
    let name = |bytes: &[u8]| MediumName::new(bytes).unwrap();
    let finding = |rule| Finding::own(rule, Source::Yara, Tier::Notice, "");
    Row {
        volume: Some(0),
        path: name(path),
        within: within.iter().map(|bytes| name(bytes)).collect(),
        kind: if within.is_empty() {
            RowKind::File
        } else {
            RowKind::Member
        },
        size_bytes: 1,
        sha256: hash.map(|byte| Digest([byte; 32])),
        content_type: None,
        outcome: Outcome::Clean,
        inherited: false,
        findings: rule.map(finding).into_iter().collect(),
    }
}

/// Writes an insertion with a verdict over these rows; gives the verdict's entry.
fn judge(writer: &mut Writer, rows: &[Row]) -> u64 {
    let inserted = Event::Inserted {
        target: target(),
        claim: None,
        medium: None,
        rules: None,
        occasion: None,
    };
    let insertion = writer.append(&inserted, None).unwrap().number;
    let count = u64::try_from(rows.len()).unwrap();
    let judged = Judged {
        insertion,
        verdict: Verdict::Incomplete,
        reasons: vec![wire::Reason {
            code: wire::ReasonCode::Limit,
            count: 1,
        }],
        medium: None,
        target: target(),
        rules: None,
        volumes: Vec::new(),
        totals: Some(Totals {
            rows: count,
            volumes: 0,
            bytes_read: 0,
            bytes_hashed: 0,
            outside: wire::Coverage::default(),
        }),
        started: "2026-11-23T08:30:00Z".to_owned(),
        finished: "2026-11-23T08:31:00Z".to_owned(),
        fault: None,
        refused: None,
        waivers: Vec::new(),
        policy_sha256: None,
    };
    let lines = rows.iter().flat_map(|row| {
        let mut line = serde_json::to_vec(row).unwrap();
        line.push(b'\n');
        line
    });
    let lines: Vec<u8> = lines.collect();
    let rows = Rows::receive(&jail::memory::sealed("rows", &lines).unwrap()).unwrap();
    let event = Event::Judged(Box::new(judged));
    writer.append(&event, Some(&rows)).unwrap().number
}

fn met(ledger: &Ledger, number: u64, wanted: &Wanted) -> Result<Met, LedgerError> {
    let content = ledger.entry(number)?.content()?;
    Search::new(ledger).met(&content, wanted)
}

fn count(ledger: &Ledger, number: u64, wanted: &Wanted) -> u64 {
    met(ledger, number, wanted).unwrap().count
}

/// A ledger with one verdict over these rows, and the verdict's entry.
fn ledger(folder: &Path, rows: &[Row]) -> (Ledger, u64) {
    let mut writer = Writer::open(folder).unwrap();
    let number = judge(&mut writer, rows);
    drop(writer);
    (Ledger::open(folder).unwrap(), number)
}

fn named(text: &str) -> Wanted {
    Wanted::default().with_name(text)
}

#[test]
fn a_part_of_a_path_is_found_in_every_spelling_and_in_containers() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        row("点検/Setup \"1\".EXE".as_bytes(), &[], Some(1), None),
        row(
            "a\u{202e}gpj\\.exe".as_bytes(),
            &[b"Outer.ZIP"],
            Some(2),
            None,
        ),
        row(b"\x83e\x83X\x83g.txt", &[b"x\ny", b"inner"], Some(3), None),
    ];
    let (ledger, number) = ledger(folder.path(), &rows);
    for (text, expected) in [
        ("setup", 1),
        ("SETUP \"1\"", 1),
        ("点検", 1),
        ("点検/s", 1),
        ("outer.zip", 1),
        ("gpj\\.", 1),
        ("a\u{202e}g", 1),
        ("a⟨U+202E⟩G", 1),
        ("⟨83⟩E⟨83⟩", 1),
        ("x⟨U+000A⟩y", 1),
        ("x\ny", 1),
        ("inner", 1),
        (".exe", 2),
        ("Outer.zip > a⟨U+202E⟩gpj", 1),
        ("y > Inner > ⟨83⟩", 1),
        ("inner > outer", 0),
        // How the ledger spells a character is no part of the name.
        ("u202e", 0),
        ("\\\"", 0),
        ("hex", 0),
        ("785a", 0),
        // No escape of ours.
        ("⟨U+0041⟩", 0),
        ("⟨ff", 0),
        ("", 3),
    ] {
        assert_eq!(count(&ledger, number, &named(text)), expected, "{text:?}");
    }
}

#[test]
fn a_hash_and_a_rule_are_found_whole_and_all_must_hold_for_one_row() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        row(b"a", &[], Some(1), Some("eicar_test_file")),
        row(b"b\"sha256\":\"", &[], Some(2), None),
        row(b"c", &[], None, Some("eicar")),
    ];
    let (ledger, number) = ledger(folder.path(), &rows);
    let hash = |byte| Wanted::default().with_sha256(Digest([byte; 32]));
    let rule = |name: &str| Wanted::default().with_rule(name);
    for (wanted, expected) in [
        (hash(1), 1),
        (hash(2), 1),
        (hash(3), 0),
        (rule("eicar"), 1),
        (rule("eicar_test_file"), 1),
        (rule("eicar_test"), 0),
        (rule(""), 0),
        (hash(1).with_rule("eicar_test_file").with_name("A"), 1),
        (hash(1).with_rule("eicar"), 0),
        (hash(1).with_name("b"), 0),
        (Wanted::default(), 3),
    ] {
        assert_eq!(count(&ledger, number, &wanted), expected, "{wanted:?}");
    }
    let first = met(&ledger, number, &rule("eicar")).unwrap().first;
    assert_eq!(first.as_deref(), Some(&rows[2]));
    assert!(Wanted::default().is_nothing() && !rule("x").is_nothing());
    assert_eq!(rule("x").only_rule(), Some("x"));
    assert_eq!(rule("x").with_name("y").only_rule(), None);
}

#[test]
fn rows_that_are_not_those_that_were_written_are_never_not_found() {
    let sound = || {
        let folder = tempfile::tempdir().unwrap();
        let rows = [row(b"a", &[], Some(1), None), row(b"b", &[], Some(2), None)];
        let (_, number) = ledger(folder.path(), &rows);
        (folder, number)
    };
    let added = "INSERT INTO rows SELECT entry, 3, bytes FROM rows WHERE ordinal = 1";
    for (change, what) in [
        (
            "UPDATE rows SET bytes = replace(bytes, '01', '03')",
            "has a changed row",
        ),
        (
            "UPDATE rows SET bytes = replace(bytes, '{', '{ ')",
            "has a changed row",
        ),
        (
            "DELETE FROM rows WHERE ordinal = 1",
            "has lost a row: row 1",
        ),
        (
            "DELETE FROM rows WHERE ordinal = 2",
            "has lost a row: row 2",
        ),
        ("DELETE FROM rows", "has lost a row: row 1"),
        (added, "has a row too many: row 3"),
    ] {
        let (folder, number) = sound();
        let db = Connection::open(folder.path().join("ledger.db")).unwrap();
        for trigger in ["not_updated", "not_deleted", "with_their_entry"] {
            db.execute(&format!("DROP TRIGGER rows_{trigger}"), ())
                .unwrap();
        }
        db.execute(change, ()).unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        let wanted = Wanted::default().with_sha256(Digest([1; 32]));
        let error = met(&ledger, number, &wanted).unwrap_err().to_string();
        assert!(error.contains(what), "{change}: {error}");
    }
}

#[test]
fn rows_in_an_archive_are_said_to_be_there_and_others_that_are_gone_are_missed() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    let first = judge(&mut writer, &[row(b"a", &[], Some(1), None)]);
    let second = judge(&mut writer, &[row(b"a", &[], Some(1), None)]);
    drop(writer);
    let sealed = Event::Sealed(Box::new(Sealed {
        by: Person {
            uid: 0,
            user: "root".to_owned(),
            login_uid: None,
            login_user: None,
            medium: None,
        },
        through: first,
        rows: 1,
        archive_sha256: Digest([2; 32]),
    }));
    append_unchecked(folder.path(), &sealed);
    let db = Connection::open(folder.path().join("ledger.db")).unwrap();
    db.execute_batch("DROP TRIGGER rows_not_deleted; DELETE FROM rows")
        .unwrap();
    let ledger = Ledger::open(folder.path()).unwrap();
    let wanted = named("a");
    let search = Search::new(&ledger);
    assert!(!search.is_sealed(second).unwrap() && search.is_sealed(first).unwrap());
    let found = met(&ledger, first, &wanted).unwrap();
    assert_eq!((found.count, found.looked), (0, Looked::Sealed));
    let error = met(&ledger, second, &wanted).unwrap_err().to_string();
    assert!(error.contains("has lost a row"), "{error}");
}

/// Appends an event as it is, with the bytes that the writer would make of it.
fn append_unchecked(folder: &Path, event: &Event) {
    let db = Connection::open(folder.join("ledger.db")).unwrap();
    let last: (i64, String) = db
        .query_row(
            "SELECT number, bytes FROM entries ORDER BY number DESC LIMIT 1",
            (),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    let before: Content = serde_json::from_str(&last.1).unwrap();
    let content = Content {
        number: before.number.saturating_add(1),
        previous: crate::entry::leaf(last.1.as_bytes()),
        event: event.clone(),
        rows: None,
        rows_sha256: None,
        ..before
    };
    let bytes = crate::canonical::line(&content).unwrap();
    let leaf = crate::entry::leaf(bytes.as_bytes()).to_string();
    let number = integer(content.number);
    db.execute(
        "INSERT INTO entries (number, bytes, leaf) VALUES (?1, ?2, ?3)",
        (number, &bytes, &leaf),
    )
    .unwrap();
}

#[test]
fn the_time_of_an_entry_is_read_from_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, _) = ledger(folder.path(), &[row(b"a", &[], None, None)]);
    for entry in ledger.entries(Filter::default()).unwrap() {
        let entry = entry.unwrap();
        let said = entry.content().unwrap().recorded_utc;
        assert_eq!(
            recorded_text(&entry.bytes, entry.number),
            Some(said.as_str())
        );
        assert_eq!(entry.recorded().unwrap(), said.parse().unwrap());
        // Under another number it is another entry's.
        let moved = Entry {
            number: entry.number.saturating_add(7),
            ..entry.clone()
        };
        assert!(
            moved
                .recorded()
                .unwrap_err()
                .to_string()
                .contains("not in its place")
        );
        let timeless = Entry {
            bytes: entry.bytes.replace(&said, "soon"),
            ..entry.clone()
        };
        assert!(timeless.recorded().is_err());
        // A later form is not read by its places.
        let later = Entry {
            bytes: entry
                .bytes
                .replace("entry/1", "entry/2")
                .replace("event", "happening"),
            ..entry
        };
        assert!(matches!(later.recorded(), Err(LedgerError::Unknown { .. })));
    }
}

fn some_name() -> impl Strategy<Value = Vec<u8>> {
    let letters = prop::sample::select(vec![
        "a",
        "B",
        "\"",
        "\\",
        "/",
        "é",
        "É",
        "点",
        "\u{202e}",
        "\u{e0001}",
        "\n",
        "⟨",
        "⟩",
        "U+",
        "202E",
        "hex",
        "{",
        ":",
        "FF",
        "sha256",
        "rule",
    ]);
    let piece = prop_oneof![
        9 => letters.prop_map(|text| text.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

/// With digits and with letters.
fn some_hash() -> impl Strategy<Value = Option<u8>> {
    prop::option::of(prop::sample::select(vec![0x12, 0x9a, 0xfe]))
}

fn some_row() -> impl Strategy<Value = Row> {
    let rule = prop::option::of(prop::sample::select(vec!["a", "a_b", "b"]));
    let within = prop::collection::vec(some_name(), 0..2);
    let parts = (some_name(), within, some_hash(), rule);
    parts.prop_map(|(path, within, hash, rule)| {
        let within: Vec<&[u8]> = within.iter().map(Vec::as_slice).collect();
        row(&path, &within, hash, rule)
    })
}

fn some_wanted() -> impl Strategy<Value = Wanted> {
    let text = some_name().prop_map(|bytes| {
        // Half as given, and half as people see it.
        let name = MediumName::new(bytes).unwrap();
        match name.as_text() {
            Some(text) if text.len().is_multiple_of(2) => text.to_owned(),
            Some(_) | None => name.escaped().to_string(),
        }
    });
    let rule = prop::option::of(prop::sample::select(vec!["a", "b", "c"]));
    (some_hash(), prop::option::of(text), rule).prop_map(|(hash, name, rule)| {
        let mut wanted = Wanted::default();
        if let Some(hash) = hash {
            wanted = wanted.with_sha256(Digest([hash; 32]));
        }
        if let Some(name) = name {
            wanted = wanted.with_name(&name);
        }
        rule.iter()
            .fold(wanted, |wanted, rule| wanted.with_rule(rule))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn what_is_found_is_what_a_look_at_every_row_finds(
        rows in prop::collection::vec(some_row(), 1..30),
        asked in prop::collection::vec(some_wanted(), 1..20),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (ledger, number) = ledger(folder.path(), &rows);
        for wanted in asked {
            let all = ledger.rows(number).map(Result::unwrap);
            let all: Vec<Row> = all.filter(|row| wanted.is(row)).collect();
            let found = met(&ledger, number, &wanted).unwrap();
            prop_assert_eq!(found.count, u64::try_from(all.len()).unwrap(), "{:?}", wanted);
            prop_assert_eq!(found.first.as_deref(), all.first());
        }
    }
}

#[test]
fn a_byte_that_is_no_text_is_not_found_inside_a_letter() {
    // The middle byte of the bracket.
    let wanted = Wanted::default().with_name("\u{27e8}9F\u{27e9}");
    let letter = row("\u{27e9}".as_bytes(), &[], None, None);
    assert!(!wanted.is(&letter));
    assert!(wanted.is(&row(b"a\x9f", &[], None, None)));
}

proptest! {
    #[test]
    fn no_row_that_has_what_is_wanted_is_passed_over(row in some_row(), wanted in some_wanted()) {
        let bytes = crate::canonical::line(&row).unwrap();
        let may_be = wanted.may_be(bytes.as_bytes(), &mut Vec::new());
        prop_assert!(may_be || !wanted.is(&row), "{wanted:?} {bytes}");
    }

    #[test]
    fn a_name_is_found_by_every_part_of_what_is_shown_of_it(
        name in some_name(), from in 0usize..8, length in 1usize..8,
    ) {
        let row = row(&name, &[], None, None);
        let shown = row.path.escaped().to_string();
        // Whole escapes only: half of one is not what stands in the name.
        let whole = named(&shown);
        prop_assert!(whole.is(&row), "{shown:?}");
        if !shown.contains('⟨') {
            let part: String = shown.chars().skip(from).take(length).collect();
            prop_assert!(named(&part).is(&row), "{part:?} of {shown:?}");
        }
    }

    #[test]
    fn the_hash_of_a_row_is_read_from_its_place(row in some_row()) {
        let bytes = crate::canonical::line(&row).unwrap();
        let raw = RawRow { number: 1, bytes: bytes.as_bytes() };
        prop_assert_eq!(raw.sha256(), row.sha256);
        prop_assert_eq!(raw.row().unwrap(), row);
    }
}
