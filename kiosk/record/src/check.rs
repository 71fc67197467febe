//! What kiosk-record believes of a message: as little as it can. The verdict was decided
//! elsewhere; here it must only not contradict itself or what is already written.

mod rules;

mod custody;

mod lists;

mod audit;

pub(crate) mod days;

use wire::claim::INTERFACES_MAX;
use wire::custody::Occasion;
use wire::ledger::{
    EVENT_BYTES_MAX, Event, Judged, SELF_TEST_FAULT_BYTES_MAX, SELF_TEST_FAULTS_MAX, SelfTest,
    SelfTested, VOLUMES_MAX,
};
use wire::scan::CONTAINER_DEPTH_MAX;
use wire::{Claim, Coverage, Finding, Outcome, Row, Tier, Verdict, outcome};

use crate::error::Refusal;

pub mod waived;

/// What an entry does to an insertion. Each happens at most once to each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// It began.
    Inserted,
    /// It has a verdict, or was interrupted and will have none.
    Closed,
    /// Its PASS was withdrawn before it was shown, or while it was.
    Withdrawn,
    /// The medium was taken out.
    Removed,
}

impl Step {
    /// As the table `steps` spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inserted => "inserted",
            Self::Closed => "closed",
            Self::Withdrawn => "withdrawn",
            Self::Removed => "removed",
        }
    }
}

/// The insertion an event is about and what it does to it, for the entry `number`.
#[must_use]
pub fn step(event: &Event, number: u64) -> Option<(u64, Step)> {
    match event {
        // What happens once to a case, a request or a loan is asked of the entries: see `standing`.
        Event::Started { .. }
        | Event::Waived(_)
        | Event::WaiverEnded { .. }
        | Event::Mitigated { .. }
        | Event::SelfTested(_)
        | Event::RulesInstalled(_)
        | Event::RulesRolledBack(_)
        | Event::RulesRefused(_)
        | Event::ListChanged(_)
        | Event::Requested { .. }
        | Event::RequestClosed(_)
        | Event::Lent(_)
        | Event::Returned(_)
        | Event::Enrolling(_)
        | Event::SignedIn(_)
        | Event::SignInRefused(_)
        | Event::SignedOut(_)
        | Event::ClockStepped { .. }
        | Event::Stopped {}
        | Event::CrashFound { .. }
        | Event::KeySet(_)
        | Event::KeyRetired(_)
        | Event::Cosigned(_)
        | Event::Exported(_)
        | Event::Reviewed(_)
        | Event::BackedUp(_)
        | Event::Restored(_)
        | Event::Sealed(_) => None,
        Event::Inserted { .. } => Some((number, Step::Inserted)),
        Event::Judged(judged) => Some((judged.insertion, Step::Closed)),
        Event::Interrupted { insertion, .. } => Some((*insertion, Step::Closed)),
        Event::Withdrawn { insertion, .. } => Some((*insertion, Step::Withdrawn)),
        Event::Removed { insertion } => Some((*insertion, Step::Removed)),
    }
}

/// The entries that an event about the ledger itself names.
pub(crate) use audit::named;

