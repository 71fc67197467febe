//! Rows for which waivers speak.

use wire::{Finding, Gap, Row, Tier};

use super::{Tally, bump};
use crate::doubt::is_sound;

impl Tally {
    /// Writes the entries of the waivers that speak for a row to its findings. A row that comes
    /// with such entries has them from nobody who may give them: `false`, and they are gone.
    #[must_use]
    pub fn mark(&self, row: &mut Row) -> bool {
        let mut is_honest = true;
        for finding in &mut row.findings {
            is_honest &= finding.waiver.take().is_none();
        }
        if self.is_waived(row) {
            for finding in &mut row.findings {
                finding.waiver = self.waivers.entry(row.sha256, finding);
            }
        }
        is_honest
    }

    /// Whether waivers speak for everything in this row that blocks. What contradicts itself
    /// has nobody to speak for it.
    pub(super) fn is_waived(&self, row: &Row) -> bool {
        !self.waivers.is_empty() && is_sound(row) && self.waivers.cover(row)
    }

    /// A row in which nothing blocks that is not waived; what was not examined stays so.
    pub(super) fn count_waived(&mut self, row: &Row) {
        let waivers = &self.waivers;
        let entries = row.findings.iter();
        let entries = entries.filter_map(|finding| waivers.entry(row.sha256, finding));
        self.waived.extend(entries);
        self.places.add(row);
        let own = |finding: &Finding| finding.member_of.is_none();
        let is_gap = |finding: &Finding| finding.tier == Tier::Incomplete && own(finding);
        if row.findings.iter().any(is_gap) {
            bump(self.gaps.entry(Gap::Damaged).or_insert(0));
        }
    }
}
