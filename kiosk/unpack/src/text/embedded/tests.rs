#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;
use wire::scan::Limits;

use super::hex::{GAP_BYTES_MAX, PROGRAM_BYTES_MIN};
use super::run::{ARMOUR_LINES_MAX, RUN_BYTES_MIN};
use super::uu::LINE_BYTES_MAX;
use crate::testing::{What, gzipped, kinds, made, made_by_shell, opened, opened_within};

fn base64(content: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in content.chunks(3) {
        let mut bytes = [0; 3];
        bytes[..group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
        for place in 0..4 {
            let index = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap();
            let is_there = place <= group.len();
            text.push(if is_there {
                char::from(LETTERS[index])
            } else {
                '='
            });
        }
    }
    text
}

fn wrapped(text: &str, width: usize) -> String {
    let lines = text.as_bytes().chunks(width);
    lines
        .map(|line| format!("{}\n", std::str::from_utf8(line).unwrap()))
        .collect()
}

/// What looks like a program and is none.
fn program() -> Vec<u8> {
    let mut program = b"MZ\x90\0\x03\0\0\0<first marker>".to_vec();
    program.extend((0..2000_u32).map(|byte| u8::try_from(byte * 7 % 251).unwrap()));
    program
}

/// What looks like nothing and does not shrink.
fn noise() -> Vec<u8> {
    let mut state: u32 = 1;
    let bytes = (0..4000).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0] | 1
    });
    bytes.collect()
}

#[test]
fn uuencoded_files_anywhere_in_a_text_come_out() {
    let text = made_by_shell(
        "printf alpha > a; head -c 3000 /dev/zero > 点検.bin; printf beta > b
         { echo Hello; uuencode a a.txt; echo between; uuencode 点検.bin 点検.bin; uuencode -m b b.txt; uuencode -m -e b c.txt; echo end of it; } > out",
    );
    assert_eq!(kinds(&text), ["encoded text"]);
    let found = opened(&text);
    assert_eq!(found.contents("a.txt"), [b"alpha"]);
    assert_eq!(found.contents("点検.bin"), [vec![0; 3000]]);
    assert_eq!(found.contents("b.txt"), [b"beta"]);
    assert_eq!(found.contents("c.txt"), [b"beta"]);
    assert!(!found.is_suspect() && found.rules.is_empty(), "{found:?}");
}

#[test]
fn other_encoders_make_the_same() {
    let text = made_by_shell(
        "seq 500 | gzip -n > a.bin; cp a.bin c.bin; cp a.bin d.bin
         { uuenview -x a.bin; uuenview -u c.bin; uuenview -y d.bin; } > out",
    );
    let content = made_by_shell("seq 500 | gzip -n > out");
    let found = opened(&text);
    for name in ["a.bin", "c.bin", "d.bin"] {
        assert!(found.contents(name).contains(&content.as_slice()), "{name}");
    }
    assert_eq!(found.gap, None);
    assert!(
        found.members.iter().all(|one| one.what == What::Content),
        "{found:?}"
    );
}

#[test]
fn a_block_without_its_end_is_damaged_and_prose_is_no_block() {
    let text = "begin 644 a\n%86QP:&$\n`\nend\n";
    assert_eq!(opened(text.as_bytes()).contents("a"), [b"alpha"]);
    for end in ["begin 644 a\n%86QP:&$".len(), text.len() - 5] {
        let cut = opened(&text.as_bytes()[..end]);
        assert_eq!(cut.members[0].what, What::Partial(Gap::Damaged));
        assert_eq!(cut.members[0].content, b"alpha");
    }
    let malformed = opened(b"begin 644 a\n%86QP:&$\nlower case\nend\n");
    assert_eq!(malformed.members[0].what, What::Partial(Gap::Damaged));
    for prose in [
        "begin 644 a\nIt was a dark night\nend\n",
        "begin 644 a\n\nend\n",
        "begin 64\nMA\n",
        "begin-base64 644 a\nwhat is it\n",
    ] {
        assert_eq!(kinds(prose.as_bytes()), [""; 0], "{prose}");
    }
    let two = opened(b"begin 644 x\n#+++\n+\nend\n");
    assert!(!two.members.is_empty());
}

#[test]
fn spaces_lost_at_the_end_of_a_line_are_zeros() {
    let found = opened(b"begin 644 a\nM\n \nend\n");
    assert_eq!(found.contents("a"), [vec![0; 45]]);
}

