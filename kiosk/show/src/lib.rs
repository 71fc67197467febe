//! The screen: state, update, one view file a screen, words in ja and en.
//!
//! kioskd sends a whole [`wire::view::View`] at every change; [`state::update`] folds it into
//! a [`Screen`], and [`view()`] draws that. Both are pure. [`run`] is the edge: terminal,
//! socket and clock. Nothing is kept here that the daemon does not keep saying, so that the
//! screen can be killed and started again in the middle of a scan, and an old answer never
//! outlives the daemon that gave it.

pub mod state;

pub mod eta;

pub mod view;

pub mod words;

pub mod text;

pub mod number;

pub mod art;

mod theme;

pub mod bay;

pub mod act;

pub mod pad;

mod ask;

pub mod options;

pub mod run;

mod error;

#[cfg(test)]
mod fixtures;

pub use self::words::Words;
pub use act::Key;
pub use error::ShowError;
pub use run::main;
pub use state::{Link, Lost, News, Screen, update};
pub use view::view;
