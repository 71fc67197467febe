//! Every form of an export, read back by something that shares no code with its writer, with
//! names in it that would hurt whoever took them for what they look like.

#![cfg(test)]
#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

mod common;

mod csv;

mod xlsx;

mod json;

mod lines;

mod lists;

mod book;
