//! Lists and counts whose memory has an end. What is left out is always counted.

use std::collections::BTreeMap;

/// Most lines of one table: some four printed pages. Who needs more has `kioskctl log list`, and
/// the line below the table says how.
pub const LINES_MAX: usize = 200;

/// Most different things that are counted one by one in a table: media, visits, rules. A large
/// plant has some hundred of each in a month.
pub const KEYS_MAX: usize = 2_000;

/// The first [`LINES_MAX`] of something, and how many there were.
#[derive(Clone, Debug)]
pub(crate) struct Lines<T> {
    kept: Vec<T>,
    count: u64,
}

impl<T> Default for Lines<T> {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            count: 0,
        }
    }
}

impl<T> Lines<T> {
    /// Counts one more and keeps it while there is room.
    pub(crate) fn add(&mut self, make: impl FnOnce() -> T) {
        self.count = self.count.saturating_add(1);
        if self.kept.len() < LINES_MAX {
            self.kept.push(make());
        }
    }

    pub(crate) fn kept(&self) -> &[T] {
        &self.kept
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// How many are not kept.
    pub(crate) fn more(&self) -> u64 {
        self.count.saturating_sub(length(&self.kept))
    }
}

/// Something for each of up to [`KEYS_MAX`] keys.
#[derive(Clone, Debug)]
pub(crate) struct Keyed<K, V> {
    kept: BTreeMap<K, V>,
    beyond: u64,
}

impl<K: Ord, V> Default for Keyed<K, V> {
    fn default() -> Self {
        Self {
            kept: BTreeMap::new(),
            beyond: 0,
        }
    }
}

impl<K: Ord, V: Default> Keyed<K, V> {
    /// What is kept for `key`; `None` when there is no room for another, which is counted.
    pub(crate) fn of(&mut self, key: K) -> Option<&mut V> {
        if self.kept.len() < KEYS_MAX || self.kept.contains_key(&key) {
            return Some(self.kept.entry(key).or_default());
        }
        self.beyond = self.beyond.saturating_add(1);
        None
    }

    pub(crate) fn known(&mut self, key: &K) -> Option<&mut V> {
        self.kept.get_mut(key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.kept.iter()
    }

    pub(crate) fn len(&self) -> u64 {
        u64::try_from(self.kept.len()).unwrap_or(u64::MAX)
    }

    /// How often there was no room.
    pub(crate) fn beyond(&self) -> u64 {
        self.beyond
    }
}

/// A length as messages and pages count.
pub(crate) fn length<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

/// One more of something.
pub(crate) fn count(number: &mut u64) {
    *number = number.saturating_add(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn past_lines_max_a_line_is_counted_and_not_kept() {
        let mut lines = Lines::default();
        for number in 0..LINES_MAX + 3 {
            lines.add(|| number);
        }
        assert_eq!(lines.kept().len(), LINES_MAX);
        assert_eq!(lines.count(), 203);
        assert_eq!(lines.more(), 3);
    }

    #[test]
    fn past_keys_max_a_new_key_has_no_room_and_a_known_one_has() {
        let mut keyed = Keyed::<usize, u64>::default();
        for key in 0..KEYS_MAX {
            assert!(keyed.of(key).is_some());
        }
        assert!(keyed.of(KEYS_MAX).is_none());
        assert!(keyed.of(7).is_some());
        assert_eq!(keyed.beyond(), 1);
        assert_eq!(keyed.len(), 2_000);
    }
}
