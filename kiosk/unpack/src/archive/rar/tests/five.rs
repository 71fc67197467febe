//! RAR 5.0 and 7.0.

use wire::Gap;
use wire::scan::Limits;

use super::samples::*;
use super::write::*;
use super::{assert_never_whole_when_changed, assert_never_whole_when_cut, assert_whole};
use crate::testing::{What, made_by_shell, opened, opened_within};
use crate::{Body, Budget, open, recognise};

#[test]
fn every_way_of_packing_comes_out() {
    assert_whole(&opened(&bytes(PACKED5)), &["a", "d/b", "c"]);
    let rar = opened(&bytes(SOLID5));
    assert_eq!(rar.contents("(comment)"), [b"a comment"]);
    for name in ["a", "d/b", "c"] {
        assert_eq!(rar.contents(name), [content(name)]);
    }
    assert!(!rar.is_suspect());
    let rar = opened(&bytes(CALLS5));
    assert_eq!(rar.contents("x"), [calls()]);
    let rar = opened(&bytes(WAVE5));
    assert_eq!(rar.contents("w"), [wave()]);
    let rar = opened(&bytes(WIDE7));
    assert_eq!(rar.contents("w/d/b"), [content("d/b")]);
    assert!(!rar.is_suspect());
}

#[test]
fn stored_members_names_and_folders_come_out() {
    let rar = opened(&bytes(STORED5));
    for name in ["a", "点検.txt", "d/b", "c", "empty"] {
        assert_eq!(rar.contents(name), [content(name)]);
    }
    assert_eq!(rar.members[5].what, What::Folder);
    assert_eq!((rar.members.len(), rar.is_suspect()), (6, false));
    assert_whole(&opened(&archive5(&[])), &[]);
}

