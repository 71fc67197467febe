//! What the lists say of a visit, and who had its media.

use wire::custody::{Lent, Returned};
use wire::list_change::{Change, Changed, ListChange};
use wire::waiver::is_same_person;

use super::cast::is_visit;
use super::tell::Teller;
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

impl Teller<'_> {
    /// What an administrators' list says of the visit, its company and its media.
    pub(super) fn list(&mut self, change: &ListChange) {
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
                    let value = |value: &Option<String>| {
                        let none = || self.voice.word("none");
                        value.as_deref().map_or_else(none, plain)
                    };
                    let mut values = vec![
                        ("by", by.clone()),
                        ("visit", visit.clone()),
                        ("field", self.field(&field.key)),
                    ];
                    if field.before.is_none() && field.after.is_none() {
                        self.say("visit_secret", values);
                        continue;
                    }
                    values.extend([
                        ("before", value(&field.before)),
                        ("after", value(&field.after)),
                    ]);
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

    /// A medium of the story that is handed out to its person or company.
    pub(super) fn lent(&mut self, lent: &Lent) {
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

    /// That it is back.
    pub(super) fn returned(&mut self, returned: &Returned) {
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

/// A field's value after a change.
fn after<'c>(changed: &'c Changed, key: &str) -> Option<&'c str> {
    let field = changed.fields.iter().find(|field| field.key == key)?;
    field.after.as_deref()
}

/// A text as people read it: the quotes and brackets of a list are left out.
fn plain(value: &str) -> String {
    let inner = value
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match inner {
        Some(inner) => text(&inner.replace('"', "")),
        None => text(value.trim_matches('"')),
    }
}
