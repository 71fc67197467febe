#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

mod hostile;

use wire::Gap;
use wire::scan::Limits;

use super::is_mention;
use crate::stream::decoder::zstd::WINDOW_BYTES_MAX;
use crate::testing::{
    Opened, What, gzipped, kinds, made, made_by_shell, opened, opened_within, shell,
};

/// Leaves bytes as `code` in which every filter for program code finds something to do.
const CODE: &str = r#"python3 -c "
import random
r = random.Random(7)
open('code', 'wb').write(bytes(r.choice(b'\xe8\xe9\xeb\x0f\x80\x85\x48\x4b\x40\x7f\x94\x97\xf0\xf8\x00\xff\x10\x01\x17') for _ in range(30000)) + bytes(1000))
""#;

fn code() -> Vec<u8> {
    made_by_shell(&format!("{CODE}; mv code out"))
}

/// What 7z makes of the files that `line` leaves, with these options.
fn archive(line: &str, options: &str) -> Vec<u8> {
    made_by_shell(&format!(
        "mkdir in; cd in; {line}\n cd ..; 7z a -bd -bso0 -bsp0 {options} out.7z ./in/* && mv out.7z out"
    ))
}

fn assert_whole(opened: &Opened, hint: &str) {
    assert!(
        !opened.is_suspect() && opened.rules.is_empty(),
        "{hint}: {opened:?}"
    );
}

#[test]
fn every_member_comes_out_whole() {
    let line = "mkdir -p d/空; echo alpha > a.txt; echo beta > d/点検.txt; : > empty; echo b > b";
    for options in [
        "",
        "-ms=off",
        "-mhc=off",
        "-mx=9 -mhc=off -ms=off",
        "-mx=0",
        "-mtc=on -mta=on",
    ] {
        let content = archive(line, options);
        assert_eq!(kinds(&content), ["7z"]);
        let sevenzip = opened(&content);
        assert_whole(&sevenzip, options);
        assert_eq!(sevenzip.contents("a.txt"), [b"alpha\n"], "{options}");
        assert_eq!(sevenzip.contents("d/点検.txt"), [b"beta\n"]);
        assert_eq!(sevenzip.contents("empty"), [b""]);
        assert_eq!(sevenzip.contents("b"), [b"b\n"]);
        let what = |name: &str| {
            let named = sevenzip.members.iter().find(|member| member.name == name);
            named.map(|member| member.what)
        };
        assert_eq!(what("d"), Some(What::Folder));
        assert_eq!(what("d/空"), Some(What::Folder));
        assert_eq!(sevenzip.members.len(), 6);
    }
}

#[test]
fn every_method_and_filter_is_taken_back() {
    let code = code();
    let methods = [
        "-m0=Copy",
        "-m0=LZMA",
        "-m0=LZMA:lc=8:lp=0:pb=4:d=64k",
        "-m0=LZMA:eos=on",
        "-m0=LZMA2",
        "-m0=LZMA2:d=32m:c=4k",
        "-m0=BZip2",
        "-m0=BZip2:d=100k",
        "-m0=Deflate",
        "-m0=Deflate64",
        "-m0=PPMd",
        "-m0=PPMd:mem=16:o=2",
        "-m0=PPMd:mem=24:o=32",
        "-m0=Delta:1 -m1=LZMA",
        "-m0=Delta:256 -m1=Copy",
        "-m0=BCJ -m1=LZMA2",
        "-m0=BCJ -m1=Copy",
        "-m0=BCJ -m1=PPMd",
        "-m0=BCJ2 -m1=LZMA -m2=LZMA -m3=LZMA -mb0s0:1 -mb0s1:2 -mb0s2:3",
        "-m0=BCJ2 -m1=LZMA2",
        "-m0=ARM -m1=LZMA",
        "-m0=ARMT -m1=LZMA",
        "-m0=ARM64 -m1=LZMA",
        "-m0=PPC -m1=BZip2",
        "-m0=IA64 -m1=Deflate",
        "-m0=SPARC -m1=LZMA2",
        "-m0=RISCV -m1=LZMA2",
        "-m0=Swap2 -m1=LZMA",
        "-m0=Swap4 -m1=Copy",
        "-m0=Delta:4 -m1=BCJ -m2=LZMA",
    ];
    let folder = tempfile::tempdir().unwrap();
    shell(folder.path(), &format!("{CODE}; echo beta > z"));
    for options in methods {
        let line = format!("rm -f a.7z; 7z a -bso0 -bsp0 -mf=off {options} a.7z code z");
        shell(folder.path(), &line);
        let content = std::fs::read(folder.path().join("a.7z")).unwrap();
        let sevenzip = opened(&content);
        assert_whole(&sevenzip, options);
        assert_eq!(sevenzip.contents("code"), [code.as_slice()], "{options}");
        assert_eq!(sevenzip.contents("z"), [b"beta\n"], "{options}");
    }
}

