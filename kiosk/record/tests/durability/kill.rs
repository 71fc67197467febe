//! The writer is killed at random moments while entries come as fast as it takes them, and
//! started again on the same ledger: what it acknowledged is there, and the ledger verifies.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use jail::channel::Channel;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use record::reader::Filter;
use record::{Ledger, Writer};
use wire::Digest;
use wire::ledger::{Answer, EntryId, Event};

use crate::chance::{Chance, number};
use crate::common::*;
use crate::talk::*;

/// How often the writer is killed; `KILLS` in the environment says otherwise.
const KILLS: u64 = 100;

/// Every so many kills the whole ledger is verified, not only what is new.
const WHOLE: u64 = 25;

/// Over how many appends' time a moment is drawn.
const APPENDS: u32 = 12;

/// What the writer was doing when it was killed, as far as its ledger and its client know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// It had not answered since its start.
    Starting,
    /// Everything sent was answered, and the client had read it.
    Idle,
    /// Of what was sent and not acknowledged nothing is in the ledger.
    Appending,
    /// It had written an entry and not acknowledged it: most of that time is the disk's.
    Committing,
    /// Its last answer lay in the socket, and nothing else was there to do or was done.
    Answering,
}

/// When the next kill comes.
enum Aim {
    /// So long after the start of the writer.
    Start(Duration),
    /// So long after its first answer.
    Load(Duration),
    /// So long after it has answered so many messages and the client rests.
    Rest(usize, Duration),
}

/// One life of the writer as its client saw it.
#[derive(Default)]
struct Life {
    /// What was sent and is not answered, in order.
    outstanding: VecDeque<Event>,
    acknowledged: Vec<EntryId>,
    first_answer: Option<Duration>,
    /// From the first answer to the end.
    under_load: Duration,
    /// Answers that were read after its death.
    late: usize,
}

/// Everything that was promised since the ledger began, and what may be there beside it.
#[derive(Default)]
struct Promises {
    acknowledged: BTreeMap<u64, Digest>,
    /// Written and never acknowledged, because the writer died in between.
    unacknowledged: u64,
    /// Written by the writer itself.
    own: u64,
    /// The last entry that was looked at.
    last: u64,
}

impl Promises {
    /// Looks at everything after the last entry that was looked at. What is there and was not
    /// acknowledged is what was sent last, from its first message on. How many of those.
    fn check(&mut self, folder: &Path, life: &Life) -> usize {
        for id in &life.acknowledged {
            let twice = self.acknowledged.insert(id.number, id.leaf_sha256);
            assert_eq!(twice, None, "entry {} was acknowledged twice", id.number);
        }
        let ledger = match Ledger::open(folder) {
            Ok(ledger) => ledger,
            // Killed before the first entry, it may have no tables yet.
            Err(error) => {
                assert!(self.acknowledged.is_empty(), "{}", wire::explained(&error));
                return 0;
            }
        };
        if ledger.last().unwrap().is_none() {
            assert!(self.acknowledged.is_empty(), "an empty ledger");
            return 0;
        }
        ledger.verify(Some(self.last.max(1))).unwrap();
        for id in &life.acknowledged {
            let entry = ledger.entry(id.number).unwrap();
            assert_eq!(entry.leaf_sha256, id.leaf_sha256, "entry {}", id.number);
        }
        let mut sent = life.outstanding.iter();
        let mut unacknowledged = 0;
        let since = Some(self.last + 1);
        for entry in ledger.entries(Filter { since, limit: None }).unwrap() {
            let entry = entry.unwrap();
            self.last = entry.number;
            if self.acknowledged.contains_key(&entry.number) {
                assert_eq!(unacknowledged, 0, "entry {} was left out", entry.number);
                continue;
            }
            let event = entry.content().unwrap().event;
            if is_own(&event) {
                self.own += 1;
            } else {
                assert_eq!(Some(&event), sent.next(), "entry {}", entry.number);
                unacknowledged += 1;
            }
        }
        self.unacknowledged += unacknowledged as u64;
        unacknowledged
    }

    /// Verifies the whole ledger and compares every promise with it.
    fn check_all(&self, folder: &Path) {
        let ledger = Ledger::open(folder).unwrap();
        let verified = ledger.verify(None).unwrap();
        let promised = self.acknowledged.len() as u64;
        assert_eq!(
            verified.entries,
            promised + self.unacknowledged + self.own,
            "entries that nobody sent"
        );
        let mut entries = ledger.entries(Filter::default()).unwrap();
        for (number, leaf) in &self.acknowledged {
            let entry = entries.find_map(|entry| {
                let entry = entry.unwrap();
                (entry.number == *number).then_some(entry)
            });
            let found = entry.map(|entry| entry.leaf_sha256);
            assert_eq!(found, Some(*leaf), "entry {number}");
        }
    }
}

/// Whether only the writer itself writes such an entry.
fn is_own(event: &Event) -> bool {
    let is_key = matches!(event, Event::KeySet(_) | Event::KeyRetired(_));
    is_key || interruption(event).is_some() || matches!(event, Event::CrashFound { .. })
}

/// A client that sends visits: an insertion, a verdict over rows of mixed sizes, a removal.
struct Load<'a> {
    chance: &'a mut Chance,
    channel: &'a Channel,
    life: Life,
}

