//! What is left to see and to use inside the jail: nothing.

use std::collections::BTreeMap;

use crate::start::{start_bare, users};

#[test]
fn inside_there_is_no_privilege_no_path_no_network_and_no_forgotten_descriptor() {
    for user in users() {
        let done = start_bare(user, &["observe"]).finish();
        let report = done
            .report
            .unwrap_or_else(|| panic!("no report: {}", done.stderr));
        let seen: BTreeMap<&str, &str> = report
            .lines()
            .map(|line| line.split_once('=').unwrap())
            .collect();
        for (name, value) in [
            ("one user", "true"),
            ("is root", "false"),
            ("one group", "true"),
            ("other groups", "0"),
            ("capabilities", "[0, 0, 0, 0, 0, 0]"),
            ("bounding set", "0"),
            ("no new privileges", "true"),
            ("dumpable", "false"),
            ("dies with its parent", "Some(SIGKILL)"),
            ("process", "1"),
            ("parent", "0"),
            ("session", "1"),
            ("paths that exist", "[\"/..\"]"),
            ("entries in the root", "0"),
            ("opening the root", "Err(PermissionDenied)"),
            ("making a file", "Err(ReadOnlyFilesystem)"),
            ("interfaces", "[\"lo\"]"),
            ("sending to itself", "Err(NetworkUnreachable)"),
            ("unknown descriptors", "[]"),
            ("reading standard input", "0"),
            ("writing standard output", "-1"),
            ("core", "(0, 0)"),
            ("memory", "(1073741824, 1073741824)"),
            ("open files", "(100, 100)"),
            ("spool", "(1048576, 1048576)"),
        ] {
            assert_eq!(seen.get(name), Some(&value), "{user:?} {name}\n{report}");
        }
    }
}
