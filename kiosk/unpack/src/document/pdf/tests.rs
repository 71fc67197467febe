//! Documents written by hand, because the usual tools do not write what hides things, and by
//! qpdf, because it shares nothing with this reader.

#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

mod codings;
mod encrypted;
mod hostile;
mod limits;

use wire::Gap;

use crate::testing::{Opened, What, kinds, made_by_shell, opened};

/// A document of these objects, numbered from 1, with a table that is right.
fn document(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut content = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(content.len());
        content.extend_from_slice(format!("{} 0 obj\n", index + 1).as_bytes());
        content.extend_from_slice(object);
        content.extend_from_slice(b"\nendobj\n");
    }
    let start = content.len();
    let count = objects.len() + 1;
    content.extend_from_slice(format!("xref\n0 {count}\n0000000000 65535 f \n").as_bytes());
    for place in places {
        content.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
    }
    let end = format!("trailer\n<</Size {count}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n");
    content.extend_from_slice(end.as_bytes());
    content
}

/// A stream with these entries in its dictionary.
fn stream(entries: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("<<{entries}/Length {}>>\nstream\n", data.len());
    [head.as_bytes(), data, b"\nendstream"].concat()
}

fn flate(data: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// A catalog, a page and what it shows.
fn page(content: Vec<u8>) -> Vec<Vec<u8>> {
    let catalog = b"<</Type/Catalog/Pages 2 0 R>>".to_vec();
    let pages = b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec();
    let page = b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/MediaBox[0 0 9 9]>>".to_vec();
    vec![catalog, pages, page, content]
}

/// Opens a document with one more object.
fn with(object: &[u8]) -> Opened {
    let mut objects = page(stream("/Filter/FlateDecode", &flate(b"<page>")));
    objects.push(object.to_vec());
    opened(&document(&objects))
}

/// Whether any member holds `marker`.
fn holds(opened: &Opened, marker: &[u8]) -> bool {
    let mut contents = opened.members.iter().map(|member| &member.content);
    contents.any(|content| content.windows(marker.len()).any(|window| window == marker))
}

#[test]
fn an_ordinary_page_is_one_joined_member() {
    let pdf = with(b"null");
    assert!(!pdf.is_suspect() && pdf.rules.is_empty(), "{pdf:?}");
    assert_eq!(pdf.members.len(), 1);
    assert_eq!(pdf.members[0].name, "(streams 1 to 1)");
    assert!(holds(&pdf, b"<page>"));
}

#[test]
fn a_document_is_told_by_what_readers_look_for() {
    let plain = document(&page(stream("", b"x")));
    assert_eq!(kinds(&plain), ["pdf"]);
    let behind = |length: usize| [vec![b' '; length], plain.clone()].concat();
    assert_eq!(kinds(&behind(1019)), ["pdf"]);
    // Without its header where one is looked for, a document is one by its end.
    assert_eq!(kinds(&plain[16..]), ["pdf"]);
    assert_eq!(kinds(&behind(2000)), ["pdf"]);
    assert_eq!(kinds(b"if begins('%PDF-'): print('a document')"), [""; 0]);
    assert_eq!(kinds(b"%PDF-1.4"), ["pdf"]);
    assert_eq!(opened(b"%PDF-1.4").gap, Some(Gap::Damaged));
}

#[test]
fn what_qpdf_writes_comes_out_whole() {
    let pdf = made_by_shell(
        r#"
cat > in.pdf <<'END'
%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\('<script>'\))>>>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>> endobj
4 0 obj <</Length 6>> stream
<page>
endstream endobj
trailer <</Root 1 0 R>>
END
echo '<attached>' > 点検.txt
qpdf --object-streams=generate --add-attachment 点検.txt -- in.pdf out || test $? = 3"#,
    );
    let pdf = opened(&pdf);
    assert_eq!(pdf.gap, None);
    assert_eq!(pdf.contents("点検.txt"), [b"<attached>\n"]);
    assert!(holds(&pdf, b"<page>"));
    assert!(holds(&pdf, b"app.alert('<script>')"));
    let names: Vec<_> = pdf.members.iter().map(|one| one.name.as_str()).collect();
    assert!(
        names
            .iter()
            .any(|name| name.starts_with("JavaScript in object")),
        "{names:?}"
    );
    assert!(names.contains(&"(object streams 1 to 1)"), "{names:?}");
    for rule in ["pdf_javascript", "pdf_open_action", "pdf_embedded_file"] {
        assert!(pdf.has_rule(rule), "{rule}");
    }
    assert!(!pdf.is_withheld);
}

