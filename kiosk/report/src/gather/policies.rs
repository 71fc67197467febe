//! By which rules of the site the verdicts were made, and how old the rules behind a PASS were.

use wire::ledger::Judged;
use wire::{Digest, Verdict};

use crate::bounded::{Keyed, count};

/// The site's policies, as the verdicts name them.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    /// By the hash of `kiosk.toml`, how many verdicts; the empty text stands for no such file.
    used: Keyed<String, u64>,
    /// The greatest age, in days, of rules by which a verdict was PASS.
    pub(crate) oldest_pass_days: Option<u64>,
}

impl Policies {
    pub(super) fn judged(&mut self, judged: &Judged) {
        if let Some(verdicts) = self.used.of(name(judged.policy_sha256)) {
            count(verdicts);
        }
        if judged.verdict == Verdict::Pass {
            let age = judged.rules.as_ref().and_then(|rules| rules.age_days);
            self.oldest_pass_days = self.oldest_pass_days.max(age);
        }
    }

    /// How many there are.
    pub(crate) fn many(&self) -> u64 {
        self.used.len()
    }

    /// How many verdicts were made by another one than this.
    pub(crate) fn by_others(&self, policy: Option<Digest>) -> u64 {
        let own = name(policy);
        let others = self.used.iter().filter(|(name, _)| **name != own);
        let others = others.fold(0_u64, |sum, (_, many)| sum.saturating_add(*many));
        others.saturating_add(self.used.beyond())
    }
}

fn name(policy: Option<Digest>) -> String {
    policy.map(|hash| hash.to_string()).unwrap_or_default()
}
