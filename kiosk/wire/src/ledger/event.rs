//! What the ledger writes down.

use serde::{Deserialize, Serialize};

use super::{Judged, Rules, SelfTested, Target};
use crate::audit::{BackedUp, Cosigned, Exported, KeyRetired, KeySet, Restored, Reviewed, Sealed};
use crate::claim::Claim;
use crate::custody::{Enrolling, Lent, Occasion, RequestClosed, Returned, SignIn, SignInRefused};
use crate::list_change::ListChange;
use crate::rule_change::{RulesChange, RulesRefused};
use crate::standing::Mitigation;
use crate::verdict::{Reason, Verdict};
use crate::waiver::Waived;

/// What happened. `insertion` is the number of the entry that recorded the insertion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// kioskd started.
    Started {
        /// Versions of what runs.
        kiosk: String,
        /// The rules it found, `None` when there are none.
        rules: Option<Rules>,
        /// Whether it was running already and met its ledger anew.
        #[serde(default, skip_serializing_if = "is_false")]
        again: bool,
    },
    /// kioskd ended because it was told to.
    Stopped {},
    /// kioskd started, and the one before it had not said that it ended. Only kiosk-record
    /// itself writes it.
    CrashFound {
        /// The entry that says that the one before started.
        started: u64,
    },
    /// A medium, image, folder or file is before us; nothing of it has been read.
    Inserted {
        /// What it is.
        target: Target,
        /// What it says it is; `None` for a scan by hand.
        claim: Option<Box<Claim>>,
        /// The registered medium it was admitted as or is judged as.
        medium: Option<String>,
        /// The rules it will be scanned with.
        rules: Option<Rules>,
        /// On which occasion, when there is anything to say of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        occasion: Option<Box<Occasion>>,
    },
    /// The scan ended, in whatever way, and this is the answer.
    Judged(Box<Judged>),
    /// A PASS that was written down and must not be shown: what it rested on changed between
    /// the scan and the screen. This answer stands in its place.
    Withdrawn {
        /// Which insertion.
        insertion: u64,
        /// The answer that stands; never PASS.
        verdict: Verdict,
        /// Why.
        reasons: Vec<Reason>,
    },
    /// The medium was taken out.
    Removed {
        /// Which insertion.
        insertion: u64,
    },
    /// Rules were tested with their canaries.
    SelfTested(Box<SelfTested>),
    /// Two people answer for one content: one rule does not stop it until one day.
    Waived(Box<Waived>),
    /// A waiver holds no longer.
    WaiverEnded {
        /// The waiver's entry.
        waiver: u64,
        /// Who ended it.
        by: String,
    },
    /// What was done with a medium that was stopped. The case is closed.
    Mitigated {
        /// Which insertion.
        insertion: u64,
        /// What was done.
        action: Mitigation,
        /// Who says so: `kiosk` when it was said at the kiosk, else a person's name.
        by: String,
    },
    /// An insertion has no verdict and will have none: whoever was scanning is gone.
    /// Only kiosk-record itself writes it.
    Interrupted {
        /// Which insertion.
        insertion: u64,
        /// What is known about why.
        why: String,
    },
    /// A bundle of rules is put into force.
    RulesInstalled(Box<RulesChange>),
    /// The rules before the present ones are put into force again.
    RulesRolledBack(Box<RulesChange>),
    /// A bundle of rules was refused, or not put into force after all.
    RulesRefused(Box<RulesRefused>),
    /// A list of the administrators' changes, or was found changed.
    ListChanged(Box<ListChange>),
    /// An unregistered medium was put forward for registration at the kiosk.
    Requested {
        /// The insertion at which it was refused.
        insertion: u64,
    },
    /// That was answered.
    RequestClosed(Box<RequestClosed>),
    /// A medium was handed out.
    Lent(Box<Lent>),
    /// A medium is back.
    Returned(Box<Returned>),
    /// An administrator waits at the kiosk for a medium to register.
    Enrolling(Box<Enrolling>),
    /// Somebody named themselves at the kiosk.
    SignedIn(SignIn),
    /// A code or PIN was not taken.
    SignInRefused(Box<SignInRefused>),
    /// Who had named themselves is so no longer.
    SignedOut(SignIn),
    /// The clock was set, or went, by more than clocks drift.
    ClockStepped {
        /// What it would have shown, RFC 3339 UTC.
        expected: String,
        /// What it shows, RFC 3339 UTC.
        found: String,
    },
    /// The key that signs from here on. Only kiosk-record itself writes it.
    KeySet(KeySet),
    /// The key that signed until now signs no more.
    KeyRetired(Box<KeyRetired>),
    /// An auditor signed a checkpoint beside the kiosk.
    Cosigned(Box<Cosigned>),
    /// Something was taken out of the ledger into a file.
    Exported(Box<Exported>),
    /// Somebody looked the ledger through.
    Reviewed(Box<Reviewed>),
    /// A copy was made.
    BackedUp(Box<BackedUp>),
    /// The ledger goes on from a copy.
    Restored(Box<Restored>),
    /// The rows of a period were put into an archive.
    Sealed(Box<Sealed>),
}

