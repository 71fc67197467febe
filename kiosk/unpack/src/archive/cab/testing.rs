//! Small encoders for the methods that no usual tool writes any more, and a writer of cabinets.

#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use super::folder::BLOCK_BYTES_MAX;
use super::quantum::Encoder;
use crate::archive::codec::{Token, Writer, tokens};

/// One folder: method, and data and unpacked size of each block.
pub(super) struct FolderOf {
    pub(super) method: u16,
    pub(super) blocks: Vec<(Vec<u8>, usize)>,
}

/// One file: folder, where it begins, size, attributes, name.
#[derive(Clone)]
pub(super) struct FileOf {
    pub(super) folder: u16,
    pub(super) begin: usize,
    pub(super) bytes: usize,
    pub(super) name: &'static str,
}

pub(super) fn file(name: &'static str, folder: u16, begin: usize, bytes: usize) -> FileOf {
    FileOf {
        folder,
        begin,
        bytes,
        name,
    }
}

fn long(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap().to_le_bytes()
}

fn short(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap().to_le_bytes()
}

fn checksum(data: &[u8]) -> u32 {
    let whole = data.chunks(4).map(|word| match *word {
        [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
        [a, b, c] => u32::from_be_bytes([0, a, b, c]),
        [a, b] => u32::from_be_bytes([0, 0, a, b]),
        [a] => u32::from(a),
        _ => 0,
    });
    whole.fold(0, |sum, word| sum ^ word)
}

/// A cabinet. Its reserves have `reserve` bytes each.
pub(super) fn cabinet(
    folders: &[FolderOf],
    files: &[FileOf],
    flags: u16,
    reserve: usize,
) -> Vec<u8> {
    let mut list = Vec::new();
    for file in files {
        list.extend(long(file.bytes));
        list.extend(long(file.begin));
        list.extend(file.folder.to_le_bytes());
        // Date, time, and that the name is UTF-8.
        list.extend([0x6c, 0x22, 0xba, 0x59, 0xa0, 0]);
        list.extend(file.name.as_bytes());
        list.push(0);
    }
    let mut head = Vec::new();
    if 0 < reserve {
        head.extend(short(reserve));
        head.extend([u8::try_from(reserve).unwrap(); 2]);
        head.extend(vec![0x55; reserve]);
    }
    for flag in [1, 1, 2, 2] {
        if flags & flag != 0 {
            head.extend(b"other\0");
        }
    }
    let folders_at = 36 + head.len();
    let files_at = folders_at + folders.len() * (8 + reserve);
    let mut data_at = files_at + list.len();
    let mut index = Vec::new();
    let mut data = Vec::new();
    for folder in folders {
        index.extend(long(data_at));
        index.extend(short(folder.blocks.len()));
        index.extend(folder.method.to_le_bytes());
        index.extend(vec![0x55; reserve]);
        for (block, bytes) in &folder.blocks {
            let sizes = [short(block.len()), short(*bytes)].concat();
            let sum = checksum(block) ^ checksum(&sizes);
            data.extend(sum.to_le_bytes());
            data.extend(sizes);
            data.extend(vec![0x55; reserve]);
            data.extend(block);
            data_at += 8 + reserve + block.len();
        }
    }
    let mut content = b"MSCF\0\0\0\0".to_vec();
    content.extend(long(data_at));
    content.extend([0; 4]);
    content.extend(long(files_at));
    content.extend([0, 0, 0, 0, 3, 1]);
    content.extend(short(folders.len()));
    content.extend(short(files.len()));
    content.extend((flags | (u16::from(0 < reserve) * 4)).to_le_bytes());
    content.extend([0; 4]);
    [content, head, index, list, data].concat()
}

/// A folder that stores its content.
pub(super) fn stored(content: &[u8]) -> FolderOf {
    let blocks = content.chunks(BLOCK_BYTES_MAX);
    FolderOf {
        method: 0,
        blocks: blocks.map(|block| (block.to_vec(), block.len())).collect(),
    }
}

/// What an LZX block is to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lzx {
    Verbatim,
    Aligned,
    Uncompressed,
}

/// A folder of LZX with a window of 32 KiB: one block of the stream for each of `parts`, in which
/// codes have eight or nine bits. With `calls` the size for calls of the processor is told.
pub(super) fn lzx(parts: &[(Lzx, &[u8])], calls: Option<u32>) -> FolderOf {
    let content: Vec<u8> = parts.iter().flat_map(|(_, part)| part.to_vec()).collect();
    let mut out = Words::default();
    let mut blocks = Vec::new();
    out.put(usize::from(calls.is_some()), 1);
    if let Some(size) = calls {
        out.put(usize::try_from(size).unwrap(), 32);
    }
    let mut at = 0;
    let mut has_codes = false;
    for (kind, part) in parts {
        let number = match kind {
            Lzx::Verbatim => 1,
            Lzx::Aligned => 2,
            Lzx::Uncompressed => 3,
        };
        out.put(number, 3);
        out.put(part.len(), 24);
        match kind {
            Lzx::Aligned => (0..8).for_each(|_| out.put(3, 3)),
            Lzx::Verbatim => {}
            Lzx::Uncompressed => {
                out.align();
                for distance in [1_u32; 3] {
                    out.bytes.extend(distance.to_le_bytes());
                }
            }
        }
        if *kind != Lzx::Uncompressed {
            codes(&mut out, has_codes);
            has_codes = true;
        }
        let end = at + part.len();
        while at < end {
            // Nothing reaches over the end of a block of the cabinet.
            let next = end.min((at / BLOCK_BYTES_MAX + 1) * BLOCK_BYTES_MAX);
            if *kind == Lzx::Uncompressed {
                out.bytes.extend(&content[at..next]);
            } else {
                for token in tokens_of(&content, at, next) {
                    symbol(&mut out, token);
                }
            }
            at = next;
            if at.is_multiple_of(BLOCK_BYTES_MAX) && at < content.len() {
                blocks.push((out.block(), BLOCK_BYTES_MAX));
            }
        }
        if *kind == Lzx::Uncompressed && part.len() % 2 == 1 {
            out.bytes.push(0);
        }
    }
    let last = content.len() - blocks.len() * BLOCK_BYTES_MAX;
    blocks.push((out.block(), last));
    FolderOf {
        method: 0x0f03,
        blocks,
    }
}

