//! Whether a site has clamd asked beside the kiosk's own rules, and how.

use serde::Deserialize;
use toml::Spanned;
use wire::Tier;
use wire::consult::Consultation;
use wire::ledger::Engine;

use super::AGE_DAYS_LIMIT_MAX;
use crate::examination::RulesState;
use crate::source::{ListError, Text};

/// Longest path of clamd's socket, in bytes: the kernel's `sun_path` with its final zero has 108.
pub const SOCKET_BYTES_MAX: usize = 107;

/// Longest path of clamd's configuration, in bytes: Linux's `PATH_MAX`.
pub const CONF_PATH_BYTES_MAX: usize = 4096;

/// Longest wait for one answer that a site may allow, in seconds: ten minutes, which is past what
/// clamd takes for the largest content that it takes at all.
pub const CLAMD_SECONDS_LIMIT_MAX: u64 = 600;

/// Wait for one answer unless the site says otherwise, in seconds. The sample of clamd's
/// configuration lets it work for 100 seconds; an answer that comes says more than none.
const CLAMD_SECONDS: u64 = 120;

/// clamd as a second engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clamd {
    /// The socket it listens at.
    pub socket: String,
    /// Its configuration, which must set what the kiosk relies on.
    pub conf: String,
    /// Longest wait for one answer, in seconds.
    pub timeout_seconds: u64,
    /// Whether it is asked about members of containers too, and not only about what lies on
    /// the medium itself.
    pub members: bool,
    /// Oldest database that may give PASS, in days; `None` when the site sets no limit.
    pub age_days_max: Option<u64>,
    /// What its names for unwanted software (`PUA.`) do to a verdict: `Block` or `Notice`.
    pub pua: Tier,
}

impl Clamd {
    /// What it is asked during a scan.
    #[must_use]
    pub fn consultation(&self) -> Consultation {
        Consultation {
            members: self.members,
            seconds_max: self.timeout_seconds,
        }
    }

    /// What the age of its database means here. One that does not say when it was made is stale
    /// as soon as the site sets a limit.
    pub fn state(&self, engine: &Engine) -> RulesState {
        match (self.age_days_max, engine.age_days) {
            (None, _) => RulesState::Working,
            (Some(most), Some(age)) if age <= most => RulesState::Working,
            (Some(_), Some(_) | None) => RulesState::Stale,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClamd {
    socket: Spanned<String>,
    conf: Spanned<String>,
    timeout_seconds: Option<Spanned<u64>>,
    members: Option<bool>,
    age_days_max: Option<Spanned<u64>>,
    pua: Option<Pua>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Pua {
    Block,
    Notice,
}

/// What the site says of clamd; `None` when it says nothing.
pub(super) fn check(source: &Text<'_>, raw: Option<RawClamd>) -> Result<Option<Clamd>, ListError> {
    let Some(raw) = raw else { return Ok(None) };
    let path = |value: &Spanned<String>, bytes_max| {
        let path = source.line(value, bytes_max)?;
        if path.starts_with('/') {
            return Ok(path);
        }
        let next = "write it from the root: \"/run/clamav/clamd.ctl\"";
        Err(source.refuse(value, "this is no absolute path", next))
    };
    let number = |value: Option<Spanned<u64>>, most| {
        let checked = value.map(|value| source.number(&value, most));
        checked.transpose()
    };
    Ok(Some(Clamd {
        socket: path(&raw.socket, SOCKET_BYTES_MAX)?,
        conf: path(&raw.conf, CONF_PATH_BYTES_MAX)?,
        timeout_seconds: number(raw.timeout_seconds, CLAMD_SECONDS_LIMIT_MAX)?
            .unwrap_or(CLAMD_SECONDS),
        members: raw.members.unwrap_or(true),
        age_days_max: number(raw.age_days_max, AGE_DAYS_LIMIT_MAX)?,
        pua: match raw.pua {
            Some(Pua::Notice) => Tier::Notice,
            Some(Pua::Block) | None => Tier::Block,
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::super::{Policy, parse};
    use super::*;

    const SITE: &str = "[site]\nname_ja = \"門\"\nname_en = \"g\"\ntime_zone = \"+09:00\"\n";
    const PLACES: &str = "socket = \"/run/clamav/clamd.ctl\"\nconf = \"/etc/clamav/clamd.conf\"\n";

    fn with(lines: &str) -> Result<Policy, ListError> {
        parse(&format!("{SITE}[clamd]\n{lines}\n"))
    }

    fn engine(age_days: Option<u64>) -> Engine {
        Engine {
            name: "clamav".to_owned(),
            version: "1.4.3".to_owned(),
            database: None,
            issued: None,
            age_days,
        }
    }

    #[test]
    fn without_its_heading_nobody_else_is_asked() {
        assert_eq!(parse(SITE).unwrap().clamd, None);
        assert_eq!(Policy::builtin().clamd, None);
    }

    #[test]
    fn a_site_says_where_clamd_is_and_may_say_the_rest() {
        let clamd = with(PLACES).unwrap().clamd.unwrap();
        assert_eq!(clamd.socket, "/run/clamav/clamd.ctl");
        assert_eq!((clamd.pua, clamd.age_days_max), (Tier::Block, None));
        assert_eq!(clamd.consultation().seconds_max, CLAMD_SECONDS);
        let more = "timeout_seconds = 5\nmembers = false\nage_days_max = 7\npua = \"notice\"";
        let clamd = with(&format!("{PLACES}{more}")).unwrap().clamd.unwrap();
        assert!(!clamd.consultation().members);
        assert_eq!((clamd.pua, clamd.timeout_seconds), (Tier::Notice, 5));
    }

    #[test]
    fn what_is_wrong_is_refused_with_its_place() {
        let long = format!("/{}", "s".repeat(SOCKET_BYTES_MAX));
        let deep = format!("/{}", "c".repeat(CONF_PATH_BYTES_MAX));
        let late = CLAMD_SECONDS_LIMIT_MAX.saturating_add(1);
        for wrong in [
            "socket = \"/run/clamav/clamd.ctl\"".to_owned(),
            PLACES.replace("/run", "run"),
            PLACES.replace("/etc", "etc"),
            PLACES.replace("/run/clamav/clamd.ctl", &long),
            PLACES.replace("/etc/clamav/clamd.conf", &deep),
            format!("{PLACES}timeout_seconds = 0"),
            format!("{PLACES}timeout_seconds = {late}"),
            format!("{PLACES}age_days_max = 0"),
            format!("{PLACES}pua = \"incomplete\""),
            format!("{PLACES}host = \"127.0.0.1\""),
        ] {
            let error = with(&wrong).unwrap_err().in_file("kiosk.toml").to_string();
            assert!(error.contains("kiosk.toml:"), "{error}");
        }
    }

    #[test]
    fn an_old_database_and_one_without_a_date_are_stale_where_age_counts() {
        let limited = with(&format!("{PLACES}age_days_max = 7")).unwrap();
        let limited = limited.clamd.unwrap();
        assert_eq!(limited.state(&engine(Some(7))), RulesState::Working);
        assert_eq!(limited.state(&engine(Some(8))), RulesState::Stale);
        assert_eq!(limited.state(&engine(None)), RulesState::Stale);
        let unlimited = with(PLACES).unwrap().clamd.unwrap();
        assert_eq!(unlimited.state(&engine(None)), RulesState::Working);
    }
}
