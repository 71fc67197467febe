//! What the store writes down for the next one who opens it.

use std::collections::BTreeMap;

use bundle::Manifest;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::place::Folder;

/// A change that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pending {
    /// The set that is put into force; `None` for the rules that came with the programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<String>,
    /// The set before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
}

/// The highest version of each bundle that was ever installed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Versions {
    #[serde(default)]
    highest: BTreeMap<String, u64>,
}

/// Most bundle names that are remembered. A site has one or two.
pub(super) const REMEMBERED_NAMES_MAX: usize = 1000;

/// The note of a change that is under way.
pub(super) const PENDING: &str = "pending.toml";

const VERSIONS: &str = "versions.toml";

impl Folder {
    /// The change that somebody began.
    pub(super) fn pending(&self) -> Result<Option<Pending>, StoreError> {
        self.read(PENDING)
    }

    /// Notes a change that is about to happen.
    pub(super) fn note(&self, pending: &Pending) -> Result<(), StoreError> {
        self.write(PENDING, pending)
    }

    /// The highest version of a bundle that was ever installed here; `None` when none was.
    pub(super) fn highest(&self, bundle: &str) -> Result<Option<u64>, StoreError> {
        Ok(self.versions()?.highest.get(bundle).copied())
    }

    /// Everything that follows the switch. Done twice it is done once.
    pub(super) fn finish(&self, pending: &Pending) -> Result<(), StoreError> {
        self.link_previous(pending.from.as_deref())?;
        let versions = self.versions()?;
        if REMEMBERED_NAMES_MAX < versions.highest.len() {
            return Err(self.wrong(
                VERSIONS,
                "it remembers too many names of bundles".to_owned(),
            ));
        }
        self.write(VERSIONS, &versions)?;
        self.remove(PENDING)?;
        self.tidy()
    }

    /// The list, with the sets that are installed counted in: a set is in force a moment
    /// before the list is written.
    fn versions(&self) -> Result<Versions, StoreError> {
        let mut versions: Versions = self.read(VERSIONS)?.unwrap_or_default();
        let sets = [self.active()?, self.previous()?];
        let manifests = sets.iter().flatten().filter_map(|name| self.manifest(name));
        for Manifest {
            bundle, version, ..
        } in manifests
        {
            let highest = versions.highest.entry(bundle).or_default();
            *highest = version.max(*highest);
        }
        Ok(versions)
    }

    fn read<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let wrong = |error: toml::de::Error| self.wrong(name, error.to_string());
        toml::from_str(&text).map(Some).map_err(wrong)
    }

    fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<(), StoreError> {
        let text = toml::to_string(value).map_err(|error| self.wrong(name, error.to_string()))?;
        self.replace(name, &text)
    }
}
