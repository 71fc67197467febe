//! The conversation with kiosk-record, the only writer of the ledger.
//!
//! One [`Append`] a packet, with a sealed memory file of rows where the event has rows; one
//! [`Answer`] to each. What was not answered with [`Answer::Recorded`] is not recorded.

use serde::{Deserialize, Serialize};

use crate::audit::{BackedUp, Cosigned, Exported, KeyRetired, KeySet, Restored, Reviewed, Sealed};
use crate::claim::Claim;
use crate::custody::{
    Enrolling, Lent, Occasion, Refused, RequestClosed, Returned, SignIn, SignInRefused,
};
use crate::list_change::ListChange;
use crate::name::MediumName;
use crate::outcome::{Digest, VolumeReport};
use crate::rule_change::{RulesChange, RulesRefused};
use crate::scan::{TargetKind, Totals};
use crate::standing::{Mitigation, Standing};
use crate::verdict::{Reason, Verdict};
use crate::waiver::Waived;

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

/// What happened. `insertion` is the number of the entry that recorded the insertion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// kioskd started.
    Started {
        /// Versions of what runs.
        kiosk: String,
        /// The rules it found, `None` when there are none.
        rules: Option<Rules>,
        /// Whether it was running already and met its ledger anew.
        #[serde(default, skip_serializing_if = "is_false")]
        again: bool,
    },
    /// kioskd ended because it was told to.
    Stopped {},
    /// kioskd started, and the one before it had not said that it ended. Only kiosk-record
    /// itself writes it.
    CrashFound {
        /// The entry that says that the one before started.
        started: u64,
    },
    /// A medium, image, folder or file is before us; nothing of it has been read.
    Inserted {
        /// What it is.
        target: Target,
        /// What it says it is; `None` for a scan by hand.
        claim: Option<Box<Claim>>,
        /// The registered medium it was admitted as or is judged as.
        medium: Option<String>,
        /// The rules it will be scanned with.
        rules: Option<Rules>,
        /// On which occasion, when there is anything to say of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        occasion: Option<Box<Occasion>>,
    },
    /// The scan ended, in whatever way, and this is the answer.
    Judged(Box<Judged>),
    /// A PASS that was written down and must not be shown: what it rested on changed between
    /// the scan and the screen. This answer stands in its place.
    Withdrawn {
        /// Which insertion.
        insertion: u64,
        /// The answer that stands; never PASS.
        verdict: Verdict,
        /// Why.
        reasons: Vec<Reason>,
    },
    /// The medium was taken out.
    Removed {
        /// Which insertion.
        insertion: u64,
    },
    /// Rules were tested with their canaries.
    SelfTested(Box<SelfTested>),
    /// Two people answer for one content: one rule does not stop it until one day.
    Waived(Box<Waived>),
    /// A waiver holds no longer.
    WaiverEnded {
        /// The waiver's entry.
        waiver: u64,
        /// Who ended it.
        by: String,
    },
    /// What was done with a medium that was stopped. The case is closed.
    Mitigated {
        /// Which insertion.
        insertion: u64,
        /// What was done.
        action: Mitigation,
        /// Who says so: `kiosk` when it was said at the kiosk, else a person's name.
        by: String,
    },
    /// An insertion has no verdict and will have none: whoever was scanning is gone.
    /// Only kiosk-record itself writes it.
    Interrupted {
        /// Which insertion.
        insertion: u64,
        /// What is known about why.
        why: String,
    },
    /// A bundle of rules is put into force.
    RulesInstalled(Box<RulesChange>),
    /// The rules before the present ones are put into force again.
    RulesRolledBack(Box<RulesChange>),
    /// A bundle of rules was refused, or not put into force after all.
    RulesRefused(Box<RulesRefused>),
    /// A list of the administrators' changes, or was found changed.
    ListChanged(Box<ListChange>),
    /// An unregistered medium was put forward for registration at the kiosk.
    Requested {
        /// The insertion at which it was refused.
        insertion: u64,
    },
    /// That was answered.
    RequestClosed(Box<RequestClosed>),
    /// A medium was handed out.
    Lent(Box<Lent>),
    /// A medium is back.
    Returned(Box<Returned>),
    /// An administrator waits at the kiosk for a medium to register.
    Enrolling(Box<Enrolling>),
    /// Somebody named themselves at the kiosk.
    SignedIn(SignIn),
    /// A code or PIN was not taken.
    SignInRefused(Box<SignInRefused>),
    /// Who had named themselves is so no longer.
    SignedOut(SignIn),
    /// The clock was set, or went, by more than clocks drift.
    ClockStepped {
        /// What it would have shown, RFC 3339 UTC.
        expected: String,
        /// What it shows, RFC 3339 UTC.
        found: String,
    },
    /// The key that signs from here on. Only kiosk-record itself writes it.
    KeySet(KeySet),
    /// The key that signed until now signs no more.
    KeyRetired(Box<KeyRetired>),
    /// An auditor signed a checkpoint beside the kiosk.
    Cosigned(Box<Cosigned>),
    /// Something was taken out of the ledger into a file.
    Exported(Box<Exported>),
    /// Somebody looked the ledger through.
    Reviewed(Box<Reviewed>),
    /// A copy was made.
    BackedUp(Box<BackedUp>),
    /// The ledger goes on from a copy.
    Restored(Box<Restored>),
    /// The rows of a period were put into an archive.
    Sealed(Box<Sealed>),
}

