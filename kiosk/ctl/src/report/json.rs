//! The object of a scan for other programs: the contract's `media-kiosk/scan/1`.

use serde::{Serialize, Serializer};
use wire::ledger::{EntryId, Rules};
use wire::name::{self, MediumName};
use wire::scan::TargetKind;
use wire::{
    Coverage, Digest, Finding, Gap, Outcome, Reason, Row, RowKind, Title, Verdict, VolumeReport,
};

use super::Report;

impl Report<'_> {
    pub(super) fn object(&self) -> Object<'_> {
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
                findings: self.received.layout.iter().map(JsonFinding::from).collect(),
            },
            coverage: self.coverage(),
            volumes: self.judged.volumes.iter().map(JsonVolume::from).collect(),
            files: self.rows.iter().map(JsonRow::from).collect(),
            started: &self.judged.started,
            finished: &self.judged.finished,
            waivers: &self.judged.waivers,
            entry: self.shown.entry(),
            fault: self.judged.fault.as_deref(),
            refusal: self
                .admission
                .refusal()
                .map(|refusal| refusal.detail.as_str()),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Object<'o> {
    schema: &'static str,
    verdict: Verdict,
    reasons: &'o [Reason],
    medium: Option<&'o str>,
    target: JsonTarget<'o>,
    rules: Option<&'o Rules>,
    totals: JsonTotals,
    layout: JsonLayout<'o>,
    /// Of the whole medium.
    coverage: Coverage,
    volumes: Vec<JsonVolume<'o>>,
    files: Vec<JsonRow<'o>>,
    started: &'o str,
    finished: &'o str,
    /// Entries of the waivers that speak for findings in the files.
    #[serde(skip_serializing_if = "<[u64]>::is_empty")]
    waivers: &'o [u64],
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
    findings: Vec<JsonFinding<'o>>,
}

#[derive(Serialize)]
struct JsonVolume<'o> {
    index: u32,
    kind: &'o str,
    #[serde(serialize_with = "text")]
    label: &'o MediumName,
    offset_bytes: u64,
    size_bytes: u64,
    #[serde(flatten)]
    coverage: Coverage,
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
            coverage: volume.coverage,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'o Title>,
    /// The entry of the waiver that speaks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiver: Option<u64>,
}

impl<'o> From<&'o Finding> for JsonFinding<'o> {
    fn from(finding: &'o Finding) -> Self {
        Self {
            rule: &finding.rule,
            source: finding.source,
            tier: finding.tier,
            member_of: finding.member_of.as_ref(),
            detail: &finding.detail,
            title: finding.title.as_deref(),
            waiver: finding.waiver,
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
