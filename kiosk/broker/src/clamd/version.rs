//! What clamd says it is: `ClamAV 1.4.3/27800/Wed Nov 19 09:52:16 2026`.

use jiff::Timestamp;
use jiff::civil::DateTime;
use wire::ledger::Engine;

/// Longest part of it that is kept, in bytes; it goes into ledger entries.
const VERSION_BYTES_MAX: usize = 64;

/// Reads the answer to VERSION. A database that has no official part has no number and no date.
/// `None` when it is no answer of clamd's.
pub(super) fn read(answer: &str, now: Timestamp) -> Option<Engine> {
    let rest = answer.strip_prefix("ClamAV ")?;
    let mut parts = rest.splitn(3, '/');
    let version = parts.next().filter(|part| is_short(part))?;
    let (database, issued) = match (parts.next(), parts.next()) {
        (None, None) => (None, None),
        (Some(number), Some(made)) if is_short(number) => {
            // clamd gives its machine's local time, which is a day off at most.
            let made = DateTime::strptime("%a %b %e %H:%M:%S %Y", made.trim()).ok()?;
            (Some(number.to_owned()), Some(made.date().to_string()))
        }
        (_, _) => return None,
    };
    let age = |issued: &String| decide::policy::age_days(issued, now);
    Some(Engine {
        name: "clamav".to_owned(),
        version: version.to_owned(),
        database,
        age_days: issued.as_ref().and_then(age),
        issued,
    })
}

fn is_short(part: &str) -> bool {
    (1..=VERSION_BYTES_MAX).contains(&part.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_database_and_age_are_read() {
        let now = "2026-11-26T09:00:00Z".parse().unwrap();
        let engine = read("ClamAV 1.4.3/27800/Thu Nov  5 09:52:16 2026", now).unwrap();
        assert_eq!(engine.version, "1.4.3");
        assert_eq!(engine.database.as_deref(), Some("27800"));
        assert_eq!(engine.issued.as_deref(), Some("2026-11-05"));
        assert_eq!(engine.age_days, Some(21));
        let bare = read("ClamAV 1.4.6", now).unwrap();
        assert_eq!((bare.database, bare.age_days), (None, None));
        // From the future: of no known age.
        let early = read("ClamAV 1.4.3/1/Tue Dec  1 09:52:16 2026", now).unwrap();
        assert_eq!(early.age_days, None);
    }

    #[test]
    fn what_is_not_understood_is_no_clamd() {
        let long = format!("ClamAV {}", "1".repeat(VERSION_BYTES_MAX + 1));
        for other in [
            "",
            "ClamAV ",
            "PONG",
            "ClamAV 1.4.3/27800",
            "ClamAV 1.4.3/27800/yesterday",
            "ClamAV 1.4.3//Thu Nov  5 09:52:16 2026",
            &long,
        ] {
            assert_eq!(read(other, Timestamp::UNIX_EPOCH), None, "{other}");
        }
    }
}
