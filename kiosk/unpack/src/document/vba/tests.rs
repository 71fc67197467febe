#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;
use wire::scan::Limits;

use super::{BY_THEMSELVES, CHUNK_BYTES_MAX, unpack};
use crate::Budget;
use crate::document::compound::maker::Maker;
use crate::testing::{Opened, What, opened};

/// Compresses as MS-OVBA 2.4.1 has it, with the longest copy that there is; without copies
/// when `is_plain`.
pub(crate) fn packed(data: &[u8], is_plain: bool) -> Vec<u8> {
    let mut packed = vec![1];
    for chunk in data.chunks(CHUNK_BYTES_MAX) {
        let mut body = Vec::new();
        let mut at = 0;
        while at < chunk.len() {
            let flags_at = body.len();
            body.push(0);
            for bit in 0..8 {
                if at == chunk.len() {
                    break;
                }
                let bits = (4..=12).find(|bits| at <= 1 << bits).unwrap();
                let length_max = ((1 << (16 - bits)) - 1 + 3).min(chunk.len() - at);
                let copy = (0..at)
                    .map(|begin| {
                        let same = |length: &usize| chunk[begin + length] == chunk[at + length];
                        ((0..length_max).take_while(same).count(), begin)
                    })
                    .max()
                    .filter(|(length, _)| 3 <= *length && !is_plain);
                match copy {
                    None => {
                        body.push(chunk[at]);
                        at += 1;
                    }
                    Some((length, begin)) => {
                        body[flags_at] |= 1 << bit;
                        let token = (at - begin - 1) << (16 - bits) | (length - 3);
                        body.extend_from_slice(&u16::try_from(token).unwrap().to_le_bytes());
                        at += length;
                    }
                }
            }
        }
        let mut header = 0xb000;
        if CHUNK_BYTES_MAX < body.len() {
            body = chunk.to_vec();
            body.resize(CHUNK_BYTES_MAX, 0);
            header = 0x3000;
        }
        header |= u16::try_from(body.len() - 1).unwrap();
        packed.extend_from_slice(&header.to_le_bytes());
        packed.extend(body);
    }
    packed
}

fn record(id: u16, data: &[u8]) -> Vec<u8> {
    let size = u32::try_from(data.len()).unwrap();
    [&id.to_le_bytes()[..], &size.to_le_bytes(), data].concat()
}

/// A `dir` stream that lists these modules.
fn dir(modules: &[(&str, u32)]) -> Vec<u8> {
    let mut dir = record(1, &[1, 0, 0, 0]);
    dir.extend(record(4, b"VBAProject"));
    // The size of the version leaves out two bytes.
    dir.extend(b"\x09\0\x04\0\0\0\x01\x02\x03\x04\x05\x06");
    for (name, offset) in modules {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        dir.extend(record(0x19, name.as_bytes()));
        dir.extend(record(0x1a, name.as_bytes()));
        dir.extend(record(0x32, &wide));
        dir.extend(record(0x31, &offset.to_le_bytes()));
        dir.extend(record(0x2b, b""));
    }
    dir.extend(record(0x10, b""));
    packed(&dir, false)
}

fn source(body: &str) -> Vec<u8> {
    format!("Attribute VB_Name = \"点検\"\r\nAttribute VB_Base = \"0\"\r\n{body}\r\n").into_bytes()
}

fn project(module: &[u8], offset: u32) -> Opened {
    let maker = Maker::new(512)
        .with("Macros/VBA/dir", &dir(&[("点検", offset)]))
        .with("Macros/VBA/点検", module)
        .with("Macros/VBA/_VBA_PROJECT", b"\xcc\x61");
    opened(&maker.bytes())
}

const SOURCE: &str = "Macros/VBA/点検 (source)";

#[test]
fn source_that_a_project_lists_comes_out() {
    let text = source(&"Sub Count()\r\n  x = x + 1\r\nEnd Sub\r\n".repeat(400));
    for is_plain in [false, true] {
        let module = [b"compiled".to_vec(), packed(&text, is_plain)].concat();
        let opened = project(&module, 8);
        let found = opened.contents(SOURCE)[0];
        // What does not shrink is stored in whole chunks.
        assert_eq!(&found[..text.len()], text);
        assert!(is_plain || found.len() == text.len());
        assert!(opened.has_rule("vba_macro") && !opened.is_suspect());
        assert_eq!(opened.members.len(), 6);
    }
}

