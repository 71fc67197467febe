#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;
use wire::scan::Limits;

use super::names;
use super::old::{Bits, imploded, reduced, shrunk};
use crate::archive::zip::reduce::FOLLOWERS_MAX;
use crate::testing::{What, kinds, made, made_by_shell, opened, opened_within, shell};

/// A zip of one member `x`.
fn single(method: u16, flags: u16, packed: &[u8], content: &[u8]) -> Vec<u8> {
    let sizes = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let fields = [
        20_u16.to_le_bytes().to_vec(),
        flags.to_le_bytes().to_vec(),
        method.to_le_bytes().to_vec(),
        vec![0; 4],
        crc32fast::hash(content).to_le_bytes().to_vec(),
        sizes(packed).to_vec(),
        sizes(content).to_vec(),
        b"\x01\0\0\0".to_vec(),
    ]
    .concat();
    let local = [
        b"PK\x03\x04".to_vec(),
        fields.clone(),
        b"x".to_vec(),
        packed.to_vec(),
    ]
    .concat();
    let listed = [
        b"PK\x01\x02\x14\0".to_vec(),
        fields,
        vec![0; 14],
        b"x".to_vec(),
    ]
    .concat();
    let end = [
        b"PK\x05\x06\0\0\0\0\x01\0\x01\0".to_vec(),
        sizes(&listed).to_vec(),
        sizes(&local).to_vec(),
        vec![0; 2],
    ]
    .concat();
    [local, listed, end].concat()
}

/// Bytes in which every method finds something to do.
fn text() -> Vec<u8> {
    made(
        "
import random
r = random.Random(5)
words = [bytes(r.choice(b'abcdefgh\\x90\\x00\\xff ') for _ in range(r.randrange(1, 9))) for _ in range(300)]
out = b''.join(r.choice(words) for _ in range(4000))
open('out', 'wb').write(out + b'z' * 900 + r.randbytes(1500) + out[:3000])
",
    )
}

#[test]
fn members_of_the_usual_tools_come_out_whole() {
    for method in ["Copy", "Deflate", "Deflate64", "BZip2", "LZMA", "PPMd"] {
        let line = format!(
            "seq 20000 > numbers; echo beta > 点検.txt; : > empty; 7z a -bso0 -bsp0 -tzip -mm={method} out.zip numbers *.txt empty; mv out.zip out"
        );
        let content = made_by_shell(&line);
        let zip = opened(&content);
        assert!(
            !zip.is_suspect() && zip.rules.is_empty(),
            "{method}: {zip:?}"
        );
        let numbers: String = (1..=20000).map(|n| format!("{n}\n")).collect();
        assert_eq!(zip.contents("numbers"), [numbers.as_bytes()], "{method}");
        assert_eq!(zip.contents("点検.txt"), [b"beta\n"], "{method}");
        assert_eq!(zip.contents("empty"), [b""], "{method}");
    }
    let zip = opened(&made(
        "
import zipfile
z = zipfile.ZipFile('out', 'w')
z.writestr('bz', b'alpha' * 100, zipfile.ZIP_BZIP2)
z.writestr('lz', b'beta' * 100, zipfile.ZIP_LZMA)
z.close()
",
    ));
    assert!(!zip.is_suspect(), "{zip:?}");
    assert_eq!(zip.contents("bz"), [b"alpha".repeat(100)]);
    assert_eq!(zip.contents("lz"), [b"beta".repeat(100)]);
}

#[test]
fn whole_files_of_xz_and_zstandard_are_methods_too() {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    let text = text();
    let xz = made_by_shell("seq 5000 > a; xz < a > out");
    let numbers: String = (1..=5000).map(|n| format!("{n}\n")).collect();
    let zstd = compress_to_vec(text.as_slice(), CompressionLevel::Fastest);
    for (method, packed, content) in [
        (95, &xz, numbers.as_bytes()),
        (93, &zstd, &text),
        (20, &zstd, &text),
    ] {
        let zip = opened(&single(method, 0, packed, content));
        assert!(
            !zip.is_suspect() && zip.rules.is_empty(),
            "{method}: {:?}",
            zip.rules
        );
        assert_eq!(zip.contents("x"), [content]);
    }
}

