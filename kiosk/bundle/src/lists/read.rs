//! Looking a content up.

use std::io;
use std::ops::Range;

use super::form::{
    CHECK_BYTES, END_BYTES, ENTRY_NAME_BYTES_MAX, Header, Layout, NO_NAME, PAGE_BYTES, Section,
    branch, fan_bytes, is_sealed, lead, row_bytes, rows_of_page,
};
use super::{About, Algorithm, Hash, ListError};
use wire::name::is_hidden;

/// Guesses of the page before the search halves what is left. Digests are spread evenly, so the
/// first is right nearly always; a list that is not spread so is searched all the same.
const GUESSES: u32 = 3;

/// Something that is read by position.
pub trait ReadAt {
    /// How long it is, in bytes.
    ///
    /// # Errors
    /// What the system said.
    fn size_bytes(&self) -> io::Result<u64>;

    /// Fills `buffer` from `offset_bytes` on.
    ///
    /// # Errors
    /// What the system said; `UnexpectedEof` when it ends before.
    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()>;
}

impl ReadAt for std::fs::File {
    fn size_bytes(&self) -> io::Result<u64> {
        self.metadata().map(|about| about.len())
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, buffer, offset_bytes)
    }
}

/// A compiled list, open for looking contents up. Of the list itself it holds only the fan-outs.
#[derive(Debug)]
pub struct List<R> {
    pub(super) reader: R,
    pub(super) header: Header,
    pub(super) layout: Layout,
    pub(super) fans: [Vec<u32>; 3],
}

/// What a list has of one content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name beside the digest, at most [`ENTRY_NAME_BYTES_MAX`] bytes; `None` for none.
    pub name: Option<String>,
}

impl<R: ReadAt> List<R> {
    /// Reads what the list says of itself, and its fan-outs.
    ///
    /// # Errors
    /// [`ListError`] when it is not as it was built, as far as this much of it shows;
    /// [`List::verify`] looks at all of it.
    pub fn open(reader: R) -> Result<Self, ListError> {
        let mut page = vec![0; PAGE_BYTES];
        let size_bytes = reader.size_bytes().map_err(ListError::Read)?;
        reader.read_at(0, &mut page).map_err(cut_or_unread)?;
        let header = Header::decode(&page)?;
        let layout = header.layout();
        if size_bytes != layout.end_at.saturating_add(END_BYTES) {
            return Err(ListError::Malformed("it is longer or shorter than it says"));
        }
        let mut fans: [Vec<u32>; 3] = Default::default();
        let places = header.sections.iter().zip(layout.fans_at);
        for (fan, (section, at)) in fans.iter_mut().zip(places) {
            *fan = read_fan(&reader, section, at)?;
        }
        Ok(Self {
            reader,
            header,
            layout,
            fans,
        })
    }

    /// What it is read from.
    #[must_use]
    pub fn reader(&self) -> &R {
        &self.reader
    }

    /// Gives up the list for what it was read from.
    #[must_use]
    pub fn into_reader(self) -> R {
        self.reader
    }

    /// What it says of itself.
    #[must_use]
    pub fn about(&self) -> About {
        self.header.about()
    }

    /// What the list has of the content with this digest; `None` when it is not on the list.
    ///
    /// # Errors
    /// [`ListError`] when what it read on the way is not as it was built.
    pub fn look_up(&self, hash: &Hash) -> Result<Option<Entry>, ListError> {
        let algorithm = hash.algorithm();
        let Some(name) = self.find(algorithm, hash.bytes())? else {
            return Ok(None);
        };
        let name = self.name(name)?;
        Ok(Some(Entry { name }))
    }

