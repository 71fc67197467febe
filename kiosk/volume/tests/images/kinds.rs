//! What is named and not read, on volumes that the standard tools make.

use std::collections::BTreeMap;
use std::io::Read;

use volume::{Kind, probe};
use wire::{Gap, Tier};

use crate::layout::{MIB, assert_covered, entry, layout, places, put, rules};
use crate::support::{Bench, Image, arg, bytes, kind, run};

/// The beginning of a volume of `size` bytes that `program` makes, its last argument being the
/// image. Some tools make none that is smaller, and nothing is recognised further on.
fn made(program: &str, options: &[&str], size: usize) -> Vec<u8> {
    let bench = Bench::new();
    let image = bench.blank(size as u64);
    let options = options.iter().map(|option| (*option).to_owned());
    run(program, options.chain([arg(&image)]));
    let mut start = Vec::new();
    let image = std::fs::File::open(image).unwrap();
    image.take(2 << 20).read_to_end(&mut start).unwrap();
    start
}

/// One made of a folder, by a tool that wants image and folder in this order or the other.
fn made_of(program: &str, image_first: bool, options: &[&str]) -> Vec<u8> {
    let bench = Bench::new();
    let tree = arg(&bench.tree(&BTreeMap::from([(
        "packed.bin".to_owned(),
        bytes(1, 600_000),
    )])));
    let image = bench.path("image");
    let mut arguments = if image_first {
        vec![arg(&image), tree]
    } else {
        vec![tree, arg(&image)]
    };
    arguments.extend(options.iter().map(|option| (*option).to_owned()));
    run(program, arguments);
    std::fs::read(image).unwrap()
}

/// Name and gap of what is only named.
fn named(volume: &[u8]) -> (&'static str, Gap) {
    let kind = probe(&Image(volume.to_vec())).unwrap();
    let Kind::Named { name, gap } = kind else {
        panic!("{} is not only named", kind.name());
    };
    (name, gap)
}

/// Asserts that a volume has this name and gap alone, over the whole medium and in a partition.
fn assert_named(volume: &[u8], name: &str, gap: Gap) {
    assert_eq!(named(volume), (name, gap));
    let whole = layout(volume);
    assert_eq!(places(&whole), [(name, 0, volume.len())]);
    assert_eq!(rules(&whole), Vec::<&str>::new(), "{name}");
    assert_covered(volume, &whole);
    let mut medium = vec![0; MIB];
    medium.extend_from_slice(volume);
    medium.resize(medium.len().next_multiple_of(512) + MIB, 0);
    let sectors = volume.len().div_ceil(512) as u32;
    entry(&mut medium, 0, 0, 0x83, 2048, sectors);
    let divided = layout(&medium);
    assert_eq!(places(&divided), [(name, MIB, sectors as usize * 512)]);
    assert_eq!(rules(&divided), Vec::<&str>::new(), "{name}");
    assert_covered(&medium, &divided);
    let error = volume::open(name, 0, std::rc::Rc::new(Image(volume.to_vec())));
    let finding = error.err().unwrap().finding();
    assert_eq!(finding.tier, Tier::Incomplete);
}

#[test]
fn volumes_of_other_systems_are_named() {
    let unsupported = Gap::Unsupported;
    assert_named(
        &made("mkfs.btrfs", &["-q"], 120 * MIB),
        "btrfs",
        unsupported,
    );
    let xfs = made("mkfs.xfs", &["-q", "-f"], 320 * MIB);
    assert_named(&xfs, "xfs", unsupported);
    assert_named(&made("mkfs.f2fs", &["-q"], 64 * MIB), "f2fs", unsupported);
    assert_named(&made("mkswap", &["-q"], 2 * MIB), "swap", unsupported);
    let pages = ["-q", "-p", "65536"];
    assert_named(&made("mkswap", &pages, 2 * MIB), "swap", unsupported);
}

#[test]
fn packed_volumes_are_named_and_not_taken_for_encrypted_ones() {
    let quiet = ["-quiet", "-no-progress"];
    let squashfs = made_of("mksquashfs", false, &quiet);
    assert_named(&squashfs, "squashfs", Gap::Unsupported);
    assert_named(&made_of("mkfs.erofs", true, &[]), "erofs", Gap::Unsupported);
}

