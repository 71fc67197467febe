//! Adds entries with rows to the ledger in a folder, as a kiosk would, and says what that took:
//! `fill FOLDER ENTRIES ROWS`. Every second entry is a verdict over ROWS rows, every fiftieth
//! of those over 51 times as many. One line of JSON on standard output; times in milliseconds.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use record::Writer;
use record::rows::Rows;
use sha2::{Digest as _, Sha256};
use wire::ledger::{Event, Judged, Rules, Target};
use wire::scan::{TargetKind, Totals};
use wire::{Coverage, Digest, Finding, MediumName, Outcome, Row, RowKind, Source, Tier, Verdict};

/// Which verdicts are over a large medium, and how many times as many rows it has.
const LARGE_EACH: u64 = 50;
const LARGE_TIMES: u64 = 51;

/// What a plant's media carry, about as often: end of the name, type, bytes.
const KINDS: [(&str, &str, u64); 7] = [
    ("トレンド.csv", "text/csv", 48_213),
    ("設定.xml", "application/xml", 9_874),
    (
        "点検記録.xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        183_220,
    ),
    (
        "setup.exe",
        "application/vnd.microsoft.portable-executable",
        4_718_592,
    ),
    (
        "driver.dll",
        "application/vnd.microsoft.portable-executable",
        302_080,
    ),
    ("図面.pdf", "application/pdf", 1_204_551),
    ("readme.txt", "text/plain", 2_310),
];

type Failed = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match fill() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fill: {}", wire::explained(error.as_ref()));
            ExitCode::from(2)
        }
    }
}

fn fill() -> Result<(), Failed> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: fill FOLDER ENTRIES ROWS")?);
    let mut number = || -> Result<u64, Failed> {
        let text = arguments.next().unwrap_or_default();
        Ok(text.to_str().unwrap_or_default().parse()?)
    };
    let (entries, rows_each) = (number()?, number()?);
    let begun = Instant::now();
    let mut writer = Writer::open(&folder)?;
    let open = begun.elapsed();
    let (mut all, mut usual, mut large) = (Vec::new(), Vec::new(), Vec::new());
    let mut rows_written = 0u64;
    for visit in 0..entries.checked_div(2).unwrap_or(0) {
        let begun = Instant::now();
        let insertion = writer.append(&inserted()?, None)?.number;
        all.push(begun.elapsed());
        let is_large = visit % LARGE_EACH == LARGE_EACH.saturating_sub(1);
        let times = if is_large { LARGE_TIMES } else { 1 };
        let count = rows_each.saturating_mul(times);
        let mut lines = Vec::new();
        for index in 0..count {
            serde_json::to_writer(&mut lines, &row(insertion, index)?)?;
            lines.push(b'\n');
        }
        let memory = jail::memory::sealed("rows", &lines)?;
        let verdict = Event::Judged(Box::new(judged(insertion, count)?));
        let begun = Instant::now();
        let rows = Rows::receive(&memory)?;
        writer.append(&verdict, Some(&rows))?;
        let took = begun.elapsed();
        all.push(took);
        if is_large { &mut large } else { &mut usual }.push(took);
        rows_written = rows_written.saturating_add(count);
    }
    let seconds: Duration = all.iter().sum();
    let report = serde_json::json!({
        "entries": all.len(),
        "rows": rows_written,
        "open_ms": milliseconds(open),
        "append_ms": milliseconds(seconds),
        "all": spread(&mut all),
        "usual": spread(&mut usual),
        "large": spread(&mut large),
        "peak_kb": peak()?,
    });
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Median, 99th percentile and longest.
fn spread(times: &mut [Duration]) -> serde_json::Value {
    times.sort();
    let at = |percent: usize| {
        let index = times.len().saturating_mul(percent).checked_div(100);
        let last = times.len().saturating_sub(1);
        let time = times.get(index.unwrap_or(0).min(last));
        milliseconds(time.copied().unwrap_or_default())
    };
    serde_json::json!({ "p50": at(50), "p99": at(99), "max": at(100) })
}

/// The most memory this process ever had, in kilobytes.
fn peak() -> Result<u64, Failed> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let digits = line.and_then(|line| line.split_whitespace().next());
    Ok(digits.ok_or("no VmHWM in /proc/self/status")?.parse()?)
}

fn rules() -> Rules {
    Rules {
        bundle: "shipped".to_owned(),
        version: 12,
        issued: Some("2026-11-02T00:00:00Z".to_owned()),
        age_days: Some(21),
        expired_days: None,
        rules: 412,
        sha256: Digest([7; 32]),
        engines: Vec::new(),
    }
}

fn target() -> Result<Target, Failed> {
    Ok(Target {
        kind: TargetKind::Device,
        name: MediumName::new("sdb")?,
        size_bytes: 31_914_983_424,
    })
}

fn inserted() -> Result<Event, Failed> {
    let claim = serde_json::json!({
        "vid": 0x0781, "pid": 0x5581, "serial": "4C530001230429117334",
        "manufacturer": "SanDisk", "product": "Ultra", "interfaces": [],
        "capacity_bytes": 31_914_983_424_u64,
    });
    Ok(Event::Inserted {
        target: target()?,
        claim: Some(serde_json::from_value(claim)?),
        medium: Some("M-0001".to_owned()),
        rules: Some(rules()),
        occasion: None,
    })
}

fn judged(insertion: u64, rows: u64) -> Result<Judged, Failed> {
    Ok(Judged {
        insertion,
        verdict: Verdict::Pass,
        reasons: Vec::new(),
        medium: Some("M-0001".to_owned()),
        target: target()?,
        rules: Some(rules()),
        volumes: Vec::new(),
        totals: Some(Totals {
            rows,
            volumes: 0,
            bytes_read: 31_914_983_424,
            bytes_hashed: 9_212_331_008,
            outside: Coverage::default(),
        }),
        started: "2026-11-23T08:30:00Z".to_owned(),
        finished: "2026-11-23T08:31:12Z".to_owned(),
        fault: None,
        refused: None,
        waivers: Vec::new(),
        policy_sha256: None,
    })
}

/// A file of its own: no two have one content. One in sixteen is in an archive, one in forty
/// has a notice.
fn row(insertion: u64, index: u64) -> Result<Row, Failed> {
    let kinds = KINDS.len().try_into()?;
    let kind = usize::try_from(index.checked_rem(kinds).unwrap_or(0))?;
    let (name, content_type, size) = KINDS.get(kind).ok_or("no such kind")?;
    let folder = index.checked_div(24).unwrap_or(0);
    let path = format!("2号ボイラ/定期点検/{folder:04}/{index:06}_{name}");
    let within = if index % 16 == 3 {
        vec![MediumName::new("納品/update_2026-11.zip")?]
    } else {
        Vec::new()
    };
    let notice = "the file's name does not say what it is".to_owned();
    let findings = if index % 40 == 7 {
        vec![Finding::own(
            "disguised",
            Source::Structure,
            Tier::Notice,
            notice,
        )]
    } else {
        Vec::new()
    };
    Ok(Row {
        volume: Some(0),
        path: MediumName::new(path)?,
        within,
        kind: RowKind::File,
        size_bytes: size.saturating_add(index),
        sha256: Some(Digest(
            Sha256::digest(format!("{insertion}/{index}")).into(),
        )),
        content_type: Some((*content_type).to_owned()),
        outcome: Outcome::Clean,
        inherited: false,
        findings,
    })
}