/// The tokens from `at` to `end`, whose copies may come from before.
fn tokens_of(content: &[u8], at: usize, end: usize) -> Vec<Token> {
    let from = at.saturating_sub(600);
    let mut place = from;
    let mut kept = Vec::new();
    for token in tokens(&content[from..end], 3, 257, 500) {
        let bytes = match token {
            Token::Literal(_) => 1,
            Token::Copy { bytes, .. } => bytes,
        };
        if at <= place {
            kept.push(token);
        } else if at < place + bytes {
            // A copy that reaches over the beginning.
            kept.extend(
                content[at..place + bytes]
                    .iter()
                    .map(|byte| Token::Literal(*byte)),
            );
        }
        place += bytes;
    }
    kept
}

/// Lengths of the main code, eight for the first 16 symbols and nine for 480; of the code for
/// copies, seven for the first seven and eight for 242.
fn codes(out: &mut Words, again: bool) {
    // Codes of one bit for two differences to the lengths before. Told again, nothing differs.
    let pre = |out: &mut Words, symbols: [usize; 2]| {
        for symbol in 0..20 {
            out.put(usize::from(symbols.contains(&symbol)), 4);
        }
    };
    for (begin, end) in [(0, 256), (256, 496)] {
        pre(out, if again { [0, 1] } else { [8, 9] });
        for symbol in begin..end {
            out.put(usize::from(!again && symbol < 16), 1);
        }
    }
    pre(out, if again { [0, 1] } else { [9, 10] });
    for symbol in 0..249 {
        out.put(usize::from(!again && symbol < 7), 1);
    }
}

fn symbol(out: &mut Words, token: Token) {
    let main = |out: &mut Words, symbol: usize| match symbol {
        0..16 => out.put(symbol, 8),
        _ => out.put(symbol + 16, 9),
    };
    match token {
        Token::Literal(byte) => main(out, usize::from(byte)),
        Token::Copy { distance, bytes } => {
            let number = distance + 2;
            // Two classes for each number of bits, from four on.
            let extra = usize::try_from(number.ilog2()).unwrap() - 1;
            let class = 2 * (extra + 1) + (number >> extra & 1);
            let (class, extra) = if number < 4 {
                (number, 0)
            } else {
                (class, extra)
            };
            main(out, 256 + class * 8 + (bytes - 2).min(7));
            if 9 <= bytes {
                match bytes - 9 {
                    longer @ 0..7 => out.put(longer, 7),
                    longer => out.put(longer + 7, 8),
                }
            }
            // Aligned codes of three bits are the bits themselves.
            out.put(number & ((1 << extra) - 1), extra);
        }
    }
}

/// Bits in words of 16 bits whose lower byte comes first.
#[derive(Default)]
struct Words {
    bytes: Vec<u8>,
    bits: Writer,
    count: usize,
}

impl Words {
    fn put(&mut self, value: usize, count: usize) {
        self.bits.put(value, count);
        self.count += count;
    }

    /// Up to the next word, and one whole word where there is nothing to fill up.
    fn align(&mut self) {
        self.put(0, 16 - self.count % 16);
        self.flush();
    }

    fn flush(&mut self) {
        self.put(0, (16 - self.count % 16) % 16);
        self.count = 0;
        for word in std::mem::take(&mut self.bits).finish().chunks(2) {
            self.bytes.extend([word[1], word[0]]);
        }
    }

    fn block(&mut self) -> Vec<u8> {
        self.flush();
        std::mem::take(&mut self.bytes)
    }
}

/// A folder of Quantum with a window of 2 to the power of `window_bits`.
pub(super) fn quantum(content: &[u8], window_bits: u16) -> FolderOf {
    let mut encoder = Encoder::new(window_bits);
    let blocks = (0..content.len()).step_by(BLOCK_BYTES_MAX).map(|at| {
        let end = content.len().min(at + BLOCK_BYTES_MAX);
        (encoder.block(&tokens_of(content, at, end)), end - at)
    });
    FolderOf {
        blocks: blocks.collect(),
        method: window_bits << 8 | 0x72,
    }
}

/// One cabinet of each method with three files.
pub(in crate::archive) fn samples(contents: [&[u8]; 3]) -> Vec<Vec<u8>> {
    let mut at = 0;
    let mut files = Vec::new();
    for (content, name) in contents.iter().zip(["a", "b", "c"]) {
        files.push(file(name, 0, at, content.len()));
        at += content.len();
    }
    let all = contents.concat();
    [
        stored(&all),
        lzx(&[(Lzx::Verbatim, &all)], None),
        quantum(&all, 12),
    ]
    .into_iter()
    .map(|folder| cabinet(&[folder], &files, 0, 0))
    .collect()
}
