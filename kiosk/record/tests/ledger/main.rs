//! The ledger from outside: written, tampered with, served, killed, and checked by hand.

#![cfg(test)]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "tests compute expectations"
)]

mod common;
mod talk;

mod writing;

mod passing;

mod waivers;

mod custody;

mod listed;

mod ways;

mod reading;

mod forger;

mod tampering;

mod steering;

mod beside;

mod signed;

mod sealed;

mod serving;

mod program;

mod format;

mod selftest;

mod audited;
