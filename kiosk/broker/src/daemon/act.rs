//! Taking the actions of the step: scans, verdicts, and what is let go.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use wire::waiver::Waivers;
use wire::{Gap, Verdict, ledger};

use super::{Daemon, report};
use crate::case::ASKED_AFTER_REMOVAL;
use crate::step::{Action, Event, Lane, LaneId, step};

/// How long a PASS, and everything else, stays after the medium was taken out.
const PASS_STAYS: Duration = Duration::from_secs(5);
const STOP_STAYS: Duration = Duration::from_secs(30);

impl Daemon {
    /// Feeds one event to the step and takes its actions, and those of what they cause.
    pub(super) fn happen(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let mut written = None;
            if let Event::Recorded { lane, entry } = &event
                && let Some(port) = self.ports.get_mut(lane)
            {
                port.insertion.get_or_insert(entry.number);
                if let Some(Lane::Judging { .. }) = self.state.lanes.get(lane) {
                    written = Some(*lane);
                    if let Some(received) = port.received.as_mut() {
                        // They are in the ledger, and can be large.
                        received.rows = None;
                    }
                }
            }
            let state = std::mem::take(&mut self.state);
            let (state, actions) = step(state, event);
            self.state = state;
            self.changed = true;
            for action in actions {
                events.extend(self.take(action));
            }
            if let Some(lane) = written {
                self.take_delivery(lane);
                self.take_back(lane);
            }
        }
    }

    pub(super) fn take(&mut self, action: Action) -> Option<Event> {
        match action {
            Action::RecordInsertion(id) => {
                // Its answer is there before the scan begins.
                let _ = self.ask_standing();
                let rules = self.rules_now();
                let weak = self.is_weak(id);
                let port = self.ports.get_mut(&id)?;
                port.rules.clone_from(&rules);
                let event = ledger::Event::Inserted {
                    target: port.identified.target.clone(),
                    claim: port.identified.claim.clone().map(Box::new),
                    medium: port.admission.medium().map(str::to_owned),
                    rules,
                    occasion: port.occasion(weak),
                };
                self.record(Some(id), event)
            }
            Action::StartScan(id) => self.start_scan(id),
            Action::EndScan(id, gap) => {
                let why = match gap {
                    Gap::Removed => "the medium was taken out",
                    Gap::Encrypted
                    | Gap::Unreadable
                    | Gap::Damaged
                    | Gap::Unsupported
                    | Gap::Limit
                    | Gap::Timeout
                    | Gap::Changed => "the medium is not admitted any more",
                };
                self.ports.get_mut(&id)?.end(gap, why);
                None
            }
            Action::RecordVerdict(id, judgement) => {
                let policy = self.site.policy_sha256;
                let event = self.ports.get(&id)?.judged(&judgement, policy);
                self.record(Some(id), event)
            }
            Action::RecordWithdrawal(id, judgement) => {
                let event = ledger::Event::Withdrawn {
                    insertion: self.ports.get(&id)?.insertion?,
                    verdict: judgement.verdict(),
                    reasons: judgement.reasons().to_vec(),
                };
                self.record(Some(id), event)
            }
            Action::RecordRemoval(id) => {
                let insertion = self.ports.get(&id)?.insertion?;
                self.record(None, ledger::Event::Removed { insertion })
            }
            Action::ForgetLater(id) => {
                self.forget_later(id);
                None
            }
            Action::Drop(id) => {
                let asked = self
                    .ports
                    .remove(&id)
                    .is_some_and(|port| port.case.is_some());
                if asked {
                    let _ = self.ask_standing();
                }
                None
            }
            Action::LookAgain => {
                self.look_again();
                None
            }
        }
    }

    /// Sets when what a medium that is out left on the screen leaves it.
    fn forget_later(&mut self, id: LaneId) {
        let pass = matches!(self.state.lanes.get(&id),
            Some(Lane::Leaving { shown }) if shown.verdict() == Verdict::Pass);
        self.open_cases();
        let Some(port) = self.ports.get_mut(&id) else {
            return;
        };
        let stays = match (pass, port.case) {
            (true, _) => PASS_STAYS,
            (false, None) => STOP_STAYS,
            (false, Some(case)) if case.asking().answered.is_none() => ASKED_AFTER_REMOVAL,
            (false, Some(_)) => PASS_STAYS,
        };
        port.forget_at = Instant::now().checked_add(stays);
    }

    fn start_scan(&mut self, id: LaneId) -> Option<Event> {
        let rules = self.rules_state();
        // Others may have taken their place since the insertion was written down.
        let about = self.rules_now();
        if let Some(port) = self.ports.get_mut(&id) {
            port.rules = about;
        }
        let policy = &self.site.policy;
        let installs_rules = self.installs_rules(id);
        let today = self.moment().today().to_string();
        let medium = self.ports.get(&id).and_then(|port| port.admission.medium());
        let waivers = Waivers::in_force(&self.standing.waivers, &today, medium);
        let started = match (self.ports.get_mut(&id), &self.loaded) {
            (Some(port), Some(loaded)) => {
                port.start(loaded, policy, rules, waivers, &self.paths, installs_rules)
            }
            // The rules were taken away since the medium came in.
            (_, _) => Err(std::io::ErrorKind::NotFound.into()),
        };
        let error = started.err()?;
        report(&format!("a scan cannot be started: {error}"));
        let mut examination = decide::Examination::not_started(rules);
        examination.ending = decide::Ending::Failed(Gap::Damaged);
        Some(Event::Scanned {
            lane: id,
            examination,
        })
    }
}
