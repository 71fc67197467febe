//! Where registered media are, as far as the ledger knows.

use std::collections::BTreeMap;
use std::path::Path;

use record::reader;
use wire::Verdict;
use wire::custody::{Lent, Way};
use wire::ledger::Event;

use crate::CommandError;
use crate::ledger;

/// Where a medium was last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whereabouts {
    /// Handed out and not back.
    Lent(Box<Lent>),
    /// It passed on its way in and has not been seen on its way out.
    Inside {
        /// In this entry.
        entry: u64,
        /// On a visit for this company; `None` when no visit was named.
        company: Option<String>,
    },
}

/// What the entries say of every medium that is not where it is kept.
#[derive(Debug, Default)]
pub(super) struct Custody {
    out: BTreeMap<String, Whereabouts>,
    /// The insertions at the kiosk: which way each went, and on a visit for which company.
    ways: BTreeMap<u64, (Way, Option<String>)>,
    /// The medium of each PASS, for one that is withdrawn.
    passes: BTreeMap<u64, String>,
}

impl Custody {
    /// Reads a ledger; where none was begun, nothing is known.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn read(folder: &Path) -> Result<Self, CommandError> {
        let mut custody = Self::default();
        let Some(ledger) = ledger::begun(folder)? else {
            return Ok(custody);
        };
        for entry in ledger.entries(reader::Filter::default())? {
            let entry = entry?;
            custody.note(entry.number, &entry.content()?.event);
        }
        Ok(custody)
    }

    /// Where a medium was last seen; `None` for its storage place.
    pub(super) fn of(&self, medium: &str) -> Option<&Whereabouts> {
        self.out.get(medium)
    }

    fn note(&mut self, number: u64, event: &Event) {
        if let Event::Inserted {
            claim: Some(_),
            occasion,
            ..
        } = event
        {
            let way = occasion.as_ref().map_or(Way::In, |occasion| occasion.way);
            let visit = occasion
                .as_ref()
                .and_then(|occasion| occasion.visit.clone());
            self.ways
                .insert(number, (way, visit.map(|visit| visit.company)));
        } else if let Event::Judged(judged) = event {
            let (Some(medium), Verdict::Pass) = (&judged.medium, judged.verdict) else {
                return;
            };
            // Whoever has a medium that is lent brings it and takes it; it is lent until it is
            // returned.
            if self.is_lent(medium) {
                return;
            }
            match self.ways.remove(&judged.insertion) {
                Some((Way::In, company)) => {
                    self.passes.insert(judged.insertion, medium.clone());
                    let inside = Whereabouts::Inside {
                        entry: number,
                        company,
                    };
                    self.out.insert(medium.clone(), inside);
                }
                Some((Way::Out, _)) => {
                    self.out.remove(medium);
                }
                None => {}
            }
        } else if let Event::Withdrawn { insertion, .. } = event {
            if let Some(medium) = self.passes.remove(insertion)
                && !self.is_lent(&medium)
            {
                self.out.remove(&medium);
            }
        } else if let Event::Lent(lent) = event {
            let medium = lent.medium.clone();
            self.out.insert(medium, Whereabouts::Lent(lent.clone()));
        } else if let Event::Returned(returned) = event {
            self.out.remove(&returned.medium);
        }
    }

    fn is_lent(&self, medium: &str) -> bool {
        matches!(self.out.get(medium), Some(Whereabouts::Lent(_)))
    }
}

#[cfg(test)]
#[path = "custody_tests.rs"]
mod tests;
