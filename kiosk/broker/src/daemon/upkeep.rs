//! Minding the rules: loaded, tested, and tested again, all beside the loop.
//!
//! Rules go live only when their canaries were found, and stay so only while they are: they are
//! tested at the start, before others take their place, after so many scans, and every day.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use decide::RulesState;
use decide::policy::Freshness;
use jiff::Timestamp;
use jiff::civil::Date;
use wire::ledger::{self, Rules};
use wire::view::RulesAge;

use super::{Daemon, report};
use crate::paths::Paths;
use crate::rules::{self, Loaded, RulesError};
use crate::selftest::{self, Exam, Report};
use crate::step::{Event, Fitness};
use crate::view::Care;

/// Longest time between two tests of the rules in force, whatever is scanned.
const TEST_EVERY: Duration = Duration::from_secs(24 * 3600);

/// How often a set that failed is read and tested again: what staff have mended goes live
/// soon, and a kiosk that waits for them tests a dozen times an hour.
const RETRY_EVERY: Duration = Duration::from_secs(5 * 60);

/// Rules that were read and tested, to take the place of those in force.
pub(super) struct Candidate {
    loaded: Loaded,
    exam: Option<Arc<Exam>>,
    report: Report,
}

/// What came of reading the rules again.
pub(super) type Loading = Result<Option<Candidate>, RulesError>;

/// What came of testing the rules in force.
type Testing = (Option<Arc<Exam>>, Report);

/// What is known of the rules in force.
pub(super) struct Upkeep {
    /// What they are asked, once it has been put together.
    exam: Option<Arc<Exam>>,
    /// Their test, while it goes on.
    testing: Option<Receiver<Testing>>,
    /// Rules that are being read and tested, to take the place of those in force.
    loading: Option<Receiver<Loading>>,
    /// Scans since their last test began.
    pub(super) scans: u64,
    /// When their last test began; of a set that failed, when it was last read.
    tried: Instant,
    /// What the ledger was told of them last.
    pub(super) told: Option<ledger::Event>,
    /// What was wrong with them.
    fault: Option<String>,
    /// Why others did not take their place.
    refused: Option<String>,
}

impl Upkeep {
    /// Of rules that have shown nothing yet, or could not be read for this reason.
    pub(super) fn new(fault: Option<String>) -> Self {
        Self {
            exam: None,
            testing: None,
            loading: None,
            scans: 0,
            tried: Instant::now(),
            told: None,
            fault,
            refused: None,
        }
    }
}

impl Daemon {
    /// Called in every round: takes in what has been loaded and tested, and begins what is due.
    pub(super) fn mind_rules(&mut self) {
        self.take_rules();
        self.take_test();
        let upkeep = &self.upkeep;
        if upkeep.loading.is_some() || upkeep.testing.is_some() {
            return;
        }
        let since = upkeep.tried.elapsed();
        let scans_due = self.site.policy.upkeep.self_test_every_scans <= upkeep.scans;
        match self.state.fitness {
            Fitness::Untested => self.test_rules(),
            Fitness::Fit if scans_due || TEST_EVERY <= since => self.test_rules(),
            // What was refused may have been refused for a reason that has passed.
            Fitness::Fit if upkeep.refused.is_some() && RETRY_EVERY <= since => self.load_rules(),
            Fitness::Failed if RETRY_EVERY <= since => self.load_rules(),
            Fitness::Fit | Fitness::Failed => {}
        }
    }

    /// Begins to read the rules again, and to test them. To compile rules takes as long as it
    /// takes.
    pub(super) fn load_rules(&mut self) {
        // To read others is no test of those in force, however often it is asked for.
        if self.state.fitness == Fitness::Failed {
            self.upkeep.tried = Instant::now();
        }
        let (sender, loading) = channel();
        let paths = self.paths.clone();
        let load = move || {
            // Whoever asked may have asked again since, and listens to the newer one.
            let _ = sender.send(candidate(&paths));
        };
        match std::thread::Builder::new().spawn(load) {
            Ok(_) => self.upkeep.loading = Some(loading),
            Err(error) => report(&format!("the old rules stay: {error}")),
        }
    }

    /// Begins to test the rules in force.
    fn test_rules(&mut self) {
        self.upkeep.tried = Instant::now();
        self.upkeep.scans = 0;
        let Some(loaded) = &self.loaded else {
            return self.happen(Event::Tested(Fitness::Failed));
        };
        let (sender, testing) = channel();
        let (paths, exam) = (self.paths.clone(), self.upkeep.exam.clone());
        let folder = loaded.folder.clone();
        let begun = loaded.compiled.try_clone().and_then(|compiled| {
            let test = move || {
                let tested = match exam {
                    Some(exam) => {
                        let report = selftest::run(&exam, &compiled, &paths);
                        (Some(exam), report)
                    }
                    None => examined(&folder, &compiled, &paths),
                };
                let _ = sender.send(tested);
            };
            std::thread::Builder::new().spawn(test)
        });
        match begun {
            Ok(_) => self.upkeep.testing = Some(testing),
            Err(error) => self.stands(&Report::untested(&error)),
        }
    }

    fn take_test(&mut self) {
        let Some(testing) = &self.upkeep.testing else {
            return;
        };
        let (exam, tested) = match testing.try_recv() {
            Err(TryRecvError::Empty) => return,
            Ok(tested) => tested,
            Err(TryRecvError::Disconnected) => {
                let why = std::io::Error::other("the self-test ended without a result");
                (self.upkeep.exam.clone(), Report::untested(&why))
            }
        };
        self.upkeep.testing = None;
        self.upkeep.exam = exam;
        self.stands(&tested);
    }

