//! The kiosk's own USB devices, as the policy names them.

use serde::Deserialize;
use toml::Spanned;
use wire::{Claim, Interface};

use crate::admission::same_interfaces;
use crate::source::{ListError, Text};

/// A USB device of the kiosk's own: its keypad, its touch panel, a hub inside its case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The kernel's path of its port, `1-2.3`.
    pub port: String,
    /// USB vendor id.
    pub vid: u16,
    /// USB product id.
    pub pid: u16,
    /// Every interface it has.
    pub interfaces: Vec<Interface>,
    /// Whether it may work; one that may not is left without a driver and is not shown.
    pub works: bool,
}

/// Most devices of a kiosk's own: what a small computer has inside and around it.
pub const FIXED_MAX: usize = 32;

/// Longest path of a port, in bytes: a bus and seven levels of ports.
pub const PORT_BYTES_MAX: usize = 31;

impl Fixed {
    /// Whether a device in `port` is this one.
    pub(super) fn is(&self, port: &str, claim: &Claim) -> bool {
        self.port == port
            && (self.vid, self.pid) == (claim.vid, claim.pid)
            && same_interfaces(&self.interfaces, &claim.interfaces)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUsb {
    #[serde(default)]
    fixed: Vec<RawFixed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFixed {
    port: Spanned<String>,
    vid: Spanned<String>,
    pid: Spanned<String>,
    interfaces: Spanned<Vec<Spanned<String>>>,
    works: bool,
}

impl RawUsb {
    /// The devices, checked.
    pub(super) fn check(&self, source: &Text<'_>) -> Result<Vec<Fixed>, ListError> {
        if let Some(beyond) = self.fixed.get(FIXED_MAX) {
            let what = format!("there are more than {FIXED_MAX} devices of the kiosk's own");
            return Err(source.refuse(&beyond.port, what, "list only what is built in"));
        }
        self.fixed
            .iter()
            .map(|device| {
                Ok(Fixed {
                    port: port(source, &device.port)?,
                    vid: source.usb_id(&device.vid)?,
                    pid: source.usb_id(&device.pid)?,
                    interfaces: source.interfaces(&device.interfaces)?,
                    works: device.works,
                })
            })
            .collect()
    }
}

/// Whether the kernel gives a device this name: the bus, a hyphen, and port numbers with points
/// between, `1-2.3`. `usb1` is a root hub and `1-2:1.0` an interface.
#[must_use]
pub fn is_port(name: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    name.split_once('-')
        .is_some_and(|(bus, ports)| number(bus) && ports.split('.').all(number))
}

/// A port that the policy names.
fn port(source: &Text<'_>, value: &Spanned<String>) -> Result<String, ListError> {
    let path = value.get_ref();
    if is_port(path) && path.len() <= PORT_BYTES_MAX {
        return Ok(path.clone());
    }
    let next = "write it as the folder in /sys/bus/usb/devices is named: \"1-2.3\"";
    Err(source.refuse(value, "this is no USB port", next))
}

#[cfg(test)]
mod tests {
    use wire::MediumName;

    use super::super::{Policy, parse};
    use super::*;

    const KEYPAD: &str = "[site]\nname_ja = \"門\"\nname_en = \"g\"\ntime_zone = \"+09:00\"\n\
        [[usb.fixed]]\nport = \"1-1.4\"\nvid = \"0627\"\npid = \"0001\"\n\
        interfaces = [\"03:01:01\", \"03:00:00\"]\nworks = true\n";

    fn claim() -> Claim {
        let interface = |text: &str| Interface::try_from(text.to_owned()).unwrap();
        Claim {
            vid: 0x0627,
            pid: 1,
            serial: None,
            manufacturer: MediumName::default(),
            product: MediumName::default(),
            interfaces: vec![interface("03:00:00"), interface("03:01:01")],
            capacity_bytes: None,
            usb: None,
        }
    }

    #[test]
    fn a_device_of_the_kiosks_own_is_known_by_port_ids_and_interfaces() {
        let policy = parse(KEYPAD).unwrap();
        assert!(policy.fixed("1-1.4", &claim()).unwrap().works);
        assert_eq!(policy.fixed("1-1.3", &claim()), None);
        assert_eq!(policy.fixed("1-1.4", &Claim { pid: 2, ..claim() }), None);
        assert_eq!(policy.fixed("1-1.4", &Claim { vid: 2, ..claim() }), None);
        let more = Claim {
            interfaces: [claim().interfaces, claim().interfaces].concat(),
            ..claim()
        };
        assert_eq!(policy.fixed("1-1.4", &more), None);
        assert_eq!(Policy::builtin().fixed("1-1.4", &claim()), None);
    }

    #[test]
    fn a_port_is_written_as_the_kernel_names_it() {
        for good in ["1-1", "2-14.3.1"] {
            assert!(parse(&KEYPAD.replace("1-1.4", good)).is_ok(), "{good}");
        }
        let long = format!("1-1{}", ".1".repeat(PORT_BYTES_MAX));
        for bad in [
            "", "usb1", "1", "1-", "-1", "1-1.", "1-1..2", "../1-1", "1-1:1.0", &long,
        ] {
            assert!(parse(&KEYPAD.replace("1-1.4", bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn there_is_an_end_to_the_kiosks_own_devices() {
        let (site, device) = KEYPAD.split_at(KEYPAD.find("[[").unwrap());
        let many = |count| parse(&format!("{site}{}", device.repeat(count)));
        assert_eq!(many(FIXED_MAX).unwrap().fixed.len(), FIXED_MAX);
        assert!(many(FIXED_MAX.saturating_add(1)).is_err());
    }
}
