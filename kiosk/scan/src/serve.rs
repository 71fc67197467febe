//! `kiosk-scan serve`: the supervisor of one scan. It parses nothing that comes from a medium.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use jail::channel::Channel;
use jail::supervisor::SupervisorLimits;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{FileStat, SFlag, fstat};
use wire::Gap;
use wire::frame;
use wire::rules::COMPILED_BYTES_MAX;
use wire::scan::{
    CONTAINER_DEPTH_MAX, LISTS_MAX, Limits, News, Order, Supply, TargetKind, WORKERS_MAX,
};

use crate::ScanError;
use crate::board::Board;
use crate::crew::read_back::failed;
use crate::crew::{Crew, Tools};
use crate::engine::Engine;
use crate::lists::Lists;

/// How often progress is told. A second of silence is normal to the starter, ten are a fault.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// Descriptors beside those of the workers and of waiting files.
const OPEN_FILES_MAX: u64 = 128;

const STARTER_GONE: &str = "its end of the socket closed before the scan's end";

/// What the starter handed in with its order.
struct Given {
    order: Order,
    rules: OwnedFd,
    medium: Option<OwnedFd>,
    /// The same device past the kernel's cache; only of devices.
    read_back: Option<OwnedFd>,
    /// Where a bundle of rules goes; only when the order asks for one.
    delivery: Option<File>,
    lists: Vec<OwnedFd>,
    /// Where a second engine is asked.
    questions: Option<Channel>,
    spools: Vec<File>,
    /// Empty without a second engine.
    desks: Vec<File>,
}

pub(crate) fn run() -> Result<(), ScanError> {
    let channel = Channel::from_stdin().map_err(ScanError::Channel)?;
    let done = supervise(&channel);
    if let Err(error) = &done {
        let why = wire::explained(error);
        // The starter may be what failed; then nobody is there to be told.
        let _ = tell(
            &channel,
            &News::Failed {
                gap: Gap::Damaged,
                why,
            },
        );
    }
    done
}

fn supervise(channel: &Channel) -> Result<(), ScanError> {
    let given = given(channel)?;
    let size = jail::memory::require_sealed(given.rules.as_fd()).map_err(ScanError::Channel)?;
    if COMPILED_BYTES_MAX < size {
        return Err(ScanError::Rules(format!(
            "{size} bytes are more than the limit"
        )));
    }
    let mut keep = vec![channel.as_fd(), given.rules.as_fd()];
    keep.extend(given.medium.iter().map(AsFd::as_fd));
    keep.extend(given.read_back.iter().map(AsFd::as_fd));
    keep.extend(given.delivery.iter().map(AsFd::as_fd));
    keep.extend(given.lists.iter().map(AsFd::as_fd));
    keep.extend(given.questions.iter().map(AsFd::as_fd));
    keep.extend(given.spools.iter().map(AsFd::as_fd));
    keep.extend(given.desks.iter().map(AsFd::as_fd));
    let limits = SupervisorLimits {
        spool_bytes: given.order.limits.content_bytes_max,
        open_files: OPEN_FILES_MAX,
        ..SupervisorLimits::default()
    };
    let confined = jail::supervisor::enter(&keep, &limits).map_err(ScanError::Jail)?;
    // Loading makes the rules' machine code executable, once. The filter below forbids that
    // for good, to this process and to every worker forked from it.
    let compiled = jail::memory::map(given.rules.as_fd(), size).map_err(ScanError::Channel)?;
    let engine = Engine::load(&compiled)?;
    let lists = Lists::open(&given.order.lists, given.lists)?;
    let supervisor = confined.close().map_err(ScanError::Jail)?;

    tell(
        channel,
        &News::Ready {
            rules: engine.rules(),
        },
    )?;
    let begun = Instant::now();
    let tools = Tools {
        supervisor: &supervisor,
        engine: &engine,
        order: &given.order,
        medium: given.medium.map(kept),
        read_back: given.read_back.map(kept),
        lists: &lists,
        spools: &given.spools,
        delivery: given.delivery.as_ref(),
        questions: given.questions.as_ref(),
        desks: &given.desks,
    };
    let mut board = Board::new(&given.order);
    let mut crew = Crew::start(tools, begun)?;
    let ends = begun
        .checked_add(Duration::from_secs(given.order.limits.scan_seconds_max))
        .unwrap_or(begun);
    let cut = watch(channel, &mut board, &mut crew, ends)?;
    tell(channel, &board.progress())?;
    // A scan whose time is up has rows that say so, and no time for this.
    if given.order.target == TargetKind::Device
        && !cut
        && let Some(failed) = read_back(channel, &board, &mut crew, ends)?
    {
        return tell(channel, &failed);
    }
    if let Some(delivered) = board.delivered() {
        tell(channel, &delivered)?;
    }
    tell(channel, &board.end())
}

