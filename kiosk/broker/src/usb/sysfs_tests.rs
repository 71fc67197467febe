use super::*;
use crate::usb::fixtures::{stick, tree};

#[test]
fn devices_and_their_disks_are_found_and_nothing_else() {
    let (_folder, sysfs) = tree();
    let devices = sysfs.devices().unwrap();
    let [device] = devices.as_slice() else {
        panic!("{devices:?}")
    };
    assert_eq!((&device.key, device.authorized), (&stick(), false));
    let disk = Disk {
        name: "sda".to_owned(),
        sequence: 9,
        size_bytes: 51_200,
        number: (8, 0),
        removable: true,
    };
    assert_eq!(device.disks, [disk]);
}

#[test]
fn strings_are_taken_as_they_are() {
    let (_folder, sysfs) = tree();
    let description = sysfs.description(&stick()).unwrap();
    assert_eq!(description.serial.unwrap().as_bytes(), b"A\nB\x1b[2J");
    assert_eq!(description.product.as_bytes(), b"Stick");
    assert!(description.manufacturer.is_empty());
    assert_eq!(description.descriptors, b"\x12\x01");
}

#[test]
fn strings_and_descriptors_have_an_end() {
    let (folder, sysfs) = tree();
    let device = folder.path().join("bus/usb/devices/1-2");
    let long = vec![
        b'x';
        usize::try_from(DESCRIPTORS_READ_MAX)
            .unwrap()
            .saturating_add(1)
    ];
    fs::write(device.join("descriptors"), &long).unwrap();
    fs::write(device.join("serial"), &long).unwrap();
    let description = sysfs.description(&stick()).unwrap();
    assert_eq!(
        u64::try_from(description.descriptors.len()),
        Ok(DESCRIPTORS_READ_MAX)
    );
    let serial = description.serial.unwrap();
    assert!(u64::try_from(serial.as_bytes().len()).unwrap() <= STRING_READ_MAX);
}

#[test]
fn the_next_device_in_the_port_is_another() {
    let (folder, sysfs) = tree();
    fs::write(folder.path().join("bus/usb/devices/1-2/devnum"), "8\n").unwrap();
    assert!(!sysfs.is_there(&stick()));
    assert_eq!(sysfs.description(&stick()), None);
    let refused = sysfs.authorize(&stick(), true).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::NotFound);
    let switch = folder.path().join("bus/usb/devices/1-2/authorized");
    assert_eq!(fs::read_to_string(switch).unwrap(), "0\n");
}

#[test]
fn a_bus_is_closed_or_an_error() {
    let (folder, sysfs) = tree();
    assert_eq!(sysfs.buses().unwrap(), ["usb1"]);
    sysfs.close_bus("usb1").unwrap();
    for switch in ["authorized_default", "interface_authorized_default"] {
        let switch = folder.path().join("bus/usb/devices/usb1").join(switch);
        assert!(fs::read_to_string(switch).unwrap().starts_with('0'));
    }
    fs::remove_file(
        folder
            .path()
            .join("bus/usb/devices/usb1/authorized_default"),
    )
    .unwrap();
    assert!(sysfs.close_bus("usb1").is_err());
}

#[test]
fn only_the_interfaces_that_are_wanted_are_let_in() {
    let (folder, sysfs) = tree();
    sysfs.authorize(&stick(), true).unwrap();
    let plain = |interface: wire::Interface| interface.is_plain_storage();
    assert_eq!(sysfs.authorize_interfaces(&stick(), plain).unwrap(), (2, 1));
    let usb = folder.path().join("bus/usb");
    let read = |name: &str| fs::read_to_string(usb.join(name)).unwrap();
    assert!(read("devices/1-2/authorized").starts_with('1'));
    assert!(read("devices/1-2:1.0/authorized").starts_with('1'));
    assert!(read("devices/1-2:1.1/authorized").starts_with('0'));
    assert_eq!(read("drivers_probe"), "1-2:1.0");
}

#[test]
fn ports_are_told_from_root_hubs_and_interfaces() {
    for port in ["1-2", "2-1.4.3", "10-11"] {
        assert!(is_port(port), "{port}");
    }
    for other in ["usb1", "1-2:1.0", "1-", "-2", "1-2.", "pci0000:00", "a-b"] {
        assert!(!is_port(other), "{other}");
    }
}

#[test]
fn a_device_that_is_seen_before_its_descriptors_are_there_is_asked_again_for_a_second() {
    let (folder, sysfs) = tree();
    let file = folder.path().join("bus/usb/devices/1-2/descriptors");
    let hidden = file.with_extension("hidden");
    fs::rename(&file, &hidden).unwrap();
    assert!(sysfs.description(&stick()).is_none());
    let asked = std::thread::scope(|scope| {
        let asked = scope.spawn(|| sysfs.description_in_time(&stick()));
        std::thread::sleep(DESCRIPTION_PAUSE * 2);
        fs::rename(&hidden, &file).unwrap();
        asked.join().unwrap()
    });
    assert_eq!(asked.unwrap().descriptors, b"\x12\x01");
    // One that never tells has said nothing, and one that is gone is not waited for.
    fs::remove_file(&file).unwrap();
    let began = std::time::Instant::now();
    assert!(sysfs.description_in_time(&stick()).is_none());
    assert!(DESCRIPTION_PAUSE * (DESCRIPTION_TRIES_MAX - 1) <= began.elapsed());
    fs::remove_file(folder.path().join("bus/usb/devices/1-2/devnum")).unwrap();
    let began = std::time::Instant::now();
    assert!(sysfs.description_in_time(&stick()).is_none());
    assert!(began.elapsed() < DESCRIPTION_PAUSE * DESCRIPTION_TRIES_MAX);
}
