//! El Torito: the boot catalogue and the images that it starts.

use wire::RowKind;
use wire::worker::{Locator, Share};

use super::descriptor::Disc;
use crate::blocks::{Blocks, head};
use crate::content::Extent;
use crate::number::{u8_at, u16_at, u32_at};
use crate::space::Space;
use crate::walk::{Content, Folder, Walk};

/// Boot images are counted in sectors of a disk.
const SECTOR_BYTES: u64 = 512;

/// Size of a catalogue's entry, in bytes.
const ENTRY_BYTES: usize = 32;

/// Most of a catalogue that is read, in bytes: 2,048 entries. Real ones have two or three.
const CATALOG_BYTES_MAX: usize = 64 << 10;

/// Lists the boot images of a disc, with as much of each as firmware loads at most.
pub(crate) fn list(blocks: &dyn Blocks, disc: &Disc, space: &mut Space, walk: &mut Walk<'_>) {
    let mut number = 0_u64;
    for catalog in &disc.catalogs {
        let offset = u64::from(*catalog).saturating_mul(2048);
        let bytes = head(blocks, offset, CATALOG_BYTES_MAX).unwrap_or_default();
        let (images, length) = match images(&bytes) {
            Ok(found) => found,
            Err(detail) => {
                walk.findings.incomplete("boot_catalog_malformed", detail);
                (Vec::new(), ENTRY_BYTES)
            }
        };
        let extent = Extent {
            offset_bytes: Some(offset),
            size_bytes: crate::number::wide(length),
        };
        let new = space.take_extent(&extent);
        if new != 0 {
            walk.structure_of(&[extent], new);
        }
        for image in images {
            number = number.saturating_add(1);
            let name = format!("boot-image-{number}");
            boot_image(blocks, &image, name.as_bytes(), space, walk);
        }
    }
}

/// One image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Image {
    media: u8,
    sectors: u16,
    block: u32,
}

/// The entries of a catalogue and its length in bytes.
fn images(catalog: &[u8]) -> Result<(Vec<Image>, usize), &'static str> {
    let validation = catalog.get(..ENTRY_BYTES).unwrap_or_default();
    let (words, _) = validation.as_chunks::<2>();
    let sum = words.iter().fold(0_u16, |sum, word| {
        sum.wrapping_add(u16::from_le_bytes(*word))
    });
    if u8_at(validation, 0) != 1 || u16_at(validation, 30) != 0xAA55 || sum != 0 {
        return Err("the validation entry of the boot catalogue is wrong");
    }
    let mut images = Vec::new();
    let mut entries = catalog.chunks_exact(ENTRY_BYTES).skip(1);
    let image = |entry: &[u8]| Image {
        media: u8_at(entry, 1) & 0x0F,
        sectors: u16_at(entry, 6),
        block: u32_at(entry, 8),
    };
    let mut length = ENTRY_BYTES;
    if let Some(first) = entries.next() {
        images.push(image(first));
        length = length.saturating_add(ENTRY_BYTES);
    }
    let mut wanted = 0_u16;
    let mut goes_on = true;
    for entry in entries {
        match u8_at(entry, 0) {
            // A further part of the entry before it.
            0x44 => {}
            _ if wanted != 0 => {
                wanted = wanted.saturating_sub(1);
                images.push(image(entry));
            }
            kind @ (0x90 | 0x91) if goes_on => {
                wanted = u16_at(entry, 2);
                goes_on = kind == 0x90;
            }
            _ => break,
        }
        length = length.saturating_add(ENTRY_BYTES);
    }
    if wanted != 0 {
        return Err("the boot catalogue ends within a section");
    }
    Ok((images, length))
}

fn boot_image(
    blocks: &dyn Blocks,
    image: &Image,
    name: &[u8],
    space: &mut Space,
    walk: &mut Walk<'_>,
) {
    let offset = u64::from(image.block).saturating_mul(2048);
    let size = match image.media {
        1 => 1_228_800,
        2 => 1_474_560,
        3 => 2_949_120,
        4 => disk_bytes(blocks, offset),
        _ => u64::from(image.sectors).max(1).saturating_mul(SECTOR_BYTES),
    };
    let size = size.max(SECTOR_BYTES);
    let there = blocks.size_bytes().saturating_sub(offset);
    if there < size {
        let detail = "a boot image ends past the end of the volume";
        walk.findings.incomplete("extent_past_end", detail);
    }
    let size = size.min(there);
    let extent = Extent {
        offset_bytes: Some(offset),
        size_bytes: size,
    };
    let new = space.take_extent(&extent);
    let content = Content {
        kind: RowKind::Boot,
        size_bytes: size,
        locator: Locator::Extents(vec![(offset, size)]),
        findings: Vec::new(),
        share: Share {
            position_bytes: offset,
            allocated_bytes: new,
            slack_bytes: tail(blocks, (offset, size), space.unit_bytes),
            ..Share::default()
        },
    };
    if size != 0 {
        walk.content(&Folder::root(), name, content);
    }
}

fn tail(blocks: &dyn Blocks, place: (u64, u64), unit_bytes: u64) -> u64 {
    let tails = crate::tree::tail_extents(blocks, &[place], unit_bytes);
    tails.first().map_or(0, |tail| tail.1)
}

/// The size of an emulated disk: up to the end of its last partition.
fn disk_bytes(blocks: &dyn Blocks, offset: u64) -> u64 {
    let sector = head(blocks, offset, 512).unwrap_or_default();
    let ends = [446, 462, 478, 494_usize].map(|at| {
        let start = u64::from(u32_at(&sector, at.saturating_add(8)));
        start.saturating_add(u64::from(u32_at(&sector, at.saturating_add(12))))
    });
    let end = ends.into_iter().max().unwrap_or(0);
    end.saturating_mul(SECTOR_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A catalogue of these entries behind a right validation entry.
    fn catalog(entries: &[[u8; 12]]) -> Vec<u8> {
        let mut bytes = vec![0_u8; 2048];
        bytes[0] = 1;
        bytes[30..32].copy_from_slice(&[0x55, 0xAA]);
        bytes[28..30].copy_from_slice(&0_u16.wrapping_sub(0xAA55 + 1).to_le_bytes());
        for (entry, place) in entries.iter().zip(bytes.chunks_exact_mut(32).skip(1)) {
            place[..12].copy_from_slice(entry);
        }
        bytes
    }

    #[test]
    fn images_of_every_section_are_found() {
        let first = [0x88, 0, 0, 0, 0, 0, 4, 0, 30, 0, 0, 0];
        let header = [0x91, 0xEF, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let second = [0x88, 2, 0, 0, 0, 0, 1, 0, 40, 0, 0, 0];
        let (found, length) = images(&catalog(&[first, header, second])).unwrap();
        let blocks: Vec<u32> = found.iter().map(|image| image.block).collect();
        assert_eq!((blocks, length), (vec![30, 40], 128));
        assert_eq!(found[1].media, 2);
    }

    #[test]
    fn a_catalogue_with_a_wrong_sum_or_an_open_section_is_malformed() {
        let mut broken = catalog(&[]);
        broken[5] = 1;
        assert!(images(&broken).is_err());
        assert!(images(&[]).is_err());
        let header = [0x91, 0xEF, 200, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert!(images(&catalog(&[[0x88; 12], header])).is_err());
        let mut long = catalog(&[[0x88; 12], header]);
        long.resize(CATALOG_BYTES_MAX, 0);
        assert!(images(&long).is_ok());
        long[67] = 0xFF;
        assert!(images(&long).is_err());
    }
}
