//! Each limit, crossed.

use crate::document::pdf::REPAIR_BYTES;
use crate::testing::kinds;
use wire::Gap;
use wire::scan::Limits;

use super::super::filter::FILTERS_MAX;
use super::super::joined::{JOINED_BYTES_MAX, JOINED_HEADER};
use super::super::look::{NAMES_MAX, SCRIPTS_ALONE_MAX};
use super::super::reader::{
    DEFINITION_BYTES_MAX, DEFINITIONS_MAX, READINGS_MAX, REMEMBERED_BYTES_MAX,
    REMEMBERED_NUMBERS_MAX,
};
use super::super::streams::STREAMS_MAX;
use super::super::sweep::{HEADER_BYTES_MAX, OBJECTS_MAX};
use super::super::tape::TOKENS_MAX;
use super::{document, flate, holds, page, stream, with};
use crate::testing::{What, opened, opened_within};

/// A document that is nothing but `part` so often.
fn repeated(part: &[u8], times: usize) -> Vec<u8> {
    let body = part.repeat(times);
    [b"%PDF-1.7\n", body.as_slice(), b"\nstartxref\n0\n%%EOF\n"].concat()
}

#[test]
fn filters_may_not_multiply_without_end() {
    let chain = |length: usize| {
        let names = "/Fl".repeat(length);
        let data = (0..length).fold(b"<content>".to_vec(), |data, _| flate(&data));
        with(&stream(&format!("/Filter[{names}]"), &data))
    };
    assert!(holds(&chain(FILTERS_MAX), b"<content>"));
    let pdf = chain(FILTERS_MAX + 1);
    assert_eq!(pdf.members[0].what, What::Partial(Gap::Limit));
    let pdf = chain(100);
    assert_eq!(pdf.members[0].what, What::Partial(Gap::Limit));
}

#[test]
fn zeros_end_at_the_ratio_and_at_memory() {
    let bomb = flate(&vec![0; 80 << 20]);
    let pdf = with(&stream("/Filter/FlateDecode", &bomb));
    assert_eq!(pdf.gap, Some(Gap::Limit));
    let twice = flate(&bomb);
    assert_eq!(
        with(&stream("/Filter[/Fl/Fl]", &twice)).gap,
        Some(Gap::Limit)
    );
    let limits = Limits {
        memory_bytes_max: 1 << 20,
        ..Limits::default()
    };
    let mut objects = page(stream("/Filter/FlateDecode", &bomb));
    objects.push(stream("", b""));
    let pdf = opened_within(&document(&objects), &limits);
    assert_eq!(pdf.members[0].what, What::Partial(Gap::Limit));
    assert!(pdf.members[0].content.len() <= 1 << 20);
}

#[test]
fn nesting_is_as_deep_as_the_content_wants() {
    for (open, close) in [("<</A", ">>"), ("[", "]"), ("(", ")")] {
        let deep = open.repeat(10_000) + " (<inside>\\050) " + &close.repeat(10_000);
        let pdf = with(deep.as_bytes());
        assert!(!pdf.is_suspect(), "{open}");
        assert!(holds(&pdf, b"<inside>("), "{open}");
        assert!(!with(&deep.as_bytes()[..deep.len() - 5000]).is_suspect());
    }
}

#[test]
fn objects_and_their_parts_are_counted() {
    let pdf = opened(&repeated(b"1 0 obj ", OBJECTS_MAX + 1));
    assert_eq!(pdf.gap, Some(Gap::Limit));
    let mut long = b"[".to_vec();
    long.extend(b"1 ".repeat(TOKENS_MAX));
    assert_eq!(with(&long).gap, Some(Gap::Limit));
    long.truncate(TOKENS_MAX);
    assert_eq!(with(&long).gap, None);
    let pdf = opened(&repeated(
        b"1 0 obj<</Filter/AHx>>stream\n3c endstream ",
        STREAMS_MAX + 1,
    ));
    assert_eq!(pdf.gap, Some(Gap::Limit));
}

#[test]
fn objects_that_lie_in_each_other_are_read_only_so_often() {
    // Each string reaches to the end of the document.
    let part = b"1 0 obj( ";
    let pdf = opened(&repeated(part, READINGS_MAX * 20));
    assert_eq!(pdf.gap, None);
    let pdf = opened(&repeated(part, READINGS_MAX * 500));
    assert_eq!(pdf.gap, Some(Gap::Limit));
}

#[test]
fn an_object_behind_a_long_comment_is_found_without_its_number() {
    let number = |length: usize| {
        let comment = "x".repeat(length);
        let head = format!("9 0 %{comment}\nobj");
        let mut object = head.into_bytes();
        object.extend(stream("/Filter/AHx", b"4d5a"));
        let pdf = with(&object);
        assert!(holds(&pdf, b"MZ"), "{length}");
        pdf.contents("object 9 0").len()
    };
    assert_eq!(number(HEADER_BYTES_MAX - 6), 1);
    assert_eq!(number(HEADER_BYTES_MAX), 0);
}

