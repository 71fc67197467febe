//! The texts beside `data/`.

use bundle::KeyId;
use jiff::Timestamp;

/// `bagit.txt`, whose bytes the standard fixes.
pub(super) const BAGIT: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

const JA: &str = include_str!("README.ja.txt");
const EN: &str = include_str!("README.en.txt");

/// What the texts say of one bundle. None of it is from a medium.
pub(super) struct Said {
    pub(super) origin: String,
    pub(super) entries: String,
    pub(super) made: Timestamp,
    /// The ledger's first key, as a line of `ledger.pub`.
    pub(super) key: String,
    pub(super) signer: KeyId,
    pub(super) oxum: String,
}

pub(super) fn ja(said: &Said) -> String {
    filled(JA, said)
}

pub(super) fn en(said: &Said) -> String {
    filled(EN, said)
}

pub(super) fn bag_info(said: &Said) -> String {
    format!(
        "Bag-Software-Agent: media-kiosk {}\nBagging-Date: {}\n\
         External-Description: Entries of the ledger of a media kiosk, with their proofs\n\
         External-Identifier: {} entries {}\nPayload-Oxum: {}\n",
        env!("CARGO_PKG_VERSION"),
        said.made.strftime("%Y-%m-%d"),
        said.origin,
        said.entries,
        said.oxum
    )
}

fn filled(text: &str, said: &Said) -> String {
    text.replace("{origin}", &said.origin)
        .replace("{entries}", &said.entries)
        .replace("{made}", &said.made.to_string())
        .replace("{key}", &wire::name::line(&said.key))
        .replace("{signer}", &said.signer.to_string())
}
