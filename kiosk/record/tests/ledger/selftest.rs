//! What the ledger believes of a self-test.

use record::{Ledger, Refusal, Writer, check};
use wire::ledger::{Event, SELF_TEST_FAULT_BYTES_MAX, SELF_TEST_FAULTS_MAX, SelfTest, SelfTested};

use crate::common::rules;

fn tested(result: SelfTest, specimens: u64, faults: Vec<String>) -> Event {
    Event::SelfTested(Box::new(SelfTested {
        rules: rules(),
        result,
        specimens,
        milliseconds: 1500,
        faults,
    }))
}

fn is_refused(event: &Event) -> bool {
    match check::event(event) {
        Ok(()) => false,
        Err(Refusal::SelfTest(_)) => true,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_self_test_is_an_entry_about_no_insertion() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    let fault = vec!["rule r: canary 1 in a zip was not found".to_owned()];
    let events = [
        tested(SelfTest::Passed, 170, Vec::new()),
        tested(SelfTest::Failed, 170, fault),
        tested(SelfTest::Failed, 0, vec!["there is no canary".to_owned()]),
    ];
    for event in &events {
        writer.append(event, None).unwrap();
    }
    drop(writer);
    let ledger = Ledger::open(folder.path()).unwrap();
    assert_eq!(ledger.verify(None).unwrap().entries, 3);
    for (number, event) in (1..).zip(&events) {
        let content = ledger.entry(number).unwrap().content().unwrap();
        assert_eq!(content.event, *event);
    }
    assert!(
        ledger
            .entry(2)
            .unwrap()
            .bytes
            .contains("\"event\":\"self_tested\"")
    );
}

#[test]
fn a_self_test_that_contradicts_itself_is_refused() {
    let one = || vec!["x".to_owned()];
    assert!(is_refused(&tested(SelfTest::Passed, 1, one())));
    assert!(is_refused(&tested(SelfTest::Passed, 0, Vec::new())));
    assert!(is_refused(&tested(SelfTest::Failed, 1, Vec::new())));
    let Event::SelfTested(mut without) = tested(SelfTest::Passed, 1, Vec::new()) else {
        panic!("another event")
    };
    without.rules.rules = 0;
    assert!(is_refused(&Event::SelfTested(without)));
}

#[test]
fn a_self_test_past_a_limit_is_refused() {
    let faults = |count, length| vec!["x".repeat(length); count];
    let failed = |faults| tested(SelfTest::Failed, 1, faults);
    let longest = SELF_TEST_FAULT_BYTES_MAX;
    assert!(!is_refused(&failed(faults(SELF_TEST_FAULTS_MAX, longest))));
    assert!(is_refused(&failed(faults(SELF_TEST_FAULTS_MAX + 1, 1))));
    assert!(is_refused(&failed(faults(1, longest + 1))));
}