/// A descriptor of the medium, which is read until this process ends: that is what closes it.
fn kept(medium: OwnedFd) -> BorrowedFd<'static> {
    let kept: &'static OwnedFd = Box::leak(Box::new(medium));
    kept.as_fd()
}

/// Reads the order and checks that what came with it fits.
fn given(channel: &Channel) -> Result<Given, ScanError> {
    let packet = channel
        .receive()
        .map_err(ScanError::Channel)?
        .ok_or(ScanError::Starter("nothing"))?;
    let mut order: Order = frame::decode(&packet.bytes)?;
    let mut descriptors = packet.fds.into_iter();
    let rules = descriptors
        .next()
        .ok_or(ScanError::Starter("an order without rules"))?;
    let medium = match order.target {
        TargetKind::Device | TargetKind::Image => Some(
            descriptors
                .next()
                .ok_or(ScanError::Starter("an order without a medium"))?,
        ),
        TargetKind::Folder | TargetKind::File => None,
    };
    let read_back = match (order.target, &medium) {
        (TargetKind::Device, Some(medium)) => Some(second(descriptors.next(), medium)?),
        (TargetKind::Device | TargetKind::Image | TargetKind::Folder | TargetKind::File, _) => None,
    };
    let delivery = if order.delivery {
        let file = descriptors.next().map(File::from);
        Some(file.ok_or(ScanError::Starter("an order without the delivery's file"))?)
    } else {
        None
    };
    let lists = descriptors.by_ref().take(order.lists.len()).collect();
    let lists = all_lists(lists, &order)?;
    let questions = match order.consultation {
        Some(_) => Some(
            descriptors
                .next()
                .map(Channel::from_fd)
                .ok_or(ScanError::Starter(
                    "an order to ask a second engine without a channel to it",
                ))?,
        ),
        None => None,
    };
    let mut spools: Vec<File> = descriptors.map(File::from).collect();
    let workers = usize::try_from(order.workers).unwrap_or(usize::MAX);
    let desks = match questions {
        Some(_) if spools.len() != workers.saturating_mul(2) => {
            return Err(ScanError::Starter("workers without a spool or a desk"));
        }
        Some(_) => spools.split_off(workers),
        None => Vec::new(),
    };
    if order.workers == 0 || WORKERS_MAX < order.workers {
        return Err(ScanError::Starter("an order for no or too many workers"));
    }
    order.limits = Limits {
        container_depth_max: order.limits.container_depth_max.min(CONTAINER_DEPTH_MAX),
        ..order.limits
    };
    Ok(Given {
        order,
        rules,
        medium,
        read_back,
        delivery,
        lists,
        questions,
        spools,
        desks,
    })
}

/// The lists that the order names.
fn all_lists(lists: Vec<OwnedFd>, order: &Order) -> Result<Vec<OwnedFd>, ScanError> {
    // One that is missing would be a list in which nothing is ever found.
    if lists.len() != order.lists.len() || LISTS_MAX < lists.len() {
        return Err(ScanError::Starter(
            "an order with fewer or more lists than it names",
        ));
    }
    Ok(lists)
}

/// The second descriptor of the device.
fn second(second: Option<OwnedFd>, medium: &OwnedFd) -> Result<OwnedFd, ScanError> {
    second
        .filter(|second| is_unbuffered(second, medium))
        .ok_or(ScanError::Starter(
            "an order without a second, unbuffered descriptor of the device",
        ))
}

