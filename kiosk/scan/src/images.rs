//! Disk images that are files: their volumes are read as the medium's own are, and every file on
//! them is a member.
//!
//! What belongs to no file of an image has been matched with the image's own bytes, unless it is
//! the disk of a virtual machine; only a container in it gets a row of its own.

mod medium;

use std::rc::Rc;

use unpack::Budget;
use volume::{Blocks, Disk, Layout, Part, Seen, Tree, VolumeError};
use wire::name::MediumName;
use wire::scan::{Limits, Spare};
use wire::worker::{Item, Place};
use wire::{Finding, Gap, Row, RowKind, Source, Tier};

use crate::content::{Bytes, Content, Held};
use crate::digests::Digests;
use crate::examine::{Examiner, Subject, deceptive};
use crate::members::{Members, Summary};
use crate::space::{runs_of, unreadable};
use medium::{Kept, Medium, Slice, Volume};

/// Where an image is.
pub(crate) struct Around<'a> {
    /// The volume that its file is on.
    pub(crate) volume: Option<u32>,
    /// The names of its file and of the containers around that.
    pub(crate) names: &'a [MediumName],
}

/// What kind of image a content is.
pub(crate) enum Image {
    /// As it would lie on a medium.
    Plain(Layout),
    /// In pieces, as virtual machines have their disks.
    Virtual,
}

