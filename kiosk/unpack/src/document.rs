//! Documents that carry others: compound files, notes, RTF, PDF, signed messages.

pub(crate) mod activemime;
pub(crate) mod compound;
mod compressed_rtf;
mod excel;
pub(crate) mod onenote;
mod package;
pub(crate) mod pdf;
mod pkcs7;
mod powerpoint;
pub(crate) mod rtf;
mod vba;
mod word;
pub(crate) mod zlib;

use crate::format::{Format, Sort};

/// The documents that are opened, in the order in which they are looked for.
pub(crate) const FORMATS: &[Format] = &[
    Format::new(
        "compound file",
        Sort::Document,
        compound::begins,
        compound::open,
    ),
    Format::new("onenote", Sort::Document, onenote::begins, onenote::open),
    Format::new(
        "activemime",
        Sort::Document,
        activemime::begins,
        activemime::open,
    ),
    Format::new("rtf", Sort::Document, rtf::begins, rtf::open),
    Format::new(pdf::NAME, Sort::Document, pdf::begins, pdf::open),
    Format::new("pkcs7", Sort::Document, pkcs7::begins, pkcs7::open),
];
