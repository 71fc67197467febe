//! Every message that crosses a process boundary, with its size limit, and the type of
//! hostile names.
//!
//! The vocabulary comes first (names, claims, outcomes, verdicts), then the six
//! conversations in the order a medium meets them: with the scanner, between the scanner's
//! supervisor and its workers, about what a second engine thinks, with the compiler of rules,
//! with the ledger, and with the screen. Nothing here does I/O.

pub mod name;

pub mod claim;

pub mod outcome;

pub mod verdict;

pub mod waiver;

pub mod standing;

pub mod scan;

pub mod worker;

pub mod consult;

pub mod rules;

pub mod ledger;

mod head;

pub mod rule_change;

pub mod list_change;

pub mod custody;

pub mod audit;

pub mod view;

pub mod frame;

pub use claim::{Claim, Function, Interface};
pub use name::{MediumName, TextError, explained};
pub use outcome::{
    Coverage, Digest, Finding, Gap, Outcome, Row, RowKind, Source, Tier, Title, VolumeReport,
};
pub use verdict::{Reason, ReasonCode, Verdict};
