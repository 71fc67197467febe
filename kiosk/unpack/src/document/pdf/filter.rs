//! A stream's chain of filters: which they are, and what comes out of them.

use std::borrow::Cow;

use wire::Gap;

use super::coding::{self, Output};
use super::predictor::Predictor;
use super::value::{Kind, Value};
use crate::budget::Budget;
use crate::bytes::rest;
use crate::stream::sink::End;

/// Longest chain of filters. Ordinary documents have at most three; each one may multiply.
pub(super) const FILTERS_MAX: usize = 8;

/// One filter of a chain.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    Flate(Option<Predictor>),
    Lzw(Option<Predictor>, usize),
    Ascii85,
    Hex,
    RunLength,
    /// Encryption of the stream's own, by name.
    Crypt(Vec<u8>),
    /// A picture: its bytes are what a reader gives to a decoder of pictures.
    Picture,
    Unknown,
}

impl Filter {
    /// The filter of this name. `parameters` are its own.
    pub(super) fn new(name: &[u8], parameters: Option<Value<'_>>) -> Self {
        let number = |key: &[u8]| parameters.and_then(|own| own.get(key)?.number());
        let predictor = number(b"Predictor").filter(|kind| 1 < *kind);
        let predictor = predictor.map(|kind| Predictor {
            kind,
            colors: number(b"Colors").unwrap_or(1),
            bits: number(b"BitsPerComponent").unwrap_or(8),
            columns: number(b"Columns").unwrap_or(1),
        });
        match name {
            b"FlateDecode" | b"Fl" => Self::Flate(predictor),
            b"LZWDecode" | b"LZW" => {
                let is_late = number(b"EarlyChange") == Some(0);
                Self::Lzw(predictor, usize::from(!is_late))
            }
            b"ASCII85Decode" | b"A85" => Self::Ascii85,
            b"ASCIIHexDecode" | b"AHx" => Self::Hex,
            b"RunLengthDecode" | b"RL" => Self::RunLength,
            b"Crypt" => {
                let name = parameters.and_then(|own| Some(own.get(b"Name")?.name()?.into_owned()));
                Self::Crypt(name.unwrap_or_else(|| b"Identity".to_vec()))
            }
            b"DCTDecode" | b"DCT" | b"JPXDecode" | b"CCITTFaxDecode" | b"CCF" | b"JBIG2Decode" => {
                Self::Picture
            }
            _ => Self::Unknown,
        }
    }

    /// Whether the decoder finds the end of its data by itself.
    pub(super) fn ends_itself(&self) -> bool {
        match self {
            Self::Flate(_) | Self::Lzw(..) | Self::Ascii85 | Self::Hex | Self::RunLength => true,
            Self::Crypt(_) | Self::Picture | Self::Unknown => false,
        }
    }
}

/// The names in a filter entry and what stands beside each, both free of references.
pub(super) fn chain(names: Value<'_>, parameters: Option<Value<'_>>) -> Vec<Filter> {
    let list: Vec<Value<'_>> = parameters.iter().flat_map(|one| one.items()).collect();
    let is_list = parameters.is_some_and(|one| one.kind() == Kind::Array);
    let own = |index: usize| {
        if is_list {
            list.get(index).copied()
        } else {
            parameters
        }
    };
    let names = names.items().filter(|name| name.raw() != b"null");
    names
        .enumerate()
        .take(FILTERS_MAX.saturating_add(1))
        .map(|(index, name)| match name.name() {
            Some(name) => Filter::new(&name, own(index)),
            None => Filter::Unknown,
        })
        .collect()
}

/// What came out of a chain.
pub(super) struct Decoded<'c> {
    pub(super) content: Cow<'c, [u8]>,
    /// What is wrong, if anything.
    pub(super) fault: Option<(Gap, &'static str)>,
    /// What stands in the data behind the end that a decoder found, when that was the first.
    pub(super) tail: &'c [u8],
}

/// Runs `data` through the chain as far as it goes. What a decoder reads is taken from
/// `input_left`.
pub(super) fn decode<'c>(
    raw: &'c [u8],
    plain: Cow<'c, [u8]>,
    chain: &[Filter],
    budget: &mut Budget,
) -> Decoded<'c> {
    let mut decoded = Decoded {
        content: plain,
        fault: None,
        tail: &[],
    };
    if FILTERS_MAX < chain.len() {
        decoded.fault = Some((Gap::Limit, "more filters than one stream may have"));
        return decoded;
    }
    for (index, filter) in chain.iter().enumerate() {
        let mut output = Vec::new();
        let held_bytes = match &decoded.content {
            Cow::Owned(owned) => owned.len(),
            Cow::Borrowed(_) => 0,
        };
        let data = decoded.content.as_ref();
        budget.hold(held_bytes);
        let (end, used) = match filter {
            Filter::Flate(_) => coding::flate(data, &mut output, budget),
            Filter::Crypt(_) => {
                budget.release(held_bytes);
                continue;
            }
            Filter::Picture | Filter::Unknown => {
                budget.release(held_bytes);
                // A picture is the last thing that a reader makes.
                let is_last = index.saturating_add(1) == chain.len();
                let is_known = is_last && matches!(filter, Filter::Picture);
                let unknown = (Gap::Unsupported, "stream with a filter that is not known");
                decoded.fault = decoded.fault.or((!is_known).then_some(unknown));
                return decoded;
            }
            Filter::Lzw(..) | Filter::Ascii85 | Filter::Hex | Filter::RunLength => {
                let end = match budget.take_input(data.len()) {
                    Ok(()) => plain_coding(filter, data, Output::new(&mut output, budget)),
                    Err(why) => End::Cut(Gap::Limit, why),
                };
                (end, data.len())
            }
        };
        budget.release(held_bytes);
        if index == 0 && matches!(decoded.content, Cow::Borrowed(_)) {
            decoded.tail = rest(raw, used, usize::MAX);
        }
        if let Filter::Flate(Some(predictor)) | Filter::Lzw(Some(predictor), _) = filter {
            predictor.undo(&mut output);
        }
        decoded.content = Cow::Owned(output);
        if let End::Cut(gap, why) = end {
            decoded.fault = decoded.fault.or(Some((gap, why)));
            if gap == Gap::Limit || decoded.content.is_empty() {
                break;
            }
        }
    }
    decoded
}

fn plain_coding(filter: &Filter, data: &[u8], output: Output<'_>) -> End {
    match filter {
        Filter::Lzw(_, early) => output.run(|output| coding::lzw(data, *early, output)),
        Filter::Ascii85 => output.run(|output| coding::ascii85(data, output)),
        Filter::Hex => output.run(|output| coding::hex(data, output)),
        Filter::RunLength => output.run(|output| coding::run_length(data, output)),
        Filter::Flate(_) | Filter::Crypt(_) | Filter::Picture | Filter::Unknown => End::Complete,
    }
}
