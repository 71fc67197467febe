//! Talking to the server: over a connection, in this process or in the program.

use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use jail::channel::{Channel, Listener};
use record::guests::Heard;
use record::reader::Filter;
use record::serve::{Door, serve};
use record::{Ledger, Writer};
use wire::frame;
use wire::ledger::{Answer, Append, EntryId, Event};

pub(crate) fn send(channel: &Channel, event: Event, rows: Option<&[u8]>) {
    let packet = frame::encode(&Append {
        event,
        rows: rows.is_some(),
    })
    .unwrap();
    let rows = rows.map(|rows| jail::memory::sealed("rows", rows).unwrap());
    let fds: Vec<_> = rows.iter().map(AsFd::as_fd).collect();
    channel.send(&packet, &fds).unwrap();
}

/// The answer; `None` when the server closed the connection.
pub(crate) fn answer(channel: &Channel) -> Option<Answer> {
    // The kernel says once that the other side left something unread, before what it sent.
    let packet = channel
        .receive()
        .or_else(|_| channel.receive())
        .unwrap_or(None)?;
    Some(frame::decode(&packet.bytes).unwrap())
}

pub(crate) fn recorded(channel: &Channel, event: Event, rows: Option<&[u8]>) -> EntryId {
    send(channel, event, rows);
    match answer(channel) {
        Some(Answer::Recorded(id)) => id,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn refused(channel: &Channel, event: Event) -> String {
    send(channel, event, None);
    why(channel)
}

pub(crate) fn why(channel: &Channel) -> String {
    match answer(channel) {
        Some(Answer::Refused { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

/// Serves `folder` until what `with` returns is dropped, and waits for the end.
pub(crate) fn served<T>(folder: &Path, with: impl FnOnce(&Path) -> T) -> T {
    served_with(folder, Heard::default(), with)
}

/// The same, with these heard beside root.
pub(crate) fn served_with<T>(
    folder: &Path,
    heard: Heard<'static>,
    with: impl FnOnce(&Path) -> T,
) -> T {
    let mut writer = Writer::open(folder).unwrap();
    let socket = folder.join("socket");
    let door = Door::Listener(Listener::bind(&socket, 0o666).unwrap());
    let (stop, stopped) = UnixStream::pair().unwrap();
    let server = thread::spawn(move || serve(&mut writer, door, heard, stopped.as_fd()));
    let result = with(&socket);
    drop(stop);
    server.join().unwrap().unwrap();
    result
}

pub(crate) fn events(folder: &Path) -> Vec<Event> {
    let ledger = Ledger::open(folder).unwrap();
    ledger.verify(None).unwrap();
    let entries = ledger.entries(Filter::default()).unwrap();
    entries
        .map(|entry| entry.unwrap().content().unwrap().event)
        .collect()
}

pub(crate) fn interruption(event: &Event) -> Option<(u64, &str)> {
    match event {
        Event::Interrupted { insertion, why } => Some((*insertion, why)),
        Event::Started { .. }
        | Event::Inserted { .. }
        | Event::Judged(_)
        | Event::Withdrawn { .. }
        | Event::Removed { .. }
        | Event::Waived(_)
        | Event::WaiverEnded { .. }
        | Event::Mitigated { .. }
        | Event::SelfTested(_)
        | Event::RulesInstalled(_)
        | Event::RulesRolledBack(_)
        | Event::RulesRefused(_)
        | Event::ListChanged(_)
        | Event::Requested { .. }
        | Event::RequestClosed(_)
        | Event::Lent(_)
        | Event::Returned(_)
        | Event::Enrolling(_)
        | Event::SignedIn(_)
        | Event::SignInRefused(_)
        | Event::SignedOut(_)
        | Event::Stopped {}
        | Event::CrashFound { .. }
        | Event::KeySet(_)
        | Event::KeyRetired(_)
        | Event::Cosigned(_)
        | Event::Exported(_)
        | Event::Reviewed(_)
        | Event::BackedUp(_)
        | Event::Restored(_)
        | Event::Sealed(_)
        | Event::ClockStepped { .. } => None,
    }
}

/// The program, as an example of this crate is built: beside this test.
pub(crate) fn program() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let program = here
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples/recorder");
    assert!(
        program.exists(),
        "build it with `cargo test -p record`, which builds examples"
    );
    program
}

/// kiosk-record with the connection as its standard input.
pub(crate) fn spawn(folder: &Path) -> (Child, Channel) {
    let (ours, theirs) = Channel::pair().unwrap();
    let child = Command::new(program())
        .arg("--ledger")
        .arg(folder)
        .stdin(Stdio::from(theirs.into_fd()))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    (child, ours)
}

pub(crate) fn complaint(child: &mut Child) -> String {
    let mut text = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

/// A copy of an example of this crate where another user can run it: the build's folder may
/// be closed to them.
pub(crate) fn program_copied(name: &str, folder: &Path) -> PathBuf {
    // By `cp`, not by this process: another thread's child would inherit the file open for
    // writing, and then nobody could run it ("text file busy").
    let copied = Command::new("cp")
        .arg(program().with_file_name(name))
        .arg(folder)
        .status();
    assert!(copied.unwrap().success());
    folder.join(name)
}
