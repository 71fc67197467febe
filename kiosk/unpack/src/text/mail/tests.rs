#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;
use wire::scan::Limits;

use super::entity::{CONTROLS_MAX, FIELD_BYTES_MAX, HEADER_LOOK_BYTES};
use super::split::{BOUNDARY_BYTES_MAX, GUESS_LINES_MAX};
use super::*;
use crate::testing::{What, kinds, made, opened, opened_within};

/// The beginning of a multipart mail with the boundary `b`.
const HEAD: &str =
    "From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";

/// A multipart mail with these parts, each with its header.
fn mail(parts: &[&str]) -> Vec<u8> {
    let mut text = HEAD.to_owned();
    for part in parts {
        text += "--b\r\n";
        text += part;
        text += "\r\n";
    }
    text += "--b--\r\n";
    text.into_bytes()
}

/// A part that is one file in base64.
fn attached(name: &str, base64: &str) -> String {
    format!(
        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\n{base64}"
    )
}

/// "<first marker>".
const FIRST: &str = "PGZpcnN0IG1hcmtlcj4=";

#[test]
fn every_part_of_a_usual_mail_comes_out_under_its_name() {
    let content = made(
        "
import email.message, email.policy
m = email.message.EmailMessage(policy=email.policy.SMTP)
m['From'] = 'a@example.com'; m['Subject'] = '点検'
m.set_content('点検の結果です。\\n', cte='quoted-printable')
m.add_alternative('<p>alpha</p>\\n', subtype='html', cte='7bit')
m.add_attachment(bytes(range(256)) * 9, 'application', 'octet-stream', filename='a.bin')
m.add_attachment(b'beta', 'text', 'plain', filename='点検表.txt')
inner = email.message.EmailMessage(policy=email.policy.SMTP)
inner['Subject'] = 'inner'
inner.set_content('gamma\\n')
inner.add_attachment(b'delta', 'a', 'b', filename='d.bin')
m.add_attachment(inner)
open('out', 'wb').write(bytes(m))
",
    );
    assert_eq!(kinds(&content), ["mail"]);
    let mail = opened(&content);
    let every: Vec<u8> = (0..=255).collect();
    assert_eq!(mail.contents("a.bin"), [every.repeat(9)]);
    assert_eq!(mail.contents("点検表.txt"), [b"beta"]);
    assert_eq!(mail.contents("d.bin"), [b"delta"]);
    assert_eq!(
        mail.contents("(part 1.1.1 text/plain)"),
        ["点検の結果です。\r\n".as_bytes()]
    );
    assert_eq!(
        mail.contents("(part 1.1.2 text/html)"),
        [b"<p>alpha</p>\r\n"]
    );
    assert_eq!(mail.members.len(), 6, "{mail:?}");
    assert!(!mail.is_suspect() && mail.rules.is_empty(), "{mail:?}");
}

#[test]
fn japanese_names_of_old_mail_programs_are_readable() {
    let content = made(
        "
import email.mime.multipart, email.mime.application, email.header
m = email.mime.multipart.MIMEMultipart(); m['From'] = 'a@example.com'
for charset in ['iso-2022-jp', 'shift_jis', 'utf-8', 'euc-jp']:
    name = email.header.Header('点検表 ' + charset + '.xls', charset).encode(maxlinelen=60)
    a = email.mime.application.MIMEApplication(charset.encode(), name='x')
    a.replace_header('Content-Type', 'application/octet-stream;\\n name=\"' + name.replace('\\n', '\\r\\n') + '\"')
    a.add_header('Content-Disposition', 'attachment', filename=(charset, 'ja', '点検表 ' + charset + '.xls'))
    m.attach(a)
open('out', 'wb').write(m.as_bytes())
",
    );
    let mail = opened(&content);
    for charset in ["iso-2022-jp", "shift_jis", "utf-8", "euc-jp"] {
        let name = format!("点検表 {charset}.xls");
        assert_eq!(mail.contents(&name), [charset.as_bytes()], "{mail:?}");
    }
    assert!(!mail.is_suspect() && mail.rules.is_empty(), "{mail:?}");
}

