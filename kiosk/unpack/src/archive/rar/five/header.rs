//! One header of RAR 5.0: what stands before its data.

use super::super::codec::Method;
use crate::bytes::{part, rest, span};

/// Largest header, in bytes, from its kind to its end: what a size of three bytes can say.
pub(in crate::archive::rar) const HEADER_BYTES_MAX: u64 = 2 << 20;

/// Flags of every header.
const HAS_EXTRA: u64 = 0x01;
const HAS_DATA: u64 = 0x02;
/// Data goes on from or in another volume.
const IS_SPLIT: u64 = 0x08 | 0x10;

/// Flags of a file's header.
const IS_FOLDER: u64 = 0x01;
const HAS_TIME: u64 = 0x02;
const HAS_CRC: u64 = 0x04;
const SIZE_UNKNOWN: u64 = 0x08;

/// One header and its data.
#[derive(Debug)]
pub(super) struct Header<'a> {
    pub(super) kind: Kind<'a>,
    /// As much of its data as there is.
    pub(super) data: &'a [u8],
    /// How long its data should be.
    pub(super) data_bytes: u64,
    pub(super) is_split: bool,
    /// Where the next header is.
    pub(super) end: usize,
    /// Whether it holds bytes that none of its fields has.
    pub(super) has_surplus: bool,
}

#[derive(Debug)]
pub(super) enum Kind<'a> {
    Main { is_later_volume: bool },
    File(File<'a>),
    Service(File<'a>),
    Encryption,
    End,
    Unknown,
}

/// What the header of a file or service says.
#[derive(Debug)]
pub(super) struct File<'a> {
    pub(super) name: &'a [u8],
    pub(super) is_folder: bool,
    pub(super) size_bytes: Option<u64>,
    pub(super) crc: Option<u32>,
    pub(super) blake2sp: Option<[u8; 32]>,
    pub(super) method: Method,
    pub(super) is_solid: bool,
    pub(super) is_encrypted: bool,
    pub(super) redirection: Option<Redirection<'a>>,
    pub(super) service_data: Option<&'a [u8]>,
}

/// Where a link leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Redirection<'a> {
    /// Of Unix or Windows, or a junction.
    Symlink(&'a [u8]),
    /// Also the reference to an equal file.
    Hardlink(&'a [u8]),
}

impl<'a> Header<'a> {
    /// The header at `at`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(content: &'a [u8], at: usize) -> Result<Self, &'static str> {
        let (stated, checked, body_at, end) =
            Self::bounds(content, at).ok_or("a rar header is cut off or has no size")?;
        if crc32fast::hash(checked) != stated {
            return Err("a rar header has a wrong checksum");
        }
        let body = content.get(body_at..end).unwrap_or_default();
        Self::fields(content, body, end).ok_or("a rar header ends before its fields")
    }

    /// Its checksum, the bytes it is of, where its fields begin and where it ends.
    fn bounds(content: &'a [u8], at: usize) -> Option<(u32, &'a [u8], usize, usize)> {
        let mut fields = Fields(rest(content, at, usize::MAX));
        let stated = fields.u32()?;
        let before = fields.0.len();
        let size = fields.vint()?;
        if size == 0 || HEADER_BYTES_MAX <= size {
            return None;
        }
        let size_bytes = before.checked_sub(fields.0.len())?;
        let from = at.checked_add(4)?;
        let body_at = from.checked_add(size_bytes)?;
        let end = body_at.checked_add(span(size))?;
        Some((stated, content.get(from..end)?, body_at, end))
    }

    fn fields(content: &'a [u8], body: &'a [u8], end: usize) -> Option<Self> {
        let mut fields = Fields(body);
        let kind = fields.vint()?;
        let flags = fields.vint()?;
        let extra_bytes = fields.vint_if(flags & HAS_EXTRA != 0)?.unwrap_or(0);
        let data_bytes = fields.vint_if(flags & HAS_DATA != 0)?.unwrap_or(0);
        let own_bytes = fields.0.len().checked_sub(span(extra_bytes))?;
        let (own, extra) = fields.0.split_at_checked(own_bytes)?;
        let mut own = Fields(own);
        let mut is_odd = false;
        let kind = match kind {
            1 => {
                let flags = own.vint()?;
                let number = own.vint_if(flags & 2 != 0)?;
                Kind::Main {
                    is_later_volume: number.is_some_and(|number| number != 0),
                }
            }
            2 | 3 => {
                let mut file = File::read(&mut own)?;
                is_odd = !file.extend(extra);
                if kind == 2 {
                    Kind::File(file)
                } else {
                    Kind::Service(file)
                }
            }
            4 => Kind::Encryption,
            5 => {
                own.vint()?;
                Kind::End
            }
            _ => Kind::Unknown,
        };
        let is_read = own.0.is_empty() || matches!(kind, Kind::Encryption | Kind::Unknown);
        Some(Self {
            kind,
            data: rest(content, end, span(data_bytes)),
            data_bytes,
            is_split: flags & IS_SPLIT != 0,
            end: end.saturating_add(span(data_bytes)),
            has_surplus: is_odd || !is_read,
        })
    }
}

