//! Which entries are asked for: by time, medium, company, person, visit, verdict or kind, and
//! by what a verdict's rows hold.

use broker::Paths;
use broker::site::Site;
use decide::When;
use jiff::Timestamp;
use record::Ledger;
use record::entry::Content;
use record::reader::Entry;
use record::search::{Looked, Met, Search, Wanted};
use wire::ledger::Event;
use wire::waiver::is_same_person;
use wire::{Digest, Verdict};

use super::about::About;
use crate::CommandError;
use crate::log::withdrawn::{Withdrawal, Withdrawals};
use crate::people::when;

/// Options that say which entries; all of them must hold.
#[derive(Default, clap::Args)]
pub(super) struct Which {
    /// Written on this day of the site or later, or at this time or later (RFC 3339 or the
    /// site's time)
    #[arg(long, value_name = "DATE|TIME", value_parser = when)]
    from: Option<When>,
    /// Written on this day of the site or before, or at this time or before
    #[arg(long, value_name = "DATE|TIME", value_parser = when)]
    until: Option<When>,
    /// About this registered medium
    #[arg(long, value_name = "ID")]
    medium: Option<String>,
    /// About this company
    #[arg(long, value_name = "NAME")]
    company: Option<String>,
    /// By this person or about them: a visitor, a borrower, one of the staff, a user
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// About this visit
    #[arg(long, value_name = "ID")]
    visit: Option<String>,
    /// Of which this answer stands: a PASS that was taken back counts as what it became
    #[arg(long, value_name = "V")]
    verdict: Option<Answer>,
    /// Of this kind: judged, lent, list_changed, ...
    #[arg(long, value_name = "NAME")]
    event: Option<String>,
    /// Verdicts about a content with this SHA-256
    #[arg(long, value_name = "HASH", value_parser = digest)]
    sha256: Option<Digest>,
    /// Verdicts about a file with this in its name or path, or in that of a container around it.
    /// With --sha256 or --rule, it is one file of which all is true
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Verdicts in which this rule found something, in a file or a volume; also waivers of it
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Answer {
    /// PASS
    Pass,
    /// STOP
    Stop,
    /// NOT FINISHED
    Incomplete,
}

impl From<Answer> for Verdict {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Pass => Self::Pass,
            Answer::Stop => Self::Stop,
            Answer::Incomplete => Self::Incomplete,
        }
    }
}

/// A hash as people give it, in either case.
fn digest(text: &str) -> Result<Digest, String> {
    Digest::try_from(text.to_ascii_lowercase()).map_err(str::to_owned)
}

/// An entry that is asked for.
pub(super) struct Taken<'a> {
    /// What it says.
    pub(super) content: Content,
    /// What it is about, with what its insertion adds.
    pub(super) about: About,
    /// Its rows that are asked for, where rows are.
    pub(super) met: Option<Met>,
    /// What became of it, when it is a PASS that stands no more.
    pub(super) withdrawn: Option<&'a Withdrawal>,
}

/// Entries of one ledger that are asked for.
pub(super) struct Asked<'a> {
    which: &'a Which,
    ledger: &'a Ledger,
    from: Option<Timestamp>,
    until: Option<Until>,
    wanted: Wanted,
    search: Search<'a>,
    withdrawals: &'a Withdrawals,
    /// Whether an entry is told with what its insertion says.
    asks_insertion: bool,
    /// Verdicts whose rows are in an archive and could not be looked at.
    pub(super) sealed: u64,
}

/// Where a time ends.
#[derive(Clone, Copy)]
enum Until {
    /// A day: before the next one begins.
    Before(Timestamp),
    /// A moment: it counts itself.
    With(Timestamp),
}

impl Which {
    /// Whether every entry is asked for.
    pub(super) fn is_all(&self) -> bool {
        let Self {
            from,
            until,
            medium,
            company,
            person,
            visit,
            verdict,
            event,
            sha256,
            name,
            rule,
        } = self;
        let texts = [medium, company, person, visit, event, name, rule];
        texts.iter().all(|text| text.is_none())
            && from.is_none()
            && until.is_none()
            && verdict.is_none()
            && sha256.is_none()
    }

