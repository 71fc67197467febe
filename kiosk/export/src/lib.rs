//! The ledger in the forms that other programs read. Whatever a medium spelled leaves here
//! inert: no spreadsheet takes it for a formula, no terminal obeys it, no line ends in it.
//!
//! First which entries, and with what they rest on ([`select`], [`book`]); then what is said of
//! one ([`about`], [`spelling`]); then the forms: tables for people ([`table`], [`csv`],
//! [`xlsx`]), the ledger itself as lines ([`jsonl`]), what programs that watch over a plant
//! understand ([`ocsf`], [`line`], [`cef`], [`syslog`], [`journal`]), and lists of files that
//! a medium is checked against ([`manifest`]). Nothing here opens a path or writes the ledger.

pub mod select;

pub mod book;

pub mod about;

pub mod spelling;

pub mod table;

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

mod error;

pub use book::Book;
pub use error::ExportError;
pub use select::Selection;
