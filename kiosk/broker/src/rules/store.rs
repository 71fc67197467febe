//! Installing sets of rules, going back to the one before, and what is installed now.
//!
//! `rules/active` is a link to one of `rules/sets`, and `rules/previous` to the one before it;
//! without `active` the rules that came with the programs are in force. The one step that
//! changes which rules are in force is the renaming of a link, or its removal. Before it, a
//! note of what is about to happen and an entry of the ledger are on the disk; after it come
//! the other link and the list of versions. Whoever comes next after a loss of power or a kill
//! finds the note and brings to its end what was switched, or says in the ledger that it was
//! not.

mod error;

mod place;

mod state;

mod status;

use std::io::Read;
use std::path::Path;

use bundle::{Archive, Keys, Manifest};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use wire::ledger::{EntryId, Event};
use wire::rule_change::{CHANGE_TEXT_BYTES_MAX, Person, RuleSet, RulesChange, RulesRefused};
use wire::{Digest, MediumName};

use super::installed::{self, Verified};
use super::{Loaded, ready, utc_day};
use crate::paths::Paths;
use crate::recorder::RecordError;
use crate::selftest::{self, Exam};
pub use error::StoreError;
use place::{Folder, Placed};
use state::Pending;
pub use status::{Installed, Status, status};

/// Room that an installation leaves on the disk, in bytes: the ledger must go on.
const ROOM_KEPT_BYTES: u64 = 64 << 20;

/// Who wants what, when.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whoever asks.
    pub by: Person,
    /// Name of the file that the bundle is read from, for the ledger.
    pub file: MediumName,
    /// The time of the request.
    pub now: Timestamp,
    /// Whether a bundle of another name may take the place of the one in force.
    pub replace: bool,
}

/// Writes one event down and waits until the disk has it: `Recorder::append` without rows.
pub type Book<'b> = dyn FnMut(Event) -> Result<EntryId, RecordError> + 'b;

/// The store, for one change at a time.
pub struct Store<'p> {
    paths: &'p Paths,
    folder: Folder,
    keys: Keys,
}

/// What is known of a bundle so far, for the entry of its refusal.
#[derive(Default)]
struct Seen {
    bundle: Option<String>,
    version: Option<u64>,
    manifest_sha256: Option<Digest>,
    key_id: Option<String>,
}

impl From<RuleSet> for Seen {
    fn from(set: RuleSet) -> Self {
        Self {
            bundle: Some(set.bundle),
            version: Some(set.version),
            manifest_sha256: Some(set.manifest_sha256),
            key_id: Some(set.key_id),
        }
    }
}

impl Seen {
    /// The entry of its refusal.
    fn refused(self, by: &Person, file: Option<&MediumName>, why: String) -> Event {
        Event::RulesRefused(Box::new(RulesRefused {
            by: by.clone(),
            bundle: self.bundle,
            version: self.version,
            manifest_sha256: self.manifest_sha256,
            key_id: self.key_id,
            file: file.cloned(),
            why,
        }))
    }
}

impl<'p> Store<'p> {
    /// Takes the store for this process alone, as long as the value lives.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::File`], [`StoreError::Rules`] for a bad key file.
    pub fn open(paths: &'p Paths) -> Result<Self, StoreError> {
        Ok(Self {
            paths,
            folder: Folder::open(&paths.rules())?,
            keys: installed::keys(paths)?,
        })
    }

    /// Installs the bundle that comes out of `bundle` and puts it into force. kioskd takes it
    /// over by itself. What was in force before stays so until everything has been checked and
    /// the ledger has the entry.
    ///
    /// # Errors
    /// [`StoreError`]; the rules in force stay, and the ledger has a `rules_refused` entry
    /// unless it says that it has not.
    pub fn install(
        &mut self,
        bundle: impl Read,
        request: &Request,
        book: &mut Book<'_>,
    ) -> Result<RuleSet, StoreError> {
        self.settle(&request.by, book)?;
        let mut seen = Seen::default();
        let done = self
            .bring_in(bundle, request, &mut seen)
            .and_then(|(set, name)| {
                let before = self.in_force();
                let change = RulesChange {
                    by: request.by.clone(),
                    set: Some(set.clone()),
                    before,
                    file: Some(request.file.clone()),
                };
                self.change(Some(&name), Event::RulesInstalled(Box::new(change)), book)?;
                Ok(set)
            });
        done.map_err(|error| self.refuse(error, seen, request, Some(&request.file), book))
    }

