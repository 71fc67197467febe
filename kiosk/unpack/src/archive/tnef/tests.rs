#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;
use wire::scan::Limits;

use crate::testing::{What, kinds, made, opened, opened_within};

/// The parts of an encoder, for the programs of the tests.
const ENCODER: &str = "
import struct, zlib
def attribute(level, kind, data):
    return struct.pack('<BII', level, kind, len(data)) + data + struct.pack('<H', sum(data) & 0xffff)
def counted(data): return struct.pack('<I', len(data)) + data + bytes(-len(data) % 4)
def properties(*rows): return struct.pack('<I', len(rows)) + b''.join(rows)
def variable(kind, number, data): return struct.pack('<HHI', kind, number, 1) + counted(data)
begin = bytes.fromhex('789f3e220100')
def attachment(title, data, *rows):
    out = attribute(2, 0x69002, bytes(14))
    if title is not None: out += attribute(2, 0x18010, title + b'\\0')
    if data is not None: out += attribute(2, 0x6800f, data)
    if rows: out += attribute(2, 0x69005, properties(*rows))
    return out
";

fn tnef(body: &str) -> Vec<u8> {
    tnefs(&[body.to_owned()]).remove(0)
}

/// One content a body, of one run.
fn tnefs(bodies: &[String]) -> Vec<Vec<u8>> {
    let mut program = format!("{ENCODER}\nall = b''\n");
    for body in bodies {
        program += body;
        program += "\nall += struct.pack('<I', len(out)) + out\n";
    }
    let all = made(&(program + "open('out', 'wb').write(all)\n"));
    let mut contents = Vec::new();
    let mut rest = all.as_slice();
    while let Some((bytes, tail)) = rest.split_at_checked(4) {
        let bytes = usize::try_from(u32::from_le_bytes(bytes.try_into().unwrap())).unwrap();
        contents.push(tail[..bytes].to_vec());
        rest = &tail[bytes..];
    }
    contents
}

fn sample() -> Vec<u8> {
    tnef("
named = struct.pack('<HH', 0x001f, 0x8001) + bytes(16) + struct.pack('<I', 1) + counted('x'.encode('utf-16-le')) + struct.pack('<I', 1) + counted(b'v\\0')
fixed = struct.pack('<HHI', 3, 0x0e21, 7)
several = struct.pack('<HHIII', 0x1003, 0x1234, 2, 1, 2)
short = struct.pack('<HHIIII', 0x1002, 0x1235, 3, 1, 2, 3)
rows = [fixed, several, short, variable(0x1f, 0x3707, '点検表.xls\\0'.encode('utf-16-le')), named]
out = begin + attribute(1, 0x89006, struct.pack('<I', 0x10000))
out += attribute(1, 0x69003, properties(variable(0x102, 0x1013, b'<p>alpha</p>')))
out += attachment(b'TENKEN~1.XLS', b'<first marker>', *rows)
out += attachment(b'b.txt', b'<second marker>')
out += attachment(None, None, variable(0x1e, 0x3704, b'c.msg\\0'), variable(0x0d, 0x3701, bytes(16) + begin + attachment(b'd.txt', b'<third marker>')))
")
}

#[test]
fn every_attachment_comes_out_under_its_long_name() {
    let content = sample();
    assert_eq!(kinds(&content), ["tnef"]);
    let mail = opened(&content);
    assert_eq!(mail.contents("点検表.xls"), [b"<first marker>"]);
    assert_eq!(mail.contents("b.txt"), [b"<second marker>"]);
    assert_eq!(mail.contents("(message in html)"), [b"<p>alpha</p>"]);
    assert!(!mail.is_suspect() && mail.rules.is_empty(), "{mail:?}");
    let inner = opened(mail.contents("c.msg")[0]);
    assert_eq!(inner.contents("d.txt"), [b"<third marker>"]);
}

#[test]
fn the_usual_reader_sees_the_same() {
    let content = sample();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("winmail.dat"), content).unwrap();
    crate::testing::shell(folder.path(), "tnef --save-body=body winmail.dat");
    let second = std::fs::read(folder.path().join("b.txt")).unwrap();
    assert_eq!(second, b"<second marker>");
}

#[test]
fn short_numbers_padded_together_are_read_too() {
    let content = tnef(
        "
short = struct.pack('<HHIHHHH', 0x1002, 0x1235, 3, 1, 2, 3, 0)
out = begin + attachment(b'x', b'y', short, variable(0x1e, 0x3707, b'long name'))",
    );
    let mail = opened(&content);
    assert_eq!(mail.contents("long name"), [b"y"]);
    assert!(!mail.is_suspect());
}

#[test]
fn an_empty_message_has_no_members() {
    let mail = opened(&tnef("out = begin"));
    assert_eq!((mail.members.len(), mail.is_suspect()), (0, false));
}

