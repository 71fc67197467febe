//! An object as older programs keep it (MS-OLEDS 2.2): a header, then what the program that
//! made it keeps there.

use std::ops::Range;

use wire::Gap;

use crate::bytes::{find, part, rest, span, u32_at};
use crate::document::{compound, package};
use crate::member::Body;
use crate::names::Kind;
use crate::walk::{Halt, Walk};

/// Kinds of objects.
const LINKED: u32 = 1;
const EMBEDDED: u32 = 2;

/// Hands out an object's data, and what is embedded in it.
pub(super) fn hand_out(
    data: &[u8],
    limit: Option<&'static str>,
    number: u64,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    walk.admit()?;
    let path = format!("object {number}");
    let (name, findings) = walk.names.judge(path.as_bytes(), &[], Kind::File);
    let content = data.into();
    let body = match limit {
        None => Body::Content(content),
        Some(why) => Body::Partial {
            content,
            gap: Gap::Limit,
            why,
        },
    };
    walk.budget.hold(data.len());
    let mut result = walk.hand_out(name, findings, body);
    if result.is_ok() {
        result = open(data, &path, walk);
    }
    walk.budget.release(data.len());
    result
}

fn open(data: &[u8], path: &str, walk: &mut Walk<'_>) -> Result<(), Halt> {
    let header = Header::read(data);
    if header.is_none() {
        walk.contradiction("rtf_object_malformed", "an object has no readable header");
    }
    let mut native = 0..0;
    if let Some(header) = header {
        if header.kind == LINKED {
            walk.notice("ole_link", "an object that is fetched from elsewhere");
        }
        if data.len() < header.native.end {
            walk.damaged("an object is shorter than it says");
        }
        native = header.native;
        let length = native.end.saturating_sub(native.start);
        package::hand_out(rest(data, native.start, length), "", path, walk)?;
    }
    others(data, &native, path, walk)
}

/// Compound files that the header does not lead to: some readers search for them.
fn others(data: &[u8], native: &Range<usize>, path: &str, walk: &mut Walk<'_>) -> Result<(), Halt> {
    const BEGIN: [u8; 4] = [0xd0, 0xcf, 0x11, 0xe0];
    let is_opened = !crate::recognise(rest(data, native.start, native.len())).is_empty();
    let mut at: usize = 0;
    while let Some(found) = find(data, BEGIN, at) {
        at = found.saturating_add(BEGIN.len());
        let content = rest(data, found, usize::MAX);
        let is_known = native.contains(&found) && (is_opened || found == native.start);
        if is_known || !compound::begins(content) {
            continue;
        }
        walk.admit()?;
        let name = format!("{path} (at {found})");
        let (name, findings) = walk.names.judge(name.as_bytes(), &[], Kind::File);
        let body = walk.stored(content);
        walk.hand_out(name, findings, body)?;
    }
    Ok(())
}

struct Header {
    kind: u32,
    /// Where it says that its content is.
    native: Range<usize>,
}

impl Header {
    /// A version that nobody looks at, the kind, three texts behind their lengths, and for
    /// embedded objects the content behind its length.
    fn read(data: &[u8]) -> Option<Self> {
        let kind = u32_at(data, 4)?;
        let mut at: usize = 8;
        for _ in 0..3 {
            let length = span(u64::from(u32_at(data, at)?));
            at = at.checked_add(4)?;
            part(data, at, length)?;
            at = at.checked_add(length)?;
        }
        let mut native = 0..0;
        if kind == EMBEDDED {
            let length = span(u64::from(u32_at(data, at)?));
            at = at.checked_add(4)?;
            native = at..at.checked_add(length)?;
        }
        (kind == LINKED || kind == EMBEDDED).then_some(Self { kind, native })
    }
}
