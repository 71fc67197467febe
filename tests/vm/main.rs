//! The kiosk with real USB ports: the built programs under systemd in an emulated machine, into
//! which the tests plug media. `tests/vm/build` makes the machine of Debian's packages.
//!
//! `tests/vm/build && cargo test --release --test vm` runs them alone.
//!
//! The machine boots once in a run of the tests. When the kiosk in it is ready its state is
//! saved, and every test starts a machine of its own from there, in about a second.

/// What the tests put on the media.
#[cfg(test)]
mod media;

/// The project's files and the tests' own, on top of Debian's.
#[cfg(test)]
mod overlay;

/// QEMU's control socket.
#[cfg(test)]
mod qmp;

/// Scripts inside the guest.
#[cfg(test)]
mod agent;

/// The process of the machine: boot, save, restore.
#[cfg(test)]
mod machine;

/// What a test does with a guest.
#[cfg(test)]
mod guest;

/// Media and other devices in QEMU's USB ports.
#[cfg(test)]
mod ports;

/// The kiosk's screen and how soon it changes.
#[cfg(test)]
mod screen;

/// The guest does what the tests of the kiosk rely on.
#[cfg(test)]
mod rehearsal;

/// What the tests ask of the kiosk.
#[cfg(test)]
mod kiosk;

/// A registered stick.
#[cfg(test)]
mod journey;

/// Sticks that may not be used.
#[cfg(test)]
mod refused;

/// Devices that are not sticks.
#[cfg(test)]
mod functions;

/// Media that are pulled out.
#[cfg(test)]
mod removal;

/// Media that are broken or lie.
#[cfg(test)]
mod faults;

/// Processes that die.
#[cfg(test)]
mod killed;

/// People and the media they carry.
#[cfg(test)]
mod people;

/// Names that attack.
#[cfg(test)]
mod strings;

/// Somebody who audits, and somebody who may not.
#[cfg(test)]
mod auditor;
