//! One entry: what it says, its bytes and its leaf hash.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wire::Digest;
use wire::ledger::{EVENT_BYTES_MAX, Event};

/// The form of an entry. A later form has another name and the same chain.
pub const FORMAT: &str = "media-kiosk/entry/1";

/// The leaf hash that the first entry names as the one before it.
pub const NO_LEAF: Digest = Digest([0; 32]);

/// Longest entry, in bytes. An event of [`EVENT_BYTES_MAX`] grows at most sixfold when every
/// byte of it is a character that is written as `\uXXXX`; the rest is for the keys around it.
pub const ENTRY_BYTES_MAX: usize = 6 * EVENT_BYTES_MAX + 8 * 1024;

/// What an entry says, in the order of its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// [`FORMAT`].
    pub format: String,
    /// Its number: 1 for the first, then one more each. The order of the ledger.
    pub number: u64,
    /// Leaf hash of the entry before it, [`NO_LEAF`] for the first.
    pub previous: Digest,
    /// When it was written, by the kiosk's clock: RFC 3339 UTC with nanoseconds.
    pub recorded_utc: String,
    /// The kernel's id of this boot.
    pub boot_id: String,
    /// Time since that boot, sleep included, in nanoseconds: it cannot be set back.
    pub boottime_ns: u64,
    /// Name of the machine.
    pub host: String,
    /// Version of kiosk-record.
    pub kiosk: String,
    /// What happened.
    pub event: Event,
    /// How many rows belong to it; `None` for an event without rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Over its rows in order, each followed by a line feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_sha256: Option<Digest>,
}

/// [`Content`] as it is written, with the event borrowed. A test holds the two together.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    pub(crate) format: &'a str,
    pub(crate) number: u64,
    pub(crate) previous: Digest,
    pub(crate) recorded_utc: &'a str,
    pub(crate) boot_id: &'a str,
    pub(crate) boottime_ns: u64,
    pub(crate) host: &'a str,
    pub(crate) kiosk: &'a str,
    pub(crate) event: &'a Event,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rows_sha256: Option<Digest>,
}

/// The leaf hash of RFC 9162, section 2.1.1: SHA-256 over a zero byte and the entry's bytes.
#[must_use]
pub fn leaf(bytes: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(bytes);
    Digest(hash.finalize().into())
}

/// Hashes rows one after the other: each row's bytes and a line feed.
#[derive(Clone, Default)]
pub struct RowsHash {
    hash: Sha256,
    count: u64,
}

impl RowsHash {
    /// Takes the next row.
    pub fn add(&mut self, row: &[u8]) {
        self.hash.update(row);
        self.hash.update(b"\n");
        self.count = self.count.saturating_add(1);
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The hash over all of them.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leaf_of_nothing_is_the_published_one() {
        // RFC 9162's test vector for the empty leaf, as in the Certificate Transparency tests.
        assert_eq!(
            leaf(b"").to_string(),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
    }

    #[test]
    fn rows_are_hashed_as_lines() {
        let mut rows = RowsHash::default();
        rows.add(b"a");
        rows.add(b"b");
        assert_eq!(rows.count(), 2);
        // printf 'a\nb\n' | sha256sum
        assert_eq!(
            rows.finish().to_string(),
            "911169ddaaf146aff539f58c26c489af3b892dff0fe283c1c264c65ae5aa59a2"
        );
    }
}
