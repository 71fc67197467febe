//! One device that is plugged in: what it says, and what is being done about it.

use std::io;

use nix::errno::Errno;
use sha2::{Digest as _, Sha256};
use wire::claim::{Attachment, Descriptors};
use wire::{Claim, Digest, Gap, Interface};

use super::News;
use super::descriptors;
use super::disk::OpenedDisk;
use super::sysfs::{Description, DeviceKey, Disk, Sysfs};
use crate::errand::Errand;
use crate::identify::Identified;

/// Which drivers a device may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Nobody has decided yet.
    Asked,
    /// None.
    Out,
    /// One for each of its storage interfaces.
    In,
    /// Any: it is the kiosk's own.
    Works,
}

/// What belongs to one device.
pub(super) struct Plugged {
    pub(super) description: Description,
    pub(super) claim: Claim,
    /// Whether it had drivers when it was first seen.
    pub(super) bound: bool,
    /// Whether it may have some.
    pub(super) access: Access,
    pub(super) letting_in: Option<Errand<()>>,
    /// Taking drivers away, or giving them to a device of the kiosk's own.
    pub(super) chore: Option<Errand<()>>,
    pub(super) opening: Vec<(Disk, Errand<OpenedDisk>)>,
    /// Looks for a medium, by disk and sequence; those without a result go on.
    pub(super) looks: Vec<Look>,
}

/// A look for a medium: the disk's name, the sequence of its medium, and what goes on.
pub(super) type Look = (String, u64, Option<Errand<()>>);

pub(super) fn is_of((name, sequence, _): &Look, disk: &Disk) -> bool {
    *name == disk.name && *sequence == disk.sequence
}

impl Plugged {
    /// A device that has just come. `bound` says that it came with drivers.
    pub(super) fn new(device: &DeviceKey, description: Description, bound: bool) -> Self {
        Self {
            claim: claim(device, &description),
            description,
            bound,
            access: Access::Asked,
            letting_in: None,
            chore: None,
            opening: Vec::new(),
            looks: Vec::new(),
        }
    }

    pub(super) fn identified(&self, device: &DeviceKey) -> Identified {
        Identified::device(&device.port, self.claim.clone())
    }

    pub(super) fn unopened(&self, device: DeviceKey, disk: &Disk, error: &io::Error) -> News {
        let why = format!("the disk cannot be opened: {error}");
        let identified = Box::new(self.identified(&device));
        News::MediumFailed(device, disk.sequence, identified, gap(error), why)
    }

    pub(super) fn looked_at(&self, disk: &Disk) -> bool {
        let done = |look: &&Look| is_of(look, disk) && look.2.is_none();
        self.looks.iter().any(|look| done(&look))
    }
}

/// Authorisation in the kernel's order. What is not as it was is thrown out again.
pub(super) fn let_in(
    sysfs: &Sysfs,
    device: &DeviceKey,
    before: &Description,
    bound: bool,
) -> io::Result<()> {
    if bound {
        // Its drivers are of another time: it came before its bus was closed, or the kiosk began
        // anew.
        sysfs.authorize(device, false)?;
    }
    sysfs.authorize(device, true)?;
    let refused = match sysfs.description(device) {
        None => return Err(io::ErrorKind::NotFound.into()),
        Some(after) if after != *before => "it says something else of itself when it is let in",
        Some(_) => match sysfs.authorize_interfaces(device, Interface::is_plain_storage)? {
            (0, _) => "it shows no interface when it is let in",
            (all, open) if all == open => return Ok(()),
            (_, _) => "it shows an interface that its descriptors do not have",
        },
    };
    sysfs.authorize(device, false)?;
    Err(io::Error::new(io::ErrorKind::InvalidData, refused))
}

/// Authorisation of a device of the kiosk's own, if it is still what it was.
pub(super) fn let_work(sysfs: &Sysfs, device: &DeviceKey, before: &Description) -> io::Result<()> {
    sysfs.authorize(device, true)?;
    if sysfs.description(device).as_ref() == Some(before) {
        return sysfs.authorize_interfaces(device, |_| true).map(drop);
    }
    sysfs.authorize(device, false)?;
    let why = "it says something else of itself when it is let in";
    Err(io::Error::new(io::ErrorKind::InvalidData, why))
}

