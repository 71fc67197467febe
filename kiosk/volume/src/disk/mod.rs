//! Virtual disks: files that describe a disk in pieces, as virtual machines and backups use them.
//!
//! A format gives a [`Map`] from pieces of the disk to places in its file; [`Disk`] reads through
//! it, so that the readers of partition tables and file systems see a medium.

mod qcow2;

mod vdi;

mod vhd;

mod vhdx;

mod vmdk;

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use wire::{Finding, Gap};

use crate::blocks::{Blocks, check_range, head};
use crate::error::VolumeError;
use crate::findings::incomplete;
use crate::number::{narrow, wide};

/// Largest virtual disk, in bytes. Larger ones exist only as empty promises on a stick.
pub const DISK_BYTES_MAX: u64 = 4 << 40;

/// Smallest piece of a disk, in bytes: qcow2 goes down to one sector, for disks of up to 2 GiB.
pub const PIECE_BYTES_MIN: u64 = 512;

/// Most pieces of a disk: one of 4 TiB in pieces of 64 KiB, which is the usual size.
pub const DISK_PIECES_MAX: u64 = 1 << 26;

/// Largest piece of a disk that is packed as one, in bytes.
pub const PACKED_PIECE_BYTES_MAX: u64 = 2 << 20;

/// Where one piece of a disk is in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nowhere: it reads as zeros.
    Hole,
    /// From this byte on, as it is.
    At(u64),
    /// From this byte on, deflated, with or without a header, in at most so many bytes.
    Packed {
        offset_bytes: u64,
        size_bytes: u64,
        has_header: bool,
    },
}

/// How a format says where the pieces of its disk are.
trait Map {
    /// The piece with this number. `file` is the disk's own file.
    fn place(&self, file: &dyn Blocks, piece: u64) -> io::Result<Place>;
}

/// A virtual disk.
pub struct Disk {
    file: Rc<dyn Blocks>,
    size_bytes: u64,
    piece_bytes: u64,
    map: Box<dyn Map>,
    /// The last piece that was unpacked.
    unpacked: RefCell<Option<(u64, Vec<u8>)>>,
    /// What its file says of itself and should not.
    pub findings: Vec<Finding>,
}

/// What a format's headers come to.
struct Parts {
    size_bytes: u64,
    piece_bytes: u64,
    map: Box<dyn Map>,
    findings: Vec<Finding>,
}

/// The formats, and how a file is told to be of one.
#[derive(Clone, Copy)]
enum Format {
    Qcow2,
    Vdi,
    Vhd,
    Vhdx,
    Vmdk,
}

/// The first and the last bytes of a file, which tell its format.
struct Ends {
    begin: Vec<u8>,
    end: Vec<u8>,
}

impl Ends {
    fn of(file: &dyn Blocks) -> Self {
        let last = file.size_bytes().saturating_sub(512);
        Self {
            begin: head(file, 0, 1024).unwrap_or_default(),
            end: head(file, last, 512).unwrap_or_default(),
        }
    }

    fn format(&self) -> Option<Format> {
        if self.begin.starts_with(b"KDMV") {
            Some(Format::Vmdk)
        } else if self.begin.starts_with(b"QFI\xfb") {
            Some(Format::Qcow2)
        } else if self.begin.starts_with(b"vhdxfile") {
            Some(Format::Vhdx)
        } else if self.begin.get(0x40..0x44) == Some(b"\x7f\x10\xda\xbe") {
            Some(Format::Vdi)
        } else if self.begin.starts_with(b"conectix") || self.end.starts_with(b"conectix") {
            Some(Format::Vhd)
        } else {
            None
        }
    }
}

/// Whether `file` is a virtual disk that [`Disk::open`] knows.
#[must_use]
pub fn is_disk(file: &dyn Blocks) -> bool {
    Ends::of(file).format().is_some()
}

impl Disk {
    /// The virtual disk that `file` is.
    ///
    /// # Errors
    /// It is none, or one that cannot be opened: damaged, encrypted, or made of several files.
    pub fn open(file: &Rc<dyn Blocks>) -> Result<Self, VolumeError> {
        let ends = Ends::of(&**file);
        let format = ends.format().ok_or(VolumeError::Foreign)?;
        let parts = match format {
            Format::Qcow2 => qcow2::open(&ends.begin),
            Format::Vdi => vdi::open(&ends.begin),
            Format::Vhd => vhd::open(&**file, &ends.begin, &ends.end),
            Format::Vhdx => vhdx::open(&**file),
            Format::Vmdk => vmdk::open(&**file, &ends.begin),
        };
        Self::new(file, parts?)
    }

    fn new(file: &Rc<dyn Blocks>, parts: Parts) -> Result<Self, VolumeError> {
        if DISK_BYTES_MAX < parts.size_bytes {
            return Err(VolumeError::NoReader {
                kind: "virtual disk that is too large",
                gap: Gap::Limit,
            });
        }
        if !parts.piece_bytes.is_power_of_two() || parts.piece_bytes < PIECE_BYTES_MIN {
            return Err(malformed("pieces of an impossible size"));
        }
        if DISK_PIECES_MAX < parts.size_bytes.div_ceil(parts.piece_bytes) {
            return Err(VolumeError::NoReader {
                kind: "virtual disk in too many pieces",
                gap: Gap::Limit,
            });
        }
        Ok(Self {
            file: Rc::clone(file),
            size_bytes: parts.size_bytes,
            piece_bytes: parts.piece_bytes,
            map: parts.map,
            unpacked: RefCell::new(None),
            findings: parts.findings,
        })
    }

