//! Requests for registration, loans, and whoever waits for a medium, by the entries.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use wire::custody::{Lent, Occasion, Returned, Way};
use wire::ledger::Judged;
use wire::{ReasonCode, Verdict};

use crate::error::Refusal;

/// A request for registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The entry that made it.
    pub entry: u64,
    /// The entry that answered it.
    pub closed: Option<u64>,
}

/// A medium that is lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loan {
    /// The entry that lent it.
    pub entry: u64,
    /// From when on it is overdue; `None` when the entry says no moment, and then it is.
    pub ends: Option<Timestamp>,
}

impl Loan {
    /// Whether it should have been back at this moment.
    #[must_use]
    pub fn is_overdue(&self, at: Timestamp) -> bool {
        self.ends.is_none_or(|ends| ends <= at)
    }
}

/// An administrator waits for a medium.
#[derive(Clone, Copy, Debug)]
struct Wait {
    since: Timestamp,
    until: Timestamp,
}

/// A registered medium on its way out.
#[derive(Clone, Debug)]
struct WayOut {
    medium: String,
    has_passed: bool,
}

/// What becomes of media between their visits to the kiosk.
#[derive(Clone, Debug, Default)]
pub(super) struct Custody {
    /// Insertions at a kiosk that were refused as unregistered.
    unregistered: BTreeSet<u64>,
    requests: BTreeMap<u64, Request>,
    lent: BTreeMap<String, Loan>,
    /// Insertions on the way out that may still give their medium back.
    ways_out: BTreeMap<u64, WayOut>,
    wait: Option<Wait>,
}

impl Custody {
    /// An insertion at a kiosk.
    pub(super) fn insert(
        &mut self,
        number: u64,
        medium: Option<&str>,
        occasion: Option<&Occasion>,
    ) {
        let is_out = occasion.is_some_and(|occasion| occasion.way == Way::Out);
        if let (Some(medium), true) = (medium, is_out) {
            let way = WayOut {
                medium: medium.to_owned(),
                has_passed: false,
            };
            self.ways_out.insert(number, way);
        }
    }

    /// A verdict about an insertion at a kiosk.
    pub(super) fn judge(&mut self, judged: &Judged) {
        match judged.verdict {
            Verdict::Pass => {
                if let Some(way) = self.ways_out.get_mut(&judged.insertion) {
                    way.has_passed = true;
                }
            }
            Verdict::Stop | Verdict::Incomplete => self.forget_way_out(judged.insertion),
        }
        let unregistered = |code: &ReasonCode| *code == ReasonCode::Unregistered;
        let mut codes = judged.reasons.iter().map(|reason| &reason.code);
        if judged.verdict == Verdict::Stop && codes.any(unregistered) {
            self.unregistered.insert(judged.insertion);
        }
    }

    /// An insertion that gives nothing back any more.
    pub(super) fn forget_way_out(&mut self, insertion: u64) {
        self.ways_out.remove(&insertion);
    }

    pub(super) fn request(&mut self, insertion: u64, entry: u64) {
        let request = Request {
            entry,
            closed: None,
        };
        self.requests.entry(insertion).or_insert(request);
    }

    pub(super) fn close(&mut self, insertion: u64, entry: u64) {
        if let Some(request) = self.requests.get_mut(&insertion) {
            request.closed.get_or_insert(entry);
        }
    }

    pub(super) fn lend(&mut self, entry: u64, lent: &Lent) {
        let ends = lent.ends.parse().ok();
        self.lent.insert(lent.medium.clone(), Loan { entry, ends });
    }

    pub(super) fn take_back(&mut self, returned: &Returned) {
        self.lent.remove(&returned.medium);
        if let Some(insertion) = returned.insertion {
            self.forget_way_out(insertion);
        }
    }

    /// Somebody waits from `recorded` on; 0 seconds end it, and so does a time that cannot be
    /// read.
    pub(super) fn wait(&mut self, seconds: u64, recorded: Option<Timestamp>) {
        let seconds = i64::try_from(seconds).unwrap_or(0);
        let lasts = SignedDuration::from_secs(seconds);
        self.wait = recorded.filter(|_| 0 < seconds).and_then(|since| {
            let until = since.checked_add(lasts).ok()?;
            Some(Wait { since, until })
        });
    }

    /// An entry was written at this moment: what was over then stays over, whatever the clock
    /// says later.
    pub(super) fn pass_time(&mut self, recorded: Timestamp) {
        self.wait = self.wait.filter(|wait| recorded < wait.until);
    }

    /// Until when somebody waits at `now`. Nobody waits before they began: a clock that was set
    /// back must not make it longer.
    pub(super) fn waits_until(&self, now: Timestamp) -> Option<Timestamp> {
        let wait = self.wait?;
        (wait.since <= now && now < wait.until).then_some(wait.until)
    }

    pub(super) fn requests(&self) -> impl Iterator<Item = (u64, &Request)> {
        let all = self.requests.iter();
        all.map(|(insertion, request)| (*insertion, request))
    }

    pub(super) fn open_requests(&self) -> usize {
        let open = self.requests.values();
        open.filter(|request| request.closed.is_none()).count()
    }

    pub(super) fn lent(&self) -> impl Iterator<Item = (&str, &Loan)> {
        self.lent.iter().map(|(id, loan)| (id.as_str(), loan))
    }

    pub(super) fn overdue(&self, at: Timestamp) -> usize {
        self.lent
            .values()
            .filter(|loan| loan.is_overdue(at))
            .count()
    }

    pub(super) fn check_request(&self, insertion: u64) -> Result<(), Refusal> {
        if self.unregistered.contains(&insertion) && !self.requests.contains_key(&insertion) {
            return Ok(());
        }
        Err(Refusal::NotUnregistered(insertion))
    }

    pub(super) fn check_close(&self, insertion: u64) -> Result<(), Refusal> {
        match self.requests.get(&insertion) {
            Some(request) if request.closed.is_none() => Ok(()),
            Some(_) | None => Err(Refusal::NoRequest(insertion)),
        }
    }

    pub(super) fn check_loan(&self, lent: &Lent, at: Timestamp) -> Result<(), Refusal> {
        if self.lent.contains_key(&lent.medium) {
            return Err(Refusal::Lent(lent.medium.clone()));
        }
        match lent.ends.parse::<Timestamp>() {
            Ok(ends) if at < ends => Ok(()),
            Ok(_) | Err(_) => Err(Refusal::Loan(
                "has ended already, by the latest time that the ledger knows",
            )),
        }
    }

    pub(super) fn check_return(&self, returned: &Returned) -> Result<(), Refusal> {
        if !self.lent.contains_key(&returned.medium) {
            return Err(Refusal::NotLent(returned.medium.clone()));
        }
        let Some(insertion) = returned.insertion else {
            return Ok(());
        };
        let fits = |way: &&WayOut| way.has_passed && way.medium == returned.medium;
        match self.ways_out.get(&insertion).filter(fits) {
            Some(_) => Ok(()),
            None => Err(Refusal::NoWayOut(insertion)),
        }
    }
}
