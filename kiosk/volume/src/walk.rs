//! What every walk has in common: paths, limits, rows for what is left out, and an account of
//! every byte.

mod account;

use std::rc::Rc;

use wire::outcome::FINDINGS_MAX;
use wire::scan::{Limits, Spare};
use wire::worker::{Item, Locator, Share};
use wire::{Finding, Gap, MediumName, Outcome, Row, RowKind};

use account::Account;

use crate::findings::{Findings, incomplete};
use crate::tree::{Seen, Walked};

/// A folder on the way from the root. Its path is put together when it is needed: a medium
/// chooses how many folders wait to be read.
pub(crate) struct Folder {
    name: Vec<u8>,
    parent: Option<Rc<Folder>>,
    depth: u64,
}

impl Folder {
    /// The root of a volume.
    pub(crate) fn root() -> Rc<Self> {
        Rc::new(Self {
            name: Vec::new(),
            parent: None,
            depth: 0,
        })
    }

    /// Path of `name` in this folder, without a leading separator.
    pub(crate) fn path(&self, name: &[u8]) -> Vec<u8> {
        let mut parts = vec![name];
        let mut folder = Some(self);
        while let Some(inner) = folder {
            if inner.parent.is_some() {
                parts.push(&inner.name);
            }
            folder = inner.parent.as_deref();
        }
        parts.reverse();
        parts.join(&b'/')
    }

    /// This folder's own path; `.` for the root.
    pub(crate) fn own_path(&self) -> Vec<u8> {
        match &self.parent {
            Some(parent) => parent.path(&self.name),
            None => b".".to_vec(),
        }
    }
}

/// One content as its reader sees it.
pub(crate) struct Content {
    pub(crate) kind: RowKind,
    pub(crate) size_bytes: u64,
    pub(crate) locator: Locator,
    pub(crate) findings: Vec<Finding>,
    pub(crate) share: Share,
}

impl Content {
    /// A file without clusters of its own.
    pub(crate) fn file(size_bytes: u64, locator: Locator, findings: Vec<Finding>) -> Self {
        Self {
            kind: RowKind::File,
            size_bytes,
            locator,
            findings,
            share: Share::default(),
        }
    }

    /// The same with what it accounts for.
    pub(crate) fn with(self, share: Share) -> Self {
        Self { share, ..self }
    }
}

/// One walk of one volume.
pub(crate) struct Walk<'v> {
    /// What is wrong with the volume as a whole.
    pub(crate) findings: Findings,
    volume: u32,
    limits: &'v Limits,
    spare: Spare,
    account: Account,
    visit: &'v mut dyn FnMut(Seen),
    seen: u64,
    full: bool,
}

impl<'v> Walk<'v> {
    pub(crate) fn new(
        volume: u32,
        limits: &'v Limits,
        spare: Spare,
        visit: &'v mut dyn FnMut(Seen),
    ) -> Self {
        Self {
            findings: Findings::default(),
            volume,
            limits,
            spare,
            account: Account::default(),
            visit,
            seen: 0,
            full: false,
        }
    }

    /// What came of it.
    pub(crate) fn ended(self) -> Walked {
        Walked {
            findings: self.findings.into_vec(),
            unallocated_bytes: self.account.unallocated_bytes,
        }
    }

    /// Whether the walk must end because a limit was reached; a row says so already.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// Hands on one content of `folder`.
    pub(crate) fn content(&mut self, folder: &Folder, name: &[u8], content: Content) {
        if !self.count(folder, name) {
            return;
        }
        let (path, cut) = MediumName::cut(&folder.path(name));
        if cut {
            let finding = incomplete("path_too_long", "path is longer than names may be");
            self.row(
                path,
                content.kind,
                content.size_bytes,
                Gap::Limit,
                vec![finding],
            );
            return;
        }
        let mut findings = content.findings;
        findings.truncate(FINDINGS_MAX);
        (self.visit)(Seen::Item(Item {
            volume: Some(self.volume),
            path,
            kind: content.kind,
            size_bytes: content.size_bytes,
            locator: content.locator,
            findings,
            share: content.share,
        }));
    }

    /// Says that something in `folder` cannot be examined, and why.
    pub(crate) fn unchecked(
        &mut self,
        folder: &Folder,
        name: &[u8],
        kind: RowKind,
        size_bytes: u64,
        gap: Gap,
        finding: Finding,
    ) {
        if self.count(folder, name) {
            let (path, _) = MediumName::cut(&folder.path(name));
            self.row(path, kind, size_bytes, gap, vec![finding]);
        }
    }

    /// Says that not all of `folder` itself could be listed.
    pub(crate) fn unlisted(&mut self, folder: &Folder, gap: Gap, finding: Finding) {
        let (path, _) = MediumName::cut(&folder.own_path());
        self.row(path, RowKind::File, 0, gap, vec![finding]);
    }

