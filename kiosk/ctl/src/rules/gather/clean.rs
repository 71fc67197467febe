//! Rules tried on contents in which nothing is wrong, by the scanner that will use them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use broker::reception::Reception;
use broker::scanner::{self, Scope};
use decide::RulesState;
use wire::rules::{Overrides, RuleOverride, RuleTier};
use wire::scan::{Limits, Spare, TargetKind};
use wire::{Finding, Gap, Outcome, Row, Source, Tier};

use super::set::{Set, Work};
use super::shown;
use crate::CommandError;
use crate::hand::{self, Hand, Signals};
use crate::meter::Meter;
use crate::report::trail;
use crate::target::Target;

/// Most scans of contents in which more was found than a row names. Each makes fifteen more rules
/// of every such content known: a file in which 180 find something is no file to try rules on.
const CROWDED_ROUNDS_MAX: usize = 12;

/// File and name of a rule.
pub(super) type RuleId = (String, String);

/// What the rules found where nothing is wrong.
#[derive(Default)]
pub(super) struct Clean {
    /// Files and members that were looked at.
    pub(super) contents: u64,
    pub(super) bytes: u64,
    /// Those of them that could not be examined to their end.
    pub(super) unchecked: BTreeMap<Gap, u64>,
    pub(super) hits: BTreeMap<RuleId, Hits>,
    pub(super) seconds: f64,
}

/// What one rule found.
pub(super) struct Hits {
    /// Contents it found something in: at least so many.
    pub(super) contents: u64,
    /// Whether it would have stopped one.
    pub(super) blocks: bool,
    /// The first of them.
    pub(super) first: String,
}

/// Scans `folders`. Which rules find something counts, whatever their tier; of rules that are off
/// nothing is known.
pub(super) fn try_on(
    folders: &[PathBuf],
    work: &Work,
    set: &Set,
    overrides: &Overrides,
    signals: &Signals,
) -> Result<Clean, CommandError> {
    let began = std::time::Instant::now();
    let mut trial = Trial {
        work,
        set,
        signals,
        clean: Clean::default(),
        crowded: BTreeSet::new(),
    };
    work.write_overrides(overrides)?;
    for folder in folders {
        trial.scan(folder, Some(folder))?;
    }
    if trial.clean.contents == 0 {
        let why = "there is nothing in the clean folders, so nothing was tried";
        return Err(CommandError::Build(why.to_owned()));
    }
    trial.again(overrides)?;
    let mut clean = trial.clean;
    clean.seconds = began.elapsed().as_secs_f64();
    Ok(clean)
}

struct Trial<'t> {
    work: &'t Work,
    set: &'t Set,
    signals: &'t Signals,
    clean: Clean,
    /// Files with more findings than their row names: the folder, and the path below it.
    crowded: BTreeSet<(PathBuf, PathBuf)>,
}

