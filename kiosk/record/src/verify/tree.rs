//! The Merkle tree of RFC 9162 as a verifier computes it: from the standard's verification
//! algorithms, not from the writer's.

use sha2::{Digest as _, Sha256};
use wire::Digest;

/// The roots of the trees over the first 1, 2, 3, ... leaves, one leaf at a time.
#[derive(Default)]
pub(super) struct Roots {
    /// At place h the root of the full subtree of 2^h leaves, where the number of leaves has
    /// that bit.
    bits: Vec<Option<Digest>>,
}

impl Roots {
    /// Adds a leaf.
    pub(super) fn add(&mut self, leaf: Digest) {
        let mut carried = leaf;
        for place in &mut self.bits {
            match place.take() {
                Some(left) => carried = parent(&left, &carried),
                None => {
                    *place = Some(carried);
                    return;
                }
            }
        }
        self.bits.push(Some(carried));
    }

    /// The root over the leaves so far; `None` when there is none.
    pub(super) fn root(&self) -> Option<Digest> {
        let mut found = self.bits.iter().flatten();
        let smallest = *found.next()?;
        Some(found.fold(smallest, |right, left| parent(left, &right)))
    }
}

fn parent(left: &Digest, right: &Digest) -> Digest {
    let mut bytes = [1; 65];
    for (to, from) in bytes.iter_mut().skip(1).zip(left.0.iter().chain(&right.0)) {
        *to = *from;
    }
    Digest(Sha256::digest(bytes).into())
}

/// Whether `path` leads from the leaf at `index` (from 0) to `root` in a tree of `size` leaves:
/// section 2.1.3.2.
pub(super) fn includes(leaf: Digest, index: u64, size: u64, path: &[Digest], root: Digest) -> bool {
    if size <= index {
        return false;
    }
    let (mut at, mut last) = (index, size.saturating_sub(1));
    let mut hash = leaf;
    for beside in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = parent(beside, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = parent(&hash, beside);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == root
}

/// Whether `path` shows that the tree of `first` leaves is the beginning of that of `second`:
/// section 2.1.4.2.
pub(super) fn extends(
    (first, first_root): (u64, Digest),
    (second, second_root): (u64, Digest),
    path: &[Digest],
) -> bool {
    if first == 0 || second < first {
        return false;
    }
    if first == second {
        return path.is_empty() && first_root == second_root;
    }
    let mut path = path.iter();
    let (mut at, mut last) = (first.saturating_sub(1), second.saturating_sub(1));
    let seed = if first.is_power_of_two() {
        first_root
    } else {
        let Some(seed) = path.next() else {
            return false;
        };
        *seed
    };
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (seed, seed);
    for beside in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old = parent(beside, &old);
            new = parent(beside, &new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new = parent(&new, beside);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old == first_root && new == second_root
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::leaf;
    use crate::tree;

    fn leaves(count: u64) -> Vec<Digest> {
        (0..count).map(|at| leaf(&at.to_be_bytes())).collect()
    }

    #[test]
    fn the_verifier_and_the_writer_come_to_the_same_trees_by_different_ways() {
        let mut roots = Roots::default();
        assert_eq!(roots.root(), None);
        for count in 1..200 {
            let all = leaves(count);
            roots.add(*all.last().unwrap());
            assert_eq!(roots.root(), Some(tree::root(&all)), "{count}");
        }
    }

    #[test]
    fn a_proof_holds_for_its_leaf_and_place_and_for_nothing_else() {
        for size in 1..40_u64 {
            let all = leaves(size);
            let root = tree::root(&all);
            for (index, leaf) in (0..size).zip(&all) {
                let path = tree::inclusion(usize::try_from(index).unwrap(), &all).unwrap();
                assert!(includes(*leaf, index, size, &path, root));
                let wrong = Digest([5; 32]);
                assert!(!includes(wrong, index, size, &path, root));
                assert!(!includes(*leaf, index, size, &path, wrong));
                assert!(!includes(*leaf, index + 1, size, &path, root));
                assert!(!includes(*leaf, size, size, &path, root));
                let longer = [path.as_slice(), &[wrong]].concat();
                assert!(!includes(*leaf, index, size, &longer, root));
                if let Some((_, shorter)) = path.split_last() {
                    assert!(!includes(*leaf, index, size, shorter, root));
                }
            }
        }
    }

    #[test]
    fn a_tree_extends_its_own_beginnings_and_no_other() {
        for size in 1..40_u64 {
            let all = leaves(size);
            let new = (size, tree::root(&all));
            for first in 1..=size {
                let length = usize::try_from(first).unwrap();
                let old = (first, tree::root(all.get(..length).unwrap()));
                let path = tree::consistency(length, &all).unwrap();
                assert!(extends(old, new, &path), "{first} of {size}");
                let wrong = Digest([5; 32]);
                assert!(!extends((first, wrong), new, &path));
                assert!(!extends(old, (size, wrong), &path));
                let longer = [path.as_slice(), &[wrong]].concat();
                assert!(!extends(old, new, &longer));
                if let Some((_, shorter)) = path.split_last() {
                    assert!(!extends(old, new, shorter));
                }
            }
            assert!(!extends((0, new.1), new, &[]));
            assert!(!extends((size + 1, new.1), new, &[]));
        }
    }
}
