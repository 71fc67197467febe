//! Starting kiosk-scan and hearing what it finds.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jail::channel::Channel;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use wire::frame;
use wire::scan::{News, Order, Supply, WORKERS_MAX};
use wire::{Gap, Row};

use crate::launch::{self, Launched, Use};
use crate::paths::Paths;
use crate::reception::Reception;
use crate::rules::LoadedList;

/// Longest silence of kiosk-scan before it is given up. It speaks four times a second.
pub const SILENCE_MAX: Duration = Duration::from_secs(15);

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

/// What a scanner is handed with its order.
#[derive(Clone, Copy, Debug)]
pub struct Handed<'h> {
    /// The compiled rules, sealed.
    pub rules: BorrowedFd<'h>,
    /// The lists of hashes beside them, which [`Scanner::start`] names in the order.
    pub lists: &'h [LoadedList],
    /// The read-only descriptor of an image or device; `None` for a folder.
    pub medium: Option<BorrowedFd<'h>>,
    /// The same device opened read-only with `O_DIRECT`: needed for devices, and for nothing
    /// else.
    pub read_back: Option<BorrowedFd<'h>>,
    /// The file for a bundle of rules, when the order asks for one.
    pub delivery: Option<BorrowedFd<'h>>,
}

/// One running scan. Dropping it ends the scan.
pub struct Scanner {
    /// The process, when it is a child of ours; otherwise it ends with the channel.
    child: Option<Child>,
    channel: Channel,
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
    /// Starts a scan. `spool` is the folder for contents that do not fit memory, and `paths` say
    /// where an installed kiosk-scan is reached. A folder's files follow by [`Scanner::supply`].
    ///
    /// # Errors
    /// [`ScannerError`].
    pub fn start(
        order: &Order,
        handed: &Handed<'_>,
        spool: &Path,
        paths: &Paths,
    ) -> Result<Self, ScannerError> {
        let Launched { channel, child } =
            launch::kiosk_scan(paths, Use::Serve).map_err(ScannerError::Start)?;
        let scanner = Self { child, channel };
        let spools: Vec<File> = (0..order.workers)
            .map(|_| unlinked(spool))
            .collect::<Result<_, _>>()?;
        let mut descriptors = vec![handed.rules];
        descriptors.extend(handed.medium);
        descriptors.extend(handed.read_back);
        descriptors.extend(handed.delivery);
        descriptors.extend(handed.lists.iter().map(|list| list.file.as_fd()));
        descriptors.extend(spools.iter().map(AsFd::as_fd));
        let names = handed.lists.iter().map(|list| list.name.clone());
        let order = Order {
            lists: names.collect(),
            ..order.clone()
        };
        scanner
            .channel
            .send(&frame::encode(&order)?, &descriptors)
            .map_err(ScannerError::Channel)?;
        Ok(scanner)
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

    /// Puts the next news into `reception`; whatever is wrong with it ends the reception. The
    /// row in it, when it is one, comes back as it was written down. Blocks: ask
    /// [`Scanner::wait`] or poll first.
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
