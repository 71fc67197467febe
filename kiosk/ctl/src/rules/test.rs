//! `kioskctl rules test`: the kiosk's own test of its rules, by hand.

use std::path::PathBuf;

use broker::Paths;
use broker::rules;
use broker::selftest::{self, Exam, Report, RuleReport};
use jiff::Timestamp;
use serde_json::json;
use wire::ledger::Rules;

use crate::CommandError;
use crate::print;
use crate::scan::spool;

/// Options of `kioskctl rules test`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A folder of rules [default: the installed bundle, else the shipped one]
    #[arg(long, value_name = "PATH")]
    rules: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command: 0 when every canary was found and no near miss, else 1. Rules that cannot
/// be loaded or asked are an error.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let folder = rules::folder(arguments.rules.clone(), paths);
    let loaded = rules::load(&folder, paths, Timestamp::now())?;
    let loaded = loaded.ok_or_else(|| CommandError::NoRules {
        path: folder.clone(),
    })?;
    let exam = Exam::of(&loaded.folder)?;
    let report = selftest::run_in(&exam, &loaded.compiled, &spool(paths), paths);
    if arguments.json {
        print::line(&object(&loaded.about, &report).to_string());
    } else {
        table(&loaded.about, &report);
    }
    Ok(u8::from(!report.has_passed()))
}

fn object(about: &Rules, report: &Report) -> serde_json::Value {
    json!({
        "passed": report.has_passed(),
        "bundle": about,
        "specimens": report.specimens,
        "milliseconds": report.millis,
        "rules": report.rules,
        "faults": report.faults(),
    })
}

fn table(about: &Rules, report: &Report) {
    print::line(&format!(
        "{:40} {:>12} {:>12}",
        "rule", "canaries", "near misses"
    ));
    for rule in &report.rules {
        print::line(&line(rule));
    }
    for fault in report.faults() {
        print::line(&format!("  ! {fault}"));
    }
    let answer = if report.has_passed() {
        "passed"
    } else {
        "NOT passed"
    };
    print::line(&format!(
        "{answer}: {} {}: {} of {} rules have canaries, {} specimens, {} ms",
        about.bundle,
        about.version,
        report.rules.len(),
        about.rules,
        report.specimens,
        report.millis
    ));
}

/// Found, of places.
fn line(rule: &RuleReport) -> String {
    let of = |count: &selftest::Count| format!("{}/{}", count.found, count.places);
    let (canaries, misses) = (of(&rule.canaries), of(&rule.near_misses));
    format!("{:40} {canaries:>12} {misses:>12}", rule.rule)
}