impl Event {
    /// What it is called, as its key `event` spells it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Stopped {} => "stopped",
            Self::CrashFound { .. } => "crash_found",
            Self::Inserted { .. } => "inserted",
            Self::Judged(_) => "judged",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Removed { .. } => "removed",
            Self::SelfTested(_) => "self_tested",
            Self::Waived(_) => "waived",
            Self::WaiverEnded { .. } => "waiver_ended",
            Self::Mitigated { .. } => "mitigated",
            Self::Interrupted { .. } => "interrupted",
            Self::RulesInstalled(_) => "rules_installed",
            Self::RulesRolledBack(_) => "rules_rolled_back",
            Self::RulesRefused(_) => "rules_refused",
            Self::ListChanged(_) => "list_changed",
            Self::Requested { .. } => "requested",
            Self::RequestClosed(_) => "request_closed",
            Self::Lent(_) => "lent",
            Self::Returned(_) => "returned",
            Self::Enrolling(_) => "enrolling",
            Self::SignedIn(_) => "signed_in",
            Self::SignInRefused(_) => "sign_in_refused",
            Self::SignedOut(_) => "signed_out",
            Self::ClockStepped { .. } => "clock_stepped",
            Self::KeySet(_) => "key_set",
            Self::KeyRetired(_) => "key_retired",
            Self::Cosigned(_) => "cosigned",
            Self::Exported(_) => "exported",
            Self::Reviewed(_) => "reviewed",
            Self::BackedUp(_) => "backed_up",
            Self::Restored(_) => "restored",
            Self::Sealed(_) => "sealed",
        }
    }

    /// The verdict, when this is one: the only event that rows travel with.
    #[must_use]
    pub fn judged(&self) -> Option<&Judged> {
        match self {
            Self::Judged(judged) => Some(judged),
            Self::Started { .. }
            | Self::Inserted { .. }
            | Self::Withdrawn { .. }
            | Self::Removed { .. }
            | Self::SelfTested(_)
            | Self::Waived(_)
            | Self::WaiverEnded { .. }
            | Self::Mitigated { .. }
            | Self::Interrupted { .. }
            | Self::RulesInstalled(_)
            | Self::RulesRolledBack(_)
            | Self::RulesRefused(_)
            | Self::ListChanged(_)
            | Self::Requested { .. }
            | Self::RequestClosed(_)
            | Self::Lent(_)
            | Self::Returned(_)
            | Self::Enrolling(_)
            | Self::SignedIn(_)
            | Self::SignInRefused(_)
            | Self::SignedOut(_)
            | Self::ClockStepped { .. }
            | Self::Stopped {}
            | Self::CrashFound { .. }
            | Self::KeySet(_)
            | Self::KeyRetired(_)
            | Self::Cosigned(_)
            | Self::Exported(_)
            | Self::Reviewed(_)
            | Self::BackedUp(_)
            | Self::Restored(_)
            | Self::Sealed(_) => None,
        }
    }
}

/// What is usual is not written.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands the field in by reference"
)]
fn is_false(said: &bool) -> bool {
    !said
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
}
