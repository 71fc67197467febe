//! When to look at what is plugged in: the kernel's own events and udev's.
//!
//! Nothing in an event is believed. The kernel's come at once, also for devices that udev
//! drops because of their strings; udev's say that its rules are done with a disk. Whoever is
//! heard twice, or not at all, has caused one look more or less.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket,
};

use super::sysfs::Disk;

/// The multicast group on which the kernel sends its events.
const KERNEL_GROUP: u32 = 1;

/// Longest event of the kernel, in bytes: it has a buffer of 2 KiB for its variables. What is
/// longer is cut, and nothing of it is read anyway.
const EVENT_BYTES: usize = 4096;

/// Events taken in at one go, so that a flood of them cannot hold up the loop.
const EVENTS_AT_ONCE: usize = 256;

/// Media that udev is done with are remembered up to so many: more than any kiosk has ports.
const SETTLED_MAX: usize = 64;

/// Both sources of events.
pub struct Watch {
    kernel: OwnedFd,
    udev: udev::MonitorSocket,
    settled: Settled,
}

/// Sequences of the disks that udev has been through.
#[derive(Default)]
struct Settled(BTreeSet<u64>);

impl Settled {
    fn note(&mut self, sequence: u64) {
        self.0.insert(sequence);
        // The kernel's numbers only rise: the smallest are of media long gone.
        while SETTLED_MAX < self.0.len() {
            self.0.pop_first();
        }
    }
}

impl Watch {
    /// Begins to listen.
    ///
    /// # Errors
    /// What the kernel or libudev said.
    pub fn open() -> io::Result<Self> {
        let kernel = socket(
            AddressFamily::Netlink,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
            SockProtocol::NetlinkKObjectUEvent,
        )?;
        bind(kernel.as_raw_fd(), &NetlinkAddr::new(0, KERNEL_GROUP))?;
        let udev = udev::MonitorBuilder::new()?
            .match_subsystem("block")?
            .match_subsystem("usb")?
            .listen()?;
        Ok(Self {
            kernel,
            udev,
            settled: Settled::default(),
        })
    }

    /// What to wait on.
    #[must_use]
    pub fn descriptors(&self) -> [BorrowedFd<'_>; 2] {
        [self.kernel.as_fd(), self.udev.as_fd()]
    }

    /// Takes in what came. Never waits.
    pub fn drain(&mut self) {
        let mut event = [0; EVENT_BYTES];
        for _ in 0..EVENTS_AT_ONCE {
            match recv(self.kernel.as_raw_fd(), &mut event, MsgFlags::MSG_DONTWAIT) {
                // Lost events are a reason to look like any other.
                Ok(_) | Err(Errno::ENOBUFS | Errno::EINTR) => {}
                Err(_) => break,
            }
        }
        for event in self.udev.iter().take(EVENTS_AT_ONCE) {
            let sequence = event
                .property_value("DISKSEQ")
                .and_then(|value| value.to_str()?.parse().ok());
            if let Some(sequence) = sequence {
                self.settled.note(sequence);
            }
        }
    }

    /// Whether udev has been through this disk with this medium.
    #[must_use]
    pub fn is_settled(&self, disk: &Disk) -> bool {
        self.settled.0.contains(&disk.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_long_gone_are_forgotten_and_the_newest_are_not() {
        let mut settled = Settled::default();
        let newest = u64::try_from(SETTLED_MAX).unwrap().saturating_mul(3);
        (1..=newest).for_each(|sequence| settled.note(sequence));
        assert_eq!(settled.0.len(), SETTLED_MAX);
        assert!(settled.0.contains(&newest) && !settled.0.contains(&1));
    }
}
