//! One lane's hands: the descriptor, the scanner and what it has reported so far.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use decide::{Admission, Examination, Judgement, Policy, Refusal, RulesState};
use jiff::Timestamp;
use wire::custody::{Occasion, VisitName, Way};
use wire::ledger::{Event, Judged, Rules};
use wire::view::{Brought, Stage};
use wire::waiver::Waivers;
use wire::{Digest, Gap};

use crate::case::Case;
use crate::clamd::Second;
use crate::daemon::Offer;
use crate::errand::Errand;
use crate::identify::{Identified, Since};
use crate::paths::Paths;
use crate::reception::{Received, Reception};
use crate::rules::Loaded;
use crate::scanner::{self, Means, SILENCE_MAX, Scanner, Scope};
use crate::usb::sysfs::DeviceKey;

/// News taken in at one go, so that one chatty scan cannot starve the others.
const NEWS_AT_ONCE: usize = 256;

/// What belongs to one insertion.
pub(crate) struct Port {
    /// Where it is.
    pub(crate) slot: Slot,
    pub(crate) identified: Identified,
    pub(crate) admission: Admission,
    /// The rules it is scanned with.
    pub(crate) rules: Option<Rules>,
    /// The insertion's entry, once it has one.
    pub(crate) insertion: Option<u64>,
    /// What the scan established, once it is over.
    pub(crate) received: Option<Received>,
    /// The file for a bundle of rules, when this medium may bring one.
    pub(crate) delivery: Option<File>,
    /// What became of it.
    pub(crate) brought: Option<Brought>,
    /// Why it could not be read, for staff.
    pub(crate) fault: Option<String>,
    /// When its verdict leaves the screen.
    pub(crate) forget_at: Option<Instant>,
    /// The question what was done with it, once it is asked.
    pub(crate) case: Option<Case>,
    /// The offer to request its registration, once it is made.
    pub(crate) offer: Option<Offer>,
    /// The visit it comes with.
    pub(crate) visit: Option<VisitName>,
    /// Which way it goes.
    pub(crate) way: Way,
    /// Where it is to be put, once it has passed on its way out.
    pub(crate) put_back: Option<String>,
    /// Whether it waits for the code of a visit.
    pub(crate) awaits_visit: bool,
    /// Whether an administrator waits for it, to register it.
    pub(crate) enrols: bool,
    /// When it was noticed.
    pub(crate) noticed: Instant,
    began: Timestamp,
    scan: Option<Scan>,
}

/// Where a medium is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// An image of this name in the virtual bay.
    Image(OsString),
    /// A USB device, and the medium in it by the kernel's sequence once it has shown one.
    Usb(DeviceKey, Option<u64>),
}

struct Scan {
    scanner: Option<Scanner>,
    reception: Reception,
    rules_state: RulesState,
    began: Instant,
    heard: Instant,
    ends: Instant,
    /// The last look at what was scanned.
    look_back: Option<std::io::Result<Errand<Since>>>,
}

impl Scan {
    /// What a last look at the medium has against a scan that came to its end: what it
    /// established is about what is still there, or about nothing. `None` until that is known.
    fn objection(
        &mut self,
        identified: &Identified,
        now: Instant,
    ) -> Option<Option<(Gap, &'static str)>> {
        if !self.reception.is_complete() {
            return Some(None);
        }
        let look = self
            .look_back
            .get_or_insert_with(|| identified.look_back(now));
        let since = match look {
            Ok(errand) => errand.result(now)?,
            Err(_) => Ok(Since::Changed),
        };
        Some(match since {
            Ok(Since::Same) => None,
            Ok(Since::Changed) => Some((Gap::Changed, "the medium changed during the scan")),
            Ok(Since::Gone) => Some((Gap::Removed, "the medium was gone after the scan")),
            Err(_) => Some((Gap::Timeout, "the device did not answer after the scan")),
        })
    }
}

impl Port {
    pub(crate) fn new(slot: Slot, identified: Identified, admission: Admission) -> Self {
        Self {
            slot,
            identified,
            admission,
            rules: None,
            insertion: None,
            received: None,
            delivery: None,
            brought: None,
            fault: None,
            forget_at: None,
            case: None,
            offer: None,
            visit: None,
            way: Way::In,
            put_back: None,
            awaits_visit: false,
            enrols: false,
            noticed: Instant::now(),
            began: Timestamp::now(),
            scan: None,
        }
    }

    /// Takes over what was said when the device of this medium was noticed.
    pub(crate) fn follow(&mut self, noticed: &Self) {
        self.visit.clone_from(&noticed.visit);
        self.way = noticed.way;
        self.enrols = noticed.enrols;
    }

