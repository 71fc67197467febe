//! What the disk has is what was promised: the writer is killed at random moments, its disk
//! fails at every call and fills up, and its folder is found damaged. Apart from the other
//! tests, because they kill and trace by the hundred.

#![cfg(test)]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "tests compute expectations"
)]

#[path = "../ledger/common.rs"]
#[allow(dead_code, reason = "shared with the other tests, which use the rest")]
mod common;

#[path = "../ledger/talk.rs"]
#[allow(dead_code, reason = "shared with the other tests, which use the rest")]
mod talk;

mod chance;

mod kill;

mod trace;

mod faults;

mod disk;

mod damaged;
