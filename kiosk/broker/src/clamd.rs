//! clamd as a second engine: asked about contents, never told where they are.
//!
//! It runs beside the kiosk with an account of its own. What it is asked goes to its socket with
//! a descriptor that only reads; what it answers is one line that is believed when it accuses
//! and nothing else: an error, silence, or an answer that is not understood leaves the content
//! unexamined. By its defaults clamd calls what passes its limits OK, so it is used only while
//! its configuration and two contents of our own say that it does not.

mod check;
mod conf;
mod consultant;
mod reply;
mod talk;
mod version;

use decide::RulesState;
use wire::ledger::Engine;

pub use check::{CHECK_WAIT_MAX, ClamdError, check};
pub(crate) use consultant::{Consultant, Papers};

/// What clamd was to one scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Second {
    /// Which clamd; `None` when it is out of use.
    pub engine: Option<Engine>,
    /// Whether it can be relied on.
    pub state: RulesState,
    /// For staff: why it is out of use.
    pub fault: Option<String>,
}

impl Second {
    /// What came of a check under this policy.
    #[must_use]
    pub fn of(policy: &decide::policy::Clamd, checked: Result<&Engine, &ClamdError>) -> Self {
        match checked {
            Ok(engine) => Self {
                engine: Some(engine.clone()),
                state: policy.state(engine),
                fault: None,
            },
            Err(error) => Self::out_of_use(&wire::explained(error)),
        }
    }

    /// It was not asked, or cannot be relied on.
    #[must_use]
    pub fn out_of_use(why: &str) -> Self {
        Self {
            engine: None,
            state: RulesState::SelfTestFailed,
            fault: Some(format!("clamd is out of use: {why}")),
        }
    }
}
