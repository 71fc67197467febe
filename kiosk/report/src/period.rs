//! A month by the site's calendar.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::error::ReportError;

/// One month at the site.
#[derive(Clone, Debug)]
pub struct Period {
    first: Date,
    zone: TimeZone,
    begins: Timestamp,
    ends: Timestamp,
}

impl Period {
    /// The month that `text` names, `2026-11`, by the calendar of `zone`.
    ///
    /// # Errors
    /// [`ReportError::Month`] when it names none.
    pub fn month(text: &str, zone: TimeZone) -> Result<Self, ReportError> {
        let wrong = || ReportError::Month(wire::name::line_within(text, 40));
        let digits = |part: &str, many: usize| {
            part.len() == many && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        if !digits(year, 4) || !digits(month, 2) {
            return Err(wrong());
        }
        let (year, month) = (year.parse(), month.parse());
        let (Ok(year), Ok(month)) = (year, month) else {
            return Err(wrong());
        };
        let first = Date::new(year, month, 1).map_err(|_| wrong())?;
        let next = first.checked_add(1.month()).map_err(|_| wrong())?;
        let begin = |day: Date| day.to_zoned(zone.clone()).map(|time| time.timestamp());
        let (begins, ends) = (begin(first), begin(next));
        let (Ok(begins), Ok(ends)) = (begins, ends) else {
            return Err(wrong());
        };
        Ok(Self {
            first,
            zone,
            begins,
            ends,
        })
    }

    /// That it has begun by `now`.
    ///
    /// # Errors
    /// [`ReportError::NotBegun`] when it has not.
    pub fn begun(&self, now: Timestamp) -> Result<(), ReportError> {
        if self.begins <= now {
            return Ok(());
        }
        Err(ReportError::NotBegun {
            month: self.name(),
            now: minute_of(now, &self.zone),
        })
    }

    /// Its first moment.
    #[must_use]
    pub fn begins(&self) -> Timestamp {
        self.begins
    }

    /// The first moment after it.
    #[must_use]
    pub fn ends(&self) -> Timestamp {
        self.ends
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(&self) -> Date {
        self.first
    }

    /// Its last day.
    #[must_use]
    pub fn last_day(&self) -> Date {
        self.first.last_of_month()
    }

    /// How many days it has.
    #[must_use]
    pub fn days(&self) -> usize {
        usize::try_from(self.first.days_in_month()).unwrap_or(31)
    }

    /// The site's time zone.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// `2026-11`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{:04}-{:02}", self.first.year(), self.first.month())
    }

    /// Whether a moment is in it.
    #[must_use]
    pub fn holds(&self, time: Timestamp) -> bool {
        self.begins <= time && time < self.ends
    }

    /// Which of its days a moment is on, from 0; `None` when it is not in it.
    #[must_use]
    pub fn day(&self, time: Timestamp) -> Option<usize> {
        if !self.holds(time) {
            return None;
        }
        let day = time.to_zoned(self.zone.clone()).day();
        usize::try_from(day).ok()?.checked_sub(1)
    }

    /// The name of the zone, or its distance from UTC.
    #[must_use]
    pub fn zone_name(&self) -> String {
        self.zone.iana_name().map_or_else(
            || {
                let offset = self.zone.to_offset(self.begins);
                format!("UTC{offset}")
            },
            str::to_owned,
        )
    }
}

/// A moment as the ledger spells it, by the site's clock and to the minute; the text itself when
/// it is no time.
pub(crate) fn minute(utc: &str, zone: &TimeZone) -> String {
    utc.parse::<Timestamp>()
        .map_or_else(|_| utc.to_owned(), |time| minute_of(time, zone))
}

/// A moment by the site's clock and to the minute.
pub(crate) fn minute_of(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}

/// A moment by the site's clock and to the second.
pub(crate) fn second_of(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// A moment as the ledger spells it, to the second.
pub(crate) fn second(utc: &str, zone: &TimeZone) -> String {
    utc.parse::<Timestamp>()
        .map_or_else(|_| utc.to_owned(), |time| second_of(time, zone))
}

#[cfg(test)]
mod tests {
    use jiff::tz;

    use super::*;

    fn tokyo() -> TimeZone {
        TimeZone::fixed(tz::offset(9))
    }

    #[test]
    fn a_month_begins_and_ends_by_the_sites_clock() {
        let month = Period::month("2026-11", tokyo()).unwrap();
        assert_eq!(month.begins().to_string(), "2026-10-31T15:00:00Z");
        assert_eq!(month.ends().to_string(), "2026-11-30T15:00:00Z");
        assert_eq!(month.days(), 30);
        assert_eq!(month.name(), "2026-11");
        let day = |text: &str| month.day(text.parse().unwrap());
        assert_eq!(day("2026-10-31T14:59:59Z"), None);
        assert_eq!(day("2026-10-31T15:00:00Z"), Some(0));
        assert_eq!(day("2026-11-30T14:59:59Z"), Some(29));
        assert_eq!(day("2026-11-30T15:00:00Z"), None);
    }

    #[test]
    fn a_month_that_is_to_come_has_not_begun() {
        let month = Period::month("2026-12", tokyo()).unwrap();
        let begun = |now: &str| month.begun(now.parse().unwrap());
        let refused = begun("2026-11-30T14:59:59Z").unwrap_err().to_string();
        assert!(refused.starts_with("2026-12 has not begun: at the site it is 2026-11-30 23:59;"));
        begun("2026-11-30T15:00:00Z").unwrap();
        begun("2027-01-15T00:00:00Z").unwrap();
    }

    #[test]
    fn what_is_no_month_is_refused() {
        for text in [
            "",
            "2026",
            "2026-13",
            "2026-00",
            "2026-1",
            "26-11",
            "2026-11-01",
            "+026-11",
            "２０２６-11",
            "9999-12",
        ] {
            let month = Period::month(text, tokyo());
            assert!(matches!(month, Err(ReportError::Month(_))), "{text}");
        }
    }

    #[test]
    fn a_time_is_shown_by_the_sites_clock_and_what_is_none_as_it_is() {
        let shown = minute("2026-11-26T08:05:09.123456789Z", &tokyo());
        assert_eq!(shown, "2026-11-26 17:05");
        assert_eq!(minute("yesterday", &tokyo()), "yesterday");
    }
}
