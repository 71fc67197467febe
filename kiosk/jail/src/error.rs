use std::io;

/// Which step of the jail failed. All of them are fatal: a scanner that is not jailed must not
/// see a medium.
#[derive(Debug, thiserror::Error)]
pub enum JailError {
    /// The kernel refused one step.
    #[error("cannot {step}; {advice}")]
    Step {
        /// What was tried, after "cannot".
        step: &'static str,
        /// What to look at.
        advice: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// Whatever runs beside the jail's making could keep what the jail gives up.
    #[error("{0} threads run where there must be one; close the jail first thing in main")]
    Threads(usize),
    /// The process that started this one died while the jail was being made.
    #[error("the process that started this one is gone")]
    StarterGone,
    /// The scanner's account in `/etc/passwd` cannot be used.
    #[error(
        "the account {0} in /etc/passwd has no unprivileged user and group; remove it or run systemd-sysusers"
    )]
    Account(&'static str),
    /// A capability was still there after all had been dropped.
    #[error("a capability is left after dropping all of them")]
    CapabilityLeft,
    /// Landlock refused.
    #[error(
        "cannot forbid every path; Linux 5.13 or later with landlock in its lsm= list is needed"
    )]
    Landlock(#[source] landlock::RulesetError),
    /// Landlock answered, and does not enforce.
    #[error(
        "paths are not forbidden; Linux 5.13 or later with landlock in its lsm= list is needed"
    )]
    NotEnforced,
    /// The system call filter cannot be built or installed.
    #[error(
        "cannot filter system calls; a kernel with CONFIG_SECCOMP_FILTER on x86-64 or aarch64 is needed"
    )]
    Filter(#[source] seccompiler::Error),
    /// A descriptor that should be kept is not open.
    #[error("descriptor {0} is not open")]
    NotOpen(i32),
    /// The medium could be changed through the descriptor that was handed in.
    #[error("descriptor {0} of the medium is open for writing")]
    Writable(i32),
}

/// Names the step that a kernel call belongs to.
pub(crate) trait Tried<T> {
    /// `step` follows "cannot"; `advice` says what to look at.
    fn tried(self, step: &'static str, advice: &'static str) -> Result<T, JailError>;
}

impl<T, E: Into<io::Error>> Tried<T> for Result<T, E> {
    fn tried(self, step: &'static str, advice: &'static str) -> Result<T, JailError> {
        self.map_err(|source| JailError::Step {
            step,
            advice,
            source: source.into(),
        })
    }
}
