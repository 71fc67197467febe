//! Disk images that are files: their volumes are read as the medium's own are, and every file on
//! them is a member.
//!
//! What belongs to no file of an image has been matched with the image's own bytes; only a
//! container in it gets a row of its own.

use std::io;
use std::rc::Rc;

use unpack::Budget;
use volume::{Blocks, Layout, Part, Seen, Tree};
use wire::name::MediumName;
use wire::scan::{Limits, Spare};
use wire::worker::{Item, Locator, Place};
use wire::{Finding, Gap, Row, RowKind, Source, Tier};

use crate::content::{self, Bytes, Content, Held};
use crate::examine::{Examiner, Subject, deceptive};
use crate::members::{Members, Summary};
use crate::space::unreadable;

/// Where an image is.
pub(crate) struct Around<'a> {
    /// The volume that its file is on.
    pub(crate) volume: Option<u32>,
    /// The names of its file and of the containers around that.
    pub(crate) names: &'a [MediumName],
}

/// How a content is divided when it is a disk image.
pub(crate) fn recognise(bytes: &[u8]) -> Option<Layout> {
    volume::image(&Slice(bytes))
}

/// A content as a medium, for as long as it is lent.
struct Slice<'b>(&'b [u8]);

/// A content as a medium, for as long as a tree on it needs it.
struct Kept(Rc<Held>);

impl Blocks for Slice<'_> {
    fn size_bytes(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap_or(u64::MAX)
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        let length = u64::try_from(buffer.len()).unwrap_or(u64::MAX);
        let bytes = range(self.0, offset_bytes, length).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

impl Blocks for Kept {
    fn size_bytes(&self) -> u64 {
        Slice(&self.0).size_bytes()
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        Slice(&self.0).read_at(offset_bytes, buffer)
    }
}

fn range(bytes: &[u8], offset_bytes: u64, length: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset_bytes).ok()?;
    let length = usize::try_from(length).ok()?;
    bytes.get(start..start.checked_add(length)?)
}

/// What a volume of an image has, as far as it could be listed.
struct Listed {
    items: Vec<Item>,
    rows: Vec<Row>,
    findings: Vec<Finding>,
    gap: Option<Gap>,
}

impl Examiner<'_, '_> {
    /// Judges every file on every volume of an image. Answers with what is wrong with the image
    /// and why it cannot be clean, whatever its files are.
    pub(crate) fn image(
        &mut self,
        around: &Around<'_>,
        bytes: &Bytes<'_>,
        layout: Layout,
        members: &mut Members,
        budget: &mut Budget,
    ) -> (Vec<Finding>, Option<Gap>) {
        let held = match bytes {
            Bytes::Held(held) => Rc::clone(held),
            Bytes::Lent(lent) if lent.len() <= budget.room() => {
                Rc::new(Held::Memory(lent.to_vec()))
            }
            Bytes::Lent(_) => {
                let detail = "a disk image in a container is too large to be opened there";
                return limit(Vec::new(), detail);
            }
        };
        let copied = match bytes {
            Bytes::Held(_) => 0,
            Bytes::Lent(lent) => lent.len(),
        };
        budget.hold(copied);
        let medium: Rc<dyn Blocks> = Rc::new(Kept(held));
        let mut findings = layout.findings;
        let mut gap = None;
        let many = 1 < layout.volumes.len();
        for item in &layout.raw {
            self.space(around, item, bytes, members, budget);
        }
        for (index, place) in (0_u32..).zip(&layout.volumes) {
            let prefix = many.then(|| format!("volume {index}/")).unwrap_or_default();
            let on = Volume {
                around,
                place,
                prefix,
                bytes,
                medium: &medium,
            };
            let (said, missed) = self.image_volume(&on, index, members, budget);
            findings.extend(said);
            gap = gap.or(missed);
        }
        budget.release(copied);
        match budget.spent() {
            Some(why) => limit(findings, why),
            None => (findings, gap),
        }
    }

    fn image_volume(
        &mut self,
        on: &Volume<'_>,
        index: u32,
        members: &mut Members,
        budget: &mut Budget,
    ) -> (Vec<Finding>, Option<Gap>) {
        let Place {
            offset_bytes,
            size_bytes,
            kind,
        } = on.place;
        let part = Part::new(Rc::clone(on.medium), *offset_bytes, *size_bytes);
        let mut tree = match volume::open(kind, index, Rc::new(part)) {
            Ok(tree) => tree,
            // A partition that holds nothing is not in use.
            Err(_) if on.is_empty() => return (Vec::new(), None),
            Err(error) => return (vec![error.finding()], Some(error.gap())),
        };
        let spare = Spare {
            unallocated: true,
            ..self.spare
        };
        let listed = list(&mut *tree, self.limits, spare, budget);
        for row in listed.rows {
            let row = Row {
                volume: on.around.volume,
                within: on.around.names.to_vec(),
                path: on.named(&row.path),
                kind: RowKind::Member,
                ..row
            };
            let summary = Summary {
                outcome: row.outcome,
                findings: row.findings.clone(),
            };
            members.add(&row.path, summary);
            (self.send)(row);
        }
        for item in listed.items {
            if budget.spent().is_some() {
                break;
            }
            self.image_item(on, &*tree, &item, members, budget);
        }
        (listed.findings, listed.gap)
    }

