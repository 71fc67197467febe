//! The built programs, on real media images, from the outside: what `CONTRACT.md` promises.
//!
//! A case is a row in `scenarios/*.toml` where that is enough. Every report of every scan goes
//! through [`report::Report::checked`], whatever else a test asks of it.

/// The media, made once by the scripts in `tests/media`.
#[cfg(test)]
mod media;

/// Starting the programs and waiting for them.
#[cfg(test)]
mod kiosk;

/// What every report must be.
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod report;

/// Every file of every file system, against the truth.
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod volumes;

/// A few rows of the table of formats.
#[cfg(test)]
mod formats;

/// Media that lie, break off, loop, overflow or hide something.
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod hostile;

/// Bytes in places that systems do not show.
#[cfg(test)]
mod hidden;

/// Exit statuses, and whose medium it is.
#[cfg(test)]
mod statuses;

/// Files that unpack to much or to themselves.
#[cfg(test)]
mod bombs;

/// What lies in containers.
#[cfg(test)]
mod containers;

/// Folders and single files.
#[cfg(test)]
mod folders;

/// The canaries of every rule, through the real path.
#[cfg(test)]
mod canaries;

/// Scans that do not come to their own end.
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod interrupted;

/// A kiosk with a virtual bay, without a terminal.
#[cfg(test)]
mod gate;

/// The trial on a terminal.
#[cfg(test)]
mod terminal;

/// The daemon with its virtual bay, as a screen hears it.
#[cfg(test)]
mod bay;

/// The ledger after scans, and after somebody edited it.
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod ledger;
