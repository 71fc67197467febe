//! Recognising what is on a volume. What is not read here is named all the same: to know that
//! a volume is encrypted or of a foreign system tells people what to do.

mod described;

mod random;

mod search;

use std::io;

use wire::Gap;

use search::Search;

use crate::blocks::{Blocks, head};
use crate::fat;
use crate::number::{array, u8_at, u16_at, u32_at};

/// What a volume was recognised as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// FAT with 12-bit entries.
    Fat12,
    /// FAT with 16-bit entries.
    Fat16,
    /// FAT with 32-bit entries.
    Fat32,
    /// exFAT.
    Exfat,
    /// NTFS.
    Ntfs,
    /// ext2: no journal.
    Ext2,
    /// ext3: a journal, no extents.
    Ext3,
    /// ext4.
    Ext4,
    /// ISO 9660, with or without Joliet and Rock Ridge.
    Iso9660,
    /// UDF, without an ISO 9660 tree beside it.
    Udf,
    /// Known by name only.
    Named {
        /// Its name in reports.
        name: &'static str,
        /// The gap it leaves: encrypted or unsupported.
        gap: Gap,
    },
    /// Nothing known.
    Unknown,
}

impl Kind {
    /// The kinds with a reader.
    const READ: [Self; 10] = [
        Self::Fat12,
        Self::Fat16,
        Self::Fat32,
        Self::Exfat,
        Self::Ntfs,
        Self::Ext2,
        Self::Ext3,
        Self::Ext4,
        Self::Iso9660,
        Self::Udf,
    ];

    /// Its name in reports: `fat32`, `luks2`, `unknown`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fat12 => "fat12",
            Self::Fat16 => "fat16",
            Self::Fat32 => "fat32",
            Self::Exfat => "exfat",
            Self::Ntfs => "ntfs",
            Self::Ext2 => "ext2",
            Self::Ext3 => "ext3",
            Self::Ext4 => "ext4",
            Self::Iso9660 => "iso9660",
            Self::Udf => "udf",
            Self::Named { name, .. } => name,
            Self::Unknown => "unknown",
        }
    }

    /// The kind with that name, `None` when there is no such name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if name == Self::Unknown.name() {
            return Some(Self::Unknown);
        }
        let read = Self::READ.into_iter().find(|kind| kind.name() == name);
        read.or_else(|| named(name))
    }
}

/// A signature of something that is named only.
struct Mark {
    name: &'static str,
    gap: Gap,
    offset_bytes: u64,
    bytes: &'static [u8],
}

const fn encrypted(name: &'static str, offset_bytes: u64, bytes: &'static [u8]) -> Mark {
    Mark {
        name,
        gap: Gap::Encrypted,
        offset_bytes,
        bytes,
    }
}

const fn unsupported(name: &'static str, offset_bytes: u64, bytes: &'static [u8]) -> Mark {
    Mark {
        name,
        gap: Gap::Unsupported,
        offset_bytes,
        bytes,
    }
}

/// GUID of a BitLocker To Go volume, at 424 of a boot sector that looks like FAT32.
const BITLOCKER_TO_GO: &[u8] = &[
    0x3B, 0xD6, 0x67, 0x49, 0x29, 0x2E, 0xD8, 0x4A, 0x83, 0x99, 0xF6, 0xA3, 0x39, 0xE3, 0xD0, 0x01,
];

/// GUID of a BitLocker volume since Windows 7, at 160 of its boot sector; the second is of one
/// where only what is in use was encrypted.
const BITLOCKER: &[u8] = BITLOCKER_TO_GO;
const BITLOCKER_USED_SPACE: &[u8] = &[
    0x3B, 0x4D, 0xA8, 0x92, 0x80, 0xDD, 0x0E, 0x4D, 0x9E, 0x4E, 0xB1, 0xE3, 0x28, 0x4E, 0xAE, 0xD8,
];

