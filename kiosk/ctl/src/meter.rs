//! Progress on stderr, for a person who waits.

use std::io::{IsTerminal, Write as _};
use std::time::{Duration, Instant};

use wire::scan::Progress;

/// How often the meter is drawn.
const METER_EVERY: Duration = Duration::from_millis(200);

/// Progress on stderr, when that is a terminal.
pub(crate) struct Meter {
    shown: bool,
    terminal: bool,
    last: Option<Instant>,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            shown: false,
            terminal: std::io::stderr().is_terminal(),
            last: None,
        }
    }

    pub(crate) fn show(&mut self, progress: &Progress) {
        let soon = self.last.is_some_and(|last| last.elapsed() < METER_EVERY);
        if !self.terminal || soon {
            return;
        }
        self.last = Some(Instant::now());
        self.shown = true;
        let of = if progress.walked { "" } else { "+" };
        let megabytes = |bytes: u64| bytes.checked_div(1_000_000).unwrap_or(0);
        let _ = write!(
            std::io::stderr().lock(),
            "\r\x1b[K{} / {}{of} files  {} / {}{of} MB",
            progress.files_done,
            progress.files_found,
            megabytes(progress.bytes_done),
            megabytes(progress.bytes_found),
        );
    }

    pub(crate) fn clear(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
        }
    }
}
