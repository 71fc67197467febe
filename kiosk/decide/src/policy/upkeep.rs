//! How old rules may be here, and how often they are tested.

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;
use wire::ledger::Rules;

use super::{AGE_DAYS_LIMIT_MAX, Policy};
use crate::examination::RulesState;
use crate::source::{ListError, Text};

/// Age of the rules from which staff are reminded unless the site says otherwise, in days:
/// vendors publish daily, and a week without a visit to the update desk is one visit missed.
pub const AGE_DAYS_WARN: u64 = 7;

/// How long before their expiry staff are reminded, in days: time for one more visit.
pub const EXPIRY_DAYS_WARN: i32 = 7;

/// After how many scans the rules are tested again unless the site says otherwise: at a busy
/// gate some times a day, and a test costs less than a scan.
pub const SELF_TEST_EVERY_SCANS: u64 = 50;

/// Most scans that a site may allow between two tests. A gate has fewer in a day, and after a
/// day the rules are tested anyway.
pub const SELF_TEST_SCANS_LIMIT_MAX: u64 = 10_000;

/// How old rules may be here, and how often they are tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upkeep {
    /// Age from which staff are reminded, in days.
    pub age_days_warn: u64,
    /// Oldest rules that may give PASS, in days; `None` when the site sets no limit.
    pub age_days_max: Option<u64>,
    /// After how many scans the rules are tested again, from 1.
    pub self_test_every_scans: u64,
}

/// What the age of rules means at this site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Freshness {
    /// Young enough.
    Fresh,
    /// In use, and to be renewed soon; also rules that do not say how old they are.
    Aging,
    /// Too old, or expired: they give no PASS.
    Stale,
}

impl Upkeep {
    /// No limit of age, and a reminder after a week.
    pub(super) fn builtin() -> Self {
        Self {
            age_days_warn: AGE_DAYS_WARN,
            age_days_max: None,
            self_test_every_scans: SELF_TEST_EVERY_SCANS,
        }
    }
}

impl Policy {
    /// What the age of `rules` means on the day `today`. `expires` is the last day on which
    /// they say that they may be used. Rules that do not say when they were issued are stale
    /// as soon as the site sets a limit, and those issued in the future when they expire.
    pub fn freshness(&self, rules: &Rules, expires: Option<Date>, today: Date) -> Freshness {
        let upkeep = &self.upkeep;
        let too_old = upkeep
            .age_days_max
            .is_some_and(|most| rules.age_days.is_none_or(|age| most < age));
        let expired = rules.expired_days.is_some() || expires.is_some_and(|last| last < today);
        // Issued in the future: the clock went back, and what has expired would seem young.
        let unborn = expires.is_some() && rules.issued.is_some() && rules.age_days.is_none();
        if too_old || expired || unborn {
            return Freshness::Stale;
        }
        let soon = |last: Date| {
            let left = today.until(last).map(|left| left.get_days());
            left.map_or(true, |days| days < EXPIRY_DAYS_WARN)
        };
        let old = rules.age_days.is_none_or(|age| upkeep.age_days_warn < age);
        if old || expires.is_some_and(soon) {
            Freshness::Aging
        } else {
            Freshness::Fresh
        }
    }

