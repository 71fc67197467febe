//! The resources of a program for Windows: a tree of kinds, names and languages.

use std::collections::BTreeSet;

use super::inno;
use super::pe::{Directory, Image};
use super::within::{Taken, is_program};
use crate::bytes::{rest, span, u16_at, u32_at};
use crate::names::Kind;
use crate::search;
use crate::walk::{Halt, Walk};

/// Most entries of all directories that are looked at. The largest libraries of pictures have a
/// few thousand.
pub(crate) const ENTRIES_MAX: usize = 65_536;

/// How many times as long as the program its leaves may be together: they do not overlap in any
/// that a linker wrote.
pub(crate) const OVERLAP_MAX: usize = 4;

/// Kinds, names, languages.
const LEVELS: usize = 3;

const DIRECTORY_BYTES: usize = 16;
const ENTRY_BYTES: usize = 8;
/// The rest of an entry leads to a directory, or its name is spelled out.
const HIGH: u32 = 0x8000_0000;

/// What was found in the resources.
pub(crate) struct Resources {
    /// What was handed out, so that it is not found once more.
    pub(crate) taken: Taken,
    /// Where those lie that say where an Inno Setup installer is.
    pub(crate) inno_at: Vec<usize>,
}

/// One directory that is still to be read, or a leaf.
struct Node {
    at: usize,
    path: Vec<String>,
    /// The number of the kind, when it is none with a name.
    kind: Option<u32>,
    is_leaf: bool,
}

/// Hands out every leaf that is not of the usual kinds of a window's parts, or is a program or a
/// container whatever its kind says.
pub(crate) fn open(image: &Image<'_>, walk: &mut Walk<'_>) -> Result<Resources, Halt> {
    let mut found = Resources {
        taken: Taken::new(),
        inno_at: Vec::new(),
    };
    let Some((address, _)) = image.directory(Directory::Resources) else {
        return Ok(found);
    };
    let Some(tree) = image.at_address(address) else {
        return Ok(found);
    };
    let is_archive = crate::recognise(image.content)
        .iter()
        .any(|format| format.is_archive());
    let mut seen = BTreeSet::new();
    let mut entries_left = ENTRIES_MAX;
    let mut bytes_left = image.content.len().saturating_mul(OVERLAP_MAX);
    let root = Node {
        at: 0,
        path: Vec::new(),
        kind: None,
        is_leaf: false,
    };
    let mut nodes = vec![root];
    while let Some(node) = nodes.pop() {
        if !node.is_leaf {
            if !read_directory(tree, &node, &mut nodes, &mut entries_left) {
                walk.limit("more resources than are looked at");
            }
            continue;
        }
        let Some(leaf) = leaf(image, tree, node.at) else {
            continue;
        };
        let begin = leaf
            .as_ptr()
            .addr()
            .wrapping_sub(image.content.as_ptr().addr());
        if leaf.is_empty() || !seen.insert((begin, leaf.len())) {
            continue;
        }
        let Some(left) = bytes_left.checked_sub(leaf.len()) else {
            walk.limit("resources overlap more often than they are looked at");
            break;
        };
        bytes_left = left;
        if leaf.starts_with(inno::TABLE) || leaf.starts_with(inno::OTHER_TABLE) {
            found.inno_at.push(begin);
        }
        let is_worth =
            is_program(leaf) || is_unusual(leaf, node.kind) || opens(leaf, begin, is_archive);
        if is_worth {
            hand_out(&node, leaf, walk)?;
            found.taken.insert(begin, begin.saturating_add(leaf.len()));
        }
    }
    Ok(found)
}

/// Puts the entries of a directory on the list, the last one first; tells whether all of them.
fn read_directory(tree: &[u8], node: &Node, nodes: &mut Vec<Node>, left: &mut usize) -> bool {
    let count = |offset: usize| u16_at(tree, node.at.saturating_add(offset)).unwrap_or(0);
    let count = usize::from(count(12)).saturating_add(usize::from(count(14)));
    for index in 0..count {
        let at = node.at.saturating_add(DIRECTORY_BYTES);
        let at = at.saturating_add(index.saturating_mul(ENTRY_BYTES));
        let entry = u32_at(tree, at).zip(u32_at(tree, at.saturating_add(4)));
        let Some((name, to)) = entry else {
            break;
        };
        let Some(one_less) = left.checked_sub(1) else {
            return false;
        };
        *left = one_less;
        let is_leaf = to & HIGH == 0;
        // Windows goes no deeper; what is there is nobody's.
        if !is_leaf && LEVELS <= node.path.len().saturating_add(1) {
            continue;
        }
        let is_kind = node.path.is_empty();
        let mut path = node.path.clone();
        path.push(spelled(tree, name, is_kind));
        nodes.push(Node {
            at: span(u64::from(to & !HIGH)),
            path,
            kind: if is_kind {
                (name & HIGH == 0).then_some(name)
            } else {
                node.kind
            },
            is_leaf,
        });
    }
    true
}

