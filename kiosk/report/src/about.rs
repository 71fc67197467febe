//! What a page needs to know beside the ledger: plain values that the caller brings.

use jiff::Timestamp;
use wire::Digest;
use wire::ledger::EntryId;
use wire::rule_change::Person;

/// What a page says about itself, and what the site decided.
#[derive(Clone, Debug)]
pub struct About {
    /// The site's name in Japanese and English; `None` when there is no `kiosk.toml`.
    pub site: Option<(String, String)>,
    /// When it is made.
    pub made_at: Timestamp,
    /// Who makes it.
    pub made_by: Person,
    /// The registered media; `None` when the list is not at hand.
    pub media: Option<Vec<Listed>>,
    /// SHA-256 of the policy from which the next three come; `None` when there is no `kiosk.toml`.
    pub policy_sha256: Option<Digest>,
    /// The age of rules from which the site wants to be reminded, in days.
    pub age_days_warn: u64,
    /// The age of rules above which the site allows no PASS, in days; `None` without a limit.
    pub age_days_max: Option<u64>,
    /// Within how many days of one review of the ledger the site wants another.
    pub review_days: u64,
    /// What came of verifying the ledger.
    pub seal: Seal,
}

/// One registered medium, as the list has it today.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What is written on its label.
    pub id: String,
    /// Who answers for it.
    pub owner: String,
    /// Whose it is.
    pub company: String,
    /// Its last day, as a date.
    pub valid_until: String,
    /// Where it is kept.
    pub storage_place: String,
}

/// What vouches for the ledger that a page was made from.
#[derive(Clone, Debug)]
pub struct Seal {
    /// What came of verifying it.
    pub state: State,
    /// Its last entry, as far as the page goes; `None` for an empty ledger.
    pub head: Option<EntryId>,
    /// The signed checkpoint at that entry; `None` when there is none.
    pub checkpoint: Option<String>,
    /// The public keys that sign it, as C2SP's signed notes spell them, the first one first.
    pub keys: Vec<String>,
    /// Who co-signed it, and how many entries.
    pub cosigned: Vec<(String, u64)>,
    /// The last entry whose rows are in an archive; 0 when there is none.
    pub sealed: u64,
}

/// What came of verifying a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum State {
    /// It is what was written.
    Verified {
        /// Entries that were verified.
        entries: u64,
        /// Their rows.
        rows: u64,
    },
    /// It is not.
    NotVerified {
        /// What is wrong, in the verifier's words.
        why: String,
    },
}

impl State {
    /// Whether it is what was written.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self {
            Self::Verified { .. } => true,
            Self::NotVerified { .. } => false,
        }
    }
}
