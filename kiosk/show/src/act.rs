//! The one place where keys and taps become something to do: what is offered now, by which key
//! it is named, and what is said to kioskd when it is chosen.
//!
//! The keypad of a kiosk has digits, `*`, `.`, `-`, Enter and a key that erases. Digits that
//! belong to a code are not commands: while one may be typed, `*`, `.` and `-` are. In the
//! virtual bay digits insert media, so that letters command there; they do at a real kiosk too.

use std::fmt;
use std::time::Duration;

use ratatui::layout::Rect;
use wire::Verdict;
use wire::standing::Mitigation;
use wire::view::{Choice, Input, Lane, Stage, View};

use crate::ask;
use crate::pad::{Pad, Pressed, Wants};
use crate::state::{Link, Screen};
use crate::view::place;

/// Longest wait for a request to be recorded before it may be made again.
const REQUEST_WAIT_MAX: Duration = Duration::from_secs(10);

/// A key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// One that types this.
    Character(char),
    /// Enter, and 決定 on the screen.
    Enter,
    /// Backspace.
    Erase,
    /// Escape, and 取消 on the screen.
    Escape,
}

impl fmt::Debug for Key {
    /// Without the character: it may be one of a PIN.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Character(_) => "Character",
            Self::Enter => "Enter",
            Self::Erase => "Erase",
            Self::Escape => "Escape",
        })
    }
}

/// Something that a person may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// What was done with a medium that was stopped.
    Answer(Mitigation),
    /// The registration of the medium of this insertion.
    Request(u64),
    /// That the next medium is on its way out, or is not.
    Exit,
    /// To sign in as one of the staff.
    Staff,
    /// That whoever is signed in is done.
    SignOut,
    /// A key of the pad.
    Press(Key),
}

/// A request that was sent and is not recorded yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requested {
    /// The insertion.
    pub insertion: u64,
    /// How long ago.
    pub age: Duration,
}

impl Requested {
    /// After some time; `None` when it may be made again.
    #[must_use]
    pub fn aged(self, passed: Duration) -> Option<Self> {
        let age = self.age.saturating_add(passed);
        (age < REQUEST_WAIT_MAX).then_some(Self { age, ..self })
    }
}

/// What the daemon says, when it says that the kiosk is in service.
pub(crate) fn live(screen: &Screen) -> Option<&View> {
    match &screen.link {
        Link::Live(view) if view.out_of_service.is_none() => Some(view),
        Link::Live(_) | Link::Connecting | Link::Lost(_) => None,
    }
}

/// Whether a lane in this stage may be requested: only what was refused as unregistered.
pub(crate) fn may_request(stage: &Stage) -> bool {
    match stage {
        Stage::Judged(shown) | Stage::Removed(shown) => {
            let unregistered = wire::ReasonCode::Unregistered;
            shown.verdict != Verdict::Pass
                && shown.reasons.iter().any(|one| one.code == unregistered)
        }
        Stage::AwaitingVisit | Stage::Checking | Stage::Scanning { .. } | Stage::Recording => false,
    }
}

/// The request that is offered for this lane, by its insertion.
pub(crate) fn request(screen: &Screen, lane: &Lane) -> Option<u64> {
    let request = lane.request.filter(|request| !request.is_recorded)?;
    let sent = screen.requested.map(|sent| sent.insertion);
    (sent != Some(request.insertion)).then_some(request.insertion)
}

/// What is offered besides the pad and the question about a stopped medium, in the order of
/// the screen.
pub(crate) fn offered(screen: &Screen) -> Vec<Act> {
    let Some(view) = live(screen) else {
        return Vec::new();
    };
    let gate = &view.gate;
    let is_idle = view.lanes.is_empty();
    let for_staff = screen
        .pad
        .as_ref()
        .is_some_and(|pad| pad.wants != Wants::Code);
    if for_staff {
        return Vec::new();
    }
    let mut acts = Vec::new();
    if gate.staff.is_some() || (is_idle && gate.visitor.is_some()) {
        acts.push(Act::SignOut);
    }
    if is_idle && gate.takes_exits {
        acts.push(Act::Exit);
    }
    if is_idle && gate.takes_staff && gate.staff.is_none() {
        acts.push(Act::Staff);
    }
    acts
}

