//! The ledger as the commands use it: which one, what it says, and one more entry.

use std::path::{Path, PathBuf};

use broker::Paths;
use broker::recorder::Recorder;
use record::standing::Register;
use record::{Ledger, LedgerError, reader};
use wire::ledger::Event;

use crate::CommandError;

/// The ledger's folder; without one the kiosk's own.
pub(crate) fn folder(ledger: Option<&Path>, paths: &Paths) -> PathBuf {
    ledger.map_or_else(|| paths.ledger(), Path::to_owned)
}

/// The ledger; `None` where none was begun.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn begun(folder: &Path) -> Result<Option<Ledger>, CommandError> {
    match Ledger::open(folder) {
        Ok(ledger) => Ok(Some(ledger)),
        Err(LedgerError::Open { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// What all entries together say.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn register(ledger: &Ledger) -> Result<Register, CommandError> {
    let mut register = Register::default();
    for entry in ledger.entries(reader::Filter::default())? {
        let entry = entry?;
        let content = entry.content()?;
        register.note(entry.number, &content.recorded_utc, &content.event);
    }
    Ok(register)
}

/// Checks that what is taken out of the kiosk's own ledger becomes an entry in it.
///
/// # Errors
/// When that is not wanted and the ledger is no copy.
pub(crate) fn require_entry(
    no_entry: bool,
    ledger: Option<&Path>,
    paths: &Paths,
) -> Result<(), CommandError> {
    let real = |path: &Path| path.canonicalize().ok();
    let is_own = ledger.is_none_or(|folder| real(folder) == real(&paths.ledger()));
    if no_entry && is_own {
        return Err(CommandError::Asked(
            "what is taken from the kiosk's own ledger is an entry in it: --no-entry is for a \
             copy, which --ledger names"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Writes one event over the kiosk's own writer, or over one of our own when none runs; gives
/// the number of its entry.
///
/// # Errors
/// When it is not written down.
pub(crate) fn write(
    ledger: Option<&Path>,
    paths: &Paths,
    event: Event,
) -> Result<u64, CommandError> {
    let recorder = Recorder::open(ledger, paths)?;
    let entry = recorder.append(event, None)?;
    recorder.finish()?;
    Ok(entry.number)
}