/// Signatures, strongest first. Sources: libblkid's probers, and for BitLocker libbde's
/// description of the format.
const MARKS: &[Mark] = &[
    encrypted("bitlocker", 3, b"-FVE-FS-"),
    encrypted("bitlocker", 160, BITLOCKER),
    encrypted("bitlocker", 160, BITLOCKER_USED_SPACE),
    encrypted("bitlocker_to_go", 424, BITLOCKER_TO_GO),
    encrypted("luks1", 0, b"LUKS\xBA\xBE\x00\x01"),
    encrypted("luks2", 0, b"LUKS\xBA\xBE\x00\x02"),
    unsupported("refs", 3, b"ReFS\0\0\0\0"),
    unsupported("apfs", 32, b"NXSB"),
    unsupported("xfs", 0, b"XFSB"),
    unsupported("squashfs", 0, b"hsqs"),
    unsupported("squashfs", 0, b"sqsh"),
    unsupported("cramfs", 0, b"\x45\x3D\xCD\x28"),
    unsupported("romfs", 0, b"-rom1fs-"),
    unsupported("lvm2", 536, b"LVM2 001"),
    unsupported("lvm2", 24, b"LVM2 001"),
    unsupported("lvm2", 1048, b"LVM2 001"),
    unsupported("lvm2", 1560, b"LVM2 001"),
    unsupported("hfs_plus", 1024, b"H+\x00\x04"),
    unsupported("hfs_plus", 1024, b"HX\x00\x05"),
    unsupported("hfs", 1024, b"BD"),
    unsupported("f2fs", 1024, b"\x10\x20\xF5\xF2"),
    unsupported("erofs", 1024, b"\xE2\xE1\xF5\xE0"),
    unsupported("nilfs2", 1030, b"\x34\x34"),
    unsupported("minix", 1040, b"\x7F\x13"),
    unsupported("minix", 1040, b"\x8F\x13"),
    unsupported("minix", 1040, b"\x68\x24"),
    unsupported("minix", 1040, b"\x78\x24"),
    unsupported("minix", 1048, b"\x5A\x4D"),
    unsupported("linux_raid", 4096, b"\xFC\x4E\x2B\xA9"),
    unsupported("linux_raid", 0, b"\xFC\x4E\x2B\xA9"),
    unsupported("swap", 4086, b"SWAPSPACE2"),
    unsupported("swap", 4086, b"SWAP-SPACE"),
    unsupported("swap", 8182, b"SWAPSPACE2"),
    unsupported("swap", 16_374, b"SWAPSPACE2"),
    unsupported("swap", 65_526, b"SWAPSPACE2"),
    unsupported("bcachefs", 4120, b"\xC6\x85\x73\xF6\x4E\x1A\x45\xCA"),
    unsupported("bcachefs", 4120, b"\xC6\x85\x73\xF6\x66\xCE\x90\xA9"),
    unsupported("jfs", 32_768, b"JFS1"),
    unsupported("reiserfs", 65_588, b"ReIsEr"),
    unsupported("reiserfs", 8_244, b"ReIsEr"),
    unsupported("btrfs", 65_600, b"_BHRfS_M"),
    unsupported("ufs", 9_564, b"\x54\x19\x01\x00"),
    unsupported("ufs", 66_908, b"\x19\x01\x54\x19"),
    unsupported("vmfs", 1_048_576, b"\x0D\xD0\x01\xC0"),
    // Found by more than a signature; here for their names.
    unsupported("apple_map", u64::MAX, b""),
    unsupported("bsd_label", u64::MAX, b""),
    unsupported("sun_label", u64::MAX, b""),
    unsupported("sgi_label", u64::MAX, b""),
    unsupported("hfs_wrapper", u64::MAX, b""),
    unsupported("core_storage", u64::MAX, b""),
    unsupported("zfs", u64::MAX, b""),
    encrypted(ENCRYPTED_UNKNOWN, u64::MAX, b""),
];