#[test]
fn yenc_is_checked() {
    let content = made(
        "
import zlib
data = bytes(range(256)) * 3
body = b''
for byte in data:
    byte = (byte + 42) % 256
    body += bytes([byte]) if byte not in (0, 10, 13, 61) else bytes([61, (byte + 64) % 256])
lines = b'\\r\\n'.join(body[at:at + 128] for at in range(0, len(body), 128))
# A line must not end between an escape and its byte.
lines = body
out = b'hello\\r\\n=ybegin line=128 size=768 name=a b.bin\\r\\n' + lines + b'\\r\\n=yend size=768 crc32=%08x\\r\\n' % zlib.crc32(data)
open('out', 'wb').write(out)
",
    );
    let every: Vec<u8> = (0..=255).collect();
    let found = opened(&content);
    assert_eq!(found.contents("a b.bin"), [every.repeat(3)]);
    assert!(!found.is_suspect());
    let mut flipped = content.clone();
    flipped[60] ^= 1;
    assert_eq!(
        opened(&flipped).members[0].what,
        What::Partial(Gap::Damaged)
    );
    let cut = opened(&content[..content.len() - 40]);
    assert_eq!(cut.members[0].what, What::Partial(Gap::Damaged));
    let part = b"=ybegin part=1 total=2 line=128 size=9 name=a\n=ypart begin=1 end=3\n\x8b\x8c\x8d\n=yend size=3 part=1\n";
    let part = opened(part);
    assert_eq!(part.contents("a"), [b"abc"]);
    assert_eq!(part.members[0].what, What::Partial(Gap::Unsupported));
}

#[test]
fn base64_is_handed_out_when_it_is_a_program_or_a_container() {
    let zip = made(
        "import zipfile; z = zipfile.ZipFile('out', 'w'); z.writestr('a', bytes(3000)); z.close()",
    );
    for content in [
        program(),
        zip.clone(),
        gzipped(&noise()),
        [b"junk".repeat(9), zip].concat(),
    ] {
        let text = base64(&content);
        let shapes = [
            format!("x = \"{text}\"\n"),
            format!("text\n\n{}\nmore text\n", wrapped(&text, 76)),
            format!(
                "-----BEGIN CERTIFICATE-----\r\n{}-----END CERTIFICATE-----\r\n",
                wrapped(&text, 64).replace('\n', "\r\n")
            ),
            format!("Heading\n{}", wrapped(&text, 60)),
        ];
        for shape in shapes {
            let found = opened(shape.as_bytes());
            let inner = found.members[0].content.as_slice();
            let is_there =
                inner == content || inner.windows(content.len()).any(|part| part == content);
            assert!(is_there, "{}", &shape[..40]);
            assert!(!found.is_suspect());
        }
    }
    // Base64 of base64, one level at a time.
    let twice = base64(wrapped(&base64(&program()), 76).as_bytes());
    let outer = opened(wrapped(&twice, 76).as_bytes());
    assert_eq!(
        opened(&outer.members[0].content).members[0].content,
        program()
    );
}

#[test]
fn base64_of_nothing_that_runs_is_left_alone() {
    let text = wrapped(&base64(&noise()), 64);
    assert_eq!(kinds(text.as_bytes()), [""; 0]);
    let armour = format!("-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n");
    assert_eq!(kinds(armour.as_bytes()), [""; 0]);
    // A short run is a key or a name, whatever it begins with.
    let mut short = program();
    short.truncate(RUN_BYTES_MIN / 4 * 3 - 3);
    assert_eq!(kinds(base64(&short).as_bytes()), [""; 0]);
    short.resize(RUN_BYTES_MIN, 1);
    assert_eq!(kinds(base64(&short).as_bytes()), ["encoded text"]);
    let words = "internationalization\n".repeat(2000);
    assert_eq!(kinds(words.as_bytes()), [""; 0]);
}

#[test]
fn a_block_behind_a_long_word_is_not_skipped() {
    for before in [
        "internationalization\n",
        "internationalization\ninternationalization\n",
    ] {
        let text =
            format!("{before}begin 644 a\n%86QP:&$\n`\nend\nbegin 644 b\n$8F5T80``\n`\nend\n");
        let found = opened(text.as_bytes());
        assert_eq!(found.contents("a"), [b"alpha"]);
        assert_eq!(found.contents("b"), [b"beta"]);
    }
}

#[test]
fn lines_and_headers_that_are_too_long_are_none() {
    let long = format!(
        "begin 644 a\n%86QP:&$ {}\n`\nend\n",
        " ".repeat(LINE_BYTES_MAX)
    );
    assert_eq!(kinds(long.as_bytes()), [""; 0]);
    let zip = made("import zipfile; z = zipfile.ZipFile('out', 'w'); z.close()");
    for (lines, wanted) in [(ARMOUR_LINES_MAX - 1, 1), (ARMOUR_LINES_MAX, 0)] {
        let header = "A: b\n".repeat(lines);
        let text = format!(
            "-----BEGIN X-----\n{header}{}\n-----END X-----\n",
            base64(&zip)
        );
        assert_eq!(kinds(text.as_bytes()).len(), wanted, "{lines}");
    }
}

