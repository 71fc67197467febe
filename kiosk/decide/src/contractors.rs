//! `contractors.toml`: companies with their contracts, and the visits of their people.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use crate::allowlist::{ID_BYTES_MAX, TEXT_BYTES_MAX};
use crate::moment::{Moment, When};
use crate::source::{ListError, Text};

/// Longest file of contractors, in bytes: [`VISITS_MAX`] visits of a common length.
pub const CONTRACTORS_BYTES_MAX: usize = 8 << 20;

/// Most companies: a plant works with some dozens.
pub const COMPANIES_MAX: usize = 1_000;

/// Most visits in the file, ended ones too: ten a day for three years.
pub const VISITS_MAX: usize = 10_000;

/// Most media that one visit names.
pub const VISIT_MEDIA_MAX: usize = 100;

/// Digits of a visit's code.
pub const CODE_DIGITS: usize = 6;

/// Longest badge, in bytes: what a reader types, a number or a name.
pub const BADGE_BYTES_MAX: usize = 64;

/// Companies and visits, checked: no two companies share a name, no two visits an id, and no
/// two visits that may still be used a code or a badge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contractors {
    companies: Vec<Company>,
    visits: Vec<Visit>,
}

/// A company that has a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Its name, as the list of media spells it.
    pub name: String,
    /// When its contract ends: a day counts to its end.
    pub contract_until: When,
    /// Whom to call there.
    pub contact: Option<String>,
    /// Anything else.
    pub note: Option<String>,
}

/// A person who comes, on one occasion.
#[derive(Clone, PartialEq, Eq)]
pub struct Visit {
    /// `V-0001`: unique in the file.
    pub id: String,
    /// Who comes.
    pub person: String,
    /// For which company of the file.
    pub company: String,
    /// The order for the work.
    pub work_order: Option<String>,
    /// What for.
    pub purpose: Option<String>,
    /// Where in the plant.
    pub destination: Option<String>,
    /// The registered media that may be used; empty for all of the company's.
    pub media: Vec<String>,
    /// From when.
    pub valid_from: When,
    /// Until when: a day counts to its end.
    pub valid_until: When,
    /// Six digits for the kiosk.
    pub code: Option<String>,
    /// What a badge reader types.
    pub badge: Option<String>,
    /// When it was ended before its time.
    pub ended: Option<When>,
}

impl std::fmt::Debug for Visit {
    /// Without code and badge.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Visit({} of {} from {} to {})",
            self.id, self.person, self.valid_from, self.valid_until
        )
    }
}

impl Visit {
    /// Whether it has ended, by its time or before.
    #[must_use]
    pub fn has_ended(&self, at: &Moment) -> bool {
        self.valid_until.has_ended(at) || self.ended.is_some_and(|ended| ended.has_ended(at))
    }

    /// Whether it covers this medium of this company.
    #[must_use]
    pub fn covers(&self, medium: &str, company: &str) -> bool {
        if self.media.is_empty() {
            self.company == company
        } else {
            self.media.iter().any(|one| one == medium)
        }
    }

    /// Whether this was typed for it, code or badge.
    fn is_meant(&self, typed: &str) -> bool {
        let is = |secret: &Option<String>| secret.as_deref() == Some(typed);
        is(&self.code) || is(&self.badge)
    }
}

/// Why a code is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeFault {
    /// It is no visit's.
    Unknown,
    /// The visit or its company's contract has ended.
    Ended(Box<Visit>),
    /// The visit has not begun.
    NotYetValid(Box<Visit>),
}

impl Contractors {
    /// The companies in the order of the file.
    #[must_use]
    pub fn companies(&self) -> &[Company] {
        &self.companies
    }

    /// The visits in the order of the file.
    #[must_use]
    pub fn visits(&self) -> &[Visit] {
        &self.visits
    }

    /// The company of this name.
    #[must_use]
    pub fn company(&self, name: &str) -> Option<&Company> {
        self.companies.iter().find(|company| company.name == name)
    }