/// The name of what looks like nothing but random bytes.
pub const ENCRYPTED_UNKNOWN: &str = "encrypted_unknown";

/// The second header of LUKS2, which is used when the first is gone. Where it is depends on the
/// size of both; a volume that was made anew may keep an old one, so it counts only when nothing
/// else is there. Source: LUKS2 On-Disk Format Specification 1.1.3, section 2.1.
const SECOND_HEADER: &[u8] = b"SKUL\xBA\xBE\x00\x02";

/// Offsets of that header, in bytes.
const SECOND_HEADER_AT: [u64; 9] = [
    0x4000, 0x8000, 0x1_0000, 0x2_0000, 0x4_0000, 0x8_0000, 0x10_0000, 0x20_0000, 0x40_0000,
];

/// What is on `blocks`. An answer is not a promise that it can be opened.
///
/// # Errors
/// Those of the medium, when nothing was recognised and a signature could not be looked for; a
/// volume too short for a signature does not have it.
pub fn probe(blocks: &dyn Blocks) -> io::Result<Kind> {
    let kinds = recognise(blocks)?;
    Ok(kinds.first().copied().unwrap_or(Kind::Unknown))
}

/// Everything that `blocks` could be taken for, likeliest first: a system reads the kind that
/// it looks for first, so a volume with two can show each system something else. Signatures
/// that are short enough for chance count only when there is no other.
///
/// # Errors
/// As for [`probe`].
pub(crate) fn recognise(blocks: &dyn Blocks) -> io::Result<Vec<Kind>> {
    let mut search = Search::new(blocks);
    let sector = head(blocks, 0, 512).unwrap_or_else(|error| {
        search.unread = Some(error);
        Vec::new()
    });
    // Encryption goes first because BitLocker To Go looks like FAT32 to everything else.
    search.marks(|mark| mark.is_strong() && mark.gap == Gap::Encrypted);
    if search.kinds.is_empty() {
        let first = first_sector(&sector);
        search.keep(Ok(first));
        // A name in it hides the rest of a boot sector from us, and from no system.
        let fat = fat::is_fat(&sector);
        search.keep(Ok(fat.filter(|_| fat != first)));
    }
    search.keep(optical(blocks));
    search.keep(extended(blocks));
    search.marks(|mark| mark.is_strong() && mark.gap != Gap::Encrypted);
    search.described(&described::MAPS);
    search.otherwise(|search| search.described(&described::VOLUMES));
    search.otherwise(|search| {
        for offset_bytes in SECOND_HEADER_AT {
            search.keep(marked(
                blocks,
                &encrypted("luks2", offset_bytes, SECOND_HEADER),
            ));
        }
    });
    search.otherwise(|search| search.marks(|mark| mark.is_weak(WEAK_BYTES_MIN)));
    // Anchors outlive a new format, and no system looks at them alone.
    search.otherwise(|search| {
        let anchor = crate::udf::has_anchor(blocks);
        search.keep(anchor.map(|has| has.then_some(Kind::Udf)));
    });
    search.otherwise(|search| {
        let random = random::is_random(blocks);
        search.keep(random.map(|is_random| named(ENCRYPTED_UNKNOWN).filter(|_| is_random)));
    });
    search.otherwise(|search| search.marks(|mark| mark.is_weak(1)));
    search.otherwise(|search| search.kinds.extend(fat::weak_kind(&sector)));
    match search.unread {
        Some(error) if search.kinds.is_empty() => Err(error),
        Some(_) | None => Ok(search.kinds),
    }
}

/// Whether `blocks` is a volume by more than a likeness that chance makes: by marks that are long
/// enough, or by a structure that describes itself.
pub(crate) fn is_volume(blocks: &dyn Blocks) -> bool {
    let mut search = Search::new(blocks);
    search.marks(|mark| mark.is_strong() || mark.is_weak(WEAK_BYTES_MIN));
    search.otherwise(|search| {
        let sector = head(blocks, 0, 512).unwrap_or_default();
        search.keep(Ok(first_sector(&sector)));
        search.keep(optical(blocks));
        let is_sound = crate::ext::is_sound(blocks);
        search.keep(extended(blocks).map(|kind| kind.filter(|_| is_sound)));
        search.described(&described::MAPS);
    });
    !search.kinds.is_empty()
}

