//! The structure of programs for Windows (the PE format), as far as it says where things lie.

use crate::bytes::{has, rest, span, u16_at, u32_at};

/// Most sections that are read. It is the most that Windows loads.
pub(crate) const SECTIONS_MAX: usize = 96;

/// Where the old header says where the new one is.
const NEW_HEADER_AT: usize = 0x3c;
/// The signature and the file header.
const FILE_HEADER_BYTES: usize = 24;
const SECTION_BYTES: usize = 40;
/// One entry of the old symbol table, which lies behind the sections.
const SYMBOL_BYTES: usize = 18;
/// Windows reads a section from a whole sector of this size on, whatever its header says.
const SECTOR_BYTES: usize = 512;
const PAGE_BYTES: u32 = 4096;

/// The section holds code that may run.
const RUNS: u32 = 0x2000_0000;

/// The directories of the optional header that are of use here.
#[derive(Clone, Copy)]
pub(crate) enum Directory {
    Imports,
    Resources,
    Certificates,
}

/// One section.
pub(crate) struct Section<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) data: &'a [u8],
    pub(crate) runs: bool,
    address: u32,
    at: usize,
}

/// A program.
pub(crate) struct Image<'a> {
    pub(crate) content: &'a [u8],
    pub(crate) sections: Vec<Section<'a>>,
    pub(crate) has_more_sections: bool,
    /// Where the last section, the headers and the old symbols end.
    pub(crate) end: usize,
    head_bytes: usize,
    /// Where the directories begin, and how many there are.
    directories_at: usize,
    directories: u32,
    is_flat: bool,
}

/// Whether the content begins with the headers of a program for Windows.
pub(crate) fn begins(content: &[u8]) -> bool {
    header_at(content).is_some()
}

/// Where the new header is.
fn header_at(content: &[u8]) -> Option<usize> {
    if !has(content, 0, b"MZ") && !has(content, 0, b"ZM") {
        return None;
    }
    let at = span(u64::from(u32_at(content, NEW_HEADER_AT)?));
    let magic = u16_at(content, at.checked_add(FILE_HEADER_BYTES)?)?;
    (has(content, at, b"PE\0\0") && matches!(magic, 0x10b | 0x20b)).then_some(at)
}

/// Whether this is a program in the middle of something else beyond doubt: its headers agree.
pub(crate) fn is_certain(content: &[u8]) -> bool {
    let agrees = |at: usize| {
        let field = |offset: usize| u16_at(content, at.checked_add(offset)?);
        let machine = field(4)?;
        let known = matches!(
            machine,
            0x14c | 0x166 | 0x1c0 | 0x1c2 | 0x1c4 | 0x200 | 0xebc | 0x8664 | 0xa641 | 0xaa64
        );
        let sections = usize::from(field(6)?);
        let optional = usize::from(field(20)?);
        let least = if field(24)? == 0x20b { 112 } else { 96 };
        Some(known && (1..=SECTIONS_MAX).contains(&sections) && least <= optional)
    };
    header_at(content).and_then(agrees) == Some(true)
}

impl<'a> Image<'a> {
    /// Reads the headers; what lies outside of the content is cut.
    pub(crate) fn read(content: &'a [u8]) -> Option<Self> {
        let at = header_at(content)?;
        let count = usize::from(u16_at(content, at.checked_add(6)?)?);
        let optional_bytes = usize::from(u16_at(content, at.checked_add(20)?)?);
        let optional_at = at.checked_add(FILE_HEADER_BYTES)?;
        let field = |offset: usize| {
            optional_at
                .checked_add(offset)
                .and_then(|at| u32_at(content, at))
        };
        let is_wide = u16_at(content, optional_at)? == 0x20b;
        let counted = if is_wide { 108 } else { 92 };
        let is_flat = field(32)? < PAGE_BYTES;
        let table_at = optional_at.checked_add(optional_bytes)?;
        let mut sections = Vec::new();
        for index in 0..count.min(SECTIONS_MAX) {
            let at = table_at.saturating_add(index.saturating_mul(SECTION_BYTES));
            match Section::read(content, at, is_flat) {
                Some(section) => sections.push(section),
                None => break,
            }
        }
        let head_bytes = span(u64::from(field(60).unwrap_or(0)));
        let headers_end = table_at.saturating_add(count.saturating_mul(SECTION_BYTES));
        let ends = sections.iter().map(Section::end);
        let end = ends.max().unwrap_or(0).max(head_bytes).max(headers_end);
        let end = with_symbols(content, at, end.min(content.len()));
        Some(Self {
            content,
            has_more_sections: SECTIONS_MAX < count,
            sections,
            end,
            head_bytes,
            directories_at: optional_at.saturating_add(counted).saturating_add(4),
            directories: field(counted).unwrap_or(0),
            is_flat,
        })
    }

