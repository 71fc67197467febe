//! A folder in the layout of BagIt 1.0 (RFC 8493): every file is hashed while it is written.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use wire::Digest;

use super::EvidenceError;

/// What a bundle holds is for those who may read the ledger, and nobody else on the machine.
const FOLDER_MODE: u32 = 0o750;
const FILE_MODE: u32 = 0o640;

/// A folder that is being filled.
pub(super) struct Bag {
    folder: PathBuf,
    /// Below `data/`.
    payload: BTreeMap<String, Digest>,
    /// Beside it.
    tags: BTreeMap<String, Digest>,
    payload_bytes: u64,
}

impl Bag {
    /// Makes the folder, which must not be there.
    pub(super) fn create(folder: &Path) -> Result<Self, EvidenceError> {
        if fs::symlink_metadata(folder).is_ok() {
            return Err(EvidenceError::Unfinished(folder.to_owned()));
        }
        make(folder)?;
        make(&folder.join("data")).inspect_err(|_| {
            let _ = fs::remove_dir(folder);
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            payload: BTreeMap::new(),
            tags: BTreeMap::new(),
            payload_bytes: 0,
        })
    }

    /// Makes a folder below it.
    pub(super) fn folder(&self, path: &str) -> Result<(), EvidenceError> {
        make(&self.folder.join(path))
    }

    /// Begins a file.
    pub(super) fn begin(&self, path: &str) -> Result<BagFile, EvidenceError> {
        let place = self.folder.join(path);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(FILE_MODE)
            .open(&place)
            .map_err(EvidenceError::file("write", &place))?;
        Ok(BagFile {
            path: path.to_owned(),
            place,
            out: BufWriter::new(file),
            hash: Sha256::new(),
            bytes: 0,
        })
    }

    /// Ends a file and enters it into its list; gives its SHA-256.
    pub(super) fn end(&mut self, file: BagFile) -> Result<Digest, EvidenceError> {
        let BagFile {
            path,
            place,
            out,
            hash,
            bytes,
        } = file;
        out.into_inner()
            .map_err(io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all())
            .map_err(EvidenceError::file("write", place))?;
        let digest = Digest(hash.finalize().into());
        if path.starts_with("data/") {
            self.payload_bytes = self.payload_bytes.saturating_add(bytes);
            self.payload.insert(path, digest);
        } else {
            self.tags.insert(path, digest);
        }
        Ok(digest)
    }

    /// A whole file.
    pub(super) fn add(&mut self, path: &str, bytes: &[u8]) -> Result<Digest, EvidenceError> {
        let mut file = self.begin(path)?;
        file.put(bytes)?;
        self.end(file)
    }

    /// Bytes and number of the files below `data/`, as `Payload-Oxum` wants them.
    pub(super) fn oxum(&self) -> String {
        format!("{}.{}", self.payload_bytes, self.payload.len())
    }

    /// The list of the files below `data/`.
    pub(super) fn manifest(&self) -> String {
        list(&self.payload)
    }

    /// The list of the files beside it.
    pub(super) fn tag_manifest(&self) -> String {
        list(&self.tags)
    }

    /// Makes the names of all files survive a power cut.
    pub(super) fn sync(&self, folders: &[&str]) -> Result<(), EvidenceError> {
        for folder in folders {
            let place = self.folder.join(folder);
            sync_folder(&place)?;
        }
        sync_folder(&self.folder)
    }
}

/// Makes the names in a folder survive a power cut.
pub(super) fn sync_folder(place: &Path) -> Result<(), EvidenceError> {
    File::open(place)
        .and_then(|folder| folder.sync_all())
        .map_err(EvidenceError::file("write", place))
}

fn make(place: &Path) -> Result<(), EvidenceError> {
    DirBuilder::new()
        .mode(FOLDER_MODE)
        .create(place)
        .map_err(EvidenceError::file("make", place))
}

fn list(files: &BTreeMap<String, Digest>) -> String {
    let mut text = String::new();
    for (path, digest) in files {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{digest}  {path}");
    }
    text
}

/// A file that is being written.
pub(super) struct BagFile {
    path: String,
    place: PathBuf,
    out: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl BagFile {
    /// Writes some more of it.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), EvidenceError> {
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.hash.update(bytes);
        self.bytes = self.bytes.saturating_add(count);
        self.out
            .write_all(bytes)
            .map_err(EvidenceError::file("write", &self.place))
    }
}
