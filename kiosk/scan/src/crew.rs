//! The workers: started, given work, listened to, and replaced when they die or hang.

pub(crate) mod read_back;

mod questions;

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use jail::channel::Channel;
use jail::supervisor::{Child, Ended, Supervisor};
use nix::sys::signal::Signal;
use wire::Gap;
use wire::frame;
use wire::scan::{News, Order};
use wire::worker::{Answer, Job};

use crate::ScanError;
use crate::board::{Board, Task};
use crate::engine::Engine;
use crate::lists::Lists;
use crate::worker::{self, Equipment};

/// Longest start of a worker. Building its matcher takes milliseconds on an idle machine.
const START_ALLOWED: Duration = Duration::from_secs(30);

/// Workers that may fail to start one after the other before the scan is given up.
const FAILED_STARTS_MAX: u32 = 5;

/// Everything a worker needs that outlives it.
pub(crate) struct Tools<'t> {
    pub(crate) supervisor: &'t Supervisor,
    pub(crate) engine: &'t Engine,
    pub(crate) order: &'t Order,
    /// Held by this process for as long as it lives.
    pub(crate) medium: Option<BorrowedFd<'static>>,
    /// The same, past the kernel's cache; only of devices.
    pub(crate) read_back: Option<BorrowedFd<'static>>,
    pub(crate) lists: &'t Lists,
    pub(crate) spools: &'t [File],
    /// Where a bundle of rules goes.
    pub(crate) delivery: Option<&'t File>,
    /// Where the starter asks a second engine.
    pub(crate) questions: Option<&'t Channel>,
    /// What the workers lay contents on for it.
    pub(crate) desks: &'t [File],
}

/// All workers of one scan.
pub(crate) struct Crew<'t> {
    tools: Tools<'t>,
    seats: Vec<Seat>,
    failed_starts: u32,
    /// What became of the notes of workers that are gone.
    notes: Notes,
    /// Bytes that were the same when they were read again.
    compared_bytes: u64,
    /// The number of the last question to the second engine.
    asked: u64,
}

/// Whether every worker can still read again what it read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notes {
    /// None was replaced.
    Whole,
    /// Some are gone together with a job, and a row says that it was lost.
    Accounted,
    /// Some are gone and no row says so.
    Lost,
}

/// One worker and what it is doing.
struct Seat {
    child: Child,
    channel: Channel,
    doing: Doing,
    deadline: Instant,
    /// The number of the question whose answer it waits for.
    waits_for: Option<u64>,
}

enum Doing {
    Starting,
    Idle,
    Working(Task),
    ReadingBack,
}

impl<'t> Crew<'t> {
    /// Forks as many workers as the order asks for.
    pub(crate) fn start(tools: Tools<'t>, now: Instant) -> Result<Self, ScanError> {
        let mut crew = Self {
            tools,
            seats: Vec::new(),
            failed_starts: 0,
            notes: Notes::Whole,
            compared_bytes: 0,
            asked: 0,
        };
        for place in 0..usize::try_from(crew.tools.order.workers).unwrap_or(1) {
            let seat = crew.fork(place, now)?;
            crew.seats.push(seat);
        }
        Ok(crew)
    }

