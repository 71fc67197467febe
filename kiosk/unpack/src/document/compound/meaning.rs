//! What streams of a compound file are known to carry, told by their names.

use std::collections::BTreeMap;

use super::directory::{Entry, Kind, Tree};
use super::space::READER;
use super::tables::Tables;
use crate::bytes::{span, u32_at};
use crate::document::{compressed_rtf, excel, package, powerpoint, vba, word};
use crate::member::Body;
use crate::names;
use crate::walk::{Halt, Walk};

/// Longest name of an attachment that is read, in bytes of UTF-16.
pub(super) const ATTACHMENT_NAME_BYTES_MAX: u64 = 4096;

/// What some streams say about others.
#[derive(Default)]
pub(super) struct Meanings {
    /// Where in a stream a project has the source of a module; by storage and name in lower case.
    modules: BTreeMap<(usize, String), usize>,
    /// The name of the file that is attached; by storage, with how good the name is.
    attachments: BTreeMap<usize, (u8, String)>,
}

impl Meanings {
    /// Reads them ahead of everything else. What is read twice is paid for as input.
    pub(super) fn read(tables: &mut Tables<'_>, tree: &Tree, walk: &mut Walk<'_>) -> Self {
        let mut meanings = Self::default();
        for index in 1..tables.entries.len() {
            // The walk ends before the first stream then.
            if walk.budget.spent().is_some() {
                break;
            }
            let Some(entry) = tables.entries.get(index).copied() else {
                continue;
            };
            let name = entry.name().to_lowercase();
            let parent = tree.parent(index).unwrap_or(0);
            if ["vba", "_vba_project", "_vba_project_cur"].contains(&name.as_str()) {
                walk.notice("vba_macro", "carries macros in Visual Basic");
            } else if entry.kind() != Kind::Stream {
                continue;
            } else if name == "dir" {
                meanings.project(tables, &entry, parent, walk);
            } else if let Some(tag) = name.strip_prefix("__substg1.0_") {
                meanings.attachment_name(tables, &entry, (parent, tag), walk);
            }
        }
        meanings
    }

    /// Where a project has the source of the module in this stream.
    pub(super) fn module(&self, parent: Option<usize>, name: &str) -> Option<usize> {
        let key = (parent.unwrap_or(0), name.to_lowercase());
        self.modules.get(&key).copied()
    }

    /// The name of the file whose content is in this stream.
    pub(super) fn attachment(&self, parent: Option<usize>, name: &str) -> Option<&str> {
        let is_content = name.eq_ignore_ascii_case("__substg1.0_37010102");
        let (_, name) = self.attachments.get(&parent.filter(|_| is_content)?)?;
        Some(name)
    }

    fn project(
        &mut self,
        tables: &mut Tables<'_>,
        entry: &Entry<'_>,
        parent: usize,
        walk: &mut Walk<'_>,
    ) {
        let Some(packed) = ahead(tables, entry, walk) else {
            return;
        };
        let dir = vba::unpack(&packed, 0, walk.budget);
        let modules = vba::modules(&dir.data);
        if modules.is_empty() {
            return;
        }
        walk.notice("vba_macro", "carries macros in Visual Basic");
        if dir.gap.is_some() {
            walk.damaged("the list of a project's modules is broken");
        }
        for module in modules {
            let key = (parent, module.stream.to_lowercase());
            self.modules.insert(key, module.source_at);
        }
    }

    /// A message has the name of a file beside its content, in up to four spellings: long or
    /// short, in UTF-16 or in the code page of the sender.
    fn attachment_name(
        &mut self,
        tables: &mut Tables<'_>,
        entry: &Entry<'_>,
        (parent, tag): (usize, &str),
        walk: &mut Walk<'_>,
    ) {
        let goodness = match tag {
            "3707001f" => 4,
            "3707001e" => 3,
            "3704001f" => 2,
            "3704001e" => 1,
            _ => return,
        };
        if ATTACHMENT_NAME_BYTES_MAX < entry.size_bytes(false) {
            return;
        }
        let Some(bytes) = ahead(tables, entry, walk) else {
            return;
        };
        let name = if tag.ends_with('f') {
            let units = bytes.as_chunks::<2>().0;
            let units: Vec<_> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
            String::from_utf16_lossy(&units)
        } else {
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let known = self.attachments.entry(parent).or_default();
        if known.0 < goodness && !name.is_empty() {
            *known = (goodness, name);
        }
    }
}

/// A stream's content, read ahead of its time.
fn ahead(tables: &mut Tables<'_>, entry: &Entry<'_>, walk: &mut Walk<'_>) -> Option<Vec<u8>> {
    let (chain, _) = tables.stream(entry, READER);
    let bytes = chain.ranges.iter().map(ExactSizeIterator::len).sum();
    walk.budget.take_input(bytes).ok()?;
    let mut data = Vec::new();
    if walk.budget.room() < bytes {
        return None;
    }
    for range in chain.ranges {
        data.extend_from_slice(tables.content.get(range)?);
    }
    Some(data)
}

/// One stream.
pub(super) struct Stream<'s> {
    pub(super) name: &'s str,
    /// Its name with that of its storages.
    pub(super) path: &'s str,
    /// The path of the storage that it is in, with a slash at its end.
    pub(super) folder: &'s str,
    /// Where a project has the source of a module in it.
    pub(super) module_at: Option<usize>,
}

impl Stream<'_> {
    /// Whether it holds an encrypted document.
    pub(super) fn is_encrypted(&self) -> bool {
        ["EncryptedPackage", "\u{9}DRMContent", "EncryptedSummary"]
            .iter()
            .any(|known| self.name.eq_ignore_ascii_case(known))
    }

    /// Hands out what its content carries.
    pub(super) fn examine(&self, data: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
        vba::hand_out(data, self.path, self.module_at, walk)?;
        match self.name.to_ascii_lowercase().as_str() {
            "workbook" | "book" => excel::examine(data, walk),
            "worddocument" => word::examine(data, walk),
            "powerpoint document" => return powerpoint::hand_out(data, self.path, walk),
            "current user" => powerpoint::examine_user(data, walk),
            "\u{1}ole10native" => return self.package(data, walk),
            "__substg1.0_10090102" if !self.is_list() => return self.text(data, walk),
            "\u{1}ole" if is_link(data) => {
                walk.notice("ole_link", "an object that is fetched from elsewhere");
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether it is in the list of a message's own names, which numbers its parts alike.
    fn is_list(&self) -> bool {
        self.folder
            .to_ascii_lowercase()
            .ends_with("__nameid_version1.0/")
    }

    /// The text of a message.
    fn text(&self, data: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
        walk.admit()?;
        let name = format!("{} (text)", self.path);
        let (text, gap) = compressed_rtf::unpack(data, walk.budget);
        let (name, findings) = walk.names.judge(name.as_bytes(), &[], names::Kind::File);
        let content = text.into();
        let body = Body::of(content, gap);
        walk.hand_out(name, findings, body)
    }

    /// The size, then what an older program keeps there.
    fn package(&self, data: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
        let Some((size, data)) = data.split_first_chunk::<4>() else {
            return Ok(());
        };
        let size = span(u64::from(u32::from_le_bytes(*size)));
        if data.len() < size {
            walk.damaged("an embedded object is shorter than it says");
        }
        package::hand_out(data, self.folder, self.path, walk)
    }
}

/// The version, then flags of which the lowest tells a link.
fn is_link(data: &[u8]) -> bool {
    u32_at(data, 4).is_some_and(|flags| flags & 1 == 1)
}
