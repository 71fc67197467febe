//! LHarc's lh1: one code for literals and lengths that changes with every symbol (Yoshizaki's
//! LZHUF), and fixed codes for distances in a window of 4 KiB.

use crate::archive::codec::bits::{Bits, Unit};
use crate::archive::codec::{Decoder, Fault, copy};
use crate::budget::Budget;
use crate::bytes::span;

/// 256 literals and lengths from 3 to 60.
const SYMBOLS: usize = 314;
const LENGTHS_FROM: usize = 256;
const COPY_BYTES_MIN: usize = 3;

/// All nodes of the tree; the last is the root.
const NODES: usize = SYMBOLS * 2 - 1;
const ROOT: usize = NODES - 1;

/// When the root has been passed so often, all counts are halved.
const COUNT_MAX: u16 = 0x8000;

/// What a symbol costs beside its bits, in bytes of input: the tree is changed for each. Archives
/// of its time end far below what this leaves, 16 million symbols.
const SYMBOL_COST_BYTES: usize = 64;

/// One member's decoder.
pub(super) struct Dynamic<'a> {
    bits: Bits<'a>,
    tree: Tree,
}

impl<'a> Dynamic<'a> {
    pub(super) fn new(packed: &'a [u8]) -> Self {
        Self {
            bits: Bits::new(packed, Unit::Byte),
            tree: Tree::new(),
        }
    }

    /// Six bits in a fixed code of three to eight bits, then six as they are.
    fn distance(&mut self) -> Result<usize, Fault> {
        /// The bits of each code that follow the ones that tell its length: where codes of
        /// this length end among eight bits, their length, and the value of the first.
        const CLASSES: [(u32, u32, u32); 6] = [
            (0x20, 3, 0),
            (0x50, 4, 1),
            (0x90, 5, 4),
            (0xc0, 6, 12),
            (0xf0, 7, 24),
            (0x100, 8, 48),
        ];
        let ahead = self.bits.peek(8);
        let mut begin = 0;
        for (end, code_bits, first) in CLASSES {
            if ahead < end {
                let free = 8_u32.saturating_sub(code_bits);
                let nth = ahead.saturating_sub(begin).wrapping_shr(free);
                self.bits.skip(code_bits)?;
                let high = first.saturating_add(nth).wrapping_shl(6);
                let low = self.bits.take(6)?;
                return Ok(span(u64::from(high | low)).saturating_add(1));
            }
            begin = end;
        }
        Err(Fault::Malformed)
    }
}

impl Decoder for Dynamic<'_> {
    fn fill(
        &mut self,
        output: &mut Vec<u8>,
        until: usize,
        budget: &mut Budget,
    ) -> Result<(), Fault> {
        while output.len() < until {
            budget.take_input(SYMBOL_COST_BYTES).map_err(Fault::Limit)?;
            let symbol = self.tree.symbol(&mut self.bits)?;
            match symbol.checked_sub(LENGTHS_FROM) {
                None => output.push(u8::try_from(symbol).unwrap_or_default()),
                Some(longer) => {
                    let bytes = longer.saturating_add(COPY_BYTES_MIN);
                    let distance = self.distance()?;
                    copy(output, distance, bytes, |_| b' ');
                }
            }
        }
        Ok(())
    }

    fn taken_bytes(&self) -> usize {
        span(self.bits.taken().div_ceil(8))
    }
}

/// The tree. Its nodes are in the order of their counts, so that a node that is passed more
/// often changes places with the last one of its count.
struct Tree {
    /// How often each node was passed; one more that is greater than all.
    counts: Vec<u16>,
    /// The first of the two children of each node; from [`NODES`] on it is a symbol.
    children: Vec<usize>,
    /// The parent of each node and, from [`NODES`] on, of each symbol.
    parents: Vec<usize>,
}

impl Tree {
    fn new() -> Self {
        let mut tree = Self {
            counts: vec![1; NODES.saturating_add(1)],
            children: (NODES..NODES.saturating_add(NODES)).collect(),
            parents: vec![0; NODES.saturating_add(SYMBOLS)],
        };
        set(&mut tree.counts, NODES, u16::MAX);
        for symbol in 0..SYMBOLS {
            set(&mut tree.parents, NODES.saturating_add(symbol), symbol);
        }
        let mut child: usize = 0;
        for node in SYMBOLS..NODES {
            tree.join(node, child);
            child = child.saturating_add(2);
        }
        tree
    }

