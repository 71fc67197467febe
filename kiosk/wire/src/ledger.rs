//! The conversation with kiosk-record, the only writer of the ledger.
//!
//! One [`Append`] a packet, with a sealed memory file of rows where the event has rows; one
//! [`Answer`] to each. What was not answered with [`Answer::Recorded`] is not recorded.

use serde::{Deserialize, Serialize};

use crate::custody::Refused;
use crate::name::MediumName;
use crate::outcome::{Digest, VolumeReport};
use crate::scan::{TargetKind, Totals};
use crate::standing::Standing;
use crate::verdict::{Reason, ReasonCode, Verdict};

mod event;

pub use event::Event;

/// Largest event without its rows, in bytes: it must fit one frame with room to spare.
pub const EVENT_BYTES_MAX: usize = 60 * 1024;

/// Largest file of rows, in bytes: half a million rows of a common length.
pub const ROWS_BYTES_MAX: u64 = 512 << 20;

/// Most volumes in one event: their reports must fit it. A GPT has 128 places; sticks have
/// one or two.
pub const VOLUMES_MAX: usize = 64;

/// Most faults of a self-test that its entry names.
pub const SELF_TEST_FAULTS_MAX: usize = 16;

/// Longest fault of a self-test, in bytes: a rule, a place and a sentence.
pub const SELF_TEST_FAULT_BYTES_MAX: usize = 512;

/// Something to write down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Append {
    /// What happened.
    pub event: Event,
    /// Whether a memory file with one [`crate::Row`] a line in JSON travels with the message.
    pub rows: bool,
}

/// The verdict about one insertion with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// Which insertion.
    pub insertion: u64,
    /// The answer.
    pub verdict: Verdict,
    /// Why it is not PASS; empty for PASS.
    pub reasons: Vec<Reason>,
    /// The registered medium.
    pub medium: Option<String>,
    /// What was scanned.
    pub target: Target,
    /// The rules it was scanned with.
    pub rules: Option<Rules>,
    /// Volumes that were found.
    pub volumes: Vec<VolumeReport>,
    /// The scanner's end record; `None` when there was none.
    pub totals: Option<Totals>,
    /// When the scan began, RFC 3339 UTC.
    pub started: String,
    /// When it ended, RFC 3339 UTC.
    pub finished: String,
    /// For staff: what happened when the scan did not come to its own end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// What the list had against it, when it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Box<Refused>>,
    /// Entries of the waivers that speak for findings in the rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<u64>,
    /// SHA-256 of the site's policy by which it was judged; `None` when there is no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_sha256: Option<Digest>,
}

impl Judged {
    /// The registered medium that this is about: the one it was judged as, or the one whose entry
    /// of the list refused it. `None` for an unknown medium, a suspected clone and what is no
    /// storage: the entry that [`Refused`] names then is only the nearest one.
    #[must_use]
    pub fn registered(&self) -> Option<&str> {
        if let Some(medium) = &self.medium {
            return Some(medium);
        }
        let decided = |reason: &Reason| {
            matches!(
                reason.code,
                ReasonCode::Expired
                    | ReasonCode::Revoked
                    | ReasonCode::Lost
                    | ReasonCode::NotYetValid
                    | ReasonCode::NoVisit
            )
        };
        let entry = self.refused.as_ref()?.entry.as_deref()?;
        self.reasons.iter().any(decided).then_some(entry)
    }
}

/// What came of testing a set of rules with its canaries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelfTested {
    /// Which rules: those in force, or those that were to take their place.
    pub rules: Rules,
    /// Whether they may be used.
    pub result: SelfTest,
    /// Canaries and near misses that were examined.
    pub specimens: u64,
    /// How long it took.
    pub milliseconds: u64,
    /// What was wrong, at most [`SELF_TEST_FAULTS_MAX`] things; empty exactly when it passed.
    pub faults: Vec<String>,
}

