//! Insert, identify, the pure step, and the hand-over to the scanner and the ledger.
//!
//! In the order a medium meets it: [`usb`], or for trials [`bay`], notices it, [`identify`]
//! holds what it claims to be, [`step`] decides what happens next and does nothing,
//! [`daemon`] does it: it starts a [`scanner`], hears it through [`reception`], has the
//! [`recorder`] write down the answer, and sends a view to the screen. A scan by hand uses the
//! same parts in a straight line.

pub mod bay;

pub mod usb;

mod errand;

pub mod identify;

pub mod step;

pub mod daemon;

mod port;

mod case;

pub mod clock;

pub mod attempts;

mod view;

pub mod run;

pub mod paths;

pub mod site;

pub mod person;

pub mod pin;

pub mod rules;

pub mod selftest;

mod launch;

pub mod scanner;

pub mod clamd;

pub mod reception;

pub mod recorder;

pub use paths::Paths;
