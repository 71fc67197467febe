//! What is recognised by more than one field, or in places that depend on the volume's size.

use std::io;

use crate::blocks::{Blocks, head};
use crate::number::{array, u16_at, u32_at};

/// What a description found: the name in [`super::MARKS`].
type Found = io::Result<Option<&'static str>>;

/// Each looks for one kind.
pub(super) type Description = fn(&dyn Blocks) -> Found;

/// Partition maps of other systems. They divide what they are on, so they stand beside whatever
/// else is recognised: a reader of the other system shows something else there.
pub(super) const MAPS: [Description; 4] = [apple_map, bsd_label, sun_label, sgi_label];

/// Volumes, looked for when no long signature was found.
pub(super) const VOLUMES: [Description; 4] = [hfs_wrapper, core_storage, zfs, raid_at_end];

/// The first block names the map, and the block after it is the map's first. Source: Inside
/// Macintosh: Devices, chapter 3.
fn apple_map(blocks: &dyn Blocks) -> Found {
    let first = head(blocks, 0, 512)?;
    let block_bytes = u64::from(u16::from_be_bytes(array(&first, 2)));
    let is_map = |offset| {
        let entry = head(blocks, offset, 2);
        entry.is_ok_and(|entry| entry == b"PM")
    };
    let is_named = first.starts_with(b"ER") && (is_map(512) || is_map(block_bytes));
    Ok(is_named.then_some("apple_map"))
}

/// The label's number stands at its beginning and once more within. Source: FreeBSD's
/// `sys/disk/bsd.h`; i386 has it in the second sector, others 64 or 128 bytes into the first.
fn bsd_label(blocks: &dyn Blocks) -> Found {
    const MAGIC: u32 = 0x8256_4557;
    let sectors = head(blocks, 0, 1024)?;
    let is_label = |at: usize| {
        u32_at(&sectors, at) == MAGIC && u32_at(&sectors, at.saturating_add(132)) == MAGIC
    };
    Ok([512, 64, 128, 0]
        .into_iter()
        .any(is_label)
        .then_some("bsd_label"))
}

/// Sun's label ends with a number and a checksum; that of Solaris on PCs is in the second sector
/// of its partition. Source: Linux's `block/partitions/sun.h` and `msdos.c`.
fn sun_label(blocks: &dyn Blocks) -> Found {
    const SANE: u32 = 0x600D_DEEE;
    let sectors = head(blocks, 0, 1024)?;
    let words = sectors.get(..512).unwrap_or_default().chunks_exact(2);
    let sum = words.fold(0, |sum, word| sum ^ u16_at(word, 0));
    let sparc = array(&sectors, 508) == [0xDA, 0xBE] && sum == 0;
    let pc = u32_at(&sectors, 524) == SANE && u32_at(&sectors, 528) == 1;
    Ok((sparc || pc).then_some("sun_label"))
}

/// Source: Linux's `block/partitions/sgi.c`: the words of the first sector add up to zero.
fn sgi_label(blocks: &dyn Blocks) -> Found {
    let sector = head(blocks, 0, 512)?;
    let words = sector.chunks_exact(4);
    let sum = words.fold(0_u32, |sum, word| {
        sum.wrapping_add(u32::from_be_bytes(array(word, 0)))
    });
    let is_label = array(&sector, 0) == [0x0B, 0xE5, 0xA9, 0x41] && sum == 0;
    Ok(is_label.then_some("sgi_label"))
}

/// An HFS volume that only says where the HFS+ volume in it is. Source: Apple's technical note
/// 1150, "HFS wrapper".
fn hfs_wrapper(blocks: &dyn Blocks) -> Found {
    let block = head(blocks, 1024, 162)?;
    let embedded = matches!(&array::<2>(&block, 124), b"H+" | b"HX");
    Ok((block.starts_with(b"BD") && embedded).then_some("hfs_wrapper"))
}

/// FileVault 2 before APFS. Source: libfvde's description of the volume header: version 1,
/// block type 0x10, and the signature.
fn core_storage(blocks: &dyn Blocks) -> Found {
    let block = head(blocks, 0, 512)?;
    let is_header = u16_at(&block, 8) == 1 && u16_at(&block, 10) == 0x10;
    Ok((is_header && array(&block, 88) == *b"CS").then_some("core_storage"))
}

/// Any of the 128 KiB of uberblocks of the first label: which one is written depends on how
/// often the pool was. Source: the ZFS On-Disk Specification, section 1.3.
fn zfs(blocks: &dyn Blocks) -> Found {
    const START_BYTES: u64 = 128 << 10;
    const RING_BYTES: usize = 128 << 10;
    let ring = head(blocks, START_BYTES, RING_BYTES)?;
    let is_uberblock = |block: &[u8]| {
        let magic = array::<8>(block, 0);
        u64::from_le_bytes(magic) == 0x00BA_B10C || u64::from_be_bytes(magic) == 0x00BA_B10C
    };
    Ok(ring.chunks(1024).any(is_uberblock).then_some("zfs"))
}

/// Metadata 0.90 and 1.0 of Linux's software RAID, near the end. Source: `md_p.h` of Linux.
fn raid_at_end(blocks: &dyn Blocks) -> Found {
    const MAGIC: u32 = 0xA92B_4EFC;
    let size = blocks.size_bytes();
    let old = (size & !0xFFFF).checked_sub(64 << 10);
    let new = size.checked_sub(8 << 10).map(|at| at & !0xFFF);
    for offset in [old, new].into_iter().flatten() {
        let start = head(blocks, offset, 4)?;
        if u32_at(&start, 0) == MAGIC {
            return Ok(Some("linux_raid"));
        }
    }
    Ok(None)
}
