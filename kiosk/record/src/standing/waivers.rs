//! Waivers by the entries: which were given, which of them hold.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use wire::ledger::Judged;
use wire::waiver::{
    PERSON_BYTES_MAX, WAIVER_DAYS_MAX, WAIVER_REASON_BYTES_MAX, WAIVERS_MAX, Waived, Waiver,
    is_said, is_same_person, unwaivable,
};
use wire::{Finding, Row, Verdict};

use crate::check::days::ends_with_its_day;
use crate::error::Refusal;

/// A waiver with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// As it was written.
    pub waived: Waived,
    /// Who ended it, and in which entry.
    pub ended: Option<(u64, String)>,
}

impl Kept {
    /// Whether it holds at this moment.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        let ends: Option<Timestamp> = self.waived.ends.parse().ok();
        self.ended.is_none() && ends.is_some_and(|ends| now < ends)
    }
}

/// The waivers of a ledger, by their entries.
#[derive(Clone, Debug, Default)]
pub(super) struct Waivers(BTreeMap<u64, Kept>);

impl Waivers {
    pub(super) fn give(&mut self, number: u64, waived: &Waived) {
        let kept = Kept {
            waived: waived.clone(),
            ended: None,
        };
        self.0.insert(number, kept);
    }

    pub(super) fn end(&mut self, waiver: u64, number: u64, by: &str) {
        if let Some(kept) = self.0.get_mut(&waiver) {
            kept.ended.get_or_insert((number, by.to_owned()));
        }
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (u64, &Kept)> {
        self.0.iter().map(|(number, kept)| (*number, kept))
    }

    /// Those that hold, as far as judging needs them.
    pub(super) fn in_force(&self, now: Timestamp) -> Vec<Waiver> {
        let held = self.all().filter(|(_, kept)| kept.holds(now));
        let held = held.map(|(number, kept)| kept.waived.brief(number));
        held.take(WAIVERS_MAX).collect()
    }

    pub(super) fn check_given(&self, waived: &Waived, now: Timestamp) -> Result<(), Refusal> {
        let holding = self.0.values().filter(|kept| kept.holds(now)).count();
        if WAIVERS_MAX <= holding {
            return Err(Refusal::Waiver("is one more than may be in force"));
        }
        sound(waived, now)
    }

    pub(super) fn check_ended(&self, waiver: u64, by: &str) -> Result<(), Refusal> {
        match self.0.get(&waiver) {
            None => Err(Refusal::NoWaiver(waiver)),
            Some(kept) if kept.ended.is_some() => Err(Refusal::NoWaiver(waiver)),
            Some(_) if !is_said(by, PERSON_BYTES_MAX) => Err(Refusal::Waiver("is ended by nobody")),
            Some(_) => Ok(()),
        }
    }

    /// Checks the waivers that a verdict cites.
    pub(super) fn check_cited(&self, judged: &Judged, now: Timestamp) -> Result<(), Refusal> {
        let medium = judged.medium.as_deref();
        // What stops or is not finished rests on no waiver; that it names some is said.
        let holds = |entry: &u64| match judged.verdict {
            Verdict::Pass => self.holding(*entry, medium, now).is_some(),
            Verdict::Stop | Verdict::Incomplete => self.0.contains_key(entry),
        };
        match judged.waivers.iter().find(|entry| !holds(entry)) {
            None => Ok(()),
            Some(entry) => Err(Refusal::NoWaiver(*entry)),
        }
    }

    fn holding(&self, entry: u64, medium: Option<&str>, now: Timestamp) -> Option<&Waived> {
        let kept = self.0.get(&entry).filter(|kept| kept.holds(now))?;
        let only = kept.waived.medium.as_deref();
        (only.is_none() || only == medium).then_some(&kept.waived)
    }

    pub(super) fn cited(&self, entries: &[u64]) -> BTreeMap<u64, Waived> {
        let found = entries.iter().filter_map(|entry| {
            let kept = self.0.get(entry)?;
            Some((*entry, kept.waived.clone()))
        });
        found.collect()
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
    let ends = match ends_with_its_day(&waived.until, &waived.ends) {
        Ok(ends) => ends,
        Err(why) => return refuse(why),
    };
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
