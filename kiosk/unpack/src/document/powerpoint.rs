//! What a presentation of older PowerPoint carries (MS-PPT): embedded objects, each a compound
//! file of its own and mostly compressed. Its macros are one of them.

use std::borrow::Cow;

use wire::Gap;

use crate::bytes::{has, rest, span, u16_at, u32_at};
use crate::member::Body;
use crate::names::Kind;
use crate::stream::inflate::inflate;
use crate::stream::sink::End;
use crate::walk::{Halt, Walk};

/// A record's header: version and instance, type, size.
const HEADER_BYTES: usize = 8;
/// The type of an embedded object.
const OBJECT: u16 = 0x1011;
/// Version and instance of an object as it is, and of a compressed one.
const PLAIN: u16 = 0x0000;
const COMPRESSED: u16 = 0x0010;
/// The header of what describes encryption.
const ENCRYPTION: [u8; 4] = [0x0f, 0x00, 0x14, 0x2f];

/// Stands in the stream of the current user of an encrypted presentation.
const ENCRYPTED_MARK: u32 = 0xf3d1_c4df;

/// Tells from the stream `Current User` whether the presentation is encrypted.
pub(crate) fn examine_user(data: &[u8], walk: &mut Walk<'_>) {
    if u32_at(data, 12) == Some(ENCRYPTED_MARK) {
        walk.encrypted("presentation is encrypted");
    }
}

/// Hands out the objects in a presentation. They are reached by their offset, wherever they
/// lie, so that they are searched for at each one.
pub(crate) fn hand_out(data: &[u8], path: &str, walk: &mut Walk<'_>) -> Result<(), Halt> {
    let mut at: usize = 0;
    while let Some(header) = data.get(at..at.saturating_add(HEADER_BYTES)) {
        let size = u32_at(header, 4).map_or(usize::MAX, |size| span(u64::from(size)));
        let left = data.len().saturating_sub(at).saturating_sub(HEADER_BYTES);
        if has(header, 0, &ENCRYPTION) && size <= left {
            walk.encrypted("presentation is encrypted");
        }
        let kind = u16_at(header, 0);
        let is_object = u16_at(header, 2) == Some(OBJECT);
        if !is_object || !(kind == Some(PLAIN) || kind == Some(COMPRESSED)) || left < size {
            at = at.saturating_add(1);
            continue;
        }
        walk.admit()?;
        let object = rest(data, at.saturating_add(HEADER_BYTES), size);
        let name = format!("{path} (object at {at})");
        let (kept, findings) = walk.names.judge(name.as_bytes(), &[], Kind::File);
        let body = if kind == Some(PLAIN) {
            walk.stored(object)
        } else {
            unpacked(object, walk)
        };
        walk.hand_out(kept, findings, body)?;
        at = at.saturating_add(HEADER_BYTES).saturating_add(size);
    }
    Ok(())
}

/// The size, then a stream of zlib (RFC 1950).
fn unpacked(object: &[u8], walk: &mut Walk<'_>) -> Body<'static> {
    let stated = u32_at(object, 0).map(|size| span(u64::from(size)));
    let packed = rest(object, 4, usize::MAX);
    let mut content = Vec::new();
    let mut gap = Some((Gap::Damaged, "embedded object is not compressed as it says"));
    if let [0x78, _, stream @ ..] = packed {
        let stream_end = inflate(stream, &mut content, walk.budget);
        let checksum = stream.get(stream_end.consumed..);
        let checksum = checksum.and_then(<[u8]>::first_chunk::<4>);
        gap = match stream_end.end {
            End::Cut(gap, why) => Some((gap, why)),
            End::Complete if checksum != Some(&adler32(&content).to_be_bytes()) => {
                Some((Gap::Damaged, "checksum is wrong"))
            }
            End::Complete if stated != Some(content.len()) => Some((Gap::Damaged, "size is wrong")),
            End::Complete => None,
        };
    }
    let content = Cow::Owned(content);
    match gap {
        None => Body::Content(content),
        Some((gap, why)) => Body::Partial { content, gap, why },
    }
}

/// The checksum of zlib.
fn adler32(data: &[u8]) -> u32 {
    const PRIME: u32 = 65_521;
    let (mut low, mut high): (u32, u32) = (1, 0);
    for byte in data {
        low = low.wrapping_add(u32::from(*byte)) % PRIME;
        high = high.wrapping_add(low) % PRIME;
    }
    high.wrapping_shl(16) | low
}
