//! Open cases: asking what was done with media that were stopped, and hearing the answers.

use std::time::{Duration, Instant};

use wire::standing::Mitigation;
use wire::view::{Choice, Input};
use wire::{Verdict, frame, ledger};

use super::{Daemon, report};
use crate::case::Case;
use crate::step::{Lane, LaneId};

/// Most packets taken from one screen in a round: people press keys, programs do not get to.
const CHOICES_AT_ONCE_MAX: usize = 4;

/// How long an answered question stays after the medium was taken out.
const ANSWER_STAYS: Duration = Duration::from_secs(5);

/// How often the ledger is asked what holds: staff close cases and end waivers elsewhere.
const STANDING_PAUSE: Duration = Duration::from_secs(2);

impl Daemon {
    /// Begins to ask about every medium that was stopped and is shown. The next view carries it.
    pub(super) fn open_cases(&mut self) {
        let next = self.sequence.saturating_add(1);
        for (id, port) in &mut self.ports {
            let shown = self.state.lanes.get(id).and_then(Lane::shown);
            let stopped = shown
                .is_some_and(|shown| shown.verdict() == Verdict::Stop && shown.entry().is_some());
            // Without a claim it is no medium at a port, but an image that nobody described.
            let asked = port.insertion.filter(|_| port.identified.claim.is_some());
            if let (true, None, Some(insertion)) = (stopped, port.case, asked) {
                port.case = Some(Case::new(insertion, next));
            }
        }
    }

    /// Takes in what people said at the screens. A screen that says anything else is no screen.
    pub(super) fn hear_screens(&mut self) {
        let mut inputs = Vec::new();
        self.screens.retain(|screen| {
            for _ in 0..CHOICES_AT_ONCE_MAX {
                match screen.receive() {
                    Ok(Some(packet)) => match frame::decode::<Input>(&packet.bytes) {
                        Ok(input) if packet.fds.is_empty() => inputs.push(input),
                        Ok(_) | Err(_) => {
                            report("a screen said what no screen says, and was let go");
                            return false;
                        }
                    },
                    Ok(None) => return false,
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return true,
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(_) => return false,
                }
            }
            true
        });
        for input in inputs {
            self.changed = true;
            match input {
                Input::Case(choice) => self.choose(&choice),
                Input::Code { code } => self.type_code(&code),
                Input::Staff { number, pin } => self.type_pin(&number, pin),
                Input::SignOut => self.sign_out(),
                Input::Exit(is_exit) => self.say_exit(is_exit),
                Input::Request {
                    insertion,
                    sequence,
                } => self.request(insertion, sequence),
            }
        }
    }

    fn choose(&mut self, choice: &Choice) {
        let last = self.sequence;
        let takes = |case: &Case| case.takes(choice, last);
        let mut ports = self.ports.iter_mut();
        let found = ports.find(|(_, port)| port.case.as_ref().is_some_and(takes));
        let Some((id, case)) = found.and_then(|(id, port)| Some((*id, port.case.as_mut()?))) else {
            return;
        };
        case.sent(choice.choice);
        self.record_case(id, choice.insertion, choice.choice);
    }

    fn record_case(&mut self, id: LaneId, insertion: u64, action: Mitigation) {
        let by = self.gate.hear_staff();
        let event = ledger::Event::Mitigated {
            insertion,
            action,
            by: by.unwrap_or_else(|| "kiosk".to_owned()),
        };
        self.unsent
            .push_back((super::ledger::Owner::Case(id), Some(event)));
        let _ = self.ask_standing();
    }

    /// The ledger has taken the answer, or refused it because somebody else was faster.
    pub(super) fn case_answered(&mut self, id: LaneId, recorded: bool) {
        let leaving = matches!(self.state.lanes.get(&id), Some(Lane::Leaving { .. }));
        if let Some(port) = self.ports.get_mut(&id) {
            if let Some(case) = &mut port.case {
                case.answered(recorded);
            }
            if leaving && recorded {
                port.forget_at = Instant::now().checked_add(ANSWER_STAYS);
            }
        }
        self.changed = true;
    }

    /// Asks the ledger what holds, ahead of whatever is recorded next.
    /// Gives which answer on this connection it will be; `None` without a ledger.
    pub(super) fn ask_standing(&mut self) -> Option<u64> {
        self.recorder.is_some().then(|| {
            self.unsent
                .push_back((super::ledger::Owner::Standing, None));
            self.standing_asked = Some(Instant::now());
            self.standing_asks = self.standing_asks.saturating_add(1);
            self.standing_asks
        })
    }

    /// Asks again from time to time.
    pub(super) fn keep_standing(&mut self) {
        let asked = self.standing_asked;
        if self.greeted && asked.is_none_or(|asked| STANDING_PAUSE <= asked.elapsed()) {
            let _ = self.ask_standing();
        }
    }

    /// Open cases that no lane on the screen asks about.
    pub(super) fn other_cases(&self) -> u64 {
        let is_asked = |insertion: &u64| {
            let mut ports = self.ports.values();
            ports.any(|port| port.case.is_some_and(|case| case.insertion == *insertion))
        };
        let asked = self
            .standing
            .cases
            .iter()
            .filter(|one| is_asked(one))
            .count();
        let asked = u64::try_from(asked).unwrap_or(u64::MAX);
        self.standing.open_cases.saturating_sub(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_screen_may_say_in_a_round_is_more_than_a_hand_and_less_than_a_flood() {
        assert!((1..=16).contains(&CHOICES_AT_ONCE_MAX));
    }
}
