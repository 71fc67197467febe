//! What the ledger says of itself: its keys, who signed it beside the kiosk, who took something
//! out of it, and who looked it through.

use serde::{Deserialize, Serialize};

use crate::ledger::EntryId;
use crate::name::MediumName;
use crate::outcome::Digest;
use crate::rule_change::Person;

/// Longest checkpoint with its signatures, in bytes: some thirty signatures.
pub const NOTE_BYTES_MAX: usize = 8 * 1024;

/// Longest public key as text, in bytes: a name, a number and 33 bytes in base64.
pub const KEY_TEXT_BYTES_MAX: usize = 512;

/// Longest remark or reason in an entry about the ledger itself, in bytes.
pub const REMARK_BYTES_MAX: usize = 1024;

/// The key that signs from this entry on. Only kiosk-record itself writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySet {
    /// The public key as C2SP's signed notes spell it: `name+hash+key`.
    pub key: String,
}

/// The key that signed until now signs no more: a [`KeySet`] follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRetired {
    /// Who did it.
    pub by: Person,
    /// Why.
    pub reason: String,
}

/// An auditor put another signature under a checkpoint of this ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cosigned {
    /// Who brought it.
    pub by: Person,
    /// The auditor's public key as C2SP's signed notes spell it.
    pub key: String,
    /// The checkpoint with all its signatures.
    pub note: String,
}

/// Something was taken out of the ledger into a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exported {
    /// Who did it.
    pub by: Person,
    /// In which form: `csv`, `xlsx`, `jsonl`, `ocsf`, `cef`, `syslog`, `sha256sums`,
    /// `hashdeep`, `evidence`, `report`, `certificate`.
    pub format: String,
    /// The first entry that was looked at.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// How many were taken out.
    pub entries: u64,
    /// Name of the file or folder; `None` for standard output or the journal.
    pub file: Option<MediumName>,
    /// SHA-256 of the file, or of the folder's list that is signed,
    /// `tagmanifest-sha256.txt`; `None` for the journal.
    pub sha256: Option<Digest>,
}

/// Somebody looked the ledger through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reviewed {
    /// Who did it.
    pub by: Person,
    /// The account that answers for it: that of whoever ran the command, or one that signed
    /// with its PIN beside them. `None` where there are no accounts, and for auditors who are
    /// known by their group alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Up to which entry.
    pub through: EntryId,
    /// What there was to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// A copy of the ledger was made, from which it can be put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackedUp {
    /// Who did it.
    pub by: Person,
    /// The last entry in it.
    pub through: EntryId,
    /// Whether the ledger's secret key is in it.
    pub has_key: bool,
}

/// This ledger goes on from a copy of it. What may have been written after the copy is not here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restored {
    /// Who did it.
    pub by: Person,
    /// The last entry of the copy.
    pub through: EntryId,
}

/// A period is closed: the rows of its entries are in an archive and no longer here. The
/// entries stay, and with them what the archive is checked against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// Who did it.
    pub by: Person,
    /// The last entry of the period; it begins after the one before, or with entry 1.
    pub through: u64,
    /// How many rows are in the archive.
    pub rows: u64,
    /// SHA-256 of the archive.
    pub archive_sha256: Digest,
}
