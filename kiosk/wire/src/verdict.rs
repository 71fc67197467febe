//! The three words, and the reasons for them.

use serde::{Deserialize, Serialize};

use crate::outcome::Gap;

/// The only three answers about a medium. It has no default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[must_use]
pub enum Verdict {
    /// 合格: a registered medium, everything examined, nothing known to be bad, recorded.
    Pass,
    /// 使用禁止: not registered, or known to be bad or forbidden.
    Stop,
    /// 検査未完了: something was not examined.
    Incomplete,
}

impl Verdict {
    /// The verdict's word in Japanese. A constant, never a translation.
    #[must_use]
    pub fn word_ja(self) -> &'static str {
        match self {
            Self::Pass => "合格",
            Self::Stop => "使用禁止",
            Self::Incomplete => "検査未完了",
        }
    }

    /// The verdict's word in English.
    #[must_use]
    pub fn word_en(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Stop => "STOP",
            Self::Incomplete => "NOT FINISHED",
        }
    }

    /// The verdict's shape, readable without colour.
    #[must_use]
    pub fn shape(self) -> &'static str {
        match self {
            Self::Pass => "○",
            Self::Stop => "✕",
            Self::Incomplete => "△",
        }
    }
}

/// Why a verdict is not PASS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// A rule that blocks matched.
    Matched,
    /// Something that policy forbids was found in a file's form.
    Policy,
    /// Not in the list of registered media.
    Unregistered,
    /// Registered, but its time has ended.
    Expired,
    /// Registered, and withdrawn.
    Revoked,
    /// Registered for a later time.
    NotYetValid,
    /// Reported lost.
    Lost,
    /// Says it is a registered medium and differs from it.
    CloneSuspected,
    /// Has a function that is not plain storage.
    NotStorage,
    /// Registered, and here without a visit that covers it.
    NoVisit,
    /// See [`Gap::Encrypted`].
    Encrypted,
    /// See [`Gap::Unreadable`].
    Unreadable,
    /// See [`Gap::Damaged`]; also a scanner that died.
    Damaged,
    /// See [`Gap::Unsupported`].
    Unsupported,
    /// See [`Gap::Limit`].
    Limit,
    /// See [`Gap::Timeout`]; also a scanner that fell silent.
    Timeout,
    /// See [`Gap::Changed`].
    Changed,
    /// See [`Gap::Removed`].
    Removed,
    /// No rules were loaded.
    RulesMissing,
    /// The rules are older than policy allows.
    RulesStale,
    /// The rules did not find their canaries.
    SelfTestFailed,
    /// The result could not be written down.
    LedgerUnavailable,
    /// The clock stepped or went back.
    ClockUntrusted,
}

impl From<Gap> for ReasonCode {
    fn from(gap: Gap) -> Self {
        match gap {
            Gap::Encrypted => Self::Encrypted,
            Gap::Unreadable => Self::Unreadable,
            Gap::Damaged => Self::Damaged,
            Gap::Unsupported => Self::Unsupported,
            Gap::Limit => Self::Limit,
            Gap::Timeout => Self::Timeout,
            Gap::Changed => Self::Changed,
            Gap::Removed => Self::Removed,
        }
    }
}

/// A reason and how often it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Why.
    pub code: ReasonCode,
    /// How many files, volumes or occasions; at least 1.
    pub count: u64,
}
