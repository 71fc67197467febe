//! What the scan established, counted by the receiver.
//!
//! Rows come from a process that read hostile bytes, so a row is believed when it accuses
//! and doubted when it excuses: whatever contradicts itself withholds PASS.

use std::collections::{BTreeMap, BTreeSet};

use wire::ledger::VOLUMES_MAX;
use wire::outcome::TYPE_BYTES_MAX;
use wire::scan::Totals;
use wire::view::FirstFinding;
use wire::waiver::{Places, Waivers};
use wire::{Finding, Gap, MediumName, Outcome, Row, RowKind, Tier, VolumeReport};

use crate::doubt::{are_sound, doubted, is_sound, is_word};
use crate::examination::{Ending, Examination, RulesState};

mod waived;

/// Counts what a scanner reports, row by row. The order of rows does not matter.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: Counts,
    matched: u64,
    policy: u64,
    gaps: BTreeMap<Gap, u64>,
    inherited: Inherited,
    volumes_reported: BTreeSet<u32>,
    volumes_used: BTreeSet<u32>,
    incoherent: u64,
    /// Bytes of the volumes reported, and whether every allocated one of them was examined.
    volumes_bytes: u64,
    uncovered: bool,
    medium_bytes: u64,
    first: Option<(Weight, FirstFinding)>,
    waivers: Waivers,
    waived: BTreeSet<u64>,
    places: Places,
}

/// Outcomes of containers that should come from rows of their members. They count only when
/// those rows never came.
#[derive(Clone, Debug, Default)]
struct Inherited {
    matched: u64,
    gaps: BTreeMap<Gap, u64>,
}

/// How many rows of which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Volumes reported.
    pub volumes: u64,
    /// Rows that are no members.
    pub files: u64,
    /// Rows of members.
    pub members: u64,
    /// Rows fully examined with nothing that blocks.
    pub clean: u64,
    /// Rows with something that blocks.
    pub matched: u64,
    /// Rows not fully examined.
    pub unchecked: u64,
}

/// What a finding weighs when only one can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Block,
    Gap,
    Inherited,
}

impl Tally {
    /// Nothing counted yet of a medium of `medium_bytes`; 0 for a folder, of which only the
    /// files are scanned.
    #[must_use]
    pub fn new(medium_bytes: u64) -> Self {
        Self {
            medium_bytes,
            ..Self::default()
        }
    }

    /// The same tally, in which `waivers` speak for what they are for.
    #[must_use]
    pub fn with_waivers(self, waivers: Waivers) -> Self {
        Self { waivers, ..self }
    }

    /// Counts a row, and gives the outcome that may be written down for it: the row's own,
    /// or a worse one when the row contradicts itself.
    pub fn add(&mut self, row: &Row) -> Outcome {
        let outcome = doubted(row);
        let counts = &mut self.counts;
        bump(match row.kind {
            RowKind::Member => &mut counts.members,
            RowKind::Boot
            | RowKind::File
            | RowKind::Stream
            | RowKind::Deleted
            | RowKind::Unallocated
            | RowKind::Gap => &mut counts.files,
        });
        bump(match outcome {
            Outcome::Clean => &mut counts.clean,
            Outcome::Matched => &mut counts.matched,
            Outcome::Unchecked(_) => &mut counts.unchecked,
        });
        if !is_sound(row) {
            bump(&mut self.incoherent);
        }
        if let Some(index) = row.volume {
            self.note_volume(index, false);
        }
        if self.is_waived(row) {
            self.count_waived(row);
        } else {
            self.count_reasons(row, outcome);
            self.remember(row, outcome);
        }
        outcome
    }

    /// Counts a volume with what is wrong with its structure.
    pub fn add_volume(&mut self, volume: &VolumeReport) {
        bump(&mut self.counts.volumes);
        let coverage = &volume.coverage;
        let all = coverage
            .allocated_bytes
            .checked_add(coverage.unallocated_bytes);
        self.uncovered |= !coverage.is_whole() || all != Some(volume.size_bytes);
        self.volumes_bytes = self.volumes_bytes.saturating_add(volume.size_bytes);
        self.note_volume(volume.index, true);
        if !is_word(&volume.kind, TYPE_BYTES_MAX) || !are_sound(&volume.findings) {
            bump(&mut self.incoherent);
        }
        self.count_structure(&volume.findings, &volume.label);
    }

