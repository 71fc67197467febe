//! How a bundle is made, and when it is not.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use export::evidence::{BAG_ENTRIES_MAX, Draft, EvidenceError, Plan};
use jiff::Timestamp;
use record::{Ledger, LedgerError, Writer};
use wire::ledger::Event;
use wire::{Digest, MediumName, Outcome};

use crate::common::{self, Place, files, other_key};

fn attempt(place: &Place, entries: &[u64]) -> Result<Draft, EvidenceError> {
    let ledger = Ledger::open(&place.ledger()).unwrap();
    let plan = Plan {
        entries,
        made: Timestamp::UNIX_EPOCH,
    };
    Draft::make(&place.path("out"), &ledger, &place.key(), plan)
}

/// What is in the folder of the test beside the ledger.
fn left(place: &Place) -> Vec<String> {
    let all = files(place.folder.path());
    all.into_iter()
        .filter(|path| !path.starts_with("ledger/"))
        .collect()
}

#[test]
fn a_bundle_holds_entries_rows_and_proofs_as_the_ledger_has_them() {
    let place = Place::new();
    let made = place.bundle("made", &[4, 3, 3, 2]);
    let expected: BTreeSet<&str> = BTreeSet::from([
        "README.en.txt",
        "README.ja.txt",
        "bag-info.txt",
        "bagit.txt",
        "data/checkpoint.txt",
        "data/entries/2.json",
        "data/entries/3.json",
        "data/entries/4.json",
        "data/ledger-minisign.pub",
        "data/ledger.pub",
        "data/proofs/2.tlog-proof",
        "data/proofs/3.tlog-proof",
        "data/proofs/4.tlog-proof",
        "data/rows/3.jsonl",
        "data/signer.pub",
        "data/summary.html",
        "manifest-sha256.txt",
        "tagmanifest-sha256.txt",
        "tagmanifest-sha256.txt.minisig",
        "verify.html",
    ]);
    let found = files(&made);
    assert_eq!(
        found.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        expected
    );
    let ledger = Ledger::open(&place.ledger()).unwrap();
    let entry = fs::read_to_string(made.join("data/entries/3.json")).unwrap();
    assert_eq!(entry, ledger.entry(3).unwrap().bytes);
    let rows: String = ledger
        .row_bytes(3)
        .map(|row| format!("{}\n", row.unwrap()))
        .collect();
    assert_eq!(
        fs::read_to_string(made.join("data/rows/3.jsonl")).unwrap(),
        rows
    );
    let count = u64::try_from(rows.lines().count()).unwrap();
    assert_eq!(
        ledger.entry(3).unwrap().content().unwrap().rows,
        Some(count)
    );
    for path in found
        .iter()
        .map(|path| made.join(path))
        .chain([made.clone()])
    {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o027, 0, "others may read {}", path.display());
    }
}

#[test]
fn a_bundle_has_its_name_only_when_it_is_kept() {
    let place = Place::new();
    let draft = attempt(&place, &[3]).unwrap();
    assert!(!place.path("out").exists());
    assert_eq!(draft.entries(), (3, 3, 1));
    assert_eq!(draft.rows(), 12);
    drop(draft);
    assert!(left(&place).is_empty(), "{:?}", left(&place));
    let draft = attempt(&place, &[3, 6]).unwrap();
    let sha256 = draft.sha256();
    draft.keep().unwrap();
    let signed = fs::read(place.path("out/tagmanifest-sha256.txt")).unwrap();
    assert_eq!(sha256, Digest(sha2_of(&signed)));
    // Nothing is put in the place of something.
    let error = attempt(&place, &[3]).unwrap_err();
    assert!(matches!(error, EvidenceError::Exists(_)), "{error}");
}

fn sha2_of(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}

#[test]
fn a_bundle_that_somebody_took_the_place_of_is_not_kept() {
    let place = Place::new();
    let draft = attempt(&place, &[3]).unwrap();
    fs::create_dir(place.path("out")).unwrap();
    assert!(matches!(draft.keep(), Err(EvidenceError::Exists(_))));
    assert!(left(&place).is_empty(), "{:?}", left(&place));
}

#[test]
fn a_bundle_that_another_command_is_writing_is_left_alone() {
    let place = Place::new();
    let draft = attempt(&place, &[3]).unwrap();
    let error = attempt(&place, &[4]).unwrap_err();
    assert!(matches!(error, EvidenceError::Unfinished(_)), "{error}");
    assert!(error.to_string().contains(".out.partial"), "{error}");
    draft.keep().unwrap();
    assert!(place.path("out/data/entries/3.json").is_file());
}