    /// Whether loaded rules can be relied on, as far as their age tells. Whether they find
    /// their canaries is for the self-test to say.
    pub fn rules_state(
        &self,
        rules: Option<&Rules>,
        expires: Option<Date>,
        today: Date,
    ) -> RulesState {
        let Some(rules) = rules.filter(|rules| 0 < rules.rules) else {
            return RulesState::Missing;
        };
        match self.freshness(rules, expires, today) {
            Freshness::Fresh | Freshness::Aging => RulesState::Working,
            Freshness::Stale => RulesState::Stale,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRules {
    age_days_warn: Option<Spanned<u64>>,
    age_days_max: Option<Spanned<u64>>,
    self_test_every_scans: Option<Spanned<u64>>,
}

/// What the site says, and the built-in where it says nothing.
pub(super) fn check(source: &Text<'_>, raw: &RawRules) -> Result<Upkeep, ListError> {
    let number = |value: &Option<Spanned<u64>>, most| {
        value
            .as_ref()
            .map(|value| source.number(value, most))
            .transpose()
    };
    let builtin = Upkeep::builtin();
    let age_days_max = number(&raw.age_days_max, AGE_DAYS_LIMIT_MAX)?;
    let warn = number(&raw.age_days_warn, AGE_DAYS_LIMIT_MAX)?;
    if let (Some(at), Some(warn), Some(most)) = (&raw.age_days_warn, warn, age_days_max)
        && most <= warn
    {
        let what = format!("age_days_warn = {warn} never comes before age_days_max = {most}");
        return Err(source.refuse(at, what, "remind staff earlier"));
    }
    let scans = number(&raw.self_test_every_scans, SELF_TEST_SCANS_LIMIT_MAX)?;
    Ok(Upkeep {
        // Where the limit comes first, the day before it.
        age_days_warn: warn.unwrap_or_else(|| {
            let last = age_days_max.map_or(u64::MAX, |most| most.saturating_sub(1));
            builtin.age_days_warn.min(last)
        }),
        age_days_max,
        self_test_every_scans: scans.unwrap_or(builtin.self_test_every_scans),
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use wire::Digest;

    use super::super::parse;
    use super::*;

    const SITE: &str = "[site]\nname_ja = \"門\"\nname_en = \"g\"\ntime_zone = \"+09:00\"\n";
    const TODAY: Date = date(2026, 11, 26);

    fn policy(lines: &str) -> Policy {
        parse(&format!("{SITE}[rules]\n{lines}\n")).unwrap()
    }

    fn rules(rules: u64, age_days: Option<u64>) -> Rules {
        Rules {
            bundle: "b".to_owned(),
            version: 1,
            issued: None,
            age_days,
            expired_days: None,
            rules,
            sha256: Digest([0; 32]),
            engines: Vec::new(),
        }
    }

    #[test]
    fn rules_that_expire_are_stale_before_their_first_day_too() {
        let free = Policy::builtin();
        let rules = Rules {
            issued: Some("2026-12-24".to_owned()),
            ..rules(9, None)
        };
        let last = Some(date(2027, 12, 24));
        assert_eq!(free.freshness(&rules, last, TODAY), Freshness::Stale);
        assert_eq!(free.freshness(&rules, None, TODAY), Freshness::Aging);
    }

    #[test]
    fn rules_work_only_within_the_age_the_site_allows() {
        let state =
            |policy: &Policy, rules: Option<Rules>| policy.rules_state(rules.as_ref(), None, TODAY);
        let free = Policy::builtin();
        assert_eq!(state(&free, None), RulesState::Missing);
        assert_eq!(state(&free, Some(rules(0, Some(1)))), RulesState::Missing);
        assert_eq!(state(&free, Some(rules(9, None))), RulesState::Working);
        let strict = policy("age_days_max = 30");
        assert_eq!(
            state(&strict, Some(rules(9, Some(30)))),
            RulesState::Working
        );
        assert_eq!(state(&strict, Some(rules(9, Some(31)))), RulesState::Stale);
        assert_eq!(state(&strict, Some(rules(9, None))), RulesState::Stale);
    }

    #[test]
    fn staff_are_reminded_between_the_two_ages_and_of_rules_without_a_date() {
        let site = policy("age_days_warn = 10\nage_days_max = 30");
        let fresh = |age_days| site.freshness(&rules(9, age_days), None, TODAY);
        assert_eq!(fresh(Some(10)), Freshness::Fresh);
        assert_eq!(fresh(Some(11)), Freshness::Aging);
        assert_eq!(fresh(Some(30)), Freshness::Aging);
        assert_eq!(fresh(Some(31)), Freshness::Stale);
        assert_eq!(fresh(None), Freshness::Stale);
        let free = Policy::builtin();
        let fresh = |age_days| free.freshness(&rules(9, age_days), None, TODAY);
        assert_eq!(fresh(Some(AGE_DAYS_WARN)), Freshness::Fresh);
        assert_eq!(
            fresh(Some(AGE_DAYS_WARN.saturating_add(1))),
            Freshness::Aging
        );
        assert_eq!(fresh(None), Freshness::Aging);
    }

    #[test]
    fn rules_end_with_their_last_day_whatever_the_site_allows() {
        let free = Policy::builtin();
        let fresh = |last: Date| free.freshness(&rules(9, Some(0)), Some(last), TODAY);
        assert_eq!(fresh(date(2026, 11, 25)), Freshness::Stale);
        assert_eq!(fresh(TODAY), Freshness::Aging);
        assert_eq!(fresh(date(2026, 12, 2)), Freshness::Aging);
        assert_eq!(fresh(date(2026, 12, 3)), Freshness::Fresh);
        assert_eq!(
            free.rules_state(Some(&rules(9, Some(0))), Some(date(2026, 11, 25)), TODAY),
            RulesState::Stale
        );
    }

    #[test]
    fn numbers_out_of_range_and_a_reminder_that_never_comes_are_refused_with_their_line() {
        let over = SELF_TEST_SCANS_LIMIT_MAX.saturating_add(1);
        for wrong in [
            "self_test_every_scans = 0".to_owned(),
            format!("self_test_every_scans = {over}"),
            "age_days_warn = 0".to_owned(),
            "age_days_warn = 30\nage_days_max = 30".to_owned(),
        ] {
            let error = parse(&format!("{SITE}[rules]\n{wrong}\n")).unwrap_err();
            let error = error.in_file("kiosk.toml");
            assert!(error.contains("kiosk.toml:6"), "{error}");
        }
        let most = format!("self_test_every_scans = {SELF_TEST_SCANS_LIMIT_MAX}");
        let upkeep = policy(&most).upkeep;
        assert_eq!(upkeep.self_test_every_scans, SELF_TEST_SCANS_LIMIT_MAX);
        assert_eq!(policy("").upkeep, Upkeep::builtin());
        assert_eq!(policy("age_days_max = 3").upkeep.age_days_warn, 2);
    }
}
