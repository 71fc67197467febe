//! Giving privileges up, and descriptors over sockets: the only crate with unsafe code.
//!
//! Every other crate forbids `unsafe`, so whatever needs a raw system call lives here behind a
//! safe function: packets with descriptors, sealed memory and the two jails of kiosk-scan.
//!
//! The jails close in three calls, each of which gives the receipt that the next step asks for:
//!
//! 1. [`supervisor::enter`], first thing in `main`: no privileges, no network, no path.
//! 2. [`supervisor::Confined::close`], when the rules are loaded: system calls off the list kill.
//! 3. [`worker::enter`], in a forked worker when its engine is warm: a shorter list.
//!
//! A step that fails is an error and never a warning. Linux 5.13 is the oldest that has
//! everything; x86-64 and aarch64 with glibc are supported.

pub mod channel;
pub mod disk;
pub mod fd;
pub mod memory;

pub mod supervisor;
pub mod worker;

mod calls;
mod descriptors;
mod error;
mod files;
mod filter;
mod limits;
mod namespaces;
mod privileges;
mod waiter;

pub use error::JailError;
