#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;

use super::lzss::{BEGIN_OF_BASIC, BEGIN_OF_SETUP};
use crate::testing::{What, made_by_shell, opened};

const PLAINS: [&str; 5] = [
    "seq 1 4000",
    "head -c 30000 /bin/bash",
    "head -c 20000 /dev/zero",
    "printf '%1000s' x",
    "printf 'longer than the sixteen bytes that mscompress needs'",
];

fn szdd(plain: &str) -> Vec<u8> {
    made_by_shell(&format!(
        "{plain} > plain.txt; mscompress plain.txt; mv plain.txt_ out"
    ))
}

/// The data of a SZDD file, which begins at another place of the ring in the other kinds: the
/// places of all copies move along.
fn moved(packed: &[u8], begin: usize) -> Vec<u8> {
    let mut moved = packed.to_vec();
    let mut at = 0;
    while at < moved.len() {
        let kinds = moved[at];
        at += 1;
        for place in 0..8 {
            if at >= moved.len() {
                break;
            }
            if kinds >> place & 1 == 1 {
                at += 1;
                continue;
            }
            if at + 1 < moved.len() {
                let from = usize::from(moved[at]) | usize::from(moved[at + 1] & 0xf0) << 4;
                let to = (from + 4096 + begin - BEGIN_OF_SETUP) % 4096;
                moved[at] = u8::try_from(to & 0xff).unwrap();
                moved[at + 1] = moved[at + 1] & 0xf | u8::try_from(to >> 4 & 0xf0).unwrap();
            }
            at += 2;
        }
    }
    moved
}

#[test]
fn what_compress_exe_writes_comes_out_in_both_kinds() {
    for plain in PLAINS {
        let expected = made_by_shell(&format!("{plain} > out"));
        let content = szdd(plain);
        let stream = opened(&content);
        assert!(!stream.is_suspect(), "{plain}: {stream:?}");
        assert!(stream.members[0].content == expected, "{plain}");
        let data = moved(&content[14..], BEGIN_OF_BASIC);
        let other = [b"SZ \x88\xf0\x27\x33\xd1", &content[10..14], &data].concat();
        let stream = opened(&other);
        assert!(!stream.is_suspect(), "{plain}: {stream:?}");
        assert!(stream.members[0].content == expected, "{plain}");
    }
}

#[test]
fn a_method_that_is_not_known_is_unsupported() {
    let mut content = szdd("seq 1 9");
    content[8] = b'B';
    let stream = opened(&content);
    assert_eq!(stream.members[0].what, What::Partial(Gap::Unsupported));
}

#[test]
fn data_behind_the_stated_size_is_told_and_a_container_there_is_handed_out() {
    let gz = crate::testing::gzipped(b"hidden");
    let content = [szdd("seq 1 9"), gz.clone()].concat();
    let stream = opened(&content);
    assert_eq!(stream.contents("content"), [b"1\n2\n3\n4\n5\n6\n7\n8\n9\n"]);
    assert!(stream.has_rule("container_extra_data"));
    // Nothing is left of the last byte that tells literals and copies apart.
    assert!(stream.members[1].content == gz);
}

fn kwaj(method: u8, flags: u8, fields: &[u8], gap: &[u8], data: &[u8]) -> Vec<u8> {
    let at = u8::try_from(14 + fields.len() + gap.len()).unwrap();
    let head = [
        b"KWAJ\x88\xf0\x27\xd1".as_slice(),
        &[method, 0, at, 0, flags, 0],
    ]
    .concat();
    [&head, fields, gap, data].concat()
}

