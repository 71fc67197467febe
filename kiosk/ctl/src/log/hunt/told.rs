//! What a hunt found, for people and for programs, as it goes: memory holds one verdict's.

use serde_json::json;
use wire::custody::VisitName;
use wire::ledger::Judged;
use wire::{Digest, Row, Verdict};

use super::Into;
use super::known::Medium;
use super::sources::Sources;
use crate::log::text;
use crate::print;
use crate::report::{spelled, trail};

/// The columns.
const HEAD: &str = "entry,recorded_utc,verdict,withdrawn,stands,insertion,medium,medium_now,\
                    lent_to,person,company,visit,file,size_bytes,sha256,list,called";

/// A content that a list names, in a verdict.
pub(super) struct Hit<'h> {
    pub(super) entry: u64,
    pub(super) recorded_utc: &'h str,
    pub(super) judged: &'h Judged,
    pub(super) visit: Option<&'h VisitName>,
    /// The entry that took the PASS back, and what stands in its place.
    pub(super) withdrawn: Option<(u64, Verdict)>,
    pub(super) medium: Option<&'h Medium>,
    pub(super) row: &'h Row,
    pub(super) sha256: Digest,
    pub(super) list: &'h str,
    /// What the list calls the content.
    pub(super) called: Option<&'h str>,
}

/// Whoever tells it.
pub(super) struct Teller {
    is_json: bool,
    is_csv: bool,
    count: u64,
}

impl Teller {
    pub(super) fn new(is_json: bool, is_csv: bool) -> Self {
        Self {
            is_json,
            is_csv,
            count: 0,
        }
    }

    pub(super) fn begin(&self) {
        if self.is_json {
            print::part("{\"schema\":\"media-kiosk/hunt/1\",\"found\":[");
        } else if self.is_csv {
            print::head(HEAD);
        }
    }

    pub(super) fn hit(&mut self, hit: &Hit<'_>) {
        if self.is_json {
            print::part(if self.count == 0 { "" } else { "," });
            print::part(&hit.object());
        } else if self.is_csv {
            print::values(&hit.cells());
        } else {
            print::line(&hit.line());
        }
        self.count = self.count.saturating_add(1);
    }

    /// What was looked for and into, and what could not be.
    pub(super) fn end(&self, sources: &Sources, into: &Into) {
        if self.is_json {
            print::part(&format!("],{}}}\n", summary(sources, into)));
        }
        for line in notes(sources, into) {
            print::note(&line);
        }
    }
}

impl Hit<'_> {
    /// In one line.
    pub(super) fn line(&self) -> String {
        let verdict = self.judged.verdict;
        let withdrawn = self.withdrawn.map(|(entry, stands)| {
            let (shape, word) = (stands.shape(), stands.word_en());
            format!(" (withdrawn by entry {entry}: {shape} {word})")
        });
        let now = self.medium.map(now).unwrap_or_default();
        let visit = self.visit.map(|visit| {
            let (person, company) = (text(&visit.person), text(&visit.company));
            format!("  {person} of {company}, visit {}", text(&visit.id))
        });
        let called = self.called.map(|called| format!(" ({})", text(called)));
        format!(
            "{:>6}  {}  {} {}{}  {}{now}{}  {}  list {:?}{}",
            self.entry,
            text(self.recorded_utc),
            verdict.shape(),
            verdict.word_en(),
            withdrawn.unwrap_or_default(),
            self.judged.medium.as_deref().map_or("-".to_owned(), text),
            visit.unwrap_or_default(),
            trail(self.row),
            text(self.list),
            called.unwrap_or_default()
        )
    }

    /// As comma-separated values.
    pub(super) fn cells(&self) -> String {
        let said = |said: Option<&String>| said.map(|said| text(said)).unwrap_or_default();
        let (withdrawn, stands) = self.withdrawn.map_or_else(
            || (String::new(), String::new()),
            |(entry, stands)| (entry.to_string(), spelled(&stands)),
        );
        let cells = [
            self.entry.to_string(),
            text(self.recorded_utc),
            spelled(&self.judged.verdict),
            withdrawn,
            stands,
            self.judged.insertion.to_string(),
            said(self.judged.medium.as_ref()),
            self.medium
                .and_then(|medium| medium.status)
                .unwrap_or_default()
                .to_owned(),
            said(self.medium.and_then(|medium| medium.lent_to.as_ref())),
            said(self.visit.map(|visit| &visit.person)),
            said(self.visit.map(|visit| &visit.company)),
            said(self.visit.map(|visit| &visit.id)),
            trail(self.row),
            self.row.size_bytes.to_string(),
            self.sha256.to_string(),
            text(self.list),
            self.called.map(text).unwrap_or_default(),
        ];
        print::record(cells)
    }

    /// As an object with nothing hidden in it.
    pub(super) fn object(&self) -> String {
        let object = json!({
            "entry": self.entry,
            "recorded_utc": self.recorded_utc,
            "verdict": self.judged.verdict,
            "withdrawn": self.withdrawn.map(|(entry, stands)| json!({
                "entry": entry, "verdict": stands,
            })),
            "insertion": self.judged.insertion,
            "medium": self.judged.medium,
            "medium_now": self.medium.map(|medium| json!({
                "status": medium.status, "lent_to": medium.lent_to, "lent": medium.lent,
            })),
            "visit": self.visit,
            "path": self.row.path,
            "within": self.row.within,
            "size_bytes": self.row.size_bytes,
            "sha256": self.sha256,
            "list": self.list,
            "called": self.called,
        });
        spelled_safely(&object)
    }
}

