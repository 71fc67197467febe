use std::collections::BTreeMap;

use decide::{Ending, Refusal};
use proptest::prelude::*;
use wire::{Digest, ReasonCode, Verdict};

use super::*;

const LANE: LaneId = LaneId(7);

fn ready() -> State {
    step(State::new(), Event::LedgerBack).0
}

fn admitted() -> Admission {
    Admission::Registered {
        id: "M-1".to_owned(),
    }
}

fn refused() -> Admission {
    let code = ReasonCode::Unregistered;
    Admission::Refused(Refusal {
        code,
        entry: None,
        detail: String::new(),
        function: None,
    })
}

fn inserted(admission: Admission) -> Event {
    Event::Inserted {
        lane: LANE,
        admission,
        rules: RulesState::Working,
        fault: None,
    }
}

fn entry(number: u64) -> Event {
    Event::Recorded {
        lane: LANE,
        entry: EntryId {
            number,
            leaf_sha256: Digest([0; 32]),
        },
    }
}

fn clean() -> Event {
    let examination = Examination {
        rules: RulesState::Working,
        ending: Ending::Complete,
        matched: 0,
        policy: 0,
        gaps: BTreeMap::new(),
    };
    Event::Scanned {
        lane: LANE,
        examination,
    }
}

fn removed_scan() -> Event {
    let mut examination = Examination::not_started(RulesState::Working);
    examination.ending = Ending::Failed(Gap::Removed);
    Event::Scanned {
        lane: LANE,
        examination,
    }
}

fn run(events: Vec<Event>) -> (State, Vec<Vec<Action>>) {
    let mut state = ready();
    let mut all = Vec::new();
    for event in events {
        let (next, actions) = step(state, event);
        state = next;
        all.push(actions);
    }
    (state, all)
}

fn verdict(state: &State) -> Option<Verdict> {
    match state.lanes.get(&LANE)? {
        Lane::Judged { shown } | Lane::Leaving { shown } => Some(shown.verdict()),
        Lane::Noticed
        | Lane::Arriving { .. }
        | Lane::Scanning { .. }
        | Lane::Judging { .. }
        | Lane::Withdrawing { .. } => None,
    }
}

#[test]
fn a_clean_registered_medium_passes_after_its_entry() {
    let (state, actions) = run(vec![inserted(admitted()), entry(1), clean()]);
    assert_eq!(verdict(&state), None);
    assert_eq!(actions[0], [Action::RecordInsertion(LANE)]);
    assert_eq!(actions[1], [Action::StartScan(LANE)]);
    assert!(matches!(actions[2][..], [Action::RecordVerdict(LANE, _)]));
    let (state, _) = step(state, entry(2));
    assert_eq!(verdict(&state), Some(Verdict::Pass));
}

#[test]
fn a_refused_medium_is_never_read() {
    let (state, actions) = run(vec![inserted(refused()), entry(1), entry(2)]);
    assert!(
        !actions
            .iter()
            .flatten()
            .any(|action| matches!(action, Action::StartScan(_)))
    );
    assert_eq!(verdict(&state), Some(Verdict::Stop));
}

#[test]
fn a_medium_is_not_read_without_rules_that_work() {
    let rules = RulesState::Missing;
    let event = Event::Inserted {
        lane: LANE,
        admission: admitted(),
        rules,
        fault: None,
    };
    let (state, actions) = run(vec![event, entry(1), entry(2)]);
    assert!(
        !actions
            .iter()
            .flatten()
            .any(|action| matches!(action, Action::StartScan(_)))
    );
    assert_eq!(verdict(&state), Some(Verdict::Incomplete));
}

#[test]
fn pulling_the_stick_mid_scan_ends_the_scan_and_is_not_finished() {
    let gone = Event::Removed { lane: LANE };
    let (state, actions) = run(vec![
        inserted(admitted()),
        entry(1),
        gone,
        removed_scan(),
        entry(2),
    ]);
    assert_eq!(actions[2], [Action::EndScan(LANE, Gap::Removed)]);
    assert_eq!(
        actions[4],
        [Action::RecordRemoval(LANE), Action::ForgetLater(LANE)]
    );
    assert_eq!(verdict(&state), Some(Verdict::Incomplete));
}

#[test]
fn pulling_the_stick_before_its_insertion_is_recorded_starts_no_scan() {
    let gone = Event::Removed { lane: LANE };
    let (state, actions) = run(vec![inserted(admitted()), gone, entry(1), entry(2)]);
    assert!(
        !actions
            .iter()
            .flatten()
            .any(|action| matches!(action, Action::StartScan(_)))
    );
    assert_eq!(verdict(&state), Some(Verdict::Incomplete));
}

#[test]
fn a_verdict_leaves_the_screen_with_its_medium() {
    let gone = Event::Removed { lane: LANE };
    let (state, actions) = run(vec![
        inserted(admitted()),
        entry(1),
        clean(),
        entry(2),
        gone,
        Event::Forgotten { lane: LANE },
    ]);
    assert_eq!(
        actions[4],
        [Action::RecordRemoval(LANE), Action::ForgetLater(LANE)]
    );
    assert_eq!(actions[5], [Action::Drop(LANE)]);
    assert!(state.lanes.is_empty());
}

#[test]
fn the_next_medium_takes_a_lingering_verdict_off_the_screen() {
    let gone = Event::Removed { lane: LANE };
    let next = Event::Inserted {
        lane: LaneId(8),
        admission: admitted(),
        rules: RulesState::Working,
        fault: None,
    };
    let (state, actions) = run(vec![
        inserted(admitted()),
        entry(1),
        clean(),
        entry(2),
        gone,
        next,
    ]);
    assert_eq!(
        actions[5],
        [Action::Drop(LANE), Action::RecordInsertion(LaneId(8))]
    );
    assert_eq!(state.lanes.keys().collect::<Vec<_>>(), [&LaneId(8)]);
}

#[test]
fn without_a_ledger_no_medium_is_begun_and_no_verdict_stands() {
    let (state, _) = run(vec![inserted(admitted()), entry(1), clean(), entry(2)]);
    let (state, actions) = step(state, Event::LedgerLost);
    assert_eq!(actions, [Action::Drop(LANE)]);
    assert!(state.lanes.is_empty());
    let (state, actions) = step(state, inserted(admitted()));
    assert_eq!(actions, [Action::Drop(LANE)]);
    let (state, actions) = step(state, Event::LedgerBack);
    assert_eq!(
        (state.service, actions),
        (Service::Ready, vec![Action::LookAgain])
    );
}

proptest! {
    /// Whatever happens in whatever order: PASS is on the screen only after a complete clean
    /// scan of an admitted medium, and only with an entry.
    #[test]
    fn no_order_of_events_makes_a_pass(order in prop::collection::vec(0_u8..8, 0..24)) {
        let mut state = ready();
        for which in order {
            let event = match which {
                0 => inserted(refused()),
                1 => Event::Inserted { lane: LANE, admission: admitted(), rules: RulesState::Stale, fault: None },
                2 => Event::Removed { lane: LANE },
                3 => entry(3),
                4 => removed_scan(),
                5 => Event::Forgotten { lane: LANE },
                6 => Event::LedgerLost,
                _ => Event::LedgerBack,
            };
            state = step(state, event).0;
            prop_assert_ne!(verdict(&state), Some(Verdict::Pass));
        }
    }
}