    /// Whether nothing of this range is in the file.
    #[must_use]
    pub fn is_hole(&self, offset_bytes: u64, size_bytes: u64) -> bool {
        let first = offset_bytes.checked_div(self.piece_bytes).unwrap_or(0);
        let end = offset_bytes.saturating_add(size_bytes);
        let end = end.div_ceil(self.piece_bytes);
        (first..end).all(|piece| matches!(self.map.place(&*self.file, piece), Ok(Place::Hole)))
    }

    fn piece(&self, piece: u64, within: u64, buffer: &mut [u8]) -> io::Result<()> {
        // The last piece of a disk may be shorter in its file than it is.
        let is_last = self.size_bytes.div_ceil(self.piece_bytes) <= piece.saturating_add(1);
        match self.map.place(&*self.file, piece)? {
            Place::Hole => buffer.fill(0),
            Place::At(offset) => {
                let offset = offset.saturating_add(within);
                let there = self.file.size_bytes().saturating_sub(offset);
                let length = buffer.len().min(narrow(there));
                let (stored, beyond) = buffer.split_at_mut(length);
                if !beyond.is_empty() && !is_last {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.file.read_at(offset, stored)?;
                beyond.fill(0);
            }
            Place::Packed {
                offset_bytes,
                size_bytes,
                has_header,
            } => {
                let mut last = self.unpacked.borrow_mut();
                if last.as_ref().is_none_or(|(number, _)| *number != piece) {
                    let there = self.file.size_bytes().saturating_sub(offset_bytes);
                    let packed = head(&*self.file, offset_bytes, narrow(size_bytes.min(there)))?;
                    let begun = piece.saturating_mul(self.piece_bytes);
                    let least = self.size_bytes.saturating_sub(begun).min(self.piece_bytes);
                    let unpacked = inflate(&packed, has_header, self.piece_bytes, least)?;
                    *last = Some((piece, unpacked));
                }
                let bytes = last.as_ref().map_or(&[][..], |(_, bytes)| bytes);
                let bytes = bytes.get(narrow(within)..).unwrap_or_default();
                let bytes = bytes.get(..buffer.len());
                buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::InvalidData)?);
            }
        }
        Ok(())
    }
}

impl Blocks for Disk {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        check_range(self.size_bytes, offset_bytes, buffer.len())?;
        let mut at = offset_bytes;
        let mut rest = buffer;
        while !rest.is_empty() {
            let piece = at.checked_div(self.piece_bytes).unwrap_or(0);
            let within = at.checked_rem(self.piece_bytes).unwrap_or(0);
            let length = narrow(self.piece_bytes.saturating_sub(within)).min(rest.len());
            let (now, later) = rest.split_at_mut(length);
            self.piece(piece, within, now)?;
            at = at.saturating_add(wide(length));
            rest = later;
        }
        Ok(())
    }
}

/// Unpacks one piece, which is `piece_bytes` long; of the last, `least` bytes are enough.
fn inflate(packed: &[u8], has_header: bool, piece_bytes: u64, least: u64) -> io::Result<Vec<u8>> {
    if PACKED_PIECE_BYTES_MAX < piece_bytes {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let mut unpacked = vec![0; narrow(piece_bytes)];
    let mut state = flate2::Decompress::new(has_header);
    let status = state.decompress(packed, &mut unpacked, flate2::FlushDecompress::Finish);
    let is_whole = least <= state.total_out();
    match status {
        Ok(_) if is_whole => Ok(unpacked),
        Ok(_) | Err(_) => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn malformed(what: &'static str) -> VolumeError {
    VolumeError::Malformed {
        kind: "virtual disk",
        what,
    }
}

fn feature(what: &str) -> VolumeError {
    VolumeError::Feature {
        kind: "virtual disk",
        what: what.to_owned(),
    }
}

/// A disk whose rest is in another file.
fn differencing() -> VolumeError {
    feature("it holds only what differs from another file")
}

/// What makes readers disagree about a disk.
fn contradiction(detail: &str) -> Finding {
    incomplete("disk_contradiction", detail)
}

/// The big-endian number at `at`.
fn big_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(crate::number::array(bytes, at))
}

/// The big-endian number at `at`.
fn big_u64(bytes: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(crate::number::array(bytes, at))
}

/// One number of a table in the file.
fn entry(file: &dyn Blocks, table: u64, index: u64, width: u64) -> io::Result<Vec<u8>> {
    let offset = index
        .checked_mul(width)
        .and_then(|at| at.checked_add(table));
    let offset = offset.ok_or(io::ErrorKind::UnexpectedEof)?;
    let mut bytes = vec![0; narrow(width)];
    file.read_at(offset, &mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
