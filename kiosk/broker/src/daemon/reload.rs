//! Reading the site's decisions again while media are in.

use std::sync::mpsc::{Receiver, TryRecvError, channel};

use jiff::Timestamp;

use super::source::Source;
use super::{Daemon, report};
use crate::rules::{self, Loaded};
use crate::site::{self, Site};
use crate::step::{LaneId, Service};

/// What came of reading the rules again.
pub(super) type Loading = Result<Option<Loaded>, rules::RulesError>;

impl Daemon {
    /// Reads the site's files and rules again; what is malformed leaves the old in force. To
    /// compile rules takes as long as it takes, so that is done beside the loop.
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
                if first && self.state.service == Service::Ready {
                    // What came while there was none.
                    self.look_again();
                }
            }
            Err(error) => report(&format!("the old list of media stays: {error}")),
        }
        let (sender, loading) = channel();
        let paths = self.paths.clone();
        let load = move || {
            let folder = rules::folder(None, &paths);
            // Whoever asked may have asked again since, and listens to the newer one.
            let _ = sender.send(rules::load(&folder, &paths, Timestamp::now()));
        };
        match std::thread::Builder::new().spawn(load) {
            Ok(_) => self.loading = Some(loading),
            Err(error) => report(&format!("the old rules stay: {error}")),
        }
        self.changed = true;
    }

    /// Takes rules into force that have been loaded meanwhile.
    pub(super) fn take_rules(&mut self) {
        let loaded = self.loading.as_ref().map(Receiver::try_recv);
        match loaded {
            None | Some(Err(TryRecvError::Empty)) => return,
            Some(Ok(Ok(loaded))) => self.loaded = loaded,
            Some(Ok(Err(error))) => report(&format!("the old rules stay: {error}")),
            Some(Err(TryRecvError::Disconnected)) => report("the old rules stay: nobody read them"),
        }
        self.loading = None;
        self.changed = true;
    }
}