/// An archive of these packed streams and this header.
fn built(packed: &[u8], header: &[u8]) -> Vec<u8> {
    let mut content = b"7z\xbc\xaf\x27\x1c\0\x04".to_vec();
    content.resize(32, 0);
    content.extend_from_slice(packed);
    content.extend_from_slice(header);
    pointed(content, packed.len(), header.len())
}

/// The same content with a signature header that leads to the header.
fn pointed(mut content: Vec<u8>, offset: usize, size: usize) -> Vec<u8> {
    let header =
        content.get(32_usize.wrapping_add(offset)..offset.wrapping_add(size).wrapping_add(32));
    let crc = crc32fast::hash(header.unwrap_or_default());
    content[12..20].copy_from_slice(&offset.to_le_bytes());
    content[20..28].copy_from_slice(&size.to_le_bytes());
    content[28..32].copy_from_slice(&crc.to_le_bytes());
    let crc = crc32fast::hash(&content[12..32]);
    content[8..12].copy_from_slice(&crc.to_le_bytes());
    content
}

/// Where the header is and how long.
fn header_of(content: &[u8]) -> (usize, usize) {
    let number = |at: usize| {
        let bytes: [u8; 8] = content[at..at + 8].try_into().unwrap();
        usize::from_le_bytes(bytes)
    };
    (number(12), number(20))
}

fn number(number: usize) -> Vec<u8> {
    match u8::try_from(number) {
        Ok(small @ 0..=0x7f) => vec![small],
        _ => [vec![0xff], number.to_le_bytes().to_vec()].concat(),
    }
}

fn list(mark: u8, data: &[u8]) -> Vec<u8> {
    [vec![mark], number(data.len()), data.to_vec()].concat()
}

fn names(names: &[&str]) -> Vec<u8> {
    let mut data = vec![0];
    for name in names {
        let units = name.encode_utf16().chain([0]);
        data.extend(units.flat_map(u16::to_le_bytes));
    }
    list(0x11, &data)
}

/// One packed stream, one block of these methods, each reading from the next. Methods are their
/// number and their properties.
fn streams(packed: usize, methods: &[(&[u8], &[u8])], bytes: usize, crc: u32) -> Vec<u8> {
    let mut block = number(methods.len());
    for (id, properties) in methods {
        block.push(0x20 | u8::try_from(id.len()).unwrap());
        block.extend_from_slice(id);
        block.extend(number(properties.len()));
        block.extend_from_slice(properties);
    }
    for index in 1..methods.len() {
        block.extend(number(index - 1));
        block.extend(number(index));
    }
    let sizes = number(bytes).repeat(methods.len());
    [
        [b"\x06\0\x01\x09".to_vec(), number(packed), vec![0]].concat(),
        [b"\x07\x0b\x01\0".to_vec(), block].concat(),
        [vec![0x0c], sizes].concat(),
        [b"\x0a\x01".to_vec(), crc.to_le_bytes().to_vec()].concat(),
        vec![0, 0],
    ]
    .concat()
}

/// An archive of one member `x`.
fn single(packed: &[u8], methods: &[(&[u8], &[u8])], content: &[u8]) -> Vec<u8> {
    let crc = crc32fast::hash(content);
    let streams = streams(packed.len(), methods, content.len(), crc);
    let files = [b"\x05\x01".to_vec(), names(&["x"]), vec![0]].concat();
    built(
        packed,
        &[b"\x01\x04".to_vec(), streams, files, vec![0]].concat(),
    )
}

const STORED: &[(&[u8], &[u8])] = &[(&[0], &[])];

