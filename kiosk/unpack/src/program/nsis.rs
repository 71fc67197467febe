//! Installers of NSIS: one header, then either one compressed stream that holds everything or each
//! content compressed by itself. Contents have no names but in the installer's script.

use std::borrow::Cow;
use std::io::Read;

use wire::{Gap, MediumName};

use crate::bytes::{has, length, part, rest, span, u32_at};
use crate::member::Body;
use crate::stream::filter::{Filter, Processor, unfiltered};
use crate::stream::inflate::inflate;
use crate::stream::lzma::{Properties, lzma};
use crate::stream::sink::{Cut, End, STREAM_COST_BYTES, drain};
use crate::walk::{Halt, Walk};

/// The program looks for its data at every multiple of it.
const SECTOR_BYTES: usize = 512;
/// Behind four bytes of flags.
const MARK: &[u8] = b"\xef\xbe\xad\xdeNullsoftInst";
const HEADER_BYTES: usize = 28;
/// Before a content: its length, and whether it is compressed.
const LENGTH_BYTES: usize = 4;
const IS_PACKED: u32 = 0x8000_0000;

#[derive(Clone, Copy)]
enum Method {
    Deflate,
    Bzip2,
    /// Whether a byte before it says that the code in it was filtered.
    Lzma(bool),
}

/// How the data of an installer is laid out.
enum Layout {
    /// One stream of everything.
    Solid(Method),
    /// One stream for each content.
    Each(Method),
}

/// Opens the installer in `content`, if it is one.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let begins = |at: &usize| has(content, at.saturating_add(4), MARK);
    let Some(at) = (0..content.len()).step_by(SECTOR_BYTES).find(begins) else {
        return Ok(());
    };
    walk.notice("program_installer", "an installer of NSIS");
    let header_bytes = u32_at(content, at.saturating_add(20)).unwrap_or(0);
    let said = u32_at(content, at.saturating_add(24)).unwrap_or(0);
    let said = span(u64::from(said));
    if content.len().saturating_sub(at) < said || said < HEADER_BYTES {
        walk.damaged("an NSIS installer is cut off");
    }
    let data = rest(content, at, said);
    let data = data.get(HEADER_BYTES..).unwrap_or_default();
    match layout(data, header_bytes) {
        Layout::Solid(Method::Bzip2) | Layout::Each(Method::Bzip2) => {
            walk.unsupported("payload of an NSIS installer is packed with its kind of bzip2");
            Ok(())
        }
        Layout::Solid(method) => open_solid(data, method, walk),
        Layout::Each(method) => open_each(data, method, walk),
    }
}

fn layout(data: &[u8], header_bytes: u32) -> Layout {
    let Some(first) = u32_at(data, 0) else {
        return Layout::Each(Method::Deflate);
    };
    let behind = data.get(LENGTH_BYTES..).unwrap_or_default();
    if first == header_bytes {
        // Not compressed at all, so that the first file tells.
        let next = LENGTH_BYTES
            .saturating_mul(2)
            .saturating_add(span(u64::from(first)));
        return Layout::Each(method(rest(data, next, usize::MAX)));
    }
    let solid = method(data);
    let is_packed = first & IS_PACKED != 0 && first >> 24 == IS_PACKED >> 24;
    match solid {
        Method::Deflate if is_packed => Layout::Each(method(behind)),
        Method::Deflate | Method::Bzip2 | Method::Lzma(_) => Layout::Solid(solid),
    }
}

/// Which compressor wrote `packed`.
fn method(packed: &[u8]) -> Method {
    let is_lzma = |packed: &[u8]| has(packed, 0, b"\x5d\0\0") && packed.get(5) == Some(&0);
    let filtered = packed.get(1..).unwrap_or_default();
    if is_lzma(packed) {
        Method::Lzma(false)
    } else if packed.first().is_some_and(|byte| *byte < 2) && is_lzma(filtered) {
        Method::Lzma(true)
    } else if packed.first() == Some(&0x31) && packed.get(1).is_some_and(|byte| *byte < 14) {
        Method::Bzip2
    } else {
        Method::Deflate
    }
}

fn open_solid(data: &[u8], method: Method, walk: &mut Walk<'_>) -> Result<(), Halt> {
    let (whole, cut) = unpack(data, method, walk);
    if let Some((Gap::Damaged, why)) = cut {
        walk.damaged(why);
    } else if let Some((_, why)) = cut {
        walk.limit(why);
    }
    walk.budget.hold(whole.len());
    let result = hand_out_parts(&whole, cut, walk);
    walk.budget.release(whole.len());
    result
}

