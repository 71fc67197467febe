//! Starting kiosk-scan: by its unit where the kiosk is installed, else as our own child.

use std::io;
use std::process::{Child, Command, Stdio};

use jail::channel::Channel;

use crate::paths::{self, Paths};

/// What kiosk-scan is started for: its argument, and its socket in an installed kiosk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// To scan a medium.
    Serve,
    /// To compile rules.
    Compile,
}

/// A kiosk-scan that waits for its order.
pub(crate) struct Launched {
    pub(crate) channel: Channel,
    /// `None` when its unit keeps it: it ends when the channel is closed.
    pub(crate) child: Option<Child>,
}

/// Starts a kiosk-scan. The unit has an account, limits and a sandbox of its own, which a
/// child of ours does not have; the jail that the program closes itself is the same.
///
/// # Errors
/// When it does not start.
pub(crate) fn kiosk_scan(paths: &Paths, what: Use) -> io::Result<Launched> {
    let socket = match what {
        Use::Serve => paths.scan_socket(),
        Use::Compile => paths.compile_socket(),
    };
    match Channel::connect(&socket) {
        Ok(channel) => Ok(Launched {
            channel,
            child: None,
        }),
        // Not installed, or not for this person. A service starts no children: its unit would
        // be theirs.
        Err(error)
            if std::env::var_os("NOTIFY_SOCKET").is_none()
                && matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
                ) =>
        {
            spawn(what)
        }
        Err(error) => Err(error),
    }
}

fn spawn(what: Use) -> io::Result<Launched> {
    use std::os::unix::process::CommandExt;
    let (ours, theirs) = Channel::pair()?;
    let mut command = Command::new(paths::program("kiosk-scan")?);
    command
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::from(theirs.into_fd()))
        .stdout(Stdio::null());
    match what {
        Use::Serve => command
            .arg("serve")
            // Its workers read hostile bytes: they must not hold anybody's terminal.
            .stderr(Stdio::null())
            // A Ctrl-C is for the person's program, which then ends the scan in order.
            .process_group(0),
        Use::Compile => command.arg("compile"),
    };
    Ok(Launched {
        channel: ours,
        child: Some(command.spawn()?),
    })
}
