//! `kiosk.toml`: what this site decided.

mod clamd;
mod coverage;
mod fixed;
mod gate;
mod ledger;
mod upkeep;

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use toml::Spanned;
use wire::Claim;
use wire::scan::{CONTAINER_DEPTH_MAX, Limits, Spare};

pub use clamd::{CLAMD_SECONDS_LIMIT_MAX, CONF_PATH_BYTES_MAX, Clamd, SOCKET_BYTES_MAX};
pub use coverage::{Coverage, UNALLOCATED_MEDIUM_BYTES};
pub use fixed::{FIXED_MAX, Fixed, PORT_BYTES_MAX, is_port};
pub use gate::{Gate, STAFF_SECONDS, VISIT_SECONDS};
pub use ledger::{Ledger, REVIEW_DAYS, REVIEW_DAYS_LIMIT_MAX, Review};
pub use upkeep::{
    AGE_DAYS_WARN, EXPIRY_DAYS_WARN, Freshness, SELF_TEST_EVERY_SCANS, SELF_TEST_SCANS_LIMIT_MAX,
    Upkeep,
};

use crate::allowlist::TEXT_BYTES_MAX;
use crate::source::{ListError, Text};

/// Longest policy or limits file, in bytes: every key with its comments is a few kilobytes.
pub const POLICY_BYTES_MAX: usize = 256 * 1024;

/// Longest name of a time zone, in bytes. The longest in the IANA database has 32.
pub const ZONE_BYTES_MAX: usize = 64;

/// Highest limit that counts files or members, folders or a ratio: the rows of ten million
/// would not fit any ledger entry, so nothing above can be meant.
pub const COUNT_LIMIT_MAX: u64 = 10_000_000;

/// Highest limit of files: their rows must fit the ledger's largest entry.
pub const FILES_LIMIT_MAX: u64 = 500_000;

/// Highest limit in bytes: 16 TiB, past any stick.
pub const BYTES_LIMIT_MAX: u64 = 16 << 40;

/// Highest limit in seconds: a week; every deadline stays within what clocks can add.
pub const SECONDS_LIMIT_MAX: u64 = 7 * 24 * 3600;

/// Oldest rules that a site may allow, in days: ten years.
pub const AGE_DAYS_LIMIT_MAX: u64 = 3650;

/// What this site decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The gate's name in Japanese.
    pub site_ja: String,
    /// The gate's name in English.
    pub site_en: String,
    /// Whose calendar decides which day it is.
    pub zone: Zone,
    /// Whom to call: shown with every answer that is not PASS.
    pub contact: Option<String>,
    /// How old rules may be, and how often they are tested.
    pub upkeep: Upkeep,
    /// Limits of a scan.
    pub limits: Limits,
    /// What is examined beside what is allocated.
    pub coverage: Coverage,
    /// USB devices that belong to the kiosk itself.
    pub fixed: Vec<Fixed>,
    /// clamd as a second engine; `None` when there is none.
    pub clamd: Option<Clamd>,
    /// What is asked of the people at the gate.
    pub gate: Gate,
    /// What is asked of those who audit the ledger.
    pub ledger: Ledger,
}

impl Policy {
    /// The policy of a trial without `kiosk.toml`: Japan's calendar, no limit of age, the
    /// limits that [`Limits::default`] gives reasons for.
    #[must_use]
    pub fn builtin() -> Self {
        Self {
            site_ja: "試用キオスク".to_owned(),
            site_en: "Trial kiosk".to_owned(),
            zone: Zone::Fixed(Offset::constant(9)),
            contact: None,
            upkeep: Upkeep::builtin(),
            limits: Limits::default(),
            coverage: Coverage::builtin(),
            fixed: Vec::new(),
            clamd: None,
            gate: Gate::builtin(),
            ledger: Ledger::builtin(),
        }
    }

