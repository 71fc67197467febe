//! Reading numbers and parts of a slice whose length nothing guarantees.

/// `length` bytes at `at`, when there are so many.
pub(crate) fn part(content: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    content.get(at..at.checked_add(length)?)
}

/// The first `length` bytes, or all when there are fewer.
pub(crate) fn head(content: &[u8], length: usize) -> &[u8] {
    content.get(..length).unwrap_or(content)
}

/// The little-endian number at `at`.
pub(crate) fn u16_at(content: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(part(content, at, 2)?.try_into().ok()?))
}

/// The little-endian number at `at`.
pub(crate) fn u32_at(content: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(part(content, at, 4)?.try_into().ok()?))
}

/// The little-endian number at `at` as a length; one that does not fit is longer than any file.
pub(crate) fn span_at(content: &[u8], at: usize) -> Option<usize> {
    Some(usize::try_from(u32_at(content, at)?).unwrap_or(usize::MAX))
}

/// The first place of `word`, in lower case, whatever the case in `content`.
pub(crate) fn find_ascii(content: &[u8], word: &[u8]) -> Option<usize> {
    let first = word.first()?;
    let mut from = 0_usize;
    loop {
        let rest = content.get(from..)?;
        let at = rest
            .iter()
            .position(|byte| byte.to_ascii_lowercase() == *first)?;
        from = from.checked_add(at)?;
        if part(content, from, word.len())?.eq_ignore_ascii_case(word) {
            return Some(from);
        }
        from = from.checked_add(1)?;
    }
}

/// Whether `word`, in lower case, is anywhere, whatever the case in `content`.
pub(crate) fn holds(content: &[u8], word: &[u8]) -> bool {
    find_ascii(content, word).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_any_case_at_any_place() {
        for (content, word, place) in [
            ("DdDdEAuto", "ddeauto", Some(2)),
            ("abc", "abc", Some(0)),
            ("ab", "abc", None),
            ("", "a", None),
            ("aab", "ab", Some(1)),
        ] {
            assert_eq!(
                find_ascii(content.as_bytes(), word.as_bytes()),
                place,
                "{content}"
            );
        }
    }

    #[test]
    fn what_is_not_there_is_no_number() {
        assert_eq!(u32_at(&[1, 0, 0], 0), None);
        assert_eq!(u16_at(&[1, 2], usize::MAX), None);
        assert_eq!(span_at(&[0xFF; 4], 0), usize::try_from(u32::MAX).ok());
        assert_eq!(head(&[1, 2], 1), [1]);
        assert_eq!(head(&[1, 2], 3), [1, 2]);
    }
}
