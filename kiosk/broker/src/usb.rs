//! USB ports as a source of media: what is plugged in, what it says of itself, and letting it
//! in, which happens only when the list has been asked.
//!
//! A device comes without a driver, because every bus is told to give it none. What it says of
//! itself is read from what the kernel keeps; nothing is asked of the device. A device that
//! may not be read stays without a driver for as long as it is plugged in.

pub mod descriptors;

pub mod sysfs;

pub mod ports;

pub mod watch;

mod plugged;

mod access;

pub mod disk;

#[cfg(test)]
mod fixtures;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wire::Gap;

use crate::errand::{Bell, Errand};
use crate::identify::Identified;
use plugged::{Access, Plugged, gap, has_no_medium, is_of};
use ports::{Moved, Ports};
use sysfs::{Description, Device, DeviceKey, Disk, Sysfs};
use watch::Watch;

/// How often is looked without an event: an event can be lost.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often while something is awaited.
const AWAIT_EVERY: Duration = Duration::from_millis(100);

/// How often the kernel asks a drive whether its medium was changed, in milliseconds.
const MEDIUM_POLL_MILLISECONDS: u32 = 500;

/// What happened in the ports.
pub enum News {
    /// A device was plugged in; it waits to be let in or shut out.
    Came(DeviceKey, Box<Identified>),
    /// A device that was let in shows a medium, which is being opened.
    Seen(DeviceKey, Box<Identified>),
    /// It is open.
    Medium(DeviceKey, u64, Box<Identified>),
    /// A device that was let in cannot be read, for this reason; the second is for staff.
    Failed(DeviceKey, Gap, String),
    /// A medium of a device cannot be opened, likewise.
    MediumFailed(DeviceKey, u64, Box<Identified>, Gap, String),
    /// A device that was let in holds no medium.
    Empty(DeviceKey),
    /// The medium of this sequence was taken out of a device.
    MediumGone(DeviceKey, u64),
    /// A device was pulled out.
    Went(DeviceKey),
    /// Something that changes no answer and that staff should know.
    Trouble(String),
}

/// The USB ports of this machine.
pub struct Usb {
    sysfs: Sysfs,
    /// Buses that were told.
    closed: BTreeSet<String>,
    dev: PathBuf,
    watch: Watch,
    bell: Bell,
    ports: Ports,
    /// Devices that are being asked what they say of themselves, and whether they came with
    /// drivers.
    asked: BTreeMap<DeviceKey, (Errand<Description>, bool)>,
    devices: BTreeMap<DeviceKey, Plugged>,
    looked: Option<Instant>,
    heard: bool,
}

impl Usb {
    /// Closes every bus and begins to watch.
    ///
    /// # Errors
    /// When a bus stays open, or there is nothing to watch with.
    pub fn open(sys: &Path, dev: &Path) -> io::Result<Self> {
        let watch = Watch::open()?;
        let mut usb = Self {
            sysfs: Sysfs::new(sys),
            closed: BTreeSet::new(),
            dev: dev.to_owned(),
            watch,
            bell: Bell::new()?,
            ports: Ports::default(),
            asked: BTreeMap::new(),
            devices: BTreeMap::new(),
            looked: None,
            heard: false,
        };
        usb.close_buses()?;
        Ok(usb)
    }

    /// What to wait on.
    #[must_use]
    pub fn descriptors(&self) -> [BorrowedFd<'_>; 3] {
        let [kernel, udev] = self.watch.descriptors();
        [kernel, udev, self.bell.as_fd()]
    }

    /// Takes in that one of the descriptors is ready.
    pub fn hear(&mut self) {
        self.watch.drain();
        self.bell.hush();
        self.heard = true;
    }

    /// Treats what is plugged in as new, but for the devices that `known` names.
    pub fn look_again(&mut self, known: &dyn Fn(&DeviceKey) -> bool) {
        self.ports.forget(known);
        self.asked.retain(|device, _| known(device));
        self.devices.retain(|device, _| known(device));
        self.heard = true;
    }

    /// What happened since the last call. Never waits.
    ///
    /// # Errors
    /// When the kernel does not tell any more what is plugged in.
    pub fn news(&mut self, now: Instant) -> io::Result<Vec<News>> {
        let mut news = self.answered(now);
        news.extend(self.errands(now));
        let pause = if self.ports.awaits() {
            AWAIT_EVERY
        } else {
            LOOK_EVERY
        };
        let due = |looked| pause <= now.saturating_duration_since(looked);
        if self.heard || self.looked.is_none_or(due) {
            self.heard = false;
            self.looked = Some(now);
            self.close_buses()?;
            let there = self.sysfs.devices()?;
            self.shut(&there, now);
            self.look_for_media(&there, now);
            let (watch, devices) = (&self.watch, &self.devices);
            let settled = |disk: &Disk| {
                let looked = devices.values().any(|plugged| plugged.looked_at(disk));
                watch.is_settled(disk) && (looked || !disk.removable)
            };
            for moved in self.ports.look(&there, &settled, now) {
                news.extend(self.moved(moved, &there, now));
            }
        }
        Ok(news)
    }