#[test]
fn an_action_that_starts_something_blocks() {
    let launches = |object: &[u8]| with(object).has_rule("pdf_launch");
    assert!(launches(b"<</S/Launch/F(cmd.exe)>>"));
    assert!(launches(
        b"<</A<</S/L#61unch/Win<</F(cmd.exe)/P(/c x)>>>>>>"
    ));
    let shows = with(b"<</S/Launch/F(chapter 2.PDF)>>");
    assert!(shows.has_rule("pdf_launch") && !shows.is_withheld);
    assert!(with(b"<</S/Launch/F(update.docm)>>").is_withheld);
    assert!(!launches(b"<</S/Launch>>"));
    assert!(!launches(b"<</S/GoTo/F(other.pdf)>>"));
    assert!(with(b"<</S/Launch/F(cmd.exe)>>").is_withheld);
    // The kind of the action may stand elsewhere.
    let mut objects = page(stream("", b""));
    objects.push(b"<</S 6 0 R/F(cmd.exe)>>".to_vec());
    objects.push(b"/Launch".to_vec());
    assert!(opened(&document(&objects)).has_rule("pdf_launch"));
}

#[test]
fn going_to_a_page_on_opening_is_usual() {
    assert!(
        with(b"<</OpenAction<</S/GoTo/D[3 0 R/Fit]>>>>")
            .rules
            .is_empty()
    );
    assert!(with(b"<</OpenAction[3 0 R/Fit]>>").rules.is_empty());
    let mut objects = page(stream("", b""));
    objects.push(b"<</OpenAction 6 0 R>>".to_vec());
    objects.push(b"<</S/SubmitForm/F(x)>>".to_vec());
    let pdf = opened(&document(&objects));
    assert!(pdf.has_rule("pdf_open_action") && pdf.has_rule("pdf_submit_form"));
}

#[test]
fn scripts_forms_and_files_have_their_own_names() {
    let mut objects = page(stream("", b""));
    objects.push(b"<</JS 6 0 R>>".to_vec());
    objects.push(stream("/Filter/FlateDecode", &flate(b"<script>")));
    objects.push(b"<</XFA[(a) 8 0 R]>>".to_vec());
    objects.push(stream("/Filter/FlateDecode", &flate(b"<form>")));
    objects.push(b"<</F(b)/UF 11 0 R/EF<</F 10 0 R/UF 10 0 R>>>>".to_vec());
    objects.push(stream("", b"<file>"));
    objects.push(b"<FEFF 70B9 691C>".to_vec());
    objects.push(b"<</F(../x)/EF 13 0 R>>".to_vec());
    objects.push(b"<</F 14 0 R>>".to_vec());
    objects.push(stream("", b"<other>"));
    objects.push(stream("/Type/EmbeddedFile", b"<nameless>"));
    let pdf = opened(&document(&objects));
    assert_eq!(pdf.contents("JavaScript, object 6 0"), [b"<script>"]);
    assert_eq!(pdf.contents("XFA form, object 8 0"), [b"<form>"]);
    assert_eq!(pdf.contents("点検"), [b"<file>"]);
    assert_eq!(pdf.contents("../x"), [b"<other>"]);
    assert_eq!(pdf.contents("embedded file, object 15 0"), [b"<nameless>"]);
    let escaping = pdf.members.iter().find(|one| one.name == "../x").unwrap();
    assert_eq!(escaping.rules, ["archive_path_escapes"]);
}

#[test]
fn strings_are_matched_as_they_read() {
    let pdf = with(b"<</Subject(a\\163 \\\r\nre\\141d\\))/V<3c6865783>>>");
    assert!(holds(&pdf, b"as read)"));
    assert!(holds(&pdf, b"<hex0"));
    assert!(pdf.members.iter().any(|one| one.name == "(strings 1 to 2)"));
}

