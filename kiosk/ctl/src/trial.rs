//! `kioskctl trial`: the kiosk on this terminal, with a virtual bay and sample media.
//!
//! The same programs as on a real machine, below a folder of their own: kiosk-record, kioskd
//! and kiosk-show. Without a terminal the four insertions are played once and each answer is
//! printed as the screen would get it.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use broker::Paths;
use jail::channel::Channel;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use wire::view::{Shown, Stage, View};

use crate::CommandError;
use crate::print;
use crate::report::spelled;
use crate::views::{self, Heard};
use crate::words;

/// Longest start of the kiosk's programs, and longest journey of one sample.
const START_MAX: Duration = Duration::from_secs(60);
const JOURNEY_MAX: Duration = Duration::from_secs(120);

/// How often to look whether something has come.
const STEP: Duration = Duration::from_millis(100);

/// Options of `kioskctl trial`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The sample media: 1-*.img to 4-*.img, each with its .claim.toml
    #[arg(long, value_name = "DIR")]
    samples: PathBuf,
}

/// Runs the trial.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    if paths.root() == Path::new("/") {
        let why = "a trial needs a folder of its own: give --root DIR".to_owned();
        return Err(CommandError::Trial(why));
    }
    let bay = paths.root().join("bay");
    for folder in [bay.clone(), paths.run(), paths.ledger()] {
        fs::create_dir_all(&folder).map_err(CommandError::file("make", folder))?;
    }
    empty(&bay)?;
    let log = paths.root().join("trial.log");
    let log = fs::File::create(&log).map_err(CommandError::file("write", log))?;
    let (ledger, socket) = (paths.ledger(), paths.record_socket());
    let interactive = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let programs = Programs(vec![
        start("kiosk-record", &log, |command| {
            command
                .arg("--ledger")
                .arg(&ledger)
                .arg("--listen")
                .arg(&socket);
        })?,
        start("kioskd", &log, |command| {
            command
                .arg("--root")
                .arg(paths.root())
                .arg("--bay")
                .arg(&bay);
        })?,
    ]);
    let done = if interactive {
        show(paths, &bay, &arguments.samples)
    } else {
        play(paths, &bay, &arguments.samples)
    };
    drop(programs);
    empty(&bay)?;
    done
}

/// The kiosk's programs; dropping them ends them in the reverse order of their start.
struct Programs(Vec<Child>);

impl Drop for Programs {
    fn drop(&mut self) {
        while let Some(mut child) = self.0.pop() {
            if let Ok(pid) = i32::try_from(child.id()) {
                // It may have ended by itself; then there is nothing to end.
                let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
            }
            let _ = child.wait();
        }
    }
}

fn start(
    name: &str,
    log: &fs::File,
    arguments: impl FnOnce(&mut Command),
) -> Result<Child, CommandError> {
    let program = broker::paths::program(name).map_err(CommandError::system("find programs"))?;
    let stderr = log
        .try_clone()
        .map_err(CommandError::system("write the log"))?;
    // However this program ends, its daemons must not outlive it: they would serve the next
    // trial with this one's rules. setpriv is in util-linux, which every Debian has.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--"]).arg(&program);
    arguments(&mut command);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(stderr)
        .spawn()
        .map_err(CommandError::file("start", program))
}

/// Hands the terminal to the screen until it is left.
fn show(paths: &Paths, bay: &Path, samples: &Path) -> Result<u8, CommandError> {
    let program =
        broker::paths::program("kiosk-show").map_err(CommandError::system("find programs"))?;
    let ended = Command::new(&program)
        .arg("--socket")
        .arg(paths.show_socket())
        .arg("--bay")
        .arg(bay)
        .arg("--samples")
        .arg(samples)
        .status()
        .map_err(CommandError::file("start", program))?;
    Ok(if ended.success() { 0 } else { 2 })
}