impl Load<'_> {
    fn sent(&mut self, event: Event, rows: Option<&[u8]>) -> bool {
        let packet = wire::frame::encode(&wire::ledger::Append {
            event: event.clone(),
            rows: rows.is_some(),
        });
        let rows = rows.map(|rows| jail::memory::sealed("rows", rows).unwrap());
        let fds: Vec<_> = rows.iter().map(std::os::fd::AsFd::as_fd).collect();
        let is_sent = self.channel.send(&packet.unwrap(), &fds).is_ok();
        if is_sent {
            self.life.outstanding.push_back(event);
        }
        is_sent
    }

    /// Sends what follows `insertion`, up to the next insertion.
    fn visit(&mut self, insertion: Option<u64>) -> bool {
        let Some(insertion) = insertion else {
            return self.sent(inserted(), None);
        };
        let count = match self.chance.below(20) {
            0 => 800,
            1..5 => 100,
            5..10 => 0,
            few => few,
        };
        let rows: Vec<_> = (0..count)
            .map(|index| {
                let long = "点検".repeat(self.chance.below(20) as usize);
                row(&format!("{long}/{insertion}/{index}.dat"))
            })
            .collect();
        self.sent(judged(passed(insertion, count)), Some(&lines(&rows)))
            && self.sent(Event::Removed { insertion }, None)
            && (self.chance.below(4) > 0 || self.sent(at_kiosk(), None))
            && self.sent(inserted(), None)
    }

    /// The answer to what was sent first; `None` when the writer is gone.
    fn answered(&mut self) -> Option<EntryId> {
        match answer(self.channel)? {
            Answer::Recorded(id) => {
                self.life.outstanding.pop_front();
                self.life.acknowledged.push(id);
                Some(id)
            }
            other => panic!("{other:?}"),
        }
    }
}

fn kill_after(child: &Child, delay: Duration) -> thread::JoinHandle<()> {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    thread::spawn(move || {
        thread::sleep(delay);
        kill(pid, Signal::SIGKILL).unwrap();
    })
}

/// Starts the writer, sends, and kills it.
fn live(folder: &Path, chance: &mut Chance, aim: &Aim) -> Life {
    let begun = Instant::now();
    let (mut child, channel) = spawn(folder);
    let mut killer = match aim {
        Aim::Start(delay) => Some(kill_after(&child, *delay)),
        Aim::Load(_) | Aim::Rest(..) => None,
    };
    let mut load = Load {
        chance,
        channel: &channel,
        life: Life::default(),
    };
    let mut insertion = None;
    while load.visit(insertion) {
        let mut last = None;
        while !load.life.outstanding.is_empty() {
            last = load.answered();
            if last.is_none() {
                break;
            }
            load.life.first_answer.get_or_insert(begun.elapsed());
            if let (Aim::Load(delay), None) = (aim, &killer) {
                killer = Some(kill_after(&child, *delay));
            }
        }
        let Some(last) = last else { break };
        insertion = Some(last.number);
        if let Aim::Rest(answers, delay) = aim
            && *answers <= load.life.acknowledged.len()
        {
            killer = Some(kill_after(&child, *delay));
            break;
        }
    }
    killer.expect("it ended by itself").join().unwrap();
    let status = child.wait().unwrap();
    // Answers that were under way when it died are promises as well.
    while !load.life.outstanding.is_empty() && load.answered().is_some() {
        load.life.late += 1;
    }
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    assert_eq!(signal, Some(9), "{status}: {}", complaint(&mut child));
    let mut life = load.life;
    let before = life.first_answer.unwrap_or_default();
    life.under_load = begun.elapsed().saturating_sub(before);
    life
}

#[test]
fn kills_at_random_moments_under_load_lose_nothing_that_was_acknowledged() {
    let kills = number("KILLS").unwrap_or(KILLS);
    let mut chance = Chance::printed("KILL_SEED");
    let folder = tempfile::tempdir().unwrap();
    let mut promises = Promises::default();
    let mut phases = BTreeMap::new();
    // A guess; what is measured takes its place.
    let mut start = Duration::from_millis(20);
    let mut append = Duration::from_millis(1);
    for number in 1..=kills {
        let aim = match chance.below(8) {
            0 | 1 => Aim::Start(chance.within(start * 6 / 5)),
            2 => Aim::Rest(chance.below(9) as usize, chance.within(append * 2)),
            _ => Aim::Load(chance.within(append * APPENDS)),
        };
        let life = live(folder.path(), &mut chance, &aim);
        // Now and then the next writer is the first to see what was left, else a reader is.
        if chance.below(4) == 0 {
            drop(Writer::open(folder.path()).unwrap());
        }
        let committed = promises.check(folder.path(), &life);
        let phase = match (life.first_answer, life.outstanding.len()) {
            (None, _) => Phase::Starting,
            (Some(_), _) if committed > 0 => Phase::Committing,
            (Some(_), _) if life.late > 0 => Phase::Answering,
            (Some(_), 0) => Phase::Idle,
            (Some(_), _) => Phase::Appending,
        };
        *phases.entry(phase).or_insert(0u64) += 1;
        if let Some(first) = life.first_answer {
            start = (start * 7 + first) / 8;
            let answers = life.acknowledged.len() as u32;
            append = (append * 7 + life.under_load / answers.max(1)) / 8;
        }
        if number % WHOLE == 0 || number == kills {
            promises.check_all(folder.path());
        }
    }
    println!(
        "{kills} kills: {phases:?}; {} entries acknowledged, {} written and not acknowledged, \
         {} by the writer itself; none lost, every check held",
        promises.acknowledged.len(),
        promises.unacknowledged,
        promises.own
    );
    println!("start {start:?} to the first answer, append {append:?}");
    for phase in [Phase::Starting, Phase::Idle, Phase::Committing] {
        assert!(phases.contains_key(&phase), "no kill was {phase:?}");
    }
}
