//! Contents that are something else than their names say, and scripts.

use wire::Finding;

use crate::bytes::{find_ascii, head, holds, part, u16_at, u32_at};
use crate::names::Name;
use crate::sort::Sort;
use crate::{block, notice};

/// How far into a content its first words and an HTML application are looked for, in bytes. The
/// interpreter finds one anywhere, behind any other content.
pub(crate) const SEARCHED_BYTES_MAX: usize = 1024 * 1024;

/// Most architectures that a universal program of macOS is believed to have. What says more is
/// a class of Java, whose beginning is the same.
pub(crate) const ARCHITECTURES_MAX: u32 = 18;

/// What a content is by its own bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A program or library of Windows, Linux or macOS.
    Program,
    /// Begins as only scripts do.
    Script,
    /// Nothing at all.
    Empty,
    /// Text that may be a script.
    Text,
    /// Anything else.
    Other,
}

/// What the bytes say.
pub(crate) fn kind_of(content: &[u8]) -> Kind {
    if content.is_empty() {
        Kind::Empty
    } else if is_program(content) {
        Kind::Program
    } else if is_script(content) {
        Kind::Script
    } else if is_text(content) {
        Kind::Text
    } else {
        Kind::Other
    }
}

/// What the bytes under this name give away.
pub(crate) fn judge(name: &Name, kind: Kind, content: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let sort = name.sort();
    if kind == Kind::Program && sort.is_some_and(Sort::is_read) {
        let detail = "a program whose name ends as that of a document, picture, media file or text";
        findings.push(block("program_disguised", detail));
    }
    if kind == Kind::Script && matches!(sort, Some(Sort::Document | Sort::Picture | Sort::Media)) {
        let detail = "a script whose name ends as that of a document, picture or media file";
        findings.push(notice("script_disguised", detail));
    }
    if sort == Some(Sort::Script) && kind != Kind::Empty {
        let detail = "a script or settings file that an interpreter of Windows runs";
        findings.push(notice("script", detail));
    }
    let searched = head(content, SEARCHED_BYTES_MAX);
    let encoded = match find_ascii(searched, b"#@~^") {
        Some(0) => true,
        Some(_) => matches!(
            name.ending(),
            "vbe" | "jse" | "wsf" | "hta" | "asp" | "htm" | "html"
        ),
        None => false,
    };
    if encoded {
        let detail = "a script whose text is encoded so that a person cannot read it";
        findings.push(notice("script_encoded", detail));
    }
    if (name.ending() == "hta" && kind != Kind::Empty) || holds(searched, b"<hta:application") {
        let detail = "an HTML application, which runs without the limits of a web page";
        findings.push(notice("html_application", detail));
    }
    findings
}

fn is_program(content: &[u8]) -> bool {
    is_windows_program(content).unwrap_or(false)
        || (content.starts_with(b"\x7FELF") && is_elf(content))
        || is_macos_program(content)
}

/// With a header of the DOS kind, where it points to one of Windows, and a known optional header.
fn is_windows_program(content: &[u8]) -> Option<bool> {
    if !content.starts_with(b"MZ") {
        return Some(false);
    }
    let at = usize::try_from(u32_at(content, 0x3C)?).ok()?;
    if part(content, at, 2)? == b"NE" {
        // The operating system that it is for: Windows.
        return Some(part(content, at.checked_add(0x36)?, 1)? == [2]);
    }
    let optional = u16_at(content, at.checked_add(24)?)?;
    Some(part(content, at, 4)? == b"PE\0\0" && matches!(optional, 0x10B | 0x20B | 0x107))
}

/// Class, byte order and version as they can be.
fn is_elf(content: &[u8]) -> bool {
    matches!(part(content, 4, 3), Some([1 | 2, 1 | 2, 1]))
}

fn is_macos_program(content: &[u8]) -> bool {
    match head(content, 4) {
        [0xCE | 0xCF, 0xFA, 0xED, 0xFE] | [0xFE, 0xED, 0xFA, 0xCE | 0xCF] => true,
        [0xCA, 0xFE, 0xBA, 0xBE] => u32_at(content, 4)
            .map(u32::swap_bytes)
            .is_some_and(|count| 0 < count && count <= ARCHITECTURES_MAX),
        _ => false,
    }
}

