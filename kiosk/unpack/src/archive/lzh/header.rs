//! One LZH header of the levels 0 to 3 (LHa for UNIX, "header.doc").

use crate::bytes::{part, rest, span, u16_at, u32_at, u64_at};

/// The most extended headers that are read of one member; writers put down a dozen kinds.
pub(super) const EXTENSIONS_MAX: usize = 1_000;

/// Where every level has its method and its level.
const METHOD_AT: usize = 2;
const METHOD_BYTES: usize = 5;
const LEVEL_AT: usize = 20;

/// The method at the beginning of a content, when it is one that has existed.
pub(super) fn method(content: &[u8], at: usize) -> Option<&[u8]> {
    let method = part(content, at.checked_add(METHOD_AT)?, METHOD_BYTES)?;
    let known = matches!(
        method,
        [b'-', b'l', b'h', b'0'..=b'9' | b'a'..=b'e' | b'x', b'-']
            | [b'-', b'l', b'z', b'2'..=b'8' | b's', b'-']
            | [b'-', b'p', b'm', b'0'..=b'2' | b's', b'-']
    );
    known.then_some(method)
}

/// One member's header with its extended headers.
#[derive(Default)]
pub(super) struct Header<'a> {
    pub(super) method: &'a [u8],
    pub(super) packed_bytes: u64,
    pub(super) bytes: u64,
    pub(super) crc: Option<u16>,
    /// The name in the header itself.
    pub(super) own_name: &'a [u8],
    /// From extended headers: file and folder names, in the writer's code and in UTF-16.
    pub(super) file: Option<&'a [u8]>,
    pub(super) folder: Option<&'a [u8]>,
    pub(super) wide_file: Option<&'a [u8]>,
    pub(super) wide_folder: Option<&'a [u8]>,
    /// The Unix permissions with the type.
    pub(super) mode: Option<u16>,
    /// The system that wrote it.
    pub(super) system: u8,
    pub(super) level: u8,
    pub(super) data_at: usize,
    /// What is wrong with it.
    pub(super) fault: Option<&'static str>,
    /// Whether it belongs to an archive of several parts.
    pub(super) is_split: bool,
    /// Whether two of its sizes contradict each other.
    pub(super) has_two_sizes: bool,
}

impl<'a> Header<'a> {
    /// The header at `at`, when there is one that is whole.
    pub(super) fn read(content: &'a [u8], at: usize) -> Option<Self> {
        let header = rest(content, at, usize::MAX);
        let level = *header.get(LEVEL_AT)?;
        let mut read = Self {
            method: method(content, at)?,
            packed_bytes: u64::from(u32_at(header, 7)?),
            bytes: u64::from(u32_at(header, 11)?),
            level,
            ..Self::default()
        };
        match level {
            0 | 1 => read.read_old(header)?,
            2 => read.read_new(header, 2)?,
            3 => read.read_new(header, 4)?,
            _ => return None,
        }
        read.data_at = at.checked_add(read.data_at)?;
        Some(read)
    }

    /// Levels 0 and 1, which have a size of one byte, a sum and a name.
    fn read_old(&mut self, header: &'a [u8]) -> Option<()> {
        let own_bytes = usize::from(*header.first()?).checked_add(2)?;
        let own = part(header, 0, own_bytes)?;
        let sum = rest(own, 2, usize::MAX)
            .iter()
            .fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        if own.get(1) != Some(&sum) {
            self.fault = Some("the checksum of a header is wrong");
        }
        let name_bytes = usize::from(*own.get(21)?);
        self.own_name = part(own, 22, name_bytes)?;
        let crc_at = name_bytes.checked_add(22)?;
        self.crc = u16_at(own, crc_at);
        self.system = rest(own, crc_at.checked_add(2)?, 1)
            .first()
            .copied()
            .unwrap_or_default();
        self.data_at = own_bytes;
        if self.level == 0 {
            // Unix puts its permissions behind the system.
            if self.system == b'U' {
                self.mode = u16_at(own, crc_at.checked_add(8)?);
            }
            return Some(());
        }
        let first = u16_at(own, own_bytes.checked_sub(2)?)?;
        let extended = self.extend(header, own_bytes, u32::from(first), 2)?;
        let Some(packed) = self.packed_bytes.checked_sub(extended) else {
            self.fault = Some("the extended headers are longer than the member");
            self.packed_bytes = 0;
            return Some(());
        };
        self.packed_bytes = packed;
        Some(())
    }

