//! A world with nothing in it: no network, no other process, no path.

use std::fs;
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{chdir, getegid, geteuid, pivot_root};

use crate::error::{JailError, Tried};

const NEEDED: &str = "run as root with CAP_SYS_ADMIN, or allow user namespaces \
    (user.max_user_namespaces, kernel.unprivileged_userns_clone, apparmor_restrict_unprivileged_userns, \
    the container's own filter)";

/// Leaves every namespace of the machine with the capability to do so, before it is dropped.
/// The next process forked is the first of the new pid namespace.
pub(crate) fn leave_as_root() -> Result<(), JailError> {
    unshare(all()).tried("leave the namespaces of the machine", NEEDED)
}

/// The same without privileges, by way of a user namespace that knows one user: ourselves.
pub(crate) fn leave_as_user() -> Result<(), JailError> {
    let (user, group) = (geteuid(), getegid());
    // The maps are files of this process, and those of a process that may not be dumped belong
    // to root. Changing the user may have taken the flag away; it is taken for good later.
    nix::sys::prctl::set_dumpable(true).tried("open its own maps", NEEDED)?;
    unshare(all() | CloneFlags::CLONE_NEWUSER).tried("enter a user namespace", NEEDED)?;
    fs::write("/proc/self/setgroups", "deny").tried("give up changing groups", NEEDED)?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1"))
        .tried("map its own user", NEEDED)?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1")).tried("map its own group", NEEDED)
}

fn all() -> CloneFlags {
    CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWCGROUP
}

/// Makes the root of this mount namespace an empty read-only folder that has room for nothing.
pub(crate) fn empty_root() -> Result<(), JailError> {
    const MOUNTS: &str =
        "mounting must be allowed here (the container's own filter or AppArmor profile)";
    let none = None::<&Path>;
    // Nothing that happens here may reach the machine's mounts, and the other way round.
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .tried("detach from the mounts", MOUNTS)?;
    // Any folder that surely exists serves to hang the new root on: /proc was just used.
    let quiet = MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let room = Some("size=4k,nr_inodes=1,mode=0555");
    mount(Some("none"), "/proc", Some("tmpfs"), quiet, room)
        .tried("mount an empty root", MOUNTS)?;
    chdir("/proc").tried("enter the empty root", MOUNTS)?;
    // The old root ends up on top of the new one, where `.` still is, and is let go.
    pivot_root(".", ".").tried(
        "change to the empty root",
        "the root must not be an initramfs",
    )?;
    umount2(".", MntFlags::MNT_DETACH).tried("let the old root go", MOUNTS)?;
    chdir("/").tried("enter the empty root", MOUNTS)
}