    /// Where the name of the row with this digest is.
    fn find(&self, algorithm: Algorithm, digest: &[u8]) -> Result<Option<u32>, ListError> {
        let section = self.header.section(algorithm);
        if section.rows == 0 {
            return Ok(None);
        }
        let mut left = self.branch_rows(algorithm, branch(digest, section.fan_bits))?;
        let guess = guessed(&left, digest, section.fan_bits);
        let mut guesses = 0_u32;
        while left.start < left.end {
            let row = if guesses < GUESSES {
                guess.clamp(left.start, left.end.saturating_sub(1))
            } else {
                left.start.midpoint(left.end)
            };
            guesses = guesses.saturating_add(1);
            let page = Page::read(self, algorithm, row)?;
            let here = left.start.max(page.rows.start)..left.end.min(page.rows.end);
            let rows = page.sorted(&here)?;
            let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
                return Err(ListError::Malformed("its fan-out leads nowhere"));
            };
            let strays =
                |row: &&[u8]| branch(row, section.fan_bits) != branch(digest, section.fan_bits);
            if [first, last].into_iter().any(strays) {
                return Err(ListError::Malformed("its fan-out leads elsewhere"));
            }
            let of = |row: &[u8]| row.get(..digest.len()).unwrap_or_default().cmp(digest);
            if of(first).is_gt() {
                left.end = here.start;
            } else if of(last).is_lt() {
                left.start = here.end;
            } else {
                let found = rows.binary_search_by(|row| of(row)).ok();
                return Ok(found
                    .and_then(|place| rows.get(place))
                    .map(|row| name_of(row)));
            }
        }
        Ok(None)
    }

    /// The rows that begin with these bits.
    pub(super) fn branch_rows(
        &self,
        algorithm: Algorithm,
        branch: usize,
    ) -> Result<Range<u64>, ListError> {
        let fan = self.fans.get(algorithm.place());
        let pair = fan.and_then(|fan| fan.get(branch..branch.saturating_add(2)));
        match pair {
            Some([start, end]) => Ok(u64::from(*start)..u64::from(*end)),
            Some(_) | None => Err(ListError::Malformed("its fan-out is too short")),
        }
    }

    fn name(&self, at: u32) -> Result<Option<String>, ListError> {
        if at == NO_NAME {
            return Ok(None);
        }
        let malformed = ListError::Malformed("a name of it changed");
        let left = self.header.names_bytes.saturating_sub(u64::from(at));
        let most = CHECK_BYTES
            .saturating_add(1)
            .saturating_add(ENTRY_NAME_BYTES_MAX);
        let mut record = vec![0; usize::try_from(left).map_or(most, |left| left.min(most))];
        let at = self.layout.names_at.saturating_add(u64::from(at));
        self.reader
            .read_at(at, &mut record)
            .map_err(cut_or_unread)?;
        let name = named(&record).ok_or(malformed)?;
        Ok(Some(name.to_owned()))
    }
}

/// The name in a record of names.
fn named(record: &[u8]) -> Option<&str> {
    let (length, rest) = record.split_first()?;
    let (check, rest) = rest.split_first_chunk::<CHECK_BYTES>()?;
    let name = rest.get(..usize::from(*length))?;
    let is_whole = crc32fast::hash(name) == u32::from_le_bytes(*check);
    let name = std::str::from_utf8(name).ok().filter(|_| is_whole)?;
    let is_word = !name.is_empty() && !name.chars().any(is_hidden);
    is_word.then_some(name)
}

fn name_of(row: &[u8]) -> u32 {
    row.last_chunk()
        .map_or(NO_NAME, |name| u32::from_le_bytes(*name))
}

/// Where an even spread would put the digest.
fn guessed(rows: &Range<u64>, digest: &[u8], fan_bits: u32) -> u64 {
    let rest = u128::from(lead(digest).checked_shl(fan_bits).unwrap_or(0));
    let count = u128::from(rows.end.saturating_sub(rows.start));
    let share = count.saturating_mul(rest).checked_shr(64).unwrap_or(0);
    rows.start
        .saturating_add(u64::try_from(share).unwrap_or(u64::MAX))
}

