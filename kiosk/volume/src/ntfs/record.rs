//! File records and their attributes.

use std::io;

use crate::number::{narrow, u8_at, u16_at, u32_at, u64_at};
use crate::text::{from_utf16, units_le};

/// Attribute types that matter here.
pub(crate) const ATTRIBUTE_LIST: u32 = 0x20;
pub(crate) const FILE_NAME: u32 = 0x30;
pub(crate) const DATA: u32 = 0x80;
pub(crate) const INDEX_ROOT: u32 = 0x90;
pub(crate) const INDEX_ALLOCATION: u32 = 0xA0;
pub(crate) const BITMAP: u32 = 0xB0;
pub(crate) const REPARSE_POINT: u32 = 0xC0;

/// Flags of an attribute.
pub(crate) const COMPRESSED: u16 = 0x00FF;
pub(crate) const ENCRYPTED: u16 = 0x4000;

/// The kind of a name that only DOS needs.
pub(crate) const DOS: u8 = 2;

/// The part of a reference that is a record's number; the rest is its sequence number.
pub(crate) fn number_of(reference: u64) -> u64 {
    reference & 0xFFFF_FFFF_FFFF
}

/// The sequence number in a reference.
pub(crate) fn sequence_of(reference: u64) -> u64 {
    reference >> 48
}

/// A file record with its fix-ups applied.
pub(crate) struct Record {
    pub(crate) number: u64,
    bytes: Vec<u8>,
}

impl Record {
    /// The record in `bytes`.
    ///
    /// # Errors
    /// `InvalidData` when it is no record or was torn by a failed write.
    pub(crate) fn parse(number: u64, mut bytes: Vec<u8>) -> io::Result<Self> {
        if !bytes.starts_with(b"FILE") {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "not a file record",
            ));
        }
        fix_up(&mut bytes)?;
        Ok(Self { number, bytes })
    }

    pub(crate) fn sequence(&self) -> u64 {
        u64::from(u16_at(&self.bytes, 16))
    }

    pub(crate) fn is_in_use(&self) -> bool {
        u16_at(&self.bytes, 22) & 1 != 0
    }

    pub(crate) fn is_folder(&self) -> bool {
        u16_at(&self.bytes, 22) & 2 != 0
    }

    /// The record that this one extends; 0 for none.
    pub(crate) fn base(&self) -> u64 {
        u64_at(&self.bytes, 32)
    }

    /// The name that it says it has, the long one when there are two; empty when it has none.
    pub(crate) fn name(&self) -> Vec<u8> {
        let (own, _) = self.attributes();
        let values = own.iter().filter(|one| one.kind == FILE_NAME);
        let names = values.filter_map(Attribute::resident).map(|key| {
            let bytes = usize::from(u8_at(key, 64)).saturating_mul(2);
            let name = key.get(66..66_usize.saturating_add(bytes));
            (u8_at(key, 65) == DOS, name.unwrap_or_default())
        });
        let best = names.min_by_key(|(is_dos, _)| *is_dos);
        from_utf16(&units_le(best.map_or(&[][..], |(_, name)| name)))
    }

    /// Its own attributes, and whether they are all of known types, in the order of those, and
    /// come to a proper end.
    pub(crate) fn attributes(&self) -> (Vec<Attribute>, bool) {
        let mut found = Vec::new();
        let used = self
            .bytes
            .len()
            .min(narrow(u64::from(u32_at(&self.bytes, 24))));
        let mut rest = self
            .bytes
            .get(usize::from(u16_at(&self.bytes, 20))..used)
            .unwrap_or_default();
        let (mut is_sound, mut before) = (true, 0);
        loop {
            let kind = u32_at(rest, 0);
            if kind == u32::MAX {
                return (found, is_sound);
            }
            is_sound &= before <= kind && is_known(kind);
            before = kind;
            let length = narrow(u64::from(u32_at(rest, 4)));
            let attribute = rest
                .get(..length)
                .filter(|_| 24 <= length)
                .and_then(Attribute::parse);
            match attribute {
                Some(attribute) => found.push(attribute),
                None => return (found, false),
            }
            rest = rest.get(length..).unwrap_or_default();
        }
    }
}

/// Whether there are attributes of this type. A changed type would hide a stream.
fn is_known(kind: u32) -> bool {
    (0x10..=0x100).contains(&kind) && kind & 0xF == 0
}

