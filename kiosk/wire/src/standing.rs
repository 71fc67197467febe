//! What kiosk-record tells without writing anything: the waivers that were not ended, and the
//! media that were stopped and of which nobody has said what became.

use serde::{Deserialize, Serialize};

use crate::ledger::EntryId;
use crate::list_change::ListName;
use crate::outcome::Digest;
use crate::waiver::Waiver;

/// Most open cases that are named; all are counted.
pub const CASES_NAMED_MAX: usize = 16;

/// A question to kiosk-record, in the place of an [`crate::ledger::Append`]. The answer is
/// [`crate::ledger::Answer::Standing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// What is asked.
    pub ask: Asked,
}

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// For the [`Standing`].
    Standing,
}

/// What holds at the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// Waivers that were neither ended nor have run out, at most
    /// [`crate::waiver::WAIVERS_MAX`].
    pub waivers: Vec<Waiver>,
    /// Media that were stopped and of which nobody has said what became.
    pub open_cases: u64,
    /// The insertions of the first of them, at most [`CASES_NAMED_MAX`].
    pub cases: Vec<u64>,
    /// Requests for registration that nobody has answered.
    #[serde(default)]
    pub requests: u64,
    /// Media that are lent and overdue.
    #[serde(default)]
    pub overdue: u64,
    /// Until when the kiosk waits for a medium to register, RFC 3339 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrolling_until: Option<String>,
    /// The latest time that any entry carries, RFC 3339 UTC: it is not earlier than that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_utc: Option<String>,
    /// The lists as the last entry about each of them says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<KnownList>,
    /// The last entry; `None` for an empty ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<EntryId>,
    /// When somebody looked the ledger through last, RFC 3339 UTC; when nobody did, the time of
    /// its first entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_utc: Option<String>,
    /// How much of the ledger's disk is in use, in percent; `None` when the system does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_percent: Option<u8>,
}

/// A list as the ledger knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownList {
    /// Which.
    pub list: ListName,
    /// SHA-256 of its file before the last change; `None` when there was no file.
    pub before_sha256: Option<Digest>,
    /// SHA-256 of its file after it; `None` when there was no file.
    pub after_sha256: Option<Digest>,
}

/// What was done with a medium that was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mitigation {
    /// 預かった: it stays with the plant.
    Kept,
    /// 返却した: whoever brought it has it again.
    GivenBack,
    /// 引き渡した: an administrator, the police or another office has it.
    HandedOver,
}

impl Mitigation {
    /// Every one, in the order of the keys that choose them.
    pub const ALL: [Self; 3] = [Self::Kept, Self::GivenBack, Self::HandedOver];
}
