//! What was found, what was not examined, and where.

use std::collections::BTreeMap;

use wire::ledger::Judged;
use wire::{Digest, Finding, Gap, Outcome, Row, Source, Tier, Title};

use crate::bounded::{Keyed, Lines, count};

/// Longest place of a finding in a line of a table, in bytes: what is longer is cut there, and
/// the entry has the whole.
pub const PLACE_BYTES_MAX: usize = 400;

/// One rule with what it said in the month.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleUse {
    pub(crate) title: Option<Title>,
    /// How often it was said.
    pub(crate) findings: u64,
    /// Of those, how many a waiver spoke for.
    pub(crate) waived: u64,
    /// In how many verdicts.
    pub(crate) verdicts: u64,
    last: u64,
}

/// What identifies a rule: one name means something else from another source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RuleKey {
    pub(crate) tier: Tier,
    pub(crate) source: Source,
    pub(crate) rule: String,
}

/// One finding in its place.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) entry: u64,
    pub(crate) label: String,
    pub(crate) key: RuleKey,
    pub(crate) title: Option<Title>,
    pub(crate) path: String,
    pub(crate) sha256: Option<Digest>,
    pub(crate) waiver: Option<u64>,
}

/// One content that was not examined.
#[derive(Clone, Debug)]
pub(crate) struct Missed {
    pub(crate) entry: u64,
    pub(crate) label: String,
    pub(crate) gap: Gap,
    pub(crate) path: String,
    pub(crate) size_bytes: u64,
}

/// Everything found and missed.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) rules: Keyed<RuleKey, RuleUse>,
    pub(crate) blocking: Lines<Place>,
    pub(crate) incomplete: Lines<Place>,
    pub(crate) notices: Lines<Place>,
    pub(crate) gaps: BTreeMap<Gap, u64>,
    pub(crate) missed: Lines<Missed>,
}

impl Found {
    /// Counts what one row says. What a container repeats of its members, which have rows of
    /// their own, is counted there.
    pub(super) fn row(&mut self, entry: u64, label: &str, row: &Row) {
        for finding in &row.findings {
            if finding.member_of.is_none() {
                self.finding(entry, label, finding, row.sha256, || trail(row));
            }
        }
        if let Outcome::Unchecked(gap) = row.outcome
            && !row.inherited
        {
            count(self.gaps.entry(gap).or_default());
            self.missed.add(|| Missed {
                entry,
                label: label.to_owned(),
                gap,
                path: trail(row),
                size_bytes: row.size_bytes,
            });
        }
    }

    /// Counts what a verdict says of volumes.
    pub(super) fn volumes(&mut self, entry: u64, label: &str, judged: &Judged) {
        for volume in &judged.volumes {
            for finding in &volume.findings {
                let path = || format!("[{} {}]", volume.index, volume.kind);
                self.finding(entry, label, finding, None, path);
            }
        }
    }

    fn finding(
        &mut self,
        entry: u64,
        label: &str,
        finding: &Finding,
        sha256: Option<Digest>,
        path: impl FnOnce() -> String,
    ) {
        let key = RuleKey {
            tier: finding.tier,
            source: finding.source,
            rule: finding.rule.clone(),
        };
        let title = finding.title.as_deref();
        if let Some(rule) = self.rules.of(key.clone()) {
            count(&mut rule.findings);
            if finding.waiver.is_some() {
                count(&mut rule.waived);
            }
            // Entries come in order, so another number is another verdict.
            if rule.last != entry {
                rule.last = entry;
                count(&mut rule.verdicts);
            }
            if rule.title.is_none() {
                rule.title = title.cloned();
            }
        }
        let lines = match finding.tier {
            Tier::Block => &mut self.blocking,
            Tier::Incomplete => &mut self.incomplete,
            Tier::Notice => &mut self.notices,
        };
        lines.add(|| Place {
            entry,
            label: label.to_owned(),
            key,
            title: title.cloned(),
            path: wire::name::line_within(&path(), PLACE_BYTES_MAX),
            sha256,
            waiver: finding.waiver,
        });
    }
}

/// Where a content is: its containers, outermost first, and its own path.
pub(crate) fn trail(row: &Row) -> String {
    let mut parts: Vec<String> = row
        .within
        .iter()
        .map(|name| name.escaped().to_string())
        .collect();
    parts.push(row.path.escaped().to_string());
    wire::name::line_within(&parts.join(" > "), PLACE_BYTES_MAX)
}