#[test]
fn no_entries_and_too_many_entries_are_refused() {
    let place = Place::new();
    let error = attempt(&place, &[]).unwrap_err();
    assert!(matches!(error, EvidenceError::NoEntries));
    let many: Vec<u64> = (1..).take(BAG_ENTRIES_MAX + 1).collect();
    let error = attempt(&place, &many).unwrap_err();
    assert!(matches!(error, EvidenceError::Entries(1001)), "{error}");
    let error = attempt(&place, &[3, 99]).unwrap_err();
    assert!(
        matches!(error, EvidenceError::Ledger(LedgerError::NoEntry(99))),
        "{error}"
    );
    assert!(left(&place).is_empty());
}

/// Changes the ledger as an administrator can who may write the file.
fn sqlite3(place: &Place, sql: &str) {
    let guards = "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger'";
    let run = |sql: &str| {
        let done = Command::new("sqlite3")
            .arg(place.ledger().join("ledger.db"))
            .arg(sql)
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).unwrap()
    };
    let drop = run(guards);
    run(&format!("{drop}{sql}"));
}

/// What somebody does to a ledger.
type Change<'a> = &'a dyn Fn(&Place);

#[test]
fn proofs_that_do_not_hold_make_no_bundle() {
    let other = other_key(2);
    let changes: [(&str, Change<'_>); 4] = [
        // Somebody made the last entry but one anew: the root is another.
        ("the proof of entry 3 does not hold", &|place| {
            let ledger = Ledger::open(&place.ledger()).unwrap();
            let entry = ledger.entry(6).unwrap();
            let bytes = entry.bytes.replace("\"pass\"", "\"stop\"");
            let leaf = record::entry::leaf(bytes.as_bytes());
            let sql =
                format!("UPDATE entries SET bytes = '{bytes}', leaf = '{leaf}' WHERE number = 6");
            sqlite3(place, &sql);
        }),
        ("not signed by the ledger's key", &|place| {
            let ledger = Ledger::open(&place.ledger()).unwrap();
            let note = ledger.checkpoint(None).unwrap();
            let (body, _) = note.split_once("\n\n").unwrap();
            let line = other.log_signature(&place.key().origin(), &format!("{body}\n"));
            let sql = format!("UPDATE checkpoints SET note = '{body}\n\n{line}' WHERE size = 7");
            sqlite3(place, &sql);
        }),
        ("the name in it belongs to another key", &|place| {
            let key = record::key::log_key(&place.key().origin(), &other.public());
            fs::write(place.ledger().join("ledger.pub"), key).unwrap();
        }),
        ("malformed", &|place| {
            sqlite3(place, "UPDATE checkpoints SET note = 'x' WHERE size = 7")
        }),
    ];
    for (what, change) in changes {
        let place = Place::new();
        change(&place);
        let error = attempt(&place, &[3]).unwrap_err();
        assert!(error.to_string().contains(what), "{what}: {error}");
        assert!(left(&place).is_empty(), "{what}");
    }
}

#[test]
fn what_is_written_while_a_bundle_is_made_is_not_in_its_way() {
    let place = Place::new();
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut writer = Writer::open(&place.ledger()).unwrap();
            while !is_done.load(Ordering::Relaxed) {
                writer.append(&Event::Stopped {}, None).unwrap();
            }
        });
        for number in 0..20 {
            place.bundle(&format!("made-{number}"), &[3, 4]);
        }
        is_done.store(true, Ordering::Relaxed);
    });
    assert!(
        7 < Ledger::open(&place.ledger())
            .unwrap()
            .last()
            .unwrap()
            .unwrap()
    );
}

#[test]
fn rows_that_are_gone_or_changed_make_no_bundle() {
    for sql in [
        "DELETE FROM rows WHERE entry = 3 AND ordinal = 12",
        "DELETE FROM rows WHERE entry = 3",
        "UPDATE rows SET bytes = replace(bytes, '\"size_bytes\":5', '\"size_bytes\":6') WHERE entry = 3 AND ordinal = 2",
    ] {
        let place = Place::new();
        sqlite3(&place, sql);
        let error = attempt(&place, &[2, 3]).unwrap_err();
        assert!(
            matches!(
                error,
                EvidenceError::Rows {
                    number: 3,
                    said: 12,
                    ..
                }
            ),
            "{error}"
        );
        assert!(left(&place).is_empty(), "{:?}", left(&place));
    }
}