    /// Takes rules into force that have been loaded meanwhile and have passed. Others leave
    /// those in force that found their own canaries.
    fn take_rules(&mut self) {
        let Some(loading) = &self.upkeep.loading else {
            return;
        };
        let loading = match loading.try_recv() {
            Err(TryRecvError::Empty) => return,
            Ok(loading) => loading.map_err(|error| wire::explained(&error)),
            Err(TryRecvError::Disconnected) => Err("nobody read them".to_owned()),
        };
        self.upkeep.loading = None;
        self.changed = true;
        match loading {
            Err(why) => self.refuse_rules(why),
            Ok(None) => {
                self.put_in_force(None, None);
                self.happen(Event::Tested(Fitness::Failed));
            }
            Ok(Some(candidate)) => self.consider(candidate),
        }
    }

    fn consider(&mut self, candidate: Candidate) {
        let Candidate {
            loaded,
            exam,
            report: tested,
        } = candidate;
        let others = match self.state.fitness {
            // The same rules, asked the same, are those in force: what they show stands.
            Fitness::Fit => !self.is_in_force(&loaded, exam.as_deref()),
            // Their own test goes on and decides.
            Fitness::Untested => true,
            Fitness::Failed => false,
        };
        if others && !tested.has_passed() {
            let about = loaded.about.clone();
            if self.greeted {
                let _ = self.record(None, tested.event(about));
            }
            let first = tested.faults().first().cloned();
            return self.refuse_rules(first.unwrap_or_default());
        }
        self.put_in_force(Some(loaded), exam);
        self.stands(&tested);
    }

    fn is_in_force(&self, loaded: &Loaded, exam: Option<&Exam>) -> bool {
        let asked = self.upkeep.exam.as_deref().map(Exam::sha256);
        let current = self.loaded.as_ref().map(|loaded| loaded.about.sha256);
        current == Some(loaded.about.sha256) && asked == exam.map(Exam::sha256)
    }

    fn put_in_force(&mut self, loaded: Option<Loaded>, exam: Option<Arc<Exam>>) {
        self.loaded = loaded;
        self.upkeep.exam = exam;
        // A test that goes on is of the rules before.
        self.upkeep.testing = None;
        self.upkeep.tried = Instant::now();
        self.upkeep.scans = 0;
        self.upkeep.refused = None;
        self.upkeep.told = None;
    }

    fn refuse_rules(&mut self, why: String) {
        report(&format!("the old rules stay: {why}"));
        self.upkeep.refused = Some(why);
    }

    /// The rules in force have shown this.
    fn stands(&mut self, tested: &Report) {
        let fitness = if tested.has_passed() {
            Fitness::Fit
        } else {
            Fitness::Failed
        };
        let took = tested.millis;
        match tested.faults() {
            [] => report(&format!("the rules found their canaries in {took} ms")),
            faults => {
                report("out of service: the rules failed their self-test");
                faults.iter().for_each(|fault| report(fault));
            }
        }
        self.upkeep.fault = tested.faults().first().cloned();
        self.upkeep.told = self.rules_now().map(|rules| tested.event(rules));
        self.tell_of_rules();
        self.happen(Event::Tested(fitness));
    }

    /// Has the ledger told what the rules in force have shown, if it can be told.
    pub(super) fn tell_of_rules(&mut self) {
        if self.greeted
            && let Some(event) = self.upkeep.told.clone()
        {
            let _ = self.record(None, event);
        }
    }

    /// The rules with their age of this moment.
    pub(super) fn rules_now(&self) -> Option<Rules> {
        Some(self.loaded.as_ref()?.about(self.clock.now()))
    }

    /// The rules in force with their last day, and what day it is at the site.
    fn rules_today(&self) -> (Option<Rules>, Option<Date>, Date) {
        let expires = self.loaded.as_ref().and_then(|loaded| loaded.expires);
        let today = self.site.today(self.clock.now());
        (self.rules_now(), expires, today)
    }

    /// What the age of the rules in force means today.
    pub(super) fn rules_state(&self) -> RulesState {
        let (rules, expires, today) = self.rules_today();
        self.site.policy.rules_state(rules.as_ref(), expires, today)
    }

    /// What the screen is told of the rules.
    pub(super) fn care(&self) -> Care {
        let (rules, expires, today) = self.rules_today();
        let policy = &self.site.policy;
        let age = match rules
            .as_ref()
            .map(|rules| policy.freshness(rules, expires, today))
        {
            Some(Freshness::Fresh) => RulesAge::Fresh,
            Some(Freshness::Aging) | None => RulesAge::Aging,
            Some(Freshness::Stale) => RulesAge::Stale,
        };
        Care {
            rules,
            age,
            refused: self.upkeep.refused.clone(),
            fault: self.upkeep.fault.clone(),
        }
    }
}

/// Reads and tests the rules that are to be used now.
fn candidate(paths: &Paths) -> Loading {
    let folder = rules::folder(None, paths);
    let Some(loaded) = rules::load(&folder, paths, Timestamp::now())? else {
        return Ok(None);
    };
    let (exam, report) = examined(&loaded.folder, &loaded.compiled, paths);
    Ok(Some(Candidate {
        loaded,
        exam,
        report,
    }))
}

/// Puts together what the rules in `folder` are asked, and asks it.
fn examined(folder: &Path, compiled: &std::os::fd::OwnedFd, paths: &Paths) -> Testing {
    match Exam::of(folder) {
        Ok(exam) => {
            let report = selftest::run(&exam, compiled, paths);
            (Some(Arc::new(exam)), report)
        }
        Err(error) => (None, Report::untested(&error)),
    }
}