/// Hands out every content of the one stream.
fn hand_out_parts(whole: &[u8], cut: Option<Cut>, walk: &mut Walk<'_>) -> Result<(), Halt> {
    let mut at: usize = 0;
    let mut number: u64 = 0;
    while let Some(size) = u32_at(whole, at) {
        let size = span(u64::from(size & !IS_PACKED));
        let begin = at.saturating_add(LENGTH_BYTES);
        let content = Cow::Borrowed(rest(whole, begin, size));
        let body = if content.len() == size {
            Body::Content(content)
        } else {
            let (gap, why) = cut.unwrap_or((Gap::Damaged, "content of an installer is cut off"));
            Body::Partial { content, gap, why }
        };
        hand_out(number, body, walk)?;
        number = number.saturating_add(1);
        at = begin.saturating_add(size);
    }
    if at < whole.len() && cut.is_none() {
        walk.damaged("data of an installer is cut off");
    }
    Ok(())
}

fn open_each(data: &[u8], method: Method, walk: &mut Walk<'_>) -> Result<(), Halt> {
    /// A checksum of everything ends it.
    const CHECKSUM_BYTES: usize = 4;
    let mut at: usize = 0;
    let mut number: u64 = 0;
    while at.saturating_add(CHECKSUM_BYTES) < data.len() {
        let Some(said) = u32_at(data, at) else {
            walk.damaged("data of an installer is cut off");
            break;
        };
        let begin = at.saturating_add(LENGTH_BYTES);
        let size = span(u64::from(said & !IS_PACKED));
        let Some(packed) = part(data, begin, size) else {
            walk.damaged("a content of an installer is longer than the installer");
            break;
        };
        let body = if said & IS_PACKED == 0 {
            walk.stored(packed)
        } else {
            let (content, cut) = unpack(packed, method, walk);
            let content = Cow::Owned(content);
            Body::of(content, cut)
        };
        hand_out(number, body, walk)?;
        number = number.saturating_add(1);
        at = begin.saturating_add(size);
    }
    Ok(())
}

fn hand_out(number: u64, body: Body<'_>, walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.admit()?;
    let name = match number {
        0 => "(installer script)".to_owned(),
        number => format!("installed file {number}"),
    };
    let (name, _) = MediumName::cut(name.as_bytes());
    walk.hand_out(name, Vec::new(), body)
}

fn unpack(packed: &[u8], method: Method, walk: &mut Walk<'_>) -> (Vec<u8>, Option<Cut>) {
    let mut output = Vec::new();
    if let Err(why) = walk.budget.take_input(STREAM_COST_BYTES) {
        return (output, Some((Gap::Limit, why)));
    }
    let end = match method {
        Method::Deflate => inflate(packed, &mut output, walk.budget).end,
        Method::Bzip2 => End::Cut(Gap::Unsupported, "bzip2 of NSIS"),
        Method::Lzma(is_filtered) => {
            let head = usize::from(is_filtered);
            let bits = packed.get(head).copied().unwrap_or(u8::MAX);
            let dictionary_bytes = u32_at(packed, head.saturating_add(1)).unwrap_or(0);
            let properties = Properties {
                bits,
                dictionary_bytes,
            };
            let stream = rest(packed, head.saturating_add(5), usize::MAX);
            let unpacked = lzma(stream, properties, None, &mut output, walk.budget);
            if is_filtered && packed.first() == Some(&1) {
                output = without_filter(&output, walk);
            }
            unpacked.end
        }
    };
    (output, end.cut())
}

/// Takes the filter for code of x86 back. What there is no place for is missed by the caller.
fn without_filter(filtered: &[u8], walk: &mut Walk<'_>) -> Vec<u8> {
    let source: Box<dyn Read + '_> = Box::new(filtered);
    let mut reader = unfiltered(source, Filter::Branches(Processor::X86), 0);
    let mut output = Vec::new();
    walk.budget.hold(filtered.len());
    let end = drain(&mut reader, &mut output, walk.budget);
    walk.budget.release(filtered.len());
    if end != End::Complete || length(output.len()) != length(filtered.len()) {
        walk.limit("code of an installer is larger than may be held");
    }
    output
}
