//! What the ledger gives out about itself: checkpoints and proofs, as C2SP spells them.

use base64ct::{Base64, Encoding as _};
use wire::Digest;

/// Name of the file in the ledger's folder with the last checkpoint.
pub const HEAD_FILE: &str = "ledger.head";

/// The text that a checkpoint's signatures are about: origin, number of entries, root.
#[must_use]
pub fn body(origin: &str, size: u64, root: Digest) -> String {
    format!("{origin}\n{size}\n{}\n", Base64::encode_string(&root.0))
}

/// A checkpoint with its signature lines.
#[must_use]
pub fn signed(body: &str, lines: &[String]) -> String {
    format!("{body}\n{}", lines.concat())
}

/// That the entry of these bytes, at `index` (from 0), is in the tree of `checkpoint`.
#[must_use]
pub fn proof(bytes: &str, index: u64, path: &[Digest], checkpoint: &str) -> String {
    let mut text = format!(
        "c2sp.org/tlog-proof@v1\nextra {}\nindex {index}\n",
        Base64::encode_string(bytes.as_bytes())
    );
    text.push_str(&hashes(path));
    format!("{text}\n{checkpoint}")
}

/// That the tree of the checkpoint `old` is the beginning of that of `new`: the hashes of RFC
/// 9162, section 2.1.4, a line each, between the two.
#[must_use]
pub fn consistency(old: &str, path: &[Digest], new: &str) -> String {
    format!(
        "media-kiosk/consistency@v1\n\n{old}\n{}\n{new}",
        hashes(path)
    )
}

fn hashes(path: &[Digest]) -> String {
    path.iter()
        .map(|hash| format!("{}\n", Base64::encode_string(&hash.0)))
        .collect()
}
