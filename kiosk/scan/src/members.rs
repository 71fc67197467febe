//! What the members of a container make of it.

use wire::name::MediumName;
use wire::{Finding, Gap, Outcome, Source, Tier};

/// Most findings of members that a container's own row repeats.
const MEMBER_FINDINGS_MAX: usize = 4;

/// Longest trail to a member in a container's finding, in bytes; its end is kept.
const TRAIL_BYTES_MAX: usize = 512;

/// What a container needs to know of a member.
pub(crate) struct Summary {
    pub(crate) outcome: Outcome,
    pub(crate) findings: Vec<Finding>,
}

/// What came of opening one content.
pub(crate) struct Opened {
    pub(crate) members: Members,
    pub(crate) findings: Vec<Finding>,
    pub(crate) gap: Option<Gap>,
}

impl Opened {
    /// It could not be opened.
    pub(crate) fn unchecked(gap: Gap, rule: &str, detail: String) -> Self {
        let finding = Finding::own(rule, Source::Structure, Tier::Incomplete, detail);
        Self {
            members: Members::none(),
            findings: vec![finding],
            gap: Some(gap),
        }
    }

    /// There was nothing to open.
    pub(crate) fn nothing() -> Self {
        Self {
            members: Members::none(),
            findings: Vec::new(),
            gap: None,
        }
    }
}

/// What the members of one container add up to.
pub(crate) struct Members {
    pub(crate) outcome: Outcome,
    pub(crate) findings: Vec<Finding>,
}

impl Members {
    /// No member yet: nothing in the container is unexamined.
    pub(crate) fn none() -> Self {
        Self {
            outcome: Outcome::Clean,
            findings: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, name: &MediumName, summary: Summary) {
        self.outcome = worse(self.outcome, summary.outcome);
        for finding in summary.findings {
            if self.findings.len() < MEMBER_FINDINGS_MAX && finding.tier != Tier::Notice {
                let member_of = Some(trail(name, finding.member_of.as_ref()));
                self.findings.push(Finding {
                    member_of,
                    ..finding
                });
            }
        }
    }
}

/// `outer > inner`, shortened at its beginning.
fn trail(outer: &MediumName, inner: Option<&MediumName>) -> MediumName {
    let mut bytes = outer.as_bytes().to_vec();
    if let Some(inner) = inner {
        bytes.extend_from_slice(b" > ");
        bytes.extend_from_slice(inner.as_bytes());
    }
    let beginning = bytes.len().saturating_sub(TRAIL_BYTES_MAX);
    MediumName::cut(bytes.get(beginning..).unwrap_or_default()).0
}

/// What a content's own findings and gap make of it. An `incomplete` finding without a gap is
/// a structure that contradicts itself.
pub(crate) fn outcome_of(findings: &[Finding], gap: Option<Gap>) -> Outcome {
    let has = |tier| findings.iter().any(|finding| finding.tier == tier);
    match gap {
        _ if has(Tier::Block) => Outcome::Matched,
        Some(gap) => Outcome::Unchecked(gap),
        None if has(Tier::Incomplete) => Outcome::Unchecked(Gap::Damaged),
        None => Outcome::Clean,
    }
}

/// The outcome that says more against a content; of two gaps the first.
pub(crate) fn worse(first: Outcome, second: Outcome) -> Outcome {
    match (first, second) {
        (Outcome::Matched, Outcome::Clean | Outcome::Unchecked(_) | Outcome::Matched)
        | (Outcome::Clean | Outcome::Unchecked(_), Outcome::Matched) => Outcome::Matched,
        (Outcome::Unchecked(gap), Outcome::Clean | Outcome::Unchecked(_))
        | (Outcome::Clean, Outcome::Unchecked(gap)) => Outcome::Unchecked(gap),
        (Outcome::Clean, Outcome::Clean) => Outcome::Clean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_clean_and_clean_is_clean() {
        let all = [
            Outcome::Clean,
            Outcome::Matched,
            Outcome::Unchecked(Gap::Limit),
            Outcome::Unchecked(Gap::Encrypted),
        ];
        for first in all {
            for second in all {
                let both = worse(first, second);
                assert_eq!(
                    both == Outcome::Clean,
                    first == second && first == Outcome::Clean
                );
                if first == Outcome::Matched || second == Outcome::Matched {
                    assert_eq!(both, Outcome::Matched);
                }
            }
        }
    }

    #[test]
    fn an_incomplete_finding_alone_withholds_clean() {
        let finding = Finding::own("x", Source::Volume, Tier::Incomplete, "");
        assert_eq!(
            outcome_of(&[finding], None),
            Outcome::Unchecked(Gap::Damaged)
        );
        let notice = Finding::own("x", Source::Yara, Tier::Notice, "");
        assert_eq!(outcome_of(&[notice], None), Outcome::Clean);
    }

    #[test]
    fn a_long_trail_keeps_its_end() {
        let outer = MediumName::new("a".repeat(600)).unwrap();
        let inner = MediumName::new("end.exe").unwrap();
        let trail = trail(&outer, Some(&inner));
        assert_eq!(trail.as_bytes().len(), TRAIL_BYTES_MAX);
        assert!(trail.as_bytes().ends_with(b" > end.exe"));
    }
}