/// A value that was put together here can be written; what hides something is spelled out.
fn spelled_safely(object: &serde_json::Value) -> String {
    record::canonical::line(object).unwrap_or_else(|_| "null".to_owned())
}

fn now(medium: &Medium) -> String {
    let lent = medium.lent_to.as_deref();
    let lent = lent.map(|to| format!("lent to {}", text(to)));
    let status = medium.status.map(str::to_owned);
    let parts: Vec<String> = status.into_iter().chain(lent).collect();
    if parts.is_empty() {
        return String::new();
    }
    format!(" ({} now)", parts.join(", "))
}

/// The keys of the object behind what was found.
pub(super) fn summary(sources: &Sources, into: &Into) -> String {
    let lists = sources.lists.iter().map(|list| {
        json!({
            "list": list.title, "sha256": list.sha256, "without_sha256": list.without,
            "names_empty_file": list.has_nothing,
        })
    });
    let looked_for = json!({
        "lists": lists.collect::<Vec<_>>(),
        "known_lists_left_out": sources.known,
        "yara": sources.yara.map(|yara| json!({
            "rules_not_looked_back_with": yara.rules, "files": yara.files,
        })),
    });
    let looked_in = json!({
        "verdicts": into.verdicts,
        "rows": into.rows,
        "rows_without_hash": into.unhashed,
        "verdicts_in_archives": into.sealed,
    });
    format!(
        "\"count\":{},\"looked_for\":{},\"looked_in\":{}",
        into.found,
        spelled_safely(&looked_for),
        spelled_safely(&looked_in)
    )
}

/// For people, on stderr.
pub(super) fn notes(sources: &Sources, into: &Into) -> Vec<String> {
    let sum = |of: fn(&super::sources::Source) -> u64| {
        sources.lists.iter().map(of).fold(0, u64::saturating_add)
    };
    let mut notes = vec![format!(
        "found {}: {} SHA-256 of {} lists were looked for in {} verdicts with {} rows",
        into.found,
        sum(|list| list.sha256),
        sources.lists.len(),
        into.verdicts,
        into.rows
    )];
    let without = sum(|list| list.without);
    if without > 0 {
        notes.push(format!(
            "NOT looked for: {without} contents of the lists without a SHA-256; the ledger holds \
             no other hashes"
        ));
    }
    for list in sources.lists.iter().filter(|list| list.has_nothing) {
        notes.push(format!(
            "not looked for: the SHA-256 of a file without a byte, on the list {:?}",
            text(&list.title)
        ));
    }
    notes.extend(sources.yara.map(super::sources::Yara::said));
    for list in &sources.known {
        notes.push(format!(
            "left out: the list {:?} of what is harmless",
            text(list)
        ));
    }
    if into.unhashed > 0 {
        notes.push(format!(
            "NOT looked into: {} rows without a hash, because not all of the content was read",
            into.unhashed
        ));
    }
    if into.sealed > 0 {
        notes.push(format!(
            "NOT looked into: the rows of {} verdicts, which are in an archive; search the archive",
            into.sealed
        ));
    }
    notes
}
