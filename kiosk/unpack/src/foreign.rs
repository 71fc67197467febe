//! Containers that are known by name and not opened.

use crate::bytes::{be_u32, has, part, u32_at};

/// Begins at a fixed place and cannot be mistaken for anything else.
struct Mark {
    name: &'static str,
    at: usize,
    signature: &'static [u8],
}

const fn mark(name: &'static str, at: usize, signature: &'static [u8]) -> Mark {
    Mark {
        name,
        at,
        signature,
    }
}

/// From the formats' own documents; the name is what the report says.
const MARKS: &[Mark] = &[
    mark("rar", 0, b"RE~^"),
    mark("zstd of an old kind", 0, b"\x1e\xb5\x2f\xfd"),
    mark("zstd of an old kind", 0, b"\x22\xb5\x2f\xfd"),
    mark("zstd of an old kind", 0, b"\x23\xb5\x2f\xfd"),
    mark("zstd of an old kind", 0, b"\x24\xb5\x2f\xfd"),
    mark("zstd of an old kind", 0, b"\x25\xb5\x2f\xfd"),
    mark("zstd of an old kind", 0, b"\x26\xb5\x2f\xfd"),
    mark("zstd of an old kind", 0, b"\x27\xb5\x2f\xfd"),
    mark("lrzip", 0, b"LRZI\0"),
    mark("gzip of an old kind", 0, b"\x1f\xa0"),
    mark("ace", 7, b"**ACE**"),
    mark("zoo", 20, b"\xdc\xa7\xc4\xfd"),
    mark("stuffit", 0, b"StuffIt (c)1997-"),
    mark("stuffit", 10, b"rLau"),
    mark("zpaq", 0, b"7kSt\xa0\x31\x83\xd3"),
    mark("zpaq", 0, b"zPQ"),
    mark("egg", 0, b"EGGA"),
    mark("alz", 0, b"ALZ\x01"),
    mark("cpio of afio", 0, b"070727"),
    mark("cpio of rpm", 0, b"07070X"),
    mark("thin ar", 0, b"!<thin>\n"),
    mark("wim in a pipe", 0, b"WLPWM\0\0\0"),
    mark("inno setup data", 0, b"idska32\x1a"),
    mark("squashfs", 0, b"hsqs"),
    mark("squashfs", 0, b"sqsh"),
    mark("cramfs", 0, b"\x45\x3d\xcd\x28"),
    mark("iso9660", 0x8001, b"CD001"),
    mark("udf", 0x8001, b"BEA01"),
    mark("iso9660", 0x9319, b"CD001"),
    mark("vhdx", 0, b"vhdxfile"),
    mark("vhd", 0, b"conectix"),
    mark("vmdk", 0, b"KDMV"),
    mark("vmdk", 0, b"# Disk DescriptorFile"),
    mark("qcow2", 0, b"QFI\xfb"),
    mark("vdi", 0x40, b"\x7f\x10\xda\xbe"),
    mark("luks", 0, b"LUKS\xba\xbe"),
    mark("ppmd", 0, b"\x8f\xaf\xac\x84"),
    mark("ghost image", 0, b"\xfe\xef\x01"),
    mark("partclone image", 0, b"partclone-image"),
];

/// Whether the container of this name is a disk image, which is opened as a medium where it can.
pub(crate) fn is_image(name: &str) -> bool {
    matches!(
        name,
        "iso9660" | "udf" | "vhdx" | "vhd" | "vmdk" | "qcow2" | "vdi" | "luks"
    )
}

/// The name of a container that is known and not opened here, by content only. `None` is
/// no such container: it may be one of [`crate::Format`], or none.
///
#[must_use]
pub fn unopenable(content: &[u8]) -> Option<&'static str> {
    MARKS
        .iter()
        .find(|mark| has(content, mark.at, mark.signature))
        .map(|mark| mark.name)
        .or_else(|| weak(content))
}

/// Whether it is this one; `None` when it is too short to tell, which is no.
type Test = fn(&[u8]) -> Option<bool>;

