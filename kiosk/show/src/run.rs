//! The edge: terminal, socket and clock around the pure [`update`] and [`crate::view()`].

use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind,
};
use jail::channel::Channel;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use ratatui::DefaultTerminal;
use wire::view::View;

use crate::act::Key;
use crate::bay::Wish;
use crate::options::{self, Options};
use crate::state::{News, Screen, update};
use crate::{ShowError, Words};

/// Between two ticks: what turns on the screen moves four times a second, so that a frozen
/// screen is seen to be frozen.
const TICK: Duration = Duration::from_millis(250);

/// Shortest time between two drawings: nobody reads faster.
const DRAW_PAUSE: Duration = Duration::from_millis(100);

/// Between two attempts to reach the daemon.
const CONNECT_PAUSE: Duration = Duration::from_millis(500);

/// Most packets and most keys taken in before the clock is looked at again.
const TAKEN_MAX: usize = 256;

/// The program kiosk-show: runs until told to leave. Status 0 when it was told, 2 when it
/// cannot run.
#[must_use]
pub fn main() -> ExitCode {
    let root = std::env::var_os("MEDIA_KIOSK_ROOT");
    match options::read(std::env::args_os().skip(1), root).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kiosk-show: {}", wire::explained(&error));
            ExitCode::from(2)
        }
    }
}

/// Shows what the daemon says until a signal, or a key of the virtual bay, ends it.
///
/// # Errors
/// [`ShowError`] when there is no terminal, or it is gone.
pub fn run(options: &Options) -> Result<(), ShowError> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(ShowError::NoTerminal);
    }
    let signals = signals().map_err(ShowError::Wait)?;
    let terminal = Restored(ratatui::try_init().map_err(ShowError::Terminal)?);
    hear_taps(true).map_err(ShowError::Terminal)?;
    let size = crossterm::terminal::size().map_err(ShowError::Terminal)?;
    let now = Instant::now();
    let mut edge = Edge {
        options,
        terminal,
        signals,
        words: Words::new(),
        screen: Screen::new(size, options.bay.is_some()),
        channel: None,
        tried: None,
        ticked: now,
        drawn: None,
    };
    while edge.turn()? == Next::Stay {}
    Ok(())
}

/// The signals that end the program come as something to read, so that the terminal is put
/// back before it goes.
fn signals() -> nix::Result<SignalFd> {
    let mut set = SigSet::empty();
    set.add(Signal::SIGTERM);
    set.add(Signal::SIGINT);
    set.add(Signal::SIGHUP);
    set.thread_block()?;
    SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
}

/// A terminal that is put back when it is dropped; a panic puts it back by the library's hook.
struct Restored(DefaultTerminal);

impl Drop for Restored {
    fn drop(&mut self) {
        // There is nowhere left to say that it failed.
        let _ = hear_taps(false);
        let _ = ratatui::try_restore();
    }
}

/// Asks the terminal to tell of clicks, by cell, and of nothing else that a mouse does.
fn hear_taps(on: bool) -> io::Result<()> {
    let mut terminal = io::stdout();
    let order: &[u8] = if on {
        b"\x1b[?1000h\x1b[?1006h"
    } else {
        b"\x1b[?1006l\x1b[?1000l"
    };
    terminal.write_all(order)?;
    terminal.flush()
}

/// What an event of the terminal means; `None` when it means nothing.
fn heard(event: &Event) -> Option<News> {
    match event {
        Event::Resize(columns, rows) => Some(News::Resized(*columns, *rows)),
        Event::Key(key) if key.kind == KeyEventKind::Press => pressed(key).map(News::Key),
        // A tap on the panel is a click to foot.
        Event::Mouse(mouse) if mouse.kind == MouseEventKind::Down(MouseButton::Left) => {
            Some(News::Tap(mouse.column, mouse.row))
        }
        Event::Key(_)
        | Event::Mouse(_)
        | Event::FocusGained
        | Event::FocusLost
        | Event::Paste(_) => None,
    }
}

