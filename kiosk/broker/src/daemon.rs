//! kioskd: one loop that turns what happens into events and takes the actions of [`step`].

mod act;
mod audit;
mod cases;
mod delivery;
mod gate;
mod ledger;
mod lists;
mod refusal;
mod reload;
mod requests;
mod second;
mod source;
mod supervised;
mod upkeep;
mod visitors;

use std::collections::{BTreeMap, VecDeque};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use decide::Allowlist;
use jail::channel::{Channel, Listener};
use jiff::Timestamp;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use wire::frame;
use wire::standing::Standing;

use crate::bay::Bay;
use crate::clock::Clock;
use crate::paths::Paths;
use crate::port::Port;
use crate::recorder::Recorder;
use crate::rules::{self, Loaded};
use crate::site::Site;
use crate::step::{Event, LaneId, State};
use crate::usb::Usb;
use crate::view;

use ledger::Owner;
pub(crate) use requests::Offer;
pub use source::{NOTICED_WAIT_MAX, Source};
use supervised::Supervised;

/// How often the loop looks at its clocks, and a changed view is sent at most.
const TICK: Duration = Duration::from_millis(100);

/// How often an unchanged view is sent: the screen gives up after three.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Most screens at once: one at the gate, and a few that look on.
const SCREENS_MAX: usize = 8;