/// What image a content is, if it is one.
pub(crate) fn recognise(bytes: &[u8]) -> Option<Image> {
    let slice = Slice(bytes);
    if volume::is_disk(&slice) {
        return Some(Image::Virtual);
    }
    volume::image(&slice).map(Image::Plain)
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
        image: Image,
        members: &mut Members,
        budget: &mut Budget,
    ) -> (Vec<Finding>, Option<Gap>) {
        let (held, copied) = match bytes {
            Bytes::Held(held) => (Rc::clone(held), 0),
            Bytes::Lent(lent) if lent.len() <= budget.room() => {
                (Rc::new(Held::Memory(lent.to_vec())), lent.len())
            }
            Bytes::Lent(_) => {
                let detail = "a disk image in a container is too large to be opened there";
                return limit(Vec::new(), detail);
            }
        };
        budget.hold(copied);
        let file: Rc<dyn Blocks> = Rc::new(Kept(held));
        let answer = match image {
            Image::Plain(layout) => {
                let medium = Medium::Plain(bytes, file);
                self.volumes(around, &medium, layout, members, budget)
            }
            Image::Virtual => match Disk::open(&file) {
                Ok(disk) => self.disk(around, disk, members, budget),
                Err(error) => (vec![error.finding()], Some(error.gap())),
            },
        };
        budget.release(copied);
        answer
    }

    fn disk(
        &mut self,
        around: &Around<'_>,
        disk: Disk,
        members: &mut Members,
        budget: &mut Budget,
    ) -> (Vec<Finding>, Option<Gap>) {
        let mut findings = disk.findings.clone();
        let layout = match volume::layout(&disk) {
            Ok(layout) => layout,
            Err(error) => {
                let error = VolumeError::from(error);
                return (vec![error.finding()], Some(error.gap()));
            }
        };
        let medium = Medium::Virtual(Rc::new(disk));
        let (said, gap) = self.volumes(around, &medium, layout, members, budget);
        findings.extend(said);
        (findings, gap)
    }

    fn volumes(
        &mut self,
        around: &Around<'_>,
        medium: &Medium<'_>,
        layout: Layout,
        members: &mut Members,
        budget: &mut Budget,
    ) -> (Vec<Finding>, Option<Gap>) {
        let mut findings = layout.findings;
        let mut gap = None;
        let many = 1 < layout.volumes.len();
        let whole = Place {
            offset_bytes: 0,
            size_bytes: medium.blocks().size_bytes(),
            kind: String::new(),
        };
        let on = Volume {
            around,
            place: &whole,
            prefix: String::new(),
            medium,
        };
        for item in &layout.raw {
            self.space(&on, item, members, budget);
        }
        for (index, place) in (0_u32..).zip(&layout.volumes) {
            let prefix = if many {
                format!("volume {index}/")
            } else {
                String::new()
            };
            let on = Volume {
                place,
                prefix,
                ..on
            };
            let (said, missed) = self.image_volume(&on, index, members, budget);
            findings.extend(said);
            gap = gap.or(missed);
        }
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
        let part = Part::new(on.medium.blocks(), *offset_bytes, *size_bytes);
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
                return self.space(on, item, members, budget);
            }
        }
        if budget.take_view(item.size_bytes).is_err() {
            return;
        }
        let mut findings = item.findings.clone();
        findings.extend(deceptive(&item.path));
        let (bytes, digests, gap) = match on.whole(item) {
            Some(bytes) => (Bytes::Lent(bytes), Some(self.digests(bytes)), None),
            None => self.read(tree, item, &mut findings, budget),
        };
        let size_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.hashed_bytes = self.hashed_bytes.saturating_add(size_bytes);
        let subject = Subject {
            digests,
            findings,
            gap,
            ..on.subject(item)
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
    ) -> (Bytes<'static>, Option<Digests>, Option<Gap>) {
        let room = u64::try_from(budget.room()).unwrap_or(u64::MAX);
        let limits = Limits {
            memory_bytes_max: room.min(self.limits.memory_bytes_max),
            ..self.limits.clone()
        };
        match tree.open(item) {
            Ok(mut reader) => {
                let content = Content::read(&mut reader, &limits, None, self.lists.wanted);
                findings.extend(unreadable(&content));
                let is_whole = content.read_bytes == item.size_bytes;
                let short = (!is_whole).then_some(Gap::Damaged);
                let gap = content.gap.or(short);
                let digests = content.digests.filter(|_| gap.is_none());
                (content.bytes(), digests, gap)
            }
            Err(error) => {
                findings.push(error.finding());
                (Bytes::Lent(&[]), None, Some(error.gap()))
            }
        }
    }

    /// Space of an image that is no file's. What lies in the image's own file as it is has been
    /// matched with it.
    fn space(&mut self, on: &Volume<'_>, item: &Item, members: &mut Members, budget: &mut Budget) {
        let runs = runs_of(item);
        let (content, bytes) = match on.medium {
            Medium::Plain(..) => (None, on.whole(item)),
            Medium::Virtual(disk) => {
                let is_hole = |(offset, length): &(u64, u64)| {
                    disk.is_hole(on.place.offset_bytes.saturating_add(*offset), *length)
                };
                if runs.iter().all(is_hole) {
                    return;
                }
                let part = Part::new(disk.clone(), on.place.offset_bytes, on.place.size_bytes);
                let mut reader = volume::raw(&part, &runs);
                let content = Content::read(&mut reader, self.limits, None, self.lists.wanted);
                if content.zero && content.gap.is_none() {
                    return;
                }
                (Some(content), None)
            }
        };
        let (bytes, digests, gap) = match (content, bytes) {
            (Some(content), _) => {
                let digests = content.digests.filter(|_| content.gap.is_none());
                (content.bytes(), digests, content.gap)
            }
            (None, Some(bytes)) if holds_container(item.kind, bytes) => {
                (Bytes::Lent(bytes), Some(self.digests(bytes)), None)
            }
            (None, _) => return,
        };
        if budget.take_view(item.size_bytes).is_err() {
            return;
        }
        let subject = Subject {
            digests,
            gap,
            runs: &runs,
            ..on.subject(item)
        };
        let name = subject.path.clone();
        let summary = self.judge(subject, &bytes, budget);
        members.add(&name, summary);
    }
}

/// Whether there is a container in space of an image. What is outside every volume is searched as
/// a file is: some readers look for an archive behind anything. Free space holds old pieces.
fn holds_container(kind: RowKind, bytes: &[u8]) -> bool {
    let formats = match kind {
        RowKind::Gap | RowKind::Boot => unpack::recognise_file(bytes),
        RowKind::File
        | RowKind::Stream
        | RowKind::Deleted
        | RowKind::Unallocated
        | RowKind::Member => unpack::recognise(bytes),
    };
    !formats.is_empty()
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
