use std::collections::BTreeMap;

use decide::{Ending, Refusal};
use proptest::prelude::*;
use wire::{Digest, ReasonCode, Verdict};

use super::*;

const LANE: LaneId = LaneId(7);

fn ready() -> State {
    let state = step(State::new(), Event::LedgerBack).0;
    step(state, Event::Tested(Fitness::Fit)).0
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
        differences: Vec::new(),
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
        waivers: std::collections::BTreeSet::new(),
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

fn gone() -> Event {
    Event::Removed { lane: LANE }
}

fn twin() -> Event {
    Event::Refused {
        lane: LANE,
        refusal: decide::twin(Some("M-1")),
    }
}

fn reasons(state: &State) -> Vec<ReasonCode> {
    match state.lanes.get(&LANE) {
        Some(Lane::Judged { shown } | Lane::Leaving { shown }) => {
            shown.reasons().iter().map(|reason| reason.code).collect()
        }
        other => panic!("no answer is shown: {other:?}"),
    }
}

#[test]
fn a_noticed_device_has_a_lane_before_it_has_an_entry() {
    let (state, actions) = run(vec![Event::Noticed { lane: LANE }]);
    assert_eq!(state.lanes.get(&LANE), Some(&Lane::Noticed));
    assert!(actions[0].is_empty());
    let (state, actions) = step(state, inserted(admitted()));
    assert_eq!(actions, [Action::RecordInsertion(LANE)]);
    assert!(matches!(state.lanes[&LANE], Lane::Arriving { .. }));
}

#[test]
fn an_empty_reader_leaves_no_trace_and_a_medium_is_never_taken_for_one() {
    let empty = Event::Empty { lane: LANE };
    let (state, actions) = run(vec![Event::Noticed { lane: LANE }, empty.clone()]);
    assert!(state.lanes.is_empty());
    assert_eq!(actions[1], [Action::Drop(LANE)]);
    let (state, actions) = run(vec![inserted(admitted()), entry(1), empty]);
    assert!(actions[2].is_empty());
    assert!(matches!(state.lanes[&LANE], Lane::Scanning { .. }));
}

#[test]
fn a_device_that_cannot_be_read_is_recorded_and_not_finished() {
    let event = Event::Inserted {
        lane: LANE,
        admission: admitted(),
        rules: RulesState::Working,
        fault: Some(Gap::Unreadable),
    };
    let (state, actions) = run(vec![event, entry(1), entry(2)]);
    assert!(matches!(actions[1][..], [Action::RecordVerdict(LANE, _)]));
    assert_eq!(verdict(&state), Some(Verdict::Incomplete));
    assert_eq!(reasons(&state), [ReasonCode::Unreadable]);
}

#[test]
fn a_pass_whose_medium_is_gone_before_its_entry_is_withdrawn_and_never_shown() {
    let (state, actions) = run(vec![
        inserted(admitted()),
        entry(1),
        clean(),
        gone(),
        entry(2),
    ]);
    assert!(matches!(
        actions[4][..],
        [Action::RecordWithdrawal(LANE, _)]
    ));
    assert_eq!(verdict(&state), None);
    let (state, actions) = step(state, entry(3));
    assert_eq!(verdict(&state), Some(Verdict::Incomplete));
    assert_eq!(reasons(&state), [ReasonCode::Removed]);
    assert_eq!(
        actions,
        [Action::RecordRemoval(LANE), Action::ForgetLater(LANE)]
    );
}

#[test]
fn a_clean_scan_of_a_medium_that_is_gone_by_its_end_is_withdrawn() {
    let (state, _) = run(vec![
        inserted(admitted()),
        entry(1),
        gone(),
        clean(),
        entry(2),
    ]);
    assert_eq!(verdict(&state), None);
    let (state, _) = step(state, entry(3));
    assert_eq!(verdict(&state), Some(Verdict::Incomplete));
}

#[test]
fn what_is_no_pass_is_not_withdrawn() {
    let (state, actions) = run(vec![inserted(refused()), entry(1), gone(), entry(2)]);
    assert_eq!(
        actions[3],
        [Action::RecordRemoval(LANE), Action::ForgetLater(LANE)]
    );
    assert_eq!(verdict(&state), Some(Verdict::Stop));
    assert_eq!(reasons(&state), [ReasonCode::Unregistered]);
}

#[test]
fn a_twin_stops_a_medium_wherever_its_journey_stands() {
    // Before its entry, during its scan, and between its scan and its entry.
    let journeys = [
        vec![inserted(admitted()), twin(), entry(1), entry(2)],
        vec![
            inserted(admitted()),
            entry(1),
            twin(),
            removed_scan(),
            entry(2),
        ],
        vec![
            inserted(admitted()),
            entry(1),
            clean(),
            twin(),
            entry(2),
            entry(3),
        ],
        // After its PASS was shown.
        vec![
            inserted(admitted()),
            entry(1),
            clean(),
            entry(2),
            twin(),
            entry(3),
        ],
    ];
    for journey in journeys {
        let (state, _) = run(journey);
        assert_eq!(verdict(&state), Some(Verdict::Stop));
        assert_eq!(reasons(&state), [ReasonCode::CloneSuspected]);
    }
}

#[test]
fn a_twin_ends_the_scan_and_takes_the_pass_from_the_screen_at_once() {
    let (_, actions) = run(vec![inserted(admitted()), entry(1), twin()]);
    assert_eq!(actions[2], [Action::EndScan(LANE, Gap::Changed)]);
    let (state, actions) = run(vec![
        inserted(admitted()),
        entry(1),
        clean(),
        entry(2),
        twin(),
    ]);
    assert!(matches!(
        actions[4][..],
        [Action::RecordWithdrawal(LANE, _)]
    ));
    assert_eq!(verdict(&state), None);
}

fn tested(fitness: Fitness) -> Event {
    Event::Tested(fitness)
}

#[test]
fn media_that_are_in_wait_until_the_rules_have_found_their_canaries() {
    let state = step(State::new(), Event::LedgerBack).0;
    assert!(!state.takes_media());
    let (state, actions) = step(state, inserted(admitted()));
    assert_eq!(actions, [Action::Drop(LANE)]);
    let (state, actions) = step(state, Event::Noticed { lane: LANE });
    assert_eq!(actions, [Action::Drop(LANE)]);
    let (state, actions) = step(state, tested(Fitness::Fit));
    assert_eq!(actions, [Action::LookAgain]);
    let (_, actions) = step(state, tested(Fitness::Fit));
    assert!(actions.is_empty());
    // Tested before the ledger is there: they wait for it, and are looked for once.
    let (state, actions) = step(State::new(), tested(Fitness::Fit));
    assert!(actions.is_empty());
    let (_, actions) = step(state, Event::LedgerBack);
    assert_eq!(actions, [Action::LookAgain]);
}

#[test]
fn with_rules_that_failed_a_medium_is_recorded_and_not_read() {
    let state = step(State::new(), Event::LedgerBack).0;
    let (mut state, actions) = step(state, tested(Fitness::Failed));
    assert_eq!(actions, [Action::LookAgain]);
    for event in [inserted(admitted()), entry(1), entry(2)] {
        let (next, actions) = step(state, event);
        state = next;
        assert!(!actions.contains(&Action::StartScan(LANE)));
    }
    assert_eq!(verdict(&state), Some(Verdict::Incomplete));
    assert_eq!(reasons(&state), [ReasonCode::SelfTestFailed]);
    let mut refused_there = step(ready(), tested(Fitness::Failed)).0;
    for event in [inserted(refused()), entry(1), entry(2)] {
        refused_there = step(refused_there, event).0;
    }
    assert_eq!(verdict(&refused_there), Some(Verdict::Stop));
}

#[test]
fn rules_that_fail_take_the_pass_from_wherever_the_journey_stands() {
    let failed = || tested(Fitness::Failed);
    let (scanned, read, told) = (clean(), entry(1), entry(2));
    let journeys = [
        vec![inserted(admitted()), failed(), read.clone(), told.clone()],
        vec![
            inserted(admitted()),
            read.clone(),
            failed(),
            scanned.clone(),
            told.clone(),
        ],
        // Rules that take their place do not make good what the others have read.
        vec![
            inserted(admitted()),
            read.clone(),
            failed(),
            tested(Fitness::Fit),
            scanned.clone(),
            told.clone(),
        ],
        vec![
            inserted(admitted()),
            read.clone(),
            scanned.clone(),
            failed(),
            told.clone(),
            entry(3),
        ],
        vec![
            inserted(admitted()),
            read,
            scanned,
            told,
            failed(),
            entry(3),
        ],
    ];
    for journey in journeys {
        let (state, _) = run(journey);
        assert_eq!(verdict(&state), Some(Verdict::Incomplete));
        assert_eq!(reasons(&state), [ReasonCode::SelfTestFailed]);
    }
}

#[test]
fn a_match_still_stops_when_the_rules_have_failed() {
    let mut found = Examination::not_started(RulesState::Working);
    found.ending = Ending::Complete;
    found.matched = 1;
    let scanned = Event::Scanned {
        lane: LANE,
        examination: found,
    };
    let (state, _) = run(vec![
        inserted(admitted()),
        entry(1),
        tested(Fitness::Failed),
        scanned,
        entry(2),
    ]);
    assert_eq!(verdict(&state), Some(Verdict::Stop));
}

proptest! {
    /// Rules that failed and were not mended give no PASS, whatever happens.
    #[test]
    fn nothing_passes_while_the_rules_have_failed(
        before in prop::collection::vec(0_u8..4, 0..6),
        after in prop::collection::vec(0_u8..7, 0..24),
    ) {
        let event = |which: u8| match which {
            0 => inserted(admitted()),
            1 => clean(),
            2 => entry(5),
            3 => Event::Noticed { lane: LANE },
            4 => gone(),
            5 => Event::Forgotten { lane: LANE },
            _ => Event::LedgerBack,
        };
        let mut state = ready();
        for which in before {
            state = step(state, event(which)).0;
        }
        state = step(state, tested(Fitness::Failed)).0;
        for which in after {
            state = step(state, event(which)).0;
            prop_assert_ne!(verdict(&state), Some(Verdict::Pass));
        }
    }

    /// Whatever happens in whatever order: PASS is on the screen only after a complete clean
    /// scan of an admitted medium, and only with an entry.
    #[test]
    fn no_order_of_events_makes_a_pass(order in prop::collection::vec(0_u8..14, 0..24)) {
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
                7 => Event::Noticed { lane: LANE },
                8 => Event::Empty { lane: LANE },
                9 => twin(),
                10 => Event::Inserted {
                    lane: LANE,
                    admission: admitted(),
                    rules: RulesState::Working,
                    fault: Some(Gap::Timeout),
                },
                11 => Event::Tested(Fitness::Failed),
                12 => Event::Tested(Fitness::Fit),
                _ => Event::LedgerBack,
            };
            state = step(state, event).0;
            prop_assert_ne!(verdict(&state), Some(Verdict::Pass));
        }
    }

    /// A medium that passed and is then pulled out, or meets its twin, before its entry: no
    /// order of what follows brings the PASS back.
    #[test]
    fn a_pass_that_was_withdrawn_stays_so(
        order in prop::collection::vec(0_u8..5, 0..16),
        by_twin in any::<bool>(),
    ) {
        let (mut state, _) = run(vec![inserted(admitted()), entry(1), clean()]);
        state = step(state, if by_twin { twin() } else { gone() }).0;
        for which in order {
            let event = match which {
                0 => entry(7),
                1 => gone(),
                2 => twin(),
                3 => clean(),
                _ => Event::Forgotten { lane: LANE },
            };
            state = step(state, event).0;
            prop_assert_ne!(verdict(&state), Some(Verdict::Pass));
        }
    }
}
