//! What the site decided, read from its files: policy, list of media, calendar.

use std::fs;
use std::io;
use std::path::PathBuf;

use decide::policy::Zone;
use decide::{Accounts, Allowlist, Contractors, Moment, Policy};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};
use wire::Digest;

use crate::paths::Paths;

/// Why the site's decisions cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file that was there is not any more.
    #[error("{} is gone; put it back, or an empty one in its place", path.display())]
    Gone {
        /// Which.
        path: PathBuf,
    },
    /// The calendar has no such day, or none after it.
    #[error("no such day: {0}")]
    NoDay(Date),
    /// A file is malformed.
    #[error("{0}")]
    Malformed(String),
    /// The policy names a time zone that this machine does not know.
    #[error("{}: time zone {name:?} is not known here: use a name of the IANA database or a distance such as \"+09:00\"", path.display())]
    Zone {
        /// The policy.
        path: PathBuf,
        /// The name.
        name: String,
    },
}

/// The policy with its calendar.
pub struct Site {
    /// What was decided.
    pub policy: Policy,
    /// The site's time zone.
    pub zone: TimeZone,
    /// SHA-256 of the policy's file; `None` when there is none.
    pub policy_sha256: Option<Digest>,
}

impl Site {
    /// Reads `kiosk.toml`; without one the trial's policy holds.
    ///
    /// # Errors
    /// [`SiteError`], naming the file and the place in it.
    pub fn read(paths: &Paths) -> Result<Self, SiteError> {
        let path = paths.policy();
        let text = text(path.clone())?;
        let policy_sha256 = text.as_deref().map(hash);
        let policy = match text {
            None => Policy::builtin(),
            Some(text) => decide::policy::parse(&text).map_err(|error| malformed(&path, &error))?,
        };
        let zone = match &policy.zone {
            Zone::Fixed(offset) => TimeZone::fixed(*offset),
            Zone::Named(name) => TimeZone::get(name).map_err(|_| SiteError::Zone {
                path,
                name: name.clone(),
            })?,
        };
        Ok(Self {
            policy,
            zone,
            policy_sha256,
        })
    }

    /// `now`, by the site's calendar.
    #[must_use]
    pub fn moment(&self, now: Timestamp) -> Moment {
        Moment {
            now,
            zone: self.zone.clone(),
        }
    }

    /// The moment at which a day ends, by the site's calendar.
    ///
    /// # Errors
    /// [`SiteError::NoDay`] at the end of all calendars.
    pub fn end_of(&self, day: Date) -> Result<Timestamp, SiteError> {
        let after = day.tomorrow().ok();
        let ends = after.and_then(|day| day.to_zoned(self.zone.clone()).ok());
        ends.map(|ends| ends.timestamp())
            .ok_or(SiteError::NoDay(day))
    }

    /// Which day it is at the site.
    #[must_use]
    pub fn today(&self, now: Timestamp) -> Date {
        decide::policy::today(now, &self.zone)
    }
}

/// Reads `allowlist.toml`; `None` when there is no such file.
///
/// # Errors
/// [`SiteError`], naming the file and the place in it.
pub fn allowlist(paths: &Paths) -> Result<Option<Allowlist>, SiteError> {
    let path = paths.allowlist();
    let Some(text) = text(path.clone())? else {
        return Ok(None);
    };
    let list = decide::allowlist::parse(&text);
    list.map(Some).map_err(|error| malformed(&path, &error))
}

/// Reads `contractors.toml`; without such a file there are none.
///
/// # Errors
/// [`SiteError`], naming the file and the place in it.
pub fn contractors(paths: &Paths) -> Result<Contractors, SiteError> {
    let path = paths.contractors();
    let text = text(path.clone())?.unwrap_or_default();
    decide::contractors::parse(&text).map_err(|error| malformed(&path, &error))
}

/// Reads `accounts.toml`; without such a file there are none.
///
/// # Errors
/// [`SiteError`], naming the file and the place in it.
pub fn accounts(paths: &Paths) -> Result<Accounts, SiteError> {
    let path = paths.accounts();
    let text = text(path.clone())?.unwrap_or_default();
    decide::accounts::parse(&text).map_err(|error| malformed(&path, &error))
}

/// What is wrong with a file, naming the place in it.
pub(crate) fn malformed(path: &std::path::Path, error: &decide::ListError) -> SiteError {
    SiteError::Malformed(error.in_file(&path.display().to_string()))
}

/// By what a file of the site's is known in the ledger.
pub(crate) fn hash(text: &str) -> Digest {
    Digest(Sha256::digest(text).into())
}

/// A file's text; `None` when there is no such file.
///
/// # Errors
/// [`SiteError::Read`].
pub(crate) fn text(path: PathBuf) -> Result<Option<String>, SiteError> {
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SiteError::Read { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_in_force_is_known_by_its_file_and_a_trial_has_none() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::chosen(Some(root.path().to_owned()));
        assert_eq!(Site::read(&paths).unwrap().policy_sha256, None);
        let text = "[site]\nname_ja = \"a\"\nname_en = \"b\"\ntime_zone = \"+09:00\"\n";
        fs::create_dir_all(paths.policy().parent().unwrap()).unwrap();
        fs::write(paths.policy(), text).unwrap();
        let sha256 = Site::read(&paths).unwrap().policy_sha256.unwrap();
        // As `sha256sum` says it.
        let said = "339e8bb37c340a51eab7e4f6034aef25455f33e8b19c8173d5d325f96498fff4";
        assert_eq!(sha256.to_string(), said);
    }
}
