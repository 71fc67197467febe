//! What the ledger says of people and the media they carry: visits, lending, requests for
//! registration, and who named themselves at the kiosk.

use serde::{Deserialize, Serialize};

use crate::rule_change::Person;

/// Longest text of one of these, in bytes: a person, a company, a reason in a few sentences.
pub const CUSTODY_TEXT_BYTES_MAX: usize = 600;

/// Longest time for which the kiosk waits for a medium that is to be registered, in seconds.
pub const ENROLMENT_SECONDS_MAX: u64 = 600;

/// Most differences between a medium and an entry of the list that one refusal names: an entry
/// has no more things that must match.
pub const DIFFERENCES_MAX: usize = 8;

/// A visit, as far as an entry names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisitName {
    /// Its id in `contractors.toml`.
    pub id: String,
    /// Who comes.
    pub person: String,
    /// For which company.
    pub company: String,
}

/// Which way a medium goes through the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Into the plant, as far as anybody said.
    In,
    /// Out of it, or back to where it is kept: somebody said so at the kiosk.
    Out,
}

/// On which occasion a medium is inserted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Occasion {
    /// The visit whose code was given; `None` without one.
    pub visit: Option<VisitName>,
    /// Which way it goes.
    pub way: Way,
    /// The medium has no serial number and was found by its model, which is the weaker identity.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_weak: bool,
    /// An administrator waits for a medium to register, and this may be it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_enrolment: bool,
}

/// What the list had against a medium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// The list entry that decided, or the nearest one.
    pub entry: Option<String>,
    /// What exactly, for staff.
    pub detail: String,
    /// In what the medium differs from the entry, at most [`DIFFERENCES_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
}

/// One thing in which a medium differs from an entry of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The key of the list: `serial`, `capacity_bytes`.
    pub key: String,
    /// What the list says.
    pub listed: String,
    /// What the medium says, escaped; `None` when it says nothing.
    pub claimed: Option<String>,
}

/// A request for registration is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestClosed {
    /// The insertion it was made for.
    pub insertion: u64,
    /// The id under which the medium is registered now; `None` when it was rejected.
    pub medium: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Who answered it.
    pub by: Person,
}

/// A medium is handed out from where it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lent {
    /// Its id.
    pub medium: String,
    /// To whom.
    pub to: String,
    /// Of which company; `None` for the plant's own people.
    pub company: Option<String>,
    /// The last day, by the site's calendar: `2026-12-31`.
    pub until: String,
    /// The end of that day, RFC 3339 UTC: from this moment on it is overdue.
    pub ends: String,
    /// Who handed it out.
    pub by: Person,
}

/// A medium is back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Returned {
    /// Its id.
    pub medium: String,
    /// The insertion on its way out, when it was returned at the kiosk.
    pub insertion: Option<u64>,
    /// Where it was put, when it was said.
    pub place: Option<String>,
    /// Who took it back; `None` for the kiosk.
    pub by: Option<Person>,
}

/// An administrator waits for a medium: the next unregistered one that is plain storage gets its
/// driver, so that its capacity can be known, and is refused all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolling {
    /// How long the kiosk waits, in seconds, at most [`ENROLMENT_SECONDS_MAX`]; 0 ends it.
    pub seconds: u64,
    /// Who waits.
    pub by: Person,
}

/// Who named themselves at the kiosk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SignIn {
    /// A visitor, by the code or badge of a visit.
    Visit(VisitName),
    /// One of the staff, by number and PIN: the account's name.
    Staff(String),
}

/// A code or PIN that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInRefused {
    /// The visit or account that it was for, when there is one; never what was typed.
    pub whom: Option<SignIn>,
    /// Why: `unknown`, `ended`, `not_yet_valid`, `wrong_pin`, `locked`.
    pub why: SignInFault,
    /// For how long no further one is taken, in seconds.
    pub locked_seconds: u64,
}

/// Why a code or PIN was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInFault {
    /// It is nobody's.
    Unknown,
    /// Its visit, contract or account has ended.
    Ended,
    /// Its visit is for later.
    NotYetValid,
    /// The PIN is not that of the account.
    WrongPin,
}