    /// The visit with this id.
    #[must_use]
    pub fn visit(&self, id: &str) -> Option<&Visit> {
        self.visits.iter().find(|visit| visit.id == id)
    }

    /// Whether the contract of a company has ended. One that the file does not name has none
    /// that could end: the plant's own people.
    #[must_use]
    pub fn contract_has_ended(&self, company: &str, at: &Moment) -> bool {
        let company = self.company(company);
        company.is_some_and(|company| company.contract_until.has_ended(at))
    }

    /// Whether a visit has ended, by itself or with its company's contract.
    #[must_use]
    pub fn visit_has_ended(&self, visit: &Visit, at: &Moment) -> bool {
        visit.has_ended(at) || self.contract_has_ended(&visit.company, at)
    }

    /// The visit that a code or badge is for, if it may be used now.
    ///
    /// # Errors
    /// [`CodeFault`]. Of several visits that share a code the one that may be used is taken,
    /// and the file holds at most one.
    pub fn for_code(&self, typed: &str, at: &Moment) -> Result<&Visit, CodeFault> {
        let mut fault = CodeFault::Unknown;
        for visit in self.visits.iter().filter(|visit| visit.is_meant(typed)) {
            if self.visit_has_ended(visit, at) {
                if fault == CodeFault::Unknown {
                    fault = CodeFault::Ended(Box::new(visit.clone()));
                }
            } else if visit.valid_from.has_begun(at) {
                return Ok(visit);
            } else {
                fault = CodeFault::NotYetValid(Box::new(visit.clone()));
            }
        }
        Err(fault)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawContractors {
    #[serde(default)]
    company: Vec<RawCompany>,
    #[serde(default)]
    visit: Vec<RawVisit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCompany {
    name: Spanned<String>,
    contract_until: Spanned<Datetime>,
    contact: Option<Spanned<String>>,
    note: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVisit {
    id: Spanned<String>,
    person: Spanned<String>,
    company: Spanned<String>,
    work_order: Option<Spanned<String>>,
    purpose: Option<Spanned<String>>,
    destination: Option<Spanned<String>>,
    #[serde(default)]
    media: Vec<Spanned<String>>,
    valid_from: Spanned<Datetime>,
    valid_until: Spanned<Datetime>,
    code: Option<Spanned<String>>,
    badge: Option<Spanned<String>>,
    ended: Option<Spanned<Datetime>>,
}

/// Parses the text of `contractors.toml`.
///
/// # Errors
/// [`ListError`] with the first place that is wrong: broken TOML, an unknown or missing key, a
/// value out of its range, a name, id, code or badge used twice, a visit of a company that is
/// not in the file.
pub fn parse(text: &str) -> Result<Contractors, ListError> {
    let (source, raw) = Text::read::<RawContractors>(text, CONTRACTORS_BYTES_MAX)?;
    let mut companies = Vec::with_capacity(raw.company.len());
    let mut names = BTreeMap::<&str, &Spanned<String>>::new();
    if let Some(beyond) = raw.company.get(COMPANIES_MAX) {
        let what = format!("there are more than {COMPANIES_MAX} companies");
        return Err(source.refuse(&beyond.name, what, "remove companies that no longer come"));
    }
    if let Some(beyond) = raw.visit.get(VISITS_MAX) {
        let what = format!("there are more than {VISITS_MAX} visits");
        return Err(source.refuse(&beyond.id, what, "remove the oldest; the ledger keeps them"));
    }
    for entry in &raw.company {
        let company = company(&source, entry)?;
        if let Some(first) = names.insert(entry.name.get_ref(), &entry.name) {
            let what = "a company of this name".to_owned();
            return Err(source.twice(first, &entry.name, what, "keep one of them"));
        }
        companies.push(company);
    }
    let mut visits = Vec::with_capacity(raw.visit.len());
    let mut ids = BTreeMap::<&str, &Spanned<String>>::new();
    let mut secrets = BTreeMap::<&str, &Spanned<String>>::new();
    for entry in &raw.visit {
        let visit = visit(&source, entry)?;
        if let Some(first) = ids.insert(entry.id.get_ref(), &entry.id) {
            let what = "this id of a visit".to_owned();
            return Err(source.twice(first, &entry.id, what, "give each visit its own id"));
        }
        if !names.contains_key(visit.company.as_str()) {
            let next = "add it: kioskctl company add NAME --until DATE";
            return Err(source.refuse(
                &entry.company,
                "no company of the file has this name",
                next,
            ));
        }
        // A visit that was ended gives its code back.
        let used = [&entry.code, &entry.badge].into_iter().flatten();
        for secret in used.filter(|_| entry.ended.is_none()) {
            if let Some(first) = secrets.insert(secret.get_ref(), secret) {
                let what = "this code or badge".to_owned();
                return Err(source.twice(first, secret, what, "give each visit its own"));
            }
        }
        visits.push(visit);
    }
    Ok(Contractors { companies, visits })
}

fn company(source: &Text<'_>, raw: &RawCompany) -> Result<Company, ListError> {
    let line = |value: &Spanned<String>| source.line(value, TEXT_BYTES_MAX);
    Ok(Company {
        name: line(&raw.name)?,
        contract_until: When::read(source, &raw.contract_until)?,
        contact: raw.contact.as_ref().map(line).transpose()?,
        note: raw.note.as_ref().map(line).transpose()?,
    })
}

fn visit(source: &Text<'_>, raw: &RawVisit) -> Result<Visit, ListError> {
    let line = |value: &Spanned<String>| source.line(value, TEXT_BYTES_MAX);
    let some = |value: &Option<Spanned<String>>| value.as_ref().map(line).transpose();
    if let Some(beyond) = raw.media.get(VISIT_MEDIA_MAX) {
        let what = format!("a visit names at most {VISIT_MEDIA_MAX} media");
        return Err(source.refuse(beyond, what, "leave media out for all of the company's"));
    }
    let media = raw.media.iter();
    let media = media
        .map(|id| source.line(id, ID_BYTES_MAX))
        .collect::<Result<_, _>>()?;
    Ok(Visit {
        id: source.id(&raw.id)?,
        person: line(&raw.person)?,
        company: line(&raw.company)?,
        work_order: some(&raw.work_order)?,
        purpose: some(&raw.purpose)?,
        destination: some(&raw.destination)?,
        media,
        valid_from: When::read(source, &raw.valid_from)?,
        valid_until: When::read(source, &raw.valid_until)?,
        code: raw
            .code
            .as_ref()
            .map(|value| code(source, value))
            .transpose()?,
        badge: raw
            .badge
            .as_ref()
            .map(|value| badge(source, value))
            .transpose()?,
        ended: raw
            .ended
            .as_ref()
            .map(|value| When::read(source, value))
            .transpose()?,
    })
}

fn code(source: &Text<'_>, value: &Spanned<String>) -> Result<String, ListError> {
    let code = value.get_ref();
    if code.len() == CODE_DIGITS && code.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(code.clone());
    }
    let what = format!("a code must be {CODE_DIGITS} digits in quotes");
    Err(source.refuse(value, what, "write it as \"048213\""))
}

/// A badge is more than a code, so that nobody types one by chance.
fn badge(source: &Text<'_>, value: &Spanned<String>) -> Result<String, ListError> {
    let badge = source.line(value, BADGE_BYTES_MAX)?;
    let printed = badge.bytes().all(|byte| byte.is_ascii_graphic());
    if printed && CODE_DIGITS < badge.len() {
        return Ok(badge);
    }
    let what = format!("a badge must be more than {CODE_DIGITS} letters and digits");
    Err(source.refuse(value, what, "write it as the reader types it"))
}

#[cfg(test)]
#[path = "contractors_tests.rs"]
mod tests;
