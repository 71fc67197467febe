//! What a presentation of older PowerPoint carries (MS-PPT): embedded objects, each a compound
//! file of its own and mostly compressed. Its macros are one of them.

use std::borrow::Cow;

use wire::Gap;

use super::zlib;
use crate::bytes::{has, rest, span, u16_at, u32_at};
use crate::member::Body;
use crate::names::Kind;
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

/// The size, then a stream of zlib.
fn unpacked(object: &[u8], walk: &mut Walk<'_>) -> Body<'static> {
    let stated = u32_at(object, 0).map(|size| span(u64::from(size)));
    let (content, gap) = zlib::unpack(rest(object, 4, usize::MAX), walk.budget);
    let is_other = stated != Some(content.len());
    let gap = gap.or_else(|| is_other.then_some((Gap::Damaged, "size is wrong")));
    let content = Cow::Owned(content);
    Body::of(content, gap)
}
