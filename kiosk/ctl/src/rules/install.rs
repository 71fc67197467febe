//! `kioskctl rules install` and `rollback`.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use broker::Paths;
use broker::recorder::Recorder;
use broker::rules::store::{Request, Store, StoreError};
use jiff::Timestamp;
use nix::sys::stat::{Mode, umask};
use wire::MediumName;
use wire::ledger::Event;
use wire::rule_change::Person;

use crate::CommandError;
use crate::print;
use crate::who;

/// Options of `kioskctl rules install`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A signed bundle
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// Take it although the bundle in force has another name
    #[arg(long)]
    replace: bool,
    /// The ledger to write to [default: the kiosk's own]
    #[arg(long, value_name = "DIR")]
    ledger: Option<PathBuf>,
}

/// Options of `kioskctl rules rollback`.
#[derive(clap::Args)]
pub(crate) struct BackArguments {
    /// The ledger to write to [default: the kiosk's own]
    #[arg(long, value_name = "DIR")]
    ledger: Option<PathBuf>,
}

/// Runs `rules install`.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let path = &arguments.bundle;
    let bundle = File::open(path).map_err(CommandError::file("read", path))?;
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let by = who::administrator(paths)?;
    let request = request(by, MediumName::cut(name).0, arguments.replace);
    let recorder = Recorder::open(arguments.ledger.as_deref(), paths)?;
    umask(Mode::from_bits_truncate(0o022));
    let done = Store::open(paths).and_then(|mut store| {
        let mut book = |event: Event| recorder.append(event, None);
        store.install(io::BufReader::new(bundle), &request, &mut book)
    });
    answer(done.map(Some), "in force", recorder)
}

/// Runs `rules rollback`.
pub(crate) fn roll_back(arguments: &BackArguments, paths: &Paths) -> Result<u8, CommandError> {
    let by = who::administrator(paths)?;
    let request = request(by, MediumName::cut(b"").0, false);
    let recorder = Recorder::open(arguments.ledger.as_deref(), paths)?;
    umask(Mode::from_bits_truncate(0o022));
    let done = Store::open(paths).and_then(|mut store| {
        let mut book = |event: Event| recorder.append(event, None);
        store.roll_back(&request, &mut book)
    });
    answer(done, "in force again", recorder)
}

fn request(by: Person, file: MediumName, replace: bool) -> Request {
    Request {
        by,
        file,
        now: Timestamp::now(),
        replace,
    }
}

/// Says what came of it. A bundle that was found wanting is status 1: verification failed.
fn answer(
    done: Result<Option<wire::rule_change::RuleSet>, StoreError>,
    what: &str,
    recorder: Recorder,
) -> Result<u8, CommandError> {
    let finished = recorder.finish();
    match done {
        Ok(Some(set)) => print::line(&format!(
            "{} version {} of {} is {what}: {} rules, to {}",
            set.bundle, set.version, set.issued, set.rules, set.expires
        )),
        Ok(None) => print::line(&format!("the rules that came with the programs are {what}")),
        Err(error) if error.is_refusal() => {
            print::error(&error);
            return Ok(1);
        }
        Err(error) => return Err(error.into()),
    }
    finished?;
    Ok(0)
}
