//! Looking for one kind after another.

use std::io;

use super::described::Description;
use super::{Kind, MARKS, Mark, STRONG_BYTES_MIN, marked, named};
use crate::blocks::Blocks;

/// What was found so far.
pub(super) struct Search<'b> {
    blocks: &'b dyn Blocks,
    pub(super) kinds: Vec<Kind>,
    /// The last error of the medium.
    pub(super) unread: Option<io::Error>,
}

impl<'b> Search<'b> {
    pub(super) fn new(blocks: &'b dyn Blocks) -> Self {
        Self {
            blocks,
            kinds: Vec::new(),
            unread: None,
        }
    }

    /// Keeps a kind once.
    pub(super) fn keep(&mut self, found: io::Result<Option<Kind>>) {
        match found {
            Ok(Some(kind)) if !self.kinds.contains(&kind) => self.kinds.push(kind),
            Ok(_) => {}
            Err(error) => self.unread = Some(error),
        }
    }

    /// Looks for the signatures that are `wanted`. Of those short enough for chance, the first
    /// is enough.
    pub(super) fn marks(&mut self, wanted: impl Fn(&Mark) -> bool) {
        for mark in MARKS.iter().filter(|mark| wanted(mark)) {
            if mark.is_strong() || self.kinds.is_empty() {
                self.keep(marked(self.blocks, mark));
            }
        }
    }

    pub(super) fn described(&mut self, descriptions: &[Description]) {
        for describe in descriptions {
            self.keep(describe(self.blocks).map(|name| name.and_then(named)));
        }
    }

    /// Goes on when nothing was found yet.
    pub(super) fn otherwise(&mut self, look: impl FnOnce(&mut Self)) {
        if self.kinds.is_empty() {
            look(self);
        }
    }
}

impl Mark {
    pub(super) fn is_strong(&self) -> bool {
        STRONG_BYTES_MIN <= self.bytes.len()
    }

    /// Whether it is short, but of at least this many bytes.
    pub(super) fn is_weak(&self, bytes_min: usize) -> bool {
        !self.is_strong() && bytes_min <= self.bytes.len()
    }
}
