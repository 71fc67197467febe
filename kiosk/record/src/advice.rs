//! What to do when kiosk-record does not start: one sentence for whoever reads its complaint.

use rusqlite::ErrorCode;

use crate::error::LedgerError;

/// For a ledger that is not as it was left.
const EVIDENCE: &str = "copy the whole folder away before anything else, it is evidence; \
    `kioskctl log verify` names what is wrong; `kioskctl log restore` puts a backup in its place";

/// For a folder or file that cannot be used as it is.
const RIGHTS: &str = "see that the folder and the files in it belong to the user that runs \
    kiosk-record, and that their file system is mounted for writing; then start it again";

/// For a ledger whose key is gone or another's.
const KEY: &str = "put ledger.key and ledger.pub back from a backup; without them this ledger can \
    be read and verified, and nothing more is written into it: move its folder away, and keep it";

/// For a disk that does not take what is written.
const DISK: &str = "look for the disk's errors with `journalctl -k`, put it right or move the \
    folder to another, then start again; nothing that was recorded is lost by waiting";

/// The next step after `error`.
pub(crate) fn next_step(error: &LedgerError) -> &'static str {
    match error {
        LedgerError::Open { .. } => RIGHTS,
        LedgerError::InUse(_) => "end the other process; a ledger has one writer",
        LedgerError::Foreign(_) => {
            "if the ledger should be here, copy the whole folder away, it is evidence, and put a \
             backup in its place with `kioskctl log restore`; else name another folder"
        }
        LedgerError::Newer { .. } => "install the version of the kiosk that wrote it, or a later",
        LedgerError::Key { .. } | LedgerError::NoKey(_) => KEY,
        LedgerError::Taken(_) => "move the folder away, and keep it",
        LedgerError::Lost(_)
        | LedgerError::OtherKey(_)
        | LedgerError::NotCosigned(_)
        | LedgerError::OtherCheckpoint(_)
        | LedgerError::FirstKey(_)
        | LedgerError::Beside
        | LedgerError::Checkpoint(_)
        | LedgerError::Schema(_)
        | LedgerError::Damaged(_)
        | LedgerError::Altered { .. }
        | LedgerError::NoEntry(_)
        | LedgerError::Unknown { .. } => EVIDENCE,
        LedgerError::Database { source, .. } => database(source),
        LedgerError::System { .. } => "see what the system says above, then start it again",
    }
}

fn database(source: &rusqlite::Error) -> &'static str {
    match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "make room on the disk that the folder is on",
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => RIGHTS,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => EVIDENCE,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "end whatever else holds the database open, then start again"
        }
        // SQLite's own list, which grows.
        _ => DISK,
    }
}
