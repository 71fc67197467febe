//! When and where: the part of an entry that nobody sends.

use std::io;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use wire::name::is_hidden;

/// The boot and the machine an entry was written on. Both stay as long as the process.
#[derive(Clone, Debug)]
pub struct Place {
    /// The kernel's id of this boot.
    pub boot_id: String,
    /// Name of the machine.
    pub host: String,
}

/// A moment on both clocks.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The clock that people set: RFC 3339 UTC with nanoseconds.
    pub utc: String,
    /// Time since boot, sleep included, in nanoseconds.
    pub boottime_ns: u64,
}

impl Place {
    /// Asks the kernel.
    ///
    /// # Errors
    /// When it does not answer: an entry that cannot say where it was written is not written.
    pub fn here() -> io::Result<Self> {
        let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
        let host = nix::unistd::gethostname()?;
        Ok(Self {
            boot_id: boot_id.trim().to_owned(),
            host: host
                .to_string_lossy()
                .chars()
                .filter(|letter| !is_hidden(*letter))
                .collect(),
        })
    }
}

impl Moment {
    /// Asks the kernel.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn now() -> io::Result<Self> {
        let since_boot = Duration::from(clock_gettime(ClockId::CLOCK_BOOTTIME)?);
        Ok(Self {
            utc: format!("{:.9}", jiff::Timestamp::now()),
            boottime_ns: u64::try_from(since_boot.as_nanos()).map_err(io::Error::other)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_nine_digits_and_is_utc() {
        let moment = Moment::now().unwrap();
        assert_eq!(moment.utc.len(), "2026-11-23T08:30:12.123456789Z".len());
        assert!(moment.utc.ends_with('Z'));
        moment.utc.parse::<jiff::Timestamp>().unwrap();
        assert!(moment.boottime_ns > 0);
    }

    #[test]
    fn the_boot_has_an_id() {
        assert_eq!(Place::here().unwrap().boot_id.len(), 36);
    }
}
