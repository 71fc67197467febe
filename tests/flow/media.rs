//! Each script runs at most once in a test run, and makes nothing that is there already.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// What is truly on a volume.
pub(crate) struct TrueVolume {
    pub(crate) kind: String,
    pub(crate) label: Option<String>,
    pub(crate) files: Files,
    /// NTFS streams by `path:name`.
    pub(crate) streams: Files,
}

/// Files by their paths.
pub(crate) type Files = BTreeMap<String, TrueFile>;

/// What is truly in a file.
#[derive(PartialEq, Eq, Debug, Clone)]
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

/// An image of `hidden.py`, without `.img`.
pub(crate) fn hidden(name: &str) -> PathBuf {
    static OUT: OnceLock<PathBuf> = OnceLock::new();
    OUT.get_or_init(|| made("hidden.py", "hidden"))
        .join(format!("{name}.img"))
}

/// An image of `samples.py`, without `.img`.
pub(crate) fn sample(name: &str) -> PathBuf {
    static OUT: OnceLock<PathBuf> = OnceLock::new();
    OUT.get_or_init(|| made("samples.py", "samples"))
        .join(format!("{name}.img"))
}

/// The truth beside an image: how it is divided (`none`, `mbr`, `gpt`), and its volumes in the
/// order of the medium.
pub(crate) fn truth(image: &Path) -> (String, Vec<TrueVolume>) {
    let path = image.with_extension("truth.json");
    let text = std::fs::read(&path).expect("the script wrote the truth");
    let truth: Value = serde_json::from_slice(&text).expect("the truth is well-formed");
    let volumes = truth["volumes"].as_array().unwrap().iter();
    let volumes = volumes.map(|volume| TrueVolume {
        kind: volume["kind"].as_str().unwrap().to_owned(),
        label: volume["label"].as_str().map(str::to_owned),
        files: files(&volume["files"]),
        streams: files(&volume["streams"]),
    });
    (
        truth["scheme"].as_str().unwrap().to_owned(),
        volumes.collect(),
    )
}

fn files(listed: &Value) -> Files {
    let listed = listed.as_object().into_iter().flatten();
    listed
        .map(|(path, file)| {
            let sha256 = file["sha256"].as_str().unwrap().to_owned();
            (
                path.clone(),
                TrueFile {
                    size: file["size"].as_u64().unwrap(),
                    sha256,
                },
            )
        })
        .collect()
}

/// The rows of a file of scenarios. A key that is not among `keys` is a slip.
pub(crate) fn cases(text: &str, keys: &[&str]) -> Vec<Value> {
    let scenarios: Value = toml::from_str(text).unwrap();
    let cases = scenarios["case"].as_array().unwrap();
    for case in cases {
        for key in case.as_object().unwrap().keys() {
            assert!(keys.contains(&key.as_str()), "unknown key {key} in {case}");
        }
    }
    cases.clone()
}

/// The texts of a list in a scenario; empty when it is not given.
pub(crate) fn texts<'c>(case: &'c Value, key: &str) -> Vec<&'c str> {
    case[key]
        .as_array()
        .into_iter()
        .flatten()
        .map(|text| text.as_str().unwrap())
        .collect()
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
