//! How people name an entry of the ledger, and with it all entries before it.

use crate::ledger::EntryId;

impl EntryId {
    /// The first 16 hex digits of the leaf in four groups, for people to write down and to read
    /// out: with the number they name one entry of one ledger, and all entries before it.
    #[must_use]
    pub fn code(&self) -> String {
        let leaf = self.leaf_sha256.to_string();
        let groups = (0..4_usize).filter_map(|group| {
            let start = group.saturating_mul(4);
            leaf.get(start..start.saturating_add(4))
        });
        groups.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Digest;

    #[test]
    fn the_code_of_an_entry_is_the_beginning_of_its_leaf() {
        let leaf = "1a2b3c4d5e6f70818899aabbccddeeff00112233445566778899aabbccddeeff";
        let entry = EntryId {
            number: 1234,
            leaf_sha256: Digest::try_from(leaf.to_owned()).unwrap(),
        };
        assert_eq!(entry.code(), "1a2b 3c4d 5e6f 7081");
    }
}
