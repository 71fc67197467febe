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
    /// How it is known again.
    pub identity: Identity,
    /// USB serial number. Without one it is known by [`Identity::Model`] or not at all.
    pub serial: Option<String>,
    /// Its manufacturer string, when that must match too.
    pub manufacturer: Option<String>,
    /// Its product string, when that must match too.
    pub product: Option<String>,
    /// `bcdDevice`, the maker's release number as four hexadecimal digits, when that must match
    /// too.
    pub release: Option<String>,
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

/// How a medium is known again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// By its serial number, and by nothing without one: such an entry only documents a medium
    /// that cannot be told from others of its kind.
    #[default]
    Serial,
    /// By its model alone: every medium with the same ids, strings, release, interfaces and
    /// capacity is taken for it. Weaker, and only for a medium that has no serial number.
    Model,
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
    identity: Option<Spanned<Identity>>,
    serial: Option<Spanned<String>>,
    manufacturer: Option<Spanned<String>>,
    product: Option<Spanned<String>>,
    release: Option<Spanned<String>>,
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
    let mut models = BTreeMap::<Model, &Spanned<String>>::new();
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
        if medium.identity == Identity::Model
            && let Some(first) = models.insert(Model::of(&medium), &entry.id)
        {
            let what = "this model without a serial number".to_owned();
            let next = "two media that cannot be told apart are one entry";
            return Err(source.twice(first, &entry.id, what, next));
        }
        media.push(medium);
    }
    Ok(Allowlist { media })
}

/// What two media without serial numbers have in common when they cannot be told apart.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Model {
    ids: (u16, u16),
    strings: [Option<String>; 3],
    interfaces: Vec<Interface>,
    capacity_bytes: u64,
}

impl Model {
    fn of(medium: &Medium) -> Self {
        let mut interfaces = medium.interfaces.clone();
        interfaces.sort_unstable();
        Self {
            ids: (medium.vid, medium.pid),
            strings: [
                medium.manufacturer.clone(),
                medium.product.clone(),
                medium.release.clone(),
            ],
            interfaces,
            capacity_bytes: medium.capacity_bytes,
        }
    }
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
    let string = |value| source.line(value, SERIAL_BYTES_MAX);
    Ok(Medium {
        id: source.id(&raw.id)?,
        identity: identity(source, raw)?,
        vid: source.usb_id(&raw.vid)?,
        pid: source.usb_id(&raw.pid)?,
        serial: raw.serial.as_ref().map(string).transpose()?,
        manufacturer: raw.manufacturer.as_ref().map(string).transpose()?,
        product: raw.product.as_ref().map(string).transpose()?,
        release: raw
            .release
            .as_ref()
            .map(|value| release(source, value))
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

/// An entry by its model says everything that a model has, and no serial number.
fn identity(source: &Text<'_>, raw: &RawMedium) -> Result<Identity, ListError> {
    let Some(identity) = &raw.identity else {
        return Ok(Identity::Serial);
    };
    let says_all = raw.manufacturer.is_some() && raw.product.is_some() && raw.release.is_some();
    match (identity.get_ref(), &raw.serial) {
        (Identity::Serial, Some(_)) => Ok(Identity::Serial),
        (Identity::Model, None) if says_all => Ok(Identity::Model),
        (Identity::Serial, None) => Err(source.refuse(
            identity,
            "there is no serial number to know it by",
            "add serial, or write identity = \"model\"",
        )),
        (Identity::Model, Some(_)) => Err(source.refuse(
            identity,
            "a medium with a serial number is known by that",
            "remove identity or serial",
        )),
        (Identity::Model, None) => Err(source.refuse(
            identity,
            "to know it by its model, the entry must say all of that",
            "add manufacturer, product and release",
        )),
    }
}

fn release(source: &Text<'_>, value: &Spanned<String>) -> Result<String, ListError> {
    let digits = value.get_ref();
    if digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(digits.to_ascii_lowercase());
    }
    let what = "a release must be four hexadecimal digits in quotes";
    Err(source.refuse(value, what, "write bcdDevice as \"0110\""))
}

fn date(source: &Text<'_>, value: &Spanned<Datetime>) -> Result<Date, ListError> {
    let written = value.get_ref();
    let date = match (written.date, written.time, written.offset) {
        (Some(date), None, None) => crate::moment::day(date),
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
