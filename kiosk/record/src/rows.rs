//! Rows as they arrive: one [`Row`] a line of JSON, in memory that its sender cannot change.

use std::os::fd::{AsFd, OwnedFd};

use jail::memory::{map, require_sealed};
use wire::Row;
use wire::frame::FRAME_BYTES_MAX;
use wire::ledger::ROWS_BYTES_MAX;

use crate::canonical;
use crate::check;
use crate::error::Refusal;

/// Longest line of a row, in bytes: each came to its sender in one message.
pub const ROW_BYTES_MAX: usize = FRAME_BYTES_MAX;

/// Received rows that can be read, but are not yet checked.
pub struct Rows(jail::memory::Mapped);

impl Rows {
    /// Takes the memory file that came with a message.
    ///
    /// # Errors
    /// When it is not sealed or longer than [`ROWS_BYTES_MAX`]; nothing is read before that.
    pub fn receive(file: &OwnedFd) -> Result<Self, Refusal> {
        let length = require_sealed(file.as_fd()).map_err(Refusal::Unsealed)?;
        if ROWS_BYTES_MAX < length {
            return Err(Refusal::RowsTooLong(length));
        }
        map(file.as_fd(), length)
            .map(Self)
            .map_err(Refusal::Unsealed)
    }

    /// Each row, checked for a medium with this verdict, as the line that is stored.
    pub fn lines<'r>(
        &'r self,
        check: &'r mut check::waived::Rows,
    ) -> impl Iterator<Item = Result<String, Refusal>> + 'r {
        let text: &[u8] = &self.0;
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let lines = (!text.is_empty()).then(|| text.split(|byte| *byte == b'\n'));
        (1u64..)
            .zip(lines.into_iter().flatten())
            .map(move |(ordinal, line)| {
                stored(line, check).map_err(|what| Refusal::Row { ordinal, what })
            })
    }
}

fn stored(line: &[u8], check: &mut check::waived::Rows) -> Result<String, String> {
    if ROW_BYTES_MAX < line.len() {
        return Err(format!(
            "of {} bytes is longer than {ROW_BYTES_MAX}",
            line.len()
        ));
    }
    let unreadable = |error: serde_json::Error| format!("is no row: {}", wire::explained(&error));
    let row: Row = serde_json::from_slice(line).map_err(unreadable)?;
    check.next(&row)?;
    canonical::line(&row).map_err(unreadable)
}
