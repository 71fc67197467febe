//! Installers of Inno Setup: a table in the loader's resources leads to a block that describes the
//! setup, to a list of where each file lies, and to chunks of compressed data that hold the files.
//!
//! Files have no names here: these stand in the description, whose form changes with every
//! version. It is handed out as a whole, and so is the program that installs. Every file is checked
//! against its digest.

mod calls;
mod setup;

#[cfg(test)]
pub(crate) use setup::LOCATIONS_MAX;

use std::borrow::Cow;

use sha2::Digest as _;
use wire::{Gap, MediumName};

use crate::budget::Budget;
use crate::bytes::{has, length, part, rest, span};
use crate::document::zlib;
use crate::member::Body;
use crate::stream::bzip2::bzip2;
use crate::stream::lzma::{lzma2, lzma2_dictionary};
use crate::stream::sink::{Cut, End, STREAM_COST_BYTES};
use crate::walk::{Halt, Walk};
use setup::{Layout, Location, Sum, Table};

/// Begins every chunk.
const CHUNK: &[u8] = b"zlb\x1a";

/// Begins every resource that is a loader's table, of whatever version.
pub(crate) const TABLE: &[u8] = b"rDlPtS";
/// The same of some versions.
pub(crate) const OTHER_TABLE: &[u8] = b"nS5W7dT";

const UNKNOWN: &str = "an Inno Setup installer of an unknown version is not opened";

/// Opens the installer whose loader's table is `resource`.
pub(crate) fn open(content: &[u8], resource: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.notice("program_installer", "an installer of Inno Setup");
    let Some(table) = Table::read(resource) else {
        walk.unsupported(UNKNOWN);
        return Ok(());
    };
    if content.len() < table.total_bytes {
        walk.damaged("an Inno Setup installer is cut off");
    }
    let setup = rest(content, table.setup_at, usize::MAX);
    let Some(layout) = setup::version(setup).and_then(Layout::of) else {
        walk.unsupported(UNKNOWN);
        return Ok(());
    };
    let described = setup::block(setup, setup::VERSION_BYTES, walk.budget);
    let list = setup::block(setup, described.end, walk.budget);
    walk.fault(described.cut);
    walk.fault(list.cut);
    give("(installer script)", described.content, described.cut, walk)?;
    let program = setup::block(content, table.program_at, walk.budget);
    walk.fault(program.cut);
    give(
        "(program that installs)",
        program.content,
        program.cut,
        walk,
    )?;
    let Some(locations) = setup::locations(&list.content, layout) else {
        walk.damaged("the list of an installer's files is malformed");
        return Ok(());
    };
    walk.budget.hold(list.content.len());
    let result = files(content, table, layout, &locations, walk);
    walk.budget.release(list.content.len());
    result
}

/// Hands out something of the installer's own.
fn give(name: &str, content: Vec<u8>, cut: Option<Cut>, walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.admit()?;
    let (name, _) = MediumName::cut(name.as_bytes());
    walk.hand_out(name, Vec::new(), Body::of(Cow::Owned(content), cut))
}

