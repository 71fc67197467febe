//! What holds at the moment, by the entries alone: waivers; media that were stopped and of
//! which nobody has said what became; requests, loans and whoever waits for a medium; and the
//! lists as they were last seen.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use wire::Verdict;
use wire::audit::Cosigned;
use wire::ledger::Event;
use wire::list_change::{ListChange, ListName};
use wire::standing::{CASES_NAMED_MAX, KnownList, Standing};
use wire::waiver::{PERSON_BYTES_MAX, Waived, is_said};

use crate::error::Refusal;

mod waivers;

mod custody;

pub use custody::{Loan, Request};
pub use waivers::Kept;
pub(crate) use waivers::is_for;

/// What a ledger leaves open, entry by entry.
#[derive(Clone, Debug, Default)]
pub struct Register {
    waivers: waivers::Waivers,
    /// Insertions at a kiosk. What is scanned by hand is in the hands of whoever scans it.
    at_kiosk: BTreeSet<u64>,
    open: BTreeSet<u64>,
    answered: BTreeSet<u64>,
    custody: custody::Custody,
    lists: BTreeMap<ListName, KnownList>,
    latest: Option<Timestamp>,
    /// The start of the kioskd that has not said that it ended.
    running: Option<u64>,
    /// When the ledger was looked through last; its first entry when it never was.
    reviewed: Option<Timestamp>,
    /// The keys of co-signers with what they signed.
    cosigned: BTreeSet<(String, String)>,
}

/// The key and the number of entries. Twice the same adds nothing to a ledger but its length.
fn what_was_cosigned(cosigned: &Cosigned) -> (String, String) {
    let size = cosigned.note.lines().nth(1).unwrap_or_default();
    (cosigned.key.clone(), size.to_owned())
}

impl Register {
    /// Takes note of the entry `number`, which says that it was written at `recorded_utc`.
    pub fn note(&mut self, number: u64, recorded_utc: &str, event: &Event) {
        let recorded = self.note_time(recorded_utc);
        match event {
            Event::Inserted {
                claim: Some(_),
                medium,
                occasion,
                ..
            } => {
                self.at_kiosk.insert(number);
                let occasion = occasion.as_deref();
                self.custody.insert(number, medium.as_deref(), occasion);
            }
            Event::Judged(judged) => {
                self.judge(judged.insertion, judged.verdict);
                if self.at_kiosk.contains(&judged.insertion) {
                    self.custody.judge(judged);
                }
            }
            Event::Withdrawn {
                insertion, verdict, ..
            } => {
                self.judge(*insertion, *verdict);
                self.custody.forget_way_out(*insertion);
            }
            Event::Waived(waived) => self.waivers.give(number, waived),
            Event::WaiverEnded { waiver, by } => self.waivers.end(*waiver, number, by),
            Event::Mitigated { insertion, .. } => {
                self.open.remove(insertion);
                self.answered.insert(*insertion);
            }
            Event::Interrupted { insertion, .. } => self.custody.forget_way_out(*insertion),
            Event::ListChanged(change) => self.know(change),
            Event::Requested { insertion } => self.custody.request(*insertion, number),
            Event::RequestClosed(closed) => self.custody.close(closed.insertion, number),
            Event::Lent(lent) => self.custody.lend(number, lent),
            Event::Returned(returned) => self.custody.take_back(returned),
            Event::Enrolling(wait) => self.custody.wait(wait.seconds, recorded),
            Event::Started { again, .. } => {
                // Whoever meets its ledger anew is the one that started before.
                self.running = self.running.filter(|_| *again).or(Some(number));
            }
            Event::Inserted { claim: None, .. }
            | Event::Removed { .. }
            | Event::SelfTested(_)
            | Event::RulesInstalled(_)
            | Event::RulesRolledBack(_)
            | Event::RulesRefused(_)
            | Event::SignedIn(_)
            | Event::SignInRefused(_)
            | Event::SignedOut(_)
            | Event::ClockStepped { .. }
            | Event::KeySet(_)
            | Event::KeyRetired(_)
            | Event::Exported(_)
            | Event::BackedUp(_)
            | Event::Restored(_)
            | Event::Sealed(_) => {}
            Event::Stopped {} | Event::CrashFound { .. } => self.running = None,
            Event::Reviewed(_) => self.reviewed = recorded,
            Event::Cosigned(cosigned) => {
                self.cosigned.insert(what_was_cosigned(cosigned));
            }
        }
    }

    /// Takes note of when an entry says that it was written. A text that is no time says nothing.
    pub(crate) fn note_time(&mut self, recorded_utc: &str) -> Option<Timestamp> {
        let recorded = recorded_utc.parse().ok()?;
        self.latest = self.latest.max(Some(recorded));
        self.reviewed = self.reviewed.or(Some(recorded));
        self.custody.pass_time(recorded);
        Some(recorded)
    }

    /// Lets no waiver hold and nobody wait for a medium: an entry that cannot be read may have
    /// ended either. The rest stays open.
    pub(crate) fn forget_leave(&mut self) {
        self.waivers.forget();
        self.custody.wait(0, None);
    }