    /// Checks that there can be such entries.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        if self.name.as_deref() == Some("") || self.rule.as_deref() == Some("") {
            let why = "an empty text is in every name: say what to look for";
            return Err(CommandError::Asked(why.to_owned()));
        }
        match self.event.as_deref() {
            Some(name) if words::event(name).is_none() => Err(CommandError::Asked(format!(
                "no entry is called {name:?}; they are called {}",
                words::EVENTS.map(|(name, ..)| name).join(", ")
            ))),
            Some(_) | None => Ok(()),
        }
    }

    /// What is asked of one ledger, by the calendar of the site. With `asks_insertion`, what is
    /// taken is told with what its insertion says.
    pub(super) fn of<'a>(
        &'a self,
        ledger: &'a Ledger,
        paths: &Paths,
        asks_insertion: bool,
        withdrawals: &'a Withdrawals,
    ) -> Result<Asked<'a>, CommandError> {
        self.check()?;
        let (mut from, mut until) = (None, None);
        if self.from.is_some() || self.until.is_some() {
            let site = Site::read(paths)?;
            from = self.from.map(|when| begin(when, &site)).transpose()?;
            until = self.until.map(|when| end(when, &site)).transpose()?;
        }
        if from.is_some_and(|from| until.is_some_and(|until| !until.takes(from))) {
            let why = "no time is after --from and before --until: the first is the later one";
            return Err(CommandError::Asked(why.to_owned()));
        }
        let mut wanted = Wanted::default();
        if let Some(sha256) = self.sha256 {
            wanted = wanted.with_sha256(sha256);
        }
        if let Some(name) = &self.name {
            wanted = wanted.with_name(name);
        }
        if let Some(rule) = &self.rule {
            wanted = wanted.with_rule(rule);
        }
        Ok(Asked {
            which: self,
            ledger,
            from,
            until,
            wanted,
            search: Search::new(ledger),
            withdrawals,
            asks_insertion: asks_insertion
                || self.medium.is_some()
                || self.company.is_some()
                || self.person.is_some()
                || self.visit.is_some(),
            sealed: 0,
        })
    }
}

/// The moment from which on something holds.
fn begin(when: When, site: &Site) -> Result<Timestamp, CommandError> {
    let begin = match when {
        When::Day(day) => day
            .to_zoned(site.zone.clone())
            .ok()
            .map(|begin| begin.timestamp()),
        When::Local(_) | When::Exact(_) => when.end(&site.zone),
    };
    begin.ok_or_else(|| no_such(when))
}

fn end(when: When, site: &Site) -> Result<Until, CommandError> {
    let end = when.end(&site.zone).ok_or_else(|| no_such(when))?;
    Ok(match when {
        When::Day(_) => Until::Before(end),
        When::Local(_) | When::Exact(_) => Until::With(end),
    })
}

fn no_such(when: When) -> CommandError {
    CommandError::Asked(format!("the site's calendar has no {when}"))
}

impl Until {
    fn takes(self, time: Timestamp) -> bool {
        match self {
            Self::Before(end) => time < end,
            Self::With(end) => time <= end,
        }
    }
}

impl<'a> Asked<'a> {
    /// The entry with what it is about, when it is asked for. What an entry says of its
    /// insertion only by number is looked up there.
    ///
    /// # Errors
    /// When it was changed or cannot be read, whatever is asked for.
    pub(super) fn take(&mut self, entry: &Entry) -> Result<Option<Taken<'a>>, CommandError> {
        if self.from.is_some() || self.until.is_some() {
            // Cheap, so it is asked first; the order by time is nobody's, so all are asked.
            let time = entry.recorded()?;
            let is_in = self.from.is_none_or(|from| from <= time)
                && self.until.is_none_or(|until| until.takes(time));
            if !is_in {
                return Ok(None);
            }
        }
        let content = entry.content()?;
        let asked = self.which.event.as_deref();
        if asked.is_some_and(|asked| asked != content.event.name()) {
            return Ok(None);
        }
        let mut about = About::of(&content.event);
        let withdrawn = self.withdrawals.of_event(&content.event);
        let stands = withdrawn.map(|one| one.verdict).or(about.verdict);
        if let Some(verdict) = self.which.verdict
            && stands != Some(verdict.into())
        {
            return Ok(None);
        }
        if let Some(insertion) = about.insertion.filter(|_| self.asks_insertion) {
            about.tell(&self.ledger.entry(insertion)?.content()?.event);
        }
        let is_there = |all: &[String], asked: &Option<String>| {
            let asked = asked.as_deref();
            asked.is_none_or(|asked| all.iter().any(|one| is_same_person(one, asked)))
        };
        if !is_there(&about.media, &self.which.medium)
            || !is_there(&about.companies, &self.which.company)
            || !is_there(&about.people, &self.which.person)
            || !is_there(&about.visits, &self.which.visit)
        {
            return Ok(None);
        }
        let (is_met, met) = self.rows(&content)?;
        Ok(is_met.then_some(Taken {
            content,
            about,
            met,
            withdrawn,
        }))
    }

    /// Whether the entry has a row that is asked for, and its rows.
    fn rows(&mut self, content: &Content) -> Result<(bool, Option<Met>), CommandError> {
        if self.wanted.is_nothing() {
            return Ok((true, None));
        }
        let rule = self.wanted.only_rule();
        if let Event::Judged(judged) = &content.event {
            let met = self.search.met(content, &self.wanted)?;
            match met.looked {
                Looked::Through => {}
                Looked::Sealed => self.sealed = self.sealed.saturating_add(1),
            }
            let mut volumes = judged.volumes.iter().flat_map(|volume| &volume.findings);
            let in_volume = rule.is_some_and(|rule| volumes.any(|one| one.rule == rule));
            return Ok((in_volume || met.count > 0, Some(met)));
        }
        let Some(rule) = rule else {
            return Ok((false, None));
        };
        let is_of = |event: &Event| matches!(event, Event::Waived(one) if one.rule == rule);
        let is_met = if let Event::WaiverEnded { waiver, .. } = &content.event {
            is_of(&self.ledger.entry(*waiver)?.content()?.event)
        } else {
            is_of(&content.event)
        };
        Ok((is_met, None))
    }
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
