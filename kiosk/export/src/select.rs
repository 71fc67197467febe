//! Which entries are asked for.

use jiff::Timestamp;
use wire::Verdict;
use wire::waiver::is_same_person;

use crate::about::About;

/// Which entries; everything that is said must hold.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// From this number on.
    pub since: Option<u64>,
    /// This entry alone.
    pub entry: Option<u64>,
    /// Written at this time or later, by the clock that people can set.
    pub from: Option<Timestamp>,
    /// Written before this time.
    pub until: Option<Timestamp>,
    /// About this registered medium, by itself or through its insertion.
    pub medium: Option<String>,
    /// With this answer.
    pub verdict: Option<Verdict>,
}

impl Selection {
    /// One entry.
    #[must_use]
    pub fn of(entry: u64) -> Self {
        Self {
            entry: Some(entry),
            ..Self::default()
        }
    }

    /// The first and the last number to look at in a ledger that ends with `last`.
    pub(crate) fn bounds(&self, last: u64) -> (u64, u64) {
        match self.entry {
            Some(entry) => (entry, entry),
            None => (self.since.unwrap_or(1).max(1), last),
        }
    }

    pub(crate) fn takes_time(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }

    pub(crate) fn takes_verdict(&self, about: &About) -> bool {
        self.verdict.is_none() || self.verdict == about.verdict
    }

    pub(crate) fn takes_medium(&self, about: &About) -> bool {
        let asked = self.medium.as_deref();
        asked.is_none_or(|asked| about.media.iter().any(|one| is_same_person(one, asked)))
    }
}
