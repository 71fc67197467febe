//! What the tests ask of the kiosk in a guest: its ledger and its screen.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::guest::{Guest, SOON};
use crate::machine::wait_for;
use crate::media;
use crate::ports::Stick;
use crate::screen::IDLE;

/// What the screen says with each verdict, in English; the giant words are drawings.
pub(crate) const PASSED: &str = "Allowed in";
pub(crate) const STOPPED: &str = "Not allowed in";
pub(crate) const UNFINISHED: &str = "Not allowed in yet";

impl Guest {
    /// Plugs the image in as QEMU's own stick with this serial number.
    #[track_caller]
    pub(crate) fn insert(&self, id: &str, image: &str, serial: &str) {
        let stick = Stick {
            serial: Some(serial),
            ..Stick::default()
        };
        self.plug(id, &media::image(image), &stick);
    }

    /// The ledger's events of this kind, in their order.
    #[track_caller]
    pub(crate) fn events(&self, kind: &str) -> Vec<Value> {
        let entries = self
            .log()
            .into_iter()
            .map(|mut entry| entry["event"].take());
        entries.filter(|event| event["event"] == kind).collect()
    }

    /// Waits until the ledger has so many events of this kind, and returns the last.
    #[track_caller]
    pub(crate) fn wait_event(&self, kind: &str, count: usize) -> Value {
        let seen = wait_for(SOON, || {
            let mut events = self.events(kind);
            (count <= events.len()).then(|| events.remove(count.checked_sub(1).unwrap()))
        });
        seen.unwrap_or_else(|| {
            let screen = self.screen();
            let log = self.run("kioskctl log list");
            let journal = self.journal("kioskd");
            panic!("waited for {kind} {count}:\n{screen}\n{log}\n{journal}")
        })
    }

    /// Waits for the verdict number `count` of the ledger.
    #[track_caller]
    pub(crate) fn wait_verdict(&self, count: usize) -> Verdict {
        Verdict(self.wait_event("judged", count))
    }

    /// Waits until the screen shows these words.
    #[track_caller]
    pub(crate) fn wait_words(&self, words: &str) -> String {
        self.wait_screen(|screen| screen.contains(words), SOON, words)
    }

    /// Waits until the kiosk invites the next person.
    #[track_caller]
    pub(crate) fn wait_idle(&self) {
        self.wait_words(IDLE);
    }

    /// Fails unless the ledger is whole.
    #[track_caller]
    pub(crate) fn verify_ledger(&self) {
        let said = self.run("kioskctl log verify");
        assert!(said.starts_with("verified: "), "{said}");
    }

    /// SHA-256 of a file of the host.
    pub(crate) fn hash(path: &Path) -> String {
        let done = std::process::Command::new("sha256sum").arg(path).output();
        let text = String::from_utf8(done.unwrap().stdout).unwrap();
        text.split(' ').next().unwrap().to_owned()
    }

    /// Lets time pass in the guest while nothing may happen: for what must not come.
    #[track_caller]
    pub(crate) fn idle_for(&self, time: Duration) {
        self.run(&format!("sleep {}", time.as_secs_f32()));
    }
}

/// A `judged` event.
#[derive(Debug)]
pub(crate) struct Verdict(pub(crate) Value);

impl Verdict {
    /// `pass`, `stop` or `incomplete`, and the codes of its reasons.
    pub(crate) fn answer(&self) -> String {
        let reasons = self.0["reasons"].as_array().unwrap().iter();
        let mut words = vec![self.0["verdict"].as_str().unwrap()];
        words.extend(reasons.map(|reason| reason["code"].as_str().unwrap()));
        words.join(" ")
    }

    /// What staff are told.
    pub(crate) fn fault(&self) -> &str {
        self.0["fault"].as_str().unwrap_or_default()
    }
}
