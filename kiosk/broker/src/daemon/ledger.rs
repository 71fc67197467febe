//! The ledger's end of the daemon: entries go out, answers come back, and a writer that is lost
//! is looked for.

use std::time::{Duration, Instant};

use wire::ledger::{self, Answer, DiskTrouble};
use wire::standing::Standing;

use super::{Daemon, report};
use crate::recorder::Recorder;
use crate::step::{Event, LaneId};

/// How often a lost ledger is looked for.
const RECONNECT: Duration = Duration::from_secs(1);

/// Longest wait for the ledger's writer to take or answer an entry. A verdict with the most
/// rows took it some ten seconds.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(60);

/// Whose answer is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A lane's, which waits for it.
    Lane(LaneId),
    /// Nobody's: an entry that changes nothing.
    Nobody,
    /// A lane's, for what was done with its medium.
    Case(LaneId),
    /// A lane's, for the request to register its medium.
    Request(LaneId),
    /// Ours, for a medium that comes back: it may not have been lent.
    Return,
    /// Ours: what holds at the moment.
    Standing,
}

impl Owner {
    fn lane(self) -> Option<LaneId> {
        match self {
            Self::Lane(lane) | Self::Case(lane) | Self::Request(lane) => Some(lane),
            Self::Nobody | Self::Return | Self::Standing => None,
        }
    }
}

impl Daemon {
    /// Has an entry sent to the ledger; its answer comes later.
    pub(super) fn record(&mut self, id: Option<LaneId>, event: ledger::Event) -> Option<Event> {
        if self.recorder.is_none() {
            return Some(Event::LedgerLost);
        }
        let owner = id.map_or(Owner::Nobody, Owner::Lane);
        self.unsent.push_back((owner, Some(event)));
        None
    }

    /// Sends what is to be recorded, as much as the writer takes; and gives up a writer that
    /// takes or answers nothing for too long.
    pub(super) fn send_entries(&mut self) {
        let late = |since: &Instant| ANSWER_WAIT_MAX <= since.elapsed();
        if self.due_since.as_ref().is_some_and(late) {
            report("the ledger's writer does not answer");
            return self.lose_ledger();
        }
        while let (Some(recorder), Some((owner, event))) = (&self.recorder, self.unsent.front()) {
            let rows = event
                .as_ref()
                .and_then(ledger::Event::judged)
                .and_then(|_| owner.lane())
                .and_then(|id| self.ports.get(&id))
                .and_then(|port| port.received.as_ref())
                .and_then(|received| received.rows.as_ref());
            let sent = match event {
                Some(event) => recorder.send(event.clone(), rows),
                None => recorder.ask(),
            };
            match sent {
                Ok(()) => {
                    self.due.push_back(*owner);
                    self.unsent.pop_front();
                    self.due_since.get_or_insert_with(Instant::now);
                }
                Err(error) if error.is_busy() => {
                    self.due_since.get_or_insert_with(Instant::now);
                    return;
                }
                Err(error) => {
                    report(&wire::explained(&error));
                    return self.lose_ledger();
                }
            }
        }
    }

