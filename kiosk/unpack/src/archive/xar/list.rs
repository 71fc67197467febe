//! The list of a xar: a tree of `file` elements, each with its kind, its name and where its data
//! lies.

use crate::archive::markup::{Part, Parts, number, plain};
use crate::text::{base64, hex_byte};

/// Most files of a list that are read: more than one file may have members.
pub(crate) const XAR_FILES_MAX: usize = 1 << 17;

/// Deepest folder that is read.
pub(crate) const XAR_DEPTH_MAX: usize = 64;

/// Most bytes that all paths may have together. Real ones have a hundred each.
pub(crate) const XAR_PATHS_BYTES_MAX: usize = 32 << 20;

/// One file of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: Vec<u8>,
    pub(super) kind: Vec<u8>,
    /// What a link leads to.
    pub(super) target: Vec<u8>,
    pub(super) data: Option<Stretch>,
}

/// Data in the heap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) offset: Option<u64>,
    pub(super) stored_bytes: Option<u64>,
    pub(super) size_bytes: Option<u64>,
    pub(super) encoding: Vec<u8>,
    /// The digest of what it unpacks to, and which one it is.
    pub(super) sum: Vec<u8>,
    pub(super) sum_kind: Vec<u8>,
}

/// What a list gave.
#[derive(Default)]
pub(super) struct List {
    pub(super) entries: Vec<Entry>,
    /// Data of attributes, and of files that have some already.
    pub(super) others: Vec<Stretch>,
    /// The archive's own sums and signatures.
    pub(super) own: Vec<Stretch>,
    /// Whether a file has two contents.
    pub(super) is_doubled: bool,
    pub(super) is_torn: bool,
    pub(super) is_cut: bool,
    pub(super) is_declared: bool,
}

/// The list while it is read.
#[derive(Default)]
struct Reader<'a> {
    list: List,
    /// The elements that are open.
    open: Vec<&'a [u8]>,
    /// The files that are open, by their numbers in the list, from the outermost on.
    files: Vec<usize>,
    /// The data that is open, of a file or of something else.
    stretch: Option<(Stretch, &'a [u8])>,
    is_base64: bool,
    path_bytes: usize,
}

/// Reads a list.
pub(super) fn read(text: &[u8]) -> List {
    let mut reader = Reader::default();
    for part in Parts::new(text) {
        match part {
            Part::Begin(name, attributes) => reader.begin(name, attributes),
            Part::End(name) => reader.end(name),
            Part::Text(text) => reader.text(text),
            Part::Declaration => reader.list.is_declared = true,
        }
        if reader.list.is_cut {
            break;
        }
    }
    let mut list = reader.list;
    list.is_torn |= !reader.open.is_empty();
    list
}

impl<'a> Reader<'a> {
    fn begin(&mut self, name: &'a [u8], attributes: &'a [u8]) {
        self.open.push(name);
        let is_many = XAR_FILES_MAX <= self.list.entries.len();
        if XAR_DEPTH_MAX < self.files.len() || is_many {
            self.list.is_cut = true;
            return;
        }
        // A file in the data of another is seen by some readers and not by others.
        let is_part = matches!(name, b"file" | b"data" | b"ea" | b"checksum" | b"signature");
        self.list.is_torn |= is_part && self.stretch.is_some();
        match name {
            b"file" => {
                self.files.push(self.list.entries.len());
                self.list.entries.push(Entry::default());
            }
            b"data" | b"ea" | b"checksum" | b"signature" | b"x-signature"
                if self.stretch.is_none() =>
            {
                self.stretch = Some((Stretch::default(), name));
            }
            b"encoding" => {
                if let Some((stretch, _)) = &mut self.stretch {
                    stretch.encoding = attribute(attributes, b"style");
                }
            }
            b"extracted-checksum" => {
                if let Some((stretch, _)) = &mut self.stretch {
                    stretch.sum_kind = attribute(attributes, b"style");
                }
            }
            b"name" => self.is_base64 = attribute(attributes, b"enctype") == b"base64",
            _ => {}
        }
    }

    fn end(&mut self, name: &'a [u8]) {
        // What is closed in another order is read in another way by others.
        if self.open.pop() != Some(name) {
            self.list.is_torn = true;
        }
        if name == b"file" {
            self.files.pop();
        }
        if self
            .stretch
            .as_ref()
            .is_none_or(|(_, begun)| *begun != name)
        {
            return;
        }
        let Some((stretch, _)) = self.stretch.take() else {
            return;
        };
        let file = self
            .files
            .last()
            .and_then(|index| self.list.entries.get_mut(*index));
        match file {
            _ if matches!(name, b"checksum" | b"signature" | b"x-signature") => {
                self.list.own.push(stretch);
            }
            Some(file) if name == b"data" && file.data.is_none() => file.data = Some(stretch),
            Some(_) | None => {
                self.list.is_doubled |= name == b"data";
                self.list.others.push(stretch);
            }
        }
    }

    fn text(&mut self, text: &[u8]) {
        let Some(element) = self.open.last() else {
            return;
        };
        if let Some((stretch, _)) = &mut self.stretch {
            // Of two places each reader takes its own.
            self.list.is_torn |= match *element {
                b"offset" => stretch.offset.is_some(),
                b"length" => stretch.stored_bytes.is_some(),
                b"size" => stretch.size_bytes.is_some(),
                _ => false,
            };
            match *element {
                b"offset" => stretch.offset = number(text),
                b"length" => stretch.stored_bytes = number(text),
                b"size" => stretch.size_bytes = number(text),
                b"extracted-checksum" => stretch.sum = digits(text),
                _ => {}
            }
            return;
        }
        let parent = self.files.iter().rev().nth(1).copied();
        let parent = parent.filter(|_| *element == b"name");
        let parent = parent.and_then(|index| self.list.entries.get(index));
        let parent = parent.map(|parent| parent.path.clone()).unwrap_or_default();
        let file = self
            .files
            .last()
            .and_then(|index| self.list.entries.get_mut(*index));
        let Some(file) = file else {
            return;
        };
        match *element {
            b"name" => {
                let name = if self.is_base64 {
                    base64::decoded(text)
                } else {
                    plain(text)
                };
                let mut path = parent;
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(&name);
                self.path_bytes = self.path_bytes.saturating_add(path.len());
                self.list.is_cut |= XAR_PATHS_BYTES_MAX < self.path_bytes;
                file.path = path;
            }
            b"type" => file.kind = text.trim_ascii().to_vec(),
            b"link" => file.target = plain(text),
            _ => {}
        }
    }
}

/// The value of an attribute; empty when there is none.
fn attribute(attributes: &[u8], name: &[u8]) -> Vec<u8> {
    let mut wanted = name.to_vec();
    wanted.push(b'=');
    let at = attributes
        .windows(wanted.len())
        .position(|window| window == wanted);
    let value = at.and_then(|at| attributes.get(at.saturating_add(wanted.len())..));
    let Some((quote, value)) = value.and_then(<[u8]>::split_first) else {
        return Vec::new();
    };
    let end = value
        .iter()
        .position(|byte| byte == quote)
        .unwrap_or(value.len());
    plain(value.get(..end).unwrap_or_default())
}

/// Bytes of two digits each.
fn digits(text: &[u8]) -> Vec<u8> {
    let pairs = text.trim_ascii().chunks_exact(2);
    pairs.map_while(hex_byte).collect()
}
