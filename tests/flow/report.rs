//! What every report must be, whatever was scanned.

use std::time::Duration;

use serde_json::Value;

use crate::kiosk::Done;

const GAPS: [&str; 8] = [
    "encrypted",
    "unreadable",
    "damaged",
    "unsupported",
    "limit",
    "timeout",
    "changed",
    "removed",
];

const OTHER_REASONS: [&str; 14] = [
    "matched",
    "policy",
    "unregistered",
    "expired",
    "revoked",
    "not_yet_valid",
    "lost",
    "clone_suspected",
    "not_storage",
    "rules_missing",
    "rules_stale",
    "self_test_failed",
    "ledger_unavailable",
    "clock_untrusted",
];

const KINDS: [&str; 7] = [
    "file",
    "stream",
    "deleted",
    "unallocated",
    "gap",
    "boot",
    "member",
];

/// Keys that `CONTRACT.md` promises, by the object they are in.
const KEYS: [(&str, &[&str]); 5] = [
    (
        "",
        &[
            "schema", "verdict", "reasons", "medium", "target", "rules", "totals", "volumes",
            "files", "started", "finished", "entry",
        ],
    ),
    ("target", &["kind", "size_bytes"]),
    (
        "rules",
        &["bundle", "version", "issued", "age_days", "rules", "sha256"],
    ),
    (
        "totals",
        &[
            "volumes",
            "files",
            "members",
            "clean",
            "matched",
            "unchecked",
            "bytes_read",
            "bytes_hashed",
        ],
    ),
    ("entry", &["number", "leaf_sha256"]),
];

const VOLUME_KEYS: [&str; 8] = [
    "index",
    "kind",
    "label",
    "offset_bytes",
    "size_bytes",
    "allocated_bytes",
    "examined_bytes",
    "findings",
];

const FILE_KEYS: [&str; 10] = [
    "volume",
    "path",
    "within",
    "kind",
    "size_bytes",
    "sha256",
    "type",
    "outcome",
    "gap",
    "findings",
];

