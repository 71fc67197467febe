//! pack, the `.z` of the oldest Unix: one prefix code for all bytes, and a symbol for the end.

use wire::Gap;

use super::bits::Bits;
use super::single;
use super::sink::{Cut, End, STEP_BYTES, Unpacked, push};
use crate::budget::Budget;
use crate::bytes::{has, length, rest};
use crate::walk::{Halt, Walk};

/// Signature, size, and the depth of the tree.
const HEADER_BYTES: usize = 7;

/// The deepest tree that is written, in bits of a code.
const DEPTH_MAX: u8 = 24;

const CUT_OFF: Cut = (Gap::Damaged, "compressed data is cut off");
const MALFORMED: Cut = (Gap::Damaged, "compressed data is malformed");

/// Whether the content begins as pack: with a size, and a tree that is complete.
pub(crate) fn begins(content: &[u8]) -> bool {
    Tree::read(content).is_some()
}

/// Hands out the one content.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    single::open(content, walk, decode)
}

fn decode(content: &[u8], output: &mut Vec<u8>, budget: &mut Budget) -> Unpacked {
    let Some(tree) = Tree::read(content) else {
        return Unpacked::damaged(0, "header is cut off");
    };
    let mut bits = Bits::new(rest(content, tree.end, usize::MAX));
    let end = match unpack(&tree, &mut bits, output, budget) {
        Ok(()) => End::Complete,
        Err((gap, why)) => End::Cut(gap, why),
    };
    let consumed = tree.end.saturating_add(bits.consumed());
    Unpacked { consumed, end }.paid(budget)
}

fn unpack(
    tree: &Tree,
    bits: &mut Bits<'_>,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<(), Cut> {
    let mut fresh = Vec::new();
    loop {
        let symbol = tree.symbol(bits);
        if let Ok(Some(byte)) = symbol {
            fresh.push(byte);
            if fresh.len() < STEP_BYTES {
                continue;
            }
        }
        push(output, &fresh, budget).map_err(|why| (Gap::Limit, why))?;
        fresh.clear();
        if symbol?.is_none() {
            break;
        }
        if tree.size < length(output.len()) {
            return Err(MALFORMED);
        }
    }
    if length(output.len()) != tree.size {
        return Err((Gap::Damaged, "size is wrong"));
    }
    Ok(())
}

/// The codes: of each depth those of inner nodes come first, and then those of bytes.
struct Tree {
    size: u64,
    levels: Vec<Level>,
    bytes: Vec<u8>,
    /// Where the codes end and the data begins.
    end: usize,
}

struct Level {
    nodes: u32,
    leaves: u32,
    bytes_before: usize,
}

impl Tree {
    fn read(content: &[u8]) -> Option<Self> {
        let size = content.get(2..6)?.iter();
        let size = size.fold(0, |size, byte| size << 8 | u64::from(*byte));
        let depth = *content.get(6)?;
        if !has(content, 0, b"\x1f\x1e") || size == 0 || !(1..=DEPTH_MAX).contains(&depth) {
            return None;
        }
        let counts_end = HEADER_BYTES.checked_add(usize::from(depth))?;
        let counts = content.get(HEADER_BYTES..counts_end)?;
        // All nodes of a depth are leaves or have two below them.
        let mut nodes: u32 = 1;
        let mut levels = Vec::new();
        let mut bytes_before: usize = 0;
        for (place, count) in counts.iter().enumerate() {
            let is_last = place.checked_add(1)? == counts.len();
            // The deepest leaves are two at least, one of them the end.
            let leaves = u32::from(*count).checked_add(if is_last { 2 } else { 0 })?;
            nodes = nodes.checked_mul(2)?.checked_sub(leaves)?;
            levels.push(Level {
                nodes,
                leaves,
                bytes_before,
            });
            let here = usize::try_from(leaves).ok()?;
            bytes_before = bytes_before
                .checked_add(here)?
                .checked_sub(usize::from(is_last))?;
            // Each inner node has leaves below it, and there are not so many.
            if 256 < nodes {
                return None;
            }
        }
        let end = counts_end.checked_add(bytes_before)?;
        let bytes = content.get(counts_end..end)?.to_vec();
        (nodes == 0 && bytes.len() <= 256).then_some(Self {
            size,
            levels,
            bytes,
            end,
        })
    }

