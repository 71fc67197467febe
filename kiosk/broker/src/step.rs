//! What happens next: pure, no clock, no I/O.
//!
//! [`step`] takes the state and one event and gives the new state and the actions to take.
//! The daemon takes the actions and turns what comes of them into events. A verdict exists
//! here only as a [`Judgement`] until the ledger's answer makes it something to show.

mod lane;

use std::collections::BTreeMap;

use decide::{Admission, Examination, Judgement, Refusal, RulesState, Shown};
use wire::ledger::EntryId;
use wire::{Gap, ReasonCode};

/// One insertion in one port or bay. Numbers are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LaneId(pub u64);

/// Whether media can be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// They can.
    Ready,
    /// The ledger cannot be written: nothing can be shown, so nothing is begun.
    NoLedger,
}

/// What the rules in force have shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fitness {
    /// Nothing yet: media that are in wait.
    Untested,
    /// They found their canaries.
    Fit,
    /// They did not, or there are none: nothing is scanned, and nothing passes.
    Failed,
}

/// Everything that is going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Whether media can be judged.
    pub service: Service,
    /// What the rules in force have shown.
    pub fitness: Fitness,
    /// The media that are in, or were a moment ago.
    pub lanes: BTreeMap<LaneId, Lane>,
}

/// Where one medium's journey stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lane {
    /// A device is there, and what it claims to be is being found out.
    Noticed,
    /// Its insertion is being recorded.
    Arriving {
        /// What the list decided.
        admission: Admission,
        /// The rules at its insertion.
        rules: RulesState,
        /// Why it cannot be read, as known already: it does not answer, or was taken out.
        fault: Option<Gap>,
        /// It has been taken out already.
        gone: bool,
    },
    /// It is being read.
    Scanning {
        /// What the list decided.
        admission: Admission,
        /// The rules it is scanned with, as tested since it began.
        rules: RulesState,
        /// It has been taken out; the scan's end is awaited.
        gone: bool,
    },
    /// Its verdict is being recorded.
    Judging {
        /// The verdict, not to be shown.
        judgement: Judgement,
        /// Why it must not be shown if it is PASS: what it rests on has changed since.
        withdraw: Option<ReasonCode>,
        /// It has been taken out already.
        gone: bool,
    },
    /// A PASS was recorded and must not be shown: that is being recorded.
    Withdrawing {
        /// What stands in its place.
        judgement: Judgement,
        /// It has been taken out already.
        gone: bool,
    },
    /// Its verdict is recorded and shown.
    Judged {
        /// The verdict with its entry.
        shown: Shown,
    },
    /// It was taken out; its verdict is shown for a moment more.
    Leaving {
        /// The verdict with its entry.
        shown: Shown,
    },
}

impl Lane {
    /// Its verdict, once that is recorded and while it is shown, in place or taken out.
    #[must_use]
    pub fn shown(&self) -> Option<&Shown> {
        match self {
            Self::Judged { shown } | Self::Leaving { shown } => Some(shown),
            Self::Noticed
            | Self::Arriving { .. }
            | Self::Scanning { .. }
            | Self::Judging { .. }
            | Self::Withdrawing { .. } => None,
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A device came. What it is follows as [`Event::Inserted`].
    Noticed {
        /// Its lane, new.
        lane: LaneId,
    },
    /// The device of a noticed lane holds no medium: a card reader, say, with nothing in it.
    Empty {
        /// Its lane.
        lane: LaneId,
    },
    /// A medium came, and the list has been applied to its claim.
    Inserted {
        /// Its lane, new or noticed.
        lane: LaneId,
        /// What the list decided.
        admission: Admission,
        /// The rules as they are now.
        rules: RulesState,
        /// Why it cannot be read; `None` when it can.
        fault: Option<Gap>,
    },
    /// What was admitted is not any more: another medium with its identity came, so that one
    /// of them is a copy, or the list or the day has changed.
    Refused {
        /// Its lane.
        lane: LaneId,
        /// Why.
        refusal: Refusal,
    },
    /// A medium went.
    Removed {
        /// Its lane.
        lane: LaneId,
    },
    /// What was to be recorded for this lane is durable.
    Recorded {
        /// Its lane.
        lane: LaneId,
        /// The entry.
        entry: EntryId,
    },
    /// The scan of this lane is over, in whatever way.
    Scanned {
        /// Its lane.
        lane: LaneId,
        /// What it established.
        examination: Examination,
    },
    /// The moment for which a verdict stays after removal is over.
    Forgotten {
        /// Its lane.
        lane: LaneId,
    },
    /// The ledger refused an entry or went away.
    LedgerLost,
    /// The ledger can be written again.
    LedgerBack,
    /// The rules that are in force from here on were tested.
    Tested(Fitness),
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Record the insertion; answer with [`Event::Recorded`] or [`Event::LedgerLost`].
    RecordInsertion(LaneId),
    /// Start the scan; answer with [`Event::Scanned`], also when it does not start.
    StartScan(LaneId),
    /// End the scan at once; answer with [`Event::Scanned`].
    EndScan(LaneId, Gap),
    /// Record the verdict; answer with [`Event::Recorded`] or [`Event::LedgerLost`].
    RecordVerdict(LaneId, Judgement),
    /// Record that a PASS does not stand and what does; answer as for the verdict.
    RecordWithdrawal(LaneId, Judgement),
    /// Record that the medium is gone. No answer changes what is shown.
    RecordRemoval(LaneId),
    /// Answer with [`Event::Forgotten`] after a moment.
    ForgetLater(LaneId),
    /// Let go of all that belongs to the lane.
    Drop(LaneId),
    /// Treat what is in as newly inserted.
    LookAgain,
}

impl State {
    /// A kiosk that has not reached its ledger, with rules that have shown nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            service: Service::NoLedger,
            fitness: Fitness::Untested,
            lanes: BTreeMap::new(),
        }
    }

