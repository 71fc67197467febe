//! How a bundle is made, and when it is not.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use export::evidence::proof::{Checkpoint, LedgerKey, Proof};
use export::evidence::{BAG_ENTRIES_MAX, Draft, EvidenceError, Plan, Proofs, Signer};
use jiff::Timestamp;
use record::{Ledger, LedgerError};
use wire::{Digest, MediumName, Outcome};

use crate::common::{self, Key, Notary, Place, files};

fn attempt(place: &Place, proofs: &dyn Proofs, entries: &[u64]) -> Result<Draft, EvidenceError> {
    let ledger = Ledger::open(&place.ledger()).unwrap();
    let plan = Plan {
        entries,
        made: Timestamp::UNIX_EPOCH,
    };
    Draft::make(&place.path("out"), &ledger, proofs, &Key::new(1), plan)
}

/// What is in the folder of the test beside the ledger.
fn left(place: &Place) -> Vec<String> {
    let all = files(place.folder.path());
    all.into_iter().filter(|path| !path.starts_with("ledger/")).collect()
}

#[test]
fn a_bundle_holds_entries_rows_and_proofs_as_the_ledger_has_them() {
    let place = Place::new();
    let made = place.bundle("made", &[4, 3, 3, 2]);
    let expected: BTreeSet<&str> = BTreeSet::from([
        "README.en.txt", "README.ja.txt", "bag-info.txt", "bagit.txt", "data/checkpoint.txt",
        "data/entries/2.json", "data/entries/3.json", "data/entries/4.json",
        "data/ledger-minisign.pub", "data/ledger.pub", "data/proofs/2.tlog-proof",
        "data/proofs/3.tlog-proof", "data/proofs/4.tlog-proof", "data/rows/3.jsonl",
        "data/signer.pub", "data/summary.html", "manifest-sha256.txt", "tagmanifest-sha256.txt",
        "tagmanifest-sha256.txt.minisig", "verify.html",
    ]);
    let found = files(&made);
    assert_eq!(found.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected);
    let ledger = Ledger::open(&place.ledger()).unwrap();
    let entry = fs::read_to_string(made.join("data/entries/3.json")).unwrap();
    assert_eq!(entry, ledger.entry(3).unwrap().bytes);
    let rows: String = ledger
        .row_bytes(3)
        .map(|row| format!("{}\n", row.unwrap()))
        .collect();
    assert_eq!(fs::read_to_string(made.join("data/rows/3.jsonl")).unwrap(), rows);
    let count = u64::try_from(rows.lines().count()).unwrap();
    assert_eq!(ledger.entry(3).unwrap().content().unwrap().rows, Some(count));
    for path in found.iter().map(|path| made.join(path)).chain([made.clone()]) {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o027, 0, "others may read {}", path.display());
    }
}

#[test]
fn a_bundle_has_its_name_only_when_it_is_kept() {
    let place = Place::new();
    let notary = Notary::new(&place.ledger(), &[(0, 1)]);
    let draft = attempt(&place, &notary, &[3]).unwrap();
    assert!(!place.path("out").exists());
    assert_eq!(draft.entries(), (3, 3, 1));
    assert_eq!(draft.rows(), 12);
    drop(draft);
    assert!(left(&place).is_empty(), "{:?}", left(&place));
    let draft = attempt(&place, &notary, &[3, 6]).unwrap();
    let sha256 = draft.sha256();
    draft.keep().unwrap();
    let signed = fs::read(place.path("out/tagmanifest-sha256.txt")).unwrap();
    assert_eq!(sha256, Digest(sha2_of(&signed)));
    // Nothing is put in the place of something.
    let error = attempt(&place, &notary, &[3]).unwrap_err();
    assert!(matches!(error, EvidenceError::Exists(_)), "{error}");
}

fn sha2_of(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}

#[test]
fn a_bundle_that_somebody_took_the_place_of_is_not_kept() {
    let place = Place::new();
    let notary = Notary::new(&place.ledger(), &[(0, 1)]);
    let draft = attempt(&place, &notary, &[3]).unwrap();
    fs::create_dir(place.path("out")).unwrap();
    assert!(matches!(draft.keep(), Err(EvidenceError::Exists(_))));
    assert!(left(&place).is_empty(), "{:?}", left(&place));
}

