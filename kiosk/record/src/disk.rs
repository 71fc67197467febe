//! The disk that the ledger is on: how full it is, and what it has to do with a failure.

use std::io::ErrorKind;
use std::path::Path;

use nix::sys::statvfs::statvfs;
use rusqlite::ErrorCode;
use wire::ledger::DiskTrouble;

use crate::error::LedgerError;

/// How much of the disk under `folder` is in use, in percent of what somebody without root's
/// rights can use, rounded up; `None` when the system does not say.
pub(crate) fn percent(folder: &Path) -> Option<u8> {
    let disk = statvfs(folder).ok()?;
    used(disk.blocks(), disk.blocks_free(), disk.blocks_available())
}

/// Of a disk of `all` blocks, `free` of them free, and `available` of those to everybody.
fn used(all: u64, free: u64, available: u64) -> Option<u8> {
    let used = u128::from(all.saturating_sub(free));
    let usable = used.saturating_add(u128::from(available));
    let percent = used.saturating_mul(100).div_ceil(usable.max(1));
    u8::try_from(percent.min(100)).ok().filter(|_| all != 0)
}

/// What the disk has to do with an error.
pub(crate) fn trouble(error: &LedgerError) -> Option<DiskTrouble> {
    match error {
        LedgerError::Database { source, .. } => {
            let code = source.sqlite_error_code()?;
            let is_full = code == ErrorCode::DiskFull;
            let fails = matches!(
                code,
                ErrorCode::ReadOnly | ErrorCode::SystemIoFailure | ErrorCode::CannotOpen
            );
            either(is_full, fails)
        }
        LedgerError::Open { source, .. } | LedgerError::System { source, .. } => {
            let kind = source.kind();
            let is_full = matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
            either(is_full, kind == ErrorKind::ReadOnlyFilesystem)
        }
        LedgerError::InUse(_)
        | LedgerError::Foreign(_)
        | LedgerError::Lost(_)
        | LedgerError::Taken(_)
        | LedgerError::OtherKey(_)
        | LedgerError::NotCosigned(_)
        | LedgerError::OtherCheckpoint(_)
        | LedgerError::FirstKey(_)
        | LedgerError::Beside
        | LedgerError::Checkpoint(_)
        | LedgerError::NoKey(_)
        | LedgerError::Key { .. }
        | LedgerError::Newer { .. }
        | LedgerError::Schema(_)
        | LedgerError::Damaged(_)
        | LedgerError::Altered { .. }
        | LedgerError::NoEntry(_)
        | LedgerError::Unknown { .. } => None,
    }
}

fn either(is_full: bool, fails: bool) -> Option<DiskTrouble> {
    if is_full {
        Some(DiskTrouble::Full)
    } else {
        fails.then_some(DiskTrouble::Failing)
    }
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::*;

    #[test]
    fn a_disk_is_as_full_as_whoever_has_no_rights_finds_it_and_rounded_up() {
        // 1,000 blocks, of which root keeps 50.
        assert_eq!(used(1000, 1000, 950), Some(0));
        assert_eq!(used(1000, 999, 949), Some(1));
        assert_eq!(used(1000, 290, 240), Some(75));
        assert_eq!(used(1000, 289, 239), Some(75));
        assert_eq!(used(1000, 50, 0), Some(100));
        assert_eq!(used(1000, 0, 0), Some(100));
        assert_eq!(used(u64::MAX, 1, 1), Some(100));
        assert_eq!(used(0, 0, 0), None, "a disk without blocks is none");
        let here = percent(Path::new(env!("CARGO_MANIFEST_DIR")));
        assert!(here.is_some_and(|percent| 0 < percent), "{here:?}");
        assert_eq!(percent(Path::new("/nowhere/at/all")), None);
    }

    #[test]
    fn a_full_disk_and_one_that_takes_nothing_are_told_from_other_faults() {
        let open = |errno: Errno| {
            trouble(&LedgerError::Open {
                path: "/ledger".into(),
                source: errno.into(),
            })
        };
        assert_eq!(open(Errno::ENOSPC), Some(DiskTrouble::Full));
        assert_eq!(open(Errno::EDQUOT), Some(DiskTrouble::Full));
        assert_eq!(open(Errno::EROFS), Some(DiskTrouble::Failing));
        assert_eq!(open(Errno::EACCES), None);
        assert_eq!(trouble(&LedgerError::Damaged(String::new())), None);
        let said = |code| {
            let source = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
            trouble(&LedgerError::database("write")(source))
        };
        assert_eq!(said(rusqlite::ffi::SQLITE_FULL), Some(DiskTrouble::Full));
        for code in [
            rusqlite::ffi::SQLITE_READONLY,
            rusqlite::ffi::SQLITE_IOERR_WRITE,
        ] {
            assert_eq!(said(code), Some(DiskTrouble::Failing), "{code}");
        }
        assert_eq!(said(rusqlite::ffi::SQLITE_BUSY), None);
    }
}