    /// Levels 2 and 3, whose sizes have `width` bytes and which have only extended headers.
    fn read_new(&mut self, header: &'a [u8], width: usize) -> Option<()> {
        self.crc = u16_at(header, 21);
        self.system = *header.get(23)?;
        let (whole_bytes, first_at) = if width == 2 {
            // LHA of OS-9 does not count the size itself.
            let uncounted = if self.system == b'K' { 2 } else { 0 };
            (usize::from(u16_at(header, 0)?).checked_add(uncounted)?, 24)
        } else {
            (span(u64::from(u32_at(header, 24)?)), 28)
        };
        let whole = part(header, 0, whole_bytes)?;
        let first = size(whole, first_at, width)?;
        let extensions_at = width.checked_add(first_at)?;
        self.data_at = whole_bytes;
        let used = self.extend(whole, extensions_at, first, width)?;
        // One byte may fill the header up so that its size does not end in a zero byte.
        let end = extensions_at.saturating_add(span(used));
        if 1 < whole_bytes.saturating_sub(end) {
            self.fault = Some("bytes behind the extended headers");
        }
        Some(())
    }

    /// Reads extended headers from `at` on, and tells how long they are together.
    fn extend(
        &mut self,
        header: &'a [u8],
        at: usize,
        first_bytes: u32,
        width: usize,
    ) -> Option<u64> {
        let mut at = at;
        let mut bytes = span(u64::from(first_bytes));
        let mut used: u64 = 0;
        let mut extensions: usize = 0;
        let mut stated_crc = None;
        while bytes != 0 {
            extensions = extensions.saturating_add(1);
            if EXTENSIONS_MAX < extensions {
                return None;
            }
            let extension = part(header, at, bytes)?;
            let next_at = bytes.checked_sub(width)?;
            let data = part(extension, 1, next_at.checked_sub(1)?)?;
            let kind = *extension.first()?;
            if kind == 0 {
                stated_crc = Some((u16_at(data, 0)?, at.checked_add(1)?));
            }
            self.take(kind, data);
            used = used.saturating_add(crate::bytes::length(bytes));
            at = at.checked_add(bytes)?;
            bytes = span(u64::from(size(extension, next_at, width)?));
        }
        if self.level == 1 {
            self.data_at = at;
        }
        let whole = rest(header, 0, self.data_at);
        if stated_crc.is_some_and(|(crc, crc_at)| header_crc(whole, crc_at) != crc) {
            self.fault = Some("the checksum of a header is wrong");
        }
        Some(used)
    }

    /// Takes a name, of which some readers see the first and some the last.
    fn name(&mut self, field: impl Fn(&mut Self) -> &mut Option<&'a [u8]>, name: &'a [u8]) {
        if field(self).replace(name).is_some() {
            self.fault = Some("a header has a name twice");
        }
    }

    fn take(&mut self, kind: u8, data: &'a [u8]) {
        match kind {
            0x01 => self.name(|header| &mut header.file, data),
            0x02 => self.name(|header| &mut header.folder, data),
            0x39 => self.is_split = true,
            0x42 => {
                if let Some((packed, bytes)) = u64_at(data, 0).zip(u64_at(data, 8)) {
                    let differs = |wide: u64, narrow: u64| wide <= 0xffff_fffe && wide != narrow;
                    self.has_two_sizes = self.level != 1 && differs(packed, self.packed_bytes)
                        || differs(bytes, self.bytes);
                    self.packed_bytes = packed;
                    self.bytes = bytes;
                }
            }
            0x44 => self.name(|header| &mut header.wide_file, data),
            0x45 => self.name(|header| &mut header.wide_folder, data),
            0x50 => self.mode = u16_at(data, 0),
            _ => {}
        }
    }
}

/// A size of two or four bytes.
fn size(content: &[u8], at: usize, width: usize) -> Option<u32> {
    if width == 2 {
        u16_at(content, at).map(u32::from)
    } else {
        u32_at(content, at)
    }
}

/// The checksum of a header in which it counts as zero itself.
fn header_crc(header: &[u8], crc_at: usize) -> u16 {
    let before = crc16(0, rest(header, 0, crc_at));
    let zeros = crc16(before, &[0, 0]);
    crc16(zeros, rest(header, crc_at.saturating_add(2), usize::MAX))
}

/// The checksum of contents and headers (polynomial 0x8005, the lowest bit first).
pub(super) fn crc16(begin: u16, data: &[u8]) -> u16 {
    data.iter().fold(begin, |crc, byte| {
        let index = usize::from((crc ^ u16::from(*byte)) & 0xff);
        crc.wrapping_shr(8) ^ CRC_TABLE.get(index).copied().unwrap_or_default()
    })
}

const CRC_TABLE: [u16; 256] = crc_table();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "computed when compiling, where nothing else can be used"
)]
const fn crc_table() -> [u16; 256] {
    let mut table = [0_u16; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u16;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xa001
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}
