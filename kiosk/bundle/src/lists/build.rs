//! Building a list of its sources, in the memory of a few million rows whatever their number.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read as _, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::form::{Header, PAGE_BYTES, Section, branch, fan_bits, is_title, rows_of_page, sealed};
use super::names::{NAMES_BYTES_MAX, Names};
use super::rows::Rows;
use super::source::{self, Found};
use super::{About, Algorithm, BuildError, Hash, List, Sort};

/// Most digests of one list, all algorithms together: NSRL's largest set has some 150 million
/// files. It keeps a row's number in 32 bits and a list below 8 GB.
pub const ROWS_MAX: u64 = 200_000_000;

/// What is hashed again at a time, in bytes.
const PIECE_BYTES: usize = 1 << 20;

/// The digests of a content without a byte.
const OF_NOTHING: [Hash; 3] = [
    Hash::Sha256(wire::Digest::OF_NOTHING.0),
    Hash::Sha1([
        0xda, 0x39, 0xa3, 0xee, 0x5e, 0x6b, 0x4b, 0x0d, 0x32, 0x55, 0xbf, 0xef, 0x95, 0x60, 0x18,
        0x90, 0xaf, 0xd8, 0x07, 0x09,
    ]),
    Hash::Md5([
        0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04, 0xe9, 0x80, 0x09, 0x98, 0xec, 0xf8, 0x42,
        0x7e,
    ]),
];

/// What list to build.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'p> {
    /// What it says of the contents on it.
    pub sort: Sort,
    /// Its name for people: findings name it.
    pub title: &'p str,
    /// Files with digests, in any mixture of the forms that are read.
    pub sources: &'p [PathBuf],
    /// The file to make. One that is there is replaced when the new one is whole.
    pub into: &'p Path,
}

/// What was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// What the list says of itself.
    pub about: About,
    /// Digests that were there more than once, and stand in it once.
    pub repeated: u64,
    /// Digests whose name had no room.
    pub unnamed: u64,
    /// Of everything in the file: the digest at its end.
    pub sha256: [u8; 32],
}

/// Builds a list, verifies it and puts it in its place.
///
/// # Errors
/// [`BuildError`], naming file and line; nothing is at [`Plan::into`] then that was not before.
pub fn build(plan: &Plan<'_>) -> Result<Built, BuildError> {
    build_with(plan, ROWS_MAX, NAMES_BYTES_MAX)
}

/// The same with other limits, for tests.
pub(super) fn build_with(
    plan: &Plan<'_>,
    rows_max: u64,
    names_bytes_max: u64,
) -> Result<Built, BuildError> {
    is_title(plan.title).map_err(BuildError::Title)?;
    let mut stock = Stock::new(plan, rows_max, names_bytes_max)?;
    for path in plan.sources {
        let file = File::open(path).map_err(BuildError::file("read", path))?;
        let reader = BufReader::with_capacity(PIECE_BYTES, file);
        source::read(path, reader, &mut |found| stock.take(found))?;
    }
    let temporary = beside(plan.into, "new");
    let built = finish(plan, stock, &temporary);
    if built.is_err() {
        // What failed may be the disk itself; the first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    built
}

fn finish(plan: &Plan<'_>, stock: Stock<'_>, temporary: &Path) -> Result<Built, BuildError> {
    let fault = |doing| BuildError::file(doing, temporary);
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(true);
    let file = options.open(temporary).map_err(fault("write"))?;
    let (count, unnamed) = (stock.count, stock.names.unnamed);
    stock.write(&file).map_err(fault("write"))?;
    file.sync_all().map_err(fault("write"))?;
    let read_back = |source| BuildError::ReadBack {
        path: temporary.to_owned(),
        source,
    };
    let list = List::open(file).map_err(read_back)?;
    let sha256 = list.verify().map_err(read_back)?.end;
    let about = list.about();
    fs::rename(temporary, plan.into).map_err(BuildError::file("write", plan.into))?;
    Ok(Built {
        repeated: count.saturating_sub(about.total_rows()),
        about,
        unnamed,
        sha256,
    })
}

/// Everything that the sources gave so far.
struct Stock<'p> {
    plan: &'p Plan<'p>,
    sha256: Rows<32>,
    sha1: Rows<20>,
    md5: Rows<16>,
    names: Names,
    count: u64,
    rows_max: u64,
}

impl<'p> Stock<'p> {
    fn new(plan: &'p Plan<'p>, rows_max: u64, names: u64) -> Result<Self, BuildError> {
        let scratch = |part| {
            let path = beside(plan.into, part);
            unlinked(&path).map_err(BuildError::file("write", path))
        };
        Ok(Self {
            plan,
            sha256: Rows::new(scratch("sha256")?),
            sha1: Rows::new(scratch("sha1")?),
            md5: Rows::new(scratch("md5")?),
            names: Names::new(scratch("names")?, names),
            count: 0,
            rows_max,
        })
    }

