//! The lists that administrators keep: read again when their files change, and compared with
//! what the ledger says of them, so that no change stays without an entry.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use decide::{Accounts, Allowlist, Contractors};
use wire::Digest;
use wire::ledger::Event;
use wire::list_change::{Change, Changed, ListChange, ListName};
use wire::standing::KnownList;

use super::{Daemon, report};
use crate::paths::Paths;
use crate::site::{self, SiteError, hash};
use crate::step::LaneId;

/// How often the files are looked at.
const LIST_LOOK: Duration = Duration::from_secs(1);

/// How many answers of the ledger a change may be under way for: some ten seconds, and no command
/// waits longer between its entry and its file.
const CHANGE_WAIT_MAX: u32 = 5;

/// The lists beside that of the media, and what is known of all their files.
pub(super) struct Lists {
    pub(super) contractors: Contractors,
    pub(super) accounts: Accounts,
    files: Vec<File>,
    looked: Instant,
}

/// What is known of one list's file.
struct File {
    list: ListName,
    stamp: Option<Stamp>,
    sha256: Option<Digest>,
    /// Why it is not in use; the list before it is.
    refused: Option<String>,
    /// The entries that changed since the ledger was last told.
    changed: Vec<Changed>,
    /// How many answers found a change of it under way.
    waited: u32,
    /// Which answer of the ledger says whether it knows of the change; `None` when it does.
    due: Option<u64>,
}

/// By what a file is known to be another one, or another text.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

/// A list that was read.
enum Read {
    Media(Option<Allowlist>),
    Contractors(Contractors),
    Accounts(Accounts),
    /// The policy, which is read with its calendar when it is taken into use.
    Policy,
}

fn path(list: ListName, paths: &Paths) -> PathBuf {
    match list {
        ListName::Media => paths.allowlist(),
        ListName::Contractors => paths.contractors(),
        ListName::Accounts => paths.accounts(),
        ListName::Policy => paths.policy(),
    }
}

impl Lists {
    /// Reads the lists for the first time; gives that of the media beside them.
    ///
    /// # Errors
    /// [`SiteError`], naming the file and the place in it.
    pub(super) fn read(paths: &Paths) -> Result<(Self, Option<Allowlist>), SiteError> {
        let mut lists = Self {
            contractors: Contractors::default(),
            accounts: Accounts::default(),
            files: Vec::new(),
            looked: Instant::now(),
        };
        let mut media = None;
        for list in ListName::ALL {
            let stamp = stamp(&path(list, paths));
            let text = site::text(path(list, paths))?;
            let sha256 = text.as_deref().map(hash);
            match parse(list, text.as_deref(), paths)? {
                Read::Media(list) => media = list,
                Read::Contractors(list) => lists.contractors = list,
                Read::Accounts(list) => lists.accounts = list,
                Read::Policy => {}
            }
            lists.files.push(File {
                list,
                stamp,
                sha256,
                refused: None,
                changed: Vec::new(),
                waited: 0,
                due: Some(1),
            });
        }
        Ok((lists, media))
    }

    /// Why a list that was changed is not in use.
    pub(super) fn refused(&self) -> Option<&str> {
        self.files.iter().find_map(|file| file.refused.as_deref())
    }

