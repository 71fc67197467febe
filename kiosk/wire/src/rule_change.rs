//! What the ledger says of rules that were installed, put back or refused, and by whom.

use serde::{Deserialize, Serialize};

use crate::name::MediumName;
use crate::outcome::Digest;

/// Longest text of a [`RulesChange`] or [`RulesRefused`], in bytes: a name of a bundle, of a
/// person or of a key is far shorter, and of a reason as many letters are kept as are within it
/// whatever they are.
pub const CHANGE_TEXT_BYTES_MAX: usize = 1024;

/// Who did it, as the system knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The user whose rights were used: 0 is root.
    pub uid: u32,
    /// That user's name; empty when the system has none.
    pub user: String,
    /// Who logged in, when the kernel remembers it: it does so through `su` and `sudo`.
    pub login_uid: Option<u32>,
    /// That user's name; `None` when the system has none.
    pub login_user: Option<String>,
    /// The registered medium that brought the bundle to the kiosk; `None` for a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<String>,
}

/// One installed set of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// Name of the bundle.
    pub bundle: String,
    /// Its version.
    pub version: u64,
    /// Its first day, as an RFC 3339 date.
    pub issued: String,
    /// Its last day, as an RFC 3339 date.
    pub expires: String,
    /// Rules in it.
    pub rules: u64,
    /// SHA-256 of its manifest, which holds that of every file.
    pub manifest_sha256: Digest,
    /// Number of the key that signed it, as minisign prints it.
    pub key_id: String,
}

/// Other rules are about to be put into force: written before it is done, so that there is
/// never a set in force of which the ledger knows nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesChange {
    /// Who did it.
    pub by: Person,
    /// The set that is put into force; `None` for the rules that came with the programs.
    pub set: Option<RuleSet>,
    /// The set before it; `None` for the rules that came with the programs.
    pub before: Option<RuleSet>,
    /// Name of the file that the bundle came as; `None` when none was read.
    pub file: Option<MediumName>,
}

/// Rules were not put into force: a bundle was refused, or a change that an entry before this
/// one tells of did not come to its end. Those in force before stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesRefused {
    /// Who tried.
    pub by: Person,
    /// Name of the bundle, when it was vouched for that far.
    pub bundle: Option<String>,
    /// Its version.
    pub version: Option<u64>,
    /// SHA-256 of its manifest.
    pub manifest_sha256: Option<Digest>,
    /// Number of the key that signed it.
    pub key_id: Option<String>,
    /// Name of the file; `None` when none was read.
    pub file: Option<MediumName>,
    /// Why, for staff.
    pub why: String,
}
