//! The lines of a source, one at a time.

use std::io::{self, BufRead, Read as _};

/// Longest line, in bytes: a path of 4096 bytes, twice as long because names are written with
/// escapes, and all digests that tools write beside it.
pub const LINE_BYTES_MAX: usize = 16 * 1024;

const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads lines. Their ends, `\n` or `\r\n`, and a mark of UTF-8 at the beginning are left out.
pub(super) struct Lines<R> {
    source: R,
    line: Vec<u8>,
    /// Number of the last line, from 1.
    pub(super) number: u64,
}

/// Why there is no next line.
pub(super) enum LineError {
    Read(io::Error),
    TooLong,
    Utf16,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            line: Vec::new(),
            number: 0,
        }
    }

    /// The next line; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, LineError> {
        self.line.clear();
        self.number = self.number.saturating_add(1);
        let most = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
        // Two more for the end of the line.
        let mut piece = self.source.by_ref().take(most.saturating_add(2));
        let read = piece.read_until(b'\n', &mut self.line);
        if read.map_err(LineError::Read)? == 0 {
            return Ok(None);
        }
        let mut line = self.line.as_slice();
        line = line.strip_suffix(b"\n").unwrap_or(line);
        line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.number == 1 {
            if line.starts_with(b"\xFF\xFE") || line.starts_with(b"\xFE\xFF") {
                return Err(LineError::Utf16);
            }
            line = line.strip_prefix(MARK).unwrap_or(line);
        }
        if LINE_BYTES_MAX < line.len() {
            return Err(LineError::TooLong);
        }
        Ok(Some(line))
    }
}
