//! `dropped.toml`: what is not in a set that was made of other people's rules.

use serde::{Deserialize, Serialize};
use wire::rules::LeftOut;

const ABOUT: &str = "\
# What is not in this set although its sources had it, and why. Nothing reads this file but people.
";

/// What a set does not have, and what it has in vain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropped {
    /// Rules, imports, includes and files that were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// Rules that are in the set and ask for something that is always empty there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asks_empty: Vec<AsksEmpty>,
}

/// One such rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsksEmpty {
    /// Its file.
    pub file: String,
    /// The line of its head, from 1.
    pub line: u64,
    /// Its name.
    pub rule: String,
    /// What it asks for.
    pub asks: Vec<String>,
}

/// The file's text.
///
/// # Errors
/// What cannot be written as TOML.
pub fn dropped_text(dropped: &Dropped) -> Result<String, String> {
    let text = toml::to_string(dropped).map_err(|error| error.to_string())?;
    Ok(format!("{ABOUT}\n{text}"))
}
