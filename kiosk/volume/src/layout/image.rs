//! Whether bytes that are no medium are an image of one.

use super::{Layout, layout, mbr};
use crate::blocks::{Blocks, head};
use crate::kind::is_volume;

/// Shortest content that is taken for an image, in bytes. Copies of boot sectors are kept as files
/// of up to a few KiB, and what they describe is elsewhere.
pub const IMAGE_BYTES_MIN: u64 = 16 << 10;

/// How `blocks` is divided when it is the image of a medium: a file system that systems show, by
/// more than a likeness, or a partition table that leads into it. On a medium there must be
/// something; most contents are something else, and chance must not make media of them.
#[must_use]
pub fn image(blocks: &dyn Blocks) -> Option<Layout> {
    let size = blocks.size_bytes();
    if size < IMAGE_BYTES_MIN {
        return None;
    }
    let is_divided = || {
        let sector = head(blocks, 0, 512).unwrap_or_default();
        mbr::Record::parse(&sector, size).is_some_and(|record| record.is_convincing(false))
    };
    if !is_volume(blocks) && !is_divided() {
        return None;
    }
    layout(blocks).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_resembles_an_image_is_none() {
        let mut sector = vec![0; 512];
        sector[3..11].copy_from_slice(b"NTFS    ");
        sector[510..].copy_from_slice(&[0x55, 0xAA]);
        assert!(image(&sector).is_none());
        let length = usize::try_from(IMAGE_BYTES_MIN).unwrap();
        sector.resize(length, 0);
        assert_eq!(image(&sector).unwrap().volumes[0].kind, "ntfs");
        let mut text = b"text ".repeat(length);
        text[510..512].copy_from_slice(&[0x55, 0xAA]);
        assert!(image(&text).is_none());
        // The two bytes by which ext is told, and nothing else of it.
        text[1080..1082].copy_from_slice(&[0x53, 0xEF]);
        assert!(image(&text).is_none());
        assert!(image(&vec![0; length]).is_none());
    }

    #[test]
    fn a_table_that_leads_into_the_content_makes_an_image() {
        let mut content = vec![0; 1 << 20];
        content[510..512].copy_from_slice(&[0x55, 0xAA]);
        assert!(image(&content).is_none());
        content[450] = 0x0C;
        content[454..458].copy_from_slice(&64_u32.to_le_bytes());
        content[458..462].copy_from_slice(&100_u32.to_le_bytes());
        assert_eq!(image(&content).unwrap().scheme, "mbr");
        content[446] = b'x';
        assert!(image(&content).is_none());
    }
}
