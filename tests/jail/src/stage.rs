//! What every program here does before its part: close the jail, hold what kiosk-scan holds.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::mpsc::{Receiver, Sender, channel};

use jail::channel::Channel;
use jail::supervisor::{Child, Ended, Supervisor, SupervisorLimits};
use jail::worker::Allowance;

/// Writable memory of a worker: room for this program's own parts and a few megabytes more.
pub(crate) const MEMORY_BYTES: u64 = 96 << 20;

/// Longest spool of a worker.
pub(crate) const SPOOL_BYTES: u64 = 64 << 10;

/// Processor time of a worker. The shortest there is.
pub(crate) const CPU_SECONDS: u64 = 1;

/// Descriptors of a worker.
pub(crate) const OPEN_FILES: u64 = 24;

/// A supervisor with its jail closed.
pub(crate) struct Stage {
    pub(crate) supervisor: Supervisor,
    /// To the test.
    pub(crate) channel: Channel,
    pub(crate) medium: File,
    /// The medium once more, as a scanner of devices holds it.
    pub(crate) read_back: File,
    pub(crate) spool: File,
    pub(crate) delivery: File,
    /// What a worker lays contents on for somebody outside.
    pub(crate) desk: File,
    /// Open for writing, received when the jail was closed: a medium by mistake.
    pub(crate) target: OwnedFd,
    /// A socket received likewise.
    pub(crate) socket: Channel,
}

impl Stage {
    pub(crate) fn set() -> Self {
        let channel = Channel::from_stdin().expect("a channel");
        let medium = File::open("/proc/self/exe").expect("something to read");
        let read_back = File::open("/proc/self/exe").expect("something to read");
        let spool = jail::memory::writable("spool").expect("a spool");
        let delivery = jail::memory::writable("delivery").expect("a delivery");
        let desk = jail::memory::writable("desk").expect("a desk");
        let keep = [
            channel.as_fd(),
            medium.as_fd(),
            read_back.as_fd(),
            spool.as_fd(),
            delivery.as_fd(),
            desk.as_fd(),
        ];
        let confined =
            jail::supervisor::enter(&keep, &SupervisorLimits::default()).expect("the jail");
        let supervisor = confined.close().expect("the filter");
        let packet = channel
            .receive()
            .expect("a packet")
            .expect("the test's packet");
        let mut fds = packet.fds.into_iter();
        let target = fds.next().expect("a file");
        let socket = Channel::from_fd(fds.next().expect("a socket"));
        Self {
            supervisor,
            channel,
            medium,
            read_back,
            spool,
            delivery,
            desk,
            target,
            socket,
        }
    }

    /// Forks a worker that closes its own jail and then does `part`; tells how it ended.
    pub(crate) fn worker(&self, part: &mut dyn FnMut(&Hands) -> i32) -> Ended {
        self.start(part).0.wait().expect("its end")
    }

    /// The same without waiting: the worker, and the supervisor's end of its channel.
    pub(crate) fn start(&self, part: &mut dyn FnMut(&Hands) -> i32) -> (Child, Channel) {
        let (ours, theirs) = Channel::pair().expect("a pair");
        let child = self.supervisor.fork_worker(&mut || {
            let thread = Thread::start();
            self.close_worker(&theirs);
            let packet = theirs.receive().expect("a packet").expect("the files");
            let mut fds = packet.fds.into_iter();
            let target = fds.next().expect("a file");
            let socket = Channel::from_fd(fds.next().expect("a socket"));
            part(&Hands {
                channel: &theirs,
                medium: &self.medium,
                spool: &self.spool,
                delivery: &self.delivery,
                desk: &self.desk,
                target: &target,
                socket: &socket,
                thread: &thread,
            })
        });
        let child = child.expect("a worker");
        drop(theirs);
        ours.send(b"files", &[self.target.as_fd(), self.socket.as_fd()])
            .expect("the files");
        (child, ours)
    }

    pub(crate) fn close_worker(&self, channel: &Channel) {
        jail::worker::enter(&Allowance {
            channel: channel.as_fd().as_raw_fd(),
            medium: Some(self.medium.as_raw_fd()),
            read_back: Some(self.read_back.as_raw_fd()),
            lists: Vec::new(),
            spool: Some(self.spool.as_raw_fd()),
            delivery: Some(self.delivery.as_raw_fd()),
            desk: Some(self.desk.as_raw_fd()),
            memory_bytes: MEMORY_BYTES,
            cpu_seconds: CPU_SECONDS,
            spool_bytes: SPOOL_BYTES,
            open_files: OPEN_FILES,
        })
        .expect("the worker's jail");
    }

    pub(crate) fn report(&self, text: &str) {
        self.channel.send(text.as_bytes(), &[]).expect("the report");
    }
}

/// What an attack holds.
pub(crate) struct Hands<'s> {
    pub(crate) channel: &'s Channel,
    pub(crate) medium: &'s File,
    pub(crate) spool: &'s File,
    pub(crate) delivery: &'s File,
    pub(crate) desk: &'s File,
    pub(crate) target: &'s OwnedFd,
    pub(crate) socket: &'s Channel,
    pub(crate) thread: &'s Thread,
}

/// A second thread, made before a worker's jail closes, as the engine makes one.
pub(crate) struct Thread {
    work: Sender<fn()>,
    done: Receiver<()>,
}

impl Thread {
    pub(crate) fn start() -> Self {
        let (work, works) = channel::<fn()>();
        let (tell, done) = channel();
        std::thread::Builder::new()
            .name("heartbeat".into())
            .spawn(move || {
                for work in works {
                    work();
                    tell.send(()).expect("the first thread");
                }
            })
            .expect("a thread");
        Self { work, done }
    }

    pub(crate) fn run(&self, work: fn()) {
        self.work.send(work).expect("the thread");
        self.done.recv().expect("its answer");
    }
}
