//! `kioskctl rules build`: a folder of rules becomes a bundle.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use broker::{Paths, rules};
use bundle::{Label, Listed, Manifest, ManifestError};
use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};
use wire::Digest;

use crate::CommandError;
use crate::print;
use crate::rules::sign::Fresh;

/// Options of `kioskctl rules build`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A folder with .yar files
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// The bundle to write [default: NAME-VERSION.bundle]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Name of the bundle [default: as in the folder's manifest.toml]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Its version, which must rise with every issue [default: as in manifest.toml]
    #[arg(long, value_name = "N")]
    version: Option<u64>,
    /// Its first day [default: as in manifest.toml]
    #[arg(long, value_name = "YYYY-MM-DD")]
    issued: Option<Date>,
    /// Its last day [default: as in manifest.toml]
    #[arg(long, value_name = "YYYY-MM-DD")]
    expires: Option<Date>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let folder = &arguments.folder;
    let label = label(arguments)?;
    let found = files(folder)?;
    for path in &found.left_out {
        print::note(&format!(
            "left out, no part of a bundle: {}",
            path.display()
        ));
    }
    let loaded = rules::load(folder, paths, Timestamp::now())?;
    let manifest = Manifest {
        bundle: label.bundle,
        version: label.version,
        issued: label.issued,
        expires: label
            .expires
            .ok_or_else(|| CommandError::Unsaid("--expires"))?,
        rules: loaded.map_or(0, |loaded| loaded.about.rules),
        files: found.files,
    };
    let output = arguments.output.clone().unwrap_or_else(|| {
        PathBuf::from(format!("{}-{}.bundle", manifest.bundle, manifest.version))
    });
    write(&manifest, folder, &output)?;
    print::line(&format!(
        "{}: bundle {} version {}, {} rules, {} files, {} bytes; not signed yet",
        output.display(),
        manifest.bundle,
        manifest.version,
        manifest.rules,
        manifest.files.len(),
        manifest.size_bytes()
    ));
    Ok(0)
}

/// Writes the bundle of a manifest whose files lie in `folder`.
pub(crate) fn write(manifest: &Manifest, folder: &Path, output: &Path) -> Result<(), CommandError> {
    manifest.check().map_err(|source| CommandError::Manifest {
        path: folder.to_owned(),
        source,
    })?;
    let fresh = Fresh::beside(output)?;
    let out = io::BufWriter::new(fresh.file()?);
    let mut open = |file: &Listed| File::open(folder.join(&file.path));
    bundle::pack(manifest, None, &mut open, out)
        .and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error))
        .map_err(CommandError::file("write", output))?;
    fresh.keep(output)
}

/// What the options say, else what the folder says.
fn label(arguments: &Arguments) -> Result<Label, CommandError> {
    let path = arguments.folder.join(bundle::MANIFEST);
    let said = match fs::read_to_string(&path) {
        Ok(text) => Some(
            Label::parse(&text).map_err(|source| CommandError::Manifest {
                path: path.clone(),
                source,
            })?,
        ),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(CommandError::file("read", path)(error)),
    };
    let said = said.as_ref();
    let name = arguments
        .name
        .clone()
        .or(said.map(|label| label.bundle.clone()));
    let version = arguments.version.or(said.map(|label| label.version));
    let issued = arguments.issued.or(said.map(|label| label.issued));
    Ok(Label {
        bundle: name.ok_or_else(|| CommandError::Unsaid("--name"))?,
        version: version.ok_or_else(|| CommandError::Unsaid("--version"))?,
        issued: issued.ok_or_else(|| CommandError::Unsaid("--issued"))?,
        expires: arguments.expires.or(said.and_then(|label| label.expires)),
    })
}

/// What lies in a folder of rules.
#[derive(Default)]
struct Found {
    /// What belongs into a bundle, in the order of the paths.
    files: Vec<Listed>,
    /// What does not.
    left_out: Vec<PathBuf>,
}

fn files(folder: &Path) -> Result<Found, CommandError> {
    let mut found = Found::default();
    let mut folders = vec![folder.to_owned()];
    while let Some(place) = folders.pop() {
        for entry in fs::read_dir(&place).map_err(CommandError::file("list", &place))? {
            let entry = entry.map_err(CommandError::file("list", &place))?;
            let kind = entry
                .file_type()
                .map_err(CommandError::file("list", &place))?;
            let path = entry.path();
            if kind.is_dir() {
                folders.push(path);
            } else if let Some(file) = listed(folder, &path, kind.is_file())? {
                found.files.push(file);
            } else if !is_form(folder, &path) {
                found.left_out.push(path);
            }
        }
    }
    found.files.sort_by(|one, other| one.path.cmp(&other.path));
    found.left_out.sort();
    Ok(found)
}

/// Manifest and signature of a folder that was a bundle before.
fn is_form(folder: &Path, path: &Path) -> bool {
    [bundle::MANIFEST, bundle::SIGNATURE]
        .iter()
        .any(|name| folder.join(name) == path)
}

/// `None` for what is no part of a bundle. What looks like one and cannot be is an error.
fn listed(folder: &Path, path: &Path, is_file: bool) -> Result<Option<Listed>, CommandError> {
    let below = path
        .strip_prefix(folder)
        .unwrap_or(path)
        .to_string_lossy()
        .into_owned();
    let wrong = |source| CommandError::Manifest {
        path: path.to_owned(),
        source,
    };
    match bundle::bundle_path(&below) {
        Err(ManifestError::Path(_)) if !is_meant(&below) => return Ok(None),
        Err(ManifestError::Kind(_)) => return Ok(None),
        Err(error) => return Err(wrong(error)),
        Ok(()) if !is_file => return Err(wrong(ManifestError::Kind(below))),
        Ok(()) => {}
    }
    let mut file = File::open(path).map_err(CommandError::file("read", path))?;
    let mut hash = Sha256::new();
    let size_bytes = io::copy(&mut file, &mut io::BufWriter::new(Hashing(&mut hash)))
        .map_err(CommandError::file("read", path))?;
    Ok(Some(Listed {
        path: below,
        size_bytes,
        sha256: Digest(hash.finalize().into()),
    }))
}

/// Whether somebody would miss this file in the bundle.
fn is_meant(below: &str) -> bool {
    let endings = [".yar", ".yara", ".hashes", bundle::CANARIES];
    endings.iter().any(|ending| below.ends_with(ending))
}

/// A hash as something to write into.
struct Hashing<'h>(&'h mut Sha256);

impl io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
