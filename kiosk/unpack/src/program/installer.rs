//! Installers: programs that carry what they install in a form of their own.
//!
//! What is not opened is named, so that no installer counts as looked at whose content was not.

use super::pe::Image;
use super::resource::Resources;
use super::{inno, nsis, python};
use crate::bytes::{find, has, rest};
use crate::walk::{Halt, Walk};

/// Before each script that AutoIt compiles into a program.
const AUTOIT: [u8; 16] = *b"\xa3\x48\x4b\xbe\x98\x6c\x4a\xa9\x99\x4c\x53\x0a\x86\xd6\x48\x7d";

/// Opens or names the installer that a program is.
pub(crate) fn open(
    image: &Image<'_>,
    resources: &Resources,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    let content = image.content;
    let behind = content.get(image.end..).unwrap_or_default();
    for at in &resources.inno_at {
        inno::open(content, rest(content, *at, usize::MAX), walk)?;
    }
    if 1 < resources.inno_at.len() {
        walk.contradiction(
            "inno_tables",
            "two tables say where an installer's files are",
        );
    }
    if resources.inno_at.is_empty() && is_inno(content, behind) {
        walk.unsupported("payload of an Inno Setup installer is not opened");
    }
    if has(behind, 0, b"ISSetupStream\0") || has(behind, 0, b"InstallShield\0") {
        walk.unsupported("payload of an InstallShield installer is not opened");
    }
    if is_autoit(content) {
        walk.unsupported("compiled script of AutoIt is not opened");
    }
    nsis::open(content, walk)?;
    python::open(content, image.end, walk)
}

/// Whether an installer of Inno Setup is told by its old mark or by its data.
fn is_inno(content: &[u8], behind: &[u8]) -> bool {
    const OLD_AT: usize = 0x30;
    let begins = [b"zlb\x1a".as_slice(), b"idska32\x1a"];
    has(content, OLD_AT, b"Inno")
        || begins.iter().any(|mark| behind.starts_with(mark))
        || holds(behind, b"Inno Setup Setup Data (")
}

/// Whether a compiled script of AutoIt or AutoHotkey lies in the program. The interpreter itself
/// knows the two marks, and not one behind the other.
fn is_autoit(content: &[u8]) -> bool {
    let mut script = AUTOIT.to_vec();
    script.extend_from_slice(b"AU3!EA0");
    holds(content, &script)
}

/// Whether `mark`, of four bytes or more, stands anywhere in `content`.
pub(crate) fn holds(content: &[u8], mark: &[u8]) -> bool {
    let Some(begin) = mark.first_chunk::<4>() else {
        return false;
    };
    let mut from: usize = 0;
    while let Some(at) = find(content, *begin, from) {
        if has(content, at, mark) {
            return true;
        }
        from = at.saturating_add(1);
    }
    false
}
