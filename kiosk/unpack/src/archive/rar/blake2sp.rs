//! BLAKE2sp: eight BLAKE2s (RFC 7693) side by side and one over their digests ("BLAKE2: simpler,
//! smaller, fast as MD5", section 2.10). RAR 5.0 has it in place of CRC-32 where it is asked for.

/// What one compression takes, in bytes.
const BLOCK_BYTES: usize = 64;
/// How many hashes stand side by side.
const LANES: usize = 8;

/// The beginning of each hash: the fractions of the square roots of the first eight primes.
const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// In which order each round takes the words of the block (RFC 7693, section 2.7).
const ORDER: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/// Which four words of the state each of a round's eight steps mixes.
const STEPS: [[usize; 4]; 8] = [
    [0, 4, 8, 12],
    [1, 5, 9, 13],
    [2, 6, 10, 14],
    [3, 7, 11, 15],
    [0, 5, 10, 15],
    [1, 6, 11, 12],
    [2, 7, 8, 13],
    [3, 4, 9, 14],
];

/// The digest of `content`.
pub(super) fn digest(content: &[u8]) -> [u8; 32] {
    let mut root = Node::new(0, 1);
    let mut inner = [0_u8; LANES * 32];
    for (lane, place) in inner.chunks_exact_mut(32).enumerate() {
        place.copy_from_slice(&leaf(content, lane));
    }
    let mut blocks = inner.chunks(BLOCK_BYTES).peekable();
    while let Some(block) = blocks.next() {
        root.compress(block, blocks.peek().is_none().then_some(true));
    }
    root.digest()
}

/// The hash of every eighth block from the one at `lane` on.
fn leaf(content: &[u8], lane: usize) -> [u8; 32] {
    let mut node = Node::new(u32::try_from(lane).unwrap_or_default(), 0);
    let is_last = lane.checked_add(1) == Some(LANES);
    let mut blocks = content
        .chunks(BLOCK_BYTES)
        .skip(lane)
        .step_by(LANES)
        .peekable();
    if blocks.peek().is_none() {
        node.compress(&[], Some(is_last));
    }
    while let Some(block) = blocks.next() {
        node.compress(block, blocks.peek().is_none().then_some(is_last));
    }
    node.digest()
}

/// One of the nine hashes.
struct Node {
    state: [u32; 8],
    bytes: u64,
}

impl Node {
    /// The node at `offset` of its level: digests of 32 bytes, fan-out 8, depth 2.
    fn new(offset: u32, level: u32) -> Self {
        let [first, second, third, fourth, rest @ ..] = START;
        let shape = u32::from_le_bytes([32, 0, 8, 2]);
        // Above the node's offset: its level, and the length of inner digests.
        let place = (level << 16) | (32 << 24);
        let [fifth, sixth, seventh, eighth] = rest;
        Self {
            state: [
                first ^ shape,
                second,
                third ^ offset,
                fourth ^ place,
                fifth,
                sixth,
                seventh,
                eighth,
            ],
            bytes: 0,
        }
    }

    /// Takes one block of at most 64 bytes; `ends` when it is the node's last one, and then
    /// whether the node is the last one of its level.
    fn compress(&mut self, block: &[u8], ends: Option<bool>) {
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(block.len()).unwrap_or_default());
        let mut words = [0_u32; 16];
        for (word, bytes) in words.iter_mut().zip(block.chunks(4)) {
            let mut whole = [0; 4];
            for (to, from) in whole.iter_mut().zip(bytes) {
                *to = *from;
            }
            *word = u32::from_le_bytes(whole);
        }
        let low = u32::try_from(self.bytes & 0xffff_ffff).unwrap_or_default();
        let high = u32::try_from(self.bytes >> 32).unwrap_or_default();
        let ended = if ends.is_some() { u32::MAX } else { 0 };
        let last = if ends == Some(true) { u32::MAX } else { 0 };
        let marks = [0, 0, 0, 0, low, high, ended, last];
        let mut mixed = [0_u32; 16];
        let begin = self.state.into_iter().chain(
            START
                .into_iter()
                .zip(marks)
                .map(|(start, mark)| start ^ mark),
        );
        for (to, from) in mixed.iter_mut().zip(begin) {
            *to = from;
        }
        for order in &ORDER {
            round(&mut mixed, &words, order);
        }
        let (lower, upper) = mixed.split_at(8);
        for ((state, one), other) in self.state.iter_mut().zip(lower).zip(upper) {
            *state ^= one ^ other;
        }
    }

    fn digest(&self) -> [u8; 32] {
        let mut digest = [0; 32];
        for (place, word) in digest.chunks_exact_mut(4).zip(self.state) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        digest
    }
}

fn round(mixed: &mut [u32; 16], words: &[u32; 16], order: &[usize; 16]) {
    for (places, pair) in STEPS.iter().zip(order.chunks_exact(2)) {
        let word = |which: usize| {
            let place = pair.get(which).copied().unwrap_or_default();
            words.get(place).copied().unwrap_or_default()
        };
        let (first, second) = (word(0), word(1));
        // The places are constants and all different, so there are always four.
        let Ok([a, b, c, d]) = mixed.get_disjoint_mut(*places) else {
            continue;
        };
        *a = a.wrapping_add(*b).wrapping_add(first);
        *d = (*d ^ *a).rotate_right(16);
        *c = c.wrapping_add(*d);
        *b = (*b ^ *c).rotate_right(12);
        *a = a.wrapping_add(*b).wrapping_add(second);
        *d = (*d ^ *a).rotate_right(8);
        *c = c.wrapping_add(*d);
        *b = (*b ^ *c).rotate_right(7);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_another_implementation() {
        // Python's hashlib as eight leaves and one root.
        let program = "
import hashlib
def node(data, offset, depth, last):
    return hashlib.blake2s(data, fanout=8, depth=2, leaf_size=0, node_offset=offset, node_depth=depth,
        inner_size=32, last_node=last).digest()
def digest(data):
    blocks = [data[i:i + 64] for i in range(0, len(data), 64)]
    leaves = [node(b''.join(blocks[i::8]), i, 0, i == 7) for i in range(8)]
    return node(b''.join(leaves), 0, 1, True)
with open('out', 'wb') as out:
    for size in [0, 1, 63, 64, 65, 511, 512, 513, 1024, 100000]:
        out.write(digest(bytes(i * 7 % 251 for i in range(size))))
";
        let expected = crate::testing::made(program);
        let sizes = [0, 1, 63, 64, 65, 511, 512, 513, 1024, 100_000];
        for (size, expected) in sizes.into_iter().zip(expected.chunks(32)) {
            let content: Vec<u8> = (0..size)
                .map(|i: usize| u8::try_from(i * 7 % 251).unwrap())
                .collect();
            assert_eq!(digest(&content), expected, "{size}");
        }
    }
}