#[test]
fn no_entries_and_too_many_entries_are_refused() {
    let place = Place::new();
    let notary = Notary::new(&place.ledger(), &[(0, 1)]);
    let error = attempt(&place, &notary, &[]).unwrap_err();
    assert!(matches!(error, EvidenceError::NoEntries));
    let many: Vec<u64> = (1..).take(BAG_ENTRIES_MAX + 1).collect();
    let error = attempt(&place, &notary, &many).unwrap_err();
    assert!(matches!(error, EvidenceError::Entries(1001)), "{error}");
    let error = attempt(&place, &Offset(&notary, 0), &[3, 99]).unwrap_err();
    assert!(matches!(error, EvidenceError::Ledger(LedgerError::NoEntry(99))), "{error}");
    assert!(left(&place).is_empty());
}

/// Proofs of other entries than those that are asked for.
struct Offset<'a>(&'a Notary, u64);

impl Proofs for Offset<'_> {
    fn checkpoint(&self, size: Option<u64>) -> Result<String, LedgerError> {
        self.0.checkpoint(size)
    }

    fn proof(&self, number: u64) -> Result<String, LedgerError> {
        if number > 7 {
            return Err(LedgerError::NoEntry(number));
        }
        self.0.proof(number + self.1)
    }

    fn public_key(&self) -> Result<String, LedgerError> {
        self.0.public_key()
    }
}

/// A ledger that grows whenever it is asked.
struct Growing<'a>(&'a Notary, std::cell::Cell<u64>);

impl Proofs for Growing<'_> {
    fn checkpoint(&self, size: Option<u64>) -> Result<String, LedgerError> {
        self.1.set(self.1.get() + 1);
        let turn = self.1.get();
        self.0.checkpoint(Some(size.unwrap_or(3 + turn % 5)))
    }

    fn proof(&self, number: u64) -> Result<String, LedgerError> {
        self.0.proof(number)
    }

    fn public_key(&self) -> Result<String, LedgerError> {
        self.0.public_key()
    }
}

#[test]
fn proofs_that_do_not_hold_make_no_bundle() {
    let place = Place::new();
    let notary = Notary::new(&place.ledger(), &[(0, 1)]);
    let error = attempt(&place, &Offset(&notary, 1), &[3]).unwrap_err();
    assert!(error.to_string().contains("proof of entry 3"), "{error}");
    let other = Notary::new(&place.ledger(), &[(0, 1), (5, 2)]);
    let error = attempt(&place, &other, &[3]).unwrap_err();
    assert!(error.to_string().contains("not signed by the ledger's key"), "{error}");
    let growing = Growing(&notary, std::cell::Cell::new(0));
    let error = attempt(&place, &growing, &[3]).unwrap_err();
    assert!(matches!(error, EvidenceError::Moving), "{error}");
    assert!(left(&place).is_empty());
}

#[test]
fn rows_that_are_gone_or_changed_make_no_bundle() {
    for sql in [
        "DELETE FROM rows WHERE entry = 3 AND ordinal = 12",
        "DELETE FROM rows WHERE entry = 3",
        "UPDATE rows SET bytes = replace(bytes, '\"size_bytes\":5', '\"size_bytes\":6') WHERE entry = 3 AND ordinal = 2",
    ] {
        let place = Place::new();
        let notary = Notary::new(&place.ledger(), &[(0, 1)]);
        let unguard = "DROP TRIGGER rows_not_deleted; DROP TRIGGER rows_not_updated;";
        let done = std::process::Command::new("sqlite3")
            .arg(place.ledger().join("ledger.db"))
            .arg(format!("{unguard}{sql}"))
            .status();
        assert!(done.unwrap().success());
        let error = attempt(&place, &notary, &[2, 3]).unwrap_err();
        assert!(matches!(error, EvidenceError::Rows { number: 3, said: 12, .. }), "{error}");
        assert!(left(&place).is_empty(), "{:?}", left(&place));
    }
}

