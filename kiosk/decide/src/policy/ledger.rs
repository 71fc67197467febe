//! What a site asks of those who audit its ledger.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::Deserialize;
use toml::Spanned;

use crate::source::{ListError, Text};

/// How often the ledger is looked through unless the site says otherwise, in days.
pub const REVIEW_DAYS: u64 = 14;

/// Longest time between two reviews that a site may allow, in days: a year, after which nobody
/// remembers what the entries were about.
pub const REVIEW_DAYS_LIMIT_MAX: u64 = 366;

/// What is asked of those who audit the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Within how many days of one review there is to be another.
    pub review_days: u64,
}

/// When the ledger is to be looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Review {
    /// The last day for it.
    pub due: Date,
    /// Whether that day is over.
    pub is_overdue: bool,
}

impl Ledger {
    /// What holds where the site says nothing.
    pub(super) fn builtin() -> Self {
        Self {
            review_days: REVIEW_DAYS,
        }
    }

    /// When the next review is due after one at `reviewed`, by the calendar of `zone`; `None`
    /// at the end of all calendars.
    #[must_use]
    pub fn review(&self, reviewed: Timestamp, now: Timestamp, zone: &TimeZone) -> Option<Review> {
        let days = i64::try_from(self.review_days).ok()?;
        let span = Span::new().try_days(days).ok()?;
        let due = super::today(reviewed, zone).checked_add(span).ok()?;
        Some(Review {
            due,
            is_overdue: due < super::today(now, zone),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLedger {
    review_days: Option<Spanned<u64>>,
}

pub(super) fn check(source: &Text<'_>, raw: Option<&RawLedger>) -> Result<Ledger, ListError> {
    let days = raw.and_then(|raw| raw.review_days.as_ref());
    let days = days.map(|days| source.number(days, REVIEW_DAYS_LIMIT_MAX));
    let usual = Ledger::builtin();
    Ok(Ledger {
        review_days: days.transpose()?.unwrap_or(usual.review_days),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse;

    const SITE: &str = "[site]\nname_ja = \"a\"\nname_en = \"b\"\ntime_zone = \"+09:00\"\n";

    #[test]
    fn the_ledger_is_reviewed_every_14_days_unless_the_site_says_otherwise() {
        let with = |text: &str| parse(&format!("{SITE}{text}")).map(|policy| policy.ledger);
        let days = |text| with(text).unwrap().review_days;
        assert_eq!(days(""), 14);
        assert_eq!(days("[ledger]\n"), 14);
        assert_eq!(days("[ledger]\nreview_days = 7\n"), 7);
        let most = format!("[ledger]\nreview_days = {REVIEW_DAYS_LIMIT_MAX}\n");
        assert_eq!(days(&most), REVIEW_DAYS_LIMIT_MAX);
        let beyond = REVIEW_DAYS_LIMIT_MAX + 1;
        for bad in [
            "review_days = 0",
            &format!("review_days = {beyond}"),
            "x = 1",
        ] {
            assert!(with(&format!("[ledger]\n{bad}\n")).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_review_is_overdue_from_the_day_after_its_last_day_by_the_sites_calendar() {
        let ledger = Ledger { review_days: 14 };
        let zone = TimeZone::fixed(jiff::tz::Offset::constant(9));
        let review = |now: &str| {
            let reviewed = "2026-11-09T15:30:00Z".parse().unwrap();
            let review = ledger
                .review(reviewed, now.parse().unwrap(), &zone)
                .unwrap();
            (review.due.to_string(), review.is_overdue)
        };
        // It was the 10th at the site already.
        let due = "2026-11-24".to_owned();
        assert_eq!(review("2026-11-10T00:00:00Z"), (due.clone(), false));
        assert_eq!(review("2026-11-24T14:59:59Z"), (due.clone(), false));
        assert_eq!(review("2026-11-24T15:00:00Z"), (due, true));
        let end = Timestamp::MAX;
        assert_eq!(ledger.review(end, end, &zone), None);
    }
}
