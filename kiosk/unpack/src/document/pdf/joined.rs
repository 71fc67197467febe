//! Many small contents in one member.

use std::borrow::Cow;

use wire::MediumName;

use crate::member::Body;
use crate::walk::{Halt, Walk};

/// Largest joined member, in bytes: enough that a thousand pages are a few rows, and little
/// beside what else is held in memory.
pub(super) const JOINED_BYTES_MAX: usize = 4 << 20;

/// Stands before every joined member, so that no content in it makes the whole look like
/// another format; contents that are containers are members of their own.
pub(super) const JOINED_HEADER: &[u8] = b"% joined contents of a document\n";

/// Contents of one sort that wait to be handed out together.
pub(super) struct Joined {
    sort: &'static str,
    content: Vec<u8>,
    first: u64,
    last: u64,
}

impl Joined {
    pub(super) fn new(sort: &'static str) -> Self {
        Self {
            sort,
            content: Vec::new(),
            first: 1,
            last: 0,
        }
    }

    /// Puts one content behind the others.
    pub(super) fn push(&mut self, content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
        if JOINED_BYTES_MAX < self.content.len().saturating_add(content.len()) {
            self.hand_out(walk)?;
        }
        if self.content.is_empty() {
            self.content.extend_from_slice(JOINED_HEADER);
        }
        self.content.extend_from_slice(content);
        self.content.push(b'\n');
        self.last = self.last.saturating_add(1);
        Ok(())
    }

    /// Hands out what waits.
    pub(super) fn hand_out(&mut self, walk: &mut Walk<'_>) -> Result<(), Halt> {
        if self.content.is_empty() {
            return Ok(());
        }
        walk.admit()?;
        let name = format!("({} {} to {})", self.sort, self.first, self.last);
        let (name, _) = MediumName::cut(name.as_bytes());
        let content = std::mem::take(&mut self.content);
        self.first = self.last.saturating_add(1);
        walk.hand_out(name, Vec::new(), Body::Content(Cow::Owned(content)))
    }
}
