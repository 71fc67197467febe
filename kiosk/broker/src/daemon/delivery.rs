//! A bundle of rules that an administrator's medium brought: installed when its scan is over and
//! written down, whatever the verdict is. What decides is the signature, never the medium.

use std::fs::File;
use std::io::{BufReader, Seek};
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use jiff::Timestamp;
use wire::scan::Delivered;
use wire::view::Brought;

use super::{Daemon, report};
use crate::paths::Paths;
use crate::person;
use crate::recorder::Recorder;
use crate::rules::store::{Request, Store};
use crate::step::LaneId;

/// Longest reason on the screen, in bytes: two rows.
const WHY_BYTES_MAX: usize = 140;

/// A bundle that is being installed.
pub(super) type Installing = (LaneId, Receiver<Brought>);

impl Daemon {
    /// Begins to install what the medium in this lane brought, if it brought something. The
    /// scanner that copied it is gone by now.
    pub(super) fn take_delivery(&mut self, id: LaneId) {
        let Some(port) = self.ports.get_mut(&id) else {
            return;
        };
        let received = port.received.as_mut();
        let complete = received.as_ref().is_some_and(|received| {
            matches!(received.examination.ending, decide::Ending::Complete)
        });
        let delivered = received.and_then(|received| received.delivered.take());
        let (Some(file), Some(delivered)) = (port.delivery.take(), delivered) else {
            return;
        };
        if !complete {
            return;
        }
        let medium = port.admission.medium().map(str::to_owned);
        let paths = self.paths.clone();
        let (sender, installing) = channel();
        let work = move || {
            // Nobody listens any more when the medium went; the ledger has what came of it.
            let _ = sender.send(install(file, &delivered, medium, &paths));
        };
        let begun = std::thread::Builder::new().spawn(work);
        port.brought = Some(match begun {
            Ok(_) => {
                self.installing.push((id, installing));
                Brought::Installing
            }
            Err(error) => refused(&error.to_string()),
        });
        self.changed = true;
    }

    /// Called in every round: takes in what came of installations.
    pub(super) fn mind_deliveries(&mut self) {
        let mut over = Vec::new();
        self.installing.retain(|(id, installing)| {
            let brought = match installing.try_recv() {
                Err(TryRecvError::Empty) => return true,
                Ok(brought) => brought,
                Err(TryRecvError::Disconnected) => refused("the installation broke off"),
            };
            over.push((*id, brought));
            false
        });
        for (id, brought) in over {
            self.changed = true;
            if let Brought::Refused { why } = &brought {
                report(&format!("the rules on a medium are not installed: {why}"));
            }
            if let Some(port) = self.ports.get_mut(&id) {
                port.brought = Some(brought);
            }
        }
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
    let (name, _) = wire::MediumName::cut(why.as_bytes());
    let mut why = name.escaped().to_string();
    let mut end = WHY_BYTES_MAX.min(why.len());
    while !why.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    why.truncate(end);
    Brought::Refused { why }
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
