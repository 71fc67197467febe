//! What `kioskctl scan` says: one object for programs, a few lines for people.

use std::io::{IsTerminal, Write as _};
use std::time::{Duration, Instant};

use broker::reception::Received;
use decide::{Admission, Shown};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use wire::ledger::{EntryId, Judged, Rules};
use wire::name::{self, MediumName};
use wire::scan::{Progress, TargetKind};
use wire::{Digest, Finding, Gap, Outcome, Reason, Row, RowKind, Verdict, VolumeReport};

use crate::CommandError;
use crate::print;

/// Most files that the text for people names.
const NAMED_MAX: usize = 20;

/// How often the meter is drawn.
const METER_EVERY: Duration = Duration::from_millis(200);

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

    fn object(&self) -> Object<'_> {
        let counts = self.received.counts;
        let totals = self.received.totals;
        Object {
            schema: "media-kiosk/scan/1",
            verdict: self.shown.verdict(),
            reasons: self.shown.reasons(),
            medium: self.judged.medium.as_deref(),
            target: JsonTarget {
                kind: self.judged.target.kind,
                size_bytes: self.judged.target.size_bytes,
                name: &self.judged.target.name,
            },
            rules: self.judged.rules.as_ref(),
            totals: JsonTotals {
                volumes: counts.volumes,
                files: counts.files,
                members: counts.members,
                clean: counts.clean,
                matched: counts.matched,
                unchecked: counts.unchecked,
                bytes_read: totals.map_or(0, |totals| totals.bytes_read),
                bytes_hashed: totals.map_or(0, |totals| totals.bytes_hashed),
            },
            layout: JsonLayout {
                scheme: self.received.scheme.as_deref(),
                findings: &self.received.layout,
            },
            volumes: self.judged.volumes.iter().map(JsonVolume::from).collect(),
            files: self.rows.iter().map(JsonRow::from).collect(),
            started: &self.judged.started,
            finished: &self.judged.finished,
            entry: self.shown.entry(),
            fault: self.judged.fault.as_deref(),
            refusal: self
                .admission
                .refusal()
                .map(|refusal| refusal.detail.as_str()),
        }
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
        match self.shown.entry() {
            Some(entry) => lines.push(format!("  entry {} {}", entry.number, entry.leaf_sha256)),
            None => lines.push("  not recorded".to_owned()),
        }
        lines
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
    if finding.detail.is_empty() {
        finding.rule.clone()
    } else {
        format!("{} ({})", finding.rule, finding.detail)
    }
}

/// A code's spelling in reports.
pub(crate) fn spelled(code: &impl Serialize) -> String {
    serde_json::to_value(code)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// Progress on stderr, when that is a terminal.
pub(crate) struct Meter {
    shown: bool,
    terminal: bool,
    last: Option<Instant>,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            shown: false,
            terminal: std::io::stderr().is_terminal(),
            last: None,
        }
    }

    pub(crate) fn show(&mut self, progress: &Progress) {
        let soon = self.last.is_some_and(|last| last.elapsed() < METER_EVERY);
        if !self.terminal || soon {
            return;
        }
        self.last = Some(Instant::now());
        self.shown = true;
        let of = if progress.walked { "" } else { "+" };
        let megabytes = |bytes: u64| bytes.checked_div(1_000_000).unwrap_or(0);
        let _ = write!(
            std::io::stderr().lock(),
            "\r\x1b[K{} / {}{of} files  {} / {}{of} MB",
            progress.files_done,
            progress.files_found,
            megabytes(progress.bytes_done),
            megabytes(progress.bytes_found),
        );
    }

    pub(crate) fn clear(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
        }
    }
}

#[derive(Serialize)]
struct Object<'o> {
    schema: &'static str,
    verdict: Verdict,
    reasons: &'o [Reason],
    medium: Option<&'o str>,
    target: JsonTarget<'o>,
    rules: Option<&'o Rules>,
    totals: JsonTotals,
    layout: JsonLayout<'o>,
    volumes: Vec<JsonVolume<'o>>,
    files: Vec<JsonRow<'o>>,
    started: &'o str,
    finished: &'o str,
    entry: Option<EntryId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'o str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'o str>,
}