    /// Whether media that come in are begun with. Rules that failed do not keep them out:
    /// that a medium was here, and not examined, is recorded.
    #[must_use]
    pub fn takes_media(&self) -> bool {
        match (self.service, self.fitness) {
            (Service::NoLedger, _) | (Service::Ready, Fitness::Untested) => false,
            (Service::Ready, Fitness::Fit | Fitness::Failed) => true,
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

/// The next state and what to do.
#[must_use]
pub fn step(mut state: State, event: Event) -> (State, Vec<Action>) {
    let open = state.takes_media();
    match (event, state.service) {
        (Event::Tested(fitness), Service::Ready | Service::NoLedger) => tested(state, fitness),
        (Event::Noticed { lane } | Event::Inserted { lane, .. }, Service::Ready) if !open => {
            (state, vec![Action::Drop(lane)])
        }
        (Event::Noticed { lane }, Service::Ready) => enter(state, lane, Lane::Noticed),
        (
            Event::Inserted {
                lane,
                admission,
                rules,
                fault,
            },
            Service::Ready,
        ) => {
            let arriving = Lane::Arriving {
                admission,
                rules: lane::as_tested(rules, state.fitness),
                fault,
                gone: false,
            };
            let (state, mut actions) = enter(state, lane, arriving);
            actions.push(Action::RecordInsertion(lane));
            (state, actions)
        }
        (Event::Noticed { lane } | Event::Inserted { lane, .. }, Service::NoLedger) => {
            (state, vec![Action::Drop(lane)])
        }
        (Event::Empty { lane }, Service::Ready | Service::NoLedger) => {
            with(state, lane, lane::empty)
        }
        (Event::Refused { lane, refusal }, Service::Ready | Service::NoLedger) => {
            with(state, lane, |lane, id| lane::refused(lane, id, refusal))
        }
        (Event::LedgerLost, Service::Ready) => {
            // Verdicts that are recorded stay true, but nobody may mistake them for service.
            let lanes = std::mem::take(&mut state.lanes);
            state.service = Service::NoLedger;
            (state, lanes.into_keys().map(Action::Drop).collect())
        }
        (Event::LedgerBack, Service::NoLedger) => {
            state.service = Service::Ready;
            let look = state.takes_media().then_some(Action::LookAgain);
            (state, look.into_iter().collect())
        }
        (Event::LedgerLost, Service::NoLedger) | (Event::LedgerBack, Service::Ready) => {
            (state, vec![])
        }
        (Event::Removed { lane }, Service::Ready | Service::NoLedger) => {
            with(state, lane, lane::removed)
        }
        (Event::Recorded { lane, entry }, Service::Ready | Service::NoLedger) => {
            let (mut state, mut actions) =
                with(state, lane, |lane, id| lane::recorded(lane, id, entry));
            // A verdict whose medium is gone must not stand beside one that is being judged.
            if state
                .lanes
                .values()
                .any(|lane| !matches!(lane, Lane::Leaving { .. }))
            {
                actions.extend(leave(&mut state));
            }
            (state, actions)
        }
        (Event::Scanned { lane, examination }, Service::Ready | Service::NoLedger) => {
            with(state, lane, |lane, id| lane::scanned(lane, id, examination))
        }
        (Event::Forgotten { lane }, Service::Ready | Service::NoLedger) => {
            with(state, lane, lane::forgotten)
        }
    }
}

/// Rules were tested. What rests on rules that failed does not pass, and has not.
fn tested(mut state: State, fitness: Fitness) -> (State, Vec<Action>) {
    let waited = !state.takes_media();
    state.fitness = fitness;
    let mut actions = Vec::new();
    match fitness {
        Fitness::Untested | Fitness::Fit => {}
        Fitness::Failed => {
            let lanes: Vec<LaneId> = state.lanes.keys().copied().collect();
            for id in lanes {
                let (next, more) = with(state, id, lane::distrusted);
                state = next;
                actions.extend(more);
            }
            actions.extend(leave(&mut state));
        }
    }
    if waited && state.takes_media() {
        actions.push(Action::LookAgain);
    }
    (state, actions)
}

/// Applies `change` to one lane. Events of lanes that are gone come late and change nothing.
fn with(
    mut state: State,
    id: LaneId,
    change: impl FnOnce(Lane, LaneId) -> lane::Next,
) -> (State, Vec<Action>) {
    let Some(lane) = state.lanes.remove(&id) else {
        return (state, Vec::new());
    };
    let (next, actions) = change(lane, id);
    if let Some(next) = next {
        state.lanes.insert(id, next);
    }
    (state, actions)
}

/// A lane begins, or begins to know what is in it.
fn enter(mut state: State, id: LaneId, lane: Lane) -> (State, Vec<Action>) {
    let actions = leave(&mut state);
    state.lanes.insert(id, lane);
    (state, actions)
}

/// Ends the moment of every lane that is leaving: a verdict that lingers must not stand beside
/// a medium that is being judged.
fn leave(state: &mut State) -> Vec<Action> {
    let leaving = |lane: &Lane| matches!(lane, Lane::Leaving { .. });
    let gone: Vec<LaneId> = state
        .lanes
        .iter()
        .filter(|(_, lane)| leaving(lane))
        .map(|(id, _)| *id)
        .collect();
    state.lanes.retain(|_, lane| !leaving(lane));
    gone.into_iter().map(Action::Drop).collect()
}

#[cfg(test)]
#[path = "step_tests.rs"]
mod tests;
