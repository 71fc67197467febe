//! What is counted of a month: entry by entry and row by row, in the order of the ledger.

pub(crate) mod media;

pub(crate) mod verdicts;

pub(crate) mod found;

pub(crate) mod upkeep;

pub(crate) mod policies;

pub(crate) mod people;

pub(crate) mod audit;

use std::collections::BTreeMap;

use jiff::Timestamp;
use record::entry::Content;
use record::standing::Register;
use verdicts::Passed;
use wire::ledger::{Event, Judged};
use wire::{Row, Verdict};

use crate::bounded::{Lines, count};
use crate::period::Period;

pub use found::PLACE_BYTES_MAX;
pub use media::INSERTIONS_MAX;

/// When and where something was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct At {
    /// The entry.
    pub(crate) entry: u64,
    /// What its clock said, RFC 3339 UTC.
    pub(crate) utc: String,
}

/// Everything that the tables of one month say.
#[derive(Debug)]
pub struct Month {
    pub(crate) period: Period,
    /// The first and the last entry; `None` when the month has none.
    pub(crate) range: Option<(u64, u64)>,
    /// Whether entries from before it were read.
    pub(crate) follows_entries: bool,
    /// Entries that were counted.
    pub(crate) entries: u64,
    /// Rows that were counted.
    pub(crate) rows: u64,
    /// Of each kind of entry, how many.
    pub(crate) kinds: BTreeMap<&'static str, u64>,
    /// Entries that are missing or cannot be read.
    pub(crate) unreadable: Lines<u64>,
    /// Entries some of whose rows cannot be read.
    pub(crate) rows_unreadable: Lines<u64>,
    /// Machines that wrote entries, the last one last.
    pub(crate) hosts: Vec<String>,
    pub(crate) insertions: media::Insertions,
    pub(crate) media: media::Media,
    pub(crate) visits: media::Visits,
    pub(crate) verdicts: verdicts::Verdicts,
    pub(crate) refusals: verdicts::Refusals,
    pub(crate) found: found::Found,
    pub(crate) rules: upkeep::RulesUse,
    pub(crate) policies: policies::Policies,
    pub(crate) tests: upkeep::Tests,
    pub(crate) clock: upkeep::Clock,
    pub(crate) running: upkeep::Running,
    pub(crate) people: people::People,
    pub(crate) cases: people::Cases,
    pub(crate) lists: people::Lists,
    pub(crate) audit: audit::Audit,
    /// What the entries leave open at the end of the range.
    pub(crate) left: audit::Left,
}

/// Most names of machines that a head of a page names: a ledger moves to another one when a
/// machine is replaced.
pub const HOSTS_MAX: usize = 8;

impl Month {
    /// Nothing yet.
    #[must_use]
    pub fn new(period: Period) -> Self {
        let days = period.days();
        Self {
            period,
            range: None,
            follows_entries: false,
            entries: 0,
            rows: 0,
            kinds: BTreeMap::new(),
            unreadable: Lines::default(),
            rows_unreadable: Lines::default(),
            hosts: Vec::new(),
            insertions: media::Insertions::default(),
            media: media::Media::default(),
            visits: media::Visits::default(),
            verdicts: verdicts::Verdicts::new(days),
            refusals: verdicts::Refusals::default(),
            found: found::Found::default(),
            rules: upkeep::RulesUse::new(days),
            policies: policies::Policies::default(),
            tests: upkeep::Tests::default(),
            clock: upkeep::Clock::default(),
            running: upkeep::Running::default(),
            people: people::People::default(),
            cases: people::Cases::default(),
            lists: people::Lists::default(),
            audit: audit::Audit::default(),
            left: audit::Left::default(),
        }
    }

    /// The first and the last entry; `None` when the month has none.
    #[must_use]
    pub fn range(&self) -> Option<(u64, u64)> {
        self.range
    }

