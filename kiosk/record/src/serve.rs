//! The loop: one message in, one durable entry, one answer out.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use jail::channel::{Channel, Listener, Packet};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{setsockopt, sockopt::SendTimeout};
use nix::sys::time::{TimeVal, TimeValLike};
use wire::frame;
use wire::ledger::{Answer, Append, EntryId, Event};
use wire::standing::{Ask, Asked};

use crate::disk;
use crate::error::{LedgerError, Refusal};
pub use crate::guests::CLIENTS_MAX;
use crate::guests::{Audits, Heard, Right};
use crate::rows::Rows;
use crate::writer::Writer;

/// Longest wait for a client to take its answer, in seconds. One that does not read must not
/// keep the others from their entries.
pub const ANSWER_SECONDS_MAX: i64 = 2;

/// Where messages come from.
pub enum Door {
    /// Whoever connects; the server stays.
    Listener(Listener),
    /// One connection; the server ends with it.
    Connection(Channel),
}

/// Answers messages until `stop` is readable or, for [`Door::Connection`], until the other
/// side closed it. Insertions without a verdict are then recorded as interrupted.
///
/// Only this process's own user, root and those `heard` says are heard.
///
/// # Errors
/// [`LedgerError::System`] when the kernel refuses to wait, or an interruption could not be recorded
/// before the end; the next start finds it then.
pub fn serve(
    writer: &mut Writer,
    door: Door,
    heard: Heard<'_>,
    stop: BorrowedFd<'_>,
) -> Result<(), LedgerError> {
    let mut server = Server {
        writer,
        heard,
        audits: Audits::default(),
        clients: Vec::new(),
        listener: None,
        left: Vec::new(),
    };
    match door {
        Door::Listener(listener) => server.listener = Some(listener),
        Door::Connection(channel) => server.admit(channel),
    }
    while server.listener.is_some() || !server.clients.is_empty() {
        let Some(ready) = server.wait(stop)? else {
            break;
        };
        server.turn(&ready);
    }
    server.end()
}

/// Tells whoever waits at `listener` why nothing can be written, so that a kiosk can say so on its
/// screen; for a ledger that cannot even be opened.
pub fn turn_away(listener: &Listener, heard: Heard<'_>, error: &LedgerError) {
    let answer = Answer::Refused {
        why: wire::explained(error),
        disk: disk::trouble(error),
    };
    let Ok(packet) = frame::encode(&answer) else {
        return;
    };
    let own = nix::unistd::geteuid().as_raw();
    for _ in 0..CLIENTS_MAX {
        let mut waiting = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
        if !matches!(poll(&mut waiting, TURN_AWAY_WAIT_MILLIS), Ok(1..)) {
            return;
        }
        let Ok(channel) = listener.accept() else {
            return;
        };
        let is_heard = (channel.peer()).is_ok_and(|peer| heard.right(peer.uid, own).is_some());
        let mut said = [PollFd::new(channel.as_fd(), PollFlags::POLLIN)];
        if is_heard && matches!(poll(&mut said, TURN_AWAY_WAIT_MILLIS), Ok(1..)) {
            // What it said is answered alike, whatever it was.
            let _ = channel.set_nonblocking(true).and_then(|()| {
                channel.receive()?;
                channel.send(&packet, &[])
            });
        }
    }
}

/// Longest wait for each who is turned away, in milliseconds: it has said already what it wants.
const TURN_AWAY_WAIT_MILLIS: u8 = 200;

struct Server<'a> {
    writer: &'a mut Writer,
    heard: Heard<'a>,
    /// What auditors have written of late.
    audits: Audits,
    listener: Option<Listener>,
    clients: Vec<Client>,
    /// Insertions whose client is gone and whose interruption is not written yet, and why.
    left: Vec<(u64, String)>,
}

