//! A container that is one compressed stream, or several one behind the other: one content.

use std::borrow::Cow;

use wire::Gap;

use super::sink::{End, Unpacked, begin};
use crate::budget::Budget;
use crate::bytes::rest;
use crate::member::Body;
use crate::names::Kind;
use crate::walk::{Halt, Walk};

/// The name of content whose header gives none.
pub(crate) const NAMELESS: &[u8] = b"content";

/// Unpacks the stream at the beginning of a content to the end of the output.
pub(crate) type Decode = fn(&[u8], &mut Vec<u8>, &mut Budget) -> Unpacked;

/// Hands out the one content that `decode` finds, without a name.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>, decode: Decode) -> Result<(), Halt> {
    walk.admit()?;
    let mut output = Vec::new();
    let unpacked = decode(content, &mut output, walk.budget);
    hand_out(content, walk, NAMELESS, output, unpacked)
}

/// Hands out what a stream gave, and then what lies behind it.
pub(crate) fn hand_out(
    content: &[u8],
    walk: &mut Walk<'_>,
    name: &[u8],
    output: Vec<u8>,
    unpacked: Unpacked,
) -> Result<(), Halt> {
    let (name, findings) = walk.names.judge(name, &[], Kind::File);
    let body = match unpacked.end {
        End::Complete => Body::Content(Cow::Owned(output)),
        End::Cut(gap, why) => Body::Partial {
            content: Cow::Owned(output),
            gap,
            why,
        },
    };
    walk.hand_out(name, findings, body)?;
    match unpacked.end {
        // Where a damaged stream ends is not known, so nothing can be said about the rest.
        End::Cut(..) => Ok(()),
        End::Complete => walk.stray(
            rest(content, unpacked.consumed, usize::MAX),
            "bytes after the end of the stream",
        ),
    }
}

/// Unpacks the stream at the beginning of `content` and all of its kind that follow it at once:
/// every reader of these formats takes them as one content. `decode` gets the whole content and
/// where the stream begins in it, and gives where it ends.
pub(crate) fn joined(
    content: &[u8],
    output: &mut Vec<u8>,
    budget: &mut Budget,
    begins: fn(&[u8]) -> bool,
    mut decode: impl FnMut(&[u8], usize, &mut Vec<u8>, &mut Budget) -> Unpacked,
) -> Unpacked {
    let mut at: usize = 0;
    loop {
        if let Err(why) = begin(budget) {
            return Unpacked::cut(at, Gap::Limit, why);
        }
        let one = decode(content, at, output, budget);
        let is_more = at < one.consumed && begins(rest(content, one.consumed, usize::MAX));
        at = one.consumed;
        if one.end != End::Complete || !is_more {
            return one;
        }
    }
}

/// Reads a stream that knows nothing of what lies before it as a part of [`joined`].
pub(crate) fn at(
    decode: Decode,
) -> impl FnMut(&[u8], usize, &mut Vec<u8>, &mut Budget) -> Unpacked {
    move |content, at, output, budget| {
        let one = decode(rest(content, at, usize::MAX), output, budget);
        Unpacked {
            consumed: one.consumed.saturating_add(at),
            ..one
        }
    }
}
