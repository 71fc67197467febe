//! What was inserted, which registered media they were, and on whose visit.

use std::collections::BTreeMap;

use record::entry::Content;
use wire::custody::VisitName;
use wire::ledger::{Event, Judged};
use wire::scan::TargetKind;
use wire::{Claim, Verdict};

use super::At;
use super::verdicts::{Passed, standing};
use crate::bounded::{Keyed, count};

/// Most insertions that are remembered until their verdict, and their withdrawal, come: a busy
/// gate has some thousand in a month. The oldest are forgotten first, and then a verdict is
/// counted without its visit.
pub const INSERTIONS_MAX: usize = 20_000;

/// Longest name of a medium in a line of a table, in bytes.
const LABEL_BYTES: usize = 160;

/// What a later entry needs to know of an insertion.
#[derive(Clone, Debug)]
pub(crate) struct Insertion {
    /// What people call what was inserted: the registered id, or what it says it is.
    pub(crate) label: String,
    /// The registered medium, also one whose entry of the list refused it.
    pub(crate) medium: Option<String>,
    /// Whether somebody began it with `kioskctl scan`: then nothing came to the checkpoint.
    pub(crate) is_by_hand: bool,
    /// The PASS that this month counts.
    pub(crate) passed: Option<Passed>,
    pub(crate) visit: Option<VisitName>,
    /// When, RFC 3339 UTC.
    pub(crate) utc: String,
}

/// The insertions that were seen last.
#[derive(Debug, Default)]
pub(crate) struct Insertions(BTreeMap<u64, Insertion>);

impl Insertions {
    pub(super) fn note(&mut self, content: &Content) {
        let Event::Inserted {
            target,
            claim,
            medium,
            occasion,
            ..
        } = &content.event
        else {
            return;
        };
        if INSERTIONS_MAX <= self.0.len() {
            self.0.pop_first();
        }
        let label = match (medium, claim) {
            (Some(medium), Some(_)) => medium.clone(),
            (None, Some(claim)) => claimed(claim),
            // Also one that was judged as a registered medium: it need not be that one.
            (_, None) => format!("kioskctl scan {}", target.name.escaped()),
        };
        let is_by_hand = claim.is_none();
        let insertion = Insertion {
            label: wire::name::line_within(&label, LABEL_BYTES),
            medium: medium.clone().filter(|_| !is_by_hand),
            is_by_hand,
            passed: None,
            visit: occasion.as_ref().and_then(|one| one.visit.clone()),
            utc: content.recorded_utc.clone(),
        };
        self.0.insert(content.number, insertion);
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Insertion> {
        self.0.get(&number)
    }

    /// What a verdict tells of its insertion: an expired medium is known by its id only now.
    pub(super) fn judged(&mut self, judged: &Judged, passed: Option<Passed>) {
        let Some(known) = self.0.get_mut(&judged.insertion) else {
            return;
        };
        known.passed = passed.filter(|_| judged.verdict == Verdict::Pass);
        let registered = judged.registered().filter(|_| !known.is_by_hand);
        if let Some(registered) = registered {
            known.label = wire::name::line_within(registered, LABEL_BYTES);
            known.medium = Some(registered.to_owned());
        }
    }

    /// The PASS of this insertion is one no more; gives it when this month counts it.
    pub(super) fn withdrawn(&mut self, number: u64) -> Option<Passed> {
        self.0.get_mut(&number)?.passed.take()
    }

    /// Whether a verdict is about a scan by hand. Of an insertion that is not known any more,
    /// what was scanned may say so.
    pub(super) fn is_by_hand(&self, judged: &Judged) -> bool {
        match (self.get(judged.insertion), judged.target.kind) {
            (Some(known), _) => known.is_by_hand,
            (None, TargetKind::Folder | TargetKind::File) => true,
            (None, TargetKind::Device | TargetKind::Image) => false,
        }
    }

    /// What people call what was judged.
    pub(crate) fn label(&self, judged: &Judged) -> String {
        let known = self.get(judged.insertion);
        let by_hand = known.filter(|known| known.is_by_hand);
        if let (None, Some(registered)) = (by_hand, judged.registered()) {
            return wire::name::line_within(registered, LABEL_BYTES);
        }
        known.map_or_else(
            || wire::name::line_within(&judged.target.name.escaped().to_string(), LABEL_BYTES),
            |known| known.label.clone(),
        )
    }
}

/// What an unregistered device says that it is.
pub(crate) fn claimed(claim: &Claim) -> String {
    let serial = claim.serial.as_ref();
    let serial = serial.map_or_else(|| "-".to_owned(), |serial| serial.escaped().to_string());
    format!("{:04x}:{:04x} {serial}", claim.vid, claim.pid)
}

/// How often something was seen, and what came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Use {
    pub(crate) insertions: u64,
    pub(crate) pass: u64,
    pub(crate) stop: u64,
    pub(crate) incomplete: u64,
    /// Of the last two, how many took the place of a PASS.
    pub(crate) withdrawn: u64,
    pub(crate) first: Option<At>,
    pub(crate) last: Option<At>,
}

