//! OCSF 1.3.0 (Open Cybersecurity Schema Framework), class Scan Activity (6007): one object a
//! line for each verdict. What the class has no place for stands in `unmapped`.

use std::io::Write;

use jiff::Timestamp;
use serde::Serialize;
use wire::ledger::Judged;
use wire::{Digest, MediumName, Outcome, Reason, ReasonCode, Row, RowKind, Verdict};

use crate::about::headline;
use crate::book::{Book, Item};
use crate::error::ExportError;
use crate::spelling;

/// The version whose class this is; later ones took nothing away from it.
const VERSION: &str = "1.3.0";

/// Most contents that are not clean which one object names; the others are counted. A watcher
/// wants to know what was found; the ledger has all of it.
pub const NAMED_CONTENTS_MAX: usize = 100;

/// Category Application Activity.
const CATEGORY: u32 = 6;

/// Class Scan Activity.
const CLASS: u32 = 6007;

/// Scan type Attached Media.
const ATTACHED_MEDIA: u32 = 5;

/// Device type Other.
const OTHER: u32 = 99;

/// What became of a scan, as the class counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Activity {
    Completed,
    Cancelled,
    DurationViolation,
    Error,
    /// The medium was refused before anything of it was read.
    Refused,
}

impl Activity {
    fn of(judged: &Judged) -> Self {
        let has = |code| judged.reasons.iter().any(|reason| reason.code == code);
        match (judged.totals, &judged.refused) {
            (Some(_), _) => Self::Completed,
            (None, Some(_)) => Self::Refused,
            (None, None) if has(ReasonCode::Removed) => Self::Cancelled,
            (None, None) if has(ReasonCode::Timeout) => Self::DurationViolation,
            (None, None) => Self::Error,
        }
    }

    fn id(self) -> u32 {
        match self {
            Self::Completed => 2,
            Self::Cancelled => 3,
            Self::DurationViolation => 4,
            Self::Error => 6,
            Self::Refused => OTHER,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Completed => "Completed",
            Self::Cancelled => "Cancelled",
            Self::DurationViolation => "Duration Violation",
            Self::Error => "Error",
            Self::Refused => "Refused before anything was read",
        }
    }
}

#[derive(Serialize)]
struct Event<'i> {
    activity_id: u32,
    activity_name: &'static str,
    category_uid: u32,
    category_name: &'static str,
    class_uid: u32,
    class_name: &'static str,
    type_uid: u32,
    severity_id: u32,
    severity: &'static str,
    status_id: u32,
    status: &'static str,
    status_detail: String,
    message: String,
    time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<i64>,
    metadata: Metadata<'i>,
    device: Device<'i>,
    scan: Scan,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<Policy>,
    #[serde(flatten)]
    counts: Option<Counts>,
    unmapped: Unmapped<'i>,
}

#[derive(Serialize)]
struct Metadata<'i> {
    version: &'static str,
    uid: String,
    profiles: [&'static str; 1],
    product: Product<'i>,
}

#[derive(Serialize)]
struct Product<'i> {
    name: &'static str,
    vendor_name: &'static str,
    version: &'i str,
}

#[derive(Serialize)]
struct Device<'i> {
    hostname: &'i str,
    type_id: u32,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Scan {
    type_id: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    uid: String,
}

#[derive(Serialize)]
struct Policy {
    uid: String,
}

/// Rows that only repeat what their members say are counted there.
#[derive(Default, Serialize)]
struct Counts {
    num_files: u64,
    num_detections: u64,
    num_skipped_items: u64,
    total: u64,
}

#[derive(Serialize)]
struct Unmapped<'i> {
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn_by: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_sealed_by: Option<u64>,
    leaf_sha256: Digest,
    insertion: u64,
    medium: Option<&'i str>,
    target: &'i MediumName,
    reasons: &'i [Reason],
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<&'i wire::ledger::Rules>,
    contents: Vec<Content>,
    more_contents: u64,
}

/// A content that is not clean.
#[derive(Serialize)]
struct Content {
    volume: Option<u32>,
    path: MediumName,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    within: Vec<MediumName>,
    sha256: Option<Digest>,
    outcome: Outcome,
    rules: Vec<String>,
}

/// Writes the objects; gives the number of entries.
///
/// # Errors
/// When the ledger cannot be read or `out` not be written.
pub fn write(book: &Book<'_>, mut out: impl Write) -> Result<u64, ExportError> {
    let mut entries = 0_u64;
    for item in book.items()? {
        let item = item?;
        let Some(judged) = item.judged() else {
            continue;
        };
        let event = event(book, &item, judged)?;
        writeln!(out, "{}", record::canonical::line(&event)?)?;
        entries = entries.saturating_add(1);
    }
    out.flush()?;
    Ok(entries)
}

