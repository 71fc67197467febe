//! The answers by day, and why they were not PASS.

use std::collections::BTreeMap;

use wire::custody::Refused;
use wire::ledger::Judged;
use wire::{Reason, ReasonCode, Verdict};

use super::At;
use super::media::Insertion;
use crate::bounded::{Lines, count};

/// Longest explanation in a line of a table, in bytes.
const DETAIL_BYTES: usize = 300;

/// The answers of one day, as they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) pass: u64,
    pub(crate) stop: u64,
    pub(crate) incomplete: u64,
    /// Of the last two, how many took the place of a PASS of this day.
    pub(crate) withdrawn: u64,
    pub(crate) interrupted: u64,
}

impl Day {
    /// Verdicts that were given, whatever became of them.
    pub(crate) fn verdicts(&self) -> u64 {
        self.pass
            .saturating_add(self.stop)
            .saturating_add(self.incomplete)
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn judged(&mut self, verdict: Verdict) {
        count(match verdict {
            Verdict::Pass => &mut self.pass,
            Verdict::Stop => &mut self.stop,
            Verdict::Incomplete => &mut self.incomplete,
        });
    }

    fn and(self, other: &Self) -> Self {
        Self {
            pass: self.pass.saturating_add(other.pass),
            stop: self.stop.saturating_add(other.stop),
            incomplete: self.incomplete.saturating_add(other.incomplete),
            withdrawn: self.withdrawn.saturating_add(other.withdrawn),
            interrupted: self.interrupted.saturating_add(other.interrupted),
        }
    }
}

/// The answers of a month from one place.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) days: Vec<Day>,
    /// Those whose clock showed a day of another month.
    pub(crate) off: Day,
}

impl Answers {
    fn new(days: usize) -> Self {
        Self {
            days: vec![Day::default(); days],
            off: Day::default(),
        }
    }

    /// All days together.
    pub(crate) fn sum(&self) -> Day {
        self.days.iter().fold(self.off, |sum, day| sum.and(day))
    }

    fn day(&mut self, day: Option<usize>) -> &mut Day {
        let day = day.and_then(|day| self.days.get_mut(day));
        day.unwrap_or(&mut self.off)
    }
}

/// The answers of the month.
#[derive(Debug)]
pub(crate) struct Verdicts {
    /// Those that the checkpoint gave.
    pub(crate) gate: Answers,
    /// Those of scans by hand, which let nothing in.
    pub(crate) hand: Answers,
    /// Insertions at the checkpoint.
    pub(crate) at_kiosk: u64,
    /// Scans that an administrator began by hand.
    pub(crate) by_hand: u64,
    /// PASSes of a month before that were withdrawn in this one.
    pub(crate) withdrawn_from_before: u64,
    /// Verdicts that rest on a waiver.
    pub(crate) waived: u64,
}

impl Verdicts {
    pub(super) fn new(days: usize) -> Self {
        Self {
            gate: Answers::new(days),
            hand: Answers::new(days),
            at_kiosk: 0,
            by_hand: 0,
            withdrawn_from_before: 0,
            waived: 0,
        }
    }

    fn of(&mut self, is_by_hand: bool) -> &mut Answers {
        if is_by_hand {
            &mut self.hand
        } else {
            &mut self.gate
        }
    }

    pub(super) fn inserted(&mut self, is_by_hand: bool) {
        count(if is_by_hand {
            &mut self.by_hand
        } else {
            &mut self.at_kiosk
        });
    }

    pub(super) fn judged(&mut self, day: Option<usize>, judged: &Judged, is_by_hand: bool) {
        self.of(is_by_hand).day(day).judged(judged.verdict);
        if !judged.waivers.is_empty() {
            count(&mut self.waived);
        }
    }

    /// Another answer stands in the place of a PASS of this month, which was counted.
    pub(super) fn withdrawn(&mut self, passed: Passed, verdict: Verdict, is_by_hand: bool) {
        let day = self.of(is_by_hand).day(passed.day);
        day.pass = day.pass.saturating_sub(1);
        day.judged(standing(verdict));
        count(&mut day.withdrawn);
    }

    /// A PASS of an earlier month is none any more.
    pub(super) fn withdrawn_from_before(&mut self) {
        count(&mut self.withdrawn_from_before);
    }

