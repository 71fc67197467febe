//! Colours, in one place and always exact: a terminal's named colours are whatever its
//! settings make of them.
//!
//! Blue with white and vermilion with black stay apart for every kind of colour vision
//! (measured colour difference at least 93; green and red fall to 8), and both can be read:
//! contrast 7.1 and 5.4 to 1.

use ratatui::style::{Color, Modifier, Style};
use wire::Verdict;

const BLACK: Color = Color::Rgb(0, 0, 0);
const WHITE: Color = Color::Rgb(255, 255, 255);

/// The ground of every screen that shows no verdict.
pub(crate) const GROUND: Style = Style::new().fg(WHITE).bg(Color::Rgb(14, 18, 26));

/// The top and bottom rows.
pub(crate) const EDGE: Style = Style::new()
    .fg(Color::Rgb(225, 229, 235))
    .bg(Color::Rgb(40, 46, 58));

/// Something staff should look at.
pub(crate) const AMBER: Style = Style::new()
    .fg(BLACK)
    .bg(Color::Rgb(255, 191, 0))
    .add_modifier(Modifier::BOLD);

/// Something that staff must mend before anything passes: white on a red that is no verdict's,
/// contrast 7.4 to 1. Its words say so too.
pub(crate) const RED: Style = Style::new()
    .fg(WHITE)
    .bg(Color::Rgb(170, 16, 40))
    .add_modifier(Modifier::BOLD);

/// Frames and what is of second importance.
pub(crate) const QUIET: Style = Style::new().fg(Color::Rgb(160, 170, 186));

/// What is of first importance on a screen without a verdict.
pub(crate) const STRONG: Style = Style::new().fg(WHITE).add_modifier(Modifier::BOLD);

/// The blue port, and the part of a bar that is done.
pub(crate) const BLUE: Style = Style::new().fg(Color::Rgb(64, 156, 255));

/// What asks for attention on a screen without a verdict.
pub(crate) const WARM: Style = Style::new()
    .fg(Color::Rgb(255, 191, 0))
    .add_modifier(Modifier::BOLD);

/// What can be tapped: like a key of a keypad, and like nothing else on the screen.
pub(crate) const BUTTON: Style = Style::new()
    .fg(BLACK)
    .bg(Color::Rgb(214, 220, 230))
    .add_modifier(Modifier::BOLD);

/// The key that ends what is typed.
pub(crate) const CONFIRM: Style = Style::new()
    .fg(BLACK)
    .bg(Color::Rgb(120, 190, 255))
    .add_modifier(Modifier::BOLD);

/// The field of a verdict.
pub(crate) fn verdict(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Pass => Style::new().fg(WHITE).bg(Color::Rgb(0, 90, 156)),
        Verdict::Stop => Style::new().fg(BLACK).bg(Color::Rgb(213, 94, 0)),
        Verdict::Incomplete => Style::new().fg(BLACK).bg(Color::Rgb(255, 214, 0)),
    }
}
