//! What the tests share: a ledger with hostile names, and bundles out of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use export::evidence::{Draft, Plan, minisign};
use jiff::Timestamp;
use record::key::{SECRET_FILE, SecretKey};
use record::rows::Rows;
use record::{Ledger, Writer};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use wire::ledger::{Event, Judged, Rules, Target};
use wire::scan::{TargetKind, Totals};
use wire::{
    Coverage, Digest, Finding, MediumName, Outcome, Reason, ReasonCode, Row, RowKind, Source, Tier,
    Verdict,
};

/// Names that attack whatever shows them.
pub(crate) fn hostile() -> Vec<MediumName> {
    let texts = [
        "=cmd|'/c calc'!A1".to_owned(),
        "<script>document.body.id='pwned'</script>".to_owned(),
        "\"><img src=http://127.0.0.1:9/x onerror=\"document.body.id='pwned'\">".to_owned(),
        "a\u{202e}txt.exe\u{200b}\u{feff}".to_owned(),
        "\u{1b}[2J\u{1b}]0;pwned\u{7}".to_owned(),
        "line\nfeed\r\n</td></table>".to_owned(),
        "x".repeat(300),
        "{made} {{key}} ${origin} `id` $(id)".to_owned(),
        "点検記録/ﾊﾞｯｸｱｯﾌﾟ é.txt".to_owned(),
        "</title></style></script><!--".to_owned(),
    ];
    let mut names: Vec<MediumName> = texts
        .into_iter()
        .map(|text| MediumName::new(text).unwrap())
        .collect();
    names.push(MediumName::new([b'a', 0xff, 0xc0, b'<', b'b', b'>', 0x80]).unwrap());
    names
}

fn rules() -> Rules {
    Rules {
        bundle: "shipped".to_owned(),
        version: 1,
        issued: None,
        age_days: None,
        expired_days: None,
        rules: 3,
        sha256: Digest([7; 32]),
        engines: Vec::new(),
    }
}

fn target() -> Target {
    Target {
        kind: TargetKind::Image,
        name: MediumName::new("<b>stick\u{202e}.img").unwrap(),
        size_bytes: 1 << 20,
    }
}

pub(crate) fn row(name: &MediumName, outcome: Outcome) -> Row {
    let finding = Finding::own("test_rule", Source::Yara, Tier::Block, "");
    Row {
        volume: Some(0),
        path: name.clone(),
        within: Vec::new(),
        kind: RowKind::File,
        size_bytes: 5,
        sha256: Some(Digest([9; 32])),
        content_type: Some("text/plain".to_owned()),
        outcome,
        inherited: false,
        findings: if outcome == Outcome::Matched {
            vec![finding]
        } else {
            Vec::new()
        },
    }
}

fn inserted() -> Event {
    Event::Inserted {
        target: target(),
        claim: None,
        medium: None,
        rules: Some(rules()),
        occasion: None,
    }
}

fn judged(insertion: u64, rows: u64, verdict: Verdict) -> Event {
    let reasons = vec![Reason {
        code: ReasonCode::Matched,
        count: 1,
    }];
    Event::Judged(Box::new(Judged {
        insertion,
        verdict,
        reasons: if verdict == Verdict::Pass {
            Vec::new()
        } else {
            reasons
        },
        medium: Some("M-0001".to_owned()),
        target: target(),
        rules: Some(rules()),
        volumes: Vec::new(),
        totals: Some(Totals {
            rows,
            volumes: 0,
            bytes_read: 5,
            bytes_hashed: 5,
            outside: Coverage::default(),
        }),
        started: "2026-11-23T08:30:00Z".to_owned(),
        finished: "2026-11-23T08:31:00Z".to_owned(),
        fault: None,
        refused: None,
        waivers: Vec::new(),
        policy_sha256: None,
    }))
}

fn received(rows: &[Row]) -> Rows {
    let lines: Vec<u8> = rows
        .iter()
        .flat_map(|row| [serde_json::to_vec(row).unwrap(), b"\n".to_vec()].concat())
        .collect();
    Rows::receive(&jail::memory::sealed("rows", &lines).unwrap()).unwrap()
}

/// 1 started, 2 inserted, 3 judged STOP (hostile names), 4 removed, 5 inserted, 6 judged PASS
/// (no rows), 7 removed.
pub(crate) fn ledger(folder: &Path) {
    let mut rows: Vec<Row> = hostile()
        .iter()
        .map(|name| row(name, Outcome::Clean))
        .collect();
    let evil = MediumName::new("<i>evil</i>\u{202e}.exe").unwrap();
    rows.push(row(&evil, Outcome::Matched));
    write(folder, &rows);
}

