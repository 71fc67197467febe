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
    /// Sequences of the disks that udev has been through.
    settled: BTreeSet<u64>,
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
            settled: BTreeSet::new(),
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
                self.settled.insert(sequence);
            }
        }
        // The kernel's numbers only rise: the smallest are of media long gone.
        while SETTLED_MAX < self.settled.len() {
            self.settled.pop_first();
        }
    }

    /// Whether udev has been through this disk with this medium.
    #[must_use]
    pub fn is_settled(&self, disk: &Disk) -> bool {
        self.settled.contains(&disk.sequence)
    }
}