/// What a medium that is partitioned could be taken for as a whole by some systems: encrypted, or
/// divided by a map that is not read here.
pub(crate) fn rivals(medium: &dyn Blocks) -> Vec<Kind> {
    let mut search = Search::new(medium);
    search.marks(|mark| mark.is_strong() && mark.gap == Gap::Encrypted);
    search.described(&described::MAPS);
    search.kinds
}

/// The kind of that name among those that are only named.
fn named(name: &str) -> Option<Kind> {
    let mark = MARKS.iter().find(|mark| mark.name == name)?;
    Some(Kind::Named {
        name: mark.name,
        gap: mark.gap,
    })
}

/// Shortest signature that is taken for more than chance, in bytes.
const STRONG_BYTES_MIN: usize = 6;

/// Shortest signature that is likelier than chance on a volume of random bytes, in bytes.
const WEAK_BYTES_MIN: usize = 4;

/// What the boot sector alone describes.
fn first_sector(sector: &[u8]) -> Option<Kind> {
    match &array::<8>(sector, 3) {
        b"EXFAT   " => Some(Kind::Exfat),
        b"NTFS    " => Some(Kind::Ntfs),
        _ => fat::is_fat(sector),
    }
}

fn marked(blocks: &dyn Blocks, mark: &Mark) -> io::Result<Option<Kind>> {
    let bytes = head(blocks, mark.offset_bytes, mark.bytes.len())?;
    let is_marked = !bytes.is_empty() && bytes == mark.bytes;
    Ok(is_marked.then_some(Kind::Named {
        name: mark.name,
        gap: mark.gap,
    }))
}

/// ext2, ext3 and ext4 by the features in their superblock.
fn extended(blocks: &dyn Blocks) -> io::Result<Option<Kind>> {
    /// Incompatible features that only ext4 has: extents, 64-bit, flexible groups and later.
    const EXT4_ONLY: u32 = 0xFFFF_FFC0;
    /// Read-only compatible features that only ext4 has: from huge files on.
    const EXT4_READ_ONLY: u32 = 0xFFFF_FFF8;
    let superblock = head(blocks, 1024, 1024)?;
    if u16_at(&superblock, 56) != 0xEF53 {
        return Ok(None);
    }
    let compatible = u32_at(&superblock, 92);
    let incompatible = u32_at(&superblock, 96);
    let read_only = u32_at(&superblock, 100);
    Ok(Some(
        if incompatible & EXT4_ONLY != 0 || read_only & EXT4_READ_ONLY != 0 {
            Kind::Ext4
        } else if compatible & 0x4 != 0 {
            Kind::Ext3
        } else {
            Kind::Ext2
        },
    ))
}

/// Volume descriptors are 2,048 bytes each from this offset on.
pub(crate) const DESCRIPTORS_OFFSET_BYTES: u64 = 32_768;

/// Most volume descriptors looked at. Real discs have three to six.
pub(crate) const DESCRIPTORS_MAX: u64 = 64;

/// ISO 9660, or UDF without it.
fn optical(blocks: &dyn Blocks) -> io::Result<Option<Kind>> {
    for number in 0..DESCRIPTORS_MAX {
        let offset = DESCRIPTORS_OFFSET_BYTES.saturating_add(number.saturating_mul(2048));
        let descriptor = head(blocks, offset, 6)?;
        match &array::<5>(&descriptor, 1) {
            b"CD001" if u8_at(&descriptor, 0) == 1 => return Ok(Some(Kind::Iso9660)),
            b"CD001" | b"BEA01" | b"TEA01" | b"BOOT2" | b"CDW02" | b"NSR02" | b"NSR03" => {}
            _ => break,
        }
    }
    Ok(is_announced(blocks)?.then_some(Kind::Udf))
}

