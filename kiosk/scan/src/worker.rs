//! A worker: forked from the supervisor, jailed more tightly, one job at a time.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::RandomState;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use jail::channel::Channel;
use volume::{Blocks, Kind, Seen, VolumeError};
use wire::frame;
use wire::name::MediumName;
use wire::scan::Order;
use wire::worker::{Answer, Item, Job, Locator, Place, Reading};
use wire::{Finding, Gap, Outcome, Row, RowKind, Source, Tier};

use crate::ScanError;
use crate::emit;
use crate::engine::{Engine, Matcher};
use crate::examine::Examiner;
use crate::medium::{Medium, Raw, Trees};
use crate::unbuffered::Unbuffered;
use crate::witness::{Purpose, Witness};

/// Room for descriptors of handed-over files beside the worker's own.
const OPEN_FILES_MAX: u64 = 32;

/// What a worker is given by the supervisor that forks it.
pub(crate) struct Equipment<'e> {
    pub(crate) channel: Channel,
    pub(crate) engine: &'e Engine,
    pub(crate) order: &'e Order,
    pub(crate) medium: Option<BorrowedFd<'static>>,
    /// The same device past the kernel's cache; only of devices.
    pub(crate) read_back: Option<BorrowedFd<'static>>,
    pub(crate) spool: Option<&'e File>,
}

/// Works until the supervisor closes the channel. The result is the worker's exit status.
pub(crate) fn work(equipment: &Equipment<'_>) -> i32 {
    match begin(equipment) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("kiosk-scan worker: {error}");
            1
        }
    }
}

fn begin(equipment: &Equipment<'_>) -> Result<(), ScanError> {
    let limits = &equipment.order.limits;
    let mut matcher = equipment.engine.matcher(limits.match_seconds_max);
    matcher.warm_up()?;
    // A thread gets a key of its own from the kernel. This process shares its supervisor's, with
    // every other worker, because it was forked.
    let key = std::thread::spawn(RandomState::new).join();
    let key = key.map_err(|_| ScanError::Fork(std::io::Error::other("no key for its notes")))?;
    let jailed = jail::worker::enter(&jail::worker::Allowance {
        channel: equipment.channel.as_fd().as_raw_fd(),
        medium: equipment.medium.map(|medium| medium.as_raw_fd()),
        read_back: equipment.read_back.map(|device| device.as_raw_fd()),
        spool: equipment.spool.map(AsRawFd::as_raw_fd),
        memory_bytes: limits
            .worker_memory_bytes_max
            .saturating_add(limits.memory_bytes_max.saturating_mul(2)),
        cpu_seconds: limits.scan_seconds_max,
        spool_bytes: limits.content_bytes_max,
        open_files: OPEN_FILES_MAX,
    })
    .map_err(ScanError::Jail)?;
    serve(&jailed, equipment, matcher, key)
}

/// One job after the other. It asks for the receipt of the closed jail: nothing here may run
/// before.
fn serve(
    _jailed: &jail::worker::Jailed,
    equipment: &Equipment<'_>,
    matcher: Matcher<'_>,
    key: RandomState,
) -> Result<(), ScanError> {
    let channel = &equipment.channel;
    let mut trees = trees(equipment, key);
    let medium = trees.medium.clone();
    let mut send_row = |row: Row| {
        let sent = emit::packet(row)
            .map_err(ScanError::from)
            .and_then(|packet| send(channel, &packet));
        // The supervisor counts on every row: without it the worker must not go on.
        assert!(sent.is_ok(), "the supervisor is gone");
    };
    let mut examiner = Examiner {
        matcher,
        limits: &equipment.order.limits,
        spool: equipment.spool,
        send: &mut send_row,
        hashed_bytes: 0,
    };
    answer(channel, &Answer::Ready)?;
    while let Some(packet) = channel.receive().map_err(ScanError::Channel)? {
        let job: Job = frame::decode(&packet.bytes)?;
        let handed = packet.fds.into_iter().next();
        // An examination says when it begins with the content itself.
        trees.reads_for(Purpose::Structure);
        match job {
            Job::Layout => layout(channel, medium.as_deref())?,
            Job::Walk { volume, place } => {
                walk(channel, &mut trees, volume, &place, equipment.order)?;
            }
            Job::Examine { item, place } => {
                examiner.hashed_bytes = 0;
                let (bytes_read, reading) =
                    examine(&mut examiner, &mut trees, &item, place.as_ref(), handed);
                let bytes_hashed = examiner.hashed_bytes;
                answer(
                    channel,
                    &Answer::Examined {
                        bytes_read,
                        bytes_hashed,
                        reading,
                    },
                )?;
            }
            Job::ReadBack => read_back(channel, equipment, &trees)?,
        }
    }
    Ok(())
}