#[test]
fn an_archive_without_members_is_whole() {
    let content = pointed(
        b"7z\xbc\xaf\x27\x1c\0\x04"
            .iter()
            .copied()
            .chain([0; 24])
            .collect(),
        0,
        0,
    );
    let sevenzip = opened(&content);
    assert_whole(&sevenzip, "empty");
    assert!(sevenzip.members.is_empty());
    // What stands behind it is no member of it.
    let sevenzip = opened(&[content, gzipped(b"x")].concat());
    assert_eq!(sevenzip.rules, ["container_extra_data"]);
    assert_eq!(kinds(&sevenzip.members[0].content), ["gzip"]);
}

#[test]
fn a_built_archive_is_like_those_of_the_tool() {
    let content = single(b"alpha", STORED, b"alpha");
    let sevenzip = opened(&content);
    assert_whole(&sevenzip, "built");
    assert_eq!(sevenzip.contents("x"), [b"alpha"]);
    // The tool agrees with the builder.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.7z"), &content).unwrap();
    shell(
        folder.path(),
        "7z x -bso0 -bsp0 a.7z && test \"$(cat x)\" = alpha",
    );
}

#[test]
fn zstandard_of_extended_writers_is_opened() {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    let code = code();
    let packed = compress_to_vec(code.as_slice(), CompressionLevel::Fastest);
    let id: &[u8] = b"\x04\xf7\x11\x01";
    let sevenzip = opened(&single(&packed, &[(id, b"\x01\x05\x03\0\0")], &code));
    assert_whole(&sevenzip, "zstd");
    assert_eq!(sevenzip.contents("x"), [code.as_slice()]);
    // Several frames, and one that is to be skipped.
    let skipped = b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec();
    let packed = [skipped, packed.clone(), packed].concat();
    let sevenzip = opened(&single(&packed, &[(id, &[])], &code.repeat(2)));
    assert_whole(&sevenzip, "zstd frames");
    // A window of twice what is kept: the exponent, less ten, stands above three bits.
    let exponent = (2 * WINDOW_BYTES_MAX).ilog2() - 10;
    let descriptor = u8::try_from(exponent << 3).unwrap();
    let window = [b"\x28\xb5\x2f\xfd\0".to_vec(), vec![descriptor, 1, 0, 0]].concat();
    let sevenzip = opened(&single(&window, &[(id, &[])], b"x"));
    assert_eq!(sevenzip.members[0].what, What::Partial(Gap::Limit));
}

#[test]
fn methods_that_are_not_opened_are_unsupported_and_their_members_are_named() {
    for id in [
        b"\x04\xf7\x11\x02",
        b"\x04\xf7\x11\x04",
        b"\x04\x03\x05\x06",
        b"\x7f\0\0\x01",
    ] {
        let sevenzip = opened(&single(b"abc", &[(id, &[])], b"abc"));
        assert_eq!(sevenzip.members[0].what, What::Unchecked(Gap::Unsupported));
    }
}

#[test]
fn encrypted_members_are_named_and_an_encrypted_list_is_told() {
    let line = "echo secret > s; mkdir d; : > empty";
    let sevenzip = opened(&archive(line, "-psecret"));
    let what: Vec<_> = sevenzip
        .members
        .iter()
        .map(|member| (member.name.as_str(), member.what))
        .collect();
    assert_eq!(
        what,
        [
            ("d", What::Folder),
            ("empty", What::Content),
            ("s", What::Unchecked(Gap::Encrypted)),
        ]
    );
    assert_eq!(sevenzip.gap, None);
    let sevenzip = opened(&archive(line, "-psecret -mhe=on"));
    assert!(sevenzip.members.is_empty());
    assert_eq!(sevenzip.gap, Some(Gap::Encrypted));
    assert_eq!(sevenzip.rules, ["container_encrypted"]);
}