/// Inserts each sample once and prints what the screen is told.
fn play(paths: &Paths, bay: &Path, samples: &Path) -> Result<u8, CommandError> {
    let screen = connect(paths)?;
    wait_for(&screen, START_MAX, "the kiosk to be in service", |view| {
        (view.out_of_service.is_none() && view.lanes.is_empty()).then_some(())
    })?;
    for image in images(samples)? {
        let name = image.file_name().unwrap_or_default().to_owned();
        let claim = image.with_extension("claim.toml");
        let to_claim = bay.join(claim.file_name().unwrap_or_default());
        fs::copy(&claim, &to_claim).map_err(CommandError::file("copy", claim))?;
        let hidden = bay.join(format!(".{}", name.to_string_lossy()));
        fs::copy(&image, &hidden).map_err(CommandError::file("copy", &image))?;
        fs::rename(&hidden, bay.join(&name)).map_err(CommandError::file("insert", &image))?;
        let shown = wait_for(&screen, JOURNEY_MAX, "a verdict", |view| {
            view.lanes.iter().find_map(|lane| match &lane.stage {
                Stage::Judged(shown) => Some(shown.clone()),
                Stage::AwaitingVisit
                | Stage::Checking
                | Stage::Scanning { .. }
                | Stage::Recording
                | Stage::Removed(_) => None,
            })
        })?;
        say(&name.to_string_lossy(), &shown);
        empty(bay)?;
        wait_for(&screen, JOURNEY_MAX, "the removal", |view| {
            let in_place = |stage: &Stage| matches!(stage, Stage::Judged(_));
            (!view.lanes.iter().any(|lane| in_place(&lane.stage))).then_some(())
        })?;
    }
    Ok(0)
}

fn say(name: &str, shown: &Shown) {
    let verdict = shown.verdict;
    let reasons: Vec<_> = shown
        .reasons
        .iter()
        .map(|reason| format!("{} ({})", spelled(&reason.code), reason.count))
        .collect();
    print::line(&format!(
        "{name}: {} {} {}",
        verdict.shape(),
        verdict.word_ja(),
        verdict.word_en()
    ));
    print::line(&format!(
        "    medium {}, {} files, entry {} {}",
        shown.medium.as_deref().unwrap_or("-"),
        shown.files,
        shown.entry.number,
        shown.entry.leaf_sha256
    ));
    for waiver in &shown.waivers {
        print::line(&format!("    with waiver {waiver}"));
    }
    if !reasons.is_empty() {
        print::line(&format!("    reasons: {}", reasons.join(", ")));
    }
    if let Some(first) = &shown.first {
        let trail = first.trail.iter().map(|name| name.escaped().to_string());
        let trail: Vec<_> = trail.collect();
        let what = words::first(first);
        print::line(&format!("    found: {what} in {}", trail.join(" > ")));
    }
}

/// The sample images in the order of their names.
fn images(samples: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let fault = || CommandError::file("list", samples);
    let mut images = Vec::new();
    for entry in fs::read_dir(samples).map_err(fault())? {
        let path = entry.map_err(fault())?.path();
        if path.extension().is_some_and(|extension| extension == "img") {
            images.push(path);
        }
    }
    images.sort();
    if images.is_empty() {
        return Err(fault()(std::io::ErrorKind::NotFound.into()));
    }
    Ok(images)
}

/// Takes everything out of the bay: images first, so that no image is without its claim.
fn empty(bay: &Path) -> Result<(), CommandError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(bay).map_err(CommandError::file("list", bay))? {
        paths.push(entry.map_err(CommandError::file("list", bay))?.path());
    }
    let is_claim = |path: &PathBuf| path.to_string_lossy().ends_with(".claim.toml");
    paths.sort_by_key(is_claim);
    for path in paths {
        fs::remove_file(&path).map_err(CommandError::file("remove", path))?;
    }
    Ok(())
}

fn connect(paths: &Paths) -> Result<Channel, CommandError> {
    let begun = Instant::now();
    loop {
        match Channel::connect(&paths.show_socket()) {
            Ok(channel) => return Ok(channel),
            Err(error) if START_MAX < begun.elapsed() => {
                return Err(CommandError::File {
                    doing: "reach kioskd at",
                    path: paths.show_socket(),
                    source: error,
                });
            }
            Err(_) => std::thread::sleep(STEP),
        }
    }
}

/// Reads views until one has what is waited for.
fn wait_for<T>(
    screen: &Channel,
    most: Duration,
    what: &str,
    mut has: impl FnMut(&View) -> Option<T>,
) -> Result<T, CommandError> {
    let begun = Instant::now();
    while begun.elapsed() < most {
        let view = match views::next(screen, STEP)? {
            Heard::View(view) => view,
            Heard::Nothing => continue,
            Heard::Gone => {
                let why = "kioskd ended; trial.log below the trial's folder says why".to_owned();
                return Err(CommandError::Trial(why));
            }
        };
        if let Some(found) = has(&view) {
            return Ok(found);
        }
    }
    Err(CommandError::Trial(format!("waited too long for {what}")))
}
