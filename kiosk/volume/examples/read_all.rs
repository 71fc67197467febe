//! What reading a medium completely costs, beside reading as many bytes of it raw.
//!
//! `read_all IMAGE...` walks every volume of each image, reads every content once in the order
//! of the medium, with what else is in its clusters and everything that is no file's, and hashes
//! each. Then it reads as many bytes from the image's beginning and hashes those. Both three
//! times, in turns; the ratio is of the least processor time (user and system) of each.
//!
//! `read_all --stick IMAGE...` counts instead: how often such a reading makes a stick jump, and
//! how long one of 30 MB/s with a millisecond a jump would take.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a tool for developers that computes and prints"
)]

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::rc::Rc;

use sha2::{Digest, Sha256};
use volume::{Blocks, Cached, Part, Seen, Tree};
use wire::scan::{Limits, Spare};
use wire::worker::{Item, Locator};

/// How much is read at a time, as the scanner does.
const CHUNK_BYTES: usize = 256 << 10;

/// Times that each way is measured.
const ROUNDS: usize = 3;

/// A stick on USB 2: bytes in a second, and seconds that a read costs which does not follow the
/// one before.
const STICK_BYTES: f64 = 30e6;
const STICK_JUMP: f64 = 1e-3;

/// An image as the medium.
struct Medium {
    file: File,
    size_bytes: u64,
    /// Where the last read ended; reads, reads that did not begin there, bytes.
    end: Cell<u64>,
    reads: Cell<u64>,
    jumps: Cell<u64>,
    bytes: Cell<u64>,
}

impl Medium {
    fn open(path: &str) -> Rc<Self> {
        let file = File::open(path).unwrap();
        let size_bytes = file.metadata().unwrap().len();
        Rc::new(Self {
            file,
            size_bytes,
            end: Cell::new(0),
            reads: Cell::new(0),
            jumps: Cell::new(0),
            bytes: Cell::new(0),
        })
    }
}

impl Blocks for Medium {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        let jumped = u64::from(self.end.get() != offset_bytes);
        self.jumps.set(self.jumps.get() + jumped);
        self.reads.set(self.reads.get() + 1);
        self.bytes.set(self.bytes.get() + buffer.len() as u64);
        self.end.set(offset_bytes + buffer.len() as u64);
        self.file.read_exact_at(buffer, offset_bytes)
    }
}

/// What came of reading everything.
#[derive(Default)]
struct Tally {
    bytes: u64,
    contents: u64,
    failed: u64,
    findings: Vec<String>,
    kinds: Vec<String>,
}

impl Tally {
    /// Reads and hashes one content.
    fn content(&mut self, reader: &mut dyn Read, chunk: &mut [u8]) {
        let mut digest = Sha256::new();
        loop {
            match reader.read(chunk) {
                Ok(0) => break,
                Ok(length) => {
                    digest.update(&chunk[..length]);
                    self.bytes += length as u64;
                }
                Err(_) => {
                    self.failed += 1;
                    break;
                }
            }
        }
        std::hint::black_box(digest.finalize());
        self.contents += 1;
    }

    fn item(&mut self, item: &Item, tree: Option<&dyn Tree>, part: &dyn Blocks, chunk: &mut [u8]) {
        match (&item.locator, tree) {
            (Locator::Range { offset_bytes }, _) => {
                let place = [(*offset_bytes, item.size_bytes)];
                self.content(&mut *volume::raw(part, &place), chunk);
            }
            (Locator::Extents(extents), _) => {
                self.content(&mut *volume::raw(part, extents), chunk);
            }
            (_, Some(tree)) => match tree.open(item) {
                Ok(mut reader) => self.content(&mut *reader, chunk),
                Err(_) => self.failed += 1,
            },
            (_, None) => self.failed += 1,
        }
        if let Some(tree) = tree.filter(|_| item.share.slack_bytes != 0) {
            match tree.slack(item) {
                Ok(reader) => self.content(&mut reader.take(item.share.slack_bytes), chunk),
                Err(_) => self.failed += 1,
            }
        }
    }
}