#[test]
fn a_mail_is_found_behind_a_mark_blank_lines_and_garbage() {
    let content = mail(&[&attached("a", FIRST)]);
    let before: [&[u8]; 4] = [b"", b"\xef\xbb\xbf", b"\r\n\n \n", b"garbage\nmore of it\n"];
    for before in before {
        let mail = opened(&[before, &content].concat());
        assert_eq!(mail.contents("a"), [b"<first marker>"], "{before:?}");
        assert!(!mail.is_suspect(), "{before:?}");
    }
    let plain: [&[u8]; 5] = [
        b"Note: this is\nTo: no mail\nFrom: anyone\n",
        b"Content-Type: text/plain\n\nx",
        b"To: a\nTo: b\nTo: c\n",
        b"\xde\x12\x04\x95\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\nMIME-Version: 1.0\nContent-Type: a/b\n",
        b"",
    ];
    for text in plain {
        assert_eq!(kinds(text), [""; 0], "{text:?}");
    }
    let late = [
        vec![b'x'; HEADER_LOOK_BYTES],
        b"\n".to_vec(),
        content.clone(),
    ]
    .concat();
    assert!(!kinds(&late).contains(&"mail"));
    let few = [vec![1; CONTROLS_MAX], b"\n".to_vec(), content].concat();
    assert_eq!(kinds(&few), ["mail"]);
    assert!(!kinds(&[b"\x01", few.as_slice()].concat()).contains(&"mail"));
}

#[test]
fn a_web_archive_inside_something_else_is_opened() {
    let archive = mail(&[&attached("a", FIRST)]);
    let content = [b"%PDX-1.4\n1 0 obj\n\n".as_slice(), &archive[21..]].concat();
    assert_eq!(kinds(&content), ["mail inside"]);
    assert_eq!(opened(&content).contents("a"), [b"<first marker>"]);
}

#[test]
fn the_header_of_a_mail_alone_is_no_mail_inside() {
    let text = format!(
        "\0\x01{}\r\n\r\n{HEAD}and other text\r\n",
        "\x02".repeat(30)
    );
    assert_eq!(kinds(text.as_bytes()), [""; 0]);
    let cut = format!("{text}--b\r\n{}\r\n", attached("a", FIRST));
    let inside = opened(cut.as_bytes());
    assert_eq!(inside.contents("a"), [b"<first marker>"]);
    assert!(!inside.is_suspect());
}

#[test]
fn parts_without_the_mail_around_them_come_out() {
    let whole = mail(&[&attached("a", FIRST), &attached("b", FIRST)]);
    let parts = &whole[HEAD.len()..];
    let mail = opened(parts);
    assert_eq!(mail.contents("a"), [b"<first marker>"]);
    assert_eq!(mail.contents("b"), [b"<first marker>"]);
    assert!(!mail.is_suspect());
}

#[test]
fn a_part_whose_header_has_no_end_is_handed_out() {
    let plain = opened(&mail(&["plain text"]));
    assert_eq!(plain.members[0].content, b"plain text");
    let odd = format!("Content-Transfer-Encoding: base64\r\n{FIRST}");
    let odd = opened(&mail(&[&odd]));
    assert_eq!(odd.members[0].content, b"<first marker>");
    assert!(odd.is_withheld && odd.has_rule("mail_ambiguous"));
}

#[test]
fn fields_behind_a_line_that_is_none_do_not_lead_in_a_circle() {
    let text = "no field\r\nContent-Type: message/rfc822\r\nMIME-Version: 1.0";
    for part in [
        text.to_owned(),
        format!("Content-Type: message/rfc822\r\n\r\n{text}"),
    ] {
        let mail = opened(&mail(&[&part]));
        assert_eq!(mail.members[0].content, text.as_bytes());
        assert!(mail.has_rule("mail_ambiguous"));
    }
}

#[test]
fn each_reading_of_what_is_said_twice_is_handed_out() {
    let twice = "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=a\r\n\r\nPGZpcnN0IG1hcmtlcj4=";
    let mail_ = opened(&mail(&[twice]));
    assert_eq!(mail_.contents("a"), [FIRST.as_bytes(), b"<first marker>"]);
    assert!(mail_.has_rule("mail_ambiguous") && mail_.is_withheld);

    let head = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n";
    let text = format!("{head}--a\r\n\r\nalpha\r\n--a--\r\n--b\r\n\r\nbeta\r\n--b--\r\n");
    let mail_ = opened(text.as_bytes());
    let all = mail_.members.iter().map(|one| one.content.as_slice());
    assert_eq!(all.collect::<Vec<_>>(), [b"beta".as_slice(), b"alpha"]);
    assert!(mail_.has_rule("mail_ambiguous") && mail_.is_withheld);

    let head = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
    let text = format!("{head}--a\r\n\r\nalpha\r\n--a--\r\n--b\r\n\r\nbeta\r\n--b--\r\n");
    let mail_ = opened(text.as_bytes());
    assert_eq!(mail_.members.len(), 2);
    assert!(mail_.is_withheld);
}

