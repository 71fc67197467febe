//! `allowlist.toml`: the registered media.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;
use wire::Interface;

use crate::source::{ListError, Text};

/// Longest list, in bytes: [`MEDIA_MAX`] entries of a common length.
pub const LIST_BYTES_MAX: usize = 8 << 20;

/// Most registered media. Large plants register a few hundred; the list is searched from
/// its beginning for each insertion.
pub const MEDIA_MAX: usize = 10_000;

/// Longest id of a medium, in bytes: it is written on the stick's label.
pub const ID_BYTES_MAX: usize = 32;

/// Longest text of an entry, in bytes: sixty-six Japanese characters, one line on a screen.
pub const TEXT_BYTES_MAX: usize = 200;

/// Longest serial number, in bytes. A USB string has at most 126 UTF-16 units, each at most
/// three bytes of UTF-8.
pub const SERIAL_BYTES_MAX: usize = 378;

/// The registered media, checked: no two share an id, and no two share an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowlist {
    media: Vec<Medium>,
}

impl Allowlist {
    /// The media in the order of the list.
    #[must_use]
    pub fn media(&self) -> &[Medium] {
        &self.media
    }

    /// The medium with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Medium> {
        self.media.iter().find(|medium| medium.id == id)
    }
}

/// One registered medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Medium {
    /// What is written on its label, `[A-Za-z0-9._-]`, unique in the list.
    pub id: String,
    /// USB vendor id.
    pub vid: u16,
    /// USB product id.
    pub pid: u16,
    /// USB serial number. An entry without one is never found by a claim: it only documents
    /// a medium that cannot be told from others of its kind.
    pub serial: Option<String>,
    /// Every interface it has.
    pub interfaces: Vec<Interface>,
    /// Its size in bytes.
    pub capacity_bytes: u64,
    /// The person who answers for it.
    pub owner: String,
    /// The company that uses it.
    pub company: String,
    /// First day on which it may be used.
    pub valid_from: Date,
    /// Last day on which it may be used, that day included, by the site's calendar.
    pub valid_until: Date,
    /// Whether it may be used at all.
    pub status: Status,
    /// Whether rules that lie on it are installed: an administrator's own medium.
    pub installs_rules: bool,
    /// Where it is kept.
    pub storage_place: String,
    /// Anything else.
    pub note: Option<String>,
}

/// Whether a registered medium may be used. It has no default: the entry must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It may, between its dates.
    Active,
    /// It was withdrawn.
    Revoked,
    /// It was reported lost.
    Lost,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawList {
    #[serde(default)]
    medium: Vec<RawMedium>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMedium {
    id: Spanned<String>,
    vid: Spanned<String>,
    pid: Spanned<String>,
    serial: Option<Spanned<String>>,
    interfaces: Spanned<Vec<Spanned<String>>>,
    capacity_bytes: Spanned<u64>,
    owner: Spanned<String>,
    company: Spanned<String>,
    valid_from: Spanned<Datetime>,
    valid_until: Spanned<Datetime>,
    status: Status,
    #[serde(default)]
    installs_rules: bool,
    storage_place: Spanned<String>,
    note: Option<Spanned<String>>,
}

/// Parses the text of `allowlist.toml`.
///
/// # Errors
/// [`ListError`] with the first place that is wrong: broken TOML, an unknown or missing key,
/// a value out of its range, two entries with one id or one identity.
pub fn parse(text: &str) -> Result<Allowlist, ListError> {
    let (source, raw) = Text::read::<RawList>(text, LIST_BYTES_MAX)?;
    if let Some(beyond) = raw.medium.get(MEDIA_MAX) {
        let what = format!("there are more than {MEDIA_MAX} media");
        return Err(source.refuse(&beyond.id, what, "remove media that are no longer used"));
    }
    let mut ids = BTreeMap::<String, &Spanned<String>>::new();
    let mut identities = BTreeMap::<(u16, u16, String), &Spanned<String>>::new();
    let mut media = Vec::with_capacity(raw.medium.len());
    for entry in &raw.medium {
        let medium = check(&source, entry)?;
        if let Some(first) = ids.insert(medium.id.clone(), &entry.id) {
            let what = format!("the id {}", medium.id);
            return Err(source.twice(first, &entry.id, what, "give each medium its own id"));
        }
        if let (Some(serial), Some(place)) = (&medium.serial, &entry.serial) {
            let identity = (medium.vid, medium.pid, serial.clone());
            if let Some(first) = identities.insert(identity, place) {
                let (vid, pid) = (medium.vid, medium.pid);
                let what = format!("the identity {vid:04x}:{pid:04x} with this serial");
                let next = "remove one entry, or use a medium with its own serial";
                return Err(source.twice(first, place, what, next));
            }
        }
        media.push(medium);
    }
    Ok(Allowlist { media })
}

fn check(source: &Text<'_>, raw: &RawMedium) -> Result<Medium, ListError> {
    let valid_from = date(source, &raw.valid_from)?;
    let valid_until = date(source, &raw.valid_until)?;
    if valid_until < valid_from {
        return Err(source.refuse(
            &raw.valid_until,
            "the last valid day is before the first",
            "correct valid_from or valid_until",
        ));
    }
    let line = |value| source.line(value, TEXT_BYTES_MAX);
    Ok(Medium {
        id: id(source, &raw.id)?,
        vid: source.usb_id(&raw.vid)?,
        pid: source.usb_id(&raw.pid)?,
        serial: raw
            .serial
            .as_ref()
            .map(|value| source.line(value, SERIAL_BYTES_MAX))
            .transpose()?,
        interfaces: source.interfaces(&raw.interfaces)?,
        capacity_bytes: source.number(&raw.capacity_bytes, u64::MAX)?,
        owner: line(&raw.owner)?,
        company: line(&raw.company)?,
        valid_from,
        valid_until,
        status: raw.status,
        installs_rules: raw.installs_rules,
        storage_place: line(&raw.storage_place)?,
        note: raw.note.as_ref().map(line).transpose()?,
    })
}

fn id(source: &Text<'_>, value: &Spanned<String>) -> Result<String, ListError> {
    let id = value.get_ref();
    let letters = id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    if letters && (1..=ID_BYTES_MAX).contains(&id.len()) {
        return Ok(id.clone());
    }
    let what = format!("an id must be 1 to {ID_BYTES_MAX} of A-Z a-z 0-9 . _ -");
    Err(source.refuse(value, what, "write it as on the label: \"M-0001\""))
}

fn date(source: &Text<'_>, value: &Spanned<Datetime>) -> Result<Date, ListError> {
    let written = value.get_ref();
    let date = match (written.date, written.time, written.offset) {
        (Some(date), None, None) => i16::try_from(date.year)
            .ok()
            .zip(i8::try_from(date.month).ok())
            .zip(i8::try_from(date.day).ok())
            .and_then(|((year, month), day)| Date::new(year, month, day).ok()),
        (_, _, _) => None,
    };
    date.ok_or_else(|| {
        source.refuse(
            value,
            "this must be a day of the calendar without a time",
            "write it as 2026-04-01, without quotes",
        )
    })
}

#[cfg(test)]
#[path = "allowlist_tests.rs"]
mod tests;
