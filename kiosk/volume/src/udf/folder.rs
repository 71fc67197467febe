//! Folders: file identifiers one after the other.

use super::name;
use super::tag::{self, Extent30, TAG_BYTES, Tag, summed_bytes};
use crate::number::{narrow, u8_at, u16_at};

/// Bits of a file identifier's characteristics.
const FOLDER: u8 = 0x02;
const DELETED: u8 = 0x04;
const PARENT: u8 = 0x08;

/// Size of an identifier without name and implementation's use.
const HEADER_BYTES: usize = 38;

/// A name in a folder.
#[derive(Debug)]
pub(super) struct Identifier {
    pub(super) name: Vec<u8>,
    pub(super) icb: Extent30,
    pub(super) is_folder: bool,
    pub(super) is_deleted: bool,
    pub(super) is_parent: bool,
    /// What is wrong with it.
    pub(super) fault: Option<(&'static str, &'static str)>,
    /// Bytes to the next.
    pub(super) length: usize,
}

impl Identifier {
    /// The identifier at the beginning of the rest of a folder; `None` when there is none.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let summed = narrow(summed_bytes(bytes.get(..TAG_BYTES)?));
        let tag = Tag::read(bytes.get(..summed).unwrap_or(bytes))?;
        if tag.id != tag::IDENTIFIER || !tag.is_summed {
            return None;
        }
        let name_bytes = usize::from(u8_at(bytes, 19));
        let start = HEADER_BYTES.saturating_add(usize::from(u16_at(bytes, 36)));
        let end = start.saturating_add(name_bytes);
        let stored = bytes.get(start..end)?;
        let (name, is_right) = name::decode(stored);
        let characteristics = u8_at(bytes, 18);
        let is_parent = characteristics & PARENT != 0;
        let fault = if !tag.is_whole {
            Some(("udf_descriptor_crc", "the CRC of a descriptor is wrong"))
        } else if !is_right || (name.is_empty() && !is_parent) {
            Some(("udf_name_malformed", "a name is not spelled as names are"))
        } else {
            None
        };
        Some(Self {
            name,
            icb: Extent30::long(bytes, 20),
            is_folder: characteristics & FOLDER != 0,
            is_deleted: characteristics & DELETED != 0,
            is_parent,
            fault,
            length: end.next_multiple_of(4),
        })
    }
}
