//! Reparse points: files that the system replaces by something else. Source: Microsoft's
//! MS-FSCC 2.1.2.

use super::record::Attribute;
use super::volume::Volume;
use crate::number::{narrow, u32_at};

/// A reparse point.
pub(crate) struct Reparse {
    pub(crate) meaning: Meaning,
    pub(crate) data: Vec<u8>,
    /// Whether not all of its data could be had.
    pub(crate) is_cut: bool,
}

/// What a reparse point does to its file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A junction, mount point or symbolic link.
    Link,
    /// The content is stored in another form, or not here: which.
    Replaced(&'static str),
}

/// Largest reparse data of Windows, in bytes.
const REPARSE_BYTES_MAX: u64 = 16 << 10;

/// What a reparse attribute says. One that cannot be read is taken for the worse.
pub(crate) fn read(volume: &Volume, attribute: &Attribute) -> Reparse {
    let (data, is_cut) = match attribute.resident() {
        Some(value) => (value.to_vec(), false),
        None => {
            let value = volume.value(std::slice::from_ref(attribute));
            let size = value.as_ref().map_or(0, |value| value.size_bytes);
            let mut data = vec![0; narrow(size.min(REPARSE_BYTES_MAX))];
            match value.map(|value| volume.read(&value.extents, 0, &mut data)) {
                Some(Ok(())) => (data, REPARSE_BYTES_MAX < size),
                Some(Err(_)) | None => (Vec::new(), true),
            }
        }
    };
    Reparse {
        meaning: meaning(u32_at(&data, 0)),
        data,
        is_cut,
    }
}

/// What a tag means. Those of OneDrive differ in four bits, which say how a folder is kept.
fn meaning(tag: u32) -> Meaning {
    match tag {
        0xA000_0003 | 0xA000_000C | 0xA000_001D => Meaning::Link,
        0x8000_0017 => Meaning::Replaced("compressed by the Windows overlay filter (WOF)"),
        0x8000_0013 => Meaning::Replaced("deduplicated by Windows Server"),
        _ if tag & 0xFFFF_0FFF == 0x9000_001A => Meaning::Replaced("kept by OneDrive"),
        0x8000_0021 => Meaning::Replaced("kept by OneDrive"),
        0x9000_001C | 0x8000_0018 | 0x9000_1018 => {
            Meaning::Replaced("projected or kept by a container")
        }
        _ => Meaning::Replaced("stored in a form that is not known"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_apart() {
        assert_eq!(meaning(0xA000_0003), Meaning::Link);
        assert_eq!(meaning(0xA000_000C), Meaning::Link);
        for (tag, part) in [
            (0x8000_0017, "WOF"),
            (0x8000_0013, "dedup"),
            (0x9000_001A, "OneDrive"),
            (0x9000_F01A, "OneDrive"),
            (0x8000_0021, "OneDrive"),
            (0x9000_001C, "projected"),
            (0, "not known"),
        ] {
            let Meaning::Replaced(what) = meaning(tag) else {
                panic!("{tag:x} is no link");
            };
            assert!(what.contains(part), "{tag:x}: {what}");
        }
    }
}
