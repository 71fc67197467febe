//! Hostile and damaged media for the readers of partition tables and file systems.
//!
//! [`target`] is what a fuzzer calls: bytes become a [`Medium`], which is read whole and held
//! against what must be true of every medium. [`campaign`] damages real images and looks for
//! files that are lost in silence. Both read through [`examine`].

mod medium;

pub mod examine;

pub mod target;

pub mod contents;

pub mod campaign;

pub use medium::{Medium, READS_MAX, SECTOR_BYTES, SECTORS_MAX, Sector};
