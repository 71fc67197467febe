//! The ledger in the forms that other programs read. Whatever a medium spelled leaves here
//! inert: no spreadsheet takes it for a formula, no terminal obeys it, no line ends in it.
//!
//! First which entries, and with what they rest on ([`select`], [`book`]); then what is said of
//! one ([`about`], [`spelling`]); then the forms: tables for people ([`table`], [`csv`],
//! [`xlsx`]), the ledger itself as lines ([`jsonl`]), what programs that watch over a plant
//! understand ([`ocsf`], [`line`], [`cef`], [`syslog`], [`journal`]), lists of files that a
//! medium is checked against ([`manifest`]), and a folder that proves itself ([`evidence`]).
//! Nothing here writes the ledger.

pub mod select;

pub mod book;

pub mod about;

pub mod spelling;

pub mod table;

pub mod cell;

mod formula;

pub mod csv;

pub mod xlsx;

pub mod jsonl;

pub mod ocsf;

pub mod line;

pub mod cef;

pub mod syslog;

pub mod journal;

pub mod manifest;

pub mod evidence;

mod error;

pub use book::Book;
pub use error::ExportError;
pub use formula::guarded;
pub use select::Selection;
