//! What is wrong with a member's name.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hasher};

use wire::name::is_hidden;
use wire::{Finding, MediumName, Tier};

use crate::bytes::finding;

/// The names of one container so far. Only digests of them are kept: a hundred thousand
/// names of the greatest length would be 400 MB.
#[derive(Default)]
pub(crate) struct Names {
    seen: BTreeSet<u64>,
    links: BTreeSet<u64>,
    /// Whether nobody unpacks to them.
    are_labels: bool,
}

/// What a name stands for.
#[derive(Clone, Copy)]
pub(crate) enum Kind<'a> {
    /// Something with content.
    File,
    /// A folder, which may be named any number of times.
    Folder,
    /// A link whose target counts from the folder that the link is in.
    Symlink(&'a [u8]),
    /// A link whose target counts from the container's root.
    Hardlink(&'a [u8]),
}

impl Names {
    /// The names of what a document or a text carries: they say what an attachment is shown as, and
    /// many programs put the whole path there that it had.
    pub(crate) fn labels() -> Self {
        Self {
            are_labels: true,
            ..Self::default()
        }
    }

    fn escape(&self, detail: &str) -> Finding {
        let tier = if self.are_labels {
            Tier::Notice
        } else {
            Tier::Block
        };
        finding("archive_path_escapes", tier, detail)
    }

    /// The name as it is kept, and what is wrong with it. `others` are further spellings that
    /// some readers use instead.
    pub(crate) fn judge(
        &mut self,
        name: &[u8],
        others: &[&[u8]],
        kind: Kind<'_>,
    ) -> (MediumName, Vec<Finding>) {
        let mut findings = Vec::new();
        let (kept, was_cut) = MediumName::cut(name);
        if was_cut {
            findings.push(finding("name_too_long", Tier::Incomplete, "name is cut"));
        }
        if leaves(name) || others.iter().any(|other| leaves(other)) {
            findings.push(self.escape("name leads out of the container"));
        }
        match kind {
            Kind::Symlink(target) if target_leaves(name, target) => {
                findings.push(self.escape("link leads out of the container"));
            }
            Kind::Hardlink(target) if leaves(target) => {
                findings.push(self.escape("hard link leads out of the container"));
            }
            Kind::File | Kind::Folder | Kind::Symlink(_) | Kind::Hardlink(_) => {}
        }
        match kept.as_text() {
            None => findings.push(finding("deceptive_name", Tier::Notice, "name is not UTF-8")),
            Some(text) if text.chars().any(is_hidden) => {
                findings.push(finding("deceptive_name", Tier::Notice, "hidden characters"));
            }
            Some(_) => {}
        }
        findings.extend(self.remember(name, kind));
        (kept, findings)
    }

    fn remember(&mut self, name: &[u8], kind: Kind<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut hasher = DefaultHasher::new();
        let mut parents = Vec::new();
        for part in parts(name).filter(|part| *part != b".") {
            parents.push(hasher.finish());
            hasher.write(part);
            hasher.write_u8(b'/');
        }
        let whole = hasher.finish();
        if parents.iter().any(|parent| self.links.contains(parent)) {
            findings.push(finding(
                "archive_path_through_link",
                Tier::Block,
                "lies behind a link of the same container",
            ));
        }
        let is_folder = matches!(kind, Kind::Folder);
        if !is_folder && !self.seen.insert(whole) {
            findings.push(finding(
                "archive_duplicate_name",
                Tier::Notice,
                "another member has the same name",
            ));
        }
        if matches!(kind, Kind::Symlink(_)) {
            self.links.insert(whole);
        }
        findings
    }
}

/// The parts of a path for a reader to whom both slashes separate.
fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| matches!(byte, b'/' | b'\\'))
        .filter(|part| !part.is_empty())
}

/// Whether a path that counts from the root leads out of it.
fn leaves(path: &[u8]) -> bool {
    is_absolute(path) || climbs(path, 0)
}

/// Whether a link named `name` that points to `target` leads out of the root.
fn target_leaves(name: &[u8], target: &[u8]) -> bool {
    let depth = parts(name)
        .filter(|part| *part != b".")
        .count()
        .saturating_sub(1);
    is_absolute(target) || climbs(target, depth)
}

/// A leading slash of either kind (which covers `\\server` and `\\?\`), or a drive letter.
fn is_absolute(path: &[u8]) -> bool {
    match path {
        [b'/' | b'\\', ..] => true,
        [drive, b':', ..] => drive.is_ascii_alphabetic(),
        [] | [_] | [_, _, ..] => false,
    }
}

/// Whether `..` leads above the root from `depth` folders below it. Both readings of the
/// backslash are tried: in code page 932 it is the second byte of common letters, and
/// counting it as a separator there would hide a step.
fn climbs(path: &[u8], depth: usize) -> bool {
    climbs_over(path.split(|byte| *byte == b'/'), depth) || climbs_over(parts(path), depth)
}

