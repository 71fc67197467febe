//! Who and what a story is about: found in a first reading of the entries.

use std::collections::BTreeMap;

use record::Ledger;
use record::reader::Filter;
use wire::custody::{SignIn, VisitName};
use wire::ledger::Event;

use super::Subject;
use super::voice::Voice;
use super::words;
use crate::CommandError;
use crate::log::text;

/// Who and what a story is about.
pub(super) struct Cast {
    pub(super) subject: Subject,
    /// The visit; `None` for an insertion without one.
    pub(super) who: Option<VisitName>,
    /// The insertions, each with the registered medium.
    pub(super) insertions: BTreeMap<u64, Option<String>>,
    /// The first and the last entry about it.
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Cast {
    /// Reads the ledger once.
    ///
    /// # Errors
    /// When no entry is about it, or one cannot be read.
    pub(super) fn of(subject: &Subject, ledger: &Ledger) -> Result<Self, CommandError> {
        let mut cast = Self {
            subject: subject.clone(),
            who: None,
            insertions: BTreeMap::new(),
            first: 0,
            last: 0,
        };
        if let Subject::Insertion(number) = subject {
            cast.one(*number, &ledger.entry(*number)?.content()?.event)?;
        }
        for entry in ledger.entries(Filter::default())? {
            let entry = entry?;
            cast.note(entry.number, &entry.content()?.event);
        }
        if let (Subject::Visit(visit), 0) = (subject, cast.first) {
            return Err(CommandError::Asked(format!(
                "no entry is about a visit {visit:?}; kioskctl visit list shows the visits"
            )));
        }
        Ok(cast)
    }

    /// The one insertion that is told.
    fn one(&mut self, number: u64, event: &Event) -> Result<(), CommandError> {
        let Event::Inserted {
            medium, occasion, ..
        } = event
        else {
            let of = insertion_of(event).map(|of| format!("; it is about the insertion {of}"));
            return Err(CommandError::Asked(format!(
                "entry {number} is no insertion{}",
                of.unwrap_or_default()
            )));
        };
        self.who = occasion.as_ref().and_then(|one| one.visit.clone());
        self.insertions.insert(number, medium.clone());
        self.span(number);
        Ok(())
    }

    fn note(&mut self, number: u64, event: &Event) {
        if let Subject::Visit(id) = &self.subject {
            if let Event::Inserted {
                medium, occasion, ..
            } = event
                && let Some(visit) = occasion.as_ref().and_then(|one| one.visit.as_ref())
                && visit.id == *id
            {
                self.insertions.insert(number, medium.clone());
                self.who = Some(visit.clone());
                self.span(number);
            } else if let Some(visit) = signed(event)
                && visit.id == *id
            {
                self.who = Some(visit.clone());
                self.span(number);
            } else if let Event::ListChanged(change) = event
                && change.changed.iter().any(|one| is_visit(one, id))
            {
                self.span(number);
            }
        }
        if let Some(of) = insertion_of(event)
            && let Some(medium) = self.insertions.get_mut(&of)
        {
            // What the list refused went in without a name; the refusal says whose it is.
            if let Some(judged) = event.judged() {
                *medium = medium
                    .take()
                    .or_else(|| judged.registered().map(str::to_owned));
            }
            self.span(number);
        }
    }

    fn span(&mut self, number: u64) {
        if self.first == 0 {
            self.first = number;
        }
        self.last = self.last.max(number);
    }

    /// The id of the visit.
    pub(super) fn visit(&self) -> Option<&str> {
        match &self.subject {
            Subject::Visit(visit) => Some(visit),
            Subject::Insertion(_) => self.who.as_ref().map(|who| who.id.as_str()),
        }
    }

    /// Whether this is the medium of one of the insertions.
    pub(super) fn has_medium(&self, medium: &str) -> bool {
        let mut media = self.insertions.values().flatten();
        media.any(|one| one == medium)
    }

    /// What stands above the story.
    pub(super) fn title(&self, voice: &Voice) -> String {
        match (&self.subject, &self.who) {
            (Subject::Insertion(number), _) => {
                let values = [("insertion", number.to_string())];
                words::fill("title_insertion", &values, voice.language)
            }
            (Subject::Visit(visit), who) => {
                let unknown = || voice.word("unknown");
                let who = who.as_ref();
                let values = [
                    ("visit", text(visit)),
                    ("person", who.map_or_else(unknown, |who| text(&who.person))),
                    (
                        "company",
                        who.map_or_else(unknown, |who| text(&who.company)),
                    ),
                ];
                words::fill("title_visit", &values, voice.language)
            }
        }
    }
}

/// Whether a change of a list is about this visit.
pub(super) fn is_visit(changed: &wire::list_change::Changed, id: &str) -> bool {
    changed.kind == "visit" && changed.id == id
}

/// The visit whose code was given.
pub(super) fn signed(event: &Event) -> Option<&VisitName> {
    let whom = if let Event::SignedIn(whom) | Event::SignedOut(whom) = event {
        Some(whom)
    } else if let Event::SignInRefused(refused) = event {
        refused.whom.as_ref()
    } else {
        None
    };
    match whom {
        Some(SignIn::Visit(visit)) => Some(visit),
        Some(SignIn::Staff(_)) | None => None,
    }
}

/// The insertion that an entry is about, when it is another entry than the insertion itself.
pub(super) fn insertion_of(event: &Event) -> Option<u64> {
    if let Event::Withdrawn { insertion, .. }
    | Event::Removed { insertion }
    | Event::Mitigated { insertion, .. }
    | Event::Interrupted { insertion, .. }
    | Event::Requested { insertion } = event
    {
        Some(*insertion)
    } else if let Event::Judged(judged) = event {
        Some(judged.insertion)
    } else if let Event::RequestClosed(closed) = event {
        Some(closed.insertion)
    } else if let Event::Returned(returned) = event {
        returned.insertion
    } else {
        None
    }
}
