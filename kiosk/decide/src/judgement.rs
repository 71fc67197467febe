//! The verdict: the only place in the kiosk where one is made.

use std::collections::BTreeMap;

use wire::ledger::EntryId;
use wire::{Gap, Reason, ReasonCode, Verdict};

use crate::admission::Admission;
use crate::examination::{Ending, Examination, RulesState};

/// A verdict on its way to the ledger. It can be written down but not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Judgement {
    answer: Answer,
    by_hand: bool,
}

/// What became of writing the judgement down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// It is durable.
    Recorded(EntryId),
    /// It is not, or nobody knows.
    Failed,
    /// Nobody wanted it: only a person who scans by hand may do without.
    Waived,
}

/// A verdict that may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Shown {
    answer: Answer,
    entry: Option<EntryId>,
}

/// Reasons in order of importance, and the verdict that follows from nothing but them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    verdict: Verdict,
    reasons: Vec<Reason>,
}

/// What kind of reason, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// Something known to be bad or forbidden is on the medium.
    Found,
    /// The medium is not one that may be used.
    NotAdmitted,
    /// The kiosk itself is not fit to answer.
    Fault,
    /// Something was not examined.
    NotExamined,
}

/// Judges a medium. Pure: the same admission and examination, the same answer.
pub fn judge(admission: &Admission, examination: &Examination) -> Judgement {
    let mut reasons = BTreeMap::new();
    let mut add = |code: ReasonCode, count: u64| {
        if 0 < count {
            let total: &mut u64 = reasons.entry(code).or_insert(0);
            *total = total.saturating_add(count);
        }
    };
    let by_hand = match admission {
        Admission::Refused(refusal) => {
            add(refusal.code, 1);
            false
        }
        Admission::Registered { .. } => false,
        Admission::AsRegistered { .. } | Admission::ByHand => true,
    };
    add(ReasonCode::Matched, examination.matched);
    add(ReasonCode::Policy, examination.policy);
    for (&gap, &count) in &examination.gaps {
        add(gap.into(), count);
    }
    match examination.rules {
        RulesState::Working => {}
        RulesState::Missing => add(ReasonCode::RulesMissing, 1),
        RulesState::Stale => add(ReasonCode::RulesStale, 1),
        RulesState::SelfTestFailed => add(ReasonCode::SelfTestFailed, 1),
    }
    match examination.ending {
        Ending::Complete => {}
        Ending::Failed(gap) => add(gap.into(), 1),
        // A refusal, or rules that are not there, say why nothing was read. Otherwise the
        // scanner could not be started, and that must not look like a scan without findings.
        Ending::NotStarted if reasons.is_empty() => {
            reasons.insert(Gap::Damaged.into(), 1);
        }
        Ending::NotStarted => {}
    }
    Judgement {
        answer: Answer::new(reasons),
        by_hand,
    }
}

impl Judgement {
    /// The verdict to write down.
    pub fn verdict(&self) -> Verdict {
        self.answer.verdict
    }

    /// The reasons to write down, the most important first; empty for PASS.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.answer.reasons
    }

    /// The answer that may be shown. PASS needs a durable entry, or a scan by hand whose
    /// person waived it. A judgement that could not be written down is not finished.
    pub fn shown(self, recording: Recording) -> Shown {
        match recording {
            // Entries are numbered from 1: number 0 is no entry.
            Recording::Recorded(entry) if entry.number != 0 => Shown {
                answer: self.answer,
                entry: Some(entry),
            },
            // A STOP opens no gate, whoever did without writing it down.
            Recording::Waived if self.by_hand || self.answer.verdict == Verdict::Stop => Shown {
                answer: self.answer,
                entry: None,
            },
            Recording::Recorded(_) | Recording::Failed | Recording::Waived => {
                let mut reasons: BTreeMap<_, _> = self
                    .answer
                    .reasons
                    .iter()
                    .map(|reason| (reason.code, reason.count))
                    .collect();
                reasons.insert(ReasonCode::LedgerUnavailable, 1);
                Shown {
                    answer: Answer::new(reasons),
                    entry: None,
                }
            }
        }
    }
}

