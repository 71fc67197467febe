//! `kioskctl scan`: the journey of a medium, walked by hand.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use broker::Paths;
use broker::clamd::Second;
use broker::reception::{Received, Reception};
use broker::recorder::Recorder;
use broker::rules::{self, Loaded};
use broker::scanner::{self, Scope};
use broker::site::{self, Site};
use decide::{Admission, Judgement, Recording, Shown};
use jiff::Timestamp;
use wire::Row;
use wire::ledger::{EntryId, Event, Judged, Rules};
use wire::scan::{Limits, TargetKind};
use wire::waiver::Waivers;

use crate::CommandError;
use crate::hand::{self, Hand, Signals};
use crate::meter::Meter;
use crate::print;
use crate::report::{self, Report};
use crate::target::Target;

/// Options of `kioskctl scan`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A block device, a disk image, a folder or a file
    #[arg(value_name = "TARGET")]
    target: PathBuf,
    /// A bundle or a folder of .yar files [default: the installed bundle, else the shipped one]
    #[arg(long, value_name = "PATH")]
    rules: Option<PathBuf>,
    /// Write one JSON object to stdout, and text for people to stderr
    #[arg(long)]
    json: bool,
    /// The ledger to write to [default: the kiosk's own]
    #[arg(long, value_name = "DIR", conflicts_with = "no_ledger")]
    ledger: Option<PathBuf>,
    /// Write no entry
    #[arg(long)]
    no_ledger: bool,
    /// Judge the target as this registered medium
    #[arg(long, value_name = "ID")]
    registered_as: Option<String>,
    /// A TOML file with limits of this scan
    #[arg(long, value_name = "FILE")]
    limits: Option<PathBuf>,
    /// Workers, 1 to 8 [default: one a processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=8))]
    jobs: Option<u32>,
    /// What a regular file is taken for [default: by its name and its first bytes]
    #[arg(long = "as", value_name = "KIND")]
    kind: Option<Said>,
}

/// What a person can say that a regular file is.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Said {
    Image,
    File,
}

/// Runs the command. The status is the contract's.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let signals = Signals::take()?;
    let site = Site::read(paths)?;
    let limits = match &arguments.limits {
        None => site.policy.limits.clone(),
        Some(path) => limits(path)?,
    };
    let now = Timestamp::now();
    let admission = admission(arguments, paths, &site, now)?;
    let said = arguments.kind.map(|kind| match kind {
        Said::Image => TargetKind::Image,
        Said::File => TargetKind::File,
    });
    let target = Target::open(&arguments.target, said)?;
    let folder = rules::folder(arguments.rules.clone(), paths);
    let loaded = rules::load(&folder, paths, now)?;

    let book = Book::open(arguments, paths);
    let inserted = book.append(
        Event::Inserted {
            target: target.named(),
            claim: None,
            medium: admission.medium().map(str::to_owned),
            rules: loaded.as_ref().map(|loaded| loaded.about.clone()),
            occasion: None,
        },
        None,
    );
    let mut rows = Vec::new();
    let (received, second) = {
        let session = Session {
            arguments,
            paths,
            site: &site,
            limits,
            signals: &signals,
            waivers: waivers(&book, site.today(now), admission.medium()),
        };
        session.examine(&target, &admission, loaded.as_ref(), &mut rows)?
    };
    let judgement = decide::judge(&admission, &received.examination);
    let finished = Timestamp::now();
    let judged = Judged {
        insertion: inserted.map_or(0, |entry| entry.number),
        verdict: judgement.verdict(),
        reasons: judgement.reasons().to_vec(),
        medium: admission.medium().map(str::to_owned),
        target: target.named(),
        rules: loaded.map(|loaded| with_engine(loaded.about, second.as_ref())),
        volumes: received.volumes.clone(),
        totals: received.totals,
        started: report::time(now),
        finished: report::time(finished),
        fault: (received.fault.clone()).or_else(|| second.and_then(|second| second.fault)),
        refused: admission.refusal().map(|refusal| Box::new(refusal.told())),
        waivers: received.examination.waivers.iter().copied().collect(),
        policy_sha256: site.policy_sha256,
    };
    let shown = book.shown(judgement, inserted, &judged, received.rows.as_ref());
    report::sort(&mut rows);
    let report = Report {
        judged: &judged,
        shown: &shown,
        admission: &admission,
        received: &received,
        rows: &rows,
    };
    report.print(arguments.json)?;
    Ok(decide::exit_status(&shown))
}

/// The rules and the engine that was asked beside them.
fn with_engine(mut rules: Rules, second: Option<&Second>) -> Rules {
    rules
        .engines
        .extend(second.and_then(|second| second.engine.clone()));
    rules
}

/// What stays the same during one command.
struct Session<'s> {
    arguments: &'s Arguments,
    paths: &'s Paths,
    site: &'s Site,
    limits: Limits,
    signals: &'s Signals,
    waivers: Waivers,
}

