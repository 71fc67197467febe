//! Reading numbers and parts of a slice whose length nothing guarantees.

use wire::{Finding, Source, Tier};

/// `length` bytes at `at`, when there are so many.
pub(crate) fn part(content: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    content.get(at..at.checked_add(length)?)
}

/// What is left from `at` on, at most `length` bytes; empty past the end.
pub(crate) fn rest(content: &[u8], at: usize, length: usize) -> &[u8] {
    let end = at.saturating_add(length).min(content.len());
    content.get(at..end).unwrap_or_default()
}

/// Whether `signature` stands at `at`.
pub(crate) fn has(content: &[u8], at: usize, signature: &[u8]) -> bool {
    part(content, at, signature.len()) == Some(signature)
}

/// The little-endian number at `at`.
pub(crate) fn u16_at(content: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(part(content, at, 2)?.try_into().ok()?))
}

/// The little-endian number at `at`.
pub(crate) fn u32_at(content: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(part(content, at, 4)?.try_into().ok()?))
}

/// The little-endian number at `at`.
pub(crate) fn u64_at(content: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(part(content, at, 8)?.try_into().ok()?))
}

/// The big-endian number at `at`.
pub(crate) fn be_u16(content: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(part(content, at, 2)?.try_into().ok()?))
}

/// The big-endian number at `at`.
pub(crate) fn be_u32(content: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(part(content, at, 4)?.try_into().ok()?))
}

/// The big-endian number at `at`.
pub(crate) fn be_u64(content: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(part(content, at, 8)?.try_into().ok()?))
}

/// The first place of `signature` in `content` at or after `from`.
pub(crate) fn find(content: &[u8], signature: [u8; 4], from: usize) -> Option<usize> {
    let tail = content.get(from..)?;
    let found = tail.windows(4).position(|window| window == signature)?;
    from.checked_add(found)
}

/// A length as a number for messages.
pub(crate) fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// A number from a header as a length; what this machine cannot hold is longer than any file.
pub(crate) fn span(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// A finding of ours about structure.
pub(crate) fn finding(rule: &str, tier: Tier, detail: impl Into<String>) -> Finding {
    Finding::own(rule, Source::Structure, tier, detail)
}
