//! What `kioskctl scan` says: one object for programs, a few lines for people.

mod json;

use std::io::Write as _;

use broker::reception::Received;
use decide::{Admission, Shown};
use jiff::Timestamp;
use serde::Serialize;
use wire::ledger::Judged;
use wire::name::MediumName;
use wire::{Coverage, Finding, Outcome, Row, Source};

use crate::CommandError;
use crate::print;

/// Most files that the text for people names.
const NAMED_MAX: usize = 20;

/// RFC 3339 UTC, to the millisecond.
pub(crate) fn time(moment: Timestamp) -> String {
    format!("{moment:.3}")
}

/// The order of reports: by volume, then by place in the tree, a container before its members.
pub(crate) fn sort(rows: &mut [Row]) {
    rows.sort_by(|one, other| {
        let key = |row: &Row| row.volume.map_or(u32::MAX, |index| index);
        let trail = |row: &Row| -> Vec<MediumName> {
            row.within
                .iter()
                .chain(std::iter::once(&row.path))
                .cloned()
                .collect()
        };
        key(one)
            .cmp(&key(other))
            .then_with(|| trail(one).cmp(&trail(other)))
    });
}

/// Everything that a scan by hand established.
pub(crate) struct Report<'r> {
    pub(crate) judged: &'r Judged,
    pub(crate) shown: &'r Shown,
    pub(crate) admission: &'r Admission,
    pub(crate) received: &'r Received,
    pub(crate) rows: &'r [Row],
}

impl Report<'_> {
    /// Prints the report: JSON to stdout and text to stderr, or text to stdout.
    pub(crate) fn print(&self, json: bool) -> Result<(), CommandError> {
        if json {
            let text =
                record::canonical::line(&self.object()).map_err(|error| CommandError::System {
                    doing: "write JSON",
                    source: error.into(),
                })?;
            let mut out = std::io::stdout().lock();
            writeln!(out, "{text}").map_err(CommandError::system("write to stdout"))?;
        }
        for line in self.text() {
            if json {
                print::note(&line)
            } else {
                print::line(&line)
            }
        }
        Ok(())
    }

    /// What became of the bytes of the whole medium. Volumes that overlap count twice.
    fn coverage(&self) -> Coverage {
        let outside = self.received.totals.map(|totals| totals.outside);
        let volumes = self.judged.volumes.iter();
        let volumes = volumes.map(|volume| volume.coverage);
        volumes
            .chain(outside)
            .fold(Coverage::default(), |sum, one| sum.and(&one))
    }

    fn text(&self) -> Vec<String> {
        let verdict = self.shown.verdict();
        let mut lines = vec![format!(
            "{} {} {}",
            verdict.shape(),
            verdict.word_ja(),
            verdict.word_en()
        )];
        for reason in self.shown.reasons() {
            lines.push(format!("  {}: {}", spelled(&reason.code), reason.count));
        }
        let waivers = self.judged.waivers.iter();
        lines.extend(waivers.map(|waiver| format!("  with waiver {waiver}")));
        if let Some(refusal) = self.admission.refusal() {
            lines.push(format!("  {}", refusal.detail));
        }
        if let Some(fault) = &self.judged.fault {
            lines.push(format!("  {fault}"));
        }
        for volume in &self.judged.volumes {
            for finding in &volume.findings {
                lines.push(format!(
                    "  volume {} ({}): {}",
                    volume.index,
                    volume.kind,
                    said(finding)
                ));
            }
        }
        for finding in &self.received.layout {
            lines.push(format!("  partition table: {}", said(finding)));
        }
        let worth = |row: &&Row| row.outcome != Outcome::Clean && !row.inherited;
        for row in self.rows.iter().filter(worth).take(NAMED_MAX) {
            lines.push(format!("  {}: {}", trail(row), why(row)));
        }
        let more = self
            .rows
            .iter()
            .filter(worth)
            .count()
            .saturating_sub(NAMED_MAX);
        if 0 < more {
            lines.push(format!("  and {more} more"));
        }
        let counts = self.received.counts;
        lines.push(format!(
            "  {} files, {} members: {} clean, {} matched, {} unchecked",
            counts.files, counts.members, counts.clean, counts.matched, counts.unchecked
        ));
        let bytes = self.coverage();
        if bytes.allocated_bytes != 0 {
            lines.push(format!(
                "  {} bytes allocated: {} examined, {} empty, {} unreadable",
                bytes.allocated_bytes,
                bytes.examined_bytes,
                bytes.zero_bytes,
                bytes.unreadable_bytes
            ));
            lines.push(format!(
                "  {} bytes free: {} examined, {} empty",
                bytes.unallocated_bytes,
                bytes.unallocated_examined_bytes,
                bytes.unallocated_zero_bytes
            ));
        }
        lines.extend(recorded(self.shown));
        lines
    }
}

/// Number and code of the entry, as a guard writes them down, and its leaf.
fn recorded(shown: &Shown) -> Vec<String> {
    match shown.entry() {
        Some(entry) => vec![
            format!("  entry {} · {}", entry.number, entry.code()),
            format!("  leaf {}", entry.leaf_sha256),
        ],
        None => vec!["  not recorded".to_owned()],
    }
}

/// The containers and the path of a row, as one line.
pub(crate) fn trail(row: &Row) -> String {
    let mut parts: Vec<String> = row
        .within
        .iter()
        .map(|name| name.escaped().to_string())
        .collect();
    parts.push(row.path.escaped().to_string());
    parts.join(" > ")
}

fn why(row: &Row) -> String {
    let rules: Vec<_> = row
        .findings
        .iter()
        .filter(|finding| finding.member_of.is_none() && finding.tier != wire::Tier::Notice)
        .map(said)
        .collect();
    match row.outcome {
        Outcome::Clean => String::new(),
        Outcome::Matched => format!("matched {}", rules.join(", ")),
        Outcome::Unchecked(gap) => format!("unchecked, {} {}", spelled(&gap), rules.join(", ")),
    }
}

fn said(finding: &Finding) -> String {
    // What our own rules and readers say needs no name.
    let by = match finding.source {
        Source::Clamav => "clamav: ",
        Source::Yara | Source::Structure | Source::Volume | Source::List => "",
    };
    let named = crate::words::named(finding);
    let named = match finding.waiver {
        Some(entry) => format!("{named} waived by {entry}"),
        None => named,
    };
    if finding.detail.is_empty() {
        format!("{by}{named}")
    } else {
        format!("{by}{named} ({})", finding.detail)
    }
}

/// A code's spelling in reports.
pub(crate) fn spelled(code: &impl Serialize) -> String {
    serde_json::to_value(code)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
