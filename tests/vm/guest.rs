//! What a test does with a guest besides plugging things in.

use std::time::Duration;

use serde_json::Value;

use crate::agent::{Done, Running};
use crate::machine::{self, Machine};

/// Longest wait for something in the guest that happens at once unless it never does. The guest
/// is emulated and shares its processor with others.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// A machine with the kiosk, for one test. It is gone when this is dropped.
pub(crate) struct Guest {
    pub(crate) machine: Machine,
}

impl Guest {
    /// A guest in which the kiosk has just become ready, with nothing plugged in. Waits while
    /// as many guests as the host bears are running.
    pub(crate) fn restored() -> Self {
        Self {
            machine: Machine::restored(),
        }
    }

    /// What a shell script writes. Fails the test unless the script ends with 0.
    #[track_caller]
    pub(crate) fn run(&self, script: &str) -> String {
        self.try_run(script).succeeds(script)
    }

    /// Runs a shell script that may fail.
    #[track_caller]
    pub(crate) fn try_run(&self, script: &str) -> Done {
        self.start(script).done()
    }

    /// Starts a shell script. Several can run at once.
    pub(crate) fn start(&self, script: &str) -> Running {
        self.machine.agent.start(script, b"")
    }

    /// Writes a file in the guest, and the folders it is in.
    #[track_caller]
    pub(crate) fn put(&self, path: &str, bytes: &[u8]) {
        let script = format!("mkdir -p \"$(dirname '{path}')\" && cat >'{path}'");
        let done = self.machine.agent.start(&script, bytes).done();
        done.succeeds(&script);
    }

    /// Runs a shell script again and again until it ends with 0, and returns what it wrote.
    #[track_caller]
    pub(crate) fn wait(&self, script: &str, what: &str) -> String {
        let mut last = None;
        let seen = machine::wait_for(SOON, || {
            let done = self.try_run(script);
            if done.status == 0 {
                return Some(done.stdout);
            }
            last = Some(done);
            None
        });
        seen.unwrap_or_else(|| {
            let last = last.map(|done| format!("{}{}", done.stdout, done.stderr));
            panic!(
                "waited {SOON:?} for {what}; {script}: {}",
                last.unwrap_or_default()
            )
        })
    }

    /// Every entry of the ledger in the guest, as `kioskctl log list --json` gives it.
    #[track_caller]
    pub(crate) fn log(&self) -> Vec<Value> {
        let lines = self.run("kioskctl log list --json");
        let lines = lines.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("an entry is JSON"))
            .collect()
    }

    /// What a unit said since the guest booted.
    #[track_caller]
    pub(crate) fn journal(&self, unit: &str) -> String {
        self.run(&format!("journalctl --no-pager -o cat -u '{unit}'"))
    }
}
