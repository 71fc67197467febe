//! The files of a folder, opened one by one without ever leaving it.
//!
//! The jail opens no path, so this is done outside, by the kernel's rules and not by ours:
//! every file is opened relative to the folder that holds it with `RESOLVE_BENEATH` and
//! without following links. Nothing here reads a file.

use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use nix::sys::stat::{SFlag, fstat, fstatat};
use wire::scan::{Limits, Supply};
use wire::{Finding, Gap, MediumName, Source, Tier};

/// Walks one folder depth first, names in byte order.
pub(crate) struct Walk {
    /// The folders that are open, the outermost first.
    open: Vec<Level>,
    depth_max: usize,
    files_left: u64,
    ended: bool,
}

/// The entries of one folder, and whether some were left out.
struct Names {
    names: std::vec::IntoIter<CString>,
    cut: bool,
}

struct Level {
    folder: OwnedFd,
    names: Names,
    path: Vec<u8>,
}

/// One file for the scanner.
pub(crate) type Supplied = (Supply, Option<OwnedFd>);

impl Walk {
    /// Begins at an open folder.
    pub(crate) fn new(folder: OwnedFd, limits: &Limits) -> Result<Self, Errno> {
        let names = names(&folder, limits.files_max)?;
        Ok(Self {
            open: vec![Level {
                folder,
                names,
                path: Vec::new(),
            }],
            depth_max: usize::try_from(limits.folder_depth_max).unwrap_or(usize::MAX),
            files_left: limits.files_max,
            ended: false,
        })
    }

    /// A walk of one file, which is its own only entry.
    pub(crate) fn single(path: &Path, file: OwnedFd, size_bytes: u64) -> (Self, Supplied) {
        let name = path.file_name().unwrap_or(OsStr::new("file"));
        let supply = Supply::File {
            path: MediumName::cut(name.as_bytes()).0,
            size_bytes,
        };
        let walk = Self {
            open: Vec::new(),
            depth_max: 0,
            files_left: 0,
            ended: false,
        };
        (walk, (supply, Some(file)))
    }

    fn entry(&mut self, name: &CString) -> Option<Supplied> {
        let depth = self.open.len();
        let level = self.open.last()?;
        let mut path = level.path.clone();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name.as_bytes());
        let (shown, cut) = MediumName::cut(&path);
        if cut {
            return Some(unopened(
                shown,
                Gap::Limit,
                "name_bytes_max",
                "the path is too long",
            ));
        }
        let about = match fstatat(
            level.folder.as_fd(),
            name.as_c_str(),
            nix::fcntl::AtFlags::AT_SYMLINK_NOFOLLOW,
        ) {
            Ok(about) => about,
            Err(errno) => return Some(unreadable(shown, errno)),
        };
        match SFlag::from_bits_truncate(about.st_mode) & SFlag::S_IFMT {
            SFlag::S_IFDIR if self.depth_max <= depth => {
                let why = format!("more than {} folders deep", self.depth_max);
                Some(unopened(shown, Gap::Limit, "folder_depth_max", &why))
            }
            SFlag::S_IFDIR => match folder(level, name, self.files_left) {
                Ok((folder, names)) => {
                    self.open.push(Level {
                        folder,
                        names,
                        path,
                    });
                    None
                }
                Err(errno) => Some(unreadable(shown, errno)),
            },
            SFlag::S_IFREG => Some(regular(level, name, shown)),
            SFlag::S_IFLNK => Some(link(level, name, shown)),
            _ => {
                let why = "a device, a pipe or a socket";
                Some(unopened(shown, Gap::Unsupported, "special_file", why))
            }
        }
    }
}

impl Iterator for Walk {
    type Item = Supplied;

