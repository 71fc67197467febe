//! A bundle of rules that an administrator's medium brought: installed when its scan is over and
//! written down, whatever the verdict is. What decides is the signature, never the medium.

use std::fs::File;
use std::io::{BufReader, Seek};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use decide::RulesState;
use jiff::Timestamp;
use wire::scan::{Delivered, Limits, Spare, TargetKind};
use wire::view::Brought;

use super::{Daemon, report};
use crate::paths::Paths;
use crate::person;
use crate::reception::Reception;
use crate::recorder::Recorder;
use crate::rules::store::{Request, Store};
use crate::scanner::{self, Means, SILENCE_MAX, Scanner, Scope};
use crate::step::LaneId;

/// Longest reason on the screen, in bytes: two rows.
const WHY_BYTES_MAX: usize = 140;

/// A bundle that is being installed.
pub(super) type Installing = (LaneId, Receiver<Option<Brought>>);

impl Daemon {
    /// Begins to install what the medium in this lane brought, if it brought something. The
    /// scanner that copied it is gone by now.
    pub(super) fn take_delivery(&mut self, id: LaneId) {
        let installs_rules = self.installs_rules(id);
        let Some(port) = self.ports.get_mut(&id) else {
            return;
        };
        if installs_rules && port.received.is_none() {
            return self.fetch_delivery(id);
        }
        let received = port.received.as_mut();
        let delivered = received.and_then(|received| received.delivered.take());
        let (Some(file), Some(delivered)) = (port.delivery.take(), delivered) else {
            return;
        };
        let medium = port.admission.medium().map(str::to_owned);
        let paths = self.paths.clone();
        self.begin(id, move || Some(install(file, &delivered, medium, &paths)));
    }

    /// The medium was not scanned, because the rules in force may not judge anything: too old, or
    /// failed. It is read for the bundle on it alone, which is what mends that.
    fn fetch_delivery(&mut self, id: LaneId) {
        let paths = self.paths.clone();
        let limits = self.site.policy.limits.clone();
        let compiled = self.loaded.as_ref().map(|rules| rules.compiled.try_clone());
        let Some(port) = self.ports.get(&id) else {
            return;
        };
        let (Some(Ok(compiled)), Some(opened)) = (compiled, &port.identified.opened) else {
            return;
        };
        let own = |file: BorrowedFd<'_>| file.try_clone_to_owned().ok();
        let fetch = Fetch {
            target: port.identified.target.kind,
            size_bytes: port.identified.target.size_bytes,
            limits,
            compiled,
            medium: opened.file().ok().and_then(own),
            read_back: opened.read_back().and_then(own),
        };
        let medium = port.admission.medium().map(str::to_owned);
        self.begin(id, move || match fetch.run(&paths) {
            Ok(Some((file, delivered))) => Some(install(file, &delivered, medium, &paths)),
            Ok(None) => None,
            Err(error) => Some(refused(&wire::explained(&*error))),
        });
    }

    /// Whether the medium in this lane is one that brings rules.
    pub(super) fn installs_rules(&self, id: LaneId) -> bool {
        let port = self.ports.get(&id);
        let id = port.and_then(|port| port.admission.medium());
        let listed = self.allowlist.as_ref().zip(id);
        let medium = listed.and_then(|(list, id)| list.find(id));
        medium.is_some_and(|medium| medium.installs_rules)
    }

    fn begin(&mut self, id: LaneId, work: impl FnOnce() -> Option<Brought> + Send + 'static) {
        let (sender, installing) = channel();
        let work = move || {
            // Nobody listens any more when the medium went; the ledger has what came of it.
            let _ = sender.send(work());
        };
        let begun = std::thread::Builder::new().spawn(work);
        let brought = match begun {
            Ok(_) => {
                self.installing.push((id, installing));
                Brought::Installing
            }
            Err(error) => refused(&error.to_string()),
        };
        if let Some(port) = self.ports.get_mut(&id) {
            port.brought = Some(brought);
        }
        self.changed = true;
    }

