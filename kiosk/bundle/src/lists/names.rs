//! The names of entries, while a list is built.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};

use wire::MediumName;

use super::form::{ENTRY_NAME_BYTES_MAX, NO_NAME};

/// Longest names of one list together, in bytes. A finding can say which family or file it was;
/// it can do without, so names give way before a list becomes several times as long for them.
pub const NAMES_BYTES_MAX: u64 = 256 << 20;

/// Names that are remembered, so that each is written once: 16 MiB at most. Families and
/// products are fewer; file names that come later are written again.
const REMEMBERED: usize = 65_536;

/// Names on their way into a list.
pub(super) struct Names {
    file: BufWriter<File>,
    written: HashMap<String, u32>,
    bytes: u64,
    bytes_max: u64,
    /// Rows whose name had no room.
    pub(super) unnamed: u64,
}

impl Names {
    pub(super) fn new(file: File, bytes_max: u64) -> Self {
        Self {
            file: BufWriter::with_capacity(1 << 20, file),
            written: HashMap::new(),
            bytes: 0,
            bytes_max,
            unnamed: 0,
        }
    }

    /// Where the name is from now on.
    pub(super) fn add(&mut self, name: &[u8]) -> io::Result<u32> {
        let name = printable(name);
        if name.is_empty() {
            return Ok(NO_NAME);
        }
        if let Some(at) = self.written.get(&name) {
            return Ok(*at);
        }
        let mut record = Vec::with_capacity(name.len().saturating_add(5));
        record.push(u8::try_from(name.len()).map_err(io::Error::other)?);
        record.extend(crc32fast::hash(name.as_bytes()).to_le_bytes());
        record.extend(name.as_bytes());
        let length = u64::try_from(record.len()).unwrap_or(u64::MAX);
        let end = self.bytes.saturating_add(length);
        if self.bytes_max < end {
            self.unnamed = self.unnamed.saturating_add(1);
            return Ok(NO_NAME);
        }
        let at = u32::try_from(self.bytes).map_err(io::Error::other)?;
        self.file.write_all(&record)?;
        self.bytes = end;
        if self.written.len() < REMEMBERED {
            self.written.insert(name, at);
        }
        Ok(at)
    }

    /// All of them in one file, and its length in bytes.
    pub(super) fn done(self) -> io::Result<(File, u64)> {
        let file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        Ok((file, self.bytes))
    }
}

/// A name as it is shown: without hidden characters, cut to its limit.
fn printable(name: &[u8]) -> String {
    let mut text = MediumName::cut(name.trim_ascii()).0.escaped().to_string();
    text.truncate(text.floor_char_boundary(ENTRY_NAME_BYTES_MAX));
    text
}