#[test]
fn every_leaf_of_every_tree_is_proved_and_no_other() {
    let leaves: Vec<[u8; 32]> = (0..20).map(|leaf| sha2_of(&[leaf])).collect();
    let key = Key::new(1);
    for size in 1..=leaves.len() {
        let root = common::tree(&leaves[..size]);
        let body = format!("x\n{size}\n{}\n", bundle::base64_encode(&root));
        let text = format!("{body}\n{}", common::line("x", &key, &body));
        let checkpoint = Checkpoint::parse(&text).unwrap();
        assert!(checkpoint.is_signed_by(&LedgerKey::new("x", key.public())));
        assert!(!checkpoint.is_signed_by(&LedgerKey::new("x", Key::new(2).public())));
        for index in 0..size {
            let mut proof = Proof {
                index: u64::try_from(index).unwrap(),
                path: common::path(index, &leaves[..size]),
                checkpoint: checkpoint.clone(),
            };
            assert!(proof.includes(&Digest(leaves[index])), "{index} of {size}");
            assert!(!proof.includes(&Digest(leaves[(index + 1) % 20])));
            let text = proof.text(b"entry");
            let again = Proof::parse(&text).unwrap();
            assert_eq!((again.index, &again.path), (proof.index, &proof.path));
            proof.index += 1;
            assert!(!proof.includes(&Digest(leaves[index])) || size == 0);
            proof.index -= 1;
            proof.path.push([0; 32]);
            assert!(!proof.includes(&Digest(leaves[index])), "a path that is too long");
        }
    }
}

#[test]
fn what_is_no_key_no_checkpoint_and_no_proof_is_none() {
    let vkey = LedgerKey::new("media-kiosk/a", Key::new(1).public()).text();
    assert_eq!(LedgerKey::parse(&vkey).unwrap().text(), vkey);
    for bad in ["", "a", "a+b+c", &vkey.replace("media", "medium"), &format!("{vkey}\n"), &vkey[1..]] {
        assert_eq!(LedgerKey::parse(bad), None, "{bad}");
    }
    let root = bundle::base64_encode(&[0; 32]);
    let good = format!("x\n3\n{root}\n\n— x {}\n", bundle::base64_encode(&[0; 68]));
    assert!(Checkpoint::parse(&good).is_some());
    for bad in [
        good.replace("\n3\n", "\n0\n"),
        good.replace("\n3\n", "\n-3\n"),
        good.replace("\n\n", "\nmore\n\n"),
        good.replace("— ", "- "),
        good.trim_end().to_owned(),
        String::new(),
    ] {
        assert!(Checkpoint::parse(&bad).is_none(), "{bad}");
        assert!(Proof::parse(&format!("c2sp.org/tlog-proof@v1\nindex 0\n\n{bad}")).is_none());
    }
    assert!(Proof::parse(&format!("c2sp.org/tlog-proof@v1\nindex 0\n\n{good}")).is_some());
    assert!(Proof::parse(&format!("c2sp.org/tlog-proof@v2\nindex 0\n\n{good}")).is_none());
    assert!(Proof::parse(&format!("c2sp.org/tlog-proof@v1\nindex 0\nAA==\n\n{good}")).is_none());
}

#[test]
fn names_from_media_are_inert_in_the_summary_and_in_no_readme() {
    let place = Place::new();
    let made = place.bundle("made", &[2, 3]);
    let summary = fs::read_to_string(made.join("data/summary.html")).unwrap();
    // The page's own tags are the only ones, and it has no script.
    for bad in ["<script", "<img", "<i>", "<b>", "</title></style>", "\u{202e}", "\u{1b}", "\r", "onerror=\""] {
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
        assert!(!text.chars().any(|letter| letter != '\n' && wire::name::is_hidden(letter)));
        assert!(!text.contains("{entries}") && !text.contains("{first}"), "{text}");
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
            let outcome = if number % 1_000 == 7 { Outcome::Matched } else { Outcome::Clean };
            common::row(&name, outcome)
        })
        .collect();
    common::write(&place.ledger(), &rows);
    let made = place.bundle("made", &[3]);
    let lines = fs::read_to_string(made.join("data/rows/3.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 100_000);
    let summary = fs::read_to_string(made.join("data/summary.html")).unwrap();
    assert!(summary.contains("99900 clean, 100 matched"));
    assert!(summary.contains("folder/99007.txt"), "what was found comes first");
    assert!(summary.len() < 400_000, "{}", summary.len());
}
