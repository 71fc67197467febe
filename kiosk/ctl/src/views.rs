//! What kioskd tells its screens, heard by a command.

use std::os::fd::AsFd;
use std::time::Duration;

use jail::channel::Channel;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use wire::frame;
use wire::view::View;

use crate::CommandError;

/// What was heard.
pub(crate) enum Heard {
    /// A view.
    View(Box<View>),
    /// Nothing in that time.
    Nothing,
    /// That kioskd is gone.
    Gone,
}

/// Waits at most so long for one view.
pub(crate) fn next(channel: &Channel, most: Duration) -> Result<Heard, CommandError> {
    let mut ready = [PollFd::new(channel.as_fd(), PollFlags::POLLIN)];
    let wait = u16::try_from(most.as_millis()).unwrap_or(u16::MAX);
    match poll(&mut ready, PollTimeout::from(wait)) {
        Ok(0) | Err(Errno::EINTR) => return Ok(Heard::Nothing),
        Ok(_) => {}
        Err(error) => return Err(CommandError::system("wait for kioskd")(error)),
    }
    let packet = channel
        .receive()
        .map_err(CommandError::system("hear kioskd"))?;
    let Some(packet) = packet else {
        return Ok(Heard::Gone);
    };
    frame::decode(&packet.bytes)
        .map(|view| Heard::View(Box::new(view)))
        .map_err(|error| CommandError::system("understand kioskd")(std::io::Error::other(error)))
}
