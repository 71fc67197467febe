//! A worker: forked from the supervisor, jailed more tightly, one job at a time.

mod volumes;

mod contents;

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::RandomState;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::rc::Rc;

use contents::examine;
use jail::channel::Channel;
use volume::Blocks;
use volumes::{layout, walk};
use wire::Row;
use wire::frame;
use wire::scan::Order;
use wire::worker::{Answer, Job};

use crate::ScanError;
use crate::emit;
use crate::engine::{Engine, Matcher};
use crate::examine::Examiner;
use crate::lists::Lists;
use crate::medium::{Medium, Trees};
use crate::second::Second;
use crate::unbuffered::Unbuffered;
use crate::witness::{Purpose, Witness};

/// Room for descriptors of handed-over files beside the worker's own, lists of hashes included.
const OPEN_FILES_MAX: u64 = 64;

/// What a worker is given by the supervisor that forks it.
pub(crate) struct Equipment<'e> {
    pub(crate) channel: Channel,
    pub(crate) engine: &'e Engine,
    pub(crate) order: &'e Order,
    pub(crate) medium: Option<BorrowedFd<'static>>,
    /// The same device past the kernel's cache; only of devices.
    pub(crate) read_back: Option<BorrowedFd<'static>>,
    pub(crate) lists: &'e Lists,
    pub(crate) spool: Option<&'e File>,
    /// Where a bundle of rules goes; only when the order asks for one.
    pub(crate) delivery: Option<&'e File>,
    /// What it lays contents on for a second engine.
    pub(crate) desk: Option<&'e File>,
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
        lists: equipment.lists.descriptors(),
        spool: equipment.spool.map(AsRawFd::as_raw_fd),
        delivery: equipment.delivery.map(AsRawFd::as_raw_fd),
        desk: equipment.desk.map(AsRawFd::as_raw_fd),
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
        spare: equipment.order.spare,
        spool: equipment.spool,
        delivery: None,
        delivered: false,
        lists: equipment.lists,
        second: second(equipment),
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
            Job::Examine {
                item,
                place,
                deliver,
            } => {
                examiner.hashed_bytes = 0;
                examiner.delivery = equipment.delivery.filter(|_| deliver);
                let (bytes_read, reading) =
                    examine(&mut examiner, &mut trees, &item, place.as_ref(), handed);
                let bytes_hashed = examiner.hashed_bytes;
                if std::mem::take(&mut examiner.delivered) {
                    let size_bytes = item.size_bytes;
                    answer(channel, &Answer::Delivered { size_bytes })?;
                }
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

/// Where this worker asks a second engine.
fn second<'e>(equipment: &'e Equipment<'_>) -> Option<Second<'e>> {
    let consultation = equipment.order.consultation?;
    Some(Second {
        channel: &equipment.channel,
        desk: equipment.desk?,
        consultation,
    })
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
