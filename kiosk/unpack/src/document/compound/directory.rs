//! The directory of a compound file: storages and streams in a tree.

use super::space::FREE;
use crate::bytes::{part, u16_at, u32_at, u64_at};
use crate::walk::Walk;

/// One place in the directory.
const ENTRY_BYTES: usize = 128;

/// The longest name, in bytes of UTF-16 without the closing zero.
pub(super) const NAME_BYTES_MAX: usize = 62;

/// How many storages a path names. A document in a document in a document has six, and each
/// entry's path is made and judged anew.
pub(super) const FOLDERS_MAX: usize = 24;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Unused,
    Storage,
    Stream,
    Root,
    /// A number that means nothing.
    Other,
}

/// One entry, as it lies in the content: there may be a million.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a>(&'a [u8]);

impl<'a> Entry<'a> {
    /// The entries in a stretch of the directory.
    pub(super) fn all(bytes: &'a [u8]) -> impl Iterator<Item = Self> {
        bytes.chunks_exact(ENTRY_BYTES).map(Self)
    }

    pub(super) fn kind(&self) -> Kind {
        match self.0.get(66) {
            Some(0) => Kind::Unused,
            Some(1) => Kind::Storage,
            Some(2) => Kind::Stream,
            Some(5) => Kind::Root,
            Some(_) | None => Kind::Other,
        }
    }

    pub(super) fn is_root(&self) -> bool {
        self.kind() == Kind::Root
    }

    /// Its name as text, as long as it says. The length counts the closing zero.
    pub(super) fn name(&self) -> String {
        let stated = usize::from(u16_at(self.0, 64).unwrap_or(0)).saturating_sub(2);
        let bytes = part(self.0, 0, stated.min(NAME_BYTES_MAX)).unwrap_or_default();
        let units = bytes.as_chunks::<2>().0;
        let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
        char::decode_utf16(units)
            .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    }

    /// Whether its name ends elsewhere for readers that look for the closing zero.
    pub(super) fn has_two_names(&self) -> bool {
        let bytes = part(self.0, 0, NAME_BYTES_MAX).unwrap_or_default();
        let units = bytes.as_chunks::<2>().0;
        let letters = units.iter().take_while(|unit| **unit != [0, 0]).count();
        let stated = letters.saturating_add(1).saturating_mul(2);
        u16_at(self.0, 64).map(usize::from) != Some(stated)
    }

    pub(super) fn start(&self) -> u32 {
        self.number(116)
    }

    /// Its size. In files with short sectors the upper half is not initialised.
    pub(super) fn size_bytes(&self, has_long_sizes: bool) -> u64 {
        let size = u64_at(self.0, 120).unwrap_or(0);
        if has_long_sizes {
            size
        } else {
            size & 0xffff_ffff
        }
    }

    fn number(&self, at: usize) -> u32 {
        u32_at(self.0, at).unwrap_or(FREE)
    }
}

/// How the entries hang together.
pub(super) struct Tree {
    /// The storage that each entry is in; none when no way leads to it.
    parents: Vec<Option<usize>>,
}

impl Tree {
    /// Walks it. Each entry is entered once, so that loops cost nothing.
    pub(super) fn read(entries: &[Entry<'_>], walk: &mut Walk<'_>) -> Self {
        let mut parents = vec![None; entries.len()];
        let mut waiting = Vec::new();
        let root = entries.first();
        waiting.extend(root.map(|root| (root.number(76), 0)));
        while let Some((number, parent)) = waiting.pop() {
            if number == FREE {
                continue;
            }
            let index = usize::try_from(number).unwrap_or(usize::MAX);
            let entry = entries.get(index).filter(|_| index != 0);
            let (Some(entry), Some(known)) = (entry, parents.get_mut(index)) else {
                walk.damaged("the directory leads to an entry that is not there");
                continue;
            };
            if known.is_some() {
                walk.contradiction("ole_directory_loop", "two ways lead to the same entry");
                continue;
            }
            if entry.kind() == Kind::Unused {
                walk.damaged("the directory leads to an entry that is not used");
            }
            *known = Some(parent);
            waiting.push((entry.number(72), parent));
            waiting.push((entry.number(68), parent));
            if entry.kind() != Kind::Stream {
                waiting.push((entry.number(76), index));
            }
        }
        Self { parents }
    }

    /// The storage that an entry is in.
    pub(super) fn parent(&self, index: usize) -> Option<usize> {
        self.parents.get(index).copied().flatten()
    }

    /// The path of the storage that an entry is in, with a slash at its end, and whether that is
    /// all of it: what lies deeper than [`FOLDERS_MAX`] has its innermost storages only.
    pub(super) fn folder(&self, entries: &[Entry<'_>], index: usize) -> (String, bool) {
        let mut parts = Vec::new();
        let mut above = self.parent(index);
        while let Some(index) = above.filter(|index| *index != 0) {
            if parts.len() == FOLDERS_MAX {
                break;
            }
            let name = entries.get(index).map(Entry::name).unwrap_or_default();
            parts.push(spelled(&name));
            above = self.parent(index);
        }
        let mut path = String::new();
        for part in parts.iter().rev() {
            path.push_str(part);
            path.push('/');
        }
        (path, above.is_none_or(|index| index == 0))
    }
}

/// A name as people know it: the control character that many begin with as a number, and the
/// packed names of installers unpacked.
pub(super) fn spelled(name: &str) -> String {
    let mut letters = name.chars();
    match letters.next() {
        Some(first) if u32::from(first) < 0x20 => {
            let number = u32::from(first);
            format!("[{number}]{}", letters.as_str())
        }
        Some(_) | None => unpacked(name).unwrap_or_else(|| name.to_owned()),
    }
}

/// Windows Installer packs two letters of 64 into one of a script that nobody uses; a table has
/// another one in front.
fn unpacked(name: &str) -> Option<String> {
    const LETTERS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";
    const TABLE: char = '\u{4840}';
    let letter = |six_bits: u32| {
        let at = usize::try_from(six_bits & 0x3f).ok()?;
        LETTERS.get(at).map(|letter| char::from(*letter))
    };
    let mut plain = String::new();
    for packed in name.chars() {
        match packed {
            '\u{3800}'..='\u{47ff}' => {
                let bits = u32::from(packed).wrapping_sub(0x3800);
                plain.push(letter(bits)?);
                plain.push(letter(bits >> 6)?);
            }
            '\u{4800}'..='\u{483f}' => plain.push(letter(u32::from(packed).wrapping_sub(0x4800))?),
            TABLE if plain.is_empty() => plain.push('!'),
            _ => return None,
        }
    }
    Some(plain)
}
