//! The command line of kiosk-show.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::ShowError;
use crate::bay::Folders;

/// Where kioskd tells the screen what it knows, under the root.
pub const SOCKET: &str = "run/media-kiosk/show.sock";

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The daemon's socket.
    pub socket: PathBuf,
    /// The virtual bay whose keys work; `None` on a real kiosk.
    pub bay: Option<Folders>,
}

/// Reads the command line. `root` is the value of `MEDIA_KIOSK_ROOT`, which `--root` overrides.
///
/// # Errors
/// [`ShowError::Usage`].
pub fn read(
    arguments: impl Iterator<Item = OsString>,
    root: Option<OsString>,
) -> Result<Options, ShowError> {
    let mut root = root.unwrap_or_else(|| "/".into());
    let (mut socket, mut bay, mut samples) = (None, None, None);
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let name = argument.to_string_lossy().into_owned();
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| ShowError::Usage(format!("{name} needs a value")))
        };
        match name.as_str() {
            "--socket" => socket = Some(PathBuf::from(value()?)),
            "--root" => root = value()?,
            "--bay" => bay = Some(PathBuf::from(value()?)),
            "--samples" => samples = Some(PathBuf::from(value()?)),
            _ => return Err(ShowError::Usage(format!("unknown argument {argument:?}"))),
        }
    }
    let bay = match (bay, samples) {
        (Some(bay), Some(samples)) => Some(Folders { bay, samples }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            return Err(ShowError::Usage(
                "--bay and --samples go together".to_owned(),
            ));
        }
    };
    let socket = socket.unwrap_or_else(|| Path::new(&root).join(SOCKET));
    Ok(Options { socket, bay })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(arguments: &[&str], root: Option<&str>) -> Result<Options, ShowError> {
        read(
            arguments.iter().map(OsString::from),
            root.map(OsString::from),
        )
    }

    #[test]
    fn the_socket_is_under_the_root_unless_it_is_named() {
        let socket = |arguments: &[&str], root| given(arguments, root).unwrap().socket;
        assert_eq!(socket(&[], None), Path::new("/run/media-kiosk/show.sock"));
        assert_eq!(
            socket(&[], Some("/t")),
            Path::new("/t/run/media-kiosk/show.sock")
        );
        assert_eq!(
            socket(&["--root", "/u"], Some("/t")),
            Path::new("/u/run/media-kiosk/show.sock")
        );
        assert_eq!(
            socket(&["--socket", "/s", "--root", "/u"], None),
            Path::new("/s")
        );
    }

    #[test]
    fn the_bay_has_keys_only_with_both_folders() {
        let bay = given(&["--bay", "b", "--samples", "s"], None).unwrap().bay;
        assert_eq!(
            bay,
            Some(Folders {
                bay: "b".into(),
                samples: "s".into()
            })
        );
        assert_eq!(given(&[], None).unwrap().bay, None);
        for bad in [&["--bay", "b"][..], &["--samples", "s"], &["--bay"], &["x"]] {
            assert!(
                matches!(given(bad, None), Err(ShowError::Usage(_))),
                "{bad:?}"
            );
        }
    }
}