#[test]
fn cut_anywhere_it_is_never_whole() {
    let content = sample();
    let mut boundaries = 0;
    for end in 4..content.len() {
        let mail = opened(&content[..end]);
        // At the end of an attribute nothing tells that there were more.
        boundaries += usize::from(!mail.is_suspect());
    }
    assert!(boundaries <= 11, "{boundaries} cuts without a word");
}

#[test]
fn every_checksum_is_checked() {
    let content = sample();
    let at = content
        .windows(14)
        .position(|part| part == b"<first marker>")
        .unwrap();
    let mut changed = content.clone();
    changed[at] ^= 1;
    let mail = opened(&changed);
    assert_eq!(mail.gap, Some(Gap::Damaged));
    assert_eq!(mail.members[1].what, What::Partial(Gap::Damaged));
    changed[at] ^= 1;
    changed[at + 14] ^= 1;
    assert_eq!(opened(&changed).gap, Some(Gap::Damaged));
}

#[test]
fn hidden_contents_and_hostile_sizes_are_told() {
    let bodies = [
        "out = begin + attribute(2, 0x69002, bytes(14)) + attribute(2, 0x18010, b'a\\0') + attribute(2, 0x6800f, b'one') + attribute(2, 0x6800f, b'two')",
        "out = begin + attribute(1, 0x12345, b'Rar!\\x1a\\x07\\x01\\0')",
        "out = begin + b'\\x09Rar!\\x1a\\x07\\x01\\0'",
        "out = begin + attachment(b'..\\\\..\\\\a', b'x')",
        "out = begin + struct.pack('<BII', 2, 0x6800f, 0xffffffff) + b'x'",
        "out = begin + attribute(2, 0x69005, struct.pack('<I', 0xffffffff))",
        "out = begin + attribute(2, 0x69005, struct.pack('<IHHI', 1, 0x1102, 1, 0xffffffff))",
        "out = begin + attribute(2, 0x69005, struct.pack('<IHHII', 1, 0x102, 1, 1, 0xffffffff))",
        "out = begin + attribute(2, 0x69005, struct.pack('<IHH', 1, 0x999, 1))",
    ];
    let contents = tnefs(&bodies.map(str::to_owned));
    let twice = opened(&contents[0]);
    assert_eq!(twice.contents("a"), [b"one", b"two"]);
    assert!(twice.is_withheld);
    let other = opened(&contents[1]);
    assert_eq!(
        other.contents("(data outside every member)"),
        [b"Rar!\x1a\x07\x01\0"]
    );
    let behind = opened(&contents[2]);
    assert_eq!(behind.gap, Some(Gap::Damaged));
    for (content, body) in contents.iter().zip(bodies).skip(4) {
        assert_eq!(opened(content).gap, Some(Gap::Damaged), "{body}");
    }
    let name = opened(&contents[3]);
    assert_eq!(name.members[0].rules, ["archive_path_escapes"]);
    let limits = Limits {
        unpacked_bytes_max: 3,
        ..Limits::default()
    };
    assert_eq!(opened_within(&sample(), &limits).gap, Some(Gap::Limit));
}

/// The example of [MS-OXRTFCP] 3.2.1, and its text.
const RTF: [u8; 49] = [
    0x2d, 0, 0, 0, 0x2b, 0, 0, 0, b'L', b'Z', b'F', b'u', 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0x00, 0x0a,
    0x00, b'r', b'c', b'p', b'g', b'1', b'2', b'5', b'B', b'2', 0x0a, 0xf3, b' ', b'h', b'e', b'l',
    0x09, 0x00, 0x20, b'b', b'w', 0x05, 0xb0, b'l', b'd', b'}', 0x0a, 0x80, 0x0f, 0xa0,
];

#[test]
fn compressed_rtf_comes_out() {
    let whole = format!(
        "out = begin + attribute(1, 0x69003, properties(variable(0x102, 0x1009, bytes({RTF:?}))))"
    );
    let plain = "out = begin + attribute(1, 0x69003, properties(variable(0x102, 0x1009, struct.pack('<II4sI', 17, 5, b'MELA', 0) + b'alpha')))";
    let mut bodies = vec![
        whole.clone(),
        plain.to_owned(),
        plain.replace("MELA", "XXXX"),
    ];
    for at in [12, 17, 24, 40] {
        let mut changed = RTF;
        changed[at] ^= 1;
        bodies.push(whole.replace(&format!("{RTF:?}"), &format!("{changed:?}")));
    }
    let contents = tnefs(&bodies);
    let mail = opened(&contents[0]);
    assert_eq!(
        mail.contents("(message in rtf)"),
        [b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"]
    );
    assert!(!mail.is_suspect());
    assert_eq!(
        opened(&contents[1]).contents("(message in rtf)"),
        [b"alpha"]
    );
    let other = opened(&contents[2]);
    assert_eq!(other.members[0].what, What::Partial(Gap::Unsupported));
    for content in &contents[3..] {
        let mail = opened(content);
        assert_eq!(mail.members[0].what, What::Partial(Gap::Damaged));
    }
}
