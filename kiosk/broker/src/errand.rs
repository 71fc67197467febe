//! What may take as long as a device likes: asking what it says of itself, letting it in,
//! opening its disk.
//!
//! The kernel lets nobody ask while it waits for the device itself, and a device may take a
//! minute over each answer. So these are done on threads of their own, which end when the
//! device answers or is pulled out; the loop is told by a bell, and does not wait.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixDatagram;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

/// Longest errand before its device is given up. The kernel gives a device five seconds for
/// each control transfer and thirty for a command.
pub(crate) const ERRAND_WAIT_MAX: Duration = Duration::from_secs(40);

/// What rings when an errand is done.
pub(crate) struct Bell {
    heard: UnixDatagram,
    rope: UnixDatagram,
}

impl Bell {
    /// A silent bell.
    ///
    /// # Errors
    /// What the kernel said.
    pub(crate) fn new() -> io::Result<Self> {
        let (heard, rope) = UnixDatagram::pair()?;
        heard.set_nonblocking(true)?;
        rope.set_nonblocking(true)?;
        Ok(Self { heard, rope })
    }

    /// Makes it silent again.
    pub(crate) fn hush(&self) {
        while self.heard.recv(&mut [0]).is_ok() {}
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.heard.as_fd()
    }
}

/// Work that is being done.
pub(crate) struct Errand<T> {
    result: Receiver<io::Result<T>>,
    late: Instant,
}

impl<T: Send + 'static> Errand<T> {
    /// Starts `work`, and rings `bell`, if there is one, when it is done.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(crate) fn start(
        bell: Option<&Bell>,
        now: Instant,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, result) = channel();
        let rope = bell.map(|bell| bell.rope.try_clone()).transpose()?;
        std::thread::Builder::new()
            .name("errand".to_owned())
            .spawn(move || {
                // Nobody listens any more when the device has been given up.
                let _ = sender.send(work());
                let _ = rope.map(|rope| rope.send(&[0]));
            })?;
        Ok(Self {
            result,
            late: now.checked_add(ERRAND_WAIT_MAX).unwrap_or(now),
        })
    }

    /// What came of it; `None` while it goes on. A late one has failed with `TimedOut`.
    pub(crate) fn result(&self, now: Instant) -> Option<io::Result<T>> {
        match self.result.try_recv() {
            Ok(result) => Some(result),
            Err(TryRecvError::Empty) if now < self.late => None,
            Err(TryRecvError::Empty) => Some(Err(io::ErrorKind::TimedOut.into())),
            Err(TryRecvError::Disconnected) => Some(Err(io::Error::other("the errand ended"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::*;

    #[test]
    fn an_errand_rings_when_it_is_done() {
        let bell = Bell::new().unwrap();
        let now = Instant::now();
        let errand = Errand::start(Some(&bell), now, || Ok(7)).unwrap();
        let mut waiting = [PollFd::new(bell.as_fd(), PollFlags::POLLIN)];
        assert_eq!(poll(&mut waiting, PollTimeout::from(10_000_u16)), Ok(1));
        assert_eq!(errand.result(now).unwrap().unwrap(), 7);
        bell.hush();
        assert_eq!(poll(&mut waiting, PollTimeout::ZERO), Ok(0));
    }

    #[test]
    fn an_errand_that_never_ends_is_given_up() {
        let bell = Bell::new().unwrap();
        let now = Instant::now();
        let (hold, held) = channel::<()>();
        let errand = Errand::start(Some(&bell), now, move || Ok(held.recv().is_ok())).unwrap();
        assert!(errand.result(now).is_none());
        let error = errand
            .result(now.checked_add(ERRAND_WAIT_MAX).unwrap())
            .unwrap()
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(hold);
    }

    #[test]
    fn a_thread_that_dies_is_a_failure() {
        let bell = Bell::new().unwrap();
        let now = Instant::now();
        let errand = Errand::<()>::start(Some(&bell), now, || panic!("on purpose")).unwrap();
        let end = Instant::now().checked_add(Duration::from_secs(10)).unwrap();
        let result = loop {
            if let Some(result) = errand.result(now) {
                break result;
            }
            assert!(Instant::now() < end, "the errand goes on");
            std::thread::yield_now();
        };
        assert!(result.is_err());
    }
}
