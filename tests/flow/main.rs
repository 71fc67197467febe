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

/// Bundles of entries for auditors.
#[cfg(test)]
mod evidence;

/// Exit statuses, and whose medium it is.
#[cfg(test)]
mod statuses;

/// Files that unpack to much or to themselves.
#[cfg(test)]
mod bombs;

/// What lies in containers.
#[cfg(test)]
mod containers;

/// Lists of hashes.
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod lists;

/// Folders and single files.
#[cfg(test)]
mod folders;

/// Bundles of rules: built, signed, carried, installed, refused, taken back.
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod bundles;

/// Bundles that come on an administrator's medium.
#[cfg(test)]
mod delivered;

/// Bundles that are refused, each by its name.
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
#[allow(clippy::too_many_lines, reason = "one row a bundle")]
mod refused_bundles;

/// Installations of rules that are killed at every step.
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod killed;

/// Media that become registered, and the list that they are in.
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod registering;

/// Media that are registered from what the ledger tells of them.
#[cfg(test)]
mod enrolment;

/// Edits of lists that are killed at every step.
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod killed_lists;

/// The canaries of every rule, through the real path.
#[cfg(test)]
mod canaries;

/// Sets made of other people's rules.
#[cfg(test)]
mod gathered;

/// Scans that do not come to their own end.
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod interrupted;

/// clamd as a second engine.
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod clamd;

/// A kiosk with a virtual bay, without a terminal.
#[cfg(test)]
mod gate;

/// The kiosk's own test of its rules, and rules that are too old.
#[cfg(test)]
mod selftest;

/// The trial on a terminal.
#[cfg(test)]
mod terminal;

/// What is tapped and typed at the screen, as the daemon hears it.
#[cfg(test)]
mod taps;

/// The daemon with its virtual bay, as a screen hears it.
#[cfg(test)]
mod bay;

/// Ends and crashes of the daemon, and reviews of the ledger.
#[cfg(test)]
mod ends;

/// What two people answer for, and what becomes of what was stopped.
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod visits;

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod waivers;

/// Media that are lent, requests, and what changed on a medium.
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod lending;

/// Companies, visits and accounts, and what takes two people.
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod people;

/// The ledger after scans, and after somebody edited it.
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod ledger;

/// What an auditor verifies and signs, and what becomes of the ledger on another machine.
#[cfg(test)]
mod audit;

/// Pages of the ledger, to print and file.
#[cfg(test)]
mod pages;

/// What is found in the ledger, and what is hunted down.
#[cfg(test)]
mod finding;

/// The ledger in the forms that other programs read.
#[cfg(test)]
mod exports;