fn read_fan(reader: &impl ReadAt, section: &Section, at: u64) -> Result<Vec<u32>, ListError> {
    let length = usize::try_from(fan_bytes(section)).unwrap_or(0);
    let mut bytes = vec![0; length];
    reader.read_at(at, &mut bytes).map_err(cut_or_unread)?;
    if crc32fast::hash(&bytes) != section.fan_check {
        return Err(ListError::Malformed("its fan-out changed"));
    }
    let (numbers, _) = bytes.as_chunks::<4>();
    let fan: Vec<u32> = numbers
        .iter()
        .map(|number| u32::from_le_bytes(*number))
        .collect();
    let spans = match (fan.first(), fan.last()) {
        (Some(first), Some(last)) => (u64::from(*first), u64::from(*last)) == (0, section.rows),
        (_, _) => section.rows == 0,
    };
    if !spans || !fan.is_sorted() {
        return Err(ListError::Malformed("its fan-out contradicts itself"));
    }
    Ok(fan)
}

/// One page of rows, whole.
pub(super) struct Page {
    bytes: Vec<u8>,
    /// Which rows are on it.
    pub(super) rows: Range<u64>,
    row_bytes: usize,
}

impl Page {
    /// The page on which row `row` is.
    fn read<R: ReadAt>(list: &List<R>, algorithm: Algorithm, row: u64) -> Result<Self, ListError> {
        let on_page = rows_of_page(algorithm);
        let page = row.checked_div(on_page).unwrap_or(0);
        let begin = list
            .layout
            .rows_at
            .get(algorithm.place())
            .copied()
            .unwrap_or(0);
        let page_bytes = u64::try_from(PAGE_BYTES).unwrap_or(u64::MAX);
        let at = begin.saturating_add(page.saturating_mul(page_bytes));
        let mut bytes = vec![0; PAGE_BYTES];
        list.reader.read_at(at, &mut bytes).map_err(cut_or_unread)?;
        Self::of(bytes, algorithm, page, list.header.section(algorithm).rows)
    }

    /// Page number `page` of `rows` rows.
    pub(super) fn of(
        bytes: Vec<u8>,
        algorithm: Algorithm,
        page: u64,
        rows: u64,
    ) -> Result<Self, ListError> {
        if !is_sealed(&bytes) {
            return Err(ListError::Malformed("a page of it changed"));
        }
        let on_page = rows_of_page(algorithm);
        let start = page.saturating_mul(on_page);
        Ok(Self {
            bytes,
            rows: start..start.saturating_add(on_page).min(rows),
            row_bytes: row_bytes(algorithm),
        })
    }

    /// The rows in `range`, of this page.
    ///
    /// # Errors
    /// [`ListError::Malformed`] when they are not in rising order.
    pub(super) fn sorted(&self, range: &Range<u64>) -> Result<Vec<&[u8]>, ListError> {
        let place = |row: u64| {
            let row = row.saturating_sub(self.rows.start);
            usize::try_from(row).map_or(usize::MAX, |row| row.saturating_mul(self.row_bytes))
        };
        let bytes = self.bytes.get(place(range.start)..place(range.end));
        let rows: Vec<&[u8]> = bytes
            .unwrap_or_default()
            .chunks_exact(self.row_bytes)
            .collect();
        let digest_bytes = self.row_bytes.saturating_sub(4);
        if !rows.is_sorted_by(|one, next| one.get(..digest_bytes) < next.get(..digest_bytes)) {
            return Err(ListError::Malformed("its rows are not in order"));
        }
        Ok(rows)
    }

    /// What is behind the last row, up to the checksum.
    pub(super) fn rest(&self) -> &[u8] {
        let rows = self.rows.end.saturating_sub(self.rows.start);
        let used = usize::try_from(rows)
            .unwrap_or(usize::MAX)
            .saturating_mul(self.row_bytes);
        let end = self.bytes.len().saturating_sub(CHECK_BYTES);
        self.bytes.get(used..end).unwrap_or_default()
    }
}

/// An end that comes too early is damage; anything else the system's fault.
pub(super) fn cut_or_unread(error: io::Error) -> ListError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return ListError::Malformed("it is cut");
    }
    ListError::Read(error)
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