/// The medium as this worker reads it. Only a device has a witness: an image is a file, and
/// whoever opened it looks whether it was written to.
fn trees(equipment: &Equipment<'_>, key: RandomState) -> Trees {
    let size_bytes = equipment.order.size_bytes;
    let medium = equipment.medium.map(|descriptor| Medium {
        descriptor,
        size_bytes,
    });
    let (medium, witness): (Option<Rc<dyn Blocks>>, _) = match (medium, equipment.read_back) {
        (None, _) => (None, None),
        (Some(medium), None) => (Some(Rc::new(medium)), None),
        (Some(medium), Some(_)) => {
            let witness = Rc::new(Witness::new(medium, key));
            (Some(witness.clone()), Some(witness))
        }
    };
    Trees {
        medium: medium.map(|medium| -> Rc<dyn Blocks> { Rc::new(volume::Cached::new(medium)) }),
        witness,
        open: BTreeMap::new(),
    }
}

/// Reads again what this worker has read of the device.
fn read_back(channel: &Channel, equipment: &Equipment<'_>, trees: &Trees) -> Result<(), ScanError> {
    let (Some(witness), Some(descriptor)) = (&trees.witness, equipment.read_back) else {
        return Err(ScanError::Starter("a job that only devices have"));
    };
    let (bytes_compared, reading) = witness.read_again(&Unbuffered(Medium {
        descriptor,
        size_bytes: equipment.order.size_bytes,
    }));
    answer(
        channel,
        &Answer::ReadBack {
            bytes_compared,
            reading,
        },
    )
}

fn send(channel: &Channel, packet: &[u8]) -> Result<(), ScanError> {
    channel.send(packet, &[]).map_err(ScanError::Channel)
}

fn answer(channel: &Channel, answer: &Answer) -> Result<(), ScanError> {
    send(channel, &frame::encode(answer)?)
}

fn layout(channel: &Channel, medium: Option<&dyn Blocks>) -> Result<(), ScanError> {
    let divided = match medium.map(volume::layout) {
        Some(Ok(divided)) => divided,
        failed @ (Some(Err(_)) | None) => {
            let why = failed
                .and_then(Result::err)
                .map_or(String::new(), |error| error.to_string());
            let finding = Finding::own(
                "partition_table_unreadable",
                Source::Volume,
                Tier::Incomplete,
                why,
            );
            let scheme = "unreadable".to_owned();
            return answer(
                channel,
                &Answer::Layout {
                    scheme,
                    findings: vec![finding],
                },
            );
        }
    };
    for place in divided.volumes {
        answer(channel, &Answer::Volume(place))?;
    }
    for item in divided.raw {
        answer(channel, &Answer::Item(Box::new(item)))?;
    }
    let findings = emit::bounded(divided.findings);
    answer(
        channel,
        &Answer::Layout {
            scheme: divided.scheme.to_owned(),
            findings,
        },
    )
}

fn walk(
    channel: &Channel,
    trees: &mut Trees,
    volume: u32,
    place: &Place,
    order: &Order,
) -> Result<(), ScanError> {
    let tree = match trees.tree(volume, place) {
        Ok(tree) => tree,
        Err(error) => return unopened(channel, volume, place, &error),
    };
    let mut sent = Ok(());
    let walked = tree.walk(&order.limits, order.spare, &mut |seen| {
        if sent.is_ok() {
            sent = match seen {
                Seen::Item(item) => answer(channel, &Answer::Item(Box::new(item))),
                Seen::Row(row) => emit::packet(row)
                    .map_err(ScanError::from)
                    .and_then(|p| send(channel, &p)),
            };
        }
    });
    sent?;
    let (findings, unallocated_bytes) = match walked {
        Ok(walked) => (walked.findings, walked.unallocated_bytes),
        Err(error) => (vec![error.finding()], 0),
    };
    answer(
        channel,
        &Answer::Walked {
            label: tree.label(),
            allocated_bytes: place.size_bytes.saturating_sub(unallocated_bytes),
            unallocated_bytes,
            findings: emit::bounded(findings),
        },
    )
}

