//! Documents that carry others: compound files, notes, RTF.

pub(crate) mod activemime;
pub(crate) mod compound;
pub(crate) mod onenote;
pub(crate) mod rtf;

mod compressed_rtf;
mod excel;
mod package;
mod powerpoint;
mod vba;
mod word;
mod zlib;

use crate::format::{Format, Sort};

/// The documents that are opened, in the order in which they are looked for.
pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "compound file",
        sort: Sort::Document,
        begins: compound::begins,
        open: compound::open,
    },
    Format {
        name: "onenote",
        sort: Sort::Document,
        begins: onenote::begins,
        open: onenote::open,
    },
    Format {
        name: "activemime",
        sort: Sort::Document,
        begins: activemime::begins,
        open: activemime::open,
    },
    Format {
        name: "rtf",
        sort: Sort::Document,
        begins: rtf::begins,
        open: rtf::open,
    },
];
