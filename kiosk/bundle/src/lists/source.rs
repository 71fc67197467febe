//! Sources of lists, line by line. A file may have one of these forms; its first line that is
//! no comment tells which.
//!
//! * plain: a digest a line, and behind blanks, a comma, a semicolon or a bar what it is of.
//!   So are the outputs of `sha256sum`, `sha1sum` and `md5sum`, with `--tag` too;
//! * hashdeep: its first line, the names of its columns, its rows;
//! * columns: comma-separated values below a line of names, as NSRL's RDS 2 has them
//!   (`NSRLFile.txt`) and as RDS 3 is exported, in any order.
//!
//! The digits tell the algorithm. A line that is none of this is an error: a digest that was
//! misread would be a content that nobody finds.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::Range;
use std::path::Path;

use wire::MediumName;

use super::columns::{Columns, split, unquoted};
use super::lines::{LINE_BYTES_MAX, LineError, Lines};
use super::{Algorithm, BuildError, Hash};

const DEEP: &[u8] = b"%%%% HASHDEEP-";
const DEEP_COLUMNS: &[u8] = b"%%%% ";

/// How much of a line an error repeats, in bytes.
const QUOTED_BYTES: usize = 60;

/// One row of a source.
pub(super) struct Found<'f> {
    /// Where it is.
    pub(super) path: &'f Path,
    pub(super) line: u64,
    /// One digest at least, all of one content.
    pub(super) hashes: &'f [Hash],
    pub(super) name: Option<&'f [u8]>,
}

/// How the lines of a source are to be read.
enum Form {
    /// Not known yet.
    Unknown,
    Plain,
    Columns(Columns),
    /// hashdeep; `None` until its line of columns came.
    Deep(Option<Columns>),
}

/// What one line says.
struct Said<'l> {
    hashes: [Option<Hash>; 3],
    name: Option<Cow<'l, [u8]>>,
}

/// Reads a source and hands on every row: its digests, and its name if it has one.
///
/// # Errors
/// [`BuildError`] with the line; whatever `row` fails with.
pub(super) fn read(
    path: &Path,
    source: impl BufRead,
    row: &mut dyn FnMut(&Found<'_>) -> Result<(), BuildError>,
) -> Result<(), BuildError> {
    let mut lines = Lines::new(source);
    let mut form = Form::Unknown;
    let mut fields = Vec::new();
    loop {
        let number = lines.number.saturating_add(1);
        let wrong = |what: String| BuildError::Line {
            path: path.to_owned(),
            line: number,
            what,
        };
        let line = match lines.next() {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(LineError::Read(error)) => return Err(BuildError::file("read", path)(error)),
            Err(LineError::TooLong) => {
                let why = format!("the line is longer than {LINE_BYTES_MAX} bytes");
                return Err(wrong(why));
            }
            Err(LineError::Utf16) => {
                return Err(wrong("the text is UTF-16; save it as UTF-8".to_owned()));
            }
        };
        let said = form
            .line(line, &mut fields)
            .map_err(|what| wrong(format!("{what}: {}", shown(line))))?;
        if let Some(said) = said {
            let hashes: Vec<Hash> = said.hashes.into_iter().flatten().collect();
            row(&Found {
                path,
                line: number,
                hashes: &hashes,
                name: said.name.as_deref(),
            })?;
        }
    }
    match form {
        Form::Deep(None) => Err(BuildError::Line {
            path: path.to_owned(),
            line: lines.number,
            what: "hashdeep's line of columns never came".to_owned(),
        }),
        Form::Unknown | Form::Plain | Form::Columns(_) | Form::Deep(Some(_)) => Ok(()),
    }
}

/// How many rows of a source have no digest by this algorithm.
///
/// # Errors
/// [`BuildError`], as [`super::build`] would fail with it.
pub fn rows_without(path: &Path, algorithm: Algorithm) -> Result<u64, BuildError> {
    let file = File::open(path).map_err(BuildError::file("read", path))?;
    let mut count = 0_u64;
    read(path, BufReader::new(file), &mut |found| {
        let mut hashes = found.hashes.iter();
        let has = hashes.any(|hash| hash.algorithm() == algorithm);
        count = count.saturating_add(u64::from(!has));
        Ok(())
    })?;
    Ok(count)
}

/// The beginning of a line, for an error.
fn shown(line: &[u8]) -> String {
    let beginning = line.get(..QUOTED_BYTES).unwrap_or(line);
    MediumName::cut(beginning).0.escaped().to_string()
}

impl Form {
    /// Reads one line; `None` when there is no row in it.
    fn line<'l>(
        &mut self,
        line: &'l [u8],
        fields: &mut Vec<Range<usize>>,
    ) -> Result<Option<Said<'l>>, &'static str> {
        if line.trim_ascii().is_empty() {
            return Ok(None);
        }
        if matches!(self, Self::Unknown) && !is_comment(line) {
            *self = Self::begun(line, fields)?;
            if !matches!(self, Self::Plain) {
                return Ok(None);
            }
        }
        match self {
            Self::Unknown => Ok(None),
            Self::Plain => plain(line),
            Self::Columns(columns) => in_columns(line, columns, fields).map(Some),
            Self::Deep(columns) => deep(line, columns, fields),
        }
    }

    /// What the first line tells of the rest.
    fn begun(line: &[u8], fields: &mut Vec<Range<usize>>) -> Result<Self, &'static str> {
        if line.starts_with(DEEP) {
            return deep_version(line).map(|()| Self::Deep(None));
        }
        let is_split = split(line, fields).is_ok();
        let names = fields.iter().filter_map(|field| line.get(field.clone()));
        let names: Vec<_> = names.map(unquoted).collect();
        // A first row whose comment is `md5` must not be lost as a line of names.
        let is_row = names.iter().any(|name| is_digest(name));
        let columns = Columns::of(&names).filter(|_| is_split && !is_row);
        Ok(columns.map_or(Self::Plain, Self::Columns))
    }
}