/// What a device claims. One whose descriptors cannot be understood shows no interface, and is
/// refused for that.
fn claim(device: &DeviceKey, description: &Description) -> Claim {
    let bytes = &description.descriptors;
    let described = descriptors::parse(bytes).ok();
    let (vid, pid, release) = described
        .as_ref()
        .map_or((0, 0, 0), |one| (one.vid, one.pid, one.release));
    Claim {
        vid,
        pid,
        serial: description.serial.clone(),
        manufacturer: description.manufacturer.clone(),
        product: description.product.clone(),
        interfaces: described.map_or_else(Vec::new, |one| one.interfaces),
        capacity_bytes: None,
        usb: Some(Attachment {
            port: device.port.clone(),
            release: format!("{release:04x}"),
            descriptors_sha256: Digest(Sha256::digest(bytes).into()),
            descriptors: Descriptors::cut(bytes),
        }),
    }
}

/// Whether the medium was taken out before it could be opened: that is told of anyway.
pub(super) fn has_no_medium(error: &io::Error) -> bool {
    error.raw_os_error().map(Errno::from_raw) == Some(Errno::ENOMEDIUM)
}

pub(super) fn gap(error: &io::Error) -> Gap {
    if error.kind() == io::ErrorKind::TimedOut {
        Gap::Timeout
    } else if error.kind() == io::ErrorKind::InvalidData {
        Gap::Changed
    } else {
        Gap::Unreadable
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::usb::fixtures::{device, stick, tree};

    #[test]
    fn only_what_was_seen_before_is_let_in() {
        let (folder, sysfs) = tree();
        let usb = folder.path().join("bus/usb/devices");
        let authorized = || fs::read_to_string(usb.join("1-2/authorized")).unwrap();
        let before = sysfs.description(&stick()).unwrap();
        // The tree's device has a second interface, a keyboard.
        let refused = let_in(&sysfs, &stick(), &before, false).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
        assert!(authorized().starts_with('0'));
        fs::remove_dir_all(usb.join("1-2:1.1")).unwrap();
        let_in(&sysfs, &stick(), &before, true).unwrap();
        assert!(authorized().starts_with('1'));
        // It says another name than before.
        fs::write(usb.join("1-2/product"), "Other\n").unwrap();
        let refused = let_in(&sysfs, &stick(), &before, false).unwrap_err();
        assert_eq!(gap(&refused), Gap::Changed);
        assert!(authorized().starts_with('0'));
        // Another device is in the port by now.
        fs::write(usb.join("1-2/devnum"), "8\n").unwrap();
        let refused = let_in(&sysfs, &stick(), &before, false).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::NotFound);
        assert!(authorized().starts_with('0'));
    }

    #[test]
    fn a_claim_has_what_the_descriptors_say_and_none_that_makes_no_sense() {
        let description = Description {
            descriptors: device(0, &[[8, 6, 0x50]]),
            ..Description::default()
        };
        let made = claim(&stick(), &description);
        assert_eq!((made.vid, made.pid), (0x0951, 0x1666));
        assert_eq!(made.interfaces.len(), 1);
        assert_eq!(made.capacity_bytes, None);
        let usb = made.usb.unwrap();
        assert_eq!((usb.port.as_str(), usb.release.as_str()), ("1-2", "0110"));
        let garbled = Description {
            descriptors: vec![18, 1, 0],
            ..description
        };
        let made = claim(&stick(), &garbled);
        assert!(made.interfaces.is_empty());
        assert_eq!((made.vid, made.pid), (0, 0));
        assert_eq!(made.usb.unwrap().descriptors.to_string(), "120100");
    }

    #[test]
    fn an_error_is_the_gap_that_it_means() {
        let of = |kind: io::ErrorKind| gap(&kind.into());
        assert_eq!(of(io::ErrorKind::TimedOut), Gap::Timeout);
        assert_eq!(of(io::ErrorKind::InvalidData), Gap::Changed);
        assert_eq!(of(io::ErrorKind::PermissionDenied), Gap::Unreadable);
        let empty = io::Error::from(Errno::ENOMEDIUM);
        assert!(has_no_medium(&empty));
        assert!(!has_no_medium(&Errno::EIO.into()));
    }
}
