//! What holds at the moment, by the entries alone: waivers, and media that were stopped and of
//! which nobody has said what became.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use wire::ledger::Event;
use wire::standing::{CASES_NAMED_MAX, Standing};
use wire::waiver::{
    PERSON_BYTES_MAX, WAIVER_DAYS_MAX, WAIVER_REASON_BYTES_MAX, WAIVERS_MAX, Waived, is_day,
    is_said, is_same_person, unwaivable,
};
use wire::{Finding, Row, Verdict};

use crate::error::Refusal;

/// How far a calendar day can lie from the same day in UTC: from UTC-12 to UTC+14.
const DAY_EARLIEST: SignedDuration = SignedDuration::from_hours(24 - 14);
const DAY_LATEST: SignedDuration = SignedDuration::from_hours(24 + 12);

/// A waiver with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// As it was written.
    pub waived: Waived,
    /// Who ended it, and in which entry.
    pub ended: Option<(u64, String)>,
}

/// The waivers and the open cases of a ledger, entry by entry.
#[derive(Clone, Debug, Default)]
pub struct Register {
    waivers: BTreeMap<u64, Kept>,
    /// Insertions at a kiosk. What is scanned by hand is in the hands of whoever scans it.
    at_kiosk: BTreeSet<u64>,
    open: BTreeSet<u64>,
    answered: BTreeSet<u64>,
}

impl Register {
    /// Takes note of the entry `number`.
    pub fn note(&mut self, number: u64, event: &Event) {
        match event {
            Event::Inserted { claim: Some(_), .. } => {
                self.at_kiosk.insert(number);
            }
            Event::Judged(judged) => self.judge(judged.insertion, judged.verdict),
            Event::Withdrawn {
                insertion, verdict, ..
            } => self.judge(*insertion, *verdict),
            Event::Waived(waived) => {
                let kept = Kept {
                    waived: (**waived).clone(),
                    ended: None,
                };
                self.waivers.insert(number, kept);
            }
            Event::WaiverEnded { waiver, by } => {
                if let Some(kept) = self.waivers.get_mut(waiver) {
                    kept.ended.get_or_insert((number, by.clone()));
                }
            }
            Event::Mitigated { insertion, .. } => {
                self.open.remove(insertion);
                self.answered.insert(*insertion);
            }
            Event::Started { .. }
            | Event::Inserted { claim: None, .. }
            | Event::Removed { .. }
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
            | Event::Interrupted { .. } => {}
        }
    }

    /// Lets no waiver hold; the cases stay.
    pub(crate) fn forget_waivers(&mut self) {
        self.waivers.clear();
    }

    fn judge(&mut self, insertion: u64, verdict: Verdict) {
        let stopped = verdict == Verdict::Stop;
        if stopped && self.at_kiosk.contains(&insertion) && !self.answered.contains(&insertion) {
            self.open.insert(insertion);
        }
    }

    /// Every waiver with its entry, ended and expired ones too.
    pub fn waivers(&self) -> impl Iterator<Item = (u64, &Kept)> {
        self.waivers.iter().map(|(number, kept)| (*number, kept))
    }

    /// The insertions whose case is open.
    pub fn open(&self) -> impl Iterator<Item = u64> {
        self.open.iter().copied()
    }