/// Whether `second` reads the same device as `medium`, and past the kernel's cache. That it
/// cannot be written is for the jail to check.
fn is_unbuffered(second: &OwnedFd, medium: &OwnedFd) -> bool {
    let flags = fcntl(second, FcntlArg::F_GETFL).map(OFlag::from_bits_retain);
    let kind = |about: &FileStat| about.st_mode & SFlag::S_IFMT.bits();
    let same = match (fstat(second), fstat(medium)) {
        (Ok(second), Ok(medium)) => {
            second.st_rdev == medium.st_rdev && kind(&second) == kind(&medium)
        }
        (Ok(_) | Err(_), _) => false,
    };
    same && flags.is_ok_and(|flags| flags.contains(OFlag::O_DIRECT))
}

/// The loop: work out, answers in, progress, deadlines, until the board is done. Tells whether
/// the scan's time was up before that.
fn watch(
    channel: &Channel,
    board: &mut Board,
    crew: &mut Crew<'_>,
    ends: Instant,
) -> Result<bool, ScanError> {
    let mut told = Instant::now();
    let mut cut = false;
    while !board.is_done() {
        let now = Instant::now();
        let mut news = Vec::new();
        if ends <= now && !cut {
            cut = true;
            news.extend(board.cut_short());
            news.extend(crew.end_all_work(board, now)?);
        }
        news.extend(crew.end_the_late(board, now)?);
        news.extend(crew.assign(board, now)?);
        if PROGRESS_EVERY <= now.saturating_duration_since(told) {
            told = now;
            news.push(board.progress());
        }
        for one in &news {
            tell(channel, one)?;
        }
        if board.is_done() {
            break;
        }
        let wake = crew.next_deadline().map_or(ends, |late| late.min(ends));
        let wait = wake.saturating_duration_since(now).min(PROGRESS_EVERY);
        let ready = ready(channel, board.wants_supply(), &crew.channels(), wait)?;
        let now = Instant::now();
        for place in ready.workers {
            for one in crew.listen(place, board, now)? {
                tell(channel, &one)?;
            }
        }
        if ready.starter {
            for one in supplied(channel, board)? {
                tell(channel, &one)?;
            }
        }
    }
    Ok(cut)
}

/// The loop once more, for a device: what was read is read again and compared. Gives the news
/// that ends the scan when it was not the same.
fn read_back(
    channel: &Channel,
    board: &Board,
    crew: &mut Crew<'_>,
    ends: Instant,
) -> Result<Option<News>, ScanError> {
    let allowed = Instant::now().checked_add(crew.read_back_allowed());
    let deadline = allowed.map_or(ends, |allowed| allowed.min(ends));
    if let Some(failed) = crew.ask_again(deadline)? {
        return Ok(Some(failed));
    }
    loop {
        let reading = crew.reading_back();
        if reading.is_empty() {
            return Ok(crew.compared_nothing());
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let why = "reading the device a second time took too long";
            return Ok(Some(failed(Gap::Timeout, why)));
        }
        let (places, sockets): (Vec<usize>, Vec<_>) = reading.into_iter().unzip();
        let ready = ready(channel, false, &sockets, left.min(PROGRESS_EVERY))?;
        if ready.starter {
            return Err(ScanError::Starter(STARTER_GONE));
        }
        for which in ready.workers {
            let place = places.get(which);
            if let Some(failed) = place.and_then(|place| crew.hear_again(*place)) {
                return Ok(Some(failed));
            }
        }
        tell(channel, &board.progress())?;
    }
}

/// Which sockets have something to read.
struct Ready {
    starter: bool,
    workers: Vec<usize>,
}

fn ready(
    channel: &Channel,
    wants_supply: bool,
    workers: &[BorrowedFd<'_>],
    wait: Duration,
) -> Result<Ready, ScanError> {
    let starter_events = if wants_supply {
        PollFlags::POLLIN
    } else {
        PollFlags::empty()
    };
    let mut sockets = vec![PollFd::new(channel.as_fd(), starter_events)];
    sockets.extend(workers.iter().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)));
    let milliseconds = u16::try_from(wait.as_millis()).unwrap_or(u16::MAX).max(1);
    match poll(&mut sockets, PollTimeout::from(milliseconds)) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => {}
        Err(errno) => return Err(ScanError::Channel(errno.into())),
    }
    let mut any = sockets
        .iter()
        .map(|socket| socket.revents().is_some_and(|flags| !flags.is_empty()));
    let starter = any.next().unwrap_or(false);
    let workers = any
        .enumerate()
        .filter_map(|(place, readable)| readable.then_some(place))
        .collect();
    Ok(Ready { starter, workers })
}