struct Client {
    channel: Channel,
    right: Right,
    /// Insertions it recorded that have no verdict.
    open: BTreeSet<u64>,
    /// Whether the kernel said that it left answers unread. It says so once, and then gives
    /// what the client had sent.
    gone: bool,
}

/// Who has something for us.
struct Ready {
    listener: bool,
    /// One for each client, in their order.
    clients: Vec<bool>,
}

impl Server<'_> {
    /// Waits; `None` when it is time to stop.
    fn wait(&self, stop: BorrowedFd<'_>) -> Result<Option<Ready>, LedgerError> {
        let watch = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let mut fds = vec![watch(stop)];
        fds.extend(
            self.clients
                .iter()
                .map(|client| watch(client.channel.as_fd())),
        );
        fds.extend(self.listener.iter().map(|listener| watch(listener.as_fd())));
        loop {
            match poll(&mut fds, PollTimeout::NONE) {
                Ok(_) => break,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(LedgerError::system("wait for messages")(errno)),
            }
        }
        // Anything, an error too, is a reason to look; an unknown flag is one as well.
        let mut ready = fds.iter().map(|fd| fd.any().unwrap_or(true));
        if ready.next().unwrap_or(true) {
            return Ok(None);
        }
        let clients = ready.by_ref().take(self.clients.len()).collect();
        Ok(Some(Ready {
            listener: ready.next().unwrap_or(false),
            clients,
        }))
    }

    /// Hears everybody who is ready once.
    fn turn(&mut self, ready: &Ready) {
        let clients = std::mem::take(&mut self.clients);
        for (mut client, ready) in clients.into_iter().zip(&ready.clients) {
            match if *ready {
                self.hear(&mut client)
            } else {
                Ok(())
            } {
                Ok(()) => self.clients.push(client),
                Err(why) => self.leave(client, &why),
            }
        }
        self.write_interruptions();
        if ready.listener {
            match self.listener.as_ref().map(Listener::accept) {
                Some(Ok(channel)) => self.admit(channel),
                Some(Err(error)) => complain("cannot accept a connection", &error),
                None => {}
            }
        }
    }

    /// Takes a connection in, or closes it.
    fn admit(&mut self, channel: Channel) {
        let wait = TimeVal::seconds(ANSWER_SECONDS_MAX);
        let peer = match setsockopt(&channel, SendTimeout, &wait)
            .map_err(io::Error::from)
            .and_then(|()| channel.peer())
        {
            Ok(peer) => peer,
            Err(error) => return complain("cannot ask who connects", &error),
        };
        let own = nix::unistd::geteuid().as_raw();
        let Some(right) = self.heard.right(peer.uid, own) else {
            say(&format!("user {} may not write to the ledger", peer.uid));
            return;
        };
        let most = right.most();
        let alike = self.clients.iter().filter(|one| one.right == right);
        if most <= alike.count() {
            say(&format!("more than {most} connections of this kind"));
            return;
        }
        // Nobody waits for an auditor, not even for a moment.
        if right == Right::Auditor
            && let Err(error) = channel.set_nonblocking(true)
        {
            return complain("cannot hear an auditor", &error);
        }
        self.clients.push(Client {
            channel,
            right,
            open: BTreeSet::new(),
            gone: false,
        });
    }

    /// Answers one message. An error ends the connection and says why.
    fn hear(&mut self, client: &mut Client) -> Result<(), String> {
        let packet = match client.channel.receive() {
            Ok(Some(packet)) => packet,
            Ok(None) => return Err("its connection was closed".to_owned()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if is_gone(&error) && !client.gone => {
                client.gone = true;
                return Ok(());
            }
            Err(error) => {
                return Err(format!(
                    "its connection failed: {}",
                    wire::explained(&error)
                ));
            }
        };
        self.write_interruptions();
        let answer = if asks_for_standing(&packet) {
            Answer::Standing(Box::new(self.writer.standing()))
        } else {
            match append(self.writer, client, &mut self.audits, packet) {
                Ok(id) => Answer::Recorded(id),
                Err(refusal) => Answer::Refused {
                    why: wire::explained(&refusal),
                    disk: matches!(refusal, Refusal::Unwritten(_) | Refusal::OutOfService(_))
                        .then(|| self.writer.disk_trouble())
                        .flatten(),
                },
            }
        };
        let sent = frame::encode(&answer)
            .map_err(io::Error::other)
            .and_then(|bytes| client.channel.send(&bytes, &[]));
        match sent {
            Ok(()) => Ok(()),
            // What it sent before it went is evidence all the same.
            Err(error) if is_gone(&error) => Ok(()),
            Err(error) => Err(format!(
                "it did not take its answer: {}",
                wire::explained(&error)
            )),
        }
    }

    fn leave(&mut self, client: Client, why: &str) {
        let why = format!("no verdict came: {why}");
        self.left.extend(
            client
                .open
                .into_iter()
                .map(|insertion| (insertion, why.clone())),
        );
    }

    /// Writes what is left to write. What cannot be written is tried again with the next
    /// message, at the end and at the next start.
    fn write_interruptions(&mut self) {
        let writer = &mut *self.writer;
        self.left
            .retain(|(insertion, why)| match writer.interrupt(*insertion, why) {
                Ok(_) => false,
                Err(refusal) => {
                    complain("cannot record an interruption", &refusal);
                    true
                }
            });
    }

    fn end(mut self) -> Result<(), LedgerError> {
        for client in std::mem::take(&mut self.clients) {
            self.leave(client, "kiosk-record was told to stop");
        }
        self.write_interruptions();
        if self.left.is_empty() {
            return Ok(());
        }
        let source = io::Error::other("an insertion stays without an end until the next start");
        Err(LedgerError::System {
            doing: "record every interruption",
            source,
        })
    }
}

