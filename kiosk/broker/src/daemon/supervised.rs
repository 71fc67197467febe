//! Telling systemd that the kiosk is ready, how it is, and that it is alive.

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

use super::{Daemon, report};
use crate::port::Port;
use crate::step::{Fitness, Service};

/// How often the watchdog is fed: its shortest sensible limit is some seconds.
const FEED_EVERY: Duration = Duration::from_secs(1);

/// What was told last.
pub(super) struct Supervised {
    fed: Option<Instant>,
    status: String,
}

impl Supervised {
    /// Says that the kiosk is ready. Without systemd every word goes nowhere.
    pub(super) fn begin() -> Self {
        tell(&[NotifyState::Ready]);
        Self {
            fed: None,
            status: String::new(),
        }
    }

    /// Called in every round of the loop. The watchdog is fed by a loop that goes round, and
    /// only while every scan that runs was heard of: one that is stuck past its own limits
    /// shows that this daemon does not keep them.
    pub(super) fn alive(&mut self, daemon: &Daemon) {
        let now = Instant::now();
        if self
            .fed
            .is_some_and(|fed| now.saturating_duration_since(fed) < FEED_EVERY)
        {
            return;
        }
        self.fed = Some(now);
        if daemon.ports.values().all(|port| Port::is_kept(port, now)) {
            tell(&[NotifyState::Watchdog]);
        }
        let state = &daemon.state;
        let status = match (state.service, state.fitness) {
            (Service::NoLedger, _) => "out of service: the ledger cannot be written".to_owned(),
            (Service::Ready, Fitness::Untested) => "testing the rules".to_owned(),
            (Service::Ready, Fitness::Failed) => {
                "out of service: the rules failed their self-test".to_owned()
            }
            (Service::Ready, Fitness::Fit) => {
                format!("in service, media in: {}", state.lanes.len())
            }
        };
        if status != self.status {
            tell(&[NotifyState::Status(&status)]);
            self.status = status;
        }
    }
}

fn tell(what: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(what) {
        report(&format!("systemd cannot be told: {error}"));
    }
}