    /// Counts what is wrong with the partition table.
    pub fn add_layout(&mut self, findings: &[Finding]) {
        if !are_sound(findings) {
            bump(&mut self.incoherent);
        }
        self.count_structure(findings, &MediumName::default());
    }

    /// How many rows of which outcome so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// What to show when there is room for one thing: what blocks before what was not
    /// examined, and the earliest of those.
    #[must_use]
    pub fn first(&self) -> Option<&FirstFinding> {
        self.first.as_ref().map(|(_, first)| first)
    }

    /// The scanner sent its end record. Complete only when this tally counted the same.
    pub fn ended(mut self, rules: RulesState, totals: &Totals) -> Examination {
        let outside = &totals.outside;
        let all = self.volumes_bytes.saturating_add(outside.allocated_bytes);
        self.uncovered |= !outside.is_whole() || all < self.medium_bytes;
        let rows = self.counts.files.saturating_add(self.counts.members);
        let agree = (totals.rows, totals.volumes) == (rows, self.counts.volumes)
            && self.volumes_used.is_subset(&self.volumes_reported);
        self.examination(
            rules,
            if agree {
                Ending::Complete
            } else {
                Ending::Failed(Gap::Damaged)
            },
        )
    }

    /// The scan ended without its end record: it said that it cannot go on, died, fell
    /// silent, or was cut off.
    pub fn failed(self, rules: RulesState, gap: Gap) -> Examination {
        self.examination(rules, Ending::Failed(gap))
    }

    fn examination(self, rules: RulesState, ending: Ending) -> Examination {
        let Self {
            mut matched,
            policy,
            mut gaps,
            inherited,
            incoherent,
            uncovered,
            waived,
            places,
            ..
        } = self;
        let mut inherited = inherited;
        if !places.agree() {
            // Something was found in a container whose row never came, or is not waived.
            bump(&mut inherited.matched);
        }
        if matched == 0 && policy == 0 {
            matched = inherited.matched;
        }
        for (gap, count) in inherited.gaps {
            gaps.entry(gap).or_insert(count);
        }
        if 0 < incoherent {
            bump(gaps.entry(Gap::Damaged).or_insert(0));
        }
        // What was not examined has a row or a finding that says why. Bytes that are missing
        // without one are bytes of which nobody knows anything.
        if uncovered && gaps.is_empty() {
            bump(gaps.entry(Gap::Damaged).or_insert(0));
        }
        Examination {
            rules,
            ending,
            matched,
            policy,
            gaps,
            waivers: waived,
        }
    }

    fn count_reasons(&mut self, row: &Row, outcome: Outcome) {
        // Findings of members are counted in the rows of those members.
        let own = |finding: &&Finding| finding.member_of.is_none();
        let has = |tier: Tier, by_rule: bool| {
            row.findings
                .iter()
                .filter(own)
                .any(|finding| finding.tier == tier && finding.source.knows() == by_rule)
        };
        let (by_rule, by_form) = (has(Tier::Block, true), has(Tier::Block, false));
        if by_rule {
            bump(&mut self.matched);
        }
        if by_form {
            bump(&mut self.policy);
        }
        if outcome == Outcome::Matched && !by_rule && !by_form {
            // Damaged containers say so themselves and repeat what was found in a member.
            let repeats = |finding: &Finding| finding.tier == Tier::Block;
            let inherited = row.inherited || row.findings.iter().any(repeats);
            bump(if inherited && row.outcome == Outcome::Matched {
                &mut self.inherited.matched
            } else {
                &mut self.matched
            });
        }
        let incomplete = has(Tier::Incomplete, true) || has(Tier::Incomplete, false);
        match (row.outcome, outcome) {
            (Outcome::Unchecked(gap), _) => {
                let gaps = if row.inherited {
                    &mut self.inherited.gaps
                } else {
                    &mut self.gaps
                };
                bump(gaps.entry(gap).or_insert(0));
                if row.inherited && incomplete {
                    bump(self.gaps.entry(Gap::Damaged).or_insert(0));
                }
            }
            (Outcome::Clean | Outcome::Matched, Outcome::Unchecked(gap)) => {
                bump(self.gaps.entry(gap).or_insert(0));
            }
            (Outcome::Clean | Outcome::Matched, Outcome::Clean | Outcome::Matched) => {
                if incomplete {
                    bump(self.gaps.entry(Gap::Damaged).or_insert(0));
                }
            }
        }
    }