#[test]
fn links_are_told_with_their_targets_and_names_that_lead_out_block() {
    let sevenzip = opened(&archive(
        "ln -s ../../etc out; ln -s in.txt in; echo x > in.txt",
        "-snl",
    ));
    let what: Vec<_> = sevenzip
        .members
        .iter()
        .map(|m| {
            (
                m.name.as_str(),
                m.what,
                m.content.as_slice(),
                m.rules.join(" "),
            )
        })
        .collect();
    assert_eq!(what[0].0, "in");
    assert_eq!((what[0].1, what[0].2), (What::Link, b"in.txt".as_slice()));
    assert_eq!((what[1].0, what[1].1), ("in.txt", What::Content));
    assert_eq!(
        (what[2].1, what[2].3.as_str()),
        (What::Link, "archive_path_escapes")
    );
    for name in ["../x", "C:\\x", "/x", "a/../../x"] {
        let files = [b"\x05\x01".to_vec(), names(&[name]), vec![0]].concat();
        let streams = streams(5, STORED, 5, crc32fast::hash(b"alpha"));
        let header = [b"\x01\x04".to_vec(), streams, files, vec![0]].concat();
        let sevenzip = opened(&built(b"alpha", &header));
        assert_eq!(
            sevenzip.members[0].rules,
            ["archive_path_escapes"],
            "{name}"
        );
        assert_eq!(sevenzip.members[0].content, b"alpha");
    }
    // A link of Windows is marked by an attribute, and may hold data that is no target.
    for (content, what) in [("t.txt", What::Link), ("a\0b", What::Content)] {
        let attributes = list(0x15, b"\x01\0\0\x04\0\0");
        let files = [b"\x05\x01".to_vec(), names(&["x"]), attributes, vec![0]].concat();
        let streams = streams(
            content.len(),
            STORED,
            content.len(),
            crc32fast::hash(content.as_bytes()),
        );
        let header = [b"\x01\x04".to_vec(), streams, files, vec![0]].concat();
        let sevenzip = opened(&built(content.as_bytes(), &header));
        assert_eq!(sevenzip.members[0].what, what, "{sevenzip:?}");
    }
}

#[test]
fn folders_empty_files_and_files_to_be_removed_are_told_apart() {
    let lists = [
        names(&["d", "e", "x"]),
        list(0x0e, &[0xe0]),
        list(0x0f, &[0x60]),
        list(0x10, &[0x20]),
    ];
    let header = [b"\x01\x05\x03".to_vec(), lists.concat(), vec![0, 0]].concat();
    let sevenzip = opened(&built(b"", &header));
    let what: Vec<_> = sevenzip.members.iter().map(|member| member.what).collect();
    assert_eq!(what, [What::Folder, What::Content, What::Special]);
    assert_whole(&sevenzip, "empty lists");
}

#[test]
fn an_archive_in_an_archive_is_handed_out_whole() {
    let line = "echo inner > i; 7z a -bso0 -bsp0 i.7z i; rm i; echo x > x";
    let sevenzip = opened(&archive(line, ""));
    let inner = sevenzip.contents("i.7z")[0].to_vec();
    assert_eq!(opened(&inner).contents("i"), [b"inner\n"]);
}

#[test]
fn an_archive_cut_anywhere_is_never_whole() {
    for options in ["", "-mhc=off -ms=off", "-m0=Copy -mhc=off"] {
        let content = archive("echo alpha > a; seq 100 > b", options);
        for end in 6..content.len() {
            let sevenzip = opened(&content[..end]);
            assert!(
                sevenzip.is_suspect(),
                "{options} cut at {end}: {sevenzip:?}"
            );
        }
    }
}

#[test]
fn a_changed_byte_anywhere_is_told() {
    for options in ["", "-mhc=off -m0=PPMd", "-m0=Copy -mhc=off", "-m0=BZip2"] {
        let content = archive("echo alpha > a; seq 100 > b", options);
        let whole = opened(&content);
        let mut told = 0;
        // The seventh byte is the minor version, which changes nothing.
        for at in (6..content.len()).filter(|at| *at != 7) {
            let mut content = content.clone();
            content[at] ^= 0x10;
            let sevenzip = opened(&content);
            // What a compressor flushed at its end may mean nothing.
            let same = sevenzip.members == whole.members;
            assert!(
                same || sevenzip.is_suspect(),
                "{options} at {at}: {sevenzip:?}"
            );
            told += usize::from(sevenzip.is_suspect());
        }
        assert!(
            content.len() < told + 16,
            "{options}: {told} of {}",
            content.len()
        );
    }
}