    /// The next byte, or none for the end.
    fn symbol(&self, bits: &mut Bits<'_>) -> Result<Option<u8>, Cut> {
        let mut code: u32 = 0;
        for level in &self.levels {
            code = code << 1 | bits.take(1).ok_or(CUT_OFF)?;
            let Some(leaf) = code.checked_sub(level.nodes) else {
                continue;
            };
            // The end is the last one of the deepest leaves, which has no byte.
            if level.leaves <= leaf {
                return Err(MALFORMED);
            }
            let place = usize::try_from(leaf).unwrap_or(usize::MAX);
            return Ok(self
                .bytes
                .get(level.bytes_before.saturating_add(place))
                .copied());
        }
        Err(MALFORMED)
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use wire::Gap;

    use super::DEPTH_MAX;
    use crate::testing::{What, kinds, opened, shell};

    /// Packs with a code of the lengths that a tree of these bytes has: the most frequent ones
    /// first, each one bit longer than the one before.
    fn packed(plain: &[u8]) -> Vec<u8> {
        let mut counts: Vec<_> = (0..=255_u8)
            .map(|byte| (plain.iter().filter(|own| **own == byte).count(), byte))
            .filter(|(count, _)| *count != 0)
            .collect();
        counts.sort_by(|a, b| b.cmp(a));
        let depth = counts.len();
        let size = u32::try_from(plain.len()).unwrap().to_be_bytes();
        let mut content = [b"\x1f\x1e".as_slice(), &size].concat();
        content.push(u8::try_from(depth).unwrap());
        content.extend(std::iter::repeat_n(1, depth - 1));
        content.push(0);
        content.extend(counts.iter().map(|(_, byte)| byte));
        // Inner nodes have the bit 0. The last byte is one of the two deepest leaves.
        let mut bits = String::new();
        for byte in plain {
            let place = counts.iter().position(|(_, own)| own == byte).unwrap();
            bits.push_str(&"0".repeat(place));
            bits.push(if place + 1 == depth { '0' } else { '1' });
        }
        bits.push_str(&"0".repeat(depth - 1));
        bits.push('1');
        for byte in bits.as_bytes().chunks(8) {
            let byte = format!("{:0<8}", std::str::from_utf8(byte).unwrap());
            content.push(u8::from_str_radix(&byte, 2).unwrap());
        }
        content
    }

    const PLAIN: &[u8] = b"a man, a plan, a canal: panama";

    #[test]
    fn content_comes_out_as_gzip_unpacks_it() {
        for plain in [PLAIN, b"aaaaaaaaaaaaaaaa", b"x", &PLAIN.repeat(9000)] {
            let content = packed(plain);
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("in.z"), &content).unwrap();
            shell(folder.path(), "gzip -dc in.z > out");
            let expected = std::fs::read(folder.path().join("out")).unwrap();
            assert!(expected == plain);
            let stream = opened(&content);
            assert_eq!(kinds(&content), ["pack"]);
            assert!(!stream.is_suspect() && stream.rules.is_empty());
            assert!(stream.members[0].content == plain);
        }
    }

    #[test]
    fn a_stream_cut_anywhere_or_of_another_size_is_damaged() {
        let content = packed(PLAIN);
        for end in 0..content.len() {
            let cut = &content[..end];
            if !kinds(cut).is_empty() {
                assert_eq!(opened(cut).members[0].what, What::Partial(Gap::Damaged));
            }
        }
        let mut longer = content.clone();
        longer[5] += 1;
        assert_eq!(opened(&longer).members[0].what, What::Partial(Gap::Damaged));
        let behind = [content, b"more".to_vec()].concat();
        assert!(opened(&behind).has_rule("container_extra_data"));
    }

    #[test]
    fn a_tree_that_is_not_complete_or_too_deep_is_not_pack() {
        let tree = |size: u8, counts: &[u8]| {
            let depth = u8::try_from(counts.len()).unwrap();
            let head = [0x1f, 0x1e, 0, 0, 0, size, depth];
            kinds(&[&head, counts, &[b'a'; 300]].concat()).len()
        };
        assert_eq!(tree(1, &[0]), 1);
        assert_eq!(tree(1, &[1, 0]), 1);
        for counts in [&[1][..], &[2, 0], &[0, 0], &[0, 1, 255], &[0; 9]] {
            assert_eq!(tree(1, counts), 0, "{counts:?}");
        }
        assert_eq!(tree(0, &[0]), 0);
        let deep = vec![1; usize::from(DEPTH_MAX) - 1];
        assert_eq!(tree(1, &[&deep[..], &[0]].concat()), 1);
        assert_eq!(tree(1, &[&deep[..], &[1, 0]].concat()), 0);
    }
}
