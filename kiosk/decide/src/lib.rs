//! Claim, allowlist and outcomes to a verdict: pure, no I/O.
//!
//! In the order a medium meets it: the texts that people write ([`allowlist`],
//! [`claim_file`], [`policy`]), the [`admit`] decision, the [`Tally`] of what the scanner
//! reported, and [`judge`], the only function that gives a verdict. Nothing here opens a
//! file or reads a clock: texts, dates and reports are handed in.

pub mod source;

pub mod moment;

pub mod allowlist;

pub mod contractors;

pub mod accounts;

pub mod claim_file;

pub mod policy;

mod admission;

mod visit;

mod examination;

mod doubt;

mod tally;

mod judgement;

#[cfg(test)]
mod fixtures;

pub use accounts::{Account, Accounts, Role};
pub use admission::{Admission, Refusal, admit, admit_as, admit_unbound, several, twin};
pub use allowlist::{Allowlist, Identity, Medium, Status};
pub use contractors::{CodeFault, Company, Contractors, Visit};
pub use examination::{Ending, Examination, RulesState};
pub use judgement::{Judgement, Recording, Shown, exit_status, judge};
pub use moment::{Moment, When};
pub use policy::Policy;
pub use source::{LineColumn, ListError};
pub use tally::{Counts, Tally};
pub use visit::{on_visit, under_contract};
