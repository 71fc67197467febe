//! A canary in every container, in the forms that hide it.

use crate::kiosk::script;

#[test]
fn what_lies_in_a_container_is_found_or_named_and_what_is_harmless_stays_clean() {
    let said = script("tests/containers/table", &[]);
    assert!(said.ends_with(" 0 wrong\n"), "{said}");
}
