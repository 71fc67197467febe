//! What each coding gives back.

use super::{document, flate, holds, page, stream, with};
use crate::testing::opened;

/// LZW with codes of 9 bits only: the table is emptied before they grow.
fn lzw(data: &[u8]) -> Vec<u8> {
    let mut bits = String::new();
    for piece in data.chunks(200) {
        bits.push_str(&format!("{:09b}", 256));
        for byte in piece {
            bits.push_str(&format!("{byte:09b}"));
        }
    }
    bits.push_str(&format!("{:09b}", 257));
    let bytes = bits.as_bytes().chunks(8);
    bytes
        .map(|bits| {
            let bits = format!("{:0<8}", str::from_utf8(bits).unwrap());
            u8::from_str_radix(&bits, 2).unwrap()
        })
        .collect()
}

#[test]
fn every_coding_gives_the_same_content() {
    let content = b"<content> of a stream";
    let hex: String = content.iter().map(|byte| format!("{byte:02X} ")).collect();
    let runs = [&[20], content.as_slice(), &[128]].concat();
    let samples: [(&str, Vec<u8>); 11] = [
        ("/Filter/FlateDecode", flate(content)),
        ("/Filter[/Fl]", flate(content)),
        ("/F/Fl", flate(content)),
        ("/Filter/Fl#61teDe#63ode", flate(content)),
        ("/#46ilter [ %x\n/FlateDecode ]", flate(content)),
        ("/Filter/LZWDecode", lzw(content)),
        ("/Filter/LZW/DecodeParms<</EarlyChange 0>>", lzw(content)),
        ("/Filter/AHx", hex.clone().into_bytes()),
        (
            "/Filter/ASCIIHexDecode",
            [hex.as_bytes(), b">rest"].concat(),
        ),
        ("/Filter/RunLengthDecode", runs.clone()),
        (
            "/Filter[/AHx null/RL/Crypt]",
            runs.iter()
                .flat_map(|byte| format!("{byte:02x}").into_bytes())
                .collect(),
        ),
    ];
    for (entries, data) in samples {
        let pdf = with(&stream(entries, &data));
        assert!(holds(&pdf, content), "{entries}: {pdf:?}");
        assert!(
            !pdf.is_suspect() && pdf.rules.is_empty(),
            "{entries}: {pdf:?}"
        );
    }
}

#[test]
fn codings_of_other_tools_come_out() {
    // Python's own encoder; four zeros are one letter.
    let content = crate::testing::made(
        "
import base64
data = b'<content>' + bytes(7) + b'of a stream'
text = base64.a85encode(data, wrapcol=7)
open('out', 'wb').write(b'<</Filter/A85/Length %d>>stream\\n%s~>\\nendstream' % (len(text) + 2, text))
",
    );
    let pdf = with(&content);
    assert!(
        holds(&pdf, b"<content>\0\0\0\0\0\0\0of a stream\n"),
        "{pdf:?}"
    );
    // Ghostscript's sample of LZW from the standard: -----A---B
    let pdf = with(&stream(
        "/Filter/LZWDecode",
        &[0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01],
    ));
    assert!(holds(&pdf, b"-----A---B\n"), "{pdf:?}");
}

/// LZW as an encoder writes it that lets its codes grow, with the switch `early` codes early.
fn grown_lzw(data: &[u8], early: usize) -> Vec<u8> {
    let mut bits = format!("{:09b}", 256);
    for (index, byte) in data.iter().enumerate() {
        // One byte a code; the decoder makes a code each time but the first all the same.
        let codes = 257 + index.max(1) + early;
        let width = match codes {
            0..512 => 9,
            512..1024 => 10,
            1024..2048 => 11,
            _ => 12,
        };
        bits.push_str(&format!("{byte:0width$b}"));
    }
    bits.push_str(&format!("{:012b}", 257));
    let bytes = bits.as_bytes().chunks(8);
    bytes
        .map(|bits| {
            u8::from_str_radix(&format!("{:0<8}", str::from_utf8(bits).unwrap()), 2).unwrap()
        })
        .collect()
}

#[test]
fn lzw_codes_grow_when_they_must() {
    let content: Vec<u8> = (0..5000_usize)
        .map(|at| b"<lzw content>"[at % 13])
        .collect();
    for (early, parameters) in [(1, ""), (0, "/DecodeParms[<</EarlyChange 0>>]")] {
        let pdf = with(&stream(
            &format!("/Filter[/LZW]{parameters}"),
            &grown_lzw(&content, early),
        ));
        assert!(holds(&pdf, &content), "{early}");
        assert!(!pdf.has_rule("pdf_damaged_stream"));
    }
}

#[test]
fn damaged_wrappings_of_deflate_do_not_hide_it() {
    let coded = flate(b"<content>");
    let mut wrong_sum = coded.clone();
    *wrong_sum.last_mut().unwrap() ^= 1;
    let mut wrong_header = coded.clone();
    wrong_header[0] = 0xff;
    let spaces = [b"\r\n".to_vec(), coded.clone()].concat();
    let without_sum = coded[..coded.len() - 4].to_vec();
    for data in [
        wrong_sum,
        wrong_header,
        spaces,
        without_sum,
        coded[2..].to_vec(),
    ] {
        assert!(
            holds(&with(&stream("/Filter/FlateDecode", &data)), b"<content>"),
            "{data:?}"
        );
    }
}

