//! What one event makes of one lane: each function names every state.

use decide::{Admission, Ending, Examination, Judgement, Recording, Refusal, RulesState};
use wire::ledger::EntryId;
use wire::{Gap, ReasonCode, Verdict};

use super::{Action, Fitness, Lane, LaneId};

/// What becomes of one lane; `None` when nothing is left of it.
pub(super) type Next = (Option<Lane>, Vec<Action>);

pub(super) fn empty(lane: Lane, id: LaneId) -> Next {
    match lane {
        Lane::Noticed => (None, vec![Action::Drop(id)]),
        lane @ (Lane::Arriving { .. }
        | Lane::Scanning { .. }
        | Lane::Judging { .. }
        | Lane::Withdrawing { .. }
        | Lane::Judged { .. }
        | Lane::Leaving { .. }) => (Some(lane), Vec::new()),
    }
}

/// What was admitted is not any more, and what has passed has not.
pub(super) fn refused(lane: Lane, id: LaneId, refusal: Refusal) -> Next {
    let code = refusal.code;
    let admission = Admission::Refused(refusal);
    match lane {
        Lane::Arriving {
            rules, fault, gone, ..
        } => {
            let next = Lane::Arriving {
                admission,
                rules,
                fault,
                gone,
            };
            (Some(next), Vec::new())
        }
        Lane::Scanning { rules, gone, .. } => {
            let next = Lane::Scanning {
                admission,
                rules,
                gone,
            };
            (Some(next), vec![Action::EndScan(id, Gap::Changed)])
        }
        Lane::Judging {
            judgement, gone, ..
        } => {
            let next = Lane::Judging {
                judgement,
                withdraw: Some(code),
                gone,
            };
            (Some(next), Vec::new())
        }
        Lane::Judged { shown } if shown.verdict() == Verdict::Pass => {
            withdrawing(shown.into_judgement(), code, id, false)
        }
        // What is out already was taken out with its answer.
        lane @ (Lane::Noticed
        | Lane::Withdrawing { .. }
        | Lane::Judged { .. }
        | Lane::Leaving { .. }) => (Some(lane), Vec::new()),
    }
}

/// What rules are that have been tested with this result since.
pub(super) fn as_tested(rules: RulesState, fitness: Fitness) -> RulesState {
    match (rules, fitness) {
        // Nothing is begun with rules that are not tested; if it were, it would not pass.
        (RulesState::Working, Fitness::Failed | Fitness::Untested) => RulesState::SelfTestFailed,
        (RulesState::Working, Fitness::Fit) => RulesState::Working,
        (RulesState::Missing | RulesState::Stale | RulesState::SelfTestFailed, _) => rules,
    }
}

/// The rules did not find their canaries. A scan with them goes on, because what it finds
/// still counts; it does not pass, whatever happens to the rules until its end.
pub(super) fn distrusted(lane: Lane, id: LaneId) -> Next {
    let code = ReasonCode::SelfTestFailed;
    match lane {
        Lane::Arriving {
            admission,
            rules,
            fault,
            gone,
        } => {
            let next = Lane::Arriving {
                admission,
                rules: as_tested(rules, Fitness::Failed),
                fault,
                gone,
            };
            (Some(next), Vec::new())
        }
        Lane::Scanning {
            admission,
            rules,
            gone,
        } => {
            let next = Lane::Scanning {
                admission,
                rules: as_tested(rules, Fitness::Failed),
                gone,
            };
            (Some(next), Vec::new())
        }
        Lane::Judging {
            judgement,
            withdraw,
            gone,
        } => {
            let next = Lane::Judging {
                judgement,
                withdraw: withdraw.or(Some(code)),
                gone,
            };
            (Some(next), Vec::new())
        }
        Lane::Judged { shown } if shown.verdict() == Verdict::Pass => {
            withdrawing(shown.into_judgement(), code, id, false)
        }
        // What is out already was taken out with its answer.
        lane @ (Lane::Noticed
        | Lane::Withdrawing { .. }
        | Lane::Judged { .. }
        | Lane::Leaving { .. }) => (Some(lane), Vec::new()),
    }
}

fn withdrawing(judgement: Judgement, code: ReasonCode, id: LaneId, gone: bool) -> Next {
    let judgement = judgement.withdrawn(code);
    let action = Action::RecordWithdrawal(id, judgement.clone());
    (Some(Lane::Withdrawing { judgement, gone }), vec![action])
}

