//! The pages, made from a made-up month: what they say, what cannot act in them, and what a
//! browser makes of them.

#![cfg(test)]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::too_many_lines,
    reason = "tests compute expectations, and a made-up month is a long list of days"
)]

mod month;

mod made;

mod few;

mod written;

mod html;

mod numbers;

mod hostile;

mod languages;

mod ledgers;

mod certificates;

mod browser;
