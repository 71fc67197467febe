//! Reading the site's decisions again while media are in.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::source::Source;
use super::{Daemon, report};
use crate::paths::Paths;
use crate::site::Site;

/// How often the link to the installed rules is looked at.
const LINK_LOOK: Duration = Duration::from_secs(1);

/// Where the link to the installed rules led when it was looked at.
pub(super) struct InForce {
    target: Option<PathBuf>,
    looked: Instant,
}

impl InForce {
    pub(super) fn look(paths: &Paths) -> Self {
        Self {
            // Without a link the rules that came with the programs are in force.
            target: std::fs::read_link(paths.installed_rules()).ok(),
            looked: Instant::now(),
        }
    }
}

impl Daemon {
    /// Reads the site's files and rules again; what is malformed leaves the old in force. The
    /// rules follow when they have been tested.
    pub(super) fn reload(&mut self) {
        self.reload_policy();
        self.read_lists();
        // The policy may ask for more than it did.
        self.time_moved();
        self.ask_visitors();
        self.load_rules();
        self.changed = true;
    }

    /// Reads the site's policy again; a malformed one leaves the old in force.
    pub(super) fn reload_policy(&mut self) {
        match Site::read(&self.paths) {
            Ok(site) => {
                self.site = site;
                if let Source::Usb(usb) = &mut self.source {
                    let policy = &self.site.policy;
                    usb.disown(&|port, claim| {
                        policy.fixed(port, claim).is_some_and(|fixed| fixed.works)
                    });
                }
            }
            Err(error) => report(&format!("the old policy stays: {error}")),
        }
    }

    /// Reads the rules when another set was put into force, whoever did that: the link to it is
    /// all that changes then.
    pub(super) fn watch_rules(&mut self) {
        if self.in_force.looked.elapsed() < LINK_LOOK {
            return;
        }
        let now = InForce::look(&self.paths);
        let changed = now.target != self.in_force.target;
        self.in_force = now;
        if changed {
            report("other rules were put into force");
            self.load_rules();
        }
    }
}
