//! Having rules compiled by a process of its own.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use wire::frame;
use wire::rules::{COMPILED_BYTES_MAX, Compile, Compiled, Gathered, Purpose, Sources};

use super::RulesError;
use crate::launch::{self, Launched, Use};
use crate::paths::Paths;

/// Has a set compiled for scanning: its form, and how many rules in it can find something.
pub(super) fn compile(
    folder: &Path,
    sources: &Sources,
    paths: &Paths,
) -> Result<(Vec<u8>, u64), RulesError> {
    match ask(folder, sources, Purpose::Run, paths)? {
        (Compiled::Done { rules }, compiled) => Ok((compiled, rules)),
        (Compiled::Gathered | Compiled::Refused { .. }, _) => Err(another_answer()),
    }
}

/// Has other people's rules sorted into what compiles and what does not. What is in no file of
/// the answer is listed in it.
///
/// # Errors
/// [`RulesError::Compiler`].
pub fn gather(sources: &Sources, paths: &Paths) -> Result<Gathered, RulesError> {
    match ask(Path::new(""), sources, Purpose::Gather, paths)? {
        (Compiled::Gathered, text) => {
            serde_json::from_slice(&text).map_err(|error| RulesError::Compiler {
                what: "answer",
                source: error.into(),
            })
        }
        (Compiled::Done { .. } | Compiled::Refused { .. }, _) => Err(another_answer()),
    }
}

fn another_answer() -> RulesError {
    RulesError::Compiler {
        what: "answer",
        source: io::Error::other("kiosk-scan answered something else than it was asked"),
    }
}

/// Runs `kiosk-scan compile`; answers with what it said and what it made.
fn ask(
    folder: &Path,
    sources: &Sources,
    purpose: Purpose,
    paths: &Paths,
) -> Result<(Compiled, Vec<u8>), RulesError> {
    let fault = |what| move |source| RulesError::Compiler { what, source };
    let text = serde_json::to_vec(sources).map_err(|error| RulesError::Compiler {
        what: "sources",
        source: error.into(),
    })?;
    let text = jail::memory::sealed("sources", &text).map_err(fault("memory file"))?;
    let result = jail::memory::writable("compiled").map_err(fault("memory file"))?;
    let Launched { channel, child } =
        launch::kiosk_scan(paths, Use::Compile).map_err(fault("kiosk-scan does not start"))?;
    let files = u64::try_from(sources.files.len()).unwrap_or(u64::MAX);
    let order =
        frame::encode(&Compile { files, purpose }).map_err(|error| RulesError::Compiler {
            what: "order",
            source: io::Error::other(error),
        })?;
    let answered = channel
        .send(&order, &[text.as_fd(), result.as_fd()])
        .and_then(|()| channel.receive());
    let ended = match child {
        Some(mut child) => child.wait().map_err(fault("kiosk-scan"))?.to_string(),
        None => "see the journal of its unit".to_owned(),
    };
    let packet = answered.map_err(fault("kiosk-scan"))?.ok_or_else(|| {
        let why = io::Error::other(format!("kiosk-scan ended without an answer: {ended}"));
        RulesError::Compiler {
            what: "no answer",
            source: why,
        }
    })?;
    let answer = frame::decode(&packet.bytes).map_err(|error| RulesError::Compiler {
        what: "answer",
        source: io::Error::other(error),
    })?;
    match answer {
        Compiled::Done { .. } | Compiled::Gathered => {
            let mut compiled = Vec::new();
            io::Seek::rewind(&mut &result).map_err(fault("memory file"))?;
            result
                .take(COMPILED_BYTES_MAX)
                .read_to_end(&mut compiled)
                .map_err(fault("memory file"))?;
            Ok((answer, compiled))
        }
        Compiled::Refused { origin, message } => {
            let path = if Path::new(&origin).is_absolute() || origin.is_empty() {
                PathBuf::from(origin)
            } else {
                folder.join(origin)
            };
            Err(RulesError::Refused { path, message })
        }
    }
}
