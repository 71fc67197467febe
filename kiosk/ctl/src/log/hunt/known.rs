//! What became of PASSes and media since: withdrawn, lent, revoked.

use std::collections::BTreeMap;

use broker::{Paths, site};
use decide::allowlist::Status;
use record::Ledger;
use record::reader::Filter;
use record::standing::Register;
use wire::Verdict;
use wire::ledger::Event;

use crate::CommandError;
use crate::print;

/// What is known at the end of the ledger.
pub(super) struct Known {
    /// By insertion: the entry that took the PASS back, and what stands in its place.
    withdrawn: BTreeMap<u64, (u64, Verdict)>,
    media: BTreeMap<String, Medium>,
}

/// What a medium is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Medium {
    /// By the list; `None` when it is in none, or the list cannot be read.
    pub(super) status: Option<&'static str>,
    /// To whom it is lent.
    pub(super) lent_to: Option<String>,
    /// In which entry.
    pub(super) lent: Option<u64>,
}

impl Known {
    /// Reads all entries, and the list of media when there is one.
    ///
    /// # Errors
    /// When an entry was changed or cannot be read.
    pub(super) fn read(ledger: &Ledger, paths: &Paths) -> Result<Self, CommandError> {
        let mut known = Self {
            withdrawn: BTreeMap::new(),
            media: BTreeMap::new(),
        };
        let mut register = Register::default();
        for entry in ledger.entries(Filter::default())? {
            let entry = entry?;
            let content = entry.content()?;
            if let Event::Withdrawn {
                insertion, verdict, ..
            } = content.event
            {
                known.withdrawn.insert(insertion, (entry.number, verdict));
            }
            register.note(entry.number, &content.recorded_utc, &content.event);
        }
        match site::allowlist(paths) {
            Ok(list) => {
                for medium in list.iter().flat_map(|list| list.media()) {
                    let status = match medium.status {
                        Status::Active => "active",
                        Status::Revoked => "revoked",
                        Status::Lost => "lost",
                    };
                    known.at(&medium.id).status = Some(status);
                }
            }
            // What a medium is now is a help; what it held is the question.
            Err(error) => print::note(&format!(
                "kioskctl: what the media are now is not known: {}",
                wire::explained(&error)
            )),
        }
        for (id, loan) in register.lent() {
            let medium = known.at(id);
            medium.lent = Some(loan.entry);
            if let Event::Lent(lent) = ledger.entry(loan.entry)?.content()?.event {
                medium.lent_to = Some(lent.to);
            }
        }
        Ok(known)
    }

    fn at(&mut self, id: &str) -> &mut Medium {
        self.media.entry(id.to_owned()).or_default()
    }

    /// What took the PASS of this insertion back.
    pub(super) fn withdrawn(&self, insertion: u64) -> Option<(u64, Verdict)> {
        self.withdrawn.get(&insertion).copied()
    }

    /// What this medium is now.
    pub(super) fn medium(&self, id: Option<&str>) -> Option<&Medium> {
        id.and_then(|id| self.media.get(id))
    }
}