pub(super) fn removed(lane: Lane, id: LaneId) -> Next {
    match lane {
        Lane::Noticed => (None, vec![Action::Drop(id)]),
        Lane::Arriving {
            admission, rules, ..
        } => (
            Some(Lane::Arriving {
                admission,
                rules,
                fault: Some(Gap::Removed),
                gone: true,
            }),
            Vec::new(),
        ),
        Lane::Scanning {
            admission,
            rules,
            gone: false,
        } => (
            Some(Lane::Scanning {
                admission,
                rules,
                gone: true,
            }),
            vec![Action::EndScan(id, Gap::Removed)],
        ),
        Lane::Scanning {
            admission,
            rules,
            gone: true,
        } => (
            Some(Lane::Scanning {
                admission,
                rules,
                gone: true,
            }),
            Vec::new(),
        ),
        // Nobody has seen the answer. A PASS that appears when the medium is already out could
        // be taken for that of the next one.
        Lane::Judging {
            judgement,
            withdraw,
            ..
        } => (
            Some(Lane::Judging {
                judgement,
                withdraw: withdraw.or(Some(ReasonCode::Removed)),
                gone: true,
            }),
            Vec::new(),
        ),
        Lane::Withdrawing { judgement, .. } => (
            Some(Lane::Withdrawing {
                judgement,
                gone: true,
            }),
            Vec::new(),
        ),
        Lane::Judged { shown } => (
            Some(Lane::Leaving { shown }),
            vec![Action::RecordRemoval(id), Action::ForgetLater(id)],
        ),
        Lane::Leaving { shown } => (Some(Lane::Leaving { shown }), Vec::new()),
    }
}

pub(super) fn recorded(lane: Lane, id: LaneId, entry: EntryId) -> Next {
    match lane {
        Lane::Arriving {
            admission,
            rules,
            fault,
            gone,
        } => {
            let refused = admission.refusal().is_some();
            if fault.is_some() || refused || rules != RulesState::Working {
                let mut examination = Examination::not_started(rules);
                if let Some(gap) = fault.filter(|_| !refused) {
                    examination.ending = Ending::Failed(gap);
                }
                return judging(&admission, &examination, id, gone);
            }
            (
                Some(Lane::Scanning {
                    admission,
                    rules,
                    gone: false,
                }),
                vec![Action::StartScan(id)],
            )
        }
        Lane::Judging {
            judgement,
            withdraw: Some(code),
            gone,
        } if judgement.verdict() == Verdict::Pass => withdrawing(judgement, code, id, gone),
        Lane::Judging {
            judgement, gone, ..
        }
        | Lane::Withdrawing { judgement, gone } => {
            let shown = judgement.shown(Recording::Recorded(entry));
            if gone {
                let actions = vec![Action::RecordRemoval(id), Action::ForgetLater(id)];
                (Some(Lane::Leaving { shown }), actions)
            } else {
                (Some(Lane::Judged { shown }), Vec::new())
            }
        }
        lane @ (Lane::Noticed
        | Lane::Scanning { .. }
        | Lane::Judged { .. }
        | Lane::Leaving { .. }) => (Some(lane), Vec::new()),
    }
}

pub(super) fn scanned(lane: Lane, id: LaneId, mut examination: Examination) -> Next {
    match lane {
        // A medium that is refused meanwhile has no scan to speak of.
        Lane::Scanning {
            admission, gone, ..
        } if admission.refusal().is_some() => {
            let nothing = Examination::not_started(examination.rules);
            judging(&admission, &nothing, id, gone)
        }
        Lane::Scanning {
            admission,
            rules,
            gone,
        } => {
            examination.rules = examination.rules.worse(rules);
            judging(&admission, &examination, id, gone)
        }
        lane @ (Lane::Noticed
        | Lane::Arriving { .. }
        | Lane::Judging { .. }
        | Lane::Withdrawing { .. }
        | Lane::Judged { .. }
        | Lane::Leaving { .. }) => (Some(lane), Vec::new()),
    }
}

fn judging(admission: &Admission, examination: &Examination, id: LaneId, gone: bool) -> Next {
    let judgement = decide::judge(admission, examination);
    let action = Action::RecordVerdict(id, judgement.clone());
    let next = Lane::Judging {
        judgement,
        withdraw: gone.then_some(ReasonCode::Removed),
        gone,
    };
    (Some(next), vec![action])
}

pub(super) fn forgotten(lane: Lane, id: LaneId) -> Next {
    match lane {
        Lane::Leaving { .. } => (None, vec![Action::Drop(id)]),
        lane @ (Lane::Noticed
        | Lane::Arriving { .. }
        | Lane::Scanning { .. }
        | Lane::Judging { .. }
        | Lane::Withdrawing { .. }
        | Lane::Judged { .. }) => (Some(lane), Vec::new()),
    }
}