impl Trial<'_> {
    /// Scans crowded files again and again without the rules that are known to find something,
    /// until every rule that does is known.
    fn again(&mut self, overrides: &Overrides) -> Result<(), CommandError> {
        for round in 0.. {
            let crowded = std::mem::take(&mut self.crowded);
            if crowded.is_empty() {
                break;
            }
            if is_past(round) {
                let (_, path) = crowded.first().cloned().unwrap_or_default();
                return Err(CommandError::Build(format!(
                    "too many rules find something in the same clean file, {}: leave them or it out",
                    shown(&path)
                )));
            }
            let mut but = overrides.clone();
            but.rule.retain(|one| !self.is_known(one));
            but.rule.extend(self.clean.hits.keys().map(off));
            self.work.write_overrides(&but)?;
            let folder = self.work.trial().join(format!("crowded-{round}"));
            for (number, (of, path)) in crowded.iter().enumerate() {
                let place = folder.join(number.to_string()).join(path);
                copy(&of.join(path), &place)?;
            }
            let before = self.clean.contents;
            self.scan(&folder, None)?;
            // They have been counted once.
            self.clean.contents = before;
        }
        Ok(())
    }

    /// Whether this is said of a rule that is known to find something.
    fn is_known(&self, one: &RuleOverride) -> bool {
        let mut known = self.clean.hits.keys();
        known.any(|(file, rule)| *rule == one.rule && one.file.as_ref().is_none_or(|of| of == file))
    }

    /// Scans one folder. Crowded files are noted as files of `origin`, else of the folder.
    fn scan(&mut self, folder: &Path, origin: Option<&Path>) -> Result<(), CommandError> {
        let paths = self.work.paths();
        let target = Target::open(folder, None)?;
        if !matches!(target.kind, TargetKind::Folder) {
            let why = format!("{} is no folder", shown(folder));
            return Err(CommandError::Build(why));
        }
        let Some(loaded) = self.work.load()? else {
            // All rules that are left are off: there is nothing more to know.
            return Ok(());
        };
        let mut reception = Reception::new(0).map_err(CommandError::system("get a memory file"))?;
        let scope = Scope {
            target: target.kind,
            size_bytes: 0,
            limits: Limits::default(),
            spare: Spare {
                unallocated: false,
                deleted: false,
            },
            workers: scanner::workers(),
        };
        let hand = Hand {
            target: &target,
            scope: &scope,
            rules: &loaded,
            // Another engine has nothing to say of these rules.
            clamd: None,
            spool: Path::new("/var/tmp"),
            paths: &paths,
            signals: self.signals,
        };
        let mut meter = Meter::new();
        let (set, clean, crowded) = (self.set, &mut self.clean, &mut self.crowded);
        let mut lost = None;
        let origin = origin.unwrap_or(folder);
        hand::scan(
            &hand,
            &mut reception,
            &mut |row| lost = lost.take().or(take(&row, set, clean, crowded, origin)),
            &mut |progress| meter.show(progress),
        )?;
        meter.clear();
        if let Some(rule) = lost {
            let why = format!("a rule {rule} found something and is in no file of the set");
            return Err(CommandError::Build(why));
        }
        let fault = reception.finish(RulesState::Working).fault;
        fault.map_or(Ok(()), |fault| {
            let why = format!(
                "the scan of {} has not come to its end: {fault}",
                shown(folder)
            );
            Err(CommandError::Build(why))
        })
    }
}

/// Takes in what was found in one content; answers with a rule that cannot be told.
fn take(
    row: &Row,
    set: &Set,
    clean: &mut Clean,
    crowded: &mut BTreeSet<(PathBuf, PathBuf)>,
    origin: &Path,
) -> Option<String> {
    clean.contents = clean.contents.saturating_add(1);
    clean.bytes = clean.bytes.saturating_add(row.size_bytes);
    if let (Outcome::Unchecked(gap), false) = (row.outcome, row.inherited) {
        let count = clean.unchecked.entry(gap).or_default();
        *count = count.saturating_add(1);
    }
    let own = row.findings.iter().filter(|one| one.member_of.is_none());
    for finding in own {
        if finding.rule == "more_findings" && finding.source == Source::Structure {
            let outer = row.within.first().unwrap_or(&row.path);
            let outer = std::ffi::OsStr::from_bytes(outer.as_bytes());
            crowded.insert((origin.to_owned(), PathBuf::from(outer)));
        } else if finding.source == Source::Yara
            && let Some(lost) = hit(finding, row, set, clean)
        {
            return Some(lost);
        }
    }
    None
}

fn hit(finding: &Finding, row: &Row, set: &Set, clean: &mut Clean) -> Option<String> {
    let Some(file) = set.place(&finding.rule, &finding.detail) else {
        return Some(finding.rule.clone());
    };
    let id = (file.to_owned(), finding.rule.clone());
    let hits = clean.hits.entry(id).or_insert_with(|| Hits {
        contents: 0,
        blocks: false,
        first: trail(row),
    });
    hits.contents = hits.contents.saturating_add(1);
    hits.blocks |= finding.tier == Tier::Block;
    None
}

/// Whether the crowded files have been scanned often enough.
fn is_past(round: usize) -> bool {
    CROWDED_ROUNDS_MAX <= round
}

fn off((file, rule): &RuleId) -> RuleOverride {
    RuleOverride {
        rule: rule.clone(),
        file: Some(file.clone()),
        tier: RuleTier::Off,
        reason: "known to find something".to_owned(),
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), CommandError> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(CommandError::file("make", folder))?;
    }
    fs::copy(from, to).map_err(CommandError::file("copy", from))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::outcome::FINDINGS_MAX;

    #[test]
    fn a_file_is_given_up_after_as_many_rules_as_the_limit_says() {
        let rounds = (0..).find(|round| is_past(*round)).unwrap();
        assert_eq!(rounds, CROWDED_ROUNDS_MAX);
        // The last finding of a full row counts the others.
        assert_eq!(rounds * (FINDINGS_MAX - 1), 180);
    }
}