fn event<'i>(
    book: &Book<'_>,
    item: &'i Item,
    judged: &'i Judged,
) -> Result<Event<'i>, ExportError> {
    let activity = Activity::of(judged);
    let (severity_id, severity) = severity(item, judged);
    let stands = judged.verdict == Verdict::Pass && item.withdrawn_by.is_none();
    let (status_id, status) = if stands {
        (1, "Success")
    } else {
        (2, "Failure")
    };
    let (start, end) = (
        milliseconds(&judged.started),
        milliseconds(&judged.finished),
    );
    let duration = start
        .zip(end)
        .and_then(|(start, end)| end.checked_sub(start));
    let (counts, unmapped) = contents(book, item, judged)?;
    let (message, _) = headline(&item.content.event);
    Ok(Event {
        activity_id: activity.id(),
        activity_name: activity.name(),
        category_uid: CATEGORY,
        category_name: "Application Activity",
        class_uid: CLASS,
        class_name: "Scan Activity",
        type_uid: CLASS.saturating_mul(100).saturating_add(activity.id()),
        severity_id,
        severity,
        status_id,
        status,
        status_detail: spelling::reasons(&judged.reasons),
        message: format!("{message}: {}", judged.target.name.escaped()),
        time: item.at.as_millisecond(),
        start_time: start,
        end_time: end,
        duration: duration.filter(|duration| 0 <= *duration),
        metadata: Metadata {
            version: VERSION,
            uid: item.entry.number.to_string(),
            profiles: ["host"],
            product: Product {
                name: "media-kiosk",
                vendor_name: "media-kiosk",
                version: &item.content.kiosk,
            },
        },
        device: Device {
            hostname: &item.content.host,
            type_id: OTHER,
            kind: "media kiosk",
        },
        scan: Scan {
            type_id: ATTACHED_MEDIA,
            kind: "Attached Media",
            uid: judged.insertion.to_string(),
        },
        policy: judged.policy_sha256.map(|sha256| Policy {
            uid: sha256.to_string(),
        }),
        counts,
        unmapped,
    })
}

fn milliseconds(time: &str) -> Option<i64> {
    let at: Timestamp = time.parse().ok()?;
    Some(at.as_millisecond())
}

fn severity(item: &Item, judged: &Judged) -> (u32, &'static str) {
    let has_threat = judged.reasons.iter().any(|reason| {
        matches!(
            reason.code,
            ReasonCode::Matched | ReasonCode::CloneSuspected | ReasonCode::NotStorage
        )
    });
    match judged.verdict {
        Verdict::Pass if item.withdrawn_by.is_some() => (3, "Medium"),
        Verdict::Pass if !judged.waivers.is_empty() => (2, "Low"),
        Verdict::Pass => (1, "Informational"),
        Verdict::Stop if has_threat => (4, "High"),
        Verdict::Stop | Verdict::Incomplete => (3, "Medium"),
    }
}

/// The counts, which nobody knows any more once the rows are in an archive, and the rest.
fn contents<'i>(
    book: &Book<'_>,
    item: &'i Item,
    judged: &'i Judged,
) -> Result<(Option<Counts>, Unmapped<'i>), ExportError> {
    let mut counts = Counts::default();
    let mut named = Vec::new();
    let mut more = 0_u64;
    if item.sealed_by.is_none() {
        for row in book.rows(item)? {
            let row = row?;
            counts.add(&row);
            if row.outcome == Outcome::Clean || row.inherited {
                continue;
            }
            if named.len() < NAMED_CONTENTS_MAX {
                named.push(content(row));
            } else {
                more = more.saturating_add(1);
            }
        }
    }
    let unmapped = Unmapped {
        verdict: judged.verdict,
        withdrawn_by: item.withdrawn_by,
        rows_sealed_by: item.sealed_by,
        leaf_sha256: item.entry.leaf_sha256,
        insertion: judged.insertion,
        medium: item.about.media.first().map(String::as_str),
        target: &judged.target.name,
        reasons: &judged.reasons,
        rules: judged.rules.as_ref(),
        contents: named,
        more_contents: more,
    };
    Ok((item.sealed_by.is_none().then_some(counts), unmapped))
}

impl Counts {
    fn add(&mut self, row: &Row) {
        let count = |sum: &mut u64| *sum = sum.saturating_add(1);
        count(&mut self.total);
        if row.kind == RowKind::File {
            count(&mut self.num_files);
        }
        match row.outcome {
            Outcome::Matched if !row.inherited => count(&mut self.num_detections),
            Outcome::Unchecked(_) if !row.inherited => count(&mut self.num_skipped_items),
            Outcome::Clean | Outcome::Matched | Outcome::Unchecked(_) => {}
        }
    }
}

fn content(row: Row) -> Content {
    let rules = row.findings.iter().map(|finding| finding.rule.clone());
    Content {
        rules: rules.collect(),
        volume: row.volume,
        path: row.path,
        within: row.within,
        sha256: row.sha256,
        outcome: row.outcome,
    }
}
