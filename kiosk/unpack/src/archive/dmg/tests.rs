#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;
use wire::scan::Limits;

use super::{DMG_PIECES_MAX, blocks};
use crate::testing::{What, made, opened, opened_within};

/// Writes a disk image: pieces of a kind, how many sectors each has, and its data.
const MAKER: &str = r#"
import base64, bz2, lzma, struct, zlib
def dmg(pieces, count=None, tables=1, more=b''):
    data, entries, at = b'', [], 0
    for kind, sectors, packed in pieces:
        entries.append(struct.pack('>IIQQQQ', kind, 0, at, sectors, len(data), len(packed)))
        data += packed
        at += sectors
    entries = b''.join(entries) + struct.pack('>IIQQQQ', 0xffffffff, 0, at, 0, len(data), 0)
    number = len(entries) // 40
    mish = b'mish' + struct.pack('>IQQQII', 1, 0, at, 0, 0, 0) + bytes(24) + bytes(136)
    mish += struct.pack('>I', number) + entries
    text = base64.encodebytes(mish).decode()
    item = f'<dict><key>Attributes</key><string>0x0050</string><key>Data</key><data>\n{text}</data></dict>'
    plist = ('<?xml version="1.0"?><!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "x">'
        f'<plist version="1.0"><dict><key>resource-fork</key><dict><key>blkx</key><array>{item * tables}'
        '</array><key>plst</key><array><dict><key>Data</key><data>AAAA</data></dict></array></dict></dict></plist>').encode() + more
    koly = b'koly' + struct.pack('>IIIQQQQQII', 4, 512, 1, 0, 0, len(data), 0, 0, 1, 1) + bytes(16)
    koly = koly.ljust(216, b'\0') + struct.pack('>QQ', len(data), len(plist))
    koly = koly.ljust(488, b'\0') + struct.pack('>IQ', 1, at if count is None else count) + bytes(12)
    return data + plist + koly
A, B, C = b'a' * 1024, bytes(range(256)) * 4, b'canary'.ljust(512, b'.')
def adc(data):
    return b''.join(bytes([0x80 | len(data[at:at + 128]) - 1]) + data[at:at + 128] for at in range(0, len(data), 128))
"#;

fn sample(pieces: &str) -> Vec<u8> {
    made(&format!("{MAKER}\nopen('out', 'wb').write(dmg({pieces}))"))
}

fn disk() -> Vec<u8> {
    let mut disk = vec![b'a'; 1024];
    disk.extend((0..=255).collect::<Vec<u8>>().repeat(4));
    let mut last = b"canary".to_vec();
    last.resize(512, b'.');
    disk.extend(last);
    disk
}

#[test]
fn a_disk_of_every_method_is_as_it_was() {
    let sure = |pieces: &str| {
        let done = opened(&sample(pieces));
        assert_eq!(done.contents("disk image"), [disk()], "{pieces}");
        assert!(!done.is_suspect(), "{pieces}: {done:?}");
    };
    sure("[(1, 2, A), (1, 2, B), (1, 1, C)]");
    sure("[(0x80000005, 2, zlib.compress(A)), (0x80000006, 3, bz2.compress(B + C))]");
    sure("[(0x80000008, 4, lzma.compress(A + B)), (0x80000004, 1, adc(C))]");
    sure("[(0x7ffffffe, 0, b''), (0x80000005, 5, zlib.compress(A + B + C))]");
    let zeros = opened(&sample("[(0, 2, b''), (2, 1, b''), (1, 1, C)]"));
    let wanted = [vec![0; 1536], disk()[2048..].to_vec()].concat();
    assert_eq!(zeros.contents("disk image"), [wanted]);
    // Copies of both forms: three bytes one back, four bytes two back.
    let copies = opened(&sample(
        "[(0x80000004, 1, b'\\x80a\\x00\\x00\\x80b\\x40\\x00\\x01' + adc(C[:503]))]",
    ));
    assert!(
        copies.members[0].content.starts_with(b"aaaababab"),
        "{copies:?}"
    );
}