/// Hands out every file, chunk by chunk.
fn files(
    content: &[u8],
    table: Table,
    layout: Layout,
    locations: &[Location<'_>],
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    if locations.len() == setup::LOCATIONS_MAX {
        walk.limit("more files in an installer than are looked at");
    }
    let mut sorted: Vec<_> = (1_u64..).zip(locations).collect();
    sorted.sort_by_key(|(_, one)| (one.is_here, one.chunk_at, one.begin));
    let mut left = sorted.as_slice();
    while let Some((_, first)) = left.first() {
        let of_chunk = |(_, one): &(u64, &Location<'_>)| {
            one.chunk_at == first.chunk_at && one.is_here == first.is_here
        };
        let (own, others) = left
            .split_at_checked(left.partition_point(of_chunk))
            .unwrap_or_default();
        left = others;
        let (chunk, cut) = match table.data_at {
            data_at if first.is_here && data_at != 0 => unpack(content, data_at, first, walk)?,
            _ => {
                let why = "its data lies in another file beside the installer";
                walk.unsupported(why);
                (Cow::Owned(Vec::new()), Some((Gap::Unsupported, why)))
            }
        };
        let held = match &chunk {
            Cow::Owned(chunk) => chunk.len(),
            Cow::Borrowed(_) => 0,
        };
        walk.budget.hold(held);
        let result = own.iter().try_for_each(|(number, one)| {
            walk.admit()?;
            let body = file(&chunk, cut, one, layout, walk)?;
            let (name, _) = MediumName::cut(format!("installed file {number}").as_bytes());
            walk.hand_out(name, Vec::new(), body)
        });
        walk.budget.release(held);
        result?;
    }
    Ok(())
}

/// What a chunk unpacks to, and why that is not all.
fn unpack<'a>(
    content: &'a [u8],
    data_at: usize,
    one: &Location<'_>,
    walk: &mut Walk<'_>,
) -> Result<(Cow<'a, [u8]>, Option<Cut>), Halt> {
    walk.take_input(STREAM_COST_BYTES)?;
    let at = data_at.saturating_add(span(one.chunk_at));
    let none = |gap, why| Ok((Cow::Borrowed(&[][..]), Some((gap, why))));
    if one.is_encrypted {
        return none(Gap::Encrypted, "file of an installer is encrypted");
    }
    if !has(content, at, CHUNK) {
        return none(Gap::Damaged, "data of an installer is missing");
    }
    let begin = at.saturating_add(CHUNK.len());
    let packed = rest(content, begin, span(one.chunk_bytes));
    let is_cut = length(packed.len()) < one.chunk_bytes;
    let is_cut = is_cut.then_some((Gap::Damaged, "data of an installer is cut off"));
    if !one.is_packed {
        return Ok((Cow::Borrowed(packed), is_cut));
    }
    let (output, cut) = decompress(packed, walk.budget);
    Ok((Cow::Owned(output), cut.or(is_cut)))
}

/// The method is told by the first bytes: the setup's description has it in a place of its own in
/// every version, and the digests say whether it was the right one.
fn decompress(packed: &[u8], budget: &mut Budget) -> (Vec<u8>, Option<Cut>) {
    /// The only properties that Inno Setup gives LZMA.
    const LZMA: u8 = 0x5d;
    let mut output = Vec::new();
    let end = match packed {
        [b'B', b'Z', b'h', ..] => bzip2(packed, &mut output, budget).end,
        _ if zlib::begins(packed) => zlib::zlib(packed, &mut output, budget).end,
        [LZMA, ..] => {
            let cut = setup::by_lzma(packed, &mut output, budget);
            return (output, cut);
        }
        [bits, stream @ ..] => match lzma2_dictionary(*bits) {
            Some(dictionary) => lzma2(stream, dictionary, &mut output, budget).end,
            None => End::Cut(Gap::Unsupported, "packed by a method that is not opened"),
        },
        [] => End::Complete,
    };
    (output, end.cut())
}

/// One file of a chunk.
fn file<'c>(
    chunk: &'c [u8],
    cut: Option<Cut>,
    one: &Location<'_>,
    layout: Layout,
    walk: &mut Walk<'_>,
) -> Result<Body<'c>, Halt> {
    let (begin, bytes) = (span(one.begin), span(one.bytes));
    // Unpacking pays for all that comes out once; a digest is as much again.
    walk.take_input(bytes.min(chunk.len()))?;
    let Some(stored) = part(chunk, begin, bytes) else {
        let (gap, why) = cut.unwrap_or((Gap::Damaged, "content of an installer is cut off"));
        let there = rest(chunk, begin, bytes);
        if there.is_empty() {
            return Ok(Body::Unchecked {
                gap,
                size_bytes: one.bytes,
                why,
            });
        }
        return Ok(Body::of(Cow::Borrowed(there), Some((gap, why))));
    };
    let wrong = |content: &[u8]| {
        let is_right = digest(content, layout.sum) == one.sum;
        (!is_right).then_some((Gap::Damaged, "checksum is wrong"))
    };
    if !one.has_calls {
        return Ok(Body::of(Cow::Borrowed(stored), wrong(stored)));
    }
    if let Err(why) = walk.budget.take_output(stored.len()) {
        return Ok(Body::of(Cow::Borrowed(stored), Some((Gap::Limit, why))));
    }
    let mut code = stored.to_vec();
    calls::relate(&mut code, layout.turns_calls);
    let wrong = wrong(&code);
    Ok(Body::of(Cow::Owned(code), wrong))
}

fn digest(content: &[u8], sum: Sum) -> Vec<u8> {
    match sum {
        Sum::Md5 => md5::Md5::digest(content).to_vec(),
        Sum::Sha1 => sha1::Sha1::digest(content).to_vec(),
        Sum::Sha256 => sha2::Sha256::digest(content).to_vec(),
    }
}

#[cfg(test)]
mod tests;