#[test]
fn an_archive_that_was_never_finished_is_damaged_and_its_members_are_found() {
    let content = archive("echo alpha > a; seq 100 > b", "");
    let mut unfinished = content.clone();
    unfinished[8..32].fill(0);
    let (offset, size) = header_of(&content);
    let elsewhere = pointed(content.clone(), offset + 9, size);
    let far = pointed(content.clone(), usize::MAX, usize::MAX);
    let with_tail = [unfinished.clone(), vec![0; 100]].concat();
    for content in [unfinished, elsewhere, far, with_tail] {
        let sevenzip = opened(&content);
        assert_eq!(sevenzip.gap, Some(Gap::Damaged));
        assert_eq!(sevenzip.contents("a"), [b"alpha\n"], "{sevenzip:?}");
        assert_eq!(sevenzip.members.len(), 2);
    }
    // Behind too many places that look like one it is not found; nothing is whole then.
    let mut content = [content, b"\x17\x06".repeat(super::header::PLACES_MAX)].concat();
    content[8..32].fill(0);
    let sevenzip = opened(&content);
    assert!(sevenzip.members.is_empty() && sevenzip.gap == Some(Gap::Damaged));
}

#[test]
fn damage_in_a_block_is_told_of_all_that_lies_behind_it() {
    let line = "python3 -c \"
import random
open('a', 'wb').write(random.Random(1).randbytes(200000))
\"; echo b > b; echo c > c";
    for options in ["-m0=BZip2:d=100k -mf=off", "-m0=PPMd -mf=off"] {
        let mut content = archive(line, options);
        content[150_000..150_100].fill(0);
        let sevenzip = opened(&content);
        assert_eq!(sevenzip.members.len(), 3);
        assert_eq!(sevenzip.members[0].what, What::Partial(Gap::Damaged));
        assert!(90_000 < sevenzip.members[0].content.len(), "{options}");
        for member in &sevenzip.members[1..] {
            let told = matches!(
                member.what,
                What::Partial(Gap::Damaged) | What::Unchecked(Gap::Damaged)
            );
            assert!(told, "{options}: {member:?}");
        }
    }
    // Members that are stored do not depend on one another.
    let mut content = archive("echo alpha > a; echo beta > b", "-m0=Copy -ms=off");
    content[33] ^= 1;
    let sevenzip = opened(&content);
    assert_eq!(sevenzip.members[0].what, What::Partial(Gap::Damaged));
    assert_eq!(sevenzip.contents("b"), [b"beta\n"]);
    assert_eq!(sevenzip.members[1].what, What::Content);
}

#[test]
fn data_around_streams_is_told_and_a_container_there_is_handed_out() {
    let plain = archive("echo alpha > a", "");
    let sevenzip = opened(&[plain.clone(), gzipped(b"behind")].concat());
    assert_eq!(sevenzip.rules, ["container_extra_data"]);
    assert_eq!(kinds(&sevenzip.members[1].content), ["gzip"]);
    assert_eq!(sevenzip.contents("a"), [b"alpha\n"]);
    // Between the packed streams and the header.
    let (offset, size) = header_of(&plain);
    let between = gzipped(b"between");
    let mut content = plain[..32 + offset].to_vec();
    content.extend_from_slice(&between);
    content.extend_from_slice(&plain[32 + offset..]);
    let sevenzip = opened(&pointed(content, offset + between.len(), size));
    assert_eq!(sevenzip.contents("a"), [b"alpha\n"]);
    assert_eq!(
        kinds(&sevenzip.members[1].content),
        ["gzip"],
        "{sevenzip:?}"
    );
    // A second archive behind the first.
    let sevenzip = opened(&[plain.clone(), plain].concat());
    assert_eq!(kinds(&sevenzip.members[1].content), ["7z"]);
}

