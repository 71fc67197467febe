//! The conversation with a process that compiles rules: one [`Compile`], one [`Compiled`].
//!
//! The sources travel as a sealed memory file holding the JSON of [`Sources`]; the result comes
//! back in a memory file that the asker handed in.

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

/// Longest message that is kept of a rule that was left out, in bytes: its first sentences say
/// which word is wrong.
pub const LEFT_OUT_MESSAGE_BYTES_MAX: usize = 512;

/// Names that every set of rules may use without defining them, as scanners of files have them.
/// All are texts, and empty where nothing is known.
pub const EXTERNALS: [&str; 5] = ["filename", "filepath", "extension", "filetype", "owner"];

/// Those of [`EXTERNALS`] that are always empty here: no scan of a medium knows them.
pub const EXTERNALS_EMPTY: [&str; 2] = ["filetype", "owner"];

/// One source file of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// Its name below the bundle's folder.
    pub origin: String,
    /// Its text.
    pub text: String,
}

/// Everything that decides what a compiled set is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sources {
    /// The files, each a namespace of its own.
    pub files: Vec<SourceFile>,
    /// What the set says of the tiers of its rules.
    pub overrides: Overrides,
}

/// What a rule does when it finds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleTier {
    /// It stops the medium.
    Block,
    /// It is recorded and shown to staff.
    Notice,
    /// Nothing. Other rules may still go by it.
    Off,
}

/// `overrides.toml` of a set. Of what is said of one rule the nearest counts: of the rule, of its
/// file, its own metadata, of the set; and without any of them it blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overrides {
    /// For rules that bring no tier of their own; never `off`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<RuleTier>,
    /// Whether expressions are read as other engines read them: what need not be escaped, and is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub relaxed_expressions: bool,
    /// All rules of a file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub file: Vec<FileOverride>,
    /// Single rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<RuleOverride>,
}

/// What is said of all rules of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileOverride {
    /// Its name below the set's folder.
    pub file: String,
    /// What its rules do.
    pub tier: RuleTier,
    /// Why; not empty.
    pub reason: String,
}

/// What is said of one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleOverride {
    /// Its name.
    pub rule: String,
    /// Its file's name; needed where several files have a rule of that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// What it does.
    pub tier: RuleTier,
    /// Why; not empty.
    pub reason: String,
}

/// What stands before the engine's own form in a compiled set: rules whose tier is not what their
/// metadata says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Files, each with its rules and their tiers.
    pub tiers: Vec<(String, Vec<(String, RuleTier)>)>,
}

/// What a compilation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Scanning: anything wrong refuses the set. The result is the compiled form.
    Run,
    /// Making a set of other people's rules: what is wrong is left out and listed. The result is
    /// the JSON of [`Gathered`].
    Gather,
}

/// Asks for a compilation; the sources and the memory file for the result travel with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compile {
    /// Source files in the sources.
    pub files: u64,
    /// What for.
    pub purpose: Purpose,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Compiled {
    /// The compiled form is in the memory file.
    Done {
        /// Rules in the set that can find something.
        rules: u64,
    },
    /// What could be gathered is in the memory file.
    Gathered,
    /// A source was refused; nothing was written.
    Refused {
        /// Which source file.
        origin: String,
        /// The compiler's message.
        message: String,
    },
}

/// Other people's rules, without what the engine refuses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gathered {
    /// The files that still have rules, with the text that compiles.
    pub files: Vec<GatheredFile>,
    /// What is no longer in them.
    pub left_out: Vec<LeftOut>,
    /// Whether [`Overrides::relaxed_expressions`] is needed.
    pub relaxed_expressions: bool,
}

/// One file of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatheredFile {
    /// Its name below the set's folder.
    pub origin: String,
    /// Its text; every line is where it was.
    pub text: String,
    /// Its rules.
    pub rules: Vec<GatheredRule>,
}

/// One rule of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatheredRule {
    /// Its name.
    pub name: String,
    /// The line of its head, from 1.
    pub line: u64,
    /// Private rules find nothing by themselves.
    pub private: bool,
    /// Names of [`EXTERNALS_EMPTY`] that it asks for, and that will always be empty.
    pub asks_empty: Vec<String>,
}

/// Something that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// The file.
    pub file: String,
    /// The line where it began, from 1.
    pub line: u64,
    /// The rule; `None` for what is no rule: an import, an include, a whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Why.
    pub reason: LeftOutReason,
    /// The compiler's words, at most [`LEFT_OUT_MESSAGE_BYTES_MAX`] bytes.
    pub message: String,
}

/// Why something was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutReason {
    /// The file is no text in UTF-8.
    Encoding,
    /// It cannot be read as rules.
    Syntax,
    /// It is or needs a module that the engine does not have.
    Module,
    /// It includes another file.
    Include,
    /// It asks for something that nobody defines.
    Undefined,
    /// It goes by a rule, or stands under a global rule, that was left out.
    Depends,
    /// Its file has another rule of that name.
    Duplicate,
    /// One of its expressions is none that the engine takes.
    Expression,
    /// It would be slow.
    Slow,
    /// Anything else that the engine refuses.
    Refused,
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
