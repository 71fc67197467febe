//! What is counted of a month: entry by entry and row by row, in the order of the ledger.

pub(crate) mod media;

pub(crate) mod verdicts;

pub(crate) mod found;

pub(crate) mod upkeep;

pub(crate) mod policies;

pub(crate) mod people;

pub(crate) mod audit;

mod events;

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
}
