//! Devices for the tests of this folder.

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::sysfs::{DeviceKey, Sysfs};

/// A device of `class` with one configuration of `interfaces`.
pub(crate) fn device(class: u8, interfaces: &[[u8; 3]]) -> Vec<u8> {
    let mut bytes = vec![18, 1, 0, 2, class, 0, 0, 64];
    bytes.extend([0x51, 0x09, 0x66, 0x16, 0x10, 0x01, 1, 2, 3, 1]);
    bytes.extend([9, 2, 0, 0, 1, 1, 0, 0x80, 50]);
    for (number, [class, subclass, protocol]) in interfaces.iter().enumerate() {
        let number = u8::try_from(number).unwrap();
        bytes.extend([9, 4, number, 0, 2, *class, *subclass, *protocol, 0]);
        bytes.extend([7, 5, 0x81, 2, 0, 2, 0]);
    }
    bytes
}

/// A tree as the kernel makes it: one root hub, and a stick in port 1-2 with its disk.
pub(crate) fn tree() -> (TempDir, Sysfs) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let usb = root.join("bus/usb/devices");
    fs::create_dir_all(&usb).unwrap();
    fs::create_dir_all(root.join("block")).unwrap();
    fs::write(root.join("bus/usb/drivers_probe"), "").unwrap();
    let put = |device: &str, files: &[(&str, &[u8])]| {
        fs::create_dir_all(usb.join(device)).unwrap();
        for (name, text) in files {
            fs::write(usb.join(device).join(name), text).unwrap();
        }
    };
    put(
        "usb1",
        &[
            ("authorized_default", b"1\n"),
            ("interface_authorized_default", b"1\n"),
        ],
    );
    put(
        "1-2",
        &[
            ("devnum", b"7\n"),
            ("authorized", b"0\n"),
            ("serial", b"A\nB\x1b[2J\n"),
            ("product", b"Stick\n"),
            ("descriptors", b"\x12\x01"),
        ],
    );
    for (number, class) in [("0", "08"), ("1", "03")] {
        put(
            &format!("1-2:1.{number}"),
            &[
                ("bInterfaceClass", class.as_bytes()),
                ("bInterfaceSubClass", b"06\n"),
                ("bInterfaceProtocol", b"50\n"),
                ("authorized", b"0\n"),
            ],
        );
    }
    let disk = root.join("devices/pci/usb1/1-2/1-2:1.0/host2/block/sda");
    fs::create_dir_all(&disk).unwrap();
    for (name, text) in [
        ("dev", "8:0\n"),
        ("size", "100\n"),
        ("diskseq", "9\n"),
        ("removable", "1\n"),
    ] {
        fs::write(disk.join(name), text).unwrap();
    }
    let link = root.join("block/sda");
    symlink("../devices/pci/usb1/1-2/1-2:1.0/host2/block/sda", link).unwrap();
    // A disk that is not on USB, as every machine has.
    let own = root.join("devices/pci/virtio/block/vda");
    fs::create_dir_all(own).unwrap();
    symlink("../devices/pci/virtio/block/vda", root.join("block/vda")).unwrap();
    let sysfs = Sysfs::new(root);
    (folder, sysfs)
}

pub(crate) fn stick() -> DeviceKey {
    DeviceKey {
        port: "1-2".to_owned(),
        number: 7,
    }
}
