//! Rows for which waivers speak: a PASS may rest on them, and on nothing else that is not
//! clean.

use std::collections::{BTreeMap, BTreeSet};

use wire::ledger::Judged;
use wire::waiver::{Places, Waived, Waiver, Waivers, is_own_block};
use wire::{Outcome, Row, Tier, Verdict};

use crate::error::Refusal;
use crate::standing::is_for;

/// Checks the rows of one verdict, one after the other.
pub struct Rows {
    verdict: Verdict,
    cited: BTreeMap<u64, Waived>,
    waivers: Waivers,
    used: BTreeSet<u64>,
    places: Places,
}

impl Rows {
    /// For the rows of a verdict that cites these waivers, each of which was found to hold.
    #[must_use]
    pub fn new(judged: &Judged, cited: BTreeMap<u64, Waived>) -> Self {
        let all: Vec<Waiver> = cited
            .iter()
            .map(|(entry, waived)| waived.brief(*entry))
            .collect();
        // That they hold today was asked of the entries; here every day will do.
        let waivers = Waivers::in_force(&all, "0000-01-01", judged.medium.as_deref());
        Self {
            verdict: judged.verdict,
            cited,
            waivers,
            used: BTreeSet::new(),
            places: Places::default(),
        }
    }

    /// Checks the next row.
    ///
    /// # Errors
    /// What is wrong with it, to be said after its number.
    pub fn next(&mut self, row: &Row) -> Result<(), &'static str> {
        for finding in &row.findings {
            let Some(entry) = finding.waiver else {
                continue;
            };
            let fits = |waived: &Waived| is_own_block(finding) && is_for(waived, row, finding);
            if !self.cited.get(&entry).is_some_and(fits) {
                return Err("names a waiver that is not for it");
            }
            self.used.insert(entry);
        }
        let may_rest = match (self.verdict, row.outcome) {
            (Verdict::Pass, Outcome::Matched) => !self.cited.is_empty(),
            (Verdict::Pass, Outcome::Clean | Outcome::Unchecked(_))
            | (
                Verdict::Stop | Verdict::Incomplete,
                Outcome::Clean | Outcome::Matched | Outcome::Unchecked(_),
            ) => false,
        };
        if !may_rest {
            return super::row(row, self.verdict);
        }
        super::row(row, Verdict::Stop)?;
        let unexamined = row.findings.iter().any(|one| one.tier == Tier::Incomplete);
        let mut own = row.findings.iter().filter(|one| is_own_block(one));
        if unexamined || !self.waivers.cover(row) || own.any(|one| one.waiver.is_none()) {
            return Err("is not clean and not waived, and the verdict is a pass");
        }
        self.places.add(row);
        Ok(())
    }

    /// Checks what only all rows together can tell.
    ///
    /// # Errors
    /// [`Refusal::Pass`].
    pub fn end(self) -> Result<(), Refusal> {
        match self.verdict {
            Verdict::Stop | Verdict::Incomplete => return Ok(()),
            Verdict::Pass => {}
        }
        if !self.places.agree() {
            Err(Refusal::Pass("leave open what was found in a container"))
        } else if !self.used.iter().eq(self.cited.keys()) {
            Err(Refusal::Pass("cite a waiver that it does not need"))
        } else {
            Ok(())
        }
    }
}
