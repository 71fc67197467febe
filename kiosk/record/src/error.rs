//! What can go wrong: a refusal is the sender's, an error is ours, an alteration is somebody's.

mod alteration;

use std::io;
use std::path::PathBuf;

use wire::custody::DIFFERENCES_MAX;
use wire::frame::FrameError;
use wire::ledger::{EVENT_BYTES_MAX, ROWS_BYTES_MAX, VOLUMES_MAX};

use crate::guests::AUDITS_A_MINUTE_MAX;

pub use alteration::Alteration;

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The folder or a file in it cannot be made or opened.
    #[error("cannot open ledger {}", path.display())]
    Open {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another process writes it.
    #[error("ledger {} is being written by another process", .0.display())]
    InUse(PathBuf),
    /// A database, but no ledger.
    #[error("{} is a database of another program", .0.display())]
    Foreign(PathBuf),
    /// There is a ledger where one is to be put back.
    #[error(
        "there is a ledger in {} already: stop kiosk-record and move that one away first",
        .0.display()
    )]
    Taken(PathBuf),
    /// There was a ledger in this folder, and its database is gone or empty.
    #[error("ledger {} is gone: its database is missing or empty", .0.display())]
    Lost(PathBuf),
    /// Its tables are of a later kind than this program knows.
    #[error("ledger has tables of version {found}, this program knows up to {known}")]
    Newer {
        /// What the database says.
        found: i64,
        /// The latest we know.
        known: i64,
    },
    /// Its tables or triggers are not those of this program.
    #[error("ledger altered: its {0} is missing, changed or not one of ours")]
    Schema(String),
    /// The database's own check found something wrong.
    #[error("ledger is damaged: {0}")]
    Damaged(String),
    /// The chain does not hold.
    #[error("ledger altered: entry {number} {what}")]
    Altered {
        /// The first entry that is wrong or missing.
        number: u64,
        /// What is wrong with it.
        what: Alteration,
    },
    /// The ledger is signed, and not by the key that was given.
    #[error("ledger is signed by other keys than {0}: it is another one, or forged")]
    OtherKey(String),
    /// The auditor with this key co-signed nothing of what is there.
    #[error("ledger has no co-signature of {0}: it was cut back or written anew, or never had one")]
    NotCosigned(String),
    /// The ledger is not the one of a checkpoint that was given.
    #[error("ledger is not the one of the checkpoint that was given: {0}")]
    OtherCheckpoint(String),
    /// The file of the first public key holds one that does not bear its own name.
    #[error("{} is not the ledger's: the name in it belongs to another key", .0.display())]
    FirstKey(PathBuf),
    /// The file with the last checkpoint is none of this ledger.
    #[error(
        "ledger.head beside the ledger is no checkpoint that a key of this ledger signed: it was \
         changed, or the ledger was cut back"
    )]
    Beside,
    /// A checkpoint that cannot be used.
    #[error("checkpoint {0}")]
    Checkpoint(&'static str),
    /// Nothing says by which key it is signed.
    #[error(
        "no public key to verify with: {} is missing; give the key that was noted with --key",
        .0.display()
    )]
    NoKey(PathBuf),
    /// The file of a key cannot be used.
    #[error("key {} {what}", path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// No entry has this number.
    #[error("ledger has no entry {0}")]
    NoEntry(u64),
    /// An entry holds against the chain and this program does not know its form.
    #[error("entry {number} is of a form that this program does not know")]
    Unknown {
        /// Which.
        number: u64,
        /// Where it stopped being known.
        #[source]
        source: serde_json::Error,
    },
    /// The database failed.
    #[error("cannot {doing} the ledger")]
    Database {
        /// `read`, `write`, `check`, ...
        doing: &'static str,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The kernel did not give what an entry or the server needs.
    #[error("cannot {doing}")]
    System {
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl LedgerError {
    /// Whether it says that the ledger is not what was written, and not that this could not be
    /// found out.
    #[must_use]
    pub fn is_alteration(&self) -> bool {
        match self {
            Self::Altered { .. }
            | Self::Schema(_)
            | Self::Damaged(_)
            | Self::Lost(_)
            | Self::OtherKey(_)
            | Self::NotCosigned(_)
            | Self::OtherCheckpoint(_)
            | Self::FirstKey(_)
            | Self::Beside => true,
            Self::Open { .. }
            | Self::InUse(_)
            | Self::Foreign(_)
            | Self::Taken(_)
            | Self::Newer { .. }
            | Self::Checkpoint(_)
            | Self::NoKey(_)
            | Self::Key { .. }
            | Self::NoEntry(_)
            | Self::Unknown { .. }
            | Self::Database { .. }
            | Self::System { .. } => false,
        }
    }

    /// Wraps what SQLite said.
    pub(crate) fn database(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Database { doing, source }
    }

    /// Wraps what the system said.
    pub(crate) fn system<E: Into<io::Error>>(doing: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::System {
            doing,
            source: source.into(),
        }
    }

    /// Whether the next attempt may succeed with nothing lost: the disk was full, or a reader
    /// held the database. Everything else ends the service of this process.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked, DiskFull};
        match self {
            Self::Database { source, .. } => {
                matches!(
                    source.sqlite_error_code(),
                    Some(DiskFull | DatabaseBusy | DatabaseLocked)
                )
            }
            Self::Open { .. }
            | Self::InUse(_)
            | Self::Foreign(_)
            | Self::Lost(_)
            | Self::Taken(_)
            | Self::Newer { .. }
            | Self::Schema(_)
            | Self::Damaged(_)
            | Self::Altered { .. }
            | Self::OtherKey(_)
            | Self::NotCosigned(_)
            | Self::OtherCheckpoint(_)
            | Self::FirstKey(_)
            | Self::Beside
            | Self::Checkpoint(_)
            | Self::NoKey(_)
            | Self::Key { .. }
            | Self::NoEntry(_)
            | Self::Unknown { .. }
            | Self::System { .. } => false,
        }
    }
}

/// Why an append was not written down.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No message of ours.
    #[error("message cannot be understood")]
    Message(#[source] FrameError),
    /// Longer than [`EVENT_BYTES_MAX`].
    #[error("event of {0} bytes is longer than {EVENT_BYTES_MAX}")]
    EventTooLong(usize),
    /// A claim of more interfaces than a device has.
    #[error("claim has more interfaces than USB allows")]
    Interfaces,
    /// More than [`VOLUMES_MAX`].
    #[error("event names {0} volumes, more than {VOLUMES_MAX}")]
    Volumes(usize),
    /// Only kiosk-record itself finds it out.
    #[error("only kiosk-record itself records that somebody is gone, or which key signs")]
    Own,
    /// There is no such insertion.
    #[error("entry {0} is not an insertion")]
    NoInsertion(u64),
    /// One insertion has one verdict.
    #[error("insertion {0} has a verdict or was interrupted")]
    Closed(u64),
    /// The removal comes after the verdict.
    #[error("insertion {0} has no verdict yet")]
    Open(u64),
    /// A medium is taken out once.
    #[error("insertion {0} was removed already")]
    Removed(u64),
    /// A PASS is withdrawn once.
    #[error("the PASS of insertion {0} was withdrawn already")]
    Withdrawn(u64),
    /// Only a PASS is withdrawn.
    #[error("insertion {0} has not passed")]
    NoPass(u64),
    /// A withdrawal says why.
    #[error("a PASS is withdrawn without a reason")]
    NoReason,
    /// A change of rules that contradicts itself.
    #[error("a change of rules {0}")]
    Rules(&'static str),
    /// The result of a self-test that contradicts itself.
    #[error("the self-test {0}")]
    SelfTest(&'static str),
    /// A waiver that is none.
    #[error("the waiver {0}")]
    Waiver(&'static str),
    /// There is no waiver in force with this number, or not for this medium.
    #[error("entry {0} is no waiver that is in force for this medium")]
    NoWaiver(u64),
    /// There is nothing to close.
    #[error("insertion {0} was not stopped at a kiosk, or its case is closed")]
    NoCase(u64),
    /// Somebody says what was done.
    #[error("nobody says what was done with the medium")]
    Nobody,
    /// A change of a list that is none, or breaks a limit.
    #[error("a change of a list {0}")]
    List(&'static str),
    /// Only what was refused as unregistered is put forward, and once.
    #[error("insertion {0} was not refused at a kiosk as unregistered, or was put forward already")]
    NotUnregistered(u64),
    /// There is no request to answer.
    #[error("insertion {0} has no open request")]
    NoRequest(u64),
    /// An answer to a request that is none.
    #[error("the answer to a request {0}")]
    Request(&'static str),
    /// A loan that is none.
    #[error("the loan {0}")]
    Loan(&'static str),
    /// A medium is lent to one person at a time.
    #[error("medium {} is lent already and not back", wire::name::line(.0))]
    Lent(String),
    /// Only what is lent comes back.
    #[error("medium {} is not lent", wire::name::line(.0))]
    NotLent(String),
    /// A return that is none.
    #[error("the return {0}")]
    Return(&'static str),
    /// A medium comes back at the kiosk by a PASS on its way out.
    #[error("insertion {0} is no PASS of this medium on its way out")]
    NoWayOut(u64),
    /// A wait for a medium that is none.
    #[error("the wait for a medium {0}")]
    Enrolment(&'static str),
    /// Somebody who did not name themselves.
    #[error("an entry of who is there {0}")]
    SignIn(&'static str),
    /// A period that is not put away.
    #[error("the archive {0}")]
    Seal(&'static str),
    /// An entry about the ledger itself that is none.
    #[error("the entry about the ledger {0}")]
    Audit(&'static str),
    /// An entry about the ledger itself names another one that is not there.
    #[error("entry {0} is not in this ledger, or has another leaf")]
    NoSuchEntry(u64),
    /// Auditors read, and write what they did with the ledger.
    #[error("auditors add only exports, reviews and co-signatures to the ledger")]
    NotAuditors,
    /// Auditors have written enough for a while.
    #[error(
        "auditors have added {AUDITS_A_MINUTE_MAX} entries within a minute: wait for a minute, \
         and try again"
    )]
    TooManyAudits,
    /// More than [`DIFFERENCES_MAX`].
    #[error("a refusal names {0} differences, more than {DIFFERENCES_MAX}")]
    Differences(usize),
    /// Times that are none.
    #[error("a step of the clock does not say from when to when")]
    Clock,
    /// Whoever recorded the insertion gives the verdict.
    #[error("insertion {0} was recorded over another connection")]
    Stranger(u64),
    /// A PASS that contradicts itself.
    #[error("a pass cannot {0}")]
    Pass(&'static str),
    /// The message says that rows travel with it, and none do, or the reverse.
    #[error("message says {said} memory files of rows and carries {carried}")]
    Files {
        /// By the message.
        said: usize,
        /// In truth.
        carried: usize,
    },
    /// An event that has no rows.
    #[error("only a verdict has rows")]
    RowsOfWhat,
    /// The memory can be changed by its sender while it is read, or is no memory.
    #[error("rows are not in sealed memory")]
    Unsealed(#[source] io::Error),
    /// Longer than [`ROWS_BYTES_MAX`].
    #[error("rows of {0} bytes are longer than {ROWS_BYTES_MAX}")]
    RowsTooLong(u64),
    /// One row is too long, no row, or breaks a limit of its own.
    #[error("row {ordinal} {what}")]
    Row {
        /// Which, from 1.
        ordinal: u64,
        /// What is wrong with it.
        what: String,
    },
    /// The scanner's end record says another number of rows.
    #[error("totals say {said} rows and {carried} came")]
    Count {
        /// By the totals.
        said: u64,
        /// In truth.
        carried: u64,
    },
    /// The ledger is out of service until kiosk-record is started anew.
    #[error("ledger is out of service: {0}")]
    OutOfService(String),
    /// This one could not be written; the next may be.
    #[error("ledger cannot be written: {0}")]
    Unwritten(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_quotes_hostile_text_is_harmless() {
        let source =
            wire::frame::decode::<wire::ledger::Append>(br#"{"\u001b[2J":1}"#).unwrap_err();
        let text = wire::explained(&Refusal::Message(source));
        assert!(text.starts_with("message cannot be understood: malformed message: unknown field"));
        assert!(text.contains("⟨U+001B⟩"), "{text}");
        assert!(!text.chars().any(wire::name::is_hidden));
    }
}