/// A volume that cryptsetup makes; its key derivation is as short as it may be.
fn luks(version: &str) -> Vec<u8> {
    let bench = Bench::new();
    let image = bench.blank(20 << 20);
    let key = bench.path("key");
    std::fs::write(&key, "a key of the test").unwrap();
    let options = [
        "luksFormat",
        "--batch-mode",
        "--type",
        version,
        "--pbkdf",
        "pbkdf2",
        "--pbkdf-force-iterations",
        "1000",
        "--key-file",
        &arg(&key),
        &arg(&image),
    ];
    run("cryptsetup", options);
    std::fs::read(image).unwrap()
}

#[test]
fn luks_is_encrypted_even_when_only_its_second_header_is_left() {
    assert_named(&luks("luks1"), "luks1", Gap::Encrypted);
    let mut second = luks("luks2");
    assert_named(&second, "luks2", Gap::Encrypted);
    second[..4096].fill(0);
    assert_named(&second, "luks2", Gap::Encrypted);
    // What was made over it is what is there.
    let mut fat = crate::fat::image(&["-F16"], 16 << 20, &BTreeMap::new());
    put(&mut fat, 0x20_0000, b"SKUL\xBA\xBE\0\x02");
    assert_eq!(kind(&fat), "fat16");
}

/// A blank volume with these bytes in it.
fn signed(size: usize, parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut volume = vec![0; size];
    for (at, bytes) in parts {
        put(&mut volume, *at, bytes);
    }
    volume
}

#[test]
fn volumes_that_no_tool_here_makes_are_named_by_their_first_structures() {
    let unsupported = Gap::Unsupported;
    for (name, parts) in [
        ("hfs_plus", &[(1024, &b"H+\0\x04"[..])][..]),
        ("hfs_plus", &[(1024, b"HX\0\x05")]),
        ("hfs_wrapper", &[(1024, b"BD"), (1148, b"H+")]),
        ("hfs", &[(1024, b"BD")]),
        ("apfs", &[(32, b"NXSB")]),
        ("minix", &[(1040, b"\x8F\x13")]),
        ("core_storage", &[(8, &[1, 0, 0x10, 0]), (88, b"CS")]),
        ("refs", &[(3, b"ReFS\0\0\0\0")]),
        ("bcachefs", &[(4120, b"\xC6\x85\x73\xF6\x66\xCE\x90\xA9")]),
        ("zfs", &[(131_072, b"\x0C\xB1\xBA\0\0\0\0\0")]),
        ("zfs", &[(131_072 + 77 * 1024, b"\0\0\0\0\0\xBA\xB1\x0C")]),
        ("lvm2", &[(512, b"LABELONE"), (536, b"LVM2 001")]),
        ("lvm2", &[(1536, b"LABELONE"), (1560, b"LVM2 001")]),
        ("linux_raid", &[(4096, b"\xFC\x4E\x2B\xA9")]),
        ("linux_raid", &[(2 * MIB - 65_536, b"\xFC\x4E\x2B\xA9")]),
        ("linux_raid", &[(2 * MIB - 8192, b"\xFC\x4E\x2B\xA9")]),
    ] {
        assert_named(&signed(2 * MIB, parts), name, unsupported);
    }
}

/// The GUID of BitLocker, as it is stored.
const BITLOCKER: [u8; 16] = [
    0x3B, 0xD6, 0x67, 0x49, 0x29, 0x2E, 0xD8, 0x4A, 0x83, 0x99, 0xF6, 0xA3, 0x39, 0xE3, 0xD0, 0x01,
];

#[test]
fn bitlocker_of_every_windows_is_encrypted() {
    let jump: (usize, &[u8]) = (0, &[0xEB, 0x58, 0x90]);
    let end: (usize, &[u8]) = (510, &[0x55, 0xAA]);
    let used_space = [
        0x3B, 0x4D, 0xA8, 0x92, 0x80, 0xDD, 0x0E, 0x4D, 0x9E, 0x4E, 0xB1, 0xE3, 0x28, 0x4E, 0xAE,
        0xD8,
    ];
    for (name, parts) in [
        ("bitlocker", vec![(3, &b"-FVE-FS-"[..])]),
        ("bitlocker", vec![(3, b"-FVE-FS-"), (160, &BITLOCKER)]),
        ("bitlocker", vec![(160, &BITLOCKER)]),
        ("bitlocker", vec![(3, b"-FVE-FS-"), (160, &used_space)]),
        ("bitlocker_to_go", vec![(3, b"MSWIN4.1"), (424, &BITLOCKER)]),
    ] {
        let parts: Vec<_> = parts.into_iter().chain([jump, end]).collect();
        assert_named(&signed(2 * MIB, &parts), name, Gap::Encrypted);
    }
    // The discovery volume of BitLocker To Go is a FAT32 volume, and still encrypted.
    let mut discovery = crate::fat::image(&["-F32"], 40 << 20, &BTreeMap::new());
    put(&mut discovery, 424, &BITLOCKER);
    assert_eq!(named(&discovery), ("bitlocker_to_go", Gap::Encrypted));
}

