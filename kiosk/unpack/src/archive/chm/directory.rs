//! The header and the listing of compiled help (ITSF, ITSP and its PMGL pages). Source: Matthew
//! Russotto, "Microsoft's HTML Help (.chm) format".

use crate::bytes::{has, part, rest, span, u32_at, u64_at};

/// Where the header says where the two parts behind it are.
const PLACES_AT: usize = 0x38;

/// How long the header of the newest version is, in bytes; that of version 2 is eight shorter.
pub(super) const ITSF_BYTES: usize = 0x60;

/// Largest page of the listing, in bytes. Every writer makes pages of 4 KiB.
pub(crate) const PAGE_BYTES_MAX: usize = 1 << 20;

/// Most entries of the listing that are kept: more than one file may have members.
pub(crate) const HELP_ENTRIES_MAX: usize = 1 << 17;

/// The fixed part of a page of the listing, before its entries.
const PAGE_HEADER_BYTES: usize = 20;

/// Most bytes of a number of seven bits a byte: as many as 64 bits need.
const NUMBER_BYTES: usize = 10;

/// Whether the content begins as compiled help. Readers know the versions 2 and 3 and look at no
/// more.
pub(super) fn begins(content: &[u8]) -> bool {
    has(content, 0, b"ITSF") && u32_at(content, 4).is_some_and(|version| version < 16)
}

/// The header.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) version: u32,
    /// Where the header itself ends.
    pub(super) end: usize,
    /// The part that only says how long the file is, and the listing: where and how long.
    pub(super) about: (usize, usize),
    pub(super) listing: (usize, usize),
    /// Where contents that are not compressed count from.
    pub(super) contents_at: usize,
}

impl Header {
    pub(super) fn read(content: &[u8]) -> Option<Self> {
        let version = u32_at(content, 4)?;
        let place = |index: usize| {
            let at = PLACES_AT.checked_add(index.checked_mul(16)?)?;
            let (begin, bytes) = (u64_at(content, at)?, u64_at(content, at.checked_add(8)?)?);
            Some((span(begin), span(bytes)))
        };
        let (about, listing) = (place(0)?, place(1)?);
        let contents_at = match version {
            ..=2 => listing.0.saturating_add(listing.1),
            _ => span(u64_at(content, 0x58)?),
        };
        Some(Self {
            version,
            end: span(u64::from(u32_at(content, 8)?)),
            about,
            listing,
            contents_at,
        })
    }

    /// How long the file says it is.
    pub(super) fn said_bytes(&self, content: &[u8]) -> Option<u64> {
        u64_at(content, self.about.0.checked_add(8)?)
    }
}

/// One entry of the listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) name: &'a [u8],
    /// Zero is what is stored as it is.
    pub(super) section: u64,
    pub(super) begin: u64,
    pub(super) bytes: u64,
}

/// What the listing gave.
#[derive(Default)]
pub(super) struct Listing<'a> {
    pub(super) entries: Vec<Entry<'a>>,
    /// Whether some page of it is not there or not as pages are.
    pub(super) is_torn: bool,
    /// Whether there are more than are kept.
    pub(super) is_cut: bool,
}

/// Every entry of every page that has some, whether the chain of pages leads there or not.
pub(super) fn list<'a>(content: &'a [u8], header: &Header) -> Listing<'a> {
    let mut listing = Listing::default();
    let (begin, bytes) = header.listing;
    let whole = rest(content, begin, bytes);
    let fields = || {
        let head_bytes = span(u64::from(u32_at(whole, 8)?));
        let page_bytes = span(u64::from(u32_at(whole, 16)?));
        let pages = span(u64::from(u32_at(whole, 44)?));
        let is_known = has(whole, 0, b"ITSP");
        let is_page = (PAGE_HEADER_BYTES..=PAGE_BYTES_MAX).contains(&page_bytes);
        (is_known && is_page).then_some((head_bytes, page_bytes, pages))
    };
    let Some((head_bytes, page_bytes, pages)) = fields() else {
        listing.is_torn = true;
        return listing;
    };
    // A page that the header does not count is read by those who follow the chain.
    let there = rest(whole, head_bytes, usize::MAX).chunks(page_bytes);
    listing.is_torn = there.len() < pages || whole.len() < bytes;
    for page in there {
        listing.is_cut = HELP_ENTRIES_MAX < listing.entries.len();
        if listing.is_cut {
            listing.entries.truncate(HELP_ENTRIES_MAX);
            break;
        }
        if has(page, 0, b"PMGL") {
            let is_whole = read_page(page, &mut listing.entries);
            listing.is_torn |= !is_whole || page.len() < page_bytes;
        } else if !has(page, 0, b"PMGI") {
            listing.is_torn = true;
        }
    }
    listing
}

/// Reads the entries of one page; tells whether they end where the page says.
fn read_page<'a>(page: &'a [u8], entries: &mut Vec<Entry<'a>>) -> bool {
    let free = u32_at(page, 4).map_or(usize::MAX, |free| span(u64::from(free)));
    let end = page.len().saturating_sub(free);
    let mut at = PAGE_HEADER_BYTES;
    while at < end {
        match entry(page, at) {
            Some((one, next)) if next <= end => {
                entries.push(one);
                at = next;
            }
            Some(_) | None => return false,
        }
    }
    at == end
}

fn entry(page: &[u8], at: usize) -> Option<(Entry<'_>, usize)> {
    let (name_bytes, at) = number(page, at)?;
    let name_bytes = span(name_bytes);
    let name = part(page, at, name_bytes)?;
    let (section, at) = number(page, at.checked_add(name_bytes)?)?;
    let (begin, at) = number(page, at)?;
    let (bytes, at) = number(page, at)?;
    let entry = Entry {
        name,
        section,
        begin,
        bytes,
    };
    Some((entry, at))
}

/// A number of seven bits a byte, the highest first, and where it ends.
fn number(page: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value: u64 = 0;
    for (index, byte) in rest(page, at, NUMBER_BYTES).iter().enumerate() {
        value = value.checked_mul(128)? | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, at.checked_add(index)?.checked_add(1)?));
        }
    }
    None
}
