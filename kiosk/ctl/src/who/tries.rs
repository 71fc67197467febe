//! Wrong PINs, counted by the ledger: it is the one place that nobody empties unseen, and
//! kioskd writes its own there too, so that both count together.

use std::fs::File;

use broker::recorder::Recorder;
use broker::{Paths, pin};
use decide::Account;
use jiff::{SignedDuration, Timestamp};
use nix::fcntl::{Flock, FlockArg};
use record::reader;
use wire::custody::{SignIn, SignInFault, SignInRefused};
use wire::ledger::Event;
use wire::list_change::{Changed, ListName};

use crate::CommandError;
use crate::ledger;

/// Most wrong PINs of one account before it is locked; each further one locks it again, until
/// the right one comes.
const WRONG_PINS_MAX: u64 = 5;

/// How long it is locked, in seconds: ninety-six tries a day, at a million PINs.
const LOCKED_SECONDS: u32 = 15 * 60;

/// What the ledger has of an account's PIN.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tries {
    /// Wrong ones since the last right one.
    wrong: u64,
    /// Until when none is taken.
    locked_until: Option<Timestamp>,
}

impl Tries {
    fn note(&mut self, account: &str, event: &Event, recorded: Timestamp) {
        if is_confirmed(account, event) {
            *self = Self::default();
        }
        let Event::SignInRefused(refused) = event else {
            return;
        };
        if !is_of(account, refused.whom.as_ref()) {
            return;
        }
        if refused.why == SignInFault::WrongPin {
            self.wrong = self.wrong.saturating_add(1);
        }
        let seconds = i64::try_from(refused.locked_seconds).unwrap_or(i64::MAX);
        let until = recorded.checked_add(SignedDuration::from_secs(seconds));
        let until = until.unwrap_or(Timestamp::MAX);
        if recorded < until {
            self.locked_until = self.locked_until.max(Some(until));
        }
    }

    fn locked(&self, now: Timestamp) -> Option<Timestamp> {
        self.locked_until.filter(|until| now < *until)
    }

    /// For how long the account is locked when the PIN is wrong once more, in seconds.
    fn locks_for(&self) -> u32 {
        if self.wrong.saturating_add(1) < WRONG_PINS_MAX {
            0
        } else {
            LOCKED_SECONDS
        }
    }
}

fn is_of(account: &str, whom: Option<&SignIn>) -> bool {
    matches!(whom, Some(SignIn::Staff(name)) if name == account)
}

/// Whether an entry shows that the right PIN was given, or that the account has a new one.
fn is_confirmed(account: &str, event: &Event) -> bool {
    if let Event::ListChanged(change) = event {
        let has_new_pin = |changed: &Changed| {
            change.list == ListName::Accounts
                && changed.id == account
                && changed.fields.iter().any(|field| field.key == "pin")
        };
        return change.second.as_deref() == Some(account) || change.changed.iter().any(has_new_pin);
    }
    if let Event::Waived(waived) = event {
        return waived.second == account;
    }
    matches!(event, Event::SignedIn(whom) if is_of(account, Some(whom)))
}

/// What the kiosk's own ledger says; never that of another folder, in which nothing would be
/// held against anybody.
fn tries(paths: &Paths, account: &str) -> Result<(Tries, Timestamp), CommandError> {
    let (mut tries, mut latest) = (Tries::default(), Timestamp::now());
    let Some(ledger) = ledger::begun(&paths.ledger())? else {
        return Ok((tries, latest));
    };
    for entry in ledger.entries(reader::Filter::default())? {
        let content = entry?.content()?;
        let recorded = content.recorded_utc.parse().unwrap_or(Timestamp::MIN);
        tries.note(account, &content.event, recorded);
        latest = latest.max(recorded);
    }
    Ok((tries, latest))
}

/// The latest time that the kiosk has known: a clock that is set back brings nothing back.
///
/// # Errors
/// When the ledger cannot be read. Where none was begun, the clock alone counts.
pub(crate) fn latest(paths: &Paths) -> Result<Timestamp, CommandError> {
    Ok(tries(paths, "")?.1)
}

