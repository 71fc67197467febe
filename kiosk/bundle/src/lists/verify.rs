//! Reading a whole compiled list once: is it as it was built?

use sha2::{Digest as _, Sha256};

use super::form::{END_BYTES, PAGE_BYTES, branch, rows_of_page};
use super::read::{Page, cut_or_unread};
use super::{Algorithm, List, ListError, ReadAt};

/// How much is read at a time, in bytes: 256 pages.
const PIECE_BYTES: usize = 256 * PAGE_BYTES;

/// Which list was read, and which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// The digest at its end, which covers everything before it.
    pub end: [u8; 32],
    /// SHA-256 of the whole file, that digest included.
    pub file_sha256: [u8; 32],
    /// Length of the whole file, in bytes.
    pub size_bytes: u64,
}

impl<R: ReadAt> List<R> {
    /// Reads all of it, once: every page is whole, its rows rise, the fan-outs lead to them, and
    /// the digest at its end covers everything before it. A list is verified when it is built and
    /// whenever rules are loaded; then one page is enough for a look-up.
    ///
    /// # Errors
    /// [`ListError`] for the first thing that is wrong.
    pub fn verify(&self) -> Result<Sums, ListError> {
        let mut all = Whole {
            list: self,
            hash: Sha256::new(),
            at: 0,
        };
        let page_bytes = u64::try_from(PAGE_BYTES).unwrap_or(u64::MAX);
        all.pass_to(page_bytes)?;
        for algorithm in Algorithm::ALL {
            all.rows(algorithm)?;
        }
        all.pass_to(self.layout.end_at)?;
        let mut hash = all.hash;
        let made: [u8; 32] = hash.clone().finalize().into();
        let mut end = [0; 32];
        let read = self.reader.read_at(self.layout.end_at, &mut end);
        read.map_err(cut_or_unread)?;
        let size_bytes = self.reader.size_bytes().map_err(ListError::Read)?;
        if made != end || size_bytes != self.layout.end_at.saturating_add(END_BYTES) {
            return Err(ListError::Malformed("it changed since it was built"));
        }
        hash.update(end);
        Ok(Sums {
            end,
            file_sha256: hash.finalize().into(),
            size_bytes,
        })
    }
}

/// What has been read so far of a list that is read from its beginning to its end.
struct Whole<'l, R> {
    list: &'l List<R>,
    hash: Sha256,
    at: u64,
}

impl<R: ReadAt> Whole<'_, R> {
    /// The next `length` bytes.
    fn next(&mut self, length: usize) -> Result<Vec<u8>, ListError> {
        let mut bytes = vec![0; length];
        let read = self.list.reader.read_at(self.at, &mut bytes);
        read.map_err(cut_or_unread)?;
        self.hash.update(&bytes);
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        self.at = self.at.saturating_add(length);
        Ok(bytes)
    }

    fn piece(&self, end: u64) -> usize {
        let left = end.saturating_sub(self.at);
        usize::try_from(left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES))
    }

    /// Reads on to `end` without looking at it further.
    fn pass_to(&mut self, end: u64) -> Result<(), ListError> {
        while self.at < end {
            let piece = self.piece(end);
            self.next(piece)?;
        }
        Ok(())
    }

    /// Reads all rows of an algorithm.
    fn rows(&mut self, algorithm: Algorithm) -> Result<(), ListError> {
        let section = self.list.header.section(algorithm);
        let pages = section.rows.div_ceil(rows_of_page(algorithm));
        let page_bytes = u64::try_from(PAGE_BYTES).unwrap_or(u64::MAX);
        let end = self.at.saturating_add(pages.saturating_mul(page_bytes));
        let (mut page, mut last) = (0_u64, Vec::new());
        while self.at < end {
            let piece = self.piece(end);
            let bytes = self.next(piece)?;
            for bytes in bytes.chunks(PAGE_BYTES) {
                let bytes = Page::of(bytes.to_vec(), algorithm, page, section.rows)?;
                last = self.page(&bytes, algorithm, &last)?;
                page = page.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Looks at one page; `before` is the last digest of the page before. Gives its own.
    fn page(&self, page: &Page, algorithm: Algorithm, before: &[u8]) -> Result<Vec<u8>, ListError> {
        let bits = self.list.header.section(algorithm).fan_bits;
        let rows = page.sorted(&page.rows)?;
        let digest = |row: &&'_ [u8]| {
            let digest = row.get(..algorithm.digest_bytes());
            digest.unwrap_or_default().to_vec()
        };
        let (first, last) = match (rows.first(), rows.last()) {
            (Some(first), Some(last)) => (digest(first), digest(last)),
            (_, _) => return Err(ListError::Malformed("a page of it is empty")),
        };
        if !before.is_empty() && first.as_slice() <= before {
            return Err(ListError::Malformed("its rows are not in order"));
        }
        for (number, row) in (page.rows.start..).zip(&rows) {
            let leads = self.list.branch_rows(algorithm, branch(row, bits))?;
            if !leads.contains(&number) {
                return Err(ListError::Malformed("its fan-out leads elsewhere"));
            }
        }
        if page.rest().iter().any(|byte| *byte != 0) {
            return Err(ListError::Malformed("something is behind its rows"));
        }
        Ok(last)
    }
}
