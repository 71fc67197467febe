//! Who is at the controls, for the ledger.

use std::fs;

use nix::unistd::{Uid, User};
use wire::rule_change::Person;

/// The kernel's word for nobody: a process that no login started.
const NO_LOGIN: u32 = u32::MAX;

/// The person on whose behalf this process runs. The kernel remembers who logged in through
/// `su` and `sudo`, and nobody without root's rights can change that.
#[must_use]
pub fn here() -> Person {
    let uid = nix::unistd::getuid();
    let login = fs::read_to_string("/proc/self/loginuid").ok();
    let login = login.and_then(|text| text.trim().parse().ok());
    let login_uid = login.filter(|login| *login != NO_LOGIN);
    Person {
        uid: uid.as_raw(),
        user: name(uid).unwrap_or_default(),
        login_uid,
        login_user: login_uid.and_then(|login| name(Uid::from_raw(login))),
        medium: None,
    }
}

fn name(uid: Uid) -> Option<String> {
    let user = User::from_uid(uid).ok().flatten()?;
    Some(user.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_runs_this_has_a_number_and_root_has_a_name() {
        let person = here();
        assert_eq!(person.uid, nix::unistd::getuid().as_raw());
        assert_eq!(name(Uid::from_raw(0)).as_deref(), Some("root"));
        assert_ne!(person.login_uid, Some(NO_LOGIN));
    }
}
