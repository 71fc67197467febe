//! Findings of one volume or medium: each rule once, with how often it was seen.

use wire::outcome::FINDINGS_MAX;
use wire::{Finding, Source, Tier};

/// Collects findings without growing with the damage.
#[derive(Default)]
pub(crate) struct Findings {
    seen: Vec<(Finding, u64)>,
    further: u64,
}

impl Findings {
    /// Something that must keep the medium from PASS.
    pub(crate) fn incomplete(&mut self, rule: &str, detail: impl Into<String>) {
        self.add(incomplete(rule, detail));
    }

    /// Something that staff should know.
    pub(crate) fn notice(&mut self, rule: &str, detail: impl Into<String>) {
        self.add(notice(rule, detail));
    }

    /// Adds what another look at the same medium found.
    pub(crate) fn append(&mut self, other: Self) {
        for (finding, count) in other.seen {
            self.add_many(finding, count);
        }
        self.further = self.further.saturating_add(other.further);
    }

    fn add(&mut self, finding: Finding) {
        self.add_many(finding, 1);
    }

    fn add_many(&mut self, finding: Finding, times: u64) {
        let same =
            |(old, _): &&mut (Finding, u64)| old.rule == finding.rule && old.tier == finding.tier;
        if let Some((_, count)) = self.seen.iter_mut().find(same) {
            *count = count.saturating_add(times);
        } else if self.seen.len() < FINDINGS_MAX.saturating_sub(1) {
            self.seen.push((finding, times));
        } else {
            self.further = self.further.saturating_add(times);
        }
    }

    /// At most [`FINDINGS_MAX`] findings; the last stands for those that are left out.
    pub(crate) fn into_vec(self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self
            .seen
            .into_iter()
            .map(|(finding, count)| match count {
                0 | 1 => finding,
                _ => Finding {
                    detail: format!("seen {count} times, first: {}", finding.detail),
                    ..finding
                },
            })
            .collect();
        if self.further != 0 {
            let detail = format!("{} further findings of other kinds", self.further);
            findings.push(incomplete("further_findings", detail));
        }
        findings
    }
}

/// A finding that keeps the medium from PASS.
pub(crate) fn incomplete(rule: &str, detail: impl Into<String>) -> Finding {
    Finding::own(rule, Source::Volume, Tier::Incomplete, detail)
}

/// A finding for staff.
pub(crate) fn notice(rule: &str, detail: impl Into<String>) -> Finding {
    Finding::own(rule, Source::Volume, Tier::Notice, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_seen_often_is_one_finding_with_its_count() {
        let mut findings = Findings::default();
        for cluster in 0..1000 {
            findings.incomplete("cross_linked", format!("cluster {cluster}"));
        }
        let findings = findings.into_vec();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].detail, "seen 1000 times, first: cluster 0");
    }

    #[test]
    fn findings_past_the_limit_are_counted_in_the_last() {
        let mut findings = Findings::default();
        for number in 0..40 {
            findings.notice(&format!("rule_{number}"), "");
        }
        let findings = findings.into_vec();
        assert_eq!(findings.len(), FINDINGS_MAX);
        assert_eq!(findings[15].rule, "further_findings");
        assert_eq!(findings[15].tier, Tier::Incomplete);
        assert_eq!(findings[15].detail, "25 further findings of other kinds");
    }
}
