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