/// Every sector of a record ends in the same number; what belongs there is in an array.
///
/// # Errors
/// `InvalidData` when a sector ends in another number: it was not written with the others.
pub(crate) fn fix_up(bytes: &mut [u8]) -> io::Result<()> {
    let torn = || io::Error::new(io::ErrorKind::InvalidData, "a record was written in part");
    let start = usize::from(u16_at(bytes, 4));
    let count = usize::from(u16_at(bytes, 6));
    let array = bytes
        .get(start..start.saturating_add(count.saturating_mul(2)))
        .ok_or_else(torn)?
        .to_vec();
    let (pairs, _) = array.as_chunks::<2>();
    let Some((expected, saved)) = pairs.split_first() else {
        return Err(torn());
    };
    if saved.len() != bytes.len() / 512 {
        return Err(torn());
    }
    for (sector, saved) in bytes.chunks_mut(512).zip(saved) {
        match sector.get_mut(510..512) {
            Some(end) if end == expected => end.copy_from_slice(saved),
            Some(_) | None => return Err(torn()),
        }
    }
    Ok(())
}

/// One attribute, or one piece of it.
#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub(crate) kind: u32,
    /// Its number within its record.
    pub(crate) id: u16,
    pub(crate) name: Vec<u8>,
    pub(crate) flags: u16,
    pub(crate) form: Form,
}

/// Where an attribute's value is.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// In the record.
    Resident(Vec<u8>),
    /// In clusters.
    Elsewhere {
        /// First cluster of the value that this piece describes.
        lowest: u64,
        size_bytes: u64,
        valid_bytes: u64,
        /// Clusters that are compressed together, as a power of two; 0 for none.
        unit_shift: u8,
        runs: Vec<u8>,
    },
}

impl Attribute {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let name_start = usize::from(u16_at(bytes, 10));
        let name_bytes = usize::from(u8_at(bytes, 9)).saturating_mul(2);
        let name = bytes.get(name_start..name_start.saturating_add(name_bytes))?;
        let form = if u8_at(bytes, 8) == 0 {
            let length = narrow(u64::from(u32_at(bytes, 16)));
            let start = usize::from(u16_at(bytes, 20));
            Form::Resident(bytes.get(start..start.saturating_add(length))?.to_vec())
        } else {
            if bytes.len() < 64 {
                return None;
            }
            Form::Elsewhere {
                lowest: u64_at(bytes, 16),
                size_bytes: u64_at(bytes, 48),
                valid_bytes: u64_at(bytes, 56),
                unit_shift: u8_at(bytes, 34),
                runs: bytes.get(usize::from(u16_at(bytes, 32))..)?.to_vec(),
            }
        };
        Some(Self {
            kind: u32_at(bytes, 0),
            id: u16_at(bytes, 14),
            name: from_utf16(&units_le(name)),
            flags: u16_at(bytes, 12),
            form,
        })
    }

    /// Its value, when it is in the record.
    pub(crate) fn resident(&self) -> Option<&[u8]> {
        match &self.form {
            Form::Resident(value) => Some(value),
            Form::Elsewhere { .. } => None,
        }
    }

    /// First cluster of the value that it describes.
    pub(crate) fn lowest(&self) -> u64 {
        match self.form {
            Form::Resident(_) => 0,
            Form::Elsewhere { lowest, .. } => lowest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_record_is_refused_and_a_whole_one_mended() {
        let mut bytes = vec![0_u8; 1024];
        bytes[..4].copy_from_slice(b"FILE");
        bytes[4..8].copy_from_slice(&[48, 0, 3, 0]);
        bytes[48..54].copy_from_slice(&[7, 0, 0xAA, 0xBB, 0xCC, 0xDD]);
        bytes[510..512].copy_from_slice(&[7, 0]);
        bytes[1022..].copy_from_slice(&[7, 0]);
        let mut whole = bytes.clone();
        fix_up(&mut whole).unwrap();
        assert_eq!(whole[510..512], [0xAA, 0xBB]);
        assert_eq!(whole[1022..], [0xCC, 0xDD]);
        bytes[1022] = 8;
        assert!(fix_up(&mut bytes).is_err());
        for (at, value) in [(4, 255), (5, 255), (6, 0), (6, 2), (6, 4), (7, 255)] {
            let mut broken = whole.clone();
            broken[at] = value;
            assert!(fix_up(&mut broken).is_err(), "{at} {value}");
        }
    }
}
