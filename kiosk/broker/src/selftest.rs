//! The kiosk's own test of its rules: every canary of the set, on a medium as a stick has it,
//! scanned the way every medium is scanned.
//!
//! What is tested is the whole way: the start of kiosk-scan, its jail, partition table and file
//! system, archives, the engine with the very compiled rules that are to go live, and the
//! messages back. An [`Exam`] is what is asked, a [`Report`] what came of it.

mod exam;

mod marks;

mod medium;

mod zip;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use decide::{Ending, RulesState};
use wire::ledger::{self, SELF_TEST_FAULT_BYTES_MAX, SELF_TEST_FAULTS_MAX};
use wire::scan::{Limits, Spare, TargetKind};

use crate::paths::Paths;
use crate::reception::{Received, Reception};
use crate::scanner::{self, Means, Scanner, Scope};

pub use exam::{Exam, ExamError, SPECIMENS_BYTES_MAX, SPECIMENS_MAX};
pub use marks::{Count, RuleReport};
pub use medium::IMAGE_BYTES_MAX;

use marks::Marks;

/// Longest self-test, in seconds: the shipped set takes one or two, and the largest image is
/// read and unpacked in a minute.
pub const SELF_TEST_SECONDS_MAX: u64 = 120;

/// Whether rules may go live. There is no default.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Answer {
    /// Every canary was found in every place, and no near miss.
    Passed,
    /// What was wrong: at least one thing, and the first [`SELF_TEST_FAULTS_MAX`]. Safe to
    /// print.
    Failed(Vec<String>),
}

/// What came of a self-test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether the rules may go live.
    pub answer: Answer,
    /// Specimens that were examined.
    pub specimens: u64,
    /// How long it took.
    pub millis: u64,
    /// Each rule that has canaries, in the order of their names.
    pub rules: Vec<RuleReport>,
}

impl Report {
    /// A set that cannot even be asked.
    pub fn untested(why: &dyn std::error::Error) -> Self {
        Self {
            answer: failed(vec![wire::explained(why)]),
            specimens: 0,
            millis: 0,
            rules: Vec::new(),
        }
    }

    /// Whether the rules may go live.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.answer == Answer::Passed
    }

    /// What was wrong; empty exactly when it passed.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        match &self.answer {
            Answer::Passed => &[],
            Answer::Failed(faults) => faults,
        }
    }

    /// As the ledger has it, for these rules.
    #[must_use]
    pub fn event(&self, rules: ledger::Rules) -> ledger::Event {
        ledger::Event::SelfTested(Box::new(ledger::SelfTested {
            rules,
            result: match self.answer {
                Answer::Passed => ledger::SelfTest::Passed,
                Answer::Failed(_) => ledger::SelfTest::Failed,
            },
            specimens: self.specimens,
            milliseconds: self.millis,
            faults: self.faults().to_vec(),
        }))
    }
}

/// Scans the exam's medium with compiled rules. `paths` say where an installed kiosk-scan is
/// reached, and where its spool is. Whatever goes wrong is a fault of the report.
#[must_use]
pub fn run(exam: &Exam, compiled: &OwnedFd, paths: &Paths) -> Report {
    run_in(exam, compiled, &paths.spool(), paths)
}

/// The same with another folder for contents that do not fit memory.
#[must_use]
pub fn run_in(exam: &Exam, compiled: &OwnedFd, spool: &Path, paths: &Paths) -> Report {
    let longest = Duration::from_secs(SELF_TEST_SECONDS_MAX);
    run_within(longest, exam, compiled, spool, paths)
}

fn run_within(
    longest: Duration,
    exam: &Exam,
    compiled: &OwnedFd,
    spool: &Path,
    paths: &Paths,
) -> Report {
    let began = Instant::now();
    let mut marks = Marks::new(&exam.subjects);
    let scanned = scan(longest, exam, compiled.as_fd(), spool, paths, &mut marks);
    let (rules, missed) = marks.finish();
    let mut faults = match scanned {
        Ok(received) => objections(&received),
        Err(error) => vec![wire::explained(&*error)],
    };
    faults.extend(missed);
    Report {
        answer: if faults.is_empty() {
            Answer::Passed
        } else {
            failed(faults)
        },
        specimens: u64::try_from(exam.subjects.len()).unwrap_or(u64::MAX),
        millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        rules,
    }
}

fn scan(
    longest: Duration,
    exam: &Exam,
    compiled: BorrowedFd<'_>,
    spool: &Path,
    paths: &Paths,
    marks: &mut Marks<'_>,
) -> Result<Received, Box<dyn std::error::Error>> {
    let scope = Scope {
        target: TargetKind::Image,
        size_bytes: exam.size_bytes,
        // The site's own limits may be so tight that they end this scan; what is tested is
        // whether the rules are seen to work.
        limits: Limits {
            scan_seconds_max: SELF_TEST_SECONDS_MAX,
            ..Limits::default()
        },
        spare: Spare {
            unallocated: true,
            deleted: true,
        },
        workers: scanner::workers(),
    };
    let mut reception = Reception::new(exam.size_bytes)?;
    let with = Means {
        rules: compiled,
        // What is on a list needs no test: it was compared with its hash when it was loaded.
        lists: &[],
        medium: Some(exam.image.as_fd()),
        read_back: None,
        delivery: None,
        spool,
        paths,
        // The kiosk tries its second engine out for itself.
        clamd: None,
    };
    let scanner = Scanner::start(&scope, &with)?;
    let late = (longest, "the self-test did not end in its time");
    scanner.hear_out(&mut reception, late, &mut |row| marks.take(&row))?;
    Ok(reception.finish(RulesState::Working))
}

