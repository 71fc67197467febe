//! Whether clamd works, asked before anybody brings a medium: one that does not takes the kiosk
//! out of service. Each scan asks once more for itself.

use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use decide::RulesState;
use decide::policy::Clamd;
use wire::view::OutOfService;

use super::{Daemon, report};
use crate::clamd::{self, Second};

/// How often clamd is tried out while nothing is wrong, and while something is.
const TRIED_EVERY: Duration = Duration::from_secs(60);
const TRIED_AGAIN_EVERY: Duration = Duration::from_secs(5);

/// What the daemon knows of clamd. By default nothing.
#[derive(Default)]
pub(super) struct Watch {
    /// The policy that it was tried out under, and what came of it.
    known: Option<(Clamd, Second)>,
    trial: Option<(Clamd, Receiver<Second>)>,
    next: Option<Instant>,
}

impl Watch {
    /// Why clamd keeps a kiosk with this policy out of service; `None` when it does not.
    pub(super) fn in_the_way(&self, policy: Option<&Clamd>) -> Option<OutOfService> {
        let policy = policy?;
        match &self.known {
            None => Some(OutOfService::Starting),
            Some((under, second)) if under == policy && second.state == RulesState::Working => None,
            Some(_) => Some(OutOfService::Rules),
        }
    }

    fn is_due(&self, policy: &Clamd, now: Instant) -> bool {
        let other = self.known.as_ref().is_none_or(|(under, _)| under != policy);
        self.trial.is_none() && (other || self.next.is_none_or(|next| next <= now))
    }
}

impl Daemon {
    /// Takes in what came of trying clamd out, and tries it out again when it is time.
    pub(super) fn watch_clamd(&mut self) {
        let now = Instant::now();
        let ended = self.clamd.trial.as_ref().map(|(_, trial)| trial.try_recv());
        match ended {
            None | Some(Err(TryRecvError::Empty)) => {}
            Some(Ok(second)) => self.learn(second, now),
            Some(Err(TryRecvError::Disconnected)) => {
                self.learn(Second::out_of_use("it could not be tried out"), now);
            }
        }
        let Some(policy) = &self.site.policy.clamd else {
            self.clamd = Watch::default();
            return;
        };
        if !self.clamd.is_due(policy, now) {
            return;
        }
        let (sender, trial) = channel();
        let (under, policy) = (policy.clone(), policy.clone());
        let work = move || {
            let checked = clamd::check(&policy);
            // Nobody listens any more when the policy was taken back meanwhile.
            let _ = sender.send(Second::of(&policy, checked.as_ref()));
        };
        // A thread that cannot be had drops its sender, which is learnt in the next round.
        let _ = std::thread::Builder::new().spawn(work);
        self.clamd.trial = Some((under, trial));
    }

    fn learn(&mut self, second: Second, now: Instant) {
        let Some((under, _)) = self.clamd.trial.take() else {
            return;
        };
        let before = self.clamd.known.replace((under, second));
        let Some((_, second)) = &self.clamd.known else {
            return;
        };
        if before.as_ref().map(|(_, before)| before) != Some(second) {
            self.changed = true;
            match (&second.fault, second.state) {
                (Some(fault), _) => report(fault),
                (None, RulesState::Working) => report("clamd works"),
                (None, RulesState::Stale | RulesState::Missing | RulesState::SelfTestFailed) => {
                    report("clamd's database is too old, or does not say how old it is");
                }
            }
        }
        let every = if second.state == RulesState::Working {
            TRIED_EVERY
        } else {
            TRIED_AGAIN_EVERY
        };
        self.clamd.next = now.checked_add(every);
    }
}

#[cfg(test)]
mod tests {
    use wire::Tier;

    use super::*;
    use crate::clamd::CHECK_WAIT_MAX;

    fn policy(socket: &str) -> Clamd {
        Clamd {
            socket: socket.to_owned(),
            conf: "/nowhere".to_owned(),
            timeout_seconds: 1,
            members: true,
            age_days_max: None,
            pua: Tier::Block,
        }
    }

    #[test]
    fn only_a_clamd_that_was_seen_to_work_under_this_policy_is_not_in_the_way() {
        let mut watch = Watch::default();
        let (one, other) = (policy("/one"), policy("/other"));
        assert_eq!(watch.in_the_way(None), None);
        assert_eq!(watch.in_the_way(Some(&one)), Some(OutOfService::Starting));
        for state in [
            RulesState::Working,
            RulesState::Stale,
            RulesState::Missing,
            RulesState::SelfTestFailed,
        ] {
            let second = Second {
                engine: None,
                state,
                fault: None,
            };
            watch.known = Some((one.clone(), second));
            let works = state == RulesState::Working;
            let rules = Some(OutOfService::Rules);
            let out = watch.in_the_way(Some(&one));
            assert_eq!(out, rules.filter(|_| !works), "{state:?}");
            assert_eq!(watch.in_the_way(Some(&other)), rules);
            assert_eq!(watch.in_the_way(None), None);
        }
        assert!(watch.is_due(&other, Instant::now()));
        // The next trial is later than the longest, so that they never pile up.
        assert!(CHECK_WAIT_MAX < TRIED_EVERY);
    }
}