/// A volume without a tree: its name is a finding, and its bytes are matched as they lie unless
/// a key is needed to make sense of them. None of it can be clean.
fn unopened(
    channel: &Channel,
    volume: u32,
    place: &Place,
    error: &VolumeError,
) -> Result<(), ScanError> {
    let finding = error.finding();
    // The rows below keep the medium from PASS and count it once; the volume's own report
    // names the cause. Without bytes there are no rows, and the report alone must do it.
    let tier = if place.size_bytes == 0 {
        Tier::Incomplete
    } else {
        Tier::Notice
    };
    let named = Finding {
        tier,
        ..finding.clone()
    };
    if gap_of_volume(&place.kind) == Gap::Encrypted {
        let row = Row {
            volume: Some(volume),
            path: MediumName::cut(format!("unallocated-{}", place.offset_bytes).as_bytes()).0,
            within: Vec::new(),
            kind: RowKind::Unallocated,
            size_bytes: place.size_bytes,
            sha256: None,
            content_type: None,
            outcome: Outcome::Unchecked(Gap::Encrypted),
            inherited: false,
            findings: vec![finding.clone()],
        };
        send(channel, &emit::packet(row)?)?;
    } else {
        let whole = (place.offset_bytes, place.size_bytes);
        for mut item in volume::pieces(RowKind::Unallocated, "unallocated", whole.0, whole.1) {
            item.volume = Some(volume);
            item.findings.push(finding.clone());
            let before = place.offset_bytes;
            item.share.position_bytes = item.share.position_bytes.saturating_sub(before);
            answer(channel, &Answer::Item(Box::new(item)))?;
        }
    }
    answer(
        channel,
        &Answer::Walked {
            label: MediumName::default(),
            allocated_bytes: place.size_bytes,
            unallocated_bytes: 0,
            findings: vec![named],
        },
    )
}

/// Why the content of a volume of this kind cannot be called examined.
fn gap_of_volume(kind: &str) -> Gap {
    match Kind::from_name(kind) {
        Some(Kind::Named { gap, .. }) => gap,
        Some(Kind::Unknown) | None => Gap::Unsupported,
        Some(
            Kind::Fat12
            | Kind::Fat16
            | Kind::Fat32
            | Kind::Exfat
            | Kind::Ntfs
            | Kind::Ext2
            | Kind::Ext3
            | Kind::Ext4
            | Kind::Iso9660,
        ) => Gap::Damaged,
    }
}

/// Examines one content with what else is in its clusters; answers with the bytes read and how
/// much of its share that was.
fn examine(
    examiner: &mut Examiner<'_, '_>,
    trees: &mut Trees,
    item: &Item,
    place: Option<&Place>,
    handed: Option<OwnedFd>,
) -> (u64, Reading) {
    match (&item.locator, handed) {
        (Locator::Loose, Some(descriptor)) => {
            examiner.item(item, &mut File::from(descriptor), None)
        }
        (Locator::Inline(bytes), _) => examiner.item(item, &mut bytes.as_bytes(), None),
        (Locator::Range { offset_bytes }, _) => {
            trees.reads_for(Purpose::Content);
            // A range of a volume is of one without a tree: what its bytes mean is not known.
            let known = place.map(|place| gap_of_volume(&place.kind));
            let whole = Place {
                offset_bytes: *offset_bytes,
                size_bytes: item.size_bytes,
                kind: String::new(),
            };
            match trees.part(&whole) {
                Ok(part) => examiner.item(item, &mut Raw { part, at: 0 }, known),
                Err(gap) => examiner.item(item, &mut std::io::empty(), Some(gap)),
            }
        }
        (Locator::Extents(extents), _) => {
            trees.reads_for(Purpose::Content);
            let part = place
                .ok_or(Gap::Unreadable)
                .and_then(|place| trees.part(place));
            match part {
                Ok(part) => examiner.item(item, &mut volume::raw(&*part, extents), None),
                Err(gap) => examiner.item(item, &mut std::io::empty(), Some(gap)),
            }
        }
        (Locator::Chain { .. } | Locator::Record { .. } | Locator::Path | Locator::Loose, _) => {
            let (Some(volume), Some(place)) = (item.volume, place) else {
                return examiner.item(item, &mut std::io::empty(), Some(Gap::Unreadable));
            };
            in_tree(examiner, trees, item, (volume, place))
        }
    }
}

/// A content that its volume's tree finds.
fn in_tree(
    examiner: &mut Examiner<'_, '_>,
    trees: &mut Trees,
    item: &Item,
    (volume, place): (u32, &Place),
) -> (u64, Reading) {
    let witness = trees.witness.clone();
    let tree = trees.tree(volume, place);
    let opened = tree.and_then(|tree| {
        let reader = tree.open(item)?;
        let slack = match item.share.slack_bytes {
            0 => None,
            _ => Some(tree.slack(item)?),
        };
        Ok((reader, slack))
    });
    if let Some(witness) = witness {
        witness.reads_for(Purpose::Content);
    }
    match opened {
        Ok((mut reader, slack)) => {
            let (bytes, reading) = examiner.item(item, &mut reader, None);
            let Some(mut slack) = slack else {
                return (bytes, reading);
            };
            let (more, rest) = examiner.slack(item, &mut slack);
            let reading = if rest == Reading::Partial {
                rest
            } else {
                reading
            };
            (bytes.saturating_add(more), reading)
        }
        Err(error) => {
            let mut item = item.clone();
            item.findings.push(error.finding());
            examiner.item(&item, &mut std::io::empty(), Some(error.gap()))
        }
    }
}