#[test]
fn a_disk_of_pieces_of_zlib_is_no_larger_than_may_be_held() {
    let whole =
        sample("[(0x80000005, 128, zlib.compress(bytes([n + 1]) * 65536)) for n in range(10)]");
    let memory_bytes_max = 256 << 10;
    let limits = Limits {
        memory_bytes_max,
        ..Limits::default()
    };
    let done = opened_within(&whole, &limits);
    let disk = done.members.iter().find(|one| one.name == "disk image");
    let disk = disk.unwrap();
    assert_eq!(disk.what, What::Partial(Gap::Limit));
    assert_eq!(disk.content.len(), 256 << 10);
    assert_eq!(opened(&whole).contents("disk image")[0].len(), 640 << 10);
}

#[test]
fn a_disk_image_that_is_cut_off_or_changed_is_never_whole() {
    let whole = sample("[(0x80000005, 2, zlib.compress(A)), (1, 2, B), (1, 1, C)]");
    assert_eq!(opened(&whole[..whole.len() - 300]).gap, Some(Gap::Damaged));
    // Without its end it is none; with the end and not the middle it is damaged.
    let shorter = [&whole[..500], &whole[1200..]].concat();
    assert!(opened(&shorter).is_suspect());
    let mut changed = whole.clone();
    changed[4] ^= 0xff;
    let done = opened(&changed);
    assert_eq!(done.members[0].what, What::Partial(Gap::Damaged));
    let mut table = whole.clone();
    let at = table.windows(6).position(|six| six == b"<data>").unwrap();
    table[at + 8] ^= 0x11;
    assert!(opened(&table).is_suspect());
    let other = opened(&sample("[(1, 2, A)], count=9"));
    assert_eq!(other.members[0].what, What::Partial(Gap::Damaged));
    let short = opened(&sample("[(0x80000005, 3, zlib.compress(A))]"));
    assert_eq!(short.members[0].what, What::Partial(Gap::Damaged));
}

#[test]
fn a_disk_image_behind_other_data_is_opened() {
    let image = sample("[(0x80000005, 5, zlib.compress(A + B + C))]");
    let done = opened(&[b"something else ".repeat(90).as_slice(), &image].concat());
    assert_eq!(done.contents("disk image"), [disk()]);
    assert!(done.has_rule("container_extra_data"));
}

#[test]
fn what_is_not_known_of_a_disk_image_is_named() {
    let lzfse = opened(&sample("[(0x80000007, 2, b'bvx2')]"));
    assert_eq!(lzfse.members[0].what, What::Partial(Gap::Unsupported));
    let mut old = sample("[(1, 2, A)]");
    let end = old.len() - 512;
    old[end + 224..end + 232].fill(0);
    assert_eq!(opened(&old).gap, Some(Gap::Unsupported));
    let mut encrypted = b"encrcdsa".to_vec();
    encrypted.resize(4096, 7);
    assert_eq!(opened(&encrypted).gap, Some(Gap::Encrypted));
}

#[test]
fn pieces_that_lie_over_each_other_and_declarations_are_told() {
    let twice = opened(&sample("[(1, 2, A)], tables=2"));
    assert!(twice.is_withheld && twice.has_rule("dmg_overlapping_pieces"));
    let declared = opened(&sample(
        "[(1, 2, A)], more=b'<!DOCTYPE a [<!ENTITY b \"c\">]>'",
    ));
    assert!(declared.is_withheld && declared.has_rule("dmg_list"));
}

#[test]
fn more_pieces_than_are_looked_at_are_a_limit() {
    let count = DMG_PIECES_MAX + 1;
    let done = opened(&sample(&format!("[(0, 0, b'')] * {count}")));
    assert_eq!(done.gap, Some(Gap::Limit));
    let mut none = Vec::new();
    assert!(blocks::pieces(b"mishmash", 0, &mut none).is_none());
}
