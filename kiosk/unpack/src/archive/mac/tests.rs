#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;
use wire::scan::Limits;

use super::*;
use crate::testing::{What, kinds, made, opened, opened_within};

fn macbinary(is_first_version: bool) -> Vec<u8> {
    let mut header = vec![0; BLOCK_BYTES];
    let name = b"alpha.txt";
    header[1] = 9;
    header[2..11].copy_from_slice(name);
    header[65..73].copy_from_slice(b"TEXTttxt");
    header[86] = 14;
    header[90] = 15;
    if !is_first_version {
        header[122..124].copy_from_slice(&[129, 129]);
        let crc = crc16(&header[..124]).to_be_bytes();
        header[124..126].copy_from_slice(&crc);
    }
    for fork in [b"<first marker>".as_slice(), b"<second marker>"] {
        header.extend_from_slice(fork);
        header.resize(padded(header.len()), 0);
    }
    header
}

#[test]
fn macbinary_of_both_ages_gives_both_forks() {
    for is_first_version in [true, false] {
        let content = macbinary(is_first_version);
        assert_eq!(kinds(&content), ["macbinary"]);
        let file = opened(&content);
        assert_eq!(file.contents("alpha.txt"), [b"<first marker>"]);
        assert_eq!(
            file.contents("alpha.txt (resource fork)"),
            [b"<second marker>"]
        );
        assert!(!file.is_suspect() && file.rules.is_empty());
    }
}

#[test]
fn a_file_of_another_encoder_comes_out() {
    let content =
        crate::testing::made_by_shell("printf '<first marker>' > alpha; macstream -d alpha > out");
    assert_eq!(kinds(&content), ["macbinary"]);
    let file = opened(&content);
    assert_eq!(file.contents("alpha"), [b"<first marker>"]);
    assert!(!file.is_suspect() && file.rules.is_empty());
}

#[test]
fn macbinary_whose_header_is_changed_is_none_or_told() {
    let content = macbinary(false);
    for at in 0..126 {
        let mut changed = content.clone();
        changed[at] ^= 1;
        assert_eq!(kinds(&changed), [""; 0], "byte {at}");
    }
    for end in BLOCK_BYTES..content.len() - BLOCK_BYTES + 15 {
        let file = opened(&content[..end]);
        let is_told = file
            .members
            .iter()
            .any(|one| one.what == What::Partial(Gap::Damaged));
        assert!(is_told, "cut at {end}");
    }
    let behind = opened(&[content, b"Rar!\x1a\x07\x01\0".to_vec()].concat());
    assert!(behind.has_rule("container_extra_data") && behind.members.len() == 3);
}

/// AppleDouble as macOS writes it beside a file.
fn appledouble() -> Vec<u8> {
    made(
        "
import struct
info, resource = bytes(32) + b'<first marker>', b'<second marker>'
out = struct.pack('>II16sH', 0x00051607, 0x00020000, b'Mac OS X        ', 2)
out += struct.pack('>III', 9, 50, len(info)) + struct.pack('>III', 2, 50 + len(info), len(resource))
open('out', 'wb').write(out + info + resource)
",
    )
}

#[test]
fn every_entry_of_appledouble_comes_out() {
    let content = appledouble();
    assert_eq!(kinds(&content), ["applesingle"]);
    let file = opened(&content);
    assert!(file.contents("(finder info)")[0].ends_with(b"<first marker>"));
    assert_eq!(file.contents("(resource fork)"), [b"<second marker>"]);
    assert!(!file.is_suspect() && file.rules.is_empty());
    for end in 8..content.len() {
        let cut = opened(&content[..end]);
        let is_told = cut.gap == Some(Gap::Damaged)
            || cut
                .members
                .iter()
                .any(|one| one.what == What::Partial(Gap::Damaged));
        assert!(is_told, "cut at {end}");
    }
}

#[test]
fn applesingle_names_its_data_and_bytes_of_no_entry_are_told() {
    let content = made(
        "
import struct
out = struct.pack('>II16sH', 0x00051600, 0x00020000, bytes(16), 3)
out += struct.pack('>III', 3, 100, 5) + struct.pack('>III', 1, 110, 14) + struct.pack('>III', 77, 124, 2)
out += b'Rar!\\x1a\\x07\\x01\\0'
out = out.ljust(100, b'\\0') + b'alpha'
out = out.ljust(110, b'\\0') + b'<first marker>' + b'xx'
open('out', 'wb').write(out)
",
    );
    let file = opened(&content);
    assert_eq!(file.contents("alpha"), [b"<first marker>"]);
    assert_eq!(file.contents("(entry 77)"), [b"xx"]);
    assert!(file.has_rule("container_extra_data"));
    let between = file.contents("(data outside every member)");
    assert!(between[0].starts_with(b"Rar!"));
}

#[test]
fn entries_that_share_their_bytes_end_at_the_budget() {
    let mut content = b"\0\x05\x16\x07\0\x02\0\0".to_vec();
    content.resize(24, 0);
    content.extend_from_slice(&60_000_u16.to_be_bytes());
    let at = 26 + 60_000 * ENTRY_BYTES;
    for _ in 0..60_000 {
        content.extend_from_slice(&7_u32.to_be_bytes());
        content.extend_from_slice(&u32::try_from(at).unwrap().to_be_bytes());
        content.extend_from_slice(&1_000_000_u32.to_be_bytes());
    }
    content.resize(at + 1_000_000, 7);
    let limits = Limits {
        unpacked_bytes_max: 1 << 24,
        ..Limits::default()
    };
    let file = opened_within(&content, &limits);
    assert_eq!((file.gap, file.spent), (Some(Gap::Limit), true));
}

#[test]
fn the_checksum_is_the_usual_one() {
    assert_eq!(crc16(b"123456789"), 0x31c3);
}
