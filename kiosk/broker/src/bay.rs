//! The virtual bay: a folder in which a disk image is a medium, its appearance an insertion
//! and its disappearance a removal. Only the source of events differs from real ports.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

/// What a claim's file name adds to the image's without its extension.
const CLAIM_SUFFIX: &str = ".claim.toml";

/// Something happened in the bay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// An image is there, complete.
    In(OsString),
    /// An image is gone, or is being written to.
    Out(OsString),
    /// Events were lost: what is there must be listed again.
    Unknown,
}

/// A watched folder.
pub struct Bay {
    folder: PathBuf,
    inotify: Inotify,
}

impl AsFd for Bay {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

impl Bay {
    /// Begins to watch `folder`.
    ///
    /// # Errors
    /// When it is not there or cannot be watched.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        let events = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_MODIFY
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_ONLYDIR;
        inotify.add_watch(folder, events)?;
        Ok(Self {
            folder: folder.to_owned(),
            inotify,
        })
    }

    /// Where the image of this name is.
    #[must_use]
    pub fn image(&self, name: &OsStr) -> PathBuf {
        self.folder.join(name)
    }

    /// Where the claim of this image is.
    #[must_use]
    pub fn claim(&self, name: &OsStr) -> PathBuf {
        let mut claim = Path::new(name).file_stem().unwrap_or(name).to_owned();
        claim.push(CLAIM_SUFFIX);
        self.folder.join(claim)
    }

    /// The images that are there now, in the order of their names.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn present(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file() && is_image(&entry.file_name()) {
                names.push(entry.file_name());
            }
        }
        names.sort();
        Ok(names)
    }

    /// What happened since the last call. Never waits.
    ///
    /// # Errors
    /// When the kernel stops watching.
    pub fn moved(&self) -> io::Result<Vec<Moved>> {
        let events = match self.inotify.read_events() {
            Ok(events) => events,
            Err(Errno::EAGAIN) => return Ok(Vec::new()),
            Err(errno) => return Err(errno.into()),
        };
        let mut moved = Vec::new();
        for event in events {
            if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
                moved.push(Moved::Unknown);
            }
            let Some(name) = event.name.filter(|name| is_image(name)) else {
                continue;
            };
            let complete = AddWatchFlags::IN_CLOSE_WRITE | AddWatchFlags::IN_MOVED_TO;
            let one = if event.mask.intersects(complete) {
                Moved::In(name)
            } else {
                Moved::Out(name)
            };
            if moved.last() != Some(&one) {
                moved.push(one);
            }
        }
        Ok(moved)
    }
}

/// Everything but hidden files, which are being made, and claims.
fn is_image(name: &OsStr) -> bool {
    !name.as_bytes().starts_with(b".") && !name.as_bytes().ends_with(CLAIM_SUFFIX.as_bytes())
}
