//! The contents of a file: its data streams and what its reparse point makes of them.

use std::collections::BTreeMap;

use super::record::{Attribute, COMPRESSED, DATA, ENCRYPTED, REPARSE_POINT, Record};
use super::volume::Volume;
use crate::content::Extent;
use crate::number::{u32_at, wide};

/// One data stream.
pub(crate) struct Stream {
    /// Empty for the file's own content.
    pub(crate) name: Vec<u8>,
    pub(crate) size_bytes: u64,
    pub(crate) valid_bytes: u64,
    pub(crate) body: Body,
}

/// Where a stream's bytes are, or why they cannot be had.
pub(crate) enum Body {
    Resident(Vec<u8>),
    Extents(Vec<Extent>),
    Encrypted,
    Compressed,
    Damaged,
}

/// What a file's attributes hold.
pub(crate) struct Streams {
    pub(crate) streams: Vec<Stream>,
    pub(crate) reparse: Option<Reparse>,
    pub(crate) fault: Option<&'static str>,
}

/// A reparse point: a file that the system replaces by something else.
pub(crate) struct Reparse {
    pub(crate) meaning: Meaning,
    pub(crate) data: Vec<u8>,
}

/// What a reparse point does to its file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A junction, mount point or symbolic link.
    Link,
    /// The content is stored in another form, or not here.
    Replaced,
}

/// `IO_REPARSE_TAG_MOUNT_POINT`, `IO_REPARSE_TAG_SYMLINK` and `IO_REPARSE_TAG_LX_SYMLINK`.
const LINK_TAGS: [u32; 3] = [0xA000_0003, 0xA000_000C, 0xA000_001D];

/// Everything that `record`, a base record, holds.
pub(crate) fn data_streams(volume: &Volume, record: &Record) -> Streams {
    let attributes = volume.attributes(record);
    let mut streams = Streams {
        streams: Vec::new(),
        reparse: None,
        fault: attributes.fault,
    };
    let mut pieces: BTreeMap<Vec<u8>, Vec<Attribute>> = BTreeMap::new();
    for attribute in attributes.found {
        match attribute.kind {
            DATA => {
                let name = attribute.name.clone();
                pieces.entry(name).or_default().push(attribute);
            }
            REPARSE_POINT => streams.reparse = Some(reparse(volume, &attribute)),
            _ => {}
        }
    }
    for (name, pieces) in pieces {
        streams.streams.push(stream(volume, name, &pieces));
    }
    streams
}

/// The stream that `pieces` describe.
fn stream(volume: &Volume, name: Vec<u8>, pieces: &[Attribute]) -> Stream {
    let damaged = |name| Stream {
        name,
        size_bytes: 0,
        valid_bytes: 0,
        body: Body::Damaged,
    };
    let Some(first) = pieces.iter().min_by_key(|piece| piece.lowest()) else {
        return damaged(name);
    };
    if let (Some(value), [_]) = (first.resident(), pieces) {
        return Stream {
            name,
            size_bytes: wide(value.len()),
            valid_bytes: wide(value.len()),
            body: Body::Resident(value.to_vec()),
        };
    }
    let Some(value) = volume.value(pieces) else {
        return damaged(name);
    };
    let there = value.extents.iter().map(|extent| extent.size_bytes);
    let there = there.fold(0, u64::saturating_add);
    let body = match first.flags {
        flags if flags & ENCRYPTED != 0 => Body::Encrypted,
        flags if flags & COMPRESSED != 0 && value.size_bytes != 0 => Body::Compressed,
        _ if there < value.size_bytes || value.size_bytes < value.valid_bytes => Body::Damaged,
        _ => Body::Extents(value.extents),
    };
    Stream {
        name,
        size_bytes: value.size_bytes,
        valid_bytes: value.valid_bytes,
        body,
    }
}

/// What a reparse attribute says. One that cannot be read is taken for the worse.
fn reparse(volume: &Volume, attribute: &Attribute) -> Reparse {
    /// Largest reparse data of Windows, in bytes.
    const REPARSE_BYTES_MAX: u64 = 16 << 10;
    let data = match attribute.resident() {
        Some(value) => value.to_vec(),
        None => {
            let value = volume.value(std::slice::from_ref(attribute));
            let size = value
                .as_ref()
                .map_or(0, |value| value.size_bytes.min(REPARSE_BYTES_MAX));
            let mut data = vec![0; crate::number::narrow(size)];
            match value.map(|value| volume.read(&value.extents, 0, &mut data)) {
                Some(Ok(())) => data,
                Some(Err(_)) | None => Vec::new(),
            }
        }
    };
    let is_link = LINK_TAGS.contains(&u32_at(&data, 0));
    Reparse {
        meaning: if is_link {
            Meaning::Link
        } else {
            Meaning::Replaced
        },
        data,
    }
}
