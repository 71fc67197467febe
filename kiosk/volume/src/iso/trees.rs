//! Walking every tree of a disc image and uniting them.

use std::collections::BTreeSet;
use std::rc::Rc;

use wire::worker::{LOCATOR_EXTENTS_MAX, Locator, Share};
use wire::{Finding, Gap, MediumName, RowKind};

use super::descriptor::{Disc, Root, Spelling};
use super::record::{Extent32, Record, without_version};
use super::rock::Rock;
use crate::blocks::Blocks;
use crate::error::gap_of;
use crate::findings::{incomplete, notice};
use crate::number::narrow;
use crate::text::{from_utf16, units_be};
use crate::walk::{Content, Folder, Walk};

/// Largest folder read, in bytes: more than half a million files in one folder.
const FOLDER_BYTES_MAX: u64 = 64 << 20;

/// Records do not cross sectors of this size.
const SECTOR_BYTES: u64 = 2048;

/// A content by where it is: what two trees have in common.
type Identity = (u64, u64);

/// What one walk of a disc image keeps.
struct Iso<'w, 'v> {
    blocks: &'w dyn Blocks,
    disc: &'w Disc,
    walk: &'w mut Walk<'v>,
    root: Root,
    is_first: bool,
    /// Contents that earlier trees have named.
    named: BTreeSet<Identity>,
    /// Contents that this tree has.
    new: BTreeSet<Identity>,
    /// Folders of this tree.
    visited: BTreeSet<u64>,
    pending: Vec<(Rc<Folder>, Extent32)>,
    empty_files: u64,
}

/// Lists the disc image.
pub(crate) fn walk(blocks: &dyn Blocks, disc: &Disc, walk: &mut Walk<'_>) {
    let mut named = BTreeSet::new();
    let mut empty_files = None;
    for (index, root) in disc.roots.iter().enumerate() {
        let mut iso = Iso {
            blocks,
            disc,
            walk: &mut *walk,
            root: *root,
            is_first: index == 0,
            named: std::mem::take(&mut named),
            new: BTreeSet::new(),
            visited: BTreeSet::new(),
            pending: vec![(Folder::root(), root.extent)],
            empty_files: 0,
        };
        iso.tree();
        named = iso.named;
        named.append(&mut iso.new);
        let empty = iso.empty_files;
        if walk.is_full() {
            return;
        }
        if *empty_files.get_or_insert(empty) < empty {
            let detail = "a tree of names has more empty files than the one that was listed";
            walk.findings.notice("iso_trees_differ", detail);
        }
    }
}

impl Iso<'_, '_> {
    fn tree(&mut self) {
        while let Some((folder, extent)) = self.pending.pop() {
            if self.walk.is_full() {
                return;
            }
            if !self.visited.insert(extent.block) {
                let detail = "a folder is inside itself or in two places";
                self.walk.findings.incomplete("folder_loop", detail);
                self.walk
                    .unlisted(&folder, Gap::Damaged, incomplete("folder_loop", detail));
                continue;
            }
            let queued = self.pending.len();
            self.folder(&folder, extent);
            // Read in the order of the folder, though the last in is the first out.
            if let Some(new) = self.pending.get_mut(queued..) {
                new.reverse();
            }
        }
    }

    fn folder(&mut self, folder: &Rc<Folder>, extent: Extent32) {
        self.check_extent(extent);
        let mut size = extent.size_bytes;
        if FOLDER_BYTES_MAX < size {
            let finding = incomplete("folder_too_long", "the folder is larger than the limit");
            self.walk.unlisted(folder, Gap::Limit, finding);
            size = FOLDER_BYTES_MAX;
        }
        let start = extent.block.saturating_mul(self.disc.block_bytes);
        let mut held: Vec<Record> = Vec::new();
        let mut at = 0;
        while at < size {
            if self.walk.is_full() {
                return;
            }
            let mut sector = vec![0; narrow(SECTOR_BYTES.min(size.saturating_sub(at)))];
            if let Err(error) = self.blocks.read_at(start.saturating_add(at), &mut sector) {
                let finding = incomplete("folder_unreadable", "entries could not be read");
                self.walk
                    .findings
                    .incomplete("folder_unreadable", error.to_string());
                self.walk.unlisted(folder, gap_of(&error), finding);
                return;
            }
            self.sector(&sector, &mut held, folder);
            at = at.saturating_add(SECTOR_BYTES);
        }
        if !held.is_empty() {
            self.broken(
                "iso_continuation_missing",
                "a file's last extent is missing",
                folder,
            );
        }
    }

