//! Starting the built programs, and waiting for them no longer than is bearable.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::media;
use crate::report::Report;

/// A scan that takes longer than this hangs, whatever it scans.
pub(crate) const HANG: Duration = Duration::from_secs(300);

/// Longest wait for something that happens at once unless it never does.
const SOON: Duration = Duration::from_secs(20);

/// An installation of its own: list of media, rules, ledger.
pub(crate) struct Root {
    folder: tempfile::TempDir,
}

/// What a program left behind.
pub(crate) struct Done {
    pub(crate) status: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

/// A program that is running, its output being collected.
pub(crate) struct Running {
    pub(crate) pid: u32,
    finished: mpsc::Receiver<(ExitStatus, Vec<u8>, Vec<u8>)>,
    began: Instant,
}

impl Root {
    /// The shipped list of media and rules, and an empty ledger.
    pub(crate) fn new() -> Self {
        Self::furnished(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    /// The same where paths are short, because a socket's address has 108 bytes, and where
    /// every user can get.
    pub(crate) fn for_everybody() -> Self {
        Self::furnished(tempfile::tempdir().unwrap())
    }

    fn furnished(folder: tempfile::TempDir) -> Self {
        let root = Self { folder };
        let repository = media::repository();
        for place in [
            "etc/media-kiosk",
            "usr/share/media-kiosk",
            "var/lib/media-kiosk",
        ] {
            std::fs::create_dir_all(root.path().join(place)).unwrap();
        }
        let copied = Command::new("cp")
            .arg("-R")
            .arg(repository.join("signatures"))
            .arg(root.path().join("usr/share/media-kiosk"))
            .status();
        assert!(copied.unwrap().success());
        root.list(&std::fs::read_to_string(repository.join("allowlist.toml")).unwrap());
        root
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Replaces the list of registered media.
    pub(crate) fn list(&self, text: &str) {
        std::fs::write(self.path().join("etc/media-kiosk/allowlist.toml"), text).unwrap();
    }

    /// Where `kioskctl` keeps the ledger.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.path().join("var/lib/media-kiosk/ledger")
    }

    /// `kioskctl` with this installation.
    pub(crate) fn kioskctl(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kioskctl"));
        command
            .env("MEDIA_KIOSK_ROOT", self.path())
            .env_remove("RUST_BACKTRACE");
        command
    }

    /// Every entry of the ledger, as `log list` gives it: one JSON object a line.
    #[track_caller]
    pub(crate) fn entries(&self) -> Vec<Value> {
        let mut command = self.kioskctl();
        let done = run(command
            .args(["log", "list", "--json", "--ledger"])
            .arg(self.ledger()));
        done.exits(0);
        done.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// A scan that writes nothing down, with its report checked.
    pub(crate) fn scan(&self, target: &Path, more: &[&str]) -> Report {
        let mut command = self.kioskctl();
        command
            .arg("scan")
            .arg(target)
            .args(["--json", "--no-ledger"])
            .args(more);
        Report::checked(&run(&mut command))
    }

    /// A scan that is recorded, with its report checked.
    pub(crate) fn recorded(&self, target: &Path, more: &[&str]) -> Report {
        let mut command = self.kioskctl();
        command
            .arg("scan")
            .arg(target)
            .arg("--json")
            .arg("--ledger")
            .arg(self.ledger());
        Report::checked(&run(command.args(more)))
    }
}

impl Done {
    /// Fails unless the program ended by itself with `status`.
    #[track_caller]
    pub(crate) fn exits(&self, status: i32) -> &Self {
        assert_eq!(
            (self.status, self.signal),
            (Some(status), None),
            "stdout: {}\nstderr: {}",
            self.stdout.chars().take(2000).collect::<String>(),
            self.stderr.chars().take(4000).collect::<String>(),
        );
        self
    }
}

/// Starts a program with its output collected.
pub(crate) fn start(command: &mut Command) -> Running {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    collect(child)
}

/// Starts a program whose standard error is `terminal`.
pub(crate) fn start_at(command: &mut Command, terminal: OwnedFd) -> Running {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::from(terminal))
        .spawn()
        .expect("the program starts");
    // The command keeps the terminal open until it gets another.
    command.stderr(Stdio::null());
    collect(child)
}

fn collect(mut child: Child) -> Running {
    let (began, pid) = (Instant::now(), child.id());
    let (sender, finished) = mpsc::channel();
    let mut stderr = child.stderr.take();
    let errors = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = &mut stderr {
            pipe.read_to_end(&mut bytes).unwrap();
        }
        bytes
    });
    std::thread::spawn(move || {
        let mut output = Vec::new();
        child
            .stdout
            .take()
            .unwrap()
            .read_to_end(&mut output)
            .unwrap();
        let errors = errors.join().unwrap();
        // Nobody listens any more when the test has given up.
        let _ = sender.send((child.wait().unwrap(), output, errors));
    });
    Running {
        pid,
        finished,
        began,
    }
}

impl Running {
    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        kill(self.pid, signal);
    }

    /// Waits for its end; kills it and fails when it hangs.
    #[track_caller]
    pub(crate) fn done(self) -> Done {
        match self.finished.recv_timeout(HANG) {
            Ok((status, stdout, stderr)) => Done {
                status: status.code(),
                signal: status.signal(),
                stdout: String::from_utf8(stdout).expect("output is UTF-8"),
                stderr: String::from_utf8(stderr).expect("output is UTF-8"),
                took: self.began.elapsed(),
            },
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                kill(self.pid, nix::sys::signal::Signal::SIGKILL);
                panic!("still running after {HANG:?}");
            }
        }
    }
}

/// Runs a script of the repository on the built kioskctl in a folder of its own, to its good
/// end, however long that takes; gives what it says.
#[track_caller]
pub(crate) fn script(path: &str, options: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let done = Command::new(media::repository().join(path))
        .args(options)
        .args([Path::new(env!("CARGO_BIN_EXE_kioskctl")), folder.path()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let error = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}{error}");
    said
}

/// Runs a program to its end.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Done {
    start(command).done()
}

/// Sends a signal to one process that this test started.
pub(crate) fn kill(pid: u32, signal: nix::sys::signal::Signal) {
    let pid = nix::unistd::Pid::from_raw(pid.try_into().unwrap());
    // It may have ended in between.
    let _ = nix::sys::signal::kill(pid, signal);
}

/// Every process below `pid`, with its program's name.
pub(crate) fn descendants(pid: u32) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return found;
    };
    for task in tasks.flatten() {
        let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in children
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
        {
            let name = std::fs::read_to_string(format!("/proc/{child}/comm")).unwrap_or_default();
            found.push((child, name.trim_end().to_owned()));
            found.extend(descendants(child));
        }
    }
    found
}

/// Whether a process is there and not only waiting to be reaped.
pub(crate) fn alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .starts_with(" Z")
    })
}

/// Waits for a state of other processes that nothing announces.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(began.elapsed() < SOON, "waited {SOON:?} for {what}");
        std::thread::yield_now();
    }
}
