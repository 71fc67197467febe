//! The method's encoder, which no usual tool has any more.

#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use super::{COUNT_MAX, NODES, ROOT, Tree};
use crate::archive::codec::{Token, Writer, tokens};

/// The content in this method.
pub(in crate::archive::lzh) fn encode(content: &[u8]) -> Vec<u8> {
    let mut out = Writer::default();
    let mut tree = Tree::new();
    for token in tokens(content, 3, 60, 4000) {
        match token {
            Token::Literal(byte) => symbol(&mut out, &mut tree, usize::from(byte)),
            Token::Copy { distance, bytes } => {
                symbol(&mut out, &mut tree, 256 + bytes - 3);
                let distance = distance - 1;
                let high = distance >> 6;
                let (code, bits) = match high {
                    0 => (0, 3),
                    1..4 => (high + 1, 4),
                    4..12 => (high + 6, 5),
                    12..24 => (high + 24, 6),
                    24..48 => (high + 72, 7),
                    _ => (high + 192, 8),
                };
                out.put(code, bits);
                out.put(distance & 0x3f, 6);
            }
        }
    }
    out.finish()
}

fn symbol(out: &mut Writer, tree: &mut Tree, symbol: usize) {
    let mut way = Vec::new();
    let mut node = NODES + symbol;
    loop {
        let parent = tree.parents[node];
        let place = if NODES <= node { parent } else { node };
        // A symbol hangs below its own node; nodes hang in pairs.
        if NODES <= node {
            node = parent;
            continue;
        }
        if place == ROOT {
            break;
        }
        way.push(place - tree.children[parent]);
        node = parent;
    }
    for step in way.iter().rev() {
        out.put(*step, 1);
    }
    tree.pass(symbol);
}

#[test]
fn the_tree_stays_in_order_when_its_counts_are_halved() {
    let mut tree = Tree::new();
    for number in 0..100_000_usize {
        tree.pass(number * number % 314);
        assert!(tree.counts[ROOT] <= COUNT_MAX);
    }
    assert!(tree.counts.is_sorted());
    for node in 0..NODES {
        let child = tree.children[node];
        assert_eq!(tree.parents[child], node);
    }
}