impl<'a> File<'a> {
    fn read(fields: &mut Fields<'a>) -> Option<Self> {
        let flags = fields.vint()?;
        let size_bytes = fields.vint()?;
        let _attributes = fields.vint()?;
        if flags & HAS_TIME != 0 {
            fields.u32()?;
        }
        let crc = if flags & HAS_CRC != 0 {
            Some(fields.u32()?)
        } else {
            None
        };
        let packing = fields.vint()?;
        let _system = fields.vint()?;
        let name_bytes = fields.vint()?;
        let name = fields.take(span(name_bytes))?;
        Some(Self {
            name,
            is_folder: flags & IS_FOLDER != 0,
            size_bytes: (flags & SIZE_UNKNOWN == 0).then_some(size_bytes),
            crc,
            blake2sp: None,
            method: method(packing),
            is_solid: packing & 0x40 != 0,
            is_encrypted: false,
            redirection: None,
            service_data: None,
        })
    }

    /// Takes the records behind the fields; false when they are not whole.
    fn extend(&mut self, extra: &'a [u8]) -> bool {
        let mut fields = Fields(extra);
        while !fields.0.is_empty() {
            let record = fields.vint().and_then(|size| fields.take(span(size)));
            if record.and_then(|record| self.record(record)).is_none() {
                return false;
            }
        }
        true
    }

    fn record(&mut self, record: &'a [u8]) -> Option<()> {
        let mut fields = Fields(record);
        match fields.vint()? {
            1 => self.is_encrypted = true,
            2 => {
                let algorithm = fields.vint()?;
                // Of other digests nothing is known that could be checked.
                if algorithm == 0 {
                    self.blake2sp = Some(fields.take(32)?.try_into().ok()?);
                }
            }
            5 => {
                let kind = fields.vint()?;
                let _flags = fields.vint()?;
                let name_bytes = fields.vint()?;
                let target = fields.take(span(name_bytes))?;
                self.redirection = Some(match kind {
                    1..=3 => Redirection::Symlink(target),
                    _ => Redirection::Hardlink(target),
                });
            }
            7 => self.service_data = Some(fields.0),
            _ => {}
        }
        Some(())
    }
}

/// From the bits that tell how a file is packed.
fn method(packing: u64) -> Method {
    let version = packing & 0x3f;
    match (packing >> 7) & 7 {
        0 => Method::Stored,
        1..=5 if version <= 1 => {
            let power = (packing >> 10) & if version == 0 { 0xf } else { 0x1f };
            let whole = (128_u64 << 10) << power;
            let parts = if version == 0 {
                0
            } else {
                (packing >> 15) & 0x1f
            };
            Method::Rar50 {
                // A longer dictionary may be given although the distances are the old ones.
                is_wide: version == 1 && packing & 0x10_0000 == 0,
                dictionary_bytes: whole.saturating_add((whole >> 5).saturating_mul(parts)),
            }
        }
        _ => Method::Unknown,
    }
}

/// What is left of a header.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    /// Seven bits a byte, the lowest first; the top bit tells that more follow.
    pub(super) fn vint(&mut self) -> Option<u64> {
        let mut value: u64 = 0;
        for index in 0..10_u32 {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            let shift = index.saturating_mul(7);
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    pub(super) fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        let bytes = part(self.take(4)?, 0, 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    }

    /// The number when it is there; `None` inside when it is not to be.
    fn vint_if(&mut self, is_there: bool) -> Option<Option<u64>> {
        if is_there {
            self.vint().map(Some)
        } else {
            Some(None)
        }
    }
}
