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

/// Longest name of the file of rules or of the list that a waiver is for, in bytes: with the
/// longest of everything else, all waivers in force still fit one message.
pub const WAIVER_OF_BYTES_MAX: usize = 128;

/// Most places in containers at which something may be waived on one medium. A waiver is for
/// one content; a medium with thousands of copies of it is another matter.
pub const WAIVED_PLACES_MAX: usize = 4096;

/// Findings that stand for others which are not listed: nobody knows what they would waive.
const SUMMARIES: [&str; 3] = ["more_findings", "further_findings", "names_too_long"];

/// Words in the names of rules about what a content is called or where it lies. Its hash says
/// nothing of either: whoever answered for one name would answer for every other.
const ABOUT_NAMES: [&str; 7] = [
    "name",
    "names",
    "path",
    "paths",
    "link",
    "links",
    "disguised",
];

/// A waiver as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waived {
    /// The content it is for.
    pub sha256: Digest,
    /// Who says it: a name of a rule means something else from another source.
    pub source: Source,
    /// The rule it is for.
    pub rule: String,
    /// Which of several that share the name, as [`of`] reads it from the finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
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
    /// Who says it.
    pub source: Source,
    /// The rule it is for.
    pub rule: String,
    /// Which of several that share the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The last day on which it holds.
    pub until: String,
    /// The only medium it holds for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<String>,
}

impl Waived {
    /// As far as judging needs it; `entry` is its entry.
    #[must_use]
    pub fn brief(&self, entry: u64) -> Waiver {
        Waiver {
            entry,
            sha256: self.sha256,
            source: self.source,
            rule: self.rule.clone(),
            of: self.of.clone(),
            until: self.until.clone(),
            medium: self.medium.clone(),
        }
    }

    /// Whether it is for this finding of a content with this hash.
    #[must_use]
    pub fn is_for(&self, sha256: Option<Digest>, finding: &Finding) -> bool {
        Some(self.sha256) == sha256
            && self.source == finding.source
            && self.rule == finding.rule
            && self.of.as_deref() == of(finding)
    }
}

impl Waiver {
    fn can_be(&self) -> bool {
        unwaivable(self.sha256, self.source, &self.rule, self.of.as_deref()).is_none()
    }
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

/// Why nobody can answer for what a source says by a rule of a content; `None` when two people
/// can.
#[must_use]
pub fn unwaivable(
    sha256: Digest,
    source: Source,
    rule: &str,
    of: Option<&str>,
) -> Option<&'static str> {
    if !is_rule(rule) {
        return Some("names no rule that can be waived");
    }
    let form = |name: &str| is_said(name, WAIVER_OF_BYTES_MAX) && !name.contains(['"', '\\']);
    if !of.is_none_or(form) {
        return Some("is of a file or list whose name is too long, has quotes or hides something");
    }
    let is_about_name = || rule.split('_').any(|word| ABOUT_NAMES.contains(&word));
    match source {
        Source::Volume => Some("is for the structure of a volume"),
        // What its form shows about a content without bytes is its name.
        Source::Structure if is_about_name() || sha256 == Digest::OF_NOTHING => {
            Some("is for a name or a place, of which a hash says nothing")
        }
        Source::List if of.is_none() => Some("does not say of which list"),
        Source::Structure | Source::Clamav if of.is_some() => {
            Some("is of a file or list, which this source has none of")
        }
        Source::Yara | Source::Structure | Source::List | Source::Clamav => None,
    }
}

/// Which of several rules that share a name it was, by the finding's detail: the file of rules,
/// where another has the name too, or the list with what it calls the content.
#[must_use]
pub fn of(finding: &Finding) -> Option<&str> {
    match finding.source {
        Source::Yara => finding.detail.strip_prefix("of "),
        Source::List => {
            let named = finding.detail.strip_prefix("list ")?.strip_suffix(')')?;
            named.rsplit_once(" (").map(|(named, _)| named)
        }
        Source::Structure | Source::Volume | Source::Clamav => None,
    }
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
pub struct Waivers(BTreeMap<(Digest, Said), u64>);

/// What is said of a content: by whom, by which rule, and of which file or list.
type Said = (Source, String, Option<String>);

fn said(finding: &Finding) -> Said {
    let of = of(finding).map(str::to_owned);
    (finding.source, finding.rule.clone(), of)
}

impl Waivers {
    /// Those of `all` that hold for `medium` on the day `today` (`2026-11-26`). A text that is
    /// no day is later than nothing, and a waiver with one does not hold.
    #[must_use]
    pub fn in_force(all: &[Waiver], today: &str, medium: Option<&str>) -> Self {
        let holds = |waiver: &&Waiver| {
            is_day(today)
                && is_day(&waiver.until)
                && today <= waiver.until.as_str()
                && waiver.can_be()
                && (waiver.medium.is_none() || waiver.medium.as_deref() == medium)
        };
        let mut kept = BTreeMap::new();
        for waiver in all.iter().filter(holds) {
            let said = (waiver.source, waiver.rule.clone(), waiver.of.clone());
            let key = (waiver.sha256, said);
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
        if !is_own_block(finding) {
            return None;
        }
        self.0.get(&(sha256?, said(finding))).copied()
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

/// A volume, a container in it with those around it, and what is said there.
type Place = (Option<u32>, Vec<MediumName>, Said);

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
        let place = (row.volume, container, said(finding));
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
