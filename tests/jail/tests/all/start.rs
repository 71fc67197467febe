//! Starting the program that jails itself, as root and as an ordinary user.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, ExitStatus, Stdio};

use jail::channel::{Channel, Packet};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// An ordinary user on every machine, whether it has an account or not.
const ORDINARY: &str = "1000";

/// Who runs a case: whoever runs the test and, when that is root, an ordinary user and a root
/// without CAP_SYS_ADMIN as well.
pub(crate) fn users() -> Vec<&'static [&'static str]> {
    let mut users: Vec<&[&str]> = vec![&[]];
    if nix::unistd::geteuid().is_root() {
        users.push(&["as", ORDINARY]);
        users.push(&["limited"]);
    }
    users
}

/// A started program and what the test holds of it.
pub(crate) struct Started {
    pub(crate) process: Child,
    pub(crate) channel: Channel,
    /// Ends when no process holds the other end any more.
    pub(crate) witness: Channel,
}

/// Starts `jail-tests`, hands it a writable file and a socket, and leaves it running.
pub(crate) fn start(user: &[&str], arguments: &[&str]) -> Started {
    let mut started = start_bare(user, arguments);
    let (witness, theirs) = Channel::pair().unwrap();
    let mut target = tempfile::tempfile().unwrap();
    target.write_all(b"a medium").unwrap();
    started
        .channel
        .send(b"go", &[target.as_fd(), theirs.as_fd()])
        .unwrap();
    started.witness = witness;
    started
}

/// Starts it with its channel only.
pub(crate) fn start_bare(user: &[&str], arguments: &[&str]) -> Started {
    let (channel, theirs) = Channel::pair().unwrap();
    let (witness, _) = Channel::pair().unwrap();
    let process = Command::new(env!("CARGO_BIN_EXE_jail-tests"))
        .args(user)
        .args(arguments)
        .stdin(Stdio::from(theirs.into_fd()))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Started {
        process,
        channel,
        witness,
    }
}

/// How a program ended and what it said.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    /// The last packet that it sent.
    pub(crate) report: Option<String>,
    pub(crate) stderr: String,
}

/// Starts it and waits for its end.
pub(crate) fn run(user: &[&str], arguments: &[&str]) -> Finished {
    start(user, arguments).finish()
}

impl Started {
    /// The next packet that the program sent, or `None` at its end.
    pub(crate) fn receive(&self) -> Option<String> {
        let packet = receive_in_time(&self.channel)?;
        Some(String::from_utf8(packet.bytes).unwrap())
    }

    /// Waits until nobody holds the other end of the witness.
    pub(crate) fn expect_all_gone(&self) {
        assert!(receive_in_time(&self.witness).is_none());
    }

    pub(crate) fn finish(mut self) -> Finished {
        let mut report = None;
        while let Some(text) = self.receive() {
            report = Some(text);
        }
        let mut stderr = Vec::new();
        let pipe = self.process.stderr.as_mut().unwrap();
        pipe.read_to_end(&mut stderr).unwrap();
        let status = self.process.wait().unwrap();
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        Finished {
            status,
            report,
            stderr,
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // A case that failed leaves nothing running; what has ended is no error here.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Longest wait for anything that a program does, in milliseconds. All of them take less than
/// two seconds on an idle machine; past this one does what it must not: live.
const DEADLINE_MILLISECONDS: u16 = 60_000;

fn receive_in_time(channel: &Channel) -> Option<Packet> {
    let mut ready = [PollFd::new(channel.as_fd(), PollFlags::POLLIN)];
    let count = poll(&mut ready, PollTimeout::from(DEADLINE_MILLISECONDS)).unwrap();
    assert_eq!(count, 1, "neither an answer nor an end in time");
    channel.receive().unwrap()
}
