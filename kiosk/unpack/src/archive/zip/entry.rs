//! What the two headers of a member say.

use super::{LISTED, LOCAL};
use crate::bytes::{has, part, rest, u16_at, u32_at, u64_at};

/// A header without its name and extra fields: in the directory (APPNOTE 4.3.12) and before
/// the member (4.3.7).
const LISTED_BYTES: usize = 46;
const LOCAL_BYTES: usize = 30;

/// Extra fields: 64-bit sizes (APPNOTE 4.5.3), and the name in UTF-8 (4.6.9).
const EXTRA_WIDE: u16 = 0x0001;
const EXTRA_UTF8_NAME: u16 = 0x7075;

/// What a header says of a member.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    /// The name as stored.
    pub(super) name: &'a [u8],
    /// The name in UTF-8 that readers prefer, when the header has one for this name.
    pub(super) utf8_name: Option<&'a [u8]>,
    /// General purpose flags.
    pub(super) flags: u16,
    /// Compression method.
    pub(super) method: u16,
    /// CRC-32 of the content.
    pub(super) crc: u32,
    /// Compressed size in bytes.
    pub(super) packed_bytes: u64,
    /// Size in bytes.
    pub(super) bytes: u64,
    /// Unix mode; only the directory has it.
    pub(super) unix_mode: Option<u32>,
    /// Where the directory says that the member is.
    pub(super) local_at: Option<u64>,
}

impl<'a> Entry<'a> {
    /// The directory's entry at `at`, and where the next one is.
    pub(super) fn listed(content: &'a [u8], at: usize) -> Option<(Self, usize)> {
        if !has(content, at, &LISTED) {
            return None;
        }
        let head = part(content, at, LISTED_BYTES)?;
        let name_at = at.checked_add(LISTED_BYTES)?;
        let name = part(content, name_at, usize::from(u16_at(head, 28)?))?;
        let extra_at = name_at.checked_add(name.len())?;
        let extra = part(content, extra_at, usize::from(u16_at(head, 30)?))?;
        let comment_at = extra_at.checked_add(extra.len())?;
        let end = comment_at.checked_add(usize::from(u16_at(head, 32)?))?;
        let mut entry = Self::common(head, 8, name, extra)?;
        // The top half of the external attributes, for archives made on Unix.
        entry.unix_mode = Some(u32_at(head, 38)? >> 16);
        let mut local_at = u64::from(u32_at(head, 42)?);
        entry.widen(extra, Some(&mut local_at));
        entry.local_at = Some(local_at);
        Some((entry, end))
    }

    /// Flags, method, checksum and sizes lie in the same order in both headers.
    fn common(head: &[u8], at: usize, name: &'a [u8], extra: &'a [u8]) -> Option<Self> {
        let fields = rest(head, at, usize::MAX);
        Some(Self {
            name,
            utf8_name: utf8_name(name, extra),
            flags: u16_at(fields, 0)?,
            method: u16_at(fields, 2)?,
            crc: u32_at(fields, 8)?,
            packed_bytes: u64::from(u32_at(fields, 12)?),
            bytes: u64::from(u32_at(fields, 16)?),
            unix_mode: None,
            local_at: None,
        })
    }

    /// Takes the 64-bit sizes for those fields that are all ones, in the order of APPNOTE.
    fn widen(&mut self, extra: &[u8], local_at: Option<&mut u64>) {
        let Some(wide) = extra_field(extra, EXTRA_WIDE) else {
            return;
        };
        let mut at: usize = 0;
        for field in [
            Some(&mut self.bytes),
            Some(&mut self.packed_bytes),
            local_at,
        ] {
            if let Some(field) = field
                && *field == u64::from(u32::MAX)
                && let Some(value) = u64_at(wide, at)
            {
                *field = value;
                at = at.saturating_add(8);
            }
        }
    }

    /// Bit 0 of the flags, or the method that stands for AES.
    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & 1 != 0 || self.method == super::extract::METHOD_AES
    }

    /// The name that readers show.
    pub(super) fn shown_name(&self) -> &'a [u8] {
        self.utf8_name.unwrap_or(self.name)
    }

    /// In what the member's own header differs from the directory.
    pub(super) fn contradicts(&self, local: &Local<'_>) -> Option<&'static str> {
        // With an encrypted directory the own headers hold zeros instead (APPNOTE 4.4.4). Its
        // members are encrypted, too: the flag alone must not hide a second reading.
        if self.flags & 0x2000 != 0 && self.is_encrypted() {
            return None;
        }
        let other = &local.entry;
        if self.name != other.name {
            return Some("a member has two names");
        }
        if self.method != other.method || self.flags & 1 != other.flags & 1 {
            return Some("a member has two methods");
        }
        let sizes = (self.packed_bytes, self.bytes, self.crc);
        if local.has_sizes && sizes != (other.packed_bytes, other.bytes, other.crc) {
            return Some("a member has two sizes or checksums");
        }
        None
    }
}

/// A member's own header.
#[derive(Clone, Debug)]
pub(super) struct Local<'a> {
    /// What it says.
    pub(super) entry: Entry<'a>,
    /// Version needed to extract, times ten.
    pub(super) version: u16,
    /// Where the content begins.
    pub(super) data_at: usize,
    /// Whether it gives the sizes, which otherwise stand behind the content.
    pub(super) has_sizes: bool,
}

impl<'a> Local<'a> {
    pub(super) fn read(content: &'a [u8], at: usize) -> Option<Self> {
        if !has(content, at, &LOCAL) {
            return None;
        }
        let head = part(content, at, LOCAL_BYTES)?;
        let name_at = at.checked_add(LOCAL_BYTES)?;
        let name = part(content, name_at, usize::from(u16_at(head, 26)?))?;
        let extra_at = name_at.checked_add(name.len())?;
        let extra = part(content, extra_at, usize::from(u16_at(head, 28)?))?;
        let mut entry = Entry::common(head, 6, name, extra)?;
        entry.widen(extra, None);
        // Bit 3: the sizes come behind the content. Some writers fill them in here as well.
        let has_sizes = entry.flags & 8 == 0 || entry.packed_bytes != 0;
        let data_at = extra_at.checked_add(extra.len())?;
        Some(Self {
            entry,
            version: u16_at(head, 4)? & 0xff,
            data_at,
            has_sizes,
        })
    }
}

/// The data of the first extra field of this kind.
fn extra_field(extra: &[u8], kind: u16) -> Option<&[u8]> {
    let mut at: usize = 0;
    loop {
        let found = u16_at(extra, at)?;
        let size = usize::from(u16_at(extra, at.checked_add(2)?)?);
        let data_at = at.checked_add(4)?;
        if found == kind {
            return part(extra, data_at, size);
        }
        at = data_at.checked_add(size)?;
    }
}

/// The name in UTF-8, when it was made for `name`: its checksum tells.
fn utf8_name<'a>(name: &[u8], extra: &'a [u8]) -> Option<&'a [u8]> {
    let field = extra_field(extra, EXTRA_UTF8_NAME)?;
    let is_current = field.first() == Some(&1) && u32_at(field, 1)? == crc32fast::hash(name);
    let text = field.get(5..)?;
    (is_current && !text.is_empty()).then_some(text)
}
