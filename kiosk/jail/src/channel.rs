//! AF_UNIX SOCK_SEQPACKET: whole messages, descriptors with them, and a peer the kernel names.

use std::io::{self, IoSlice};
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::ptr;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::socket::{
    AddressFamily, Backlog, ControlMessage, MsgFlags, SockFlag, SockType, UnixAddr, accept4, bind,
    connect, getsockname, getsockopt, listen, sendmsg, socket, socketpair, sockopt,
};

/// Longest packet, in bytes: one message of the kiosk, and small enough for any socket's
/// default send buffer.
pub const PACKET_BYTES_MAX: usize = 64 * 1024;

/// Most descriptors with one packet. An order to the scanner carries 37 at most: the rules, two
/// of a device, the delivery, sixteen lists of hashes, the channel for questions, eight spools
/// and eight desks.
pub const FDS_MAX: usize = 40;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 16;

/// One message and the descriptors that came with it.
#[derive(Debug)]
pub struct Packet {
    /// The message; never empty.
    pub bytes: Vec<u8>,
    /// Its descriptors, in the order they were sent, all closed on exec.
    pub fds: Vec<OwnedFd>,
}

/// Who is at the other end, as the kernel noted it when the connection was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Effective user.
    pub uid: u32,
    /// Effective group.
    pub gid: u32,
    /// Process; 0 when it is outside our pid namespace.
    pub pid: i32,
}

/// One end of a connection; closed on exec.
#[derive(Debug)]
pub struct Channel(OwnedFd);

