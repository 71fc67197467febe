//! The Merkle tree of RFC 9162 over the entries' leaves, as the writer grows it.

use sha2::{Digest as _, Sha256};
use wire::Digest;

/// The hash of an empty tree: SHA-256 of nothing.
const EMPTY: Digest = Digest([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// What a tree's next leaf needs to know of it: the roots of its full subtrees, the largest
/// first. There are at most 64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Each with its height: a subtree of height h has 2^h leaves.
    full: Vec<(u32, Digest)>,
}

impl Frontier {
    /// Adds a leaf.
    pub fn push(&mut self, leaf: Digest) {
        let (mut height, mut hash) = (0, leaf);
        while let Some((_, left)) = self.full.pop_if(|(beside, _)| *beside == height) {
            hash = node(left, hash);
            height = height.saturating_add(1);
        }
        self.full.push((height, hash));
        self.size = self.size.saturating_add(1);
    }

    /// How many leaves it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its root.
    #[must_use]
    pub fn root(&self) -> Digest {
        let mut right_to_left = self.full.iter().rev().map(|(_, hash)| *hash);
        match right_to_left.next() {
            None => EMPTY,
            Some(last) => right_to_left.fold(last, |right, left| node(left, right)),
        }
    }
}

/// The hash of a node: SHA-256 over 0x01 and its two halves.
fn node(left: Digest, right: Digest) -> Digest {
    let mut hash = Sha256::new();
    hash.update([1]);
    hash.update(left.0);
    hash.update(right.0);
    Digest(hash.finalize().into())
}

/// The root of the tree over these leaves, by the definition of RFC 9162, section 2.1.1.
#[must_use]
pub fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => EMPTY,
        [leaf] => *leaf,
        _ => {
            let (left, right) = halves(leaves);
            node(root(left), root(right))
        }
    }
}

/// The inclusion proof of the leaf at `index` (from 0), section 2.1.3.1: what stands beside the
/// way from the leaf to the root, from below. `None` when there is no such leaf.
#[must_use]
pub fn inclusion(index: usize, leaves: &[Digest]) -> Option<Vec<Digest>> {
    if leaves.len() <= index {
        return None;
    }
    let mut path = Vec::new();
    let (mut index, mut leaves) = (index, leaves);
    while 1 < leaves.len() {
        let (left, right) = halves(leaves);
        if let Some(beyond) = index.checked_sub(left.len()) {
            path.push(root(left));
            (index, leaves) = (beyond, right);
        } else {
            path.push(root(right));
            leaves = left;
        }
    }
    path.reverse();
    Some(path)
}

/// The proof that the tree over the first `size` of these leaves is the beginning of the tree
/// over all of them, section 2.1.4.1. `None` when there are fewer, or none.
#[must_use]
pub fn consistency(size: usize, leaves: &[Digest]) -> Option<Vec<Digest>> {
    if size == 0 || leaves.len() < size {
        return None;
    }
    let mut path = Vec::new();
    let (mut size, mut leaves, mut is_whole) = (size, leaves, true);
    while size < leaves.len() {
        let (left, right) = halves(leaves);
        if size <= left.len() {
            path.push(root(right));
            leaves = left;
        } else {
            path.push(root(left));
            size = size.saturating_sub(left.len());
            leaves = right;
            is_whole = false;
        }
    }
    if !is_whole {
        path.push(root(leaves));
    }
    path.reverse();
    Some(path)
}

/// Splits at the largest power of two below the number of leaves. There are at least two.
fn halves(leaves: &[Digest]) -> (&[Digest], &[Digest]) {
    let mut middle = 1_usize;
    while middle.saturating_mul(2) < leaves.len() {
        middle = middle.saturating_mul(2);
    }
    leaves.split_at(middle.min(leaves.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::leaf;
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;

    fn leaves(count: usize) -> Vec<Digest> {
        (0..count).map(|at| leaf(&at.to_be_bytes())).collect()
    }

    /// The same leaves in another's tree. It is given the content, not the hash of it.
    fn theirs(count: usize) -> MemoryBackedTree<Sha256, [u8; 8]> {
        let mut tree = MemoryBackedTree::new();
        (0..count).for_each(|at| tree.push(at.to_be_bytes()));
        tree
    }

    #[test]
    fn the_published_roots_come_out() {
        // The vectors of the Certificate Transparency reference implementation.
        let data: [&[u8]; 8] = [
            b"",
            &[0],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[
                0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
                0x6e, 0x6f,
            ],
        ];
        let mut frontier = Frontier::default();
        assert_eq!(frontier.root(), EMPTY);
        data.iter().for_each(|data| frontier.push(leaf(data)));
        assert_eq!(
            frontier.root().to_string(),
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
        );
    }

    #[test]
    fn every_tree_of_up_to_seventy_leaves_is_as_another_program_has_it() {
        let mut frontier = Frontier::default();
        for count in 1..=70 {
            let all = leaves(count);
            frontier.push(*all.last().unwrap());
            let theirs = theirs(count);
            assert_eq!(frontier.root(), root(&all));
            assert_eq!(
                frontier.root().0.as_slice(),
                theirs.root().as_bytes().as_slice()
            );
            for index in 0..count {
                let ours: Vec<u8> = inclusion(index, &all)
                    .unwrap()
                    .iter()
                    .flat_map(|hash| hash.0)
                    .collect();
                let proof = theirs.prove_inclusion(index);
                assert_eq!(ours, proof.as_bytes(), "{index} of {count}");
            }
            for size in 1..count {
                let ours: Vec<u8> = consistency(size, &all)
                    .unwrap()
                    .iter()
                    .flat_map(|hash| hash.0)
                    .collect();
                let proof = theirs.prove_consistency(count - size);
                assert_eq!(ours, proof.as_bytes(), "{size} of {count}");
            }
        }
        assert_eq!(inclusion(70, &leaves(70)), None);
        assert_eq!(consistency(0, &leaves(70)), None);
        assert_eq!(consistency(71, &leaves(70)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_frontier_is_the_tree_it_stands_for(count in 0_usize..3000) {
            let mut frontier = Frontier::default();
            leaves(count).into_iter().for_each(|leaf| frontier.push(leaf));
            prop_assert_eq!(frontier.root(), root(&leaves(count)));
            prop_assert_eq!(frontier.size(), u64::try_from(count).unwrap());
        }
    }
}
