//! One walk over a ledger, also over one that was altered: what cannot be read is counted and
//! named, and the walk goes on behind it.

use jiff::Timestamp;
use record::entry::Content;
use record::reader::{Entries, Entry, Filter};
use record::standing::Register;
use record::{Ledger, LedgerError};

use crate::error::ReportError;
use crate::gather::Month;
use crate::period::Period;

/// Entries that are read one by one after one that cannot be: as many as the ledger's reader
/// takes at a time.
const PAGE: u64 = 128;

/// Reads the month from the ledger's first `last` entries. `now` is when it is read.
///
/// The month is everything between the first and the last entry, by number, whose time is in
/// it: an entry whose clock was wrong keeps its place. What stands at its end is told from the
/// entries up to there, whether it has entries of its own or not.
///
/// # Errors
/// [`ReportError::NotBegun`]; or when the ledger cannot be read at all. What cannot be read in it is told in the [`Month`].
pub fn month(
    ledger: &Ledger,
    last: u64,
    period: Period,
    now: Timestamp,
) -> Result<Month, ReportError> {
    period.begun(now)?;
    let Place { range, through } = place(ledger, last, &period)?;
    let ends = period.ends().min(now);
    let mut month = Month::new(period);
    let mut register = Register::default();
    for (number, read) in walk(ledger, 1, through)? {
        let is_in = range.is_some_and(|(first, _)| first <= number);
        let content = match known(read) {
            Some(content) => content,
            None if is_in => {
                month.unreadable(number);
                continue;
            }
            None => continue,
        };
        register.note(number, &content.recorded_utc, &content.event);
        if is_in {
            month.entry(&content);
            rows(ledger, &content, &mut month);
        } else {
            month.before(&content);
        }
    }
    // A PASS of the month's last minute is withdrawn in the next month.
    for (_, read) in walk(ledger, through.saturating_add(1), last)? {
        if let Some(content) = known(read) {
            month.after(&content);
        }
    }
    month.close(&register, ends);
    Ok(month)
}

/// Where a month is in a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// The first and the last entry, by number, whose time is in the month.
    range: Option<(u64, u64)>,
    /// The last entry that tells what stands at the month's end; 0 when there is none.
    through: u64,
}

fn place(ledger: &Ledger, last: u64, period: &Period) -> Result<Place, ReportError> {
    let times = walk(ledger, 1, last)?.map(|(number, read)| {
        let content = known(read);
        let time = content.and_then(|content| content.recorded_utc.parse().ok());
        (number, time)
    });
    Ok(placed_by(times, period))
}

fn placed_by(times: impl Iterator<Item = (u64, Option<Timestamp>)>, period: &Period) -> Place {
    let mut range: Option<(u64, u64)> = None;
    // Without entries of its own the month ends where the ledger comes to later times. A clock
    // that was wrong for a few entries must not move that place, so it is where the fewest
    // entries stand on the wrong side: each entry from before the end speaks for a later place,
    // each one from after it against.
    let (mut balance, mut most, mut through) = (0_i64, 0_i64, 0_u64);
    for (number, time) in times {
        let Some(time) = time else { continue };
        if period.holds(time) {
            let first = range.map_or(number, |(first, _)| first);
            range = Some((first, number));
        }
        let step = if time < period.ends() { 1 } else { -1 };
        balance = balance.saturating_add(step);
        if most < balance {
            (most, through) = (balance, number);
        }
    }
    Place {
        range,
        through: range.map_or(through, |(_, last)| last),
    }
}

fn rows(ledger: &Ledger, content: &Content, month: &mut Month) {
    let Some(judged) = content.event.judged() else {
        return;
    };
    for row in ledger.rows(content.number) {
        match row {
            Ok(row) => month.row(content, judged, &row),
            Err(_) => month.rows_unreadable(content.number),
        }
    }
}

/// What an entry says; `None` when it cannot be read, was altered, or is of a form that is not
/// known here. The verifier says which; a page says that it is not there.
pub(crate) fn known(read: Result<Entry, LedgerError>) -> Option<Content> {
    read.and_then(|entry| entry.content()).ok()
}

