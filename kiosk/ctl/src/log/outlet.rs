//! Where what is taken out of the ledger goes: a new file, standard output, or the journal.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use broker::Paths;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, RenameFlags, renameat2};
use sha2::{Digest as _, Sha256};
use wire::{Digest, MediumName};

use crate::CommandError;

/// Where journald listens.
const JOURNAL: &str = "run/systemd/journal/socket";

/// Longest wait for a journal that does not read: it is behind for a second or two at its worst.
pub(super) const JOURNAL_WAIT_MAX: Duration = Duration::from_secs(30);

/// An export that is being written, hashed on its way.
pub(super) struct Outlet {
    out: BufWriter<File>,
    hash: Sha256,
    file: Option<Place>,
}

/// An export that is whole and on the disk, and that nobody has yet.
pub(super) struct Finished {
    file: File,
    sha256: Digest,
    place: Option<Place>,
}

/// The name that a file is to have, and the one it has until then.
struct Place {
    path: PathBuf,
    beside: PathBuf,
    is_kept: bool,
}

impl Outlet {
    /// A file beside `path` that is to get its name, with these permissions; without one, a file
    /// without a name that is copied to standard output.
    ///
    /// # Errors
    /// When there is something at `path` already, or the file cannot be made.
    pub(super) fn open(path: Option<&Path>, mode: u32) -> Result<Self, CommandError> {
        let (file, place) = match path {
            Some(path) => {
                let place = Place::of(path)?;
                (place.create(mode)?, Some(place))
            }
            None => (nameless()?, None),
        };
        Ok(Self {
            out: BufWriter::new(file),
            hash: Sha256::new(),
            file: place,
        })
    }

    /// The file that a disk that is full is named by.
    pub(super) fn path(&self) -> PathBuf {
        let place = self.file.as_ref();
        place.map_or_else(spool, |place| place.path.clone())
    }

    /// Brings everything to the disk.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(super) fn finish(self) -> Result<Finished, CommandError> {
        let path = self.path();
        let file = self.out.into_inner();
        let file = file.map_err(|error| error.into_error());
        let file = file.map_err(CommandError::file("write", &path))?;
        file.sync_all()
            .map_err(CommandError::file("write", &path))?;
        Ok(Finished {
            file,
            sha256: Digest(self.hash.finalize().into()),
            place: self.file,
        })
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.hash.update(bytes.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Finished {
    /// Name of the file; `None` for standard output.
    pub(super) fn name(&self) -> Option<MediumName> {
        let name = self.place.as_ref()?.path.file_name()?;
        Some(MediumName::cut(name.as_encoded_bytes()).0)
    }

    /// SHA-256 of everything in it.
    pub(super) fn sha256(&self) -> Digest {
        self.sha256
    }

    /// Gives the file its name, or its content to standard output.
    ///
    /// # Errors
    /// When somebody made a file of that name meanwhile, or standard output is closed.
    pub(super) fn hand_out(mut self) -> Result<(), CommandError> {
        if let Some(place) = &mut self.place {
            return place.put();
        }
        let mut copy = || {
            self.file.rewind()?;
            let mut out = io::stdout().lock();
            io::copy(&mut self.file, &mut out)?;
            out.flush()
        };
        copy().map_err(CommandError::system("write to standard output"))
    }
}

impl Place {
    fn of(path: &Path) -> Result<Self, CommandError> {
        if path.file_name().is_none() {
            let why = format!("{} names no file", path.display());
            return Err(CommandError::Asked(why));
        }
        if path.symlink_metadata().is_ok() {
            return Err(exists(path));
        }
        // A name of its own, because that of the file may be as long as a name can be.
        let beside = format!(".kioskctl-export.{}", std::process::id());
        Ok(Self {
            path: path.to_owned(),
            beside: path.with_file_name(beside),
            is_kept: false,
        })
    }

    fn create(&self, mode: u32) -> Result<File, CommandError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(mode);
        let file = options.open(&self.beside);
        file.map_err(CommandError::file("make", &self.path))
    }

    /// Renames it, over nothing. File systems that cannot promise that get an empty file first,
    /// which only one program can make.
    fn put(&mut self) -> Result<(), CommandError> {
        let (from, to) = (&self.beside, &self.path);
        match renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE) {
            Ok(()) => {}
            Err(Errno::EEXIST) => return Err(exists(to)),
            Err(Errno::EINVAL | Errno::ENOSYS) => {
                let made = OpenOptions::new().write(true).create_new(true).open(to);
                made.map_err(CommandError::file("make", to))?;
                if let Err(error) = fs::rename(from, to) {
                    // Our own empty file: nothing of anybody's is lost.
                    let _ = fs::remove_file(to);
                    return Err(CommandError::file("make", to)(error));
                }
            }
            Err(error) => return Err(CommandError::file("make", to)(error.into())),
        }
        self.is_kept = true;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(CommandError::file("write", folder))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // An export that is not told of is not there.
        if !self.is_kept {
            let _ = fs::remove_file(&self.beside);
        }
    }
}

