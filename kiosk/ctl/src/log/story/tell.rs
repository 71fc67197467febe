//! Entries become sentences, in the order of the ledger.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use record::Ledger;
use record::entry::Content;
use record::reader::Entry;
use record::search::Search;
use wire::custody::{Lent, Occasion, Returned, SignIn, Way};
use wire::ledger::{Event, Target};
use wire::list_change::{Change, Changed, ListChange};
use wire::waiver::is_same_person;
use wire::{Claim, Verdict};

use super::cast::{Cast, insertion_of, is_visit, signed};
use super::voice::Voice;
use super::{Sentence, words};
use crate::CommandError;
use crate::log::text;

/// Fields of a visit that have a word of their own; others are called by their keys.
const FIELDS: [&str; 11] = [
    "person",
    "company",
    "purpose",
    "work_order",
    "destination",
    "media",
    "valid_from",
    "valid_until",
    "ended",
    "code",
    "badge",
];

/// Whoever tells one story.
pub(super) struct Teller<'a> {
    pub(super) cast: &'a Cast,
    pub(super) voice: &'a Voice,
    pub(super) ledger: &'a Ledger,
    pub(super) search: Search<'a>,
    sentences: Vec<Sentence>,
    /// The entry that is told now.
    number: u64,
    recorded: Option<Timestamp>,
    /// What the list says of the company, until the story begins.
    company: Option<Sentence>,
    /// What each insertion's medium is called.
    labels: BTreeMap<u64, String>,
    /// Insertions whose medium was not taken out, and those that were stopped and of which
    /// nobody said what became.
    inside: BTreeSet<u64>,
    stopped: BTreeSet<u64>,
    lent: BTreeSet<String>,
    /// Who answers for each medium by the list, in which entry, and by whom that was written.
    owners: BTreeMap<String, (u64, String, String)>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(cast: &'a Cast, voice: &'a Voice, ledger: &'a Ledger) -> Self {
        Self {
            cast,
            voice,
            ledger,
            search: Search::new(ledger),
            sentences: Vec::new(),
            number: 0,
            recorded: None,
            company: None,
            labels: BTreeMap::new(),
            inside: BTreeSet::new(),
            stopped: BTreeSet::new(),
            lent: BTreeSet::new(),
            owners: BTreeMap::new(),
        }
    }

    /// Says a sentence that rests on the entry that is told now.
    pub(super) fn say(&mut self, what: &str, values: Vec<(&'static str, String)>) {
        let sentence = self.sentence(what, values);
        self.add(sentence);
    }

    /// Says a sentence that rests on other entries too.
    pub(super) fn say_with(
        &mut self,
        others: &[u64],
        what: &str,
        values: Vec<(&'static str, String)>,
    ) {
        let mut sentence = self.sentence(what, values);
        sentence.entries.extend_from_slice(others);
        self.add(sentence);
    }

    fn sentence(&self, what: &str, values: Vec<(&'static str, String)>) -> Sentence {
        Sentence {
            entries: vec![self.number],
            recorded: self.recorded,
            what: what.to_owned(),
            values,
        }
    }

    fn add(&mut self, sentence: Sentence) {
        self.sentences.extend(self.company.take());
        self.sentences.push(sentence);
    }

    /// Takes the next entry, and tells it when it belongs to the story.
    pub(super) fn hear(&mut self, entry: &Entry, content: &Content) -> Result<(), CommandError> {
        self.number = entry.number;
        self.recorded = content.recorded_utc.parse().ok();
        let event = &content.event;
        if let Event::ListChanged(change) = event {
            self.list(change);
        } else if let Event::Lent(lent) = event {
            self.lent(lent);
        } else if let Event::Returned(returned) = event {
            self.returned(returned);
        } else if let Event::ClockStepped { expected, found } = event {
            if self.cast.first < self.number && self.number < self.cast.last {
                let (expected, found) = (self.voice.time(expected), self.voice.time(found));
                self.say("clock", vec![("expected", expected), ("found", found)]);
            }
        } else if signed(event).is_some_and(|visit| self.is_told(&visit.id)) {
            self.sign(event);
        } else if self.cast.insertions.contains_key(&self.number) {
            self.inserted(event);
        } else if let Some(insertion) = insertion_of(event)
            && self.cast.insertions.contains_key(&insertion)
        {
            self.about(insertion, entry, content)?;
        }
        Ok(())
    }

    /// What nobody said comes last.
    pub(super) fn end(mut self) -> Vec<Sentence> {
        self.recorded = None;
        for insertion in std::mem::take(&mut self.stopped) {
            self.number = insertion;
            let medium = self.label(insertion);
            self.say("open_case", vec![("medium", medium)]);
        }
        for insertion in std::mem::take(&mut self.inside) {
            self.number = insertion;
            let medium = self.label(insertion);
            self.say("not_removed", vec![("medium", medium)]);
        }
        if self.cast.insertions.is_empty() {
            self.number = self.cast.last;
            self.say("nothing_inserted", Vec::new());
        }
        self.sentences
    }

    fn is_told(&self, visit: &str) -> bool {
        // Of one insertion, the visit's other doings are another story.
        matches!(&self.cast.subject, super::Subject::Visit(told) if told == visit)
    }

    /// What an insertion's medium is called.
    pub(super) fn label(&self, insertion: u64) -> String {
        let label = self.labels.get(&insertion).cloned();
        label.unwrap_or_else(|| self.voice.word("no_medium"))
    }

    fn list(&mut self, change: &ListChange) {
        let by = self.voice.somebody(change.by.as_ref());
        for one in &change.changed {
            let visit = self.cast.visit().filter(|visit| is_visit(one, visit));
            if let Some(visit) = visit.map(text) {
                self.visit(one, &visit, &by);
            } else if one.kind == "company" {
                self.company(one, &by);
            } else if one.kind == "medium"
                && let Some(owner) = after(one, "owner")
            {
                let said = (self.number, plain(owner), by.clone());
                self.owners.insert(one.id.clone(), said);
            }
        }
    }

    /// The contract that held when the story began.
    fn company(&mut self, changed: &Changed, by: &str) {
        let Some(who) = &self.cast.who else {
            return;
        };
        let said = |key: &str| after(changed, key);
        let (until, contact) = (said("contract_until"), said("contact"));
        let begun = !self.sentences.is_empty();
        if begun || !is_same_person(&changed.id, &who.company) || until.or(contact).is_none() {
            return;
        }
        let unknown = |value: Option<&str>| value.map_or_else(|| self.voice.word("unknown"), plain);
        let values = vec![
            ("company", text(&changed.id)),
            ("until", unknown(until)),
            ("contact", unknown(contact)),
            ("by", by.to_owned()),
        ];
        self.company = Some(self.sentence("company", values));
    }

    fn visit(&mut self, changed: &Changed, visit: &str, by: &str) {
        let (visit, by) = (visit.to_owned(), by.to_owned());
        match changed.change {
            Change::Removed => self.say("visit_removed", vec![("visit", visit), ("by", by)]),
            Change::Edited => {
                for field in &changed.fields {
                    let value = |value: &Option<String>| match (value, field.before.is_none()) {
                        (Some(value), _) => plain(value),
                        (None, true) if field.after.is_none() => self.voice.word("secret"),
                        (None, _) => self.voice.word("none"),
                    };
                    let values = vec![
                        ("by", by.clone()),
                        ("visit", visit.clone()),
                        ("field", self.field(&field.key)),
                        ("before", value(&field.before)),
                        ("after", value(&field.after)),
                    ];
                    self.say("visit_edited", values);
                }
            }
            Change::Added => {
                let said = |key| {
                    let value = after(changed, key).map(plain);
                    value.unwrap_or_else(|| self.voice.word("unknown"))
                };
                let values = vec![
                    ("by", by),
                    ("visit", visit.clone()),
                    ("person", said("person")),
                    ("company", said("company")),
                    ("from", said("valid_from")),
                    ("until", said("valid_until")),
                ];
                self.say("visit_added", values);
                for key in ["purpose", "work_order", "destination", "media"] {
                    if let Some(value) = after(changed, key).map(plain) {
                        let field = self.field(key);
                        let visit = ("visit", visit.clone());
                        self.say(
                            "visit_field",
                            vec![visit, ("field", field), ("value", value)],
                        );
                    }
                }
            }
        }
    }

    fn field(&self, key: &str) -> String {
        if FIELDS.contains(&key) {
            return self.voice.word(&format!("field_{key}"));
        }
        text(key)
    }

    fn sign(&mut self, event: &Event) {
        let named = |visit: &wire::custody::VisitName| {
            vec![
                ("visit", text(&visit.id)),
                ("person", text(&visit.person)),
                ("company", text(&visit.company)),
            ]
        };
        if let Event::SignedIn(SignIn::Visit(visit)) = event {
            self.say("signed_in", named(visit));
        } else if let Event::SignedOut(SignIn::Visit(visit)) = event {
            self.say("signed_out", named(visit));
        } else if let Event::SignInRefused(refused) = event
            && let Some(SignIn::Visit(visit)) = &refused.whom
        {
            let why = self.voice.of_family("why", &refused.why);
            self.say(
                "sign_in_refused",
                vec![("visit", text(&visit.id)), ("why", why)],
            );
        }
    }

    fn inserted(&mut self, event: &Event) {
        let Event::Inserted {
            target,
            claim,
            medium,
            occasion,
            ..
        } = event
        else {
            return;
        };
        let medium = medium.as_deref().map(text);
        let label = medium
            .clone()
            .unwrap_or_else(|| self.voice.word("no_medium"));
        self.labels.insert(self.number, label.clone());
        let Some(claim) = claim else {
            let target = ("target", called(target));
            self.say("by_hand", vec![target, ("medium", label)]);
            return;
        };
        // What is scanned by hand is in the hands of whoever scans it.
        self.inside.insert(self.number);
        let way = match occasion.as_deref().map(|one: &Occasion| one.way) {
            Some(Way::Out) => "way_out",
            Some(Way::In) | None => "way_in",
        };
        let what = if medium.is_some() {
            "inserted"
        } else {
            "inserted_unknown"
        };
        let values = vec![
            ("medium", label.clone()),
            ("way", self.voice.word(way)),
            ("claim", self.claimed(claim)),
        ];
        self.say(what, values);
        if let Some((entry, owner, by)) = self.owners.get(&label).cloned() {
            let values = vec![("medium", label.clone()), ("owner", owner), ("by", by)];
            self.say_with(&[entry], "owner", values);
        }
        if occasion.as_ref().is_some_and(|one| one.is_weak) {
            self.say("weak", vec![("medium", label)]);
        }
        if occasion.as_ref().is_none_or(|one| one.visit.is_none()) {
            self.say("no_visit", Vec::new());
        }
    }

    /// What a medium says of itself, in a few words.
    fn claimed(&self, claim: &Claim) -> String {
        let serial = match &claim.serial {
            None => self.voice.word("no_serial"),
            Some(serial) => {
                let serial = ("serial", serial.escaped().to_string());
                words::fill("serial", &[serial], self.voice.language)
            }
        };
        let name = format!(
            "{} {}",
            claim.manufacturer.escaped(),
            claim.product.escaped()
        );
        format!(
            "{} ({:04x}:{:04x}), {serial}",
            name.trim(),
            claim.vid,
            claim.pid
        )
    }

    /// What an entry says of an insertion of the story.
    fn about(
        &mut self,
        insertion: u64,
        entry: &Entry,
        content: &Content,
    ) -> Result<(), CommandError> {
        let medium = ("medium", self.label(insertion));
        let event = &content.event;
        if let Event::Judged(judged) = event {
            if judged.verdict == Verdict::Stop && self.inside.contains(&insertion) {
                self.stopped.insert(insertion);
            }
            self.judged(entry, content, judged)?;
        } else if let Event::Withdrawn {
            verdict, reasons, ..
        } = event
        {
            if *verdict == Verdict::Stop {
                self.stopped.insert(insertion);
            }
            let values = vec![
                medium,
                ("shape", verdict.shape().to_owned()),
                ("word", self.voice.verdict(*verdict)),
                ("reasons", self.voice.reasons(reasons)),
            ];
            self.say("withdrawn", values);
        } else if let Event::Removed { .. } = event {
            self.inside.remove(&insertion);
            self.say("removed", vec![medium]);
        } else if let Event::Interrupted { why, .. } = event {
            self.inside.remove(&insertion);
            self.say("interrupted", vec![medium, ("why", text(why))]);
        } else if let Event::Mitigated { action, by, .. } = event {
            self.stopped.remove(&insertion);
            let by = match by.as_str() {
                "kiosk" => self.voice.word("kiosk"),
                name => text(name),
            };
            let action = self.voice.of_family("action", action);
            self.say("mitigated", vec![medium, ("action", action), ("by", by)]);
        } else if let Event::Requested { .. } = event {
            self.say("requested", vec![medium]);
        } else if let Event::RequestClosed(closed) = event {
            let by = ("by", self.voice.person(&closed.by));
            match &closed.medium {
                Some(id) => self.say("request_approved", vec![by, ("medium", text(id))]),
                None => {
                    let reason = self.voice.or_none(closed.reason.as_deref());
                    self.say("request_rejected", vec![by, ("reason", reason)]);
                }
            }
        }
        Ok(())
    }

    /// A medium of the story that is handed out to its person or company.
    fn lent(&mut self, lent: &Lent) {
        let is_theirs = self.cast.who.as_ref().is_some_and(|who| {
            let company = lent.company.as_deref();
            is_same_person(&lent.to, &who.person)
                || company.is_some_and(|company| is_same_person(company, &who.company))
        });
        // A loan after the story belongs to another one.
        if is_theirs && self.cast.has_medium(&lent.medium) && self.number < self.cast.last {
            self.lent.insert(lent.medium.clone());
            let values = vec![
                ("by", self.voice.person(&lent.by)),
                ("medium", text(&lent.medium)),
                ("to", text(&lent.to)),
                ("until", text(&lent.until)),
            ];
            self.say("lent", values);
        }
    }

    fn returned(&mut self, returned: &Returned) {
        let of_story = returned.insertion;
        let of_story = of_story.is_some_and(|of| self.cast.insertions.contains_key(&of));
        if self.lent.remove(&returned.medium) || of_story {
            let by = returned.by.as_ref().map(|by| self.voice.person(by));
            let values = vec![
                ("medium", text(&returned.medium)),
                ("by", by.unwrap_or_else(|| self.voice.word("kiosk"))),
                ("where", self.voice.or_none(returned.place.as_deref())),
            ];
            self.say("returned", values);
        }
    }
}

/// What is scanned by hand.
fn called(target: &Target) -> String {
    target.name.escaped().to_string()
}

/// A field's value after a change.
fn after<'c>(changed: &'c Changed, key: &str) -> Option<&'c str> {
    let field = changed.fields.iter().find(|field| field.key == key)?;
    field.after.as_deref()
}

/// A text as people read it: the quotes of a list are left out.
fn plain(value: &str) -> String {
    text(value.trim_matches('"'))
}