    /// Takes one row of a source.
    fn take(&mut self, found: &Found<'_>) -> Result<(), BuildError> {
        let is_nothing = |hash| OF_NOTHING.contains(hash);
        if self.plan.sort == Sort::Block && found.hashes.iter().any(is_nothing) {
            let what = "this is the digest of an empty file, and every empty file would be \
                        stopped; remove the line";
            return Err(BuildError::Line {
                path: found.path.to_owned(),
                line: found.line,
                what: what.to_owned(),
            });
        }
        let rows = u64::try_from(found.hashes.len()).unwrap_or(u64::MAX);
        self.count = self.count.saturating_add(rows);
        if self.rows_max < self.count {
            return Err(BuildError::TooMany);
        }
        let mut add = || {
            let name = self.names.add(found.name.unwrap_or_default())?;
            found.hashes.iter().try_for_each(|hash| match hash {
                Hash::Sha256(digest) => self.sha256.add((*digest, name)),
                Hash::Sha1(digest) => self.sha1.add((*digest, name)),
                Hash::Md5(digest) => self.md5.add((*digest, name)),
            })
        };
        add().map_err(BuildError::file("write beside", self.plan.into))
    }

    /// Writes the whole file: rows, fan-outs, names, then the first page, then the digest.
    fn write(self, file: &File) -> io::Result<()> {
        let mut to = BufWriter::with_capacity(PIECE_BYTES, file);
        to.write_all(&[0; PAGE_BYTES])?;
        let mut fans = Vec::new();
        let sha256 = section(Algorithm::Sha256, self.sha256, &mut to, &mut fans)?;
        let sha1 = section(Algorithm::Sha1, self.sha1, &mut to, &mut fans)?;
        let md5 = section(Algorithm::Md5, self.md5, &mut to, &mut fans)?;
        to.write_all(&fans)?;
        let (mut names, names_bytes) = self.names.done()?;
        names.seek(SeekFrom::Start(0))?;
        if io::copy(&mut names.take(names_bytes), &mut to)? != names_bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        to.flush()?;
        drop(to);
        let header = Header {
            sort: self.plan.sort,
            title: self.plan.title.to_owned(),
            sections: [sha256, sha1, md5],
            names_bytes,
        };
        file.write_all_at(&header.encode(), 0)?;
        let end = hashed(file, header.layout().end_at)?;
        file.write_all_at(&end, header.layout().end_at)
    }
}

/// Writes the rows of one algorithm and adds its fan-out to `fans`.
fn section<const N: usize>(
    algorithm: Algorithm,
    rows: Rows<N>,
    to: &mut impl Write,
    fans: &mut Vec<u8>,
) -> io::Result<Section> {
    let bits = fan_bits(rows.count);
    let branches = 1_usize.checked_shl(bits).unwrap_or(1);
    let mut counts = vec![0_u32; branches];
    let full = usize::try_from(rows_of_page(algorithm)).unwrap_or(usize::MAX);
    let full = full.saturating_mul(N.saturating_add(4));
    let mut page = Vec::with_capacity(PAGE_BYTES);
    let mut written = 0_u64;
    rows.sorted(&mut |digest, name| {
        page.extend(digest);
        page.extend(name.to_le_bytes());
        if let Some(count) = counts.get_mut(branch(digest, bits)) {
            *count = count.saturating_add(1);
        }
        written = written.saturating_add(1);
        if page.len() == full {
            to.write_all(&sealed(std::mem::take(&mut page)))?;
            page.reserve_exact(PAGE_BYTES);
        }
        Ok(())
    })?;
    if !page.is_empty() {
        to.write_all(&sealed(page))?;
    }
    if written == 0 {
        return Ok(Section {
            fan_check: crc32fast::hash(&[]),
            ..Section::default()
        });
    }
    let mut fan = 0_u32.to_le_bytes().to_vec();
    let mut before = 0_u32;
    for count in counts {
        before = before.saturating_add(count);
        fan.extend(before.to_le_bytes());
    }
    fans.extend(&fan);
    Ok(Section {
        rows: written,
        fan_bits: bits,
        fan_check: crc32fast::hash(&fan),
    })
}

/// SHA-256 of the first `length` bytes.
fn hashed(file: &File, length: u64) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    let mut at = 0_u64;
    while at < length {
        let left = usize::try_from(length.saturating_sub(at)).unwrap_or(PIECE_BYTES);
        let piece = piece.get_mut(..left.min(PIECE_BYTES)).unwrap_or_default();
        file.read_exact_at(piece, at)?;
        hash.update(&piece);
        at = at.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
    }
    Ok(hash.finalize().into())
}

/// A file of this process beside the one to make: the same disk has the room.
fn beside(into: &Path, part: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(into.file_name().unwrap_or_default());
    name.push(format!(".{}.{part}", std::process::id()));
    into.with_file_name(name)
}

/// A file that is gone with this process.
fn unlinked(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create_new(true).open(path)?;
    fs::remove_file(path)?;
    Ok(file)
}

#[cfg(test)]
#[path = "build_tests.rs"]
mod tests;
