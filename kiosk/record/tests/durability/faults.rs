//! The disk fails at each call by which the writer reaches it, once or from then on: nothing
//! that was acknowledged is lost, nothing is acknowledged that the disk does not have, and the
//! ledger verifies.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use jail::channel::Channel;
use nix::sys::socket::{setsockopt, sockopt::ReceiveTimeout};
use nix::sys::time::{TimeVal, TimeValLike};
use record::{Ledger, Writer};
use wire::ledger::{Answer, EntryId, Event};

use crate::chance::{Chance, number};
use crate::common::*;
use crate::talk::*;
use crate::trace::{Call, TRACED, calls, require_order};

/// The calls that are made to fail.
const CALLS: [&str; 9] = [
    "openat",
    "pwrite64",
    "write",
    "fsync",
    "fdatasync",
    "ftruncate",
    "rename",
    "unlink",
    "unlinkat",
];

/// What happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// The disk is full, this once.
    Full,
    /// The disk is broken, this once.
    Broken,
    /// The writer is killed there.
    Killed,
    /// The disk is full from then on.
    StaysFull,
    /// The disk is broken from then on.
    StaysBroken,
}

impl Fault {
    fn inject(self, call: &str, number: usize) -> String {
        let (what, on) = match self {
            Self::Full => ("error=ENOSPC", ""),
            Self::Broken => ("error=EIO", ""),
            Self::Killed => ("signal=KILL", ""),
            Self::StaysFull => ("error=ENOSPC", "+"),
            Self::StaysBroken => ("error=EIO", "+"),
        };
        format!("inject={call}:{what}:when={number}{on}")
    }

    fn is_once(self) -> bool {
        matches!(self, Self::Full | Self::Broken)
    }
}

/// Where the writer starts from, and what it is then given.
struct Stage {
    /// Copied before each run: nothing, or what a killed writer left.
    before: tempfile::TempDir,
    /// Entries that `before` holds.
    held: Vec<EntryId>,
    visits: usize,
    /// Rows of the first visit's verdict, and how many.
    rows: (Vec<u8>, u64),
}

/// What the client was told, and how the writer ended.
#[derive(Debug, Default)]
struct Told {
    acknowledged: Vec<EntryId>,
    refusals: Vec<String>,
    status: Option<i32>,
    stderr: String,
}

/// What came of a run; a part of what is printed at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// All was recorded: the fault hit what nothing depends on.
    Untouched,
    /// One entry was refused and could be recorded at the next attempt.
    Passing,
    /// Out of service until the next start.
    OutOfService,
    /// It did not start.
    NoStart,
    Killed,
}

fn some_rows(count: u64, bytes: usize) -> (Vec<u8>, u64) {
    let rows: Vec<_> = (0..count)
        .map(|index| row(&format!("{index}/{}", "x".repeat(bytes))))
        .collect();
    (lines(&rows), count)
}

impl Stage {
    fn first_start() -> Self {
        Self {
            before: tempfile::tempdir().unwrap(),
            held: Vec::new(),
            visits: 2,
            rows: some_rows(60, 300),
        }
    }

    /// A ledger whose writer was killed with an insertion open and everything in the log.
    fn after_a_crash() -> Self {
        let stage = Self::first_start();
        let (mut child, channel) = spawn(stage.before.path());
        let insertion = recorded(&channel, inserted(), None);
        let verdict = recorded(&channel, judged(stopped(1, 0)), None);
        let open = recorded(&channel, at_kiosk(), None);
        child.kill().unwrap();
        child.wait().unwrap();
        Self {
            held: vec![insertion, verdict, open],
            visits: 1,
            ..stage
        }
    }

    /// Enough rows that the log is copied into the database and begins anew.
    fn with_a_long_log() -> Self {
        Self {
            visits: 3,
            rows: some_rows(1200, 3500),
            ..Self::first_start()
        }
    }

    /// Runs the writer under strace, with `inject` done to it. What it was told and asked.
    fn run(&self, folder: &Path, inject: Option<&str>) -> (Told, Vec<Call>) {
        let log = folder.with_extension("trace");
        let copied = Command::new("cp")
            .arg("-rT")
            .arg(self.before.path())
            .arg(folder)
            .status();
        assert!(copied.unwrap().success());
        let (ours, theirs) = Channel::pair().unwrap();
        setsockopt(&ours, ReceiveTimeout, &TimeVal::seconds(30)).unwrap();
        let mut strace = Command::new("strace");
        strace
            .args([
                "-qq",
                "-y",
                "-s",
                "40",
                "-e",
                "signal=none",
                "-e",
                TRACED,
                "-o",
            ])
            .arg(&log);
        if let Some(inject) = inject {
            strace.args(["-e", inject]);
        }
        let child = strace
            .arg("--")
            .arg(program())
            .arg("--ledger")
            .arg(folder)
            // With cargo's it would look for libraries in many places.
            .env_remove("LD_LIBRARY_PATH")
            .stdin(Stdio::from(theirs.into_fd()))
            .stderr(Stdio::piped())
            .spawn()
            .expect("strace is installed");
        drop(strace);
        let mut told = Told::default();
        self.visit(&ours, &mut told);
        drop(ours);
        let output = child.wait_with_output().unwrap();
        told.status = output.status.code();
        told.stderr = String::from_utf8(output.stderr).unwrap();
        let trace = fs::read_to_string(&log).unwrap();
        (told, calls(&trace))
    }

