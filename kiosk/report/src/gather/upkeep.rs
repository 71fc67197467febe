//! The kiosk itself: its rules and their age, self-tests, its clock, and when it ran.

use jiff::Timestamp;
use record::entry::Content;
use wire::ledger::{Event, Rules, SelfTest, SelfTested};
use wire::rule_change::{Person, RuleSet, RulesChange, RulesRefused};

use super::At;
use crate::bounded::{Keyed, Lines, count};

/// Longest reason in a line of a table, in bytes.
const WHY_BYTES: usize = 300;

/// The rules of one day, as entries state them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RulesDay {
    /// The greatest age, in days; `None` when no entry of the day states one.
    pub(crate) age_days: Option<u64>,
    /// The greatest age of another engine's database.
    pub(crate) engine_age_days: Option<u64>,
    /// Whether other rules were put into force.
    pub(crate) is_changed: bool,
}

/// One set of rules in use.
#[derive(Clone, Debug, Default)]
pub(crate) struct SetUse {
    pub(crate) rules: u64,
    pub(crate) verdicts: u64,
    pub(crate) oldest_days: Option<u64>,
    pub(crate) first: Option<At>,
    pub(crate) last: Option<At>,
}

/// What happened to the rules.
#[derive(Clone, Debug)]
pub(crate) enum RulesStep {
    Installed(Option<RuleSet>),
    RolledBack(Option<RuleSet>),
    Refused { bundle: Option<String>, why: String },
}

/// One change of the rules.
#[derive(Clone, Debug)]
pub(crate) struct RulesLine {
    pub(crate) at: At,
    pub(crate) by: Person,
    pub(crate) step: RulesStep,
}

/// The rules of a month.
#[derive(Debug)]
pub(crate) struct RulesUse {
    pub(crate) days: Vec<RulesDay>,
    /// By bundle, version and hash.
    pub(crate) sets: Keyed<(String, u64, String), SetUse>,
    pub(crate) lines: Lines<RulesLine>,
    pub(crate) oldest_days: Option<u64>,
}

impl RulesUse {
    pub(super) fn new(days: usize) -> Self {
        Self {
            days: vec![RulesDay::default(); days],
            sets: Keyed::default(),
            lines: Lines::default(),
            oldest_days: None,
        }
    }

    pub(super) fn seen(&mut self, at: &At, day: Option<usize>, rules: &Rules, judged: bool) {
        self.oldest_days = self.oldest_days.max(rules.age_days);
        if let Some(day) = day.and_then(|day| self.days.get_mut(day)) {
            day.age_days = day.age_days.max(rules.age_days);
            let engine = rules.engines.iter().filter_map(|engine| engine.age_days);
            day.engine_age_days = day.engine_age_days.max(engine.max());
        }
        let sha256 = rules.sha256.to_string();
        let key = (rules.bundle.clone(), rules.version, sha256);
        let Some(set) = self.sets.of(key) else {
            return;
        };
        set.rules = rules.rules;
        set.oldest_days = set.oldest_days.max(rules.age_days);
        set.first.get_or_insert_with(|| at.clone());
        set.last = Some(at.clone());
        if judged {
            count(&mut set.verdicts);
        }
    }

    pub(super) fn changed(
        &mut self,
        at: &At,
        day: Option<usize>,
        change: &RulesChange,
        is_back: bool,
    ) {
        if let Some(day) = day.and_then(|day| self.days.get_mut(day)) {
            day.is_changed = true;
        }
        self.lines.add(|| RulesLine {
            at: at.clone(),
            by: change.by.clone(),
            step: if is_back {
                RulesStep::RolledBack(change.set.clone())
            } else {
                RulesStep::Installed(change.set.clone())
            },
        });
    }

    pub(super) fn refused(&mut self, at: &At, refused: &RulesRefused) {
        self.lines.add(|| RulesLine {
            at: at.clone(),
            by: refused.by.clone(),
            step: RulesStep::Refused {
                bundle: refused.bundle.clone(),
                why: wire::name::line_within(&refused.why, WHY_BYTES),
            },
        });
    }
}

/// A self-test that failed.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) at: At,
    pub(crate) rules: String,
    pub(crate) fault: String,
}

/// The self-tests.
#[derive(Debug, Default)]
pub(crate) struct Tests {
    pub(crate) passed: u64,
    pub(crate) failures: Lines<Failed>,
    pub(crate) specimens: u64,
    pub(crate) last_passed: Option<At>,
}

