//! Sorting more rows than memory holds: sorted runs on the disk, merged in one pass.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;

/// Rows of one algorithm in memory, in bytes. Three algorithms take three of them.
const RUN_BYTES: usize = 40 << 20;

/// How much of each run is read at a time, in bytes. The longest list has under 200 runs of an
/// algorithm: 13 MiB.
const READ_BYTES: usize = 64 << 10;

/// A digest of `N` bytes and where its name is.
pub(super) type Row<const N: usize> = ([u8; N], u32);

/// Rows on their way into a list.
pub(super) struct Rows<const N: usize> {
    held: Vec<Row<N>>,
    held_max: usize,
    runs: Vec<Run>,
    spilled: File,
    spilled_bytes: u64,
    /// Rows added.
    pub(super) count: u64,
}

#[derive(Clone, Copy)]
struct Run {
    at: u64,
    end: u64,
}

impl<const N: usize> Rows<N> {
    /// None yet. `spilled` is an empty file for what does not fit into memory.
    pub(super) fn new(spilled: File) -> Self {
        let held_max = RUN_BYTES.checked_div(N.saturating_add(4)).unwrap_or(1);
        Self::with_room(spilled, held_max)
    }

    /// The same with room for `held_max` rows.
    pub(super) fn with_room(spilled: File, held_max: usize) -> Self {
        Self {
            held: Vec::new(),
            held_max,
            runs: Vec::new(),
            spilled,
            spilled_bytes: 0,
            count: 0,
        }
    }

    pub(super) fn add(&mut self, row: Row<N>) -> io::Result<()> {
        if self.held.len() == self.held_max {
            self.spill()?;
        }
        if self.held.is_empty() {
            self.held.reserve_exact(self.held_max);
        }
        self.held.push(row);
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        self.held.sort_unstable();
        let mut file = BufWriter::with_capacity(1 << 20, &self.spilled);
        for (digest, name) in &self.held {
            file.write_all(digest)?;
            file.write_all(&name.to_le_bytes())?;
        }
        file.flush()?;
        let rows = self.held.len().saturating_mul(N.saturating_add(4));
        let end = u64::try_from(rows).map_err(io::Error::other)?;
        let end = self.spilled_bytes.saturating_add(end);
        self.runs.push(Run {
            at: self.spilled_bytes,
            end,
        });
        self.spilled_bytes = end;
        self.held.clear();
        Ok(())
    }

    /// Hands on every digest once, in rising order, with the first of its names.
    pub(super) fn sorted(
        mut self,
        row: &mut dyn FnMut(&[u8; N], u32) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut last = None;
        let mut once = |(digest, name): Row<N>| {
            if last == Some(digest) {
                return Ok(());
            }
            last = Some(digest);
            row(&digest, name)
        };
        if self.runs.is_empty() {
            self.held.sort_unstable();
            return self.held.into_iter().try_for_each(once);
        }
        self.spill()?;
        self.held = Vec::new();
        let mut runs: Vec<Reader<'_>> = self
            .runs
            .iter()
            .map(|run| Reader::new(&self.spilled, *run))
            .collect();
        let mut first = BinaryHeap::new();
        for (place, run) in runs.iter_mut().enumerate() {
            first.extend(run.row::<N>()?.map(|row| Reverse((row, place))));
        }
        while let Some(Reverse((row, place))) = first.pop() {
            once(row)?;
            if let Some(run) = runs.get_mut(place) {
                first.extend(run.row::<N>()?.map(|row| Reverse((row, place))));
            }
        }
        Ok(())
    }
}

/// Reads one run from its beginning to its end.
struct Reader<'f> {
    file: &'f File,
    left: Run,
    piece: Vec<u8>,
    at: usize,
}

impl<'f> Reader<'f> {
    fn new(file: &'f File, run: Run) -> Self {
        Self {
            file,
            left: run,
            piece: Vec::new(),
            at: 0,
        }
    }

    fn row<const N: usize>(&mut self) -> io::Result<Option<Row<N>>> {
        if self.at == self.piece.len() {
            let row = N.saturating_add(4);
            let most = READ_BYTES.saturating_sub(READ_BYTES.checked_rem(row).unwrap_or(0));
            let left = self.left.end.saturating_sub(self.left.at);
            let length = usize::try_from(left).map_or(most, |left| left.min(most));
            self.piece.resize(length, 0);
            self.file.read_exact_at(&mut self.piece, self.left.at)?;
            let length = u64::try_from(length).map_err(io::Error::other)?;
            self.left.at = self.left.at.saturating_add(length);
            self.at = 0;
        }
        let rest = self.piece.get(self.at..).unwrap_or_default();
        let Some((digest, rest)) = rest.split_first_chunk::<N>() else {
            return Ok(None);
        };
        let name = rest.first_chunk().ok_or(io::ErrorKind::UnexpectedEof)?;
        self.at = self.at.saturating_add(N).saturating_add(4);
        Ok(Some((*digest, u32::from_le_bytes(*name))))
    }
}