    /// The device of the kiosk's own that sits in this port and claims exactly what the policy
    /// says of it: the port alone would let anything in that is plugged in its place.
    #[must_use]
    pub fn fixed(&self, port: &str, claim: &Claim) -> Option<&Fixed> {
        self.fixed.iter().find(|fixed| fixed.is(port, claim))
    }

    /// What is examined on a medium of `size_bytes` beside what is allocated.
    #[must_use]
    pub fn spare(&self, size_bytes: u64) -> Spare {
        self.coverage.spare(size_bytes)
    }
}

/// A time zone as the policy names it. To turn a name into its rules the time zone database
/// must be read, which is the caller's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Zone {
    /// A name of the IANA database: `Asia/Tokyo`. Not known to exist.
    Named(String),
    /// A fixed distance from UTC: `+09:00`. Needs no database.
    Fixed(Offset),
}

/// Which day it is at the site.
#[must_use]
pub fn today(now: Timestamp, zone: &TimeZone) -> Date {
    now.to_zoned(zone.clone()).date()
}

/// Age in whole days of rules issued at `issued` (an RFC 3339 date or time); `None` when
/// that is no date, or lies in the future by more than the day that time zones can explain.
#[must_use]
pub fn age_days(issued: &str, now: Timestamp) -> Option<u64> {
    let issued: Timestamp = match issued.parse() {
        Ok(time) => time,
        Err(_) => {
            let date: Date = issued.parse().ok()?;
            date.to_zoned(TimeZone::UTC).ok()?.timestamp()
        }
    };
    let age = now.duration_since(issued);
    if age < SignedDuration::from_hours(-24) {
        return None;
    }
    u64::try_from(age.as_hours().max(0))
        .ok()
        .map(|hours| hours / 24)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    site: RawSite,
    rules: Option<upkeep::RawRules>,
    usb: Option<fixed::RawUsb>,
    coverage: Option<coverage::RawCoverage>,
    limits: Option<RawLimits>,
    clamd: Option<clamd::RawClamd>,
    gate: Option<gate::RawGate>,
    ledger: Option<ledger::RawLedger>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSite {
    name_ja: Spanned<String>,
    name_en: Spanned<String>,
    time_zone: Spanned<String>,
    contact: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawLimits {
    files_max: Option<Spanned<u64>>,
    folder_depth_max: Option<Spanned<u64>>,
    memory_bytes_max: Option<Spanned<u64>>,
    content_bytes_max: Option<Spanned<u64>>,
    container_depth_max: Option<Spanned<u64>>,
    members_max: Option<Spanned<u64>>,
    unpacked_bytes_max: Option<Spanned<u64>>,
    unpacked_ratio_max: Option<Spanned<u64>>,
    match_seconds_max: Option<Spanned<u64>>,
    file_seconds_max: Option<Spanned<u64>>,
    walk_seconds_max: Option<Spanned<u64>>,
    scan_seconds_max: Option<Spanned<u64>>,
    worker_memory_bytes_max: Option<Spanned<u64>>,
}

/// Parses the text of `kiosk.toml`.
///
/// # Errors
/// [`ListError`] with the first place that is wrong.
pub fn parse(text: &str) -> Result<Policy, ListError> {
    let (source, raw) = Text::read::<RawPolicy>(text, POLICY_BYTES_MAX)?;
    let line = |value| source.line(value, TEXT_BYTES_MAX);
    Ok(Policy {
        site_ja: line(&raw.site.name_ja)?,
        site_en: line(&raw.site.name_en)?,
        zone: zone(&source, &raw.site.time_zone)?,
        contact: raw.site.contact.as_ref().map(line).transpose()?,
        upkeep: upkeep::check(&source, &raw.rules.unwrap_or_default())?,
        fixed: raw
            .usb
            .map_or_else(|| Ok(Vec::new()), |usb| usb.check(&source))?,
        coverage: coverage::check(&source, raw.coverage.as_ref())?,
        limits: limits(&source, &raw.limits.unwrap_or_default())?,
        clamd: clamd::check(&source, raw.clamd)?,
        gate: gate::check(&source, raw.gate.as_ref())?,
        ledger: ledger::check(&source, raw.ledger.as_ref())?,
    })
}

/// Parses a file of limits alone: the keys of `[limits]` without that heading.
///
/// # Errors
/// [`ListError`] with the first place that is wrong.
pub fn parse_limits(text: &str) -> Result<Limits, ListError> {
    let (source, raw) = Text::read::<RawLimits>(text, POLICY_BYTES_MAX)?;
    limits(&source, &raw)
}

fn limits(source: &Text<'_>, raw: &RawLimits) -> Result<Limits, ListError> {
    let pick = |value: &Option<Spanned<u64>>, most, otherwise| {
        value
            .as_ref()
            .map_or(Ok(otherwise), |value| source.number(value, most))
    };
    let otherwise = Limits::default();
    let count = |value, otherwise| pick(value, COUNT_LIMIT_MAX, otherwise);
    let bytes = |value, otherwise| pick(value, BYTES_LIMIT_MAX, otherwise);
    let seconds = |value, otherwise| pick(value, SECONDS_LIMIT_MAX, otherwise);
    Ok(Limits {
        files_max: pick(&raw.files_max, FILES_LIMIT_MAX, otherwise.files_max)?,
        folder_depth_max: count(&raw.folder_depth_max, otherwise.folder_depth_max)?,
        memory_bytes_max: bytes(&raw.memory_bytes_max, otherwise.memory_bytes_max)?,
        content_bytes_max: bytes(&raw.content_bytes_max, otherwise.content_bytes_max)?,
        container_depth_max: pick(
            &raw.container_depth_max,
            CONTAINER_DEPTH_MAX,
            otherwise.container_depth_max,
        )?,
        members_max: count(&raw.members_max, otherwise.members_max)?,
        unpacked_bytes_max: bytes(&raw.unpacked_bytes_max, otherwise.unpacked_bytes_max)?,
        unpacked_ratio_max: count(&raw.unpacked_ratio_max, otherwise.unpacked_ratio_max)?,
        match_seconds_max: seconds(&raw.match_seconds_max, otherwise.match_seconds_max)?,
        file_seconds_max: seconds(&raw.file_seconds_max, otherwise.file_seconds_max)?,
        walk_seconds_max: seconds(&raw.walk_seconds_max, otherwise.walk_seconds_max)?,
        scan_seconds_max: seconds(&raw.scan_seconds_max, otherwise.scan_seconds_max)?,
        worker_memory_bytes_max: bytes(
            &raw.worker_memory_bytes_max,
            otherwise.worker_memory_bytes_max,
        )?,
    })
}

fn zone(source: &Text<'_>, value: &Spanned<String>) -> Result<Zone, ListError> {
    let name = value.get_ref();
    if let Some(offset) = fixed(name) {
        return Ok(Zone::Fixed(offset));
    }
    // The name becomes part of a path below the time zone database, so its letters are few.
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let parts_are_names = name.split('/').all(|part| {
        part.starts_with(|first: char| first.is_ascii_alphabetic()) && part.bytes().all(letters)
    });
    if parts_are_names && name.len() <= ZONE_BYTES_MAX {
        return Ok(Zone::Named(name.clone()));
    }
    Err(source.refuse(
        value,
        "this is no time zone",
        "write \"Asia/Tokyo\" or a fixed \"+09:00\"",
    ))
}

/// `+09:00` or `-03:30`, at most 14 hours from UTC as on the Earth.
fn fixed(text: &str) -> Option<Offset> {
    let sign: i32 = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let two = |digits: &str| {
        let plain = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
        plain.then(|| digits.parse::<i32>().ok()).flatten()
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let seconds = hours
        .checked_mul(3600)?
        .checked_add(minutes.checked_mul(60)?)?;
    if 59 < minutes || 14 * 3600 < seconds {
        return None;
    }
    Offset::from_seconds(seconds.checked_mul(sign)?).ok()
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