#[test]
fn packed_data_that_no_member_is_made_of_is_told() {
    let lzma = made(
        "
import lzma
f = [{'id': lzma.FILTER_LZMA1, 'dict_size': 65536}]
open('out', 'wb').write(lzma.compress(b'alpha' * 99, lzma.FORMAT_RAW, filters=f))
",
    );
    let id: (&[u8], &[u8]) = (b"\x03\x01\x01", b"\x5d\0\0\x01\0");
    let content = b"alpha".repeat(99);
    assert_whole(
        &opened(&single(&lzma, &[id], &content)),
        "lzma with end mark",
    );
    let most = crate::stream::chain::UNREAD_BYTES_MAX;
    for (surplus, is_told) in [(vec![0; 4], false), (vec![7; most + 1], true)] {
        let sevenzip = opened(&single(&[lzma.clone(), surplus].concat(), &[id], &content));
        assert_eq!(
            sevenzip.has_rule("sevenzip_extra_data"),
            is_told,
            "{sevenzip:?}"
        );
        assert_eq!(sevenzip.is_withheld, is_told);
        assert_eq!(sevenzip.contents("x"), [content.as_slice()]);
    }
    // The stream goes on where the list says that the content ends.
    let deflated = made(
        "import zlib; c = zlib.compressobj(9, 8, -15); open('out', 'wb').write(c.compress(b'alphabeta') + c.flush())",
    );
    let deflate: (&[u8], &[u8]) = (b"\x04\x01\x08", &[]);
    for (stated, is_told) in [(&b"alphabeta"[..], false), (b"alpha", true)] {
        let sevenzip = opened(&single(&deflated, &[deflate], stated));
        assert_eq!(sevenzip.has_rule("sevenzip_extra_data"), is_told);
        assert_eq!(sevenzip.contents("x"), [stated]);
    }
    let sevenzip = opened(&single(b"alphabeta", STORED, b"alpha"));
    assert!(sevenzip.has_rule("sevenzip_extra_data") && sevenzip.is_withheld);
}

#[test]
fn a_member_larger_than_memory_costs_only_itself() {
    let limits = Limits {
        memory_bytes_max: 8 << 20,
        ..Limits::default()
    };
    let line = "head -c 12000000 /dev/zero > a; echo beta > b";
    for options in ["-m0=LZMA2", "-m0=BZip2", "-m0=LZMA", "-m0=Deflate"] {
        let sevenzip = opened_within(&archive(line, options), &limits);
        assert_eq!(
            sevenzip.members[0].what,
            What::Partial(Gap::Limit),
            "{options}"
        );
        assert!(sevenzip.members[0].content.len() <= 8 << 20);
        assert_eq!(
            sevenzip.contents("b"),
            [b"beta\n"],
            "{options}: {sevenzip:?}"
        );
        assert_eq!((sevenzip.gap, sevenzip.spent), (None, false));
    }
    // What a smaller dictionary forgot is a limit, not damage.
    let line = "python3 -c \"
import random
r = random.Random(3).randbytes(300000)
open('a', 'wb').write(r)
open('b', 'wb').write(bytes(12000000))
open('c', 'wb').write(r)
\"";
    let sevenzip = opened_within(&archive(line, "-m0=LZMA2:d=32m -mqs=off"), &limits);
    assert_eq!(sevenzip.members[0].what, What::Content);
    assert!(matches!(
        sevenzip.members[2].what,
        What::Partial(Gap::Limit) | What::Unchecked(Gap::Limit)
    ));
    let sevenzip = opened(&archive(line, "-m0=LZMA2:d=32m"));
    assert_whole(&sevenzip, "with memory");
}

#[test]
fn zeros_end_at_the_ratio_and_members_at_their_number() {
    let sevenzip = opened(&archive(
        "head -c 100000000 /dev/zero > zeros; echo x > zz",
        "-mx=1",
    ));
    assert_eq!(sevenzip.members[0].what, What::Partial(Gap::Limit));
    assert_eq!(
        (sevenzip.gap, sevenzip.members.len()),
        (Some(Gap::Limit), 1)
    );
    let limits = Limits {
        members_max: 3,
        ..Limits::default()
    };
    let sevenzip = opened_within(
        &archive("for n in 1 2 3 4 5; do echo $n > $n; done", ""),
        &limits,
    );
    assert_eq!(
        (sevenzip.gap, sevenzip.members.len()),
        (Some(Gap::Limit), 3)
    );
}

#[test]
fn a_mention_of_the_signature_is_no_archive() {
    let whole = made_by_shell("echo alpha > a; 7z a -bd out.7z a >/dev/null; mv out.7z out");
    assert!(!is_mention(&whole));
    let program = [
        &whole[..6],
        b"\0\0\x80ua\0\x0aua\0\x0a\0\0\0\x0aERROR: \0\0\0\0Syst",
    ]
    .concat();
    assert!(is_mention(&program));
    let unfinished = [&whole[..8], &[0; 24]].concat();
    assert!(!is_mention(&unfinished));
    let behind = [b"a program ".as_slice(), &program].concat();
    assert!(crate::recognise_file(&behind).is_empty());
}