    /// Where a directory lies and how large it says to be; none when there is none.
    pub(crate) fn directory(&self, directory: Directory) -> Option<(u32, u32)> {
        let index: u32 = match directory {
            Directory::Imports => 1,
            Directory::Resources => 2,
            Directory::Certificates => 4,
        };
        let offset = span(u64::from(index)).saturating_mul(8);
        let at = self.directories_at.saturating_add(offset);
        let found = u32_at(self.content, at)?;
        let size = u32_at(self.content, at.saturating_add(4))?;
        (index < self.directories && found != 0).then_some((found, size))
    }

    /// What the file has from an address in memory on, to the end of its section.
    pub(crate) fn at_address(&self, address: u32) -> Option<&'a [u8]> {
        let place = span(u64::from(address));
        if self.is_flat || place < self.head_bytes {
            return self.content.get(place..);
        }
        self.sections.iter().find_map(|section| {
            let offset = address.checked_sub(section.address)?;
            let data = section.data.get(span(u64::from(offset))..)?;
            (!data.is_empty()).then_some(data)
        })
    }

    /// Where the certificates lie, which are behind the sections like an overlay.
    pub(crate) fn certificates(&self) -> Option<(usize, usize)> {
        let (at, size) = self.directory(Directory::Certificates)?;
        let at = span(u64::from(at));
        let end = at.checked_add(span(u64::from(size)))?;
        (self.end <= at && end <= self.content.len() && at < end).then_some((at, end))
    }
}

impl<'a> Section<'a> {
    fn read(content: &'a [u8], at: usize, is_flat: bool) -> Option<Self> {
        let header = content.get(at..at.checked_add(SECTION_BYTES)?)?;
        let name = header.get(..8)?;
        let length = name.iter().take_while(|byte| **byte != 0).count();
        let said = span(u64::from(u32_at(header, 20)?));
        let sector = said.checked_div(SECTOR_BYTES)?.saturating_mul(SECTOR_BYTES);
        let data_at = if is_flat { said } else { sector };
        let size = span(u64::from(u32_at(header, 16)?));
        let data = if said == 0 {
            &[]
        } else {
            rest(content, data_at, size)
        };
        Some(Self {
            name: name.get(..length)?,
            data,
            runs: u32_at(header, 36)? & RUNS != 0,
            address: u32_at(header, 12)?,
            at: data_at,
        })
    }

    /// Where it ends in the file.
    fn end(&self) -> usize {
        if self.data.is_empty() {
            0
        } else {
            self.at.saturating_add(self.data.len())
        }
    }
}

/// The end of the old symbols and their names when they follow the sections.
fn with_symbols(content: &[u8], header_at: usize, end: usize) -> usize {
    let symbols_end = || {
        let at = span(u64::from(u32_at(content, header_at.checked_add(12)?)?));
        let count = span(u64::from(u32_at(content, header_at.checked_add(16)?)?));
        let names_at = at.checked_add(count.checked_mul(SYMBOL_BYTES)?)?;
        let names = span(u64::from(u32_at(content, names_at)?));
        let symbols_end = names_at.checked_add(names)?;
        let follows = end <= at && at < end.saturating_add(SECTOR_BYTES);
        (follows && 0 < count && symbols_end <= content.len()).then_some(symbols_end)
    };
    symbols_end().unwrap_or(end)
}