/// The result of a self-test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[must_use]
pub enum SelfTest {
    /// Every canary was found, and no near miss.
    Passed,
    /// Something was missed, or the test did not come to its end.
    Failed,
}

/// What was scanned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Device, image, folder or file.
    pub kind: TargetKind,
    /// Its name: the image's or folder's path, or the device's.
    pub name: MediumName,
    /// Its size; 0 for a folder.
    pub size_bytes: u64,
}

/// Which rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Name of the bundle.
    pub bundle: String,
    /// Its version; 0 when it says none.
    pub version: u64,
    /// When it was issued, RFC 3339 date or time; `None` when it says none.
    pub issued: Option<String>,
    /// How old it is, in whole days; `None` when it does not say when it was issued.
    pub age_days: Option<u64>,
    /// For how many days they have expired; `None` while they hold, and when they say no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expired_days: Option<u64>,
    /// Rules in it.
    pub rules: u64,
    /// Over the names and contents of its source files and lists of hashes, and over what is said
    /// of the tiers of its rules.
    pub sha256: Digest,
    /// Other engines that were asked beside these rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub engines: Vec<Engine>,
}

/// Another engine that was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// As findings name it: `clamav`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The version of its database; `None` when it says none.
    pub database: Option<String>,
    /// When its database was made, an RFC 3339 date; `None` when it says none.
    pub issued: Option<String>,
    /// How old that is, in whole days; `None` when it does not say.
    pub age_days: Option<u64>,
}

/// What kiosk-record answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// Written down, and on the disk.
    Recorded(EntryId),
    /// What holds at the moment. Nothing was written down.
    Standing(Box<Standing>),
    /// Not written down.
    Refused {
        /// Why, for staff.
        why: String,
        /// What the disk has to do with it; `None` when it has nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        disk: Option<DiskTrouble>,
    },
}

/// Why the ledger's disk takes no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiskTrouble {
    /// It is full. With room on it the next entry is written.
    Full,
    /// It is read-only, or answers with errors.
    Failing,
}

/// A durable entry: to have one is the leave to show a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryId {
    /// Its number, from 1.
    pub number: u64,
    /// Its leaf hash.
    pub leaf_sha256: Digest,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_that_says_nothing_of_the_disk_is_spelled_as_before() {
        let text = r#"{"refused":{"why":"no"}}"#;
        let answer = Answer::Refused {
            why: "no".to_owned(),
            disk: None,
        };
        assert_eq!(serde_json::to_string(&answer).unwrap(), text);
        assert_eq!(serde_json::from_str::<Answer>(text).unwrap(), answer);
    }

    #[test]
    fn only_an_entry_that_refused_a_medium_makes_it_a_registered_one() {
        let judged = |code, medium: Option<&str>| Judged {
            insertion: 1,
            verdict: Verdict::Stop,
            reasons: vec![Reason { code, count: 1 }],
            medium: medium.map(str::to_owned),
            target: Target {
                kind: TargetKind::Device,
                name: MediumName::new(*b"sdb").unwrap(),
                size_bytes: 0,
            },
            rules: None,
            volumes: Vec::new(),
            totals: None,
            started: String::new(),
            finished: String::new(),
            fault: None,
            refused: Some(Box::new(Refused {
                entry: Some("M-0001".to_owned()),
                detail: String::new(),
                differences: Vec::new(),
            })),
            waivers: Vec::new(),
            policy_sha256: None,
        };
        for code in [ReasonCode::Expired, ReasonCode::Revoked, ReasonCode::Lost] {
            assert_eq!(judged(code, None).registered(), Some("M-0001"), "{code:?}");
        }
        for code in [ReasonCode::Unregistered, ReasonCode::CloneSuspected] {
            assert_eq!(judged(code, None).registered(), None, "{code:?}");
        }
        let admitted = judged(ReasonCode::Matched, Some("M-0002"));
        assert_eq!(admitted.registered(), Some("M-0002"));
    }
}
