//! Entries become sentences, in the order of the ledger.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use record::Ledger;
use record::entry::Content;
use record::reader::Entry;
use record::search::Search;
use wire::custody::{Occasion, SignIn, Way};
use wire::ledger::{Event, Target};
use wire::{Claim, Verdict};

use super::cast::{Cast, insertion_of, signed};
use super::voice::Voice;
use super::{Sentence, words};
use crate::CommandError;
use crate::log::text;

/// Whoever tells one story.
pub(super) struct Teller<'a> {
    pub(super) cast: &'a Cast,
    pub(super) voice: &'a Voice,
    pub(super) ledger: &'a Ledger,
    pub(super) search: Search<'a>,
    pub(super) sentences: Vec<Sentence>,
    /// The entry that is told now.
    pub(super) number: u64,
    recorded: Option<Timestamp>,
    /// What the list says of the company, until the story begins.
    pub(super) company: Option<Sentence>,
    /// What was scanned by hand.
    hands: BTreeMap<u64, String>,
    /// Insertions whose medium was not taken out, and those that were stopped and of which
    /// nobody said what became.
    inside: BTreeSet<u64>,
    stopped: BTreeSet<u64>,
    pub(super) lent: BTreeSet<String>,
    /// Who answers for each medium by the list, in which entry, and by whom that was written.
    pub(super) owners: BTreeMap<String, (u64, String, String)>,
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
            hands: BTreeMap::new(),
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

    pub(super) fn sentence(&self, what: &str, values: Vec<(&'static str, String)>) -> Sentence {
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
            let medium = self.medium(insertion);
            self.say("open_case", medium);
        }
        for insertion in std::mem::take(&mut self.inside) {
            self.number = insertion;
            let medium = self.medium(insertion);
            self.say("not_removed", medium);
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

    /// An insertion's medium: its id, when it is registered, and how it is spoken of.
    pub(super) fn medium(&self, insertion: u64) -> Vec<(&'static str, String)> {
        let id = self.cast.insertions.get(&insertion).cloned().flatten();
        let id = id.map(|id| ("medium", text(&id)));
        let language = self.voice.language;
        let called = match (&id, self.hands.get(&insertion)) {
            (Some(id), _) => words::fill("the_medium", std::slice::from_ref(id), language),
            (None, Some(target)) => target.clone(),
            (None, None) => {
                let entry = [("entry", insertion.to_string())];
                words::fill("the_unknown", &entry, language)
            }
        };
        id.into_iter().chain([("the_medium", called)]).collect()
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
            occasion,
            ..
        } = event
        else {
            return;
        };
        let medium = self.cast.insertions.get(&self.number).cloned().flatten();
        let medium = medium.map(|id| ("medium", text(&id)));
        let mut values: Vec<_> = medium.iter().cloned().collect();
        let known = |known, unknown| if medium.is_some() { known } else { unknown };
        let Some(claim) = claim else {
            let target = called(target);
            self.hands.insert(self.number, target.clone());
            values.push(("target", target));
            self.say(known("by_hand", "by_hand_unknown"), values);
            return;
        };
        // What is scanned by hand is in the hands of whoever scans it.
        self.inside.insert(self.number);
        let way = match occasion.as_deref().map(|one: &Occasion| one.way) {
            Some(Way::Out) => "way_out",
            Some(Way::In) | None => "way_in",
        };
        values.push(("way", self.voice.word(way)));
        values.push(("claim", self.claimed(claim)));
        self.say(known("inserted", "inserted_unknown"), values);
        if let Some(medium) = medium {
            if let Some((entry, owner, by)) = self.owners.get(&medium.1).cloned() {
                let values = vec![medium.clone(), ("owner", owner), ("by", by)];
                self.say_with(&[entry], "owner", values);
            }
            if occasion.as_ref().is_some_and(|one| one.is_weak) {
                self.say("weak", vec![medium]);
            }
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
        let values = [
            ("name", name.trim().to_owned()),
            ("ids", format!("{:04x}:{:04x}", claim.vid, claim.pid)),
            ("serial", serial),
        ];
        words::fill("claim", &values, self.voice.language)
    }

    /// What an entry says of an insertion of the story.
    fn about(
        &mut self,
        insertion: u64,
        entry: &Entry,
        content: &Content,
    ) -> Result<(), CommandError> {
        let medium = self.medium(insertion);
        let with = |more: Vec<(&'static str, String)>| {
            let all = medium.iter().cloned().chain(more);
            all.collect::<Vec<_>>()
        };
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
            let values = with(vec![
                ("shape", verdict.shape().to_owned()),
                ("word", self.voice.verdict(*verdict)),
                ("reasons", self.voice.reasons(reasons)),
            ]);
            self.say("withdrawn", values);
        } else if let Event::Removed { .. } = event {
            self.inside.remove(&insertion);
            self.say("removed", medium);
        } else if let Event::Interrupted { why, .. } = event {
            self.inside.remove(&insertion);
            self.say("interrupted", with(vec![("why", self.voice.detail(why))]));
        } else if let Event::Mitigated { action, by, .. } = event {
            self.stopped.remove(&insertion);
            let by = match by.as_str() {
                "kiosk" => self.voice.word("kiosk"),
                name => text(name),
            };
            let action = self.voice.of_family("action", action);
            self.say("mitigated", with(vec![("action", action), ("by", by)]));
        } else if let Event::Requested { .. } = event {
            self.say("requested", medium);
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
}

/// What is scanned by hand.
fn called(target: &Target) -> String {
    target.name.escaped().to_string()
}