    /// Makes `node` the parent of `child` and of the one behind it.
    fn join(&mut self, node: usize, child: usize) {
        let sibling = child.saturating_add(1);
        let count = get(&self.counts, child).saturating_add(get(&self.counts, sibling));
        set(&mut self.counts, node, count);
        set(&mut self.children, node, child);
        set(&mut self.parents, child, node);
        set(&mut self.parents, sibling, node);
    }

    fn symbol(&mut self, bits: &mut Bits<'_>) -> Result<usize, Fault> {
        let mut node = get(&self.children, ROOT);
        // No way is longer than there are nodes.
        for _ in 0..NODES {
            if let Some(symbol) = node.checked_sub(NODES) {
                self.pass(symbol);
                return Ok(symbol);
            }
            let step = span(u64::from(bits.take(1)?));
            node = get(&self.children, node.saturating_add(step));
        }
        Err(Fault::Malformed)
    }

    /// Counts one more for a symbol and all nodes above it.
    fn pass(&mut self, symbol: usize) {
        if get(&self.counts, ROOT) == COUNT_MAX {
            self.halve();
        }
        let mut node = get(&self.parents, NODES.saturating_add(symbol));
        for _ in 0..NODES {
            let count = get(&self.counts, node).saturating_add(1);
            set(&mut self.counts, node, count);
            let mut last = node;
            while get(&self.counts, last.saturating_add(1)) < count && last < ROOT {
                last = last.saturating_add(1);
            }
            if last != node {
                self.exchange(node, last, count);
                node = last;
            }
            if node == ROOT {
                return;
            }
            node = get(&self.parents, node);
        }
    }

    /// Lets `node`, which has `count`, and `last` change places.
    fn exchange(&mut self, node: usize, last: usize, count: u16) {
        let smaller = get(&self.counts, last);
        set(&mut self.counts, node, smaller);
        set(&mut self.counts, last, count);
        let below_node = get(&self.children, node);
        let below_last = get(&self.children, last);
        self.hang(below_node, last);
        self.hang(below_last, node);
    }

    /// Hangs what begins at `child`, one symbol or two nodes, below `node`.
    fn hang(&mut self, child: usize, node: usize) {
        set(&mut self.children, node, child);
        set(&mut self.parents, child, node);
        if child < NODES {
            set(&mut self.parents, child.saturating_add(1), node);
        }
    }

    /// Halves the counts of all symbols and builds the tree anew.
    fn halve(&mut self) {
        let mut leaves: usize = 0;
        for node in 0..NODES {
            let child = get(&self.children, node);
            if NODES <= child {
                let count = get(&self.counts, node).saturating_add(1) / 2;
                set(&mut self.counts, leaves, count);
                set(&mut self.children, leaves, child);
                leaves = leaves.saturating_add(1);
            }
        }
        let mut child: usize = 0;
        for node in SYMBOLS..NODES {
            let sibling = child.saturating_add(1);
            let count = get(&self.counts, child).saturating_add(get(&self.counts, sibling));
            // In among those that are there, behind all that are not greater.
            let mut place = node;
            while 0 < place && count < get(&self.counts, place.saturating_sub(1)) {
                place = place.saturating_sub(1);
            }
            if let Some(counts) = self.counts.get_mut(place..=node) {
                counts.rotate_right(1);
            }
            set(&mut self.counts, place, count);
            if let Some(children) = self.children.get_mut(place..=node) {
                children.rotate_right(1);
            }
            set(&mut self.children, place, child);
            child = child.saturating_add(2);
        }
        for node in 0..NODES {
            let child = get(&self.children, node);
            self.hang(child, node);
        }
    }
}

fn get<T: Copy + Default>(values: &[T], at: usize) -> T {
    values.get(at).copied().unwrap_or_default()
}

fn set<T>(values: &mut [T], at: usize, value: T) {
    if let Some(place) = values.get_mut(at) {
        *place = value;
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
pub(super) use testing::encode;
