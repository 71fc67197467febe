//! Cases in processes of their own, watched for time and memory: what one of them does to
//! itself is counted, and the next goes on.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Longest case, in time of the processor.
pub const CPU_MAX: Duration = Duration::from_secs(2);

/// Most memory of a process that runs a case, the image and the cache included.
pub const MEMORY_BYTES_MAX: u64 = 256 << 20;

/// Ticks of the kernel's clock for processes, a second: what Linux shows to all programs.
const TICKS: u64 = 100;

/// How often a case is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Consecutive cases of one format.
#[derive(Clone, Debug)]
pub struct Cases {
    /// The format's name.
    pub format: String,
    /// Its image.
    pub image: PathBuf,
    /// The first case.
    pub first: u64,
    /// How many.
    pub count: u64,
}

/// What came of the cases of one format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Cases that were run.
    pub cases: u64,
    /// Those that panicked, or ended their process otherwise.
    pub panics: u64,
    /// Those past [`CPU_MAX`].
    pub hangs: u64,
    /// Those past [`MEMORY_BYTES_MAX`].
    pub large: u64,
    /// Losses about which nothing at all was said.
    pub silent: u64,
    /// Losses about which nothing was said that keeps the medium from PASS.
    pub passing: u64,
    /// The slowest case, in milliseconds of the processor.
    pub slowest_ms: u64,
    /// The most memory, in bytes.
    pub most_bytes: u64,
    /// A line for each case that is counted above, with its number first.
    pub lines: Vec<(u64, String)>,
}

impl Summary {
    fn add(&mut self, other: Self) {
        self.cases = self.cases.saturating_add(other.cases);
        self.panics = self.panics.saturating_add(other.panics);
        self.hangs = self.hangs.saturating_add(other.hangs);
        self.large = self.large.saturating_add(other.large);
        self.silent = self.silent.saturating_add(other.silent);
        self.passing = self.passing.saturating_add(other.passing);
        self.slowest_ms = self.slowest_ms.max(other.slowest_ms);
        self.most_bytes = self.most_bytes.max(other.most_bytes);
        self.lines.extend(other.lines);
    }

    /// One line of a worker: what became of a case, its time and memory, and words.
    fn count(&mut self, line: &str) {
        let mut fields = line.splitn(5, '\t');
        let mut number = || {
            fields
                .next()
                .and_then(|field| field.parse::<u64>().ok())
                .unwrap_or(0)
        };
        let (seed, cpu_ms, bytes) = (number(), number(), number());
        let what = fields.next().unwrap_or("");
        let words = fields.next().unwrap_or("");
        self.cases = self.cases.saturating_add(1);
        self.slowest_ms = self.slowest_ms.max(cpu_ms);
        self.most_bytes = self.most_bytes.max(bytes);
        match what {
            "fine" => {}
            "panic" => self.panics = self.panics.saturating_add(1),
            "silent" => {
                self.silent = self.silent.saturating_add(1);
                self.passing = self.passing.saturating_add(1);
            }
            _ => self.passing = self.passing.saturating_add(1),
        }
        if what != "fine" {
            self.lines.push((seed, format!("{what} | {words}")));
        }
        if CPU_MAX.as_millis() < u128::from(cpu_ms) {
            self.hangs = self.hangs.saturating_add(1);
            self.lines.push((seed, format!("hang | {cpu_ms} ms")));
        }
        if MEMORY_BYTES_MAX < bytes {
            self.large = self.large.saturating_add(1);
            self.lines.push((seed, format!("memory | {bytes} bytes")));
        }
    }
}

/// Runs cases in `jobs` processes of `program`, which must understand `--worker`.
///
/// # Errors
/// When a process cannot be started.
pub fn supervise(program: &std::path::Path, cases: &Cases, jobs: u64) -> std::io::Result<Summary> {
    let mut threads = Vec::new();
    let jobs = jobs.max(1);
    let each = cases.count.div_ceil(jobs);
    for job in 0..jobs {
        let before = each.saturating_mul(job).min(cases.count);
        let part = Cases {
            first: cases.first.saturating_add(before),
            count: each.min(cases.count.saturating_sub(before)),
            ..cases.clone()
        };
        let program = program.to_path_buf();
        threads.push(std::thread::spawn(move || {
            one_after_the_other(&program, part)
        }));
    }
    let mut summary = Summary::default();
    for thread in threads {
        let part = thread
            .join()
            .map_err(|_| std::io::Error::other("a thread panicked"))??;
        summary.add(part);
    }
    summary.lines.sort();
    Ok(summary)
}