#[test]
fn another_reader_sees_what_the_writer_of_these_tests_writes() {
    let rar = archive5(&[stored5(b"a", b"alpha")]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.rar");
    std::fs::write(&path, rar).unwrap();
    let seen = made_by_shell(&format!("bsdtar -xOf {} a > out", path.display()));
    assert_eq!(seen, b"alpha");
}

#[test]
fn links_lead_where_they_lead() {
    let rar = opened(&bytes(LINKS5));
    for (member, name) in rar.members[1..].iter().zip(["hard", "link", "same"]) {
        let expected = (name, What::Link, b"d/b".as_slice());
        let found = (member.name.as_str(), member.what, member.content.as_slice());
        assert_eq!(found, expected);
    }
    assert_eq!(rar.contents("d/b"), [content("d/b")]);
    assert!(!rar.is_suspect());
    let to = |kind: u8, target: &[u8]| {
        let length = u8::try_from(target.len()).unwrap();
        let extra = record(5, &[&[kind, 0, length], target].concat());
        let link = header5(2, 0, &file5(0, 0, 0, None, b"d/l"), &extra, &[], 0);
        opened(&archive5(&[link, stored5(b"d/l/x", b"")]))
    };
    for kind in 1..=3 {
        let rar = to(kind, b"../../etc");
        assert_eq!(rar.members[0].rules, ["archive_path_escapes"]);
        assert_eq!(rar.members[1].rules, ["archive_path_through_link"]);
        assert!(to(kind, b"../e").members[0].rules.is_empty());
    }
    assert_eq!(to(4, b"../e").members[0].rules, ["archive_path_escapes"]);
    let long = vec![b'x'; 100];
    assert!(!to(5, &long).has_rule("name_too_long"));
}

#[test]
fn what_is_encrypted_is_named() {
    let rar = opened(&bytes(ENCRYPTED5));
    let found: Vec<_> = rar
        .members
        .iter()
        .map(|one| (one.name.as_str(), one.what))
        .collect();
    let encrypted = What::Unchecked(Gap::Encrypted);
    assert_eq!(found, [("a", encrypted), ("c", encrypted)]);
    let rar = opened(&bytes(HIDDEN5));
    assert_eq!((rar.gap, rar.members.len()), (Some(Gap::Encrypted), 0));
}

#[test]
fn a_part_of_a_split_archive_is_named() {
    let rar = opened(&bytes(SPLIT5));
    assert_eq!(rar.members[0].what, What::Unchecked(Gap::Unsupported));
    assert_eq!(
        (rar.members[0].name.as_str(), rar.members.len()),
        ("rnd", 1)
    );
}

#[test]
fn a_solid_member_without_the_one_before_it_is_never_whole() {
    // Its data is a whole stream, yet the header says that it goes on with what is missing.
    let later = header5(1, 0, &[3, 1], &[], &[], 0);
    let data = packed_of(&bytes(PACKED5));
    let size = u64::try_from(data.len()).unwrap();
    let crc = crc32fast::hash(&content("d/b"));
    let member = |packing| {
        header5(
            2,
            0,
            &file5(0, packing, 640, Some(crc), b"d/b"),
            &[],
            &data,
            size,
        )
    };
    let solid = opened(&archive5(&[later.clone(), member(0x40 | 0x180)]));
    assert_eq!(solid.members[0].what, What::Unchecked(Gap::Unsupported));
    assert_whole(&opened(&archive5(&[later, member(0x180)])), &["d/b"]);
    // Versions and methods that there are not yet.
    for packing in [0x180 | 2, 0x300, 0x380] {
        let rar = opened(&archive5(&[member(packing), member(0x40 | 0x180)]));
        assert_eq!(rar.members[0].what, What::Unchecked(Gap::Unsupported));
        assert_eq!(rar.members[1].what, What::Unchecked(Gap::Unsupported));
    }
}

/// The packed content of `d/b` in [`PACKED5`].
fn packed_of(rar: &[u8]) -> Vec<u8> {
    let name = rar.windows(3).position(|window| window == b"d/b").unwrap();
    let next = rar[name..]
        .windows(5)
        .position(|window| window == b"\x01\x01c<s")
        .is_some();
    assert!(!next, "c is packed as well");
    let end = rar
        .windows(1)
        .enumerate()
        .skip(name)
        .find(|(at, _)| is_header(rar, *at))
        .unwrap()
        .0;
    rar[name + 3..end].to_vec()
}

/// Whether a header with a right checksum begins here.
fn is_header(rar: &[u8], at: usize) -> bool {
    let size = usize::from(rar[at + 4]);
    rar.get(at + 4..at + 5 + size).is_some_and(|checked| {
        size != 0 && crc32fast::hash(checked).to_le_bytes() == rar[at..at + 4]
    })
}

#[test]
fn digests_are_checked_and_lists_compared() {
    let rar = bytes(BLAKE5);
    assert_whole(&opened(&rar), &["a", "c"]);
    // A stored member whose digest is another one's.
    let digest = |content: &[u8]| {
        let digest = super::super::blake2sp::digest(content);
        let extra = record(2, &[&[0], digest.as_slice()].concat());
        let fields = file5(0, 0, 5, None, b"a");
        opened(&archive5(&[header5(2, 0, &fields, &extra, b"alpha", 5)]))
    };
    assert_eq!(digest(b"alpha").members[0].what, What::Content);
    assert_eq!(digest(b"beta").members[0].what, What::Partial(Gap::Damaged));
    // Each byte of the quick open data that is a copy of a header.
    let quick = rar.windows(2).position(|window| window == b"QO").unwrap() + 2;
    let end = (quick..rar.len()).find(|at| is_header(&rar, *at)).unwrap();
    let mut told = 0;
    for at in quick..end {
        let mut content = rar.clone();
        content[at] ^= 1;
        told += usize::from(opened(&content).has_rule("rar_quick_open_mismatch"));
    }
    // Only the copies' own checksums, and flags that mean nothing yet, are free.
    assert!(end - quick - told <= 10, "{told} of {}", end - quick);
}

#[test]
fn services_that_hold_contents_are_members() {
    let service = |name: &[u8], extra: &[u8]| {
        let fields = file5(0, 0, 5, Some(crc32fast::hash(b"alpha")), name);
        header5(3, 0, &fields, extra, b"alpha", 5)
    };
    let rar = opened(&archive5(&[
        stored5(b"a", b""),
        service(b"STM", &record(7, b":stream")),
        service(b"ACL", &[]),
        service(b"RR", &[]),
    ]));
    assert_eq!(rar.contents("a (stream :stream)"), [b"alpha"]);
    assert_eq!(rar.contents("(service ACL)"), [b"alpha"]);
    assert_eq!((rar.members.len(), rar.gap), (3, None));
}

#[test]
fn content_where_none_should_be_is_told_and_matched() {
    let folder = header5(2, 0, &file5(1, 0, 5, None, b"d"), &[], b"alpha", 5);
    let rar = opened(&archive5(&[folder]));
    assert!(rar.has_rule("rar_header_mismatch"));
    assert_eq!(rar.contents("d"), [b"".as_slice(), b"alpha"]);
    let zip = crate::testing::made(
        "import zipfile; z = zipfile.ZipFile('out', 'w'); z.writestr('z', 'zip'); z.close()",
    );
    let size = u64::try_from(zip.len()).unwrap();
    let unknown = header5(9, 0, &[], &[], &zip, size);
    let rar = opened(&archive5(&[unknown]));
    assert_eq!(rar.gap, Some(Gap::Unsupported));
    assert_eq!(rar.members[0].content, zip);
    let behind = opened(&[archive5(&[]), zip.clone()].concat());
    assert_eq!(behind.members[0].content, zip);
    assert!(
        opened(&[archive5(&[]), vec![0; 99]].concat())
            .rules
            .is_empty()
    );
    let between = opened(&archive5(&[stored5(b"a", b"x"), zip, stored5(b"b", b"y")]));
    assert_eq!(
        (between.gap, between.members.len()),
        (Some(Gap::Damaged), 2)
    );
    // Fields that no reader knows.
    let more = header5(5, 0, &[0, 7, 7], &[], &[], 0);
    assert!(opened(&archive5(&[more])).has_rule("rar_header_mismatch"));
    let half = header5(2, 0, &file5(0, 0, 0, None, b"a"), &[9], &[], 0);
    assert!(opened(&archive5(&[half])).has_rule("rar_header_mismatch"));
}

#[test]
fn an_archive_cut_or_changed_anywhere_is_never_whole() {
    for sample in [STORED5, PACKED5, SOLID5, LINKS5, BLAKE5] {
        assert_never_whole_when_cut(&bytes(sample));
    }
    for sample in [PACKED5, SOLID5, LINKS5] {
        assert_never_whole_when_changed(&bytes(sample));
    }
}

#[test]
fn sizes_that_lie_are_damaged() {
    let sizes = [
        (4, What::Partial(Gap::Damaged)),
        (6, What::Partial(Gap::Damaged)),
    ];
    let crc = Some(crc32fast::hash(b"alpha"));
    for (size, what) in sizes {
        let fields = file5(0, 0, size, crc, b"a");
        let rar = opened(&archive5(&[header5(2, 0, &fields, &[], b"alpha", 5)]));
        assert_eq!(rar.members[0].what, what);
    }
    let data = packed_of(&bytes(PACKED5));
    let packed_bytes = u64::try_from(data.len()).unwrap();
    let crc = Some(crc32fast::hash(&content("d/b")));
    for size in [0, 1, 639, 641, u64::MAX] {
        let fields = file5(0, 0x180, size, crc, b"a");
        let rar = opened(&archive5(&[header5(
            2,
            0,
            &fields,
            &[],
            &data,
            packed_bytes,
        )]));
        assert!(rar.is_suspect(), "{size}");
    }
    // No reader comes to what lies behind the last block.
    let longer = [data.as_slice(), b"more"].concat();
    let fields = file5(0, 0x180, 640, crc, b"a");
    let rar = opened(&archive5(&[header5(
        2,
        0,
        &fields,
        &[],
        &longer,
        packed_bytes + 4,
    )]));
    assert_eq!(rar.members[0].what, What::Partial(Gap::Damaged));
    // Nothing tells whether the right thing came out.
    let fields = file5(0, 0x180, 640, None, b"a");
    let rar = opened(&archive5(&[header5(
        2,
        0,
        &fields,
        &[],
        &data,
        packed_bytes,
    )]));
    assert_eq!(rar.members[0].what, What::Partial(Gap::Damaged));
    assert_eq!(rar.contents("a"), [content("d/b")]);
    // It was not known.
    let fields = file5(8, 0x180, 0, crc, b"d/b");
    let rar = opened(&archive5(&[header5(
        2,
        0,
        &fields,
        &[],
        &data,
        packed_bytes,
    )]));
    assert_eq!(rar.members[0].what, What::Unchecked(Gap::Unsupported));
    let fields = file5(8, 0, 0, None, b"a");
    let rar = opened(&archive5(&[header5(2, 0, &fields, &[], b"alpha", 5)]));
    assert_eq!(rar.contents("a"), [b"alpha"]);
    let cut = stored5(b"a", b"alpha");
    for size in [6, u64::from(u32::MAX), u64::MAX] {
        let fields = file5(0, 0, size, None, b"a");
        let cut = [cut.clone(), header5(2, 0, &fields, &[], b"beta", size)];
        let rar = opened(&[&archive5(&[])[..15], &cut.concat()].concat());
        assert!(rar.is_suspect());
    }
}

#[test]
fn headers_that_are_too_long_or_too_short_are_damaged() {
    let max = super::super::five::header::HEADER_BYTES_MAX;
    let padded = |bytes: u64| {
        let extra = vec![0; usize::try_from(bytes).unwrap()];
        opened(&archive5(&[header5(9, 0, &[], &extra, &[], 0)])).gap
    };
    // Five bytes are the kind, the flags and the size of the extra area.
    assert_eq!(padded(max - 6), Some(Gap::Unsupported));
    assert_eq!(padded(max - 5), Some(Gap::Damaged));
    let name_too_long = {
        let mut fields = file5(0, 0, 0, None, b"");
        fields.pop();
        fields.extend(vint(u64::MAX));
        header5(2, 0, &fields, &[], &[], 0)
    };
    assert_eq!(opened(&archive5(&[name_too_long])).gap, Some(Gap::Damaged));
    let empty = [&[0; 4][..], &vint(0)].concat();
    assert_eq!(opened(&archive5(&[empty])).gap, Some(Gap::Damaged));
    let endless = [&[0; 4][..], &[0xff; 40]].concat();
    assert_eq!(opened(&archive5(&[endless])).gap, Some(Gap::Damaged));
}

#[test]
fn output_and_windows_are_bounded() {
    let within = |memory_bytes_max, unpacked_bytes_max| {
        let limits = Limits {
            memory_bytes_max,
            unpacked_bytes_max,
            ..Limits::default()
        };
        opened_within(&bytes(SOLID5), &limits)
    };
    let limited = What::Unchecked(Gap::Limit);
    let rar = within(600, 1 << 20);
    assert_eq!(rar.members[2].what, limited);
    assert_eq!(rar.members[3].what, limited);
    // Each member has room, and the window of both together has not.
    let rar = within(650, 1 << 20);
    assert_eq!(rar.contents("d/b"), [content("d/b")]);
    assert_eq!(rar.members[3].what, limited);
    let rar = within(1 << 20, 700);
    assert!(rar.spent && rar.gap == Some(Gap::Limit));
}

#[test]
fn zeros_end_at_the_ratio() {
    let rar = opened(&zeros(80 << 20, 5));
    assert_eq!(rar.members[0].what, What::Partial(Gap::Limit));
    assert_eq!(rar.gap, Some(Gap::Limit));
    let most = 64 << 20;
    assert!((most - 5000..=most).contains(&rar.members[0].content.len()));
}

#[test]
fn a_window_takes_room_from_what_lies_in_a_member() {
    let limits = Limits {
        memory_bytes_max: 1 << 20,
        ..Limits::default()
    };
    let content = 1 + 4097 * 250;
    let rar = zeros(content, 0);
    let mut budget = Budget::new(&limits, 1 << 20);
    let mut room = 0;
    open(
        &recognise(&rar),
        &rar,
        &mut budget,
        &mut |member, budget| {
            assert!(matches!(member.body, Body::Content(_)));
            room = budget.room();
        },
    )
    .unwrap();
    let content = usize::try_from(content).unwrap();
    assert_eq!(room, (2 << 20) - content - (128 << 10));
}

/// So many zeros: one block of matches, each as long as there are, with a dictionary of 4 MiB, or
/// of 128 KiB with `power` zero.
fn zeros(bytes: u32, power: u64) -> Vec<u8> {
    let mut bits = Bits::default();
    // The lengths of the codes for lengths: 0, 1, 18 and 19 take two bits each.
    for symbol in 0..20 {
        bits.push(
            4,
            if [0, 2, 18, 19].contains(&symbol) {
                2
            } else {
                0
            },
        );
    }
    // Literal 0, the last match again, and the match of the longest length; then distance 1.
    let used = [0, 257, 262 + 43, 306];
    let mut next = 0;
    for symbol in used {
        bits.zeros(symbol - next);
        bits.push(2, 1);
        next = symbol + 1;
    }
    bits.zeros(306 + 64 + 16 + 44 - next);
    bits.push(2, 0);
    bits.push(2, 2);
    // Nine more bits belong to the longest length.
    bits.push(9, 0x1ff);
    bits.push(2, 0);
    for _ in 0..(bytes / 4097).saturating_sub(1) {
        bits.push(2, 1);
    }
    let (data, last_bits) = bits.finish();
    let size = u32::try_from(data.len()).unwrap().to_le_bytes();
    let flags = 0xc0 | (2 << 3) | (last_bits - 1);
    let sum = 0x5a ^ flags ^ size[0] ^ size[1] ^ size[2];
    let packed = [&[flags, sum], &size[..3], &data].concat();
    let crc = Some(crc32fast::hash(&vec![0; usize::try_from(bytes).unwrap()]));
    let fields = file5(0, 0x180 | (power << 10), u64::from(bytes), crc, b"zeros");
    let size = u64::try_from(packed.len()).unwrap();
    archive5(&[header5(2, 0, &fields, &[], &packed, size)])
}

/// Bits, the highest of each byte first.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn push(&mut self, bits: u32, value: u32) {
        self.0
            .extend((0..bits).rev().map(|bit| value >> bit & 1 != 0));
    }

    /// So many lengths of zero: 11 to 138 with one code, or one by one.
    fn zeros(&mut self, mut count: u32) {
        while 11 <= count {
            let run = count.min(138);
            self.push(2, 3);
            self.push(7, run - 11);
            count -= run;
        }
        for _ in 0..count {
            self.push(2, 0);
        }
    }

    /// The bytes, and how many bits of the last one are used.
    fn finish(self) -> (Vec<u8>, u8) {
        let bytes = self.0.chunks(8).map(|bits| {
            let whole = bits
                .iter()
                .chain(std::iter::repeat_n(&false, 8 - bits.len()));
            whole.fold(0, |byte, bit| byte << 1 | u8::from(*bit))
        });
        let last = u8::try_from((self.0.len() + 7) % 8).unwrap() + 1;
        (bytes.collect(), last)
    }
}

#[test]
fn blocks_without_content_end_at_the_limit() {
    let mut data = packed_of(&bytes(PACKED5));
    // The first block is no longer the last one; the rest are empty.
    data[0] ^= 0x40;
    data[1] ^= 0x40;
    data.extend(b"\0\x5a\0".repeat(300_000));
    let size = u64::try_from(data.len()).unwrap();
    let fields = file5(0, 0x180, 641, None, b"a");
    let rar = opened(&archive5(&[header5(2, 0, &fields, &[], &data, size)]));
    assert_eq!(rar.gap, Some(Gap::Limit));
}