    fn broken(&mut self, rule: &'static str, detail: &'static str, folder: &Folder) {
        self.walk.findings.incomplete(rule, detail);
        self.walk
            .unlisted(folder, Gap::Damaged, incomplete(rule, detail));
    }

    fn sector(&mut self, sector: &[u8], held: &mut Vec<Record>, folder: &Rc<Folder>) {
        let mut rest = sector;
        while let Some(record) = Record::parse(rest) {
            let Ok(record) = record else {
                let detail = "a directory record does not fit its sector";
                self.broken("iso_record_malformed", detail, folder);
                return;
            };
            rest = rest.get(record.length()..).unwrap_or_default();
            if record.is_dots() {
                continue;
            }
            if held
                .last()
                .is_some_and(|before| before.name() != record.name())
            {
                self.broken(
                    "iso_continuation_missing",
                    "a file's last extent is missing",
                    folder,
                );
                held.clear();
            }
            if record.is_continued() {
                held.push(record);
                if LOCATOR_EXTENTS_MAX < held.len() {
                    self.broken(
                        "iso_too_many_extents",
                        "a file has too many extents",
                        folder,
                    );
                    held.clear();
                }
                continue;
            }
            let extents = held
                .iter()
                .map(Record::extent)
                .chain([record.extent()])
                .collect();
            held.clear();
            self.entry(&record, extents, folder);
        }
        if rest.iter().any(|byte| *byte != 0) {
            let detail = "bytes follow the last record of a sector";
            self.walk.findings.incomplete("entries_after_end", detail);
        }
    }

    fn check_extent(&mut self, extent: Extent32) {
        if !extent.agrees {
            let detail = "a number is stored twice with two values";
            self.walk.findings.incomplete("iso_numbers_differ", detail);
        }
    }

    /// One file or folder with all its extents.
    fn entry(&mut self, record: &Record, extents: Vec<Extent32>, folder: &Rc<Folder>) {
        let rock = match self.root.spelling {
            Spelling::Rock => Rock::read(self.blocks, self.disc, record),
            Spelling::Joliet | Spelling::Plain => Rock::default(),
        };
        for extent in &extents {
            self.check_extent(*extent);
        }
        let mut findings = Vec::new();
        if rock.is_broken {
            let detail = "a Rock Ridge entry cannot be followed";
            self.walk
                .findings
                .incomplete("iso_rock_ridge_broken", detail);
            findings.push(incomplete("iso_rock_ridge_broken", detail));
        }
        let name = self.name(record, &rock);
        if rock.child.is_some() || rock.link.is_some() {
            // Trees without Rock Ridge show these as empty files.
            self.empty_files = self.empty_files.saturating_add(1);
        }
        if let Some(block) = rock.child {
            self.relocated(&name, block, folder);
        } else if rock.is_relocated {
            // Shown where it belongs; if it is nowhere else, the plain tree finds it.
        } else if record.is_folder() {
            if let (Some(inner), Some(extent)) = (self.walk.folder(folder, &name), extents.first())
            {
                self.pending.push((inner, *extent));
            }
        } else if let Some(target) = &rock.link {
            if self.is_first {
                crate::ext::link(folder, &name, target, findings, self.walk);
            }
        } else {
            self.file(record, &rock, &name, &extents, folder, findings);
        }
    }

