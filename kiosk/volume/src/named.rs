//! Contents that a disc's earlier trees of names have named, by where they are.

use std::collections::BTreeSet;

/// What two trees of names have in common: the extents of a content, each an offset and a
/// length.
#[derive(Default)]
pub(crate) struct Named {
    whole: BTreeSet<(u64, u64)>,
    pieces: BTreeSet<Vec<(u64, u64)>>,
}

impl Named {
    /// Whether a content with exactly these extents has been named.
    pub(crate) fn has(&self, places: &[(u64, u64)]) -> bool {
        match joined(places).as_slice() {
            [one] => self.whole.contains(one),
            several => self.pieces.contains(several),
        }
    }

    /// Adds a content.
    pub(crate) fn add(&mut self, places: &[(u64, u64)]) {
        let joined = joined(places);
        match joined.as_slice() {
            [one] => {
                self.whole.insert(*one);
            }
            _ => {
                self.pieces.insert(joined);
            }
        }
    }

    /// Adds those of another tree.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.whole.append(&mut other.whole);
        self.pieces.append(&mut other.pieces);
    }
}

/// Extents that follow each other as one: trees cut a large content in different places.
fn joined(places: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for (offset, size) in places.iter().filter(|place| place.1 != 0) {
        match joined.last_mut() {
            Some(last) if last.0.saturating_add(last.1) == *offset => {
                last.1 = last.1.saturating_add(*size);
            }
            Some(_) | None => joined.push((*offset, *size)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_is_the_same_however_it_is_cut_and_another_with_other_bytes() {
        let mut named = Named::default();
        named.add(&[(0, 100), (100, 50)]);
        named.add(&[(500, 10), (700, 10)]);
        assert!(named.has(&[(0, 150)]) && named.has(&[(500, 10), (700, 10)]));
        assert!(!named.has(&[(0, 100)]) && !named.has(&[(500, 10), (800, 10)]));
        let mut other = Named::default();
        other.add(&[(9, 9)]);
        named.append(other);
        assert!(named.has(&[(9, 9)]));
    }
}
