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
use crate::walk::{Halt, Walk};

/// The documents that are opened, in the order in which they are looked for.
pub(crate) const FORMATS: &[Format] = &[
    document("compound file", compound::begins, compound::open),
    document("onenote", onenote::begins, onenote::open),
    document("activemime", activemime::begins, activemime::open),
    document("rtf", rtf::begins, rtf::open),
    document(pdf::NAME, pdf::begins, pdf::open),
    document("pkcs7", pkcs7::begins, pkcs7::open),
];

const fn document(
    name: &'static str,
    begins: fn(&[u8]) -> bool,
    open: fn(&[u8], &mut Walk<'_>) -> Result<(), Halt>,
) -> Format {
    Format {
        name,
        sort: Sort::Document,
        begins,
        open,
    }
}
