//! What kioskd tells the screen: a whole [`View`] at every change, and once a second without
//! one. The screen keeps no state of its own; after [`SILENCE_SECONDS_MAX`] without a view it
//! says that the kiosk does not answer.

use serde::{Deserialize, Serialize};

use crate::claim::Function;
use crate::ledger::{EntryId, Rules};
use crate::name::MediumName;
use crate::outcome::Title;
use crate::scan::Progress;
use crate::standing::Mitigation;
use crate::verdict::{Reason, Verdict};

/// Longest silence of kioskd before the screen stops showing what it last heard, in seconds.
pub const SILENCE_SECONDS_MAX: u64 = 3;

/// Most media shown at once: the ports of one kiosk.
pub const LANES_MAX: usize = 4;

/// Everything the screen may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// Rises by one with every view of a daemon's life.
    pub sequence: u64,
    /// The gate's name in Japanese.
    pub site_ja: String,
    /// The gate's name in English.
    pub site_en: String,
    /// The kiosk's local date and time, `2026-11-23 08:30`.
    pub clock: String,
    /// The rules in force.
    pub rules: Option<Rules>,
    /// What their age means here.
    pub rules_age: RulesAge,
    /// Why rules that were to take their place did not, in one line for staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules_refused: Option<String>,
    /// Why the kiosk is out of service; `None` when it is in service.
    pub out_of_service: Option<OutOfService>,
    /// What exactly is wrong, in one line for staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// Whom to call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The media that are in, at most [`LANES_MAX`], in the order of their insertion.
    pub lanes: Vec<Lane>,
    /// Media that were stopped and of which nobody has said what became.
    #[serde(default)]
    pub open_cases: u64,
}

/// Longest line for staff in a view, in bytes: it is cut to the width of the screen anyway.
pub const STAFF_LINE_BYTES_MAX: usize = 512;

/// What the age of the rules means at this site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RulesAge {
    /// Young enough.
    Fresh,
    /// To be renewed soon, or of unknown age; also when there are none.
    Aging,
    /// Too old for the site, or expired.
    Stale,
}

/// Why no medium can be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutOfService {
    /// The daemon has just started and has not yet reached the ledger and the rules.
    Starting,
    /// The ledger cannot be written.
    Ledger,
    /// There are no rules.
    Rules,
    /// The rules are being tested, and have shown nothing yet.
    Testing,
    /// The rules did not find their canaries.
    SelfTest,
    /// The rules are too old for the site, or have expired.
    RulesStale,
    /// The list of media cannot be read.
    Allowlist,
}

/// One medium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// What the medium calls itself: product string, or the image's name.
    pub label: MediumName,
    /// Where its journey stands.
    pub stage: Stage,
    /// Whether the person is asked what was done with it; only after STOP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asking: Option<Asking>,
}

/// The question what was done with a medium that was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asking {
    /// The insertion it is about.
    pub insertion: u64,
    /// Since when it is asked, in whole seconds.
    pub waited_seconds: u64,
    /// The answer, once it is recorded.
    pub answered: Option<Mitigation>,
}

/// What a person chose, from the screen. kioskd believes nothing of it: it counts only when
/// exactly that was asked in a view that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The insertion that the question was about.
    pub insertion: u64,
    /// The view in which it was asked.
    pub sequence: u64,
    /// What was done with the medium.
    pub choice: Mitigation,
}

/// Where a medium's journey stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Stage {
    /// Its claim is being checked, and its insertion recorded.
    Checking,
    /// Its content is being read.
    Scanning {
        /// How far.
        progress: Progress,
        /// Since when, in whole seconds.
        elapsed_seconds: u64,
    },
    /// The answer is being recorded; it must not be shown yet.
    Recording,
    /// The answer, written down.
    Judged(Box<Shown>),
    /// The medium was taken out after its answer; the answer stays for a moment.
    Removed(Box<Shown>),
}

/// A verdict that may be shown, because it has an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The answer.
    pub verdict: Verdict,
    /// Its entry.
    pub entry: EntryId,
    /// Why it is not PASS.
    pub reasons: Vec<Reason>,
    /// The registered medium.
    pub medium: Option<String>,
    /// What it is besides storage, when that is why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<Function>,
    /// Files and members examined.
    pub files: u64,
    /// Bytes of the medium that were read.
    pub bytes_read: u64,
    /// The first thing found, for the page of details.
    pub first: Option<FirstFinding>,
    /// Entries of the waivers that the answer rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<u64>,
    /// What became of a bundle of rules on an administrator's medium.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brought: Option<Brought>,
}

/// What became of a bundle of rules that a medium brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Brought {
    /// It is being checked.
    Installing,
    /// It is in force from now on.
    Installed {
        /// Its name.
        bundle: String,
        /// Its version.
        version: u64,
    },
    /// The rules from before stay.
    Refused {
        /// Why, for staff. To be escaped.
        why: String,
    },
}

/// The first thing that kept a medium from PASS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstFinding {
    /// The containers around it and the path itself, outermost first.
    pub trail: Vec<MediumName>,
    /// The rule or the gap.
    pub rule: String,
    /// The rule that names a gap, when one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What the rule calls itself, when it says so. From the scanner, so to be escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Box<Title>>,
}