    /// The sockets to wait on, in the order that [`Crew::listen`] counts: the workers', then the
    /// one for questions.
    pub(crate) fn channels(&self) -> Vec<BorrowedFd<'_>> {
        let seats = self.seats.iter().map(|seat| seat.channel.as_fd());
        let questions = self.tools.questions.map(AsFd::as_fd);
        seats.chain(questions).collect()
    }

    /// The earliest moment at which a worker is late.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let busy = self
            .seats
            .iter()
            .filter(|seat| !matches!(seat.doing, Doing::Idle));
        busy.map(|seat| seat.deadline).min()
    }

    /// Hands work to every idle worker.
    pub(crate) fn assign(
        &mut self,
        board: &mut Board,
        now: Instant,
    ) -> Result<Vec<News>, ScanError> {
        let mut news = Vec::new();
        for place in 0..self.seats.len() {
            let Some(seat) = self.seats.get_mut(place) else {
                continue;
            };
            if !matches!(seat.doing, Doing::Idle) {
                continue;
            }
            let Some(task) = board.next() else { break };
            let packet = frame::encode(&task.job);
            let descriptors: Vec<_> = task.descriptor.iter().map(AsFd::as_fd).collect();
            let sent = packet.map(|packet| seat.channel.send(&packet, &descriptors));
            seat.deadline = now.checked_add(task.allowed).unwrap_or(now);
            match sent {
                Ok(Ok(())) => seat.doing = Doing::Working(task),
                Ok(Err(_)) => {
                    seat.doing = Doing::Working(task);
                    news.extend(self.replace(place, board, now, "did not take its work")?);
                }
                // The job's own path is too long to send: nobody can examine it.
                Err(error) => news.extend(board.lost(task, Gap::Limit, &error.to_string())),
            }
        }
        Ok(news)
    }

    /// Reads one answer of the worker at `place`, whose socket is ready.
    pub(crate) fn listen(
        &mut self,
        place: usize,
        board: &mut Board,
        now: Instant,
    ) -> Result<Vec<News>, ScanError> {
        let Some(seat) = self.seats.get_mut(place) else {
            self.hear_opinion();
            return Ok(Vec::new());
        };
        let packet = match seat.channel.receive() {
            Ok(Some(packet)) if packet.fds.is_empty() => packet,
            Ok(Some(_)) => return self.replace(place, board, now, "sent a descriptor"),
            Ok(None) | Err(_) => return self.replace(place, board, now, "died"),
        };
        let Ok(answer) = frame::decode::<Answer>(&packet.bytes) else {
            return self.replace(place, board, now, "sent a malformed answer");
        };
        match (&seat.doing, answer) {
            (Doing::Starting, Answer::Ready) => {
                seat.doing = Doing::Idle;
                self.failed_starts = 0;
                Ok(Vec::new())
            }
            (Doing::Working(task), Answer::Consult(asked))
                if matches!(task.job, Job::Examine { .. }) && seat.waits_for.is_none() =>
            {
                self.ask(place, asked);
                Ok(Vec::new())
            }
            // Whoever waits for an answer has nothing to say before.
            (Doing::Working(_), _) if seat.waits_for.is_some() => {
                self.replace(place, board, now, "spoke before it was answered")
            }
            (Doing::Working(task), answer) => match board.answer(task, answer) {
                Ok((news, ended)) => {
                    if ended {
                        seat.doing = Doing::Idle;
                    }
                    Ok(news)
                }
                Err(what) => self.replace(place, board, now, what),
            },
            (Doing::Starting | Doing::Idle | Doing::ReadingBack, _) => {
                self.replace(place, board, now, "spoke without being asked")
            }
        }
    }

    /// Ends every worker whose time is up.
    pub(crate) fn end_the_late(
        &mut self,
        board: &mut Board,
        now: Instant,
    ) -> Result<Vec<News>, ScanError> {
        let mut news = Vec::new();
        for place in 0..self.seats.len() {
            let late = self
                .seats
                .get(place)
                .is_some_and(|seat| !matches!(seat.doing, Doing::Idle) && seat.deadline <= now);
            if late {
                news.extend(self.replace(place, board, now, "was too late")?);
            }
        }
        Ok(news)
    }

    /// Ends every worker that is busy: the scan's time is up.
    pub(crate) fn end_all_work(
        &mut self,
        board: &mut Board,
        now: Instant,
    ) -> Result<Vec<News>, ScanError> {
        for seat in &mut self.seats {
            seat.deadline = now;
        }
        self.end_the_late(board, now)
    }

    /// Ends the worker at `place`, reports the job it had as lost, and starts another.
    fn replace(
        &mut self,
        place: usize,
        board: &mut Board,
        now: Instant,
        what: &str,
    ) -> Result<Vec<News>, ScanError> {
        let Some(seat) = self.seats.get_mut(place) else {
            return Ok(Vec::new());
        };
        let late = seat.deadline <= now;
        let ended = end(&mut seat.child);
        let doing = std::mem::replace(&mut seat.doing, Doing::Starting);
        let news = match doing {
            Doing::Working(task) => {
                let gap = if late || is_cpu_limit(ended) {
                    Gap::Timeout
                } else {
                    Gap::Damaged
                };
                if self.notes == Notes::Whole {
                    self.notes = Notes::Accounted;
                }
                board.lost(task, gap, &format!("the worker {what}{}", described(ended)))
            }
            Doing::Starting => {
                self.failed_starts = self.failed_starts.saturating_add(1);
                if FAILED_STARTS_MAX <= self.failed_starts {
                    let error =
                        std::io::Error::other(format!("workers {what}{}", described(ended)));
                    return Err(ScanError::Fork(error));
                }
                Vec::new()
            }
            Doing::Idle | Doing::ReadingBack => {
                self.notes = Notes::Lost;
                Vec::new()
            }
        };
        let seat = self.fork(place, now)?;
        if let Some(old) = self.seats.get_mut(place) {
            *old = seat;
        }
        Ok(news)
    }

    fn fork(&self, place: usize, now: Instant) -> Result<Seat, ScanError> {
        let (ours, theirs) = Channel::pair().map_err(ScanError::Fork)?;
        let mut equipment = Some(Equipment {
            channel: theirs,
            engine: self.tools.engine,
            order: self.tools.order,
            medium: self.tools.medium,
            read_back: self.tools.read_back,
            lists: self.tools.lists,
            spool: self.tools.spools.get(place),
            delivery: self.tools.delivery,
            desk: self.tools.desks.get(place),
        });
        let child = self
            .tools
            .supervisor
            .fork_worker(&mut || {
                equipment
                    .take()
                    .map_or(1, |equipment| worker::work(&equipment))
            })
            .map_err(ScanError::Fork)?;
        // The supervisor's copy of the worker's end must go, or its death would stay unseen.
        drop(equipment);
        let deadline = now.checked_add(START_ALLOWED).unwrap_or(now);
        Ok(Seat {
            child,
            channel: ours,
            doing: Doing::Starting,
            deadline,
            waits_for: None,
        })
    }
}

/// Makes sure that the process is gone, and tells how it ended.
fn end(child: &mut Child) -> Option<Ended> {
    // A process that has already ended keeps its own ending.
    if let Ok(Some(ended)) = child.try_wait() {
        return Some(ended);
    }
    child.kill().ok()?;
    child.wait().ok()
}

/// Whether the kernel ended it because its processor time was used up.
fn is_cpu_limit(ended: Option<Ended>) -> bool {
    matches!(ended, Some(Ended::Signaled(number)) if Signal::try_from(number) == Ok(Signal::SIGXCPU))
}

fn described(ended: Option<Ended>) -> String {
    match ended {
        Some(Ended::Exited(status)) => format!(" (status {status})"),
        Some(Ended::Signaled(signal)) => format!(" (signal {signal})"),
        None => String::new(),
    }
}