    /// On which occasion it is here, when there is anything to say of it.
    pub(crate) fn occasion(&self, is_weak: bool) -> Option<Box<Occasion>> {
        let is_usual = self.visit.is_none() && self.way == Way::In && !is_weak && !self.enrols;
        (!is_usual).then(|| {
            Box::new(Occasion {
                visit: self.visit.clone(),
                way: self.way,
                is_weak,
                is_enrolment: self.enrols,
            })
        })
    }

    /// Starts the scan. What fails here ends it at once, with the reason. A medium that
    /// `installs_rules` may bring a bundle of them.
    ///
    /// # Errors
    /// When the kernel gives no memory file for the rows: then there is nothing to end either.
    pub(crate) fn start(
        &mut self,
        loaded: &Loaded,
        policy: &Policy,
        rules_state: RulesState,
        waivers: Waivers,
        paths: &Paths,
        installs_rules: bool,
    ) -> std::io::Result<()> {
        let now = Instant::now();
        let opened = self.identified.opened.as_ref();
        let opened = opened.ok_or(std::io::ErrorKind::NotFound)?;
        let mut reception = Reception::new(self.identified.target.size_bytes)?;
        let delivery = if installs_rules {
            reception.await_delivery();
            Some(scanner::unlinked(&paths.spool()).map_err(std::io::Error::other)?)
        } else {
            None
        };
        reception.excuse(waivers);
        let scope = Scope {
            target: self.identified.target.kind,
            size_bytes: self.identified.target.size_bytes,
            limits: policy.limits.clone(),
            spare: policy.spare(self.identified.target.size_bytes),
            workers: scanner::workers(),
        };
        let with = Means {
            rules: loaded.compiled.as_fd(),
            lists: &loaded.lists,
            medium: Some(opened.file()?),
            read_back: opened.read_back(),
            delivery: delivery.as_ref().map(AsFd::as_fd),
            spool: &paths.spool(),
            paths,
            clamd: policy.clamd.as_ref(),
        };
        let scanner = match Scanner::start(&scope, &with) {
            Ok(scanner) => Some(scanner),
            Err(error) => {
                reception.fail(Gap::Damaged, &wire::explained(&error));
                None
            }
        };
        // The scanner keeps its own time; a scanner that does not is given up a little later.
        let ends = Duration::from_secs(policy.limits.scan_seconds_max).saturating_add(SILENCE_MAX);
        let ends = now.checked_add(ends).unwrap_or(now);
        self.scan = Some(Scan {
            scanner,
            reception,
            rules_state,
            began: now,
            heard: now,
            ends,
            look_back: None,
        });
        self.delivery = delivery;
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

    /// Ends the scan for a reason of ours, which holds also when it has just come to its own
    /// end.
    pub(crate) fn end(&mut self, gap: Gap, why: &str) {
        if let Some(scan) = &mut self.scan {
            scan.reception.overrule(gap, why);
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
        if let Some((gap, why)) = scan.objection(&self.identified, now)? {
            scan.reception.overrule(gap, why);
        }
        let second = match &scan.scanner {
            Some(scanner) => scanner.second(&mut scan.reception, now)?,
            None => None,
        };
        let Scan {
            scanner,
            reception,
            mut rules_state,
            ..
        } = self.scan.take()?;
        drop(scanner);
        if let Some(Second {
            engine,
            state,
            fault,
        }) = second
        {
            rules_state = rules_state.worse(state);
            self.fault = self.fault.take().or(fault);
            if let Some(rules) = &mut self.rules {
                rules.engines.extend(engine);
            }
        }
        // It is not read any more: whoever wants to take a disc out of its drive can.
        self.identified.opened = None;
        let received = reception.finish(rules_state);
        let examination = received.examination.clone();
        self.received = Some(received);
        Some(examination)
    }

    /// Whether a scan that runs is within the limits that end it. It always is, unless nobody
    /// looks at them any more.
    pub(crate) fn is_kept(&self, now: Instant) -> bool {
        let limit = SILENCE_MAX.saturating_mul(2);
        let kept = |scan: &Scan| {
            scan.reception.is_over() || now.saturating_duration_since(scan.heard) < limit
        };
        self.scan.as_ref().is_none_or(kept)
    }

    /// The entry that says what came of it, by the policy with this digest.
    pub(crate) fn judged(&self, judgement: &Judgement, policy_sha256: Option<Digest>) -> Event {
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
            waivers: received
                .map(|received| received.examination.waivers.iter().copied().collect())
                .unwrap_or_default(),
            policy_sha256,
            refused: self
                .admission
                .refusal()
                .map(|refusal| Box::new(refusal.told())),
            fault: self
                .admission
                .refusal()
                .map(explained)
                .or_else(|| received.and_then(|received| received.fault.clone()))
                .or_else(|| self.fault.clone()),
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

/// A refusal with the entry of the list that decided.
fn explained(refusal: &Refusal) -> String {
    match &refusal.entry {
        Some(entry) => format!("{entry}: {}", refusal.detail),
        None => refusal.detail.clone(),
    }
}
