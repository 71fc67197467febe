//! Starting kiosk-scan and hearing what it finds.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use decide::policy::Clamd;
use jail::channel::Channel;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use wire::frame;
use wire::scan::{Limits, News, Order, Spare, Supply, TargetKind, WORKERS_MAX};
use wire::{Gap, Row};

use crate::clamd::{Consultant, Papers, Second};
use crate::launch::{self, Launched, Use};
use crate::paths::Paths;
use crate::reception::Reception;
use crate::rules::LoadedList;

/// Longest silence of kiosk-scan before it is given up. It speaks four times a second.
pub const SILENCE_MAX: Duration = Duration::from_secs(15);

/// How long to wait for news before looking at the clock.
const STEP: Duration = Duration::from_millis(100);

/// As many workers as there are processors, at most [`WORKERS_MAX`].
#[must_use]
pub fn workers() -> u32 {
    std::thread::available_parallelism()
        .map_or(1, |count| u32::try_from(count.get()).unwrap_or(WORKERS_MAX))
        .clamp(1, WORKERS_MAX)
}

/// Why a scanner cannot be had or heard.
#[derive(Debug, thiserror::Error)]
pub enum ScannerError {
    /// It does not start.
    #[error("kiosk-scan does not start")]
    Start(#[source] io::Error),
    /// The spool for large contents cannot be made.
    #[error("cannot make the spool in {}", path.display())]
    Spool {
        /// Where.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The order does not fit a message.
    #[error("the order is malformed")]
    Frame(#[from] wire::frame::FrameError),
    /// The socket failed.
    #[error("kiosk-scan cannot be heard")]
    Channel(#[source] io::Error),
}

/// One running scan. Dropping it ends the scan.
pub struct Scanner {
    /// The process, when it is a child of ours; otherwise it ends with the channel.
    child: Option<Child>,
    channel: Channel,
    /// What answers the scan's questions to clamd.
    consultant: Option<Consultant>,
}

/// What is scanned, and how far.
#[derive(Clone, Debug)]
pub struct Scope {
    /// What is scanned.
    pub target: TargetKind,
    /// How large the image or device is; 0 for folders.
    pub size_bytes: u64,
    /// Limits of this scan.
    pub limits: Limits,
    /// What is examined beside what is allocated.
    pub spare: Spare,
    /// Workers to fork, see [`workers`].
    pub workers: u32,
}

impl Scope {
    /// The order for it, which names what travels along.
    fn order(&self, with: &Means<'_>) -> Order {
        let names = with.lists.iter().map(|list| list.name.clone());
        Order {
            target: self.target,
            size_bytes: self.size_bytes,
            limits: self.limits.clone(),
            spare: self.spare,
            delivery: with.delivery.is_some(),
            workers: self.workers,
            lists: names.collect(),
            consultation: with.clamd.map(Clamd::consultation),
        }
    }
}

/// What a scan is started with.
pub struct Means<'s> {
    /// The compiled rules, sealed.
    pub rules: BorrowedFd<'s>,
    /// The lists of hashes beside them, which [`Scanner::start`] names in the order.
    pub lists: &'s [LoadedList],
    /// The read-only descriptor of an image or device; a folder's files follow by
    /// [`Scanner::supply`].
    pub medium: Option<BorrowedFd<'s>>,
    /// The same device opened read-only with `O_DIRECT`: needed for devices, and for nothing
    /// else.
    pub read_back: Option<BorrowedFd<'s>>,
    /// The file for a bundle of rules, when the medium may bring one.
    pub delivery: Option<BorrowedFd<'s>>,
    /// The folder for contents that do not fit memory.
    pub spool: &'s Path,
    /// Where an installed kiosk-scan is reached.
    pub paths: &'s Paths,
    /// clamd, when it is to be asked.
    pub clamd: Option<&'s Clamd>,
}

impl AsFd for Scanner {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.channel.as_fd()
    }
}

impl Drop for Scanner {
    fn drop(&mut self) {
        // It may have ended already; what counts is that it is gone and waited for.
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Scanner {
    /// Starts a scan.
    ///
    /// # Errors
    /// [`ScannerError`].
    pub fn start(scope: &Scope, with: &Means<'_>) -> Result<Self, ScannerError> {
        let Launched { channel, child } =
            launch::kiosk_scan(with.paths, Use::Serve).map_err(ScannerError::Start)?;
        let mut scanner = Self {
            child,
            channel,
            consultant: None,
        };
        let spools: Vec<File> = (0..scope.workers)
            .map(|_| unlinked(with.spool))
            .collect::<Result<_, _>>()?;
        let (questions, files) = scanner.consult(with, spools)?;
        let mut descriptors = vec![with.rules];
        descriptors.extend(with.medium);
        descriptors.extend(with.read_back);
        descriptors.extend(with.delivery);
        descriptors.extend(with.lists.iter().map(|list| list.file.as_fd()));
        descriptors.extend(questions.iter().map(AsFd::as_fd));
        descriptors.extend(files.iter().map(AsFd::as_fd));
        let order = scope.order(with);
        scanner
            .channel
            .send(&frame::encode(&order)?, &descriptors)
            .map_err(ScannerError::Channel)?;
        Ok(scanner)
    }

    /// Makes what a scan with clamd needs beside its spools: the channel for its questions and a
    /// desk a worker, which follow the spools.
    fn consult(
        &mut self,
        with: &Means<'_>,
        spools: Vec<File>,
    ) -> Result<(Option<OwnedFd>, Vec<File>), ScannerError> {
        let Some(clamd) = with.clamd else {
            return Ok((None, spools));
        };
        let fault = |source| ScannerError::Spool {
            path: with.spool.to_owned(),
            source,
        };
        let papers = spools.into_iter().map(|spool| {
            let desk = unlinked(with.spool)?;
            Papers::of(spool, desk).map_err(fault)
        });
        let papers: Vec<Papers> = papers.collect::<Result<_, _>>()?;
        let started = Consultant::start(clamd, papers).map_err(ScannerError::Start)?;
        let (consultant, questions, writable) = started;
        self.consultant = Some(consultant);
        let (mut spools, desks): (Vec<File>, Vec<File>) = writable
            .into_iter()
            .map(|[spool, desk]| (spool, desk))
            .unzip();
        spools.extend(desks);
        Ok((Some(questions), spools))
    }

    /// What a second engine was to this scan, which `reception` heard to its end, and what speaks
    /// against what kiosk-scan made of its answers. `None` while clamd is still being tried out.
    #[must_use]
    pub fn second(&self, reception: &mut Reception, now: Instant) -> Option<Option<Second>> {
        let Some(consultant) = &self.consultant else {
            return Some(None);
        };
        let second = consultant.second(now);
        // What did not come to its end gives no PASS, and need not wait for this.
        if !reception.is_complete() {
            return Some(second);
        }
        let second = second?;
        let answered = consultant.answered();
        let must_be_asked = reception.must_be_asked();
        let heeded = reception.heeded();
        if let Some(why) = answered.objection(second.state, heeded, must_be_asked) {
            reception.overrule(Gap::Damaged, why);
        }
        Some(Some(second))
    }

    /// Hands over one file of a folder.
    ///
    /// # Errors
    /// [`ScannerError::Channel`] when kiosk-scan is gone.
    pub fn supply(&self, supply: &Supply, file: Option<&OwnedFd>) -> Result<(), ScannerError> {
        let packet = frame::encode(supply)?;
        let descriptors: Vec<_> = file.iter().map(|file| file.as_fd()).collect();
        self.channel
            .send(&packet, &descriptors)
            .map_err(ScannerError::Channel)
    }

    /// Waits at most `wait` until there is news, or until a file may be handed over when
    /// `supplying`.
    ///
    /// # Errors
    /// [`ScannerError::Channel`].
    pub fn wait(&self, supplying: bool, wait: Duration) -> Result<Readiness, ScannerError> {
        let mut events = PollFlags::POLLIN;
        events.set(PollFlags::POLLOUT, supplying);
        let mut socket = [PollFd::new(self.channel.as_fd(), events)];
        let milliseconds = u16::try_from(wait.as_millis()).unwrap_or(u16::MAX);
        match poll(&mut socket, PollTimeout::from(milliseconds)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(ScannerError::Channel(errno.into())),
        }
        let seen = socket
            .first()
            .and_then(PollFd::revents)
            .unwrap_or(PollFlags::empty());
        Ok(Readiness {
            news: seen.intersects(PollFlags::POLLIN | PollFlags::POLLHUP | PollFlags::POLLERR),
            supply: seen.contains(PollFlags::POLLOUT),
        })
    }

    /// Hears a scan of an image or device to its end; each row goes to `row`. One that is silent
    /// is given up, and so is one that takes longer than `longest`, with the reason `late`.
    ///
    /// # Errors
    /// [`ScannerError::Channel`].
    pub fn hear_out(
        &self,
        reception: &mut Reception,
        (longest, late): (Duration, &str),
        row: &mut dyn FnMut(Row),
    ) -> Result<(), ScannerError> {
        let began = Instant::now();
        let mut heard = began;
        while !reception.is_over() {
            if self.wait(false, STEP)?.news {
                heard = Instant::now();
                if let Some(seen) = self.hear(reception) {
                    row(seen);
                }
            } else if SILENCE_MAX < heard.elapsed() {
                reception.fail(Gap::Timeout, "kiosk-scan fell silent");
            }
            if longest < began.elapsed() {
                reception.overrule(Gap::Timeout, late);
            }
        }
        Ok(())
    }

    /// Puts the next news into `reception`; whatever is wrong with it ends the reception. The
    /// row in it, when it is one, comes back as it was counted, also when the ledger does not take
    /// it. Blocks: ask [`Scanner::wait`] or poll first.
    pub fn hear(&self, reception: &mut Reception) -> Option<Row> {
        match self.news() {
            Ok(Some(news)) => return reception.take(news),
            Ok(None) => reception.fail(Gap::Damaged, "kiosk-scan ended without its end record"),
            Err(error) => reception.fail(Gap::Damaged, &wire::explained(&error)),
        }
        None
    }

    /// The next news; `None` when kiosk-scan closed the connection.
    fn news(&self) -> Result<Option<News>, ScannerError> {
        match self.channel.receive().map_err(ScannerError::Channel)? {
            Some(packet) if packet.fds.is_empty() => Ok(Some(frame::decode(&packet.bytes)?)),
            Some(_) => Err(ScannerError::Channel(io::Error::other(
                "it sent a descriptor",
            ))),
            None => Ok(None),
        }
    }
}

/// What [`Scanner::wait`] saw.
#[derive(Clone, Copy, Debug)]
pub struct Readiness {
    /// There is news, or the end.
    pub news: bool,
    /// A file can be handed over without waiting.
    pub supply: bool,
}

/// A file without a name: it vanishes with the last process that holds it.
pub(crate) fn unlinked(folder: &Path) -> Result<File, ScannerError> {
    let fault = |source| ScannerError::Spool {
        path: folder.to_owned(),
        source,
    };
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    let nameless = options
        .clone()
        .custom_flags(OFlag::O_TMPFILE.bits())
        .open(folder);
    match nameless {
        // Not every file system can make one; then it has a name for a moment, and
        // `create_new` follows no link that somebody put there.
        Err(error) if error.raw_os_error().map(Errno::from_raw) == Some(Errno::EOPNOTSUPP) => {
            // Scans and self-tests of one process begin beside each other.
            static MADE: AtomicU64 = AtomicU64::new(0);
            let number = MADE.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!(".spool-{}-{number}", std::process::id()));
            let file = options.create_new(true).open(&path).map_err(fault)?;
            std::fs::remove_file(&path).map_err(fault)?;
            Ok(file)
        }
        opened => opened.map_err(fault),
    }
}