/// What a key types or does. One that is held with Control or Alt is a command to some program,
/// and not to this one.
fn pressed(key: &KeyEvent) -> Option<Key> {
    let held = KeyModifiers::CONTROL.union(KeyModifiers::ALT);
    if key.modifiers.intersects(held) {
        None
    } else if key.code == KeyCode::Enter {
        Some(Key::Enter)
    } else if matches!(key.code, KeyCode::Backspace | KeyCode::Delete) {
        Some(Key::Erase)
    } else if key.code == KeyCode::Esc {
        Some(Key::Escape)
    } else {
        key.code.as_char().map(Key::Character)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Stay,
    Leave,
}

struct Edge<'a> {
    options: &'a Options,
    terminal: Restored,
    signals: SignalFd,
    words: Words,
    screen: Screen,
    channel: Option<Channel>,
    /// When the daemon was last tried.
    tried: Option<Instant>,
    /// When the last tick was.
    ticked: Instant,
    /// What was last drawn, and when.
    drawn: Option<(Screen, Instant)>,
}

/// What there is to read.
struct Ready {
    signal: bool,
    packets: bool,
}

impl Edge<'_> {
    /// Draws, waits for something to happen, and takes it in. The old screen is replaced
    /// before anything that may take time.
    fn turn(&mut self) -> Result<Next, ShowError> {
        self.draw_when_due()?;
        self.connect_when_due();
        let ready = self.wait()?;
        if ready.signal {
            return Ok(Next::Leave);
        }
        // The tick comes before what was waiting meanwhile, so that a screen which was itself
        // held up hears the news before it complains of silence.
        let passed = self.ticked.elapsed();
        if TICK <= passed {
            self.ticked = Instant::now();
            self.news(News::Tick(passed));
        }
        if ready.packets {
            self.take_packets();
        }
        self.take_keys()
    }

    fn news(&mut self, news: News) {
        self.screen = update(self.screen.clone(), news);
    }

    fn draw_when_due(&mut self) -> Result<(), ShowError> {
        let due = match &self.drawn {
            None => true,
            Some((screen, when)) => *screen != self.screen && DRAW_PAUSE <= when.elapsed(),
        };
        if !due {
            return Ok(());
        }
        let (screen, words) = (&self.screen, &self.words);
        let draw = |frame: &mut ratatui::Frame<'_>| crate::view(screen, words, frame);
        self.terminal.0.draw(draw).map_err(ShowError::Terminal)?;
        self.drawn = Some((self.screen.clone(), Instant::now()));
        Ok(())
    }

    fn connect_when_due(&mut self) {
        let due = self
            .tried
            .is_none_or(|tried| CONNECT_PAUSE <= tried.elapsed());
        if self.channel.is_some() || !due {
            return;
        }
        self.tried = Some(Instant::now());
        match Channel::connect(&self.options.socket) {
            Ok(channel) => {
                self.channel = Some(channel);
                self.news(News::Connected);
            }
            // Why does not matter to anybody in front of the screen; it is tried again.
            Err(_) => self.news(News::Disconnected),
        }
    }

    /// Waits until there is something to read, or a tick or a drawing is due.
    fn wait(&self) -> Result<Ready, ShowError> {
        let mut pause = TICK.saturating_sub(self.ticked.elapsed());
        if let Some((screen, when)) = &self.drawn
            && *screen != self.screen
        {
            pause = pause.min(DRAW_PAUSE.saturating_sub(when.elapsed()));
        }
        // Rounded up: a wait of no milliseconds would spin.
        let pause = pause.saturating_add(Duration::from_millis(1));
        let timeout = PollTimeout::try_from(pause).unwrap_or(PollTimeout::ZERO);
        let stdin = io::stdin();
        let mut fds = vec![
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(stdin.as_fd(), PollFlags::POLLIN),
        ];
        fds.extend(
            self.channel
                .iter()
                .map(|one| PollFd::new(one.as_fd(), PollFlags::POLLIN)),
        );
        match poll(&mut fds, timeout) {
            // Interrupted by the signal of a resized terminal, which the library hears.
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(ShowError::Wait(error)),
        }
        let seen = |index: usize, flags: PollFlags| {
            fds.get(index)
                .and_then(PollFd::revents)
                .is_some_and(|seen| seen.intersects(flags))
        };
        if seen(
            1,
            PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL,
        ) {
            return Err(ShowError::Terminal(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(Ready {
            signal: seen(0, PollFlags::POLLIN),
            packets: seen(2, PollFlags::all()),
        })
    }

    /// Takes in everything the daemon has sent.
    fn take_packets(&mut self) {
        for _ in 0..TAKEN_MAX {
            let Some(channel) = &self.channel else { return };
            let news = match channel.receive() {
                Ok(Some(packet)) => match wire::frame::decode::<View>(&packet.bytes) {
                    Ok(view) => News::View(Box::new(view)),
                    Err(_) => News::Garbled,
                },
                Ok(None) => News::Disconnected,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => News::Disconnected,
            };
            if news == News::Disconnected {
                self.channel = None;
            }
            self.news(news);
            if !self.more_packets() {
                return;
            }
        }
    }

    /// Whether another packet can be received without waiting.
    fn more_packets(&self) -> bool {
        self.channel.as_ref().is_some_and(|channel| {
            let mut fds = [PollFd::new(channel.as_fd(), PollFlags::POLLIN)];
            matches!(poll(&mut fds, PollTimeout::ZERO), Ok(1..))
        })
    }

    /// Takes in keys and the terminal's size, and does what the bay's keys ask for. It looks
    /// at every turn: a resize wakes the wait without making standard input readable.
    fn take_keys(&mut self) -> Result<Next, ShowError> {
        for _ in 0..TAKEN_MAX {
            if !crossterm::event::poll(Duration::ZERO).map_err(ShowError::Terminal)? {
                break;
            }
            let event = crossterm::event::read().map_err(ShowError::Terminal)?;
            let Some(news) = heard(&event) else { continue };
            self.news(news);
            self.send();
            if self.fulfil() == Next::Leave {
                return Ok(Next::Leave);
            }
        }
        Ok(Next::Stay)
    }

    /// Sends what a key or a tap chose. What does not arrive is asked again: the question
    /// stays, and a code is typed anew.
    fn send(&mut self) {
        let (screen, said) = self.screen.clone().take_said();
        self.screen = screen;
        if let (Some(said), Some(channel)) = (said, &self.channel)
            && let Ok(packet) = wire::frame::encode(&said)
        {
            let _ = channel.send(&packet, &[]);
        }
    }

    fn fulfil(&mut self) -> Next {
        let (screen, wish) = self.screen.clone().take_wish();
        self.screen = screen;
        match (wish, &self.options.bay) {
            (Some(Wish::Quit), Some(_)) => Next::Leave,
            (Some(wish), Some(folders)) => {
                if let Some(note) = folders.fulfil(wish) {
                    self.news(News::Bay(note));
                }
                Next::Stay
            }
            (None, _) | (Some(_), None) => Next::Stay,
        }
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::MouseEvent;

    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> Option<News> {
        heard(&Event::Key(KeyEvent::new(code, modifiers)))
    }

    fn mouse(kind: MouseEventKind) -> Option<News> {
        let modifiers = KeyModifiers::NONE;
        heard(&Event::Mouse(MouseEvent {
            kind,
            column: 59,
            row: 21,
            modifiers,
        }))
    }

    #[test]
    fn keys_and_the_left_button_going_down_are_heard_and_nothing_else() {
        let none = KeyModifiers::NONE;
        let some = |key| Some(News::Key(key));
        assert_eq!(key(KeyCode::Char('7'), none), some(Key::Character('7')));
        let upper = key(KeyCode::Char('A'), KeyModifiers::SHIFT);
        assert_eq!(upper, some(Key::Character('A')));
        assert_eq!(key(KeyCode::Enter, none), some(Key::Enter));
        assert_eq!(key(KeyCode::Backspace, none), some(Key::Erase));
        assert_eq!(key(KeyCode::Delete, none), some(Key::Erase));
        assert_eq!(key(KeyCode::Esc, none), some(Key::Escape));
        for other in [KeyCode::F(1), KeyCode::Tab, KeyCode::Left] {
            assert_eq!(key(other, none), None);
        }
        for held in [KeyModifiers::CONTROL, KeyModifiers::ALT] {
            assert_eq!(key(KeyCode::Char('c'), held), None);
        }
        let left = MouseButton::Left;
        assert_eq!(mouse(MouseEventKind::Down(left)), Some(News::Tap(59, 21)));
        for other in [
            MouseEventKind::Up(left),
            MouseEventKind::Drag(left),
            MouseEventKind::Down(MouseButton::Right),
            MouseEventKind::Moved,
            MouseEventKind::ScrollDown,
        ] {
            assert_eq!(mouse(other), None);
        }
        let paste = Event::Paste("123456".to_owned());
        assert_eq!(heard(&paste), None);
    }
}
