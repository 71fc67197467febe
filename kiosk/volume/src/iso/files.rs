//! The records of a folder: files, links and further folders.

use std::rc::Rc;

use wire::worker::{Locator, Share};
use wire::{Finding, Gap, MediumName, RowKind};

use super::descriptor::Spelling;
use super::record::{Extent32, Record, without_version};
use super::rock::Rock;
use super::trees::{Iso, Place, own};
use crate::content::Extent;
use crate::error::gap_of;
use crate::findings::{incomplete, notice};
use crate::text::{from_utf16, units_be};
use crate::tree::tail_extents;
use crate::walk::{Content, Folder};

impl Iso<'_, '_> {
    /// One file or folder with all its extents.
    pub(super) fn entry(&mut self, record: &Record, extents: Vec<Extent32>, folder: &Rc<Folder>) {
        let rock = match self.root.spelling {
            Spelling::Rock => Rock::read(self.blocks, self.disc, record),
            Spelling::Joliet | Spelling::Plain => Rock::default(),
        };
        for extent in &extents {
            self.check_extent(*extent);
        }
        for area in &rock.areas {
            own(*area, self.space, self.walk);
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
            if let Some(inner) = self.walk.folder(folder, &name) {
                self.relocated(inner, block);
            }
        } else if rock.is_relocated {
            // Shown where it belongs; if it is nowhere else, the plain tree finds it.
        } else if record.is_folder() {
            if 1 < extents.len() {
                let detail = "a folder in several extents; not every system reads all of them";
                self.broken("iso_folder_extents", detail, folder);
            }
            if let Some(inner) = self.walk.folder(folder, &name) {
                for extent in extents.iter().rev() {
                    self.pending.push((inner.clone(), *extent));
                }
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
        let mut name = match rock.name.as_slice() {
            [] => self.stored_name(stored),
            name => name.to_vec(),
        };
        if record.is_associated() {
            name.extend_from_slice(b":associated");
        }
        name
    }

    /// A name as records and path tables spell it.
    pub(super) fn stored_name(&self, stored: &[u8]) -> Vec<u8> {
        match self.root.spelling {
            Spelling::Joliet => without_version(&from_utf16(&units_be(stored))).to_vec(),
            Spelling::Rock | Spelling::Plain => {
                let name = without_version(stored);
                name.strip_suffix(b".").unwrap_or(name).to_vec()
            }
        }
    }

    /// A folder that is stored elsewhere because the plain tree may be eight deep only, or that
    /// only a path table names. Its size is in its own first record.
    pub(super) fn relocated(&mut self, inner: Rc<Folder>, block: u64) {
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
            self.new.add(&places);
            if self.named.has(&places) {
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
        let share = self.own_content(&places);
        let locator = match size {
            0 => Locator::Inline(MediumName::default()),
            _ => Locator::Extents(places),
        };
        let content = Content {
            kind,
            size_bytes: size,
            locator,
            findings,
            share,
        };
        self.walk.content(folder, name, content);
    }

    /// Gives its blocks to a content.
    fn own_content(&mut self, places: &[(u64, u64)]) -> Share {
        let tails = tail_extents(self.blocks, places, self.disc.block_bytes);
        let mut share = Share {
            position_bytes: places.first().map_or(0, |place| place.0),
            slack_bytes: tails.iter().fold(0, |sum, tail| sum.saturating_add(tail.1)),
            ..Share::default()
        };
        for (offset, size_bytes) in places {
            let extent = Extent {
                offset_bytes: Some(*offset),
                size_bytes: *size_bytes,
            };
            let new = self.space.take_extent(&extent);
            share.allocated_bytes = share.allocated_bytes.saturating_add(new);
        }
        share
    }

    /// Systems that show another tree do not show this content.
    fn only_here(&mut self) -> Finding {
        let detail;
        let (rule, detail) = match (self.place, self.root.spelling) {
            (Place::Session(offset), _) => {
                detail = format!("only the session at byte {offset} names this content");
                ("iso_session", detail.as_str())
            }
            (Place::First, Spelling::Joliet) => (
                "iso_only_in_joliet",
                "only the Joliet tree names this content",
            ),
            (Place::First, Spelling::Rock | Spelling::Plain) => {
                ("iso_only_in_plain", "only a plain tree names this content")
            }
        };
        self.walk.findings.notice(rule, detail);
        notice(rule, detail)
    }
}
