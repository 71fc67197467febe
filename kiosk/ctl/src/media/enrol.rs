//! Waiting for a medium to be plugged in at the kiosk, to learn what it is.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use broker::Paths;
use jail::channel::Channel;
use record::{Ledger, reader};
use wire::Claim;
use wire::custody::Enrolling;
use wire::ledger::Event;

use crate::CommandError;
use crate::ledger;
use crate::lists;
use crate::print;

/// How often the ledger is read for news.
const LOOK: Duration = Duration::from_millis(300);

/// Whether it is the medium that is waited for, or why not.
type IsIt<'i> = dyn Fn(&Claim) -> Result<(), String> + 'i;

/// Has the kiosk wait for a medium that is not registered, and gives its claim with its capacity.
///
/// # Errors
/// When kioskd does not run, or no such medium came in time.
pub(crate) fn wait(
    seconds: u64,
    ledger: Option<&Path>,
    paths: &Paths,
    is_it: &IsIt<'_>,
) -> Result<Claim, CommandError> {
    // Without kioskd nothing would ever come.
    Channel::connect(&paths.show_socket()).map_err(|error| {
        CommandError::Asked(format!(
            "kioskd does not run here ({error}), so no medium can be plugged in; start it, or \
             say --from-claim FILE or --from-insertion N"
        ))
    })?;
    let by = lists::by(paths)?;
    let event = |seconds| {
        let by = by.clone();
        Event::Enrolling(Box::new(Enrolling { seconds, by }))
    };
    let since = ledger::write(ledger, paths, event(seconds))?;
    let found = watch(
        &ledger::folder(ledger, paths),
        since.saturating_add(1),
        Duration::from_secs(seconds),
        is_it,
    );
    // The kiosk ends it by itself when this cannot be said any more.
    let ended = ledger::write(ledger, paths, event(0));
    let claim = found?;
    ended?;
    claim.ok_or_else(|| {
        CommandError::Asked(format!(
            "no medium came within {seconds} s; nothing is registered (say --wait for longer)"
        ))
    })
}

/// Reads the ledger until it tells of the medium.
fn watch(
    folder: &Path,
    since: u64,
    long: Duration,
    is_it: &IsIt<'_>,
) -> Result<Option<Claim>, CommandError> {
    let ledger = Ledger::open(folder)?;
    let mut meter = Meter::new(long);
    let mut next = since;
    loop {
        let filter = reader::Filter {
            since: Some(next),
            limit: None,
        };
        for entry in ledger.entries(filter)? {
            let entry = entry?;
            next = entry.number.saturating_add(1);
            let Event::Inserted {
                claim: Some(claim),
                medium,
                occasion,
                ..
            } = entry.content()?.event
            else {
                continue;
            };
            let is_enrolment = occasion.is_some_and(|occasion| occasion.is_enrolment);
            if medium.is_none() && !is_enrolment {
                // It came before the kiosk knew that somebody waits.
                meter.note("a medium was plugged in too soon; take it out and plug it in again");
                continue;
            }
            match (medium, claim.capacity_bytes, is_it(&claim)) {
                (None, Some(_), Ok(())) => {
                    meter.end();
                    return Ok(Some(*claim));
                }
                (None, Some(_), Err(why)) => meter.note(&why),
                (Some(id), _, _) => {
                    meter.note(&format!("{id} was plugged in, which is registered"))
                }
                (None, None, _) => meter.note(
                    "a device was plugged in whose capacity is not known; a storage medium is \
                     waited for",
                ),
            }
        }
        if meter.is_over() {
            return Ok(None);
        }
        std::thread::sleep(LOOK);
    }
}

/// How long it still waits, on a terminal.
struct Meter {
    began: Instant,
    long: Duration,
    is_shown: bool,
}

impl Meter {
    fn new(long: Duration) -> Self {
        print::note(&format!(
            "登録する媒体を検査端末に挿してください / plug the medium in at the kiosk ({} s)",
            long.as_secs()
        ));
        Self {
            began: Instant::now(),
            long,
            is_shown: std::io::stderr().is_terminal(),
        }
    }

    /// Tells how long is left; whether that is nothing.
    fn is_over(&mut self) -> bool {
        let left = self.long.saturating_sub(self.began.elapsed());
        if self.is_shown {
            // Nobody but the person at this terminal needs it.
            let _ = write!(std::io::stderr(), "\r{:>4} s ", left.as_secs());
        }
        if left.is_zero() {
            self.end();
        }
        left.is_zero()
    }

    fn note(&self, what: &str) {
        self.end();
        print::note(what);
    }

    fn end(&self) {
        if self.is_shown {
            let _ = write!(std::io::stderr(), "\r       \r");
        }
    }
}
