//! A day of a site's calendar and the moment at which it ends, which must agree.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use wire::waiver::is_day;

/// How far a calendar day can lie from the same day in UTC: from UTC-12 to UTC+14.
const DAY_EARLIEST: SignedDuration = SignedDuration::from_hours(24 - 14);
const DAY_LATEST: SignedDuration = SignedDuration::from_hours(24 + 12);

/// The moment `ends`, when it can be the end of the day `until` somewhere on the earth.
///
/// # Errors
/// What is wrong with the two, to be said after what they belong to.
pub(crate) fn ends_with_its_day(until: &str, ends: &str) -> Result<Timestamp, &'static str> {
    let day = until.parse::<Date>().ok().filter(|_| is_day(until));
    let day = day.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    let (Some(day), Ok(ends)) = (day, ends.parse::<Timestamp>()) else {
        return Err("has no last day");
    };
    let after = ends.duration_since(day.timestamp());
    if after < DAY_EARLIEST || DAY_LATEST < after {
        return Err("does not end with its last day");
    }
    Ok(ends)
}
