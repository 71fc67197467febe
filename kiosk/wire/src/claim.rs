//! What a medium says it is. Nothing in it is trusted.

use serde::{Deserialize, Serialize};

use crate::name::MediumName;

/// Most interfaces kept of one device. USB allows 32 in a configuration; a stick has one or two.
pub const INTERFACES_MAX: usize = 32;

/// What a device says of itself before any of its content is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// USB vendor id.
    pub vid: u16,
    /// USB product id.
    pub pid: u16,
    /// USB serial number string; `None` when the device has none.
    pub serial: Option<MediumName>,
    /// Manufacturer string.
    #[serde(default)]
    pub manufacturer: MediumName,
    /// Product string.
    #[serde(default)]
    pub product: MediumName,
    /// Every interface of the active configuration, in descriptor order.
    pub interfaces: Vec<Interface>,
    /// Size of the block device in bytes.
    pub capacity_bytes: u64,
}

/// Class, subclass and protocol of one USB interface: `08:06:50` is mass storage, SCSI, BOT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Interface {
    /// `bInterfaceClass`; 0x08 is mass storage.
    pub class: u8,
    /// `bInterfaceSubClass`.
    pub subclass: u8,
    /// `bInterfaceProtocol`; 0x50 is bulk-only, 0x62 is UAS.
    pub protocol: u8,
}

impl Interface {
    /// Whether the interface is mass storage, bulk-only or UAS, over SCSI.
    /// Source: USB mass storage class specification overview 1.4, tables 1 and 2.
    #[must_use]
    pub fn is_plain_storage(self) -> bool {
        self.class == 0x08 && self.subclass == 0x06 && matches!(self.protocol, 0x50 | 0x62)
    }
}

impl std::fmt::Display for Interface {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:02x}:{:02x}:{:02x}",
            self.class, self.subclass, self.protocol
        )
    }
}

impl From<Interface> for String {
    fn from(interface: Interface) -> Self {
        interface.to_string()
    }
}

impl TryFrom<String> for Interface {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut parts = text.split(':').map(|part| {
            let hex = part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_hexdigit());
            hex.then(|| u8::from_str_radix(part, 16).ok()).flatten()
        });
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Some(class)), Some(Some(subclass)), Some(Some(protocol)), None) => Ok(Self {
                class,
                subclass,
                protocol,
            }),
            (_, _, _, _) => Err(format!(
                "interface must look like \"08:06:50\", found {:?}",
                text.chars().take(16).collect::<String>()
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_reads_as_it_is_written() {
        let storage = Interface::try_from("08:06:50".to_owned()).unwrap();
        assert!(storage.is_plain_storage());
        assert_eq!(storage.to_string(), "08:06:50");
        for bad in ["", "8:6:50", "08:06", "08:06:50:00", "zz:06:50", "+8:06:50"] {
            assert!(Interface::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }
}
