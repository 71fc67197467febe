//! Why there is no report.

use record::LedgerError;

/// Why a report cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A month is a year and a month.
    #[error("{0:?} is no month: write it as 2026-11")]
    Month(String),
    /// A month that is to come has nothing to report.
    #[error(
        "{month} has not begun: at the site it is {now}; name this month or one before, as 2026-11"
    )]
    NotBegun {
        /// The month that was asked for.
        month: String,
        /// What the clock shows, by the site's calendar.
        now: String,
    },
    /// The ledger cannot be read. That it was altered is no reason: then the report says so.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Only a verdict has a certificate.
    #[error("entry {0} is no verdict and no insertion with one: a certificate is about a verdict")]
    NoVerdict(u64),
    /// The page was not written.
    #[error("the page cannot be made")]
    Page(#[from] askama::Error),
}
