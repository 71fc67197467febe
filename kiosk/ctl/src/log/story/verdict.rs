//! A verdict in sentences: what was scanned, with which rules, what was found, the answer, and
//! what changed since the medium came in.

use record::LedgerError;
use record::entry::Content;
use record::reader::Entry;
use record::search::Looked;
use wire::custody::Refused;
use wire::ledger::{Judged, Rules};
use wire::{Finding, Outcome, ReasonCode, Row, Tier, Verdict};

use super::tell::Teller;
use super::words;
use crate::CommandError;
use crate::log::compared::{self, Changes};
use crate::log::{custody, text};
use crate::report::trail;
use crate::words::named_in;

/// Most files that a story names of one verdict, found ones and changed ones each: the next
/// ones are counted, and `log show` has them all.
pub(super) const STORY_FILES_MAX: usize = 40;

/// What the rows of a verdict come to.
#[derive(Default)]
struct Sum {
    rows: u64,
    clean: u64,
    matched: u64,
    unchecked: u64,
    notices: u64,
    /// The first rows with something to tell.
    told: Vec<Row>,
    more: u64,
}

impl Sum {
    fn take(&mut self, row: Row) {
        let count = match row.outcome {
            Outcome::Clean => &mut self.clean,
            Outcome::Matched => &mut self.matched,
            Outcome::Unchecked(_) => &mut self.unchecked,
        };
        *count = count.saturating_add(1);
        self.rows = self.rows.saturating_add(1);
        let notices = own(&row).filter(|finding| finding.tier == Tier::Notice);
        let notices = u64::try_from(notices.count()).unwrap_or(u64::MAX);
        self.notices = self.notices.saturating_add(notices);
        let is_unread = matches!(row.outcome, Outcome::Unchecked(_)) && !row.inherited;
        if !is_unread && own(&row).all(|finding| finding.tier == Tier::Notice) {
            return;
        }
        if self.told.len() < STORY_FILES_MAX {
            self.told.push(row);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

/// What was found in a row's own bytes; what is in a member is told there.
fn own(row: &Row) -> impl Iterator<Item = &Finding> {
    let all = row.findings.iter();
    all.filter(|finding| finding.member_of.is_none())
}

impl Teller<'_> {
    /// Tells a verdict.
    pub(super) fn judged(
        &mut self,
        entry: &Entry,
        content: &Content,
        judged: &Judged,
    ) -> Result<(), CommandError> {
        let mut sum = Sum::default();
        let looked = self.search.each_row(content, &mut |raw| {
            sum.take(raw.row()?);
            Ok::<(), LedgerError>(())
        })?;
        self.scanned(content, judged, &sum, looked);
        let is_unread = judged.refused.is_some() && !was_read(content, judged);
        if is_unread {
            self.say("not_read", Vec::new());
        } else if let Some(rules) = &judged.rules {
            self.rules(rules);
        } else if content.rows.is_some() {
            self.say("no_rules", Vec::new());
        }
        for volume in &judged.volumes {
            for finding in &volume.findings {
                let values = vec![
                    (
                        "volume",
                        format!("{} ({})", volume.index, text(&volume.kind)),
                    ),
                    ("rule", named_in(finding, self.voice.language)),
                    ("tier", self.voice.of_family("tier", &finding.tier)),
                ];
                self.say("found_volume", values);
            }
        }
        sum.told.iter().for_each(|row| self.row(row));
        self.more(sum.more, entry.number);
        if sum.notices > 0 {
            self.say("notices", vec![("count", sum.notices.to_string())]);
        }
        if let Some(refused) = &judged.refused {
            self.refused(judged, refused);
        }
        if judged.verdict == Verdict::Pass && judged.waivers.is_empty() {
            self.say("found_nothing", Vec::new());
        }
        self.answer(judged);
        if is_unread {
            return Ok(());
        }
        self.changed(entry)
    }

    /// What the list had against the medium.
    fn refused(&mut self, judged: &Judged, refused: &Refused) {
        let is_for = |code| judged.reasons.iter().any(|reason| reason.code == code);
        let what = match &refused.entry {
            Some(_) if judged.registered().is_some() => "refused_by",
            Some(_) if is_for(ReasonCode::CloneSuspected) => "refused_copy",
            Some(_) if is_for(ReasonCode::Unregistered) => "refused_near",
            None if is_for(ReasonCode::Unregistered) => "refused_unlisted",
            Some(_) | None => "refused",
        };
        let listed = refused.entry.as_deref().map(|id| ("listed", text(id)));
        let detail = ("detail", self.voice.detail(&refused.detail));
        self.say(what, listed.into_iter().chain([detail]).collect());
        for one in &refused.differences {
            let values = vec![
                ("key", self.voice.key(&one.key)),
                ("listed", text(&one.listed)),
                ("claimed", self.voice.or_none(one.claimed.as_deref())),
            ];
            self.say("differs", values);
        }
    }

    fn scanned(&mut self, content: &Content, judged: &Judged, sum: &Sum, looked: Looked) {
        let medium = self.medium(judged.insertion);
        if content.rows.is_some() {
            let rows = content.rows.unwrap_or(0);
            let mut values = medium.clone();
            values.extend([
                ("started", self.voice.time(&judged.started)),
                ("finished", self.voice.time(&judged.finished)),
                ("rows", rows.to_string()),
            ]);
            match looked {
                Looked::Sealed => self.say("scanned_sealed", values),
                Looked::Through => {
                    values.extend([
                        ("clean", sum.clean.to_string()),
                        ("matched", sum.matched.to_string()),
                        ("unchecked", sum.unchecked.to_string()),
                    ]);
                    self.say("scanned", values);
                }
            }
        }
        if judged.totals.is_none() && judged.refused.is_none() {
            self.say("not_scanned", medium);
        }
        if let Some(fault) = custody::fault(judged) {
            self.say("fault", vec![("detail", text(fault))]);
        }
    }

    fn rules(&mut self, rules: &Rules) {
        let mut values = vec![
            ("bundle", text(&rules.bundle)),
            ("version", rules.version.to_string()),
            ("rules", rules.rules.to_string()),
        ];
        match (&rules.issued, rules.age_days) {
            (Some(issued), Some(days)) => {
                values.extend([("issued", text(issued)), ("age", days.to_string())]);
                self.say("rules", values);
            }
            (Some(_) | None, _) => self.say("rules_undated", values),
        }
        if let Some(days) = rules.expired_days {
            self.say("rules_expired", vec![("days", days.to_string())]);
        }
        for engine in &rules.engines {
            let values = vec![
                ("name", text(&engine.name)),
                ("version", text(&engine.version)),
                ("database", self.voice.or_none(engine.database.as_deref())),
                ("issued", self.voice.or_none(engine.issued.as_deref())),
            ];
            self.say("engine", values);
        }
    }

    /// What was found in one file, or that it was not examined.
    fn row(&mut self, row: &Row) {
        let place = match row.volume {
            None | Some(0) => trail(row),
            Some(volume) => {
                let values = [("path", trail(row)), ("volume", volume.to_string())];
                words::fill("place_volume", &values, self.voice.language)
            }
        };
        let mut is_told = false;
        for finding in own(row).filter(|finding| finding.tier != Tier::Notice) {
            is_told = true;
            let rule = named_in(finding, self.voice.language);
            let mut values = vec![("place", place.clone()), ("rule", rule)];
            if let Some(waiver) = finding.waiver {
                values.push(("waiver", waiver.to_string()));
                self.say_with(&[waiver], "found_waived", values);
            } else {
                values.push(("tier", self.voice.of_family("tier", &finding.tier)));
                self.say(
                    match finding.tier {
                        Tier::Incomplete => "found_incomplete",
                        Tier::Block | Tier::Notice => "found",
                    },
                    values,
                );
            }
        }
        if let Outcome::Unchecked(gap) = row.outcome
            && !is_told
        {
            let gap = self.voice.of_family("reason", &gap);
            self.say("unread", vec![("place", place), ("gap", gap)]);
        }
    }

    fn more(&mut self, count: u64, entry: u64) {
        if count > 0 {
            let values = vec![("count", count.to_string()), ("entry", entry.to_string())];
            self.say("found_more", values);
        }
    }

    fn answer(&mut self, judged: &Judged) {
        let mut values = vec![
            ("shape", judged.verdict.shape().to_owned()),
            ("word", self.voice.verdict(judged.verdict)),
        ];
        if judged.reasons.is_empty() {
            self.say("answer", values);
        } else {
            values.push(("reasons", self.voice.reasons(&judged.reasons)));
            self.say("answer_why", values);
        }
    }

    /// What changed between in and out, for a medium on its way out.
    fn changed(&mut self, entry: &Entry) -> Result<(), CommandError> {
        let (since, found) = match compared::changes(self.ledger, entry, None)? {
            Changes::NotAsked => return Ok(()),
            Changes::NeverIn => {
                self.say("never_in", Vec::new());
                return Ok(());
            }
            Changes::Sealed(since) => {
                let values = vec![("since", since.to_string())];
                self.say_with(&[since], "changed_sealed", values);
                return Ok(());
            }
            Changes::Since(since, found) => (since, found),
        };
        let count = |key| {
            let mut counted = 0_u64;
            for one in &found {
                counted = counted.saturating_add(u64::from(change_key(one) == key));
            }
            counted.to_string()
        };
        let values = vec![
            ("since", since.to_string()),
            ("new", count("change_new")),
            ("changed", count("change_changed")),
            ("gone", count("change_gone")),
            ("unknown", count("change_not_comparable")),
        ];
        self.say_with(&[since], "changed", values);
        for one in found.iter().take(STORY_FILES_MAX) {
            let values = vec![
                ("change", self.voice.word(change_key(one))),
                ("place", compared::place(one)),
            ];
            self.say_with(&[since], "changed_file", values);
        }
        let more = found.len().saturating_sub(STORY_FILES_MAX);
        self.more(u64::try_from(more).unwrap_or(u64::MAX), entry.number);
        Ok(())
    }
}

/// Whether anything of the medium was read.
fn was_read(content: &Content, judged: &Judged) -> bool {
    content.rows.is_some() || judged.totals.is_some()
}

fn change_key(one: &record::compare::Difference) -> &'static str {
    use record::compare::Change;
    match one.change {
        Change::New(_) => "change_new",
        Change::Changed { .. } => "change_changed",
        Change::Gone(_) => "change_gone",
        Change::NotComparable { .. } => "change_not_comparable",
    }
}
