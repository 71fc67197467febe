//! Files that unpack to much or to themselves.

use std::path::Path;
use std::process::Command;

#[test]
fn what_unpacks_to_much_or_to_itself_ends_at_a_limit_in_time_and_memory() {
    let bombs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/containers/bombs");
    let folder = tempfile::tempdir().unwrap();
    let done = Command::new(bombs)
        .arg("--quick")
        .args([Path::new(env!("CARGO_BIN_EXE_kioskctl")), folder.path()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert_eq!(said.lines().count(), 17, "{said}");
}

#[test]
fn contents_that_attack_the_engine_cost_themselves_and_the_scan_goes_on() {
    let engine = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/engine");
    let folder = tempfile::tempdir().unwrap();
    let done = Command::new(engine)
        .args(["--mib", "8", "--seconds", "2"])
        .args([Path::new(env!("CARGO_BIN_EXE_kioskctl")), folder.path()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let is_late = |line: &str| line.contains("unchecked") && line.contains("timeout");
    assert!(said.lines().any(is_late), "{said}");
}
