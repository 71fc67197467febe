//! Asking a second engine about a content: from a worker through its supervisor to the starter,
//! and back.
//!
//! Content does not travel with it. For each worker the starter keeps, open for reading only, the
//! two files without a name that the worker may write: its spool, and its desk, on which it lays
//! what is not on the spool. So nothing in the jail hands out a descriptor, and nobody outside
//! takes one from it.

use serde::{Deserialize, Serialize};

use crate::outcome::{Finding, Gap};

/// What is asked of the second engine during one scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consultation {
    /// Whether it is asked about members of containers too.
    pub members: bool,
    /// Longest wait for one answer, in seconds.
    pub seconds_max: u64,
}

/// What a worker wants to know about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Whether the content is on the worker's spool; else it is on its desk.
    pub spooled: bool,
    /// Its size in bytes, which is the size of that file; at least 1.
    pub size_bytes: u64,
}

/// A question to the starter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Rises with every question of a scan; the answer has the same.
    pub number: u64,
    /// Whose spool or desk: the worker's place, from 0.
    pub place: u32,
    /// What it wants to know about.
    pub asked: Asked,
}

/// What the second engine said. Neither a finding nor a gap: it found nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opinion {
    /// The question's number.
    pub number: u64,
    /// What it found, or why it cannot say.
    pub finding: Option<Finding>,
    /// Why the content cannot be called examined.
    pub gap: Option<Gap>,
}
