//! The description of one image: its folders and files, and which contents these have.

use std::collections::BTreeSet;

use wire::name::NAME_BYTES_MAX;

use crate::bytes::{part, span, u16_at, u32_at, u64_at};

/// Most entries of an image that are read: more than one file may have members.
pub(crate) const WIM_ENTRIES_MAX: usize = 1 << 17;

/// Most bytes that their paths may have together. Real ones have a hundred each.
pub(crate) const WIM_PATHS_BYTES_MAX: usize = 32 << 20;

const ENTRY_BYTES: usize = 102;
const IS_FOLDER: u32 = 0x10;

/// The digest of a content; zeros are no content.
pub(super) type Sum = [u8; 20];

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) path: Vec<u8>,
    pub(super) is_folder: bool,
    pub(super) sum: Sum,
}

/// What an image lists.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) named: Vec<Named>,
    /// It is not as it should be somewhere.
    pub(super) is_torn: bool,
    /// It has more than is read.
    pub(super) is_cut: bool,
    /// A folder lies in two places.
    pub(super) is_tangled: bool,
    pub(super) path_bytes: usize,
}

/// One entry of a folder.
struct Entry {
    attributes: u32,
    children_at: usize,
    sum: Sum,
    name: Vec<u8>,
    /// Its further streams, and where the next entry begins.
    streams: Vec<(Vec<u8>, Sum)>,
    end: usize,
}

/// Reads the description of an image, at most so many entries and bytes of their paths.
pub(super) fn read(description: &[u8], entries_max: usize, bytes_max: usize) -> Tree {
    let mut tree = Tree::default();
    // Security descriptors come first; nothing is less than their count and length.
    let root_at = u32_at(description, 0).map(|bytes| aligned(span(bytes.max(8).into())));
    let root = root_at.and_then(|at| Entry::read(description, at));
    let Some(Some(root)) = root else {
        tree.is_torn = true;
        return tree;
    };
    tree.streams(b"", &root);
    let mut seen = BTreeSet::new();
    let mut folders = vec![(Vec::new(), root.children_at)];
    while let Some((path, at)) = folders.pop() {
        if at == 0 {
            continue;
        }
        if !seen.insert(at) {
            tree.is_tangled = true;
            continue;
        }
        tree.folder(description, &path, at, &mut folders, entries_max, bytes_max);
        tree.is_cut |= entries_max < tree.named.len() || bytes_max < tree.path_bytes;
        if tree.is_cut {
            break;
        }
    }
    tree
}

impl Tree {
    /// Reads the entries of a folder up to the empty one that ends it.
    fn folder(
        &mut self,
        description: &[u8],
        path: &[u8],
        begin: usize,
        folders: &mut Vec<(Vec<u8>, usize)>,
        entries_max: usize,
        bytes_max: usize,
    ) {
        let mut at = begin;
        loop {
            let entry = match Entry::read(description, at) {
                Some(Some(entry)) => entry,
                Some(None) => return,
                None => {
                    self.is_torn = true;
                    return;
                }
            };
            let mut full = path.to_vec();
            if !full.is_empty() {
                full.push(b'/');
            }
            full.extend_from_slice(&entry.name);
            self.path_bytes = self.path_bytes.saturating_add(full.len());
            let many = entries_max <= self.named.len().saturating_add(folders.len());
            if many || bytes_max < self.path_bytes {
                self.is_cut = true;
                return;
            }
            // What has a content is a file, whatever its attributes say.
            let is_folder = entry.attributes & IS_FOLDER != 0;
            self.streams(&full, &entry);
            self.named.push(Named {
                path: full.clone(),
                is_folder: is_folder && entry.sum == [0; 20],
                sum: entry.sum,
            });
            at = entry.end;
            if entry.children_at != 0 {
                full.truncate(NAME_BYTES_MAX);
                folders.push((full, entry.children_at));
            }
        }
    }

    /// The streams beside a file's content, by the file's name and their own.
    fn streams(&mut self, path: &[u8], entry: &Entry) {
        for (name, sum) in &entry.streams {
            if *sum == [0; 20] {
                continue;
            }
            let mut full = path.to_vec();
            if !name.is_empty() {
                full.push(b':');
                full.extend_from_slice(name);
            }
            self.path_bytes = self.path_bytes.saturating_add(full.len());
            self.named.push(Named {
                path: full,
                is_folder: false,
                sum: *sum,
            });
        }
    }
}

impl Entry {
    /// The entry at `at`; inside, `None` is the empty one that ends a folder.
    fn read(description: &[u8], at: usize) -> Option<Option<Self>> {
        let bytes = span(u64_at(description, at)?);
        if bytes <= 8 {
            return Some(None);
        }
        let fixed = part(description, at, ENTRY_BYTES)?;
        let name_bytes = usize::from(u16_at(fixed, 100)?);
        let name_at = at.checked_add(ENTRY_BYTES)?;
        let mut end = at.checked_add(aligned(bytes.max(ENTRY_BYTES)))?;
        let mut streams = Vec::new();
        for _ in 0..u16_at(fixed, 96)? {
            const STREAM_BYTES: usize = 38;
            let fixed = part(description, end, STREAM_BYTES)?;
            let bytes = span(u64_at(fixed, 0)?);
            let name_bytes = usize::from(u16_at(fixed, 36)?);
            let name = part(description, end.checked_add(STREAM_BYTES)?, name_bytes)?;
            streams.push((text(name), part(fixed, 16, 20)?.try_into().ok()?));
            end = end.checked_add(aligned(bytes.max(STREAM_BYTES)))?;
        }
        Some(Some(Self {
            attributes: u32_at(fixed, 8)?,
            children_at: span(u64_at(fixed, 16)?),
            sum: part(fixed, 64, 20)?.try_into().ok()?,
            name: text(part(description, name_at, name_bytes)?),
            streams,
            end,
        }))
    }
}

/// Two bytes a letter.
fn text(name: &[u8]) -> Vec<u8> {
    let letters = name.chunks_exact(2).filter_map(|two| u16_at(two, 0));
    let letters = char::decode_utf16(letters);
    let text: String = letters.map(|letter| letter.unwrap_or('\u{fffd}')).collect();
    text.into_bytes()
}

/// The next multiple of eight.
fn aligned(bytes: usize) -> usize {
    bytes.div_ceil(8).saturating_mul(8)
}
