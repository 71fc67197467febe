//! What can keep a set of rules from being installed or put back.

use bundle::{BundleError, ManifestError};

use crate::recorder::RecordError;
use crate::rules::RulesError;
use crate::selftest::ExamError;

/// Why rules were not installed, or not put back.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The bundle is not as it must be, or nobody who is trusted vouches for it.
    #[error("refused")]
    Bundle(#[from] BundleError),
    /// It does not hold today.
    #[error("refused")]
    Holds(#[from] ManifestError),
    /// A version of this name that is as high was installed before.
    #[error(
        "refused: {bundle} version {version} is not newer than version {highest}, which was \
             installed here before (issue it again under a higher version)"
    )]
    Older {
        /// Name of the bundle.
        bundle: String,
        /// Its version.
        version: u64,
        /// The highest that was ever installed.
        highest: u64,
    },
    /// It goes by another name than the rules in force.
    #[error(
        "refused: {bundle} is another bundle than {active}, which is in force (with --replace \
             it takes its place)"
    )]
    Other {
        /// Its name.
        bundle: String,
        /// The name of the one in force.
        active: String,
    },
    /// Its rules are not those that its manifest promises.
    #[error("refused: its manifest says {said} rules, and {found} were compiled")]
    Count {
        /// By the manifest.
        said: u64,
        /// In truth.
        found: u64,
    },
    /// Its canaries cannot be put on a medium.
    #[error("refused")]
    Exam(#[from] ExamError),
    /// Its rules were not seen to work.
    #[error("refused: the self-test failed: {0}")]
    SelfTest(String),
    /// Its rules cannot be used; or those to go back to.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// There is nothing to go back to.
    #[error("there are no rules from before: nothing was installed yet")]
    NoPrevious,
    /// It does not fit.
    #[error(
        "not enough room on the disk below {path}: {needed_bytes} bytes are needed and \
             {free_bytes} are free"
    )]
    Room {
        /// The folder.
        path: String,
        /// What the set takes, with what is to stay free.
        needed_bytes: u64,
        /// What is there.
        free_bytes: u64,
    },
    /// Somebody else is at it.
    #[error("another installation of rules is running")]
    Busy,
    /// A file of the store cannot be used.
    #[error("cannot {doing} {path}")]
    File {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file that the store itself wrote is not as it wrote it.
    #[error("{path}: {why}")]
    State {
        /// Which.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The ledger did not take the entry, so nothing was changed.
    #[error("the ledger cannot be written, so the rules stay as they are")]
    Ledger(#[source] RecordError),
    /// A refusal that is in no ledger.
    #[error("{refused}; and the ledger did not take this refusal")]
    Unrecorded {
        /// Why the rules were refused.
        refused: Box<StoreError>,
        /// Why it is not recorded.
        #[source]
        source: RecordError,
    },
}

impl StoreError {
    /// Whether the bundle was found wanting; else the kiosk could not do its work.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Bundle(BundleError::Read(_) | BundleError::Write { .. }) => false,
            Self::Bundle(BundleError::Signature(bundle::SignatureError::NoKeys(_))) => false,
            Self::Bundle(_)
            | Self::Holds(_)
            | Self::Older { .. }
            | Self::Other { .. }
            | Self::Count { .. }
            | Self::Exam(_)
            | Self::SelfTest(_)
            | Self::Rules(
                RulesError::Refused { .. }
                | RulesError::TooMuch { .. }
                | RulesError::Installed { .. }
                | RulesError::Extra { .. }
                | RulesError::List { .. },
            ) => true,
            Self::Rules(
                RulesError::Read { .. }
                | RulesError::Manifest { .. }
                | RulesError::Keys { .. }
                | RulesError::Compiler { .. },
            )
            | Self::NoPrevious
            | Self::Room { .. }
            | Self::Busy
            | Self::File { .. }
            | Self::State { .. }
            | Self::Ledger(_)
            | Self::Unrecorded { .. } => false,
        }
    }
}