impl Use {
    /// Insertions of media that are known late do not come in order.
    fn inserted(&mut self, at: &At) {
        count(&mut self.insertions);
        if self.first.as_ref().is_none_or(|one| at.entry < one.entry) {
            self.first = Some(at.clone());
        }
        if self.last.as_ref().is_none_or(|one| one.entry < at.entry) {
            self.last = Some(at.clone());
        }
    }

    fn judged(&mut self, verdict: Verdict) {
        count(match verdict {
            Verdict::Pass => &mut self.pass,
            Verdict::Stop => &mut self.stop,
            Verdict::Incomplete => &mut self.incomplete,
        });
    }

    /// Another answer stands in the place of a PASS that was counted.
    fn withdrawn(&mut self, verdict: Verdict) {
        self.pass = self.pass.saturating_sub(1);
        self.judged(standing(verdict));
        count(&mut self.withdrawn);
    }
}

/// The registered media that were inserted, by their ids, and all the others together. Scans by
/// hand are no insertions.
#[derive(Debug, Default)]
pub(crate) struct Media {
    pub(crate) registered: Keyed<String, Use>,
    pub(crate) others: Use,
    /// Insertions of what is not known as a registered medium before its verdict, by their
    /// entries; at most [`INSERTIONS_MAX`].
    waiting: BTreeMap<u64, At>,
}

impl Media {
    fn of(&mut self, medium: Option<&str>) -> &mut Use {
        match medium {
            Some(id) => self.registered.of(id.to_owned()),
            None => None,
        }
        .unwrap_or(&mut self.others)
    }

    pub(super) fn inserted(&mut self, at: &At, medium: Option<&str>) {
        if medium.is_some() {
            self.of(medium).inserted(at);
            return;
        }
        if INSERTIONS_MAX <= self.waiting.len()
            && let Some((_, first)) = self.waiting.pop_first()
        {
            self.others.inserted(&first);
        }
        self.waiting.insert(at.entry, at.clone());
    }

    pub(super) fn judged(&mut self, judged: &Judged, known: Option<&Insertion>) {
        let medium = judged.registered();
        let medium = medium.or(known.and_then(|known| known.medium.as_deref()));
        let waited = self.waiting.remove(&judged.insertion);
        let of = self.of(medium);
        if let Some(at) = waited {
            of.inserted(&at);
        }
        of.judged(judged.verdict);
    }

    pub(super) fn withdrawn(&mut self, known: Option<&Insertion>, verdict: Verdict) {
        let medium = known.and_then(|known| known.medium.as_deref());
        self.of(medium).withdrawn(verdict);
    }

    /// What has no verdict is no registered medium that anybody knows.
    pub(super) fn close(&mut self) {
        for at in std::mem::take(&mut self.waiting).into_values() {
            self.others.inserted(&at);
        }
    }
}

/// One visit in the month.
#[derive(Clone, Debug, Default)]
pub(crate) struct VisitUse {
    pub(crate) person: String,
    pub(crate) company: String,
    pub(crate) sign_ins: u64,
    pub(crate) seen: Use,
}

/// The visits by their ids, and the insertions that were on none.
#[derive(Debug, Default)]
pub(crate) struct Visits {
    pub(crate) visits: Keyed<String, VisitUse>,
    pub(crate) without: Use,
}

impl Visits {
    fn of(&mut self, visit: &VisitName) -> Option<&mut VisitUse> {
        let kept = self.visits.of(visit.id.clone())?;
        if kept.person.is_empty() {
            kept.person.clone_from(&visit.person);
            kept.company.clone_from(&visit.company);
        }
        Some(kept)
    }

    pub(super) fn signed_in(&mut self, at: &At, visit: &VisitName) {
        if let Some(kept) = self.of(visit) {
            count(&mut kept.sign_ins);
            kept.seen.first.get_or_insert_with(|| at.clone());
            kept.seen.last = Some(at.clone());
        }
    }

    fn seen(&mut self, visit: Option<&VisitName>) -> &mut Use {
        // An ended visit's id is not given to another one, so the id alone is the key.
        let has_room = visit.is_some_and(|visit| self.of(visit).is_some());
        let kept = visit.filter(|_| has_room);
        let kept = kept.and_then(|visit| self.visits.known(&visit.id));
        kept.map_or(&mut self.without, |kept| &mut kept.seen)
    }

    pub(super) fn inserted(&mut self, at: &At, visit: Option<&VisitName>) {
        self.seen(visit).inserted(at);
    }

    pub(super) fn judged(&mut self, judged: &Judged, known: Option<&Insertion>) {
        let visit = known.and_then(|known| known.visit.as_ref());
        self.seen(visit).judged(judged.verdict);
    }

    pub(super) fn withdrawn(&mut self, known: Option<&Insertion>, verdict: Verdict) {
        let visit = known.and_then(|known| known.visit.as_ref());
        self.seen(visit).withdrawn(verdict);
    }
}
