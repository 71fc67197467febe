#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;
use wire::scan::Limits;

use crate::testing::{What, kinds, made_by_shell, opened, opened_within};

/// A message that OpenSSL makes of `<first marker>` and some more.
fn made(options: &str) -> Vec<u8> {
    made_by_shell(&format!(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out cert -subj /CN=x -days 2 2>/dev/null
         {{ printf '<first marker>'; seq 2000; }} > text
         openssl cms -in text -binary -outform DER -out out {options}"
    ))
}

fn text() -> Vec<u8> {
    made_by_shell("{ printf '<first marker>'; seq 2000; } > out")
}

#[test]
fn what_is_signed_comes_out_whole_and_in_pieces() {
    for options in ["", "-stream"] {
        let content = made(&format!(
            "-sign -nodetach -signer cert -inkey key {options}"
        ));
        assert_eq!(kinds(&content), ["pkcs7"]);
        let message = opened(&content);
        assert_eq!(message.contents("(signed content)"), [text()], "{options}");
        assert!(
            !message.is_suspect() && message.rules.is_empty(),
            "{options}"
        );
        for end in (20..content.len()).step_by(7) {
            let cut = opened(&content[..end]);
            assert!(cut.is_suspect(), "{options} cut at {end}");
        }
    }
}

#[test]
fn a_detached_signature_holds_nothing() {
    let content = made("-sign -signer cert -inkey key");
    let message = opened(&content);
    assert_eq!((message.members.len(), message.is_suspect()), (0, false));
    let behind = opened(&[content, b"Rar!\x1a\x07\x01\0".to_vec()].concat());
    assert!(behind.has_rule("container_extra_data"));
    assert_eq!(behind.members.len(), 1);
}

#[test]
fn encrypted_messages_are_named() {
    let content = made("-encrypt -aes256 cert");
    let message = opened(&content);
    assert_eq!(message.members[0].what, What::Unchecked(Gap::Encrypted));
    assert_eq!(kinds(b"\x30\x03\x02\x01\x01"), [""; 0]);
}

#[test]
fn a_signed_mail_of_outlook_is_opened_over_two_levels() {
    let content = made_by_shell(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out cert -subj /CN=x -days 2 2>/dev/null
         printf 'Content-Type: text/plain\\r\\nContent-Transfer-Encoding: base64\\r\\n\\r\\nPGZpcnN0IG1hcmtlcj4=\\r\\n' > text
         openssl smime -sign -nodetach -in text -signer cert -inkey key -from a@example.com -subject x -out out",
    );
    assert_eq!(kinds(&content), ["mail"]);
    let mail = opened(&content);
    let message = opened(mail.contents("smime.p7m")[0]);
    let signed = opened(&message.members[0].content);
    assert_eq!(signed.members[0].content, b"<first marker>");
    assert!(!mail.is_suspect() && !message.is_suspect() && !signed.is_suspect());
}

#[test]
fn hostile_lengths_are_told_and_pieces_end_at_the_budget() {
    let head = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80\x02\x01\x01";
    let tails: [&[u8]; 4] = [
        b"\x31\x88\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x31\x80\x31\x80\x31\x80",
        b"\x1f\x81\x81",
        b"\x31\x00\x30\x80\x06\x01\x01\xa0\x80\x24\x80\x04\x84\xff\xff\xff\xff",
    ];
    for tail in tails {
        let message = opened(&[head.as_slice(), tail].concat());
        assert_eq!(message.gap, Some(Gap::Damaged), "{tail:?}");
    }
    let content = made("-sign -nodetach -signer cert -inkey key -stream");
    let limits = Limits {
        memory_bytes_max: 100,
        ..Limits::default()
    };
    let message = opened_within(&content, &limits);
    assert_eq!(message.members[0].what, What::Partial(Gap::Limit));
}
