//! The ledger's end of the daemon: entries go out, answers come back, and a writer that is lost
//! is looked for.

use std::time::{Duration, Instant};

use wire::ledger;

use super::{Daemon, report};
use crate::recorder::Recorder;
use crate::step::{Event, LaneId};

/// How often a lost ledger is looked for.
const RECONNECT: Duration = Duration::from_secs(1);

/// Longest wait for the ledger's writer to take or answer an entry. A verdict with the most
/// rows took it some ten seconds.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(60);

impl Daemon {
    /// Has an entry sent to the ledger; its answer comes later.
    pub(super) fn record(&mut self, id: Option<LaneId>, event: ledger::Event) -> Option<Event> {
        if self.recorder.is_none() {
            return Some(Event::LedgerLost);
        }
        self.unsent.push_back((id, event));
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
        while let (Some(recorder), Some((id, event))) = (&self.recorder, self.unsent.front()) {
            let rows = match event {
                ledger::Event::Judged(_) => id
                    .and_then(|id| self.ports.get(&id))
                    .and_then(|port| port.received.as_ref())
                    .and_then(|received| received.rows.as_ref()),
                ledger::Event::Started { .. }
                | ledger::Event::Inserted { .. }
                | ledger::Event::Withdrawn { .. }
                | ledger::Event::Removed { .. }
                | ledger::Event::Interrupted { .. }
                | ledger::Event::SelfTested(_)
                | ledger::Event::RulesInstalled(_)
                | ledger::Event::RulesRolledBack(_)
                | ledger::Event::RulesRefused(_) => None,
            };
            match recorder.send(event.clone(), rows) {
                Ok(()) => {
                    self.due.push_back(*id);
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
        match recorder.receive() {
            // The first answer is to our greeting: the ledger can be written.
            Ok(_) if !self.greeted => {
                self.greeted = true;
                self.due_since = None;
                self.tell_of_rules();
                self.happen(Event::LedgerBack);
            }
            Ok(entry) => {
                let lane = self.due.pop_front().flatten();
                let more = !self.due.is_empty() || !self.unsent.is_empty();
                self.due_since = more.then(Instant::now);
                if let Some(lane) = lane {
                    self.happen(Event::Recorded { lane, entry });
                }
            }
            Err(error) => {
                report(&wire::explained(&error));
                self.lose_ledger();
            }
        }
    }

    fn lose_ledger(&mut self) {
        self.recorder = None;
        self.greeted = false;
        self.due.clear();
        self.unsent.clear();
        self.due_since = None;
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
