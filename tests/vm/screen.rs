//! The kiosk's screen: kiosk-show runs in tmux in the guest.

use std::time::{Duration, Instant};

use crate::agent::Agent;
use crate::guest::{Guest, SOON};
use crate::machine;

/// What the screen says while it waits for a medium.
pub(crate) const IDLE: &str = "Insert your USB memory";

/// Prints the terminal as text.
const CAPTURE: &str = "tmux -u -S /run/kiosk-show/tmux capture-pane -p";

impl Guest {
    /// What is on the screen now.
    #[track_caller]
    pub(crate) fn screen(&self) -> String {
        // There is none while its program comes back.
        self.try_run(CAPTURE).stdout
    }

    /// Waits until the screen is as wished, and returns it.
    #[track_caller]
    pub(crate) fn wait_screen(
        &self,
        is_it: impl Fn(&str) -> bool,
        most: Duration,
        what: &str,
    ) -> String {
        let mut last = String::new();
        let seen = machine::wait_for(most, || {
            last = self.screen();
            is_it(&last).then(|| last.clone())
        });
        seen.unwrap_or_else(|| panic!("waited {most:?} for {what}; the screen:\n{last}"))
    }

    /// How long after the kernel's first word of a USB device the screen stops saying that it
    /// waits for a medium. `act` plugs something in. Good to about 50 ms, by the guest's clock.
    #[track_caller]
    pub(crate) fn reaction(&self, act: impl FnOnce()) -> Duration {
        let script = format!("kiosk-test-reaction '{IDLE}' {}", SOON.as_secs());
        let running = self.start(&script);
        self.wait("test -e /run/kiosk-test/reaction/armed", "the stopwatch");
        act();
        let times = running.done().succeeds(&script);
        let mut times = times.split_whitespace().map(|word| {
            let seconds: f64 = word.parse().expect("seconds since the boot");
            Duration::from_secs_f64(seconds)
        });
        let (event, change) = (times.next(), times.next());
        let event = event.expect("the kernel spoke of a device");
        // The clock of the second time has only hundredths.
        change.expect("the screen changed").saturating_sub(event)
    }
}

/// Waits until the kiosk in a guest that has just booted invites people.
pub(crate) fn wait_until_ready(agent: &Agent, most: Duration) {
    let run = |script: &str| agent.start(script, b"").done();
    let began = Instant::now();
    let ready = machine::wait_for(most, || {
        let screen = run(CAPTURE).stdout;
        screen.contains(IDLE).then_some(())
    });
    if ready.is_none() {
        let screen = run(CAPTURE).stdout;
        let units = run("systemctl --no-pager --full status 'kiosk*' | tail -n 100").stdout;
        panic!(
            "the kiosk was not ready after {:?}:\n{screen}\n{units}",
            began.elapsed()
        );
    }
}
