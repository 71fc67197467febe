//! One block of RAR 1.5 to 4.x: its header and its data.

use super::super::codec::Method;
use super::name;
use crate::bytes::{part, rest, span, u16_at, u32_at};

/// Checksum, kind, flags and size.
const HEAD_BYTES: usize = 7;
/// Those and the fields of an archive's header.
const MAIN_BYTES: usize = 13;
/// Those and the fields of a file's header, up to its 64-bit sizes or its name.
const FILE_BYTES: usize = 32;

/// Any block: a size of data follows the header's own.
const HAS_DATA: u16 = 0x8000;

/// One block.
pub(super) struct Block<'a> {
    pub(super) kind: Kind<'a>,
    /// The whole header.
    pub(super) head: &'a [u8],
    /// As much of its data as there is.
    pub(super) data: &'a [u8],
    /// How long its data should be.
    pub(super) data_bytes: u64,
    /// Where the next block is.
    pub(super) end: usize,
}

pub(super) enum Kind<'a> {
    Main(Main<'a>),
    File(File<'a>),
    Service(File<'a>),
    Comment,
    OldService,
    Recovery,
    Signature,
    End,
    Unknown,
}

pub(super) struct Main<'a> {
    pub(super) is_solid: bool,
    pub(super) is_encrypted: bool,
    pub(super) is_later_volume: bool,
    pub(super) comment: Option<&'a [u8]>,
}

/// What the header of a file or service says.
pub(super) struct File<'a> {
    pub(super) name: &'a [u8],
    pub(super) behind_name: &'a [u8],
    pub(super) is_unicode: bool,
    pub(super) is_folder: bool,
    pub(super) is_unix_link: bool,
    pub(super) is_encrypted: bool,
    pub(super) is_split: bool,
    pub(super) is_solid: bool,
    pub(super) size_bytes: Option<u64>,
    pub(super) packed_bytes: u64,
    pub(super) crc: u32,
    /// Version needed to unpack, times ten.
    pub(super) version: u8,
    pub(super) method: u8,
    pub(super) comment: Option<&'a [u8]>,
}

impl<'a> Block<'a> {
    /// The block at `at`.
    ///
    /// # Errors
    /// What is wrong with its header.
    pub(super) fn read(content: &'a [u8], at: usize) -> Result<Self, &'static str> {
        const CUT: &str = "a rar header is cut off or too short";
        let size = u16_at(content, at.saturating_add(5)).ok_or(CUT)?;
        if usize::from(size) < HEAD_BYTES {
            return Err(CUT);
        }
        let head = part(content, at, usize::from(size)).ok_or(CUT)?;
        let (kind, data_bytes, checked) =
            read(head).ok_or("a rar header ends before its fields")?;
        let is_right = |bytes: &[u8]| {
            let crc = crc32fast::hash(rest(bytes, 2, usize::MAX));
            u16_at(head, 0).map(u32::from) == Some(crc & 0xffff)
        };
        if !is_right(checked) && !is_right(head) {
            return Err("a rar header has a wrong checksum");
        }
        let data_at = at.saturating_add(head.len());
        Ok(Self {
            kind,
            head,
            data: rest(content, data_at, span(data_bytes)),
            data_bytes,
            end: data_at.saturating_add(span(data_bytes)),
        })
    }
}

/// The kind, the size of the data, and what of the header its checksum is of when that is not all
/// of it.
fn read(head: &[u8]) -> Option<(Kind<'_>, u64, &[u8])> {
    let flags = u16_at(head, 3)?;
    let mut checked = head;
    let mut data_bytes = if flags & HAS_DATA == 0 {
        0
    } else {
        u64::from(u32_at(head, HEAD_BYTES)?)
    };
    let kind = match *head.get(2)? {
        0x73 => {
            let main = Main::read(head, flags)?;
            if main.comment.is_some() {
                checked = part(head, 0, MAIN_BYTES)?;
            }
            data_bytes = 0;
            Kind::Main(main)
        }
        kind @ (0x74 | 0x7a) => {
            let file = File::read(head, flags)?;
            data_bytes = file.packed_bytes;
            if file.comment.is_some() {
                checked = rest(head, 0, head.len().checked_sub(file.behind_name.len())?);
            }
            if kind == 0x74 {
                Kind::File(file)
            } else {
                Kind::Service(file)
            }
        }
        0x75 => {
            checked = part(head, 0, MAIN_BYTES)?;
            Kind::Comment
        }
        0x77 => Kind::OldService,
        0x78 => Kind::Recovery,
        0x76 | 0x79 => Kind::Signature,
        0x7b => Kind::End,
        _ => Kind::Unknown,
    };
    Some((kind, data_bytes, checked))
}

impl<'a> Main<'a> {
    fn read(head: &'a [u8], flags: u16) -> Option<Self> {
        let behind = head.get(MAIN_BYTES..)?;
        Some(Self {
            is_solid: flags & 0x08 != 0,
            is_encrypted: flags & 0x80 != 0,
            // Only from 3.0 on the first volume is marked.
            is_later_volume: flags & 0x101 == 1,
            // It may also follow as a block of its own.
            comment: (flags & 0x02 != 0 && !behind.is_empty()).then_some(behind),
        })
    }
}

impl<'a> File<'a> {
    fn read(head: &'a [u8], flags: u16) -> Option<Self> {
        let mut packed_bytes = u64::from(u32_at(head, 7)?);
        let mut size_bytes = u64::from(u32_at(head, 11)?);
        let mut name_at = FILE_BYTES;
        let mut is_size_known = size_bytes != u64::from(u32::MAX);
        if flags & 0x100 != 0 {
            packed_bytes |= u64::from(u32_at(head, 32)?) << 32;
            size_bytes |= u64::from(u32_at(head, 36)?) << 32;
            name_at = name_at.checked_add(8)?;
            is_size_known = size_bytes != u64::MAX;
        }
        let name = part(head, name_at, usize::from(u16_at(head, 26)?))?;
        let behind_name = head.get(name_at.checked_add(name.len())?..)?;
        let version = *head.get(24)?;
        let attributes = u32_at(head, 28)?;
        let is_unix = *head.get(15)? == 3;
        let is_dos_folder = !is_unix && version < 20 && attributes & 0x10 != 0;
        Some(Self {
            name,
            behind_name,
            is_unicode: flags & 0x200 != 0,
            is_folder: flags & 0xe0 == 0xe0 || is_dos_folder,
            is_unix_link: is_unix && attributes & 0xf000 == 0xa000,
            is_encrypted: flags & 0x04 != 0,
            is_split: flags & 0x03 != 0,
            is_solid: flags & 0x10 != 0,
            size_bytes: is_size_known.then_some(size_bytes),
            packed_bytes,
            crc: u32_at(head, 16)?,
            version,
            method: *head.get(25)?,
            comment: (flags & 0x08 != 0).then_some(behind_name),
        })
    }

    /// The name as it is shown, and another spelling.
    pub(super) fn names(&self) -> (Vec<u8>, Vec<u8>) {
        name::names(self.name, self.is_unicode)
    }
}

/// How something is packed, by the version that unpacks it and its method.
pub(super) fn method(version: u8, method: u8) -> Method {
    match (method, version) {
        (0x30, _) => Method::Stored,
        (0x31..=0x35, 15) => Method::Rar15,
        (0x31..=0x35, 20 | 26) => Method::Rar20,
        (0x31..=0x35, 29 | 36) => Method::Rar29,
        _ => Method::Unknown,
    }
}