    fn visit(&self, channel: &Channel, told: &mut Told) -> Option<()> {
        ask(channel, told, started(), None)?;
        for visit in 0..self.visits {
            let Some(insertion) = ask(channel, told, inserted(), None)? else {
                continue;
            };
            let insertion = insertion.number;
            let (rows, count) = match visit {
                0 => (Some(self.rows.0.as_slice()), self.rows.1),
                _ => (None, 0),
            };
            if ask(channel, told, judged(passed(insertion, count)), rows)?.is_some() {
                ask(channel, told, Event::Removed { insertion }, None)?;
            }
        }
        ask(channel, told, at_kiosk(), None)?;
        Some(())
    }

    /// One fault, and everything that must hold after it. `None` when the run had no such call.
    fn check(&self, call: &str, number: usize, fault: Fault) -> Option<Outcome> {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("ledger");
        let inject = fault.inject(call, number);
        let (told, calls) = self.run(&folder, Some(&inject));
        let was_killed = told.status.is_none();
        if !was_killed && !calls.iter().any(|call| call.injected) {
            return None;
        }
        let place = format!("{inject}: {told:?}");
        assert_eq!(fault == Fault::Killed, was_killed, "{place}");
        require_order(&calls).unwrap_or_else(|wrong| panic!("{inject}: {wrong}"));
        let is_loaded = calls.iter().any(|call| call.file == "ledger.lock");
        let wanted: &[i32] = if is_loaded { &[0, 2] } else { &[0, 2, 127] };
        assert!(
            was_killed || wanted.contains(&told.status.unwrap()),
            "{place}"
        );
        self.require_honest(&told, fault, &place);
        self.require_kept(&folder, &told, &place);
        let out = |why: &String| why.starts_with("ledger is out of service: ");
        Some(match told.refusals.as_slice() {
            _ if was_killed => Outcome::Killed,
            [] if told.acknowledged.is_empty() => {
                let is_said = !told.stderr.is_empty() || call == "write";
                assert!(is_said, "it does not say why: {place}");
                Outcome::NoStart
            }
            [] => Outcome::Untouched,
            refusals if refusals.iter().any(out) => Outcome::OutOfService,
            _ => Outcome::Passing,
        })
    }

    /// A refusal says why. After one that passes the next attempt is recorded, after another
    /// none is.
    fn require_honest(&self, told: &Told, fault: Fault, place: &str) {
        for why in &told.refusals {
            let is_passing = why.starts_with("ledger cannot be written: ");
            let is_over = why.starts_with("ledger is out of service: ");
            assert!(is_passing || is_over, "{place}");
            assert!(!is_passing || why.contains("full"), "{place}");
            assert!(
                !is_passing || matches!(fault, Fault::Full | Fault::StaysFull),
                "{place}"
            );
        }
        let is_passing = told
            .refusals
            .iter()
            .all(|why| why.contains("cannot be written"));
        if fault.is_once() && is_passing && !told.acknowledged.is_empty() {
            assert!(told.refusals.len() <= 1, "{place}");
            let entries = 2 + 3 * self.visits;
            assert!(entries <= told.acknowledged.len(), "{place}");
        }
    }

    /// Everything acknowledged is there before and after the next start, which takes entries.
    fn require_kept(&self, folder: &Path, told: &Told, place: &str) {
        let promised = || self.held.iter().chain(&told.acknowledged);
        let look = || {
            let ledger = Ledger::open(folder)?;
            let verified = ledger.verify(None)?;
            for id in promised() {
                let entry = ledger.entry(id.number)?;
                assert_eq!(entry.leaf_sha256, id.leaf_sha256, "{place}: {id:?}");
            }
            Ok::<_, record::LedgerError>(verified.entries)
        };
        // Before the first entry there may be no tables yet.
        let before = look();
        assert!(
            before.is_ok() || promised().next().is_none(),
            "{place}: {before:?}"
        );
        let mut writer = Writer::open(folder)
            .unwrap_or_else(|error| panic!("{place}: {}", wire::explained(&error)));
        let next = writer.append(&started(), None).unwrap();
        drop(writer);
        assert!(before.unwrap_or(0) < next.number, "{place}");
        assert_eq!(look().unwrap(), next.number, "{place}");
    }

