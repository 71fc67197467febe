#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

mod five;
mod four;
mod samples;
mod write;

use crate::testing::{Opened, What, opened, opened_file};
use samples::content;

/// For tests of every format: each has all markers.
pub(crate) fn samples() -> [Vec<u8>; 3] {
    let five = [samples::STORED5, samples::SOLID5].map(samples::bytes);
    let [stored, solid] = five;
    [stored, solid, four::solid29()]
}

/// That every named member came out whole, and nothing else did.
fn assert_whole(rar: &Opened, names: &[&str]) {
    let found: Vec<&str> = rar.members.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(found, names);
    for member in &rar.members {
        assert_eq!(member.what, What::Content, "{}", member.name);
        assert_eq!(member.content, content(&member.name), "{}", member.name);
    }
    assert!(!rar.is_suspect(), "{rar:?}");
}

/// That no beginning of `whole` passes for all of it.
fn assert_never_whole_when_cut(whole: &[u8]) {
    assert!(!opened(whole).is_suspect());
    for end in super::SIGNATURE.len()..whole.len() {
        assert!(opened(&whole[..end]).is_suspect(), "cut at {end}");
    }
}

/// That no changed byte behind the signature goes unseen, but for bits that change no content.
fn assert_never_whole_when_changed(whole: &[u8]) {
    let contents = |content: &[u8]| -> Vec<_> {
        let rar = opened(content);
        let is_suspect = rar.is_suspect();
        let members = rar.members.into_iter();
        let members = members.map(|one| (one.name, one.what, one.content));
        if is_suspect {
            Vec::new()
        } else {
            members.collect()
        }
    };
    let expected = contents(whole);
    let mut unseen = 0;
    for at in super::SIGNATURE.len()..whole.len() {
        for change in [1, 0x80, 0xff] {
            let mut content = whole.to_vec();
            content[at] ^= change;
            let found = contents(&content);
            assert!(found.is_empty() || found == expected, "{at} ^ {change:#x}");
            unseen += usize::from(!found.is_empty());
        }
    }
    // Codes of nothing, and bits behind the last one.
    assert!(unseen < whole.len() / 4, "{unseen}");
}

#[test]
fn an_unknown_version_is_named() {
    let rar = opened(b"Rar!\x1a\x07\x02\0 and more");
    assert_eq!(rar.gap, Some(wire::Gap::Unsupported));
}

#[test]
fn an_archive_behind_something_else_is_found() {
    let rars = [
        samples::bytes(samples::SOLID5),
        samples::bytes(samples::HIDDEN5),
        four::solid29(),
    ];
    for rar in rars {
        for before in [&b"MZ stub"[..], b"x", b"Rar!Rar!\x1a\x07\x01\0", &[0; 9999]] {
            let content = [before, &rar].concat();
            let (alone, behind) = (opened(&rar), opened(&content));
            assert!(behind.has_rule("container_within"));
            assert_eq!((alone.members, alone.gap), (behind.members, behind.gap));
        }
        // A mention of the signature is no archive.
        assert!(opened_file(&[b"x", &rar[..12]].concat()).is_none());
    }
}