    /// After the ledger was lost its first answer tells what it knows.
    pub(super) fn forget_answers(&mut self) {
        for file in &mut self.files {
            file.due = Some(1);
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let about = std::fs::metadata(path).ok()?;
    Some(Stamp {
        device: about.dev(),
        inode: about.ino(),
        size: about.size(),
        changed: (about.ctime(), about.ctime_nsec()),
    })
}

/// Without a file there is no list of media, and there are no contractors and no accounts.
fn parse(list: ListName, text: Option<&str>, paths: &Paths) -> Result<Read, SiteError> {
    let file = path(list, paths);
    let read = match (list, text) {
        (ListName::Media, None) => Ok(Read::Media(None)),
        (ListName::Media, Some(text)) => {
            decide::allowlist::parse(text).map(|list| Read::Media(Some(list)))
        }
        (ListName::Contractors, text) => {
            decide::contractors::parse(text.unwrap_or_default()).map(Read::Contractors)
        }
        (ListName::Policy, None) => Ok(Read::Policy),
        (ListName::Policy, Some(text)) => decide::policy::parse(text).map(|_| Read::Policy),
        (ListName::Accounts, text) => {
            decide::accounts::parse(text.unwrap_or_default()).map(Read::Accounts)
        }
    };
    read.map_err(|error| site::malformed(&file, &error))
}

impl Daemon {
    /// Looks at the files from time to time, and reads those that changed.
    pub(super) fn watch_lists(&mut self) {
        if LIST_LOOK <= self.lists.looked.elapsed() {
            self.read_lists();
        }
    }

    /// Reads the lists whose files changed. One that is malformed leaves the old in force, and
    /// so does one that cannot be read.
    pub(super) fn read_lists(&mut self) {
        self.lists.looked = Instant::now();
        let stamps: Vec<_> = self
            .lists
            .files
            .iter()
            .map(|file| (file.list, file.stamp))
            .collect();
        for (place, (list, before)) in stamps.into_iter().enumerate() {
            let now = stamp(&path(list, &self.paths));
            if now != before {
                self.read_list(place, list, now);
            }
        }
    }

    fn read_list(&mut self, place: usize, list: ListName, now: Option<Stamp>) {
        let text = site::text(path(list, &self.paths));
        let sha256 = match &text {
            Ok(text) => text.as_deref().map(hash),
            Err(_) => None,
        };
        let read = text.and_then(|text| match (&text, list) {
            // Without its list the kiosk is out of service, which says enough.
            (Some(_), _) | (None, ListName::Media) => parse(list, text.as_deref(), &self.paths),
            (None, ListName::Contractors | ListName::Accounts | ListName::Policy) => {
                let path = path(list, &self.paths);
                Err(SiteError::Gone { path })
            }
        });
        let (changed, refused) = match read {
            Ok(read) => (self.use_list(read), None),
            Err(error) => {
                let why = wire::explained(&error);
                report(&format!("the old list stays: {why}"));
                (Vec::new(), Some(why))
            }
        };
        let due = self.ask_standing();
        if let Some(file) = self.lists.files.get_mut(place) {
            file.stamp = now;
            if file.sha256 != sha256 {
                file.sha256 = sha256;
                file.changed.extend(changed);
                file.due = Some(due.unwrap_or(1));
            }
            file.refused = refused;
        }
        self.changed = true;
    }

    /// Takes a list into use; gives the entries in which it differs from the one before.
    fn use_list(&mut self, read: Read) -> Vec<Changed> {
        let (changed, is_first) = match read {
            Read::Media(list) => {
                let is_first = self.allowlist.is_none() && list.is_some();
                let before = self
                    .allowlist
                    .as_ref()
                    .map(Allowlist::media)
                    .unwrap_or_default();
                let after = list.as_ref().map(Allowlist::media).unwrap_or_default();
                let id = |medium: &decide::Medium| medium.id.clone();
                let changed = differing("medium", before, after, id);
                self.allowlist = list;
                (changed, is_first)
            }
            Read::Contractors(list) => {
                let before = &self.lists.contractors;
                let name = |company: &decide::Company| company.name.clone();
                let id = |visit: &decide::Visit| visit.id.clone();
                let mut changed = differing("company", before.companies(), list.companies(), name);
                changed.extend(differing("visit", before.visits(), list.visits(), id));
                self.lists.contractors = list;
                (changed, false)
            }
            Read::Policy => {
                self.reload_policy();
                (Vec::new(), false)
            }
            Read::Accounts(list) => {
                let name = |account: &decide::Account| account.name.clone();
                let before = self.lists.accounts.all();
                let changed = differing("account", before, list.all(), name);
                self.lists.accounts = list;
                (changed, false)
            }
        };
        let lanes: Vec<LaneId> = self.ports.keys().copied().collect();
        self.ask_again(&lanes);
        self.ask_visitors();
        if is_first && self.state.takes_media() {
            // What came while there was none.
            self.look_again();
        }
        changed
    }

    /// Compares the files with what the ledger says of them, when its answer is new enough.
    /// What it does not know, nobody told it: somebody changed the file by hand.
    pub(super) fn compare_lists(&mut self, heard: u64) {
        let mut events = Vec::new();
        for file in &mut self.lists.files {
            if file.due.is_none_or(|due| heard < due) {
                continue;
            }
            let mut known = self.standing.lists.iter();
            let known = known.find(|known| known.list == file.list);
            let at = path(file.list, &self.paths);
            if known.is_some_and(|known| is_under_way(known, file.sha256, &at, file.waited)) {
                // The entry of a change is there, and the file that it tells of soon, unless the
                // command was killed in between. Asked again with the next answer.
                file.waited = file.waited.saturating_add(1);
                continue;
            }
            file.due = None;
            file.waited = 0;
            let before_sha256 = known.and_then(|known| known.after_sha256);
            let changed = std::mem::take(&mut file.changed);
            if before_sha256 == file.sha256 {
                continue;
            }
            let told = ListChange {
                list: file.list,
                by: None,
                second: None,
                reason: file.refused.as_deref().map(reason),
                before_sha256,
                after_sha256: file.sha256,
                changed,
                more: 0,
            };
            events.push(Event::ListChanged(Box::new(told.fitted())));
        }
        for event in events {
            let _ = self.record(None, event);
        }
    }
}

/// Whether the ledger tells of a change whose file is not in its place yet, but lies beside it:
/// only so often, or the change of a command that was killed would never be told to anybody.
fn is_under_way(known: &KnownList, sha256: Option<Digest>, path: &Path, waited: u32) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let next = || {
        let text = site::text(path.with_file_name(format!(".{name}.new"))).ok()??;
        Some(hash(&text))
    };
    waited < CHANGE_WAIT_MAX
        && known.before_sha256 == sha256
        && known.after_sha256.is_some()
        && next() == known.after_sha256
}

fn reason(why: &str) -> String {
    let bytes_max = wire::custody::CUSTODY_TEXT_BYTES_MAX;
    wire::name::line_within(&format!("not in use: {why}"), bytes_max)
}

/// The entries in which two lists differ, by their ids.
fn differing<E: PartialEq>(
    kind: &str,
    before: &[E],
    after: &[E],
    id: impl Fn(&E) -> String,
) -> Vec<Changed> {
    let named = |entries: &'_ [E]| -> BTreeMap<String, usize> {
        entries
            .iter()
            .enumerate()
            .map(|(place, entry)| (id(entry), place))
            .collect()
    };
    let (old, new) = (named(before), named(after));
    let changed = |id: &String, change| Changed {
        kind: kind.to_owned(),
        id: id.clone(),
        change,
        fields: Vec::new(),
    };
    let mut all: Vec<Changed> = Vec::new();
    for (id, place) in &new {
        match old.get(id).and_then(|place| before.get(*place)) {
            None => all.push(changed(id, Change::Added)),
            Some(entry) if after.get(*place) != Some(entry) => {
                all.push(changed(id, Change::Edited));
            }
            Some(_) => {}
        }
    }
    let removed = old.keys().filter(|id| !new.contains_key(*id));
    all.extend(removed.map(|id| changed(id, Change::Removed)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_under_way_while_exactly_its_file_lies_beside_the_list_and_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("allowlist.toml");
        let hash = |text| Some(hash(text));
        let known = KnownList {
            list: ListName::Media,
            before_sha256: hash("old"),
            after_sha256: hash("new"),
        };
        let under_way = |sha256, waited| is_under_way(&known, sha256, &path, waited);
        assert!(!under_way(hash("old"), 0), "nothing lies beside it");
        let beside = folder.path().join(".allowlist.toml.new");
        std::fs::write(&beside, "new").unwrap();
        assert!(under_way(hash("old"), 0));
        assert!(
            !under_way(hash("other"), 0),
            "somebody has changed it since"
        );
        assert!(under_way(hash("old"), CHANGE_WAIT_MAX - 1));
        assert!(!under_way(hash("old"), CHANGE_WAIT_MAX), "it was killed");
        std::fs::write(&beside, "").unwrap();
        assert!(!under_way(hash("old"), 0), "another file lies beside it");
    }

    #[test]
    fn what_differs_between_two_lists_is_named_once() {
        let before = [("a", 1), ("b", 2), ("c", 3)];
        let after = [("c", 4), ("d", 5), ("a", 1)];
        let said = differing("medium", &before, &after, |entry| entry.0.to_owned());
        let said: Vec<_> = said
            .iter()
            .map(|one| (one.id.as_str(), one.change))
            .collect();
        let expected = [
            ("c", Change::Edited),
            ("d", Change::Added),
            ("b", Change::Removed),
        ];
        assert_eq!(said, expected);
    }
}
