//! How times, people and reasons are said.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use wire::Reason;
use wire::rule_change::Person;

use super::words;
use crate::log::text;
use crate::report::spelled;
use crate::words::Language;

/// A language and a calendar.
pub(super) struct Voice {
    pub(super) language: Language,
    pub(super) zone: TimeZone,
}

impl Voice {
    /// `2026-11-26 17:30:05 +09:00 (2026-11-26T08:30:05Z)`.
    pub(super) fn both(&self, time: Timestamp) -> String {
        let utc = time.strftime("%Y-%m-%dT%H:%M:%SZ");
        format!("{} ({utc})", self.local(time))
    }

    /// `2026-11-26 17:30:05 +09:00`.
    pub(super) fn local(&self, time: Timestamp) -> String {
        let time = time.to_zoned(self.zone.clone());
        time.strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
    }

    /// A time as an entry holds it; one that is none, as it stands there.
    pub(super) fn time(&self, said: &str) -> String {
        said.parse()
            .map_or_else(|_| text(said), |time| self.local(time))
    }

    /// What the site's calendar is called.
    pub(super) fn zone_name(&self) -> String {
        let name = self.zone.iana_name().map(str::to_owned);
        name.unwrap_or_else(|| {
            let offset = self.zone.to_fixed_offset();
            offset.map_or_else(|_| "UTC".to_owned(), |offset| offset.to_string())
        })
    }

    /// A word of the table.
    pub(super) fn word(&self, key: &str) -> String {
        words::word(key, self.language)
    }

    /// A word of a family of the table, by its spelling in the ledger.
    pub(super) fn of_family(&self, family: &str, code: &impl serde::Serialize) -> String {
        self.word(&format!("{family}_{}", spelled(code)))
    }

    /// A key of the list of media; one that the table does not know, as it stands there.
    pub(super) fn key(&self, key: &str) -> String {
        words::known(&format!("key_{key}"), self.language).map_or_else(|| text(key), str::to_owned)
    }

    /// A text of the ledger, or that there is none.
    pub(super) fn or_none(&self, said: Option<&str>) -> String {
        said.map_or_else(|| self.word("none"), text)
    }

    /// Who did something.
    pub(super) fn person(&self, person: &Person) -> String {
        if let Some(medium) = &person.medium {
            let medium = ("medium", text(medium));
            return words::fill("person_medium", &[medium], self.language);
        }
        let own = text(&person.user);
        match (person.login_uid, &person.login_user) {
            (Some(login), Some(name)) if login != person.uid => {
                let values = [("login", text(name)), ("own", own)];
                words::fill("person_as", &values, self.language)
            }
            (Some(_) | None, _) => own,
        }
    }

    /// Who did something, when somebody said so.
    pub(super) fn somebody(&self, person: Option<&Person>) -> String {
        person.map_or_else(|| self.word("somebody"), |person| self.person(person))
    }

    /// What the kiosk itself said for staff, in English: in the story's language where the table
    /// has it, else as it is.
    pub(super) fn detail(&self, said: &str) -> String {
        let said = text(said);
        match self.language {
            Language::Ja => words::translated(&said).unwrap_or(said),
            Language::En => said,
        }
    }

    /// Reasons, each with how often it applies when that is more than once.
    pub(super) fn reasons(&self, reasons: &[Reason]) -> String {
        let each = reasons.iter().map(|reason| {
            let said = self.of_family("reason", &reason.code);
            if reason.count <= 1 {
                return said;
            }
            let values = [("reason", said), ("count", reason.count.to_string())];
            words::fill("reason_each", &values, self.language)
        });
        let mark = match self.language {
            Language::Ja => "、",
            Language::En => ", ",
        };
        each.collect::<Vec<_>>().join(mark)
    }

    /// A verdict's word: a constant in both languages.
    pub(super) fn verdict(&self, verdict: wire::Verdict) -> String {
        match self.language {
            Language::Ja => verdict.word_ja().to_owned(),
            Language::En => verdict.word_en().to_owned(),
        }
    }
}
