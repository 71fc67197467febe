//! What the screen knows, and how news changes it. Pure: no clock, no I/O.

use std::time::Duration;

use wire::Verdict;
use wire::view::{Gate, Input, LANES_MAX, Lane, SILENCE_SECONDS_MAX, Stage, View};

use crate::act::{self, Key, Requested};
use crate::ask;
use crate::bay::{Bay, Note, Wish};
use crate::eta::Eta;
use crate::pad::{Pad, Wants};

/// Everything that is drawn. A verdict is in it only inside a [`Stage`] that carries the
/// entry which recorded it, and only for as long as the daemon keeps saying so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// What is known of the daemon.
    pub link: Link,
    /// The estimate of each lane's remaining time, in the order of the lanes.
    pub etas: Vec<Eta>,
    /// How long ago the last view came.
    pub silent: Duration,
    /// The sequence number of the last view on this connection.
    pub sequence: Option<u64>,
    /// Rises with every tick: what moves on the screen moves by it.
    pub beat: u8,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The keys of the virtual bay; `None` on a real kiosk, which no key can leave.
    pub bay: Option<Bay>,
    /// The number pad, while one is open.
    pub pad: Option<Pad>,
    /// The request that was sent and is not recorded yet.
    pub requested: Option<Requested>,
    /// What a key or a tap chose and was not sent yet.
    pub said: Option<Input>,
}

/// What is known of the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Nothing has come yet, and it is too early to worry.
    Connecting,
    /// The daemon says this, and said so less than [`SILENCE_SECONDS_MAX`] ago.
    Live(Box<View>),
    /// What was known is no longer, and is forgotten.
    Lost(Lost),
}

/// Why nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Connected, and no view for [`SILENCE_SECONDS_MAX`].
    Silent,
    /// The connection ended or cannot be made.
    Disconnected,
    /// What came is no view, or one that contradicts itself.
    Garbled,
}

/// Something that may change the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A connection was made: the next view may be of a new daemon.
    Connected,
    /// A view was received.
    View(Box<View>),
    /// A packet was received that is no view.
    Garbled,
    /// The connection ended, or could not be made.
    Disconnected,
    /// So much time has passed since the last tick.
    Tick(Duration),
    /// A key was pressed.
    Key(Key),
    /// The cell in this column and row was tapped.
    Tap(u16, u16),
    /// What the bay did about a [`Wish`].
    Bay(Note),
    /// The terminal has so many columns and rows.
    Resized(u16, u16),
}

impl Screen {
    /// Before anything is known. `bay` says whether the keys of the virtual bay work.
    #[must_use]
    pub fn new(size: (u16, u16), bay: bool) -> Self {
        Self {
            link: Link::Connecting,
            etas: Vec::new(),
            silent: Duration::ZERO,
            sequence: None,
            beat: 0,
            size,
            bay: bay.then(Bay::default),
            pad: None,
            requested: None,
            said: None,
        }
    }
}

/// The screen after the news.
#[must_use]
pub fn update(screen: Screen, news: News) -> Screen {
    match news {
        News::Connected => connected(screen),
        News::View(view) => viewed(screen, view),
        News::Garbled => lost(screen, Lost::Garbled),
        News::Disconnected => lost(screen, Lost::Disconnected),
        News::Tick(passed) => ticked(screen, passed),
        News::Key(key) => act::keyed(screen, key),
        News::Tap(column, row) => act::tapped(screen, column, row),
        News::Bay(note) => Screen {
            bay: screen.bay.map(|bay| bay.noted(note)),
            ..screen
        },
        News::Resized(columns, rows) => Screen {
            size: (columns, rows),
            ..screen
        },
    }
}

/// A new connection starts its own count, so that a restarted daemon is heard; what an old
/// one said is not carried over.
fn connected(screen: Screen) -> Screen {
    let link = match screen.link {
        Link::Live(_) => Link::Lost(Lost::Disconnected),
        known @ (Link::Connecting | Link::Lost(_)) => known,
    };
    act::settled(Screen {
        link,
        sequence: None,
        ..screen
    })
}

