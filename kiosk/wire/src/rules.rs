//! The conversation with a process that compiles rules: one [`Compile`], one [`Compiled`].
//!
//! The sources travel as a sealed memory file holding a JSON array of [`SourceFile`]; the
//! compiled form comes back in a memory file that the asker handed in.

use serde::{Deserialize, Serialize};

/// Largest bundle that a medium may carry to the kiosk, in bytes: 50 million hashes and all
/// public rules.
pub const DELIVERY_BYTES_MAX: u64 = 4 << 30;

/// Whether a file of this name is a bundle of rules, should a medium carry rules at all.
#[must_use]
pub fn is_bundle(name: &[u8]) -> bool {
    let ending = name.len().checked_sub(BUNDLE_ENDING.len());
    let ending = ending.and_then(|start| name.get(start..));
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case(BUNDLE_ENDING))
}

const BUNDLE_ENDING: &[u8] = b".bundle";

/// Largest set of rule sources, in bytes. The largest public collections are near 30 MB.
pub const SOURCES_BYTES_MAX: u64 = 128 << 20;

/// Largest compiled set, in bytes. 24,659 public rules compile to 34 MB.
pub const COMPILED_BYTES_MAX: u64 = 256 << 20;

/// Longest message of the compiler that is passed on, in bytes.
pub const COMPILER_MESSAGE_BYTES_MAX: usize = 8 * 1024;

/// One source file of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// Its name below the bundle's folder.
    pub origin: String,
    /// Its text.
    pub text: String,
}

/// Asks for a compilation; the sources and the memory file for the result travel with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compile {
    /// Source files in the sources.
    pub files: u64,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Compiled {
    /// The compiled form is in the memory file.
    Done {
        /// Rules in the set.
        rules: u64,
    },
    /// A source was refused; nothing was written.
    Refused {
        /// Which source file.
        origin: String,
        /// The compiler's message.
        message: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_is_told_by_its_ending_in_any_case() {
        for name in ["base-3.bundle", "RULES/BASE-3.BUNDLE", ".bundle"] {
            assert!(is_bundle(name.as_bytes()), "{name}");
        }
        for name in ["", "bundle", "base.bundle.minisig", "base.bundl"] {
            assert!(!is_bundle(name.as_bytes()), "{name}");
        }
    }
}
