//! Waivers: what two people answer for, about one content, for one rule, until one day.
//!
//! What a waiver covers is asked twice, by whoever judges and by whoever writes the ledger; it
//! is spelled out here so that both ask the same. Pure: days are handed in as texts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::name::{MediumName, is_hidden};
use crate::outcome::{Digest, Finding, Outcome, RULE_BYTES_MAX, Row, RowKind, Source, Tier};

/// Longest time that a waiver may hold, in days. Three months: what is needed for longer is
/// for the rules to know, not for a waiver.
pub const WAIVER_DAYS_MAX: u64 = 90;

/// Most waivers in force at a time: all of them fit one message, and who has more has other
/// rules to change.
pub const WAIVERS_MAX: usize = 100;

/// Longest reason, in bytes: a few sentences.
pub const WAIVER_REASON_BYTES_MAX: usize = 600;

/// Longest name of a person or id of a medium, in bytes.
pub const PERSON_BYTES_MAX: usize = 100;

/// Most places in containers at which something may be waived on one medium. A waiver is for
/// one content; a medium with thousands of copies of it is another matter.
pub const WAIVED_PLACES_MAX: usize = 4096;

/// Findings that stand for others which are not listed: nobody knows what they would waive.
const SUMMARIES: [&str; 3] = ["more_findings", "further_findings", "names_too_long"];

/// A waiver as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waived {
    /// The content it is for.
    pub sha256: Digest,
    /// The rule it is for.
    pub rule: String,
    /// Why, at most [`WAIVER_REASON_BYTES_MAX`] bytes.
    pub reason: String,
    /// Who answers for it, at most [`PERSON_BYTES_MAX`] bytes.
    pub approved_by: String,
    /// Who else does; another person.
    pub second: String,
    /// The last day on which it holds, by the site's calendar: `2026-12-31`.
    pub until: String,
    /// The end of that day, RFC 3339 UTC: from this moment on it does not hold.
    pub ends: String,
    /// The only medium it holds for; `None` for every medium.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<String>,
}

/// A waiver that was not ended, as far as judging needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Its entry.
    pub entry: u64,
    /// The content it is for.
    pub sha256: Digest,
    /// The rule it is for.
    pub rule: String,
    /// The last day on which it holds.
    pub until: String,
    /// The only medium it holds for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<String>,
}

/// Whether a text is a day as waivers spell it, so that days compare as their texts do.
#[must_use]
pub fn is_day(text: &str) -> bool {
    let form = |(place, letter): (usize, u8)| match place {
        4 | 7 => letter == b'-',
        _ => letter.is_ascii_digit(),
    };
    text.len() == 10 && text.bytes().enumerate().all(form)
}

/// Whether a waiver may be for this rule at all.
#[must_use]
pub fn is_rule(rule: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=RULE_BYTES_MAX).contains(&rule.len())
        && rule.bytes().all(letters)
        && !SUMMARIES.contains(&rule)
}

/// Whether a text says who or why in at most `bytes_max` bytes, with nothing hidden in it.
#[must_use]
pub fn is_said(text: &str, bytes_max: usize) -> bool {
    !text.trim().is_empty() && text.len() <= bytes_max && !text.chars().any(is_hidden)
}

/// Whether two names are of the same person, as far as names tell.
#[must_use]
pub fn is_same_person(one: &str, other: &str) -> bool {
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(|letter| !letter.is_whitespace());
        letters.flat_map(char::to_lowercase).collect()
    };
    plain(one) == plain(other)
}

/// The waivers that hold for one medium on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waivers(BTreeMap<(Digest, String), u64>);