    fn next(&mut self) -> Option<Supplied> {
        while let Some(level) = self.open.last_mut() {
            let Some(name) = level.names.names.next() else {
                let (path, _) = MediumName::cut(&level.path);
                let cut = level.names.cut;
                self.open.pop();
                if cut {
                    let why = "the folder holds more than is listed";
                    return Some(unopened(path, Gap::Limit, "files_max", why));
                }
                continue;
            };
            // Folders count as well: they cost as much to list as files.
            self.files_left = self.files_left.saturating_sub(1);
            if let Some(supplied) = self.entry(&name) {
                return Some(supplied);
            }
        }
        (!std::mem::replace(&mut self.ended, true)).then_some((Supply::End, None))
    }
}

/// What the folder holds, without `.` and `..`, in byte order; at most `most`.
fn names(folder: &OwnedFd, most: u64) -> Result<Names, Errno> {
    let copy = folder.try_clone().map_err(|_| Errno::EMFILE)?;
    let mut names = Vec::new();
    let mut cut = false;
    for entry in Dir::from_fd(copy)?.into_iter() {
        let name = entry?.file_name().to_owned();
        if name.as_bytes() == b"." || name.as_bytes() == b".." {
            continue;
        }
        if most <= u64::try_from(names.len()).unwrap_or(u64::MAX) {
            cut = true;
            break;
        }
        names.push(name);
    }
    names.sort();
    Ok(Names {
        names: names.into_iter(),
        cut,
    })
}

fn beneath(level: &Level, name: &CString, flags: OFlag) -> Result<OwnedFd, Errno> {
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | flags)
        .resolve(
            ResolveFlag::RESOLVE_BENEATH
                | ResolveFlag::RESOLVE_NO_SYMLINKS
                | ResolveFlag::RESOLVE_NO_MAGICLINKS,
        );
    openat2(level.folder.as_fd(), name.as_c_str(), how)
}

fn folder(level: &Level, name: &CString, most: u64) -> Result<(OwnedFd, Names), Errno> {
    let folder = beneath(level, name, OFlag::O_DIRECTORY)?;
    let names = names(&folder, most)?;
    Ok((folder, names))
}

/// Opens what was a regular file a moment ago and checks that it still is.
fn regular(level: &Level, name: &CString, shown: MediumName) -> Supplied {
    let opened = beneath(level, name, OFlag::empty()).and_then(|file| {
        let about = fstat(file.as_fd())?;
        let is_file = SFlag::from_bits_truncate(about.st_mode) & SFlag::S_IFMT == SFlag::S_IFREG;
        if is_file {
            Ok((file, about))
        } else {
            Err(Errno::ESTALE)
        }
    });
    match opened {
        Ok((file, about)) => {
            let size_bytes = u64::try_from(about.st_size).unwrap_or(0);
            (
                Supply::File {
                    path: shown,
                    size_bytes,
                },
                Some(file),
            )
        }
        Err(errno) => unreadable(shown, errno),
    }
}

/// A link's content is where it leads to, as text. It is never followed.
fn link(level: &Level, name: &CString, shown: MediumName) -> Supplied {
    let read = nix::fcntl::readlinkat(level.folder.as_fd(), name.as_c_str());
    let text = read.and_then(|target| {
        let text = jail::memory::sealed("link", target.as_bytes()).map_err(|_| Errno::ENOMEM)?;
        Ok((text, target.len()))
    });
    match text {
        Ok((text, length)) => {
            let size_bytes = u64::try_from(length).unwrap_or(0);
            (
                Supply::File {
                    path: shown,
                    size_bytes,
                },
                Some(text),
            )
        }
        Err(errno) => unreadable(shown, errno),
    }
}

fn unreadable(path: MediumName, errno: Errno) -> Supplied {
    unopened(path, Gap::Unreadable, "unreadable", errno.desc())
}

fn unopened(path: MediumName, gap: Gap, rule: &str, why: &str) -> Supplied {
    let finding = Finding::own(rule, Source::Structure, Tier::Incomplete, why);
    (Supply::Unopened { path, gap, finding }, None)
}