    /// Every call of each kind in turn fails in each of these ways; `chosen` says which are
    /// tried of a kind that the undisturbed run makes so often.
    fn check_all(
        &self,
        what: &str,
        faults: &[Fault],
        chosen: impl Fn(&str, usize) -> Vec<usize> + Sync,
    ) {
        let counts = self.counts();
        let jobs: Vec<_> = CALLS
            .iter()
            .flat_map(|call| faults.iter().map(move |fault| (*call, *fault)))
            .flat_map(|(call, fault)| {
                let count = counts.get(call).copied().unwrap_or(0);
                chosen(call, count)
                    .into_iter()
                    .map(move |number| (call, fault, number))
            })
            .collect();
        let next = AtomicUsize::new(0);
        let outcomes = Mutex::new(BTreeMap::new());
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while let Some((call, fault, number)) =
                        jobs.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        let outcome = self.check(call, *number, *fault);
                        let key = (*fault, outcome);
                        *outcomes.lock().unwrap().entry(key).or_insert(0) += 1;
                    }
                });
            }
        });
        println!("{what}: {counts:?}; {} faults", jobs.len());
        for ((fault, outcome), count) in outcomes.into_inner().unwrap() {
            println!("  {fault:?}: {count} times {outcome:?}");
        }
    }

    /// How often the undisturbed run makes each call; and that it is in order.
    fn counts(&self) -> BTreeMap<String, usize> {
        let folder = tempfile::tempdir().unwrap();
        let (told, calls) = self.run(&folder.path().join("ledger"), None);
        assert_eq!((told.status, told.stderr.as_str()), (Some(0), ""));
        assert_eq!(told.refusals, [""; 0]);
        assert_eq!(require_order(&calls), Ok(told.acknowledged.len()));
        let mut counts = BTreeMap::new();
        for call in &calls {
            *counts.entry(call.name.clone()).or_insert(0) += 1;
        }
        counts
    }
}

/// The answer, at the second attempt when the first is refused. `None` when the writer is gone.
fn ask(
    channel: &Channel,
    told: &mut Told,
    event: Event,
    rows: Option<&[u8]>,
) -> Option<Option<EntryId>> {
    for _ in 0..2 {
        let packet = wire::frame::encode(&wire::ledger::Append {
            event: event.clone(),
            rows: rows.is_some(),
        });
        let rows = rows.map(|rows| jail::memory::sealed("rows", rows).unwrap());
        let fds: Vec<_> = rows.iter().map(std::os::fd::AsFd::as_fd).collect();
        channel.send(&packet.unwrap(), &fds).ok()?;
        match answer(channel)? {
            Answer::Recorded(id) => {
                told.acknowledged.push(id);
                return Some(Some(id));
            }
            Answer::Refused { why, .. } => told.refusals.push(why),
            Answer::Standing(_) => panic!("nobody asked"),
        }
    }
    Some(None)
}

const ONCE: [Fault; 3] = [Fault::Full, Fault::Broken, Fault::Killed];
const STAYING: [Fault; 2] = [Fault::StaysFull, Fault::StaysBroken];

/// All, and one more that must not come to pass unless an earlier fault made it.
fn every(_: &str, count: usize) -> Vec<usize> {
    (1..=count).collect()
}

#[test]
fn a_fault_at_any_call_of_the_first_start_and_two_visits_loses_nothing() {
    Stage::first_start().check_all("first start", &ONCE, every);
}

#[test]
fn a_fault_at_any_call_of_a_start_after_a_crash_loses_nothing() {
    Stage::after_a_crash().check_all("after a crash", &ONCE, every);
}

#[test]
fn a_disk_that_stays_full_or_broken_from_any_call_on_loses_nothing() {
    // Every third call, and the last of each kind.
    let some = |_: &str, count: usize| (1..=count).filter(|n| n % 3 == 0 || *n == count).collect();
    Stage::first_start().check_all("first start", &STAYING, some);
}

/// The calls are thousands here: of those that write a drawn part is tried, all with
/// `FAULTS=1000000` in the environment.
#[test]
fn a_fault_while_the_log_is_copied_into_the_database_loses_nothing() {
    let most = number("FAULTS").unwrap_or(24) as usize;
    let chance = Mutex::new(Chance::printed("FAULT_SEED"));
    let some = |call: &str, count: usize| {
        match call {
            "pwrite64" if most < count => {}
            "pwrite64" | "fsync" | "fdatasync" | "ftruncate" => return (1..=count).collect(),
            // Of the others there are no more than in the other runs.
            _ => return Vec::new(),
        }
        let mut chance = chance.lock().unwrap();
        (0..most)
            .map(|_| 1 + chance.below(count as u64) as usize)
            .collect()
    };
    Stage::with_a_long_log().check_all("long log", &ONCE, some);
}
