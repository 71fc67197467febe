//! Where registered media are, as far as the ledger knows.

use std::collections::BTreeMap;
use std::path::Path;

use record::{Ledger, LedgerError, reader};
use wire::Verdict;
use wire::custody::{Lent, Way};
use wire::ledger::Event;

use crate::CommandError;

/// Where a medium was last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whereabouts {
    /// Handed out and not back.
    Lent(Box<Lent>),
    /// It passed on its way in, in this entry, and has not been seen on its way out.
    Inside(u64),
}

/// What the entries say of every medium that is not where it is kept.
#[derive(Debug, Default)]
pub(super) struct Custody {
    out: BTreeMap<String, Whereabouts>,
    /// The insertions at the kiosk, and whether each was on the way out.
    ways: BTreeMap<u64, Way>,
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
        let ledger = match Ledger::open(folder) {
            Ok(ledger) => ledger,
            Err(LedgerError::Open { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                return Ok(custody);
            }
            Err(error) => return Err(error.into()),
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
            self.ways.insert(number, way);
        } else if let Event::Judged(judged) = event {
            let (Some(medium), Verdict::Pass) = (&judged.medium, judged.verdict) else {
                return;
            };
            match self.ways.get(&judged.insertion) {
                Some(Way::In) if !self.is_lent(medium) => {
                    self.passes.insert(judged.insertion, medium.clone());
                    self.out.insert(medium.clone(), Whereabouts::Inside(number));
                }
                Some(Way::Out) if !self.is_lent(medium) => {
                    self.out.remove(medium);
                }
                // Whoever has it brings it and takes it; it is lent until it is returned.
                Some(Way::In | Way::Out) | None => {}
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
