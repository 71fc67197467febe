//! What a site asks of the people at the gate.

use serde::Deserialize;
use toml::Spanned;

use super::SECONDS_LIMIT_MAX;
use crate::source::{ListError, Text};

/// How long a visit's code counts unless the site says otherwise, in seconds: long enough to
/// put in a handful of sticks one after the other.
pub const VISIT_SECONDS: u64 = 300;

/// After how long without a touch staff are signed out unless the site says otherwise, in
/// seconds.
pub const STAFF_SECONDS: u64 = 120;

/// What is asked of the people at the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Whether a registered medium is read only for a visit that covers it.
    pub visit_required: bool,
    /// How long a visit's code counts after it was given or last used, in seconds.
    pub visit_seconds: u64,
    /// Whether an unregistered medium may be put forward for registration.
    pub requests: bool,
    /// Whether a medium may be said to be on its way out.
    pub exits: bool,
    /// After how long without a touch staff are signed out, in seconds.
    pub staff_seconds: u64,
}

impl Gate {
    /// The main flow asks nothing.
    pub(super) fn builtin() -> Self {
        Self {
            visit_required: false,
            visit_seconds: VISIT_SECONDS,
            requests: true,
            exits: true,
            staff_seconds: STAFF_SECONDS,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGate {
    visit_required: Option<bool>,
    visit_seconds: Option<Spanned<u64>>,
    requests: Option<bool>,
    exits: Option<bool>,
    staff_seconds: Option<Spanned<u64>>,
}

pub(super) fn check(source: &Text<'_>, raw: Option<&RawGate>) -> Result<Gate, ListError> {
    let usual = Gate::builtin();
    let Some(raw) = raw else { return Ok(usual) };
    let seconds = |value: Option<&Spanned<u64>>, usual| {
        value.map_or(Ok(usual), |value| source.number(value, SECONDS_LIMIT_MAX))
    };
    Ok(Gate {
        visit_required: raw.visit_required.unwrap_or(usual.visit_required),
        visit_seconds: seconds(raw.visit_seconds.as_ref(), usual.visit_seconds)?,
        requests: raw.requests.unwrap_or(usual.requests),
        exits: raw.exits.unwrap_or(usual.exits),
        staff_seconds: seconds(raw.staff_seconds.as_ref(), usual.staff_seconds)?,
    })
}

#[cfg(test)]
mod tests {
    use crate::policy::parse;

    const SITE: &str = "[site]\nname_ja = \"a\"\nname_en = \"b\"\ntime_zone = \"+09:00\"\n";

    #[test]
    fn without_a_word_about_it_the_main_flow_asks_nothing() {
        let gate = parse(SITE).unwrap().gate;
        assert!(!gate.visit_required);
        assert_eq!((gate.visit_seconds, gate.staff_seconds), (300, 120));
    }

    #[test]
    fn a_site_asks_for_visits_and_no_time_is_nothing_or_without_end() {
        let with = |keys: &str| parse(&format!("{SITE}[gate]\n{keys}\n"));
        let gate = with("visit_required = true\nvisit_seconds = 60\nrequests = false")
            .unwrap()
            .gate;
        assert!(gate.visit_required && !gate.requests && gate.exits);
        assert_eq!(gate.visit_seconds, 60);
        for bad in [
            "visit_seconds = 0",
            "staff_seconds = 604801",
            "visits = true",
        ] {
            assert!(with(bad).is_err(), "{bad}");
        }
    }
}
