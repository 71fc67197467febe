//! The rule engine, and all that this project says to it.

use std::time::Duration;

use wire::outcome::RULE_BYTES_MAX;
use wire::{Finding, Gap, Source, Tier, Title};

use crate::ScanError;

/// The compiled rules, loaded once in the supervisor and shared with its workers by fork.
pub(crate) struct Engine {
    rules: yara_x::Rules,
}

impl Engine {
    /// Loads what `kiosk-scan compile` made. The bytes are machine code: whoever hands them in
    /// must have made or authenticated them.
    pub(crate) fn load(compiled: &[u8]) -> Result<Self, ScanError> {
        let rules = yara_x::Rules::deserialize(compiled)
            .map_err(|error| ScanError::Rules(error.to_string()))?;
        Ok(Self { rules })
    }

    /// Rules in the set.
    pub(crate) fn rules(&self) -> u64 {
        u64::try_from(self.rules.iter().count()).unwrap_or(u64::MAX)
    }

    /// A matcher that gives up on one content after `seconds`.
    pub(crate) fn matcher(&self, seconds: u64) -> Matcher<'_> {
        // The engine's own bound on matches stays: a lower one makes conditions that count or
        // place matches silently false. What they cost is bounded by the worker's memory.
        let mut scanner = yara_x::Scanner::new(&self.rules);
        scanner
            .set_timeout(Duration::from_secs(seconds.max(1)))
            .fast_scan(true)
            .use_mmap(false);
        Matcher { scanner }
    }
}

/// Matches one content after the other.
pub(crate) struct Matcher<'r> {
    scanner: yara_x::Scanner<'r>,
}

impl Matcher<'_> {
    /// Makes the engine do once what it does only the first time: start its clock's thread
    /// and compile its expressions. Afterwards the worker's jail can close.
    pub(crate) fn warm_up(&mut self) -> Result<(), ScanError> {
        self.scanner
            .scan(b"")
            .map(drop)
            .map_err(|error| ScanError::Rules(error.to_string()))
    }

    /// What the rules find in `content`, and for each where its first pattern begins, in bytes.
    ///
    /// # Errors
    /// The gap to report: `timeout`, or `damaged` when the engine gave up for another reason.
    pub(crate) fn run(&mut self, content: &[u8]) -> Result<Vec<(Finding, Option<usize>)>, Gap> {
        let results = self.scanner.scan(content).map_err(|error| {
            let late = matches!(error, yara_x::errors::ScanError::Timeout);
            if late { Gap::Timeout } else { Gap::Damaged }
        })?;
        Ok(results
            .matching_rules()
            .map(|rule| (finding(&rule), first(&rule)))
            .collect())
    }
}

/// Where the first match of any of its patterns begins; `None` for a rule without one.
fn first(rule: &yara_x::Rule<'_, '_>) -> Option<usize> {
    let matches = rule.patterns().flat_map(|pattern| pattern.matches());
    matches.map(|one| one.range().start).min()
}

/// A rule without the tier `notice` blocks: forgetting the tier must not open the gate.
fn finding(rule: &yara_x::Rule<'_, '_>) -> Finding {
    let notice = rule
        .metadata()
        .any(|(key, value)| key == "tier" && matches!(value, yara_x::MetaValue::String("notice")));
    let tier = if notice { Tier::Notice } else { Tier::Block };
    let mut name = rule.identifier().to_owned();
    name.truncate(RULE_BYTES_MAX);
    let said = |wanted: &str| {
        let mut metadata = rule.metadata();
        let value = metadata.find_map(|(key, value)| match value {
            yara_x::MetaValue::String(text) if key == wanted => Some(text),
            _ => None,
        });
        value.unwrap_or_default()
    };
    let title = Title::cut(said("title_ja"), said("title_en")).map(Box::new);
    Finding {
        title,
        ..Finding::own(&name, Source::Yara, tier, "")
    }
}