    fn name(&self, record: &Record, rock: &Rock) -> Vec<u8> {
        let stored = record.name();
        let mut name = match self.root.spelling {
            Spelling::Rock if !rock.name.is_empty() => rock.name.clone(),
            Spelling::Joliet => without_version(&from_utf16(&units_be(stored))).to_vec(),
            Spelling::Rock | Spelling::Plain => {
                let name = without_version(stored);
                name.strip_suffix(b".").unwrap_or(name).to_vec()
            }
        };
        if record.is_associated() {
            name.extend_from_slice(b":associated");
        }
        name
    }

    /// A folder that is stored elsewhere because the plain tree may be eight deep only. Its
    /// size is in its own first record.
    fn relocated(&mut self, name: &[u8], block: u64, folder: &Rc<Folder>) {
        let Some(inner) = self.walk.folder(folder, name) else {
            return;
        };
        let mut record = [0; 34];
        let offset = block.saturating_mul(self.disc.block_bytes);
        if let Err(error) = self.blocks.read_at(offset, &mut record) {
            let finding = incomplete("folder_unreadable", "a relocated folder cannot be read");
            self.walk
                .findings
                .incomplete("folder_unreadable", error.to_string());
            self.walk.unlisted(&inner, gap_of(&error), finding);
            return;
        }
        let extent = Extent32 {
            block,
            ..Extent32::parse(&record)
        };
        self.pending.push((inner, extent));
    }

    fn file(
        &mut self,
        record: &Record,
        rock: &Rock,
        name: &[u8],
        extents: &[Extent32],
        folder: &Folder,
        mut findings: Vec<Finding>,
    ) {
        let size = extents
            .iter()
            .fold(0_u64, |sum, one| sum.saturating_add(one.size_bytes));
        let places = extents.iter().map(|extent| {
            let offset = extent.block.saturating_mul(self.disc.block_bytes);
            (offset, extent.size_bytes)
        });
        let places: Vec<(u64, u64)> = places.collect();
        if size == 0 {
            self.empty_files = self.empty_files.saturating_add(1);
            if !self.is_first {
                return;
            }
        } else {
            let identity = (places.first().map_or(0, |place| place.0), size);
            self.new.insert(identity);
            if self.named.contains(&identity) {
                return;
            }
            if !self.is_first {
                findings.push(self.only_here());
            }
        }
        let kind = if record.is_associated() {
            RowKind::Stream
        } else {
            RowKind::File
        };
        if rock.is_compressed || record.is_interleaved() {
            let detail = "the content is compressed or interleaved, which is not read";
            let finding = incomplete("iso_storage_unsupported", detail);
            self.walk
                .unchecked(folder, name, kind, size, Gap::Unsupported, finding);
            return;
        }
        if !matches!(rock.mode & 0o170_000, 0 | 0o100_000) {
            let detail = "a device, pipe or socket: it has no content of its own";
            findings.push(notice("special_file", detail));
        }
        let past = |(offset, length): &(u64, u64)| {
            self.blocks.size_bytes() < offset.saturating_add(*length)
        };
        if places.iter().any(past) {
            let detail = "a file's extent ends past the end of the volume";
            self.walk.findings.incomplete("extent_past_end", detail);
            findings.push(incomplete("extent_past_end", detail));
        }
        let locator = match size {
            0 => Locator::Inline(MediumName::default()),
            _ => Locator::Extents(places),
        };
        let content = Content {
            kind,
            size_bytes: size,
            locator,
            findings,
            share: Share::default(),
        };
        self.walk.content(folder, name, content);
    }

    /// Systems that show another tree do not show this content.
    fn only_here(&mut self) -> Finding {
        let (rule, detail) = match self.root.spelling {
            Spelling::Joliet => (
                "iso_only_in_joliet",
                "only the Joliet tree names this content",
            ),
            Spelling::Rock | Spelling::Plain => {
                ("iso_only_in_plain", "only a plain tree names this content")
            }
        };
        self.walk.findings.notice(rule, detail);
        notice(rule, detail)
    }
}