#[test]
fn source_that_no_project_lists_is_found() {
    let text = source("Sub AutoOpen()\r\nEnd Sub");
    let module = [&b"compiled"[..], &packed(&text, false)].concat();
    let hidden = [
        b"\0\0".to_vec(),
        module.clone(),
        packed(&source("second"), false),
    ]
    .concat();
    let maker = Maker::new(512).with("x/y", &module).with("z", &hidden);
    let opened = opened(&maker.bytes());
    assert_eq!(opened.contents("x/y (source)"), [&*text]);
    assert_eq!(opened.contents("z (source)")[0][..text.len()], text);
    assert!(opened.has_rule("vba_macro"));
    // Stored as it is, and spelled in another way.
    let mut plain = [b"\x01\xff\x3f".to_vec(), text.to_ascii_uppercase()].concat();
    plain.resize(3 + CHUNK_BYTES_MAX, b' ');
    let opened = crate::testing::opened(&Maker::new(512).with("x", &plain).bytes());
    assert_eq!(opened.contents("x (source)")[0].len(), CHUNK_BYTES_MAX);
}

#[test]
fn source_beside_the_listed_one_is_found() {
    let module = [
        packed(&source("hidden"), false),
        vec![0; 9],
        packed(&source("listed"), false),
    ];
    let offset = u32::try_from(module[0].len() + 9).unwrap();
    let opened = project(&module.concat(), offset);
    assert_eq!(opened.contents(SOURCE), [source("listed")]);
    let name = "Macros/VBA/点検 (source 2)";
    assert_eq!(opened.contents(name)[0], source("hidden"));
}

#[test]
fn compiled_macros_without_source_are_told() {
    let opened = project(&[0; 600], 100);
    assert!(opened.has_rule("vba_macro") && opened.has_rule("vba_without_source"));
    assert!(opened.is_withheld);
    let only = Maker::new(512)
        .with("P/VBA/_VBA_PROJECT", b"\xcc\x61")
        .bytes();
    assert!(crate::testing::opened(&only).has_rule("vba_macro"));
}

#[test]
fn a_list_of_modules_that_is_broken_is_damaged() {
    let mut list = dir(&[("点検", 8), ("other", 9)]);
    let last = list.len() - 1;
    list[last] = 0xff;
    list.extend_from_slice(b"\xff\xff\xff");
    let maker = Maker::new(512).with("Macros/VBA/dir", &list);
    assert_eq!(opened(&maker.bytes()).gap, Some(Gap::Damaged));
}

#[test]
fn what_runs_by_itself_is_named() {
    for name in BY_THEMSELVES {
        let text = source(&format!(
            "Sub _\r\n  {}()\r\nEnd Sub",
            name.to_ascii_uppercase()
        ));
        let opened = project(&packed(&text, false), 0);
        let member = opened.members.iter().find(|member| member.name == SOURCE);
        assert_eq!(member.unwrap().rules, ["vba_autorun"], "{name}");
    }
    let opened = project(&packed(&source("Sub Reopen_Document()"), false), 0);
    assert!(opened.members.iter().all(|member| member.rules.is_empty()));
}

#[test]
fn packed_source_cut_anywhere_is_never_whole() {
    let text = source(&"Dim longer As Integer\r\n".repeat(300));
    let module = packed(&text, false);
    for end in 0..module.len() {
        let limits = Limits::default();
        let mut budget = Budget::new(&limits, 1 << 20);
        let found = unpack(&module[..end], 0, &mut budget);
        assert!(text.starts_with(&found.data));
        // The end of a chunk is an end; the stream itself is then shorter than it says.
        let chunk_end = 3 + usize::from(u16::from_le_bytes([module[1], module[2]]) & 0xfff) + 1;
        let is_end = end == 1 || end == chunk_end;
        assert!(is_end || found.gap.is_some(), "cut at {end}");
    }
}

#[test]
fn source_ends_at_the_limit() {
    // Each chunk of six bytes gives 4096.
    let chunk = [0x03, 0xb0, 0x02, b' ', 0xfc, 0x0f];
    let bomb = [&[1][..], &chunk.repeat(60_000)].concat();
    let limits = Limits::default();
    let mut budget = Budget::new(&limits, 1000);
    let found = unpack(&bomb, 0, &mut budget);
    assert!(matches!(found.gap, Some((Gap::Limit, _))));
    assert!(budget.spent().is_some());
    let opened = project(&bomb, 0);
    let member = opened.members.iter().find(|member| member.name == SOURCE);
    assert_eq!(member.unwrap().what, What::Partial(Gap::Limit));
}
