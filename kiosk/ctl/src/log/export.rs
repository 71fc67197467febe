//! `kioskctl log export`: the ledger for other programs, and who took it.
//!
//! A file is written under another name, and is on the disk before the ledger gets its entry;
//! only then it gets its own name. Standard output is filled from such a file too, so that the
//! entry names the SHA-256 of what was handed out. The journal is written line by line, so its
//! entry comes first and has no hash.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use broker::Paths;
use broker::site::{Site, SiteError};
use export::journal::{Form, datagram};
use export::manifest::{LeftOut, List, Listed};
use export::table::Table;
use export::{Book, ExportError, Selection, cef, csv, jsonl, line, manifest, ocsf, syslog, xlsx};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use record::Ledger;
use wire::audit::Exported;
use wire::ledger::Event;
use wire::{Digest, MediumName, Verdict};

use super::outlet::{JOURNAL_WAIT_MAX, Journal, Outlet};
use crate::CommandError;
use crate::ledger;
use crate::print;

/// Options of `kioskctl log export`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// In which form
    #[arg(long, value_name = "FORM")]
    format: Format,
    /// Which table, for csv
    #[arg(long, value_name = "TABLE")]
    what: Option<What>,
    /// Written on this day or later, by the site's calendar; by UTC where there is no kiosk.toml
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Written on this day or before
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
    /// From this entry on
    #[arg(long, value_name = "N")]
    since: Option<u64>,
    /// This entry alone; for sha256sums and hashdeep, the verdict
    #[arg(long, value_name = "N", conflicts_with_all = ["since", "from", "until", "medium", "verdict"])]
    entry: Option<u64>,
    /// About this registered medium
    #[arg(long, value_name = "ID")]
    medium: Option<String>,
    /// With this answer
    #[arg(long, value_name = "V")]
    verdict: Option<Answer>,
    /// The files of this volume, for sha256sums and hashdeep [default: the only one with files]
    #[arg(long, value_name = "N")]
    volume: Option<u32>,
    /// A new file to write, never one that is there [default: standard output]
    #[arg(short, long, value_name = "FILE", conflicts_with = "to")]
    output: Option<PathBuf>,
    /// Hand each line to the system's journal, for cef and syslog
    #[arg(long, value_name = "WHERE")]
    to: Option<Receiver>,
    /// Write no entry that says who took what: for a copy of a ledger, which --ledger names
    #[arg(long)]
    no_entry: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For spreadsheets: a file of a verdict a line, or with --what entries an entry a line
    Csv,
    /// For Excel: both tables
    Xlsx,
    /// The entries as the ledger holds them, with their rows, a JSON object a line
    Jsonl,
    /// OCSF Scan Activity, a JSON object a line for each verdict
    Ocsf,
    /// ArcSight's Common Event Format
    Cef,
    /// Lines of RFC 5424
    Syslog,
    /// One verdict's files for `sha256sum -c`, run where the volume is mounted
    Sha256sums,
    /// One verdict's files for `hashdeep -r -l -a -k FILE .`, run where the volume is mounted
    Hashdeep,
}