    /// Puts the set before the present one into force again, or the rules that came with the
    /// programs when there was none. Done twice it changes nothing.
    ///
    /// # Errors
    /// As [`Self::install`]; [`StoreError::NoPrevious`].
    pub fn roll_back(
        &mut self,
        request: &Request,
        book: &mut Book<'_>,
    ) -> Result<Option<RuleSet>, StoreError> {
        self.settle(&request.by, book)?;
        let mut seen = Seen::default();
        let done = self.bring_back(request, &mut seen).and_then(|(set, name)| {
            let change = RulesChange {
                by: request.by.clone(),
                set: set.clone(),
                before: self.in_force(),
                file: None,
            };
            let event = Event::RulesRolledBack(Box::new(change));
            self.change(name.as_deref(), event, book)?;
            Ok(set)
        });
        done.map_err(|error| self.refuse(error, seen, request, None, book))
    }

    /// Unpacks and checks a bundle; gives the set and the name of its folder.
    fn bring_in(
        &self,
        bundle: impl Read,
        request: &Request,
        seen: &mut Seen,
    ) -> Result<(RuleSet, String), StoreError> {
        if self.keys.is_empty() {
            return Err(installed::no_keys(self.paths).into());
        }
        let archive = Archive::signed(bundle, &self.keys)?;
        let manifest = archive.manifest();
        let sha256 = Digest(Sha256::digest(archive.text().as_bytes()).into());
        *seen = Seen {
            bundle: Some(manifest.bundle.clone()),
            version: Some(manifest.version),
            manifest_sha256: Some(sha256),
            key_id: archive.key().map(|key| key.to_string()),
        };
        self.may_come(manifest, request)?;
        self.folder.has_room(manifest, ROOM_KEPT_BYTES)?;
        let digits = sha256.to_string().chars().take(16).collect::<String>();
        let name = format!("{}-{digits}", manifest.version);
        let mut placed = Placed::make(self.folder.incoming())?;
        placed.write(bundle::MANIFEST, archive.text())?;
        placed.write(bundle::SIGNATURE, archive.signature().unwrap_or_default())?;
        archive.unpack(&mut placed)?;
        placed.made_durable()?;
        let verified = self.compiled(&self.folder.incoming(), request)?;
        self.folder.keep(&name)?;
        Ok((about(&verified), name))
    }

    /// The rules of before, checked as if they were new.
    fn bring_back(
        &self,
        request: &Request,
        seen: &mut Seen,
    ) -> Result<(Option<RuleSet>, Option<String>), StoreError> {
        let Some(name) = self.folder.previous()? else {
            return match self.folder.active()? {
                Some(_) => Ok((None, None)),
                None => Err(StoreError::NoPrevious),
            };
        };
        let verified = self.compiled(&self.folder.set(&name), request)?;
        let set = about(&verified);
        *seen = set.clone().into();
        verified.manifest.holds(utc_day(request.now))?;
        Ok((Some(set), Some(name)))
    }

