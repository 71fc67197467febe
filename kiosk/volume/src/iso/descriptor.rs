//! Volume descriptors: what trees a disc image has.

use super::record::{Extent32, both_endian};
use super::tables::Tables;
use crate::blocks::{Blocks, head};
use crate::content::Extent;
use crate::error::VolumeError;
use crate::kind::DESCRIPTORS_MAX;
use crate::number::{array, u8_at, u16_at, u32_at};
use crate::text::{from_utf16, units_be};

/// How a tree spells its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// The names that Rock Ridge adds to the plain tree.
    Rock,
    /// Big-endian UTF-16.
    Joliet,
    /// Plain names, or those of an enhanced descriptor.
    Plain,
}

/// One tree of names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Root {
    pub(crate) spelling: Spelling,
    pub(crate) extent: Extent32,
    /// The path tables, where they are this tree's own.
    pub(crate) tables: Option<Tables>,
}

/// What the descriptors say.
pub(crate) struct Disc {
    pub(crate) block_bytes: u64,
    pub(crate) size_bytes: u64,
    pub(crate) label: Vec<u8>,
    /// In the order in which their names are preferred.
    pub(crate) roots: Vec<Root>,
    /// Bytes that SUSP skips in each record.
    pub(crate) susp_skip: usize,
    /// Blocks of boot catalogues.
    pub(crate) catalogs: Vec<u32>,
    /// The descriptors themselves.
    pub(crate) descriptors: Extent,
    pub(crate) faults: Vec<(&'static str, &'static str)>,
}

impl Disc {
    /// Reads the descriptors from `start_bytes` on.
    ///
    /// # Errors
    /// [`VolumeError::Malformed`] without a usable primary descriptor; errors of the medium.
    pub(crate) fn read(blocks: &dyn Blocks, start_bytes: u64) -> Result<Self, VolumeError> {
        let bad = |what| VolumeError::Malformed {
            kind: "iso9660",
            what,
        };
        let found = Sequence::read(blocks, start_bytes)?;
        let mut faults = found.faults;
        let primary = found.primary.ok_or_else(|| bad("no primary descriptor"))?;
        let block_bytes = u64::from(u16_at(&primary, 128));
        if !matches!(block_bytes, 512 | 1024 | 2048) {
            return Err(bad("block size"));
        }
        let (blocks_count, agree) = both_endian(&primary, 80);
        if !agree {
            faults.push((
                "iso_numbers_differ",
                "a number is stored twice with two values",
            ));
        }
        let root = |sector: &[u8]| Extent32::parse(sector.get(156..190).unwrap_or_default());
        let plain = root(&primary);
        let mut disc = Self {
            block_bytes,
            size_bytes: u64::from(blocks_count).saturating_mul(block_bytes),
            label: array::<32>(&primary, 40).trim_ascii().to_vec(),
            roots: Vec::new(),
            susp_skip: 0,
            catalogs: found.catalogs,
            descriptors: found.place,
            faults,
        };
        if let Some(skip) = super::rock::detect(blocks, &disc, plain) {
            disc.susp_skip = skip;
            disc.roots.push(Root {
                spelling: Spelling::Rock,
                extent: plain,
                tables: None,
            });
        }
        for sector in found.others {
            disc.add(&sector, root(&sector), plain);
        }
        disc.roots.push(Root {
            spelling: Spelling::Plain,
            extent: plain,
            tables: Some(Tables::parse(&primary)),
        });
        Ok(disc)
    }

    /// Adds the tree of a supplementary or second primary descriptor.
    fn add(&mut self, sector: &[u8], extent: Extent32, plain: Extent32) {
        let escape = array::<3>(sector, 88);
        let is_joliet = u8_at(sector, 0) == 2 && matches!(&escape, b"%/@" | b"%/C" | b"%/E");
        if is_joliet {
            let label = units_be(sector.get(40..72).unwrap_or_default());
            let label = from_utf16(&label);
            let label = label.split(|byte| *byte == 0).next().unwrap_or_default();
            if self.label.len() <= label.trim_ascii().len() {
                self.label = label.trim_ascii().to_vec();
            }
        }
        if extent == plain {
            return;
        }
        self.roots.push(Root {
            spelling: if is_joliet {
                Spelling::Joliet
            } else {
                Spelling::Plain
            },
            extent,
            tables: Some(Tables::parse(sector)),
        });
    }
}

/// The descriptors one after the other.
struct Sequence {
    primary: Option<Vec<u8>>,
    others: Vec<Vec<u8>>,
    catalogs: Vec<u32>,
    place: Extent,
    faults: Vec<(&'static str, &'static str)>,
}

impl Sequence {
    fn read(blocks: &dyn Blocks, start_bytes: u64) -> Result<Self, VolumeError> {
        let mut found = Self {
            primary: None,
            others: Vec::new(),
            catalogs: Vec::new(),
            place: Extent {
                offset_bytes: Some(start_bytes),
                size_bytes: 0,
            },
            faults: Vec::new(),
        };
        for number in 0..DESCRIPTORS_MAX {
            let within = number.saturating_mul(2048);
            let sector = head(blocks, start_bytes.saturating_add(within), 2048)?;
            if array(&sector, 1) != *b"CD001" {
                break;
            }
            found.place.size_bytes = within.saturating_add(2048);
            match u8_at(&sector, 0) {
                0 if array::<23>(&sector, 7) == *b"EL TORITO SPECIFICATION" => {
                    found.catalogs.push(u32_at(&sector, 71));
                }
                1 if found.primary.is_none() => found.primary = Some(sector),
                1 | 2 => found.others.push(sector),
                255 => return Ok(found),
                _ => {}
            }
        }
        let detail = "the volume descriptors have no end";
        found.faults.push(("iso_unterminated", detail));
        Ok(found)
    }
}
