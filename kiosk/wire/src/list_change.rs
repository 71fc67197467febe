//! What the ledger says of changes of the lists that administrators keep: registered media,
//! contractors and their visits, accounts of staff.

use serde::{Deserialize, Serialize};

use crate::outcome::Digest;
use crate::rule_change::Person;

/// Most entries of a list that one change names; those beyond are counted.
pub const CHANGED_NAMED_MAX: usize = 1_000;

/// Most bytes that the named entries of one change take, as JSON: with the rest of the event
/// they fit [`crate::ledger::EVENT_BYTES_MAX`].
pub const CHANGED_BYTES_MAX: usize = 48 * 1024;

/// Longest value of a changed field that is kept, in bytes; what is longer is cut.
pub const FIELD_BYTES_MAX: usize = 200;

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListName {
    /// `allowlist.toml`: the registered media.
    Media,
    /// `contractors.toml`: companies and visits.
    Contractors,
    /// `accounts.toml`: the accounts of staff.
    Accounts,
    /// `kiosk.toml`: the site's policy, which people change by hand.
    Policy,
}

impl ListName {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Policy, Self::Media, Self::Contractors, Self::Accounts];
}

/// A list is about to change, written before it is done; or it was found changed, which says
/// nobody's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListChange {
    /// Which.
    pub list: ListName,
    /// Who did it; `None` when kioskd found the file changed by hand.
    pub by: Option<Person>,
    /// The second person, where one is asked for: the name of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
    /// Why, when somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// SHA-256 of the file before; `None` when there was none.
    pub before_sha256: Option<Digest>,
    /// SHA-256 of the file after; `None` when there is none any more.
    pub after_sha256: Option<Digest>,
    /// The entries that change, at most [`CHANGED_NAMED_MAX`] and [`CHANGED_BYTES_MAX`].
    pub changed: Vec<Changed>,
    /// How many more entries change.
    #[serde(default, skip_serializing_if = "is_none")]
    pub more: u64,
}

impl ListChange {
    /// As much of a change as one entry of the ledger holds: as many entries of the list by name as
    /// fit, then the fields of as many of those, and the others are counted.
    #[must_use]
    pub fn fitted(mut self) -> Self {
        let all = std::mem::take(&mut self.changed);
        let count = all.len();
        let size = |one: &Changed| serde_json::to_vec(one).map_or(usize::MAX, |json| json.len());
        let mut bytes = 0_usize;
        let mut fits = |more: usize| {
            let sum = bytes.saturating_add(more);
            let fits = sum <= CHANGED_BYTES_MAX;
            bytes = if fits { sum } else { bytes };
            fits
        };
        let mut kept = Vec::new();
        for one in all.into_iter().take(CHANGED_NAMED_MAX) {
            let bare = Changed {
                fields: Vec::new(),
                ..one.clone()
            };
            let bare_bytes = size(&bare).saturating_add(1);
            if !fits(bare_bytes) {
                break;
            }
            let fields_bytes = size(&one).saturating_add(1).saturating_sub(bare_bytes);
            kept.push((bare, one.fields, fields_bytes));
        }
        let more = count.saturating_sub(kept.len());
        self.more = u64::try_from(more).unwrap_or(u64::MAX);
        let kept = kept.into_iter().map(|(bare, fields, bytes)| {
            let fields = if fits(bytes) { fields } else { Vec::new() };
            Changed { fields, ..bare }
        });
        self.changed = kept.collect();
        self
    }
}

// serde hands a reference.
#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is serde's"
)]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// One entry of a list that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    /// What kind of entry, as its heading in the file: `medium`, `company`, `visit`, `account`.
    pub kind: String,
    /// Its id or name.
    pub id: String,
    /// What happens to it.
    pub change: Change,
    /// The fields that change. Secrets are named without their values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
}

/// What happens to an entry of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It is new.
    Added,
    /// Some of its fields change.
    Edited,
    /// It is taken out.
    Removed,
}

/// One field of an entry that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its key in the file.
    pub key: String,
    /// Its value before, as TOML; `None` when there was none, or for a secret.
    pub before: Option<String>,
    /// Its value after, as TOML; `None` when there is none, or for a secret.
    pub after: Option<String>,
}