#[test]
fn messages_of_openpgp_are_named() {
    let body = wrapped(&base64(&[0x85; 300]), 64);
    let text = format!(
        "Hello\n-----BEGIN PGP MESSAGE-----\nVersion: x\n\n{body}=abcd\n-----END PGP MESSAGE-----\n"
    );
    let found = opened(text.as_bytes());
    assert_eq!(found.members[0].what, What::Unchecked(Gap::Encrypted));
    assert_eq!(found.members.len(), 1);
    let example = "-----BEGIN PGP MESSAGE-----\n\n...\n-----END PGP MESSAGE-----\n";
    assert_eq!(kinds(example.as_bytes()), [""; 0]);
}

#[test]
fn data_uris_come_out_through_every_usual_escape() {
    let rows: [(&str, &str); 11] = [
        (
            "<img src=\"data:image/png;base64,PGZpcnN0IG1hcmtlcj4=\">",
            "image/png",
        ),
        (
            "<img src=\"DATA:image/png;charset=x;base64,PGZpcnN0\r\n IG1hcmtlcj4\">",
            "image/png",
        ),
        (
            "a{b:url(data:image/gif;base64,PGZpcnN0IG1hcmtlcj4=)}",
            "image/gif",
        ),
        (
            "{\"a\":\"data:image\\/png;base64,PGZpcnN0IG1h\\ncmtlcj4=\"}",
            "image/png",
        ),
        ("x='data:;base64,PGZpcnN0IG1hcmtlcj4%3D'", ""),
        (
            "<a href='data:text/html;base64,PGZpcnN0&#10;IG1hcmtlcj4&#x3d;'>",
            "text/html",
        ),
        ("\"data:a/b;base64,PGZpcnN0\\u0049G1hcmtlcj4\\x3d\"", "a/b"),
        ("data:a/b;base64,PGZpcnN0IG1hcmtlcj4= and text", "a/b"),
        (
            "<a href=\"data:text/html,%3Cfirst marker%3E\">",
            "text/html",
        ),
        (
            "url(data:image/svg+xml;utf8,%3Cfirst%20marker%3E)",
            "image/svg+xml",
        ),
        (
            "'data:text/plain;charset=utf-8,%3cfirst%20marker>'",
            "text/plain",
        ),
    ];
    for (text, media_type) in rows {
        let found = opened(text.as_bytes());
        let name = format!("data:{media_type} 1");
        assert_eq!(found.contents(&name), [b"<first marker>"], "{text}");
        assert!(
            !found.is_suspect() && found.rules.is_empty(),
            "{text} {found:?}"
        );
    }
    let two = "\"data:a/b;base64,QQ==\" \"data:a/b;base64,Qg==\"";
    assert_eq!(opened(two.as_bytes()).contents("data:a/b 2"), [b"B"]);
    let malformed = opened(b"'data:a/b;base64,QUJ-DRA'");
    assert!(malformed.has_rule("text_malformed") && !malformed.is_suspect());
    let escape = opened(b"'data:a/../../../b;base64,QUJD'");
    assert_eq!(escape.members[0].name, "data: 1");
}

#[test]
fn what_only_resembles_a_data_uri_is_none() {
    let plain = [
        "data: a, b",
        "metadata:1,2",
        "data:,x",
        "data:image/png;base64,",
        "data:image/png;base64,\" + x",
        "data:text/html,<p>plain</p>",
    ];
    for text in plain {
        assert_eq!(kinds(text.as_bytes()), [""; 0], "{text}");
    }
    assert_eq!(kinds(b"data:a\tb/c,%41"), ["spelled text"]);
    let long = format!("data:a/b{},%41", "x".repeat(super::data::HEAD_BYTES_MAX));
    assert_eq!(kinds(long.as_bytes()), [""; 0]);
}

