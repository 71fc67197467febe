//! One command, one answer, one connection: an answer cannot be taken for another content's.

use std::io::{self, IoSlice, Read, Write};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, UnixAddr, connect, getsockopt,
    sendmsg, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeVal;

/// Longest answer, in bytes. clamd's own longest names are under 200.
const REPLY_BYTES_MAX: usize = 4096;

/// Who listens at the socket, as the kernel noted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listener {
    uid: u32,
    pid: i32,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum TalkError {
    /// Nobody listens, or the connection broke.
    #[error("clamd cannot be reached")]
    Broken(#[source] io::Error),
    /// It took too long.
    #[error("clamd did not answer in time")]
    Late,
    /// What came is no answer.
    #[error("clamd answered something that is not understood")]
    Garbled,
}

/// Sends `command`, with `content` where it takes one, and waits until `late` for the answer:
/// one line of printable text.
///
/// # Errors
/// [`TalkError`].
pub(super) fn ask(
    path: &Path,
    command: &str,
    content: Option<BorrowedFd<'_>>,
    late: Instant,
) -> Result<(String, Listener), TalkError> {
    let mut stream = reach(path, late)?;
    let peer =
        getsockopt(&stream, sockopt::PeerCredentials).map_err(|errno| broken(errno.into()))?;
    let listener = Listener {
        uid: peer.uid(),
        pid: peer.pid(),
    };
    stream
        .write_all(format!("z{command}\0").as_bytes())
        .map_err(broken)?;
    if let Some(content) = content {
        let raw = [content.as_raw_fd()];
        let rights = [ControlMessage::ScmRights(&raw)];
        let one_byte = [IoSlice::new(&[0])];
        sendmsg::<()>(
            stream.as_raw_fd(),
            &one_byte,
            &rights,
            MsgFlags::MSG_NOSIGNAL,
            None,
        )
        .map_err(|errno| broken(errno.into()))?;
    }
    let bytes = answer(&mut stream, late)?;
    text(&bytes)
        .map(|text| (text, listener))
        .ok_or(TalkError::Garbled)
}

fn reach(path: &Path, late: Instant) -> Result<UnixStream, TalkError> {
    let fault = |errno: nix::errno::Errno| broken(errno.into());
    let socket = socket(
        AddressFamily::Unix,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .map_err(fault)?;
    // It also bounds the wait for a place in the queue of somebody who accepts nobody.
    let left = left(late)?;
    let seconds = i64::try_from(left.as_secs()).unwrap_or(i64::MAX);
    let wait = TimeVal::new(seconds, i64::from(left.subsec_micros()).max(1));
    setsockopt(&socket, sockopt::SendTimeout, &wait).map_err(fault)?;
    let address = UnixAddr::new(path).map_err(fault)?;
    connect(socket.as_raw_fd(), &address).map_err(fault)?;
    Ok(UnixStream::from(socket))
}

/// Everything until the end, which clamd makes after one answer.
fn answer(stream: &mut UnixStream, late: Instant) -> Result<Vec<u8>, TalkError> {
    let mut answer = Vec::new();
    let mut piece = [0; 512];
    loop {
        stream.set_read_timeout(Some(left(late)?)).map_err(broken)?;
        match stream.read(&mut piece) {
            Ok(0) => return Ok(answer),
            Ok(length) => answer.extend_from_slice(piece.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(broken(error)),
        }
        if REPLY_BYTES_MAX < answer.len() {
            return Err(TalkError::Garbled);
        }
    }
}

/// What is left of the time.
fn left(late: Instant) -> Result<Duration, TalkError> {
    let left = late.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(TalkError::Late);
    }
    Ok(left)
}

fn broken(error: io::Error) -> TalkError {
    let waited = [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut];
    if waited.contains(&error.kind()) {
        TalkError::Late
    } else {
        TalkError::Broken(error)
    }
}

/// The one line of an answer: printable ASCII that ends with a zero.
fn text(bytes: &[u8]) -> Option<String> {
    let line = bytes.strip_suffix(&[0])?;
    let printable = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    let text = line.iter().all(printable).then_some(line)?;
    String::from_utf8(text.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    const WAIT: Duration = Duration::from_secs(10);

    fn within(wait: Duration) -> Instant {
        Instant::now().checked_add(wait).unwrap()
    }

    /// What comes of asking somebody who answers `said` to whatever is asked.
    fn answered(said: Vec<u8>) -> Result<String, TalkError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clamd.ctl");
        let listener = UnixListener::bind(&path).unwrap();
        let other = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut command = [0; 6];
            stream.read_exact(&mut command).unwrap();
            assert_eq!(&command, b"zPING\0");
            // Whoever is asked may hang up before it has said everything.
            let _ = stream.write_all(&said);
        });
        let answer = ask(&path, "PING", None, within(WAIT));
        other.join().unwrap();
        answer.map(|(text, _)| text)
    }

    #[test]
    fn one_line_is_an_answer_and_everything_else_is_none() {
        assert_eq!(answered(b"PONG\0".to_vec()).unwrap(), "PONG");
        for garbled in [
            &b""[..],
            b"PONG",
            b"PONG\n",
            b"PONG\0PONG\0",
            b"\x1b[2J\0",
            b"caf\xc3\xa9\0",
        ] {
            let answer = answered(garbled.to_vec());
            assert!(matches!(answer, Err(TalkError::Garbled)), "{answer:?}");
        }
        let most = [vec![b'x'; REPLY_BYTES_MAX - 1], vec![0]].concat();
        assert_eq!(answered(most).unwrap().len(), REPLY_BYTES_MAX - 1);
        let more = [vec![b'x'; REPLY_BYTES_MAX], vec![0]].concat();
        assert!(matches!(answered(more), Err(TalkError::Garbled)));
    }

    #[test]
    fn nobody_and_somebody_silent_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clamd.ctl");
        let nobody = ask(&path, "PING", None, within(WAIT));
        assert!(matches!(nobody, Err(TalkError::Broken(_))), "{nobody:?}");
        let listener = UnixListener::bind(&path).unwrap();
        let soon = Duration::from_millis(200);
        let silent = ask(&path, "PING", None, within(soon));
        assert!(matches!(silent, Err(TalkError::Late)), "{silent:?}");
        drop(listener);
        let gone = ask(&path, "PING", None, within(WAIT));
        assert!(matches!(gone, Err(TalkError::Broken(_))), "{gone:?}");
    }
}
