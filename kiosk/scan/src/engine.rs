//! The rule engine, and all that this project says to it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use wire::outcome::RULE_BYTES_MAX;
use wire::rules::{RuleTier, Settings};
use wire::{Finding, Gap, MediumName, Source, Tier, Title};

use crate::ScanError;

/// What a compiled set begins with; then the length of the settings as a little-endian `u64`,
/// the settings as JSON, and the engine's own form.
const MARK: &[u8; 8] = b"kioskset";

/// A compiled set of these two parts.
pub(crate) fn packed(settings: &Settings, compiled: &[u8]) -> Result<Vec<u8>, String> {
    let settings = serde_json::to_vec(settings).map_err(|error| error.to_string())?;
    let length = u64::try_from(settings.len()).map_err(|error| error.to_string())?;
    Ok([MARK, length.to_le_bytes().as_slice(), &settings, compiled].concat())
}

fn unpacked(set: &[u8]) -> Option<(Settings, &[u8])> {
    let (length, rest) = set.strip_prefix(MARK)?.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (settings, compiled) = rest.split_at_checked(length)?;
    Some((serde_json::from_slice(settings).ok()?, compiled))
}

/// The compiled rules, loaded once in the supervisor and shared with its workers by fork.
pub(crate) struct Engine {
    rules: yara_x::Rules,
    /// File and rule of those whose tier is not what their metadata says.
    tiers: HashMap<String, HashMap<String, RuleTier>>,
    /// Names that rules of several files have.
    shared: HashSet<String>,
}

impl Engine {
    /// Loads what `kiosk-scan compile` made. The bytes are machine code: whoever hands them in
    /// must have made or authenticated them.
    pub(crate) fn load(compiled: &[u8]) -> Result<Self, ScanError> {
        let (settings, compiled) = unpacked(compiled)
            .ok_or_else(|| ScanError::Rules("they are not a compiled set".to_owned()))?;
        let rules = yara_x::Rules::deserialize(compiled)
            .map_err(|error| ScanError::Rules(error.to_string()))?;
        let tiers = settings.tiers.into_iter();
        let tiers = tiers.map(|(file, rules)| (file, rules.into_iter().collect()));
        let mut seen = HashSet::new();
        let names = rules.iter().map(|rule| rule.identifier());
        let shared = names.filter(|name| !seen.insert(*name));
        Ok(Self {
            tiers: tiers.collect(),
            shared: shared.map(str::to_owned).collect(),
            rules,
        })
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
        Matcher {
            scanner,
            engine: self,
        }
    }
}

/// Matches one content after the other.
pub(crate) struct Matcher<'r> {
    scanner: yara_x::Scanner<'r>,
    engine: &'r Engine,
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
    /// `name` is the content's; raw space has none.
    ///
    /// # Errors
    /// The gap to report: `timeout`, or `damaged` when the engine gave up for another reason.
    pub(crate) fn run(
        &mut self,
        content: &[u8],
        name: Option<&MediumName>,
    ) -> Result<Vec<(Finding, Option<usize>)>, Gap> {
        let name = name.map_or(b"".as_slice(), MediumName::as_bytes);
        for (external, value) in externals(name) {
            // A set that does not know it is not ours.
            let known = self.scanner.set_global(external, value.as_slice());
            known.map_err(|_| Gap::Damaged)?;
        }
        let results = self.scanner.scan(content).map_err(|error| {
            let late = matches!(error, yara_x::errors::ScanError::Timeout);
            if late { Gap::Timeout } else { Gap::Damaged }
        })?;
        Ok(results
            .matching_rules()
            .filter_map(|rule| Some((self.engine.finding(&rule)?, first(&rule))))
            .collect())
    }
}

/// What rules may ask of a content beside its bytes, from its name: the name without folders, the
/// folders as they are spelled, and the extension with its dot in lower case.
fn externals(name: &[u8]) -> [(&'static str, Vec<u8>); 3] {
    let folders = name
        .iter()
        .rposition(|byte| matches!(byte, b'/' | b'\\'))
        .map_or(0, |at| at.saturating_add(1));
    let (folders, last) = name.split_at_checked(folders).unwrap_or_default();
    let dot = last.iter().rposition(|byte| *byte == b'.');
    let extension = dot.and_then(|dot| last.get(dot..)).unwrap_or_default();
    [
        ("filename", last.to_vec()),
        ("filepath", folders.to_vec()),
        ("extension", extension.to_ascii_lowercase()),
    ]
}

/// Where the first match of any of its patterns begins; `None` for a rule without one.
fn first(rule: &yara_x::Rule<'_, '_>) -> Option<usize> {
    let matches = rule.patterns().flat_map(|pattern| pattern.matches());
    matches.map(|one| one.range().start).min()
}

/// What a rule's metadata says of its tier.
pub(crate) fn own_tier(rule: &yara_x::Rule<'_, '_>) -> Option<RuleTier> {
    let mut tiers = rule.metadata().filter(|(key, _)| *key == "tier");
    let (_, tier) = tiers.next()?;
    // Whatever else it says, it blocks: a slip must not open the gate.
    let notice = matches!(tier, yara_x::MetaValue::String("notice"));
    Some(if notice {
        RuleTier::Notice
    } else {
        RuleTier::Block
    })
}

impl Engine {
    /// The finding of a rule that matched; `None` when it is off. A rule of which nothing is said
    /// blocks: forgetting the tier must not open the gate.
    fn finding(&self, rule: &yara_x::Rule<'_, '_>) -> Option<Finding> {
        let of_file = self.tiers.get(rule.namespace());
        let said = of_file
            .and_then(|rules| rules.get(rule.identifier()))
            .copied();
        let tier = match said.or_else(|| own_tier(rule)) {
            Some(RuleTier::Off) => return None,
            Some(RuleTier::Notice) => Tier::Notice,
            Some(RuleTier::Block) | None => Tier::Block,
        };
        let mut name = rule.identifier().to_owned();
        name.truncate(RULE_BYTES_MAX);
        let detail = if self.shared.contains(rule.identifier()) {
            format!("of {}", rule.namespace())
        } else {
            String::new()
        };
        let said = |wanted: &str| {
            let mut metadata = rule.metadata();
            let value = metadata.find_map(|(key, value)| {
                let yara_x::MetaValue::String(text) = value else {
                    return None;
                };
                (key == wanted).then_some(text)
            });
            value.unwrap_or_default()
        };
        let title = Title::cut(said("title_ja"), said("title_en")).map(Box::new);
        Some(Finding {
            title,
            ..Finding::own(&name, Source::Yara, tier, detail)
        })
    }
}
