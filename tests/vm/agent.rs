//! The host's end of `guest/usr/bin/kiosk-test-agent`, whose head says how they speak.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A script that takes longer than this hangs.
const HANG: Duration = Duration::from_secs(120);

/// What a script left behind.
pub(crate) struct Done {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A script that is running in the guest.
pub(crate) struct Running {
    script: String,
    answer: Receiver<Done>,
}

/// Runs scripts, several at once.
pub(crate) struct Agent {
    stream: Mutex<UnixStream>,
    waiting: Arc<Mutex<HashMap<u64, Sender<Done>>>>,
    next: AtomicU64,
}

impl Agent {
    pub(crate) fn connect(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).expect("QEMU listens for the agent's port");
        let waiting = Arc::<Mutex<HashMap<u64, Sender<Done>>>>::default();
        let (answers, theirs) = (stream.try_clone().unwrap(), Arc::clone(&waiting));
        // It ends with the connection, and dropping the senders ends everybody who waits.
        std::thread::spawn(move || {
            let mut answers = BufReader::new(answers);
            while let Some((number, done)) = answer(&mut answers) {
                if let Some(sender) = theirs.lock().unwrap().remove(&number) {
                    // Nobody listens any more when the test has given up.
                    let _ = sender.send(done);
                }
            }
            theirs.lock().unwrap().clear();
        });
        Self {
            stream: Mutex::new(stream),
            waiting,
            next: AtomicU64::new(0),
        }
    }

    /// Starts a shell script with these bytes as its standard input.
    pub(crate) fn start(&self, script: &str, input: &[u8]) -> Running {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = mpsc::channel();
        self.waiting.lock().unwrap().insert(number, sender);
        let head = format!("{number} {} {}\n", script.len(), input.len());
        let message = [head.as_bytes(), script.as_bytes(), input].concat();
        let sent = self.stream.lock().unwrap().write_all(&message);
        sent.expect("the guest is there");
        Running {
            script: script.to_owned(),
            answer,
        }
    }
}

impl Running {
    /// Waits for its end.
    #[track_caller]
    pub(crate) fn done(self) -> Done {
        self.done_within(HANG)
    }

    /// Waits for its end, which may be later than usual.
    #[track_caller]
    pub(crate) fn done_within(self, hang: Duration) -> Done {
        match self.answer.recv_timeout(hang) {
            Ok(done) => done,
            Err(error) => panic!("no answer from the guest ({error}) to:\n{}", self.script),
        }
    }
}

impl Done {
    /// What it wrote, if it ended with 0.
    #[track_caller]
    pub(crate) fn succeeds(self, script: &str) -> String {
        let Self {
            status,
            stdout,
            stderr,
        } = self;
        assert_eq!(
            status, 0,
            "script: {script}\nstdout: {stdout}\nstderr: {stderr}"
        );
        stdout
    }
}

fn answer(stream: &mut BufReader<UnixStream>) -> Option<(u64, Done)> {
    let mut head = String::new();
    stream.read_line(&mut head).ok()?;
    let mut fields = head.split_whitespace();
    let number = fields.next()?.parse().ok()?;
    let status = fields.next()?.parse().ok()?;
    let mut text = || {
        let mut bytes = vec![0; fields.next()?.parse().ok()?];
        stream.read_exact(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let (stdout, stderr) = (text()?, text()?);
    Some((
        number,
        Done {
            status,
            stdout,
            stderr,
        },
    ))
}
