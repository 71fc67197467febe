//! `kiosk-scan serve`: the supervisor of one scan. It parses nothing that comes from a medium.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use jail::channel::Channel;
use jail::supervisor::SupervisorLimits;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use wire::Gap;
use wire::frame;
use wire::rules::COMPILED_BYTES_MAX;
use wire::scan::{CONTAINER_DEPTH_MAX, Limits, News, Order, Supply, TargetKind, WORKERS_MAX};

use crate::ScanError;
use crate::board::Board;
use crate::crew::{Crew, Tools};
use crate::engine::Engine;

/// How often progress is told. A second of silence is normal to the starter, ten are a fault.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// Descriptors beside those of the workers and of waiting files.
const OPEN_FILES_MAX: u64 = 128;

/// What the starter handed in with its order.
struct Given {
    order: Order,
    rules: OwnedFd,
    medium: Option<OwnedFd>,
    spools: Vec<File>,
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
    keep.extend(given.spools.iter().map(AsFd::as_fd));
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
    let supervisor = confined.close().map_err(ScanError::Jail)?;

    tell(
        channel,
        &News::Ready {
            rules: engine.rules(),
        },
    )?;
    let begun = Instant::now();
    // The medium is read until this process ends, which is what closes it.
    let medium: Option<&'static OwnedFd> = given.medium.map(|medium| &*Box::leak(Box::new(medium)));
    let tools = Tools {
        supervisor: &supervisor,
        engine: &engine,
        order: &given.order,
        medium: medium.map(AsFd::as_fd),
        spools: &given.spools,
    };
    let mut board = Board::new(&given.order);
    let mut crew = Crew::start(tools, begun)?;
    let ends = begun
        .checked_add(Duration::from_secs(given.order.limits.scan_seconds_max))
        .unwrap_or(begun);
    watch(channel, &mut board, &mut crew, ends)?;
    tell(channel, &board.progress())?;
    tell(channel, &board.end())
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
    let spools: Vec<File> = descriptors.map(File::from).collect();
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
        spools,
    })
}

/// The loop: work out, answers in, progress, deadlines, until the board is done.
fn watch(
    channel: &Channel,
    board: &mut Board,
    crew: &mut Crew<'_>,
    ends: Instant,
) -> Result<(), ScanError> {
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
    Ok(())
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
        .ok_or(ScanError::Starter(
            "its end of the socket closed before the scan's end",
        ))?;
    let supply: Supply = frame::decode(&packet.bytes)?;
    let descriptor = packet.fds.into_iter().next();
    board.supply(supply, descriptor).map_err(ScanError::Starter)
}

fn tell(channel: &Channel, news: &News) -> Result<(), ScanError> {
    channel
        .send(&frame::encode(news)?, &[])
        .map_err(ScanError::Channel)
}