    fn moved(&mut self, moved: Moved, there: &[Device], now: Instant) -> Option<News> {
        match moved {
            Moved::Came(device) => self.ask(device, there, now),
            Moved::Medium(device, disk) => {
                let (folder, wanted) = (self.dev.clone(), disk.clone());
                let plugged = self.devices.get_mut(&device)?;
                let work = move || disk::open(&folder, &wanted);
                match Errand::start(Some(&self.bell), now, work) {
                    Ok(errand) => {
                        plugged.opening.push((disk, errand));
                        let seen = plugged.identified(&device);
                        Some(News::Seen(device, Box::new(seen)))
                    }
                    Err(error) => Some(plugged.unopened(device, &disk, &error)),
                }
            }
            Moved::Empty(device) => Some(News::Empty(device)),
            Moved::Silent(device) => {
                let why = "the device was let in and shows no disk".to_owned();
                Some(News::Failed(device, Gap::Unreadable, why))
            }
            Moved::MediumGone(device, sequence) => {
                let plugged = self.devices.get_mut(&device)?;
                plugged
                    .opening
                    .retain(|(disk, _)| disk.sequence != sequence);
                Some(News::MediumGone(device, sequence))
            }
            Moved::Went(device) => {
                self.asked.remove(&device);
                self.devices.remove(&device);
                Some(News::Went(device))
            }
        }
    }

    /// Asks a device that has come what it says of itself.
    fn ask(&mut self, device: DeviceKey, there: &[Device], now: Instant) -> Option<News> {
        let bound = there
            .iter()
            .any(|seen| seen.key == device && seen.authorized);
        let (sysfs, key) = (self.sysfs.clone(), device.clone());
        let work = move || {
            let said = sysfs.description_in_time(&key);
            said.ok_or_else(|| io::ErrorKind::NotFound.into())
        };
        match Errand::start(Some(&self.bell), now, work) {
            Ok(errand) => {
                self.asked.insert(device, (errand, bound));
                None
            }
            Err(_) => Some(self.came(device, Description::default(), bound)),
        }
    }

    /// What devices said of themselves. One that gives no answer says nothing, and is refused
    /// for that; one that is gone is told of by the next look.
    fn answered(&mut self, now: Instant) -> Vec<News> {
        let mut news = Vec::new();
        for (device, (errand, bound)) in std::mem::take(&mut self.asked) {
            match errand.result(now) {
                None => {
                    self.asked.insert(device, (errand, bound));
                }
                Some(Err(_)) if !self.sysfs.is_there(&device) => {}
                Some(result) => news.push(self.came(device, result.unwrap_or_default(), bound)),
            }
        }
        news
    }

    fn came(&mut self, device: DeviceKey, description: Description, bound: bool) -> News {
        let plugged = Plugged::new(&device, description, bound);
        let identified = plugged.identified(&device);
        self.devices.insert(device.clone(), plugged);
        News::Came(device, Box::new(identified))
    }

    /// Has the kernel look into drives whose medium may have been changed.
    fn look_for_media(&mut self, there: &[Device], now: Instant) {
        for device in there {
            let Some(plugged) = self.devices.get_mut(&device.key) else {
                continue;
            };
            for disk in device.disks.iter().filter(|disk| disk.removable) {
                if plugged.looks.iter().any(|look| is_of(look, disk)) {
                    continue;
                }
                let (sysfs, folder, wanted) = (self.sysfs.clone(), self.dev.clone(), disk.clone());
                let look = Errand::start(Some(&self.bell), now, move || {
                    // A kernel that does not poll still tells of media that are changed by hand.
                    let _ = sysfs.watch_medium(&wanted.name, MEDIUM_POLL_MILLISECONDS);
                    disk::look(&folder, &wanted)
                });
                plugged.looks.retain(|(name, _, _)| *name != disk.name);
                plugged
                    .looks
                    .push((disk.name.clone(), disk.sequence, look.ok()));
            }
        }
    }

    /// What came of the errands.
    fn errands(&mut self, now: Instant) -> Vec<News> {
        let mut news = Vec::new();
        for (device, plugged) in &mut self.devices {
            if let Some(result) = plugged.letting_in.as_ref().and_then(|one| one.result(now)) {
                plugged.letting_in = None;
                match result {
                    Ok(()) if plugged.access == Access::In => self.ports.let_in(device, now),
                    // It was refused meanwhile, and the next look takes its driver away.
                    Ok(()) => {}
                    // That it went is told of by the next look.
                    Err(_) if !self.sysfs.is_there(device) => {}
                    Err(error) => {
                        plugged.access = Access::Out;
                        let why = format!("the device cannot be let in: {error}");
                        news.push(News::Failed(device.clone(), gap(&error), why));
                    }
                }
                self.heard = true;
            }
            if let Some(result) = plugged.chore.as_ref().and_then(|one| one.result(now)) {
                plugged.chore = None;
                if let Err(error) = result {
                    let what = format!("usb {} does not obey: {error}", device.port);
                    news.push(News::Trouble(what));
                }
            }
            for (_, _, look) in &mut plugged.looks {
                // Whether it worked shows in what the kernel says of the disk afterwards.
                if look.as_ref().is_some_and(|look| look.result(now).is_some()) {
                    *look = None;
                    self.heard = true;
                }
            }
            for (disk, errand) in std::mem::take(&mut plugged.opening) {
                match errand.result(now) {
                    None => plugged.opening.push((disk, errand)),
                    Some(Ok(opened)) => {
                        let identified = plugged.identified(device).with_disk(
                            &self.sysfs,
                            device,
                            &plugged.description,
                            (&disk, opened),
                        );
                        let sequence = disk.sequence;
                        let medium = News::Medium(device.clone(), sequence, Box::new(identified));
                        news.push(medium);
                    }
                    Some(Err(error)) if has_no_medium(&error) || !self.sysfs.is_there(device) => {}
                    Some(Err(error)) => news.push(plugged.unopened(device.clone(), &disk, &error)),
                }
            }
        }
        news
    }
}
