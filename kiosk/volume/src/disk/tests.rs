#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use std::path::Path;
use std::process::Command;

use super::*;

const MIB: usize = 1 << 20;

/// A disk with content here and there, zeros between, and an odd length.
fn sample() -> Vec<u8> {
    let mut disk = vec![0; 9 * MIB + 512 * 3];
    let mut state = 7_u32;
    for (start, length) in [(0, 70_000), (3 * MIB + 5000, 300_000), (9 * MIB - 100, 612)] {
        for byte in &mut disk[start..start + length] {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24).to_le_bytes()[0] & 0x3F;
        }
    }
    disk
}

/// What `qemu-img convert` makes of a disk.
fn converted(disk: &[u8], format: &str, options: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("raw"), disk).unwrap();
    convert(&at("raw"), &at("out"), format, options);
    std::fs::read(at("out")).unwrap()
}

fn convert(from: &Path, to: &Path, format: &str, options: &[&str]) {
    let done = Command::new("qemu-img")
        .args(["convert", "-f", "raw", "-O", format])
        .args(options)
        .args([from, to])
        .status()
        .expect("qemu-img is installed");
    assert!(done.success());
}

fn opened(file: Vec<u8>) -> Result<Disk, VolumeError> {
    let file: Rc<dyn Blocks> = Rc::new(file);
    assert!(is_disk(&*file));
    Disk::open(&file)
}

fn content(disk: &Disk) -> Vec<u8> {
    let mut content = vec![0; narrow(disk.size_bytes())];
    disk.read_at(0, &mut content).expect("whole");
    content
}

const KINDS: [(&str, &[&str]); 11] = [
    ("vpc", &["-o", "subformat=fixed,force_size=on"]),
    ("vpc", &["-o", "subformat=dynamic,force_size=on"]),
    ("vhdx", &["-o", "subformat=dynamic,block_size=1M"]),
    ("vhdx", &["-o", "subformat=fixed"]),
    ("vmdk", &["-o", "subformat=monolithicSparse"]),
    ("vmdk", &["-o", "subformat=streamOptimized"]),
    ("qcow2", &[]),
    ("qcow2", &["-c"]),
    ("qcow2", &["-o", "compat=0.10,cluster_size=4k"]),
    ("vdi", &[]),
    ("vdi", &["-o", "static=on"]),
];

#[test]
fn every_disk_reads_as_it_was_before_it_was_packed() {
    let whole = sample();
    for (format, options) in KINDS {
        let disk = opened(converted(&whole, format, options)).unwrap();
        assert!(
            disk.findings.is_empty(),
            "{format} {options:?}: {:?}",
            disk.findings
        );
        let read = content(&disk);
        assert!(
            read.get(..whole.len()) == Some(&whole),
            "{format} {options:?}"
        );
        assert!(read[whole.len()..].iter().all(|byte| *byte == 0));
        // Pieces at odd places, across the borders of blocks.
        for (at, length) in [(1, 511), (3 * MIB - 3, 9000), (9 * MIB - 200, 900)] {
            let mut buffer = vec![1; length];
            disk.read_at(wide(at), &mut buffer).unwrap();
            assert!(
                buffer == whole[at..at + length],
                "{format} {options:?} {at}"
            );
        }
    }
}

#[test]
fn holes_are_known_to_be_holes() {
    for (format, options) in KINDS
        .iter()
        .skip(1)
        .filter(|one| !one.1.contains(&"static=on"))
    {
        let disk = opened(converted(&sample(), format, options)).unwrap();
        let is_fixed = options.contains(&"subformat=fixed");
        assert_eq!(
            disk.is_hole(wide(6 * MIB), wide(MIB)),
            !is_fixed,
            "{format}"
        );
        assert!(!disk.is_hole(wide(2 * MIB), wide(3 * MIB)), "{format}");
    }
}

#[test]
fn a_disk_that_is_cut_off_fails_where_it_is_cut() {
    for (format, options) in KINDS {
        let file = converted(&sample(), format, options);
        for parts in [2, 3, 7] {
            let cut = file[..file.len() / parts].to_vec();
            let file: Rc<dyn Blocks> = Rc::new(cut);
            let Ok(disk) = Disk::open(&file) else {
                continue;
            };
            let mut content = vec![0; narrow(disk.size_bytes())];
            let read = disk.read_at(0, &mut content);
            let same = content.get(..sample().len()) == Some(&sample());
            assert!(
                read.is_err() || same || !disk.findings.is_empty(),
                "{format}"
            );
        }
    }
}