    fn image_item(
        &mut self,
        on: &Volume<'_>,
        tree: &dyn Tree,
        item: &Item,
        members: &mut Members,
        budget: &mut Budget,
    ) {
        match item.kind {
            RowKind::File | RowKind::Stream | RowKind::Deleted | RowKind::Member => {}
            RowKind::Boot | RowKind::Unallocated | RowKind::Gap => {
                let bytes = on.whole(item).map_or(&[][..], |bytes| bytes);
                return self.space_of(on.around, item, bytes, members, budget);
            }
        }
        if budget.take_view(item.size_bytes).is_err() {
            return;
        }
        let mut findings = item.findings.clone();
        findings.extend(deceptive(&item.path));
        let (bytes, gap) = match on.whole(item) {
            Some(bytes) => (Bytes::Lent(bytes), None),
            None => self.read(tree, item, &mut findings, budget),
        };
        let size_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.hashed_bytes = self.hashed_bytes.saturating_add(size_bytes);
        let subject = Subject {
            volume: on.around.volume,
            path: on.named(&item.path),
            within: on.around.names,
            kind: RowKind::Member,
            size_bytes: item.size_bytes,
            sha256: gap.is_none().then(|| content::digest(&bytes)),
            findings,
            gap,
            runs: &[],
        };
        let name = subject.path.clone();
        let held = match &bytes {
            Bytes::Held(_) => bytes.len(),
            Bytes::Lent(_) => 0,
        };
        budget.hold(held);
        let summary = self.judge(subject, &bytes, budget);
        budget.release(held);
        members.add(&name, summary);
    }

    /// A content that lies in pieces, in one.
    fn read(
        &mut self,
        tree: &dyn Tree,
        item: &Item,
        findings: &mut Vec<Finding>,
        budget: &Budget,
    ) -> (Bytes<'static>, Option<Gap>) {
        let room = u64::try_from(budget.room()).unwrap_or(u64::MAX);
        let limits = Limits {
            memory_bytes_max: room.min(self.limits.memory_bytes_max),
            ..self.limits.clone()
        };
        match tree.open(item) {
            Ok(mut reader) => {
                let content = Content::read(&mut reader, &limits, None);
                findings.extend(unreadable(&content));
                let is_whole = content.read_bytes == item.size_bytes;
                let short = (!is_whole).then_some(Gap::Damaged);
                (content.bytes(), content.gap.or(short))
            }
            Err(error) => {
                findings.push(error.finding());
                (Bytes::Lent(&[]), Some(error.gap()))
            }
        }
    }

    /// Bytes of the image that are outside every volume.
    fn space(
        &mut self,
        around: &Around<'_>,
        item: &Item,
        bytes: &[u8],
        members: &mut Members,
        budget: &mut Budget,
    ) {
        if let Locator::Range { offset_bytes } = item.locator {
            let bytes = range(bytes, offset_bytes, item.size_bytes).unwrap_or_default();
            self.space_of(around, item, bytes, members, budget);
        }
    }

    /// Space of an image that is no file's, when there is a container in it.
    fn space_of(
        &mut self,
        around: &Around<'_>,
        item: &Item,
        bytes: &[u8],
        members: &mut Members,
        budget: &mut Budget,
    ) {
        if unpack::recognise(bytes).is_empty() || budget.take_view(item.size_bytes).is_err() {
            return;
        }
        let subject = Subject {
            volume: around.volume,
            path: item.path.clone(),
            within: around.names,
            kind: RowKind::Member,
            size_bytes: item.size_bytes,
            sha256: Some(content::digest(bytes)),
            findings: item.findings.clone(),
            gap: None,
            runs: &[],
        };
        let summary = self.judge(subject, &Bytes::Lent(bytes), budget);
        members.add(&item.path, summary);
    }
}

/// One volume of an image.
struct Volume<'v> {
    around: &'v Around<'v>,
    place: &'v Place,
    /// Before the path of each of its files, where there are several volumes.
    prefix: String,
    bytes: &'v [u8],
    medium: &'v Rc<dyn Blocks>,
}

impl<'v> Volume<'v> {
    fn named(&self, path: &MediumName) -> MediumName {
        let path = [self.prefix.as_bytes(), path.as_bytes()].concat();
        MediumName::cut(&path).0
    }

    fn is_empty(&self) -> bool {
        let bytes = range(self.bytes, self.place.offset_bytes, self.place.size_bytes);
        bytes.is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0))
    }

    /// The bytes of a content that lies in one piece.
    fn whole(&self, item: &'v Item) -> Option<&'v [u8]> {
        match &item.locator {
            Locator::Inline(bytes) => Some(bytes.as_bytes()),
            Locator::Extents(extents) => match extents.as_slice() {
                [] => Some(&[]),
                [(offset, length)] if *length == item.size_bytes => {
                    let offset = self.place.offset_bytes.checked_add(*offset)?;
                    range(self.bytes, offset, *length)
                }
                _ => None,
            },
            Locator::Range { offset_bytes } => range(self.bytes, *offset_bytes, item.size_bytes),
            Locator::Chain { .. } | Locator::Record { .. } | Locator::Path | Locator::Loose => None,
        }
    }
}

/// Everything on a volume, as long as the file that it is in may have members.
fn list(tree: &mut dyn Tree, limits: &Limits, spare: Spare, budget: &mut Budget) -> Listed {
    let (mut items, mut rows) = (Vec::new(), Vec::new());
    let walked = tree.walk(limits, spare, &mut |seen| {
        // Every item is kept until it is examined.
        if budget.take_member().is_err() {
            return;
        }
        match seen {
            Seen::Item(item) => items.push(item),
            Seen::Row(row) => rows.push(row),
        }
    });
    let (findings, gap) = match walked {
        Ok(walked) => (walked.findings, None),
        Err(error) => (vec![error.finding()], Some(error.gap())),
    };
    Listed {
        items,
        rows,
        findings,
        gap,
    }
}

fn limit(mut findings: Vec<Finding>, why: &str) -> (Vec<Finding>, Option<Gap>) {
    let (source, tier) = (Source::Structure, Tier::Incomplete);
    findings.push(Finding::own("container_limit", source, tier, why));
    (findings, Some(Gap::Limit))
}
