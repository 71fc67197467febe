//! A zip archive that is written from its beginning to its end (APPNOTE.TXT): each member is
//! deflated as it comes, and its sizes follow it.

use std::io::{self, Write};

use crc32fast::Hasher;
use flate2::{Compress, Compression, FlushCompress, Status};

use crate::error::ExportError;

/// Bytes that are deflated at a time.
const BUFFER_BYTES: usize = 32 * 1024;

/// Sizes follow the member; its name is UTF-8.
const FLAGS: u16 = 1 << 3 | 1 << 11;

/// Deflate.
const METHOD: u16 = 8;

/// What is needed to read it: 2.0, the first with deflate.
const VERSION: u16 = 20;

/// 1 January 1980, the first day that the format knows: two exports of the same entries are the
/// same bytes.
const DATE: u16 = 1 << 5 | 1;

/// An archive that is being written.
pub(super) struct Zip<W> {
    out: W,
    position: u64,
    members: Vec<Member>,
    open: Option<Open>,
}

struct Member {
    name: String,
    offset: u32,
    crc: u32,
    packed: u32,
    size: u32,
}

struct Open {
    name: String,
    offset: u32,
    crc: Hasher,
    deflate: Compress,
}

impl<W: Write> Zip<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            position: 0,
            members: Vec::new(),
            open: None,
        }
    }

    /// Begins a member; one that is open ends.
    pub(super) fn begin(&mut self, name: &str) -> Result<(), ExportError> {
        self.end()?;
        let offset = size(self.position)?;
        let mut header = Vec::new();
        header.extend_from_slice(b"PK\x03\x04");
        header.extend_from_slice(&VERSION.to_le_bytes());
        common(&mut header, 0, 0, 0);
        header.extend_from_slice(&name_length(name)?.to_le_bytes());
        header.extend_from_slice(&0_u16.to_le_bytes());
        header.extend_from_slice(name.as_bytes());
        self.put(&header)?;
        self.open = Some(Open {
            name: name.to_owned(),
            offset,
            crc: Hasher::new(),
            deflate: Compress::new(Compression::default(), false),
        });
        Ok(())
    }

    /// Adds to the member that is open.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        if let Some(open) = &mut self.open {
            open.crc.update(bytes);
        }
        self.deflate(bytes, FlushCompress::None)
    }

    /// Bytes in the member that is open, before they are deflated.
    pub(super) fn added(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.deflate.total_in())
    }

    fn end(&mut self) -> Result<(), ExportError> {
        self.deflate(&[], FlushCompress::Finish)?;
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let member = Member {
            name: open.name,
            offset: open.offset,
            crc: open.crc.finalize(),
            packed: size(open.deflate.total_out())?,
            size: size(open.deflate.total_in())?,
        };
        let mut sizes = b"PK\x07\x08".to_vec();
        for number in [member.crc, member.packed, member.size] {
            sizes.extend_from_slice(&number.to_le_bytes());
        }
        self.members.push(member);
        self.put(&sizes)
    }

    /// Ends the archive with its directory.
    pub(super) fn finish(mut self) -> Result<W, ExportError> {
        self.end()?;
        let begin = self.position;
        let members = std::mem::take(&mut self.members);
        for member in &members {
            let mut record = b"PK\x01\x02".to_vec();
            record.extend_from_slice(&VERSION.to_le_bytes());
            record.extend_from_slice(&VERSION.to_le_bytes());
            common(&mut record, member.crc, member.packed, member.size);
            record.extend_from_slice(&name_length(&member.name)?.to_le_bytes());
            // No extra field, no comment, disk 0, no attributes.
            record.extend_from_slice(&[0; 12]);
            record.extend_from_slice(&member.offset.to_le_bytes());
            record.extend_from_slice(member.name.as_bytes());
            self.put(&record)?;
        }
        let length = size(self.position.saturating_sub(begin))?;
        let count = u16::try_from(members.len());
        let count = count.map_err(|_| ExportError::TooLarge("too many sheets for a workbook"))?;
        let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
        end.extend_from_slice(&count.to_le_bytes());
        end.extend_from_slice(&count.to_le_bytes());
        end.extend_from_slice(&length.to_le_bytes());
        end.extend_from_slice(&size(begin)?.to_le_bytes());
        end.extend_from_slice(&[0; 2]);
        self.put(&end)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn deflate(&mut self, bytes: &[u8], flush: FlushCompress) -> Result<(), ExportError> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let is_last = matches!(flush, FlushCompress::Finish);
        let mut rest = bytes;
        let mut packed = Vec::with_capacity(BUFFER_BYTES);
        loop {
            packed.clear();
            let before = open.deflate.total_in();
            let status = open.deflate.compress_vec(rest, &mut packed, flush);
            let status = status.map_err(io::Error::other)?;
            let taken = open.deflate.total_in().saturating_sub(before);
            rest = rest
                .get(usize::try_from(taken).unwrap_or(usize::MAX)..)
                .unwrap_or_default();
            self.out.write_all(&packed)?;
            let more = u64::try_from(packed.len()).unwrap_or(u64::MAX);
            self.position = self.position.saturating_add(more);
            let is_done = if is_last {
                status == Status::StreamEnd
            } else {
                rest.is_empty()
            };
            if is_done {
                return Ok(());
            }
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        self.out.write_all(bytes)?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.position = self.position.saturating_add(length);
        Ok(())
    }
}

/// What a member's header and its record in the directory share.
fn common(header: &mut Vec<u8>, crc: u32, packed: u32, size: u32) {
    for number in [FLAGS, METHOD, 0, DATE] {
        header.extend_from_slice(&number.to_le_bytes());
    }
    for number in [crc, packed, size] {
        header.extend_from_slice(&number.to_le_bytes());
    }
}

fn name_length(name: &str) -> Result<u16, ExportError> {
    u16::try_from(name.len()).map_err(|_| ExportError::TooLarge("a name is too long for a zip"))
}

fn size(bytes: u64) -> Result<u32, ExportError> {
    u32::try_from(bytes).map_err(|_| ExportError::TooLarge("a workbook ends at 4 GiB"))
}