#[test]
fn what_readers_see_differently_is_a_contradiction() {
    let program = format!("TVqQAAMA{}", "AAAA".repeat(10));
    let rows: [(String, &str); 8] = [
        // Base64 of a program in a part that declares nothing.
        (format!("Content-Disposition: attachment; filename=a.exe\r\n\r\n{program}"), "undeclared"),
        // A part behind the end mark.
        (format!("\r\nx\r\n--b--\r\n--b\r\n{}", attached("a", FIRST)), "late"),
        // A line that begins like the boundary.
        ("\r\nx\r\n--bb\r\n\r\ny".to_owned(), "near miss"),
        (format!("Content-Type: a/b\r\n \r\nX-Y: z\r\n\r\n{FIRST}"), "line of spaces"),
        (format!("Content-Transfer-Encoding : base64\r\n\r\n{FIRST}"), "space"),
        (format!("Content-Transfer-Encoding: base64 x\r\n\r\n{FIRST}"), "more"),
        ("Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\ny\r\n--x--".to_owned(), "no boundary"),
        ("Content-Type: multipart/mixed; boundary=x\r\nContent-Transfer-Encoding: base64\r\n\r\nTVqQ".to_owned(), "encoded multipart"),
    ];
    for (part, case) in rows {
        let mail = opened(&mail(&[&part]));
        assert!(
            mail.is_withheld && mail.has_rule("mail_ambiguous"),
            "{case}: {mail:?}"
        );
    }
    let mail_ = opened(&mail(&[&format!(
        "\r\nx\r\n--b--\r\n--b\r\n{}",
        attached("a", FIRST)
    )]));
    assert_eq!(mail_.contents("a"), [b"<first marker>"]);
    let undeclared = opened(&mail(&[&format!(
        "Content-Disposition: attachment; filename=a.exe\r\n\r\n{program}"
    )]));
    assert!(
        undeclared
            .contents("a.exe")
            .iter()
            .any(|content| content.starts_with(b"MZ\x90"))
    );
    // A container as it stands in a part that says it is base64.
    let zip = "PK\x03\x04\x14\0\0\0\0\0";
    let raw = format!(
        "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=z\r\n\r\n{zip}"
    );
    assert!(
        opened(&mail(&[&raw]))
            .contents("z")
            .contains(&zip.as_bytes())
    );
}

#[test]
fn malformed_base64_is_damaged_and_decoded_as_far_as_it_goes() {
    for text in [
        "PGZpcnN0!IG1hcmtlcj4=",
        "PGZpcnN0IG1hcmtlcj4",
        "PGZpcnN0IG1hcmtlcj4=x",
    ] {
        let mail = opened(&mail(&[&attached("a", text)]));
        assert_eq!(mail.members[0].what, What::Partial(Gap::Damaged), "{text}");
        assert!(
            mail.members[0].content.starts_with(b"<first marker"),
            "{text}"
        );
    }
    let unknown = "Content-Transfer-Encoding: x-own\r\n\r\nabc";
    let mail_ = opened(&mail(&[unknown]));
    assert_eq!(mail_.members[0].what, What::Partial(Gap::Unsupported));
    let partial = opened(&mail(&[
        "Content-Type: message/partial; id=x; number=1\r\n\r\nabc",
    ]));
    assert_eq!(partial.gap, Some(Gap::Unsupported));
}

#[test]
fn encrypted_parts_are_named() {
    let pgp = format!(
        "MIME-Version: 1.0\nContent-Type: multipart/encrypted; boundary=b; protocol=\"application/pgp-encrypted\"\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--b\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\n\n{}\n--b--\n",
        "-----BEGIN PGP MESSAGE-----\n\nhQEMA1\n-----END PGP MESSAGE-----"
    );
    let mail_ = opened(pgp.as_bytes());
    assert_eq!(mail_.members[0].what, What::Content);
    assert_eq!(mail_.members[1].name, "encrypted.asc");
    assert_eq!(mail_.members[1].what, What::Partial(Gap::Encrypted));
}

#[test]
fn a_mail_cut_anywhere_is_never_whole() {
    let content = mail(&["\r\nalpha", &attached("a", FIRST)]);
    let whole = opened(&content);
    assert_eq!((whole.members.len(), whole.is_suspect()), (2, false));
    // The end mark is whole without the line break behind it.
    for end in 0..content.len() - 2 {
        let cut = &content[..end];
        if kinds(cut) == ["mail"] {
            // A header that is cut before it says multipart is a mail without parts.
            let says = cut
                .windows(HEAD.len())
                .any(|window| window == HEAD.as_bytes());
            assert!(opened(cut).gap == Some(Gap::Damaged) || !says, "{end}");
        }
    }
}

#[test]
fn inner_parts_without_their_end_are_ended_by_the_outer_boundary() {
    let inner = "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nalpha";
    let mail_ = opened(&mail(&[inner, &attached("a", FIRST)]));
    assert_eq!(mail_.contents("(part 1.1.1 text/plain)"), [b"alpha"]);
    assert_eq!(mail_.contents("a"), [b"<first marker>"]);
    assert!(!mail_.is_suspect() && mail_.has_rule("mail_malformed"));
}