/// The digit, the letter and the sign that choose this; no sign where no code can be typed.
fn keys(act: Act) -> Option<(char, char, Option<char>)> {
    match act {
        Act::Answer(Mitigation::Kept) => Some(('1', 'k', None)),
        Act::Answer(Mitigation::GivenBack) => Some(('2', 'b', None)),
        Act::Answer(Mitigation::HandedOver) => Some(('3', 'h', None)),
        Act::Request(_) => Some(('5', 'r', None)),
        Act::Staff => Some(('7', 's', Some('*'))),
        Act::Exit => Some(('9', 'e', Some('-'))),
        Act::SignOut => Some(('0', 'd', Some('.'))),
        Act::Press(_) => None,
    }
}

/// The key that chooses this now, if one does.
pub(crate) fn key(screen: &Screen, act: Act) -> Option<char> {
    let (digit, letter, sign) = keys(act)?;
    if screen.pad.is_some() || types_codes(screen) {
        sign
    } else if screen.bay.is_some() {
        Some(letter)
    } else {
        Some(digit)
    }
}

/// Whether a code may be typed without a pad: another visitor comes before the last is gone.
fn types_codes(screen: &Screen) -> bool {
    let asks = |view: &View| view.lanes.is_empty() && view.gate.asks_visit;
    screen.bay.is_none() && live(screen).is_some_and(asks)
}

/// The screen after a key.
pub(crate) fn keyed(screen: Screen, key: Key) -> Screen {
    if let Some(act) = named(&screen, key) {
        return done(screen, act);
    }
    if screen.pad.is_some() {
        return done(screen, Act::Press(key));
    }
    match (key, types_codes(&screen)) {
        (Key::Character(character), true) if character.is_ascii_graphic() => {
            let pad = Some(Pad::new(Wants::Code));
            done(Screen { pad, ..screen }, Act::Press(key))
        }
        (Key::Character(character), _) => Screen {
            bay: screen.bay.map(|bay| bay.pressed(character)),
            ..screen
        },
        (Key::Enter | Key::Erase | Key::Escape, _) => screen,
    }
}

/// The screen after a tap on this cell.
pub(crate) fn tapped(screen: Screen, column: u16, row: u16) -> Screen {
    let (columns, rows) = screen.size;
    let buttons = place::buttons(&screen, Rect::new(0, 0, columns, rows));
    let is_hit = |button: &&place::Button| button.area.contains((column, row).into());
    match buttons.iter().find(is_hit).map(|button| button.act) {
        Some(act) => done(screen, act),
        None => screen,
    }
}

/// What a key names, among all that is offered.
fn named(screen: &Screen, key: Key) -> Option<Act> {
    let Key::Character(character) = key else {
        return None;
    };
    let typing = screen.pad.as_ref().is_some_and(|pad| !pad.is_empty());
    if typing {
        return None;
    }
    let only_signs = screen.pad.is_some() || types_codes(screen);
    let answers = ask::asked(screen).map(|_| Mitigation::ALL.map(Act::Answer));
    let lanes = live(screen).map_or(&[][..], |view| view.lanes.as_slice());
    let requests = lanes.iter().filter_map(|lane| request(screen, lane));
    let mut acts = answers.into_iter().flatten();
    let mut more = requests.take(1).map(Act::Request).chain(offered(screen));
    let names = |act: &Act| {
        keys(*act).is_some_and(|(digit, letter, sign)| {
            let plain = character.eq_ignore_ascii_case(&letter)
                || (screen.bay.is_none() && character == digit);
            sign == Some(character) || (!only_signs && plain)
        })
    };
    acts.find(names).or_else(|| more.find(names))
}