/// Whether there is a UDF file system: announced, or only anchored.
///
/// # Errors
/// Those of the medium.
pub(crate) fn has_udf(blocks: &dyn Blocks) -> io::Result<bool> {
    Ok(is_announced(blocks)? || crate::udf::has_anchor(blocks)?)
}

/// Whether the volume descriptors announce a UDF file system. They lie further apart where
/// blocks are larger.
fn is_announced(blocks: &dyn Blocks) -> io::Result<bool> {
    for step in [2048_u64, 4096, 8192, 16_384, 32_768] {
        for number in 0..DESCRIPTORS_MAX {
            let offset = DESCRIPTORS_OFFSET_BYTES.saturating_add(number.saturating_mul(step));
            let descriptor = head(blocks, offset, 6)?;
            match &array::<5>(&descriptor, 1) {
                b"NSR02" | b"NSR03" => return Ok(true),
                b"CD001" | b"BEA01" | b"TEA01" | b"BOOT2" | b"CDW02" => {}
                _ => break,
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_again_by_its_name() {
        for kind in Kind::READ {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(Kind::from_name("unknown"), Some(Kind::Unknown));
        assert_eq!(Kind::from_name("clean"), None);
        for mark in MARKS {
            let kind = Kind::from_name(mark.name).unwrap();
            assert_eq!(
                kind,
                Kind::Named {
                    name: mark.name,
                    gap: mark.gap
                }
            );
        }
    }

    #[test]
    fn every_signature_is_recognised_where_it_belongs() {
        for mark in MARKS.iter().filter(|mark| mark.offset_bytes != u64::MAX) {
            let mut blocks = vec![0_u8; 1_100_000];
            let start = usize::try_from(mark.offset_bytes).unwrap();
            blocks[start..][..mark.bytes.len()].copy_from_slice(mark.bytes);
            assert_eq!(probe(&blocks).unwrap().name(), mark.name);
        }
    }

    #[test]
    fn a_bitlocker_stick_that_looks_like_fat_is_encrypted() {
        let mut blocks = vec![0_u8; 4096];
        blocks[3..11].copy_from_slice(b"MSWIN4.1");
        blocks[424..440].copy_from_slice(BITLOCKER_TO_GO);
        blocks[510..512].copy_from_slice(&[0x55, 0xAA]);
        let Kind::Named { name, gap } = probe(&blocks).unwrap() else {
            panic!("expected a named kind");
        };
        assert_eq!((name, gap), ("bitlocker_to_go", Gap::Encrypted));
    }

    #[test]
    fn a_volume_that_is_two_things_is_recognised_as_both() {
        let mut blocks = vec![0_u8; 100_000];
        blocks[3..11].copy_from_slice(b"EXFAT   ");
        blocks[32_768..32_774].copy_from_slice(b"\x01CD001");
        assert_eq!(recognise(&blocks).unwrap(), [Kind::Exfat, Kind::Iso9660]);
        assert_eq!(probe(&blocks).unwrap(), Kind::Exfat);
    }

    #[test]
    fn udf_without_iso_is_recognised() {
        let mut blocks = vec![0_u8; 60_000];
        for (number, id) in [b"BEA01", b"NSR03", b"TEA01"].iter().enumerate() {
            blocks[32_769..][number * 2048..][..5].copy_from_slice(*id);
        }
        assert_eq!(probe(&blocks).unwrap(), Kind::Udf);
    }

    #[test]
    fn nothing_is_recognised_in_nothing() {
        assert_eq!(probe(&Vec::new()).unwrap(), Kind::Unknown);
        assert_eq!(probe(&vec![0_u8; 1 << 20]).unwrap(), Kind::Unknown);
        assert_eq!(probe(&vec![0xFF_u8; 1 << 20]).unwrap(), Kind::Unknown);
    }
}
