//! What the kernel says of USB devices and their disks, and the few files that are written.
//!
//! Everything that decides is read here and nothing of it from udev: its database leaves out
//! devices whose strings it does not like.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use decide::policy::is_port;
use wire::MediumName;

/// How often a device that is there is asked for its descriptors, and how long apart: a second
/// in all, where the kernel needs some milliseconds.
const DESCRIPTION_TRIES_MAX: u32 = 20;
const DESCRIPTION_PAUSE: Duration = Duration::from_millis(50);

/// Longest descriptors that are read, in bytes: eight configurations of the greatest length.
const DESCRIPTORS_READ_MAX: u64 = 18 + 8 * 0xffff;

/// Longest string of a device, in bytes of UTF-8, with its line feed.
const STRING_READ_MAX: u64 = 4096;

/// A USB device for as long as it is plugged in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeviceKey {
    /// The kernel's path of its port, `1-2.3`.
    pub port: String,
    /// Its number on the bus: the next device in the same port has another.
    pub number: u32,
}

/// A device that is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Which.
    pub key: DeviceKey,
    /// Whether it may have a configuration, and so drivers.
    pub authorized: bool,
    /// Its disks, in the order of their names.
    pub disks: Vec<Disk>,
}

/// A whole disk of a device, never a partition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disk {
    /// The kernel's name, `sda`.
    pub name: String,
    /// The kernel's number for the medium in it; another medium has another.
    pub sequence: u64,
    /// Its size in bytes; 0 without a medium.
    pub size_bytes: u64,
    /// Major and minor number.
    pub number: (u64, u64),
    /// Whether its medium can be taken out: card readers, optical drives, and most sticks.
    pub removable: bool,
}

/// What a device says of itself, as it says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// Every descriptor.
    pub descriptors: Vec<u8>,
    /// Serial number string.
    pub serial: Option<MediumName>,
    /// Manufacturer string.
    pub manufacturer: MediumName,
    /// Product string.
    pub product: MediumName,
}

/// The kernel's tree of devices.
#[derive(Clone, Debug)]
pub struct Sysfs {
    root: PathBuf,
}

impl Sysfs {
    /// The tree below `root`: `/sys`.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// Every device that is plugged in, hubs included, in the order of their ports. One that
    /// goes away while it is looked at is left out.
    ///
    /// # Errors
    /// When the kernel has no USB at all.
    pub fn devices(&self) -> io::Result<Vec<Device>> {
        let mut devices = Vec::new();
        for entry in fs::read_dir(self.usb())? {
            let name = entry?.file_name();
            let Some(port) = name.to_str().filter(|name| is_port(name)) else {
                continue;
            };
            let folder = self.usb().join(port);
            let (Some(number), Some(authorized)) = (
                number(&folder.join("devnum")),
                number::<u8>(&folder.join("authorized")),
            ) else {
                continue;
            };
            devices.push(Device {
                key: DeviceKey {
                    port: port.to_owned(),
                    number,
                },
                authorized: authorized != 0,
                disks: Vec::new(),
            });
        }
        devices.sort_by(|left, right| left.key.cmp(&right.key));
        for (port, disk) in self.disks() {
            let owner = devices.iter_mut().find(|device| device.key.port == port);
            if let Some(owner) = owner {
                owner.disks.push(disk);
            }
        }
        Ok(devices)
    }