/// Why kioskd cannot run.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The site's files.
    #[error(transparent)]
    Site(#[from] crate::site::SiteError),
    /// A path that it needs.
    #[error("cannot {doing} {}", path.display())]
    Path {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The system refused something.
    #[error("cannot {doing}")]
    System {
        /// What was tried.
        doing: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// The daemon.
pub struct Daemon {
    paths: Paths,
    site: Site,
    allowlist: Option<Allowlist>,
    lists: lists::Lists,
    gate: gate::Gate,
    clock: Clock,
    loaded: Option<Loaded>,
    in_force: reload::InForce,
    /// What is known of them.
    upkeep: upkeep::Upkeep,
    /// Bundles of rules that are being installed from media.
    installing: Vec<delivery::Installing>,
    /// What is known of clamd, where the site has it.
    clamd: second::Watch,
    source: Source,
    signals: SignalFd,
    listener: Listener,
    screens: Vec<Channel>,
    recorder: Option<Recorder>,
    /// Whether the ledger's writer has answered on this connection.
    greeted: bool,
    /// For each answer that is due, whose it is.
    due: VecDeque<Owner>,
    /// Since when the writer owes an answer, or does not take what is sent.
    due_since: Option<Instant>,
    /// What the writer has not taken yet, and whose it is; `None` for a question.
    unsent: VecDeque<(Owner, Option<wire::ledger::Event>)>,
    /// What the ledger said to hold: waivers, open cases.
    standing: Standing,
    standing_asked: Option<Instant>,
    /// How many times that was asked and answered on this connection.
    standing_asks: u64,
    standing_answers: u64,
    audit: audit::Audit,
    state: State,
    ports: BTreeMap<LaneId, Port>,
    lanes_ever: u64,
    sequence: u64,
    changed: bool,
    sent: Instant,
    tried: Option<Instant>,
    ending: bool,
}

impl Daemon {
    /// Reads the site's files and rules, and begins to watch and to listen. The rules have
    /// shown nothing yet: media wait until they are tested.
    ///
    /// # Errors
    /// [`DaemonError`] for everything without which no medium can be judged.
    pub fn start(paths: Paths, bay: Option<&Path>) -> Result<Self, DaemonError> {
        let mut set = SigSet::empty();
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            set.add(signal);
        }
        set.thread_block().map_err(system("block signals"))?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        let signals = SignalFd::with_flags(&set, flags).map_err(system("watch signals"))?;
        // Before anything that can fail or take time: what is plugged in meanwhile waits.
        let source = match bay {
            Some(bay) => Source::Bay(Bay::open(bay).map_err(path("watch", bay))?),
            None => Usb::open(Path::new("/sys"), Path::new("/dev"))
                .map(|usb| Source::Usb(Box::new(usb)))
                .map_err(system("close the USB ports and watch them"))?,
        };
        for folder in [paths.spool(), paths.run()] {
            std::fs::create_dir_all(&folder).map_err(path("make", &folder))?;
        }
        let site = Site::read(&paths)?;
        let (lists, allowlist) = lists::Lists::read(&paths)?;
        let in_force = reload::InForce::look(&paths);
        // Without rules it is out of service, says why, and tries again; it records all the same.
        let read = rules::load(&rules::folder(None, &paths), &paths, Timestamp::now());
        let (loaded, fault) = match read {
            Ok(loaded) => (loaded, None),
            Err(error) => (None, Some(wire::explained(&error))),
        };
        if let Some(fault) = &fault {
            report(&format!("there are no rules: {fault}"));
        }
        let listener = Listener::bind(&paths.show_socket(), 0o660)
            .map_err(path("listen at", &paths.show_socket()))?;
        Ok(Self {
            paths,
            site,
            allowlist,
            lists,
            gate: gate::Gate::default(),
            clock: Clock::start(),
            loaded,
            in_force,
            upkeep: upkeep::Upkeep::new(fault),
            installing: Vec::new(),
            clamd: second::Watch::default(),
            source,
            signals,
            listener,
            screens: Vec::new(),
            recorder: None,
            greeted: false,
            due: VecDeque::new(),
            due_since: None,
            unsent: VecDeque::new(),
            standing: Standing::default(),
            standing_asked: None,
            standing_asks: 0,
            standing_answers: 0,
            audit: audit::Audit::default(),
            state: State::new(),
            ports: BTreeMap::new(),
            lanes_ever: 0,
            sequence: 0,
            changed: true,
            sent: Instant::now(),
            tried: None,
            ending: false,
        })
    }

    /// Runs until a signal ends it.
    ///
    /// # Errors
    /// [`DaemonError::System`] when the system stops telling what happens.
    pub fn run(mut self) -> Result<(), DaemonError> {
        let mut supervised = Supervised::begin();
        while !self.ending {
            supervised.alive(&self);
            self.connect();
            self.send_view();
            let ready = self.wait()?;
            if ready.signal {
                self.signal();
            }
            if ready.screen
                && let Ok(screen) = self.listener.accept()
            {
                self.welcome(screen);
            }
            // Before the ledger's answers: a medium that is out already must not appear as one
            // that has passed.
            self.look_at_source(ready.source)?;
            if ready.ledger {
                self.hear_ledger();
            }
            self.hear_screens();
            self.keep_standing();
            self.watch_clock();
            self.watch_lists();
            self.mind_gate();
            self.give_up_waiting();
            self.send_entries();
            self.watch_rules();
            self.mind_rules();
            self.mind_deliveries();
            self.watch_clamd();
            self.hear_scanners();
            self.forget();
        }
        self.say_stopped();
        Ok(())
    }

    fn hear_scanners(&mut self) {
        let now = Instant::now();
        let mut over = Vec::new();
        for (id, port) in &mut self.ports {
            port.hear();
            if let Some(examination) = port.finished(now) {
                over.push((*id, examination));
            }
        }
        let scans = u64::try_from(over.len()).unwrap_or(u64::MAX);
        self.upkeep.scans = self.upkeep.scans.saturating_add(scans);
        for (lane, examination) in over {
            // A long scan may end on another day than it began.
            self.ask_again(&[lane]);
            self.happen(Event::Scanned { lane, examination });
        }
    }

    fn forget(&mut self) {
        let now = Instant::now();
        let due =
            |(id, port): (&LaneId, &Port)| port.forget_at.filter(|at| *at <= now).map(|_| *id);
        let lanes: Vec<LaneId> = self.ports.iter().filter_map(due).collect();
        for lane in lanes {
            self.happen(Event::Forgotten { lane });
        }
    }

    fn signal(&mut self) {
        while let Ok(Some(signal)) = self.signals.read_signal() {
            let number = i32::try_from(signal.ssi_signo).unwrap_or_default();
            if Signal::try_from(number) == Ok(Signal::SIGHUP) {
                self.reload();
            } else {
                self.ending = true;
            }
        }
    }

    fn welcome(&mut self, screen: Channel) {
        if self.screens.len() < SCREENS_MAX && screen.set_nonblocking(true).is_ok() {
            self.screens.push(screen);
            self.changed = true;
        }
    }

    /// Sends the view when it changed or when the screens would begin to worry.
    fn send_view(&mut self) {
        let now = Instant::now();
        let since = now.saturating_duration_since(self.sent);
        let scanning = self.ports.values().any(|port| port.scanner().is_some());
        let due = HEARTBEAT <= since || (TICK <= since && scanning) || self.changed;
        if !due {
            return;
        }
        self.sent = now;
        self.changed = false;
        self.open_cases();
        self.offer_requests();
        self.sequence = self.sequence.saturating_add(1);
        let in_the_way = self.clamd.in_the_way(self.site.policy.clamd.as_ref());
        let mut view = view::view(
            self.sequence,
            &self.site,
            self.care(),
            self.allowlist.is_some(),
            in_the_way,
            &self.state,
            &self.ports,
        );
        view.open_cases = self.other_cases();
        view.gate = self.gate_view();
        self.show_ledger(&mut view);
        match frame::encode(&view) {
            Ok(packet) => self
                .screens
                .retain(|screen| screen.send(&packet, &[]).is_ok()),
            Err(error) => report(&format!("a view cannot be sent: {error}")),
        }
    }

    fn wait(&self) -> Result<Ready, DaemonError> {
        let mut sockets = vec![
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.listener.as_fd(), PollFlags::POLLIN),
        ];
        let first = sockets.len();
        let sources = self.source.descriptors();
        sockets.extend(sources.iter().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)));
        let fixed = sockets.len();
        sockets.extend(
            self.recorder
                .iter()
                .map(|ledger| PollFd::new(ledger.as_fd(), PollFlags::POLLIN)),
        );
        let scanners = self.ports.values().filter_map(Port::scanner);
        sockets.extend(scanners.map(|scanner| PollFd::new(scanner.as_fd(), PollFlags::POLLIN)));
        match poll(
            &mut sockets,
            PollTimeout::from(u8::try_from(TICK.as_millis()).unwrap_or(u8::MAX)),
        ) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(errno) => return Err(system("wait")(errno)),
        }
        let seen = |place: usize| {
            let flags = sockets.get(place).and_then(PollFd::revents);
            flags.is_some_and(|flags| !flags.is_empty())
        };
        Ok(Ready {
            signal: seen(0),
            screen: seen(1),
            source: (first..fixed).any(seen),
            ledger: self.recorder.is_some() && seen(fixed),
        })
    }
}

/// Which descriptors have something to say. Scanners are asked in every round.
struct Ready {
    signal: bool,
    source: bool,
    screen: bool,
    ledger: bool,
}

fn system<E: Into<std::io::Error>>(doing: &'static str) -> impl Fn(E) -> DaemonError {
    move |source| DaemonError::System {
        doing,
        source: source.into(),
    }
}

fn path(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> DaemonError {
    let path = path.to_owned();
    move |source| DaemonError::Path {
        doing,
        path,
        source,
    }
}

/// One line to the journal. What is hidden in it is spelled out.
fn report(what: &str) {
    eprintln!("kioskd: {}", wire::name::line(what));
}