fn deep_version(line: &[u8]) -> Result<(), &'static str> {
    if line.strip_prefix(DEEP).map(<[u8]>::trim_ascii) == Some(b"1.0") {
        return Ok(());
    }
    Err("of hashdeep's forms only 1.0 is read")
}

fn is_digest(field: &[u8]) -> bool {
    let lengths = Algorithm::ALL.map(|algorithm| algorithm.digest_bytes().saturating_mul(2));
    lengths.contains(&field.len()) && field.iter().all(u8::is_ascii_hexdigit)
}

fn is_comment(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    line.starts_with(b"#") || line.starts_with(b";") || line.starts_with(b"//")
}

/// A digest, and perhaps what it is of.
fn plain(line: &[u8]) -> Result<Option<Said<'_>>, &'static str> {
    if is_comment(line) {
        return Ok(None);
    }
    let line = line.trim_ascii();
    if let Some((algorithm, rest)) = tagged(line) {
        let (name, digits) = rest.ok_or("a tag is not followed by a name, = and a digest")?;
        let hash = digest(algorithm, digits)?;
        return Ok(Some(Said::one(hash, Some(name))));
    }
    // coreutils put a backslash before lines whose name holds escapes.
    let line = line.strip_prefix(b"\\").unwrap_or(line);
    let length = line.iter().position(|byte| !byte.is_ascii_hexdigit());
    let (digits, rest) = line.split_at(length.unwrap_or(line.len()));
    let algorithm = match digits.len() {
        64 => Algorithm::Sha256,
        40 => Algorithm::Sha1,
        32 => Algorithm::Md5,
        56 | 96 | 128 => return Err("only SHA-256, SHA-1 and MD5 are looked up; make one of them"),
        0 => return Err("no digest, and no line of columns before it"),
        _ => return Err("a digest has 64 digits (SHA-256), 40 (SHA-1) or 32 (MD5)"),
    };
    let name = match rest.split_first() {
        None => None,
        Some((b' ' | b'\t' | b',' | b';' | b'|', name)) => {
            let name = name.trim_ascii();
            // coreutils' mark of binary mode, or a comment's beginning.
            let name = name.strip_prefix(b"*").unwrap_or(name);
            let name = name.strip_prefix(b"#").unwrap_or(name).trim_ascii();
            Some(name).filter(|name| !name.is_empty())
        }
        Some(_) => return Err("a digest ends with a blank, a comma, a semicolon or a bar"),
    };
    Ok(Some(Said::one(digest(algorithm, digits)?, name)))
}

/// The name and the digits of a tagged line.
type NameAndDigits<'l> = (&'l [u8], &'l [u8]);

/// A line as `sha256sum --tag` writes it: the algorithm, and its name and digits if they are
/// there.
fn tagged(line: &[u8]) -> Option<(Algorithm, Option<NameAndDigits<'_>>)> {
    let line = line.strip_prefix(b"\\").unwrap_or(line);
    let (algorithm, rest) = Algorithm::ALL.into_iter().find_map(|algorithm| {
        let word = algorithm.word().to_ascii_uppercase();
        let rest = line.strip_prefix(word.as_bytes())?;
        Some((algorithm, rest.strip_prefix(b" (")?))
    })?;
    let digits = algorithm.digest_bytes().saturating_mul(2);
    let split = rest.len().checked_sub(digits);
    let split = split.and_then(|split| rest.split_at_checked(split));
    let split = split.and_then(|(name, digits)| Some((name.strip_suffix(b") = ")?, digits)));
    Some((algorithm, split))
}

