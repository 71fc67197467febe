//! The way of a medium through the gate: which PASS brought in what now goes out.

use wire::Verdict;
use wire::custody::Way;
use wire::ledger::{Event, Judged};

use crate::check::Step;
use crate::error::LedgerError;
use crate::reader::Ledger;

/// A verdict with the number of its entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The number of the verdict's entry.
    pub entry: u64,
    /// The verdict.
    pub judged: Box<Judged>,
}

/// Whether a verdict is about a medium that was on its way out at a kiosk.
///
/// # Errors
/// Every [`LedgerError`] of reading its insertion.
pub fn is_out(ledger: &Ledger, judged: &Judged) -> Result<bool, LedgerError> {
    Ok(way(ledger, judged.insertion)? == Some(Way::Out))
}

/// The PASS by which the medium of a verdict came in: the latest one before its insertion that
/// it got at a kiosk on its way in, and that was not withdrawn. `None` when it never did, or
/// the verdict names no registered medium.
///
/// # Errors
/// Every [`LedgerError`] of reading the entries before.
pub fn came_in(ledger: &Ledger, judged: &Judged) -> Result<Option<Visit>, LedgerError> {
    let Some(medium) = &judged.medium else {
        return Ok(None);
    };
    for entry in ledger.entries_before(judged.insertion) {
        let entry = entry?;
        let Event::Judged(earlier) = entry.content()?.event else {
            continue;
        };
        if earlier.verdict == Verdict::Pass
            && earlier.medium.as_ref() == Some(medium)
            && way(ledger, earlier.insertion)? == Some(Way::In)
            && !ledger.steps(earlier.insertion)?.contains(&Step::Withdrawn)
        {
            return Ok(Some(Visit {
                entry: entry.number,
                judged: earlier,
            }));
        }
    }
    Ok(None)
}

/// Which way the medium of an insertion went; `None` for a scan by hand. Where nothing is said,
/// it came in.
fn way(ledger: &Ledger, insertion: u64) -> Result<Option<Way>, LedgerError> {
    let event = ledger.entry(insertion)?.content()?.event;
    let Event::Inserted {
        claim: Some(_),
        occasion,
        ..
    } = event
    else {
        return Ok(None);
    };
    Ok(Some(occasion.map_or(Way::In, |occasion| occasion.way)))
}
