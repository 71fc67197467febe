//! A disk, opened once for a scan.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::sysfs::Disk;

/// Attempts to open a disk that somebody else holds, and the pause between them: the scan of
/// the kiosk's life before may still be letting go of it.
const ATTEMPTS_MAX: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// A disk that nobody can write.
pub struct OpenedDisk {
    /// What is read.
    pub file: File,
    /// The same disk past the kernel's page cache, for reading again.
    pub read_back: File,
    /// Its size in bytes, as the kernel knows it after opening.
    pub size_bytes: u64,
}

/// Opens the disk below `folder`, which is `/dev`: for reading only, for ourselves alone, and
/// read-only for everybody else. It is never found by a name that a medium chose: with cloned
/// serial numbers links of one stick were seen to lead to the other.
///
/// # Errors
/// What the kernel said; `InvalidData` when the name leads to another disk than was seen.
pub fn open(folder: &Path, disk: &Disk) -> io::Result<OpenedDisk> {
    let path = folder.join(&disk.name);
    let file = for_ourselves(&path)?;
    is_it(&file, disk)?;
    jail::disk::set_read_only(file.as_fd())?;
    let read_back = plain(OFlag::O_DIRECT).open(&path)?;
    is_it(&read_back, disk)?;
    let size_bytes = jail::fd::size(file.as_fd())?;
    Ok(OpenedDisk {
        file,
        read_back,
        size_bytes,
    })
}

/// Opens and closes a disk, so that the kernel looks whether there is a medium in it.
///
/// # Errors
/// What the kernel said; a disk without a medium is no error.
pub fn look(folder: &Path, disk: &Disk) -> io::Result<()> {
    plain(OFlag::O_NONBLOCK)
        .open(folder.join(&disk.name))
        .map(drop)
}

fn for_ourselves(path: &Path) -> io::Result<File> {
    let mut attempts = 0_u32;
    loop {
        match plain(OFlag::O_EXCL).open(path) {
            Err(busy) if busy.raw_os_error().map(Errno::from_raw) == Some(Errno::EBUSY) => {
                attempts = attempts.saturating_add(1);
                if ATTEMPTS_MAX <= attempts {
                    return Err(busy);
                }
                std::thread::sleep(PAUSE);
            }
            opened => return opened,
        }
    }
}

fn plain(more: OFlag) -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .custom_flags((more | OFlag::O_NOFOLLOW).bits());
    options
}

/// Whether this is the disk that was seen, with the medium that was in it then.
fn is_it(file: &File, disk: &Disk) -> io::Result<()> {
    let same = jail::disk::number(file)? == disk.number
        && jail::disk::sequence(file.as_fd())? == disk.sequence;
    if same {
        return Ok(());
    }
    let why = "the disk is not the one that was seen";
    Err(io::Error::new(io::ErrorKind::InvalidData, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_disk_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk {
            name: "sda".to_owned(),
            sequence: 1,
            size_bytes: 512,
            number: (8, 0),
            removable: true,
        };
        assert!(open(folder.path(), &disk).is_err());
        std::fs::write(folder.path().join("sda"), [0; 512]).unwrap();
        assert!(open(folder.path(), &disk).is_err());
        std::fs::remove_file(folder.path().join("sda")).unwrap();
        std::os::unix::fs::symlink("/dev/null", folder.path().join("sda")).unwrap();
        assert!(open(folder.path(), &disk).is_err());
    }

    #[test]
    fn a_disk_that_stays_busy_is_given_up_within_seconds() {
        assert!(PAUSE.saturating_mul(ATTEMPTS_MAX) <= Duration::from_secs(10));
    }
}
