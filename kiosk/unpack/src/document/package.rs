//! Files that a document embeds as they are: what the Packager of Windows keeps, in streams
//! `Ole10Native` and in objects of RTF.

use wire::{Gap, MediumName};

use crate::bytes::{has, part, rest, span, u16_at, u32_at};
use crate::member::Body;
use crate::names::Kind;
use crate::walk::{Halt, Walk};

/// Begins a package.
const PACKAGE: u16 = 2;
/// Stands behind the path of a file that is only linked.
const LINKED: [u8; 4] = [0, 0, 1, 0];

/// An embedded file.
struct Package<'a> {
    name: Vec<u8>,
    data: &'a [u8],
    is_cut: bool,
    is_link: bool,
    end: usize,
}

/// Hands out what `data` embeds: a file under its own name in `folder`, or what another program
/// keeps there, named after `path`.
pub(crate) fn hand_out(
    data: &[u8],
    folder: &str,
    path: &str,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    if data.is_empty() {
        return Ok(());
    }
    walk.admit()?;
    let Some(package) = Package::read(data) else {
        // Old equations begin alike, and the Packager opens nothing that it cannot read.
        if u16_at(data, 0) == Some(PACKAGE) {
            walk.notice(
                "ole_package_malformed",
                "what begins as an embedded file is none",
            );
        }
        let name = format!("{path} (content)");
        let (kept, findings) = walk.names.judge(name.as_bytes(), &[], Kind::File);
        let body = walk.stored(data);
        return walk.hand_out(kept, findings, body);
    };
    walk.notice("ole_package", "embeds a file that a click opens");
    if package.is_link {
        walk.notice("ole_link", "an object that is fetched from elsewhere");
    }
    let mut name = folder.as_bytes().to_vec();
    name.extend_from_slice(&package.name);
    let (kept, findings): (MediumName, _) = walk.names.judge(&name, &[], Kind::File);
    let body = match (walk.stored(package.data), package.is_cut) {
        (Body::Content(content), true) => Body::Partial {
            content,
            gap: Gap::Damaged,
            why: "embedded file is cut off",
        },
        (body, _) => body,
    };
    walk.hand_out(kept, findings, body)?;
    behind(rest(data, package.end, usize::MAX), walk)
}

/// Behind the content stand its names in UTF-16, or nothing; a container there is hidden.
fn behind(data: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    if crate::recognise(data).is_empty() && crate::unopenable(data).is_none() {
        return Ok(());
    }
    walk.stray(data, "a container behind an embedded file")
}

impl<'a> Package<'a> {
    /// Label, path, where it comes from, a path to unpack to, and the content.
    fn read(data: &'a [u8]) -> Option<Self> {
        if u16_at(data, 0) != Some(PACKAGE) {
            return None;
        }
        let (label, at) = text(data, 2)?;
        let (path, at) = text(data, at)?;
        let is_link = has(data, at, &LINKED);
        let unpack_bytes = span(u64::from(u32_at(data, at.checked_add(4)?)?));
        let at = at.checked_add(8)?;
        part(data, at, unpack_bytes)?;
        let at = at.checked_add(unpack_bytes)?;
        let size = span(u64::from(u32_at(data, at)?));
        let at = at.checked_add(4)?;
        let content = rest(data, at, size);
        let end = at.saturating_add(content.len());
        let name = unicode_label(data, end);
        let name = name
            .or_else(|| last_part(label))
            .or_else(|| last_part(path));
        Some(Self {
            name: name.unwrap_or_else(|| b"package".to_vec()),
            data: content,
            is_cut: content.len() < size,
            is_link,
            end,
        })
    }
}

/// Text that ends with a zero, and where it ends.
fn text(data: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let tail = data.get(at..)?;
    let text = tail.split(|byte| *byte == 0).next()?;
    let end = at.checked_add(text.len())?.checked_add(1)?;
    (end <= data.len()).then_some((text, end))
}

/// The same three texts may follow in UTF-16, each behind its length: the path to unpack to,
/// the label, the path.
fn unicode_label(data: &[u8], at: usize) -> Option<Vec<u8>> {
    let letters = |at: usize| u32_at(data, at).map(|letters| span(u64::from(letters)));
    let bytes = letters(at)?.checked_mul(2)?;
    let label_at = at.checked_add(4)?.checked_add(bytes)?;
    let bytes = letters(label_at)?.checked_mul(2)?;
    let label = part(data, label_at.checked_add(4)?, bytes)?;
    let units: Vec<_> = label
        .as_chunks::<2>()
        .0
        .iter()
        .map(|unit| u16::from_le_bytes(*unit))
        .take_while(|unit| *unit != 0)
        .collect();
    last_part(String::from_utf16(&units).ok()?.as_bytes())
}

/// The name at the end of a path. The Packager unpacks to a folder of its own.
fn last_part(path: &[u8]) -> Option<Vec<u8>> {
    let mut parts = path.rsplit(|byte| matches!(byte, b'/' | b'\\'));
    parts
        .next()
        .filter(|name| !name.is_empty())
        .map(<[u8]>::to_vec)
}