#[test]
fn what_is_a_container_or_a_program_is_a_member_of_its_own() {
    let zip = crate::testing::made(
        "import zipfile; z = zipfile.ZipFile('out', 'w'); z.writestr('a', b'alpha')",
    );
    for content in [zip.as_slice(), b"MZ program", b"7z\xbc\xaf\x27\x1c\0\x04"] {
        for coded in [
            stream("/Filter/FlateDecode", &flate(content)),
            stream("", content),
            stream("/Filter/DCTDecode", content),
        ] {
            let pdf = with(&coded);
            assert_eq!(pdf.contents("object 5 0"), [content]);
            assert!(!pdf.is_suspect());
        }
        // Behind what the decoder reads.
        let pdf = with(&stream(
            "/Filter/FlateDecode",
            &[flate(b"x"), content.to_vec()].concat(),
        ));
        assert_eq!(pdf.contents("data behind object 5 0"), [content]);
    }
}

#[test]
fn a_document_with_its_source_in_it_is_both_and_whole() {
    let odf = crate::testing::made(
        "import zipfile; z = zipfile.ZipFile('out', 'w'); z.writestr('content.xml', b'<source>')",
    );
    let mut objects = page(stream("/Filter/FlateDecode", &flate(b"<page>")));
    objects.push(stream("", &odf));
    let content = document(&objects);
    assert_eq!(kinds(&content), ["pdf", "zip"]);
    let pdf = opened(&content);
    assert_eq!(pdf.contents("content.xml"), [b"<source>"]);
    assert_eq!(pdf.contents("object 5 0"), [odf.as_slice()]);
    assert!(holds(&pdf, b"<page>") && !pdf.is_suspect(), "{pdf:?}");
    // Its torn pieces, before and behind the archive, are not documents of their own.
    assert_eq!(pdf.members.len(), 3);
}

#[test]
fn every_revision_and_what_no_table_names_is_examined() {
    let first = document(&page(stream("/Filter/FlateDecode", &flate(b"<first>"))));
    let second = [
        b"4 0 obj\n".to_vec(),
        stream("/Filter/FlateDecode", &flate(b"<second>")),
        b"\nendobj\nxref\n0 0\ntrailer<</Prev 9/Root 1 0 R>>\nstartxref\n9\n%%EOF\n".to_vec(),
    ]
    .concat();
    let pdf = opened(&[first, second].concat());
    assert!(holds(&pdf, b"<first>") && holds(&pdf, b"<second>"));
    assert!(!pdf.is_suspect() && pdf.rules.is_empty(), "{pdf:?}");
    // Numbers of a form that only some readers take.
    for numbers in ["1.0 0.", "5 +0", "7 99999999999999", "%\n"] {
        let object = [
            numbers.as_bytes(),
            b" obj",
            &stream("/Filter/AHx", b"3c6865783e>"),
        ]
        .concat();
        assert!(holds(&with(&object), b"<hex>"), "{numbers}");
    }
    // Words that would end an object, in the middle of its dictionary, and one that is not closed.
    for word in [
        "stream\n",
        "0 obj",
        "endobj",
        "endstream 5",
        "xref",
        "trailer",
    ] {
        let entries = format!("/A 1 {word} /Filter/AHx");
        assert!(
            holds(&with(&stream(&entries, b"3c6865783e>")), b"<hex>"),
            "{word}"
        );
    }
    assert!(holds(
        &with(b"<</Filter/AHx/A[(x)\nstream\n3c6865783e>\nendstream"),
        b"<hex>"
    ));
    // An object in the data of a stream, in a string and behind a comment.
    let inner = [
        b"9 0 %\xff 1 2\nobj%comment\n".to_vec(),
        stream("/Filter/FlateDecode%)\n", &flate(b"<inner>")),
    ]
    .concat();
    assert!(holds(&with(&stream("", &inner)), b"<inner>"));
    assert!(holds(
        &with(&[b"(".to_vec(), inner.clone(), b")".to_vec()].concat()),
        b"<inner>"
    ));
    assert!(holds(
        &with(&[b"<</A[".to_vec(), inner].concat()),
        b"<inner>"
    ));
}

#[test]
fn data_before_between_and_behind_is_told_and_containers_there_are_handed_out() {
    // An image of Windows in a pipe, which is named and not opened.
    let other = b"WLPWM\0\0\0";
    let plain = document(&page(stream("", b"x")));
    let between = plain
        .windows(7)
        .position(|window| window == b"endobj\n")
        .unwrap()
        + 7;
    let mut middle = plain.clone();
    middle.splice(between..between, *other);
    let behind_end = [plain.clone(), other.to_vec(), plain.clone()].concat();
    for content in [
        [other.to_vec(), plain.clone()].concat(),
        middle,
        [plain.clone(), other.to_vec()].concat(),
        behind_end,
    ] {
        let pdf = opened(&content);
        assert!(pdf.has_rule("container_extra_data"));
        assert!(holds(&pdf, other), "{pdf:?}");
    }
    let spaces = opened(&[plain.clone(), b"\r\n \0\0".to_vec()].concat());
    assert!(spaces.rules.is_empty() && spaces.members.is_empty());
}