#[test]
fn contents_outside_the_parts_are_handed_out() {
    let uri = "<img src=\"data:image/png;base64,PGZpcnN0IG1hcmtlcj4=\">";
    let before = format!("{HEAD}{uri}\r\n--b\r\n\r\nx\r\n--b--\r\n");
    let after = format!("{HEAD}\r\n--b\r\n\r\nx\r\n--b--\r\n{uri}");
    for text in [before, after] {
        let mail = opened(text.as_bytes());
        assert!(mail.has_rule("container_extra_data"));
        let outside = mail.contents("(data outside every member)")[0].to_vec();
        assert_eq!(
            opened(&outside).contents("data:image/png 1"),
            [b"<first marker>"]
        );
    }
    let header = format!("X-A: \"data:a/b;base64,{FIRST}\"\r\n{HEAD}--b\r\n\r\nx\r\n--b--\r\n");
    assert_eq!(
        opened(header.as_bytes()).contents("data:a/b 1"),
        [b"<first marker>"]
    );
}

#[test]
fn utf7_is_handed_out_as_utf8_too() {
    let text = "Content-Type: text/html; charset=utf-7\r\n\r\n+ADw-script+AD4-";
    let mail_ = opened(&mail(&[text]));
    let name = "(part 1.1 text/html)";
    assert_eq!(
        mail_.contents(name),
        [b"+ADw-script+AD4-".as_slice(), b"<script>"]
    );
}

#[test]
fn names_that_lead_out_block_and_names_that_differ_are_told() {
    let mail_ = opened(&mail(&[&attached("../a", FIRST)]));
    assert_eq!(mail_.members[0].rules, ["archive_path_escapes"]);
    let two =
        "Content-Type: a/b; name=a.txt\r\nContent-Disposition: attachment; filename=a.exe\r\n\r\nx";
    let mail_ = opened(&mail(&[two]));
    assert_eq!(mail_.members[0].name, "a.exe");
    assert!(mail_.has_rule("mail_names_differ"));
}

#[test]
fn limits_are_told() {
    // Nesting.
    let nested: String = (0..=PART_DEPTH_MAX)
        .map(|depth| format!("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\n"))
        .collect();
    let deep = opened(nested.as_bytes());
    assert_eq!(deep.gap, Some(Gap::Limit));
    // Boundaries.
    let many: String = (0..=READINGS_MAX)
        .map(|one| format!("; boundary=x{one}"))
        .collect();
    let text = format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed{many}\r\n\r\n--x0\r\n\r\ny\r\n--x0--\r\n"
    );
    assert_eq!(opened(text.as_bytes()).gap, Some(Gap::Unsupported));
    // A field's length and its parameters.
    let long = "x".repeat(FIELD_BYTES_MAX);
    let text = format!("MIME-Version: 1.0\r\nContent-Type: a/b; x={long}\r\n\r\ny");
    assert!(opened(text.as_bytes()).is_withheld);
    let many = "; x=y".repeat(field::PARAMETERS_MAX + 1);
    let text = format!("MIME-Version: 1.0\r\nContent-Type: a/b{many}\r\n\r\ny");
    assert!(opened(text.as_bytes()).is_withheld);
    // Too many lines or letters before a boundary that nobody named.
    let mut body = "x\n".repeat(GUESS_LINES_MAX) + "--b\n";
    assert_eq!(guessed_boundary(body.as_bytes()), None);
    assert_eq!(guessed_boundary(&body.as_bytes()[2..]), Some(b"b".to_vec()));
    body = format!("--{}\n", "b".repeat(BOUNDARY_BYTES_MAX + 1));
    assert_eq!(guessed_boundary(body.as_bytes()), None);
}

#[test]
fn readings_of_readings_end_at_the_budget() {
    let nested: String = (0..30)
        .map(|depth| format!("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b{depth}; boundary=c{depth}\r\n\r\n--b{depth}\r\n--c{depth}\r\n"))
        .collect();
    let limits = Limits {
        members_max: 500,
        ..Limits::default()
    };
    let mail_ = opened_within(nested.as_bytes(), &limits);
    assert_eq!((mail_.gap, mail_.spent), (Some(Gap::Limit), true));
    let limits = Limits {
        unpacked_bytes_max: u64::try_from(PART_COST_BYTES * 20).unwrap(),
        ..Limits::default()
    };
    let mail_ = opened_within(nested.as_bytes(), &limits);
    assert_eq!((mail_.gap, mail_.spent), (Some(Gap::Limit), true));
}

#[test]
fn a_large_part_ends_at_the_memory() {
    let limits = Limits {
        memory_bytes_max: 1 << 20,
        ..Limits::default()
    };
    let large = "QUFB".repeat(1 << 19);
    let mail_ = opened_within(&mail(&[&attached("a", &large)]), &limits);
    assert_eq!(mail_.members[0].what, What::Partial(Gap::Limit));
}