impl Format {
    /// As the ledger has it.
    fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Jsonl => "jsonl",
            Self::Ocsf => "ocsf",
            Self::Cef => "cef",
            Self::Syslog => "syslog",
            Self::Sha256sums => "sha256sums",
            Self::Hashdeep => "hashdeep",
        }
    }

    fn list(self) -> Option<List> {
        match self {
            Self::Sha256sums => Some(List::Sha256sums),
            Self::Hashdeep => Some(List::Hashdeep),
            Self::Csv | Self::Xlsx | Self::Jsonl | Self::Ocsf | Self::Cef | Self::Syslog => None,
        }
    }

    fn journal(self) -> Option<Form> {
        match self {
            Self::Cef => Some(Form::Cef),
            Self::Syslog => Some(Form::Syslog),
            Self::Csv
            | Self::Xlsx
            | Self::Jsonl
            | Self::Ocsf
            | Self::Sha256sums
            | Self::Hashdeep => None,
        }
    }
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum What {
    /// A line for each file of each verdict
    Files,
    /// A line for each entry
    Entries,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Answer {
    /// PASS
    Pass,
    /// STOP
    Stop,
    /// NOT FINISHED
    Incomplete,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Receiver {
    /// systemd's journal
    Journald,
}

/// Who may read an export: its owner and its group. It names people.
const MODE: u32 = 0o640;

/// What was taken out.
struct Taken {
    entries: u64,
    /// For a list of files: what became of them.
    listed: Option<Listed>,
}

/// Runs the command.
pub(crate) fn run(
    arguments: &Arguments,
    ledger: &Ledger,
    folder: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    check(arguments, folder, paths)?;
    let days = Days::of(arguments, paths)?;
    let book = Book::open(ledger, selection(arguments, &days)?)?.in_zone(days.0);
    let event = |taken: &Taken, file: Option<MediumName>, sha256: Option<Digest>| {
        Event::Exported(Box::new(Exported {
            by: broker::person::here(),
            format: arguments.format.name().to_owned(),
            first: book.first(),
            last: book.last(),
            entries: taken.entries,
            file,
            sha256,
        }))
    };
    // Whoever takes a copy from the ledger is in it before anything leaves.
    let tell = |taken: &Taken, file, sha256| {
        if arguments.no_entry {
            return Ok(None);
        }
        ledger::write(folder, paths, event(taken, file, sha256)).map(Some)
    };
    let (taken, entry) = if let Some(Receiver::Journald) = arguments.to {
        let journal = Journal::connect(paths, JOURNAL_WAIT_MAX)?;
        let taken = taken(arguments, &book, io::sink())?;
        let entry = tell(&taken, None, None)?;
        if let Some(form) = arguments.format.journal() {
            line::lines(&book, |line| Ok(journal.send(&datagram(line, form))?))?;
        }
        (taken, entry)
    } else {
        let mut outlet = Outlet::open(arguments.output.as_deref(), MODE)?;
        let taken = taken(arguments, &book, &mut outlet);
        let taken = taken.map_err(|error| {
            let path = outlet.path();
            if let ExportError::Write(source) = error {
                return CommandError::file("write", path)(source);
            }
            error.into()
        })?;
        let finished = outlet.finish()?;
        let entry = tell(&taken, finished.name(), Some(finished.sha256()))?;
        finished.hand_out()?;
        (taken, entry)
    };
    Ok(answer(arguments, &taken, entry))
}

/// What makes no sense, before anything is read.
fn check(arguments: &Arguments, folder: Option<&Path>, paths: &Paths) -> Result<(), CommandError> {
    let asked = |why: &str| Err(CommandError::Asked(why.to_owned()));
    let format = arguments.format;
    if format.list().is_some() && arguments.entry.is_none() {
        return asked(
            "a list of files is of one verdict: give the number of its entry with --entry",
        );
    }
    if format.list().is_none() && arguments.volume.is_some() {
        return asked("--volume goes with --format sha256sums or hashdeep");
    }
    if format != Format::Csv && arguments.what.is_some() {
        return asked("--what goes with --format csv");
    }
    if format.journal().is_none() && arguments.to.is_some() {
        return asked("the journal takes --format cef or syslog");
    }
    if format == Format::Xlsx && arguments.output.is_none() && io::stdout().is_terminal() {
        return asked("a workbook is no text for a terminal: give a file with --output");
    }
    ledger::require_entry(arguments.no_entry, folder, paths)
}

fn selection(arguments: &Arguments, days: &Days) -> Result<Selection, CommandError> {
    let from = arguments.from.map(|day| days.begin(day)).transpose()?;
    let until = arguments.until.map(|day| days.end(day)).transpose()?;
    if from.is_some_and(|from| until.is_some_and(|until| until <= from)) {
        let why = "no time is after --from and before --until: the first is the later one";
        return Err(CommandError::Asked(why.to_owned()));
    }
    Ok(Selection {
        since: arguments.since,
        entry: arguments.entry,
        from,
        until,
        medium: arguments.medium.clone(),
        verdict: arguments.verdict.map(|answer| match answer {
            Answer::Pass => Verdict::Pass,
            Answer::Stop => Verdict::Stop,
            Answer::Incomplete => Verdict::Incomplete,
        }),
    })
}

/// The clock by which days begin and end, and local times are told.
struct Days(TimeZone);

impl Days {
    /// The site's; UTC where there is no site, as on an auditor's own machine.
    fn of(arguments: &Arguments, paths: &Paths) -> Result<Self, CommandError> {
        let has_days = arguments.from.is_some() || arguments.until.is_some();
        let asks = has_days || matches!(arguments.format, Format::Csv | Format::Xlsx);
        if !asks || !paths.policy().exists() {
            return Ok(Self(TimeZone::UTC));
        }
        Ok(Self(Site::read(paths)?.zone))
    }

    fn begin(&self, day: Date) -> Result<Timestamp, SiteError> {
        let begins = day.to_zoned(self.0.clone());
        let begins = begins.map_err(|_| SiteError::NoDay(day))?;
        Ok(begins.timestamp())
    }

    fn end(&self, day: Date) -> Result<Timestamp, SiteError> {
        let after = day.tomorrow().map_err(|_| SiteError::NoDay(day))?;
        self.begin(after)
    }
}

/// Writes all of it.
fn taken(
    arguments: &Arguments,
    book: &Book<'_>,
    mut out: impl Write,
) -> Result<Taken, ExportError> {
    if let Some(list) = arguments.format.list() {
        let said = |path: &MediumName, why| print::note(&left_out(path, why));
        let listed = manifest::write(book, list, arguments.volume, said, out)?;
        return Ok(Taken {
            entries: 1,
            listed: Some(listed),
        });
    }
    let table = match arguments.what {
        Some(What::Entries) => Table::Entries,
        Some(What::Files) | None => Table::Files,
    };
    let entries = match arguments.format {
        Format::Csv => csv::write(book, table, out),
        Format::Xlsx => xlsx::write(book, out),
        Format::Jsonl => jsonl::write(book, out),
        Format::Ocsf => ocsf::write(book, out),
        Format::Cef => cef::write(book, out),
        Format::Syslog => syslog::write(book, out),
        Format::Sha256sums | Format::Hashdeep => out.flush().map(|()| 0).map_err(Into::into),
    }?;
    Ok(Taken {
        entries,
        listed: None,
    })
}

fn left_out(path: &MediumName, why: LeftOut) -> String {
    let why = match why {
        LeftOut::NoFile => "is no file of its own",
        LeftOut::OtherVolume => "is on another volume",
        LeftOut::NoHash => "was not read whole, so its hash is not known",
        LeftOut::Name => "has a name that cannot stand on a list",
        LeftOut::Long => "has a path that is too long for hashdeep: take sha256sums",
    };
    format!("left out: {} {why}", path.escaped())
}

/// Says on standard error what was done; a list on which files are missing is not finished.
fn answer(arguments: &Arguments, taken: &Taken, entry: Option<u64>) -> u8 {
    let output = arguments.output.as_deref();
    let place = output.map_or_else(String::new, |path| format!(" to {}", path.display()));
    let told = entry.map_or_else(|| "no entry".to_owned(), |entry| format!("entry {entry}"));
    let (entries, format) = (taken.entries, arguments.format.name());
    print::note(&format!("{entries} entries as {format}{place}: {told}"));
    if entries == 0 {
        print::note("NO ENTRIES: the ledger has none of those that were asked for");
    }
    let Some(listed) = taken.listed else {
        return 0;
    };
    print::note(&format!(
        "{} files listed; left out: {} members, streams and raw spaces, {} files of other volumes",
        listed.files, listed.no_files, listed.elsewhere
    ));
    if let (Some(by), Some(verdict)) = (listed.withdrawn_by, arguments.entry) {
        print::note(&format!(
            "entry {verdict} said PASS, which entry {by} withdrew: the medium has no PASS"
        ));
    }
    if listed.missing == 0 {
        return 0;
    }
    print::note(&format!(
        "NOT FINISHED: {} files of this volume are not on the list, each named above",
        listed.missing
    ));
    4
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