fn is_script(content: &[u8]) -> bool {
    let text = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content);
    let text = head(text, 64).trim_ascii_start();
    let begins = |word: &[u8]| head(text, word.len()).eq_ignore_ascii_case(word);
    // An interpreter by its path: a picture or document never begins so.
    text.starts_with(b"#!/")
        || begins(b"#@~^")
        || begins(b"@echo off")
        || begins(b"<job")
        || begins(b"<script")
        || begins(b"<?php")
        || begins(b"on error resume next")
}

/// Whether nothing in the beginning is what text never holds.
fn is_text(content: &[u8]) -> bool {
    content.starts_with(&[0xFF, 0xFE])
        || content.starts_with(&[0xFE, 0xFF])
        || !head(content, 4096)
            .iter()
            .any(|byte| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C | 0x1A))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect;
    use crate::testing::{PROGRAM, rules};

    #[test]
    fn contents_are_told_by_their_bytes() {
        let mut far = b"MZ".to_vec();
        far.resize(0x3C, 0);
        far.extend(u32::MAX.to_le_bytes());
        let mut universal = vec![0xCA, 0xFE, 0xBA, 0xBE];
        universal.extend(ARCHITECTURES_MAX.to_be_bytes());
        for (content, kind) in [
            (PROGRAM, Kind::Program),
            (b"MZ", Kind::Text),
            (b"MZ is the mark of Mark Zbikowski", Kind::Text),
            (&far, Kind::Other),
            (b"\x7FELF\x02\x01\x01\0", Kind::Program),
            (b"\x7FELF and more", Kind::Text),
            (b"\xCF\xFA\xED\xFE\x07", Kind::Program),
            (&universal, Kind::Program),
            (b"\xCA\xFE\xBA\xBE\0\0\0\x13", Kind::Other),
            (b"\xCA\xFE\xBA\xBE\0\0\0\x34", Kind::Other),
            (b"#!/bin/sh\n", Kind::Script),
            (b"\xEF\xBB\xBF@ECHO OFF\r\n", Kind::Script),
            (b"#@~^AAA", Kind::Script),
            (b"text\r\n", Kind::Text),
            (b"\xFF\xFEa\0", Kind::Text),
            (b"\x01\x02", Kind::Other),
            (b"", Kind::Empty),
        ] {
            assert_eq!(kind_of(content), kind, "{content:02X?}");
        }
    }

    #[test]
    fn a_program_under_the_name_of_a_document_blocks() {
        for name in ["a.pdf", "写真.JPG", "a.mp4", "readme.txt ", "a.xlsx."] {
            let found = inspect(name.as_bytes(), PROGRAM);
            assert!(
                rules(&found).contains(&("program_disguised", true)),
                "{name}"
            );
        }
        for name in ["a.exe", "a.dll", "a", "a.bin", ".text", "a.pdf.exe.bak"] {
            let found = inspect(name.as_bytes(), PROGRAM);
            assert!(
                !rules(&found).contains(&("program_disguised", true)),
                "{name}"
            );
        }
    }

    #[test]
    fn scripts_are_noticed() {
        for (name, content, expected) in [
            ("a.bat", "copy a b", &["script"][..]),
            ("a.bat", "", &[]),
            ("a.reg", "REGEDIT4", &["script"]),
            ("a.sh", "#!/bin/sh\n", &[]),
            ("a.txt", "#!/bin/sh\n", &[]),
            ("a.jpg", "#!/bin/sh\n", &["script_disguised"]),
            ("a.pdf", "@echo off\r\n", &["script_disguised"]),
            ("a.vbe", "#@~^AAA", &["script", "script_encoded"]),
            ("a.hta", "<html>", &["script", "html_application"]),
            ("a.jpg", "x<HTA:Application>", &["html_application"]),
            ("a.html", "<script>#@~^AA", &["script_encoded"]),
            ("a.inf", "[Version]", &[]),
        ] {
            let expected: Vec<_> = expected.iter().map(|rule| (*rule, false)).collect();
            assert_eq!(
                rules(&inspect(name.as_bytes(), content.as_bytes())),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn an_application_is_looked_for_in_the_beginning() {
        let mut content = vec![b' '; SEARCHED_BYTES_MAX - 16];
        content.extend(b"<HTA:APPLICATION");
        assert_eq!(inspect(b"a.dat", &content).len(), 1);
        content.insert(0, b' ');
        assert_eq!(inspect(b"a.dat", &content).len(), 0);
    }
}
