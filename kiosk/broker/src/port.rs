//! One lane's hands: the descriptor, the scanner and what it has reported so far.

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use decide::{Admission, Examination, Judgement, RulesState};
use jiff::Timestamp;
use wire::Gap;
use wire::ledger::{Event, Judged, Rules};
use wire::scan::{Limits, Order, TargetKind};
use wire::view::Stage;

use crate::identify::Identified;
use crate::reception::{Received, Reception};
use crate::rules::Loaded;
use crate::scanner::{self, SILENCE_MAX, Scanner};

/// News taken in at one go, so that one chatty scan cannot starve the others.
const NEWS_AT_ONCE: usize = 256;

/// What belongs to one insertion.
pub(crate) struct Port {
    /// Its name in the bay.
    pub(crate) name: OsString,
    pub(crate) identified: Identified,
    pub(crate) admission: Admission,
    /// The rules it is scanned with.
    pub(crate) rules: Option<Rules>,
    /// The insertion's entry, once it has one.
    pub(crate) insertion: Option<u64>,
    /// What the scan established, once it is over.
    pub(crate) received: Option<Received>,
    /// When its verdict leaves the screen.
    pub(crate) forget_at: Option<Instant>,
    began: Timestamp,
    scan: Option<Scan>,
}

struct Scan {
    scanner: Option<Scanner>,
    reception: Reception,
    rules_state: RulesState,
    began: Instant,
    heard: Instant,
    ends: Instant,
}

impl Port {
    pub(crate) fn new(name: OsString, identified: Identified, admission: Admission) -> Self {
        Self {
            name,
            identified,
            admission,
            rules: None,
            insertion: None,
            received: None,
            forget_at: None,
            began: Timestamp::now(),
            scan: None,
        }
    }

    /// Starts the scan. What fails here ends it at once, with the reason.
    ///
    /// # Errors
    /// When the kernel gives no memory file for the rows: then there is nothing to end either.
    pub(crate) fn start(
        &mut self,
        loaded: &Loaded,
        limits: &Limits,
        rules_state: RulesState,
        spool: &Path,
    ) -> std::io::Result<()> {
        let now = Instant::now();
        let mut reception = Reception::new()?;
        let order = Order {
            target: TargetKind::Image,
            size_bytes: self.identified.target.size_bytes,
            limits: limits.clone(),
            workers: scanner::workers(),
        };
        let medium = Some(self.identified.file.as_fd());
        let scanner = match Scanner::start(&order, loaded.compiled.as_fd(), medium, None, spool) {
            Ok(scanner) => Some(scanner),
            Err(error) => {
                reception.fail(Gap::Damaged, &wire::explained(&error));
                None
            }
        };
        // The scanner keeps its own time; a scanner that does not is given up a little later.
        let ends = Duration::from_secs(limits.scan_seconds_max).saturating_add(SILENCE_MAX);
        let ends = now.checked_add(ends).unwrap_or(now);
        self.scan = Some(Scan {
            scanner,
            reception,
            rules_state,
            began: now,
            heard: now,
            ends,
        });
        Ok(())
    }

    /// The scanner to listen to.
    pub(crate) fn scanner(&self) -> Option<&Scanner> {
        self.scan.as_ref()?.scanner.as_ref()
    }

    /// Takes in what the scanner says, as long as it says something.
    pub(crate) fn hear(&mut self) {
        let Some(scan) = &mut self.scan else { return };
        let Some(scanner) = &scan.scanner else { return };
        for _ in 0..NEWS_AT_ONCE {
            if scan.reception.is_over() {
                return;
            }
            match scanner.wait(false, Duration::ZERO) {
                Ok(ready) if !ready.news => return,
                Ok(_) => {}
                Err(error) => return scan.reception.fail(Gap::Damaged, &wire::explained(&error)),
            }
            scan.heard = Instant::now();
            drop(scanner.hear(&mut scan.reception));
        }
    }

    /// Ends the scan for a reason of ours.
    pub(crate) fn end(&mut self, gap: Gap, why: &str) {
        if let Some(scan) = &mut self.scan {
            scan.reception.fail(gap, why);
        }
    }

    /// Gives up a scanner that is silent or late. Then gives what the scan established, once,
    /// when it is over.
    pub(crate) fn finished(&mut self, now: Instant) -> Option<Examination> {
        let scan = self.scan.as_mut()?;
        if SILENCE_MAX < now.saturating_duration_since(scan.heard) {
            scan.reception.fail(Gap::Timeout, "kiosk-scan fell silent");
        }
        if scan.ends <= now {
            scan.reception
                .fail(Gap::Timeout, "kiosk-scan did not keep its time");
        }
        if !scan.reception.is_over() {
            return None;
        }
        let Scan {
            scanner,
            mut reception,
            rules_state,
            ..
        } = self.scan.take()?;
        drop(scanner);
        if self.identified.has_changed() {
            reception.changed();
        }
        let received = reception.finish(rules_state);
        let examination = received.examination.clone();
        self.received = Some(received);
        Some(examination)
    }

    /// The entry that says what came of it.
    pub(crate) fn judged(&self, judgement: &Judgement) -> Event {
        let received = self.received.as_ref();
        Event::Judged(Box::new(Judged {
            insertion: self.insertion.unwrap_or(0),
            verdict: judgement.verdict(),
            reasons: judgement.reasons().to_vec(),
            medium: self.admission.medium().map(str::to_owned),
            target: self.identified.target.clone(),
            rules: self.rules.clone(),
            volumes: received
                .map(|received| received.volumes.clone())
                .unwrap_or_default(),
            totals: received.and_then(|received| received.totals),
            started: format!("{:.3}", self.began),
            finished: format!("{:.3}", Timestamp::now()),
            fault: received
                .and_then(|received| received.fault.clone())
                .or_else(|| {
                    self.admission
                        .refusal()
                        .map(|refusal| refusal.detail.clone())
                }),
        }))
    }

    /// What the screen shows of a running scan.
    pub(crate) fn scanning(&self) -> Stage {
        match &self.scan {
            None => Stage::Checking,
            Some(scan) => Stage::Scanning {
                progress: scan.reception.progress().clone(),
                elapsed_seconds: scan.began.elapsed().as_secs(),
            },
        }
    }
}