    /// Whole disks with the port of the device that they belong to.
    fn disks(&self) -> Vec<(String, Disk)> {
        let entries = fs::read_dir(self.root.join("block"));
        let mut disks: Vec<_> = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| self.disk(entry.ok()?.file_name().to_str()?))
            .collect();
        disks.sort();
        disks
    }

    fn disk(&self, name: &str) -> Option<(String, Disk)> {
        let folder = self.root.join("block").join(name);
        // .../usb1/1-2/1-2:1.0/host2/target2:0:0/2:0:0:0/block/sda
        let place = fs::read_link(&folder).ok()?;
        let port = place
            .components()
            .filter_map(|part| part.as_os_str().to_str())
            .rfind(|part| is_port(part))?
            .to_owned();
        let text = string(&folder.join("dev"))?;
        let (major, minor) = text.as_text()?.split_once(':')?;
        let sectors: u64 = number(&folder.join("size"))?;
        Some((
            port,
            Disk {
                name: name.to_owned(),
                sequence: number(&folder.join("diskseq"))?,
                size_bytes: sectors.checked_mul(SECTOR_BYTES)?,
                number: (major.parse().ok()?, minor.parse().ok()?),
                removable: number::<u8>(&folder.join("removable"))? != 0,
            },
        ))
    }

    /// What a device says of itself; `None` when it is gone.
    #[must_use]
    pub fn description(&self, device: &DeviceKey) -> Option<Description> {
        let folder = self.usb().join(&device.port);
        let file = fs::File::open(folder.join("descriptors")).ok()?;
        let mut descriptors = Vec::new();
        let mut file = io::Read::take(file, DESCRIPTORS_READ_MAX);
        io::Read::read_to_end(&mut file, &mut descriptors).ok()?;
        let text = |name| string(&folder.join(name));
        let description = Description {
            descriptors,
            serial: text("serial").filter(|serial| !serial.is_empty()),
            manufacturer: text("manufacturer").unwrap_or_default(),
            product: text("product").unwrap_or_default(),
        };
        self.is_there(device).then_some(description)
    }

    /// What a device says of itself, when the kernel is done with telling it: a device can be
    /// seen a moment before the file of its descriptors is there. `None` when it is gone, or is
    /// still not told of after a second; waits on the caller's thread.
    #[must_use]
    pub fn description_in_time(&self, device: &DeviceKey) -> Option<Description> {
        for _ in 0..DESCRIPTION_TRIES_MAX {
            let said = self.description(device);
            if said.is_some() || !self.is_there(device) {
                return said;
            }
            std::thread::sleep(DESCRIPTION_PAUSE);
        }
        None
    }

    /// Whether this very device is still plugged in.
    #[must_use]
    pub fn is_there(&self, device: &DeviceKey) -> bool {
        number(&self.usb().join(&device.port).join("devnum")) == Some(device.number)
    }

    /// Every bus, by the name of its root hub: `usb1`.
    ///
    /// # Errors
    /// When the kernel has no USB at all.
    pub fn buses(&self) -> io::Result<Vec<String>> {
        let mut buses = Vec::new();
        for entry in fs::read_dir(self.usb())? {
            let name = entry?.file_name();
            buses.extend(name.to_str().filter(|name| is_bus(name)).map(str::to_owned));
        }
        Ok(buses)
    }

    /// Makes a bus leave new devices, and the interfaces of those that are let in, without a
    /// driver.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn close_bus(&self, bus: &str) -> io::Result<()> {
        for switch in ["authorized_default", "interface_authorized_default"] {
            write(&self.usb().join(bus).join(switch), "0")?;
        }
        Ok(())
    }

    /// Lets a device in, or takes every driver from it.
    ///
    /// # Errors
    /// What the kernel said; `NotFound` when the device is gone.
    pub fn authorize(&self, device: &DeviceKey, on: bool) -> io::Result<()> {
        if !self.is_there(device) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let switch = self.usb().join(&device.port).join("authorized");
        write(&switch, if on { "1" } else { "0" })
    }

    /// Lets those interfaces of a device that `wanted` accepts, by class, subclass and
    /// protocol, have a driver. Gives how many there are and how many were let in.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn authorize_interfaces(
        &self,
        device: &DeviceKey,
        wanted: impl Fn(wire::Interface) -> bool,
    ) -> io::Result<(usize, usize)> {
        let prefix = format!("{}:", device.port);
        let (mut all, mut open) = (0_usize, 0_usize);
        for entry in fs::read_dir(self.usb())? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| name.starts_with(&prefix)) else {
                continue;
            };
            let hex = |what: &str| {
                let text = string(&entry.path().join(what))?;
                u8::from_str_radix(text.as_text()?, 16).ok()
            };
            all = all.saturating_add(1);
            let (Some(class), Some(subclass), Some(protocol)) = (
                hex("bInterfaceClass"),
                hex("bInterfaceSubClass"),
                hex("bInterfaceProtocol"),
            ) else {
                continue;
            };
            let interface = wire::Interface {
                class,
                subclass,
                protocol,
            };
            if wanted(interface) {
                write(&entry.path().join("authorized"), "1")?;
                write(&self.root.join("bus/usb/drivers_probe"), name)?;
                open = open.saturating_add(1);
            }
        }
        Ok((all, open))
    }

    /// Asks the kernel to look every `milliseconds` whether a medium was changed in `disk`.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn watch_medium(&self, disk: &str, milliseconds: u32) -> io::Result<()> {
        let file = self.root.join("block").join(disk).join("events_poll_msecs");
        write(&file, &milliseconds.to_string())
    }

    fn usb(&self) -> PathBuf {
        self.root.join("bus/usb/devices")
    }
}

/// The kernel counts every disk in these.
const SECTOR_BYTES: u64 = 512;

fn is_bus(name: &str) -> bool {
    name.strip_prefix("usb").is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// A string of the kernel's without the line feed that it adds.
fn string(path: &Path) -> Option<MediumName> {
    let mut bytes = Vec::new();
    let mut file = io::Read::take(fs::File::open(path).ok()?, STRING_READ_MAX);
    io::Read::read_to_end(&mut file, &mut bytes).ok()?;
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    Some(MediumName::cut(bytes).0)
}

fn number<T: std::str::FromStr>(path: &Path) -> Option<T> {
    string(path)?.as_text()?.trim().parse().ok()
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    io::Write::write_all(&mut file, text.as_bytes())
}

#[cfg(test)]
#[path = "sysfs_tests.rs"]
mod tests;