    /// Date, version and name, before anything of the bundle is unpacked.
    fn may_come(&self, manifest: &Manifest, request: &Request) -> Result<(), StoreError> {
        manifest.holds(utc_day(request.now))?;
        if let Some(highest) = self.folder.highest(&manifest.bundle)?
            && manifest.version <= highest
        {
            return Err(StoreError::Older {
                bundle: manifest.bundle.clone(),
                version: manifest.version,
                highest,
            });
        }
        let active = self.folder.active()?;
        let active = active.and_then(|name| self.folder.manifest(&name));
        match active {
            Some(active) if active.bundle != manifest.bundle && !request.replace => {
                Err(StoreError::Other {
                    bundle: manifest.bundle.clone(),
                    active: active.bundle,
                })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Compares a set with its manifest, compiles it, and has it tried.
    fn compiled(&self, folder: &Path, request: &Request) -> Result<Verified, StoreError> {
        let verified = installed::verified(folder, &self.keys)?;
        let label = verified.manifest.label();
        let loaded = ready(
            folder,
            &verified.sources,
            Some(&label),
            Some(&verified.manifest.files),
            self.paths,
            request.now,
        )?;
        let loaded = loaded.ok_or(StoreError::Count {
            said: verified.manifest.rules,
            found: 0,
        })?;
        check(&verified.manifest, &loaded)?;
        self.is_seen_to_work(folder, &loaded)?;
        Ok(verified)
    }

    /// The last question before a set is put into force: its canaries, on a medium of their own.
    fn is_seen_to_work(&self, folder: &Path, loaded: &Loaded) -> Result<(), StoreError> {
        let exam = Exam::of(folder)?;
        // Without a folder for it the test says so itself.
        let _ = std::fs::create_dir_all(self.paths.spool());
        let report = selftest::run(&exam, &loaded.compiled, self.paths);
        match report.faults().first() {
            None => Ok(()),
            Some(fault) => Err(StoreError::SelfTest(fault.clone())),
        }
    }

    /// What is in force, as far as its manifest still tells.
    fn in_force(&self) -> Option<RuleSet> {
        let name = self.folder.active().ok().flatten()?;
        self.folder.about(&name)
    }

    /// The change itself. `to` is a set, or the rules that came with the programs.
    fn change(
        &self,
        to: Option<&str>,
        event: Event,
        book: &mut Book<'_>,
    ) -> Result<(), StoreError> {
        let pending = Pending {
            to: to.map(str::to_owned),
            from: self.folder.active()?,
        };
        self.folder.note(&pending)?;
        book(event).map_err(StoreError::Ledger)?;
        self.folder.switch(to)?;
        self.folder.finish(&pending)
    }

    /// Brings to its end what somebody before us began and did not finish.
    fn settle(&self, by: &Person, book: &mut Book<'_>) -> Result<(), StoreError> {
        if let Some(pending) = self.folder.pending()? {
            if self.folder.active()? == pending.to {
                return self.folder.finish(&pending);
            }
            let set = pending.to.as_ref().and_then(|name| self.folder.about(name));
            let seen = set.map(Seen::from).unwrap_or_default();
            let why = "a change of the rules broke off before it was in force".to_owned();
            book(seen.refused(by, None, why)).map_err(StoreError::Ledger)?;
        }
        self.folder.tidy()
    }

    /// Writes a refusal down and clears away what was brought in.
    fn refuse(
        &self,
        error: StoreError,
        seen: Seen,
        request: &Request,
        file: Option<&MediumName>,
        book: &mut Book<'_>,
    ) -> StoreError {
        let why: String = wire::explained(&error)
            .chars()
            .take(CHANGE_TEXT_BYTES_MAX / 4)
            .collect();
        // Switched already: the next one who comes brings it to its end.
        let switched = matches!((self.folder.pending(), self.folder.active()),
            (Ok(Some(pending)), Ok(active)) if pending.to == active);
        if switched {
            return error;
        }
        match book(seen.refused(&request.by, file, why)) {
            Ok(_) => {
                // What stays behind is cleared away by the next one.
                let _ = self.folder.tidy();
                error
            }
            Err(source) => StoreError::Unrecorded {
                refused: Box::new(error),
                source,
            },
        }
    }
}

/// Whether the set is what its manifest says.
fn check(manifest: &Manifest, loaded: &Loaded) -> Result<(), StoreError> {
    let (said, found) = (manifest.rules, loaded.about.rules);
    if found == said {
        Ok(())
    } else {
        Err(StoreError::Count { said, found })
    }
}

fn about(verified: &Verified) -> RuleSet {
    set_of(
        &verified.manifest,
        verified.manifest_sha256,
        &verified.key.to_string(),
    )
}

fn set_of(manifest: &Manifest, manifest_sha256: Digest, key_id: &str) -> RuleSet {
    RuleSet {
        bundle: manifest.bundle.clone(),
        version: manifest.version,
        issued: manifest.issued.to_string(),
        expires: manifest.expires.to_string(),
        rules: manifest.rules,
        manifest_sha256,
        key_id: key_id.to_owned(),
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
