#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;
use wire::scan::Limits;

use super::{LINES_BETWEEN_MAX, begins};
use crate::testing::{What, kinds, made, opened, opened_within};

/// A file of the Macintosh as BinHex, by an encoder written for the test.
fn encoded(name: &str, data: &str, resource: &str) -> Vec<u8> {
    made(&format!(
        "
import binascii
letters = b'!\"#$%&\\'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr'
name, data, resource = {name:?}.encode('cp932'), {data}, {resource}
def summed(part): return part + binascii.crc_hqx(part, 0).to_bytes(2, 'big')
header = bytes([len(name)]) + name + b'\\0TEXTttxt\\0\\0' + len(data).to_bytes(4, 'big') + len(resource).to_bytes(4, 'big')
stream = summed(header) + summed(data) + summed(resource)
packed, at = b'', 0
while at < len(stream):
    times = 1
    while at + times < len(stream) and stream[at + times] == stream[at] and times < 255: times += 1
    if stream[at] == 0x90: packed += b'\\x90\\0' ; at += 1
    elif times > 3: packed += bytes([stream[at], 0x90, times]); at += times
    else: packed += stream[at:at + 1]; at += 1
bits = ''.join(format(byte, '08b') for byte in packed)
bits += '0' * (-len(bits) % 6)
text = b':' + bytes(letters[int(bits[at:at + 6], 2)] for at in range(0, len(bits), 6)) + b':'
lines = b'\\r\\n'.join(text[at:at + 64] for at in range(0, len(text), 64))
open('out', 'wb').write(b'(This file must be converted with BinHex 4.0)\\r\\n\\r\\n' + lines + b'\\r\\n')
"
    ))
}

fn sample() -> Vec<u8> {
    encoded(
        "点検",
        "b'<first marker>' + bytes(300) + b'\\x90\\x90x'",
        "b'<second marker>'",
    )
}

#[test]
fn both_forks_come_out() {
    let content = sample();
    assert_eq!(kinds(&content), ["binhex"]);
    let file = opened(&content);
    let data = [b"<first marker>".as_slice(), &[0; 300], b"\x90\x90x"].concat();
    assert_eq!(file.members[0].content, data);
    assert_eq!(file.members[1].content, b"<second marker>");
    assert_eq!(file.members[0].name, "⟨93⟩_⟨8C⟩⟨9F⟩");
    assert_eq!((file.gap, file.is_withheld), (None, false));
    assert!(file.rules.is_empty(), "{file:?}");
}

#[test]
fn a_file_of_another_encoder_comes_out() {
    let content =
        crate::testing::made_by_shell("seq 999 > alpha; macstream -r alpha | binhex > out");
    assert_eq!(kinds(&content), ["binhex"]);
    let file = opened(&content);
    let wanted = crate::testing::made_by_shell("seq 999 > out");
    assert_eq!(file.contents("alpha (resource fork)"), [wanted]);
    assert!(!file.is_suspect() && file.rules.is_empty());
}

#[test]
fn an_empty_file_and_data_around_it() {
    let content = encoded("a", "b''", "b''");
    let file = opened(&content);
    assert_eq!(file.contents("a"), [b""]);
    assert!(!file.is_suspect());
    let behind = opened(&[content, b"Rar!\x1a\x07\x01\0".to_vec()].concat());
    assert_eq!(behind.members.len(), 2);
    assert!(behind.has_rule("container_extra_data"));
}

#[test]
fn cut_anywhere_it_is_never_whole() {
    let content = sample();
    let text_end = content.len() - 2;
    for end in 0..text_end {
        let cut = &content[..end];
        if begins(cut) {
            let file = opened(cut);
            let is_told = file.gap.is_some()
                || file
                    .members
                    .iter()
                    .any(|one| one.what == What::Partial(Gap::Damaged));
            assert!(is_told, "cut at {end}");
        }
    }
}

#[test]
fn every_checksum_is_checked() {
    let content = sample();
    let begin = content.iter().position(|byte| *byte == b':').unwrap() + 1;
    for at in begin..content.len() - 3 {
        let mut changed = content.clone();
        if !changed[at].is_ascii_graphic() {
            continue;
        }
        changed[at] = if changed[at] == b'!' { b'"' } else { b'!' };
        if !begins(&changed) {
            continue;
        }
        let file = opened(&changed);
        let first = &opened(&content).members;
        let same = file.members.len() == 2
            && file
                .members
                .iter()
                .zip(first)
                .all(|(one, other)| one.content == other.content);
        let told = file.gap.is_some() || file.members.iter().any(|one| one.what != What::Content);
        assert!(same || told, "byte {at}");
    }
}

#[test]
fn repetitions_end_at_the_budget() {
    let content = encoded("a", "b'x' * 200000", "b''");
    let limits = Limits {
        memory_bytes_max: 1 << 16,
        ..Limits::default()
    };
    let file = opened_within(&content, &limits);
    assert_eq!(file.members[0].what, What::Partial(Gap::Limit));
}

#[test]
fn the_announcement_alone_is_none() {
    assert_eq!(
        kinds(b"(This file must be converted with BinHex 4.0)\n\nis a line\n"),
        [""; 0]
    );
    let far = "\nx".repeat(LINES_BETWEEN_MAX + 1);
    let text = format!(
        "(This file must be converted with BinHex 4.0){far}\n:{}:",
        "!".repeat(40)
    );
    assert_eq!(kinds(text.as_bytes()), [""; 0]);
}
