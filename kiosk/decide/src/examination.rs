//! What a scan established: the half of a verdict that is not the admission.

use std::collections::{BTreeMap, BTreeSet};

use wire::Gap;

/// Whether the rules that were used can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum RulesState {
    /// They are loaded, young enough, and no self-test speaks against them.
    Working,
    /// There are none.
    Missing,
    /// They are older than policy allows.
    Stale,
    /// They did not find their canaries.
    SelfTestFailed,
}

impl RulesState {
    /// What speaks more against the kiosk: rules that do not work, then those that are not
    /// there, then old ones.
    pub fn worse(self, other: Self) -> Self {
        let weight = |state| match state {
            Self::Working => 0,
            Self::Stale => 1,
            Self::Missing => 2,
            Self::SelfTestFailed => 3,
        };
        if weight(self) < weight(other) {
            other
        } else {
            self
        }
    }
}

/// How the scan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With its end record, and the receiver counted the same.
    Complete,
    /// It never began: refused media are not read.
    NotStarted,
    /// Before its end, or with counts that disagree.
    Failed(Gap),
}

/// What the scan established, as counted by the receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Examination {
    /// The rules it was done with.
    pub rules: RulesState,
    /// How it ended.
    pub ending: Ending,
    /// Files in which a rule that blocks matched.
    pub matched: u64,
    /// Files, volumes and partition tables with something that policy forbids.
    pub policy: u64,
    /// Files, volumes and partition tables not fully examined, by cause.
    pub gaps: BTreeMap<Gap, u64>,
    /// Entries of the waivers without which something here would block.
    pub waivers: BTreeSet<u64>,
}

impl Examination {
    /// Nothing was read.
    pub fn not_started(rules: RulesState) -> Self {
        Self {
            rules,
            ending: Ending::NotStarted,
            matched: 0,
            policy: 0,
            gaps: BTreeMap::new(),
            waivers: BTreeSet::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_engines_the_one_that_does_not_work_counts() {
        let all = [
            RulesState::Working,
            RulesState::Stale,
            RulesState::Missing,
            RulesState::SelfTestFailed,
        ];
        for one in all {
            for other in all {
                let both = one.worse(other);
                assert_eq!(both, other.worse(one));
                let works = one == RulesState::Working && other == RulesState::Working;
                assert_eq!(both == RulesState::Working, works);
            }
        }
    }
}