#[test]
fn predictors_are_undone() {
    let rows: [&[u8]; 6] = [
        b"<first", b" row >", b"abcdef", b"zzzzzz", b"<last>", b"<end",
    ];
    for pixel in [1_usize, 3] {
        let mut coded = Vec::new();
        let mut above = [0_u8; 6];
        for (kind, row) in [0_u8, 1, 2, 3, 4, 4].into_iter().zip(rows) {
            coded.push(kind);
            for (at, byte) in row.iter().enumerate() {
                let left = at.checked_sub(pixel).map_or(0, |at| row[at]);
                let corner = at.checked_sub(pixel).map_or(0, |at| above[at]);
                let predicted = match kind {
                    0 => 0,
                    1 => left,
                    2 => above[at],
                    3 => left.midpoint(above[at]),
                    _ => {
                        let wide = |byte: u8| i32::from(byte);
                        let estimate = wide(left) + wide(above[at]) - wide(corner);
                        *[left, above[at], corner]
                            .iter()
                            .min_by_key(|byte| (estimate - wide(**byte)).abs())
                            .unwrap()
                    }
                };
                coded.push(byte.wrapping_sub(predicted));
            }
            above[..row.len()].copy_from_slice(row);
        }
        let columns = 6 / pixel;
        let entries =
            format!("/Filter/Fl/DecodeParms<</Predictor 15/Colors {pixel}/Columns {columns}>>");
        let pdf = with(&stream(&entries, &flate(&coded)));
        assert!(holds(&pdf, &rows.concat()), "{pixel}: {pdf:?}");
    }
    let coded: Vec<u8> = b"<tiff>"
        .iter()
        .scan(0_u8, |last, byte| {
            Some(byte.wrapping_sub(std::mem::replace(last, *byte)))
        })
        .collect();
    let pdf = with(&stream(
        "/Filter/Fl/DecodeParms<</Predictor 2/Columns 6>>",
        &flate(&coded),
    ));
    assert!(holds(&pdf, b"<tiff>"));
    // Sizes that cannot be change nothing.
    for columns in ["0", "-1", "9223372036854775807"] {
        let entries = format!("/Filter/Fl/DecodeParms<</Predictor 12/Columns {columns}>>");
        assert!(
            holds(&with(&stream(&entries, &flate(b"\0<data>"))), b"<data>"),
            "{columns}"
        );
    }
}

#[test]
fn what_stands_elsewhere_is_looked_up() {
    let mut objects = page(stream("", b""));
    let row = flate(b"\0<data>\x02\0\0\0\0\0\0");
    objects.push(
        [
            b"<</Filter 6 0 R/DecodeParms[7 0 R]/Length 9 0 R>>stream\n".to_vec(),
            row.clone(),
            b"\nendstream".to_vec(),
        ]
        .concat(),
    );
    objects.push(b"[8 0 R]".to_vec());
    objects.push(b"<</Predictor 12/Columns 10 0 R>>".to_vec());
    objects.push(b"/FlateDecode".to_vec());
    objects.push(row.len().to_string().into_bytes());
    objects.push(b"6".to_vec());
    let pdf = opened(&document(&objects));
    assert!(holds(&pdf, b"<data><data>"), "{pdf:?}");
    assert!(!pdf.is_suspect());
}

#[test]
fn objects_in_object_streams_are_objects() {
    let mut objects = page(stream("", b""));
    let parts = [
        "/AHx",
        "<</S/JavaScript/JS(<in a table>)>>",
        "<</F<FEFF0061>/EF<</F 6 0 R>>>>",
        "<</S/Launch/F(x)>>",
    ];
    let (mut head, mut body) = (String::new(), String::new());
    for (number, part) in (20..).zip(parts) {
        head.push_str(&format!("{number} {} ", body.len()));
        body.push_str(&format!("{part} "));
    }
    let entries = format!("/Type/ObjStm/N 4/First {}/Filter/FlateDecode", head.len());
    objects.push(stream(&entries, &flate((head + &body).as_bytes())));
    objects.push(stream("/Filter 20 0 R", b"3c66696c653e>"));
    let pdf = opened(&document(&objects));
    assert_eq!(
        pdf.contents("JavaScript in object 21 0"),
        [b"<in a table>"],
        "{pdf:?}"
    );
    assert_eq!(pdf.contents("a"), [b"<file>"]);
    assert!(pdf.has_rule("pdf_launch"));
    // A table in a table is no table to any reader; what is in it is matched.
    let inner = [b"9 0 obj".to_vec(), stream("/Filter/AHx", b"3c")].concat();
    let outer = [b"1 0 ".to_vec(), inner].concat();
    let pdf = with(&stream(
        "/Type/ObjStm/N 1/First 4/Filter/FlateDecode",
        &flate(&outer),
    ));
    assert!(holds(&pdf, b"9 0 obj") && !pdf.is_suspect());
}