impl Tests {
    pub(super) fn tested(&mut self, at: &At, tested: &SelfTested) {
        self.specimens = self.specimens.saturating_add(tested.specimens);
        match tested.result {
            SelfTest::Passed => {
                count(&mut self.passed);
                self.last_passed = Some(at.clone());
            }
            SelfTest::Failed => self.failures.add(|| Failed {
                at: at.clone(),
                rules: format!("{} {}", tested.rules.bundle, tested.rules.version),
                fault: wire::name::line_within(&tested.faults.join("; "), WHY_BYTES),
            }),
        }
    }
}

/// A step that an entry tells of.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) at: At,
    pub(crate) expected: String,
    pub(crate) found: String,
    /// How far, in seconds; `None` when one of the two is no time.
    pub(crate) seconds: Option<i64>,
}

/// An entry whose time is not where its number is.
#[derive(Clone, Debug)]
pub(crate) struct Astray {
    pub(crate) at: At,
    /// Its time is earlier than that of the entry before it.
    pub(crate) goes_back: bool,
}

/// The clock.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    pub(crate) steps: Lines<Step>,
    /// Entries whose time is not in the month.
    pub(crate) outside: u64,
    /// Entries whose time is earlier than that of the entry before.
    pub(crate) back: u64,
    pub(crate) astray: Lines<Astray>,
    /// How often the machine was started anew between two entries.
    pub(crate) boots: u64,
    before: Option<Timestamp>,
    boot_id: Option<String>,
}

impl Clock {
    pub(super) fn before(&mut self, content: &Content) {
        self.before = content.recorded_utc.parse().ok();
        self.boot_id = Some(content.boot_id.clone());
    }

    pub(super) fn entry(&mut self, content: &Content, is_outside: bool) {
        let time: Option<Timestamp> = content.recorded_utc.parse().ok();
        let goes_back = time < self.before;
        if is_outside {
            count(&mut self.outside);
        }
        if goes_back {
            count(&mut self.back);
        }
        if is_outside || goes_back {
            self.astray.add(|| Astray {
                at: At {
                    entry: content.number,
                    utc: content.recorded_utc.clone(),
                },
                goes_back,
            });
        }
        let boot = Some(&content.boot_id);
        if self.boot_id.is_some() && self.boot_id.as_ref() != boot {
            count(&mut self.boots);
        }
        self.before(content);
    }

    pub(super) fn stepped(&mut self, at: &At, expected: &str, found: &str) {
        let time = |text: &str| text.parse::<Timestamp>().ok();
        let seconds = time(found)
            .zip(time(expected))
            .map(|(found, expected)| found.duration_since(expected).as_secs());
        self.steps.add(|| Step {
            at: at.clone(),
            expected: expected.to_owned(),
            found: found.to_owned(),
            seconds,
        });
    }
}

/// What became of the kiosk.
#[derive(Clone, Debug)]
pub(crate) enum Life {
    Started { kiosk: String },
    Again { kiosk: String },
    Stopped,
    Crashed { started: u64 },
    Interrupted { insertion: u64, why: String },
}

/// Starts and ends.
#[derive(Debug, Default)]
pub(crate) struct Running {
    pub(crate) starts: u64,
    pub(crate) agains: u64,
    pub(crate) stops: u64,
    pub(crate) crashes: u64,
    pub(crate) interruptions: u64,
    pub(crate) lines: Lines<(At, Life)>,
    /// The version that ran last.
    pub(crate) kiosk: Option<String>,
}

impl Running {
    pub(super) fn before(&mut self, content: &Content) {
        if let Event::Started { kiosk, .. } = &content.event {
            self.kiosk = Some(kiosk.clone());
        }
    }

    pub(super) fn started(&mut self, at: &At, kiosk: &str, again: bool) {
        let kiosk = wire::name::line_within(kiosk, WHY_BYTES);
        self.kiosk = Some(kiosk.clone());
        if again {
            count(&mut self.agains);
            self.lines.add(|| (at.clone(), Life::Again { kiosk }));
        } else {
            count(&mut self.starts);
            self.lines.add(|| (at.clone(), Life::Started { kiosk }));
        }
    }

    pub(super) fn stopped(&mut self, at: &At) {
        count(&mut self.stops);
        self.lines.add(|| (at.clone(), Life::Stopped));
    }

    pub(super) fn crashed(&mut self, at: &At, started: u64) {
        count(&mut self.crashes);
        self.lines.add(|| (at.clone(), Life::Crashed { started }));
    }

    pub(super) fn interrupted(&mut self, at: &At, insertion: u64, why: &str) {
        count(&mut self.interruptions);
        let why = wire::name::line_within(why, WHY_BYTES);
        let life = Life::Interrupted { insertion, why };
        self.lines.add(|| (at.clone(), life));
    }
}
