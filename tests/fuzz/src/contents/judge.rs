//! Comparing what comes out of a damaged content with what was in it.

use unpack::recognise_file;
use wire::scan::Limits;

use super::damage::damaged;
use super::{LIMITS, Reached, reach};
use crate::campaign::{Judged, Trial};

/// Fewer bytes by at least this many are a loss: changes take so many bytes out themselves.
const LOST_BYTES: u64 = 512;

/// An undamaged content and what is in it.
pub struct Contents {
    content: Vec<u8>,
    formats: Vec<&'static str>,
    reached: Reached,
}

fn limits() -> Limits {
    Limits {
        memory_bytes_max: 8 << 20,
        unpacked_bytes_max: 32 << 20,
        ..LIMITS
    }
}

fn names(content: &[u8]) -> Vec<&'static str> {
    recognise_file(content)
        .iter()
        .map(|format| format.name())
        .collect()
}

impl Contents {
    /// Opens the undamaged content.
    ///
    /// # Errors
    /// Why a campaign on it makes no sense: nothing is in it, or not all of it is read.
    pub fn read(content: Vec<u8>) -> Result<Self, String> {
        let reached = reach(&content, &limits());
        if reached.members == 0 || reached.is_told {
            return Err(format!("{} members; {:?}", reached.members, reached.said));
        }
        Ok(Self {
            formats: names(&content),
            content,
            reached,
        })
    }

    /// What there is to damage, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        format!(
            "{} bytes, {:?}: {} members, {} bytes",
            self.content.len(),
            self.formats,
            self.reached.members,
            self.reached.bytes
        )
    }
}

impl Trial for Contents {
    fn judge(&self, seed: u64) -> Judged {
        let (content, done) = damaged(&self.content, seed);
        let after = reach(&content, &limits());
        let is_less = after.members < self.reached.members
            || after.bytes.saturating_add(LOST_BYTES) <= self.reached.bytes;
        // What is of no format any more is matched as it lies, and opened by nobody else either.
        let is_other = !self
            .formats
            .iter()
            .all(|name| names(&content).contains(name));
        if !is_less || after.is_told || is_other {
            return Judged::default();
        }
        let said: Vec<_> = after
            .said
            .iter()
            .filter(|said| !self.reached.said.contains(said))
            .collect();
        Judged {
            silent: said.is_empty(),
            passing: true,
            words: format!(
                "{done} | members {} -> {}, bytes {} -> {} | {said:?}",
                self.reached.members, after.members, self.reached.bytes, after.bytes
            ),
        }
    }

    fn explain(&self, seed: u64) -> String {
        let (content, done) = damaged(&self.content, seed);
        format!(
            "{done}\n{:?}\n{:?}",
            names(&content),
            reach(&content, &limits())
        )
    }
}