/// Checks an event by itself.
///
/// # Errors
/// Why it is not written down.
pub fn event(event: &Event) -> Result<(), Refusal> {
    let length = serde_json::to_vec(event)
        .map(|bytes| bytes.len())
        .unwrap_or(usize::MAX);
    if EVENT_BYTES_MAX < length {
        return Err(Refusal::EventTooLong(length));
    }
    match event {
        Event::Inserted {
            claim, occasion, ..
        } => inserted(claim.as_deref(), occasion.as_deref()),
        Event::Judged(judged) => verdict(judged),
        Event::Withdrawn {
            verdict: Verdict::Pass,
            ..
        } => Err(Refusal::Pass("take another one's place")),
        Event::Withdrawn { reasons, .. } if reasons.is_empty() => Err(Refusal::NoReason),
        Event::RulesInstalled(change) => rules::installed(change),
        Event::RulesRolledBack(change) => rules::rolled_back(change),
        Event::RulesRefused(refused) => rules::refused(refused),
        Event::SelfTested(tested) => self_test(tested),
        Event::ListChanged(change) => lists::changed(change),
        Event::RequestClosed(closed) => custody::request_closed(closed),
        Event::Lent(lent) => custody::lent(lent),
        Event::Returned(returned) => custody::returned(returned),
        Event::Enrolling(wait) => custody::enrolling(wait),
        Event::SignedIn(whom) | Event::SignedOut(whom) => custody::signed(whom),
        Event::SignInRefused(refused) => custody::sign_in_refused(refused),
        Event::ClockStepped { expected, found } => custody::stepped(expected, found),
        Event::KeyRetired(retired) => audit::key_retired(retired),
        Event::Cosigned(cosigned) => audit::cosigned(cosigned),
        Event::Exported(exported) => audit::exported(exported),
        Event::Reviewed(reviewed) => audit::reviewed(reviewed),
        Event::BackedUp(copy) => audit::person(&copy.by),
        Event::Restored(copy) => audit::person(&copy.by),
        Event::Sealed(sealed) => audit::person(&sealed.by),
        Event::Started { .. }
        | Event::Stopped {}
        | Event::CrashFound { .. }
        | Event::KeySet(_)
        | Event::Withdrawn { .. }
        | Event::Removed { .. }
        | Event::Waived(_)
        | Event::WaiverEnded { .. }
        | Event::Mitigated { .. }
        | Event::Requested { .. }
        | Event::Interrupted { .. } => Ok(()),
    }
}

fn inserted(claim: Option<&Claim>, occasion: Option<&Occasion>) -> Result<(), Refusal> {
    if claim.is_some_and(|claim| INTERFACES_MAX < claim.interfaces.len()) {
        return Err(Refusal::Interfaces);
    }
    occasion.map_or(Ok(()), custody::occasion)
}

/// Checks the result of a self-test by itself: a pass examined something and found no fault,
/// a failure says why.
fn self_test(tested: &SelfTested) -> Result<(), Refusal> {
    let long = |fault: &String| SELF_TEST_FAULT_BYTES_MAX < fault.len();
    if SELF_TEST_FAULTS_MAX < tested.faults.len() || tested.faults.iter().any(long) {
        return Err(Refusal::SelfTest("has more or longer faults than are kept"));
    }
    match tested.result {
        SelfTest::Passed if !tested.faults.is_empty() => {
            Err(Refusal::SelfTest("passed and has faults"))
        }
        SelfTest::Passed if tested.specimens == 0 || tested.rules.rules == 0 => {
            Err(Refusal::SelfTest("passed and examined nothing"))
        }
        SelfTest::Failed if tested.faults.is_empty() => {
            Err(Refusal::SelfTest("failed and does not say why"))
        }
        SelfTest::Passed | SelfTest::Failed => Ok(()),
    }
}

/// Checks a verdict by itself: a PASS must not contradict what it rests on.
fn verdict(judged: &Judged) -> Result<(), Refusal> {
    if VOLUMES_MAX < judged.volumes.len() {
        return Err(Refusal::Volumes(judged.volumes.len()));
    }
    judged.refused.as_deref().map_or(Ok(()), custody::refused)?;
    match judged.verdict {
        Verdict::Stop | Verdict::Incomplete => return Ok(()),
        Verdict::Pass => {}
    }
    let Some(totals) = judged.totals else {
        return Err(Refusal::Pass("come without the scanner's end record"));
    };
    let volumes = u64::try_from(judged.volumes.len()).unwrap_or(u64::MAX);
    let findings = judged.volumes.iter().flat_map(|volume| &volume.findings);
    let coverages = judged.volumes.iter().map(|volume| &volume.coverage);
    let mut coverages = coverages.chain([&totals.outside]);
    if !judged.reasons.is_empty() {
        Err(Refusal::Pass("have reasons against it"))
    } else if judged.fault.is_some() {
        Err(Refusal::Pass("come from a scan with a fault"))
    } else if judged.rules.as_ref().is_none_or(|rules| rules.rules == 0) {
        Err(Refusal::Pass("come without rules"))
    } else if totals.volumes != volumes {
        Err(Refusal::Pass("leave out a volume"))
    } else if findings.into_iter().any(opposes) {
        Err(Refusal::Pass("have a volume with a finding against it"))
    } else if !coverages.all(Coverage::is_whole) {
        Err(Refusal::Pass("leave out bytes of the medium"))
    } else {
        Ok(())
    }
}

