//! The ledger: entries, their chain, and its verification.
