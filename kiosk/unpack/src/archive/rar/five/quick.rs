//! The quick open record: copies of headers, which some readers list and unpack by.

use super::header::Fields;
use crate::bytes::{part, span};

/// Whether every copy is the header that stands in the archive itself. `service_at` is where the
/// record's own header begins, from which each copy tells its distance.
pub(super) fn agrees(content: &[u8], service_at: usize, data: &[u8]) -> bool {
    let mut fields = Fields(data);
    while !fields.0.is_empty() {
        if fields.0.iter().all(|byte| *byte == 0) {
            return true;
        }
        if copy(content, service_at, &mut fields) != Some(true) {
            return false;
        }
    }
    true
}

fn copy(content: &[u8], service_at: usize, fields: &mut Fields<'_>) -> Option<bool> {
    let _crc = fields.u32()?;
    let size = fields.vint()?;
    let mut entry = Fields(fields.take(span(size))?);
    let _flags = entry.vint()?;
    let distance = entry.vint()?;
    let header_bytes = entry.vint()?;
    let header = entry.take(span(header_bytes))?;
    let at = service_at.checked_sub(span(distance))?;
    Some(part(content, at, header.len()) == Some(header))
}