impl Waivers {
    /// Those of `all` that hold for `medium` on the day `today` (`2026-11-26`). A text that is
    /// no day is later than nothing, and a waiver with one does not hold.
    #[must_use]
    pub fn in_force(all: &[Waiver], today: &str, medium: Option<&str>) -> Self {
        let holds = |waiver: &&Waiver| {
            is_day(today)
                && is_day(&waiver.until)
                && today <= waiver.until.as_str()
                && is_rule(&waiver.rule)
                && (waiver.medium.is_none() || waiver.medium.as_deref() == medium)
        };
        let mut kept = BTreeMap::new();
        for waiver in all.iter().filter(holds) {
            let key = (waiver.sha256, waiver.rule.clone());
            let entry = kept.entry(key).or_insert(waiver.entry);
            *entry = waiver.entry.min(*entry);
        }
        Self(kept)
    }

    /// Whether none holds.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entry of the waiver for this finding in a content with this hash.
    #[must_use]
    pub fn entry(&self, sha256: Option<Digest>, finding: &Finding) -> Option<u64> {
        if !is_own_block(finding) || finding.source == Source::Volume {
            return None;
        }
        self.0.get(&(sha256?, finding.rule.clone())).copied()
    }

    /// Whether every finding that blocks this row is waived, or is a container's echo of what
    /// was found in a member. Never for what is no file, for a content that was not read whole,
    /// nor for a row that is blocked without a finding.
    #[must_use]
    pub fn cover(&self, row: &Row) -> bool {
        let is_content = match row.kind {
            RowKind::File | RowKind::Stream | RowKind::Member => true,
            RowKind::Boot | RowKind::Deleted | RowKind::Unallocated | RowKind::Gap => false,
        };
        let mut blocks = row.findings.iter().filter(|one| one.tier == Tier::Block);
        let is_covered = |finding: &Finding| {
            finding.member_of.is_some() || self.entry(row.sha256, finding).is_some()
        };
        // What only members make a match says so; whatever else is without a finding of its own
        // that blocks must say what it is that was not examined.
        let has_own = |tier: Tier| {
            let mut findings = row.findings.iter();
            findings.any(|one| one.tier == tier && one.member_of.is_none())
        };
        let is_said = row.inherited || has_own(Tier::Block) || has_own(Tier::Incomplete);
        is_content
            && is_said
            && row.outcome == Outcome::Matched
            && row.sha256.is_some()
            && row.findings.iter().any(|one| one.tier == Tier::Block)
            && blocks.all(is_covered)
    }
}

/// Whether a finding blocks by itself and was seen in the content's own bytes.
#[must_use]
pub fn is_own_block(finding: &Finding) -> bool {
    finding.tier == Tier::Block && finding.member_of.is_none()
}

/// Where in containers something was waived, and where containers say that something was
/// found. Rows come in any order, so that only the end tells whether the two agree.
#[derive(Clone, Debug, Default)]
pub struct Places {
    waived: BTreeSet<Place>,
    said: BTreeSet<Place>,
    is_full: bool,
}

/// A volume, a container in it with those around it, and a rule.
type Place = (Option<u32>, Vec<MediumName>, String);

impl Places {
    /// Takes note of a row that [`Waivers::cover`]s.
    pub fn add(&mut self, row: &Row) {
        let blocks = row.findings.iter().filter(|one| one.tier == Tier::Block);
        for finding in blocks {
            if finding.member_of.is_some() {
                let container = row.within.iter().chain([&row.path]).cloned().collect();
                self.note(row, container, finding, false);
            } else {
                for depth in 1..=row.within.len() {
                    let container = row.within.iter().take(depth).cloned().collect();
                    self.note(row, container, finding, true);
                }
            }
        }
    }

    fn note(&mut self, row: &Row, container: Vec<MediumName>, finding: &Finding, waived: bool) {
        if WAIVED_PLACES_MAX <= self.waived.len().saturating_add(self.said.len()) {
            self.is_full = true;
            return;
        }
        let place = (row.volume, container, finding.rule.clone());
        if waived {
            self.waived.insert(place);
        } else {
            self.said.insert(place);
        }
    }

    /// Whether everything that containers say was found in them was waived there.
    #[must_use]
    pub fn agree(&self) -> bool {
        !self.is_full && self.said.is_subset(&self.waived)
    }
}

#[cfg(test)]
#[path = "waiver_tests.rs"]
mod tests;