/// Takes one file of a folder, or learns that the starter is gone.
fn supplied(channel: &Channel, board: &mut Board) -> Result<Vec<News>, ScanError> {
    let packet = channel
        .receive()
        .map_err(ScanError::Channel)?
        .ok_or(ScanError::Starter(STARTER_GONE))?;
    let supply: Supply = frame::decode(&packet.bytes)?;
    let descriptor = packet.fds.into_iter().next();
    board.supply(supply, descriptor).map_err(ScanError::Starter)
}

fn tell(channel: &Channel, news: &News) -> Result<(), ScanError> {
    channel
        .send(&frame::encode(news)?, &[])
        .map_err(ScanError::Channel)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::OpenOptionsExt;

    use super::*;

    fn opened(path: &str, flags: OFlag) -> OwnedFd {
        let mut options = std::fs::OpenOptions::new();
        options.read(true).custom_flags(flags.bits());
        options.open(path).unwrap().into()
    }

    /// What comes of an order for `target` with these descriptors after the rules.
    fn ordered(target: TargetKind, descriptors: &[&OwnedFd]) -> Result<Given, ScanError> {
        let (ours, theirs) = Channel::pair().unwrap();
        let rules = jail::memory::sealed("rules", b"").unwrap();
        let spool = OwnedFd::from(jail::memory::writable("spool").unwrap());
        let mut sent = vec![rules.as_fd()];
        sent.extend(descriptors.iter().map(AsFd::as_fd));
        sent.push(spool.as_fd());
        let order = order(target);
        ours.send(&frame::encode(&order).unwrap(), &sent).unwrap();
        given(&theirs)
    }

    fn order(target: TargetKind) -> Order {
        Order {
            target,
            size_bytes: 512,
            limits: Limits::default(),
            spare: wire::scan::Spare {
                unallocated: false,
                deleted: false,
            },
            delivery: false,
            workers: 1,
            lists: Vec::new(),
            consultation: None,
        }
    }

    #[test]
    fn an_order_whose_lists_did_not_all_come_or_are_too_many_is_refused() {
        let list = || jail::memory::sealed("list", b"").unwrap();
        let with = |named: usize, sent: usize| {
            let (ours, theirs) = Channel::pair().unwrap();
            let fds: Vec<OwnedFd> = (0..=sent).map(|_| list()).collect();
            let order = Order {
                lists: vec!["l".to_owned(); named],
                ..order(TargetKind::Folder)
            };
            let fds: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
            ours.send(&frame::encode(&order).unwrap(), &fds).unwrap();
            given(&theirs)
        };
        assert_eq!(with(LISTS_MAX, LISTS_MAX).unwrap().lists.len(), LISTS_MAX);
        for (named, sent) in [(2, 1), (1, 0), (LISTS_MAX + 1, LISTS_MAX + 1)] {
            let refused = with(named, sent).err().unwrap();
            assert!(refused.to_string().contains("lists"), "{refused}");
        }
    }

    #[test]
    fn a_device_is_not_scanned_without_a_second_unbuffered_descriptor_of_it() {
        const SELF: &str = "/proc/self/exe";
        let medium = opened(SELF, OFlag::empty());
        let buffered = opened(SELF, OFlag::empty());
        let unbuffered = opened(SELF, OFlag::O_DIRECT);
        let other = opened("/dev/zero", OFlag::empty());
        for second in [&[][..], &[&buffered], &[&other]] {
            let descriptors = [&[&medium], second].concat();
            let refused = ordered(TargetKind::Device, &descriptors).err().unwrap();
            assert!(refused.to_string().contains("unbuffered"), "{refused}");
        }
        let another = ordered(TargetKind::Device, &[&other, &unbuffered]);
        assert!(another.is_err());
        let given = ordered(TargetKind::Device, &[&medium, &unbuffered]).unwrap();
        assert!(given.read_back.is_some());
        assert_eq!(given.spools.len(), 1);
        let given = ordered(TargetKind::Image, &[&medium]).unwrap();
        assert!(given.delivery.is_none());
        assert!(given.read_back.is_none());
        assert_eq!(given.spools.len(), 1);
    }
}