#[test]
fn every_method_of_kwaj_is_opened_or_named() {
    let stored = opened(&kwaj(0, 1, &[5, 0, 0, 0], b"", b"alpha"));
    assert_eq!(stored.contents("content"), [b"alpha"]);
    let turned: Vec<u8> = b"alpha".iter().map(|byte| byte ^ 0xff).collect();
    assert_eq!(
        opened(&kwaj(1, 0, b"", b"", &turned)).contents("content"),
        [b"alpha"]
    );
    for plain in PLAINS {
        let expected = made_by_shell(&format!("{plain} > out"));
        let data = moved(&szdd(plain)[14..], BEGIN_OF_BASIC);
        let size = u32::try_from(expected.len()).unwrap().to_le_bytes();
        let stream = opened(&kwaj(2, 1, &size, b"", &data));
        assert!(!stream.is_suspect(), "{plain}");
        assert!(stream.members[0].content == expected, "{plain}");
    }
    for method in [3, 5] {
        let stream = opened(&kwaj(method, 0, b"", b"", b"alpha"));
        assert_eq!(stream.members[0].what, What::Partial(Gap::Unsupported));
    }
}

/// Packs the file `plain` in blocks that refer to the one before.
const MSZIP: &str = r#"python3 -c '
import zlib
plain = open("plain", "rb").read()
out = b""
for at in range(0, len(plain), 32768):
    coder = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=plain[max(at - 32768, 0):at])
    body = b"CK" + coder.compress(plain[at:at + 32768]) + coder.flush()
    out += len(body).to_bytes(2, "little") + body
open("out", "wb").write(out + bytes(2))
'"#;

#[test]
fn blocks_of_deflate_refer_to_the_one_before() {
    for plain in ["seq 1 20000", "head -c 100000 /bin/bash", "printf x"] {
        let expected = made_by_shell(&format!("{plain} > out"));
        let data = made_by_shell(&format!("{plain} > plain; {MSZIP}"));
        let size = u32::try_from(expected.len()).unwrap().to_le_bytes();
        let whole = kwaj(4, 1, &size, b"", &data);
        for content in [
            &whole,
            &whole[..whole.len() - 2],
            &kwaj(4, 0, b"", b"", &data),
        ] {
            let stream = opened(content);
            assert!(!stream.is_suspect(), "{plain}");
            assert!(stream.members[0].content == expected, "{plain}");
        }
        let behind = opened(&[&whole[..], b"more"].concat());
        assert!(behind.has_rule("container_extra_data"));
        for cut in [whole.len() - 1, whole.len() - 3, 20] {
            let what = opened(&whole[..cut]).members[0].what;
            assert_eq!(what, What::Partial(Gap::Damaged), "{plain} {cut}");
        }
    }
}

#[test]
fn every_field_of_kwaj_is_read() {
    let fields = b"\x05\0\0\0??\x02\0..NAME\0TXT\0\x03\0abc";
    let stream = opened(&kwaj(0, 0x3f, fields, b"", b"alpha"));
    assert_eq!(stream.contents("NAME.TXT"), [b"alpha"]);
    assert!(!stream.is_suspect() && stream.rules.is_empty());
    let gz = crate::testing::gzipped(b"hidden");
    let stream = opened(&kwaj(0, 0, b"", &gz, b"alpha"));
    assert!(stream.has_rule("container_extra_data"));
    assert!(stream.members[1].content == gz);
    // A container in each of the two fields that hold anything.
    let length = u16::try_from(gz.len()).unwrap().to_le_bytes();
    for flag in [4, 32] {
        let stream = opened(&kwaj(0, flag, &[&length, &gz[..]].concat(), b"", b"alpha"));
        assert_eq!(stream.contents("content"), [b"alpha"]);
        assert!(stream.members[1].content == gz);
    }
    let stream = opened(&kwaj(0, 1, &[6, 0, 0, 0], b"", b"alpha"));
    assert_eq!(stream.members[0].what, What::Partial(Gap::Damaged));
    for cut in 8..22 {
        let whole = kwaj(0, 8, b"NAME\0", b"", b"alpha");
        let stream = opened(&whole[..cut]);
        if cut < 19 {
            assert!(stream.is_suspect(), "{cut}");
        }
    }
}