/// Whether a message only asks. What carries anything along is no question.
fn asks_for_standing(packet: &Packet) -> bool {
    let asked = frame::decode::<Ask>(&packet.bytes);
    packet.fds.is_empty() && asked.is_ok_and(|asked| asked.ask == Asked::Standing)
}

/// Makes an entry of one message and remembers whose the insertion is.
fn append(
    writer: &mut Writer,
    client: &mut Client,
    audits: &mut Audits,
    packet: Packet,
) -> Result<EntryId, Refusal> {
    let message: Append = frame::decode(&packet.bytes).map_err(Refusal::Message)?;
    if !client.right.covers(&message.event) {
        return Err(Refusal::NotAuditors);
    }
    let now = Instant::now();
    if client.right == Right::Auditor && !audits.has_room(now) {
        return Err(Refusal::TooManyAudits);
    }
    let rows = match (message.rows, packet.fds.as_slice()) {
        (false, []) => None,
        (true, [file]) => Some(Rows::receive(file)?),
        (said, files) => {
            return Err(Refusal::Files {
                said: usize::from(said),
                carried: files.len(),
            });
        }
    };
    let judged = message.event.judged().map(|judged| judged.insertion);
    if let Some(insertion) = judged.filter(|insertion| !client.open.contains(insertion)) {
        return Err(writer.stranger(insertion));
    }
    let id = writer.append(&message.event, rows.as_ref())?;
    if client.right == Right::Auditor {
        audits.note(now);
    }
    if matches!(message.event, Event::Inserted { .. }) {
        client.open.insert(id.number);
    }
    if let Some(insertion) = judged {
        client.open.remove(&insertion);
    }
    Ok(id)
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}

fn complain(what: &str, error: &dyn std::error::Error) {
    say(&format!("{what}: {}", wire::explained(error)));
}

/// Tells whoever reads standard error. When nobody can, the service goes on: a journal that is
/// gone must not end the ledger's writer.
pub(crate) fn say(what: &str) {
    let _ = writeln!(io::stderr(), "kiosk-record: {what}");
}