/// Formats whose signature is too short or too common to be believed alone.
fn weak(content: &[u8]) -> Option<&'static str> {
    let kinds: [(&'static str, Test); 5] = [
        ("packed swf", is_swf),
        ("gzip of an unknown method", is_other_gzip),
        ("arc", is_arc),
        ("stuffit", is_stuffit),
        ("hfs", is_hfs),
    ];
    let by_begin = kinds.into_iter().find(|(_, is)| is(content) == Some(true));
    by_begin.map(|(name, _)| name).or_else(|| by_end(content))
}

/// The volume that Apple's disks had before HFS+: its mark, blocks of whole sectors and a name.
fn is_hfs(content: &[u8]) -> Option<bool> {
    let block_bytes = be_u32(content, 1044)?;
    let is_block = block_bytes != 0 && block_bytes.is_multiple_of(512);
    let is_name = (1..=27).contains(content.get(1060)?);
    Some(has(content, 1024, b"BD") && is_block && is_name)
}

fn is_other_gzip(content: &[u8]) -> Option<bool> {
    Some(has(content, 0, b"\x1f\x8b") && content.get(2)? < &8)
}

/// The letters, a version and the unpacked size, which is larger than the file.
fn is_swf(content: &[u8]) -> Option<bool> {
    let is_packed = has(content, 0, b"CWS") || has(content, 0, b"ZWS");
    let size = usize::try_from(u32_at(content, 4)?).ok()?;
    let is_version = (6..=60).contains(content.get(3)?);
    Some(is_packed && is_version && content.len() / 2 <= size)
}

fn is_arc(content: &[u8]) -> Option<bool> {
    let method = content.get(1)?;
    let name = part(content, 2, 13)?;
    let letters = name
        .iter()
        .take_while(|byte| byte.is_ascii_graphic())
        .count();
    let packed = usize::try_from(u32_at(content, 15)?).ok()?;
    let fits = packed <= content.len();
    let ended = (1..=12).contains(&letters) && name.get(letters) == Some(&0);
    Some(content.first() == Some(&0x1a) && (1..=9).contains(method) && ended && fits)
}

fn is_stuffit(content: &[u8]) -> Option<bool> {
    Some(has(content, 0, b"SIT!") && has(content, 10, b"rLau"))
}

/// Disk images that tell themselves in their last sector.
fn by_end(content: &[u8]) -> Option<&'static str> {
    let sector = content.len().checked_sub(512)?;
    // A fixed disk; dynamic ones have a copy of the footer at the beginning.
    has(content, sector, b"conectix").then_some("vhd")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_known_by_its_name() {
        for mark in MARKS {
            let mut content = vec![0; mark.at];
            content.extend_from_slice(mark.signature);
            assert_eq!(unopenable(&content), Some(mark.name));
            content.pop();
            assert_ne!(unopenable(&content), Some(mark.name), "{}", mark.name);
        }
    }

    #[test]
    fn formats_with_short_signatures_are_known_by_their_structure() {
        let samples: [(&str, &[u8]); 2] = [
            ("packed swf", b"CWS\x0a\x20\0\0\0\x78\xda"),
            ("arc", b"\x1a\x08A.TXT\0\0\0\0\0\0\0\0\0\0\0\0"),
        ];
        for (name, content) in samples {
            assert_eq!(unopenable(content), Some(name));
        }
    }

    #[test]
    fn a_volume_of_hfs_is_known_by_its_name() {
        let mut disk = vec![0; 4096];
        disk[1024..1026].copy_from_slice(b"BD");
        disk[1044..1048].copy_from_slice(&4096_u32.to_be_bytes());
        assert_eq!(unopenable(&disk), None);
        disk[1060] = 4;
        assert_eq!(unopenable(&disk), Some("hfs"));
    }

    #[test]
    fn what_only_resembles_a_container_is_none() {
        let plain: [&[u8]; 7] = [
            b"",
            b"PK",
            b"MZ\x90\0",
            b"%PDF-1.7",
            b"\xd0\xcf\x11\xe0",
            b"\x60\xea\x03\0abc\0\0\0\0",
            b"a -lh5 switch",
        ];
        for content in plain {
            assert_eq!(unopenable(content), None, "{content:?}");
        }
    }
}
