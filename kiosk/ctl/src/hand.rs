//! One scan by hand, from its start to its end record.

use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use broker::Paths;
use broker::clamd::Second;
use broker::reception::Reception;
use broker::rules::Loaded;
use broker::scanner::{Means, SILENCE_MAX, Scanner, Scope};
use decide::policy::Clamd;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use wire::scan::{Progress, TargetKind};
use wire::{Gap, Row};

use crate::CommandError;
use crate::folder::{Supplied, Walk};
use crate::target::Target;

/// How long to wait for news before looking at signals and the clock.
const STEP: Duration = Duration::from_millis(100);

/// SIGINT and SIGTERM as something to look at instead of something that interrupts.
pub(crate) struct Signals(SignalFd);

impl Signals {
    /// Takes them over for this process. Programs it starts get them back.
    pub(crate) fn take() -> Result<Self, CommandError> {
        let mut set = SigSet::empty();
        set.add(Signal::SIGINT);
        set.add(Signal::SIGTERM);
        set.thread_block()
            .map_err(CommandError::system("block signals"))?;
        SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
            .map(Self)
            .map_err(CommandError::system("watch signals"))
    }

    /// Whether one has arrived.
    pub(crate) fn arrived(&self) -> bool {
        matches!(self.0.read_signal(), Ok(Some(_)))
    }
}

/// What one scan by hand needs.
pub(crate) struct Hand<'h> {
    pub(crate) target: &'h Target,
    pub(crate) scope: &'h Scope,
    pub(crate) rules: &'h Loaded,
    /// Folder for contents that do not fit memory.
    pub(crate) spool: &'h Path,
    pub(crate) paths: &'h Paths,
    pub(crate) signals: &'h Signals,
    /// clamd, when the site has it.
    pub(crate) clamd: Option<&'h Clamd>,
}

/// Runs the scan and puts everything it reports into `reception`; each row also goes to `row`.
/// Gives what a second engine was to it.
pub(crate) fn scan(
    hand: &Hand<'_>,
    reception: &mut Reception,
    row: &mut dyn FnMut(Row),
    progress: &mut dyn FnMut(&Progress),
) -> Result<Option<Second>, CommandError> {
    let Hand {
        target,
        scope,
        rules,
        spool,
        paths,
        signals,
        clamd,
    } = hand;
    let descriptor = target.descriptor()?;
    let (medium, mut supplies) = match target.kind {
        TargetKind::Device | TargetKind::Image => (Some(descriptor), Supplies::default()),
        TargetKind::Folder => {
            let walk = Walk::new(descriptor, &scope.limits);
            let walk = Some(walk.map_err(CommandError::system("list the folder"))?);
            (None, Supplies { walk, next: None })
        }
        TargetKind::File => {
            let (walk, first) = Walk::single(&target.path, descriptor, target.size_bytes);
            (
                None,
                Supplies {
                    walk: Some(walk),
                    next: Some(first),
                },
            )
        }
    };
    let with = Means {
        rules: rules.compiled.as_fd(),
        lists: &rules.lists,
        medium: medium.as_ref().map(AsFd::as_fd),
        read_back: target.read_back.as_ref().map(AsFd::as_fd),
        delivery: None,
        spool,
        paths,
        clamd: *clamd,
    };
    let scanner = Scanner::start(scope, &with)?;
    let mut heard = Instant::now();
    while !reception.is_over() {
        if signals.arrived() {
            reception.fail(
                Gap::Removed,
                "interrupted by the person who started the scan",
            );
            break;
        }
        let ready = scanner.wait(supplies.any(), STEP)?;
        if ready.news {
            heard = Instant::now();
            if let Some(seen) = scanner.hear(reception) {
                row(seen);
            }
            progress(reception.progress());
        } else if ready.supply {
            supplies.hand_over(&scanner, reception);
        } else if SILENCE_MAX < heard.elapsed() {
            reception.fail(Gap::Timeout, "kiosk-scan fell silent");
        }
    }
    if target.has_changed() {
        reception.overrule(Gap::Changed, "the target changed during the scan");
    }
    // An empty folder is done before clamd has been tried out.
    loop {
        if let Some(second) = scanner.second(reception, Instant::now()) {
            return Ok(second);
        }
        std::thread::sleep(STEP);
    }
}

/// The files still to be handed over. By default none.
#[derive(Default)]
struct Supplies {
    walk: Option<Walk>,
    next: Option<Supplied>,
}

impl Supplies {
    fn any(&self) -> bool {
        self.walk.is_some() || self.next.is_some()
    }

    fn hand_over(&mut self, scanner: &Scanner, reception: &mut Reception) {
        let next = self.next.take().or_else(|| self.walk.as_mut()?.next());
        match next {
            None => self.walk = None,
            Some((supply, file)) => {
                if let Err(error) = scanner.supply(&supply, file.as_ref()) {
                    // Its last words may say why; the loop reads them first.
                    if !matches!(scanner.wait(false, Duration::ZERO), Ok(ready) if ready.news) {
                        reception.fail(Gap::Damaged, &error.to_string());
                    }
                    self.walk = None;
                }
            }
        }
    }
}