    pub(super) fn hear_ledger(&mut self) {
        let Some(recorder) = &self.recorder else {
            return;
        };
        let answer = match recorder.answer() {
            Ok(answer) => answer,
            Err(error) => {
                let why = wire::explained(&error);
                report(&why);
                self.audit.lost(&why, None);
                return self.lose_ledger();
            }
        };
        if !self.greeted {
            // The first answer is to our greeting: the ledger can be written.
            return match answer {
                Answer::Recorded(entry) => {
                    self.greeted = true;
                    self.audit.began(entry);
                    self.due_since = None;
                    let _ = self.ask_standing();
                    self.tell_of_rules();
                    self.happen(Event::LedgerBack);
                }
                Answer::Refused { why, disk } => self.refused(&why, disk),
                Answer::Standing(_) => self.refused("an answer to nothing", None),
            };
        }
        if let Answer::Recorded(entry) = answer {
            self.standing.head = Some(entry);
        }
        let owner = self.due.pop_front().unwrap_or(Owner::Nobody);
        let more = !self.due.is_empty() || !self.unsent.is_empty();
        self.due_since = more.then(Instant::now);
        match (owner, answer) {
            (Owner::Lane(lane), Answer::Recorded(entry)) => {
                self.happen(Event::Recorded { lane, entry });
            }
            (Owner::Nobody | Owner::Return, Answer::Recorded(_)) => {}
            (Owner::Request(lane), Answer::Recorded(_)) => self.request_answered(lane, true),
            (Owner::Request(lane), Answer::Refused { why, .. }) => {
                report(&format!("a request is not recorded: {why}"));
                self.request_answered(lane, false);
            }
            (Owner::Return, Answer::Refused { why, .. }) => Self::return_refused(&why),
            (Owner::Case(lane), Answer::Recorded(_)) => self.case_answered(lane, true),
            // Somebody was faster, with `kioskctl log close`. That is no fault of the ledger's.
            (Owner::Case(lane), Answer::Refused { why, .. }) => {
                report(&format!(
                    "what was done with a medium is not recorded: {why}"
                ));
                self.case_answered(lane, false);
            }
            (Owner::Standing, Answer::Standing(standing)) => {
                self.changed |= self.standing != *standing;
                self.standing = *standing;
                self.take_standing();
            }
            // Without an answer no waiver is in force.
            (Owner::Standing, Answer::Refused { why, .. }) => {
                report(&format!("no waiver is in force: {why}"));
                self.standing = Standing::default();
                self.standing_answers = self.standing_answers.saturating_add(1);
            }
            (Owner::Lane(_) | Owner::Nobody, Answer::Refused { why, disk }) => {
                self.refused(&why, disk);
            }
            (
                Owner::Lane(_) | Owner::Nobody | Owner::Case(_) | Owner::Request(_) | Owner::Return,
                Answer::Standing(_),
            )
            | (Owner::Standing, Answer::Recorded(_)) => self.refused("an answer to nothing", None),
        }
    }

    /// The ledger said what holds: the clock and the lists are compared with it.
    fn take_standing(&mut self) {
        self.standing_answers = self.standing_answers.saturating_add(1);
        let latest = self.standing.latest_utc.as_deref();
        let latest = latest.and_then(|latest| latest.parse().ok());
        if latest.is_some_and(|latest| self.clock.learn(latest)) {
            report("the clock is behind what the ledger has seen; nothing ends later for it");
            self.time_moved();
        }
        self.tell_head();
        self.compare_lists(self.standing_answers);
    }

    fn refused(&mut self, why: &str, disk: Option<DiskTrouble>) {
        report(&format!("the ledger was not written: {why}"));
        self.audit.lost(why, disk);
        self.lose_ledger();
    }

    fn lose_ledger(&mut self) {
        self.recorder = None;
        self.greeted = false;
        self.due.clear();
        self.unsent.clear();
        self.due_since = None;
        self.standing = Standing::default();
        (self.standing_asks, self.standing_answers) = (0, 0);
        self.lists.forget_answers();
        self.happen(Event::LedgerLost);
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
            again: self.audit.has_begun(),
        };
        // The answer is not waited for here: a writer that is starting checks its ledger first.
        let connected = Recorder::connect(&self.paths).and_then(|recorder| {
            recorder.never_wait()?;
            recorder.send(started, None).map(|()| recorder)
        });
        self.recorder = connected.ok();
        self.due_since = self.recorder.is_some().then_some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_has_more_time_than_its_largest_entry_and_less_than_people() {
        // 500,000 rows were written in some ten seconds.
        assert!(Duration::from_secs(30) <= ANSWER_WAIT_MAX);
        assert!(ANSWER_WAIT_MAX <= Duration::from_secs(120));
    }
}
