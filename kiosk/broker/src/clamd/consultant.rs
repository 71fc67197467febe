//! Answering the questions of one scan, on threads of its own: whoever hears the scan must not
//! wait for clamd, and files that are handed over must not wait behind answers.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use decide::RulesState;
use decide::policy::Clamd;
use jail::channel::Channel;
use wire::consult::{Opinion, Question};
use wire::frame;
use wire::ledger::Engine;
use wire::{Gap, Tier};

use super::check::{self, ClamdError};
use super::reply::{self, Said};
use super::talk::{self, Listener};
use super::{CHECK_WAIT_MAX, Second};
use crate::reception::Heeded;

/// A worker's two files: what it may write, and the same for reading only.
pub(crate) struct Papers {
    /// Its spool and its desk, to be handed to it.
    pub(crate) writable: [File; 2],
    readable: [File; 2],
}

impl Papers {
    /// Opens two files without a name once more, for reading.
    ///
    /// # Errors
    /// What the kernel said.
    pub(crate) fn of(spool: File, desk: File) -> std::io::Result<Self> {
        // They have no other path. clamd must not get what it could write to.
        let again = |file: &File| File::open(format!("/proc/self/fd/{}", file.as_raw_fd()));
        let readable = [again(&spool)?, again(&desk)?];
        Ok(Self {
            writable: [spool, desk],
            readable,
        })
    }
}

/// What all threads of one scan share.
struct Shared {
    channel: Channel,
    policy: Clamd,
    /// Of each worker its spool and its desk.
    papers: Vec<[File; 2]>,
    /// Set once, before the first answer.
    checked: OnceLock<Result<(Engine, Listener), ClamdError>>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    found: AtomicU64,
    missed: AtomicU64,
    fine: AtomicU64,
}

/// How many contents of one scan clamd was asked about, by what it said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answered {
    /// Something that blocks.
    pub(crate) found: u64,
    /// Nothing that can be relied on.
    pub(crate) missed: u64,
    /// Nothing, or nothing that blocks.
    pub(crate) fine: u64,
}

impl Answered {
    /// What speaks against a scan with rows that say so and that came to its end. A worker that a
    /// content captured could keep what clamd said to itself, or not ask. Each answer belongs to
    /// one row.
    pub(crate) fn objection(
        self,
        state: RulesState,
        heeded: Heeded,
        must_be_asked: u64,
    ) -> Option<&'static str> {
        let against = self.found.saturating_add(self.missed);
        let is_kept_back = heeded.found < self.found || heeded.missed < self.missed;
        if is_kept_back && !heeded.is_open {
            return Some("clamd had something against a content, and kiosk-scan did not say so");
        }
        let asked = against.saturating_add(self.fine);
        let unasked = state != RulesState::SelfTestFailed && asked < must_be_asked;
        unasked.then_some("kiosk-scan called contents clean that clamd was not asked about")
    }
}

/// clamd during one scan. Its threads end with the scan.
pub(crate) struct Consultant {
    shared: Arc<Shared>,
    began: Instant,
}

impl Consultant {
    /// Begins to answer, one thread a worker. Gives the end of the channel for kiosk-scan and
    /// the files that its workers may write.
    ///
    /// # Errors
    /// When there is no channel or no thread to be had.
    pub(crate) fn start(
        policy: &Clamd,
        papers: Vec<Papers>,
    ) -> std::io::Result<(Self, OwnedFd, Vec<[File; 2]>)> {
        let (channel, theirs) = Channel::pair()?;
        let (writable, readable): (Vec<_>, Vec<_>) = papers
            .into_iter()
            .map(|papers| (papers.writable, papers.readable))
            .unzip();
        let shared = Arc::new(Shared {
            channel,
            policy: policy.clone(),
            papers: readable,
            checked: OnceLock::new(),
            counts: Counts::default(),
        });
        for _ in &writable {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name("clamd".to_owned())
                .spawn(move || shared.answer())?;
        }
        let consultant = Self {
            shared,
            began: Instant::now(),
        };
        Ok((consultant, theirs.into_fd(), writable))
    }

