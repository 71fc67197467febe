#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;

use super::ISC_ENTRIES_MAX;
use crate::testing::{What, made, opened, reaches, to_hide};

/// Writes a cabinet of version 6 that Unshield reads: files by name, flags and content.
const MAKER: &str = r#"
import hashlib, struct, zlib
def packed(data):
    out = b''
    for at in range(0, len(data), 5000):
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        piece = deflate.compress(data[at:at + 5000]) + deflate.flush()
        out += struct.pack('<H', len(piece)) + piece
    return out
def hidden(data):
    turn = lambda byte: (byte << 2 | byte >> 6) & 255
    return bytes(turn((byte + at % 0x47) & 255) ^ 0xd5 for at, byte in enumerate(data))
def isc(files, count=None, has_list=True, version=0x01006000):
    heap, records, names = b'', b'', b''
    begin = 20 + 64
    table = 0x276 + 4
    for name, flags, data in files:
        stored = packed(data) if flags & 4 else data
        stored = hidden(stored) if flags & 2 else stored
        records += struct.pack('<HQQQ', flags, len(data), len(stored), begin + len(heap))
        records += hashlib.md5(data).digest() + bytes(16)
        records += struct.pack('<IH', 4 + 6 + len(names), 0) + bytes(12) + struct.pack('<IIBH', 0, 0, 0, 1)
        names += name.encode() + b'\0'
        heap += stored
    head = struct.pack('<I', 4) + b'files\0' + names
    at = begin + len(heap) if has_list else 0
    descriptor = bytes(12) + struct.pack('<IIIII', 0x276, 0, len(head), len(head), 1) + bytes(8)
    descriptor += struct.pack('<II', len(files) if count is None else count, len(head))
    descriptor = descriptor.ljust(0x276, b'\0') + head + records
    cab = b'ISc(' + struct.pack('<IIII', version, 0, at, len(descriptor) if has_list else 0)
    cab += struct.pack('<IIII', begin, 0, 0, len(files) - 1)
    return cab.ljust(begin, b'\0') + heap + (descriptor if has_list else b'')
A, B = b'alpha ' * 3000, b'beta'
FILES = [('a.txt', 4, A), ('b.txt', 0, B), ('c.txt', 6, A[::-1])]
"#;

fn sample(arguments: &str) -> Vec<u8> {
    made(&format!(
        "{MAKER}\nopen('out', 'wb').write(isc({arguments}))"
    ))
}

fn alpha() -> Vec<u8> {
    b"alpha ".repeat(3000)
}

#[test]
fn every_file_of_a_cabinet_with_its_list_is_as_it_was() {
    let done = opened(&sample("FILES"));
    assert_eq!(done.contents("files\\a.txt"), [alpha()]);
    assert_eq!(done.contents("files\\b.txt"), [b"beta"]);
    let back: Vec<u8> = alpha().into_iter().rev().collect();
    assert_eq!(done.contents("files\\c.txt"), [back]);
    assert!(!done.is_suspect(), "{:?} {:?}", done.rules, done.gap);
}

#[test]
fn a_cabinet_whose_list_lies_beside_it_is_matched_and_named() {
    let done = opened(&sample(
        "[('a.txt', 4, A), ('b.txt', 4, B)], has_list=False",
    ));
    assert_eq!(done.gap, Some(Gap::Unsupported));
    assert_eq!(done.members[0].what, What::Partial(Gap::Unsupported));
    assert_eq!(
        done.members[0].content,
        [alpha(), b"beta".to_vec()].concat()
    );
}

#[test]
fn a_list_beside_its_cabinet_is_named() {
    let whole = sample("FILES");
    // The descriptor where the data was.
    let mut list = whole[..84].to_vec();
    list[12..16].copy_from_slice(&84_u32.to_le_bytes());
    let at = u32::from_le_bytes(whole[12..16].try_into().unwrap());
    list.extend(&whole[usize::try_from(at).unwrap()..]);
    let done = opened(&list);
    assert!(
        done.members.iter().all(|one| one.what != What::Content),
        "{done:?}"
    );
    assert!(done.is_suspect());
}

#[test]
fn a_cabinet_that_is_cut_off_changed_or_unknown_is_never_whole() {
    let whole = sample("FILES");
    for end in [6, 18, 90, whole.len() / 2, whole.len() - 1] {
        assert!(opened(&whole[..end]).is_suspect(), "{end}");
    }
    let mut changed = whole.clone();
    changed[100] ^= 0x40;
    let done = opened(&changed);
    assert_eq!(done.members[0].what, What::Partial(Gap::Damaged));
    let other = opened(&sample("FILES, version=0x01004000"));
    assert_eq!(other.gap, Some(Gap::Unsupported));
    let many = opened(&sample(&format!("FILES, count={ISC_ENTRIES_MAX}")));
    assert_eq!(many.gap, Some(Gap::Limit));
}

#[test]
fn archives_that_no_file_of_a_cabinet_holds_are_found() {
    for hidden in to_hide() {
        for head in ["FILES, count=0", "FILES"] {
            let mut whole = [sample(head), hidden.clone()].concat();
            assert!(reaches(&whole, b"behind"), "{head}");
            assert!(opened(&whole).has_rule("container_extra_data"), "{head}");
            // A descriptor that says it is as long as all that follows.
            whole[16..20].fill(0xff);
            assert!(reaches(&whole, b"behind"), "{head}");
        }
    }
}

#[test]
fn files_that_readers_pass_over_are_named_and_their_data_is_searched() {
    let whole = sample("[('a.txt', 8, __import__('gzip').compress(b'behind')), ('b.txt', 0, B)]");
    let done = opened(&whole);
    assert_eq!(done.members[0].name, "files\\\\a.txt".replace("\\\\", "\\"));
    assert_eq!(done.members[0].what, What::Unchecked(Gap::Unsupported));
    assert!(reaches(&whole, b"behind"));
}

#[test]
fn bytes_behind_the_end_of_a_piece_are_damage() {
    let longer = "
def packed(data):
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = deflate.compress(data) + deflate.flush() + b'behind it'
    return struct.pack('<H', len(piece)) + piece
open('out', 'wb').write(isc(FILES))";
    let done = opened(&made(&format!("{MAKER}{longer}")));
    assert_eq!(done.members[0].what, What::Partial(Gap::Damaged));
    assert_eq!(done.members[1].what, What::Content);
}
