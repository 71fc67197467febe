//! What a finding where nothing is wrong does to its rule.

use std::path::Path;

use wire::rules::{Overrides, RuleOverride, RuleTier};

use super::clean::{Clean, RuleId};

/// Of a million clean contents, in how many a rule may find something before it is off: staff
/// read what is noticed, and of one in a thousand files nobody would.
pub(super) const NOISE_PPM: u64 = 1000;

/// Contents in which every rule may find something: of a small clean set, one is a large part.
const NOISE_CONTENTS: u64 = 10;

/// Longest name of a content in a reason, in bytes.
const FIRST_BYTES_MAX: usize = 256;

/// A rule that was lowered.
pub(super) struct Gated {
    pub(super) rule: RuleId,
    pub(super) tier: RuleTier,
    pub(super) contents: u64,
    pub(super) first: String,
}

/// Lowers, in `overrides`, every rule that found something it should not have.
pub(super) fn judge(clean: &Clean, noise_ppm: u64, overrides: &mut Overrides) -> Vec<Gated> {
    let mut gated = Vec::new();
    for (rule, hits) in &clean.hits {
        let share = hits.contents.saturating_mul(1_000_000);
        let noisy =
            NOISE_CONTENTS < hits.contents && noise_ppm.saturating_mul(clean.contents) < share;
        let tier = match (noisy, hits.blocks) {
            (true, _) => RuleTier::Off,
            (false, true) => RuleTier::Notice,
            // It was to be noticed and was.
            (false, false) => continue,
        };
        let first = cut(&hits.first);
        let reason = format!(
            "found something in {} of {} clean contents, first in {first}",
            hits.contents, clean.contents
        );
        lower(overrides, rule, tier, reason);
        gated.push(Gated {
            rule: rule.clone(),
            tier,
            contents: hits.contents,
            first,
        });
    }
    gated
}

/// Says it in the place of whatever was said of the rule before.
fn lower(overrides: &mut Overrides, (file, rule): &RuleId, tier: RuleTier, mut reason: String) {
    overrides.rule.retain(|one| {
        let same = one.rule == *rule && one.file.as_ref().is_none_or(|of| of == file);
        if same {
            reason = format!("{reason}; before: {:?}, {}", one.tier, one.reason);
        }
        !same
    });
    overrides.rule.push(RuleOverride {
        rule: rule.clone(),
        file: Some(file.clone()),
        tier,
        reason,
    });
}

fn cut(name: &str) -> String {
    let (kept, _) = name.split_at(name.floor_char_boundary(FIRST_BYTES_MAX));
    kept.to_owned()
}

/// A rule for people.
pub(super) fn spelled((file, rule): &RuleId) -> String {
    format!("{rule} ({})", Path::new(file).display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::gather::clean::Hits;

    fn clean(contents: u64, hits: &[(&str, u64, bool)]) -> Clean {
        let hits = hits.iter().map(|(rule, contents, blocks)| {
            let id = ("a.yar".to_owned(), (*rule).to_owned());
            let hits = Hits {
                contents: *contents,
                blocks: *blocks,
                first: "é".repeat(FIRST_BYTES_MAX),
            };
            (id, hits)
        });
        Clean {
            contents,
            hits: hits.collect(),
            ..Clean::default()
        }
    }

    fn tiers(overrides: &Overrides) -> Vec<(&str, RuleTier)> {
        let rules = overrides.rule.iter();
        rules.map(|one| (one.rule.as_str(), one.tier)).collect()
    }

    #[test]
    fn what_blocks_is_noticed_and_what_is_found_too_often_is_off() {
        let most = NOISE_CONTENTS;
        let few = clean(
            100,
            &[
                ("a", most, true),
                ("b", most + 1, true),
                ("c", 1, false),
                ("d", most + 1, false),
            ],
        );
        let mut overrides = Overrides::default();
        let gated = judge(&few, NOISE_PPM, &mut overrides);
        let expected = [
            ("a", RuleTier::Notice),
            ("b", RuleTier::Off),
            ("d", RuleTier::Off),
        ];
        assert_eq!(tiers(&overrides), expected);
        assert_eq!(gated.len(), 3);
        assert_eq!(gated[0].first.len(), FIRST_BYTES_MAX);

        let share = NOISE_PPM;
        let many = clean(1_000_000, &[("a", share, true), ("b", share + 1, true)]);
        let mut overrides = Overrides::default();
        judge(&many, NOISE_PPM, &mut overrides);
        assert_eq!(
            tiers(&overrides),
            [("a", RuleTier::Notice), ("b", RuleTier::Off)]
        );
    }

    #[test]
    fn what_was_said_before_is_replaced_and_kept_in_the_reason() {
        let said = |file: Option<&str>| RuleOverride {
            rule: "a".to_owned(),
            file: file.map(str::to_owned),
            tier: RuleTier::Block,
            reason: "ours".to_owned(),
        };
        let mut overrides = Overrides {
            rule: vec![said(None), said(Some("b.yar"))],
            ..Overrides::default()
        };
        judge(&clean(5, &[("a", 1, true)]), NOISE_PPM, &mut overrides);
        let found: Vec<_> = overrides
            .rule
            .iter()
            .map(|one| (one.file.as_deref(), one.tier))
            .collect();
        assert_eq!(
            found,
            [
                (Some("b.yar"), RuleTier::Block),
                (Some("a.yar"), RuleTier::Notice)
            ]
        );
        assert!(overrides.rule[1].reason.ends_with("; before: Block, ours"));
    }
}
