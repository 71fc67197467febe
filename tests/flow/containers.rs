//! A canary in every container, in the forms that hide it.

use std::path::Path;
use std::process::Command;

#[test]
fn what_lies_in_a_container_is_found_or_named_and_what_is_harmless_stays_clean() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/containers/table");
    let folder = tempfile::tempdir().unwrap();
    let done = Command::new(table)
        .args([Path::new(env!("CARGO_BIN_EXE_kioskctl")), folder.path()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(said.ends_with(" 0 wrong\n"), "{said}");
}
