//! The ledger: entries, their chain, and its verification. FORMAT.md beside this crate is the
//! specification; an auditor needs nothing else.
//!
//! In the order an entry meets them: a message arrives ([`serve`]), is checked ([`check`],
//! [`rows`]), becomes one line of bytes ([`entry`], [`canonical`]) and is committed
//! ([`writer`]). Beside the flow: the form of the database ([`schema`]), and the two who only
//! read, [`reader`] and [`verify`], which never need the writer, with the search through rows
//! ([`search`]) and what becomes of a medium between two visits ([`compare`], [`way`]).

pub mod run;

pub mod serve;

pub mod guests;

pub mod check;

pub mod rows;

pub mod entry;

pub mod canonical;

pub mod tree;

pub mod key;

pub mod note;

pub mod clock;

pub mod standing;

pub mod writer;

pub mod schema;

pub mod reader;

pub mod verify;

mod proofs;

mod signer;

mod draft;

pub mod archive;

pub mod backup;

pub mod search;

pub mod compare;

pub mod way;

mod folder;

mod disk;

mod advice;

mod tables;

mod error;

pub use error::{Alteration, LedgerError, Refusal};
pub use reader::Ledger;
pub use verify::Verified;
pub use writer::Writer;