#[test]
fn a_volume_without_a_header_that_is_all_noise_is_encrypted() {
    let noise = bytes(5, 4 * MIB);
    assert_named(&noise, "encrypted_unknown", Gap::Encrypted);
    // A quick format leaves what was there behind the headers: nothing, at best.
    let mut quick = noise.clone();
    quick[MIB..3 * MIB].fill(0);
    assert_named(&quick, "encrypted_unknown", Gap::Encrypted);
    for other in [
        vec![0; 4 * MIB],
        vec![0xFF; 4 * MIB],
        b"2026-11-26 pump 1 pressure normal\r\n".repeat(100_000),
        noise.iter().map(|byte| byte & 0x3F).collect(),
    ] {
        assert_eq!(kind(&other), "unknown");
    }
}

/// A label of Sun's on a medium of its own.
fn sun() -> Vec<u8> {
    let mut image = signed(2 * MIB, &[(508, &[0xDA, 0xBE]), (187, b"x")]);
    let words = image[..510].chunks(2);
    let sum = words.fold([0, 0], |sum, word| [sum[0] ^ word[0], sum[1] ^ word[1]]);
    put(&mut image, 510, &sum);
    image
}

#[test]
fn maps_of_other_systems_are_named_and_contradict_a_table_beside_them() {
    let magic = 0x8256_4557_u32.to_le_bytes();
    let sgi = [0x0B, 0xE5, 0xA9, 0x41, 0xF4, 0x1A, 0x56, 0xBF];
    let blocks: &[u8] = &[0x08, 0x00];
    for (name, image) in [
        (
            "apple_map",
            signed(2 * MIB, &[(0, b"ER\x02\0"), (512, b"PM")]),
        ),
        (
            "apple_map",
            signed(2 * MIB, &[(0, b"ER"), (2, blocks), (2048, b"PM")]),
        ),
        (
            "bsd_label",
            signed(2 * MIB, &[(512, &magic), (644, &magic)]),
        ),
        ("sun_label", sun()),
        ("sgi_label", signed(2 * MIB, &[(0, &sgi)])),
    ] {
        let whole = layout(&image);
        assert_eq!(places(&whole), [(name, 0, 2 * MIB)]);
        assert_eq!(named(&image), (name, Gap::Unsupported));
        assert_covered(&image, &whole);
        if matches!(name, "apple_map" | "bsd_label") {
            let mut both = image.clone();
            entry(&mut both, 0, 0, 0x83, 2048, 1024);
            let found = layout(&both);
            assert_eq!(rules(&found), ["layout_ambiguous"], "{name}");
            assert_eq!(found.findings[0].tier, Tier::Incomplete);
            assert_eq!(places(&found), [("unknown", MIB, MIB / 2)]);
            assert_covered(&both, &found);
        }
    }
    let mut disc = crate::iso::image(&["-R"], &BTreeMap::new());
    put(&mut disc, 0, b"ER\x02\0");
    put(&mut disc, 512, b"PM");
    let found = layout(&disc);
    // Which is how discs are made that start every computer.
    assert_eq!(rules(&found), ["apple_map_beside_disc"]);
    assert_eq!(found.findings[0].tier, Tier::Notice);
    assert_eq!(found.volumes[0].kind, "iso9660");
}

#[test]
fn a_partitioned_medium_that_is_encrypted_as_a_whole_is_a_contradiction() {
    let mut image = signed(2 * MIB, &[(0, b"LUKS\xBA\xBE\0\x02")]);
    entry(&mut image, 0, 0, 0x83, 2048, 1024);
    assert_eq!(rules(&layout(&image)), ["layout_ambiguous"]);
}