    pub(super) fn interrupted(&mut self, day: Option<usize>, is_by_hand: bool) {
        count(&mut self.of(is_by_hand).day(day).interrupted);
    }
}

/// A PASS that was counted in this month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Passed {
    /// On which day; `None` when its clock showed another month.
    pub(super) day: Option<usize>,
}

/// The answer that stands after a withdrawal. The ledger's writer takes none that is PASS; one
/// from elsewhere must not bring a PASS back either.
pub(crate) fn standing(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Pass | Verdict::Incomplete => Verdict::Incomplete,
        Verdict::Stop => Verdict::Stop,
    }
}

/// How often one reason was given.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Given {
    /// Verdicts.
    pub(crate) verdicts: u64,
    /// Files, volumes or occasions.
    pub(crate) count: u64,
}

/// One answer that was not PASS.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) at: At,
    pub(crate) label: String,
    pub(crate) verdict: Verdict,
    /// Whether it took the place of a PASS.
    pub(crate) is_withdrawal: bool,
    pub(crate) reasons: Vec<ReasonCode>,
    /// The list entry that decided.
    pub(crate) list_entry: Option<String>,
    pub(crate) detail: String,
}

/// Why answers were not PASS.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    pub(crate) reasons: BTreeMap<ReasonCode, Given>,
    pub(crate) lines: Lines<Refusal>,
}

impl Refusals {
    fn reasons(&mut self, reasons: &[Reason]) {
        for reason in reasons {
            let given = self.reasons.entry(reason.code).or_default();
            count(&mut given.verdicts);
            given.count = given.count.saturating_add(reason.count);
        }
    }

    pub(super) fn judged(&mut self, at: &At, label: &str, judged: &Judged) {
        if judged.verdict == Verdict::Pass {
            return;
        }
        self.reasons(&judged.reasons);
        self.lines.add(|| {
            let refused = judged.refused.as_deref();
            Refusal {
                at: at.clone(),
                label: label.to_owned(),
                verdict: judged.verdict,
                is_withdrawal: false,
                reasons: codes(&judged.reasons),
                list_entry: refused.and_then(|refused| refused.entry.clone()),
                detail: detail(refused, judged.fault.as_deref()),
            }
        });
    }

    pub(super) fn withdrawn(
        &mut self,
        at: &At,
        known: Option<&Insertion>,
        verdict: Verdict,
        reasons: &[Reason],
    ) {
        self.reasons(reasons);
        self.lines.add(|| Refusal {
            at: at.clone(),
            label: known.map_or_else(|| "-".to_owned(), |known| known.label.clone()),
            verdict: standing(verdict),
            is_withdrawal: true,
            reasons: codes(reasons),
            list_entry: None,
            detail: String::new(),
        });
    }
}

/// There are no more codes than kinds of reasons; a message may repeat one.
fn codes(reasons: &[Reason]) -> Vec<ReasonCode> {
    let mut codes: Vec<ReasonCode> = reasons.iter().map(|reason| reason.code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// What the list had against it, and what else went wrong. The kiosk names a refusal as the fault
/// too, for ledgers that knew no other place for it: that is said once.
fn detail(refused: Option<&Refused>, fault: Option<&str>) -> String {
    let mut parts = Vec::new();
    if let Some(refused) = refused {
        parts.push(refused.detail.clone());
        for one in &refused.differences {
            let claimed = one.claimed.as_deref().unwrap_or("-");
            parts.push(format!("{}: {} ≠ {claimed}", one.key, one.listed));
        }
    }
    parts.extend(
        fault
            .filter(|fault| !is_told(refused, fault))
            .map(str::to_owned),
    );
    wire::name::line_within(&parts.join("; "), DETAIL_BYTES)
}

/// Whether a fault is the refusal's detail again, with or without the entry that decided.
fn is_told(refused: Option<&Refused>, fault: &str) -> bool {
    refused.is_some_and(|refused| {
        let entry = refused.entry.as_deref();
        let bare = entry.and_then(|entry| fault.strip_prefix(entry)?.strip_prefix(": "));
        bare.unwrap_or(fault) == refused.detail
    })
}