#[test]
fn methods_of_the_first_programs_are_opened() {
    let text = text();
    let noise: Vec<u8> =
        made("import random; open('out', 'wb').write(random.Random(2).randbytes(40000))");
    let runs = [vec![0; 500], vec![144; 300], b"abcabcabcabcabcabc".to_vec()].concat();
    for content in [text, noise, runs, b"a".to_vec()] {
        // The table of shrink is full several times; the others look for repetitions slowly.
        let mut packed = vec![(1, 0, shrunk(&content), content.clone())];
        let content = content[..content.len().min(9000)].to_vec();
        for flags in [0, 2, 4, 6] {
            packed.push((6, flags, imploded(&content, flags), content.clone()));
        }
        for factor in 1..=4 {
            let method = u16::try_from(factor).unwrap() + 1;
            packed.push((method, 0, reduced(&content, factor), content.clone()));
        }
        for (method, flags, packed, content) in packed {
            let archive = single(method, flags, &packed, &content);
            assert_eq!(kinds(&archive), ["zip"]);
            let zip = opened(&archive);
            assert!(
                !zip.is_suspect() && zip.rules.is_empty(),
                "{method} {flags} of {}: {:?} {:?}",
                content.len(),
                zip.rules,
                zip.members[0].what
            );
            assert_eq!(zip.contents("x"), [content.as_slice()], "{method} {flags}");
            // Other readers agree, where they know the method.
            if matches!(method, 1 | 6) {
                let folder = tempfile::tempdir().unwrap();
                std::fs::write(folder.path().join("a.zip"), &archive).unwrap();
                shell(folder.path(), "7z t -bso0 -bsp0 a.zip");
            }
        }
    }
}

#[test]
fn methods_that_are_not_opened_are_unsupported() {
    for method in [7, 10, 11, 18, 19, 94, 96, 97, 1000] {
        let zip = opened(&single(method, 0, b"data", b"alpha"));
        assert_eq!(
            zip.members[0].what,
            What::Unchecked(Gap::Unsupported),
            "{method}"
        );
    }
}

#[test]
fn every_cipher_is_encrypted() {
    for cipher in ["ZipCrypto", "AES128", "AES256"] {
        let content = made_by_shell(&format!(
            "echo secret > s; 7z a -bso0 -bsp0 -tzip -psecret -mem={cipher} out.zip s; mv out.zip out"
        ));
        assert_eq!(
            names(&content),
            [("s".to_owned(), What::Unchecked(Gap::Encrypted))]
        );
    }
    // The cipher of PKWARE is told by another flag beside the first.
    let content = single(8, 0x41, b"data", b"alpha");
    assert_eq!(
        names(&content),
        [("x".to_owned(), What::Unchecked(Gap::Encrypted))]
    );
}

#[test]
fn an_encrypted_directory_is_told() {
    // APPNOTE 7.3: members without sizes and with masked names, then a directory that nobody
    // can read, and an end record that names the cipher.
    let local = [
        b"PK\x03\x04\x3e\0\x41\x20\x08\0".to_vec(),
        vec![0; 16],
        b"\x01\0\0\0".to_vec(),
        b"1".to_vec(),
        b"nobody knows".to_vec(),
    ]
    .concat();
    let directory = b"encrypted directory".to_vec();
    let number = |number: usize| number.to_le_bytes();
    let end64_at = local.len() + directory.len();
    let content = [
        local.clone(),
        directory.clone(),
        b"PK\x06\x06".to_vec(),
        number(44 + 28).to_vec(),
        b"\x3e\x03\x3e\0\0\0\0\0\0\0\0\0".to_vec(),
        number(1).to_vec(),
        number(1).to_vec(),
        number(directory.len()).to_vec(),
        number(local.len()).to_vec(),
        b"\x08\0".to_vec(),
        number(directory.len()).to_vec(),
        number(46).to_vec(),
        b"\x10\x66\0\x01\x01\0\x04\x80\0\0".to_vec(),
        b"PK\x06\x07\0\0\0\0".to_vec(),
        number(end64_at).to_vec(),
        b"\x01\0\0\0".to_vec(),
        b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff".to_vec(),
        vec![0xff; 8],
        vec![0; 2],
    ]
    .concat();
    let zip = opened(&content);
    assert_eq!(zip.gap, Some(Gap::Encrypted), "{zip:?}");
    assert_eq!(zip.members[0].what, What::Unchecked(Gap::Encrypted));
}