impl Judgement {
    /// What stands in the place of a PASS that must not be shown, for this one reason. What is
    /// no PASS stays what it is.
    pub fn withdrawn(self, code: ReasonCode) -> Self {
        let answer = match self.answer.verdict {
            Verdict::Pass => Answer::new(BTreeMap::from([(code, 1)])),
            Verdict::Stop | Verdict::Incomplete => self.answer,
        };
        Self { answer, ..self }
    }
}

impl Shown {
    /// The judgement behind it, to be withdrawn.
    pub fn into_judgement(self) -> Judgement {
        Judgement {
            answer: self.answer,
            by_hand: false,
        }
    }

    /// The verdict.
    pub fn verdict(&self) -> Verdict {
        self.answer.verdict
    }

    /// Why it is not PASS, the most important reason first.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.answer.reasons
    }

    /// Its entry in the ledger.
    #[must_use]
    pub fn entry(&self) -> Option<EntryId> {
        self.entry
    }
}

/// The exit status of a program that gives this answer.
///
/// 0 is PASS; when several others apply, a fault of the kiosk's own (2) comes before
/// something found (1), not admitted (3) and not examined (4).
#[must_use]
pub fn exit_status(shown: &Shown) -> u8 {
    let has = |class| {
        shown
            .reasons()
            .iter()
            .any(|reason| Class::of(reason.code) == class)
    };
    if has(Class::Fault) {
        return 2;
    }
    if has(Class::Found) {
        return 1;
    }
    if has(Class::NotAdmitted) {
        return 3;
    }
    match shown.verdict() {
        Verdict::Pass => 0,
        Verdict::Stop | Verdict::Incomplete => 4,
    }
}

impl Answer {
    fn new(reasons: BTreeMap<ReasonCode, u64>) -> Self {
        let mut reasons: Vec<Reason> = reasons
            .into_iter()
            .map(|(code, count)| Reason { code, count })
            .collect();
        reasons.sort_by_key(|reason| importance(reason.code));
        let stops = |reason: &Reason| match Class::of(reason.code) {
            Class::Found | Class::NotAdmitted => true,
            Class::Fault | Class::NotExamined => false,
        };
        let verdict = if reasons.iter().any(stops) {
            Verdict::Stop
        } else if reasons.is_empty() {
            Verdict::Pass
        } else {
            Verdict::Incomplete
        };
        Self { verdict, reasons }
    }
}

impl Class {
    fn of(code: ReasonCode) -> Self {
        match code {
            ReasonCode::Matched | ReasonCode::Policy => Self::Found,
            ReasonCode::Unregistered
            | ReasonCode::Expired
            | ReasonCode::Revoked
            | ReasonCode::NotYetValid
            | ReasonCode::Lost
            | ReasonCode::CloneSuspected
            | ReasonCode::NotStorage
            | ReasonCode::NoVisit => Self::NotAdmitted,
            ReasonCode::RulesMissing
            | ReasonCode::RulesStale
            | ReasonCode::SelfTestFailed
            | ReasonCode::LedgerUnavailable
            | ReasonCode::ClockUntrusted => Self::Fault,
            ReasonCode::Encrypted
            | ReasonCode::Unreadable
            | ReasonCode::Damaged
            | ReasonCode::Unsupported
            | ReasonCode::Limit
            | ReasonCode::Timeout
            | ReasonCode::Changed
            | ReasonCode::Removed => Self::NotExamined,
        }
    }
}

/// By class; among gaps, a medium that was pulled out explains all the others.
fn importance(code: ReasonCode) -> (Class, bool, ReasonCode) {
    (Class::of(code), code != ReasonCode::Removed, code)
}

#[cfg(test)]
#[path = "judgement_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "judgement_properties.rs"]
mod properties;
