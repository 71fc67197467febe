//! What the ledger says of one month, and of one medium, as a page that a person prints, signs
//! and files.
//!
//! In the order a report is made: a month is a [`period`]; one walk over the ledger ([`read`])
//! hands every entry and row to what counts ([`gather`]), in memory that does not grow with
//! them; what was counted becomes sections with tables and drawings ([`page`]), each with the
//! clauses of the guides that it answers (`controls`); a template makes the file. The page holds
//! no script and asks for nothing: what opens it needs no network and learns of no one.
//! [`certificate`] is the same for one verdict.
//!
//! Every text passes [`wire::name::line`], so that nothing hidden is left in it, and then the
//! template's escaping.

pub mod period;

pub mod language;

pub mod read;

pub mod gather;

pub mod page;

pub mod certificate;

mod about;

mod bounded;

mod chart;

mod controls;

mod error;

mod say;

pub use about::{About, Listed, Seal, State};
pub use bounded::{KEYS_MAX, LINES_MAX};
pub use error::ReportError;
pub use gather::{INSERTIONS_MAX, PLACE_BYTES_MAX};
pub use language::Language;
pub use period::Period;
