//! Each script runs at most once in a test run, and makes nothing that is there already.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde::Deserialize;

/// What is truly on an image.
#[derive(Deserialize)]
pub(crate) struct Truth {
    /// `none`, `mbr` or `gpt`.
    #[allow(dead_code, reason = "the report has no place for it yet")]
    pub(crate) scheme: String,
    /// In the order of the medium.
    pub(crate) volumes: Vec<TrueVolume>,
}

/// What is truly on a volume.
#[derive(Deserialize)]
pub(crate) struct TrueVolume {
    pub(crate) kind: String,
    pub(crate) label: Option<String>,
    pub(crate) files: BTreeMap<String, TrueFile>,
    /// NTFS streams by `path:name`.
    #[serde(default)]
    pub(crate) streams: BTreeMap<String, TrueFile>,
}

/// What is truly in a file.
#[derive(Deserialize, PartialEq, Eq, Debug, Clone)]
pub(crate) struct TrueFile {
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

/// The repository.
pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn made(script: &str, folder: &str) -> PathBuf {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("media")
        .join(folder);
    let script = repository().join("tests/media").join(script);
    let done = Command::new("python3")
        .arg(&script)
        .arg(&out)
        .output()
        .expect("python3 runs");
    assert!(
        done.status.success(),
        "{} failed: {}{}",
        script.display(),
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr),
    );
    out
}

/// An image of `corpus.py`, by file name.
pub(crate) fn corpus(name: &str) -> PathBuf {
    static OUT: OnceLock<PathBuf> = OnceLock::new();
    OUT.get_or_init(|| made("corpus.py", "corpus")).join(name)
}

/// An image of `hostile.py`, without `.img`.
pub(crate) fn hostile(name: &str) -> PathBuf {
    static OUT: OnceLock<PathBuf> = OnceLock::new();
    OUT.get_or_init(|| made("hostile.py", "hostile"))
        .join(format!("{name}.img"))
}

/// An image of `samples.py`, without `.img`.
pub(crate) fn sample(name: &str) -> PathBuf {
    static OUT: OnceLock<PathBuf> = OnceLock::new();
    OUT.get_or_init(|| made("samples.py", "samples"))
        .join(format!("{name}.img"))
}

/// The truth beside an image.
pub(crate) fn truth(image: &Path) -> Truth {
    let path = image.with_extension("truth.json");
    let text = std::fs::read(&path).expect("the script wrote the truth");
    serde_json::from_slice(&text).expect("the truth is well-formed")
}

/// The anti-virus test file of eicar.org, put together here so that this repository does not
/// hold it.
pub(crate) fn eicar() -> String {
    [
        "X5O!P%@AP[4\\PZX5",
        "4(P^)7CC)7}$EI",
        "CAR-STANDARD-ANTI",
        "VIRUS-TEST-FILE!$H+H*",
    ]
    .concat()
}
