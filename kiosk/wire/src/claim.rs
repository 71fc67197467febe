//! What a medium says it is. Nothing in it is trusted.

use serde::{Deserialize, Serialize};

use crate::name::{self, MediumName};
use crate::outcome::Digest;

/// Most interfaces kept of one device. USB allows 32 in a configuration; a stick has one or two.
pub const INTERFACES_MAX: usize = 32;

/// Most bytes of descriptors kept of one device. A stick has 62, a headset some 700; what is
/// longer is cut in the entry and named whole by its hash.
pub const DESCRIPTORS_BYTES_MAX: usize = 4096;

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
    /// Every interface of every configuration and alternate setting, in descriptor order.
    pub interfaces: Vec<Interface>,
    /// Size of the block device in bytes; `None` for a device that no driver was bound to.
    pub capacity_bytes: Option<u64>,
    /// How it is attached; `None` for an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usb: Option<Attachment>,
}

/// Where a USB device is attached, and its descriptors as it gave them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// The kernel's path of the port: bus, and the port of each hub, `1-2.3`.
    pub port: String,
    /// `bcdDevice`: the maker's release number, as four hexadecimal digits.
    pub release: String,
    /// SHA-256 of all its descriptors.
    pub descriptors_sha256: Digest,
    /// The first [`DESCRIPTORS_BYTES_MAX`] bytes of its descriptors.
    pub descriptors: Descriptors,
}

/// Raw descriptors; lower-case hexadecimal in messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Descriptors(Vec<u8>);

impl Descriptors {
    /// The beginning of `bytes`, cut to [`DESCRIPTORS_BYTES_MAX`].
    #[must_use]
    pub fn cut(bytes: &[u8]) -> Self {
        Self(bytes.get(..DESCRIPTORS_BYTES_MAX).unwrap_or(bytes).to_vec())
    }
}

impl std::fmt::Display for Descriptors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&name::hex(&self.0))
    }
}

impl From<Descriptors> for String {
    fn from(descriptors: Descriptors) -> Self {
        descriptors.to_string()
    }
}

impl TryFrom<String> for Descriptors {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = name::unhex(&text).ok_or("descriptors must be hexadecimal digits")?;
        if DESCRIPTORS_BYTES_MAX < bytes.len() {
            return Err("descriptors are longer than what is kept of them");
        }
        Ok(Self(bytes))
    }
}

/// What a USB interface is for, as a person would say it. The order is that of importance: a
/// device with several is called after the first.
/// Source: USB defined class codes, and CDC 1.2 table 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// It types.
    Keyboard,
    /// Another input device, which may type as well.
    Input,
    /// A network adapter.
    Network,
    /// A serial port or modem.
    Serial,
    /// A telephone or camera: MTP and PTP.
    Phone,
    /// A hub, with anything behind it.
    Hub,
    /// Bluetooth and other radio.
    Wireless,
    /// Sound.
    Audio,
    /// A camera for video.
    Video,
    /// A printer.
    Printer,
    /// Anything else.
    Other,
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

    /// What it is for, when it is not plain storage.
    #[must_use]
    pub fn function(self) -> Option<Function> {
        if self.is_plain_storage() {
            return None;
        }
        Some(match (self.class, self.subclass, self.protocol) {
            (0x03, _, 0x01) => Function::Keyboard,
            (0x03, _, _) => Function::Input,
            // Remote NDIS, which hides among modems, radio and the miscellaneous.
            (0x02, 0x02, 0xff) | (0xe0, 0x01, 0x03) | (0xef, 0x04, 0x01) => Function::Network,
            (0x02, 0x01..=0x05, _) => Function::Serial,
            (0x02, _, _) => Function::Network,
            (0x06, _, _) => Function::Phone,
            (0x09, _, _) => Function::Hub,
            (0xe0, _, _) => Function::Wireless,
            (0x01, _, _) => Function::Audio,
            (0x0e, _, _) => Function::Video,
            (0x07, _, _) => Function::Printer,
            (_, _, _) => Function::Other,
        })
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

    #[test]
    fn an_interface_says_what_it_is_for() {
        let function = |text: &str| Interface::try_from(text.to_owned()).unwrap().function();
        for (text, expected) in [
            ("08:06:50", None),
            ("08:06:62", None),
            ("08:06:01", Some(Function::Other)),
            ("03:01:01", Some(Function::Keyboard)),
            ("03:00:00", Some(Function::Input)),
            ("02:06:00", Some(Function::Network)),
            ("02:02:ff", Some(Function::Network)),
            ("02:02:01", Some(Function::Serial)),
            ("06:01:01", Some(Function::Phone)),
            ("09:00:00", Some(Function::Hub)),
            ("01:03:00", Some(Function::Audio)),
            ("ff:00:00", Some(Function::Other)),
        ] {
            assert_eq!(function(text), expected, "{text}");
        }
    }

    #[test]
    fn descriptors_are_cut_and_read_as_they_are_written() {
        let long = vec![0xa5; DESCRIPTORS_BYTES_MAX.saturating_add(1)];
        let text = String::from(Descriptors::cut(&long));
        assert_eq!(text.len(), DESCRIPTORS_BYTES_MAX.saturating_mul(2));
        assert_eq!(
            Descriptors::try_from(text.clone()),
            Ok(Descriptors::cut(&long))
        );
        for bad in [text + "a5", "zz".to_owned(), "123".to_owned()] {
            assert!(Descriptors::try_from(bad).is_err());
        }
    }
}