/// The screen after something was chosen.
fn done(screen: Screen, act: Act) -> Screen {
    match act {
        Act::Answer(choice) => Screen {
            said: answer(&screen, choice).map(Input::Case),
            ..screen
        },
        Act::Request(insertion) => {
            let Some(sequence) = screen.sequence else {
                return screen;
            };
            Screen {
                said: Some(Input::Request {
                    insertion,
                    sequence,
                }),
                requested: Some(Requested {
                    insertion,
                    age: Duration::ZERO,
                }),
                ..screen
            }
        }
        Act::Exit => {
            let is_exit = live(&screen).is_some_and(|view| view.gate.is_exit);
            Screen {
                said: Some(Input::Exit(!is_exit)),
                ..screen
            }
        }
        Act::Staff => Screen {
            pad: Some(Pad::new(Wants::Number)),
            ..screen
        },
        Act::SignOut => Screen {
            said: Some(Input::SignOut),
            ..screen
        },
        Act::Press(key) => pressed(screen, key),
    }
}

fn answer(screen: &Screen, choice: Mitigation) -> Option<Choice> {
    let (_, asking) = ask::asked(screen)?;
    Some(Choice {
        insertion: asking.insertion,
        sequence: screen.sequence?,
        choice,
    })
}

/// The screen after a key of its pad.
fn pressed(screen: Screen, key: Key) -> Screen {
    let locked = live(&screen).is_none_or(|view| view.gate.locked_seconds != 0);
    let types = matches!(key, Key::Character(_) | Key::Enter);
    let Some(pad) = screen.pad else {
        return screen;
    };
    if locked && types {
        return Screen {
            pad: Some(pad),
            ..screen
        };
    }
    let (pad, said) = match pad.pressed(key) {
        Pressed::Open(pad) => (Some(pad), None),
        Pressed::Closed => (None, None),
        Pressed::Said(input) => (None, Some(input)),
    };
    // In the bay the pad that opens by itself can be put aside, so that digits insert again.
    let aside = pad.is_none() && said.is_none();
    let bay = screen.bay.map(|bay| bay.with_pad_aside(aside));
    settled(Screen {
        pad,
        said,
        bay,
        ..screen
    })
}

/// Whether a code is waited for, so that the pad is there without being asked for.
fn waits(view: &View) -> bool {
    let is_waiting = |lane: &Lane| lane.stage == Stage::AwaitingVisit;
    let at_idle = view.lanes.is_empty() && view.gate.asks_visit && view.gate.visitor.is_none();
    at_idle || view.lanes.iter().any(is_waiting)
}

/// The screen with a pad where one must be, and without where none may be.
pub(crate) fn settled(screen: Screen) -> Screen {
    let Some(view) = live(&screen) else {
        return Screen {
            pad: None,
            requested: None,
            ..screen
        };
    };
    let waits = waits(view);
    let (is_idle, gate) = (view.lanes.is_empty(), &view.gate);
    let code = waits || (is_idle && gate.asks_visit);
    let staff = is_idle && gate.takes_staff && gate.staff.is_none();
    let may_stay = |pad: &Pad| match pad.wants {
        Wants::Code => code,
        Wants::Number | Wants::Pin { .. } => staff,
    };
    let is_aside = screen.bay.as_ref().is_some_and(|bay| bay.pad_is_aside());
    let opens = (waits && !is_aside).then(|| Pad::new(Wants::Code));
    let pad = screen.pad.filter(may_stay).or(opens);
    Screen { pad, ..screen }
}

/// The screen after some time.
pub(crate) fn aged(screen: Screen, passed: Duration) -> Screen {
    settled(Screen {
        pad: screen.pad.and_then(|pad| pad.aged(passed)),
        requested: screen.requested.and_then(|sent| sent.aged(passed)),
        ..screen
    })
}

#[cfg(test)]
mod tests;
