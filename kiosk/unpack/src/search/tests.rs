//! Archives behind other data, made by the usual tools.

use super::*;
use crate::testing::{gzipped, kinds, made, made_by_shell, opened, opened_file};

fn is_searched(content: &[u8]) -> bool {
    let formats = crate::recognise_file(content);
    formats.iter().any(|format| format.name == NAME)
}

#[test]
fn an_archive_behind_other_data_is_handed_out() {
    let gz = gzipped(b"alpha");
    let content = [b"a stub, \x1f\x8b\x08 and more ".as_slice(), &gz, b" tail"].concat();
    assert!(kinds(&content).is_empty() && is_searched(&content));
    let found = opened(&content);
    assert_eq!(found.contents("content"), [b"alpha"]);
    assert_eq!(found.rules, ["container_extra_data", "container_within"]);
    assert!(!found.is_withheld && found.gap.is_none());
}

#[test]
fn members_of_a_zip_without_its_directory_are_found_behind_other_data() {
    let zip = made(
        "
import zipfile
z = zipfile.ZipFile('out', 'w', zipfile.ZIP_DEFLATED)
z.writestr('a', b'alpha'); z.writestr('b', b'beta'); z.close()
",
    );
    let directory = zip
        .windows(4)
        .position(|four| four == b"PK\x01\x02")
        .unwrap();
    let found = opened(&[b"MZ stub".as_slice(), &zip[..directory]].concat());
    assert_eq!(found.contents("a"), [b"alpha"]);
    assert_eq!(found.contents("b"), [b"beta"]);
    assert!(found.gap.is_some());
    // With its directory it is found by that, and once.
    let whole = [b"MZ stub".as_slice(), &zip].concat();
    let formats = crate::recognise_file(&whole);
    assert!(formats.iter().all(|format| format.name != PIECES_NAME));
    assert_eq!(
        zips(b"the mark is PK\x03\x04, and no member follows it here").count(),
        0
    );
}

#[test]
fn lzma_without_a_signature_is_found_behind_a_program() {
    let alone = made_by_shell("seq 1 4000 | xz --format=lzma > out");
    let plain = opened(&alone).contents("content").concat();
    let found = opened(&[b"MZ a stub".as_slice(), &alone].concat());
    assert_eq!(found.contents("content"), [plain]);
    let chance = [b"MZ a stub".as_slice(), &[0x5d, 0, 0], &[0; 40]].concat();
    assert_eq!(places(&chance).count(), 0);
}

#[test]
fn a_disk_behind_other_data_is_handed_out() {
    let mut disk = [b"QFI\xfb\0\0\0\x03".as_slice(), &[0; 600]].concat();
    disk[23] = 16;
    let found = opened(&[b"a stub".as_slice(), &disk].concat());
    assert_eq!(found.contents("(from byte 6)"), [disk]);
    let mention = b"marks are KDMV, QFI\xfb\0\0\0\x03, vhdxfile and conectix\0\0\0\x02: no disk";
    assert!(opened_file(mention).is_none());
}

#[test]
fn marks_without_an_archive_are_nothing() {
    let mut gz = gzipped(b"alpha");
    // Cut off within its stream.
    gz.truncate(gz.len() - 9);
    let content = [b"stub ".as_slice(), &gz, b"7z\xbc\xaf\x27\x1c\0\x04"].concat();
    let found = opened(&content);
    assert!(
        found.members.is_empty() && found.rules.is_empty(),
        "{found:?}"
    );
    assert!(!is_searched(b"no mark at all"));
}

#[test]
fn a_list_of_file_types_holds_no_cabinet() {
    // As in a system's list of magic numbers, and a cabinet that was cut off.
    let list = b"types: MSCF\0\0\0\0<?wpl\0\0\0Rar!7z**ACE*\x1a\x08\0\0\xff\xff".repeat(3);
    assert!(!is_searched(&list));
    let mut cut = b"a stub MSCF\0\0\0\0".to_vec();
    for number in [90_000_u32, 0, 44, 0, 0x0001_0103, 1, 0, 0] {
        cut.extend(number.to_le_bytes());
    }
    assert!(is_searched(&cut));
}

#[test]
fn more_marks_than_are_tried_are_told() {
    let gz = gzipped(b"alpha");
    let many = |count: usize| [b"stub".to_vec(), b"\x1f\x8b\x08\0".repeat(count)].concat();
    let content = [many(PLACES_MAX - 1), gz.clone()].concat();
    assert_eq!(opened(&content).members.len(), 1);
    let content = [many(PLACES_MAX), gz].concat();
    assert!(opened(&content).is_withheld);
}

#[test]
fn a_trial_ends_with_its_first_bytes() {
    let gz = gzipped(&vec![b'x'; usize::try_from(TRIAL_BYTES_MAX).unwrap() * 3]);
    assert!(gives_member(&gz));
    assert!(TRIAL_MEMBERS_MAX < Limits::default().members_max);
}

#[test]
fn a_stream_with_a_wrong_checksum_is_opened_too() {
    let behind = |length: usize| {
        let mut gz = gzipped(&vec![b'a'; length]);
        let last = gz.len() - 6;
        gz[last] ^= 1;
        opened(&[b"stub ".as_slice(), &gz].concat())
    };
    let found = behind(UNSUMMED_BYTES_MIN);
    assert_eq!(found.contents("content"), [[b'a'; UNSUMMED_BYTES_MIN]]);
    assert!(found.is_suspect());
    assert!(behind(UNSUMMED_BYTES_MIN - 1).members.is_empty());
}

#[test]
fn three_bytes_and_some_deflate_are_no_archive_unless_the_rest_is_right() {
    let gz = gzipped(&[b'a'; UNSUMMED_BYTES_MIN]);
    let found = |at: usize, is_right: bool| {
        let mut gz = gz.clone();
        gz[at] = 0x6e;
        let last = gz.len() - 6;
        gz[last] ^= u8::from(!is_right);
        opened(&[b"stub ".as_slice(), &gz].concat()).members.len()
    };
    // How well it is packed, and the system.
    for at in [8, 9] {
        assert_eq!((found(at, true), found(at, false)), (1, 0), "{at}");
    }
    assert_eq!(found(4, false), 1);
}

#[test]
fn an_archive_is_looked_for_as_far_as_readers_look() {
    let gz = gzipped(b"alpha");
    for (before, found) in [(SEARCH_BYTES_MAX - 1, true), (SEARCH_BYTES_MAX, false)] {
        let content = [vec![b'.'; before], gz.clone()].concat();
        assert_eq!(is_searched(&content), found);
    }
}
