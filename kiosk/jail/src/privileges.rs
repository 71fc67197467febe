//! Users, groups and capabilities.

use std::fs;
use std::io;

use nix::errno::Errno;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

use crate::error::{JailError, Tried};

/// The account that the scanner runs as when it is started by root.
const ACCOUNT: &str = "kiosk-scan";

/// `nobody` and `nogroup` of every Debian, for machines without the account.
const NOBODY: (u32, u32) = (65534, 65534);

/// Numbers that a capability can have: the kernel keeps them in 64 bits.
const CAPABILITIES_MAX: libc::c_ulong = 64;

/// The user and group to become. Read from the file itself: asking the name service would
/// load its modules into a process that is still root.
pub(crate) fn account() -> Result<(Uid, Gid), JailError> {
    let accounts = match fs::read_to_string("/etc/passwd") {
        Ok(accounts) => accounts,
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => String::new(),
        Err(other) => return Err(other).tried("read /etc/passwd", "it must be readable text"),
    };
    let (user, group) = account_in(&accounts)?;
    Ok((Uid::from_raw(user), Gid::from_raw(group)))
}

fn account_in(accounts: &str) -> Result<(u32, u32), JailError> {
    for line in accounts.lines() {
        let mut fields = line.split(':');
        if fields.next() != Some(ACCOUNT) {
            continue;
        }
        let mut number = |nth| fields.nth(nth).and_then(|field| field.parse::<u32>().ok());
        // The password comes before the user; the group follows at once.
        return match (number(1), number(0)) {
            (Some(user), Some(group)) if user != 0 && group != 0 => Ok((user, group)),
            _ => Err(JailError::Account(ACCOUNT)),
        };
    }
    Ok(NOBODY)
}

/// Becomes `user` and `group` for good, with no other group.
pub(crate) fn become_account((user, group): (Uid, Gid)) -> Result<(), JailError> {
    const NEEDED: &str =
        "root needs CAP_SETUID, CAP_SETGID and a user namespace that maps the account";
    setgroups(&[]).tried("leave all groups", NEEDED)?;
    setresgid(group, group, group).tried("change the group", NEEDED)?;
    setresuid(user, user, user).tried("change the user", NEEDED)
}

#[repr(C)]
struct CapabilityHeader {
    version: u32,
    pid: i32,
}

/// One half of the three sets; `capget` and `capset` take two, low numbers first.
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct CapabilityHalf {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// `_LINUX_CAPABILITY_VERSION_3`, the only one with 64 capabilities.
const CAPABILITY_VERSION: u32 = 0x2008_0522;

/// `CAP_SYS_ADMIN` in the low half.
const SYS_ADMIN: u32 = 1 << 21;

/// Whether this process may leave namespaces without a user namespace, and then become
/// somebody else.
pub(crate) fn is_admin() -> Result<bool, JailError> {
    let [low, _high] = capabilities().tried("read its capabilities", "capget must be available")?;
    Ok(Uid::effective().is_root() && low.effective & SYS_ADMIN != 0)
}

/// No program that this process could ever start would gain one.
pub(crate) fn drop_bounding_set() -> Result<(), JailError> {
    const NEEDED: &str = "root needs CAP_SETPCAP";
    for number in 0..CAPABILITIES_MAX {
        // SAFETY: PR_CAPBSET_READ takes one integer.
        match Errno::result(unsafe { libc::prctl(libc::PR_CAPBSET_READ, number, 0, 0, 0) }) {
            // Past the last one that this kernel knows.
            Err(Errno::EINVAL) => break,
            Ok(0) => continue,
            other => other.tried("read the bounding set", NEEDED)?,
        };
        // SAFETY: PR_CAPBSET_DROP takes one integer.
        Errno::result(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, number, 0, 0, 0) })
            .tried("empty the bounding set", NEEDED)?;
    }
    Ok(())
}

/// Drops every capability of every set, and looks.
pub(crate) fn drop_capabilities() -> Result<(), JailError> {
    const NEEDED: &str = "capset must be available";
    let clear =
        libc::c_ulong::try_from(libc::PR_CAP_AMBIENT_CLEAR_ALL).unwrap_or(libc::c_ulong::MAX);
    // SAFETY: PR_CAP_AMBIENT takes integers.
    Errno::result(unsafe { libc::prctl(libc::PR_CAP_AMBIENT, clear, 0, 0, 0) })
        .tried("drop ambient capabilities", NEEDED)?;
    let header = CapabilityHeader {
        version: CAPABILITY_VERSION,
        pid: 0,
    };
    let none = [CapabilityHalf::default(); 2];
    // SAFETY: capset reads one header and, for this version, two halves, which these are.
    Errno::result(unsafe { libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) })
        .tried("drop capabilities", NEEDED)?;
    if capabilities().tried("read its capabilities", NEEDED)? != none {
        return Err(JailError::CapabilityLeft);
    }
    Ok(())
}

fn capabilities() -> io::Result<[CapabilityHalf; 2]> {
    let mut header = CapabilityHeader {
        version: CAPABILITY_VERSION,
        pid: 0,
    };
    let mut sets = [CapabilityHalf::default(); 2];
    // SAFETY: capget writes at most one header and, for this version, two halves.
    Errno::result(unsafe { libc::syscall(libc::SYS_capget, &raw mut header, sets.as_mut_ptr()) })?;
    Ok(sets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_read_from_its_own_line() {
        let accounts =
            "root:x:0:0::/root:/bin/sh\nkiosk-scan-old:x:7:8::/:/x\nkiosk-scan:!:990:991::/:/x\n";
        assert_eq!(account_in(accounts).unwrap(), (990, 991));
    }

    #[test]
    fn a_machine_without_the_account_uses_nobody() {
        assert_eq!(account_in("root:x:0:0::/root:/bin/sh\n").unwrap(), NOBODY);
    }

    #[test]
    fn an_account_that_is_root_or_unreadable_is_fatal() {
        for line in [
            "kiosk-scan:x:0:991::",
            "kiosk-scan:x:990:0::",
            "kiosk-scan:x:990",
            "kiosk-scan:x:a:b::",
        ] {
            assert!(
                matches!(account_in(line), Err(JailError::Account(_))),
                "{line}"
            );
        }
    }
}