/// Checks that a step fits its insertion, of which `steps` have happened.
///
/// # Errors
/// Why it is not written down.
pub fn place(step: Step, insertion: u64, steps: &[Step]) -> Result<(), Refusal> {
    let done = |step| steps.contains(&step);
    match step {
        Step::Inserted => Ok(()),
        Step::Closed | Step::Withdrawn | Step::Removed if !done(Step::Inserted) => {
            Err(Refusal::NoInsertion(insertion))
        }
        Step::Closed if done(Step::Closed) => Err(Refusal::Closed(insertion)),
        Step::Withdrawn | Step::Removed if !done(Step::Closed) => Err(Refusal::Open(insertion)),
        Step::Withdrawn if done(Step::Withdrawn) => Err(Refusal::Withdrawn(insertion)),
        Step::Withdrawn | Step::Removed if done(Step::Removed) => Err(Refusal::Removed(insertion)),
        Step::Closed | Step::Withdrawn | Step::Removed => Ok(()),
    }
}

/// Checks the number of rows that came with an event; `None` when it came without.
///
/// # Errors
/// Why it is not written down.
pub fn count(event: &Event, carried: Option<u64>) -> Result<(), Refusal> {
    let Some(judged) = event.judged() else {
        return match carried {
            Some(_) => Err(Refusal::RowsOfWhat),
            None => Ok(()),
        };
    };
    let carried = carried.unwrap_or(0);
    match judged.totals {
        Some(totals) if totals.rows != carried => Err(Refusal::Count {
            said: totals.rows,
            carried,
        }),
        Some(_) | None => Ok(()),
    }
}

/// Checks one row of a medium with this verdict.
///
/// # Errors
/// What is wrong with the row, to be said after its number.
pub fn row(row: &Row, verdict: Verdict) -> Result<(), &'static str> {
    let deep = u64::try_from(row.within.len()).unwrap_or(u64::MAX);
    let content_type = row.content_type.as_deref().unwrap_or_default();
    if CONTAINER_DEPTH_MAX < deep {
        return Err("is inside more containers than are opened");
    }
    if outcome::TYPE_BYTES_MAX < content_type.len() {
        return Err("has a type that is too long");
    }
    if outcome::FINDINGS_MAX < row.findings.len() {
        return Err("has too many findings");
    }
    for finding in &row.findings {
        if outcome::RULE_BYTES_MAX < finding.rule.len()
            || outcome::DETAIL_BYTES_MAX < finding.detail.len()
            || finding
                .title
                .as_ref()
                .is_some_and(|title| outcome::TITLE_BYTES_MAX < title.ja.len().max(title.en.len()))
        {
            return Err("has a finding that is too long");
        }
    }
    match (verdict, row.outcome) {
        (Verdict::Pass, Outcome::Matched | Outcome::Unchecked(_)) => {
            Err("is not clean, and the verdict is a pass")
        }
        (Verdict::Pass, Outcome::Clean) if row.findings.iter().any(opposes) => {
            Err("has a finding against the verdict, which is a pass")
        }
        (Verdict::Pass, Outcome::Clean)
        | (
            Verdict::Stop | Verdict::Incomplete,
            Outcome::Clean | Outcome::Matched | Outcome::Unchecked(_),
        ) => Ok(()),
    }
}

/// Whether a finding rules a PASS out.
fn opposes(finding: &Finding) -> bool {
    match finding.tier {
        Tier::Block | Tier::Incomplete => true,
        Tier::Notice => false,
    }
}
