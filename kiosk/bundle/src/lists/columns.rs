//! Rows of columns: comma-separated values, and hashdeep's.

use std::borrow::Cow;
use std::ops::Range;

use super::Algorithm;

/// Which column holds what. A source names its columns in a line of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Columns {
    /// Of each algorithm.
    digests: [Option<usize>; 3],
    name: Option<usize>,
    count: usize,
}

/// What columns of names are called: NSRL's file name (RDS 2 and 3), hashdeep's, and those of
/// lists of malware. The first that is there is taken.
const NAMES: [&str; 7] = [
    "signature",
    "malware",
    "family",
    "filename",
    "name",
    "product",
    "comment",
];

impl Columns {
    /// From the names of columns; `None` when none of them is of a digest.
    pub(super) fn of(names: &[Cow<'_, [u8]>]) -> Option<Self> {
        let words: Vec<String> = names.iter().map(|name| word(name)).collect();
        let called = |name: &str| words.iter().position(|word| word == name);
        let digests = Algorithm::ALL.map(|algorithm| {
            let longer = format!("{}hash", algorithm.word());
            called(algorithm.word()).or_else(|| called(&longer))
        });
        digests.iter().any(Option::is_some).then(|| Self {
            digests,
            name: NAMES.iter().find_map(|name| called(name)),
            count: words.len(),
        })
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Where the digest of this algorithm is.
    pub(super) fn digest(&self, algorithm: Algorithm) -> Option<usize> {
        self.digests.get(algorithm.place()).copied().flatten()
    }

    pub(super) fn name(&self) -> Option<usize> {
        self.name
    }
}

/// A column's name without what people write differently: `"SHA-256"` is `sha256`.
fn word(name: &[u8]) -> String {
    let letters = name.iter().filter(|byte| byte.is_ascii_alphanumeric());
    letters
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect()
}

/// The fields of one line, as RFC 4180 has them; a field in quotes does not go on in the next
/// line. Puts their places into `fields`, the quotes left out.
///
/// # Errors
/// What is wrong with the quotes.
pub(super) fn split(line: &[u8], fields: &mut Vec<Range<usize>>) -> Result<(), &'static str> {
    fields.clear();
    let mut at = 0_usize;
    loop {
        let rest = line.get(at..).unwrap_or_default();
        let length = if rest.first() == Some(&b'"') {
            let length = quoted(rest.get(1..).unwrap_or_default())?;
            let start = at.saturating_add(1);
            fields.push(start..start.saturating_add(length));
            length.saturating_add(2)
        } else {
            let length = rest.iter().position(|byte| *byte == b',');
            let length = length.unwrap_or(rest.len());
            fields.push(at..at.saturating_add(length));
            length
        };
        at = at.saturating_add(length);
        match line.get(at) {
            None => return Ok(()),
            Some(b',') => at = at.saturating_add(1),
            Some(_) => return Err("something follows a closing quote; write two for one inside"),
        }
    }
}

/// Bytes of a field up to its closing quote.
fn quoted(rest: &[u8]) -> Result<usize, &'static str> {
    let mut at = 0_usize;
    loop {
        let quote = rest
            .get(at..)
            .and_then(|rest| rest.iter().position(|byte| *byte == b'"'));
        let quote = quote.ok_or("a quote is not closed on its line")?;
        at = at.saturating_add(quote);
        if rest.get(at.saturating_add(1)) != Some(&b'"') {
            return Ok(at);
        }
        at = at.saturating_add(2);
    }
}

/// A field with two quotes made one again.
pub(super) fn unquoted(field: &[u8]) -> Cow<'_, [u8]> {
    if !field.contains(&b'"') {
        return Cow::Borrowed(field);
    }
    let mut bytes = Vec::with_capacity(field.len());
    let mut before = None;
    for byte in field {
        if (before, *byte) == (Some(b'"'), b'"') {
            before = None;
        } else {
            bytes.push(*byte);
            before = Some(*byte);
        }
    }
    Cow::Owned(bytes)
}
