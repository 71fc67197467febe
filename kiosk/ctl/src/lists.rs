//! Changing the lists that administrators keep, while people edit the same files by hand.
//!
//! A change is made under a lock and checked with the reader that kioskd uses. Then the new file
//! lies beside the list and on the disk, the ledger gets its entry, and one renaming puts the
//! file in its place. Whoever takes the lock after a kill finds either no entry about the file
//! that lies beside the list, and throws it away, or finds it, and does the renaming.

mod change;

mod document;

mod place;

use std::path::Path;

use broker::Paths;
use broker::recorder::{RecordError, Recorder};
use broker::site::SiteError;
use sha2::{Digest as _, Sha256};
use wire::Digest;
use wire::ledger::Event;
use wire::list_change::{Changed, ListChange, ListName};
use wire::rule_change::Person;

use crate::CommandError;
pub(crate) use document::Document;
use place::{Found, Place};

/// One change of a list: which, in which ledger, and who answers for it.
pub(crate) struct Edit<'a> {
    /// Where the list is.
    pub(crate) paths: &'a Paths,
    /// The ledger; `None` for the kiosk's own.
    pub(crate) ledger: Option<&'a Path>,
    /// Which list.
    pub(crate) list: ListName,
    /// Who changes it.
    pub(crate) by: Person,
    /// The second person, where one is asked for.
    pub(crate) second: Option<String>,
    /// Why, when somebody said so.
    pub(crate) reason: Option<String>,
}

/// Runs one edit under the lock; gives what `change` gave and the number of the entry.
///
/// # Errors
/// [`CommandError`], and the list is as it was: when another edit holds the lock too long, when
/// the list is broken, what `change` said, when the list would be broken, when nothing changes,
/// when the ledger does not take the entry. After an error of the disk that comes later than the
/// entry, the next edit brings the change to its end.
pub(crate) fn edit<T>(
    edit: &Edit<'_>,
    change: impl FnOnce(&mut Document) -> Result<T, CommandError>,
) -> Result<(T, u64), CommandError> {
    if edit.ledger.is_some() && edit.paths.root() == Path::new("/") {
        let why =
            "the kiosk's lists are written down in the kiosk's own ledger: leave out --ledger";
        return Err(CommandError::Asked(why.to_owned()));
    }
    let place = Place::lock(edit.paths, edit.list, place::LOCK_WAIT_MAX)?;
    place.settle(&edit.ledger_folder())?;
    let found = place.read()?;
    let (given, text, changed) = changed(&place, &found, change)?;
    if text == found.text {
        return Err(CommandError::Asked(format!(
            "nothing changes: {} says so already",
            place.path().display()
        )));
    }
    place.write_beside(&found, &text)?;
    let told = tell(edit, &place, &found, &text, changed);
    let number = match told {
        Ok(number) => number,
        Err(error) => {
            // A refusal is certain. After anything else the entry may be there, and the next
            // edit finds out.
            if matches!(error, CommandError::Record(RecordError::Refused(_))) {
                place.throw_away()?;
            }
            return Err(error);
        }
    };
    place.put_in_place()?;
    Ok((given, number))
}

/// What an edit would do, without a lock and without doing it.
///
/// # Errors
/// As [`edit`], but that nothing changes is none.
pub(crate) fn preview<T>(
    paths: &Paths,
    list: ListName,
    change: impl FnOnce(&mut Document) -> Result<T, CommandError>,
) -> Result<(T, Vec<Changed>), CommandError> {
    let place = Place::of(paths, list);
    let found = place.read()?;
    let (given, _, changed) = changed(&place, &found, change)?;
    Ok((given, changed))
}

/// Who changes lists: see [`crate::who`].
///
/// # Errors
/// When whoever runs this may not.
pub(crate) fn by(paths: &Paths) -> Result<Person, CommandError> {
    crate::who::administrator(paths)
}

impl Edit<'_> {
    fn ledger_folder(&self) -> std::path::PathBuf {
        let own = || self.paths.ledger();
        self.ledger.map_or_else(own, Path::to_owned)
    }
}

/// The text after a change, checked, with what it changes.
fn changed<T>(
    place: &Place,
    found: &Found,
    change: impl FnOnce(&mut Document) -> Result<T, CommandError>,
) -> Result<(T, String, Vec<Changed>), CommandError> {
    let name = place.path().display().to_string();
    check(place.list(), &found.text, &name)?;
    let mut document = Document::read(&found.text, &name)?;
    let given = change(&mut document)?;
    let text = document.text();
    check(place.list(), &text, &format!("{name} (as it would be)"))?;
    let changed = change::between(&found.text, &text);
    Ok((given, text, changed))
}

/// Reads a list as kioskd does.
fn check(list: ListName, text: &str, name: &str) -> Result<(), CommandError> {
    let checked = match list {
        ListName::Media => decide::allowlist::parse(text).map(|_| ()),
        ListName::Contractors => decide::contractors::parse(text).map(|_| ()),
        ListName::Accounts => decide::accounts::parse(text).map(|_| ()),
        ListName::Policy => decide::policy::parse(text).map(|_| ()),
    };
    checked.map_err(|error| SiteError::Malformed(error.in_file(name)).into())
}

/// Writes the entry, unless the list is no longer what was read.
fn tell(
    edit: &Edit<'_>,
    place: &Place,
    found: &Found,
    text: &str,
    changed: Vec<Changed>,
) -> Result<u64, CommandError> {
    let recorder = Recorder::open(edit.ledger, edit.paths)?;
    let event = ListChange {
        list: edit.list,
        by: Some(edit.by.clone()),
        second: edit.second.clone(),
        reason: edit.reason.clone(),
        before_sha256: found.sha256(),
        after_sha256: Some(sha256(text.as_bytes())),
        changed,
        more: 0,
    }
    .fitted();
    // Opening the ledger takes the longest, and people edit this file by hand.
    if place.read()?.sha256() != found.sha256() {
        return Err(CommandError::Record(RecordError::Refused(format!(
            "{} was changed by somebody else in between; nothing is done, so say it again",
            place.path().display()
        ))));
    }
    let entry = recorder.append(Event::ListChanged(Box::new(event)), None)?;
    // The entry is on the disk, whatever becomes of its writer.
    let _ = recorder.finish();
    Ok(entry.number)
}

fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

#[cfg(test)]
#[path = "lists_tests.rs"]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests;

#[cfg(test)]
#[path = "lists_properties.rs"]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "tests compute expectations"
)]
mod properties;