/// The entries `first` to `last` by their numbers, each with what came of reading it.
pub(crate) fn walk(ledger: &Ledger, first: u64, last: u64) -> Result<Walk<'_>, LedgerError> {
    Ok(Walk {
        ledger,
        next: first,
        last,
        entries: Some(entries(ledger, first)?),
        ahead: None,
        single_until: 0,
    })
}

fn entries(ledger: &Ledger, first: u64) -> Result<Entries<'_>, LedgerError> {
    ledger.entries(Filter {
        since: Some(first),
        limit: None,
    })
}

/// See [`walk`].
pub(crate) struct Walk<'a> {
    ledger: &'a Ledger,
    next: u64,
    last: u64,
    entries: Option<Entries<'a>>,
    /// An entry that was read and stands behind a gap.
    ahead: Option<Entry>,
    /// Up to this number entries are read one by one.
    single_until: u64,
}

impl Walk<'_> {
    fn read(&mut self, number: u64) -> Result<Entry, LedgerError> {
        if let Some(ahead) = self.ahead.take_if(|ahead| ahead.number <= number) {
            return placed(ahead, number);
        }
        if self.ahead.is_some() {
            return Err(LedgerError::NoEntry(number));
        }
        if number <= self.single_until {
            return self.ledger.entry(number);
        }
        if self.entries.is_none() {
            self.entries = Some(entries(self.ledger, number)?);
        }
        match self.entries.as_mut().and_then(Iterator::next) {
            None => Err(LedgerError::NoEntry(number)),
            Some(Ok(entry)) if number < entry.number => {
                self.ahead = Some(entry);
                Err(LedgerError::NoEntry(number))
            }
            Some(Ok(entry)) => placed(entry, number),
            // One entry that cannot be read takes its whole page along.
            Some(Err(_)) => {
                self.entries = None;
                self.single_until = number.saturating_add(PAGE);
                self.ledger.entry(number)
            }
        }
    }
}

fn placed(entry: Entry, number: u64) -> Result<Entry, LedgerError> {
    if entry.number == number {
        Ok(entry)
    } else {
        Err(LedgerError::NoEntry(number))
    }
}

impl Iterator for Walk<'_> {
    type Item = (u64, Result<Entry, LedgerError>);

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.next;
        if self.last < number {
            return None;
        }
        self.next = number.saturating_add(1);
        Some((number, self.read(number)))
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn an_entry_whose_clock_was_off_keeps_its_place_in_the_month() {
        let month = Period::month("2026-11", TimeZone::UTC).unwrap();
        let times = [
            (1, "2026-10-31T23:59:59Z"),
            (2, "2026-11-02T00:00:00Z"),
            (3, "1970-01-01T00:00:07Z"),
            (4, "2031-01-01T00:00:00Z"),
            (5, "no time"),
            (6, "2026-11-30T23:59:59Z"),
            (7, "2026-12-01T00:00:00Z"),
        ];
        let times = times.map(|(number, time)| (number, time.parse().ok()));
        let place = placed_by(times.into_iter(), &month);
        assert_eq!(place.range, Some((2, 6)));
        assert_eq!(place.through, 6);
        assert_eq!(placed_by(std::iter::empty(), &month).range, None);
    }

    #[test]
    fn a_month_without_entries_ends_where_later_times_begin() {
        let through = |month: &str, times: &[&str]| {
            let month = Period::month(month, TimeZone::UTC).unwrap();
            let times = (1..).zip(times.iter().map(|time| time.parse().ok()));
            let place = placed_by(times, &month);
            assert_eq!(place.range, None);
            place.through
        };
        let september = "2026-09-10T00:00:00Z";
        let november = "2026-11-10T00:00:00Z";
        let two_and_two = [september, september, november, november];
        assert_eq!(through("2026-08", &two_and_two), 0);
        assert_eq!(through("2026-10", &two_and_two), 2);
        assert_eq!(through("2026-12", &two_and_two), 4);
        assert_eq!(through("2026-12", &[]), 0);
        // One clock that was wrong, either way, moves nothing.
        let back = [
            september,
            september,
            november,
            "1970-01-01T00:00:07Z",
            november,
        ];
        assert_eq!(through("2026-10", &back), 2);
        let ahead = [
            "2031-01-01T00:00:00Z",
            september,
            september,
            november,
            "no time",
        ];
        assert_eq!(through("2026-10", &ahead), 3);
    }
}
