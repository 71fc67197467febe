//! Taking the actions of the step: records, scans, and what is let go.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use wire::{Gap, Verdict, ledger};

use super::{Daemon, report};
use crate::recorder::Recorder;
use crate::step::{Action, Event, Lane, LaneId, step};

/// How often a lost ledger is looked for.
const RECONNECT: Duration = Duration::from_secs(1);

/// How long a PASS, and everything else, stays after the medium was taken out.
const PASS_STAYS: Duration = Duration::from_secs(5);
const STOP_STAYS: Duration = Duration::from_secs(30);

impl Daemon {
    /// Feeds one event to the step and takes its actions, and those of what they cause.
    pub(super) fn happen(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            if let Event::Recorded { lane, entry } = &event
                && let Some(port) = self.ports.get_mut(lane)
            {
                port.insertion.get_or_insert(entry.number);
            }
            let state = std::mem::take(&mut self.state);
            let (state, actions) = step(state, event);
            self.state = state;
            self.changed = true;
            for action in actions {
                events.extend(self.take(action));
            }
        }
    }

    pub(super) fn take(&mut self, action: Action) -> Option<Event> {
        match action {
            Action::RecordInsertion(id) => {
                let rules = self.rules_now();
                let port = self.ports.get_mut(&id)?;
                port.rules.clone_from(&rules);
                let event = ledger::Event::Inserted {
                    target: port.identified.target.clone(),
                    claim: port.identified.claim.clone().map(Box::new),
                    medium: port.admission.medium().map(str::to_owned),
                    rules,
                };
                self.record(Some(id), event)
            }
            Action::StartScan(id) => {
                let rules = self.site.policy.rules_state(self.rules_now().as_ref());
                let limits = &self.site.policy.limits;
                let started = match (self.ports.get_mut(&id), &self.loaded) {
                    (Some(port), Some(loaded)) => port.start(loaded, limits, rules, &self.paths),
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
            Action::EndScan(id, gap) => {
                self.ports
                    .get_mut(&id)?
                    .end(gap, "the medium was taken out");
                None
            }
            Action::RecordVerdict(id, judgement) => {
                let event = self.ports.get(&id)?.judged(&judgement);
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
                let pass = matches!(self.state.lanes.get(&id),
                    Some(Lane::Leaving { shown }) if shown.verdict() == Verdict::Pass);
                let stays = if pass { PASS_STAYS } else { STOP_STAYS };
                self.ports.get_mut(&id)?.forget_at = Instant::now().checked_add(stays);
                None
            }
            Action::Drop(id) => {
                self.ports.remove(&id);
                None
            }
            Action::LookAgain => {
                self.look_again();
                None
            }
        }
    }

    /// Sends an entry to the ledger; its answer comes later.
    fn record(&mut self, id: Option<LaneId>, event: ledger::Event) -> Option<Event> {
        let rows = match &event {
            ledger::Event::Judged(_) => id
                .and_then(|id| self.ports.get(&id))
                .and_then(|port| port.received.as_ref())
                .and_then(|received| received.rows.as_ref()),
            ledger::Event::Started { .. }
            | ledger::Event::Inserted { .. }
            | ledger::Event::Withdrawn { .. }
            | ledger::Event::Removed { .. }
            | ledger::Event::Interrupted { .. } => None,
        };
        let sent = self
            .recorder
            .as_ref()
            .map(|recorder| recorder.send(event, rows));
        match sent {
            Some(Ok(())) => {
                self.due.push_back(id);
                None
            }
            Some(Err(error)) => {
                report(&wire::explained(&error));
                self.lose_ledger();
                Some(Event::LedgerLost)
            }
            None => Some(Event::LedgerLost),
        }
    }

    pub(super) fn hear_ledger(&mut self) {
        let Some(recorder) = &self.recorder else {
            return;
        };
        match recorder.receive() {
            // The first answer is to our greeting: the ledger can be written.
            Ok(_) if !self.greeted => {
                self.greeted = true;
                self.happen(Event::LedgerBack);
            }
            Ok(entry) => {
                if let Some(Some(lane)) = self.due.pop_front() {
                    self.happen(Event::Recorded { lane, entry });
                }
            }
            Err(error) => {
                report(&wire::explained(&error));
                self.lose_ledger();
                self.happen(Event::LedgerLost);
            }
        }
    }

    fn lose_ledger(&mut self) {
        self.recorder = None;
        self.greeted = false;
        self.due.clear();
    }

    /// Looks for the ledger's writer until it is there.
    pub(super) fn connect(&mut self) {
        let now = Instant::now();
        let soon = self
            .tried
            .is_some_and(|tried| now.saturating_duration_since(tried) < RECONNECT);
        if self.recorder.is_some() || soon {
            return;
        }
        self.tried = Some(now);
        let started = ledger::Event::Started {
            kiosk: env!("CARGO_PKG_VERSION").to_owned(),
            rules: self.rules_now(),
        };
        // The answer is not waited for here: a writer that is starting checks its ledger first.
        let connected = Recorder::connect(&self.paths).and_then(|recorder| {
            recorder.never_wait()?;
            recorder.send(started, None).map(|()| recorder)
        });
        self.recorder = connected.ok();
        self.greeted = false;
    }
}