    /// Called in every round: takes in what came of installations.
    pub(super) fn mind_deliveries(&mut self) {
        let mut over = Vec::new();
        self.installing.retain(|(id, installing)| {
            let brought = match installing.try_recv() {
                Err(TryRecvError::Empty) => return true,
                Ok(brought) => brought,
                Err(TryRecvError::Disconnected) => Some(refused("the installation broke off")),
            };
            over.push((*id, brought));
            false
        });
        for (id, brought) in over {
            self.changed = true;
            if let Some(Brought::Refused { why }) = &brought {
                report(&format!("the rules on a medium are not installed: {why}"));
            }
            if let Some(port) = self.ports.get_mut(&id) {
                port.brought = brought;
            }
        }
    }
}

/// A scan for the bundle alone: what it finds is not judged, and nobody is shown it.
struct Fetch {
    target: TargetKind,
    size_bytes: u64,
    limits: Limits,
    compiled: OwnedFd,
    medium: Option<OwnedFd>,
    read_back: Option<OwnedFd>,
}

impl Fetch {
    /// The bundle; `None` when there is none.
    fn run(&self, paths: &Paths) -> Result<Option<(File, Delivered)>, Box<dyn std::error::Error>> {
        let spool = paths.spool();
        let file = scanner::unlinked(&spool)?;
        let scope = Scope {
            target: self.target,
            size_bytes: self.size_bytes,
            limits: self.limits.clone(),
            spare: Spare {
                unallocated: false,
                deleted: false,
            },
            workers: scanner::workers(),
        };
        let with = Means {
            rules: self.compiled.as_fd(),
            lists: &[],
            medium: self.medium.as_ref().map(AsFd::as_fd),
            read_back: self.read_back.as_ref().map(AsFd::as_fd),
            delivery: Some(file.as_fd()),
            spool: &spool,
            paths,
            clamd: None,
        };
        let scanner = Scanner::start(&scope, &with)?;
        let mut reception = Reception::new(self.size_bytes)?;
        reception.await_delivery();
        let longest = Duration::from_secs(self.limits.scan_seconds_max).saturating_add(SILENCE_MAX);
        let late = (longest, "kiosk-scan did not keep its time");
        scanner.hear_out(&mut reception, late, &mut drop)?;
        // It must be gone before what it copied is read.
        drop(scanner);
        let received = reception.finish(RulesState::Stale);
        Ok(received.delivered.map(|said| (file, said)))
    }
}

/// What came of it. The ledger has an entry of its own, with the whole reason.
fn install(
    mut file: File,
    delivered: &Delivered,
    medium: Option<String>,
    paths: &Paths,
) -> Brought {
    if 0 < delivered.others {
        return refused("there are several bundles on the medium; leave one");
    }
    let length = file.metadata().map(|about| about.len());
    if length.ok() != Some(delivered.size_bytes) || file.rewind().is_err() {
        return refused("the bundle was not copied whole");
    }
    let request = Request {
        by: wire::rule_change::Person {
            medium,
            ..person::here()
        },
        file: delivered.path.clone(),
        now: Timestamp::now(),
        replace: false,
    };
    let recorder = match Recorder::connect(paths) {
        Ok(recorder) => recorder,
        Err(error) => return refused(&wire::explained(&error)),
    };
    let installed = Store::open(paths).and_then(|mut store| {
        let mut book = |event| recorder.append(event, None);
        store.install(BufReader::new(file), &request, &mut book)
    });
    match installed {
        Ok(set) => Brought::Installed {
            bundle: set.bundle,
            version: set.version,
        },
        Err(error) => refused(&wire::explained(&error)),
    }
}

fn refused(why: &str) -> Brought {
    Brought::Refused {
        why: wire::name::line_within(why, WHY_BYTES_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_on_the_screen_is_one_short_line_with_nothing_hidden() {
        let Brought::Refused { why } = refused(&"長い\u{202e}\n".repeat(WHY_BYTES_MAX)) else {
            panic!("not refused")
        };
        assert!(why.len() <= WHY_BYTES_MAX, "{}", why.len());
        assert!(!why.chars().any(wire::name::is_hidden), "{why}");
    }
}
