//! The contents of the blocks, one after the other.

use std::borrow::Cow;

use wire::Gap;

use super::methods::{COPY, Joined, join};
use super::streams::{Block, Packed, Part, Streams};
use crate::bytes::{length, rest, span};
use crate::member::Body;
use crate::stream::chain::UNREAD_BYTES_MAX;
use crate::stream::decoder::Refusal;
use crate::stream::sink::End;
use crate::walk::Walk;

/// All contents of an archive.
pub(super) struct Contents<'a> {
    content: &'a [u8],
    packed: std::vec::IntoIter<Packed>,
    blocks: std::vec::IntoIter<Block<'a>>,
    /// Where the next packed stream begins.
    at: usize,
    block: Option<OpenBlock<'a>>,
    /// Where the packed streams lie that belong to contents.
    pub(super) covered: Vec<(usize, usize)>,
}

/// One block while its parts are given.
struct OpenBlock<'a> {
    parts: std::vec::IntoIter<Part>,
    state: State<'a>,
    /// The checksum of all parts, where there is one.
    crc: Option<(crc32fast::Hasher, u32)>,
}

enum State<'a> {
    /// Not packed: what is left of it.
    Stored(&'a [u8]),
    Packed(Joined<'a>),
    /// Nothing more comes out.
    Closed(Refusal),
}

impl<'a> Contents<'a> {
    pub(super) fn new(content: &'a [u8], base: usize, streams: Streams<'a>) -> Self {
        Self {
            content,
            packed: streams.packed.into_iter(),
            blocks: streams.blocks.into_iter(),
            at: base.saturating_add(span(streams.packed_at)),
            block: None,
            covered: Vec::new(),
        }
    }

    /// Goes to the block of the next content; false behind the last one. Costs nothing that is
    /// not paid for.
    pub(super) fn has_next(&mut self, walk: &mut Walk<'_>) -> bool {
        loop {
            let is_open = self
                .block
                .as_ref()
                .is_some_and(|block| !block.parts.as_slice().is_empty());
            if is_open {
                return true;
            }
            self.close(walk);
            let Some(block) = self.blocks.next() else {
                return false;
            };
            self.open(block, walk);
        }
    }

    /// The next content.
    pub(super) fn next(&mut self, walk: &mut Walk<'_>) -> Option<Body<'a>> {
        let block = self.block.as_mut()?;
        let part = block.parts.next()?;
        Some(block.part(part, walk))
    }

    fn open(&mut self, block: Block<'a>, walk: &mut Walk<'_>) {
        let mut slices = Vec::new();
        for _ in &block.packed_inputs {
            let Some(packed) = self.packed.next() else {
                walk.damaged("7z block without packed streams");
                break;
            };
            let begin = self.at;
            self.at = begin.saturating_add(span(packed.bytes));
            let data = rest(self.content, begin, span(packed.bytes));
            if length(data.len()) < packed.bytes {
                walk.damaged("a packed stream is cut off");
            }
            if packed.crc.is_some_and(|crc| crc32fast::hash(data) != crc) {
                walk.damaged("checksum of a packed stream is wrong");
            }
            // What no content is made of is not covered.
            if !block.parts.is_empty() {
                self.covered.push((begin, begin.saturating_add(data.len())));
            }
            slices.push(data);
        }
        if block.parts.is_empty() {
            walk.contradiction("sevenzip_extra_data", "a block without members");
            return;
        }
        let is_stored = matches!(block.methods.as_slice(), [only] if only.id == COPY);
        let state = match (is_stored, slices.as_slice()) {
            (true, [data]) => {
                let (stated, data) = (span(block.bytes()), *data);
                if stated < data.len() {
                    surplus(walk);
                }
                State::Stored(rest(data, 0, stated))
            }
            _ => match join(&block, &slices, walk.budget.room()) {
                Ok(joined) => match joined.chain.pay_setup(walk.budget) {
                    Ok(()) => State::Packed(joined),
                    Err(why) => State::Closed((Gap::Limit, why)),
                },
                Err(refusal) => State::Closed(refusal),
            },
        };
        if let State::Packed(joined) = &state {
            walk.budget.hold(joined.chain.memory_bytes);
        }
        let crc = block.crc.filter(|_| 1 < block.parts.len());
        self.block = Some(OpenBlock {
            parts: block.parts.into_iter(),
            state,
            crc: crc.map(|crc| (crc32fast::Hasher::new(), crc)),
        });
    }

    /// Looks whether a block that was given whole has more than that, and lets it go.
    pub(super) fn close(&mut self, walk: &mut Walk<'_>) {
        let Some(block) = self.block.take() else {
            return;
        };
        let State::Packed(mut joined) = block.state else {
            return;
        };
        walk.budget.release(joined.chain.memory_bytes);
        if !block.parts.as_slice().is_empty() {
            return;
        }
        if joined.chain.goes_on(walk.budget) {
            surplus(walk);
        }
        for (position, bytes) in &joined.packed {
            if UNREAD_BYTES_MAX < bytes.saturating_sub(position.get()) {
                surplus(walk);
            }
        }
        if let Some((hasher, crc)) = block.crc
            && hasher.finalize() != crc
        {
            walk.damaged("checksum of a block is wrong");
        }
    }
}

fn surplus(walk: &mut Walk<'_>) {
    walk.contradiction(
        "sevenzip_extra_data",
        "packed data that no member is made of",
    );
}

impl<'a> OpenBlock<'a> {
    fn part(&mut self, part: Part, walk: &mut Walk<'_>) -> Body<'a> {
        let mut body = match &mut self.state {
            State::Closed((gap, why)) => Body::Unchecked {
                gap: *gap,
                size_bytes: part.bytes,
                why,
            },
            State::Stored(left) => {
                let data = rest(left, 0, span(part.bytes));
                *left = left.get(data.len()..).unwrap_or_default();
                match walk.stored(data) {
                    Body::Content(content) if length(data.len()) < part.bytes => Body::Partial {
                        content,
                        gap: Gap::Damaged,
                        why: "content is cut off",
                    },
                    body @ (Body::Content(_)
                    | Body::Partial { .. }
                    | Body::Unchecked { .. }
                    | Body::Link(_)
                    | Body::Folder
                    | Body::Special) => body,
                }
            }
            State::Packed(joined) => {
                let mut unpacked = Vec::new();
                let end = joined.chain.take(part.bytes, &mut unpacked, walk.budget);
                let content = Cow::Owned(unpacked);
                match end {
                    End::Complete => Body::Content(content),
                    End::Cut(gap, why) => Body::Partial { content, gap, why },
                }
            }
        };
        if let State::Packed(joined) = &self.state
            && let Some((gap, _)) = joined.chain.broken()
        {
            walk.budget.release(joined.chain.memory_bytes);
            let why = "what is before it in the same block cannot be unpacked";
            self.state = State::Closed((gap, why));
        }
        match (&body, &mut self.crc) {
            (Body::Content(content), Some((hasher, _))) => hasher.update(content),
            (_, crc) => *crc = None,
        }
        if let (Body::Content(content), Some(crc)) = (&mut body, part.crc)
            && crc32fast::hash(content) != crc
        {
            body = Body::Partial {
                content: std::mem::take(content),
                gap: Gap::Damaged,
                why: "checksum is wrong",
            };
        }
        body
    }
}