impl Channel {
    /// Two connected ends.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        )?;
        Ok((Self(one), Self(other)))
    }

    /// Takes a socket that is known to be of the right kind, such as one received in a packet
    /// from a trusted peer. On another kind [`Self::send`] and [`Self::receive`] fail.
    #[must_use]
    pub fn from_fd(fd: OwnedFd) -> Self {
        Self(fd)
    }

    /// A duplicate of descriptor 0, which is how a program is handed its channel by exec.
    ///
    /// # Errors
    /// `InvalidInput` when standard input is not an AF_UNIX SOCK_SEQPACKET socket.
    pub fn from_stdin() -> io::Result<Self> {
        let stdin = io::stdin();
        require_packet_socket(stdin.as_fd())?;
        stdin.as_fd().try_clone_to_owned().map(Self)
    }

    /// Connects to a [`Listener`].
    ///
    /// # Errors
    /// What the kernel said.
    pub fn connect(path: &Path) -> io::Result<Self> {
        let fd = socket(
            AddressFamily::Unix,
            SockType::SeqPacket,
            SockFlag::SOCK_CLOEXEC,
            None,
        )?;
        connect(fd.as_raw_fd(), &UnixAddr::new(path)?)?;
        Ok(Self(fd))
    }

    /// Sends one message, whole or not at all.
    ///
    /// # Errors
    /// `InvalidInput` for an empty message (it would read as the end), for one longer than
    /// [`PACKET_BYTES_MAX`] and for more than [`FDS_MAX`] descriptors; `WouldBlock` when set
    /// non-blocking; `BrokenPipe` when the peer is gone.
    pub fn send(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        if bytes.is_empty() || PACKET_BYTES_MAX < bytes.len() || FDS_MAX < fds.len() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "message empty, too long or with too many files",
            ));
        }
        let raw: Vec<RawFd> = fds.iter().map(AsRawFd::as_raw_fd).collect();
        let rights = [ControlMessage::ScmRights(&raw)];
        let control: &[ControlMessage<'_>] = if raw.is_empty() { &[] } else { &rights };
        let sent = again(|| {
            let parts = [IoSlice::new(bytes)];
            sendmsg::<()>(
                self.0.as_raw_fd(),
                &parts,
                control,
                MsgFlags::MSG_NOSIGNAL,
                None,
            )
        })?;
        if sent != bytes.len() {
            return Err(io::Error::new(
                io::ErrorKind::WriteZero,
                "the message was cut",
            ));
        }
        Ok(())
    }

    /// Receives one message; `None` when the peer closed its end.
    ///
    /// # Errors
    /// `InvalidData` for a message that is longer than [`PACKET_BYTES_MAX`] or has more than
    /// [`FDS_MAX`] descriptors (all are closed); `WouldBlock` when set non-blocking.
    pub fn receive(&self) -> io::Result<Option<Packet>> {
        let mut bytes = vec![0; PACKET_BYTES_MAX];
        let received = receive_raw(self.0.as_fd(), &mut bytes)?;
        if received.cut || FDS_MAX < received.fds.len() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "message too long or with too many files",
            ));
        }
        if received.len == 0 {
            return Ok(None);
        }
        bytes.truncate(received.len);
        bytes.shrink_to_fit();
        Ok(Some(Packet {
            bytes,
            fds: received.fds,
        }))
    }

    /// Whether [`Self::send`] and [`Self::receive`] return `WouldBlock` instead of waiting.
    /// The setting belongs to the socket, so all duplicates of this end share it.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn set_nonblocking(&self, on: bool) -> io::Result<()> {
        let mut flags = OFlag::from_bits_retain(fcntl(&self.0, FcntlArg::F_GETFL)?);
        flags.set(OFlag::O_NONBLOCK, on);
        fcntl(&self.0, FcntlArg::F_SETFL(flags))?;
        Ok(())
    }

    /// Who is at the other end.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn peer(&self) -> io::Result<Peer> {
        let peer = getsockopt(&self.0, sockopt::PeerCredentials)?;
        Ok(Peer {
            uid: peer.uid(),
            gid: peer.gid(),
            pid: peer.pid(),
        })
    }

    /// The socket itself, to hand on.
    #[must_use]
    pub fn into_fd(self) -> OwnedFd {
        self.0
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A socket with a path that others connect to.
#[derive(Debug)]
pub struct Listener(OwnedFd);

impl Listener {
    /// Listens at `path`, which gets exactly the permissions `mode`. A socket left behind by a
    /// process that died is replaced; one that somebody still listens at is not, and neither
    /// is anything that is no socket.
    ///
    /// # Errors
    /// `AddrInUse` in those cases; otherwise what the kernel said.
    pub fn bind(path: &Path, mode: u32) -> io::Result<Self> {
        let fd = socket(
            AddressFamily::Unix,
            SockType::SeqPacket,
            SockFlag::SOCK_CLOEXEC,
            None,
        )?;
        let address = UnixAddr::new(path)?;
        match bind(fd.as_raw_fd(), &address) {
            Err(Errno::EADDRINUSE) if is_stale(path)? => {
                std::fs::remove_file(path)?;
                bind(fd.as_raw_fd(), &address)?;
            }
            other => other?,
        }
        // Nobody can connect before `listen`, so there is no moment with other permissions.
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        listen(&fd, Backlog::new(BACKLOG)?)?;
        Ok(Self(fd))
    }

    /// A duplicate of descriptor 0 when that listens, which is how systemd hands a socket to
    /// its service; `None` when it is a connection.
    ///
    /// # Errors
    /// `InvalidInput` when standard input is not an AF_UNIX SOCK_SEQPACKET socket.
    pub fn from_stdin() -> io::Result<Option<Self>> {
        let stdin = io::stdin();
        require_packet_socket(stdin.as_fd())?;
        if !getsockopt(&stdin.as_fd(), sockopt::AcceptConn)? {
            return Ok(None);
        }
        stdin.as_fd().try_clone_to_owned().map(Self).map(Some)
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn accept(&self) -> io::Result<Channel> {
        let fd = again(|| accept4(self.0.as_raw_fd(), SockFlag::SOCK_CLOEXEC))?;
        // SAFETY: accept4 returned a new descriptor that nothing else owns.
        Ok(Channel(unsafe { OwnedFd::from_raw_fd(fd) }))
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Whether a descriptor of unknown origin is what a [`Channel`] works with.
fn require_packet_socket(fd: BorrowedFd<'_>) -> io::Result<()> {
    // Asking for the address fails with another family's socket.
    let local = getsockname::<UnixAddr>(fd.as_raw_fd()).is_ok();
    if !local || getsockopt(&fd, sockopt::SockType) != Ok(SockType::SeqPacket) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "standard input is not a packet socket",
        ));
    }
    Ok(())
}

/// A socket file that no process listens at.
fn is_stale(path: &Path) -> io::Result<bool> {
    if !std::fs::symlink_metadata(path)?.file_type().is_socket() {
        return Ok(false);
    }
    Ok(matches!(Channel::connect(path), Err(why) if why.kind() == io::ErrorKind::ConnectionRefused))
}

/// Repeats a call that a signal interrupted.
fn again<T>(mut call: impl FnMut() -> nix::Result<T>) -> nix::Result<T> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            other => return other,
        }
    }
}

/// Repeats a receiving call that only says that the peer closed with unread messages of ours.
/// The kernel says so once, before what the peer sent last; that must not be lost.
fn past_reset<T>(mut call: impl FnMut() -> nix::Result<T>) -> nix::Result<T> {
    again(|| match call() {
        Err(Errno::ECONNRESET) => call(),
        other => other,
    })
}

struct Received {
    len: usize,
    fds: Vec<OwnedFd>,
    cut: bool,
}

