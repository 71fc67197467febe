//! Archives: members with names, one beside the other.

pub(crate) mod sevenzip;
mod ar;
mod arj;
mod cab;
mod codec;
mod cpio;
mod lzh;
mod rpm;
pub(crate) mod rar;
pub(crate) mod binhex;
mod mac;
pub(crate) mod tar;
mod tnef;
pub(crate) mod zip;

use crate::format::{Format, Sort};

/// The archives that are opened, in the order in which they are looked for.
pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: zip::NAME,
        sort: Sort::Archive,
        begins: zip::begins,
        open: zip::open,
    },
    Format {
        name: "7z",
        sort: Sort::Archive,
        begins: sevenzip::begins,
        open: sevenzip::open,
        name: rar::NAME,
        begins: rar::begins,
        open: rar::open,
    },
    Format {
        name: "tar",
        sort: Sort::Archive,
        begins: tar::begins,
        open: tar::open,
    },
    Format {
        name: "ar",
        sort: Sort::Archive,
        begins: ar::begins,
        open: ar::open,
    },
    Format {
        name: "cpio",
        sort: Sort::Archive,
        begins: cpio::begins,
        open: cpio::open,
    },
    Format {
        name: "rpm",
        sort: Sort::Archive,
        begins: rpm::begins,
        open: rpm::open,
    },
    Format {
        name: "lzh",
        sort: Sort::Archive,
        begins: lzh::begins,
        open: lzh::open,
    },
    Format {
        name: "arj",
        sort: Sort::Archive,
        begins: arj::begins,
        open: arj::open,
    },
    Format {
        name: "cab",
        sort: Sort::Archive,
        begins: cab::begins,
        open: cab::open,
        name: "tnef",
        begins: tnef::begins,
        open: tnef::open,
        name: "binhex",
        begins: binhex::begins,
        open: binhex::open,
        name: "macbinary",
        begins: mac::is_macbinary,
        open: mac::open_macbinary,
        name: "applesingle",
        begins: mac::is_apple,
        open: mac::open_apple,
    },
];
