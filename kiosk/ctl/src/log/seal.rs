//! `kioskctl log seal`: puts the rows of an old period into an archive, and out of the ledger.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use broker::Paths;
use broker::recorder::RecordError;
use record::Ledger;
use record::archive::Archive;
use wire::audit::Sealed;
use wire::ledger::Event;

use crate::CommandError;
use crate::ledger;
use crate::print;
use crate::who;

/// Options of `kioskctl log seal`.
#[derive(clap::Args)]
pub(super) struct Seal {
    /// Up to this entry, with it
    #[arg(long, value_name = "N")]
    through: u64,
    /// The new file that the rows go into; keep it as long as the ledger
    #[arg(long, value_name = "FILE")]
    archive: PathBuf,
}

/// Runs the command.
pub(super) fn run(
    seal: &Seal,
    ledger: &Ledger,
    folder: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    let by = who::administrator(paths)?;
    ledger.entry(seal.through)?;
    // What is put away for good is what was written: nobody can tell afterwards.
    if let Err(error) = ledger.verify(None) {
        if error.is_alteration() {
            print::line(&format!("NOT verified, and not sealed: {error}"));
            return Ok(1);
        }
        return Err(error.into());
    }
    let held = write(seal, ledger)?;
    let event = Event::Sealed(Box::new(Sealed {
        by,
        through: seal.through,
        rows: held.rows,
        archive_sha256: held.sha256,
    }));
    match ledger::write(folder, paths, event) {
        Ok(entry) => {
            print::line(&format!(
                "{} rows of {} entries are in {}, and no longer in the ledger: entry {entry}",
                held.rows,
                held.entries,
                seal.archive.display()
            ));
            print::line(&format!("SHA-256 {}", held.sha256));
            Ok(0)
        }
        Err(error) => {
            if let CommandError::Record(RecordError::Refused(_)) = &error {
                // Nothing was taken out, so nothing rests on the file.
                let _ = std::fs::remove_file(&seal.archive);
            } else {
                print::note(&format!(
                    "keep {}: whether its rows are still in the ledger is not known; kioskctl log \
                     list --event sealed says so",
                    seal.archive.display()
                ));
            }
            Err(error)
        }
    }
}

/// Writes the archive, and has it on the disk before the ledger lets go of anything.
fn write(seal: &Seal, ledger: &Ledger) -> Result<Archive, CommandError> {
    let failed = |error| CommandError::file("write", &seal.archive)(error);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o640)
        .open(&seal.archive)
        .map_err(failed)?;
    let mut out = BufWriter::new(file);
    let held = ledger.archive(seal.through, &mut out)?;
    out.flush().map_err(failed)?;
    out.get_ref().sync_all().map_err(failed)?;
    let folder = seal.archive.parent().filter(|path| *path != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))
        .and_then(|folder| folder.sync_all())
        .map_err(failed)?;
    Ok(held)
}
