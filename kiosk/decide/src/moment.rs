//! When something begins or ends: days of the site's calendar, and moments.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use toml::Spanned;
use toml::value::Datetime;

use crate::source::{ListError, Text};

/// Now, and the calendar by which it is a day.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The time. Whoever asks about an end takes the latest that the kiosk has known, so that a
    /// clock that is set back brings nothing back.
    pub now: Timestamp,
    /// The site's time zone.
    pub zone: TimeZone,
}

impl Moment {
    /// Which day it is at the site.
    #[must_use]
    pub fn today(&self) -> Date {
        crate::policy::today(self.now, &self.zone)
    }
}

/// A day, or a moment, as a list says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// A whole day of the site's calendar: `2026-11-30`.
    Day(Date),
    /// A time of the site's calendar: `2026-11-30T17:00:00`.
    Local(DateTime),
    /// A moment: `2026-11-30T17:00:00+09:00`.
    Exact(Timestamp),
}

impl When {
    /// Whether something that ends with it has ended. A day counts to its end; a time of the
    /// calendar that no moment answers to has ended.
    #[must_use]
    pub fn has_ended(&self, at: &Moment) -> bool {
        match self {
            Self::Day(day) => *day < at.today(),
            Self::Local(_) | Self::Exact(_) => {
                self.timestamp(at).is_none_or(|moment| moment <= at.now)
            }
        }
    }

    /// Whether something that begins with it has begun. A day counts from its beginning; a time
    /// of the calendar that no moment answers to has not begun.
    #[must_use]
    pub fn has_begun(&self, at: &Moment) -> bool {
        match self {
            Self::Day(day) => *day <= at.today(),
            Self::Local(_) | Self::Exact(_) => {
                self.timestamp(at).is_some_and(|moment| moment <= at.now)
            }
        }
    }

    fn timestamp(&self, at: &Moment) -> Option<Timestamp> {
        match self {
            Self::Day(_) => None,
            Self::Local(time) => {
                let zoned = time.to_zoned(at.zone.clone()).ok()?;
                Some(zoned.timestamp())
            }
            Self::Exact(moment) => Some(*moment),
        }
    }

    /// When something that ends with it is over: from this moment on it has ended. `None` for a
    /// day or a time that the calendar does not have.
    #[must_use]
    pub fn end(&self, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Day(day) => {
                let next = day.tomorrow().ok()?.to_zoned(zone.clone()).ok()?;
                Some(next.timestamp())
            }
            Self::Local(time) => Some(time.to_zoned(zone.clone()).ok()?.timestamp()),
            Self::Exact(moment) => Some(*moment),
        }
    }

    /// What TOML calls a date, a local date-time or an offset date-time; `None` for anything
    /// else, and for a day that the calendar does not have.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::of(&text.parse().ok()?)
    }

    fn of(written: &Datetime) -> Option<Self> {
        let day = written.date.and_then(day);
        match (day, written.time, written.offset) {
            (Some(day), None, None) => Some(Self::Day(day)),
            (Some(_), Some(_), None) => written.to_string().parse().ok().map(Self::Local),
            (Some(_), Some(_), Some(_)) => written.to_string().parse().ok().map(Self::Exact),
            (None, _, _) | (Some(_), None, Some(_)) => None,
        }
    }

    /// Reads one from a list.
    pub(crate) fn read(source: &Text<'_>, value: &Spanned<Datetime>) -> Result<Self, ListError> {
        Self::of(value.get_ref()).ok_or_else(|| {
            source.refuse(
                value,
                "this must be a day of the calendar, or a day and a time",
                "write it as 2026-04-01 or 2026-04-01T17:00:00, without quotes",
            )
        })
    }
}

impl std::fmt::Display for When {
    /// As TOML spells it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Local(time) => time.fmt(f),
            Self::Exact(moment) => moment.fmt(f),
        }
    }
}

/// The day that TOML wrote, when the calendar has it.
pub(crate) fn day(date: toml::value::Date) -> Option<Date> {
    let year = i16::try_from(date.year).ok()?;
    let (month, day) = (i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
    Date::new(year, month, day).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Raw {
        at: Spanned<Datetime>,
    }

    fn when(text: &str) -> Option<When> {
        let toml = format!("at = {text}");
        let (source, raw) = Text::read::<Raw>(&toml, 99).ok()?;
        When::read(&source, &raw.at).ok()
    }

    fn at(now: &str) -> Moment {
        Moment {
            now: now.parse().unwrap(),
            zone: TimeZone::fixed(jiff::tz::Offset::constant(9)),
        }
    }

    #[test]
    fn a_day_counts_from_its_beginning_to_its_end_at_the_site() {
        let day = when("2026-11-30").unwrap();
        assert!(!day.has_begun(&at("2026-11-29T14:59:59Z")));
        assert!(day.has_begun(&at("2026-11-29T15:00:00Z")));
        assert!(!day.has_ended(&at("2026-11-30T14:59:59Z")));
        assert!(day.has_ended(&at("2026-11-30T15:00:00Z")));
    }

    #[test]
    fn a_time_ends_at_its_moment_by_the_sites_calendar_or_by_its_own_offset() {
        for text in [
            "2026-11-30T17:00:00",
            "2026-11-30T17:00:00+09:00",
            "2026-11-30T08:00:00Z",
        ] {
            let time = when(text).unwrap();
            assert!(!time.has_ended(&at("2026-11-30T07:59:59Z")), "{text}");
            assert!(!time.has_begun(&at("2026-11-30T07:59:59Z")), "{text}");
            assert!(time.has_ended(&at("2026-11-30T08:00:00Z")), "{text}");
            assert!(time.has_begun(&at("2026-11-30T08:00:00Z")), "{text}");
        }
    }

    #[test]
    fn its_end_is_the_first_moment_at_which_it_has_ended() {
        for (text, end) in [
            ("2026-11-30", "2026-11-30T15:00:00Z"),
            ("2026-11-30T17:00:00", "2026-11-30T08:00:00Z"),
            ("2026-11-30T17:00:00+01:00", "2026-11-30T16:00:00Z"),
        ] {
            let when = When::parse(text).unwrap();
            let end: Timestamp = end.parse().unwrap();
            assert_eq!(when.end(&at("2026-11-01T00:00:00Z").zone), Some(end));
            assert!(when.has_ended(&at(&end.to_string())), "{text}");
            let before = end - jiff::SignedDuration::from_secs(1);
            assert!(!when.has_ended(&at(&before.to_string())), "{text}");
        }
        for text in [
            "2026-02-30",
            "17:00:00",
            "tomorrow",
            "2026-02-30T10:00:00",
            "",
        ] {
            assert_eq!(When::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "2026-02-30",
            "17:00:00",
            "\"2026-11-30\"",
            "2026-02-30T10:00:00",
        ] {
            assert_eq!(when(text), None, "{text}");
        }
        assert_eq!(
            when("2026-11-30T17:00:00").unwrap().to_string(),
            "2026-11-30T17:00:00"
        );
    }
}
