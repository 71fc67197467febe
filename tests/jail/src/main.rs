//! A program that puts itself into one of kiosk-scan's jails and then does what its arguments
//! name: an attack, its harmless twin, or something that has a limit.
//!
//! It is started with a channel as standard input. `jail-tests as UID ...` first becomes that
//! ordinary user by exec, as anybody's program would be started; `jail-tests limited ...` first
//! becomes the root of a container that may not mount: without CAP_SYS_ADMIN.

mod attacks;
mod lives;
mod observe;
mod stage;
mod sweep;

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["as", user, rest @ ..] => become_user(user.parse().expect("a user number"), rest),
        ["limited", rest @ ..] => become_limited(rest),
        ["worker", name, turn] => attacks::in_worker(name, turn),
        ["supervisor", name, turn] => attacks::in_supervisor(name, turn),
        ["sweep", place] => sweep::run(place),
        ["observe"] => observe::run(),
        ["life", name] => lives::run(name),
        _ => panic!("unknown arguments: {words:?}"),
    }
}

fn become_user(user: u32, rest: &[&str]) -> ExitCode {
    setgroups(&[]).expect("setgroups");
    setgid(Gid::from_raw(user)).expect("setgid");
    setuid(Uid::from_raw(user)).expect("setuid");
    again(rest)
}

fn become_limited(rest: &[&str]) -> ExitCode {
    const CAP_SYS_ADMIN: libc::c_ulong = 21;
    // SAFETY: PR_CAPBSET_DROP takes one integer.
    let dropped = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0) };
    assert_eq!(dropped, 0);
    again(rest)
}

/// Starts this program anew in this process.
fn again(rest: &[&str]) -> ExitCode {
    panic!("exec: {}", Command::new("/proc/self/exe").args(rest).exec());
}
