//! Damages images and counts panics, hangs, memory and files that are lost in silence; see
//! tests/fuzz/README.md.

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use fuzz::campaign::{Base, Cases, FORMATS, Summary, Trial, supervise, work};
use fuzz::contents::Contents;

const USAGE: &str = "usage: campaign [--format NAME]... [--cases N] [--seed N] [--jobs N] \
[--image FILE] [--folder DIR] [--explain SEED] [--contents]";

/// Stands for a format when what is damaged is a file that holds others.
const CONTENT: &str = "content";

/// What was asked for.
struct Options {
    formats: Vec<String>,
    cases: u64,
    seed: u64,
    jobs: u64,
    image: Option<PathBuf>,
    folder: PathBuf,
    explain: Option<u64>,
    contents: bool,
}

type Failed = Box<dyn Error>;

fn options(mut words: impl Iterator<Item = String>) -> Result<Options, Failed> {
    let mut options = Options {
        formats: Vec::new(),
        cases: 20_000,
        seed: 0,
        jobs: 1,
        image: None,
        folder: PathBuf::from("target/fuzz/images"),
        explain: None,
        contents: false,
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(USAGE);
        match word.as_str() {
            "--format" => options.formats.push(value()?),
            "--cases" => options.cases = value()?.parse()?,
            "--seed" => options.seed = value()?.parse()?,
            "--jobs" => options.jobs = value()?.parse()?,
            "--image" => options.image = Some(value()?.into()),
            "--folder" => options.folder = value()?.into(),
            "--explain" => options.explain = Some(value()?.parse()?),
            "--contents" => options.contents = true,
            _ => return Err(USAGE.into()),
        }
    }
    if options.formats.is_empty() {
        options.formats = FORMATS.iter().map(|(name, _)| (*name).to_owned()).collect();
    }
    Ok(options)
}

/// What is damaged, and what there is to damage.
fn base(format: &str, image: &Path) -> Result<(Box<dyn Trial>, String), Failed> {
    if format == CONTENT {
        let contents = Contents::read(std::fs::read(image)?)?;
        let words = contents.describe();
        return Ok((Box::new(contents), words));
    }
    let known = FORMATS.iter().find(|(name, _)| *name == format);
    let (_, kind) = known.ok_or_else(|| format!("{format}: no such format"))?;
    let base = Base::read(std::fs::read(image)?, kind)?;
    let words = base.describe();
    Ok((Box::new(base), words))
}

/// The image that was given, or one that is made.
fn image(options: &Options, format: &str) -> Result<PathBuf, Failed> {
    if let Some(image) = &options.image {
        return Ok(image.clone());
    }
    let maker = Path::new(env!("CARGO_MANIFEST_DIR")).join("images");
    let made = Command::new(maker)
        .arg(&options.folder)
        .arg(format)
        .status()?;
    if !made.success() {
        return Err(format!("{format}: its image cannot be made").into());
    }
    Ok(options.folder.join(format!("{format}.img")))
}

/// One file of each container, or the one that was given.
fn contents(options: &Options) -> Result<Vec<PathBuf>, Failed> {
    if let Some(image) = &options.image {
        return Ok(vec![image.clone()]);
    }
    let maker = Path::new(env!("CARGO_MANIFEST_DIR")).join("contents");
    if !Command::new(maker).arg(&options.folder).status()?.success() {
        return Err("the contents cannot be made".into());
    }
    let mut files = Vec::new();
    for room in std::fs::read_dir(&options.folder)? {
        let room = room?.path();
        if room.is_dir() && room.file_name() != Some("inspect".as_ref()) {
            for file in std::fs::read_dir(room)? {
                files.push(file?.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

fn percent(part: u64, whole: u64) -> String {
    let thousandths = part.saturating_mul(100_000).checked_div(whole).unwrap_or(0);
    format!("{}.{:03} %", thousandths / 1000, thousandths % 1000)
}

fn line(format: &str, summary: &Summary) -> String {
    format!(
        "{format:<12} {} cases, {} panics, {} hangs, {} over memory, {} silent ({}), \
         {} silent for the verdict ({}); slowest {} ms, most memory {} MiB",
        summary.cases,
        summary.panics,
        summary.hangs,
        summary.large,
        summary.silent,
        percent(summary.silent, summary.cases),
        summary.passing,
        percent(summary.passing, summary.cases),
        summary.slowest_ms,
        summary.most_bytes >> 20
    )
}

/// Runs one format; whether it could be run and did nothing wrong but lose files.
fn run(
    options: &Options,
    format: &str,
    image: PathBuf,
    out: &mut dyn Write,
) -> Result<bool, Failed> {
    let name = match image.file_name().and_then(|name| name.to_str()) {
        Some(name) if format == CONTENT => name.to_owned(),
        Some(_) | None => format.to_owned(),
    };
    let (base, words) = match base(format, &image) {
        Ok(base) => base,
        Err(error) => {
            writeln!(out, "{name:<12} cannot be run: {error}")?;
            return Ok(false);
        }
    };
    if let Some(seed) = options.explain {
        writeln!(out, "{}", base.explain(seed))?;
        return Ok(true);
    }
    writeln!(out, "{name:<12} {words}")?;
    let cases = Cases {
        format: format.to_owned(),
        image,
        first: options.seed,
        count: options.cases,
    };
    let summary = supervise(&std::env::current_exe()?, &cases, options.jobs)?;
    for (seed, words) in &summary.lines {
        writeln!(out, "  case {seed}: {words}")?;
    }
    writeln!(out, "{}", line(&name, &summary))?;
    Ok((summary.panics, summary.hangs, summary.large) == (0, 0, 0))
}

fn tried() -> Result<bool, Failed> {
    let mut out = std::io::stdout();
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [worker, format, image, first, count] = words.as_slice()
        && worker == "--worker"
    {
        work(
            &*base(format, Path::new(image))?.0,
            first.parse()?,
            count.parse()?,
            &mut out,
        )?;
        return Ok(true);
    }
    let options = options(words.into_iter())?;
    let mut fine = true;
    if options.contents {
        for file in contents(&options)? {
            fine &= run(&options, CONTENT, file, &mut out)?;
        }
        return Ok(fine);
    }
    for format in &options.formats {
        let image = image(&options, format)?;
        fine &= run(&options, format, image, &mut out)?;
    }
    Ok(fine)
}

fn main() -> ExitCode {
    match tried() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "campaign: {error}");
            ExitCode::from(2)
        }
    }
}