/// The content of a leaf, as far as the file has it.
fn leaf<'a>(image: &Image<'a>, tree: &[u8], at: usize) -> Option<&'a [u8]> {
    let address = u32_at(tree, at)?;
    let size = span(u64::from(u32_at(tree, at.checked_add(4)?)?));
    Some(rest(image.at_address(address)?, 0, size))
}

/// Whether it is a container that the search through the whole does not find by itself.
fn opens(leaf: &[u8], begin: usize, is_archive: bool) -> bool {
    let is_searched = !is_archive && search::tries(leaf, begin);
    let is_container = !crate::recognise(leaf).is_empty() || crate::unopenable(leaf).is_some();
    is_container && !is_searched
}

/// Shortest leaf that is handed out for its kind alone, in bytes: nothing shorter is anything.
pub(crate) const UNUSUAL_BYTES_MIN: usize = 1024;

/// Whether a leaf is of a kind that only its program knows, and not a picture or a form.
fn is_unusual(leaf: &[u8], kind: Option<u32>) -> bool {
    const RAW: u32 = 10;
    const KNOWN: [&[u8]; 12] = [
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"GIF8",
        b"BM",
        b"RIFF",
        b"TPF0",
        b"MSFT",
        b"CRIM",
        b"\0\0\x01\0",
        b"<?xml",
        b"\0\x01\0\0",
        b"\xcd\xfe\xcd\xfe",
    ];
    let is_own = kind.is_none_or(|kind| kind == RAW || 24 < kind);
    let is_known = KNOWN.iter().any(|mark| leaf.starts_with(mark));
    is_own && UNUSUAL_BYTES_MIN <= leaf.len() && !is_known && looks_packed(leaf)
}

/// Whether the bytes are spread as evenly as those of compressed or encrypted data: such a leaf is
/// what its program unpacks, and rules for it begin with its first byte.
fn looks_packed(leaf: &[u8]) -> bool {
    super::packed::is_even(leaf)
}

fn hand_out(node: &Node, leaf: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.admit()?;
    let name = format!("resource {}", node.path.join("/"));
    let (name, findings) = walk.names.judge(name.as_bytes(), &[], Kind::File);
    let body = walk.stored(leaf);
    walk.hand_out(name, findings, body)
}

/// How a name is spelled in a path: letters of its own, or its number, or the usual word for it.
fn spelled(tree: &[u8], name: u32, is_kind: bool) -> String {
    if name & HIGH == 0 {
        let usual = if is_kind { usual(name) } else { None };
        return usual.map_or_else(|| name.to_string(), str::to_owned);
    }
    let at = span(u64::from(name & !HIGH));
    let count = usize::from(u16_at(tree, at).unwrap_or(0));
    let letters = rest(tree, at.saturating_add(2), count.saturating_mul(2).min(512));
    let units = letters.chunks_exact(2).map(|pair| {
        u16::from_le_bytes([
            pair.first().copied().unwrap_or(0),
            pair.get(1).copied().unwrap_or(0),
        ])
    });
    // Slashes would make folders of it.
    let letter = |letter: char| {
        if matches!(letter, '/' | '\\') {
            '_'
        } else {
            letter
        }
    };
    char::decode_utf16(units)
        .map(|one| letter(one.unwrap_or(char::REPLACEMENT_CHARACTER)))
        .collect()
}

/// What the kinds that Windows itself knows are called.
fn usual(kind: u32) -> Option<&'static str> {
    const KINDS: [&str; 25] = [
        "0",
        "CURSOR",
        "BITMAP",
        "ICON",
        "MENU",
        "DIALOG",
        "STRING",
        "FONTDIR",
        "FONT",
        "ACCELERATOR",
        "RCDATA",
        "MESSAGETABLE",
        "GROUP_CURSOR",
        "13",
        "GROUP_ICON",
        "15",
        "VERSION",
        "DLGINCLUDE",
        "18",
        "PLUGPLAY",
        "VXD",
        "ANICURSOR",
        "ANIICON",
        "HTML",
        "MANIFEST",
    ];
    KINDS.get(span(u64::from(kind))).copied()
}