#[test]
fn what_needs_another_file_or_a_key_is_named() {
    let whole = sample();
    let gap = |file: Vec<u8>| opened(file).err().expect("not opened").gap();
    let mut qcow2 = converted(&whole, "qcow2", &[]);
    qcow2[15] = 1;
    assert_eq!(gap(qcow2.clone()), Gap::Unsupported);
    qcow2[15] = 0;
    qcow2[35] = 2;
    assert_eq!(gap(qcow2.clone()), Gap::Encrypted);
    qcow2[35] = 0;
    qcow2[79] = 4;
    assert_eq!(gap(qcow2.clone()), Gap::Unsupported);
    qcow2[79] = 1;
    qcow2[63] = 1;
    assert_eq!(opened(qcow2).unwrap().findings.len(), 2);
    let mut vhd = converted(&whole, "vpc", &["-o", "subformat=dynamic"]);
    let end = vhd.len() - 512;
    vhd[end + 63] = 4;
    assert_eq!(gap(vhd.clone()), Gap::Unsupported);
    vhd[end + 63] = 3;
    vhd[100] ^= 1;
    assert_eq!(opened(vhd).unwrap().findings.len(), 1);
    let mut vhdx = converted(&whole, "vhdx", &[]);
    vhdx[(64 << 10) + 48] = 1;
    vhdx[(128 << 10) + 48] = 1;
    assert_eq!(gap(vhdx), Gap::Unsupported);
    let vmdk = converted(&whole, "vmdk", &["-o", "subformat=monolithicSparse"]);
    let text = String::from_utf8_lossy(&vmdk)
        .find("parentCID=ffffffff")
        .unwrap();
    let mut child = vmdk.clone();
    child[text + 10] = b'0';
    assert_eq!(gap(child), Gap::Unsupported);
}

#[test]
fn a_disk_in_too_many_pieces_is_a_limit() {
    let mut qcow2 = converted(&sample(), "qcow2", &["-o", "cluster_size=512"]);
    for (pieces, expected) in [
        (DISK_PIECES_MAX, None),
        (DISK_PIECES_MAX + 1, Some(Gap::Limit)),
    ] {
        let size = pieces * PIECE_BYTES_MIN;
        qcow2[24..32].copy_from_slice(&size.to_be_bytes());
        let opened = opened(qcow2.clone());
        assert_eq!(opened.err().map(|error| error.gap()), expected);
    }
}

#[test]
fn lists_that_are_too_long_are_damage() {
    let gap = |file: Vec<u8>| opened(file).err().map(|error| error.gap());
    let whole = sample();
    let mut vhdx = converted(&whole, "vhdx", &[]);
    for (count, expected) in [
        (vhdx::ENTRIES_MAX, None),
        (vhdx::ENTRIES_MAX + 1, Some(Gap::Damaged)),
    ] {
        for at in [(192 << 10) + 8, (256 << 10) + 8] {
            vhdx[at..at + 4].copy_from_slice(&count.to_le_bytes());
        }
        assert_eq!(gap(vhdx.clone()), expected);
    }
    let mut vmdk = converted(&whole, "vmdk", &["-o", "subformat=monolithicSparse"]);
    for (sectors, expected) in [
        (vmdk::DESCRIPTOR_BYTES_MAX / 512, None),
        (vmdk::DESCRIPTOR_BYTES_MAX / 512 + 1, Some(Gap::Damaged)),
    ] {
        vmdk[36..44].copy_from_slice(&sectors.to_le_bytes());
        assert_eq!(gap(vmdk.clone()), expected);
    }
}

#[test]
fn sizes_that_a_header_makes_up_cost_nothing() {
    let mut vdi = converted(&sample(), "vdi", &[]);
    vdi[368..376].copy_from_slice(&(DISK_BYTES_MAX + 1).to_le_bytes());
    assert_eq!(opened(vdi.clone()).err().unwrap().gap(), Gap::Limit);
    vdi[368..376].copy_from_slice(&DISK_BYTES_MAX.to_le_bytes());
    let disk = opened(vdi).unwrap();
    assert!(disk.read_at(DISK_BYTES_MAX - 512, &mut [0; 512]).is_err());
    assert!(inflate(&[], false, PACKED_PIECE_BYTES_MAX + 1, 1).is_err());
    assert!(inflate(&[], false, PACKED_PIECE_BYTES_MAX, 1).is_err());
}
