//! Copies from what came out before, as all formats after Lempel and Ziv have them.

use crate::bytes::rest;

/// Repeats `length` bytes that begin `distance` bytes before the end of `fresh`, which follows
/// `before`. `None` when there are not so many bytes.
pub(crate) fn copy_back(
    before: &[u8],
    fresh: &mut Vec<u8>,
    distance: usize,
    length: usize,
) -> Option<()> {
    if distance == 0 {
        return None;
    }
    let mut left = length;
    if let Some(back) = distance.checked_sub(fresh.len()).filter(|back| *back != 0) {
        let begin = before.len().checked_sub(back)?;
        let source = rest(before, begin, left);
        fresh.extend_from_slice(source);
        left = left.checked_sub(source.len())?;
    }
    if left == 0 {
        return Some(());
    }
    let begin = fresh.len().checked_sub(distance)?;
    while 0 < left {
        // What is repeated grows with each turn.
        let take = fresh.len().checked_sub(begin)?.min(left);
        let end = begin.checked_add(take)?;
        fresh.extend_from_within(begin..end);
        left = left.checked_sub(take)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_may_begin_before_and_overlap_itself() {
        let copied = |distance: usize, length: usize| {
            let mut fresh = b"de".to_vec();
            copy_back(b"abc", &mut fresh, distance, length).map(|()| fresh)
        };
        assert_eq!(copied(1, 4).unwrap(), b"deeeee");
        assert_eq!(copied(2, 5).unwrap(), b"dededed");
        assert_eq!(copied(3, 2).unwrap(), b"decd");
        assert_eq!(copied(5, 7).unwrap(), b"deabcdeab");
        assert_eq!(copied(5, 0).unwrap(), b"de");
        assert!(copied(6, 1).is_none() && copied(0, 1).is_none());
    }
}