fn viewed(screen: Screen, view: Box<View>) -> Screen {
    // A view that is not newer is an echo. It does not count as a sign of life either.
    if screen.sequence.is_some_and(|last| view.sequence <= last) {
        return screen;
    }
    let sequence = Some(view.sequence);
    if !is_sound(&view) {
        return Screen {
            sequence,
            ..lost(screen, Lost::Garbled)
        };
    }
    let (before, gate) = match &screen.link {
        Link::Live(before) => (before.lanes.as_slice(), Some(&before.gate)),
        Link::Connecting | Link::Lost(_) => (&[][..], None),
    };
    let etas = estimates(before, &screen.etas, &view.lanes);
    // What one visitor typed is nothing to go on with for the next.
    let goes_on = gate.map(visitor) == Some(visitor(&view.gate));
    let stays = |pad: &Pad| goes_on || pad.wants != Wants::Code;
    let pad = screen.pad.filter(stays);
    // A medium that has just come is what the pad is for.
    let comes = before.is_empty() && !view.lanes.is_empty();
    let bay = screen.bay.map(|bay| {
        let aside = bay.pad_is_aside() && !comes;
        if aside {
            bay
        } else {
            bay.with_pad_aside(false)
        }
    });
    act::settled(Screen {
        link: Link::Live(view),
        etas,
        sequence,
        silent: Duration::ZERO,
        pad,
        bay,
        ..screen
    })
}

fn visitor(gate: &Gate) -> Option<(&str, &str)> {
    let visitor = gate.visitor.as_ref()?;
    Some((&visitor.person, &visitor.company))
}

/// Whether a view can be believed: no more lanes than there are ports, and no PASS that says
/// why it is none, or is of no registered medium, or has no entry.
fn is_sound(view: &View) -> bool {
    let asked = |lane: &Lane| {
        (lane.asking.is_none() || ask::may_ask(&lane.stage))
            && (lane.request.is_none() || act::may_request(&lane.stage))
    };
    let sound = |lane: &Lane| match &lane.stage {
        Stage::AwaitingVisit | Stage::Checking | Stage::Scanning { .. } | Stage::Recording => true,
        Stage::Judged(shown) | Stage::Removed(shown) => match shown.verdict {
            Verdict::Pass => {
                shown.reasons.is_empty() && shown.medium.is_some() && 1 <= shown.entry.number
            }
            Verdict::Stop | Verdict::Incomplete => 1 <= shown.entry.number,
        },
    };
    view.lanes.len() <= LANES_MAX && view.lanes.iter().all(|lane| sound(lane) && asked(lane))
}

fn estimates(before: &[Lane], etas: &[Eta], lanes: &[Lane]) -> Vec<Eta> {
    lanes
        .iter()
        .enumerate()
        .map(|(index, lane)| match &lane.stage {
            Stage::Scanning {
                progress,
                elapsed_seconds,
            } => {
                // The same lane, if its label is the same; else the estimate starts anew.
                let same = before.get(index).is_some_and(|old| old.label == lane.label);
                let eta = etas
                    .get(index)
                    .filter(|_| same)
                    .cloned()
                    .unwrap_or_default();
                eta.after(progress, *elapsed_seconds)
            }
            Stage::AwaitingVisit
            | Stage::Checking
            | Stage::Recording
            | Stage::Judged(_)
            | Stage::Removed(_) => Eta::default(),
        })
        .collect()
}

fn ticked(screen: Screen, passed: Duration) -> Screen {
    let silent = screen.silent.saturating_add(passed);
    let bay = screen.bay.map(|bay| bay.aged(passed));
    let screen = Screen {
        silent,
        bay,
        beat: screen.beat.wrapping_add(1),
        ..screen
    };
    let screen = act::aged(screen, passed);
    let quiet = silent < Duration::from_secs(SILENCE_SECONDS_MAX);
    match (&screen.link, quiet) {
        (Link::Connecting | Link::Live(_), false) => lost(screen, Lost::Silent),
        (Link::Connecting | Link::Live(_), true) | (Link::Lost(_), _) => screen,
    }
}

/// Forgets what was shown. Before the first view a failed attempt to connect is no news:
/// the daemon may still be starting.
fn lost(screen: Screen, why: Lost) -> Screen {
    let link = match (screen.link, why) {
        (Link::Connecting, Lost::Disconnected) => Link::Connecting,
        (Link::Connecting | Link::Live(_) | Link::Lost(_), _) => Link::Lost(why),
    };
    act::settled(Screen {
        link,
        etas: Vec::new(),
        said: None,
        ..screen
    })
}

impl Screen {
    /// Takes what a key asked for, so that it is done once.
    #[must_use]
    pub fn take_wish(mut self) -> (Self, Option<Wish>) {
        let wish = self.bay.as_mut().and_then(|bay| bay.wish.take());
        (self, wish)
    }

    /// Takes what a key or a tap chose, so that it is sent once.
    #[must_use]
    pub fn take_said(mut self) -> (Self, Option<Input>) {
        let said = self.said.take();
        (self, said)
    }
}

#[cfg(test)]
mod tests;