fn exists(path: &Path) -> CommandError {
    CommandError::Asked(format!(
        "{} is there already, and an export never writes over anything: give another name",
        path.display()
    ))
}

/// Where what goes to standard output is until the ledger knows it.
fn spool() -> PathBuf {
    std::env::var_os("TMPDIR").map_or_else(|| "/var/tmp".into(), PathBuf::from)
}

/// A file that is gone when this program is. An export can be larger than the memory, which is
/// what /tmp often is made of.
fn nameless() -> Result<File, CommandError> {
    let folder = spool();
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options.custom_flags(OFlag::O_TMPFILE.bits());
    let file = options.open(&folder);
    file.map_err(CommandError::file("make a file in", folder))
}

/// The system's journal.
pub(super) struct Journal(UnixDatagram);

impl Journal {
    /// Connects to it; no line waits longer than `wait` for it.
    ///
    /// # Errors
    /// When none listens.
    pub(super) fn connect(paths: &Paths, wait: Duration) -> Result<Self, CommandError> {
        let path = paths.root().join(JOURNAL);
        let connect = || {
            let socket = UnixDatagram::unbound()?;
            socket.set_write_timeout(Some(wait))?;
            socket.connect(&path)?;
            Ok(socket)
        };
        connect()
            .map(Self)
            .map_err(CommandError::file("reach the journal at", path.clone()))
    }

    /// Sends one entry.
    ///
    /// # Errors
    /// When the journal went away, or does not read.
    pub(super) fn send(&self, datagram: &[u8]) -> io::Result<()> {
        let sent = self.0.send(datagram);
        sent.map(|_| ()).map_err(|error| {
            let why = format!("the journal did not take a line: {error}");
            io::Error::new(error.kind(), why)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(path: &Path) -> Finished {
        let mut outlet = Outlet::open(Some(path), 0o640).unwrap();
        outlet.write_all(b"abc").unwrap();
        outlet.finish().unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn a_file_has_its_name_only_when_it_is_handed_out() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let finished = written(&path);
        assert!(!path.exists());
        assert_eq!(finished.name().unwrap().as_bytes(), b"a.csv");
        // printf abc | sha256sum
        assert_eq!(
            finished.sha256().to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        finished.hand_out().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"abc");
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o137, 0, "{mode:o}");
        assert_eq!(names(folder.path()), ["a.csv"]);
    }

    #[test]
    fn a_file_may_have_the_longest_name_there_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x".repeat(255));
        written(&path).hand_out().unwrap();
        assert!(path.exists());
        assert!(Outlet::open(Some(Path::new("/")), 0o640).is_err());
        assert!(Outlet::open(Some(Path::new("..")), 0o640).is_err());
    }

    #[test]
    fn an_export_that_is_not_handed_out_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        drop(written(&folder.path().join("a.csv")));
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn nothing_is_written_over_whenever_it_appears() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let finished = written(&path);
        fs::write(&path, "other").unwrap();
        let error = finished.hand_out().unwrap_err().to_string();
        assert!(error.contains("is there already"), "{error}");
        assert!(Outlet::open(Some(&path), 0o640).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"other");
        assert_eq!(names(folder.path()), ["a.csv"]);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::os::unix::fs::symlink(folder.path().join("b"), &path).unwrap();
        assert!(Outlet::open(Some(&path), 0o640).is_err());
    }

    #[test]
    fn a_journal_that_does_not_read_ends_the_wait() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(JOURNAL);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let paths = Paths::chosen(Some(folder.path().to_owned()));
        assert!(Journal::connect(&paths, JOURNAL_WAIT_MAX).is_err());
        let journald = UnixDatagram::bind(&path).unwrap();
        let journal = Journal::connect(&paths, Duration::from_millis(50)).unwrap();
        let sent = (0..100_000).find_map(|_| journal.send(b"MESSAGE=a\n").err());
        assert_eq!(sent.unwrap().kind(), io::ErrorKind::WouldBlock);
        // What was sent is whole.
        let mut buffer = [0; 100];
        assert_eq!(journald.recv(&mut buffer).unwrap(), b"MESSAGE=a\n".len());
    }
}