    fn count_structure(&mut self, findings: &[Finding], label: &MediumName) {
        let blocks = |finding: &&Finding| finding.tier == Tier::Block;
        let is_rule = |finding: &Finding| finding.source.knows();
        if findings.iter().filter(blocks).any(is_rule) {
            bump(&mut self.matched);
        }
        if findings
            .iter()
            .filter(blocks)
            .any(|finding| !is_rule(finding))
        {
            bump(&mut self.policy);
        }
        if findings
            .iter()
            .any(|finding| finding.tier == Tier::Incomplete)
        {
            bump(self.gaps.entry(Gap::Damaged).or_insert(0));
        }
        for finding in findings {
            let weight = match finding.tier {
                Tier::Block => Weight::Block,
                Tier::Incomplete => Weight::Gap,
                Tier::Notice => continue,
            };
            self.keep(weight, || FirstFinding {
                trail: vec![label.clone()],
                rule: printable(&finding.rule),
                cause: None,
                title: finding.title.clone(),
            });
        }
    }

    fn remember(&mut self, row: &Row, outcome: Outcome) {
        let own = match outcome {
            Outcome::Clean => return,
            Outcome::Matched => Weight::Block,
            Outcome::Unchecked(_) => Weight::Gap,
        };
        let weight = if row.inherited {
            Weight::Inherited
        } else {
            own
        };
        let finding = row.findings.iter().find(|finding| match outcome {
            Outcome::Matched => finding.tier == Tier::Block,
            Outcome::Unchecked(_) => finding.tier == Tier::Incomplete,
            Outcome::Clean => false,
        });
        self.keep(weight, || FirstFinding {
            trail: row
                .within
                .iter()
                .chain(std::iter::once(&row.path))
                .cloned()
                .collect(),
            rule: match (outcome, finding) {
                (Outcome::Unchecked(gap), _) => gap_word(gap).to_owned(),
                (_, Some(finding)) => printable(&finding.rule),
                (_, None) => String::new(),
            },
            cause: match outcome {
                Outcome::Unchecked(_) => finding.map(|finding| printable(&finding.rule)),
                Outcome::Matched | Outcome::Clean => None,
            },
            title: finding.and_then(|finding| finding.title.clone()),
        });
    }

    fn keep(&mut self, weight: Weight, first: impl FnOnce() -> FirstFinding) {
        if self.first.as_ref().is_none_or(|(kept, _)| weight < *kept) {
            self.first = Some((weight, first()));
        }
    }

    /// Indices are dense from 0, so a larger one is a lie, and both sets stay small.
    fn note_volume(&mut self, index: u32, reported: bool) {
        if usize::try_from(index).map_or(true, |index| VOLUMES_MAX <= index) {
            bump(&mut self.incoherent);
        } else if !reported {
            self.volumes_used.insert(index);
        } else if !self.volumes_reported.insert(index) {
            bump(&mut self.incoherent);
        }
    }
}

/// The word that reports use for a gap.
fn gap_word(gap: Gap) -> &'static str {
    match gap {
        Gap::Encrypted => "encrypted",
        Gap::Unreadable => "unreadable",
        Gap::Damaged => "damaged",
        Gap::Unsupported => "unsupported",
        Gap::Limit => "limit",
        Gap::Timeout => "timeout",
        Gap::Changed => "changed",
        Gap::Removed => "removed",
    }
}

fn bump(count: &mut u64) {
    *count = count.saturating_add(1);
}

/// A rule's name for people, also when it is none.
fn printable(rule: &str) -> String {
    wire::name::line(rule)
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
