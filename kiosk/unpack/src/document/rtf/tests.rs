#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;
use wire::scan::Limits;

use super::words::DIGITS_MAX;
use super::{Data, INSTRUCTION_MAX};
use crate::document::compound::maker::Maker;
use crate::testing::{Opened, What, gzipped, kinds, opened, opened_within};

fn number(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap().to_le_bytes()
}

fn hex(data: &[u8]) -> String {
    data.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An object as older programs keep it, of this class and kind.
fn object(class: &str, kind: u8, native: &[u8]) -> Vec<u8> {
    let class = [class.as_bytes(), b"\0"].concat();
    let mut data = [
        &[1, 5, 0, 0, kind, 0, 0, 0][..],
        &number(class.len()),
        &class,
    ]
    .concat();
    data.extend([number(0), number(0), number(native.len())].concat());
    data.extend_from_slice(native);
    data
}

fn package(name: &str, content: &[u8]) -> Vec<u8> {
    let parts: [&[u8]; 8] = [
        b"\x02\0",
        name.as_bytes(),
        b"\0C:\\x\0",
        b"\0\0\x03\0",
        &number(5),
        b"C:\\x\0",
        &number(content.len()),
        content,
    ];
    parts.concat()
}

fn document(objdata: &str) -> Vec<u8> {
    let head = "{\\rtf1\\ansi{\\fonttbl{\\f0 A;}}\\pard text";
    format!("{head}{{\\object\\objemb{{\\*\\objclass X}}{{\\*\\objdata {objdata}}}{{\\result{{\\pict 00}}}}}}\\par}}").into_bytes()
}

fn native() -> Vec<u8> {
    Maker::new(512).with("Contents", b"alpha").bytes()
}

#[test]
fn a_document_without_objects_is_whole_and_nothing_comes_out() {
    let text = b"{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 A;}}\\pard \\'93\\u28857?\\{x\\}\\par}\r\n\0";
    assert_eq!(kinds(text), ["rtf"]);
    let found = opened(text);
    assert!(found.members.is_empty() && found.rules.is_empty() && found.gap.is_none());
    assert_eq!(kinds(b"{\\rt{\\object"), ["rtf"]);
    assert_eq!(kinds(b"{\\r"), [""; 0]);
}

#[test]
fn objects_and_embedded_files_come_out() {
    let inner = native();
    let found = opened(&document(&hex(&object("Word.Document.8", 2, &inner))));
    assert_eq!(found.contents("object 1 (content)"), [&*inner]);
    assert!(found.has_rule("rtf_object") && !found.is_suspect());
    assert_eq!(found.members.len(), 2);
    let zip = gzipped(b"alpha");
    let data = hex(&object("Package", 2, &package("点検.gz", &zip))).to_uppercase();
    let lines: Vec<_> = data
        .as_bytes()
        .chunks(62)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let found = opened(&document(&lines.join("\r\n")));
    assert_eq!(found.contents("点検.gz"), [&*zip]);
    assert!(found.has_rule("ole_package") && !found.is_suspect());
}

#[test]
fn what_exploits_put_between_the_digits_is_passed_over_and_told() {
    let inner = native();
    let plain = hex(&object("X", 2, &inner));
    let (head, tail) = plain.split_at(40);
    let odd = [
        format!("{head}{{\\unknown}}{tail}"),
        format!("{head}{{\\*\\unknown 12}}{tail}").replace(" 12", ""),
        format!("{head}\\x123 {tail}"),
        format!("{head}\\'0f{tail}"),
        format!("{head}\\*{tail}"),
        format!("{head};!{tail}"),
        format!("{head}\\x12345678901 {tail}"),
        format!("{head}{{{{{{{tail}}}}}"),
        format!("{plain}0"),
    ];
    for objdata in odd {
        let found = opened(&document(&objdata));
        assert_eq!(found.contents("object 1 (content)"), [&*inner], "{objdata}");
        assert!(found.has_rule("rtf_obfuscated") && found.is_withheld);
    }
    assert!("12345678901".len() == DIGITS_MAX + 1);
    // Readers that know the word in one spelling only do not see the object.
    let upper = String::from_utf8(document(&plain))
        .unwrap()
        .replace("objdata", "OBJDATA");
    assert_eq!(
        opened(upper.as_bytes()).contents("object 1 (content)"),
        [&*inner]
    );
    let numbered = String::from_utf8(document(&plain))
        .unwrap()
        .replace("objdata ", "objdata00000000000001 ");
    assert_eq!(
        opened(numbered.as_bytes()).contents("object 1 (content)"),
        [&*inner]
    );
}

#[test]
fn bytes_as_they_are_belong_to_the_object() {
    let data = object("X", 2, &native());
    let mut content = b"{\\rt{\\object{\\*\\objdata ".to_vec();
    content.extend_from_slice(hex(&data[..10]).as_bytes());
    content.extend(format!("\\bin{} ", data.len() - 10).into_bytes());
    content.extend_from_slice(&data[10..]);
    content.extend_from_slice(b"}}}");
    let found = opened(&content);
    assert_eq!(found.contents("object 1 (content)"), [native()]);
    assert!(!found.is_suspect());
    let cut = opened(b"{\\rtf1{\\*\\objdata 01\\bin99999999999999999999 x}}");
    assert_eq!(cut.gap, Some(Gap::Damaged));
    // Elsewhere a reader passes over them, and another one may not.
    let hidden = document(&hex(&data));
    let head = format!("{{\\rtf1\\bin{} ", hidden.len()).into_bytes();
    let found = opened(&[&head[..], &hidden, b"}"].concat());
    assert!(found.has_rule("rtf_obfuscated"));
    assert_eq!(found.contents("(data outside every member)"), [&*hidden]);
}

#[test]
fn groups_that_do_not_match_hide_no_object() {
    let data = hex(&object("X", 2, &native()));
    for content in [
        format!("{{\\rtf1}}}}}}{{\\object{{\\*\\objdata {data}}}}}"),
        format!("{{\\rt{{{{{{\\object\\objdata {data}"),
        format!("{{\\rtf1}}\\objdata {data}"),
        format!("{{\\rtf1{{\\*\\objdata 01{{\\*\\objdata {data}}}}}}}"),
    ] {
        let found = opened(content.as_bytes());
        let all: Vec<_> = found
            .members
            .iter()
            .map(|member| &*member.content)
            .collect();
        assert!(all.contains(&&*native()), "{content}");
        assert!(found.is_suspect() || found.has_rule("container_extra_data"));
    }
}

#[test]
fn other_data_comes_out_when_it_is_a_container() {
    let zip = hex(&gzipped(b"alpha"));
    for word in ["\\*\\themedata", "\\*\\datastore", "\\pict\\wmetafile8"] {
        let content =
            format!("{{\\rtf1{{{word} {zip}}}{{\\pict {{\\*\\picprop 12}}\\picw1 ffd8ff}}}}");
        let found = opened(content.as_bytes());
        assert_eq!(found.contents("embedded data 1"), [gzipped(b"alpha")]);
        assert_eq!(found.members.len(), 1);
        assert!(!found.is_suspect() && found.rules.is_empty(), "{found:?}");
    }
}

#[test]
fn an_object_without_a_readable_header_is_told_and_searched() {
    let inner = native();
    let found = opened(&document(
        &hex(&[&b"\x01\x05\0\0\x07"[..], &inner].concat()),
    ));
    assert!(found.has_rule("rtf_object_malformed") && found.is_withheld);
    assert_eq!(found.contents("object 1 (at 5)"), [&*inner]);
    // One that the header does not lead to.
    let data = [object("X", 2, b"other"), inner.clone()].concat();
    let at = data.len() - inner.len();
    let found = opened(&document(&hex(&data)));
    assert_eq!(found.contents("object 1 (content)"), [b"other"]);
    assert_eq!(found.contents(&format!("object 1 (at {at})")), [&*inner]);
    assert!(opened(&document(&hex(&object("X", 1, b"")))).has_rule("ole_link"));
}

#[test]
fn a_document_cut_anywhere_is_never_whole() {
    let content = document(&hex(&object("Package", 2, &package("a.txt", b"alpha"))));
    assert!(!opened(&content).is_suspect());
    for end in 4..content.len() {
        assert!(opened(&content[..end]).is_suspect(), "cut at {end}");
    }
    let short = object("Package", 2, &package("a.txt", b"alpha"));
    for end in 0..short.len() {
        assert!(
            opened(&document(&hex(&short[..end]))).is_suspect(),
            "cut at {end}"
        );
    }
}

#[test]
fn a_container_behind_the_end_is_handed_out() {
    let found = opened(&[&document("")[..], &gzipped(b"alpha")].concat());
    assert_eq!(
        found.contents("(data outside every member)"),
        [gzipped(b"alpha")]
    );
}

#[test]
fn fields_that_ask_a_program_are_told() {
    let field = |instruction: &str| {
        opened(
            format!("{{\\rtf1{{\\field{{\\*\\fldinst {instruction}}}{{\\fldrslt x}}}}}}")
                .as_bytes(),
        )
    };
    for instruction in [
        " DDEAUTO c:\\\\x \"y\"",
        "{\\b dd}{\\i e}auto x",
        "\\'44\\'44\\'45 x",
        "\\u68?\\u68 ?E x",
        "\\uc0\\u68 DE x",
        "QUOTE {\\field{\\*\\fldinst DDE x}}",
    ] {
        assert!(field(instruction).has_rule("dde_field"), "{instruction}");
    }
    assert!(field("HYPERLINK \"a\"").rules.is_empty());
    assert!(opened(b"{\\rtf1 DDEAUTO}").rules.is_empty());
    let far = format!("{}DDE", "x ".repeat(INSTRUCTION_MAX / 2));
    assert!(field(&far).rules.is_empty());
    assert!(field(&far[4..]).has_rule("dde_field"));
}

#[test]
fn digits_end_at_the_limit() {
    let limits = Limits {
        memory_bytes_max: 100_000,
        ..Limits::default()
    };
    let content = document(&"00".repeat(100_000 + Data::STEP_BYTES));
    let found: Opened = opened_within(&content, &limits);
    assert_eq!(found.members[0].what, What::Partial(Gap::Limit));
    assert!(found.members[0].content.len() <= 100_000);
    let limits = Limits {
        members_max: 5,
        ..Limits::default()
    };
    let many = format!("{{\\rtf1{}}}", "{\\objdata 01}".repeat(50));
    assert_eq!(
        opened_within(many.as_bytes(), &limits).gap,
        Some(Gap::Limit)
    );
}
