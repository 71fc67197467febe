//! Speaking with kiosk-record, the only writer of the ledger.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use jail::channel::Channel;
use wire::frame;
use wire::ledger::{Answer, Append, EntryId, Event};
use wire::standing::{Ask, Asked, Standing};

use crate::paths::{self, Paths};

/// Why something is not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// kiosk-record cannot be reached or started, or went away.
    #[error("cannot reach kiosk-record")]
    Unreachable(#[source] io::Error),
    /// It answered that it could not write.
    #[error("the ledger was not written: {0}")]
    Refused(String),
    /// The event does not fit a message.
    #[error("the entry is malformed or too long")]
    Frame(#[from] wire::frame::FrameError),
}

impl RecordError {
    /// Whether the writer is there and only does not take any more at the moment.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Unreachable(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

/// A connection to the ledger's writer.
pub struct Recorder {
    channel: Channel,
    /// The writer, when it was started for this connection alone.
    child: Option<Child>,
}

impl AsFd for Recorder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.channel.as_fd()
    }
}

impl Recorder {
    /// Connects to the kiosk's own writer.
    ///
    /// # Errors
    /// [`RecordError::Unreachable`].
    pub fn connect(paths: &Paths) -> Result<Self, RecordError> {
        let channel = Channel::connect(&paths.record_socket()).map_err(RecordError::Unreachable)?;
        Ok(Self {
            channel,
            child: None,
        })
    }

    /// A writer for the ledger in `folder`; without one, the kiosk's own when it runs, else one
    /// for the kiosk's ledger that ends with this connection.
    ///
    /// # Errors
    /// [`RecordError::Unreachable`].
    pub fn open(folder: Option<&Path>, paths: &Paths) -> Result<Self, RecordError> {
        match folder {
            Some(folder) => Self::start(folder),
            None => Self::connect(paths).or_else(|_| Self::start(&paths.ledger())),
        }
    }

    /// Makes sending fail instead of waiting for a writer that does not read.
    ///
    /// # Errors
    /// [`RecordError::Unreachable`].
    pub fn never_wait(&self) -> Result<(), RecordError> {
        self.channel
            .set_nonblocking(true)
            .map_err(RecordError::Unreachable)
    }

    /// Starts a writer for the ledger in `folder` that ends with this connection.
    ///
    /// # Errors
    /// [`RecordError::Unreachable`] when it does not start.
    pub fn start(folder: &Path) -> Result<Self, RecordError> {
        let (ours, theirs) = Channel::pair().map_err(RecordError::Unreachable)?;
        let child = paths::program("kiosk-record")
            .and_then(|program| {
                Command::new(program)
                    .arg("--ledger")
                    .arg(folder)
                    .env_clear()
                    .stdin(Stdio::from(theirs.into_fd()))
                    .stdout(Stdio::null())
                    .spawn()
            })
            .map_err(RecordError::Unreachable)?;
        Ok(Self {
            channel: ours,
            child: Some(child),
        })
    }

    /// Sends `event`, with its rows where it has some. The answer comes later.
    ///
    /// # Errors
    /// [`RecordError::Unreachable`] or [`RecordError::Frame`].
    pub fn send(&self, event: Event, rows: Option<&OwnedFd>) -> Result<(), RecordError> {
        let packet = frame::encode(&Append {
            event,
            rows: rows.is_some(),
        })?;
        let descriptors: Vec<_> = rows.iter().map(|rows| rows.as_fd()).collect();
        self.channel
            .send(&packet, &descriptors)
            .map_err(RecordError::Unreachable)
    }

    /// Waits for the answer to the oldest event that has none yet.
    ///
    /// # Errors
    /// Every [`RecordError`]: only an [`EntryId`] means that the event is recorded.
    pub fn receive(&self) -> Result<EntryId, RecordError> {
        match self.answer()? {
            Answer::Recorded(entry) => Ok(entry),
            Answer::Refused { why, .. } => Err(RecordError::Refused(why)),
            Answer::Standing(_) => Err(RecordError::Refused("an answer to nothing".to_owned())),
        }
    }

    /// Waits for the next answer, whatever it is to.
    ///
    /// # Errors
    /// [`RecordError::Unreachable`] or [`RecordError::Frame`].
    pub fn answer(&self) -> Result<Answer, RecordError> {
        let packet = self.channel.receive().map_err(RecordError::Unreachable)?;
        let packet = packet.ok_or_else(|| {
            RecordError::Unreachable(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "kiosk-record closed the connection",
            ))
        })?;
        Ok(frame::decode(&packet.bytes)?)
    }

    /// Asks for what holds at the moment. The answer comes later.
    ///
    /// # Errors
    /// [`RecordError::Unreachable`].
    pub fn ask(&self) -> Result<(), RecordError> {
        let packet = frame::encode(&Ask {
            ask: Asked::Standing,
        })?;
        let sent = self.channel.send(&packet, &[]);
        sent.map_err(RecordError::Unreachable)
    }

    /// Asks for what holds at the moment, and waits.
    ///
    /// # Errors
    /// Every [`RecordError`]; a writer of an older version refuses.
    pub fn standing(&self) -> Result<Standing, RecordError> {
        self.ask()?;
        match self.answer()? {
            Answer::Standing(standing) => Ok(*standing),
            Answer::Refused { why, .. } => Err(RecordError::Refused(why)),
            Answer::Recorded(_) => Err(RecordError::Refused("an answer to nothing".to_owned())),
        }
    }

    /// Sends and waits.
    ///
    /// # Errors
    /// Every [`RecordError`].
    pub fn append(&self, event: Event, rows: Option<&OwnedFd>) -> Result<EntryId, RecordError> {
        self.send(event, rows)?;
        self.receive()
    }

    /// Closes the connection and waits for a writer that was started for it.
    ///
    /// # Errors
    /// [`RecordError::Unreachable`] when the writer cannot be waited for.
    pub fn finish(self) -> Result<(), RecordError> {
        drop(self.channel);
        if let Some(mut child) = self.child {
            child.wait().map_err(RecordError::Unreachable)?;
        }
        Ok(())
    }
}
