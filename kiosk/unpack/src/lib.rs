//! What is inside a file: archives and compressed streams.
//!
//! Everything works on bytes in memory, opens no path and starts no thread, because it runs
//! in the jail. [`recognise`] tells containers by their content, [`open`] hands out their
//! members one by one, and [`Budget`] bounds what all levels of one file may cost together.
//! Nesting is the caller's: it asks [`recognise`] again about each member's content.
//!
//! The archive formats that are much used are read by code of ours, because what matters here
//! is what the usual readers hide: members that only a local header or only the directory
//! names, bytes that no member owns, two directories in one file. A member that any reader
//! could see is examined.
//!
//! A format is one file with `begins` and `open` in the room of its sort, and one [`Format`] in
//! that room's list.

mod archive;
mod budget;
mod bytes;
mod document;
mod foreign;
mod format;
mod member;
mod names;
mod program;
mod search;
mod stream;
mod text;
mod walk;

pub use budget::{Budget, HELD_CONTENTS_MAX, RATIO_FREE_BYTES};
pub use foreign::unopenable;
pub use format::{Format, formats, open, recognise, recognise_file};
pub use member::{Body, Member, Problem};

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod testing;
