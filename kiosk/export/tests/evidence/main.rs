//! Evidence bundles from outside: checked with the tools that others have, and by the page that
//! is in each of them, in a real browser.

#![cfg(test)]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "tests compute expectations"
)]

mod common;

mod making;

mod tools;

mod readme;

mod page;

mod forged;