    /// How many entries were counted.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Whether every entry and row of the month could be read.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.unreadable.count() == 0 && self.rows_unreadable.count() == 0
    }

    /// Takes note of an entry before the month: what was inserted may be judged in it.
    pub fn before(&mut self, content: &Content) {
        self.follows_entries = true;
        self.insertions.note(content);
        if let Event::Judged(judged) = &content.event {
            self.insertions.judged(judged, None);
        }
        self.clock.before(content);
        self.running.before(content);
        let is_review = matches!(content.event, Event::Reviewed(_));
        // While nobody has reviewed, the time runs from the first entry.
        if is_review || self.audit.last_review.is_none() {
            self.audit.last_review = content.recorded_utc.parse().ok();
        }
    }

    /// Counts an entry of the month.
    pub fn entry(&mut self, content: &Content) {
        let at = At {
            entry: content.number,
            utc: content.recorded_utc.clone(),
        };
        let first = self.range.map_or(content.number, |(first, _)| first);
        self.range = Some((first, content.number));
        count(&mut self.entries);
        count(self.kinds.entry(content.event.name()).or_default());
        self.host(&content.host);
        if self.audit.last_review.is_none() {
            self.audit.last_review = content.recorded_utc.parse().ok();
        }
        let day = content
            .recorded_utc
            .parse()
            .ok()
            .and_then(|time: Timestamp| self.period.day(time));
        self.clock.entry(content, day.is_none());
        self.insertions.note(content);
        self.event(&at, day, &content.event);
    }

    /// Takes note of an entry after the month: it may withdraw a PASS that this month counts.
    pub fn after(&mut self, content: &Content) {
        let Event::Withdrawn {
            insertion,
            verdict,
            reasons,
        } = &content.event
        else {
            return;
        };
        if let Some(passed) = self.insertions.withdrawn(*insertion) {
            let at = At {
                entry: content.number,
                utc: content.recorded_utc.clone(),
            };
            let known = self.insertions.get(*insertion);
            self.refusals.withdrawn(&at, known, *verdict, reasons);
            self.replaced(*insertion, passed, *verdict);
        }
    }

    /// Another answer stands in the place of a PASS of this month.
    fn replaced(&mut self, insertion: u64, passed: Passed, verdict: Verdict) {
        let known = self.insertions.get(insertion);
        let is_by_hand = known.is_some_and(|known| known.is_by_hand);
        self.verdicts.withdrawn(passed, verdict, is_by_hand);
        if !is_by_hand {
            self.media.withdrawn(known, verdict);
            self.visits.withdrawn(known, verdict);
        }
    }

    /// Takes note of an entry of the month that is missing or cannot be read.
    pub fn unreadable(&mut self, number: u64) {
        let first = self.range.map_or(number, |(first, _)| first);
        self.range = Some((first, number));
        self.unreadable.add(|| number);
    }

    /// Takes note that not all rows of an entry can be read.
    pub fn rows_unreadable(&mut self, number: u64) {
        self.rows_unreadable.add(|| number);
    }

    /// Counts a row of the entry that was counted last.
    pub fn row(&mut self, content: &Content, judged: &Judged, row: &Row) {
        count(&mut self.rows);
        let label = self.insertions.label(judged);
        self.found.row(content.number, &label, row);
    }

    /// Takes what the entries leave open at the end, at the moment `at`.
    pub fn close(&mut self, register: &Register, at: Timestamp) {
        self.media.close();
        self.left = audit::Left::of(register, at);
    }

    fn host(&mut self, host: &str) {
        if self.hosts.last().is_none_or(|last| last != host) && self.hosts.len() < HOSTS_MAX {
            self.hosts.retain(|one| one != host);
            self.hosts.push(host.to_owned());
        }
    }

    /// What happened at the gate.
    fn event(&mut self, at: &At, day: Option<usize>, event: &Event) {
        match event {
            Event::Inserted {
                medium,
                claim,
                occasion,
                ..
            } => {
                self.verdicts.inserted(claim.is_none());
                if claim.is_some() {
                    self.media.inserted(at, medium.as_deref());
                    let visit = occasion.as_ref().and_then(|one| one.visit.as_ref());
                    self.visits.inserted(at, visit);
                }
            }
            Event::Judged(judged) => self.judged(at, day, judged),
            Event::Withdrawn {
                insertion,
                verdict,
                reasons,
            } => {
                let known = self.insertions.get(*insertion);
                self.refusals.withdrawn(at, known, *verdict, reasons);
                match self.insertions.withdrawn(*insertion) {
                    Some(passed) => self.replaced(*insertion, passed, *verdict),
                    None => self.verdicts.withdrawn_from_before(),
                }
            }
            Event::Interrupted { insertion, why } => {
                let known = self.insertions.get(*insertion);
                let is_by_hand = known.is_some_and(|known| known.is_by_hand);
                self.verdicts.interrupted(day, is_by_hand);
                self.running.interrupted(at, *insertion, why);
            }
            Event::SelfTested(tested) => {
                self.tests.tested(at, tested);
                self.rules.seen(at, day, &tested.rules, false);
            }
            Event::Started {
                kiosk,
                rules,
                again,
            } => {
                self.running.started(at, kiosk, *again);
                if let Some(rules) = rules {
                    self.rules.seen(at, day, rules, false);
                }
            }
            Event::Stopped {} => self.running.stopped(at),
            Event::CrashFound { started } => self.running.crashed(at, *started),
            Event::RulesInstalled(change) => self.rules.changed(at, day, change, false),
            Event::RulesRolledBack(change) => self.rules.changed(at, day, change, true),
            Event::RulesRefused(refused) => self.rules.refused(at, refused),
            Event::ClockStepped { expected, found } => self.clock.stepped(at, expected, found),
            Event::Removed { .. }
            | Event::Waived(_)
            | Event::WaiverEnded { .. }
            | Event::Mitigated { .. }
            | Event::ListChanged(_)
            | Event::Requested { .. }
            | Event::RequestClosed(_)
            | Event::Lent(_)
            | Event::Returned(_)
            | Event::Enrolling(_)
            | Event::SignedIn(_)
            | Event::SignInRefused(_)
            | Event::SignedOut(_)
            | Event::KeySet(_)
            | Event::KeyRetired(_)
            | Event::Cosigned(_)
            | Event::Exported(_)
            | Event::Reviewed(_)
            | Event::BackedUp(_)
            | Event::Restored(_)
            | Event::Sealed(_) => self.said(at, event),
        }
    }

    fn judged(&mut self, at: &At, day: Option<usize>, judged: &Judged) {
        self.insertions.judged(judged, Some(Passed { day }));
        let is_by_hand = self.insertions.is_by_hand(judged);
        if !is_by_hand {
            let known = self.insertions.get(judged.insertion);
            self.media.judged(judged, known);
            self.visits.judged(judged, known);
        }
        self.verdicts.judged(day, judged, is_by_hand);
        let label = self.insertions.label(judged);
        self.refusals.judged(at, &label, judged);
        self.found.volumes(at.entry, &label, judged);
        self.policies.judged(judged);
        if let Some(rules) = &judged.rules {
            self.rules.seen(at, day, rules, true);
        }
    }

    /// What people did, and what the ledger says of itself.
    fn said(&mut self, at: &At, event: &Event) {
        match event {
            Event::SignedIn(who) => self.people.signed_in(at, who, &mut self.visits),
            Event::SignInRefused(refused) => self.people.refused(at, refused),
            Event::Waived(waived) => self.cases.waived(at, waived),
            Event::WaiverEnded { waiver, by } => self.cases.waiver_ended(at, *waiver, by),
            Event::Mitigated {
                insertion,
                action,
                by,
            } => self.cases.mitigated(at, *insertion, *action, by),
            Event::ListChanged(change) => self.lists.changed(at, change),
            Event::Requested { .. }
            | Event::RequestClosed(_)
            | Event::Lent(_)
            | Event::Returned(_)
            | Event::Enrolling(_) => self.cases.lending(at, event),
            Event::KeySet(_)
            | Event::KeyRetired(_)
            | Event::Cosigned(_)
            | Event::Exported(_)
            | Event::Reviewed(_)
            | Event::BackedUp(_)
            | Event::Restored(_)
            | Event::Sealed(_) => self.audit.event(at, event),
            Event::Removed { .. }
            | Event::SignedOut(_)
            | Event::Started { .. }
            | Event::Stopped {}
            | Event::CrashFound { .. }
            | Event::Inserted { .. }
            | Event::Judged(_)
            | Event::Withdrawn { .. }
            | Event::SelfTested(_)
            | Event::Interrupted { .. }
            | Event::RulesInstalled(_)
            | Event::RulesRolledBack(_)
            | Event::RulesRefused(_)
            | Event::ClockStepped { .. } => {}
        }
    }
}
