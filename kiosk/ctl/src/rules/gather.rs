//! `kioskctl rules gather`: other people's rules, made fit for a kiosk.
//!
//! Collected, sorted by the engine into what compiles and what does not, tried on contents in
//! which nothing is wrong, and written as a set that compiles as strictly as any other. Nothing
//! is lost in silence: what was left out is in `dropped.toml`, what was lowered in
//! `overrides.toml`, each with its reason.

mod collect;

mod clean;

mod gate;

mod set;

mod summary;

use std::path::{Path, PathBuf};
use std::time::Instant;

use broker::Paths;
use broker::rules;
use clap::ValueEnum;
use wire::rules::{RuleTier, Sources};

use crate::CommandError;
use crate::hand::Signals;
use clean::Clean;
use collect::Collected;
use set::{Set, Work};
use summary::Summary;

/// Options of `kioskctl rules gather`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Folders of .yar files, or single files
    #[arg(value_name = "SOURCE", required = true)]
    sources: Vec<PathBuf>,
    /// Folders in which nothing is wrong: rules that block something there are lowered
    #[arg(long, value_name = "DIR")]
    clean: Vec<PathBuf>,
    /// The folder to make; it must not be there
    #[arg(short, long, value_name = "OUTFOLDER")]
    output: PathBuf,
    /// Tiers for this set, in the form of its overrides.toml
    #[arg(long, value_name = "FILE")]
    overrides: Option<PathBuf>,
    /// What rules do that bring no tier [default: block]
    #[arg(long, value_name = "TIER")]
    default: Option<Fallback>,
    /// The set's name [default: the output folder's]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The set's version, a number that rises [default: today's date, as 20261231]
    #[arg(long, value_name = "N")]
    version: Option<u64>,
    /// Rules that find something in more than this many of a million clean contents are off
    #[arg(long, value_name = "PPM", default_value_t = gate::NOISE_PPM)]
    noise: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Fallback {
    Block,
    Notice,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let began = Instant::now();
    set::require_free(&arguments.output)?;
    let about = about(arguments)?;
    let mut collected = collect::collect(&arguments.sources)?;
    let mut overrides = overrides(arguments, &mut collected)?;
    let gathered = rules::gather(
        &Sources {
            files: std::mem::take(&mut collected.files),
            overrides: wire::rules::Overrides::default(),
        },
        paths,
    )?;
    let set = Set::new(gathered, collected);
    overrides.relaxed_expressions |= set.relaxed_expressions;
    let unmet = set.keep_met(&mut overrides);
    let compiled_seconds = began.elapsed().as_secs_f64();

    // From here on there is something to clean up, and who interrupts must not prevent it.
    let signals = Signals::take()?;
    let work = Work::begin(&arguments.output)?;
    work.write_sources(&set)?;
    let mut clean = Clean::default();
    let mut gated = Vec::new();
    if !arguments.clean.is_empty() {
        clean = clean::try_on(&arguments.clean, &work, &set, &overrides, &signals)?;
        gated = gate::judge(&clean, arguments.noise, &mut overrides);
    }
    set.require_canaries(&overrides)?;
    work.write(&set, &overrides, &about)?;
    let loaded = work.load()?;
    let summary = Summary {
        set: &set,
        rules: set.require_all(loaded.as_ref(), &overrides)?,
        unmet: &unmet,
        gated: &gated,
        clean: &clean,
        compiled_seconds,
        seconds: began.elapsed().as_secs_f64(),
    };
    work.finish(&arguments.output)?;
    summary.print(&arguments.output);
    Ok(0)
}

/// What is said of tiers: by the sources, by the file given, and on the command line.
fn overrides(
    arguments: &Arguments,
    collected: &mut Collected,
) -> Result<wire::rules::Overrides, CommandError> {
    let mut overrides = std::mem::take(&mut collected.overrides);
    if let Some(path) = &arguments.overrides {
        let said = collect::overrides(path)?;
        overrides.default = said.default.or(overrides.default);
        overrides.relaxed_expressions |= said.relaxed_expressions;
        // What is said of this set counts before what a source says of itself.
        overrides
            .file
            .retain(|old| said.file.iter().all(|new| new.file != old.file));
        overrides.rule.retain(|old| {
            let same =
                |new: &wire::rules::RuleOverride| new.rule == old.rule && new.file == old.file;
            !said.rule.iter().any(same)
        });
        overrides.file.extend(said.file);
        overrides.rule.extend(said.rule);
    }
    if let Some(default) = arguments.default {
        overrides.default = Some(match default {
            Fallback::Block => RuleTier::Block,
            Fallback::Notice => RuleTier::Notice,
        });
    }
    Ok(overrides)
}

/// Name, version and date of the set.
fn about(arguments: &Arguments) -> Result<set::About, CommandError> {
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let name = match (&arguments.name, arguments.output.file_name()) {
        (Some(name), _) => name.clone(),
        (None, Some(name)) => name.to_string_lossy().into_owned(),
        (None, None) => String::new(),
    };
    let letters = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if name.is_empty() || !name.chars().all(letters) {
        let why = "a set's name has letters, digits, - _ and . only: give another with --name";
        return Err(CommandError::Build(why.to_owned()));
    }
    let version = match arguments.version {
        Some(version) => version,
        None => today.strftime("%Y%m%d").to_string().parse().unwrap_or(0),
    };
    Ok(set::About {
        name,
        version,
        issued: today.to_string(),
    })
}

/// A path for people.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
