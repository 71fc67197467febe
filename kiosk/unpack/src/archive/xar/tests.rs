#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;

use super::list::read;
use super::{XAR_DEPTH_MAX, XAR_FILES_MAX, XAR_PATHS_BYTES_MAX};
use crate::testing::{What, made, made_by_shell, opened, reaches, to_hide};

const FILES: &str = "mkdir -p d/e; seq 1 3000 > d/a.txt; printf alpha > d/e/b.txt; : > d/empty; \
    printf beta > 'd/<点検>&.txt'; ln -s e/b.txt d/link; cd d; ";

fn sample(options: &str) -> Vec<u8> {
    made_by_shell(&format!(
        "{FILES} bsdtar --format xar {options} -cf ../out *"
    ))
}

fn lines() -> Vec<u8> {
    let lines: String = (1..=3_000).map(|number| format!("{number}\n")).collect();
    lines.into_bytes()
}

/// A xar that Python writes: a list, and the heap behind it.
fn written(list: &str, heap: &str) -> Vec<u8> {
    made(&format!(
        "
import struct, zlib
toc = '''<?xml version=\"1.0\"?><xar><toc>{list}</toc></xar>'''.encode()
packed = zlib.compress(toc)
open('out', 'wb').write(b'xar!' + struct.pack('>HHQQI', 28, 1, len(packed), len(toc), 0) + packed + {heap})
"
    ))
}

#[test]
fn every_file_of_every_method_is_as_it_was() {
    for method in ["none", "gzip", "bzip2", "lzma", "xz"] {
        let done = opened(&sample(&format!("--options compression={method}")));
        assert_eq!(done.contents("a.txt"), [lines()], "{method}");
        assert_eq!(done.contents("e/b.txt"), [b"alpha"], "{method}");
        assert_eq!(done.contents("<点検>&.txt"), [b"beta"], "{method}");
        assert_eq!(done.contents("link"), [b"e/b.txt"], "{method}");
        assert_eq!(done.contents("empty"), [b""], "{method}");
        assert!(!done.is_suspect(), "{method}: {done:?}");
    }
}

#[test]
fn a_xar_that_is_cut_off_or_changed_is_never_whole() {
    let whole = sample("");
    for end in [8, 27, 200, whole.len() - 300, whole.len() - 22] {
        assert!(opened(&whole[..end]).is_suspect(), "{end}");
    }
    for at in [100, whole.len() - 200] {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        assert!(opened(&changed).is_suspect(), "{at}");
    }
}

#[test]
fn what_is_not_known_of_a_xar_is_named() {
    let data = |encoding: &str| {
        format!(
            "<file id=\"1\"><data><length>5</length><offset>0</offset><size>5</size>\
             <encoding style=\"{encoding}\"/></data><name>a</name><type>file</type></file>"
        )
    };
    let plain = opened(&written(&data("application/octet-stream"), "b'alpha'"));
    assert_eq!(plain.contents("a"), [b"alpha"]);
    assert!(!plain.is_suspect());
    let other = opened(&written(&data("application/x-new"), "b'alpha'"));
    assert_eq!(other.members[0].what, What::Unchecked(Gap::Unsupported));
    let behind = opened(&written(&data("application/octet-stream"), "b'alphabeta'"));
    assert!(behind.has_rule("container_extra_data"));
    let mut version = written(&data(""), "b'alpha'");
    version[7] = 2;
    assert_eq!(opened(&version).gap, Some(Gap::Unsupported));
    let torn = format!("{}<a><b></a></b>", data(""));
    assert_eq!(opened(&written(&torn, "b'alpha'")).gap, Some(Gap::Damaged));
}

#[test]
fn lists_end_at_their_limits() {
    let deep = "<file><name>a</name>".repeat(XAR_DEPTH_MAX + 2);
    assert!(read(deep.as_bytes()).is_cut);
    let many = read("<file></file>".repeat(XAR_FILES_MAX + 1).as_bytes());
    assert!(many.is_cut && many.entries.len() == XAR_FILES_MAX);
    let name = "n".repeat(1 << 20);
    let long = format!("<file><name>{name}</name></file>").repeat((XAR_PATHS_BYTES_MAX >> 20) + 1);
    assert!(read(long.as_bytes()).is_cut);
}

const HIDDEN: &str = "__import__('gzip').compress(b'behind')";

#[test]
fn archives_in_what_a_xar_calls_its_own_are_found() {
    for own in ["checksum", "signature", "x-signature"] {
        let list = format!("<{own}><offset>0</offset><size>99999999999</size></{own}>");
        for hidden in to_hide() {
            let whole = [written(&list, "b'sum' * 7"), hidden].concat();
            assert!(reaches(&whole, b"behind"), "{own}");
        }
    }
    for hidden in to_hide() {
        // A list that says it reaches to the end.
        let mut whole = [sample(""), hidden].concat();
        let left = u64::try_from(whole.len() - 28).unwrap();
        whole[8..16].copy_from_slice(&left.to_be_bytes());
        assert!(reaches(&whole, b"behind"));
    }
}

#[test]
fn data_behind_the_end_of_a_packed_content_is_searched() {
    let size = 13 + 26;
    let list = format!(
        "<file><data><length>{size}</length><offset>0</offset><size>5</size>\
         <encoding style=\"application/x-gzip\"/></data><name>a</name><type>file</type></file>"
    );
    let whole = written(&list, &format!("zlib.compress(b'alpha') + {HIDDEN}"));
    assert_eq!(opened(&whole).contents("a"), [b"alpha"]);
    assert!(reaches(&whole, b"behind"));
}

#[test]
fn links_with_content_are_links_and_told() {
    let whole = written(
        "<file><data><length>5</length><offset>0</offset><size>5</size></data>\
         <name>a</name><type>symlink</type><link>../../x</link></file>",
        "b'alpha'",
    );
    let done = opened(&whole);
    assert_eq!(done.members[0].what, What::Link);
    assert_eq!(done.members[0].rules, ["archive_path_escapes"]);
    assert_eq!(done.members[1].content, b"alpha");
    assert!(done.has_rule("xar_two_contents") && done.is_withheld);
}

#[test]
fn second_contents_and_attributes_are_handed_out() {
    let data = |element: &str, offset: usize| {
        format!("<{element}><length>5</length><offset>{offset}</offset><size>5</size></{element}>")
    };
    let file = |more: &str| {
        let list = format!(
            "<file>{}{more}<name>a</name><type>file</type></file>",
            data("data", 0)
        );
        opened(&written(&list, "b'alphagamma'"))
    };
    let twice = file(&data("data", 5));
    assert!(twice.has_rule("xar_two_contents") && twice.is_withheld);
    assert_eq!(twice.contents("(attribute)"), [b"gamma"]);
    let attribute = file(&data("ea", 5));
    assert_eq!(attribute.contents("(attribute)"), [b"gamma"]);
    assert!(!attribute.is_suspect());
    let moved = file("<ea><offset>5</offset><offset>0</offset></ea>");
    assert_eq!(moved.gap, Some(Gap::Damaged));
}
