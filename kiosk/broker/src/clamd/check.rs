//! Whether clamd is there, set as it must be, and seen to work.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use decide::policy::Clamd;
use jiff::Timestamp;
use wire::Tier;
use wire::ledger::Engine;

use super::conf::{self, CONF_BYTES_MAX, ConfError};
use super::reply::{self, LIMITS};
use super::talk::{self, Listener, TalkError};
use super::version;

/// Longest check, in seconds: clamd answers all of it at once, unless every thread of it is busy.
pub const CHECK_WAIT_MAX: Duration = Duration::from_secs(20);

/// Size of a content that clamd takes under no configuration, in bytes: nothing but a hole.
const TOO_LARGE_BYTES: u64 = 1 << 31;

/// The test file of the antivirus industry, in two parts, so that no product takes this program
/// for it.
const CANARY: [&[u8]; 2] = [
    b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$",
    b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
];

/// Why clamd is out of use.
#[derive(Debug, thiserror::Error)]
pub enum ClamdError {
    /// Its configuration cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Its configuration hides something.
    #[error("{path}: {source}")]
    Conf {
        /// Which.
        path: String,
        /// What.
        source: ConfError,
    },
    /// Its configuration is another daemon's.
    #[error("{conf} names the socket {named}, and the policy names {socket}: name the same")]
    Other {
        /// The configuration.
        conf: String,
        /// The socket in it.
        named: String,
        /// The socket in the policy.
        socket: String,
    },
    /// It does not answer.
    #[error("asked for {command} at {socket}")]
    Talk {
        /// What was asked.
        command: &'static str,
        /// Where.
        socket: String,
        /// Why there is no answer.
        #[source]
        source: TalkError,
    },
    /// It answered what clamd does not.
    #[error("{socket} answered {answer:?} to {command}, as no clamd does")]
    NotClamd {
        /// What was asked.
        command: &'static str,
        /// Where.
        socket: String,
        /// What came.
        answer: String,
    },
    /// A content past its limits was not named.
    #[error(
        "clamd answered {0:?} about a content past its limits: write \"AlertExceedsMax yes\" and start clamd anew"
    )]
    Limit(String),
    /// The canary was not found.
    #[error("clamd answered {0:?} about the EICAR test file: does it have a database?")]
    Canary(String),
    /// There is no memory for a content to try it with.
    #[error("cannot make a content to try clamd with")]
    Memory(#[source] std::io::Error),
}

/// Reads clamd's configuration and tries clamd out.
///
/// # Errors
/// [`ClamdError`]: it must not be used.
pub fn check(policy: &Clamd) -> Result<Engine, ClamdError> {
    with_listener(policy).map(|(engine, _)| engine)
}

/// The same, with who listens at the socket.
pub(super) fn with_listener(policy: &Clamd) -> Result<(Engine, Listener), ClamdError> {
    configuration(policy)?;
    let late = Instant::now()
        .checked_add(CHECK_WAIT_MAX)
        .unwrap_or_else(Instant::now);
    let ask = |command, content: Option<&OwnedFd>| {
        let content = content.map(AsFd::as_fd);
        talk::ask(Path::new(&policy.socket), command, content, late).map_err(|source| {
            ClamdError::Talk {
                command,
                socket: policy.socket.clone(),
                source,
            }
        })
    };
    let not_clamd = |command, answer| ClamdError::NotClamd {
        command,
        socket: policy.socket.clone(),
        answer,
    };
    let (pong, listener) = ask("PING", None)?;
    if pong != "PONG" {
        return Err(not_clamd("PING", pong));
    }
    let (said, _) = ask("VERSION", None)?;
    let engine = version::read(&said, Timestamp::now()).ok_or(not_clamd("VERSION", said))?;
    let hole = too_large().map_err(ClamdError::Memory)?;
    let (answer, _) = ask("FILDES", Some(&hole))?;
    if !answer.contains(LIMITS) || !answer.ends_with(" FOUND") {
        return Err(ClamdError::Limit(answer));
    }
    let canary = jail::memory::sealed("canary", &CANARY.concat()).map_err(ClamdError::Memory)?;
    let (answer, _) = ask("FILDES", Some(&canary))?;
    let said = reply::read(&answer, Tier::Block);
    let blocks = |finding: &wire::Finding| finding.tier == Tier::Block;
    if said.gap.is_some() || !said.finding.as_ref().is_some_and(blocks) {
        return Err(ClamdError::Canary(answer));
    }
    Ok((engine, listener))
}

fn configuration(policy: &Clamd) -> Result<(), ClamdError> {
    let path = || policy.conf.clone();
    let read = |source| ClamdError::Read {
        path: path(),
        source,
    };
    let mut text = String::new();
    File::open(&policy.conf)
        .and_then(|file| file.take(CONF_BYTES_MAX).read_to_string(&mut text))
        .map_err(read)?;
    if CONF_BYTES_MAX <= u64::try_from(text.len()).unwrap_or(u64::MAX) {
        return Err(read(std::io::ErrorKind::FileTooLarge.into()));
    }
    let named = conf::check(&text).map_err(|source| ClamdError::Conf {
        path: path(),
        source,
    })?;
    // `/var/run` and `/run` are one folder.
    let real = |path: &str| std::fs::canonicalize(path).unwrap_or_else(|_| path.into());
    if real(&named) == real(&policy.socket) {
        return Ok(());
    }
    Err(ClamdError::Other {
        conf: path(),
        named,
        socket: policy.socket.clone(),
    })
}

/// Memory of [`TOO_LARGE_BYTES`], none of which is written and so none is taken.
fn too_large() -> std::io::Result<OwnedFd> {
    let hole = jail::memory::writable("hole")?;
    hole.set_len(TOO_LARGE_BYTES)?;
    jail::memory::seal(hole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_is_missing_or_endless_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let conf = folder.path().join("clamd.conf");
        let policy = Clamd {
            socket: "/nowhere/clamd.ctl".to_owned(),
            conf: conf.display().to_string(),
            timeout_seconds: 1,
            members: true,
            age_days_max: None,
            pua: Tier::Block,
        };
        let why = |policy: &Clamd| wire::explained(&check(policy).unwrap_err());
        assert!(why(&policy).contains("clamd.conf"), "{}", why(&policy));
        let sample = include_str!("../../../../systemd/clamd.conf");
        let padding = "#".repeat(usize::try_from(CONF_BYTES_MAX).unwrap());
        std::fs::write(&conf, format!("{sample}{padding}")).unwrap();
        assert!(why(&policy).contains("cannot read"), "{}", why(&policy));
        std::fs::write(&conf, sample).unwrap();
        assert!(why(&policy).contains("name the same"), "{}", why(&policy));
        let named = sample.replace("/run/clamav/clamd.ctl", "/nowhere/clamd.ctl");
        std::fs::write(&conf, named).unwrap();
        let begun = Instant::now();
        assert!(
            why(&policy).contains("cannot be reached"),
            "{}",
            why(&policy)
        );
        assert!(begun.elapsed() < CHECK_WAIT_MAX);
    }
}
