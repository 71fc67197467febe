//! What a content's name and form give away.
//!
//! A rule of the engine matches bytes; it does not see the name, and it does not know which
//! part of a shortcut is the target and which is its icon. This crate looks at both: names that
//! show another ending than they have, programs named as documents, shortcuts that run
//! commands, documents that fetch what they do not hold. It works on bytes in memory, opens
//! nothing and remembers nothing.
//!
//! Only what no honest medium has is of the tier `Block`. A part of a divided archive is not examined.
//! Everything else is a notice for staff.

mod address;
mod bytes;
mod commands;
mod disguise;
mod formulas;
mod names;
mod package;
mod parts;
mod pointers;
mod shortcut;
mod sort;
#[cfg(test)]
mod testing;
mod text;

use wire::{Finding, Source, Tier};

use names::Name;

pub use parts::SPLIT_PART;

/// What the name and form of a content give away. `name` is the last part of its path as the
/// medium spells it, `content` all of it.
#[must_use]
pub fn inspect(name: &[u8], content: &[u8]) -> Vec<Finding> {
    let name = Name::new(name);
    let kind = disguise::kind_of(content);
    let mut findings = Vec::new();
    findings.extend(names::judge(&name, kind));
    findings.extend(parts::judge(&name));
    findings.extend(disguise::judge(&name, kind, content));
    findings.extend(shortcut::judge(&name, content));
    findings.extend(pointers::judge(&name, content));
    findings.extend(package::judge(&name, content));
    findings.extend(formulas::judge(&name, content));
    findings
}

/// A finding about a content that does not hurt the verdict.
fn notice(rule: &str, detail: impl Into<String>) -> Finding {
    Finding::own(rule, Source::Structure, Tier::Notice, detail)
}

/// A finding about a content that no honest medium holds.
fn block(rule: &str, detail: impl Into<String>) -> Finding {
    Finding::own(rule, Source::Structure, Tier::Block, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{PROGRAM, noise};

    #[test]
    fn nothing_is_said_of_what_contractors_bring() {
        for (name, content) in [
            ("readme.txt", &b"Install with setup.exe"[..]),
            ("setup.exe", PROGRAM),
            ("driver.inf", b"[Version]\r\nSignature=\"$Windows NT$\"\r\n"),
            ("manual.pdf", b"%PDF-1.7\n"),
            ("program", PROGRAM),
            ("", b""),
            ("点検記録 μm φ10.xlsx", b"PK\x03\x04"),
            ("ＡＢＣ手順書.docx", b"PK\x03\x04"),
        ] {
            assert_eq!(inspect(name.as_bytes(), content), [], "{name}");
        }
    }

    #[test]
    fn no_bytes_under_any_name_make_it_panic() {
        let mut seed = 1;
        for ending in [
            "lnk",
            "url",
            "rels",
            "xml",
            "slk",
            "desktop",
            "scf",
            "hta",
            "vbe",
            "rdp",
            "theme",
            "settingcontent-ms",
            "ini",
        ] {
            for length in 0..200 {
                let content = noise(&mut seed, length);
                let mut name = noise(&mut seed, 8);
                name.extend(format!(".{ending}").bytes());
                for finding in inspect(&name, &content) {
                    assert!(finding.detail.is_ascii(), "{finding:?}");
                    assert!(!finding.rule.is_empty());
                }
            }
        }
    }
}
