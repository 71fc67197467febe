//! The lists of hashes of one scan: every content is looked up in each of them.
//!
//! They are opened once, by the supervisor; workers share what it holds of them and read the
//! rest by position. A list never makes a content better: what is known to be published is a
//! note, and what cannot be looked up was not examined.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use bundle::lists::{Algorithm, Entry, List, ReadAt, Sort};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::stat::{SFlag, fstat};
use wire::{Finding, Gap, Source, Tier};

use crate::ScanError;
use crate::digests::{Digests, Wanted};

/// The lists, in the order of their names.
pub(crate) struct Lists<R = File> {
    lists: Vec<List<R>>,
    /// Which digests some list holds.
    pub(crate) wanted: Wanted,
}

/// What the lists say of one content.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) findings: Vec<Finding>,
    /// Why they could not be asked.
    pub(crate) gap: Option<Gap>,
}

impl Lists<File> {
    /// Opens what came with the order, called by these names. Each must be a file, or memory,
    /// that this process cannot write.
    ///
    /// # Errors
    /// [`ScanError::List`] with the name.
    pub(crate) fn open(names: &[String], files: Vec<OwnedFd>) -> Result<Self, ScanError> {
        let mut lists = Vec::new();
        for (name, file) in names.iter().zip(files) {
            let fault = |what: String| ScanError::List {
                name: name.clone(),
                what,
            };
            if !is_fixed(&file) {
                return Err(fault("it is no file opened for reading only".to_owned()));
            }
            let list = List::open(File::from(file));
            lists.push(list.map_err(|error| fault(wire::explained(&error)))?);
        }
        Ok(Self::of(lists))
    }

    /// Their descriptors.
    pub(crate) fn descriptors(&self) -> Vec<RawFd> {
        let files = self.lists.iter().map(List::reader);
        files.map(AsRawFd::as_raw_fd).collect()
    }
}

impl<R: ReadAt> Lists<R> {
    pub(crate) fn of(lists: Vec<List<R>>) -> Self {
        let holds = |algorithm| lists.iter().any(|list| 0 < list.about().rows_of(algorithm));
        let wanted = Wanted {
            sha1: holds(Algorithm::Sha1),
            md5: holds(Algorithm::Md5),
        };
        Self { lists, wanted }
    }

    /// Looks one content up in all lists. One that was not read whole is on none: it is not
    /// clean either.
    pub(crate) fn look_up(&self, digests: Option<&Digests>) -> Said {
        let mut said = Said::default();
        let Some(digests) = digests else { return said };
        for list in &self.lists {
            let hashes = Algorithm::ALL.into_iter();
            for hash in hashes.filter_map(|algorithm| digests.by(algorithm)) {
                match list.look_up(&hash) {
                    Ok(None) => {}
                    Ok(Some(entry)) => {
                        said.findings.push(found(list, &entry, hash.algorithm()));
                        // One note a list is enough: it is one content.
                        break;
                    }
                    Err(error) => {
                        let title = list.about().title;
                        let detail = format!("list {title}: {}", wire::explained(&error));
                        let (source, tier) = (Source::List, Tier::Incomplete);
                        let rule = "hash_list_unreadable";
                        said.findings.push(Finding::own(rule, source, tier, detail));
                        said.gap = Some(Gap::Unreadable);
                        break;
                    }
                }
            }
        }
        said
    }
}

fn found<R: ReadAt>(list: &List<R>, entry: &Entry, algorithm: Algorithm) -> Finding {
    let about = list.about();
    let (rule, tier) = match about.sort {
        Sort::Block => ("hash_blocked", Tier::Block),
        Sort::Known => ("hash_known", Tier::Notice),
    };
    let name = entry.name.as_ref().map(|name| format!(": {name}"));
    let (title, word) = (&about.title, algorithm.word());
    let detail = format!("list {title}{} ({word})", name.unwrap_or_default());
    Finding::own(rule, Source::List, tier, detail)
}

/// Whether a descriptor is of a file, or of sealed memory, that its holder cannot write.
fn is_fixed(file: &OwnedFd) -> bool {
    let is_file = fstat(file)
        .is_ok_and(|about| about.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFREG.bits());
    let flags = fcntl(file, FcntlArg::F_GETFL).map(OFlag::from_bits_retain);
    let read_only = flags.is_ok_and(|flags| flags & OFlag::O_ACCMODE == OFlag::O_RDONLY);
    is_file && (read_only || jail::memory::require_sealed(file.as_fd()).is_ok())
}

#[cfg(test)]
#[path = "lists_tests.rs"]
mod tests;