    /// What is told to whoever asks at `now`.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        let waivers = self.waivers.iter();
        let waivers = waivers.filter(|(_, kept)| kept.holds(now));
        let waivers = waivers.map(|(number, kept)| kept.waived.brief(*number));
        Standing {
            waivers: waivers.take(WAIVERS_MAX).collect(),
            open_cases: u64::try_from(self.open.len()).unwrap_or(u64::MAX),
            cases: self.open().take(CASES_NAMED_MAX).collect(),
            ..Standing::default()
        }
    }

    /// Checks an event against the entries before it.
    ///
    /// # Errors
    /// Why it is not written down.
    pub fn check(&self, event: &Event, now: Timestamp) -> Result<(), Refusal> {
        match event {
            Event::Waived(waived) => {
                let holding = self.waivers.values().filter(|kept| kept.holds(now)).count();
                if WAIVERS_MAX <= holding {
                    return Err(Refusal::Waiver("is one more than may be in force"));
                }
                sound(waived, now)
            }
            Event::WaiverEnded { waiver, by } => match self.waivers.get(waiver) {
                None => Err(Refusal::NoWaiver(*waiver)),
                Some(kept) if kept.ended.is_some() => Err(Refusal::NoWaiver(*waiver)),
                Some(_) if !is_said(by, PERSON_BYTES_MAX) => {
                    Err(Refusal::Waiver("is ended by nobody"))
                }
                Some(_) => Ok(()),
            },
            Event::Mitigated { insertion, by, .. } => {
                if !self.open.contains(insertion) {
                    Err(Refusal::NoCase(*insertion))
                } else if !is_said(by, PERSON_BYTES_MAX) {
                    Err(Refusal::Nobody)
                } else {
                    Ok(())
                }
            }
            Event::Judged(judged) => {
                let medium = judged.medium.as_deref();
                // What stops or is not finished rests on no waiver; that it names some is said.
                let holds = |entry: &u64| match judged.verdict {
                    Verdict::Pass => self.holding(*entry, medium, now).is_some(),
                    Verdict::Stop | Verdict::Incomplete => self.waivers.contains_key(entry),
                };
                match judged.waivers.iter().find(|entry| !holds(entry)) {
                    None => Ok(()),
                    Some(entry) => Err(Refusal::NoWaiver(*entry)),
                }
            }
            Event::Started { .. }
            | Event::Inserted { .. }
            | Event::Withdrawn { .. }
            | Event::Removed { .. }
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
            | Event::Interrupted { .. } => Ok(()),
        }
    }

    fn holding(&self, entry: u64, medium: Option<&str>, now: Timestamp) -> Option<&Waived> {
        let kept = self.waivers.get(&entry).filter(|kept| kept.holds(now))?;
        let only = kept.waived.medium.as_deref();
        (only.is_none() || only == medium).then_some(&kept.waived)
    }

    /// The waivers of these entries, by which rows of a verdict are checked.
    #[must_use]
    pub fn cited(&self, entries: &[u64]) -> BTreeMap<u64, Waived> {
        let found = entries.iter().filter_map(|entry| {
            let kept = self.waivers.get(entry)?;
            Some((*entry, kept.waived.clone()))
        });
        found.collect()
    }
}

impl Kept {
    /// Whether it holds at this moment.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        let ends: Option<Timestamp> = self.waived.ends.parse().ok();
        self.ended.is_none() && ends.is_some_and(|ends| now < ends)
    }
}

/// Whether a cited waiver is for this finding of this row.
pub(crate) fn is_for(waived: &Waived, row: &Row, finding: &Finding) -> bool {
    waived.is_for(row.sha256, finding)
}

/// Checks a waiver by itself.
fn sound(waived: &Waived, now: Timestamp) -> Result<(), Refusal> {
    let person = |name: &str| is_said(name, PERSON_BYTES_MAX);
    let refuse = |why| Err(Refusal::Waiver(why));
    let (rule, of) = (&waived.rule, waived.of.as_deref());
    if let Some(why) = unwaivable(waived.sha256, waived.source, rule, of) {
        return refuse(why);
    }
    if !is_said(&waived.reason, WAIVER_REASON_BYTES_MAX) {
        return refuse("has no reason, or one that is too long or hides something");
    }
    if !person(&waived.approved_by) || !person(&waived.second) {
        return refuse("does not name two people");
    }
    if is_same_person(&waived.approved_by, &waived.second) {
        return refuse("names one person twice");
    }
    if waived
        .medium
        .as_deref()
        .is_some_and(|medium| !person(medium))
    {
        return refuse("is for a medium without an id");
    }
    let until = waived.until.parse::<Date>().ok();
    let until = until.filter(|_| is_day(&waived.until));
    let day = until.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
    let (Some(day), Ok(ends)) = (day, waived.ends.parse::<Timestamp>()) else {
        return refuse("has no last day");
    };
    let after = ends.duration_since(day.timestamp());
    if after < DAY_EARLIEST || DAY_LATEST < after {
        return refuse("does not end with its last day");
    }
    let days = i64::try_from(WAIVER_DAYS_MAX).unwrap_or(0);
    // Today is none of them, wherever the site is.
    let longest = SignedDuration::from_hours(days.saturating_add(1).saturating_mul(24));
    let lasts = ends.duration_since(now);
    if !lasts.is_positive() {
        return refuse("has ended already");
    }
    if longest < lasts {
        return refuse("lasts longer than waivers may");
    }
    Ok(())
}