#[derive(Serialize)]
struct JsonTarget<'o> {
    kind: TargetKind,
    size_bytes: u64,
    #[serde(serialize_with = "text")]
    name: &'o MediumName,
}

#[derive(Serialize)]
struct JsonTotals {
    volumes: u64,
    files: u64,
    members: u64,
    clean: u64,
    matched: u64,
    unchecked: u64,
    bytes_read: u64,
    bytes_hashed: u64,
}

#[derive(Serialize)]
struct JsonLayout<'o> {
    scheme: Option<&'o str>,
    findings: &'o [Finding],
}

#[derive(Serialize)]
struct JsonVolume<'o> {
    index: u32,
    kind: &'o str,
    #[serde(serialize_with = "text")]
    label: &'o MediumName,
    offset_bytes: u64,
    size_bytes: u64,
    allocated_bytes: u64,
    examined_bytes: u64,
    findings: Vec<JsonFinding<'o>>,
}

impl<'o> From<&'o VolumeReport> for JsonVolume<'o> {
    fn from(volume: &'o VolumeReport) -> Self {
        Self {
            index: volume.index,
            kind: &volume.kind,
            label: &volume.label,
            offset_bytes: volume.offset_bytes,
            size_bytes: volume.size_bytes,
            allocated_bytes: volume.allocated_bytes,
            examined_bytes: volume.examined_bytes,
            findings: volume.findings.iter().map(JsonFinding::from).collect(),
        }
    }
}

#[derive(Serialize)]
struct JsonFinding<'o> {
    rule: &'o str,
    source: wire::Source,
    tier: wire::Tier,
    #[serde(serialize_with = "optional_text")]
    member_of: Option<&'o MediumName>,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'o str,
}

impl<'o> From<&'o Finding> for JsonFinding<'o> {
    fn from(finding: &'o Finding) -> Self {
        Self {
            rule: &finding.rule,
            source: finding.source,
            tier: finding.tier,
            member_of: finding.member_of.as_ref(),
            detail: &finding.detail,
        }
    }
}

#[derive(Serialize)]
struct JsonRow<'o> {
    volume: Option<u32>,
    #[serde(serialize_with = "text")]
    path: &'o MediumName,
    within: Vec<Text<'o>>,
    kind: RowKind,
    size_bytes: u64,
    sha256: Option<Digest>,
    #[serde(rename = "type")]
    content_type: Option<&'o str>,
    outcome: &'static str,
    gap: Option<Gap>,
    inherited: bool,
    findings: Vec<JsonFinding<'o>>,
    /// The exact bytes of a path that is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
}

impl<'o> From<&'o Row> for JsonRow<'o> {
    fn from(row: &'o Row) -> Self {
        let (outcome, gap) = match row.outcome {
            Outcome::Clean => ("clean", None),
            Outcome::Matched => ("matched", None),
            Outcome::Unchecked(gap) => ("unchecked", Some(gap)),
        };
        Self {
            volume: row.volume,
            path: &row.path,
            within: row.within.iter().map(Text).collect(),
            kind: row.kind,
            size_bytes: row.size_bytes,
            sha256: row.sha256,
            content_type: row.content_type.as_deref(),
            outcome,
            gap,
            inherited: row.inherited,
            findings: row.findings.iter().map(JsonFinding::from).collect(),
            path_hex: row
                .path
                .as_text()
                .is_none()
                .then(|| name::hex(row.path.as_bytes())),
        }
    }
}

/// A name as a JSON string: the exact text where it is text (what hides in it is escaped by
/// the writer), else its visible spelling.
struct Text<'o>(&'o MediumName);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_text() {
            Some(text) => serializer.serialize_str(text),
            None => serializer.collect_str(&self.0.escaped()),
        }
    }
}

fn text<S: Serializer>(name: &MediumName, serializer: S) -> Result<S::Ok, S::Error> {
    Text(name).serialize(serializer)
}

fn optional_text<S: Serializer>(
    name: &Option<&MediumName>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    name.map(Text).serialize(serializer)
}