#[test]
fn commands_for_powershell_are_decoded() {
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let command = base64(&wide("Write-Host '<first marker>'"));
    let japanese = base64(&wide("<# 日本語日本語 #> x"));
    let rows = [
        (
            format!("powershell -EncodedCommand {command}\n"),
            "Write-Host '<first marker>'",
        ),
        (
            format!("powershell.exe -nop -e \"{command}\""),
            "Write-Host '<first marker>'",
        ),
        (format!("x = '{command}'"), "Write-Host '<first marker>'"),
        (format!("pwsh /EC {japanese}"), "<# 日本語日本語 #> x"),
        (format!("a -eNcO {japanese}"), "<# 日本語日本語 #> x"),
        (
            format!("powershell \u{2013}enc {japanese}"),
            "<# 日本語日本語 #> x",
        ),
    ];
    for (text, wanted) in rows {
        let found = opened(text.as_bytes());
        assert_eq!(found.contents("(command 1)"), [wide(wanted)], "{text}");
    }
    for text in [
        format!("a -x {japanese}"),
        format!("sed -e {japanese}"),
        "powershell -encoding ABCDEFGHIJKLMNOPQRST".to_owned(),
        "JSON-encoded `OperationOutcome`".to_owned(),
    ] {
        assert_eq!(kinds(text.as_bytes()), [""; 0], "{text}");
    }
}

#[test]
fn programs_in_hexadecimal_come_out() {
    let content = program();
    let join = |before: &str, between: &str| -> String {
        let bytes: Vec<String> = content
            .iter()
            .map(|byte| format!("{before}{byte:02x}"))
            .collect();
        bytes.join(between)
    };
    let rows = [
        format!("$x = \"{}\"", join("", "")),
        format!("x = 0x{}", join("", "").to_uppercase()),
        wrapped(&join("", ""), 64),
        format!("x = {{ {} }};", join("0x", ", ")),
        format!("x = \"{}\"", join("\\x", "")),
        format!("Array({})", join("&H", ", _\r\n ")),
        join("", " "),
        format!("{}{}", wrapped(&"A".repeat(80), 40), join("", "")),
    ];
    for text in rows {
        let found = opened(text.as_bytes());
        let first = &found.members[0];
        assert_eq!(first.name, "(hexadecimal 1)", "{}", &text[..60]);
        assert_eq!(first.content, content, "{}", &text[..60]);
    }
    let short = "4D5A9000".to_owned() + &"00".repeat(PROGRAM_BYTES_MIN - 5);
    assert_eq!(kinds(short.as_bytes()), [""; 0]);
    assert_eq!(kinds((short + "00").as_bytes()), ["encoded text"]);
    let far = format!("4D{}5A", " ".repeat(GAP_BYTES_MAX + 1)) + &"00".repeat(PROGRAM_BYTES_MIN);
    assert_eq!(kinds(far.as_bytes()), [""; 0]);
    let table = "4D5A 4D5B 4D5C ".repeat(PROGRAM_BYTES_MIN);
    assert_eq!(kinds(table.as_bytes()), [""; 0]);
}

#[test]
fn binhex_in_a_text_is_cut_out() {
    let text = b"Mail text\n(This file must be converted with BinHex 4.0)\n\n:#d0[GA0dD@peFfPZFfX!!!!!!&8!!!!!!+2i!!:\nafter\n";
    let found = opened(text);
    assert!(found.members[0].content.ends_with(b"!!:"));
    assert_eq!(kinds(&found.members[0].content), ["binhex"]);
}

#[test]
fn many_pieces_and_large_ones_end_at_the_budget() {
    let text = "\"data:a/b;base64,QUJD\"".repeat(100);
    let limits = Limits {
        members_max: 10,
        ..Limits::default()
    };
    let found = opened_within(text.as_bytes(), &limits);
    assert_eq!((found.members.len(), found.gap), (10, Some(Gap::Limit)));
    let limits = Limits {
        unpacked_bytes_max: 1000,
        ..Limits::default()
    };
    let texts = [
        base64(&program()),
        format!("\"data:a/b;base64,{}\"", "QUJD".repeat(1000)),
        format!("\"data:a/b,%41{}\"", "A".repeat(3000)),
        "4D5A9000".to_owned() + &"00".repeat(3000),
        format!(
            "begin 644 a\n{}`\nend\n",
            format!("M{}\n", "A".repeat(60)).repeat(100)
        ),
        format!(
            "begin-base64 644 a\n{}====\n",
            wrapped(&"QUJD".repeat(1000), 60)
        ),
        format!(
            "=ybegin line=128 size=5000 name=a\n{}\n=yend size=5000\n",
            "k".repeat(5000)
        ),
    ];
    for text in texts {
        let found = opened_within(text.as_bytes(), &limits);
        assert_eq!(found.gap, Some(Gap::Limit), "{}", &text[..30]);
        assert_eq!(
            found.members[0].what,
            What::Partial(Gap::Limit),
            "{}",
            &text[..30]
        );
    }
}