fn in_columns<'l>(
    line: &'l [u8],
    columns: &Columns,
    fields: &mut Vec<Range<usize>>,
) -> Result<Said<'l>, &'static str> {
    split(line, fields)?;
    if fields.len() != columns.count() {
        return Err("it has more or fewer columns than the line that names them");
    }
    let field = |place: Option<usize>| {
        let field = place.and_then(|place| fields.get(place)).cloned();
        field
            .and_then(|field| line.get(field))
            .map(<[u8]>::trim_ascii)
    };
    Said::of(columns, field, unquoted)
}

/// A line of hashdeep: the name is the last column and may hold commas.
fn deep<'l>(
    line: &'l [u8],
    columns: &mut Option<Columns>,
    fields: &mut Vec<Range<usize>>,
) -> Result<Option<Said<'l>>, &'static str> {
    if line.starts_with(b"#") {
        return Ok(None);
    }
    if line.starts_with(DEEP) {
        // Several of its outputs in one file.
        *columns = None;
        return deep_version(line).map(|()| None);
    }
    if let Some(names) = line.strip_prefix(DEEP_COLUMNS) {
        split(names, fields)?;
        let names = fields.iter().filter_map(|field| names.get(field.clone()));
        let names: Vec<Cow<'_, [u8]>> = names.map(Cow::Borrowed).collect();
        let named = Columns::of(&names).filter(|found| {
            found.name().and_then(|place| place.checked_add(1)) == Some(found.count())
        });
        let none = "no column is of SHA-256, SHA-1 or MD5, or the file name is not the last";
        *columns = Some(named.ok_or(none)?);
        return Ok(None);
    }
    let columns = columns
        .as_ref()
        .ok_or("hashdeep's line of columns never came")?;
    let parts: Vec<&[u8]> = line.splitn(columns.count(), |byte| *byte == b',').collect();
    if parts.len() != columns.count() {
        return Err("it has fewer columns than the line that names them");
    }
    let field = |place: Option<usize>| place.and_then(|place| parts.get(place)).copied();
    Said::of(columns, field, Cow::Borrowed).map(Some)
}

impl<'l> Said<'l> {
    fn one(hash: Hash, name: Option<&'l [u8]>) -> Self {
        Self {
            hashes: [Some(hash), None, None],
            name: name.map(Cow::Borrowed),
        }
    }

    /// From the fields of a row. One digest is enough: not every tool knows every algorithm.
    fn of(
        columns: &Columns,
        field: impl Fn(Option<usize>) -> Option<&'l [u8]>,
        spelled: impl Fn(&'l [u8]) -> Cow<'l, [u8]>,
    ) -> Result<Self, &'static str> {
        let mut hashes = [None; 3];
        for (algorithm, hash) in Algorithm::ALL.into_iter().zip(&mut hashes) {
            let digits = field(columns.digest(algorithm)).unwrap_or_default();
            if !digits.is_empty() {
                *hash = Some(digest(algorithm, digits)?);
            }
        }
        if hashes.iter().all(Option::is_none) {
            return Err("none of its digests is given");
        }
        let name = field(columns.name()).filter(|name| !name.is_empty());
        Ok(Self {
            hashes,
            name: name.map(spelled),
        })
    }
}

fn digest(algorithm: Algorithm, digits: &[u8]) -> Result<Hash, &'static str> {
    match algorithm {
        Algorithm::Sha256 => {
            let wrong = "a SHA-256 has 64 hexadecimal digits";
            bytes(digits).map(Hash::Sha256).ok_or(wrong)
        }
        Algorithm::Sha1 => {
            let wrong = "a SHA-1 has 40 hexadecimal digits";
            bytes(digits).map(Hash::Sha1).ok_or(wrong)
        }
        Algorithm::Md5 => {
            let wrong = "an MD5 has 32 hexadecimal digits";
            bytes(digits).map(Hash::Md5).ok_or(wrong)
        }
    }
}

/// The bytes that exactly these digits spell.
fn bytes<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    let mut bytes = [0; N];
    if pairs.len() != N {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = nibble(*high)?.checked_shl(4)? | nibble(*low)?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
