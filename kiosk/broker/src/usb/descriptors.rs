//! A device's descriptors: hostile bytes, of which no length is believed.
//!
//! Source: Universal Serial Bus 2.0, 9.5 and 9.6. sysfs hands them out as the device gave them:
//! the device descriptor, then every configuration with all that belongs to it.

use wire::Interface;
use wire::claim::INTERFACES_MAX;

/// Bytes of a device descriptor.
const DEVICE_BYTES: usize = 18;

/// Types of descriptors.
const DEVICE: u8 = 1;
const INTERFACE: u8 = 4;

/// Device classes that leave it to the interfaces to say what they are: "per interface" and
/// "miscellaneous".
const SILENT_CLASSES: [u8; 2] = [0x00, 0xef];

/// What descriptors say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// `idVendor`.
    pub vid: u16,
    /// `idProduct`.
    pub pid: u16,
    /// `bcdDevice`.
    pub release: u16,
    /// Every interface of every configuration and alternate setting, in their order. A device
    /// class that none of them has stands before them: it is a function like theirs.
    pub interfaces: Vec<Interface>,
}

/// Why descriptors cannot be understood. Such a device is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorsError {
    /// They do not begin with a device descriptor.
    #[error("there is no device descriptor")]
    NoDevice,
    /// A descriptor is shorter than its kind, or longer than what is there.
    #[error("the descriptor at byte {0} has a length that cannot be")]
    Length(usize),
    /// More interfaces than any honest device has.
    #[error("there are more than {INTERFACES_MAX} interfaces")]
    Interfaces,
}

/// Reads the descriptors of one device.
///
/// # Errors
/// [`DescriptorsError`], before anything past the damage is believed.
pub fn parse(bytes: &[u8]) -> Result<Described, DescriptorsError> {
    let device: &[u8; DEVICE_BYTES] = bytes.first_chunk().ok_or(DescriptorsError::NoDevice)?;
    let [length, kind, _, _, class, subclass, protocol, _, rest @ ..] = device;
    if usize::from(*length) != DEVICE_BYTES || *kind != DEVICE {
        return Err(DescriptorsError::NoDevice);
    }
    let [v0, v1, p0, p1, r0, r1, ..] = rest;
    let mut described = Described {
        vid: u16::from_le_bytes([*v0, *v1]),
        pid: u16::from_le_bytes([*p0, *p1]),
        release: u16::from_le_bytes([*r0, *r1]),
        interfaces: Vec::new(),
    };
    let mut at = DEVICE_BYTES;
    while let Some([length, kind, ..]) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let end = at.saturating_add(usize::from(*length));
        let descriptor = bytes.get(at..end).filter(|_| 2 <= *length);
        let descriptor = descriptor.ok_or(DescriptorsError::Length(at))?;
        if *kind == INTERFACE {
            let [_, _, _, _, _, class, subclass, protocol, _, ..] = descriptor else {
                return Err(DescriptorsError::Length(at));
            };
            if INTERFACES_MAX <= described.interfaces.len() {
                return Err(DescriptorsError::Interfaces);
            }
            described.interfaces.push(Interface {
                class: *class,
                subclass: *subclass,
                protocol: *protocol,
            });
        }
        at = end;
    }
    if at < bytes.len() {
        // One byte is left, which is no descriptor.
        return Err(DescriptorsError::Length(at));
    }
    let says_it = |interface: &Interface| interface.class == *class;
    if !SILENT_CLASSES.contains(class) && !described.interfaces.iter().any(says_it) {
        let whole = Interface {
            class: *class,
            subclass: *subclass,
            protocol: *protocol,
        };
        if INTERFACES_MAX <= described.interfaces.len() {
            return Err(DescriptorsError::Interfaces);
        }
        described.interfaces.insert(0, whole);
    }
    Ok(described)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::usb::fixtures::device;

    fn interfaces(bytes: &[u8]) -> Vec<String> {
        let described = parse(bytes).unwrap();
        described
            .interfaces
            .iter()
            .map(Interface::to_string)
            .collect()
    }

    #[test]
    fn a_stick_says_what_it_is() {
        let described = parse(&device(0, &[[8, 6, 0x50]])).unwrap();
        assert_eq!((described.vid, described.pid), (0x0951, 0x1666));
        assert_eq!(described.release, 0x0110);
        assert_eq!(interfaces(&device(0, &[[8, 6, 0x50]])), ["08:06:50"]);
    }

    #[test]
    fn every_interface_of_every_configuration_counts() {
        let mut two = device(0xef, &[[8, 6, 0x50]]);
        two.extend_from_slice(&device(0, &[[3, 1, 1]])[DEVICE_BYTES..]);
        assert_eq!(interfaces(&two), ["08:06:50", "03:01:01"]);
    }

    #[test]
    fn a_device_class_that_says_something_is_a_function() {
        assert_eq!(interfaces(&device(9, &[[9, 0, 0]])), ["09:00:00"]);
        assert_eq!(
            interfaces(&device(9, &[[8, 6, 0x50]])),
            ["09:00:00", "08:06:50"]
        );
    }

    #[test]
    fn lengths_that_cannot_be_are_errors() {
        let good = device(0, &[[8, 6, 0x50]]);
        for cut in 1..DEVICE_BYTES {
            assert_eq!(parse(&good[..cut]), Err(DescriptorsError::NoDevice));
        }
        for length in [0, 1, 8, 200] {
            let mut bad = good.clone();
            bad[27] = length;
            assert!(
                matches!(parse(&bad), Err(DescriptorsError::Length(_))),
                "{length}"
            );
        }
        let odd = [good, vec![9]].concat();
        assert_eq!(
            parse(&odd),
            Err(DescriptorsError::Length(odd.len().saturating_sub(1)))
        );
    }

    #[test]
    fn there_is_an_end_to_interfaces() {
        let many = |count| parse(&device(0, &vec![[8, 6, 0x50]; count]));
        assert!(many(INTERFACES_MAX).is_ok());
        assert_eq!(
            many(INTERFACES_MAX.saturating_add(1)),
            Err(DescriptorsError::Interfaces)
        );
    }

    proptest! {
        /// Whatever a device sends ends in an answer, and one that is understood was whole.
        #[test]
        fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(described) = parse(&bytes) {
                prop_assert!(DEVICE_BYTES <= bytes.len());
                prop_assert!(described.interfaces.len() <= INTERFACES_MAX);
            }
        }

        /// A keyboard cannot be hidden by what stands before or after it.
        #[test]
        fn a_keyboard_is_found_wherever_it_is(before in 0_usize..8, after in 0_usize..8) {
            let mut all = vec![[8, 6, 0x50]; before];
            all.push([3, 1, 1]);
            all.extend(vec![[8, 6, 0x50]; after]);
            let described = parse(&device(0, &all)).unwrap();
            prop_assert!(described.interfaces.iter().any(|one| one.class == 3));
        }
    }
}