/// The same content by every method that is opened here.
fn all() -> Vec<(u16, u16, Vec<u8>, Vec<u8>)> {
    let content = text()[..1500].to_vec();
    let mut all = vec![
        (1, 0, shrunk(&content)),
        (3, 0, reduced(&content, 2)),
        (6, 6, imploded(&content, 6)),
    ];
    let of = |line: &str| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), &content).unwrap();
        shell(folder.path(), line);
        std::fs::read(folder.path().join("out")).unwrap()
    };
    all.push((12, 0, of("bzip2 < a > out")));
    all.push((93, 0, of("zstd -q < a > out")));
    all.push((95, 0, of("xz < a > out")));
    for (method, name) in [(9, "Deflate64"), (14, "LZMA"), (98, "PPMd:mem=1m")] {
        let zip = of(&format!(
            "7z a -bso0 -bsp0 -tzip -mm={name} -mtc=off a.zip a; mv a.zip out"
        ));
        let packed = usize::try_from(u32::from_le_bytes(zip[18..22].try_into().unwrap())).unwrap();
        all.push((method, u16::from(zip[6]), zip[31..31 + packed].to_vec()));
    }
    all.into_iter()
        .map(|(method, flags, packed)| (method, flags, packed, content.clone()))
        .collect()
}

#[test]
fn members_cut_anywhere_or_changed_are_never_whole() {
    let mut seed = 7_usize;
    for (method, flags, packed, content) in all() {
        let whole = opened(&single(method, flags, &packed, &content));
        assert!(!whole.is_suspect(), "{method}: {:?}", whole.members[0].what);
        for end in 0..packed.len() {
            let zip = opened(&single(method, flags, &packed[..end], &content));
            let same = zip.contents("x") == [content.as_slice()];
            assert!(same || zip.is_suspect(), "{method} cut at {end}");
        }
        for _ in 0..packed.len() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let mut changed = packed.clone();
            changed[(seed >> 33) % packed.len()] ^= u8::try_from(1 + (seed >> 20) % 255).unwrap();
            let zip = opened(&single(method, flags, &changed, &content));
            let same = zip.contents("x") == [content.as_slice()];
            assert!(same || zip.is_suspect(), "{method}");
        }
        // Another size or checksum than the content has.
        for other in [&content[1..], &[content.clone(), b"!".to_vec()].concat()] {
            let zip = opened(&single(method, flags, &packed, other));
            assert_eq!(zip.members[0].what, What::Partial(Gap::Damaged), "{method}");
        }
    }
}

#[test]
fn data_behind_a_stream_inside_its_member_is_told() {
    for (method, flags, packed, content) in all() {
        let hidden = crate::testing::gzipped(b"hidden");
        let packed = [packed, vec![0; 24], hidden].concat();
        let zip = opened(&single(method, flags, &packed, &content));
        assert_eq!(zip.contents("x"), [content.as_slice()], "{method}");
        assert!(
            zip.has_rule("container_extra_data"),
            "{method}: {:?}",
            zip.rules
        );
    }
}

#[test]
fn members_whose_sizes_stand_behind_them_are_opened_without_a_directory() {
    for (method, flags, packed, content) in all() {
        let archive = single(method, flags | 8, &packed, &content);
        let listed = archive
            .windows(4)
            .position(|part| part == b"PK\x01\x02")
            .unwrap();
        let sizes = archive[14..26].to_vec();
        let mut stream = archive[..listed].to_vec();
        stream[14..26].fill(0);
        for signature in [&b"PK\x07\x08"[..], b""] {
            let next = single(0, 0, b"beta", b"beta");
            let content_of = [stream.clone(), signature.to_vec(), sizes.clone(), next].concat();
            let zip = opened(&content_of);
            assert_eq!(zip.contents("x")[0], b"beta", "the listed one");
            let unlisted = zip.members.iter().find(|member| member.content == content);
            assert_eq!(unlisted.unwrap().what, What::Content, "{method}");
        }
        // Without sizes nothing is whole, but what ends by itself is still matched.
        let zip = opened(&[stream, single(0, 0, b"beta", b"beta")].concat());
        let has_end = matches!(method, 9 | 12 | 93 | 95) || (method == 14 && flags & 2 != 0);
        let (what, bytes) = match has_end {
            true => (What::Partial(Gap::Damaged), content.as_slice()),
            false => (What::Unchecked(Gap::Damaged), &b""[..]),
        };
        let unlisted = zip.members.last().unwrap();
        assert_eq!(
            (unlisted.what, unlisted.content.as_slice()),
            (what, bytes),
            "{method}"
        );
    }
}