#[test]
fn definitions_that_are_too_many_or_too_long_hide_nothing() {
    let mut objects = page(stream("", b""));
    objects.push(stream("/Filter 6 0 R", b"3c6865783e>"));
    objects.push(
        [
            b"[ %".to_vec(),
            vec![b'x'; DEFINITION_BYTES_MAX],
            b"\n/AHx]".to_vec(),
        ]
        .concat(),
    );
    let pdf = opened(&document(&objects));
    assert_eq!(pdf.members[0].what, What::Partial(Gap::Unsupported));
    // Beside one that is short, it is one that a reader may choose.
    objects.push(b"null\nendobj\n6 0 obj/AHx".to_vec());
    assert!(opened(&document(&objects)).has_rule("pdf_several_definitions"));
    let mut objects = page(stream("", b""));
    objects.push(stream("/Filter 6 0 R", b"3c6865783e>"));
    objects.push(
        [
            b"/AHx".to_vec(),
            b"\nendobj\n6 0 obj /AHx".repeat(DEFINITIONS_MAX),
        ]
        .concat(),
    );
    assert!(opened(&document(&objects)).has_rule("pdf_several_definitions"));
    let mut objects = page(stream("", b""));
    objects.push(stream("/Filter 6 0 R", b"3c6865783e>"));
    objects.extend((7..DEFINITIONS_MAX + 8).map(|next| format!("{next} 0 R").into_bytes()));
    objects.push(b"/AHx".to_vec());
    let pdf = opened(&document(&objects));
    assert_eq!(pdf.members[0].what, What::Partial(Gap::Unsupported));
}

#[test]
fn names_and_numbers_are_remembered_only_so_many() {
    let name = "n".repeat(4000);
    let files = |count: usize| -> Vec<u8> {
        let file = |at: usize| format!("{} 0 obj<</F({name})/EF<</F {at} 0 R>>>> ", at + count);
        repeated((0..count).map(file).collect::<String>().as_bytes(), 1)
    };
    assert_eq!(opened(&files(100)).gap, None);
    assert_eq!(
        opened(&files(REMEMBERED_BYTES_MAX / 4000)).gap,
        Some(Gap::Limit)
    );
    let forms: String = (0..=REMEMBERED_NUMBERS_MAX)
        .map(|at| format!("{at} 0 R "))
        .collect();
    let object = |part: &str| with(format!("[<</XFA[{part}]>>]").as_bytes()).gap;
    assert_eq!(object(&forms[..1000]), None);
    assert_eq!(object(&forms), Some(Gap::Limit));
}

#[test]
fn one_file_has_few_names_and_a_document_few_scripts_of_their_own() {
    let mut objects = page(stream("", b"<file>"));
    for at in 0..=NAMES_MAX {
        objects.push(format!("<</F(name {at})/EF<</F 4 0 R>>>>").into_bytes());
    }
    assert_eq!(opened(&document(&objects)).members.len(), NAMES_MAX);
    let mut objects = page(stream("", b""));
    for at in 0..SCRIPTS_ALONE_MAX + 2 {
        objects.push(format!("<</JS(<script {at}>)>>").into_bytes());
    }
    let pdf = opened(&document(&objects));
    assert_eq!(pdf.members.len(), SCRIPTS_ALONE_MAX + 1);
    assert!(holds(
        &pdf,
        format!("<script {}>", SCRIPTS_ALONE_MAX + 1).as_bytes()
    ));
    assert_eq!(pdf.members.last().unwrap().name, "(scripts 1 to 2)");
}

#[test]
fn joined_members_are_of_a_bounded_size() {
    let part = vec![b'x'; JOINED_BYTES_MAX / 3];
    let mut objects = page(stream("", b""));
    for _ in 0..4 {
        objects.push(stream("/Filter/FlateDecode", &flate(&part)));
    }
    objects.push(stream(
        "/Filter/FlateDecode",
        &flate(&vec![b'y'; JOINED_BYTES_MAX + 1]),
    ));
    let pdf = opened(&document(&objects));
    let names: Vec<_> = pdf.members.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(
        names,
        ["(streams 1 to 2)", "object 9 0", "(streams 3 to 4)"]
    );
    assert!(pdf.members[0].content.starts_with(JOINED_HEADER));
    assert!(pdf.members[0].content.len() <= JOINED_BYTES_MAX);
}

#[test]
fn a_header_past_its_place_hides_no_document() {
    let plain = document(&page(stream("/Filter/FlateDecode", &flate(b"<page>"))));
    let first_object = plain.windows(7).position(|at| at == b"1 0 obj").unwrap();
    for (before, is_found) in [
        (2000, true),
        (REPAIR_BYTES - first_object - 7, true),
        (REPAIR_BYTES + 1, false),
    ] {
        let content = [vec![b'.'; before], plain.clone()].concat();
        let is_pdf = kinds(&content).contains(&"pdf");
        assert_eq!(is_pdf, is_found, "{before} bytes before it");
    }
}