/// What is wrong with the scan itself. The medium is ours and sound, so that whatever a reader
/// has against it is the reader's fault.
fn objections(received: &Received) -> Vec<String> {
    let mut faults = Vec::new();
    match received.examination.ending {
        Ending::Complete => {}
        Ending::NotStarted | Ending::Failed(_) => {
            let why = received.fault.as_deref().unwrap_or("nobody says why");
            faults.push(format!("the scan did not come to its end: {why}"));
        }
    }
    let findings = received.volumes.iter().flat_map(|volume| &volume.findings);
    for finding in findings.chain(&received.layout) {
        faults.push(format!("the medium is said to have {}", finding.rule));
    }
    let volumes = received.volumes.iter().map(|volume| &volume.coverage);
    let outside = received.totals.iter().map(|totals| &totals.outside);
    if received.volumes.len() != 1 {
        let many = received.volumes.len();
        faults.push(format!("{many} volumes were found instead of one"));
    }
    if !volumes.chain(outside).all(wire::Coverage::is_whole) {
        faults.push("bytes of the medium are not accounted for".to_owned());
    }
    faults
}

/// The first faults, each cut to its limit and safe to print.
fn failed(mut faults: Vec<String>) -> Answer {
    let more = faults.len().saturating_sub(SELF_TEST_FAULTS_MAX);
    if 0 < more {
        faults.truncate(SELF_TEST_FAULTS_MAX.saturating_sub(1));
        faults.push(format!("{} more", more.saturating_add(1)));
    }
    let printable = |fault: &String| wire::name::line_within(fault, SELF_TEST_FAULT_BYTES_MAX);
    Answer::Failed(faults.iter().map(printable).collect())
}

#[cfg(test)]
mod tests {
    use jail::channel::Listener;
    use wire::frame;
    use wire::scan::{News, Order, Progress};

    use super::*;

    #[test]
    fn the_first_faults_are_kept_each_within_its_length_and_the_rest_is_counted() {
        let Answer::Failed(faults) = failed(vec!["\u{202e}é".repeat(400); 20]) else {
            panic!("it passed")
        };
        assert_eq!(faults.len(), SELF_TEST_FAULTS_MAX);
        assert_eq!(faults.last().map(String::as_str), Some("5 more"));
        let fits = |fault: &String| {
            fault.len() <= SELF_TEST_FAULT_BYTES_MAX && !fault.chars().any(wire::name::is_hidden)
        };
        assert!(faults.iter().all(fits));
        let Answer::Failed(faults) = failed(vec!["x".to_owned(); SELF_TEST_FAULTS_MAX]) else {
            panic!("it passed")
        };
        assert_eq!(faults.len(), SELF_TEST_FAULTS_MAX);
    }

    /// What comes of a test whose scanner says that it is ready, and then `again` and again.
    fn against(again: Option<&News>) -> Report {
        let folder = tempfile::tempdir().unwrap();
        let set = folder.path().join("set");
        std::fs::create_dir_all(&set).unwrap();
        let canary = "[[canary]]\nrule = \"r\"\npieces = [\"x\"]\n";
        std::fs::write(set.join("canary.toml"), canary).unwrap();
        let exam = Exam::of(&set).unwrap();
        let paths = Paths::below(folder.path());
        std::fs::create_dir_all(paths.run()).unwrap();
        let listener = Listener::bind(&paths.scan_socket(), 0o600).unwrap();
        let rules = jail::memory::sealed("rules", b"none").unwrap();
        let longest = Duration::from_millis(300);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let channel = listener.accept().unwrap();
                let packet = channel.receive().unwrap().unwrap();
                let order: Order = frame::decode(&packet.bytes).unwrap();
                assert_eq!(order.limits.scan_seconds_max, SELF_TEST_SECONDS_MAX);
                let say = |news: &News| channel.send(&frame::encode(news).unwrap(), &[]);
                say(&News::Ready { rules: 1 }).unwrap();
                while again.is_some_and(|news| say(news).is_ok()) {
                    std::thread::yield_now();
                }
            });
            run_within(longest, &exam, &rules, folder.path(), &paths)
        })
    }

    #[test]
    fn a_scanner_that_goes_on_for_ever_ends_with_the_time_of_the_test() {
        let report = against(Some(&News::Progress(Progress::default())));
        let faults = report.faults();
        assert!(
            faults[0].ends_with("the self-test did not end in its time"),
            "{faults:?}"
        );
        assert!(faults[1].contains("volumes"), "{faults:?}");
        assert!(
            faults
                .iter()
                .any(|fault| fault.ends_with("was not examined")),
            "{faults:?}"
        );
    }

    #[test]
    fn a_scanner_that_leaves_without_its_end_record_fails_the_test() {
        let report = against(None);
        assert!(
            report.faults()[0].ends_with("without its end record"),
            "{report:?}"
        );
        assert!(!report.has_passed());
    }
}
