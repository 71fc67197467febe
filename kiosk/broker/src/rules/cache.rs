//! Compiled rules kept for the next start, and the key that vouches for them.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use wire::rules::COMPILED_BYTES_MAX;

use crate::paths;

/// Length of the code that vouches for a kept form, in bytes.
const CODE_BYTES: usize = 32;

/// One kept compiled form.
pub(super) struct Cache {
    file: PathBuf,
    key: [u8; 32],
    /// Sources, program and processor.
    circumstances: [u8; 32],
}

impl Cache {
    /// `None` when this process may not keep anything there: it compiles every time.
    pub(super) fn open(folder: &Path, sources: [u8; 32]) -> Option<Self> {
        fs::create_dir_all(folder).ok()?;
        let key = key(&folder.join("key")).ok()?;
        let program = fs::read(paths::program("kiosk-scan").ok()?).ok()?;
        let mut hash = Sha256::new();
        hash.update(sources);
        hash.update(Sha256::digest(&program));
        hash.update(processor().as_bytes());
        let circumstances: [u8; 32] = hash.finalize().into();
        Some(Self::at(folder, key, circumstances))
    }

    /// The place for these circumstances in `folder`.
    pub(super) fn at(folder: &Path, key: [u8; 32], circumstances: [u8; 32]) -> Self {
        let name = wire::name::hex(&circumstances);
        Self {
            file: folder.join(format!("{name}.rules")),
            key,
            circumstances,
        }
    }

    /// The kept form, when the key vouches for it and for these circumstances.
    pub(super) fn read(&self) -> Option<(Vec<u8>, u64)> {
        let mut kept = Vec::new();
        let file = fs::File::open(&self.file).ok()?;
        file.take(COMPILED_BYTES_MAX.saturating_add(64))
            .read_to_end(&mut kept)
            .ok()?;
        let code = kept.get(..CODE_BYTES)?;
        let rest = kept.get(CODE_BYTES..)?;
        self.code(rest)?.verify_slice(code).ok()?;
        let rules = u64::from_le_bytes(rest.get(..8)?.try_into().ok()?);
        Some((rest.get(8..)?.to_vec(), rules))
    }

    pub(super) fn write(&self, compiled: &[u8], rules: u64) -> io::Result<()> {
        let mut rest = rules.to_le_bytes().to_vec();
        rest.extend_from_slice(compiled);
        let code = self
            .code(&rest)
            .ok_or(io::ErrorKind::InvalidInput)?
            .finalize()
            .into_bytes();
        let temporary = self
            .file
            .with_extension(format!("{}.new", std::process::id()));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(&code)?;
        file.write_all(&rest)?;
        file.sync_all()?;
        fs::rename(&temporary, &self.file)
    }

    fn code(&self, rest: &[u8]) -> Option<Hmac<Sha256>> {
        let mut code = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        code.update(&self.circumstances);
        code.update(rest);
        Some(code)
    }
}

/// The key that vouches for kept forms; made at the first need, readable by its owner only.
fn key(path: &Path) -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    match fs::File::open(path) {
        Ok(mut file) => {
            file.read_exact(&mut key)?;
            return Ok(key);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    fs::File::open("/dev/urandom")?.read_exact(&mut key)?;
    let temporary = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(&key)?;
    file.sync_all()?;
    // Of two processes that start at once, one key stays: linking fails where a file is.
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::File::open(path)?.read_exact(&mut key)?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}

/// What the code generator looks at in the processor, as far as the kernel tells.
fn processor() -> String {
    let all = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    all.lines()
        .find(|line| line.starts_with("flags") || line.starts_with("Features"))
        .unwrap_or_default()
        .to_owned()
}