#[test]
fn names_from_media_are_inert_in_the_summary_and_in_no_readme() {
    let place = Place::new();
    let made = place.bundle("made", &[2, 3]);
    let summary = fs::read_to_string(made.join("data/summary.html")).unwrap();
    // The page's own tags are the only ones, and it has no script.
    for bad in [
        "<script",
        "<img",
        "<i>",
        "<b>",
        "</title></style>",
        "\u{202e}",
        "\u{1b}",
        "\r",
        "onerror=\"",
    ] {
        assert!(!summary.contains(bad), "{bad:?}");
    }
    for escaped in [
        "=cmd|&#39;/c calc&#39;!A1",
        "&lt;script&gt;document.body.id=&#39;pwned&#39;&lt;/script&gt;",
        "a⟨U+202E⟩txt.exe⟨U+200B⟩⟨U+FEFF⟩",
        "⟨U+001B⟩[2J",
        "line⟨U+000A⟩feed⟨U+000D⟩⟨U+000A⟩&lt;/td&gt;",
        "点検記録/ﾊﾞｯｸｱｯﾌﾟ é.txt",
        "a⟨FF⟩⟨C0⟩&lt;b&gt;⟨80⟩",
        "&lt;i&gt;evil&lt;/i&gt;⟨U+202E⟩.exe",
        "使用禁止 <span class=\"en\">STOP</span>",
    ] {
        assert!(summary.contains(escaped), "{escaped}");
    }
    assert!(summary.contains(&"x".repeat(300)));
    for text in ["README.ja.txt", "README.en.txt", "bag-info.txt"] {
        let text = fs::read_to_string(made.join(text)).unwrap();
        assert!(!text.contains("calc") && !text.contains("pwned") && !text.contains("stick"));
        assert!(
            !text
                .chars()
                .any(|letter| letter != '\n' && wire::name::is_hidden(letter))
        );
        assert!(
            !text.contains("{entries}") && !text.contains("{first}"),
            "{text}"
        );
    }
}

#[test]
fn the_summary_of_a_large_verdict_stays_small() {
    let place = Place {
        folder: tempfile::tempdir().unwrap(),
    };
    let rows: Vec<_> = (0..100_000)
        .map(|number| {
            let name = MediumName::new(format!("folder/{number}.txt")).unwrap();
            let outcome = if number % 1_000 == 7 {
                Outcome::Matched
            } else {
                Outcome::Clean
            };
            common::row(&name, outcome)
        })
        .collect();
    common::write(&place.ledger(), &rows);
    let made = place.bundle("made", &[3]);
    let lines = fs::read_to_string(made.join("data/rows/3.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 100_000);
    let summary = fs::read_to_string(made.join("data/summary.html")).unwrap();
    assert!(summary.contains("99900 clean, 100 matched"));
    assert!(
        summary.contains("folder/99007.txt"),
        "what was found comes first"
    );
    assert!(summary.len() < 400_000, "{}", summary.len());
}

#[test]
fn a_pass_that_was_taken_back_comes_with_the_entry_that_did_so() {
    let place = Place::new();
    common::take_back(&place.ledger());
    let made = place.bundle("made", &[6, 9]);
    assert!(made.join("data/entries/10.json").is_file());
    assert!(made.join("data/proofs/10.tlog-proof").is_file());
    let draft = attempt(&place, &[9, 10]).unwrap();
    assert_eq!(draft.withdrawn(), [(9, 10)]);
    assert_eq!(draft.entries(), (9, 10, 2));
    drop(draft);
    let summary = fs::read_to_string(made.join("data/summary.html")).unwrap();
    let answers: Vec<&str> = summary
        .lines()
        .filter(|line| line.contains("class=\"verdict\""))
        .collect();
    assert_eq!(answers.len(), 2);
    assert!(answers[0].contains("PASS"), "entry 6 stands");
    assert!(
        answers[1].contains("NOT FINISHED") && !answers[1].contains("PASS"),
        "{}",
        answers[1]
    );
    assert!(summary.contains("The PASS of this entry was withdrawn by entry 10."));
    crate::tools::commands_hold(&made);
    let shown = crate::page::browse(
        &place,
        &[crate::page::case(&made.join("verify.html"), &made)],
    );
    assert_eq!(shown[0]["verdict"], "good", "{shown:#?}");
    let found = shown[0]["found"].as_str().unwrap();
    for said in [
        "△ 検査未完了 NOT FINISHED",
        "○ 合格 PASS, was withdrawn by entry 10.",
    ] {
        assert!(found.contains(said), "{said}: {found}");
    }
    let head = found.split("9  判定 judged  ").nth(1).unwrap();
    let head = head.split("記録の").next().unwrap();
    assert!(head.contains("NOT FINISHED"), "{head}");
}