/// A report whose form has been checked.
pub(crate) struct Report {
    pub(crate) json: Value,
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Report {
    /// Checks what holds of every scan, and takes the report.
    #[track_caller]
    pub(crate) fn checked(done: &Done) -> Self {
        let stderr: String = done.stderr.chars().take(4000).collect();
        assert_eq!(done.signal, None, "killed by a signal; stderr: {stderr}");
        for bad in ["panicked", "RUST_BACKTRACE", "overflow", "stack backtrace"] {
            assert!(!done.stderr.contains(bad), "stderr: {stderr}");
        }
        let json: Value = serde_json::from_str(&done.stdout).unwrap_or_else(|error| {
            panic!(
                "stdout is not one object: {error}; status {:?}; stderr: {stderr}",
                done.status
            )
        });
        let report = Self {
            json,
            status: done.status.unwrap(),
            stdout: done.stdout.clone(),
            stderr: done.stderr.clone(),
            took: done.took,
        };
        report.has_every_key();
        report.adds_up();
        report.status_follows();
        for row in report.rows() {
            row_is_whole(row);
        }
        report
    }

    pub(crate) fn verdict(&self) -> &str {
        self.json["verdict"].as_str().unwrap()
    }

    /// Fails unless this is the answer, with this exit status.
    #[track_caller]
    pub(crate) fn answers(&self, verdict: &str, status: i32) {
        let said = (self.verdict(), self.status);
        assert_eq!(said, (verdict, status), "{}", self.summary());
    }

    /// Reason codes in their order.
    pub(crate) fn reasons(&self) -> Vec<&str> {
        let reasons = self.json["reasons"].as_array().unwrap();
        reasons
            .iter()
            .map(|reason| reason["code"].as_str().unwrap())
            .collect()
    }

    pub(crate) fn rows(&self) -> &[Value] {
        self.json["files"].as_array().unwrap()
    }

    /// The first row of this path.
    #[track_caller]
    pub(crate) fn row(&self, path: &str) -> &Value {
        let mut rows = self.rows().iter();
        let found = rows.find(|row| row["path"] == path);
        found.unwrap_or_else(|| panic!("no row for {path}: {}", self.summary()))
    }

    pub(crate) fn volumes(&self) -> &[Value] {
        self.json["volumes"].as_array().unwrap()
    }

    /// Every finding of rows and volumes by its rule's name.
    pub(crate) fn findings(&self) -> Vec<&str> {
        let all = self.rows().iter().chain(self.volumes());
        all.flat_map(|place| place["findings"].as_array().unwrap())
            .map(|finding| finding["rule"].as_str().unwrap())
            .collect()
    }

    /// What is not as it should be, in few words: for the message of a failed test.
    pub(crate) fn summary(&self) -> String {
        let odd: Vec<String> = self
            .rows()
            .iter()
            .filter(|row| row["outcome"] != "clean" || row["findings"] != Value::Array(vec![]))
            .take(6)
            .map(|row| {
                format!(
                    "{} {} {} {}",
                    row["path"], row["outcome"], row["gap"], row["findings"]
                )
            })
            .collect();
        let volumes: Vec<String> = self
            .volumes()
            .iter()
            .map(|one| format!("{} {}", one["kind"], one["findings"]))
            .collect();
        format!(
            "{} {} exit {} in {:?}; {} rows; volumes: {volumes:?}; rows: {odd:#?}; stderr: {}",
            self.verdict(),
            self.json["reasons"],
            self.status,
            self.took,
            self.rows().len(),
            self.stderr.chars().take(600).collect::<String>(),
        )
    }

    #[track_caller]
    fn has_every_key(&self) {
        assert_eq!(self.json["schema"], "media-kiosk/scan/1");
        for (place, keys) in KEYS {
            let object = if place.is_empty() {
                &self.json
            } else {
                &self.json[place]
            };
            // There may be no rules, and no entry.
            if !(object.is_null() && ["rules", "entry"].contains(&place)) {
                has_keys(object, keys, place);
            }
        }
        for volume in self.volumes() {
            has_keys(volume, &VOLUME_KEYS, "volume");
        }
        for row in self.rows() {
            has_keys(row, &FILE_KEYS, "file");
        }
        for time in ["started", "finished"] {
            let text = self.json[time].as_str().unwrap();
            assert!(
                text.len() >= 20 && text.ends_with('Z') && text.contains('T'),
                "{time}: {text}"
            );
        }
        assert!(self.json["started"].as_str() <= self.json["finished"].as_str());
        let kind = self.json["target"]["kind"].as_str().unwrap();
        assert!(["device", "image", "folder", "file"].contains(&kind));
    }

    #[track_caller]
    fn adds_up(&self) {
        let total = |name: &str| self.json["totals"][name].as_u64().unwrap();
        let count = |key: &str, value: &str| {
            u64::try_from(self.rows().iter().filter(|row| row[key] == value).count()).unwrap()
        };
        let rows = u64::try_from(self.rows().len()).unwrap();
        assert_eq!(total("clean") + total("matched") + total("unchecked"), rows);
        for outcome in ["clean", "matched", "unchecked"] {
            assert_eq!(total(outcome), count("outcome", outcome), "{outcome}");
        }
        assert_eq!(total("members"), count("kind", "member"));
        assert_eq!(total("files") + total("members"), rows);
        assert_eq!(
            total("volumes"),
            u64::try_from(self.volumes().len()).unwrap()
        );
    }

    #[track_caller]
    fn status_follows(&self) {
        let reasons = self.reasons();
        for code in &reasons {
            assert!(
                GAPS.contains(code) || OTHER_REASONS.contains(code),
                "unknown reason {code}"
            );
        }
        for reason in self.json["reasons"].as_array().unwrap() {
            assert!(reason["count"].as_u64().unwrap() > 0);
        }
        let found = reasons
            .iter()
            .any(|code| ["matched", "policy"].contains(code));
        match (self.verdict(), self.status) {
            ("pass", 0) => assert!(reasons.is_empty()),
            ("stop", 1) => assert!(found, "{reasons:?}"),
            ("stop", 3) => assert!(!found, "{reasons:?}"),
            ("incomplete", 2 | 4) => assert!(!reasons.is_empty() && !found, "{reasons:?}"),
            (verdict, status) => panic!("{verdict} with exit status {status}"),
        }
        if self.verdict() == "pass" {
            // What is waived stays what it is; then the report names the waivers.
            let waived = self.json.get("waivers").is_some();
            assert!(waived || self.json["totals"]["matched"] == 0);
            assert_eq!(self.json["totals"]["unchecked"], 0);
        }
    }
}

#[track_caller]
fn has_keys(object: &Value, keys: &[&str], place: &str) {
    for key in keys {
        assert!(object.get(key).is_some(), "{place} lacks {key}: {object}");
    }
}

#[track_caller]
fn row_is_whole(row: &Value) {
    let kind = row["kind"].as_str().unwrap();
    assert!(KINDS.contains(&kind), "{row}");
    let unchecked = row["outcome"] == "unchecked";
    match row["gap"].as_str() {
        Some(gap) => assert!(unchecked && GAPS.contains(&gap), "{row}"),
        None => assert!(!unchecked && row["gap"].is_null(), "{row}"),
    }
    assert_eq!(
        kind == "member",
        row["within"] != Value::Array(vec![]),
        "{row}"
    );
    match row["sha256"].as_str() {
        Some(hex) => assert!(
            hex.len() == 64
                && hex
                    .bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)),
            "{row}"
        ),
        None => assert!(row["outcome"] != "clean", "{row}"),
    }
    for finding in row["findings"].as_array().unwrap() {
        has_keys(finding, &["rule", "source", "tier", "member_of"], "finding");
    }
}

/// Fails when a text holds a character that would move, hide or reorder what a person reads.
#[track_caller]
pub(crate) fn is_printable(text: &str, what: &str) {
    let hidden = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
                | '\u{3164}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
    };
    if let Some(found) = text.chars().find(|c| hidden(*c)) {
        panic!("{what} holds U+{:04X}", u32::from(found));
    }
}