/// Asks for the PIN of an account, and goes on only when it is right.
///
/// # Errors
/// [`CommandError::NotAllowed`] when it is wrong or the account locked; a wrong one is written
/// down before that is said.
pub(super) fn confirm(
    paths: &Paths,
    account: &Account,
    ask: impl FnOnce() -> Result<String, CommandError>,
) -> Result<(), CommandError> {
    let name = &account.name;
    // Nobody types a PIN that is not looked at.
    open(name, &tries(paths, name)?.0)?;
    let typed = ask()?;
    let file = paths.accounts();
    let opened = File::open(&file).map_err(CommandError::file("open", file.clone()))?;
    // One at a time, or as many could be tried at once as programs can be started.
    let _one = Flock::lock(opened, FlockArg::LockExclusive)
        .map_err(|(_, errno)| CommandError::file("lock", file)(errno.into()))?;
    let tries = tries(paths, name)?.0;
    open(name, &tries)?;
    // Where nothing can be written down, nothing is tried.
    let recorder = Recorder::open(None, paths)?;
    let is_right = pin::verify(&typed, account.pin.as_deref().unwrap_or_default());
    pin::wipe(typed);
    if is_right {
        return Ok(recorder.finish()?);
    }
    let seconds = tries.locks_for();
    let refused = SignInRefused {
        whom: Some(SignIn::Staff(name.clone())),
        why: SignInFault::WrongPin,
        locked_seconds: seconds.into(),
    };
    recorder.append(Event::SignInRefused(Box::new(refused)), None)?;
    recorder.finish()?;
    let locked = match seconds {
        0 => String::new(),
        seconds => format!("; the account is locked for {seconds} s"),
    };
    let why = format!("this is not the PIN of {name}{locked}");
    Err(CommandError::NotAllowed(why))
}

/// An error while the account is locked.
fn open(name: &str, tries: &Tries) -> Result<(), CommandError> {
    // By the clock alone: one that is set back keeps the account locked for longer.
    let Some(until) = tries.locked(Timestamp::now()) else {
        return Ok(());
    };
    let wrong = tries.wrong;
    let why = format!("the account {name} is locked until {until}, after {wrong} wrong PINs");
    Err(CommandError::NotAllowed(why))
}

#[cfg(test)]
mod tests {
    use wire::custody::VisitName;

    use super::*;

    fn wrong(tries: &Tries, whom: SignIn) -> Event {
        Event::SignInRefused(Box::new(SignInRefused {
            whom: Some(whom),
            why: SignInFault::WrongPin,
            locked_seconds: tries.locks_for().into(),
        }))
    }

    fn staff(name: &str) -> SignIn {
        SignIn::Staff(name.to_owned())
    }

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_fifth_wrong_pin_locks_for_a_quarter_of_an_hour_and_each_after_it_again() {
        let mut tries = Tries::default();
        let at = moment("2026-11-26T08:00:00Z");
        for count in 1..=WRONG_PINS_MAX {
            assert_eq!(tries.locked(at), None, "before wrong PIN {count}");
            let event = wrong(&tries, staff("B"));
            tries.note("B", &event, at);
        }
        let end = moment("2026-11-26T08:15:00Z");
        assert_eq!(tries.locked(at), Some(end));
        assert_eq!(tries.locked(moment("2026-11-26T08:14:59Z")), Some(end));
        assert_eq!(tries.locked(end), None);
        let event = wrong(&tries, staff("B"));
        tries.note("B", &event, end);
        assert!(tries.locked(moment("2026-11-26T08:29:59Z")).is_some());
    }

    #[test]
    fn only_the_account_itself_is_counted_and_its_right_pin_begins_anew() {
        let mut tries = Tries::default();
        let at = moment("2026-11-26T08:00:00Z");
        let visit = VisitName {
            id: "V-1".to_owned(),
            person: "B".to_owned(),
            company: "B".to_owned(),
        };
        for other in [staff("A"), SignIn::Visit(visit)] {
            let event = wrong(&tries, other);
            tries.note("B", &event, at);
        }
        assert_eq!(tries, Tries::default());
        for _ in 0..9 {
            let event = wrong(&tries, staff("B"));
            tries.note("B", &event, at);
        }
        tries.note("B", &Event::SignedIn(staff("A")), at);
        assert_eq!(tries.wrong, 9);
        tries.note("B", &Event::SignedIn(staff("B")), at);
        assert_eq!(tries, Tries::default());
    }
}