#[test]
fn bombs_of_every_method_end_at_a_limit() {
    let zeros = vec![0; 1 << 20];
    // A code of shrink may stand for 8 KiB.
    let mut packed = vec![(1, shrunk(&zeros))];
    packed.push((6, imploded(&zeros[..20_000], 2)));
    for (method, packed) in packed {
        let flags = if method == 6 { 2 } else { 0 };
        let content = if method == 6 {
            &zeros[..20_000]
        } else {
            &zeros
        };
        let limits = Limits {
            unpacked_bytes_max: 10_000,
            ..Limits::default()
        };
        let zip = opened_within(&single(method, flags, &packed, content), &limits);
        assert_eq!(zip.members[0].what, What::Partial(Gap::Limit), "{method}");
        assert_eq!(zip.gap, Some(Gap::Limit));
    }
    // Orders to thin the table out are a few bits and go through all of it.
    let mut bits = Bits::default();
    bits.put(97, 9);
    for _ in 0..100_000 {
        bits.put(256, 9);
        bits.put(2, 9);
    }
    let limits = Limits {
        unpacked_bytes_max: 1 << 20,
        ..Limits::default()
    };
    let zip = opened_within(&single(1, 0, &bits.bytes, b"ab"), &limits);
    assert_eq!(zip.members[0].what, What::Partial(Gap::Limit));
    assert!(zip.spent);
}

#[test]
fn lists_and_codes_that_are_malformed_are_damaged() {
    // More followers than there may be, codes that are too many or too few, orders of shrink
    // that do not exist or ask for too much, and a string before the first.
    let mut followers = Bits::default();
    followers.put(FOLLOWERS_MAX + 1, 6);
    let mut wider = Bits::default();
    for width in 9..=13 {
        wider.put(256, width);
        wider.put(1, width);
    }
    let mut order = Bits::default();
    order.put(256, 9);
    order.put(3, 9);
    let mut early = Bits::default();
    early.put(300, 9);
    let cases: [(u16, &[u8]); 7] = [
        (1, &[&wider.bytes[..], &[0; 9]].concat()),
        (2, &[&followers.bytes[..], &[0; 400]].concat()),
        (6, &[&[0xff][..], &[0xf7; 300]].concat()),
        (6, &[0, 0, 0, 0, 0, 0]),
        (
            6,
            &[&[3][..], &[0xff; 4], &[3], &[0xff; 4], &[0; 99]].concat(),
        ),
        (1, &[&order.bytes[..], &[0; 9]].concat()),
        (1, &[&early.bytes[..], &[0; 9]].concat()),
    ];
    for (method, packed) in cases {
        let zip = opened(&single(method, 0, packed, b"alpha"));
        assert_eq!(zip.members[0].what, What::Partial(Gap::Damaged), "{method}");
        assert!(zip.members[0].content.is_empty());
    }
    // Properties of newer methods that are cut off or too large.
    for (method, packed) in [(14, &b"\x09\x14\x05\0\x5d"[..]), (98, b"\x01")] {
        let zip = opened(&single(method, 0, packed, b"alpha"));
        assert_eq!(
            zip.members[0].what,
            What::Unchecked(Gap::Damaged),
            "{method}"
        );
    }
}

#[test]
fn the_flag_of_an_encrypted_directory_alone_hides_no_second_reading() {
    let packed = crate::testing::gzipped(b"<inner marker>");
    let packed = &packed[10..packed.len() - 8];
    // Of which the directory says that it is stored.
    let own = single(8, 0, packed, b"<inner marker>");
    let listed = single(0, 0x2000, packed, packed);
    let at = 31 + packed.len();
    let zip = opened(&[&own[..at], &listed[at..]].concat());
    assert_eq!(zip.contents("x"), [packed, b"<inner marker>"]);
    assert!(zip.has_rule("zip_header_mismatch") && zip.is_withheld);
}