    fn judge(&mut self, insertion: u64, verdict: Verdict) {
        let stopped = verdict == Verdict::Stop;
        if stopped && self.at_kiosk.contains(&insertion) && !self.answered.contains(&insertion) {
            self.open.insert(insertion);
        }
    }

    fn know(&mut self, change: &ListChange) {
        let known = KnownList {
            list: change.list,
            before_sha256: change.before_sha256,
            after_sha256: change.after_sha256,
        };
        self.lists.insert(change.list, known);
    }

    /// Every waiver with its entry, ended and expired ones too.
    pub fn waivers(&self) -> impl Iterator<Item = (u64, &Kept)> {
        self.waivers.all()
    }

    /// The insertions whose case is open.
    pub fn open(&self) -> impl Iterator<Item = u64> {
        self.open.iter().copied()
    }

    /// Every request for registration with the insertion it was made for, answered ones too.
    pub fn requests(&self) -> impl Iterator<Item = (u64, &Request)> {
        self.custody.requests()
    }

    /// The media that are lent, by their ids.
    pub fn lent(&self) -> impl Iterator<Item = (&str, &Loan)> {
        self.custody.lent()
    }

    /// The latest time that any entry carries.
    #[must_use]
    pub fn latest(&self) -> Option<Timestamp> {
        self.latest
    }

    /// The start of the kioskd that has not said that it ended.
    #[must_use]
    pub(crate) fn running(&self) -> Option<u64> {
        self.running
    }

    /// The moment by which it is asked what is over: no clock that is set back makes a loan
    /// last longer.
    #[must_use]
    pub fn latest_or(&self, now: Timestamp) -> Timestamp {
        self.latest.map_or(now, |latest| latest.max(now))
    }

    /// What is told to whoever asks at `now`.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        let count = |many: usize| u64::try_from(many).unwrap_or(u64::MAX);
        Standing {
            waivers: self.waivers.in_force(now),
            open_cases: count(self.open.len()),
            cases: self.open().take(CASES_NAMED_MAX).collect(),
            requests: count(self.custody.open_requests()),
            overdue: count(self.custody.overdue(self.latest_or(now))),
            enrolling_until: self.custody.waits_until(now).map(|until| until.to_string()),
            latest_utc: self.latest.map(|latest| latest.to_string()),
            lists: self.lists.values().copied().collect(),
            reviewed_utc: self.reviewed.map(|reviewed| reviewed.to_string()),
            head: None,
            disk_percent: None,
        }
    }

    /// Checks an event against the entries before it.
    ///
    /// # Errors
    /// Why it is not written down.
    pub fn check(&self, event: &Event, now: Timestamp) -> Result<(), Refusal> {
        match event {
            Event::Waived(waived) => self.waivers.check_given(waived, now),
            Event::WaiverEnded { waiver, by } => self.waivers.check_ended(*waiver, by),
            Event::Mitigated { insertion, by, .. } => {
                if !self.open.contains(insertion) {
                    Err(Refusal::NoCase(*insertion))
                } else if !is_said(by, PERSON_BYTES_MAX) {
                    Err(Refusal::Nobody)
                } else {
                    Ok(())
                }
            }
            Event::Judged(judged) => self.waivers.check_cited(judged, now),
            Event::Cosigned(cosigned) if self.cosigned.contains(&what_was_cosigned(cosigned)) => {
                Err(Refusal::Audit(
                    "has a co-signature that is in the ledger already",
                ))
            }
            Event::Cosigned(_) => Ok(()),
            Event::Requested { insertion } => self.custody.check_request(*insertion),
            Event::RequestClosed(closed) => self.custody.check_close(closed.insertion),
            Event::Lent(lent) => self.custody.check_loan(lent, self.latest_or(now)),
            Event::Returned(returned) => self.custody.check_return(returned),
            Event::Started { .. }
            | Event::Inserted { .. }
            | Event::Withdrawn { .. }
            | Event::Removed { .. }
            | Event::SelfTested(_)
            | Event::RulesInstalled(_)
            | Event::RulesRolledBack(_)
            | Event::RulesRefused(_)
            | Event::ListChanged(_)
            | Event::Enrolling(_)
            | Event::SignedIn(_)
            | Event::SignInRefused(_)
            | Event::SignedOut(_)
            | Event::ClockStepped { .. }
            | Event::Stopped {}
            | Event::CrashFound { .. }
            | Event::KeySet(_)
            | Event::KeyRetired(_)
            | Event::Exported(_)
            | Event::Reviewed(_)
            | Event::BackedUp(_)
            | Event::Restored(_)
            | Event::Sealed(_)
            | Event::Interrupted { .. } => Ok(()),
        }
    }

    /// The waivers of these entries, by which rows of a verdict are checked.
    #[must_use]
    pub fn cited(&self, entries: &[u64]) -> BTreeMap<u64, Waived> {
        self.waivers.cited(entries)
    }
}