    /// The folder `name` in `parent`, unless a limit keeps it from being read.
    pub(crate) fn folder(&mut self, parent: &Rc<Folder>, name: &[u8]) -> Option<Rc<Folder>> {
        if !self.count(parent, name) {
            return None;
        }
        let depth = parent.depth.saturating_add(1);
        let (path, cut) = MediumName::cut(&parent.path(name));
        let detail = if self.limits.folder_depth_max < depth {
            "folder is deeper than the limit allows; its content was not read"
        } else if cut {
            "path is longer than names may be; the folder's content was not read"
        } else {
            return Some(Rc::new(Folder {
                name: name.to_vec(),
                parent: Some(parent.clone()),
                depth,
            }));
        };
        let finding = incomplete("folder_too_deep", detail);
        self.row(path, RowKind::File, 0, Gap::Limit, vec![finding]);
        None
    }

    /// Counts one more entry; at the limit says so once, naming the entry, and ends the walk.
    fn count(&mut self, folder: &Folder, name: &[u8]) -> bool {
        if self.full {
            return false;
        }
        self.seen = self.seen.saturating_add(1);
        if self.seen <= self.limits.files_max {
            return true;
        }
        self.full = true;
        let (path, _) = MediumName::cut(&folder.path(name));
        let detail = "more entries than the limit allows; this one and what follows was not read";
        self.findings.incomplete("too_many_entries", detail);
        let finding = incomplete("too_many_entries", detail);
        self.row(path, RowKind::File, 0, Gap::Limit, vec![finding]);
        false
    }

    fn row(
        &mut self,
        path: MediumName,
        kind: RowKind,
        size_bytes: u64,
        gap: Gap,
        findings: Vec<Finding>,
    ) {
        (self.visit)(Seen::Row(Row {
            volume: Some(self.volume),
            path,
            within: Vec::new(),
            kind,
            size_bytes,
            sha256: None,
            content_type: None,
            outcome: Outcome::Unchecked(gap),
            inherited: false,
            findings,
        }));
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use super::*;

    fn walked(limits: &Limits, act: impl FnOnce(&mut Walk<'_>)) -> Vec<Seen> {
        let mut seen = Vec::new();
        let mut visit = |one| seen.push(one);
        let spare = Spare {
            unallocated: true,
            deleted: true,
        };
        act(&mut Walk::new(3, limits, spare, &mut visit));
        seen
    }

    fn empty() -> Content {
        Content::file(0, Locator::Path, Vec::new())
    }

    #[test]
    fn paths_are_full_and_have_no_leading_separator() {
        let limits = Limits::default();
        let seen = walked(&limits, |walk| {
            let outer = walk.folder(&Folder::root(), b"a").unwrap();
            let inner = walk.folder(&outer, "点".as_bytes()).unwrap();
            assert_eq!(inner.own_path(), "a/点".as_bytes());
            walk.content(&inner, b"x", empty());
        });
        let Seen::Item(item) = &seen[0] else {
            panic!("expected an item");
        };
        assert_eq!(item.path.as_bytes(), "a/点/x".as_bytes());
        assert_eq!(item.volume, Some(3));
    }

    #[test]
    fn a_folder_below_the_deepest_is_a_row_with_the_gap_limit() {
        let limits = Limits {
            folder_depth_max: 2,
            ..Limits::default()
        };
        let seen = walked(&limits, |walk| {
            let one = walk.folder(&Folder::root(), b"1").unwrap();
            let two = walk.folder(&one, b"2").unwrap();
            assert!(walk.folder(&two, b"3").is_none());
        });
        let Seen::Row(row) = &seen[0] else {
            panic!("expected a row");
        };
        assert_eq!(row.path.as_bytes(), b"1/2/3");
        assert_eq!(row.outcome, Outcome::Unchecked(Gap::Limit));
    }

    #[test]
    fn an_entry_past_the_most_ends_the_walk_with_one_row() {
        let limits = Limits {
            files_max: 2,
            ..Limits::default()
        };
        let seen = walked(&limits, |walk| {
            for name in [b"a", b"b", b"c", b"d"] {
                walk.content(&Folder::root(), name, empty());
            }
            assert!(walk.is_full());
        });
        assert_eq!(seen.len(), 3);
        let Seen::Row(row) = &seen[2] else {
            panic!("expected a row");
        };
        assert_eq!(row.path.as_bytes(), b"c");
    }

    #[test]
    fn a_path_past_the_longest_name_is_a_row_and_never_an_item() {
        let limits = Limits::default();
        let seen = walked(&limits, |walk| {
            walk.content(&Folder::root(), &vec![b'x'; 5000], empty());
            assert!(walk.folder(&Folder::root(), &vec![b'x'; 5000]).is_none());
        });
        assert_eq!(seen.len(), 2);
        for one in seen {
            let Seen::Row(row) = one else {
                panic!("expected a row");
            };
            assert_eq!(row.outcome, Outcome::Unchecked(Gap::Limit));
            assert_eq!(row.path.as_bytes().len(), 4096);
        }
    }
}