impl Event {
    /// What it is called, as its key `event` spells it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Stopped {} => "stopped",
            Self::CrashFound { .. } => "crash_found",
            Self::Inserted { .. } => "inserted",
            Self::Judged(_) => "judged",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Removed { .. } => "removed",
            Self::SelfTested(_) => "self_tested",
            Self::Waived(_) => "waived",
            Self::WaiverEnded { .. } => "waiver_ended",
            Self::Mitigated { .. } => "mitigated",
            Self::Interrupted { .. } => "interrupted",
            Self::RulesInstalled(_) => "rules_installed",
            Self::RulesRolledBack(_) => "rules_rolled_back",
            Self::RulesRefused(_) => "rules_refused",
            Self::ListChanged(_) => "list_changed",
            Self::Requested { .. } => "requested",
            Self::RequestClosed(_) => "request_closed",
            Self::Lent(_) => "lent",
            Self::Returned(_) => "returned",
            Self::Enrolling(_) => "enrolling",
            Self::SignedIn(_) => "signed_in",
            Self::SignInRefused(_) => "sign_in_refused",
            Self::SignedOut(_) => "signed_out",
            Self::ClockStepped { .. } => "clock_stepped",
            Self::KeySet(_) => "key_set",
            Self::KeyRetired(_) => "key_retired",
            Self::Cosigned(_) => "cosigned",
            Self::Exported(_) => "exported",
            Self::Reviewed(_) => "reviewed",
            Self::BackedUp(_) => "backed_up",
            Self::Restored(_) => "restored",
            Self::Sealed(_) => "sealed",
        }
    }

    /// The verdict, when this is one: the only event that rows travel with.
    #[must_use]
    pub fn judged(&self) -> Option<&Judged> {
        match self {
            Self::Judged(judged) => Some(judged),
            Self::Started { .. }
            | Self::Inserted { .. }
            | Self::Withdrawn { .. }
            | Self::Removed { .. }
            | Self::SelfTested(_)
            | Self::Waived(_)
            | Self::WaiverEnded { .. }
            | Self::Mitigated { .. }
            | Self::Interrupted { .. }
            | Self::RulesInstalled(_)
            | Self::RulesRolledBack(_)
            | Self::RulesRefused(_)
            | Self::ListChanged(_)
            | Self::Requested { .. }
            | Self::RequestClosed(_)
            | Self::Lent(_)
            | Self::Returned(_)
            | Self::Enrolling(_)
            | Self::SignedIn(_)
            | Self::SignInRefused(_)
            | Self::SignedOut(_)
            | Self::ClockStepped { .. }
            | Self::Stopped {}
            | Self::CrashFound { .. }
            | Self::KeySet(_)
            | Self::KeyRetired(_)
            | Self::Cosigned(_)
            | Self::Exported(_)
            | Self::Reviewed(_)
            | Self::BackedUp(_)
            | Self::Restored(_)
            | Self::Sealed(_) => None,
        }
    }
}

/// What is usual is not written.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands the field in by reference"
)]
fn is_false(said: &bool) -> bool {
    !said
}
