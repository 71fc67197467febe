//! PASSes that were taken back, and what stands in their place.

use std::collections::BTreeMap;

use record::Ledger;
use record::reader::{Entry, Filter};
use wire::ledger::{Event, Judged};
use wire::{Reason, Verdict};

use super::list::spelled_out;
use crate::CommandError;

/// What no string of an entry can hold: a quotation mark in one has a backslash before it.
const MARK: &str = "\"event\":{\"event\":\"withdrawn\"";

/// All that were taken back, by their insertion.
#[derive(Default)]
pub(super) struct Withdrawals(BTreeMap<u64, Withdrawal>);

/// How one PASS ended.
pub(super) struct Withdrawal {
    /// The entry that says so.
    pub(super) entry: u64,
    /// What stands in its place.
    pub(super) verdict: Verdict,
    pub(super) reasons: Vec<Reason>,
}

impl Withdrawals {
    /// Reads the entries from `since` on: a PASS is taken back by a later one.
    ///
    /// # Errors
    /// When an entry was changed or cannot be read.
    pub(super) fn read(ledger: &Ledger, since: Option<u64>) -> Result<Self, CommandError> {
        let mut all = Self::default();
        let filter = Filter { since, limit: None };
        for entry in ledger.entries(filter)? {
            let entry = entry?;
            if entry.bytes.contains(MARK)
                && let Event::Withdrawn {
                    insertion,
                    verdict,
                    reasons,
                } = entry.content()?.event
            {
                let entry = entry.number;
                let one = Withdrawal {
                    entry,
                    verdict,
                    reasons,
                };
                all.0.insert(insertion, one);
            }
        }
        Ok(all)
    }

    /// What became of a verdict, when it was a PASS that stands no more.
    pub(super) fn of(&self, judged: &Judged) -> Option<&Withdrawal> {
        let one = self.0.get(&judged.insertion);
        one.filter(|_| judged.verdict == Verdict::Pass)
    }

    /// The same of an entry; `None` for one that is no verdict.
    pub(super) fn of_event(&self, event: &Event) -> Option<&Withdrawal> {
        event.judged().and_then(|judged| self.of(judged))
    }
}

impl Withdrawal {
    /// In a line, behind the verdict.
    pub(super) fn said(&self) -> String {
        format!(
            "withdrawn by entry {}: {} {} stands ({})",
            self.entry,
            self.verdict.shape(),
            self.verdict.word_en(),
            spelled_out(&self.reasons)
        )
    }
}

/// The entry's bytes with the number of the entry that took its PASS back behind them; without
/// one, the very bytes.
pub(super) fn bytes(entry: Entry, by: Option<&Withdrawal>) -> String {
    match (by, entry.bytes.strip_suffix('}')) {
        (Some(by), Some(open)) => format!("{open},\"withdrawn_by\":{}}}", by.entry),
        (Some(_) | None, _) => entry.bytes,
    }
}
