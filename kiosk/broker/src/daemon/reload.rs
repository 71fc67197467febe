//! Reading the site's decisions again while media are in.

use super::source::Source;
use super::{Daemon, report};
use crate::site::{self, Site};
use crate::step::LaneId;

impl Daemon {
    /// Reads the site's files and rules again; what is malformed leaves the old in force. The
    /// rules follow when they have been tested.
    pub(super) fn reload(&mut self) {
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
        match site::allowlist(&self.paths) {
            Ok(list) => {
                let first = self.allowlist.is_none() && list.is_some();
                self.allowlist = list;
                let lanes: Vec<LaneId> = self.ports.keys().copied().collect();
                self.ask_again(&lanes);
                if first && self.state.takes_media() {
                    // What came while there was none.
                    self.look_again();
                }
            }
            Err(error) => report(&format!("the old list of media stays: {error}")),
        }
        self.load_rules();
        self.changed = true;
    }
}
