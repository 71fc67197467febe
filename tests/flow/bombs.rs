//! Files that unpack to much or to themselves.

use crate::kiosk::script;

#[test]
fn what_unpacks_to_much_or_to_itself_ends_at_a_limit_in_time_and_memory() {
    let said = script("tests/containers/bombs", &["--quick"]);
    assert_eq!(said.lines().count(), 17, "{said}");
}

#[test]
fn contents_that_attack_the_engine_cost_themselves_and_the_scan_goes_on() {
    let options = ["--mib", "8", "--seconds", "2"];
    let said = script("tests/bench/engine", &options);
    let is_late = |line: &str| line.contains("unchecked") && line.contains("timeout");
    assert!(said.lines().any(is_late), "{said}");
}
