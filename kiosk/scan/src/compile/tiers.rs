//! What a set says of the tiers of its rules, held against the rules it has.

use std::collections::{BTreeMap, BTreeSet};

use wire::rules::{RuleTier, Settings, Sources};

use crate::engine;

/// The rules whose tier is not what their metadata says, and how many can find something.
///
/// # Errors
/// What is said of a rule or file that the set does not have, of one of several rules of a name,
/// or of a private rule: whoever wrote that meant another one.
pub(super) fn settings(
    rules: &yara_x::Rules,
    sources: &Sources,
) -> Result<(Settings, u64), String> {
    let all: Vec<Known<'_>> = rules.iter().map(|rule| Known::of(&rule)).collect();
    let said = Said::of(sources, &all)?;
    let mut settings: BTreeMap<&str, Vec<(String, RuleTier)>> = BTreeMap::new();
    let mut count = 0_u64;
    for rule in all.iter().filter(|rule| !rule.private) {
        let own = rule.tier.unwrap_or(RuleTier::Block);
        let tier = said.tier(rule);
        if tier != RuleTier::Off {
            count = count.saturating_add(1);
        }
        if tier != own {
            let of_file = settings.entry(rule.file).or_default();
            of_file.push((rule.name.to_owned(), tier));
        }
    }
    let tiers = settings
        .into_iter()
        .map(|(file, rules)| (file.to_owned(), rules))
        .collect();
    Ok((Settings { tiers }, count))
}

/// A rule as the engine knows it.
struct Known<'r> {
    file: &'r str,
    name: &'r str,
    private: bool,
    /// What its metadata says.
    tier: Option<RuleTier>,
}

impl<'r> Known<'r> {
    fn of(rule: &yara_x::Rule<'_, 'r>) -> Self {
        Self {
            file: rule.namespace(),
            name: rule.identifier(),
            private: rule.is_private(),
            tier: engine::own_tier(rule),
        }
    }
}

/// `overrides.toml`, with every name in it found.
struct Said<'s> {
    default: Option<RuleTier>,
    files: BTreeMap<&'s str, RuleTier>,
    rules: BTreeMap<(&'s str, &'s str), RuleTier>,
}

impl<'s> Said<'s> {
    fn of(sources: &'s Sources, all: &[Known<'s>]) -> Result<Self, String> {
        let overrides = &sources.overrides;
        let mut places: BTreeMap<&str, BTreeSet<(&str, bool)>> = BTreeMap::new();
        for rule in all {
            let of_name = places.entry(rule.name).or_default();
            of_name.insert((rule.file, rule.private));
        }
        let mut said = Self {
            default: overrides.default,
            files: BTreeMap::new(),
            rules: BTreeMap::new(),
        };
        for one in &overrides.file {
            if !sources.files.iter().any(|file| file.origin == one.file) {
                return Err(format!("there is no file {}", one.file));
            }
            if said.files.insert(&one.file, one.tier).is_some() {
                return Err(format!("the file {} is named twice", one.file));
            }
        }
        for one in &overrides.rule {
            let name = one.rule.as_str();
            let of_name = places.get(name).into_iter().flatten();
            let mut meant =
                of_name.filter(|(file, _)| one.file.as_ref().is_none_or(|of| of == file));
            let (file, private) = match (meant.next(), meant.next()) {
                (Some(place), None) => *place,
                (None, _) => {
                    let of = one
                        .file
                        .as_ref()
                        .map_or_else(String::new, |of| format!(" in {of}"));
                    return Err(format!("there is no rule {name}{of}"));
                }
                (Some((file, _)), Some((other, _))) => {
                    return Err(format!(
                        "there is a rule {name} in {file} and one in {other}: say which with `file`"
                    ));
                }
            };
            if private {
                return Err(format!(
                    "the rule {name} in {file} is private: it finds nothing by itself and has no tier"
                ));
            }
            if said.rules.insert((file, name), one.tier).is_some() {
                return Err(format!("the rule {name} in {file} is named twice"));
            }
        }
        Ok(said)
    }

    fn tier(&self, rule: &Known<'_>) -> RuleTier {
        let of_rule = self.rules.get(&(rule.file, rule.name)).copied();
        of_rule
            .or_else(|| self.files.get(rule.file).copied())
            .or(rule.tier)
            .or(self.default)
            .unwrap_or(RuleTier::Block)
    }
}
