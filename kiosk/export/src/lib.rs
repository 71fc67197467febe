//! The ledger's entries in other forms, for other programs and other people.

pub mod evidence;
