//! Which devices have a driver: those that were let in, the kiosk's own, and no other.

use std::io;
use std::time::Instant;

use wire::Claim;

use super::Usb;
use super::plugged::{Access, Plugged, let_in, let_work};
use super::sysfs::{Device, DeviceKey};
use crate::errand::Errand;

impl Usb {
    /// Lets a device in: a driver for its storage interfaces and for nothing else. It must be
    /// plain storage that the list admits. What comes of it is news.
    pub fn let_in(&mut self, device: &DeviceKey, now: Instant) {
        let (sysfs, key) = (self.sysfs.clone(), device.clone());
        if let Some(plugged) = self.devices.get_mut(device) {
            let (before, bound) = (plugged.description.clone(), plugged.bound);
            let work = move || let_in(&sysfs, &key, &before, bound);
            // Without a thread nothing is let in, and the wait for the device comes to its end.
            plugged.letting_in = Errand::start(Some(&self.bell), now, work).ok();
            plugged.access = Access::In;
        }
    }

    /// Leaves a device without a driver, and takes from it what it already has: at the next
    /// look, and at every one that finds it with a driver again.
    pub fn shut_out(&mut self, device: &DeviceKey) {
        if let Some(plugged) = self.devices.get_mut(device) {
            plugged.access = Access::Out;
            self.heard = true;
        }
        self.ports.close(device);
    }

    /// Lets a device of the kiosk's own work with all its interfaces.
    pub fn let_work(&mut self, device: &DeviceKey, now: Instant) {
        let (sysfs, key) = (self.sysfs.clone(), device.clone());
        if let Some(plugged) = self.devices.get_mut(device) {
            let before = plugged.description.clone();
            let work = move || let_work(&sysfs, &key, &before);
            plugged.chore = Errand::start(Some(&self.bell), now, work).ok();
            plugged.access = Access::Works;
        }
    }

    /// Other devices that are plugged in and claim to be the same medium.
    #[must_use]
    pub fn twins(&self, device: &DeviceKey, claim: &Claim) -> Vec<DeviceKey> {
        let is_twin = |key: &DeviceKey, theirs: &Claim| {
            key != device
                && (theirs.vid, theirs.pid) == (claim.vid, claim.pid)
                && claim.serial.is_some()
                && theirs.serial == claim.serial
        };
        let devices = self.devices.iter();
        devices
            .filter(|(key, plugged)| is_twin(key, &plugged.claim))
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// Takes the drivers from everything that has some and should have none.
    pub(super) fn shut(&mut self, there: &[Device], now: Instant) {
        for device in there.iter().filter(|device| device.authorized) {
            let out =
                |plugged: &&mut Plugged| plugged.access == Access::Out && plugged.chore.is_none();
            if let Some(plugged) = self.devices.get_mut(&device.key).filter(out) {
                let (sysfs, key) = (self.sysfs.clone(), device.key.clone());
                let work = move || sysfs.authorize(&key, false);
                plugged.chore = Errand::start(Some(&self.bell), now, work).ok();
            }
        }
    }

    /// Treats devices that work as the kiosk's own, and that `is_own` does not name any more,
    /// as new.
    pub fn disown(&mut self, is_own: &dyn Fn(&str, &Claim) -> bool) {
        let stays = |device: &DeviceKey, plugged: &Plugged| {
            plugged.access != Access::Works || is_own(&device.port, &plugged.claim)
        };
        self.devices
            .retain(|device, plugged| stays(device, plugged));
        let devices = &self.devices;
        let asked = &self.asked;
        self.ports
            .forget(&|device| devices.contains_key(device) || asked.contains_key(device));
        self.heard = true;
    }

    /// Tells every bus that has not been told to leave what comes without a driver.
    pub(super) fn close_buses(&mut self) -> io::Result<()> {
        for bus in self.sysfs.buses()? {
            if self.closed.contains(&bus) {
                continue;
            }
            match self.sysfs.close_bus(&bus) {
                Ok(()) => drop(self.closed.insert(bus)),
                // Its controller went away meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