    /// What clamd was to this scan; `None` while that is still being found out, at most a little
    /// longer than [`CHECK_WAIT_MAX`].
    pub(crate) fn second(&self, now: Instant) -> Option<Second> {
        match self.shared.checked.get() {
            Some(checked) => {
                let checked = checked.as_ref().map(|(engine, _)| engine);
                Some(Second::of(&self.shared.policy, checked))
            }
            None => {
                let late = CHECK_WAIT_MAX.saturating_add(Duration::from_secs(1));
                let is_late = late < now.saturating_duration_since(self.began);
                is_late.then(|| Second::out_of_use("it did not answer in time"))
            }
        }
    }

    /// How many questions were answered, and how.
    pub(crate) fn answered(&self) -> Answered {
        let count = |count: &AtomicU64| count.load(Ordering::SeqCst);
        let counts = &self.shared.counts;
        Answered {
            found: count(&counts.found),
            missed: count(&counts.missed),
            fine: count(&counts.fine),
        }
    }
}

impl Shared {
    /// One question after the other, until kiosk-scan is gone or says something else.
    fn answer(&self) {
        self.checked
            .get_or_init(|| check::with_listener(&self.policy));
        while let Ok(Some(packet)) = self.channel.receive() {
            let Ok(question) = frame::decode::<Question>(&packet.bytes) else {
                return;
            };
            let said = self.said(&question);
            let blocks = |finding: &wire::Finding| finding.tier == Tier::Block;
            let count = match &said {
                Said { gap: Some(_), .. } => &self.counts.missed,
                Said { finding, .. } if finding.as_ref().is_some_and(blocks) => &self.counts.found,
                Said { .. } => &self.counts.fine,
            };
            count.fetch_add(1, Ordering::SeqCst);
            let opinion = frame::encode(&Opinion {
                number: question.number,
                finding: said.finding,
                gap: said.gap,
            });
            let sent = opinion.map(|packet| self.channel.send(&packet, &[]));
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
    }

    fn said(&self, question: &Question) -> Said {
        let listener = match self.checked.get() {
            Some(Ok((_, listener))) => *listener,
            Some(Err(_)) | None => {
                let why = "clamd is out of use";
                return reply::missed(Gap::Unreadable, "clamav_failed", why);
            }
        };
        let place = usize::try_from(question.place).unwrap_or(usize::MAX);
        let [spool, desk] = match self.papers.get(place) {
            Some(papers) => papers,
            None => return reply::missed(Gap::Damaged, "clamav_failed", "asked by nobody"),
        };
        let paper = if question.asked.spooled { spool } else { desk };
        // What clamd is to see must be what was read of the medium, to the byte.
        if paper.metadata().map(|about| about.len()).ok() != Some(question.asked.size_bytes) {
            let why = "what clamd was to see has another size";
            return reply::missed(Gap::Damaged, "clamav_failed", why);
        }
        self.ask(paper.as_fd(), listener)
    }

    fn ask(&self, content: BorrowedFd<'_>, before: Listener) -> Said {
        let now = Instant::now();
        let allowed = Duration::from_secs(self.policy.timeout_seconds);
        let late = now.checked_add(allowed).unwrap_or(now);
        match talk::ask(
            Path::new(&self.policy.socket),
            "FILDES",
            Some(content),
            late,
        ) {
            Ok((answer, listener)) if listener == before => reply::read(&answer, self.policy.pua),
            // Started anew, perhaps with another configuration: the check was another's.
            Ok(_) => {
                let why = "clamd was started anew during the scan";
                reply::missed(Gap::Unreadable, "clamav_failed", why)
            }
            Err(error) => reply::failed(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::FileExt as _;

    use wire::consult::Asked;

    use super::*;

    fn policy(folder: &Path) -> Clamd {
        Clamd {
            socket: folder.join("clamd.ctl").display().to_string(),
            conf: folder.join("clamd.conf").display().to_string(),
            timeout_seconds: 1,
            members: true,
            age_days_max: None,
            pua: Tier::Block,
        }
    }

    fn papers() -> Papers {
        Papers::of(tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap()).unwrap()
    }

    #[test]
    fn a_scan_that_keeps_what_clamd_said_to_itself_or_does_not_ask_is_not_believed() {
        let heeded = |found, missed, is_open| Heeded {
            found,
            missed,
            is_open,
        };
        let answered = |found, missed, fine| Answered {
            found,
            missed,
            fine,
        };
        let works = RulesState::Working;
        let against = |answered: Answered, rows: Heeded, clean: u64| {
            answered.objection(works, rows, clean).is_some()
        };
        assert!(!against(answered(0, 0, 3), heeded(0, 0, false), 3));
        assert!(!against(answered(1, 0, 2), heeded(1, 0, false), 2));
        assert!(!against(answered(0, 1, 2), heeded(0, 1, false), 2));
        assert!(against(answered(1, 0, 2), heeded(0, 0, false), 3));
        assert!(against(answered(1, 0, 2), heeded(0, 1, false), 2));
        assert!(against(answered(0, 1, 2), heeded(0, 0, false), 3));
        assert!(against(answered(0, 0, 2), heeded(0, 0, false), 3));
        // One row says so, and may be waived; the other was kept back.
        assert!(against(answered(2, 0, 2), heeded(1, 0, false), 2));
        assert!(against(answered(1, 1, 2), heeded(1, 0, false), 2));
        // With what was not examined an answer can be lost, and there is no PASS.
        assert!(!against(answered(2, 0, 2), heeded(1, 0, true), 2));
        // A clamd that is out of use is a reason of its own.
        let unasked = answered(0, 0, 0);
        let failed = RulesState::SelfTestFailed;
        assert_eq!(unasked.objection(failed, heeded(0, 0, false), 3), None);
    }

    #[test]
    fn what_clamd_gets_can_be_read_and_not_written() {
        let papers = papers();
        papers.writable[1].write_all_at(b"content", 0).unwrap();
        let mut held = [0; 7];
        papers.readable[1].read_exact_at(&mut held, 0).unwrap();
        assert_eq!(&held, b"content");
        assert!((&papers.readable[1]).write_all(b"x").is_err());
        assert!(papers.readable[1].set_len(0).is_err());
    }

    #[test]
    fn without_clamd_every_question_is_answered_with_a_gap() {
        let folder = tempfile::tempdir().unwrap();
        let started = Consultant::start(&policy(folder.path()), vec![papers()]);
        let (consultant, theirs, _) = started.unwrap();
        let theirs = Channel::from_fd(theirs);
        let asked = Asked {
            spooled: false,
            size_bytes: 1,
        };
        for number in 1..4 {
            let question = Question {
                number,
                place: 0,
                asked,
            };
            theirs
                .send(&frame::encode(&question).unwrap(), &[])
                .unwrap();
            let packet = theirs.receive().unwrap().unwrap();
            let opinion: Opinion = frame::decode(&packet.bytes).unwrap();
            assert_eq!(
                (opinion.number, opinion.gap),
                (number, Some(Gap::Unreadable))
            );
        }
        let second = consultant.second(Instant::now()).unwrap();
        assert_eq!(second.state, decide::RulesState::SelfTestFailed);
        assert!(second.fault.unwrap().contains("clamd.conf"));
        assert_eq!(consultant.answered().missed, 3);
        // Nonsense ends the conversation: the other end then hears nothing more.
        theirs.send(b"{}", &[]).unwrap();
        drop(consultant);
        assert!(theirs.receive().unwrap().is_none());
    }
}