/// Room for more descriptors than the kernel puts in one message (253), as 8-byte words for
/// the alignment of `cmsghdr`. Descriptors that do not fit would stay open with no owner.
type Control = [u64; 160];

fn receive_raw(fd: BorrowedFd<'_>, bytes: &mut [u8]) -> io::Result<Received> {
    let mut control: Control = [0; 160];
    let mut part = libc::iovec {
        iov_base: bytes.as_mut_ptr().cast(),
        iov_len: bytes.len(),
    };
    // SAFETY: msghdr is plain integers and pointers, for which all zeros is valid.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = size_of::<Control>();
    let len = past_reset(|| {
        // SAFETY: the header points to one iovec over `bytes` and to `control`, with their
        // lengths; all three outlive the call.
        Errno::result(unsafe {
            libc::recvmsg(fd.as_raw_fd(), &raw mut header, libc::MSG_CMSG_CLOEXEC)
        })
    })?;
    // Owned before anything is judged, so that no refusal leaks a descriptor.
    let fds = descriptors(&header);
    let cut = header.msg_flags & (libc::MSG_TRUNC | libc::MSG_CTRUNC) != 0;
    let len = usize::try_from(len).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    Ok(Received { len, fds, cut })
}

/// Takes ownership of every descriptor in a header that recvmsg has just filled in.
fn descriptors(header: &libc::msghdr) -> Vec<OwnedFd> {
    let mut fds = Vec::new();
    // SAFETY: the header and its control buffer are as the kernel left them.
    let mut message = unsafe { libc::CMSG_FIRSTHDR(header) };
    while !message.is_null() {
        // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR give null or a whole header in the buffer.
        let head = unsafe { ptr::read(message) };
        if head.cmsg_level == libc::SOL_SOCKET && head.cmsg_type == libc::SCM_RIGHTS {
            // SAFETY: CMSG_LEN only computes.
            let overhead = usize::try_from(unsafe { libc::CMSG_LEN(0) }).unwrap_or(usize::MAX);
            let count = head
                .cmsg_len
                .saturating_sub(overhead)
                .checked_div(size_of::<RawFd>())
                .unwrap_or(0);
            // SAFETY: a message that the kernel wrote has its data behind its header.
            let data = unsafe { libc::CMSG_DATA(message) }.cast::<RawFd>();
            for index in 0..count {
                // SAFETY: index is below the number of descriptors in the message's data.
                let slot = unsafe { data.add(index) };
                // SAFETY: inside the buffer, as above; cmsg data may be unaligned.
                let raw = unsafe { ptr::read_unaligned(slot) };
                // SAFETY: the kernel installed this descriptor for us in this call; it is
                // nobody else's.
                fds.push(unsafe { OwnedFd::from_raw_fd(raw) });
            }
        }
        // SAFETY: `message` is a header in this header's control buffer.
        message = unsafe { libc::CMSG_NXTHDR(header, message) };
    }
    fds
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixDatagram;

    use super::*;

    #[test]
    fn a_packet_arrives_whole_with_its_descriptors_in_order() {
        let (one, other) = Channel::pair().unwrap();
        let made: Vec<File> = ["a", "b", "c"].iter().map(|text| written(text)).collect();
        let lent: Vec<_> = made.iter().map(AsFd::as_fd).collect();
        one.send(b"three files", &lent).unwrap();
        one.send(b"none", &[]).unwrap();
        let packet = other.receive().unwrap().unwrap();
        assert_eq!(packet.bytes, b"three files");
        let texts: Vec<String> = packet.fds.into_iter().map(text_of).collect();
        assert_eq!(texts, ["a", "b", "c"]);
        let packet = other.receive().unwrap().unwrap();
        assert_eq!(
            (packet.bytes.as_slice(), packet.fds.len()),
            (&b"none"[..], 0)
        );
    }

    #[test]
    fn the_longest_packet_passes_and_one_byte_more_is_refused_at_both_ends() {
        let (one, other) = Channel::pair().unwrap();
        let longest = vec![7; PACKET_BYTES_MAX];
        one.send(&longest, &[]).unwrap();
        assert_eq!(other.receive().unwrap().unwrap().bytes, longest);
        let longer = vec![7; PACKET_BYTES_MAX + 1];
        assert_eq!(
            one.send(&longer, &[]).unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
        let sent = nix::sys::socket::send(one.0.as_raw_fd(), &longer, MsgFlags::empty());
        assert_eq!(sent, Ok(longer.len()));
        assert_eq!(
            other.receive().unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }

    #[test]
    fn more_descriptors_than_the_limit_are_refused_and_closed() {
        let (one, other) = Channel::pair().unwrap();
        let (read_end, write_end) = nix::unistd::pipe().unwrap();
        let most = vec![write_end.as_fd(); FDS_MAX];
        one.send(b"most", &most).unwrap();
        assert_eq!(other.receive().unwrap().unwrap().fds.len(), FDS_MAX);
        let more = vec![write_end.as_fd(); FDS_MAX + 1];
        assert_eq!(
            one.send(b"more", &more).unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
        let raw = vec![write_end.as_raw_fd(); 253];
        sendmsg::<()>(
            one.0.as_raw_fd(),
            &[IoSlice::new(b"more")],
            &[ControlMessage::ScmRights(&raw)],
            MsgFlags::empty(),
            None,
        )
        .unwrap();
        assert_eq!(
            other.receive().unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
        // The pipe ends only when every duplicate of its write end is closed.
        drop(write_end);
        assert_eq!(File::from(read_end).read(&mut [0; 1]).unwrap(), 0);
    }

    #[test]
    fn a_closed_peer_is_the_end_and_an_empty_message_cannot_fake_it() {
        let (one, other) = Channel::pair().unwrap();
        assert_eq!(
            one.send(b"", &[]).unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
        drop(one);
        assert!(other.receive().unwrap().is_none());
        assert_eq!(
            other.send(b"x", &[]).unwrap_err().kind(),
            io::ErrorKind::BrokenPipe
        );
    }

    #[test]
    fn the_last_words_of_a_peer_that_did_not_listen_arrive() {
        let (one, other) = Channel::pair().unwrap();
        one.send(b"unread", &[]).unwrap();
        other.send(b"last words", &[]).unwrap();
        drop(other);
        assert_eq!(one.receive().unwrap().unwrap().bytes, b"last words");
        assert!(one.receive().unwrap().is_none());
    }

    #[test]
    fn received_descriptors_are_closed_on_exec() {
        let (one, other) = Channel::pair().unwrap();
        one.send(b"one", &[written("a").as_fd()]).unwrap();
        let packet = other.receive().unwrap().unwrap();
        let flags = fcntl(&packet.fds[0], FcntlArg::F_GETFD).unwrap();
        assert_eq!(flags & libc::FD_CLOEXEC, libc::FD_CLOEXEC);
    }

    #[test]
    fn a_listener_gives_peers_and_replaces_only_a_dead_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = Listener::bind(&path, 0o620).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o620
        );
        let in_use = Listener::bind(&path, 0o600).unwrap_err();
        assert_eq!(in_use.kind(), io::ErrorKind::AddrInUse);
        let probe = listener.accept().unwrap();
        assert!(probe.receive().unwrap().is_none());
        let client = Channel::connect(&path).unwrap();
        let server = listener.accept().unwrap();
        assert_eq!(
            server.peer().unwrap().pid,
            i32::try_from(std::process::id()).unwrap()
        );
        assert_eq!(server.peer().unwrap().uid, nix::unistd::geteuid().as_raw());
        client.send(b"hello", &[]).unwrap();
        assert_eq!(server.receive().unwrap().unwrap().bytes, b"hello");
        drop(listener);
        Listener::bind(&path, 0o600).unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "not a socket").unwrap();
        assert_eq!(
            Listener::bind(&file, 0o600).unwrap_err().kind(),
            io::ErrorKind::AddrInUse
        );
    }

    #[test]
    fn a_non_blocking_channel_does_not_wait() {
        let (one, _other) = Channel::pair().unwrap();
        one.set_nonblocking(true).unwrap();
        assert_eq!(one.receive().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        one.set_nonblocking(false).unwrap();
        assert_eq!(
            fcntl(&one.0, FcntlArg::F_GETFL).unwrap() & libc::O_NONBLOCK,
            0
        );
    }

    #[test]
    fn standard_input_must_be_a_packet_socket() {
        let (one, _other) = Channel::pair().unwrap();
        require_packet_socket(one.as_fd()).unwrap();
        let datagrams = UnixDatagram::unbound().unwrap();
        let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let file = tempfile::tempfile().unwrap();
        for wrong in [datagrams.as_fd(), udp.as_fd(), file.as_fd()] {
            assert_eq!(
                require_packet_socket(wrong).unwrap_err().kind(),
                io::ErrorKind::InvalidInput
            );
        }
    }

    #[test]
    fn another_kind_of_socket_is_no_channel() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("datagrams");
        let _datagrams = UnixDatagram::bind(&path).unwrap();
        assert!(Channel::connect(&path).is_err());
        assert_eq!(
            Listener::bind(&path, 0o600).unwrap_err().kind(),
            io::ErrorKind::AddrInUse
        );
    }

    fn written(text: &str) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn text_of(fd: OwnedFd) -> String {
        use std::io::Seek;
        let mut file = File::from(fd);
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        text
    }
}