impl Session<'_> {
    /// Scans, unless the target may not be read or there is nothing to scan it with.
    fn examine(
        &self,
        target: &Target,
        admission: &Admission,
        loaded: Option<&Loaded>,
        rows: &mut Vec<Row>,
    ) -> Result<(Received, Option<Second>), CommandError> {
        let rules = self.site.policy.rules_state(
            loaded.map(|loaded| &loaded.about),
            loaded.and_then(|loaded| loaded.expires),
            self.site.today(Timestamp::now()),
        );
        let mut reception = Reception::new(target.medium_bytes())
            .map_err(CommandError::system("get a memory file"))?;
        reception.excuse(self.waivers.clone());
        let Some(loaded) = loaded.filter(|_| admission.refusal().is_none()) else {
            return Ok((reception.not_started(rules), None));
        };
        let clamd = self.site.policy.clamd.as_ref();
        let scope = Scope {
            target: target.kind,
            size_bytes: target.size_bytes,
            limits: self.limits.clone(),
            spare: self.site.policy.spare(target.size_bytes),
            workers: self.arguments.jobs.unwrap_or_else(scanner::workers),
        };
        let spool = spool(self.paths);
        let hand = Hand {
            target,
            scope: &scope,
            rules: loaded,
            spool: &spool,
            paths: self.paths,
            signals: self.signals,
            clamd,
        };
        let mut meter = Meter::new();
        let second = hand::scan(
            &hand,
            &mut reception,
            &mut |row| rows.push(row),
            &mut |progress| {
                meter.show(progress);
            },
        )?;
        meter.clear();
        let state = second.as_ref().map(|second| second.state);
        let received = reception.finish(state.map_or(rules, |state| rules.worse(state)));
        Ok((received, second))
    }
}

/// The waivers that hold for this medium today. Without a ledger, or one that cannot be asked,
/// none does.
fn waivers(book: &Book, today: jiff::civil::Date, medium: Option<&str>) -> Waivers {
    let Book::Open(recorder) = book else {
        return Waivers::default();
    };
    match recorder.standing() {
        Ok(standing) => Waivers::in_force(&standing.waivers, &today.to_string(), medium),
        Err(error) => {
            print::error(&error);
            Waivers::default()
        }
    }
}

fn limits(path: &Path) -> Result<Limits, CommandError> {
    let text = std::fs::read_to_string(path).map_err(CommandError::file("read", path))?;
    decide::policy::parse_limits(&text)
        .map_err(|error| CommandError::Limits(error.in_file(&path.display().to_string())))
}

fn admission(
    arguments: &Arguments,
    paths: &Paths,
    site: &Site,
    now: Timestamp,
) -> Result<Admission, CommandError> {
    let Some(id) = &arguments.registered_as else {
        return Ok(Admission::ByHand);
    };
    let list = site::allowlist(paths)?.ok_or_else(|| CommandError::File {
        doing: "read the list of media",
        path: paths.allowlist(),
        source: std::io::ErrorKind::NotFound.into(),
    })?;
    Ok(decide::admit_as(&list, id, site.today(now)))
}

/// The kiosk's spool when this person may write there, else the system's place for large
/// temporary files. The files in it have no names.
pub(crate) fn spool(paths: &Paths) -> PathBuf {
    let ours = paths.spool();
    let usable = std::fs::create_dir_all(&ours).is_ok()
        && nix::unistd::access(&ours, nix::unistd::AccessFlags::W_OK).is_ok();
    if usable {
        ours
    } else {
        PathBuf::from("/var/tmp")
    }
}

/// The ledger of this command: open, refused, or not wanted.
enum Book {
    Open(Recorder),
    Closed,
    Waived,
}

impl Book {
    /// The kiosk's own writer when it runs, else one of our own for this command.
    fn open(arguments: &Arguments, paths: &Paths) -> Self {
        if arguments.no_ledger {
            return Self::Waived;
        }
        Recorder::open(arguments.ledger.as_deref(), paths).map_or_else(
            |error| {
                print::error(&error);
                Self::Closed
            },
            Self::Open,
        )
    }

    fn append(&self, event: Event, rows: Option<&OwnedFd>) -> Option<EntryId> {
        let Self::Open(recorder) = self else {
            return None;
        };
        match recorder.append(event, rows) {
            Ok(entry) => Some(entry),
            Err(error) => {
                print::error(&error);
                None
            }
        }
    }

    /// Writes the judgement down and gives the answer that may be shown.
    fn shown(
        self,
        judgement: Judgement,
        inserted: Option<EntryId>,
        judged: &Judged,
        rows: Option<&OwnedFd>,
    ) -> Shown {
        let recording = match (&self, inserted) {
            (Self::Waived, _) => Recording::Waived,
            (Self::Closed | Self::Open(_), None) => Recording::Failed,
            (Self::Closed | Self::Open(_), Some(_)) => {
                match self.append(Event::Judged(Box::new(judged.clone())), rows) {
                    Some(entry) => Recording::Recorded(entry),
                    None => Recording::Failed,
                }
            }
        };
        if let Self::Open(recorder) = self
            && let Err(error) = recorder.finish()
        {
            print::error(&error);
        }
        judgement.shown(recording)
    }
}
