//! What came and what went, from two looks at what is there: no I/O, no clock.
//!
//! Events only say when to look, so that one that comes twice, late or never changes nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::sysfs::{Device, DeviceKey, Disk};

/// Longest wait for the first disk of a device that was let in. A stick needs two seconds, an
/// old hard disk ten to spin up.
pub const DISK_WAIT_MAX: Duration = Duration::from_secs(20);

/// How long a device whose disks all are empty may still be about to show a medium: a stick's
/// size follows its disk at once, a reader's card within the second.
pub const EMPTY_WAIT_MAX: Duration = Duration::from_secs(3);

/// Longest wait for udev to be done with a disk before it is opened all the same.
pub const SETTLE_WAIT_MAX: Duration = Duration::from_secs(1);

/// What happened since the last look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// A device was plugged in.
    Came(DeviceKey),
    /// A device that was let in has a disk with a medium in it.
    Medium(DeviceKey, Disk),
    /// A device that was let in has disks, and no medium in any of them.
    Empty(DeviceKey),
    /// A device that was let in shows no disk.
    Silent(DeviceKey),
    /// The medium was taken out of a disk, or the disk went away.
    MediumGone(DeviceKey, u64),
    /// A device was pulled out.
    Went(DeviceKey),
}

/// The devices that are known.
#[derive(Debug, Default)]
pub struct Ports {
    known: BTreeMap<DeviceKey, Known>,
}

#[derive(Debug)]
struct Known {
    access: Access,
    /// Media that have been told of, by their sequence.
    told: Vec<u64>,
    /// When a disk was seen first, by its sequence.
    seen: BTreeMap<u64, Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// It has no driver, or its driver is nobody's business here.
    Closed,
    /// It was let in at this moment, and its first disk is awaited.
    Awaited(Instant),
    /// Its first disk was told of, or that it is empty.
    Open,
}

impl Ports {
    /// From now on the disks of `device` are told of.
    pub fn let_in(&mut self, device: &DeviceKey, now: Instant) {
        if let Some(known) = self.known.get_mut(device) {
            known.access = Access::Awaited(now);
        }
    }

    /// The disks of `device` are not told of any more, nor that they go: its driver is taken
    /// away.
    pub fn close(&mut self, device: &DeviceKey) {
        if let Some(known) = self.known.get_mut(device) {
            known.access = Access::Closed;
            known.told.clear();
        }
    }

    /// Forgets everything but what `kept` names: what is there counts as newly plugged in.
    pub fn forget(&mut self, kept: &dyn Fn(&DeviceKey) -> bool) {
        self.known.retain(|device, _| kept(device));
    }

    /// Takes in what is there now. `settled` says of a disk whether udev is done with it.
    pub fn look(
        &mut self,
        there: &[Device],
        settled: &dyn Fn(&Disk) -> bool,
        now: Instant,
    ) -> Vec<Moved> {
        let mut moved = Vec::new();
        // What went comes first: a port may hold another device by now.
        self.known.retain(|key, _| {
            let stays = there.iter().any(|device| device.key == *key);
            if !stays {
                moved.push(Moved::Went(key.clone()));
            }
            stays
        });
        for device in there {
            let key = &device.key;
            match self.known.get_mut(key) {
                None => {
                    let known = Known {
                        access: Access::Closed,
                        told: Vec::new(),
                        seen: BTreeMap::new(),
                    };
                    self.known.insert(key.clone(), known);
                    moved.push(Moved::Came(key.clone()));
                }
                Some(known) => known.look(device, settled, now, &mut moved),
            }
        }
        moved
    }

    /// Whether something is awaited, so that a look is due without an event.
    #[must_use]
    pub fn awaits(&self) -> bool {
        let awaits = |known: &Known| matches!(known.access, Access::Awaited(_));
        self.known.values().any(awaits)
    }
}

impl Known {
    fn look(
        &mut self,
        device: &Device,
        settled: &dyn Fn(&Disk) -> bool,
        now: Instant,
        moved: &mut Vec<Moved>,
    ) {
        let with_medium = |disk: &&Disk| 0 < disk.size_bytes;
        self.told.retain(|told| {
            let in_it = |disk: &Disk| disk.sequence == *told;
            let stays = device.disks.iter().filter(with_medium).any(in_it);
            if !stays {
                moved.push(Moved::MediumGone(device.key.clone(), *told));
            }
            stays
        });
        self.seen
            .retain(|sequence, _| device.disks.iter().any(|disk| disk.sequence == *sequence));
        if self.access == Access::Closed {
            return;
        }
        for disk in device.disks.iter().filter(with_medium) {
            let since = *self.seen.entry(disk.sequence).or_insert(now);
            let ready = settled(disk) || SETTLE_WAIT_MAX <= now.saturating_duration_since(since);
            if ready && !self.told.contains(&disk.sequence) {
                self.told.push(disk.sequence);
                self.access = Access::Open;
                moved.push(Moved::Medium(device.key.clone(), disk.clone()));
            }
        }
        if let Access::Awaited(since) = self.access {
            let waited = now.saturating_duration_since(since);
            let empty =
                !device.disks.is_empty() && device.disks.iter().all(|disk| !with_medium(&disk));
            if empty && EMPTY_WAIT_MAX <= waited {
                self.access = Access::Open;
                moved.push(Moved::Empty(device.key.clone()));
            } else if DISK_WAIT_MAX <= waited {
                self.access = Access::Closed;
                moved.push(Moved::Silent(device.key.clone()));
            }
        }
    }
}

#[cfg(test)]
#[path = "ports_tests.rs"]
mod tests;
