//! What the tests share: a ledger with hostile names, a notary that signs it by the book, and
//! bundles of both.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bundle::{KeyId, base64_encode};
use ed25519_dalek::{Signer as _, SigningKey};
use export::evidence::proof::LedgerKey;
use export::evidence::{Draft, Plan, Proofs, Signer, minisign};
use jiff::Timestamp;
use record::entry::leaf;
use record::reader::Filter;
use record::rows::Rows;
use record::{Ledger, LedgerError, Writer};
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
    let mut rows: Vec<Row> = hostile().iter().map(|name| row(name, Outcome::Clean)).collect();
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
    writer.append(&Event::Removed { insertion: 2 }, None).unwrap();
    writer.append(&inserted(), None).unwrap();
    writer
        .append(&judged(5, 0, Verdict::Pass), Some(&received(&[])))
        .unwrap();
    writer.append(&Event::Removed { insertion: 5 }, None).unwrap();
}

/// Puts an entry into the database as only the ledger's writer does, with this event.
pub(crate) fn put(folder: &Path, event: &serde_json::Value) {
    let ledger = Ledger::open(folder).unwrap();
    let last = ledger.entry(ledger.last().unwrap().unwrap()).unwrap();
    drop(ledger);
    let mut content: serde_json::Value = serde_json::from_str(&last.bytes).unwrap();
    let fields = content.as_object_mut().unwrap();
    fields.remove("rows");
    fields.remove("rows_sha256");
    fields.insert("number".to_owned(), (last.number + 1).into());
    fields.insert("previous".to_owned(), last.leaf_sha256.to_string().into());
    fields.insert("event".to_owned(), event.clone());
    let bytes = content.to_string();
    let sql = format!(
        "INSERT INTO entries (number, bytes, leaf) VALUES ({}, '{}', '{}')",
        last.number + 1,
        bytes.replace('\'', "''"),
        leaf(bytes.as_bytes())
    );
    let done = Command::new("sqlite3")
        .arg(folder.join("ledger.db"))
        .arg(sql)
        .output()
        .expect("sqlite3 is installed");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// A key that signs bundles.
pub(crate) struct Key(pub(crate) SigningKey);

impl Key {
    pub(crate) fn new(seed: u8) -> Self {
        Self(SigningKey::from_bytes(&[seed; 32]))
    }
}

impl Signer for Key {
    fn key_id(&self) -> KeyId {
        minisign::own_key_id(&self.public())
    }

    fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.0.sign(bytes).to_bytes()
    }
}

/// What signs the ledger: the tree as RFC 9162 defines it, word for word, and C2SP's notes.
pub(crate) struct Notary {
    leaves: Vec<[u8; 32]>,
    entries: Vec<String>,
    /// From which size on which key signs; at that size the one before signs too.
    keys: Vec<(u64, Key)>,
}

pub(crate) const ORIGIN: &str = "media-kiosk/0123456789abcdef";

impl Notary {
    pub(crate) fn new(folder: &Path, keys: &[(u64, u8)]) -> Self {
        let ledger = Ledger::open(folder).unwrap();
        let entries = ledger.entries(Filter::default()).unwrap();
        let entries: Vec<_> = entries.map(|entry| entry.unwrap()).collect();
        Self {
            leaves: entries.iter().map(|entry| entry.leaf_sha256.0).collect(),
            entries: entries.into_iter().map(|entry| entry.bytes).collect(),
            keys: keys.iter().map(|(from, seed)| (*from, Key::new(*seed))).collect(),
        }
    }

    pub(crate) fn note(&self, size: u64) -> String {
        let root = tree(&self.leaves[..size as usize]);
        let body = format!("{ORIGIN}\n{size}\n{}\n", base64_encode(&root));
        let place = self.keys.iter().rposition(|(from, _)| *from <= size).unwrap();
        let mut signers = vec![&self.keys[place].1];
        if place > 0 && self.keys[place].0 == size {
            signers.insert(0, &self.keys[place - 1].1);
        }
        let lines: String = signers.iter().map(|key| line(ORIGIN, key, &body)).collect();
        format!("{body}\n{lines}")
    }
}

/// One signature under a note.
pub(crate) fn line(name: &str, key: &Key, body: &str) -> String {
    let vkey = LedgerKey::new(name, key.public());
    let bytes = [vkey.hash.as_slice(), &key.sign(body.as_bytes())].concat();
    format!("— {name} {}\n", base64_encode(&bytes))
}

impl Proofs for Notary {
    fn checkpoint(&self, size: Option<u64>) -> Result<String, LedgerError> {
        Ok(self.note(size.unwrap_or(self.leaves.len() as u64)))
    }

    fn proof(&self, number: u64) -> Result<String, LedgerError> {
        let index = number as usize - 1;
        let mut text = format!(
            "c2sp.org/tlog-proof@v1\nextra {}\nindex {index}\n",
            base64_encode(self.entries[index].as_bytes())
        );
        for hash in path(index, &self.leaves) {
            text.push_str(&format!("{}\n", base64_encode(&hash)));
        }
        Ok(format!("{text}\n{}", self.note(self.leaves.len() as u64)))
    }

    fn public_key(&self) -> Result<String, LedgerError> {
        Ok(LedgerKey::new(ORIGIN, self.keys[0].1.public()).text())
    }
}

fn both(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::digest([&[1], left.as_slice(), right].concat()).into()
}

/// The largest power of two below a length.
fn half(length: usize) -> usize {
    length.next_power_of_two() / 2
}

/// RFC 9162, section 2.1.1.
pub(crate) fn tree(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        all => {
            let (left, right) = all.split_at(half(all.len()));
            both(&tree(left), &tree(right))
        }
    }
}

/// RFC 9162, section 2.1.3.1.
pub(crate) fn path(index: usize, leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let middle = half(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let (mut inner, other) = if index < middle {
        (path(index, left), tree(right))
    } else {
        (path(index - middle, right), tree(left))
    };
    inner.push(other);
    inner
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

    /// A bundle of these entries that the ledger's own key signed.
    pub(crate) fn bundle(&self, name: &str, entries: &[u64]) -> PathBuf {
        let notary = Notary::new(&self.ledger(), &[(0, 1)]);
        self.made(name, entries, &notary, &Key::new(1))
    }

    pub(crate) fn made(
        &self,
        name: &str,
        entries: &[u64],
        notary: &Notary,
        signer: &Key,
    ) -> PathBuf {
        let output = self.path(name);
        let ledger = Ledger::open(&self.ledger()).unwrap();
        let plan = Plan {
            entries,
            made: "2026-11-26T12:00:00Z".parse::<Timestamp>().unwrap(),
        };
        let draft = Draft::make(&output, &ledger, notary, signer, plan).unwrap();
        draft.keep().unwrap();
        output
    }

    /// A copy of a bundle.
    pub(crate) fn copy(&self, of: &Path, name: &str) -> PathBuf {
        let to = self.path(name);
        let done = Command::new("cp").arg("-a").arg(of).arg(&to).status().unwrap();
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
                found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// What somebody does who changed a file and holds a key: both lists and the signature anew.
pub(crate) fn seal(folder: &Path, key: &Key, name: &str) {
    let id = minisign::own_key_id(&key.public());
    let public = minisign::public_text(id, &key.public());
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
    let signature = minisign::signature_text(key, tags.as_bytes(), name);
    fs::write(folder.join("tagmanifest-sha256.txt.minisig"), signature).unwrap();
}
