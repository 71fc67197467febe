//! Resource limits of a process.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::error::{JailError, Tried};

/// Sets a limit for good. A lower one that is already there stays: only tighter is possible.
pub(crate) fn limit(resource: Resource, most: u64) -> Result<(), JailError> {
    limit_with_warning(resource, most, most)
}

/// Sets a limit whose signal can be seen by the parent: the process gets the signal at
/// `signal`, and is killed outright at `kill` when it caught that.
pub(crate) fn limit_with_warning(
    resource: Resource,
    signal: u64,
    kill: u64,
) -> Result<(), JailError> {
    const NEEDED: &str = "prlimit must be available";
    let (_, most) = getrlimit(resource).tried("read its limits", NEEDED)?;
    setrlimit(resource, signal.min(most), kill.min(most)).tried("limit its resources", NEEDED)
}