/// The same with these rows in entry 3.
pub(crate) fn write(folder: &Path, rows: &[Row]) {
    let mut writer = Writer::open(folder).unwrap();
    let started = Event::Started {
        kiosk: "0.1.0".to_owned(),
        rules: Some(rules()),
        again: false,
    };
    writer.append(&started, None).unwrap();
    writer.append(&inserted(), None).unwrap();
    let count = u64::try_from(rows.len()).unwrap();
    writer
        .append(&judged(2, count, Verdict::Stop), Some(&received(rows)))
        .unwrap();
    writer
        .append(&Event::Removed { insertion: 2 }, None)
        .unwrap();
    writer.append(&inserted(), None).unwrap();
    writer
        .append(&judged(5, 0, Verdict::Pass), Some(&received(&[])))
        .unwrap();
    writer
        .append(&Event::Removed { insertion: 5 }, None)
        .unwrap();
}

/// Adds a PASS that was taken back: 8 inserted, 9 judged PASS, 10 withdrawn, NOT FINISHED stands.
pub(crate) fn take_back(folder: &Path) {
    let mut writer = Writer::open(folder).unwrap();
    let insertion = writer.append(&inserted(), None).unwrap().number;
    writer
        .append(&judged(insertion, 0, Verdict::Pass), Some(&received(&[])))
        .unwrap();
    let verdict = Verdict::Incomplete;
    let code = ReasonCode::Removed;
    let withdrawn = Event::Withdrawn {
        insertion,
        verdict,
        reasons: vec![Reason { code, count: 1 }],
    };
    writer.append(&withdrawn, None).unwrap();
}

/// A key that is nobody's.
pub(crate) fn other_key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}

/// A folder with a ledger in `ledger` and bundles beside it.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        ledger(&place.ledger());
        place
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The ledger's own secret key.
    pub(crate) fn key(&self) -> SecretKey {
        SecretKey::open(&self.ledger().join(SECRET_FILE)).unwrap()
    }

    /// A bundle of these entries that the ledger's own key signed.
    pub(crate) fn bundle(&self, name: &str, entries: &[u64]) -> PathBuf {
        self.made(name, entries, &self.key())
    }

    pub(crate) fn made(&self, name: &str, entries: &[u64], signer: &SecretKey) -> PathBuf {
        let output = self.path(name);
        let ledger = Ledger::open(&self.ledger()).unwrap();
        let plan = Plan {
            entries,
            made: "2026-11-26T12:00:00Z".parse::<Timestamp>().unwrap(),
        };
        let draft = Draft::make(&output, &ledger, signer, plan).unwrap();
        draft.keep().unwrap();
        output
    }

    /// A copy of a bundle.
    pub(crate) fn copy(&self, of: &Path, name: &str) -> PathBuf {
        let to = self.path(name);
        let done = Command::new("cp")
            .arg("-a")
            .arg(of)
            .arg(&to)
            .status()
            .unwrap();
        assert!(done.success());
        to
    }
}

/// Every file below a folder, as paths below it.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(one) = open.pop() {
        for entry in fs::read_dir(&one).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(
                    path.strip_prefix(folder)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                );
            }
        }
    }
    found.sort();
    found
}

/// What somebody does who changed a file and holds a key: both lists and the signature anew.
pub(crate) fn seal(folder: &Path, key: &SecretKey, comment: &str) {
    let id = bundle::KeyId::of(&key.public());
    let public = bundle::public_text(id, &key.public());
    fs::write(folder.join("data/signer.pub"), public).unwrap();
    let list = |is_wanted: &dyn Fn(&str) -> bool| -> String {
        let listed = files(folder).into_iter().filter(|path| is_wanted(path));
        let lines = listed.map(|path| {
            let digest = Digest(Sha256::digest(fs::read(folder.join(&path)).unwrap()).into());
            format!("{digest}  {path}\n")
        });
        lines.collect()
    };
    let payload = list(&|path| path.starts_with("data/"));
    fs::write(folder.join("manifest-sha256.txt"), payload).unwrap();
    let tags = list(&|path| !path.starts_with("data/") && !path.starts_with("tagmanifest"));
    fs::write(folder.join("tagmanifest-sha256.txt"), &tags).unwrap();
    let signature = minisign::signature_text(key, tags.as_bytes(), comment);
    fs::write(folder.join("tagmanifest-sha256.txt.minisig"), signature).unwrap();
}