/// Starts a process, and another when it ended before the last case.
fn one_after_the_other(program: &std::path::Path, mut cases: Cases) -> std::io::Result<Summary> {
    let mut summary = Summary::default();
    while cases.count != 0 {
        let done = summary.cases;
        let mut child = start(program, &cases)?;
        let hung = read(&mut child, &mut summary)?;
        let status = child.wait()?;
        let passed = summary.cases.saturating_sub(done).min(cases.count);
        cases.first = cases.first.saturating_add(passed);
        cases.count = cases.count.saturating_sub(passed);
        if cases.count == 0 {
            break;
        }
        summary.cases = summary.cases.saturating_add(1);
        if hung {
            summary.hangs = summary.hangs.saturating_add(1);
            summary
                .lines
                .push((cases.first, "hang | ended from outside".to_owned()));
        } else {
            summary.panics = summary.panics.saturating_add(1);
            summary
                .lines
                .push((cases.first, format!("panic | the process ended: {status}")));
        }
        cases.first = cases.first.saturating_add(1);
        cases.count = cases.count.saturating_sub(1);
    }
    Ok(summary)
}

fn start(program: &std::path::Path, cases: &Cases) -> std::io::Result<Child> {
    // Four times the most that counts as fine, so that a case is seen to be past it.
    Command::new("sh")
        .args(["-c", "ulimit -v 1048576; exec \"$0\" \"$@\""])
        .arg(program)
        .args(["--worker", &cases.format])
        .arg(&cases.image)
        .args([cases.first.to_string(), cases.count.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

/// Counts what a process says until it ends; ends it when a case takes far too long. Gives
/// whether it had to be ended.
fn read(child: &mut Child, summary: &mut Summary) -> std::io::Result<bool> {
    let Some(stdout) = child.stdout.take() else {
        return Ok(false);
    };
    let lines = Arc::new(Mutex::new((0_u64, false)));
    let watched = lines.clone();
    let pid = child.id();
    let watcher = std::thread::spawn(move || watch(pid, &watched));
    for line in BufReader::new(stdout).lines() {
        summary.count(&line?);
        if let Ok(mut state) = lines.lock() {
            state.0 = state.0.saturating_add(1);
        }
    }
    if let Ok(mut state) = lines.lock() {
        state.1 = true;
    }
    watcher
        .join()
        .map_err(|_| std::io::Error::other("a thread panicked"))
}

/// Kills the process when it used twice [`CPU_MAX`] since its last line. One that uses no
/// time does not hang but waits for a processor.
fn watch(pid: u32, lines: &Mutex<(u64, bool)>) -> bool {
    let (mut seen, mut since) = (u64::MAX, 0);
    loop {
        std::thread::sleep(LOOK);
        let Ok(state) = lines.lock().map(|state| *state) else {
            return false;
        };
        let Some(now) = cpu_ms(&format!("/proc/{pid}/stat")).filter(|_| !state.1) else {
            return false;
        };
        if state.0 != seen {
            (seen, since) = (state.0, now);
        }
        if CPU_MAX.as_millis().saturating_mul(2) < u128::from(now.saturating_sub(since)) {
            let killed = Command::new("kill").args(["-9", &pid.to_string()]).status();
            return killed.is_ok();
        }
    }
}

/// Time of the processor that a process used, in milliseconds.
pub(crate) fn cpu_ms(stat: &str) -> Option<u64> {
    let text = std::fs::read_to_string(stat).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut number = || fields.next()?.parse::<u64>().ok();
    let ticks = number()?.saturating_add(number()?);
    Some(ticks.saturating_mul(1000) / TICKS)
}