/// Reads every byte of a medium that is somebody's; contents in the order of the medium, or in
/// that of the walk.
fn read_all(medium: &Rc<dyn Blocks>, by_place: bool) -> Tally {
    let mut tally = Tally::default();
    let mut chunk = vec![0; CHUNK_BYTES];
    let layout = volume::layout(&**medium).unwrap();
    let findings = layout.findings.into_iter();
    tally.findings = findings.map(|finding| finding.rule).collect();
    for item in &layout.raw {
        tally.item(item, None, &**medium, &mut chunk);
    }
    let spare = Spare {
        unallocated: false,
        deleted: false,
    };
    for place in layout.volumes {
        let part = Part::new(medium.clone(), place.offset_bytes, place.size_bytes);
        let part: Rc<dyn Blocks> = Rc::new(part);
        let mut tree = match volume::open(&place.kind, 0, part.clone()) {
            Ok(tree) => tree,
            Err(error) => {
                tally.findings.push(error.finding().rule);
                continue;
            }
        };
        let mut items = Vec::new();
        let mut rows = 0;
        let walked = tree.walk(&Limits::default(), spare, &mut |seen| match seen {
            Seen::Item(item) => items.push(item),
            Seen::Row(_) => rows += 1,
        });
        tally.failed += rows;
        match walked {
            Ok(walked) => {
                let findings = walked.findings.into_iter().map(|finding| finding.rule);
                tally.findings.extend(findings);
            }
            Err(error) => tally.findings.push(error.finding().rule),
        }
        if by_place {
            items.sort_by_key(|item| item.share.position_bytes);
        }
        for item in &items {
            tally.item(item, Some(&*tree), &*part, &mut chunk);
        }
        tally.kinds.push(place.kind);
    }
    tally
}

/// Reads and hashes `bytes` bytes in order, from the beginning again when there are no more.
fn read_raw(medium: &dyn Blocks, bytes: u64) {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut digest = Sha256::new();
    let (mut at, mut left) = (0, bytes);
    while left != 0 {
        let there = medium.size_bytes() - at;
        let length = left.min(CHUNK_BYTES as u64).min(there);
        let piece = &mut chunk[..length as usize];
        medium.read_at(at, piece).unwrap();
        digest.update(&*piece);
        left -= length;
        at = (at + length) % medium.size_bytes();
    }
    std::hint::black_box(digest.finalize());
}

/// Processor seconds of this thread so far, user and system.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds: u64 = text.split(' ').next().unwrap().parse().unwrap();
    nanoseconds as f64 / 1e9
}

fn timed<T>(act: impl FnOnce() -> T) -> (f64, T) {
    let start = processor_seconds();
    let result = act();
    (processor_seconds() - start, result)
}

fn cached(path: &str) -> Rc<dyn Blocks> {
    Rc::new(Cached::new(Medium::open(path)))
}

fn compare(path: &str) {
    let (mut whole, mut raw) = (f64::MAX, f64::MAX);
    let mut tally = Tally::default();
    for _ in 0..ROUNDS {
        let (seconds, read) = timed(|| read_all(&cached(path), true));
        whole = whole.min(seconds);
        tally = read;
        let (seconds, ()) = timed(|| read_raw(&*Medium::open(path), tally.bytes));
        raw = raw.min(seconds);
    }
    println!(
        "{:<10} {:>8} {:>9.1} {:>9.3} {:>9.3} {:>6.3}  {}",
        tally.kinds.join("+"),
        tally.contents,
        tally.bytes as f64 / 1e6,
        whole,
        raw,
        whole / raw,
        remarks(&tally),
    );
}

fn remarks(tally: &Tally) -> String {
    let failed = match tally.failed {
        0 => String::new(),
        failed => format!("{failed} not read; "),
    };
    format!("{failed}{}", tally.findings.join(" "))
}

fn stick(path: &str) {
    for (order, by_place) in [("walk", false), ("place", true)] {
        let medium = Medium::open(path);
        let cached: Rc<dyn Blocks> = Rc::new(Cached::new(medium.clone()));
        let tally = read_all(&cached, by_place);
        let bytes = medium.bytes.get() as f64;
        let jumps = medium.jumps.get();
        println!(
            "{:<10} {order:<6} {:>8} {:>8} {:>9.1} {:>9.1} {:>7.1}",
            tally.kinds.join("+"),
            medium.reads.get(),
            jumps,
            tally.bytes as f64 / 1e6,
            bytes / 1e6,
            bytes / STICK_BYTES + jumps as f64 * STICK_JUMP,
        );
    }
}

fn main() {
    let mut paths: Vec<String> = std::env::args().skip(1).collect();
    let sticks = paths.first().is_some_and(|first| first == "--stick");
    if sticks {
        paths.remove(0);
        println!("format     order     reads    jumps      MB     MB read  stick s");
    } else {
        println!("format     contents      MB      whole s     raw s  ratio  findings");
    }
    for path in &paths {
        if sticks {
            stick(path);
        } else {
            compare(path);
        }
    }
}