#[test]
fn a_document_cut_anywhere_is_never_whole() {
    let mut objects = page(stream("/Filter/FlateDecode", &flate(b"<page>")));
    objects.push(stream("/Filter/ASCIIHexDecode", b"3c6c6173743e>"));
    let content = document(&objects);
    let start = content
        .windows(9)
        .position(|window| window == b"startxref")
        .unwrap();
    for end in 5..content.len() - 1 {
        let pdf = opened(&content[..end]);
        let told = if end < start + 9 {
            pdf.gap.is_some()
        } else {
            pdf.gap.is_some() || !pdf.rules.is_empty()
        };
        let is_whole = content[..end].ends_with(b"%%EOF");
        assert!(told || is_whole, "cut at {end}: {pdf:?}");
    }
}

#[test]
fn what_cannot_be_decoded_is_told() {
    let pdf = with(&stream("/Filter/FlateDecode", b"\xff\xff\xff\xff\xff\xff"));
    assert_eq!(pdf.members[0].what, What::Unchecked(Gap::Damaged));
    // What came out before a fault is what readers show.
    let mut cut = flate(&(0..=255).collect::<Vec<u8>>().repeat(3));
    cut.truncate(cut.len() / 2);
    let pdf = with(&stream("/Filter/FlateDecode", &cut));
    assert!(pdf.has_rule("pdf_damaged_stream") && holds(&pdf, b"\x01\x02\x03"));
    // An archive that is cut off is not an archive.
    let mut objects = page(stream("", b""));
    objects.push(stream("/Filter/FlateDecode", &cut));
    objects.push(b"<</F(a)/EF<</F 5 0 R>>>>".to_vec());
    let pdf = opened(&document(&objects));
    assert_eq!(pdf.members[0].what, What::Partial(Gap::Damaged));
    let pdf = with(&stream("/Filter/SecretDecode", b"secret"));
    assert_eq!(pdf.members[0].what, What::Partial(Gap::Unsupported));
    let pdf = with(&stream("/Filter 77 0 R", b"secret"));
    assert_eq!(pdf.members[0].what, What::Partial(Gap::Unsupported));
}

#[test]
fn a_stream_that_is_coded_in_two_ways_is_told_and_both_are_examined() {
    let hex = b"3c6865783e>";
    let pdf = with(&stream("/Filter/AHx/Filter/A85", hex));
    assert!(pdf.has_rule("pdf_several_filters") && pdf.is_withheld);
    assert!(holds(&pdf, b"<hex>"));
    let mut objects = page(stream("", b""));
    objects.push(stream("/Filter 6 0 R", hex));
    objects.push(b"/AHx".to_vec());
    let one = document(&objects);
    assert!(holds(&opened(&one), b"<hex>") && !opened(&one).is_suspect());
    let two = [one, b"6 0 obj /A85 endobj startxref 0 %%EOF".to_vec()].concat();
    assert!(opened(&two).has_rule("pdf_several_definitions"));
}

#[test]
fn lengths_that_lie_hide_nothing() {
    let coded = flate(b"<content>");
    for length in [
        "0",
        "1",
        "99999999999999999999",
        "-5",
        "600",
        "9 0 R",
        "(x)",
        "7.5",
    ] {
        let head = format!("<</Filter/FlateDecode/Length {length}>>\r\nstream\r\n");
        let pdf = with(&[head.as_bytes(), &coded, b"\r\nendstream"].concat());
        assert!(holds(&pdf, b"<content>"), "{length}");
    }
    // The word that ends a stream stands in its data, and the length is right.
    let data = b"<before> endstream endobj <after>";
    let pdf = with(&stream(
        "/Filter/RL",
        &[&[32], data.as_slice(), &[128]].concat(),
    ));
    assert!(holds(&pdf, b"<after>") && !pdf.is_suspect());
    // Nothing ends it at all.
    let mut objects = page(stream("", b""));
    objects.push([b"<</Filter/Fl>>stream\n".as_slice(), &coded].concat());
    assert!(holds(&opened(&document(&objects)), b"<content>"));
}