fn climbs_over<'a>(mut parts: impl Iterator<Item = &'a [u8]>, mut depth: usize) -> bool {
    parts.any(|part| {
        // Windows drops spaces at the end of a part.
        match part.trim_ascii_end() {
            b"" | b"." => false,
            b".." => match depth.checked_sub(1) {
                Some(above) => {
                    depth = above;
                    false
                }
                None => true,
            },
            _ => {
                depth = depth.saturating_add(1);
                false
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(name: &[u8], kind: Kind<'_>) -> Vec<String> {
        Names::default()
            .judge(name, &[], kind)
            .1
            .into_iter()
            .map(|f| f.rule)
            .collect()
    }

    #[test]
    fn a_name_that_leads_out_blocks() {
        let out: [&[u8]; 12] = [
            b"../x",
            b"a/../../x",
            b"/etc/x",
            b"\\x",
            b"..\\x",
            b"a\\..\\..\\x",
            b"C:\\x",
            b"c:x",
            b"\\\\server\\share",
            b"./../x",
            b".. /x",
            b"\x95\x5cx/../../y",
        ];
        for name in out {
            assert_eq!(
                rules(name, Kind::File)[0],
                "archive_path_escapes",
                "{name:?}"
            );
        }
        let inside: [&[u8]; 6] = [b"a/../b", b"..a/b", b"a/..b", b"./a", b"ab:c", b"..."];
        for name in inside {
            assert_eq!(rules(name, Kind::File), Vec::<String>::new(), "{name:?}");
        }
    }

    #[test]
    fn a_path_that_nobody_unpacks_to_is_a_notice() {
        let (_, findings) = Names::labels().judge(b"C:\\x\\a.txt", &[], Kind::File);
        assert_eq!(findings[0].rule, "archive_path_escapes");
        assert_eq!(findings[0].tier, Tier::Notice);
    }

    #[test]
    fn another_spelling_of_the_name_is_judged_too() {
        let (_, findings) = Names::default().judge(b"a.txt", &[b"../a.txt"], Kind::File);
        assert_eq!(findings[0].rule, "archive_path_escapes");
        assert_eq!(findings[0].tier, Tier::Block);
    }

    #[test]
    fn a_link_counts_from_where_it_stands() {
        assert!(rules(b"a/b/l", Kind::Symlink(b"../../x")).is_empty());
        assert_eq!(
            rules(b"a/l", Kind::Symlink(b"../../x")),
            ["archive_path_escapes"]
        );
        assert_eq!(
            rules(b"a/l", Kind::Symlink(b"/etc/passwd")),
            ["archive_path_escapes"]
        );
        assert_eq!(
            rules(b"a/l", Kind::Hardlink(b"../x")),
            ["archive_path_escapes"]
        );
        assert!(rules(b"a/l", Kind::Hardlink(b"b/x")).is_empty());
    }

    #[test]
    fn a_member_behind_a_link_blocks() {
        let mut names = Names::default();
        assert!(
            names
                .judge(b"d/link", &[], Kind::Symlink(b"e"))
                .1
                .is_empty()
        );
        let (_, findings) = names.judge(b"./d//link/file", &[], Kind::File);
        assert_eq!(findings[0].rule, "archive_path_through_link");
        assert!(names.judge(b"d/linked", &[], Kind::File).1.is_empty());
    }

    #[test]
    fn names_that_hide_or_repeat_are_noticed() {
        assert_eq!(
            rules("a\u{202e}b".as_bytes(), Kind::File),
            ["deceptive_name"]
        );
        assert_eq!(rules(b"\x93_\x8c\x9f", Kind::File), ["deceptive_name"]);
        assert!(rules("点検.txt".as_bytes(), Kind::File).is_empty());
        let mut names = Names::default();
        names.judge(b"a", &[], Kind::File);
        assert_eq!(
            names.judge(b"a", &[], Kind::File).1[0].rule,
            "archive_duplicate_name"
        );
        names.judge(b"d", &[], Kind::Folder);
        assert!(names.judge(b"d", &[], Kind::Folder).1.is_empty());
    }

    #[test]
    fn a_name_past_the_limit_is_cut_and_told() {
        let long = vec![b'x'; wire::name::NAME_BYTES_MAX + 1];
        let (kept, findings) = Names::default().judge(&long, &[], Kind::File);
        assert_eq!(kept.as_bytes().len(), wire::name::NAME_BYTES_MAX);
        assert_eq!(
            (findings[0].rule.as_str(), findings[0].tier),
            ("name_too_long", Tier::Incomplete)
        );
    }
}
