//! What kioskd tells the screen: a whole [`View`] at every change, and once a second without
//! one. The screen keeps no state of its own; after [`SILENCE_SECONDS_MAX`] without a view it
//! says that the kiosk does not answer.

use serde::{Deserialize, Serialize};

use crate::claim::Function;
use crate::ledger::{DiskTrouble, EntryId, Rules};
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
    /// What concerns the people at the gate.
    #[serde(default)]
    pub gate: Gate,
    /// How the ledger stands.
    #[serde(default)]
    pub ledger: Ledger,
}

/// How much of the ledger's disk is in use when staff are warned, in percent: at a busy gate the
/// rest is enough for months, and time for whoever has to make room.
pub const DISK_PERCENT_WARN: u8 = 80;

/// What is to be known of the ledger, by anybody who passes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Its last entry; `None` for an empty ledger and without an answer.
    pub head: Option<EntryId>,
    /// How much of its disk is in use, in percent; `None` when that is not known.
    pub disk_percent: Option<u8>,
    /// By which day somebody has to look it through, `2026-12-10`; `None` when that is not known.
    pub review_due: Option<String>,
    /// Whether that day is over.
    pub is_review_overdue: bool,
    /// Why it cannot be written, as far as its disk is the cause.
    pub disk_trouble: Option<DiskTrouble>,
}

impl Ledger {
    /// How full the disk is, when staff have to be told.
    #[must_use]
    pub fn disk_warning(&self) -> Option<u8> {
        self.disk_percent
            .filter(|percent| DISK_PERCENT_WARN <= *percent)
    }

    /// Since when the review is overdue, when it is.
    #[must_use]
    pub fn overdue_since(&self) -> Option<&str> {
        self.review_due
            .as_deref()
            .filter(|_| self.is_review_overdue)
    }
}

/// What the screen may ask of people, and what it may tell staff.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Whether media need a visit, so that its code is asked for.
    pub asks_visit: bool,
    /// Who has given a visit's code.
    pub visitor: Option<Visitor>,
    /// Whether a medium may be said to be on its way out.
    pub takes_exits: bool,
    /// Whether the next medium is on its way out.
    pub is_exit: bool,
    /// Whether an administrator waits for a medium to register.
    pub is_enrolling: bool,
    /// Whether staff may sign in here: there is an account with a PIN.
    pub takes_staff: bool,
    /// Who of the staff is signed in.
    pub staff: Option<Staff>,
    /// What became of what was typed last; for a few seconds.
    pub typed: Option<Typed>,
    /// For how long nothing that is typed is taken, in seconds; 0 when it is.
    pub locked_seconds: u64,
    /// Requests for registration that nobody has answered.
    pub requests: u64,
    /// Media that are lent and overdue.
    pub overdue: u64,
    /// Why a list that was changed is not in use, in one line for staff; the one before is.
    pub lists_refused: Option<String>,
}

/// Who has given a visit's code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Visitor {
    /// Who comes.
    pub person: String,
    /// For which company.
    pub company: String,
    /// How long it still counts, in seconds.
    pub seconds_left: u64,
}

/// Who of the staff is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Staff {
    /// The account's name.
    pub name: String,
    /// How long it still counts, in seconds.
    pub seconds_left: u64,
}

/// What became of what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Typed {
    /// It is being looked at.
    Checking,
    /// It was taken.
    Taken,
    /// It is nobody's, or wrong. Which, the screen does not tell.
    Wrong,
    /// The visit has ended.
    Ended,
    /// The visit is for later.
    NotYetValid,
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
    /// Whether its registration may be requested, or was; only after it was refused as
    /// unregistered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
}

/// A request for registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The insertion it is for.
    pub insertion: u64,
    /// Whether it is recorded.
    pub is_recorded: bool,
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

/// What a person said at the screen. kioskd believes nothing of it: it counts only when exactly
/// that was asked in a view that was sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Input {
    /// What was done with a medium that was stopped.
    Case(Choice),
    /// The code or badge of a visit.
    Code {
        /// As it was typed, at most [`TYPED_BYTES_MAX`].
        code: String,
    },
    /// Number and PIN of one of the staff.
    Staff {
        /// The account's number.
        number: String,
        /// The PIN, at most [`TYPED_BYTES_MAX`].
        pin: String,
    },
    /// Whoever is signed in is so no longer, and the next medium is on its way in.
    SignOut,
    /// Whether the next medium is on its way out.
    Exit(bool),
    /// The registration of a medium is requested.
    Request {
        /// The insertion at which it was refused.
        insertion: u64,
        /// The view in which that was offered.
        sequence: u64,
    },
}

/// Longest code or PIN that is taken, in bytes. A badge has some twenty characters.
pub const TYPED_BYTES_MAX: usize = 64;

impl std::fmt::Debug for Input {
    /// Says what it is, and no secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Case(choice) => choice.fmt(f),
            Self::Code { .. } => f.write_str("Code"),
            Self::Staff { number, .. } => write!(f, "Staff({number:?})"),
            Self::SignOut => f.write_str("SignOut"),
            Self::Exit(on) => write!(f, "Exit({on})"),
            Self::Request { insertion, .. } => write!(f, "Request({insertion})"),
        }
    }
}

/// What was done with a medium that was stopped, as a person chose.
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
    /// It is registered, and the code of a visit is waited for before it is read.
    AwaitingVisit,
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
    /// Whether the medium was on its way out.
    #[serde(default)]
    pub is_out: bool,
    /// Where the medium is to be put, when it is on its way out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put_back: Option<String>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staff_are_warned_of_the_disk_from_the_threshold_on_and_of_a_review_once_it_is_overdue() {
        let mut ledger = Ledger {
            review_due: Some("2026-12-10".to_owned()),
            ..Ledger::default()
        };
        let warned = |percent| Ledger {
            disk_percent: percent,
            ..Ledger::default()
        };
        assert_eq!(warned(None).disk_warning(), None);
        assert_eq!(warned(Some(DISK_PERCENT_WARN - 1)).disk_warning(), None);
        assert_eq!(warned(Some(DISK_PERCENT_WARN)).disk_warning(), Some(80));
        assert_eq!(ledger.overdue_since(), None);
        ledger.is_review_overdue = true;
        assert_eq!(ledger.overdue_since(), Some("2026-12-10"));
    }
}
